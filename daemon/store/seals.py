"""Seal every row that a transaction wrote, in the same transaction, so that `audit` can tell what was changed behind the program.

A seal is one line for one transaction: the digest of each row as it was left, null for one that is gone. The last word about a row
holds. The seals of one thread of one process are a chain, whose length and end are kept beside them, so none can be missing.
A digest is no signature: who may write into the database and knows this file can seal anew what he changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import peewee as pw

from daemon.store.schema import TABLES
from daemon.store.touched import UNSEALED, Touched, is_sealed
from daemon.store.travelling import cells

DIGEST_OCTETS = 12
"""96 bits: enough against whatever happens by hand or by accident."""

ROWS_AT_ONCE = 512
"""In one seal, and in one question."""

_hand: ContextVar[tuple[int, int]] = ContextVar("hand", default=(0, 0))
"""The process that drew it, and the number of the chain this thread writes: two threads never wait for each other's."""


def settle(db: Any, touched: Touched) -> None:
    """Seal these rows as they are now. Inside the transaction that wrote them, as its last act."""
    entries: list[tuple[str, str, str | None]] = []
    for model, keys in touched.items():
        ordered = sorted(keys)
        for start in range(0, len(ordered), ROWS_AT_ONCE):
            batch = ordered[start : start + ROWS_AT_ONCE]
            there = dict(_digests_of(db, model, batch))
            entries += [(table_of(model), str(key), there.get(key)) for key in batch]
    _write(db, entries)


def seal_everything(db: Any) -> None:
    """Seal all rows of all tables anew: what was found is taken for true. For a step of the schema, which changes rows itself."""
    for name in ("seal", "seal_head"):
        db.execute_sql(f'DELETE FROM "{name}"')
    for model in sealed_models():
        found = every_digest(db, model)
        while batch := list(islice(found, ROWS_AT_ONCE)):
            _write(db, [(table_of(model), str(key), digest) for key, digest in batch])


def sealed_models() -> tuple[Any, ...]:
    """The tables whose rows are sealed."""
    return tuple(model for model in TABLES if is_sealed(table_of(model)))


def table_of(model: Any) -> str:
    """The name of its table."""
    return str(model._meta.table_name)


def numbered_tables() -> frozenset[str]:
    """Those whose keys are numbers; a seal writes every key as text."""
    return frozenset(table_of(model) for model in sealed_models() if isinstance(model._meta.primary_key, pw.IntegerField))


def every_digest(db: Any, model: Any) -> Iterator[tuple[Any, str]]:
    """Key and digest of every row of a table as it is now."""
    shape = _shape(model)
    return _digested(shape, cells(db, shape.select, shape.fields))


def linked(previous: str, number: int, entries: str) -> str:
    """The hash of the seal behind the one with hash `previous` ("" for the first)."""
    return hashlib.blake2b(f"{previous}\n{number}\n{entries}".encode(), digest_size=16).hexdigest()


# --- digests -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a table is read for its seals: the key first, then every field that is sealed."""

    table: str
    select: str
    where: str
    fields: tuple[pw.Field, ...]
    octets: tuple[int, ...]
    """Places of octets: their digest stands for them."""


@cache
def _shape(model: Any) -> _Shape:
    meta = model._meta
    without = UNSEALED.get(meta.table_name, frozenset())
    fields = (meta.primary_key, *(field for field in meta.sorted_fields if field.name not in without))
    listed = ", ".join(f'"{field.column_name}"' for field in fields)
    octets = tuple(place for place, field in enumerate(fields) if isinstance(field, pw.BlobField))
    where = f' WHERE "{meta.primary_key.column_name}" IN '
    return _Shape(meta.table_name, f'SELECT {listed} FROM "{meta.table_name}"', where, fields, octets)


@cache
def _few(mark: str, most: int) -> str:
    return f"({', '.join([mark] * most)})"


def _digests_of(db: Any, model: Any, keys: Sequence[Any]) -> Iterator[tuple[Any, str]]:
    shape = _shape(model)
    # few lengths, so that few statements are prepared
    most = 1 << max(0, len(keys) - 1).bit_length()
    sql = shape.select + shape.where + _few(db.param, most)
    return _digested(shape, cells(db, sql, shape.fields, [*keys, *[keys[-1]] * (most - len(keys))]))


def _digested(shape: _Shape, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, str]]:
    for row in rows:
        if shape.octets:
            row = tuple([_short(cell) if place in shape.octets else cell for place, cell in enumerate(row)])
        # ascii() is the same on every Python, whatever signs the words have
        yield row[0], hashlib.blake2b(ascii((shape.table, *row)).encode("ascii"), digest_size=DIGEST_OCTETS).hexdigest()


def _short(cell: Any) -> Any:
    return hashlib.blake2b(cell, digest_size=DIGEST_OCTETS).digest() if isinstance(cell, bytes) else cell


# --- lines ---------------------------------------------------------------------------------------------------------


def _write(db: Any, entries: Sequence[tuple[str, str, str | None]]) -> None:
    hand, mark = _own_hand(), db.param
    for start in range(0, len(entries), ROWS_AT_ONCE):
        by_table: dict[str, dict[str, str | None]] = {}
        for table, key, digest in entries[start : start + ROWS_AT_ONCE]:
            by_table.setdefault(table, {})[key] = digest
        words = json.dumps(by_table, separators=(",", ":"))
        head = db.execute_sql(f'SELECT "length", "hash" FROM "seal_head" WHERE "hand" = {mark}', (hand,)).fetchone()
        length, previous = head or (0, "")
        end = linked(previous, length + 1, words)
        db.execute_sql(
            f'INSERT INTO "seal" ("hand", "number", "entries", "hash") VALUES ({mark}, {mark}, {mark}, {mark})',
            (hand, length + 1, words, end),
        )
        if head:
            db.execute_sql(f'UPDATE "seal_head" SET "length" = {mark}, "hash" = {mark} WHERE "hand" = {mark}', (length + 1, end, hand))
        else:
            db.execute_sql(f'INSERT INTO "seal_head" ("hand", "length", "hash") VALUES ({mark}, {mark}, {mark})', (hand, 1, end))


def _own_hand() -> int:
    process, hand = _hand.get()
    if process != os.getpid():
        process, hand = os.getpid(), secrets.randbits(62)
        _hand.set((process, hand))
    return hand
