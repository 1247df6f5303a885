"""A database with a long past: closed cases and their mails, as years of work leave them."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from daemon.store.database import Database
from daemon.store.schema import TABLES
from tests.benchmarks.workload import person

FIRST_CASE = 1001
PEOPLE = 5000
"""Who wrote in the past; the first of them write today too."""
LONG_AGO = "2025-06-01 09:00:00.000000"
WORDS = ("the", "display", "stays", "dark", "after", "every", "restart", "please", "help", "soon", "thanks")

Row = tuple[object, ...]


def write_past(path: Path, cases: int) -> None:
    """Fill a new SQLite database with so many closed cases and three mails each: the ticket, the answer, a reply."""
    database = Database(f"sqlite:////{str(path).lstrip('/')}")
    database.migrate()
    database.close()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for table, columns, rows in _tables(cases):
        named = [column.strip() for column in columns.split(",")]
        usual = _usual_values(table, named)
        names = ", ".join([*named, *usual])
        values = ", ".join(["?"] * len(named) + list(usual.values()))
        connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({values})', rows)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _usual_values(table: str, named: list[str]) -> dict[str, str]:
    """The defaults of the columns that are not named, as SQL."""
    model = next(model for model in TABLES if model._meta.table_name == table)
    fields = [field for field in model._meta.sorted_fields if field.column_name not in named and field.default is not None]
    return {field.column_name: f"'{field.default}'" if isinstance(field.default, str) else str(int(field.default)) for field in fields}


def _tables(cases: int) -> Iterator[tuple[str, str, Iterator[Row]]]:
    numbers = range(cases)
    chance = random.Random(5)

    def digest(number: int, which: str) -> str:
        return hashlib.sha256(f"{which}{number}".encode()).hexdigest()

    def words() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(30, 250)))

    def address(number: int) -> str:
        return person(number % PEOPLE)[1]

    yield (
        "support_case",
        "id, type, subject, description, origin, contact_address, sla_cycle, plan_count, closed_at, created_at, last_update, flags,"
        " log_length, log_hash",
        (
            (FIRST_CASE + n, "support", f"past trouble {n}", words(), "email", address(n), 1, 0, LONG_AGO, LONG_AGO, LONG_AGO, "[]", 1, digest(n, "log"))
            for n in numbers
        ),
    )
    yield "octets", "sha256, content", ((digest(n, which), words().encode()) for n in numbers for which in ("first", "second"))
    yield (
        "journal",
        "id, mailbox, folder, uidvalidity, uid, sha256, size, internal_date, recorded_at, lane, archive, released, state, attempts,"
        " failures, alone, kind, reason, grade, author, message_id, subject, identity, decided_at, record, tidied",
        (
            (
                2 * n + k + 1, "support", "INBOX", 1, 2 * n + k + 1, digest(n, which), 900, LONG_AGO, LONG_AGO, address(n), 0, 0, "acted", 1,
                0, 0, "ticket" if k == 0 else "reply", "case-opened" if k == 0 else "comment-added", "plausible", address(n),
                f"<{which}.{n}@past.example>", f"past trouble {n}", digest(n, f"id{which}"), LONG_AGO, "{}", 1,
            )
            for n in numbers
            for k, which in enumerate(("first", "second"))
        ),
    )  # fmt: skip
    yield (
        "outbox",
        "id, state, cause, effect_key, forward_path, reverse_path, template, message_id, subject, case_id, octets, counted, created_at,"
        " attempts, next_attempt_at, sent_at, told, reply_code",
        (
            (
                n + 1, "sent", f"mail:{2 * n + 1}", f"mail:{2 * n + 1}:1:{address(n)}", address(n), "support@support.example", "case-received",
                f"<answer.{n}@support.example>", f"Re: past trouble {n}", FIRST_CASE + n, words().encode(), 1, LONG_AGO, 1, LONG_AGO,
                LONG_AGO, 0, 250,
            )
            for n in numbers
        ),
    )  # fmt: skip
    yield (
        "interaction",
        "direction, journal_id, outbox_id, at, message_id, address, case_id",
        (
            row
            for n in numbers
            for row in (
                ("in", 2 * n + 1, None, LONG_AGO, f"<first.{n}@past.example>", address(n), FIRST_CASE + n),
                ("out", None, n + 1, LONG_AGO, f"<answer.{n}@support.example>", address(n), FIRST_CASE + n),
                ("in", 2 * n + 2, None, LONG_AGO, f"<second.{n}@past.example>", address(n), FIRST_CASE + n),
            )
        ),
    )
    yield (
        "feed_item",
        "case_id, at, kind, author_address, public, body, cause, mentions",
        ((FIRST_CASE + n, LONG_AGO, "created", address(n), 0, "opened by mail", f"mail:{2 * n + 1}", "[]") for n in numbers),
    )
    yield (
        "case_comment",
        "case_id, at, author_address, public, body, cause",
        ((FIRST_CASE + n, LONG_AGO, address(n), 1, words(), f"mail:{2 * n + 2}") for n in numbers),
    )
    yield (
        "event",
        "case_id, sequence, at, cause, verb, payload, hash",
        ((FIRST_CASE + n, 1, LONG_AGO, f"mail:{2 * n + 1}", "OpenCase", "{}", digest(n, "log")) for n in numbers),
    )
