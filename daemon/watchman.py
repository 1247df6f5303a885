"""Raise alarms by a second way, because the first may be what is down: the log always, another SMTP account, a command.

It is no stage: it has threads of its own, one that asks the database and may wait for it, one that never does, judges, tells and
writes the health file. What the stages tell the house by mail is their own affair and stays as it is.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from daemon import health, log
from daemon.alarms import Alarm, Phase, Vital, looked
from daemon.config import Config
from daemon.errors import Failure, Temporary
from daemon.healthfile import Gone, HealthWord, StageWord, health_file_of, read, write
from daemon.losses import Loss
from daemon.mail.addresses import Signer
from daemon.mail.alarm import alarm_mail
from daemon.mail.smtp import Outgoing, Relay, Result
from daemon.moments import zoned
from daemon.pulse import Pulse
from daemon.store.database import Database
from daemon.store.epoch import Epochs
from daemon.store.vitals import Backlog, backlog
from daemon.wiring import alarm_server_of

LOOK_SECONDS = 20.0
"""How often everything is looked at."""

RETRY_SECONDS = 300.0
"""How long a way to tell that failed is left alone."""

JOURNAL, MAIL, COMMAND = "journal", "mail", "command"

TAKEN = ("sent", "unknown")
"""Outcomes of a mail that the server has, or may have."""

HEADS = {"begins": "", "lasts": "still: ", "ended": "over: "}
"""How the subject of an alarm begins, by its phase; then it says what is wrong."""

WEIGHTS = ("good", "warning", "critical")


class Watchman:
    """Looks at everything again and again, and tells. It outlives reloads; `turn` gives it what holds from then on."""

    def __init__(self, config: Config, stages: tuple[str, ...], now: Callable[[], datetime], pulse: Pulse) -> None:
        self.config, self.stages, self.now, self.pulse = config, stages, now, pulse
        self.path = health_file_of(config, stages)
        before = read(self.path)
        self._started_at = now()
        self._alarms: Mapping[str, Alarm] = before.alarms if before is not None else {}
        self._mailboxes: dict[str, datetime] = dict(before.mailboxes) if before is not None else {}
        self._gone: dict[str, Gone] = dict(before.gone) if before is not None else {}
        self._away: dict[str, str] = {}
        self._failed: str | None = None
        self._refused: str | None = None
        self._epochs: Epochs | None = None
        self._backlog: tuple[float, Backlog | Failure | None] = (time.monotonic(), None)
        self._left_alone: dict[str, float] = {}
        self._written: object = None
        self._over = threading.Event()
        self._wake = threading.Event()
        self._threads: list[threading.Thread] = []

    # --- what it is told ---------------------------------------------------------------------------------------------

    def turn(self, config: Config, epochs: Epochs) -> None:
        """This configuration holds now."""
        self.config, self._refused, self._epochs = config, None, epochs
        self._wake.set()

    def refused(self, problem: str) -> None:
        """A reload was refused: the old configuration holds."""
        self._refused = problem
        self._wake.set()

    def mailbox_was_read(self, name: str) -> None:
        """All mail of this mailbox is written down."""
        self._mailboxes[name] = self.now()
        self._away.pop(name, None)

    def mailbox_is_away(self, name: str, why: str) -> None:
        """A session with this mailbox failed."""
        self._away[name] = why

    def mails_are_gone(self, name: str, loss: Loss) -> None:
        """Many mails of this mailbox are gone at once."""
        self._gone[name] = Gone(at=self.now(), detail=str(loss))
        self._wake.set()

    # --- its life ----------------------------------------------------------------------------------------------------

    def start(self, database: Database) -> None:
        """Begin to look."""
        works = [("watchman", self._watch)]
        if "tick" in self.stages:
            works.append(("watchman-database", lambda: self._ask(database)))
        for name, work in works:
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self, seconds: float = 2.0) -> None:
        """Stop looking, and say in the file that the daemon ended in good order. What is being told is not waited for.

        One that never began says nothing: the file may be that of a daemon at work.
        """
        self._over.set()
        self._wake.set()
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if self._threads:
            self._write(stopped=True)

    def _watch(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one look, the next one is made
                log.event("stage-failed", stage="watchman", error=type(error).__name__, detail=str(error))
            self._wake.wait(LOOK_SECONDS)

    def _ask(self, database: Database) -> None:
        while not self._over.is_set():
            self.ask_once(database)
            self._over.wait(LOOK_SECONDS)
        database.close()

    def ask_once(self, database: Database) -> None:
        """Ask what waits in the database, however long that takes."""
        try:
            with database.reading():
                answer: Backlog | Failure = database.denied() or backlog(self.now())
        except Failure as error:
            answer = error
        except Exception as error:  # noqa: BLE001 - a database that says nonsense is away, too
            answer = Failure(f"{type(error).__name__}: {error}")
        self._backlog = (time.monotonic(), answer)

    # --- a look ------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look at everything once, tell what is to be told, and write the file."""
        vitals, whole = self._vitals()
        self._settle(vitals, whole=whole)

    def lose_database(self, why: Failure) -> None:
        """The database is away at the start: tell it, if it has been away for long enough."""
        self._failed = str(why)
        self._settle([health.lost(why)], whole=False, stopped=True)

    def _settle(self, vitals: Sequence[Vital], *, whole: bool, stopped: bool = False) -> None:
        now = self.now()
        self._alarms = looked(self._alarms, vitals, now, whole=whole)
        repeat = timedelta(hours=self.config.alarm.repeat_hours)
        for alarm in list(self._alarms.values()):
            for path in (JOURNAL, MAIL, COMMAND):
                phase = self._alarms[alarm.name].due(path, now, repeat)
                if phase is not None and self._tell(path, alarm, phase, now):
                    self._alarms = {**self._alarms, alarm.name: self._alarms[alarm.name].has_told(path, phase, now)}
                    self._write(stopped=stopped)
        self._write(stopped=stopped)

    def _vitals(self) -> tuple[list[Vital], bool]:
        now, config = self.now(), self.config
        found = [health.hung(name, beat.doing, beat.silent(time.monotonic())) for name, beat in self.pulse.hung().items()]
        found += [health.failing(name, error) for name, error in self.pulse.failing().items()]
        if "fetch" in self.stages:
            found += [
                *health.mailboxes(config, self._mailboxes, self._started_at, now, self._away),
                *health.losses(config, self._gone, now),
            ]
        found += [*health.disks(config), *health.tokens(config, now), health.configuration(self._refused)]
        found.append(health.number_file(self._epochs.trouble if self._epochs is not None else None))
        if "tick" not in self.stages:
            return found, True
        asked_at, answer = self._backlog
        if isinstance(answer, Backlog) and time.monotonic() - asked_at <= health.STALE.total_seconds():
            return found + list(health.queues(config, answer, now)), True
        if isinstance(answer, Failure):
            return [*found, health.lost(answer)], False
        silent = timedelta(seconds=time.monotonic() - asked_at)
        if silent > health.STALE:
            return [*found, health.lost(Temporary("it was asked and says nothing"))], False
        return found, False

    def _word(self, *, stopped: bool) -> HealthWord:
        now = time.monotonic()
        stages = {
            name: StageWord(doing=log.redact(beat.doing)[:300], silent=round(beat.silent(now)), hung=beat.is_hung(now))
            for name, beat in self.pulse.beats().items()
        }
        return HealthWord(
            pid=os.getpid(), started_at=self._started_at, at=self.now(), stopped=stopped, failed=self._failed, stages=stages,
            mailboxes=dict(self._mailboxes), away=dict(self._away), gone=dict(self._gone), refused=self._refused, alarms=dict(self._alarms),
        )  # fmt: skip

    def _write(self, *, stopped: bool = False) -> None:
        word = self._word(stopped=stopped)
        try:
            write(self.path, word, durably=word.alarms != self._written)
            self._written = word.alarms
        except OSError as error:
            log.event("health-not-written", file=str(self.path), detail=error.strerror or str(error))

    # --- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, path: str, alarm: Alarm, phase: Phase, now: datetime) -> bool:
        """Tell it by this path; False when that failed, or there is no such path."""
        if path == JOURNAL:
            facts = {"what": alarm.name, "phase": phase, "detail": alarm.detail, "mend": alarm.mend}
            if phase == "ended":
                log.event("alarm-ended", **facts)
            else:
                log.event("alarm", **facts)
            return True
        if not configured(self.config, path) or time.monotonic() < self._left_alone.get(path, 0.0):
            return False
        facts = facts_of(self.config, alarm, phase, now)
        trouble = send_mail(self.config, facts, now) if path == MAIL else run_command(self.config, facts)
        if trouble is None:
            return True
        self._left_alone[path] = time.monotonic() + RETRY_SECONDS
        log.event("alarm-not-told", what=alarm.name, path=path, detail=trouble)
        return False


def configured(config: Config, path: str) -> bool:
    """Whether there is this way to tell."""
    return bool(config.alarm.command) if path == COMMAND else config.alarm.smtp is not None


def facts_of(config: Config, alarm: Alarm, phase: Phase, now: datetime) -> dict[str, str]:
    """What is told of an alarm: the command gets it as JSON. Nothing of it is a sender's."""
    return {
        "alarm": alarm.name, "phase": phase, "weight": WEIGHTS[alarm.weight], "detail": log.redact(alarm.detail), "mend": alarm.mend,
        "since": alarm.since.isoformat(), "at": now.isoformat(), "house": config.house.address, "host": socket.gethostname(),
    }  # fmt: skip


def run_command(config: Config, facts: Mapping[str, str]) -> str | None:
    """Give the facts to the configured command, without a shell; what went wrong, or None."""
    command = list(config.alarm.command)
    try:
        done = subprocess.run(
            command, input=json.dumps(facts).encode() + b"\n", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=config.alarm.command_seconds, cwd=config.directory, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end within {config.alarm.command_seconds} s"
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    said = done.stderr.decode("utf-8", "replace").strip()[-200:]
    return None if done.returncode == 0 else f"{command[0]} ended with status {done.returncode}: {said}"


def send_mail(config: Config, facts: Mapping[str, str], now: datetime) -> str | None:
    """Send the facts by the second SMTP account to everybody of `to`; what went wrong if nobody got it, else None."""
    sender = config.alarm.sender or config.house.address
    subject = f"[supportd] {HEADS[facts['phase']]}{facts['alarm']}"
    well = facts["phase"] == "ended"
    subject += "" if well else f": {facts['detail']}"
    lines = [f"{facts['alarm']}: {facts['detail']}", "", "It is over." if well else f"What to do: {facts['mend']}"]
    since = zoned(datetime.fromisoformat(facts["since"]))
    text = "\n".join([*lines, "", f"Since {since}, at {facts['host']}, which answers {facts['house']}.", ""])
    waiting = [
        Outgoing(
            id=number, reverse_path=sender, forward_path=recipient,
            octets=alarm_mail(sender=sender, recipient=recipient, subject=subject, text=text, instance=_instance(config), at=now),
        )
        for number, recipient in enumerate(config.alarm.to)
    ]  # fmt: skip
    results: list[Result] = []

    def claim(free: int, finished: Sequence[Result]) -> Sequence[Outgoing]:
        results.extend(finished)
        taken, waiting[:] = waiting[:free], waiting[free:]
        return taken

    server = alarm_server_of(config)
    if server is None:
        return "there is no [alarm.smtp]"
    try:
        with Relay(server) as relay:
            relay.send(claim)
    except Failure as error:
        return str(error)
    failed = "; ".join(f"{result.outcome}: {result.text}" for result in results if result.outcome not in TAKEN)
    if failed and any(result.outcome in TAKEN for result in results):
        # whoever got it is not told again for the sake of the others
        log.event("alarm-not-told", what=facts["alarm"], path=MAIL, detail=failed)
        return None
    return failed or None


def _instance(config: Config) -> str | None:
    """Which installation it is, so that an alarm that lands in our own mailbox is known as ours; None without the key."""
    try:
        return Signer(config.keys.reply.reveal().encode(), config.trust.reply_address, config.house.address).instance_mark()
    except Failure:
        return None


def tell_test(config: Config, now: datetime) -> list[tuple[str, str | None]]:
    """Tell a test by each configured path: its name, and what went wrong, or None."""
    alarm = Alarm(name="test", since=now, weight=0, detail="this is a test of the alarms; all is well", mend="nothing")
    facts = facts_of(config, alarm, "begins", now)
    trouble: list[tuple[str, str | None]] = []
    if configured(config, MAIL):
        trouble.append((MAIL, send_mail(config, facts, now)))
    if configured(config, COMMAND):
        trouble.append((COMMAND, run_command(config, facts)))
    return trouble
