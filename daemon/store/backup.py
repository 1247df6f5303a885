"""Back up a database into one file, put one back, move to another database.

A backup is one SQLite file, whichever database it was made of, and goes back into either. What is made is proved before it takes
its place: SQLite's own check, every table's rows and digest, and the audit. A failure leaves everything as it was. A backup takes
the place of nothing but an older backup, and what a restore takes the place of is kept.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import peewee as pw

from daemon.errors import OthersAtWork
from daemon.store.audit import audit
from daemon.store.backupfile import COMPANIONS, check_whole, copy_file, new_file, opened_file, refuse_foreign, refuse_place, remove, url_of
from daemon.store.copying import Contents, CopyFailed, Tell, clear, contents, copy_tables, is_empty, keep_still, last_numbers
from daemon.store.database import Database, for_configuration, open_database
from daemon.store.epoch import TOLD, EpochFile, Epochs, Mark, Standing, installation, put_back
from daemon.store.schema import Installation

MOST_KEPT = 1000
"""Of what restores took the place of, beside one database."""


def silent(_done: int, _total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What is in the copy, and from when it is."""

    tables: tuple[Contents, ...]
    made_at: datetime | None
    kept: Path | None = None
    """Where that is which it took the place of, if anything was there."""

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


def back_up(database: Database, file: Path, epochs: EpochFile, now: datetime, tell: Tell = silent) -> Copied:
    """Copy a database, at work or not, into a file of mode 0600; a file that was there is replaced at the very end.

    Raises CopyFailed, Temporary or OSError; then the file is as it was. So it is when it is no backup.
    """
    refuse_place(file, database, epochs)
    keeper = Epochs(database, epochs)
    if keeper.standing() is Standing.FOREIGN:
        mend = "start it, and it is held until you have looked; or put the right one back"
        raise CopyFailed(f"{database.shown_url} is not the database that was at work here: {epochs.path} is of another; {mend}")
    try:
        tables = _copied(database, file, now, tell)
    finally:
        database.bind()
    keeper.note_copy(now)
    return Copied(tables=tables, made_at=now)


def _copied(database: Database, file: Path, now: datetime, tell: Tell) -> tuple[Contents, ...]:
    with new_file(file) as new:
        if database.is_sqlite:
            database.connect()
            try:
                database.peewee.execute_sql("VACUUM INTO ?", (str(new),))
            except pw.DatabaseError as error:
                raise CopyFailed(f"{file}: the copy was not finished: {error}") from error
            copy = opened_file(new)
            try:
                with copy.transaction():
                    Installation.update(copied_at=now).execute()
                with copy.reading():
                    tables = contents(copy)
            finally:
                copy.close()
        else:
            copy = opened_file(new)
            try:
                with database.snapshot(), copy.transaction():
                    clear(copy)
                    tables = copy_tables(database, copy, tell)
                    Installation.update(copied_at=now).execute()
            finally:
                copy.close()
        check_whole(new, file)
    return tables


def restore(database_url: str, password: str | None, file: Path, epochs: EpochFile, now: datetime, tell: Tell = silent) -> Copied:
    """Put a backup in the place of the configured database, held until a person resumes.

    What was there is kept under a name of its own (see `Copied.kept`): an SQLite file beside the database; of a database on a server
    that has anything in it, a backup beside its epoch file. Raises CopyFailed when the backup is none or not whole, or what is there
    can't be kept; OthersAtWork while a worker works there; then nothing was changed.
    """
    refuse_foreign(file)
    if database_url.startswith("sqlite:"):
        return _restore_file(Database(database_url), file, epochs, now)
    with tempfile.TemporaryDirectory(prefix="supportd-restore-") as folder:
        whole = Path(folder) / "backup.db"
        copy_file(file, whole)
        check_whole(whole, file)
        source = opened_file(whole)
        target = open_database(database_url, password)
        try:
            _refuse_at_work(target)
            with source.snapshot(), target.transaction():
                # what is kept is what is replaced: nobody writes in between
                keep_still(target)
                kept = None if is_empty(target) else _keep_of_server(target, password, epochs, now)
                target.bind()
                numbers = _present_numbers(target, source)
                clear(target)
                tables = copy_tables(source, target, tell)
                made_at = _hold(target, epochs, numbers, now)
                _refuse_wrong_books(file)
            Epochs(target, epochs).advance()
        finally:
            target.let_go()
            target.close()
            source.close()
    return Copied(tables=tables, made_at=made_at, kept=kept)


def move(
    source: Database, new_url: str, new_epochs: EpochFile, old_epochs: EpochFile, tell: Tell = silent, *, durable: bool = False
) -> Copied:  # fmt: skip
    """Copy everything to another, empty database, and prove it there. Afterwards the old one knows where, and no worker starts on it.

    Raises CopyFailed when the other is not empty, the copy is not the same, or the server may lose what was committed although it
    must be `durable`; OthersAtWork while a worker is at work.
    """
    _refuse_at_work(source)
    made = new_url.startswith("sqlite:") and not Database(new_url).path.exists()
    target = open_database(new_url)
    try:
        if not is_empty(target):
            raise CopyFailed(f"{target.shown_url} holds something already; name a database that is empty")
        if durable and (off := target.forgetful()):
            mend = "switch it on there first, or set database.durable = false"
            raise CopyFailed(f"{target.shown_url}: the server may lose committed work with the power ({', '.join(off)} off); {mend}")
        # nobody writes into the old one between the copy and the mark: it would be lost
        with source.transaction():
            keep_still(source)
            with target.transaction():
                clear(target)
                tables = copy_tables(source, target, tell)
                _refuse_wrong_books(None)
            Epochs(target, new_epochs).advance()
            row = installation()
            source.bind()
            Installation.update(moved_to=for_configuration(new_url)).execute()
        old_epochs.write(Mark(installation=str(row.name), epoch=int(row.epoch), numbers=dict.fromkeys(TOLD, 0)))
    except BaseException:
        target.close()
        if made:
            remove(target.path)
        raise
    finally:
        target.close()
        source.bind()
        source.let_go()
    return Copied(tables=tables, made_at=None)


@contextmanager
def opened_backup(file: Path) -> Iterator[Database]:
    """A backup to look at as it is: a copy of it, that is gone at the end. Raises CopyFailed when it is none."""
    refuse_foreign(file)
    with tempfile.TemporaryDirectory(prefix="supportd-backup-") as folder:
        whole = Path(folder) / "backup.db"
        copy_file(file, whole)
        check_whole(whole, file)
        opened = Database(url_of(whole))
        try:
            yield opened
        finally:
            opened.close()


# --- the parts -----------------------------------------------------------------------------------------------------


def _restore_file(target: Database, file: Path, epochs: EpochFile, now: datetime) -> Copied:
    place = target.path
    if not target.hold():
        raise OthersAtWork(f"another supportd is at work on {target.shown_url}; stop it first")
    try:
        for left in place.parent.glob(f"{place.name}.*.new"):
            remove(left)  # by a restore that was killed
        with new_file(place) as new:
            copy_file(file, new)
            check_whole(new, file)
            numbers: dict[str, int] = {}
            if place.exists():
                numbers = _numbers_of_file(place, new)
            copy = opened_file(new)
            try:
                with copy.transaction():
                    tables = contents(copy)
                    made_at = _hold(copy, epochs, numbers, now)
                    _refuse_wrong_books(file)
            finally:
                copy.close()
            kept = _keep_replaced(place)
        opened = opened_file(place)
        try:
            Epochs(opened, epochs).advance()
        finally:
            opened.close()
    finally:
        target.let_go()
        target.close()
    return Copied(tables=tables, made_at=made_at, kept=kept)


def _keep_replaced(place: Path) -> Path | None:
    """Give the database that was there a second name, so that it is whole at every instant; its log must not be the new one's."""
    if not place.exists():
        return None
    _write_back(place)
    kept = _name_to_keep(place)
    names = [suffix for suffix in ("-wal", "-shm", "") if Path(f"{place}{suffix}").exists()]
    for suffix in names:
        # a restore that was killed here may have given it the name already
        with suppress(FileExistsError):
            Path(f"{kept}{suffix}").hardlink_to(f"{place}{suffix}")
    # of a database that can be read nothing is in its log any more
    for suffix in names[:-1]:
        Path(f"{place}{suffix}").unlink()
    return kept


def _keep_of_server(target: Database, password: str | None, epochs: EpochFile, now: datetime) -> Path:
    """Make a backup of what is there, by another line to the server: this one is in the middle of replacing it."""
    name = str(target.peewee.database).replace("/", "_")
    kept = _name_to_keep(epochs.path.with_name(name))
    present = Database(target.url, password)
    try:
        _copied(present, kept, now, silent)
    except (CopyFailed, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        mend = "mend that, or restore into an empty database"
        raise CopyFailed(f"what is in {target.shown_url} can't be kept as {kept}: {said}; {mend}") from error
    finally:
        present.close()
    return kept


def _name_to_keep(place: Path) -> Path:
    """A name for what is replaced, that nothing has; or the one that this very file was given by a restore that was killed."""
    for number in range(1, MOST_KEPT + 1):
        kept = Path(f"{place}.replaced" if number == 1 else f"{place}.replaced.{number}")
        if kept.exists() and place.exists() and kept.samefile(place):
            return kept
        if not any(os.path.lexists(f"{kept}{suffix}") for suffix in COMPANIONS):
            return kept
    raise CopyFailed(f"beside {place} {MOST_KEPT} databases that were replaced are kept; move some of them away")


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


def _refuse_wrong_books(file: Path | None) -> None:
    """The books of this copy must balance; it was made of this backup, or of the database."""
    problems = audit().problems
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        command = f"supportd audit {file}" if file is not None else "supportd audit"
        raise CopyFailed(f"the books of the copy don't balance: {'; '.join(problems[:3])}{more}; `{command}` names all")


def _refuse_at_work(database: Database) -> None:
    if not database.hold() or database.others_at_work():
        raise OthersAtWork(f"another supportd is at work on {database.shown_url}; stop it first")
