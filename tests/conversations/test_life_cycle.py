"""Whatever people write, in whatever order and however late: no sequence of mails breaks a law of the life of a case."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conversations.lives import (
    EVERYBODY,
    HOUSE_PEOPLE,
    PARTNER_PEOPLE,
    SECRET,
    STRANGER,
    Again,
    Place,
    Refuse,
    Returned,
    Say,
    Step,
    Wait,
    place,
    postgres_copies,
    sqlite_copies,
)
from tests.servers.postgres import fresh_database

LIVES = int(os.environ.get("SUPPORTD_TEST_LIVES", "12"))
"""How many lives are lived. More of them find more: `SUPPORTD_TEST_LIVES=2000`, each time other ones."""

OPENINGS = (
    ("cara", "#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: Miller Solar\nThe inverter is offline."),
    ("cara", "#case\ntype: reseller\ncontact: ann.lee@acme.example\nThe inverter is offline."),
    ("ann", "Roof-7 shows no data."),
    ("sam", "How do I install it?"),
    ("cara", "#case\ntype: homeowner\ncontact: hank@home.example\ncontract: HC-101\nThe panel leaks."),
    ("cara", "#case\ntype: homeowner\ncontact: hank@home.example\ncontract: HC-100\nThe panel leaks."),
    ("lou", "#case\ntype: installer\ncontact: ann.lee@acme.example\npartner: Berlin Sonne GmbH\nA cable is missing."),
    ("bob", "#case\ntype: helpdesk\nsystem: Roof-7\nNo data."),
    (STRANGER, "Is anybody there?"),
)

BY_ANYBODY = (
    "#close It works.", "#close", "#reopen It broke again.", "#reopen", "#comment A word.", "#update", "#undo", "#confirm", "#decline",
    "#status", "#list", "#help", "Any news?", "thank you!", "Acknowledged",
    "Closed", "Done - thanks", "Please reopen", "yes", "No, thanks.",
    "#close if it rains", "#clsoe It works.", "#end", "# Close the valve first", "#1 is broken", "#ack", "#assign me", "#review Good.",
    "#plan 2025-12-19 Come by.", "#contact\nFirst Name: Zoe\nLast Name: New\nCompany: Acme Homes\nEmail: zoe@acme.example",
)  # fmt: skip

BY_STAFF = (
    "#ack", "#ack", "!ack Mine.", "/acknowledge", "#plan 2025-12-05 Replace the gateway", "#plan +3 business days Replace it",
    "#plan tomorrow Look at it", "#plan today Look at it", "#plan next friday Come by", "#plan in 3 weeks Come by",
    "#plan 2026-01-15 Later",
    "#plan 2025-12-25 On a holiday", "#plan 2025-12-06 On a Saturday", "#plan 12/01/2026 Come by", "#plan 2024-01-01 Long ago",
    "#plan 2029-01-01 One day", "#plan Come by", "#plan 2025-12-05", "#assign bob", "#assign ben", "#assign me", "#assign eva",
    "#assign lou", "#assign sales", "#assign triage", "#assign Miller Solar", "#assign Berlin Sonne GmbH", "#assign Nobody At All",
    "#review Slow but good.", f"#review {'x' * 1001}", f"#review {SECRET}", f"#internal {SECRET}", f"#mention @lou {SECRET}",
    f"#mention @ann {SECRET}", f"@lou {SECRET}", "#mention @eva look", "I ask @marta about it.", "#close Replaced.", "#close Replaced.",
    "#reopen It broke.", "#comment Please restart it.", "On it!", "Fixed", "Resolved, thanks", "#undo",
)  # fmt: skip


def letters(who: str) -> st.SearchStrategy[str | int]:
    """What somebody writes: what moves the case on, one thing, or several in one mail."""
    staff = who in HOUSE_PEOPLE or who in PARTNER_PEOPLE
    pool = (*BY_STAFF, *BY_ANYBODY) if staff else BY_ANYBODY
    some = st.sampled_from([words for words in pool if not words.startswith("@")])
    several = st.lists(some, min_size=2, max_size=3).map("\n".join)
    return mostly_one((st.integers(0, 5), 5), (st.sampled_from(pool), 3), (several, 1))


def mostly_one(*weighed: tuple[st.SearchStrategy[Any], int]) -> st.SearchStrategy[Any]:
    """One of these, each as often as its weight says (`one_of` would count alike what is named twice)."""
    return st.sampled_from([strategy for strategy, weight in weighed for _ in range(weight)]).flatmap(lambda strategy: strategy)


def says(who: str) -> st.SearchStrategy[Step]:
    """A mail of somebody: mostly believed, mostly an answer to the newest mail, mostly seen at once."""
    return st.builds(
        Say, who=st.just(who), words=letters(who), way=mostly("own", "thread", "tag", "other", "new"), back=mostly(0, 1, 2, 5),
        results=mostly("pass", "none", "fail", None), late=mostly(0, 5, 180, 3000), seen=mostly(True, False),
    )  # fmt: skip


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The first nine times in ten."""
    return st.sampled_from((*(usual,) * 9 * len(others), *others))


WAITS = (10, 90, 60 * 5, 60 * 18, 60 * 25, 60 * 24 * 3, 60 * 24 * 9, 60 * 24 * 40)
people = st.sampled_from(
    ("bob", "bob", "bob", "bob", "ben@miller.example", "cara", "cara", "lou", "marta", "ann", "ann", "hank", "eva", STRANGER)
)
waits = st.builds(Wait, minutes=st.sampled_from(WAITS))
troubles = st.one_of(
    st.builds(Again, back=st.integers(0, 3)),
    st.builds(Returned, back=st.integers(0, 3), status=st.sampled_from(("5.1.1", "4.2.2", None))),
    st.builds(Refuse, who=st.sampled_from(EVERYBODY), outcome=st.sampled_from(("refused", "deferred", "unknown"))),
)
steps: st.SearchStrategy[Step] = st.sampled_from(("say",) * 9 + ("wait",) * 3 + ("trouble",)).flatmap(
    {"say": people.flatmap(says), "wait": waits, "trouble": troubles}.__getitem__
)


def begun(silent: bool) -> st.SearchStrategy[list[Step]]:
    """A life from the opening of a case on. Where our mail server is silent only plain words open one."""
    usual = OPENINGS[2:3] if silent else OPENINGS[:1]
    opening = st.sampled_from((*usual * 6, *OPENINGS)).map(lambda made: Say(who=made[0], words=made[1], way="new"))
    more = st.lists(steps, min_size=12, max_size=30)
    return st.tuples(opening, more).map(lambda life: [life[0], *life[1]])


lives = st.sampled_from((False, False, False, True)).flatmap(lambda silent: st.tuples(st.just(silent), begun(silent)))


def live(where: Place, silent: bool, life: list[Step]) -> None:
    """Take the steps; after each of them every law holds."""
    with where.life(silent=silent) as lived:
        for step in life:
            lived.take(step)
            lived.assert_lawful()
        lived.finish()
        lived.assert_lawful()


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("lives")
    original = folder / "supportd.db"
    with place(folder, f"sqlite:///{original}", sqlite_copies(original, folder)) as made:
        yield made


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Place]:
    with (
        fresh_database(postgres_url) as original,
        place(tmp_path_factory.mktemp("lives"), original, postgres_copies(original, postgres_url)) as made,
    ):
        yield made


def settled(count: int) -> settings:
    """The same lives every time, unless more are asked for."""
    return settings(
        max_examples=count, derandomize="SUPPORTD_TEST_LIVES" not in os.environ, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@pytest.mark.timeout(300 + 10 * LIVES)
@settled(LIVES)
@given(life=lives)
def test_no_sequence_of_mails_breaks_a_law(on_sqlite: Place, life: tuple[bool, list[Step]]) -> None:
    live(on_sqlite, *life)


@pytest.mark.timeout(300 + 10 * LIVES)
@pytest.mark.postgres
@settled(max(LIVES // 8, 1))
@given(life=lives)
def test_nor_does_one_on_postgres(on_postgres: Place, life: tuple[bool, list[Step]]) -> None:
    live(on_postgres, *life)
