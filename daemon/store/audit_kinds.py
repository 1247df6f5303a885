"""The part of the proof that comes before all others: the tables are those of this program, and what no seal covers is of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import peewee as pw

from daemon.store import versions
from daemon.store.audit_seals import called
from daemon.store.copying import FULL_TEXT
from daemon.store.failing import first_line
from daemon.store.schema import TABLES, UtcDateTimeField, database
from daemon.store.seals import table_of
from daemon.store.touched import OF_THE_MOMENT, UNSEALED

SQLITE_COLUMNS = """SELECT made.name, info.name FROM sqlite_schema AS made, pragma_table_info(made.name) AS info
WHERE made.type = 'table' AND made.sql NOT LIKE 'CREATE VIRTUAL%'"""
POSTGRES_COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"

DIGITS = "[0-9][0-9]"
DAY = f"{DIGITS}{DIGITS}-{DIGITS}-{DIGITS}"
TIME = f"{DAY} {DIGITS}:{DIGITS}:{DIGITS}.{DIGITS * 3}"
"""How days and times are written on SQLite."""


def steps() -> Iterator[str]:
    """The steps of the schema that were taken are those of this program."""
    # text whose octets are no text is not even that
    taken = {str(name) for name in versions.steps_taken(database.obj)}
    missing = sorted(versions.KNOWN - taken)
    if missing:
        steps_are = f"schema step {missing[0]}: it was" if len(missing) == 1 else f"schema steps {', '.join(missing)}: they were"
        yield f"{steps_are} not taken yet, which the next start of the program does, or somebody changed what was taken"
    for name in sorted(taken - versions.KNOWN):
        yield f"schema step {name}: this program knows none of this name; a newer one has worked here, or somebody changed the name"


def lacking() -> Iterator[str]:
    """Every table is there with all its columns."""
    there: dict[str, set[str]] = {}
    for table, column in database.obj.execute_sql(SQLITE_COLUMNS if _on_sqlite() else POSTGRES_COLUMNS).fetchall():
        there.setdefault(table, set()).add(column)
    wanted = {table_of(model): {field.column_name for field in model._meta.sorted_fields} for model in TABLES}
    for table, names in wanted.items():
        if table not in there:
            yield f"table {table}: it is not there"
        for column in sorted(names - there.get(table, names)):
            yield f"table {table}: it has no {column}"


def full_text() -> Iterator[str]:
    """The table of precedents is there and can be opened; what is in it only orders what is suggested."""
    name, columns = FULL_TEXT
    try:
        there = {column.name for column in database.obj.get_columns(name)}
    except pw.OperationalError as error:
        if not _on_sqlite():
            raise
        yield f"table {name}: it can't be opened ({first_line(error)})"
        return
    if not there:
        yield f"table {name}: it is not there"
    elif missing := {*columns} - there - {"rowid"}:
        yield f"table {name}: it has no {', '.join(sorted(missing))}"


def kinds() -> Iterator[str]:
    """What no seal covers is at least of the kind that its column holds; PostgreSQL takes nothing else."""
    if not _on_sqlite():
        return
    for model in TABLES:
        meta: Any = model._meta
        table, key = table_of(model), getattr(meta.primary_key, "column_name", "")
        # octets are proved by their digest
        without = {one.name for one in meta.sorted_fields} if table in OF_THE_MOMENT else UNSEALED.get(table, frozenset())
        unsealed = [one for one in meta.sorted_fields if one.name in without and not isinstance(one, pw.BlobField)]
        for field in unsealed:
            kind, is_so = _kind(f'"{field.column_name}"', field)
            query = f'SELECT "{key}" FROM "{table}" WHERE "{field.column_name}" IS NOT NULL AND NOT coalesce({is_so}, 0) ORDER BY 1'
            for (number,) in database.obj.execute_sql(query).fetchall():
                yield f"{called(table, number)}: its {field.column_name.replace('_', ' ')} is no {kind}"
        if table in OF_THE_MOMENT:
            yield from _no_signs(table, key)


def _kind(cell: str, field: Any) -> tuple[str, str]:
    """What a column holds, and how SQLite asks whether a cell does."""
    if isinstance(field, UtcDateTimeField):
        is_day = f"date(substr({cell}, 1, 19), '+0 days') = substr({cell}, 1, 10)"
        return "time", f"typeof({cell}) = 'text' AND {cell} GLOB '{TIME}' AND substr({cell}, 12, 2) < '24' AND {is_day}"
    if isinstance(field, pw.BooleanField):
        return "yes or no", f"typeof({cell}) = 'integer' AND {cell} IN (0, 1)"
    if isinstance(field, pw.IntegerField):
        return "whole number", f"typeof({cell}) = 'integer'"
    return "text", f"typeof({cell}) = 'text'"


def _no_signs(table: str, key: str) -> Iterator[str]:
    """Text whose octets are no signs comes as octets (see `audit`)."""
    for row in database.obj.execute_sql(f'SELECT "{key}", * FROM "{table}"').fetchall():
        if any(isinstance(cell, bytes) for cell in row):
            yield f"{called(table, row[0])}: there are octets in it that are no text"


def _on_sqlite() -> bool:
    return isinstance(database.obj, pw.SqliteDatabase)
