"""A reseller case, acknowledged, planned, worked on and closed in time, and one whose deadline passes (scenarios SC-06, SC-07)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import MONDAY, clock, opened
from tests.conversations.world import World, mail


def test_a_case_in_time_from_the_first_word_to_the_last(world: World) -> None:
    world.clock = MONDAY
    assigned = opened(world)
    assert assigned.subject == "Inverter offline at Acme [CASE-1001]"
    assert "Tuesday 18 November 2025, 17:00 (America/New_York)" in " ".join(assigned.text.split())
    assert all(verb in assigned.text for verb in ("#acknowledge", "#plan", "#close"))
    assert f'href="mailto:{assigned.reply_to}?body=%23acknowledge"' in assigned.html
    case = world.case(1001)
    assert (case["owner"], case["queue"], case["partner"], case["acknowledged"]) == ("cara", None, "Miller Solar", False)
    assert clock(world, "acknowledge")["deadline_at"] == datetime(2025, 11, 18, 22, 0, tzinfo=UTC)

    world.clock = MONDAY + timedelta(hours=4, minutes=10)
    done, _ = world.talk(
        mail("bob", "Acknowledged\n\nSent from my iPhone\n", answers=assigned),
        ("bob", "confirmation"),
        ("cara", "case-acknowledged-notice"),
    )
    assert "send #plan" in done.text
    case = world.case(1001)
    assert (case["acknowledged"], case["acknowledged_at"], case["acknowledged_by"]) == (True, world.clock, "bob")
    assert (case["state"], case["last_update"]) == ("Open", world.clock)
    assert clock(world, "acknowledge")["met_at"] == world.clock
    assert clock(world, "plan")["deadline_at"] == datetime(2025, 11, 18, 22, 0, tzinfo=UTC)

    world.clock = datetime(2025, 11, 18, 16, 0, tzinfo=UTC)
    (done,) = world.talk(
        mail("bob", "#plan Thursday Replace the gateway,\nthen re-pair the sensors.\n", answers=done), ("bob", "confirmation")
    )
    assert "planned resolution date: Thursday 20 November 2025" in done.text
    assert "at the latest Friday 21 November 2025, 17:00 (America/New_York)" in done.text
    case = world.case(1001)
    assert case["planned_resolution"] == "Replace the gateway,\nthen re-pair the sensors."
    assert (case["planned_resolution_date"], case["first_planned_resolution_date"]) == (date(2025, 11, 20), date(2025, 11, 20))
    assert clock(world, "plan")["met_at"] == world.clock
    assert clock(world, "close")["deadline_at"] == datetime(2025, 11, 21, 22, 0, tzinfo=UTC)

    world.clock = datetime(2025, 11, 19, 15, 0, tzinfo=UTC)
    world.talk(mail("bob", "Part arrived, technician booked for tomorrow.\n", answers=done), ("ann", "case-comment"))
    (comment,) = world.case(1001)["comments"]
    assert (comment["author"], comment["public"]) == ("bob", True)

    world.clock = datetime(2025, 11, 20, 14, 0, tzinfo=UTC)
    world.run()
    world.expect(("bob", "planned-today-reminder"))
    world.run()
    world.expect()

    world.clock = datetime(2025, 11, 20, 20, 0, tzinfo=UTC)
    _, closed, _ = world.talk(
        mail("bob", "#close Replaced the gateway, customer confirmed.\n", answers=done),
        ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed"),
    )  # fmt: skip
    assert "Replaced the gateway, customer confirmed." in closed.text
    assert "#reopen" in closed.text
    case = world.case(1001)
    assert (case["state"], case["closed_at"], case["closed_on_planned_date"]) == ("Closed", world.clock, True)
    assert case["resolution"] == "Replaced the gateway, customer confirmed."
    assert clock(world, "close")["met_at"] == world.clock
    assert [row["breached_at"] for row in case["clocks"]] == [None] * 3
    world.assert_good_books()


def test_deadlines_around_thanksgiving_are_warned_of_and_missed_once(world: World) -> None:
    world.clock = datetime(2025, 11, 26, 15, 0, tzinfo=UTC)
    opened(world)
    assert clock(world, "acknowledge")["deadline_at"] == datetime(2025, 11, 28, 22, 0, tzinfo=UTC)
    world.clock = datetime(2025, 11, 28, 18, 0, tzinfo=UTC)
    world.run()
    world.expect(("bob", "sla-warning"))
    world.later(minutes=5)
    world.run()
    world.expect()
    world.clock = datetime(2025, 11, 28, 22, 0, tzinfo=UTC)
    world.run()
    world.expect()
    world.later(seconds=1)
    world.run()
    world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))
    assert clock(world, "acknowledge")["breached_at"] == datetime(2025, 11, 28, 22, 0, tzinfo=UTC)
    world.later(hours=30)
    world.run()
    world.expect()
    world.assert_good_books()


@on_sqlite
def test_what_was_late_because_we_were_down_is_no_breach(world: World) -> None:
    world.clock = datetime(2025, 11, 26, 15, 0, tzinfo=UTC)
    assigned = opened(world)
    world.clock = datetime(2025, 11, 28, 23, 0, tzinfo=UTC)
    world.deliver(mail("bob", "#ack\n", answers=assigned), at=datetime(2025, 11, 28, 21, 40, tzinfo=UTC))
    world.run()
    world.expect(("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    assert clock(world, "acknowledge")["met_at"] == datetime(2025, 11, 28, 21, 40, tzinfo=UTC)
    assert clock(world, "acknowledge")["breached_at"] is None
    world.assert_good_books()


@on_sqlite
def test_a_partner_elsewhere_has_its_own_day_and_reads_its_own_time(world: World) -> None:
    world.clock = datetime(2025, 11, 18, 1, 0, tzinfo=UTC)  # Monday evening in New York, Tuesday night in Berlin
    assigned = opened(world, partner="Berlin Sonne GmbH", agent="eva")
    assert clock(world, "acknowledge")["deadline_at"] == datetime(2025, 11, 19, 16, 0, tzinfo=UTC)
    assert "by Wednesday 19 November 2025, 17:00 (Europe/Berlin)" in " ".join(assigned.text.split())
    # the owner hears of the same moment on her own clock
    world.clock = datetime(2025, 11, 19, 16, 0, 1, tzinfo=UTC)
    world.run()
    late, told = world.expect(("eva", "sla-breach"), ("cara", "sla-breach"))
    assert "Wednesday 19 November 2025, 17:00 (Europe/Berlin)" in " ".join(late.text.split())
    assert "Wednesday 19 November 2025, 11:00 (America/New_York)" in " ".join(told.text.split())


@on_sqlite
def test_a_case_that_goes_to_another_partner_begins_a_new_cycle(world: World) -> None:
    world.clock = MONDAY
    assigned = opened(world)
    world.talk(mail("bob", "#ack", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    world.later(minutes=30)
    _, given = world.talk(
        mail("cara", "#assign Berlin Sonne GmbH", subject="[CASE-1001]"), ("cara", "confirmation"), ("eva", "case-assigned")
    )
    assert "Please acknowledge it by Tuesday 18 November 2025, 17:00 (Europe/Berlin)." in " ".join(given.text.split())
    case = world.case(1001)
    assert (case["partner"], case["sla_cycle"], case["acknowledged"]) == ("Berlin Sonne GmbH", 2, False)
    assert clock(world, "plan")["cancelled_at"] == world.clock
    assert clock(world, "acknowledge")["deadline_at"] == datetime(2025, 11, 18, 16, 0, tzinfo=UTC)
    # bob is nobody on it any more: his words are a note for the house
    world.talk(mail("bob", "#close done", answers=assigned))
    assert world.last_mail()["reason"] == "command-not-proven"
    assert world.case(1001)["state"] == "Open"
    world.assert_good_books()


@on_sqlite
def test_a_new_plan_moves_the_day_and_keeps_the_first_promise(world: World) -> None:
    world.clock = MONDAY
    assigned = opened(world)
    world.talk(mail("bob", "#plan 2025-11-20 Replace it", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    world.later(hours=1)
    (done,) = world.talk(mail("bob", "#plan 2025-11-29 The part is late", answers=assigned), ("bob", "confirmation"))
    assert "Saturday 29 November 2025 is not a business day" in done.text
    case = world.case(1001)
    assert (case["planned_resolution_date"], case["first_planned_resolution_date"], case["plan_count"]) == (
        date(2025, 11, 29), date(2025, 11, 20), 2,
    )  # fmt: skip
    running = [row for row in case["clocks"] if not (row["met_at"] or row["cancelled_at"] or row["breached_at"])]
    assert [(row["kind"], row["deadline_at"]) for row in running] == [("close", datetime(2025, 12, 1, 22, 0, tzinfo=UTC))]
    # the planned day is no business day: the reminder comes when the next one opens
    world.clock = datetime(2025, 11, 29, 14, 0, tzinfo=UTC)
    world.run()
    world.expect()
    world.clock = datetime(2025, 12, 1, 14, 0, tzinfo=UTC)
    world.run()
    world.expect(("bob", "planned-today-reminder"))
    world.assert_good_books()
