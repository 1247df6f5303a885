"""What a list and a status say, and to whom what is not said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daemon.actions.cases import add_comment
from daemon.actions.telling import MOST_TICKETS, moment, short, status, tickets
from daemon.actions.vocabulary import AddComment
from daemon.store.database import Database
from tests.actions.desk import AT, a_case
from tests.rules.facts import ANN, NORA, OWEN, PAT, RIVAL, STRANGER

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
LATER = AT + timedelta(hours=1)


def test_a_time_is_told_on_the_readers_wall_clock() -> None:
    at = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
    assert moment(at, NEW_YORK) == "Monday 23 November 2026, 10:05 (America/New_York)"
    assert moment(at, BERLIN) == "Monday 23 November 2026, 16:05 (Europe/Berlin)"
    assert short(at, NEW_YORK) == "2026-11-23 10:05"


def test_the_list_has_the_latest_change_first(database: Database) -> None:
    with database.transaction():
        one, two = a_case(), a_case(last_update=LATER, subject="Dark", closed_at=LATER, resolution="x")
        three = a_case(last_update=LATER, system=None)
        assert tickets(PAT.id, NEW_YORK) == [
            {"number": f"CASE-{three}", "entity": "Acme Homes", "system": "", "subject": "No data", "created_at": "2026-11-23 10:05",
             "last_update": "2026-11-23 11:05", "state": "Ticket Open"},
            {"number": f"CASE-{two}", "entity": "Acme Homes", "system": "Roof-7", "subject": "Dark", "created_at": "2026-11-23 10:05",
             "last_update": "2026-11-23 11:05", "state": "Ticket Closed"},
            {"number": f"CASE-{one}", "entity": "Acme Homes", "system": "Roof-7", "subject": "No data", "created_at": "2026-11-23 10:05",
             "last_update": "2026-11-23 10:05", "state": "Ticket Open"},
        ]  # fmt: skip


def test_a_partner_sees_its_own_and_the_house_all(database: Database) -> None:
    with database.transaction():
        numbers = [f"CASE-{a_case(partner=partner)}" for partner in (2, 4, None)]
        assert [row["number"] for row in tickets(PAT.id, NEW_YORK)] == numbers[:1]
        assert [row["number"] for row in tickets(RIVAL.id, NEW_YORK)] == numbers[1:2]
        assert {row["number"] for row in tickets(NORA.id, NEW_YORK)} == set(numbers)
        opened = f"CASE-{a_case(partner=None, opening_partner=2)}"
        own = f"CASE-{a_case(partner=None, contact=RIVAL.id)}"
        assert {row["number"] for row in tickets(PAT.id, NEW_YORK)} == {numbers[0], opened}
        assert {row["number"] for row in tickets(RIVAL.id, NEW_YORK)} == {numbers[1], own}
        assert tickets(ANN.id, NEW_YORK) == tickets(None, NEW_YORK) == tickets(9999, NEW_YORK) == []


def test_a_list_by_mail_has_an_end(database: Database) -> None:
    with database.transaction():
        for _ in range(MOST_TICKETS + 3):
            a_case()
        assert len(tickets(NORA.id, NEW_YORK)) == MOST_TICKETS


def said(number: int, role: str = "house") -> dict[str, str]:
    return {field["label"]: field["value"] for field in status(number, role, NEW_YORK)["fields"]}


PLANNED: dict[str, Any] = {
    "acknowledged_at": AT, "planned_resolution": "Look", "planned_resolution_date": date(2026, 12, 1), "plan_count": 1,
    "first_planned_resolution_date": date(2026, 12, 1),
}  # fmt: skip


def test_the_status_says_only_what_is_set(database: Database) -> None:
    with database.transaction():
        new, done = a_case(), a_case(**PLANNED, closed_at=LATER, resolution="Replaced it")
        assert said(new).keys() == {"Subject", "State", "Entity", "System", "Contact", "Partner", "Owner", "Created at", "Last Update"}
        assert (said(new)["Contact"], said(new)["Owner"], said(new)["State"]) == ("Ann", "level-one", "Ticket Open")
        closed = said(done)
        assert (closed["State"], closed["Resolution"], closed["Planned Resolution"]) == ("Ticket Closed", "Replaced it", "Look")
        assert closed["Closed Date"] == "Monday 23 November 2026, 11:05 (America/New_York)"
        assert "2026" in closed["Planned Resolution Date"]


@pytest.mark.parametrize(("role", "told"), [("house", True), ("partner", True), ("customer", False)])
def test_the_owner_is_not_told_to_the_customer(database: Database, role: str, told: bool) -> None:
    with database.transaction():
        assert ("Owner" in said(a_case(queue=None, owner=OWEN.id), role)) is told


def test_comments_come_oldest_first_and_internal_ones_never(database: Database) -> None:
    with database.transaction():
        number = a_case(contact=None, contact_address=STRANGER)
        for text, public, author, address in (
            ("one", True, None, STRANGER),
            ("secret", False, NORA.id, None),
            ("two", True, NORA.id, None),
        ):
            add_comment(number, AddComment(text=text, public=public, author_id=author, author_address=address), at=LATER, cause="mail:1")
        told = status(number, "house", NEW_YORK)
        assert [(row["author"], row["words"]) for row in told["comments"]] == [(STRANGER, "one"), ("Nora", "two")]
        assert (told["case_number"], told["case_subject"]) == (f"CASE-{number}", "No data")
        assert said(number)["Contact"] == STRANGER


def test_of_a_case_that_does_not_exist_nothing_is_said(database: Database) -> None:
    with database.reading():
        assert status(999, "house", NEW_YORK) == {"fields": [], "comments": []}
