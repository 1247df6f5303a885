"""Real mail of all kinds through the whole program: each has its end, with a reason, and the books are good.

SUPPORTD_CORPORA names a folder with `corpora/` and `samples/`, mails one a file.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from daemon.configuration.keys import LimitsKeys
from tests.conversations.world import PymapInbox, World
from tests.doubles import Sink

pytestmark = pytest.mark.corpora


@pytest.fixture
def world(tmp_path: Path, database_url: str, sink: Sink, environment: Callable[..., dict[str, str]]) -> Iterator[World]:
    inbox = PymapInbox()
    with closing(inbox), World(tmp_path / "world", database_url, inbox, sink, environment) as made:
        yield made


def test_every_real_mail_has_its_end_and_the_books_are_good(world: World) -> None:
    home = Path(os.environ["SUPPORTD_CORPORA"])
    folders = [home / "corpora", home / "samples"]
    files = [path for folder in folders for path in folder.rglob("*.eml")]
    assert files
    count = int(world.cli("ingest", *map(str, folders)).split()[0])
    assert count >= len(files), "a file that begins with an mbox separator may hold several mails"
    world.cli("run", "--once", "--stage", "apply")
    books = world.assert_good_books()
    assert (books.received, books.in_progress, books.vanished) == (count, 0, 0)
    mails = world.mails()
    assert all(m["reason"] for m in mails)
    assert_only_limits(mails)
    for (outcome, reason), number in Counter((m["outcome"], m["reason"]) for m in mails).items():
        print(number, outcome, reason)

    # a second round finds nothing to do, and the same mails once more change nothing
    world.cli("run", "--once", "--stage", "apply")
    cases = len(world.cases())
    world.cli("ingest", *map(str, folders))
    world.cli("run", "--once", "--stage", "apply")
    again = world.mails()[count:]
    assert len(again) == count
    assert {m["outcome"] for m in again} <= {"ignored", "quarantined"}
    assert_only_limits(again)
    assert len(world.cases()) == cases
    world.assert_good_books()


def assert_only_limits(mails: list[dict[str, Any]]) -> None:
    """Nothing is kept for a human but what crosses a limit, which is named with its value."""
    kept = [m for m in mails if m["outcome"] == "quarantined"]
    assert [m for m in kept if m["reason"] != "limit-crossed"] == []
    assert {m["detail"].partition(":")[0] for m in kept} <= set(LimitsKeys.model_fields)
