"""The threads: start the stages, obey signals, tell systemd.

Each stage is one plain thread (one per mailbox for fetch) and shares nothing with the others but the database and a
wake-up. A stage that produced work wakes the next at once; everything also looks again by itself, so a lost wake-up
only costs seconds.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from daemon import log
from daemon.actions.replies import Desk
from daemon.backoff import BackOff
from daemon.config import Config
from daemon.errors import DatabaseAway, OthersAtWork, Outdated, Temporary, TooSlow
from daemon.leaps import Leaps, steady_seconds
from daemon.losses import Loss
from daemon.mail.addresses import Signer
from daemon.mail.imap import Account, Watch
from daemon.mail.rendering import Templates
from daemon.mail.smtp import Relay
from daemon.mail.transport import UnsafeLine
from daemon.model import AddrSpec
from daemon.outage import Outage
from daemon.pulse import Pulse
from daemon.reader import Reader
from daemon.retention import Retention
from daemon.store import journal, outbox
from daemon.store.database import Database, open_database
from daemon.store.dots import Dots
from daemon.store.epoch import EpochFile, Epochs, Standing, is_held, refuse_moved_away
from daemon.store.notices import listen
from daemon.store.schema import Outbox
from daemon.store.workers import Workers
from daemon.wiring import (
    accounts_of,
    epoch_file_of,
    expiries_of,
    limits_of,
    oauth_of,
    places_of,
    policy_of,
    raw_retention_of,
    read_limits_of,
    relay_server_of,
    render_limits_of,
    rulebook_of,
    timezone_of,
    zones_of,
)
from daemon.worker import Fetched, House, apply_batch, fetch, send, tick, tidy

STAGES = ("fetch", "apply", "send", "tick")

DEEP_LOOK = timedelta(hours=1)
"""How often a folder is compared with the ledger as a whole; at each connection anyway."""

LOOK_AGAIN = 5.0
"""Seconds after which a stage looks for work that nobody woke it for (mails ingested by another process)."""

BUSY_LOOK = 0.5
"""The same for a stage whose producer runs in another process."""

TICK_SECONDS = 20.0

TIDY_AGAIN = 5.0
"""Seconds before a mailbox whose mails can't be put away is looked at again."""

DYING, DYING_LOOKS = 1.0, 10
"""Seconds that a round waits for a mailbox that another worker has, and how often it looks meanwhile."""

SETTLE_AGAIN = (0.1, 1.0, 5.0)
"""Seconds that a round waits for the database, each time, when it owes it what the relay said."""

LIVED_SECONDS = 60.0
"""A session that lived that long after the folder was looked through was of use, however it ended."""

LISTEN_SECONDS = 60.0
"""How long the listener waits for a word before it shows a pulse."""

HOLD_SECONDS = 20.0
"""How often the worker's lock is looked at: a database that was away has forgotten who lives."""

STOP_SECONDS = 20.0
"""How long a stop waits for the item in hand: more than a mail takes, and with what follows less than 30 in all."""

HANG_UP_SECONDS = 5.0
"""After which a stop no longer waits for an IMAP server: a mail that was not written down is still there the next time."""


def clock_of(environment: str | None) -> Callable[[], datetime]:
    """The one clock, in UTC. An ISO time in `environment` (SUPPORTD_NOW) stands still there, for tests and rehearsals."""
    if environment:
        fixed = datetime.fromisoformat(environment)
        moment = fixed.replace(tzinfo=UTC) if fixed.tzinfo is None else fixed.astimezone(UTC)
        return lambda: moment
    return lambda: datetime.now(UTC)


@contextmanager
def open_house(
    config: Config, now: Callable[[], datetime], *, stopping: Callable[[], bool] = lambda: False, reader: Reader | None = None
) -> Iterator[House]:
    """Open the database, load templates and key, have a parser child ready; close them at the end.

    A `reader` that is given (see `reader_of`) stays open.
    """
    database = database_of(config)
    try:
        with reader_of(config) if reader is None else nullcontext(reader) as at_work:
            house = house_of(config, database, now, at_work, stopping=stopping)
            yield house
            house.workers.leave()
            house.dots.close()
    finally:
        database.let_go()
        database.close()


def reader_of(config: Config) -> Reader:
    """A reader with the configured limits; its parser child starts with the first mail."""
    limits = config.limits
    return Reader(
        read_limits_of(config), config.own_addresses(), cpu_seconds=limits.child_cpu_seconds, wall_seconds=limits.child_wall_seconds,
        memory_bytes=limits.child_memory, open_files=limits.child_files,
    )  # fmt: skip


def house_of(
    config: Config, database: Database, now: Callable[[], datetime], reader: Reader, *, stopping: Callable[[], bool] = lambda: False,
    progress: Callable[[], None] = lambda: None,
) -> House:  # fmt: skip
    """Everything a stage works with. Raises ConfigError, or Temporary without a database."""
    templates = Templates.load(config.templates_dirs(), render_limits_of(config))
    key = _key(config, database)
    return House(
        database=database, reader=reader, policy=policy_of(config), limits=limits_of(config),
        rulebook=rulebook_of(config, [faq.title or faq.name for faq in templates.faqs]), digests=config.digests.enabled,
        now=now, stopping=stopping, progress=progress, epochs=Epochs(database, EpochFile(epoch_file_of(config))),
        workers=Workers(database, timedelta(seconds=config.limits.worker_lease_seconds), key_mark_of(key)),
        retention=Retention(raw_retention_of(config)), dots=Dots(epoch_file_of(config), database.owner),
        desk=Desk(
            signer=Signer(key, config.trust.reply_address, config.house.address), templates=templates,
            house_name=config.house.name, house_address=AddrSpec(config.house.address), timezone=timezone_of(config),
            zones=zones_of(config), case_files=config.limits.case_files,
        ),
        after={mailbox.name: places_of(mailbox) for mailbox in config.mailbox},
    )  # fmt: skip


def database_of(config: Config) -> Database:
    """The configured database, opened and migrated; from here on statements and waits for locks are bounded."""
    password = config.database.password
    keys = config.database
    database = open_database(keys.url, password.reveal() if password is not None else None, durable=keys.durable)
    database.hurry(config.limits.statement_seconds, config.limits.lock_seconds)
    return database


def _key(config: Config, database: Database) -> bytes:
    """The key that signs reply addresses. A fresh installation without one is given one, mode 0600.

    Never a second one: where mails were sent already, a missing key is a mistake to mend, or their answers lose their case.
    """
    secret = config.keys.reply
    if secret.source == "file" and not Path(secret.name).exists():
        with database.reading():
            virgin = not Outbox.select().exists()
        if virgin:
            with os.fdopen(os.open(secret.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
    return secret.reveal().encode()


def key_mark_of(key: bytes) -> str:
    """Tells keys apart, and nothing else about them: of a hundred thousand others one has the same mark."""
    return hashlib.blake2b(key, digest_size=2, person=b"supportd mark").hexdigest()


# --- one round -----------------------------------------------------------------------------------------------------


def run_once(config: Config, house: House, stages: Sequence[str] = STAGES) -> None:
    """One full round: fetch everything now in the mailboxes, apply all of it, tick, send what is due, put mails away.

    A server that is away does not keep the other stages from their work; Temporary is raised at the end.
    """
    require_hold(house.database)
    refuse_moved_away(house.database)
    house.workers.join(stages)
    begin_epoch(house)
    with showing_life(house):
        _round(config, house, stages)


def _round(config: Config, house: House, stages: Sequence[str]) -> None:  # noqa: C901 - one line a stage
    trouble: list[Temporary] = []
    watches: list[Watch] = []
    try:
        if "apply" in stages or "send" in stages:
            tick_free(house)
        if "fetch" in stages:
            for account in accounts_of(config):
                if not _comes_to_read(house, account.name):
                    log.event("mailbox-elsewhere", mailbox=account.name)
                    continue
                watch = Watch(account)
                try:
                    watch.connect()
                    watches.append(watch)
                except Temporary as error:
                    trouble.append(error)
        while True:
            read = _fetch_all(house, watches, trouble)
            applied = 0
            while "apply" in stages and not house.stopping() and (count := apply_batch(house)):
                applied += count
            # mails may have come meanwhile, or there was no room for all of them
            if house.stopping() or not applied:
                break
        if "tick" in stages:
            # a mail that could not be fetched may have been in time: no promise is called broken before it is read
            tick(house, clocks=read and not trouble)
        if "send" in stages and (server := relay_server_of(config)) is not None:
            with Relay(server) as relay:
                try:
                    _send_and_settle(house, relay)
                except Temporary as error:
                    trouble.append(error)
        for watch in watches:
            try:
                tidy(house, watch)
            except Temporary as error:
                trouble.append(error)
    finally:
        for watch in watches:
            watch.close()
        house.workers.give_up_mailboxes()
    if trouble:
        raise trouble[0]


def _send_and_settle(house: House, relay: Relay) -> None:
    """Send what is due. What the relay said must come into the books before the round ends, or it would be sent once more."""
    pause = threading.Event()
    for seconds in SETTLE_AGAIN:
        try:
            send(house, relay)
            return
        except Temporary as error:
            if not relay.owes:
                raise
            log.event("stage-waits", stage="send", detail=str(error))
            pause.wait(seconds)
    send(house, relay)


def _comes_to_read(house: House, mailbox: str) -> bool:
    """Whether the mailbox is ours to read in this round. The session of a worker that died just now takes a moment to end."""
    pause = threading.Event()
    return any(house.workers.reads(mailbox) or pause.wait(DYING / DYING_LOOKS) for _ in range(DYING_LOOKS))


def _fetch_all(house: House, watches: list[Watch], trouble: list[Temporary]) -> bool:
    """Look at every mailbox; whether all mail of those that answer is written down."""
    read = True
    for watch in list(watches):
        try:
            read &= fetch(house, watch, deep=True).complete
        except Temporary as error:
            trouble.append(error)
            watch.close()
            watches.remove(watch)
    return read


def tick_free(house: House) -> None:
    """Free what the dead had leased, before anything is claimed."""
    with house.database.transaction():
        journal.free_dead(house.database)
        outbox.free_dead(house.database, house.now(), house.dots.left_by)
        journal.bring_near(house.now())
        outbox.bring_near(house.now())


def require_hold(database: Database) -> None:
    """Take the worker's lock. Raises OthersAtWork when another process works on this SQLite file."""
    if not database.hold():
        raise OthersAtWork(f"another supportd is at work on {database.shown_url}; stop it first, or use PostgreSQL for several")


def begin_epoch(house: House) -> None:
    """Begin the next epoch of the database; one that was put back from a copy is held, and the log says so."""
    stands = house.epochs.begin(house.now())
    if stands is Standing.JOINED:
        log.event("epoch-file-new", file=str(house.epochs.file.path), detail=stands.value)
    elif not stands.trusted:
        log.event("put-back", detail=stands.value)
    with house.database.reading():
        if is_held():
            log.event("held-after-restore", detail="nothing is sent, no promise looked at, until `supportd resume --after-restore`")


@contextmanager
def showing_life(house: House) -> Iterator[None]:
    """Say meanwhile, again and again, that this worker lives. On SQLite nobody needs to hear it."""
    ended = threading.Event()

    def say() -> None:
        while not ended.wait(house.workers.lease.total_seconds() / 4):
            try:
                house.workers.show_life()
            except Outdated:
                # the stages find it, too, and the program ends
                break
            except DatabaseAway:
                # the stages find it, too, and tell it
                continue
        house.database.close()

    speaker = threading.Thread(target=say, name="life", daemon=True)
    if not house.database.is_sqlite:
        speaker.start()
    try:
        yield
    finally:
        ended.set()
        if speaker.ident is not None:
            speaker.join(BUSY_LOOK)


# --- the daemon ----------------------------------------------------------------------------------------------------


class Service:
    """The running daemon: its threads, its wake-ups, its pulse."""

    def __init__(
        self,
        config: Config,
        house: House,
        stages: Sequence[str],
        stop: threading.Event,
        pulse: Pulse | None = None,
        was_read: Callable[[str], None] = lambda _mailbox: None,
        are_gone: Callable[[str, Loss], None] = lambda _mailbox, _loss: None,
        gives_up: Callable[[], None] = lambda: None,
        is_away: Callable[[str, str], None] = lambda _mailbox, _why: None,
    ) -> None:
        self.config = config
        self.house = house
        self.stages = stages
        self.stop = stop
        self.apply_wake = threading.Event()
        self.send_wake = threading.Event()
        self.wakers: list[tuple[int, int]] = []
        self.pulse = pulse or Pulse()
        self.was_read, self.are_gone, self.gives_up, self.is_away = was_read, are_gone, gives_up, is_away
        self.outdated: Outdated | None = None
        """Why it gave up, if it did: the stages have been told to stop."""
        self.watches: dict[str, Watch] = {}
        """By stage: the mailbox it has open."""
        self.threads: list[threading.Thread] = []
        self.read_at: dict[str, float] = {}
        """By mailbox: when all its mail had last been written down (monotonic)."""
        self.outage = Outage()
        self.listening = False
        """Whether other workers' words arrive; without them everything is looked for again sooner."""
        self.leaps, self.steady = Leaps(), steady_seconds
        self.time_doubtful = False
        self.reserved = False

    def start(self) -> None:
        """Start the stages."""
        try:
            tick_free(self.house)
        except DatabaseAway as error:
            # the first tick does it again
            self.outage.away(error, "tick")
        if "fetch" in self.stages:
            for account in accounts_of(self.config):
                pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
                self.wakers.append(pipe)
                work = partial(self._fetch_stage, account, pipe[0], BackOff())
                self._thread(f"fetch-{account.name}", work)
        if "apply" in self.stages:
            self._thread("apply", lambda: self._stage("apply", self.apply_wake, self._apply_round, "fetch" in self.stages))
        if "send" in self.stages and relay_server_of(self.config) is not None:
            self._thread("send", self._send_stage)
        if "tick" in self.stages:
            self._thread("tick", self._tick_stage)
        self._thread("hold", self._hold_stage)
        if not self.house.database.is_sqlite:
            pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            self.wakers.append(pipe)
            self._thread("listen", lambda: self._listen_stage(pipe[0]))

    def _thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guarded, args=(name, target), name=name, daemon=True)
        self.pulse.beat(name)
        self.threads.append(thread)
        thread.start()

    def _guarded(self, name: str, target: Callable[[], None]) -> None:
        """A stage that dies of an unexpected error is started again; that is told, and one that does so again and again alarms."""
        while not self.stop.is_set():
            try:
                target()
            except Outdated as error:
                self._give_up(error)
            except Exception as error:  # noqa: BLE001
                log.event("stage-failed", stage=name, error=type(error).__name__, detail=str(error))
                self.pulse.failed(name, type(error).__name__)
                self.stop.wait(5.0)
        self.house.database.close()
        self.outage.end()
        self.pulse.end(name)

    def _give_up(self, error: Outdated) -> None:
        if self.outdated is None:
            self.outdated = error
            log.event("schema-changed", detail=str(error))
        self.stop.set()
        self.gives_up()

    def _alive(self) -> None:
        """The stage of this thread does something; one mail may take its parser child a while."""
        self.pulse.beat(waits=self.config.limits.child_wall_seconds)

    def _pause(self, seconds: float, doing: str) -> bool:
        """Let the stage of this thread wait in good order; whether it was told to stop meanwhile."""
        self.pulse.beat(doing=doing, waits=seconds)
        return self.stop.wait(seconds)

    def join(self, seconds: float) -> bool:
        """Wait for the items in hand; whether all stages ended in time."""
        for event in (self.apply_wake, self.send_wake):
            event.set()
        self._wake_watches()
        end = time.monotonic() + seconds
        for limit in (time.monotonic() + min(seconds, HANG_UP_SECONDS), end):
            for thread in self.threads:
                thread.join(max(0.0, limit - time.monotonic()))
            for watch in list(self.watches.values()):
                watch.hang_up()
        if any(thread.is_alive() for thread in self.threads):
            return False
        for pipe in self.wakers:
            for descriptor in pipe:
                os.close(descriptor)
        self.wakers.clear()
        return True

    def _wake_watches(self) -> None:
        for _, write in self.wakers:
            try:
                os.write(write, b"x")
            except BlockingIOError:
                pass

    def _fetch_stage(self, account: Account, wake: int, back_off: BackOff) -> None:
        mailbox, why = account.name, "the last session failed"
        while not self._pause(back_off.seconds, f"waits before it tries the server again: {why}"):
            self._alive()
            watch = Watch(account, expects=self._talks, wary=back_off.wary)
            self.watches[f"fetch-{mailbox}"] = watch
            began = time.monotonic()
            try:
                if not self._is_ours(mailbox, wake):
                    return
                watch.connect()
                log.event("mailbox-open", mailbox=mailbox, uidvalidity=watch.uidvalidity)
                self._watch_mailbox(watch, wake, back_off)
            except Exception as error:
                if began < self.read_at.get(mailbox, 0.0) <= time.monotonic() - LIVED_SECONDS:
                    back_off.worked()
                back_off.failed(error, watch.logins)
                if not isinstance(error, Temporary):
                    raise
                if self.stop.is_set():
                    return
                if isinstance(error, DatabaseAway):
                    self.outage.away(error)
                    why = str(error)
                    continue
                told = "mailbox-not-safe" if isinstance(error, UnsafeLine) else "mailbox-away"
                why = str(error)
                self.is_away(mailbox, why)
                log.event(told, mailbox=mailbox, detail=why, retry_seconds=round(back_off.seconds))
            finally:
                watch.close()

    def _is_ours(self, mailbox: str, wake: int) -> bool:
        """Wait until this worker is the one that reads the mailbox; False at a stop."""
        told = False
        while not self.stop.is_set():
            if self.house.workers.reads(mailbox):
                return True
            if not told:
                log.event("mailbox-elsewhere", mailbox=mailbox)
                told = True
            span = self.house.workers.lease.total_seconds() / 4
            self.pulse.beat(doing="another worker reads this mailbox", waits=span)
            # and watches over it
            self.was_read(mailbox)
            if select.select([wake], [], [], span)[0]:
                os.read(wake, 4096)
        return False

    def _listen_stage(self, wake: int) -> None:
        """Pass on what other workers tell. It may be lost: nothing but time depends on it."""
        told = {"apply": self.apply_wake.set, "send": self.send_wake.set, "tidy": self._wake_watches, "mailbox": self._wake_watches}
        while not self.stop.is_set():
            try:
                with listen(self.house.database) as hear:
                    self.listening = True
                    self.outage.answers()
                    # what was said before
                    self.apply_wake.set()
                    self.send_wake.set()
                    while not self.stop.is_set():
                        self.pulse.beat(doing="listens to other workers", waits=LISTEN_SECONDS)
                        for topic in hear(wake, LISTEN_SECONDS):
                            told.get(topic, self._nothing)()
            except Temporary as error:
                self._waits("listen", error)
            self.listening = False
            self._pause(LOOK_AGAIN, "waits before it listens again")

    def _nothing(self) -> None:
        """A newer program may say more."""

    def _talks(self, seconds: float) -> None:
        """A server is asked, and may take so long to answer."""
        self.pulse.beat(doing="talks to the server", waits=seconds)

    def _watch_mailbox(self, watch: Watch, wake: int, back_off: BackOff) -> None:
        deep_at = 0.0
        while not self.stop.is_set():
            deep = time.monotonic() >= deep_at
            if deep:
                deep_at = time.monotonic() + DEEP_LOOK.total_seconds()
            while (fetched := self._fetched(watch, deep=deep)).count:
                self.apply_wake.set()
                self._alive()
                if self.stop.is_set():
                    return
            if fetched.complete:
                self.read_at[watch.account.name] = time.monotonic()
                self.house.workers.note_read(watch.account.name)
                self.was_read(watch.account.name)
            elif deep:
                # what the look at the whole folder found is still there
                deep_at = 0.0
            try:
                tidy(self.house, watch)
            except Temporary as error:
                # a folder the server refuses must not keep new mail from being fetched
                log.event("tidy-failed", mailbox=watch.account.name, detail=str(error))
                if self._pause(TIDY_AGAIN, "waits before it puts mails away again"):
                    return
            watch.wait(watch.account.poll_seconds, wake)
            if fetched.complete:
                # not before it waits: a server may end the session when mails are put away, or in IDLE
                back_off.worked()

    def _fetched(self, watch: Watch, *, deep: bool) -> Fetched:
        fetched = fetch(self.house, watch, deep=deep)
        self.outage.answers()
        if fetched.loss is not None:
            self.are_gone(watch.account.name, fetched.loss)
        return fetched

    def _stage(self, name: str, wake: threading.Event, work: Callable[[], None], fed_here: bool) -> None:
        pause = 1.0
        while not self.stop.is_set():
            wake.clear()
            try:
                work()
                pause = 1.0
                self.outage.answers()
            except Temporary as error:
                self._waits(name, error)
                self._pause(pause, f"waits: {error}")
                pause = min(pause * 2, 30.0)
                wake.set()
            look = LOOK_AGAIN if fed_here or self.listening else BUSY_LOOK
            self.pulse.beat(doing="waits for work", waits=look)
            wake.wait(look)
            self._alive()

    def _waits(self, stage: str, error: Temporary) -> None:
        """Tell that the stage of this thread can't work; one statement that took too long is no database that is away."""
        if isinstance(error, DatabaseAway) and not isinstance(error, TooSlow):
            self.outage.away(error)
        else:
            log.event("stage-waits", stage=stage, detail=str(error))

    def _apply_round(self) -> None:
        worked = False
        while not self.stop.is_set() and apply_batch(self.house):
            worked = True
            self.send_wake.set()
            self._tell("send")
        if worked:
            self._wake_watches()
            self._tell("tidy")

    def _tell(self, topic: str) -> None:
        with self.house.database.transaction():  # a line that broke meanwhile is Temporary, as anywhere
            self.house.database.tell(topic)

    def _send_stage(self) -> None:
        server = relay_server_of(self.config)
        if server is None:
            return
        with Relay(server, alive=self._alive) as relay:
            self._stage("send", self.send_wake, lambda: self._send_round(relay), "apply" in self.stages)

    def _send_round(self, relay: Relay) -> None:
        with self.house.database.reading():
            if not relay.owes and not outbox.due(self.house.now()):
                return
        send(self.house, relay)

    def _mail_is_read(self) -> bool:
        """Whether every mailbox of this process was read lately; a promise is not called broken by mail that is out of reach."""
        if "fetch" not in self.stages:
            return True
        if not self.house.database.is_sqlite:
            # the mailboxes may be shared out among several workers
            return self.house.workers.all_read(
                {account.name: LOOKED_AT_WITHIN + account.poll_seconds for account in accounts_of(self.config)}
            )
        now = time.monotonic()
        return all(
            now - self.read_at.get(account.name, -1e9) < LOOKED_AT_WITHIN + account.poll_seconds for account in accounts_of(self.config)
        )

    def time_is_right(self) -> bool:
        """Whether promises may be looked at: not while a leap of the clock may have been a mistake. A leap is told."""
        look = self.leaps.look(self.house.now(), self.steady())
        if look.leapt is not None:
            log.event("clock-leapt", hours=round(look.leapt / timedelta(hours=1), 1), held=look.doubtful)
        if look.doubtful and not self.time_doubtful:
            mend = "set the clock right; is it right, say so by SIGHUP"
            log.event("promises-held", detail="the clock leapt by more than a day while the daemon ran", mend=mend)
        self.time_doubtful = look.doubtful
        return not look.waits

    def keep_room(self) -> None:
        """Set the reserve on the disk aside again, once there is room for it. What changes is told."""
        limits = self.house.limits
        reserved = self.house.database.keep_reserve(limits.reserve_disk, limits.free_disk)
        if self.reserved and not reserved:
            log.event("reserve-used", free=self.house.database.free_octets())
        self.reserved = reserved

    def tick_round(self) -> None:
        """What time asks for, if the clocks can be believed and the mail is read."""
        self.keep_room()
        if tick(self.house, clocks=self.time_is_right() and self._mail_is_read()):
            self.send_wake.set()
            self._tell("send")

    def _tick_stage(self) -> None:
        told_on: date | None = None
        while not self.stop.is_set():
            if (today := self.house.now().date()) != told_on:
                told_on = today
                tell_what_ends(self.config, self.house.now())
            try:
                self.tick_round()
                self.outage.answers()
            except Temporary as error:
                self._waits("tick", error)
            self._pause(TICK_SECONDS, "waits for the next tick")
            self._alive()

    def _hold_stage(self) -> None:
        """Show to other workers that this one lives; a database that was away has forgotten it."""
        while not self._pause(HOLD_SECONDS, "waits"):
            self.pulse.beat()
            try:
                self.house.database.hold()
                self.outage.answers()
            except DatabaseAway as error:
                self.outage.away(error)


def tell_what_ends(config: Config, now: datetime) -> None:
    """Log what ends soon and keeps us out then. What can't be read is told by whoever needs it."""
    for name, keys in oauth_of(config).items():
        try:
            ends = expiries_of(config, keys)
        except Temporary:
            continue
        for end in ends:
            if now >= end.warn_from:
                log.event("credential-expires", server=name, what=end.what, when=f"{end.at:%Y-%m-%d}", mend=end.mend)


LOOKED_AT_WITHIN = 120.0
"""Seconds since a mailbox was read, beyond the time it may idle; longer, and its mail is not known."""
