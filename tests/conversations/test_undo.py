"""Taking back an acknowledgement, a plan, a closing and a reopening: everything is as before, and who had been told is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import MONDAY, acknowledged, opened, planned, standing
from tests.conversations.world import World, mail

pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def monday(world: World) -> None:
    world.clock = MONDAY


def as_before(world: World, before: dict[str, Any]) -> None:
    """The fields are as they were, the old clocks run with their old deadlines, and what the step had started is cancelled."""
    now = standing(world)
    old = before["clocks"]
    assert now["clocks"][: len(old)] == old
    assert {clock["cancelled_at"] for clock in now["clocks"][len(old) :]} <= {world.clock}
    assert {**now, "clocks": None} == {**before, "clocks": None}
    world.assert_good_books()


def test_an_acknowledgement_is_taken_back_and_the_owner_hears(world: World) -> None:
    assigned = opened(world)
    before = standing(world)
    world.later(minutes=10)
    done, _ = world.talk(mail("bob", "#ack", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    assert "Send #undo within 24 hours" in done.text
    world.later(hours=2)
    back, told = world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"), ("cara", "case-undone"))
    assert "taken back: acknowledge" in back.text
    assert "reply #acknowledge by Tuesday 18 November 2025, 17:00 (America/New_York)" in back.text
    assert "Bob Miller took back the last step on CASE-1001 (acknowledge)" in " ".join(told.text.split())
    as_before(world, before)
    # and again, with a plan clock of its own
    world.talk(mail("bob", "#ack", answers=done), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    assert [clock["kind"] for clock in world.case(1001)["clocks"] if not clock["cancelled_at"] and not clock["met_at"]] == ["plan"]
    world.assert_good_books()


def test_the_old_deadline_is_missed_once_the_acknowledgement_is_taken_back_too_late(world: World) -> None:
    assigned = opened(world)
    world.clock = datetime(2025, 11, 18, 21, 30, tzinfo=UTC)
    done, _ = world.talk(mail("bob", "#ack", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    world.clock = datetime(2025, 11, 18, 22, 30, tzinfo=UTC)
    world.deliver(mail("bob", "#undo", answers=done))
    world.run()
    world.expect(("bob", "confirmation"), ("cara", "case-undone"), ("bob", "sla-breach"), ("cara", "sla-breach"))
    assert world.case(1001)["clocks"][0]["breached_at"] == datetime(2025, 11, 18, 22, 0, tzinfo=UTC)
    world.run()
    world.expect()
    world.assert_good_books()


def test_a_plan_is_taken_back_and_nobody_else_had_heard_of_it(world: World) -> None:
    done = acknowledged(world)
    before = standing(world)
    world.later(hours=1)
    world.talk(mail("bob", "#plan 2025-11-21 Replace the gateway", answers=done), ("bob", "confirmation"))
    world.later(hours=1)
    (back,) = world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"))
    assert "send #plan with a date and what you will do, by Tuesday 18 November 2025, 17:00" in back.text
    as_before(world, before)


def test_of_two_plans_the_first_stands_again(world: World) -> None:
    done = planned(world)
    before = standing(world)
    world.later(hours=1)
    world.talk(mail("bob", "#plan 2025-11-26 Wait for the part", answers=done), ("bob", "confirmation"))
    assert world.case(1001)["plan_count"] == 2
    world.later(hours=1)
    world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"))
    as_before(world, before)


def test_a_plan_that_had_acknowledged_is_taken_back_with_it(world: World) -> None:
    assigned = opened(world)
    before = standing(world)
    done, _ = world.talk(
        mail("bob", "#plan 2025-11-21 Replace the gateway", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice")
    )
    assert "acknowledged (you had not yet done so)" in done.text
    world.later(hours=1)
    world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"), ("cara", "case-undone"))
    as_before(world, before)


def test_a_closing_is_taken_back_and_customer_and_owner_hear(world: World) -> None:
    done = planned(world)
    before = standing(world)
    world.later(hours=1)
    world.talk(mail("bob", "#close", answers=done), ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed"))
    world.later(hours=1)
    _, told, _ = world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"), ("ann", "case-undone"), ("cara", "case-undone"))
    assert "The case stands as it did before" in " ".join(told.text.split())
    as_before(world, before)


def test_a_closing_by_the_customer_is_taken_back_and_the_partner_hears(world: World) -> None:
    done = planned(world)
    (news,) = world.talk(mail("bob", "Part arrived.", answers=done), ("ann", "case-comment"))
    before = standing(world)
    world.later(hours=1)
    world.talk(mail("ann", "#close", answers=news), ("ann", "confirmation"), ("bob", "case-closed"), ("cara", "case-closed"))
    world.talk(mail("ann", "#undo", answers=news), ("ann", "confirmation"), ("bob", "case-undone"), ("cara", "case-undone"))
    as_before(world, before)


def test_a_reopening_is_taken_back_into_the_same_cycle(world: World) -> None:
    done = planned(world)
    _, closed, _ = world.talk(
        mail("bob", "#close Replaced.", answers=done), ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed")
    )
    before = standing(world)
    world.later(hours=1)
    world.talk(mail("ann", "#reopen", answers=closed), ("bob", "case-reopened"), ("ann", "case-received-again"))
    assert world.case(1001)["sla_cycle"] == 2
    world.later(hours=1)
    world.talk(mail("ann", "#undo", answers=closed), ("ann", "confirmation"), ("bob", "case-undone"))
    as_before(world, before)
    # nothing of the cycle that was taken back is warned of or missed, and the next reopening begins it anew
    world.later(days=3)
    world.run()
    world.expect()
    world.talk(mail("ann", "#reopen", answers=closed), ("bob", "case-reopened"), ("ann", "case-received-again"))
    assert world.case(1001)["sla_cycle"] == 2
    world.assert_good_books()


def test_step_by_step_everything_is_taken_back(world: World) -> None:
    assigned = opened(world)
    before = standing(world)
    done, _ = world.talk(mail("bob", "#ack", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    world.later(hours=1)
    world.talk(mail("bob", "#plan 2025-11-21 Replace the gateway", answers=done), ("bob", "confirmation"))
    world.later(hours=1)
    world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"))
    world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"), ("cara", "case-undone"))
    as_before(world, before)
    (refused,) = world.talk(mail("bob", "#undo", answers=done), ("bob", "error"))
    assert "there is nothing of yours to take back" in refused.text
    as_before(world, before)


def test_after_a_day_it_is_too_late(world: World) -> None:
    done = acknowledged(world)
    before = standing(world)
    world.later(hours=24, seconds=1)
    (refused,) = world.talk(mail("bob", "#undo", answers=done), ("bob", "error"))
    assert "more than 24 hours ago" in refused.text
    assert standing(world) == before


def test_at_the_last_second_of_the_day_it_is_not_too_late(world: World) -> None:
    opened_first = acknowledged(world)
    world.later(hours=24)
    world.talk(mail("bob", "#undo", answers=opened_first), ("bob", "confirmation"), ("cara", "case-undone"))
    assert world.case(1001)["acknowledged"] is False


@pytest.mark.parametrize("somebody", ["ann", "cara"])
def test_nobody_takes_back_what_another_did(world: World, somebody: str) -> None:
    done = acknowledged(world)
    (news,) = world.talk(mail("bob", "Part arrived.", answers=done), ("ann", "case-comment"))
    before = standing(world)
    if somebody == "ann":  # a customer's words are never lost
        (refused, _) = world.talk(mail("ann", "#undo", answers=news), ("ann", "error"), ("bob", "case-comment"))
        before["comments"] = world.case(1001)["comments"]
    else:
        (refused,) = world.talk(mail("cara", "#undo", subject="[CASE-1001]"), ("cara", "error"))
    assert "only whoever gave the command can use #undo" in refused.text
    assert standing(world) == before


def test_what_was_done_for_another_partner_is_not_taken_back(world: World) -> None:
    opened(world)
    (_,) = world.talk(mail("cara", "#ack", subject="[CASE-1001]"), ("cara", "confirmation"))
    world.talk(mail("cara", "#assign Berlin Sonne GmbH", subject="[CASE-1001]"), ("cara", "confirmation"), ("eva", "case-assigned"))
    before = standing(world)
    (refused,) = world.talk(mail("cara", "#undo", subject="[CASE-1001]"), ("cara", "error"))
    assert "there is nothing of yours to take back" in refused.text
    assert standing(world) == before
    assert before["sla_cycle"] == 2
    assert before["acknowledged"] is False
    assert world.clock + timedelta(0) == before["clocks"][-1]["started_at"]


def test_a_second_acknowledgement_changes_nothing_and_is_nothing_to_take_back(world: World) -> None:
    assigned = opened(world)
    before = standing(world)
    world.talk(mail("bob", "#ack", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    acknowledged_once = standing(world)
    world.later(hours=1)
    (again,) = world.talk(mail("cara", "#ack", subject="[CASE-1001]"), ("cara", "confirmation"))
    assert "the first time is kept" in again.text
    assert standing(world) == acknowledged_once
    world.talk(mail("bob", "#undo", answers=assigned), ("bob", "confirmation"), ("cara", "case-undone"))
    as_before(world, before)
