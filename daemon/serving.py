"""The daemon as a process: obey signals, take a new configuration all or nothing, tell systemd that all is well only while it is."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from daemon import log, systemd
from daemon.checkup import mistakes_of
from daemon.config import Config
from daemon.errors import ConfigError, Failure, OthersAtWork, Problem, Temporary
from daemon.pulse import Pulse
from daemon.service import (
    HOLD_SECONDS,
    STAGES,
    STOP_SECONDS,
    Service,
    begin_epoch,
    database_of,
    house_of,
    key_mark_of,
    reader_of,
    require_hold,
    showing_life,
)
from daemon.store.database import Database
from daemon.store.epoch import refuse_moved_away
from daemon.watchman import Watchman
from daemon.worker import House

RELOAD_LOOK = 1.0
"""How often, while a reload waits for the stages to finish, it looks whether it shall stop instead."""


class Signals:
    """What the process was told: to end (SIGTERM, SIGINT), to load its configuration again (SIGHUP). More of the same say nothing new."""

    def __init__(self) -> None:
        self.ending, self.turning = threading.Event(), threading.Event()
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self) -> None:
        """From here on signals are heard. Called by the main thread."""
        # the system may hand a signal to any thread, but only the main one obeys it, and it may be asleep
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: object) -> None:
        (self.turning if number == signal.SIGHUP else self.ending).set()

    def wake(self) -> None:
        """Let whoever waits look around."""
        try:
            os.write(self._waker, b"\0")
        except BlockingIOError:
            pass  # it is awake

    def wait(self, seconds: float) -> None:
        """Until a signal comes, or so long."""
        if select.select([self._woken], [], [], seconds)[0]:
            os.read(self._woken, 4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A configuration and everything made of it, ready to work."""

    config: Config
    house: House
    stop: threading.Event
    """Set: its stages end."""
    key_mark: str


def run_forever(load: Callable[[], Config], now: Callable[[], datetime], stages: Sequence[str] = STAGES) -> bool:
    """Run until SIGTERM or SIGINT; SIGHUP loads configuration and templates again, all or nothing.

    False: a stage did not end in time, and threads may still wait for somebody. Raises ConfigError when the first configuration is
    bad, Temporary when the database is away at the start or of an older version by which others work, Outdated when somebody
    upgraded it meanwhile.
    """
    signals = Signals()
    signals.listen()
    config = load()
    require_secrets(config, stages)
    pulse = Pulse()
    watchman = Watchman(config, tuple(stages), now, pulse)
    try:
        database = database_of(config)
    except OthersAtWork:
        raise
    except Temporary as error:
        watchman.lose_database(error)
        raise
    try:
        require_hold(database)
        refuse_moved_away(database)
        first = prepare(config, database, now, pulse)
        first.house.workers.join(stages)
        begin_epoch(first.house)
        watchman.start(database)
        life: Life | None = first
        while life is not None:
            with life.house.reader, showing_life(life.house):
                service = Service(
                    life.config,
                    life.house,
                    stages,
                    life.stop,
                    pulse,
                    watchman.mailbox_was_read,
                    watchman.mails_are_gone,
                    signals.wake,
                    watchman.mailbox_is_away,
                )
                service.start()
                # with the stages at work, so that whoever asks how it does hears of each
                watchman.turn(life.config, life.house.epochs)
                log.event("ready", stages=",".join(stages), database=database.shown_url)
                systemd.notify("READY=1\nSTATUS=at work")
                following = _serve(service, signals, lambda old=life: _next_life(load, database, now, watchman, old))  # type: ignore[misc]
                if not _end(service, signals, following is not None):
                    return False
                if service.outdated is not None:
                    raise service.outdated
                life = following
                if life is not None:
                    # the stages that begin now connect anew
                    database.hurry(life.config.limits.statement_seconds, life.config.limits.lock_seconds)
        first.house.workers.leave()
        first.house.dots.close()
    finally:
        watchman.close()
        database.let_go()
        database.close()
    return True


def require_secrets(config: Config, stages: Sequence[str]) -> None:
    """Raises ConfigError with every secret that these stages will need for a server and that can't be read; others are not asked for."""
    sections = {"fetch": "mailbox[", "send": "smtp."}
    needed = ("alarm.", *(section for stage, section in sections.items() if stage in stages))
    problems: list[Problem | str] = []
    for secret in config.secrets():
        # a pipe may give its word once, and make whoever asks wait
        if secret.key.startswith(needed) and not secret.is_pipe():
            try:
                secret.reveal()
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(tuple(problems))


def prepare(config: Config, database: Database, now: Callable[[], datetime], pulse: Pulse) -> Life:
    """Make everything of a configuration, and start nothing. Raises ConfigError, or Temporary when the database is away."""
    stop = threading.Event()
    wall = config.limits.child_wall_seconds
    house = house_of(config, database, now, reader_of(config), stopping=stop.is_set, progress=lambda: pulse.beat(waits=wall))
    return Life(config=config, house=house, stop=stop, key_mark=_mark_of(config))


def _serve(service: Service, signals: Signals, turn: Callable[[], Life | None]) -> Life | None:
    """Wait for signals, and let systemd know, until the end (None) or until a good reload made the life that follows.

    The end is also when the stages have given up.
    """
    watchdog = systemd.watchdog_seconds()
    while not signals.ending.is_set() and service.outdated is None:
        if signals.turning.is_set():
            signals.turning.clear()
            systemd.notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            following = turn()
            if following is not None:
                return following
            systemd.notify("READY=1")
        pet(service.pulse, watchdog)
        signals.wait(min(watchdog / 2, HOLD_SECONDS) if watchdog else HOLD_SECONDS)
    return None


def pet(pulse: Pulse, watchdog: float | None) -> None:
    """Tell systemd what goes on, and, only while no stage is hung, that the process is well."""
    hung = pulse.hung()
    for name, beat in hung.items():
        log.event("stage-hung", stage=name, seconds=round(time.monotonic() - beat.at), doing=beat.doing)
    status = "hung: " + ", ".join(sorted(hung)) if hung else "; ".join(f"{name} {beat.doing}" for name, beat in pulse.beats().items())
    systemd.notify(f"STATUS={' '.join(log.redact(status).split())[:STATUS_LENGTH]}" + ("\nWATCHDOG=1" if watchdog and not hung else ""))


STATUS_LENGTH = 300


def _end(service: Service, signals: Signals, reloading: bool) -> bool:
    """Let the stages finish what they have in hand; whether they did.

    For a stop they have STOP_SECONDS. A reload waits as long as it takes, so that nothing is in two hands; meanwhile a stop may come.
    """
    if not reloading:
        systemd.notify("STOPPING=1")
    service.stop.set()
    ended = service.join(STOP_SECONDS)
    if not ended and reloading:
        log.event("reload-waits", detail="a stage is not done with what it has in hand; the new configuration holds when it is")
    watchdog = systemd.watchdog_seconds()
    while not ended and reloading and not signals.ending.is_set():
        pet(service.pulse, watchdog)
        ended = service.join(RELOAD_LOOK)
    if not ended:
        log.event("stop-cut-short", detail="a stage did not end in time; what it had in hand is taken up at the next start")
    log.event("reloaded" if reloading and ended else "stopped")
    return ended


def _next_life(load: Callable[[], Config], database: Database, now: Callable[[], datetime], watchman: Watchman, old: Life) -> Life | None:
    """The life after a reload if all of the new configuration is good: everything is made of it before the old one is let go."""
    try:
        config = load()
        problems = [*mistakes_of(config), *_fixed(config, old)]
        if problems:
            raise ConfigError(tuple(problems))
        life = prepare(config, database, now, watchman.pulse)
    except Failure as error:
        problems = list(map(str, error.problems)) if isinstance(error, ConfigError) and error.problems else [str(error)]
        for problem in problems:
            log.event("reload-refused", problem=problem)
        watchman.refused("; ".join(problems))
        return None
    # the same worker goes on
    old.house.workers.lease = life.house.workers.lease
    return replace(life, house=replace(life.house, epochs=old.house.epochs, workers=old.house.workers, dots=old.house.dots))


def _fixed(config: Config, old: Life) -> list[str]:
    """What a reload can't change."""
    before = old.config.database
    pairs = [
        ("database.url", config.database.url, before.url), ("database.epoch_file", config.database.epoch_file, before.epoch_file),
        ("database.durable", config.database.durable, before.durable),
        ("keys.reply", _mark_of(config), old.key_mark),
    ]  # fmt: skip
    return [f"{config.path}: {key} was changed: that takes a restart" for key, new, was in pairs if new != was]


def _mark_of(config: Config) -> str:
    return key_mark_of(config.keys.reply.reveal().encode())
