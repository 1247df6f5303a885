"""The file of a backup: where one may be written, how it is told from other files, and how it takes its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import peewee as pw

from daemon.store.copying import CopyFailed
from daemon.store.database import Database, open_database
from daemon.store.epoch import EpochFile, sync_folder

SQLITE_HEAD = b"SQLite format 3\0"

WITHOUT_LOG = b"\1\1"
"""At octet 18 of an SQLite file that needs no log beside it, as a backup is written; a database that was worked with has twos."""

COMPANIONS = ("", "-wal", "-shm", "-journal", ".lock", ".reserve")
"""How the names end of what belongs to an SQLite database."""


def refuse_place(file: Path, database: Database, epochs: EpochFile) -> None:
    """A backup may be written where nothing is, or in the place of another. Raises CopyFailed: whatever else is there stays."""
    if not file.parent.is_dir():
        raise CopyFailed(f"{file}: there is no folder {file.parent}; make it first")
    own = [Path(f"{epochs.path}{suffix}") for suffix in ("", ".lock", ".new")]
    if database.is_sqlite:
        own += [Path(f"{database.path}{suffix}") for suffix in COMPANIONS]
    if _located(file) in [_located(one) for one in own]:
        raise CopyFailed(f"{file} belongs to the database that is to be copied; name another file")
    try:
        found = file.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise CopyFailed(f"{file} is a folder; name a file in it")
    if not stat.S_ISREG(found.st_mode):
        raise CopyFailed(f"{file} is no file of its own (a link, a device); name one")
    if found.st_size and not _is_backup(file):
        raise CopyFailed(f"{file} is there and is no backup, so it stays as it is; name another file, or move it away")


def _located(file: Path) -> Path:
    return file.parent.resolve() / file.name


def _is_backup(file: Path) -> bool:
    """Whether `back_up` wrote this file, and nobody worked with it since as with a database."""
    head = _head_of(file)
    if not head.startswith(SQLITE_HEAD) or not head.endswith(WITHOUT_LOG):
        return False
    opened: Any = pw.SqliteDatabase(f"file:{quote(str(file.absolute()))}?mode=ro&immutable=1", uri=True)
    try:
        return opened.execute_sql("SELECT 1 FROM installation WHERE copied_at IS NOT NULL").fetchone() is not None
    except pw.DatabaseError:
        return False
    finally:
        opened.close()


def refuse_foreign(file: Path) -> None:
    """Raise CopyFailed when it is no SQLite file."""
    if not _head_of(file).startswith(SQLITE_HEAD):
        raise CopyFailed(f"{file} is no backup that `supportd backup` made: it is no SQLite file")


def _head_of(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(20)
    except OSError as error:
        raise CopyFailed(f"{file}: {error.strerror}") from None


def opened_file(file: Path) -> Database:
    """The database in it, with what it lacks of today's steps."""
    return open_database(url_of(file))


def url_of(file: Path) -> str:
    """The URL of an SQLite database in this file."""
    return f"sqlite:///{quote(str(file))}"


def check_whole(file: Path, called: Path) -> None:
    """SQLite's own check of the whole file, and that nothing points to what is not there; people know it by another name."""
    opened: Any = pw.SqliteDatabase(str(file))
    try:
        said = [row[0] for row in opened.execute_sql("PRAGMA integrity_check(3)").fetchall()]
        strays = opened.execute_sql("PRAGMA foreign_key_check").fetchall()
        has_tables = opened.table_exists("schema_migration")
        # one file that can be read from anywhere, without a log beside it
        opened.execute_sql("PRAGMA journal_mode = delete")
    except pw.DatabaseError as error:
        raise CopyFailed(f"{called}: the file is not whole: {error}") from None
    finally:
        opened.close()
    if said != ["ok"] or strays or not has_tables:
        wrong = "; ".join(said) if said != ["ok"] else "it refers to rows that are missing" if strays else "it has none of our tables"
        raise CopyFailed(f"{called}: the file is not whole: {wrong}")


def copy_file(file: Path, to: Path) -> None:
    """Copy its octets. Raises CopyFailed."""
    try:
        with file.open("rb") as reading, to.open("wb") as writing:
            while octets := reading.read(1 << 20):
                writing.write(octets)
    except OSError as error:
        raise CopyFailed(f"{file} can't be copied to {to.parent}: {error.strerror}") from None


@contextmanager
def new_file(place: Path) -> Iterator[Path]:
    """An empty file of mode 0600 beside the place, which takes the place at the end; on a failure it is gone, and the place as it was."""
    new = place.with_name(f"{place.name}.{os.getpid()}.new")
    try:
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise CopyFailed(f"{place}: no file can be made in {place.parent}: {error.strerror}") from None
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
        remove(new)


def remove(file: Path) -> None:
    """A database and what lies beside it."""
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
