"""A database with a long past: closed cases and their mails, as years of work leave them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from daemon.store.database import Database
from daemon.store.schema import Case, CaseComment, Event, FeedItem, Interaction, Journal, Octets, Outbox, Row
from daemon.store.statements import insert
from tests.benchmarks.workload import SUPPORT, person

FIRST_CASE = 1001
PEOPLE = 5000
"""Who wrote in the past; the first of them write today too."""
LONG_AGO = "2025-06-01 09:00:00.000000"
WORDS = ("the", "display", "stays", "dark", "after", "every", "restart", "please", "help", "soon", "thanks")
ROWS = 500
"""In one statement."""


def write_past(path: Path, cases: int) -> None:
    """Make a SQLite database with so many closed cases and three mails each: the ticket, its answer, a reply."""
    database = Database(f"sqlite:////{str(path).lstrip('/')}")
    database.migrate()
    with database.transaction():
        for first in range(0, cases, ROWS):
            for model, rows in _tables(range(first, min(first + ROWS, cases))):
                while chunk := list(islice(rows, ROWS)):
                    insert(model, chunk, ids=False)
    database.peewee.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _digest(number: int, which: str) -> str:
    return hashlib.sha256(f"{which}{number}".encode()).hexdigest()


def _address(number: int) -> str:
    return person(number % PEOPLE)[1]


def _tables(numbers: range) -> Iterator[tuple[type[Row], Iterator[dict[str, Any]]]]:
    """The rows of these cases, in an order that keeps foreign keys."""
    chance = random.Random(numbers.start)

    def words() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(30, 250)))

    yield Case, ({
        "id": FIRST_CASE + n, "type": "support", "subject": f"past trouble {n}", "description": words(), "origin": "email",
        "contact_address": _address(n), "closed_at": LONG_AGO, "created_at": LONG_AGO, "last_update": LONG_AGO, "log_length": 1,
        "log_hash": _digest(n, "log"),
    } for n in numbers)  # fmt: skip
    mails = [(n, which, 2 * n + position) for n in numbers for position, which in enumerate(("ticket", "reply"), 1)]
    yield Octets, ({"sha256": _digest(n, which), "content": words().encode()} for n, which, _ in mails)
    yield Journal, ({
        "id": number, "mailbox": "support", "folder": "INBOX", "uidvalidity": 1, "uid": number, "sha256": _digest(n, which), "size": 900,
        "internal_date": LONG_AGO, "recorded_at": LONG_AGO, "lane": _address(n), "state": "acted", "attempts": 1, "kind": which,
        "reason": "case-opened" if which == "ticket" else "comment-added", "grade": "plausible", "author": _address(n),
        "message_id": f"<{which}.{n}@past.example>", "subject": f"past trouble {n}", "identity": _digest(n, f"same {which}"),
        "decided_at": LONG_AGO, "record": "{}", "tidied": True,
    } for n, which, number in mails)  # fmt: skip
    yield Outbox, ({
        "id": n + 1, "state": "sent", "cause": f"mail:{2 * n + 1}", "effect_key": f"mail:{2 * n + 1}:1:{_address(n)}",
        "forward_path": _address(n), "reverse_path": SUPPORT, "template": "case-received", "message_id": f"<answer.{n}@support.example>",
        "subject": f"Re: past trouble {n}", "case": FIRST_CASE + n, "octets": words().encode(), "counted": True, "created_at": LONG_AGO,
        "attempts": 1, "sent_at": LONG_AGO, "reply_code": 250,
    } for n in numbers)  # fmt: skip
    yield Interaction, ({
        "direction": "in", "journal": number, "outbox": None, "at": LONG_AGO, "message_id": f"<{which}.{n}@past.example>",
        "address": _address(n), "case": FIRST_CASE + n,
    } for n, which, number in mails)  # fmt: skip
    yield Interaction, ({
        "direction": "out", "journal": None, "outbox": n + 1, "at": LONG_AGO, "message_id": f"<answer.{n}@support.example>",
        "address": _address(n), "case": FIRST_CASE + n,
    } for n in numbers)  # fmt: skip
    yield FeedItem, ({
        "case": FIRST_CASE + n, "at": LONG_AGO, "kind": "created", "author_address": _address(n), "public": False,
        "body": "opened by mail", "cause": f"mail:{2 * n + 1}",
    } for n in numbers)  # fmt: skip
    yield CaseComment, ({
        "case": FIRST_CASE + n, "at": LONG_AGO, "author_address": _address(n), "public": True, "body": words(),
        "cause": f"mail:{2 * n + 2}",
    } for n in numbers)  # fmt: skip
    yield Event, ({
        "case": FIRST_CASE + n, "sequence": 1, "at": LONG_AGO, "cause": f"mail:{2 * n + 1}", "verb": "OpenCase", "payload": "{}",
        "hash": _digest(n, "log"),
    } for n in numbers)  # fmt: skip
