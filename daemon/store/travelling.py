"""The one form of a cell on both databases, that of SQLite: whole numbers, text, octets; a time is ISO text in UTC, a day ISO text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import peewee as pw

from daemon.store.schema import UtcDateTimeField

Cell = int | str | bytes | None

AT_ONCE = 500
"""Rows of PostgreSQL that are held in memory together."""


def cells(
    db: Any, sql: str, fields: Sequence[pw.Field], parameters: Sequence[Any] = (), *, alike: bool = False
) -> Iterator[tuple[Cell, ...]]:
    """The rows of a query whose columns are these fields. SQLite keeps them in that form; `alike` makes sure of it, cell by cell."""
    of_sqlite = isinstance(db, pw.SqliteDatabase)
    if of_sqlite and not alike:
        yield from db.execute_sql(sql, parameters)
        return
    convert = [(place, travels) for place, field in enumerate(fields) if (travels := travelling(field)) is not None]
    if parameters or of_sqlite:
        yield from _converted(db.execute_sql(sql, parameters), convert)
        return
    # a cursor of the server: the rows come as they are asked for, and are not held here
    with db.connection().cursor(name="travelling") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(sql)
        yield from _converted(cursor, convert)


def travelling(field: pw.Field) -> Callable[[Any], Cell] | None:
    """How a value of this field travels; None: as it is."""
    if isinstance(field, UtcDateTimeField):
        return _time
    if isinstance(field, pw.DateField):
        return _day
    if isinstance(field, pw.BooleanField):
        return int
    return bytes if isinstance(field, pw.BlobField) else None


def _converted(rows: Iterable[Any], convert: Sequence[tuple[int, Any]]) -> Iterator[tuple[Cell, ...]]:
    for row in rows:
        found = list(row)
        for place, travels in convert:
            if found[place] is not None:
                found[place] = travels(found[place])
        yield tuple(found)


def _time(value: datetime | str) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.isoformat(" ", "microseconds")


def _day(value: date | str) -> str:
    return value if isinstance(value, str) else value.isoformat()
