"""The part of the proof that needs no meaning: every row of every table is as a transaction of the program left it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import peewee as pw

from daemon.store import seals, touched
from daemon.store.accountindex import differences
from daemon.store.schema import database

SEALS = "SELECT id, hand, number, entries, hash FROM seal ORDER BY id"
SEAL_HEADS = "SELECT hand, length, hash FROM seal_head"

AT_ONCE = 10_000
"""Rows that are compared together."""

NAMES = {
    "support_case": "CASE-{}", "cs_ticket": "CS-{}", "journal": "mail {}", "case_comment": "comment {}", "pending_question": "question {}",
    "form_request": "request {}",
}  # fmt: skip
"""What people call a row; others go by the name of their table."""


def called(table: str, key: Any) -> str:
    """What people call the row of this key."""
    return NAMES.get(table, table.replace("_", " ") + " {}").format(key)


def sealed() -> Iterator[str]:
    """Every row is as its last seal says, and there is none without a seal; the chains of seals are whole."""
    seals.settle(database.obj, touched.take())
    # a file of the database library's own that is gone when it is closed: what is said of millions of rows is held in no memory
    beside: Any = pw.SqliteDatabase("file:", uri=True, pragmas={"journal_mode": "off", "synchronous": "off"})
    beside.connect()
    try:
        beside.execute_sql('CREATE TABLE said ("of", "key", digest, PRIMARY KEY ("of", "key")) WITHOUT ROWID')
        beside.execute_sql("BEGIN")
        yield from _chains(beside)
        yield from _rows(beside)
    finally:
        beside.close()


def indexed() -> Iterator[str]:
    """What accounts are looked up by is what the directory makes of them."""
    return differences()


def _chains(beside: Any) -> Iterator[str]:
    """What the chains say, put into `beside`; and where one is broken."""
    ends: dict[int, tuple[int, str]] = {}
    broken: set[int] = set()
    numbered = seals.numbered_tables()
    cursor = beside.cursor()
    # as they are stored, whatever somebody put there
    for place, hand, number, entries, digest in database.obj.execute_sql(SEALS):
        length, previous = ends.get(hand, (0, ""))
        if hand not in broken and (number != length + 1 or digest != seals.linked(previous, number, entries)):
            broken.add(hand)
            yield f"seal {place}: its chain was changed here"
        ends[hand] = (number, digest)
        try:
            said = [
                (table, int(key) if table in numbered else key, None if digest is None else str(digest))
                for table, digests in json.loads(entries).items()
                for key, digest in digests.items()
            ]
            cursor.executemany("INSERT OR REPLACE INTO said VALUES (?, ?, ?)", said)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            yield f"seal {place}: it can't be read"
    heads = {hand: (length, digest) for hand, length, digest in database.obj.execute_sql(SEAL_HEADS)}
    for hand in sorted(ends.keys() | heads.keys(), key=str):
        if hand not in broken and ends.get(hand) != heads.get(hand):
            yield f"seal head {hand}: its chain does not end there"


def _rows(beside: Any) -> Iterator[str]:
    cursor = beside.cursor()
    for model in seals.sealed_models():
        table = seals.table_of(model)
        beside.execute_sql('CREATE TABLE there ("key" PRIMARY KEY, digest) WITHOUT ROWID')
        found = seals.every_digest(database.obj, model)
        while batch := list(islice(found, AT_ONCE)):
            cursor.executemany("INSERT INTO there VALUES (?, ?)", batch)
        joined = 'FROM there LEFT JOIN said ON said."of" = ? AND said."key" = there."key"'
        query = f'SELECT there."key", said.digest IS NULL {joined} WHERE said.digest IS NOT there.digest ORDER BY 1'
        for key, unknown in beside.execute_sql(query, (table,)):
            yield f"{called(table, key)}: {'the program never wrote it' if unknown else 'it is not as the program left it'}"
        gone = 'SELECT "key" FROM said WHERE "of" = ? AND digest IS NOT NULL AND "key" NOT IN (SELECT "key" FROM there) ORDER BY 1'
        for (key,) in beside.execute_sql(gone, (table,)):
            yield f"{called(table, key)}: it is gone"
        beside.execute_sql("DROP TABLE there")
