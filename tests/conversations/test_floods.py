"""A sender who opens too many cases: the rest is held and one case says so; nobody else waits, and nothing is lost."""

from __future__ import annotations

import pytest

from daemon.rules.floods import TRIAGE
from tests.conversations.fixtures import gate_database_url as database_url
from tests.conversations.world import PEOPLE, World, mail

__all__ = ["database_url"]


@pytest.fixture(autouse=True)
def _few(world: World) -> None:
    world.configure(limits={"cases_per_sender_hour": 3, "cases_per_sender_day": 5})


def _outcomes(world: World) -> list[str]:
    return [row["outcome"] for row in world.mails()]


def _pour(world: World, count: int) -> None:
    for number in range(count):
        world.deliver(mail("sam", f"Order {number}.", subject=f"Thing {number}"))


def test_who_opens_too_many_cases_has_the_rest_held_until_somebody_releases_them(world: World) -> None:
    _pour(world, 5)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.run()
    assert sorted(_outcomes(world)) == ["acted"] * 4 + ["quarantined"] * 2
    assert {row["reason"] for row in world.mails() if row["outcome"] == "quarantined"} == {"sender-flood"}
    (told,) = [case["subject"] for case in world.cases() if case["type"] == TRIAGE]
    assert told == f"2 more mails of {world.clock.date()} held: {PEOPLE['sam']}"
    assert len(world.inbox.mails("Quarantine")) == 2
    world.assert_good_books()
    assert world.cli("quarantine", "release", "--", PEOPLE["sam"]).startswith("2 mails")
    world.run()
    assert _outcomes(world) == ["acted"] * 6
    assert len([case for case in world.cases() if case["type"] != TRIAGE]) == 6
    world.assert_good_books()


def test_the_case_hears_again_only_when_twice_as_many_are_held(world: World) -> None:
    _pour(world, 3)
    world.run()
    for _ in range(5):
        _pour(world, 1)
        world.run()
    (number,) = [int(case["number"].removeprefix("CASE-")) for case in world.cases() if case["type"] == TRIAGE]

    def told() -> list[str]:
        return [str(item).partition("[")[2].split()[0] for item in world.case(number)["feed"] if item["kind"] == "note"]

    assert told() == ["2", "4"]
    world.later(hours=24)
    world.run()
    assert told() == ["2", "4", "5"]  # the day is over
    world.assert_good_books()


def test_an_hour_and_a_day_later_the_sender_may_open_more(world: World) -> None:
    _pour(world, 3)
    world.run()
    world.later(hours=1, seconds=1)
    _pour(world, 3)
    world.run()
    assert _outcomes(world) == ["acted"] * 5 + ["quarantined"]  # the day's five
    world.later(hours=24)
    _pour(world, 1)
    world.run()
    assert _outcomes(world)[-1] == "acted"
    world.assert_good_books()
