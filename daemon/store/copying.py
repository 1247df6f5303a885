"""Copy every table from one database to another, of whichever kind, and prove that both hold the same.

A cell travels in one form, that of SQLite: whole numbers, text, octets; a time is ISO text in UTC. The digest of a table does not
depend on the order of its rows, which each database sorts in its own way. Both sides run inside transactions of the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import peewee as pw

from daemon.errors import Failure
from daemon.store.database import Database
from daemon.store.schema import TABLES, MailboxLease, Worker
from daemon.store.travelling import Cell, cells

AT_ONCE = 500
"""Rows held in memory together."""

FULL_TEXT = ("precedent", ("rowid", "title", "asked", "words", "digest"))
"""The table that is no model: its terms are made by each database itself."""

OF_ITS_OWN = ("schema_migration", "sqlite_sequence")
"""What each database keeps for itself."""

OF_THE_MOMENT = (Worker, MailboxLease)
"""Who works on a database right now says nothing of its copy."""

FIRST = ("installation", "seal", "seal_head")
"""Tables in which the migrations write something."""

Tell = Callable[[int, int], None]
"""Told how many tables of how many are copied."""


class CopyFailed(Failure):
    """The copy is not what was copied; it is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a table holds: how many rows, and a digest of all of them."""

    table: str
    rows: int
    digest: str


def copy_tables(source: Database, target: Database, tell: Tell = lambda _done, _total: None) -> tuple[Contents, ...]:
    """Put every row of the source into the target, whose tables are empty; what was copied, table by table.

    Numbers go on where the source was. Raises CopyFailed when the source has a table that would be left out, or when the target,
    read again, is not the same.
    """
    _refuse_unknown(source)
    tables = list(_tables())
    copied = []
    for done, (table, columns, fields) in enumerate(tables):
        tell(done, len(tables))
        rows = _Counted(_cells(source, table, columns, fields))
        _fill(target, table, columns, fields, rows)
        copied.append(Contents(table=table, rows=rows.count, digest=rows.digest))
    skip_to(target, last_numbers(source))
    _prove(copied, contents(target))
    tell(len(tables), len(tables))
    return tuple(copied)


def contents(database: Database) -> tuple[Contents, ...]:
    """What every table holds now."""
    found = []
    for table, columns, fields in _tables():
        rows = _Counted(_cells(database, table, columns, fields))
        for _ in rows:
            pass
        found.append(Contents(table=table, rows=rows.count, digest=rows.digest))
    return tuple(found)


def is_empty(database: Database) -> bool:
    """Whether nothing was ever written there but what the migrations write."""
    names = [table for table, _, _ in _tables() if table not in FIRST]
    return not any(database.peewee.execute_sql(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for name in names)


def clear(database: Database) -> None:
    """Empty every table."""
    names = [table for table, _, _ in _tables()]
    if database.is_sqlite:
        for name in reversed(names):
            database.peewee.execute_sql(f'DELETE FROM "{name}"')
        return
    listed = ", ".join(f'"{name}"' for name in names)
    database.peewee.execute_sql(f"TRUNCATE {listed}")


def keep_still(database: Database) -> None:
    """Until the end of the transaction nobody else writes into any table; all may read. On SQLite the transaction itself sees to it."""
    if not database.is_sqlite:
        listed = ", ".join(f'"{table}"' for table, _, _ in _tables())
        database.peewee.execute_sql(f"LOCK TABLE {listed} IN SHARE ROW EXCLUSIVE MODE")


# --- numbers -------------------------------------------------------------------------------------------------------


def last_numbers(database: Database) -> dict[str, int]:
    """By table, the last number it gave to a row, as far as the database counts them; a table without is left out."""
    if database.is_sqlite:
        found = database.peewee.execute_sql("SELECT name, seq FROM sqlite_sequence").fetchall()
        return {row[0]: int(row[1]) for row in found}
    found = database.peewee.execute_sql(
        "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL"
    ).fetchall()
    return {row[0].removesuffix("_id_seq"): int(row[1]) for row in found}


def skip_to(database: Database, numbers: dict[str, int]) -> None:
    """Let each table go on above this number. Never back: what it gave already, it does not give again."""
    counted = last_numbers(database)
    highest = _highest(database)
    for table in highest:
        last = max(numbers.get(table, 0), highest[table])
        if last <= counted.get(table, 0):
            continue
        if not database.is_sqlite:
            database.peewee.execute_sql("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (f'"{table}"', last))
        elif table in counted:
            database.peewee.execute_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (last, table))


def _highest(database: Database) -> dict[str, int]:
    """By table that numbers its rows, the highest number there."""
    tables = [model._meta.table_name for model in TABLES if isinstance(model._meta.primary_key, pw.AutoField)]
    return {
        table: int(database.peewee.execute_sql(f'SELECT coalesce(max("id"), 0) FROM "{table}"').fetchone()[0]) for table in tables
    }  # fmt: skip


# --- rows ----------------------------------------------------------------------------------------------------------


def _tables() -> Iterator[tuple[str, tuple[str, ...], tuple[pw.Field, ...]]]:
    """(table, columns, fields) of everything that is copied, what is referred to first."""
    for model in TABLES:
        if model in OF_THE_MOMENT:
            continue
        fields = tuple(model._meta.sorted_fields)
        yield model._meta.table_name, tuple(field.column_name for field in fields), fields
    table, columns = FULL_TEXT
    yield table, columns, tuple(pw.IntegerField() if name == "rowid" else pw.TextField() for name in columns)


def _refuse_unknown(source: Database) -> None:
    known = {table for table, _, _ in _tables()} | set(OF_ITS_OWN) | {model._meta.table_name for model in OF_THE_MOMENT}
    shadows = tuple(f"{FULL_TEXT[0]}_{part}" for part in ("data", "idx", "content", "docsize", "config"))
    left_out = sorted(set(source.peewee.get_tables()) - known - set(shadows))
    if left_out:
        raise CopyFailed(f"{source.shown_url} has tables that are none of ours: {', '.join(left_out)}; move them elsewhere first")


def _cells(database: Database, table: str, columns: Sequence[str], fields: Sequence[pw.Field]) -> Iterator[tuple[Cell, ...]]:
    listed = ", ".join(f'"{name}"' for name in columns)
    yield from cells(database.peewee, f'SELECT {listed} FROM "{table}"', fields, alike=True)


class _Counted:
    """Rows that pass by: counted, and each put into the digest."""

    def __init__(self, rows: Iterable[tuple[Cell, ...]]) -> None:
        self._rows = rows
        self._sum = 0
        self.count = 0

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        for row in self._rows:
            self.count += 1
            self._sum = (self._sum + _digest(row)) % (1 << 256)
            yield row

    @property
    def digest(self) -> str:
        """A sum of the digests of the rows: the same whatever their order, and a row that comes twice is seen."""
        return f"{self._sum:064x}"


def _digest(row: Sequence[Cell]) -> int:
    digest = hashlib.sha256()
    for cell in row:
        octets = cell.encode("utf-8", "surrogatepass") if isinstance(cell, str) else cell if isinstance(cell, bytes) else str(cell).encode()
        digest.update(f"{type(cell).__name__}:{len(octets)}:".encode())
        digest.update(octets)
    return int.from_bytes(digest.digest(), "big")


def _fill(target: Database, table: str, columns: Sequence[str], fields: Sequence[pw.Field], rows: Iterable[tuple[Cell, ...]]) -> None:
    listed = ", ".join(f'"{name}"' for name in columns)
    waiting = iter(rows)
    with pw.__exception_wrapper__:  # type: ignore[attr-defined] # peewee's own errors, as for any statement
        if target.is_sqlite:
            marks = ", ".join("?" * len(columns))
            while batch := list(islice(waiting, AT_ONCE)):
                target.peewee.cursor().executemany(f'INSERT INTO "{table}" ({listed}) VALUES ({marks})', batch)
            return
        flags = [place for place, field in enumerate(fields) if isinstance(field, pw.BooleanField)]
        with target.peewee.cursor().copy(f'COPY "{table}" ({listed}) FROM STDIN') as copy:
            for row in waiting:
                cells: list[Any] = list(row)
                for place in flags:
                    cells[place] = bool(cells[place]) if cells[place] is not None else None
                copy.write_row(cells)


def _prove(copied: Sequence[Contents], there: Sequence[Contents]) -> None:
    wrong = [f"{was.table} ({was.rows} rows, {now.rows} arrived)" for was, now in zip(copied, there, strict=True) if was != now]
    if wrong:
        raise CopyFailed(f"the copy differs from what was copied: {', '.join(wrong)}")
