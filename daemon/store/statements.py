"""Statements that run for every mail, compiled once: peewee writes the SQL the first time, then only values change.

Putting a query together costs peewee three to ten times what SQLite needs to answer it. Everything that is not run for
every mail is better off as a plain peewee query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

import peewee as pw

from daemon.store.schema import Row, UtcDateTimeField, database
from daemon.store.touched import is_sealed, note


class _Slot:
    """Stands for a value while a query is compiled."""

    __slots__ = ("index", "name")

    def __init__(self, name: str, index: int | None) -> None:
        self.name = name
        self.index = index


def _slot(name: str, index: int | None = None) -> Any:
    return pw.Value(_Slot(name, index), converter=False)


def _plain(value: Any) -> Any:
    return UtcDateTimeField.db_value(None, value) if isinstance(value, datetime) else value  # type: ignore[arg-type]


Compiled = tuple[str, list[Any], list[tuple[int, Callable[[Any], Any]]]]


class Select:
    """A SELECT whose SQL is kept. `build` gets a slot for each value by name, a list of slots where the value is a list."""

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._compiled: dict[tuple[Any, ...], Compiled] = {}

    def __call__(self, **values: Any) -> list[tuple[Any, ...]]:
        """The rows, as tuples in the order of the selected columns."""
        shape = tuple([len(value) if isinstance(value, (list, tuple)) else -1 for value in values.values()])
        db = database.obj
        compiled = self._compiled.get((db, shape))
        if compiled is None:
            compiled = self._compiled[(db, shape)] = self._compile(values)
        sql, parameters, converters = compiled
        rows = db.execute_sql(sql, [self._value(parameter, values) for parameter in parameters]).fetchall()
        if not converters or not rows:
            return rows  # type: ignore[no-any-return]
        return [_converted(row, converters) for row in rows]

    def first(self, **values: Any) -> tuple[Any, ...] | None:
        """The first row, if any."""
        rows = self(**values)
        return rows[0] if rows else None

    def _compile(self, values: Mapping[str, Any]) -> Compiled:
        slots = {
            name: [_slot(name, index) for index in range(len(value))] if isinstance(value, (list, tuple)) else _slot(name)
            for name, value in values.items()
        }
        query = self._build(**slots)
        sql, parameters = query.sql()
        converters = [
            (position, column.python_value)
            for position, column in enumerate(query._returning)
            if isinstance(column, (UtcDateTimeField, pw.BooleanField, pw.DateField, pw.BlobField))
        ]
        return sql, parameters, converters

    @staticmethod
    def _value(parameter: Any, values: Mapping[str, Any]) -> Any:
        if not isinstance(parameter, _Slot):
            return parameter
        value = values[parameter.name]
        return _plain(value if parameter.index is None else value[parameter.index])


def _converted(row: tuple[Any, ...], converters: list[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
    cells = list(row)
    for position, convert in converters:
        cells[position] = convert(cells[position])
    return tuple(cells)


_insert_sql: dict[tuple[Any, ...], tuple[str, str]] = {}
_update_sql: dict[tuple[Any, ...], tuple[str, bool]] = {}
_defaults: dict[type[Row], dict[str, Any]] = {}


def _defaults_of(model: type[Row]) -> dict[str, Any]:
    if model not in _defaults:
        fields = model._meta.sorted_fields
        _defaults[model] = {field.name: field.default for field in fields if field.default is not None and not callable(field.default)}
    return _defaults[model]


@cache
def _holds_octets(model: type[Row]) -> bool:
    return any(isinstance(field, pw.BlobField) for field in model._meta.sorted_fields)


def _column(model: type[Row], name: str) -> str:
    return f'"{model._meta.fields[name].column_name}"'


def _key_of(model: type[Row]) -> Any:
    return model._meta.primary_key


def insert(model: type[Row], rows: Sequence[Mapping[str, Any]], *, ignore: bool = False, ids: bool = True) -> list[int]:
    """Insert rows of the same keys (field names); their ids in the order of the rows. `ignore` passes over conflicts.

    Raises peewee's IntegrityError on a conflict.
    """
    if not rows:
        return []
    if len(rows) > 1 and _holds_octets(model) and isinstance(database.obj, pw.SqliteDatabase):
        # SQLite keeps prepared statements with the values last bound to them: one statement for each number of rows would keep
        # a batch of mails in memory each
        return [number for row in rows for number in insert(model, [row], ignore=ignore, ids=ids)]
    defaults = _defaults_of(model)
    filled = [{**defaults, **row} for row in rows]
    names = tuple(filled[0])
    db = database.obj
    cached = _insert_sql.get((db, model, names))
    if cached is None:
        columns = ", ".join(_column(model, name) for name in names)
        values = "(" + ", ".join([db.param] * len(names)) + ")"
        cached = _insert_sql[(db, model, names)] = (f'INSERT INTO "{model._meta.table_name}" ({columns}) VALUES ', values)
    head, values = cached
    sealed = is_sealed(model._meta.table_name)
    key = f' RETURNING "{_key_of(model).column_name}"' if ids or sealed else ""
    sql = head + ", ".join([values] * len(filled)) + (" ON CONFLICT DO NOTHING" if ignore else "") + key
    cursor = db.execute_sql(sql, [_plain(row[name]) for row in filled for name in names])
    keys = [row[0] for row in cursor.fetchall()] if key else []
    if sealed:
        note(model, keys)
    return keys if ids else []


FORWARD = frozenset({"last_update"})
"""Times that only move forward: a mail that arrived before the last one may be seen after it."""


def update(model: type[Row], changes: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Set fields of the rows where all of `where` are equal (None: unset), those of FORWARD if they grow; how many rows that were."""
    db = database.obj
    key = (db, model, tuple(changes), tuple([(name, value is None) for name, value in where.items()]))
    known = _update_sql.get(key)
    if known is None:
        later = "MAX" if isinstance(db, pw.SqliteDatabase) else "GREATEST"
        settings = ", ".join(
            f"{_column(model, name)} = {later}({_column(model, name)}, {db.param})"
            if name in FORWARD
            else f"{_column(model, name)} = {db.param}"
            for name in changes
        )
        guards = " AND ".join(_column(model, name) + (" IS NULL" if value is None else f" = {db.param}") for name, value in where.items())
        sealed = is_sealed(model._meta.table_name, changes)
        keys = f' RETURNING "{_key_of(model).column_name}"' if sealed else ""
        known = _update_sql[key] = (f'UPDATE "{model._meta.table_name}" SET {settings} WHERE {guards}{keys}', sealed)
    sql, sealed = known
    values = [*changes.values(), *(value for value in where.values() if value is not None)]
    cursor = db.execute_sql(sql, [_plain(value) for value in values])
    if not sealed:
        return int(cursor.rowcount)
    found = [row[0] for row in cursor.fetchall()]
    note(model, found)
    return len(found)


ROWS_AT_ONCE = 20_000
"""Of many that are loaded: held in memory together, sorted so that an index grows in order."""


def load(model: type[Row], names: Sequence[str], rows: Iterable[tuple[Any, ...]], *, conflict: str = "") -> None:
    """Insert any number of rows in the fastest way either database has, never holding all. `names` are fields; the others get no value.

    A `conflict` is an error (peewee's IntegrityError), or "ignore": what is there stays, and rows that come twice are inserted
    once, or "replace": the row of this id is overwritten.
    """
    if not is_sealed(model._meta.table_name):
        _load(model, names, rows, conflict)
        return
    key = _key_of(model)
    if key.name in names:
        place = names.index(key.name)
        _load(model, names, _noted(model, place, rows), conflict)
        return
    numbers = f'SELECT "id" FROM "{model._meta.table_name}" WHERE "id" > '
    last = database.obj.execute_sql(f'SELECT coalesce(max("id"), 0) FROM "{model._meta.table_name}"').fetchone()[0]
    _load(model, names, rows, conflict)
    note(model, [row[0] for row in database.obj.execute_sql(f"{numbers}{last}")])


def _noted(model: type[Row], place: int, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows, each noted by its key as it passes."""
    for row in rows:
        note(model, (row[place],))
        yield row


def _load(model: type[Row], names: Sequence[str], rows: Iterable[tuple[Any, ...]], conflict: str) -> None:
    db = database.obj
    table = f'"{model._meta.table_name}"'
    columns = [_column(model, name) for name in names]
    listed = ", ".join(columns)
    settled = {
        "": "",
        "ignore": " ON CONFLICT DO NOTHING",
        "replace": ' ON CONFLICT ("id") DO UPDATE SET ' + ", ".join(f"{one} = excluded.{one}" for one in columns if one != '"id"'),
    }[conflict]
    waiting = iter(rows)
    with pw.__exception_wrapper__:  # type: ignore[attr-defined] # peewee's own errors, as for any statement
        cursor = db.cursor()
        if isinstance(db, pw.SqliteDatabase):
            dates = [number for number, name in enumerate(names) if isinstance(model._meta.fields[name], pw.DateField)]
            values = ", ".join([db.param] * len(names))
            while batch := list(islice(waiting, ROWS_AT_ONCE)):
                ready = sorted(set(batch)) if conflict == "ignore" else [_with_iso_dates(row, dates) for row in batch] if dates else batch
                cursor.executemany(f"INSERT INTO {table} ({listed}) VALUES ({values}){settled}", ready)
            return
        into = '"arriving"' if settled else table
        if settled:
            cursor.execute(f"CREATE TEMPORARY TABLE {into} AS SELECT {listed} FROM {table} WITH NO DATA")
        # in batches, because nothing else can be asked while a COPY runs, and the rows may come of a query
        while batch := list(islice(waiting, ROWS_AT_ONCE)):
            with cursor.copy(f"COPY {into} ({listed}) FROM STDIN") as copy:
                for row in batch:
                    copy.write_row(row)
        if settled:
            each = f"SELECT DISTINCT {listed} FROM {into} ORDER BY {listed}" if conflict == "ignore" else f"SELECT {listed} FROM {into}"
            cursor.execute(f"INSERT INTO {table} ({listed}) {each}{settled}")
            cursor.execute(f"DROP TABLE {into}")


def _with_iso_dates(row: Sequence[Any], places: Sequence[int]) -> Sequence[Any]:
    cells = list(row)
    for place in places:
        cells[place] = cells[place].isoformat() if cells[place] is not None else None
    return cells


def every(model: type[Row], *names: str) -> Iterator[tuple[Any, ...]]:
    """Every row of a table: these columns, without peewee's work for each cell; dates are dates, whatever the database keeps."""
    db = database.obj
    fields = [model._meta.columns[name] for name in names]
    listed = ", ".join(f'"{name}"' for name in names)
    convert = [
        (place, field.python_value)
        for place, field in enumerate(fields)
        if isinstance(db, pw.SqliteDatabase) and isinstance(field, (pw.DateField, pw.BooleanField))
    ]
    for row in db.execute_sql(f'SELECT {listed} FROM "{model._meta.table_name}"'):
        yield _converted(row, convert) if convert else row


def rows(query: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of a plain peewee query as tuples, one at a time (its own stubs promise model instances)."""
    yield from query.tuples().iterator()


def first(query: Any) -> tuple[Any, ...] | None:
    """The first row of a plain peewee query as a tuple, if any."""
    found: tuple[Any, ...] | None = query.tuples().first()
    return found
