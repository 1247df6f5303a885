"""Back up a database into one file, put one back, move to another database.

A backup is one SQLite file, whichever database it was made of, and goes back into either. What is made is proved before it takes
its place: SQLite's own check, every table's rows and digest, and the audit. A failure leaves everything as it was.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import peewee as pw

from daemon.errors import Temporary
from daemon.store.audit import audit
from daemon.store.copying import Contents, CopyFailed, Tell, clear, contents, copy_tables, is_empty, last_numbers
from daemon.store.database import Database, open_database
from daemon.store.epoch import TOLD, EpochFile, Epochs, Mark, installation, put_back, sync_folder
from daemon.store.schema import Installation

SQLITE_HEAD = b"SQLite format 3\0"


def silent(_done: int, _total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What is in the copy, and from when it is."""

    tables: tuple[Contents, ...]
    made_at: datetime | None

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


def back_up(database: Database, file: Path, epochs: EpochFile, now: datetime, tell: Tell = silent) -> Copied:
    """Copy a database, at work or not, into a file of mode 0600; a file that was there is replaced at the very end.

    Raises CopyFailed, Temporary or OSError; then the file is as it was.
    """
    try:
        tables = _copied(database, file, now, tell)
    finally:
        database.bind()
    # whatever is done from now on is not in the copy
    Epochs(database, epochs).advance(copied_at=now)
    return Copied(tables=tables, made_at=now)


def _copied(database: Database, file: Path, now: datetime, tell: Tell) -> tuple[Contents, ...]:
    with _new_file(file) as new:
        if database.is_sqlite:
            database.connect()
            try:
                database.peewee.execute_sql("VACUUM INTO ?", (str(new),))
            except pw.DatabaseError as error:
                raise CopyFailed(f"{file}: the copy was not finished: {error}") from error
            copy = _opened(new)
            try:
                with copy.transaction():
                    Installation.update(copied_at=now).execute()
                with copy.reading():
                    tables = contents(copy)
            finally:
                copy.close()
        else:
            copy = _opened(new)
            try:
                with database.snapshot(), copy.transaction():
                    clear(copy)
                    tables = copy_tables(database, copy, tell)
                    Installation.update(copied_at=now).execute()
            finally:
                copy.close()
        _check(new)
    return tables


def restore(database_url: str, password: str | None, file: Path, epochs: EpochFile, now: datetime, tell: Tell = silent) -> Copied:
    """Put a backup in the place of the configured database, held until a person resumes.

    The SQLite file that was there is kept beside it, under a name that ends in `.replaced`. Raises CopyFailed when the backup is none
    or not whole, Temporary while a worker works there; then nothing was changed.
    """
    _is_backup(file)
    if database_url.startswith("sqlite:"):
        return _restore_file(Database(database_url), file, epochs, now)
    with tempfile.TemporaryDirectory(prefix="supportd-restore-") as folder:
        whole = Path(folder) / "backup.db"
        _copy_file(file, whole)
        _check(whole)
        source = _opened(whole)
        target = open_database(database_url, password)
        try:
            _refuse_at_work(target)
            with source.snapshot(), target.transaction():
                numbers = _present_numbers(target, source)
                clear(target)
                tables = copy_tables(source, target, tell)
                made_at = _hold(target, epochs, numbers, now)
                _refuse_wrong_books()
            Epochs(target, epochs).advance()
        finally:
            target.let_go()
            target.close()
            source.close()
    return Copied(tables=tables, made_at=made_at)


def move(source: Database, new_url: str, new_epochs: EpochFile, old_epochs: EpochFile, tell: Tell = silent) -> Copied:
    """Copy everything to another, empty database, and prove it there. Afterwards the old one, if it is started, is held as older.

    Raises CopyFailed when the other is not empty or the copy is not the same, Temporary while a worker is at work.
    """
    _refuse_at_work(source)
    made = new_url.startswith("sqlite:") and not Database(new_url).path.exists()
    target = open_database(new_url)
    try:
        if not is_empty(target):
            raise CopyFailed(f"{target.shown_url} holds something already; name a database that is empty")
        with source.snapshot(), target.transaction():
            clear(target)
            tables = copy_tables(source, target, tell)
            _refuse_wrong_books()
        Epochs(target, new_epochs).advance()
        row = installation()
        old_epochs.write(Mark(installation=str(row.name), epoch=int(row.epoch), numbers=dict.fromkeys(TOLD, 0)))
    except BaseException:
        target.close()
        if made:
            _remove(target.path)
        raise
    finally:
        target.close()
        source.let_go()
    return Copied(tables=tables, made_at=None)


# --- the parts -----------------------------------------------------------------------------------------------------


def _restore_file(target: Database, file: Path, epochs: EpochFile, now: datetime) -> Copied:
    place = target.path
    if not target.hold():
        raise Temporary(f"another supportd is at work on {target.shown_url}; stop it first")
    try:
        for left in place.parent.glob(f"{place.name}.*.new"):
            _remove(left)  # by a restore that was killed
        with _new_file(place) as new:
            _copy_file(file, new)
            _check(new)
            numbers: dict[str, int] = {}
            if place.exists():
                numbers = _numbers_of_file(place, new)
            copy = _opened(new)
            try:
                with copy.transaction():
                    tables = contents(copy)
                    made_at = _hold(copy, epochs, numbers, now)
                    _refuse_wrong_books()
            finally:
                copy.close()
            _keep_replaced(place)
        opened = _opened(place)
        try:
            Epochs(opened, epochs).advance()
        finally:
            opened.close()
    finally:
        target.let_go()
        target.close()
    return Copied(tables=tables, made_at=made_at)


def _keep_replaced(place: Path) -> None:
    """Give the database that was there a second name, so that it is whole at every instant; its log must not be the new one's."""
    kept = Path(f"{place}.replaced")
    _remove(kept)
    if not place.exists():
        return
    _write_back(place)
    names = [suffix for suffix in ("-wal", "-shm", "") if Path(f"{place}{suffix}").exists()]
    for suffix in names:
        Path(f"{kept}{suffix}").hardlink_to(f"{place}{suffix}")
    # of a database that can be read nothing is in its log any more
    for suffix in names[:-1]:
        Path(f"{place}{suffix}").unlink()


def _write_back(place: Path) -> None:
    """Bring what is only in the log of a database into its file, if it is no broken one."""
    opened: Any = pw.SqliteDatabase(str(place))
    try:
        opened.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except pw.DatabaseError:
        pass
    finally:
        opened.close()


def _hold(database: Database, epochs: EpochFile, numbers: dict[str, int], now: datetime) -> datetime | None:
    """Mark the copy, inside its transaction, as one that was put back; when the backup was made."""
    row = installation()
    made_at: datetime | None = row.copied_at
    mark = epochs.read()
    if numbers:
        promised = mark.numbers if mark is not None else {}
        mark = Mark(
            installation=str(row.name), epoch=mark.epoch if mark is not None else 0,
            numbers={name: max(promised.get(name, 0), numbers.get(name, 0)) for name in TOLD},
        )  # fmt: skip
    put_back(database, mark, now, made_at)
    return made_at


def _present_numbers(target: Database, source: Database) -> dict[str, int]:
    """The numbers that the database to be replaced has given, if it is a later life of the same installation."""
    name = "SELECT name FROM installation"
    same = target.peewee.execute_sql(name).fetchone() == source.peewee.execute_sql(name).fetchone()
    return last_numbers(target) if same else {}


def _numbers_of_file(place: Path, backup: Path) -> dict[str, int]:
    """The same of an SQLite file, which may be broken: that may be why it is replaced."""
    found: dict[str, int] = {}
    try:
        present: Any = pw.SqliteDatabase(str(place))
        copy: Any = pw.SqliteDatabase(str(backup))
        names = [one.execute_sql("SELECT name FROM installation").fetchone() for one in (present, copy)]
        if names[0] == names[1]:
            found = {row[0]: int(row[1]) for row in present.execute_sql("SELECT name, seq FROM sqlite_sequence").fetchall()}
        present.close()
        copy.close()
    except pw.DatabaseError:
        return {}
    return found


def _refuse_wrong_books() -> None:
    problems = audit().problems
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CopyFailed(f"the books of the copy don't balance: {'; '.join(problems[:3])}{more}; `supportd audit` names all of the source")


def _refuse_at_work(database: Database) -> None:
    if not database.hold() or database.others_at_work():
        raise Temporary(f"another supportd is at work on {database.shown_url}; stop it first")


def _is_backup(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            head = opened.read(len(SQLITE_HEAD))
    except OSError as error:
        raise CopyFailed(f"{file}: {error.strerror}") from None
    if head != SQLITE_HEAD:
        raise CopyFailed(f"{file} is no backup that `supportd backup` made: it is no SQLite file")


def _opened(file: Path) -> Database:
    return open_database(f"sqlite:///{quote(str(file))}")


def _check(file: Path) -> None:
    """SQLite's own check of the whole file, and that nothing points to what is not there."""
    opened: Any = pw.SqliteDatabase(str(file))
    try:
        said = [row[0] for row in opened.execute_sql("PRAGMA integrity_check(3)").fetchall()]
        strays = opened.execute_sql("PRAGMA foreign_key_check").fetchall()
        has_tables = opened.table_exists("schema_migration")
        # one file that can be read from anywhere, without a log beside it
        opened.execute_sql("PRAGMA journal_mode = delete")
    except pw.DatabaseError as error:
        raise CopyFailed(f"{file}: {error}") from None
    finally:
        opened.close()
    if said != ["ok"] or strays or not has_tables:
        wrong = "; ".join(said) if said != ["ok"] else "it refers to rows that are missing" if strays else "it has none of our tables"
        raise CopyFailed(f"{file}: the file is not whole: {wrong}")


def _copy_file(file: Path, to: Path) -> None:
    with file.open("rb") as reading, to.open("wb") as writing:
        while octets := reading.read(1 << 20):
            writing.write(octets)


@contextmanager
def _new_file(place: Path) -> Iterator[Path]:
    """An empty file of mode 0600 beside the place, which takes the place at the end; on a failure it is gone, and the place as it was."""
    new = place.with_name(f"{place.name}.{os.getpid()}.new")
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield new
        handle = os.open(new, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        new.rename(place)
        sync_folder(place.parent)
    finally:
        _remove(new)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
