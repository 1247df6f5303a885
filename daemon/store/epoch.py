"""Tell a database from an older copy of itself, so that what was put back from a backup does nothing a second time.

The database counts its epochs, and a file outside it keeps the last one: a database behind its file was put back. The file also
keeps numbers above all that were given to anything (see `TOLD`), so that no case, mail or person gets the number of one that was
lost. The database is always written first: a program that dies in between leaves it ahead of the file, which is harmless.

Of several hosts on PostgreSQL each has a file of its own, unless they share one, and a file that is behind or missing says little. So each
epoch notes where the database lay: a host without a file joins when it lies there still, its server never restarted, and one whose
file is behind believes no database that was put elsewhere.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from daemon import log
from daemon.errors import ConfigError, Denied, Failure, Temporary
from daemon.reasons import Outcome, Reason
from daemon.store.copying import last_numbers, skip_to
from daemon.store.database import Database
from daemon.store.reserve import FULL
from daemon.store.schema import Installation, Journal, Outbox
from daemon.store.schema import database as bound
from daemon.store.site import elsewhere, site_of
from daemon.store.versions import others_at_work

TOLD = ("support_case", "cs_ticket", "contact", "journal", "outbox", "pending_question", "sla_clock", "digest")
"""Tables whose numbers leave the house: in subjects, in signed addresses, or inside what a Message-ID is made of."""

AHEAD = 1000
"""How far above the last number the file promises; that many are passed over after a restore."""

ROOM = 400
"""The promise is renewed when fewer are left: more than one batch of mails makes."""

UNKNOWN_AHEAD = 10_000
"""Numbers passed over when there is no file to say how far the lost life had come."""

CURE = "move it to a folder that the daemon's user may write, or name one there as epoch_file, outside what a backup puts back"
"""How to mend one that can't be written."""

LOOK_SECONDS = 0.02
PATIENCE = 250
"""So often it is looked whether another has written the file: who takes longer stands still (a stopped process), and holds up nobody."""

MAY_BE_SENT = "the database was put back from a backup; this mail may have been sent since that was made"
MAY_BE_DONE = "the database was put back from a backup; this mail may have been acted on since that was made"


class Standing(Enum):
    """How a database stands to the file outside."""

    CURRENT = "it is the newest"
    JOINED = "no worker of this host has worked on it yet; by its server, or by those at work, it is the newest"
    OLDER = "it is older than its epoch file: it was put back from a copy"
    UNKNOWN = "its epoch file is missing, so whether it is the newest is unknown"
    FOREIGN = "its epoch file is of another database"
    MOVED = "it was put elsewhere since a worker of this host worked on it last, so whether it is the newest is unknown"

    @property
    def trusted(self) -> bool:
        """Whether it may be worked with as it is."""
        return self in (Standing.CURRENT, Standing.JOINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the file outside says."""

    installation: str
    epoch: int
    numbers: dict[str, int] = field(default_factory=dict)


class EpochFile:
    """The file outside the database. Raises ConfigError when it can't be read or written, Temporary on a disk that is full or fails."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Mark | None:
        """What it says; None when there is none."""
        try:
            facts = json.loads(self.path.read_text("utf-8"))
            return Mark(installation=str(facts["installation"]), epoch=int(facts["epoch"]), numbers=dict(facts["numbers"]))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError((f"database.epoch_file: {self.path} can't be read: {error.strerror}",)) from None
        except (ValueError, KeyError, TypeError):
            said = f"database.epoch_file: {self.path} is no epoch file any more; delete it, then `supportd check` says what follows"
            raise ConfigError((said,)) from None

    def write(self, mark: Mark) -> None:
        """Make it say this, durably; of two writers of one installation the later epoch holds, and the higher numbers."""
        try:
            with self._alone() as new:
                before = self.read()
                if before is not None and before.installation == mark.installation:
                    numbers = {name: max(mark.numbers.get(name, 0), before.numbers.get(name, 0)) for name in TOLD}
                    mark = Mark(installation=mark.installation, epoch=max(mark.epoch, before.epoch), numbers=numbers)
                with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                    json.dump(asdict(mark), file)
                    file.flush()
                    os.fsync(file.fileno())
                new.rename(self.path)
                sync_folder(self.path.parent)
        except OSError as error:
            if error.errno in FULL:
                raise Temporary(f"the epoch file {self.path} can't be written: {error.strerror}") from None
            raise ConfigError((f"database.epoch_file: {self.path} can't be written: {error.strerror}; {CURE}",)) from None

    def obstacle(self) -> str | None:
        """Why this user could not write it, found out by writing a nameless file beside it; None: it could."""
        try:
            with tempfile.TemporaryFile(dir=self.path.parent):
                pass
            with suppress(FileNotFoundError):
                os.close(os.open(self._lock, os.O_RDWR | os.O_CLOEXEC))
        except OSError as error:
            return error.strerror
        return None

    @property
    def _lock(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    @contextmanager
    def _alone(self) -> Iterator[Path]:
        """Gives the file to be written and put in place: one of this process where another stands still in the middle of that."""
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield self.path.with_name(self.path.name + (".new" if _is_locked(handle) else f".new-{os.getpid()}"))
        finally:
            os.close(handle)


def _is_locked(handle: int) -> bool:
    """Take the lock, within PATIENCE; whether it was to be had."""
    for _ in range(PATIENCE):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return True
    return False


def sync_folder(folder: Path) -> None:
    """Make a rename in it durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- inside a transaction of the caller ------------------------------------------------------------------------------


def installation() -> Installation:
    """The one row."""
    found: Installation = Installation.get_by_id(1)
    return found


def is_held() -> bool:
    """Whether sending and promises wait for `resume`: it was put back, or moved away under a worker that was cut off meanwhile."""
    row: Any = Installation.select(Installation.held, Installation.moved_to).get()
    return bool(row.held) or row.moved_to is not None


def moved_away(database: Database) -> Denied | None:
    """When everything was moved to another database: that, and where it is."""
    moved_to = Installation.select(Installation.moved_to).scalar()
    if moved_to is None:
        return None
    return Denied(f"database {database.shown_url} was moved to {moved_to}: it is worked with there", _cure_of_moved(str(moved_to)))


def refuse_moved_away(database: Database) -> None:
    """Raises Denied when everything was moved to another database: whatever is done in this one is lost there."""
    with database.reading():
        moved = moved_away(database)
    if moved is not None:
        raise moved


def _cure_of_moved(moved_to: str) -> str:
    return f'write url = "{moved_to}" under [database]; to give up what was done there, `supportd resume --after-move`'


def standing(row: Any, mark: Mark | None, site: str | None) -> Standing:
    """How the database, which lies at this site, stands to what the file says. A database that never worked needs no file."""
    if mark is None:
        if row.epoch == 0:
            return Standing.CURRENT
        return Standing.JOINED if site is not None and site == row.site else Standing.UNKNOWN
    if mark.installation != row.name:
        return Standing.FOREIGN
    if row.epoch < mark.epoch:
        return Standing.OLDER
    # a program that dies between database and file leaves it one ahead
    behind = row.epoch > mark.epoch + 1
    return Standing.MOVED if behind and elsewhere(row.site, site) else Standing.CURRENT


def how_it_stands(line: Any, owner: int, mark: Mark | None) -> Standing:
    """The same, of the database of this connection; workers but `owner` that live know it to be the newest."""
    site = site_of(line)
    found = standing(installation(), mark, site)
    if found in (Standing.UNKNOWN, Standing.MOVED) and site is not None and others_at_work(line, owner):
        return Standing.JOINED
    return found


def put_back(database: Database, mark: Mark | None, now: datetime, backup_at: datetime | None) -> None:
    """This database takes the place of one that had gone further: hold it, and let nothing that waits happen a second time.

    What waited to be sent has probably been sent since; it is held. What waited to be acted on is kept for a person. Numbers skip
    ahead of what the lost life may have told the world.
    """
    row = installation()
    numbers = last_numbers(database)
    promised = mark.numbers if mark is not None else {}
    skip_to(database, {name: max(promised.get(name, 0), numbers.get(name, 0) + (0 if promised else UNKNOWN_AHEAD)) for name in TOLD})
    epoch = max(row.epoch, mark.epoch if mark is not None else 0) + 1
    Installation.update(
        held=True, restored_at=now, backup_at=backup_at or row.backup_at, epoch=epoch, looked_through="[]", moved_to=None
    ).execute()
    Outbox.update(state="held", detail=MAY_BE_SENT, lease_owner=None, lease_until=None).where(
        Outbox.state.in_(["queued", "unknown"])
    ).execute()
    Journal.update(
        state=Outcome.QUARANTINED.value, reason=Reason.BEFORE_RESTORE.value, detail=MAY_BE_DONE, decided_at=now, lease_owner=None,
        lease_until=None, next_attempt_at=None,
    ).where((Journal.state == "received") & ~Journal.archive).execute()  # fmt: skip


def must_look_through(mailbox: str) -> bool:
    """Whether the database was put back and this mailbox was not looked through since."""
    row = installation()
    return row.restored_at is not None and mailbox not in json.loads(str(row.looked_through))


def note_looked_through(mailbox: str) -> None:
    """This mailbox was looked through."""
    names = {*json.loads(str(installation().looked_through)), mailbox}
    Installation.update(looked_through=json.dumps(sorted(names))).execute()


def told_of_epoch(file: EpochFile) -> Iterator[tuple[str, int, str, str]]:
    """For whoever checks an installation: (what, weight, found, how to mend); weight 0 is good, 1 unwise, 2 bad.

    Whether the file can be written, whether the database is the newest, whether it waits after a restore, and when it was backed up
    last.
    """
    row = installation()
    try:
        stands = how_it_stands(bound.obj, 0, file.read())
    except ConfigError as error:
        yield "epoch", 2, str(error), "see database.epoch_file"
        return
    if row.moved_to is not None:
        yield "epoch", 2, f"it was moved to {row.moved_to}: it is worked with there", _cure_of_moved(str(row.moved_to))
        return
    if (obstacle := file.obstacle()) is not None:
        yield "epoch file", 2, f"{file.path} can't be written: {obstacle}", CURE
    if not stands.trusted:
        mend = "the next start holds it: nothing is sent until `supportd resume --after-restore`"
        if stands in (Standing.UNKNOWN, Standing.MOVED):
            mend += "; of several hosts start the one first that worked last"
        yield "epoch", 1, f"{stands.value} ({file.path})", mend
    elif row.held:
        since = f"{row.restored_at:%Y-%m-%d %H:%M} UTC" if row.restored_at is not None else "a restore"
        mend = "look at `supportd outbox --state held` and `supportd quarantine`, then `supportd resume --after-restore`"
        yield "epoch", 1, f"held since {since}: nothing is sent, no promise looked at", mend
    else:
        known = f"as {file.path} says" if stands is Standing.CURRENT else stands.value
        yield "epoch", 0, f"number {row.epoch}, {known}" if row.epoch else "nothing was done yet", ""
    if row.copied_at is not None:
        yield "backup", 0, f"the last one is of {row.copied_at:%Y-%m-%d %H:%M} UTC", ""
    elif row.epoch:
        yield "backup", 1, "none was ever made", "`supportd backup FILE`, every night"


# --- what opens transactions of its own ------------------------------------------------------------------------------


class Epochs:
    """Keeps database and file together for a program at work."""

    def __init__(self, database: Database, file: EpochFile) -> None:
        self.database = database
        self.file = file
        self._promised: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self.trouble: str | None = None
        """Why the file could not be written the last time; None: it could."""

    def begin(self, now: datetime) -> Standing:
        """A worker starts: hold a database that is not the newest, else begin its next epoch. How it stood."""
        mark = self.file.read()
        with self.database.transaction():
            stands = how_it_stands(self.database.peewee, self.database.owner, mark)
            if not stands.trusted:
                put_back(self.database, mark, now, None)
        self.advance()
        return stands

    def take_back(self, now: datetime) -> bool:
        """Work again with a database that was moved away, held as one that was put back. False: it was not moved."""
        mark = self.file.read()
        with self.database.transaction():
            moved = installation().moved_to is not None
            if moved:
                put_back(self.database, mark, now, None)
        if moved:
            self.advance()
        return moved

    def standing(self) -> Standing:
        """How the database stands to its file now."""
        mark = self.file.read()
        with self.database.reading():
            return how_it_stands(self.database.peewee, self.database.owner, mark)

    def note_copy(self, now: datetime) -> None:
        """A backup was made: what is done from now on, in the next epoch, is not in it.

        What is not known to be the newest is not made so by a backup: no worker began an epoch of it.
        """
        if self.standing().trusted:
            self.advance(copied_at=now)
            return
        with self.database.transaction():
            Installation.update(copied_at=now).execute()

    def advance(self, **changes: Any) -> None:
        """Begin the next epoch, and promise numbers to it; `changes` to the row go with it.

        Raises ConfigError or Temporary when the file can't be written; `trouble` says so until it can.
        """
        failure = self._advance(**changes)
        if failure is not None:
            raise failure

    def _advance(self, **changes: Any) -> Failure | None:
        """The same; why the file could not be written, or None."""
        with self.database.transaction():
            Installation.update(epoch=Installation.epoch + 1, site=site_of(self.database.peewee), **changes).execute()
            row = installation()
            numbers = last_numbers(self.database)
        promised = {name: numbers.get(name, 0) + AHEAD for name in TOLD}
        try:
            self.file.write(Mark(installation=str(row.name), epoch=int(row.epoch), numbers=promised))
        except Failure as error:
            self.trouble = str(error)
            return error
        self.trouble = None
        self._promised, self._seen = promised, numbers
        return None

    def keep_ahead(self) -> None:
        """Before work: renew the promise when a number comes near it. Raises Temporary when it can't be: no number may pass it.

        So it does of a database that was moved away, while this worker was cut off from it: no work may go on there.
        """
        with self.database.reading():
            numbers = last_numbers(self.database)
            if (moved := moved_away(self.database)) is not None:
                raise moved
        if any(numbers.get(name, 0) + ROOM > self._promised.get(name, 0) for name in TOLD):
            failure = self._advance()
            if failure is not None:
                raise Temporary(f"no mail is worked on: {failure}")

    def keep_time(self) -> None:
        """Now and then: a new epoch if anything was done in the last, so that a copy made meanwhile counts as older.

        A file that can't be written keeps nobody from work yet: `trouble` tells it, and `keep_ahead` stops in time.
        """
        with self.database.reading():
            numbers = last_numbers(self.database)
        if any(numbers.get(name, 0) != self._seen.get(name, 0) for name in TOLD):
            failure = self._advance()
            if failure is not None:
                log.event("epoch-not-kept", detail=str(failure))
