"""Every mail of the corpora through the whole program: each gets its end, the books balance, nothing is left in progress.

SUPPORTD_CORPORA names the folder that holds `corpora` and `samples`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conversations.fixtures import database_url, make_world, settled_postgres
from tests.conversations.world import PymapInbox, World

__all__ = ["database_url", "make_world", "settled_postgres"]

pytestmark = [pytest.mark.corpora, pytest.mark.timeout(900)]


def _mails() -> list[Path]:
    root = Path(os.environ["SUPPORTD_CORPORA"])
    found = sorted(path for folder in ("corpora", "samples") for path in (root / folder).rglob("*.eml"))
    assert found, f"no mail below {root}"
    return found


@pytest.fixture
def offline(make_world: Callable[..., World], database_url: str) -> World:
    """A world whose mailbox and relay are not there."""
    gone = PymapInbox()
    gone.close()
    return make_world(gone, database_url, smtp_port=1, limits={"cases_per_sender_hour": 0, "cases_per_sender_day": 0})


def test_every_mail_of_the_corpora_gets_its_end_and_the_books_balance(offline: World) -> None:
    mails = _mails()
    for first in range(0, len(mails), 500):
        offline.cli("ingest", *map(str, mails[first : first + 500]))
    offline.cli("run", "--once", "--stage", "apply")
    books = offline.assert_good_books()
    # a file that begins like a mailbox may hold more than one mail
    assert books.received >= len(mails)
    assert books.in_progress == 0
    rows = offline.mails()
    reasons = Counter(row["reason"] for row in rows)
    print(len(mails), "mails:", dict(reasons.most_common()))
    # no bug, no dead child; what is quarantined crosses a limit that has a name
    assert reasons["unexpected-error"] == reasons["parser-failed"] == 0
    assert {row["reason"] for row in rows if row["outcome"] == "quarantined"} <= QUARANTINED
    # a copy is a copy of something
    octets = [hashlib.sha256(path.read_bytes()).hexdigest() for path in mails]
    assert reasons["copy-of-mail"] >= len(octets) - len(set(octets))
    assert {row["state"] for row in offline.outbox()} <= {"queued", "held"}
    assert not any("template" in (row["detail"] or "") for row in offline.outbox())


QUARANTINED = {"limit-crossed", "form-forged", "command-forged"}
"""Reasons to keep a mail for a person that are no fault of the program."""


def test_a_second_pass_over_the_corpora_has_no_effect(offline: World) -> None:
    mails = _mails()[:400]
    offline.cli("ingest", *map(str, mails))
    offline.cli("run", "--once", "--stage", "apply")
    before = (len(offline.cases()), len(offline.outbox()))
    taken = len(offline.mails())
    offline.cli("ingest", *map(str, mails))
    offline.cli("run", "--once", "--stage", "apply")
    assert (len(offline.cases()), len(offline.outbox())) == before
    second = offline.mails()[taken:]
    assert {row["outcome"] for row in second} <= {"ignored", "quarantined"}
    offline.assert_good_books()
