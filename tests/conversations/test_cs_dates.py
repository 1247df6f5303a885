"""The dates of a CS ticket: on the day, at opening time of the house, whoever does the work is reminded once; nothing else happens."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.conversations.forms import MONDAY, form, taken_in
from tests.conversations.world import World, mail

WEDNESDAY = datetime(2025, 11, 26, 14, 0, tzinfo=UTC)
"""9:00 in New York on the configuration date; Thursday is a holiday."""
FRIDAY = datetime(2025, 11, 28, 14, 0, tzinfo=UTC)
"""9:00 on the due date and the QA due date."""


def test_each_date_reminds_whoever_works_on_it_once(world: World) -> None:
    taken_in(world)
    world.clock = WEDNESDAY.replace(hour=13, minute=59)
    world.run()
    world.expect()
    world.clock = WEDNESDAY
    world.run()
    (told,) = world.expect(("ivan", "cs-reminder"))
    assert told.subject.startswith("[CS-1] ")
    for said in ("CS-1", "Wednesday 26 November 2025", "Configuration date", "#done"):
        assert said in told.text, said
    world.later(hours=1)
    world.run()
    world.expect()
    world.clock = FRIDAY
    world.run()
    mine, checks = world.expect(("ivan", "cs-reminder"), ("cherish", "cs-reminder"))
    assert "QA due date" not in mine.text
    assert "QA due date" in checks.text
    world.run()
    world.expect()
    world.talk(mail("cherish", "Done", answers=checks), ("cherish", "cs-done-confirmation"), ("dana", "New Channel Req 2"))
    world.assert_good_books()


def test_work_that_is_done_reminds_nobody_even_when_the_mail_comes_in_the_same_round(world: World) -> None:
    _, _, work = taken_in(world)
    world.clock = WEDNESDAY
    world.talk(mail("ivan", "Done - thanks", answers=work), ("ivan", "cs-done-confirmation"), ("dana", "New Channel Req 2"))
    for moment in (WEDNESDAY, FRIDAY):
        world.clock = moment
        world.run()
        world.expect()


def test_what_is_outstanding_is_said(world: World) -> None:
    _, _, work = taken_in(world)
    world.talk(mail("ivan", "#outstanding Logo missing", answers=work), ("ivan", "confirmation"))
    world.clock = WEDNESDAY
    world.run()
    (told,) = world.expect(("ivan", "cs-reminder"))
    assert "Logo missing" in told.text


def test_a_day_that_went_by_while_nobody_ran_is_not_made_up_for(world: World) -> None:
    taken_in(world)
    world.clock = WEDNESDAY.replace(hour=23)
    world.run()
    world.expect()


def test_a_request_that_was_filed_long_after_reminds_of_nothing(world: World) -> None:
    world.clock = FRIDAY.replace(month=12, day=1)
    world.deliver(form("default-2021"), at=MONDAY)
    world.run()
    assert "cs-reminder" not in [out.template for out in world.out()]
