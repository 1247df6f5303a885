"""Open the database, run a transaction, migrate forward.

One place knows the two back ends apart: SQLite (WAL, synchronous=FULL) and PostgreSQL. Every error of theirs leaves as
`Temporary`, except what the data itself caused.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import peewee as pw

from daemon.errors import ConfigError, DatabaseAway, Denied, OthersAtWork
from daemon.store import schema, seals, versions
from daemon.store.failing import first_line, is_full, is_the_servers, named, origin, sqlstate_of
from daemon.store.reserve import Reserve
from daemon.store.rights import (
    INSUFFICIENT_PRIVILEGE,
    denied_by_files,
    denied_by_ruin,
    denied_by_server,
    denied_statement,
    is_there,
    lacking,
    no_writes,
)
from daemon.store.touched import noting

ACCOUNT_KEYS = "0005_account_keys"
"""The step that makes the index of accounts, empty."""

CHECKPOINT_PAGES = 8000
"""Of the write-ahead log, 32 MB. A page that changes with every mail is then copied into the file seldom; durability is the same."""

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
"""What must not be off on a PostgreSQL server, so that what was committed is there after a power cut."""

CHANNEL = "supportd"
"""Of PostgreSQL's LISTEN and NOTIFY, on which workers wake each other."""

END_OWN = """
SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND datname = current_database() AND pid <> pg_backend_pid()
AND mode = 'ShareLock' AND ((classid::bigint << 32) | objid::bigint) = %s
"""
"""End the sessions that show that this worker lives, but for the one that asks. A role may end its own sessions.

Who only looks whether it lives takes the lock alone (see `dead_owners`), so the mode tells them apart.
"""

GUARD_SECONDS = 5.0
"""How long the session that shows that this worker lives may be silent: a final dot waits for its word."""

FAREWELL_SECONDS = 2.0
"""The same for a word that only helps others to go on sooner."""


class Transaction:
    """A running transaction; `give_up` makes it end without a trace."""

    def __init__(self) -> None:
        self.given_up = False

    def give_up(self) -> None:
        """Roll everything back at the end of the block, without an error."""
        self.given_up = True


class _GivenUpError(Exception):
    pass


class Database:
    """An open database. Connections belong to threads and are opened when a thread first needs one."""

    def __init__(self, url: str, password: str | None = None, *, durable: bool = False) -> None:
        self.url = url
        self.must_be_durable = durable
        self.reserve: Reserve | None = None
        """Of a daemon: room to be given up when the disk is full."""
        self.is_sqlite = url.startswith("sqlite:")
        self._writer = threading.RLock()
        self._lock_file: int | None = None
        self._guard: Any = None
        self._holding = threading.Lock()
        self.guards_taken = 0
        """How often `hold` had to take the lock anew: in between, others took this worker for dead."""
        self._idle_seconds = 0.0
        self.owner = secrets.randbits(62)
        self.peewee: Any = self._sqlite(url) if self.is_sqlite else self._postgres(url, password)
        self._options = self.peewee.connect_params.get("options", "")
        """Of the URL."""
        schema.database.initialize(self.peewee)

    def _sqlite(self, url: str) -> pw.SqliteDatabase:
        path = unquote(url.removeprefix("sqlite://"))
        # sqlite:///name is relative, sqlite:////name absolute, as SQLAlchemy taught everybody
        self.path = Path(path.removeprefix("/"))
        return pw.SqliteDatabase(
            str(self.path),
            pragmas={
                "journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "busy_timeout": 5000, "cache_size": -8000,
                "wal_autocheckpoint": CHECKPOINT_PAGES,
                # what is deleted is overwritten: a raw mail that is too old is not to be found in the file
                "secure_delete": 1,
            },
            lock_type="IMMEDIATE",
            autoconnect=False,
        )  # fmt: skip

    def _postgres(self, url: str, password: str | None) -> Any:
        parts = urlsplit(url)
        options: dict[str, Any] = {}
        if parts.hostname:
            options["host"] = unquote(parts.hostname)
        for pair in parts.query.split("&"):
            if "=" in pair:
                key, value = pair.split("=", 1)
                options[key] = unquote(value)
        if parts.port:
            options["port"] = parts.port
        if parts.username:
            options["user"] = unquote(parts.username)
        secret = password or (unquote(parts.password) if parts.password else None)
        if secret:
            options["password"] = secret
        name = unquote(parts.path.lstrip("/")) or options.get("user", "supportd")
        from daemon.store.postgres import database_at

        return database_at(name, options)

    def connect(self) -> None:
        """Give this thread a connection. Raises Temporary when the database is away."""
        if self.peewee.is_closed():
            try:
                self.peewee.connect()
                if self._idle_seconds:
                    self.peewee.execute_sql(f"SET idle_in_transaction_session_timeout = '{round(self._idle_seconds * 1000)}ms'")
            except (pw.DatabaseError, pw.InterfaceError) as error:
                self._abandon()
                raise self._told(error, "is away") from error
            if self.guards_taken:
                try:
                    self._look_at_the_version(self.peewee)
                except BaseException:
                    self._abandon()
                    raise

    def _look_at_the_version(self, line: Any) -> None:
        """A worker that comes back to a server that was away, or that cut it off, may find it upgraded meanwhile."""
        try:
            versions.refuse_moved(line, self.shown_url)
        except (pw.DatabaseError, pw.InterfaceError) as error:
            raise DatabaseAway(f"the database is away: {first_line(error)}") from error

    def end_idle_transactions(self, after: timedelta) -> None:
        """Let PostgreSQL end a session of ours that stands still inside a transaction: its locks would hold up everybody."""
        if not self.is_sqlite:
            self._idle_seconds = after.total_seconds()
            self.close()

    def tell(self, topic: str) -> None:
        """Wake workers elsewhere (see `notices`); inside a transaction at its end. On SQLite nobody else works."""
        if not self.is_sqlite:
            self.connect()
            self.peewee.execute_sql("SELECT pg_notify(%s, %s)", (CHANNEL, f"{topic} {self.owner}"))

    def hurry(self, statement_seconds: int, lock_seconds: int) -> None:
        """From the next connection on, bound one statement (PostgreSQL alone) and one wait for a lock of another worker. May be repeated.

        A PostgreSQL server that is silent for even longer is away. Before this nothing is bounded: migrations, audit, backup, restore
        and move-database take their time. This thread's line is closed.
        """
        if self.is_sqlite:
            self.connect()
            self.peewee.pragma("busy_timeout", lock_seconds * 1000, permanent=True)
            return
        self.close()
        from daemon.store.postgres import GRACE_SECONDS, IS_NOTICED

        bounds = f"-c statement_timeout={statement_seconds * 1000} -c lock_timeout={lock_seconds * 1000} {IS_NOTICED}"
        self.peewee.connect_params["options"] = f"{self._options} {bounds}".strip()
        self.peewee.patience = statement_seconds + GRACE_SECONDS

    def take_leave(self) -> None:
        """What is still said to a PostgreSQL server is said on a new line, and its silence is not waited for: the program ends."""
        if not self.is_sqlite:
            self.close()
            self.peewee.patience = FAREWELL_SECONDS
            self.peewee.connect_params["connect_timeout"] = round(FAREWELL_SECONDS)

    def close(self) -> None:
        """Close this thread's connection."""
        if not self.peewee.is_closed():
            self.peewee.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Everything inside is one transaction: all of it is on disk at the end, or none of it.

        On SQLite the writers of this process queue on a lock of ours: waiting there is fair, while SQLite's own wait
        sleeps up to 100 ms. Raises Temporary when the database is away, locked or full (`disk I/O error` is full, too).
        """
        with self._writer if self.is_sqlite else _nothing():
            self.connect()
            transaction = Transaction()
            try:
                with self.peewee.atomic(), noting() as touched:
                    yield transaction
                    if transaction.given_up:
                        raise _GivenUpError
                    seals.settle(self.peewee, touched)
            except _GivenUpError:
                return
            except (pw.DatabaseError, pw.InterfaceError) as error:
                if not is_the_servers(error):
                    raise
                # a dead PostgreSQL connection does not say so until it is asked again
                self._abandon()
                detail = first_line(origin(error))
                if self.reserve is not None and is_full(detail) and self.reserve.give_up():
                    detail += "; the reserve is given up, so that what is in hand can be finished"
                raise self._told(error, "did not finish", detail) from error

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several reads that see one moment; writes nothing."""
        self.connect()
        try:
            with self.peewee.atomic("DEFERRED") if self.is_sqlite else self.peewee.atomic():
                yield
        except (pw.DatabaseError, pw.InterfaceError) as error:
            if not is_the_servers(error):
                raise
            self._abandon()
            raise self._told(error, "did not answer") from error

    def _told(self, error: pw.PeeweeException, did: str, detail: str = "") -> DatabaseAway:
        """The error it is for others: what this user may not, a statement that took too long, a database that is away, locked or full."""
        detail = detail or first_line(origin(error))
        denied: Denied | None = None
        if sqlstate_of(error) == INSUFFICIENT_PRIVILEGE:
            denied = denied_statement(detail, self.shown_url)
        elif not self.is_sqlite:
            denied = denied_by_server(detail, self.shown_url) if did == "is away" else None
        elif any(words in detail for words in ("unable to open", "readonly", "read-only")):
            denied = denied_by_files(self.path)
        else:
            denied = denied_by_ruin(self.path, detail)
        return denied or named(error)(f"the database {did}: {detail}")

    def denied(self) -> Denied | None:
        """Why this user may not write here, as far as can be told without trying; None: nothing is known. Inside a reading."""
        if self.is_sqlite:
            return denied_by_files(self.path)
        tables = [seals.table_of(model) for model in schema.TABLES]
        return no_writes(self.peewee, self.shown_url) or lacking(self.peewee, self.shown_url, tables)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Many reads that see one moment, however long they take; writes nothing."""
        with self.reading():
            if not self.is_sqlite:
                self.peewee.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield

    def bind(self) -> None:
        """Let the models speak of this database: for whoever has two open. The one opened last is bound."""
        schema.database.initialize(self.peewee)

    def _abandon(self) -> None:
        try:
            self.peewee.close()
        except pw.DatabaseError:
            pass

    def keep_reserve(self, octets: int, free: int) -> bool:
        """Set room aside beside an SQLite database, where more than `free` stays; whether there is a reserve.

        Where there is too little room, that of the write-ahead log is given back first.
        """
        if not self.is_sqlite:
            return False
        if self.reserve is None or self.reserve.octets != octets:
            self.reserve = Reserve(self.path.with_name(self.path.name + ".reserve"), octets)
        if self.reserve.keep(free) and self.free_octets() >= free:
            return True
        self._shorten_log()
        return self.reserve.keep(free)

    def _shorten_log(self) -> None:
        """Bring what is in the write-ahead log into the file. On a disk without any room the log stays as it is, and nothing is lost."""
        with self._writer:
            self.connect()
            with suppress(pw.DatabaseError):
                self.peewee.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def forgetful(self) -> list[str]:
        """Settings of a PostgreSQL server under which a commit may be lost with the power, like `fsync = off`; SQLite's are ours."""
        if self.is_sqlite:
            return []
        with self.reading():
            return [name for name in DURABLE if self.peewee.execute_sql(f"SHOW {name}").fetchone()[0] == "off"]

    def told_of_disk(self, free_disk: int, durable: bool) -> Iterator[tuple[str, int, str, str]]:
        """For whoever checks an installation, as `told_of_epoch`: whether there is room, and whether a commit outlives a power cut."""
        if (free := self.free_octets()) < free_disk:
            detail = f"{free >> 20} MiB free, limits.free_disk is {free_disk >> 20} MiB"
            yield "disk", 2, detail, "make room; until then no mail is fetched"
        if off := self.forgetful():
            detail = f"{', '.join(off)} off: a power cut may lose what was committed"
            yield "database.durable", 2 if durable else 1, detail, "switch it on there, or live with `durable = false`"

    def told_of_line(self) -> Iterator[tuple[str, int, str, str]]:
        """For whoever checks an installation, as `told_of_epoch`: whether what is said to a PostgreSQL server stays between us."""
        if self.is_sqlite:
            return
        from daemon.store.postgres import may_lose_tls

        if (mode := may_lose_tls(self.peewee.connect_params)) is not None:
            detail = f"sslmode is {mode}: whoever is between can switch TLS off, read the mails and change what is said"
            yield "database.url", 1, detail, "write ?sslmode=verify-full (or require) behind database.url"

    def free_octets(self) -> int:
        """Room on the disk of an SQLite database; another server's disk is its own affair."""
        return shutil.disk_usage(self.path.parent).free if self.is_sqlite else sys.maxsize

    def hold(self) -> bool:
        """Show to others that this worker lives, until it dies. False on SQLite when another process works there.

        May be repeated, and is to be after the database was away. Raises Temporary when it is; ConfigError, the first time, when it
        is a server that may forget what it said was committed (`database.durable` allows that); Outdated when somebody upgraded it.
        A lease of a worker that no longer holds its lock is free at once; nobody waits for it to run out.
        """
        if self.is_sqlite:
            if self._lock_file is None:
                try:
                    handle = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                except PermissionError as error:
                    raise denied_by_files(self.path) or DatabaseAway(f"{self.path}.lock: {error.strerror}") from error
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(handle)
                    return False
                self._lock_file = handle
            return True
        with self._holding:
            return self._hold_a_session()

    def _hold_a_session(self) -> bool:
        try:
            if self._guard is not None:
                versions.refuse_moved(self._guard, self.shown_url)
                return True
        except (pw.DatabaseError, pw.InterfaceError):
            # the line broke, and the lock goes with it
            self.let_go()
        if self.must_be_durable and (off := self.forgetful()):
            problem = f"database {self.shown_url}: the server may lose committed work with the power ({', '.join(off)} off)"
            raise ConfigError((f"{problem}; switch it on there, or set database.durable = false",))
        self.must_be_durable = False
        guard: Any = self.another_line(GUARD_SECONDS)
        try:
            # it is never waited for: if it is not to be had, another worker frees this moment what this one had in hand
            taken = guard.execute_sql("SELECT pg_try_advisory_lock_shared(%s)", (self.owner,)).fetchone()[0]
            # a session of ours may live on for hours, when its line broke without a word: this worker would live as long for others
            guard.execute_sql(END_OWN, (self.owner,))
        except (pw.DatabaseError, pw.InterfaceError) as error:
            guard.close()
            raise DatabaseAway(f"the database is away: {first_line(error)}") from error
        if taken:
            self._guard = guard
            self.guards_taken += 1
            self._look_at_the_version(guard)
        else:
            guard.close()
        return True

    def holds(self) -> bool:
        """Whether others can see, this moment, that this worker lives; also when it never had to show it.

        On PostgreSQL the lock goes with its session, and the server may end that at any time: so it is asked. One that says nothing
        for GUARD_SECONDS keeps the answer no until `hold` renews the session: whoever asks is not held up again.
        """
        guard = self._guard
        if self.is_sqlite or guard is None:
            return self.is_sqlite or self.guards_taken == 0
        try:
            guard.execute_sql("SELECT 1")
        except (pw.DatabaseError, pw.InterfaceError):
            return False
        return True

    def another_line(self, patience: float | None = None) -> Any:
        """A connection to PostgreSQL that belongs to no thread. Raises Temporary when the database is away.

        `patience`: seconds of silence after which it counts as broken, if other than for every line.
        """
        from daemon.store.postgres import database_at

        patience = self.peewee.patience if patience is None else patience
        line: Any = database_at(self.peewee.database, self.peewee.connect_params, patience=patience, thread_safe=False)
        try:
            line.connect()
        except pw.DatabaseError as error:
            raise self._told(error, "is away") from error
        return line

    def let_go(self) -> None:
        """Give up what `hold` took."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None
        guard, self._guard = self._guard, None
        if guard is not None and not guard.is_closed():
            guard.connection().patience = FAREWELL_SECONDS
            try:
                # the server needs a moment to see that the line has ended
                guard.execute_sql("SELECT pg_advisory_unlock_all()")
            except (pw.DatabaseError, pw.InterfaceError):
                pass
            finally:
                guard.close()

    def dead_owners(self, owners: set[int]) -> set[int]:
        """Which of these lease owners no longer live. Inside a transaction, and until its end none of them comes back to life.

        Of several that ask at once about the same owner one hears that it is dead.
        """
        others = {owner for owner in owners if owner != self.owner}
        if self.is_sqlite:
            return others if self._lock_file is not None else set()
        dead = set()
        for owner in others:
            if self.peewee.execute_sql("SELECT pg_try_advisory_xact_lock(%s)", (owner,)).fetchone()[0]:
                dead.add(owner)
        return dead

    def others_at_work(self) -> bool:
        """Whether another worker lives on PostgreSQL; on SQLite `hold` tells."""
        if self.is_sqlite:
            return False
        self.connect()
        return bool(versions.others_at_work(self.peewee, self.owner))

    def must_be_current(self) -> None:
        """Inside a transaction that takes or ends work: the tables are of this program's version, until its end. Raises Outdated.

        Who migrates is waited for. On SQLite nobody migrates while another works. One round trip.
        """
        if not self.is_sqlite:
            versions.refuse_moved(self.peewee, self.shown_url, stay=True)

    def migrate(self) -> tuple[str, ...]:
        """Bring the tables up to this program's version, under a lock; the names of the steps taken.

        Raises ConfigError when the database was made by a newer program: an older one must not touch it. OthersAtWork when there
        is something to do, and somebody works on it by the older version.
        """
        with self.brisk(), self.reading():
            taken = versions.steps_taken(self.peewee)
        versions.refuse_newer(taken, self.shown_url)
        if taken == versions.KNOWN:
            return ()
        if not self.is_sqlite or not taken:
            return self._migrate()
        held_before = self._lock_file is not None
        if not self.hold():
            raise self._others_at_work([])
        try:
            return self._migrate()
        finally:
            if not held_before:
                self.let_go()

    def _others_at_work(self, others: list[str]) -> OthersAtWork:
        who = f"stop the others first: {', '.join(others)}" if others else "stop it first"
        return OthersAtWork(f"database {self.shown_url}: this program would bring it to a newer version while another is at work; {who}")

    def _migrate(self) -> tuple[str, ...]:
        from playhouse.migrations import Runner

        from daemon.failpoints import failpoint

        with self.transaction():
            if not self.is_sqlite:
                self.peewee.execute_sql("SELECT pg_advisory_xact_lock(%s)", (versions.LOCK_MIGRATION,))
            # somebody may have been faster
            taken = versions.steps_taken(self.peewee)
            versions.refuse_newer(taken, self.shown_url)
            if not self.is_sqlite and taken and taken != versions.KNOWN:
                others = versions.others_at_work(self.peewee, self.owner)
                if others:
                    raise self._others_at_work(others)
            versions.rename(self.peewee)
            try:
                steps = tuple(Runner(self.peewee, str(versions.MIGRATIONS)).up())
            except pw.DatabaseError as error:
                if not versions.was_taken(error):
                    raise
                raise ConfigError((f"database {self.shown_url}: {versions.TAKEN_ALREADY} ({first_line(error)})",)) from error
            if ACCOUNT_KEYS in steps:
                from daemon.store.accountindex import index_accounts

                # a step is history, but the keys are compared as today's program reads them
                index_accounts()
            # a step changes rows itself; whoever doubts them asks `audit` before the upgrade
            seals.seal_everything(self.peewee)
            failpoint("migration_step")
        return steps

    @contextmanager
    def brisk(self) -> Iterator[None]:
        """Nothing in here takes its time: a PostgreSQL server that says nothing for GUARD_SECONDS is away."""
        self.connect()
        if self.is_sqlite:
            yield
            return
        line = self.peewee.connection()
        usual, line.patience = line.patience, GUARD_SECONDS
        try:
            yield
        finally:
            line.patience = usual

    def told_of_version(self) -> Iterator[tuple[str, int, str, str]]:
        """For whoever only looks, as `told_of_epoch`: whether the tables are of another version than this program. Inside a reading."""
        applied, known = versions.steps_taken(self.peewee), versions.KNOWN
        if applied - known:
            yield "database", 2, "the tables are of a newer version than this program", "install the newer supportd"
        elif applied != known:
            mend = "back up first, by `supportd backup FILE` of the older version; then restart the daemon"
            newest = max(applied, default="none")
            without = "".join(f", without {name}" for name in sorted(known - applied) if name < newest)
            yield "database", 1, f"an older schema ({newest}{without}): the next run migrates it", mend

    @property
    def shown_url(self) -> str:
        """The URL as it may be shown."""
        return without_password(self.url)


def without_password(url: str) -> str:
    """The URL of a database as it may be shown: before the @ and among the options, *** stands for a password."""
    return re.sub(r"(?i)(://[^:@/?]*:).*(?=@)|(password=)[^&]*", lambda found: f"{found[1] or found[2]}***", url)


def for_configuration(url: str) -> str:
    """The URL of a database as it may stand in a configuration: a password is left out, and stands beside it."""
    bare = re.sub(r"(://[^:@/?]*):.*(?=@)", r"\1", url)
    return re.sub(r"(?i)(?<=[?&])password=[^&]*(&|$)", "", bare).rstrip("?&")


def existing_database(url: str, password: str | None = None) -> Database | None:
    """Open it as it is, for whoever only looks: nothing is made, nothing migrated. None when there is no file, or no table of ours.

    Raises what `open_database` raises.
    """
    opened = _at(url, password)
    if opened.is_sqlite and not is_there(opened.path):
        return None
    try:
        with opened.brisk(), opened.reading():
            if opened.peewee.table_exists("schema_migration"):
                return opened
    except BaseException:
        opened.close()
        raise
    opened.close()
    return None


def obstacle_to_making(url: str, password: str | None = None) -> Denied | None:
    """Why `open_database` could not make what is not there yet, as far as can be told without trying; None: nothing is known.

    Raises what `open_database` raises when the folder or the server is not there.
    """
    opened = _at(url, password)
    if opened.is_sqlite:
        _require_folder(opened)
        return denied_by_files(opened.path)
    try:
        with opened.brisk(), opened.reading():
            granted, schema_name = opened.peewee.execute_sql(
                "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), coalesce(current_schema(), 'public')"
            ).fetchone()
            if granted:
                return no_writes(opened.peewee, opened.shown_url)
    finally:
        opened.close()
    return denied_statement(f"this user may make no table there, permission denied for schema {schema_name}", opened.shown_url)


def _require_folder(opened: Database) -> None:
    if not is_there(opened.path.parent) or not opened.path.parent.is_dir():
        raise ConfigError((f"database.url: the folder {opened.path.parent} does not exist; make it, writable for the daemon's user",))


def open_database(url: str, password: str | None = None, *, durable: bool = False) -> Database:
    """Open and migrate. `url` is sqlite:///relative, sqlite:////absolute or postgresql://user@host:port/name.

    `durable`: no worker may use a server that may lose what was committed.
    """
    opened = _at(url, password, durable=durable)
    if opened.is_sqlite:
        _require_folder(opened)
    if opened.is_sqlite and not is_there(opened.path):
        if (denied := denied_by_files(opened.path)) is not None:
            raise denied
        # customers' mails are nobody else's to read; the write-ahead log follows the mode of the database
        os.close(os.open(opened.path, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        opened.migrate()
    except BaseException:
        opened.close()
        raise
    return opened


def _at(url: str, password: str | None, *, durable: bool = False) -> Database:
    if not url.startswith(("sqlite:", "postgresql:", "postgres:")):
        raise ConfigError((f"database.url: {without_password(url)!r} is neither sqlite:///FILE nor postgresql://user@host:port/name",))
    return Database(url, password, durable=durable)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
