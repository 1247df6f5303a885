"""The JSON of the listings: every key, always, in its order; searching, limits, the way by number and by Message-ID."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from daemon.store import views
from tests.conversations.fixtures import inbox, world
from tests.conversations.world import SUPPORT, TUESDAY, World, mail

__all__ = ["inbox", "world"]

CASE_KEYS = [
    "number", "type", "subject", "state", "entity", "system", "organization", "contact", "partner", "owner", "queue", "created_at",
    "last_update", "acknowledged", "acknowledged_at", "planned_resolution", "planned_resolution_date", "closed_at", "next_deadline",
    "contact_address",
]  # fmt: skip
VIEW_KEYS = [
    "description", "origin", "contract", "acknowledged_by", "first_planned_resolution_date", "plan_count", "closed_by", "resolution",
    "closed_on_planned_date", "sla_cycle", "support", "flags", "last_review", "question", "request", "clocks", "feed", "comments", "tasks",
    "cs_tickets", "attachments", "interactions",
]  # fmt: skip
MAIL_KEYS = [
    "number", "mailbox", "uidvalidity", "uid", "message_id", "from", "subject", "received_at", "kind", "outcome", "reason", "trust", "case",
    "attempts",
]  # fmt: skip
OUTBOX_KEYS = [
    "number", "state", "to", "subject", "template", "message_id", "case", "attempts", "next_attempt_at", "sent_at", "reply_code", "detail",
    "cause", "raw_deleted_at",
]  # fmt: skip


@pytest.fixture
def lived(world: World) -> Iterator[World]:
    """Three cases of three people; the first one is the last that moved."""
    received, _ = world.talk(
        mail("ann", "Roof-7 shows no data.", message_id="<one@acme.example>"), ("ann", "case-received"), ("bob", "case-assigned")
    )
    world.later(hours=1)
    world.talk(mail("sam", "100% _sure_", subject="Ordér \\ 9001"), ("sam", "case-received"), ("lou", "case-assigned"))
    world.talk(
        mail("stranger@gmail.example", "Hello?", subject="Hi"), ("stranger@gmail.example", "case-received"), ("lou", "case-assigned")
    )
    world.later(hours=1)
    world.talk(mail("ann", "It is dark.", answers=received), ("bob", "case-comment"))
    with world.house.database.reading():
        yield world


def _numbers(**how: Any) -> list[str]:
    settings: dict[str, Any] = {"state": "all", "partner": None, "search": None, "limit": None} | how
    return [row["number"] for row in views.list_cases(**settings)]


def test_cases_are_listed_with_the_newest_last_update_first(lived: World) -> None:
    assert _numbers() == ["CASE-1001", "CASE-1003", "CASE-1002"]
    assert _numbers(limit=2) == ["CASE-1001", "CASE-1003"]
    assert _numbers(state="open") == _numbers()
    assert _numbers(state="closed") == []
    assert (views.count_cases("all"), views.count_cases("closed")) == (3, 0)
    assert _numbers(partner="miller solar") == ["CASE-1001"]
    assert _numbers(partner="Nobody") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("roof-7 DATA", ["CASE-1001"]), ("hello", ["CASE-1003"]), ("9001", ["CASE-1002"]), ("100%", ["CASE-1002"]), ("%", ["CASE-1002"]),
        ("_sure_", ["CASE-1002"]), ("\\", ["CASE-1002"]), ("Ordér", ["CASE-1002"]), ("roof-7 hello", []), ("'; DROP TABLE x", []),
    ],
)  # fmt: skip
def test_every_word_of_a_search_must_be_there_as_it_is_written(lived: World, words: str, found: list[str]) -> None:
    assert _numbers(search=words) == found


def test_the_keys_are_those_of_the_contract(lived: World) -> None:
    (row, *_) = views.list_cases(state="all", partner=None, search=None, limit=1)
    assert list(row) == CASE_KEYS
    view = views.case_view(1001, SUPPORT)
    assert view is not None
    assert list(view) == [*CASE_KEYS, *VIEW_KEYS, "account"]
    assert {key: view[key] for key in CASE_KEYS} == row
    assert set(views.list_mails(outcome=None, limit=1)[0]) >= set(MAIL_KEYS)
    assert [key for key in views.list_mails(outcome=None, limit=1)[0] if key in MAIL_KEYS] == MAIL_KEYS
    assert list(views.list_outbox(state=None, limit=1)[0]) == OUTBOX_KEYS
    assert list(view["interactions"][0]) == [
        "direction", "at", "message_id", "from", "to", "subject", "template", "name", "relates_to", "state", "journal",
    ]  # fmt: skip


def test_a_case_shows_all_that_happened_in_order(lived: World) -> None:
    view = views.case_view(1001, SUPPORT)
    assert view is not None
    assert view["description"] == "Roof-7 shows no data."
    assert [(i["direction"], i["name"], i["state"]) for i in view["interactions"]] == [
        ("in", "ann", "acted"), ("out", "ann", "sent"), ("out", "bob", "sent"), ("in", "ann", "acted"), ("out", "bob", "sent"),
    ]  # fmt: skip
    first, answer = view["interactions"][:2]
    assert (first["from"], first["message_id"], first["journal"], first["template"]) == (
        "ann.lee@acme.example",
        "<one@acme.example>",
        1,
        None,
    )
    assert (answer["to"], answer["template"], answer["journal"], answer["relates_to"]) == (
        "ann.lee@acme.example", "case-received", None, "CASE-1001",
    )  # fmt: skip
    assert view["comments"] == [
        {"at": TUESDAY.replace(hour=17), "author": "ann", "public": True, "body": "It is dark."},
    ]  # fmt: skip
    assert view["created_at"] == TUESDAY
    assert views.case_view(4711, SUPPORT) is None


def test_mails_are_listed_newest_first_and_by_outcome(lived: World) -> None:
    rows = views.list_mails(outcome=None, limit=None)
    assert [row["number"] for row in rows] == [4, 3, 2, 1]
    assert [row["case"] for row in rows] == ["CASE-1001", "CASE-1003", "CASE-1002", "CASE-1001"]
    assert views.list_mails(outcome="ignored", limit=None) == []
    assert views.list_mails(outcome="in progress", limit=None) == []
    assert [row["number"] for row in views.list_mails(outcome="acted", limit=2)] == [4, 3]


def test_outgoing_mails_are_listed_by_state(lived: World) -> None:
    rows = views.list_outbox(state="sent", limit=None)
    assert [row["number"] for row in rows] == [7, 6, 5, 4, 3, 2, 1]
    assert {row["next_attempt_at"] for row in rows} == {None}
    assert views.list_outbox(state="held", limit=None) == []


@pytest.mark.parametrize("name", ["1", "<one@acme.example>", "one@acme.example"])
def test_a_mail_is_found_by_its_number_and_by_its_message_id(lived: World, name: str) -> None:
    row = views.find_mail(name)
    assert row is not None
    assert (row["number"], row["state"], row["internal_date"]) == (1, "acted", TUESDAY)


@pytest.mark.parametrize("name", ["99", "<two@acme.example>", "", "9" * 30])
def test_a_mail_that_is_not_there_is_not_found(lived: World, name: str) -> None:
    assert views.find_mail(name) is None
