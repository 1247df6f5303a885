"""The workers on one PostgreSQL database: which of them live, and which one reads which mailbox.

A worker says again and again until when it lives, by the clock of the database, the only one that several hosts share. One that
fell silent (its host died, somebody stopped it) loses what it had leased. Should it wake, it finds that: each of its writes for a
mailbox asks, in the same transaction, whether its token is still the newest, each of its mails whether its lease is still its own,
and no final dot is sent for a mail that was claimed before the silence.

On SQLite one process works at a time, a lock file sees to it, and nothing is written here.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from daemon.errors import ConfigError, Temporary
from daemon.store.database import Database
from daemon.store.schema import Journal, MailboxLease, Outbox, Worker
from daemon.store.statements import rows

CLOCK = "(clock_timestamp() AT TIME ZONE 'UTC')"
"""The moment by the clock of the database. Only who lives is judged by it, never a mail or a promise."""

SURE = 0.75
"""The part of a lease after which a worker that could not say that it lives no longer trusts its own claims."""

_LIVE = f"""
INSERT INTO worker (owner, host, process, stages, key_mark, started_at, lives_until)
VALUES (%s, %s, %s, %s, %s, {CLOCK}, {CLOCK} + %s) ON CONFLICT (owner) DO UPDATE SET lives_until = EXCLUDED.lives_until
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A worker, for people. Dead: its session with the database ended. Silent: for a whole lease it has not said that it lives."""

    owner: int
    host: str
    process: int
    stages: tuple[str, ...]
    started_at: datetime
    state: Literal["at work", "silent", "dead"]
    mailboxes: tuple[str, ...]
    mails: int
    """Received mails that it has in hand."""
    answers: int
    """Outgoing mails that it has in hand."""


class Workers:
    """This worker among the others. Every method that is not said to be inside a transaction opens its own."""

    def __init__(self, database: Database, lease: timedelta, key_mark: str) -> None:
        self.database = database
        self.lease = lease
        self._key_mark = key_mark
        self._stages = ""
        self._tokens: dict[str, int] = {}
        self._shown_at = -math.inf
        self._silences = 0
        self._saying = threading.Lock()

    # --- who lives -------------------------------------------------------------------------------------------------

    def join(self, stages: Sequence[str]) -> None:
        """Be one of the workers. The rows of the dead go.

        Raises ConfigError when another that lives signs reply addresses with another key, Outdated when somebody upgraded the
        database since this program opened it.
        """
        self._stages = " ".join(stages)
        if self.database.is_sqlite:
            return
        db = self.database
        db.end_idle_transactions(self.lease)
        with db.transaction():
            db.must_be_current()
            # two that start together must see each other's key
            db.peewee.execute_sql("LOCK TABLE worker IN SHARE ROW EXCLUSIVE MODE")
            owners = {int(row[0]) for row in db.peewee.execute_sql("SELECT owner FROM worker").fetchall()}
            gone = sorted(db.dead_owners(owners))
            if gone:
                Worker.delete().where(Worker.owner.in_(gone)).execute()
            self._refuse_another_key()
        self.show_life()

    def _refuse_another_key(self) -> None:
        query = f"SELECT host, process FROM worker WHERE key_mark NOT IN (%s, '') AND owner <> %s AND lives_until > {CLOCK} LIMIT 1"
        found = self.database.peewee.execute_sql(query, (self._key_mark, self.database.owner)).fetchone()
        if found is not None and self._key_mark:
            problem = (
                f"keys.reply: process {found[1]} on {found[0]} works on the same database with another key, so a reply to a mail of one "
                "would not be known to the other; copy its key file to this host"
            )
            raise ConfigError((problem,))

    def show_life(self) -> None:
        """Say that this worker lives, for a lease from now. Raises Temporary when the database is away."""
        db = self.database
        if db.is_sqlite:
            return
        with self._saying:
            asked_at = now()
            if asked_at - self._shown_at > SURE * self.lease.total_seconds():
                # whoever looked meanwhile took this worker for dead: what it has in hand may be another's
                self._silences += 1
            values = (db.owner, os.uname().nodename, os.getpid(), self._stages, self._key_mark, self.lease)
            with db.transaction():
                db.peewee.execute_sql(_LIVE, values)
            self._shown_at = asked_at

    def unbroken(self) -> Callable[[], bool]:
        """Something to ask later: whether this worker was never silent from now on, so that what it claims now is still its own."""
        db, before = self.database, (self._silences, self.database.guards_taken)
        return lambda: self.is_heard() and before == (self._silences, db.guards_taken) and db.holds()

    def is_heard(self) -> bool:
        """Whether the others know surely that this worker lives."""
        return self.database.is_sqlite or now() - self._shown_at < SURE * self.lease.total_seconds()

    def leave(self) -> None:
        """Be one of the workers no longer. Never raises: who can't say so falls silent."""
        if self.database.is_sqlite or self._shown_at < 0:
            return
        try:
            self.database.take_leave()
            self.give_up_mailboxes()
            with self.database.transaction():
                Worker.delete().where(Worker.owner == self.database.owner).execute()
        except Temporary:
            pass

    # --- who reads a mailbox ---------------------------------------------------------------------------------------

    def reads(self, mailbox: str) -> bool:
        """Whether the mailbox is this worker's to read from now on: it was already, nobody's, or that of a dead or silent one."""
        db = self.database
        if db.is_sqlite:
            return True
        if self._shown_at < 0:
            self.show_life()
        with db.transaction():
            db.peewee.execute_sql(
                f"INSERT INTO mailbox_lease (mailbox, token, taken_at) VALUES (%s, 0, {CLOCK}) ON CONFLICT DO NOTHING", (mailbox,)
            )
            query = "SELECT owner, token FROM mailbox_lease WHERE mailbox = %s FOR UPDATE SKIP LOCKED"
            found = db.peewee.execute_sql(query, (mailbox,)).fetchone()
            if found is None:
                return False
            owner, token = found
            if owner != db.owner:
                if owner is not None and not dead_owners(db, {owner}):
                    return False
                token += 1
                change = f"UPDATE mailbox_lease SET owner = %s, token = %s, taken_at = {CLOCK}, read_at = NULL WHERE mailbox = %s"
                db.peewee.execute_sql(change, (db.owner, token, mailbox))
        self._tokens[mailbox] = token
        return True

    def must_read(self, mailbox: str) -> None:
        """Inside a transaction that writes for the mailbox: it is ours until the end of it. Raises Temporary when it is not."""
        if self.database.is_sqlite:
            return
        query = "SELECT 1 FROM mailbox_lease WHERE mailbox = %s AND owner = %s AND token = %s FOR SHARE"
        values = (mailbox, self.database.owner, self._tokens.get(mailbox, -1))
        if self.database.peewee.execute_sql(query, values).fetchone() is None:
            raise Temporary(f"mailbox {mailbox}: another worker has taken it over")

    def note_read(self, mailbox: str) -> None:
        """All mail of the mailbox is written down now."""
        if self.database.is_sqlite:
            return
        with self.database.transaction():
            self.must_read(mailbox)
            self.database.peewee.execute_sql(f"UPDATE mailbox_lease SET read_at = {CLOCK} WHERE mailbox = %s", (mailbox,))

    def all_read(self, within: Mapping[str, float]) -> bool:
        """Whether each of these mailboxes was read by somebody, within so many seconds. PostgreSQL only."""
        with self.database.reading():
            query = f"SELECT mailbox, extract(epoch FROM {CLOCK} - read_at) FROM mailbox_lease WHERE read_at IS NOT NULL"
            ages = {str(row[0]): float(row[1]) for row in self.database.peewee.execute_sql(query).fetchall()}
        return all(ages.get(mailbox, math.inf) < seconds for mailbox, seconds in within.items())

    def give_up_mailboxes(self) -> None:
        """Let others read what this worker read."""
        if not self._tokens:
            return
        with self.database.transaction():
            MailboxLease.update(owner=None).where(MailboxLease.owner == self.database.owner).execute()
            self.database.tell("mailbox")
        self._tokens.clear()


def dead_owners(db: Database, owners: set[int]) -> set[int]:
    """Which of these owners have lost what they leased: they died, or fell silent. Inside a transaction."""
    dead = db.dead_owners(owners)
    rest = sorted(owners - dead - {db.owner})
    if db.is_sqlite or not rest:
        return dead
    query = f"SELECT owner FROM worker WHERE owner = ANY(%s) AND lives_until < {CLOCK}"
    return dead | {int(row[0]) for row in db.peewee.execute_sql(query, (rest,)).fetchall()}


def seen(db: Database) -> list[Seen]:
    """Every worker that said it lives and took no leave, the oldest first; none on SQLite or in older tables. Inside a transaction."""
    if db.is_sqlite or not db.peewee.table_exists("worker"):
        return []
    workers = list(Worker.select().order_by(Worker.started_at, Worker.owner))
    owners = {int(worker.owner) for worker in workers}
    gone = db.dead_owners(owners)
    silent = dead_owners(db, owners | {db.owner}) - gone
    read = [(row[0], row[1]) for row in rows(MailboxLease.select(MailboxLease.owner, MailboxLease.mailbox).order_by(MailboxLease.mailbox))]
    return [
        Seen(
            owner=worker.owner, host=worker.host, process=worker.process, stages=tuple(worker.stages.split()),
            started_at=worker.started_at, state="dead" if worker.owner in gone else "silent" if worker.owner in silent else "at work",
            mailboxes=tuple(mailbox for owner, mailbox in read if owner == worker.owner),
            mails=Journal.select().where((Journal.state == "received") & (Journal.lease_owner == worker.owner)).count(),
            answers=Outbox.select().where(Outbox.state.in_(["queued", "unknown"]) & (Outbox.lease_owner == worker.owner)).count(),
        )
        for worker in workers
    ]  # fmt: skip


def told_of_workers(db: Database) -> Iterator[tuple[str, int, str, str]]:
    """For whoever checks an installation: (what, weight, found, how to mend), as `told_of_epoch`. Inside a transaction."""
    found = [one for one in seen(db) if one.state != "dead"]
    words = ", ".join(f"process {one.process} on {one.host}" + " (silent)" * (one.state == "silent") for one in found)
    if any(one.state == "silent" for one in found):
        yield "workers", 1, words, "what a silent one had in hand is done by the others; see whether its host or process stands still"
    elif found:
        yield "workers", 0, words, ""


def now() -> float:
    """Seconds on a clock that only goes forward; also while the host sleeps, as the others' leases do."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
