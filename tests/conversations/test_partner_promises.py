"""A reseller case, acknowledged, planned, worked on and closed in time, and one whose deadline passes (scenarios SC-06, SC-07)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from daemon.config import data_dir
from daemon.service import run_once
from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import MONDAY, acknowledged, clock, opened, planned
from tests.conversations.world import World, mail

FRIDAY_22 = datetime(2025, 11, 21, 22, 0, tzinfo=UTC)
"""17:00 in New York, the end of the planned day of `planned`."""
MONDAY_22 = datetime(2025, 11, 24, 22, 0, tzinfo=UTC)
"""The end of the business day after it: by then the case is to be closed."""


def shipped_sla() -> str:
    """The text of the shipped sla.toml."""
    return (data_dir("config") / "sla.toml").read_text(encoding="utf-8")


def write_sla(world: World, text: str) -> None:
    """An installation's own promises in place of the shipped ones."""
    (world.folder / "sla.toml").write_text(text, encoding="utf-8")
    world.configure()


def sla_feed(world: World) -> list[str]:
    """What the feed says of promises, the oldest first."""
    return [item["body"] for item in world.case(1001)["feed"] if item["kind"] == "sla"]


def test_a_case_in_time_from_the_first_word_to_the_last(world: World) -> None:
    world.clock = MONDAY
    assigned = opened(world)
    assert assigned.subject == "Inverter offline at Acme [CASE-1001]"
    assert "Tuesday 18 November 2025, 17:00 (America/New_York)" in " ".join(assigned.text.split())
    assert all(verb in assigned.text for verb in ("#acknowledge", "#plan", "#close"))
    assert (
        f'href="mailto:{assigned.reply_to}?subject=Re%3A%20Inverter%20offline%20at%20Acme%20%5BCASE-1001%5D&amp;body=%23acknowledge"'
        in assigned.html
    )
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
def test_while_there_is_no_room_to_fetch_no_promise_is_called_broken(world: World) -> None:
    world.clock = datetime(2025, 11, 26, 15, 0, tzinfo=UTC)
    assigned = opened(world)
    world.clock = datetime(2025, 11, 28, 23, 0, tzinfo=UTC)
    world.deliver(mail("bob", "#ack\n", answers=assigned), at=datetime(2025, 11, 28, 21, 40, tzinfo=UTC))
    full = replace(world.house, limits=replace(world.house.limits, free_disk=1 << 60))
    run_once(world.config, full)
    world.expect()
    assert clock(world, "acknowledge")["breached_at"] is None
    world.run()
    world.expect(("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    assert clock(world, "acknowledge")["met_at"] == datetime(2025, 11, 28, 21, 40, tzinfo=UTC)
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


@on_sqlite
def test_a_mail_that_was_long_on_its_way_takes_a_breach_back(world: World) -> None:
    world.clock = MONDAY
    assigned = opened(world)
    world.clock = datetime(2025, 11, 18, 22, 0, 1, tzinfo=UTC)
    world.run()
    world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))
    world.later(minutes=30)
    in_time = datetime(2025, 11, 18, 21, 40, tzinfo=UTC)
    world.deliver(mail("bob", "#ack\n", answers=assigned), at=in_time)
    world.run()
    *_, told = world.expect(
        ("bob", "confirmation"), ("cara", "case-acknowledged-notice"), ("bob", "sla-breach-taken-back"), ("cara", "sla-breach-taken-back")
    )
    assert told.subject == "Acknowledged in time after all: Inverter offline at Acme [CASE-1001]"
    assert "was acknowledged by Miller Solar on Tuesday 18 November 2025, 16:40 (America/New_York)" in " ".join(told.text.split())
    first = clock(world, "acknowledge")
    assert (first["met_at"], first["breached_at"]) == (in_time, None)
    assert world.case(1001)["acknowledged_at"] == in_time
    assert sla_feed(world)[-1] == "acknowledge: met at 2025-11-18T21:40:00+00:00 after all: no breach"
    # the plan counts from the arrival as well
    assert clock(world, "plan")["deadline_at"] == datetime(2025, 11, 19, 22, 0, tzinfo=UTC)
    world.clock = datetime(2025, 11, 19, 15, 0, tzinfo=UTC)
    world.run()
    world.expect()
    world.assert_good_books()


@on_sqlite
def test_a_closing_that_was_long_on_its_way_takes_a_breach_back(world: World) -> None:
    world.clock = MONDAY
    done = planned(world)
    world.clock = MONDAY_22 + timedelta(seconds=1)
    world.run()
    world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))
    world.later(hours=2)
    world.deliver(mail("bob", "#close Replaced it.", answers=done), at=MONDAY_22)  # at the deadline it still is in time
    world.run()
    world.expect(
        ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed"),
        ("bob", "sla-breach-taken-back"), ("cara", "sla-breach-taken-back"),
    )  # fmt: skip
    assert (clock(world, "close")["met_at"], clock(world, "close")["breached_at"]) == (MONDAY_22, None)
    case = world.case(1001)
    assert (case["state"], case["closed_at"], case["closed_on_planned_date"]) == ("Closed", MONDAY_22, False)
    assert sla_feed(world)[-1] == "close: met at 2025-11-24T22:00:00+00:00 after all: no breach"
    world.assert_good_books()


@on_sqlite
def test_closing_after_the_planned_day_and_before_the_deadline_is_in_time_but_not_as_planned(world: World) -> None:
    world.clock = MONDAY
    done = planned(world)
    world.clock = MONDAY_22 - timedelta(hours=5)
    world.talk(mail("bob", "Closed", answers=done), ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed"))
    case = world.case(1001)
    assert (case["state"], case["closed_on_planned_date"]) == ("Closed", False)
    assert (clock(world, "close")["met_at"], clock(world, "close")["breached_at"]) == (world.clock, None)
    world.later(days=3)
    world.run()
    world.expect()
    world.assert_good_books()


@on_sqlite
def test_a_closing_that_comes_too_late_closes_and_its_breach_is_told_with_it_once(world: World) -> None:
    world.clock = MONDAY
    done = planned(world)
    world.clock = MONDAY_22 + timedelta(seconds=1)
    world.talk(
        mail("bob", "#close Replaced it.", answers=done),
        ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed"), ("bob", "sla-breach"), ("cara", "sla-breach"),
    )  # fmt: skip
    case = world.case(1001)
    assert (case["state"], case["closed_at"], case["closed_on_planned_date"]) == ("Closed", world.clock, False)
    assert (clock(world, "close")["met_at"], clock(world, "close")["breached_at"]) == (None, MONDAY_22)
    assert sla_feed(world) == ["close: breach of 2025-11-24T22:00:00+00:00"]
    world.later(days=1)
    world.run()
    world.expect()
    world.assert_good_books()


@on_sqlite
def test_closing_a_case_whose_breach_was_told_before_tells_it_no_second_time(world: World) -> None:
    world.clock = MONDAY
    done = planned(world)
    world.clock = MONDAY_22 + timedelta(hours=1)
    world.run()
    world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))
    world.later(hours=1)
    world.talk(mail("bob", "#close Replaced it.", answers=done), ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed"))
    assert (clock(world, "close")["met_at"], clock(world, "close")["breached_at"]) == (None, MONDAY_22)
    world.assert_good_books()


@on_sqlite
def test_a_plan_that_does_not_come_is_warned_of_in_the_readers_hours_and_missed(world: World) -> None:
    world.clock = MONDAY
    acknowledged(world)
    due = datetime(2025, 11, 18, 22, 0, tzinfo=UTC)
    assert clock(world, "plan")["deadline_at"] == due
    world.clock = due - timedelta(hours=4, seconds=1)
    world.run()
    world.expect()
    world.later(seconds=1)
    world.run()
    (warned,) = world.expect(("bob", "sla-warning"))
    assert warned.subject == "Please plan soon: Inverter offline at Acme [CASE-1001]"
    assert "has no plan yet" in " ".join(warned.text.split())
    world.clock = due + timedelta(seconds=1)
    world.run()
    late, told = world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))
    assert late.subject == told.subject == "Not planned in time: Inverter offline at Acme [CASE-1001]"
    assert (clock(world, "plan")["met_at"], clock(world, "plan")["breached_at"]) == (None, due)
    # the plan is still welcome, and starts the promise to close
    world.later(hours=1)
    world.talk(mail("bob", "#plan 2025-11-21 Replace the gateway", answers=warned), ("bob", "confirmation"))
    assert (clock(world, "plan")["met_at"], clock(world, "plan")["breached_at"]) == (None, due)
    assert clock(world, "close")["deadline_at"] == MONDAY_22
    world.assert_good_books()


@on_sqlite
def test_a_warning_that_falls_into_the_night_waits_for_the_readers_morning(world: World) -> None:
    write_sla(world, shipped_sla().replace("warn_before_hours = 4", "warn_before_hours = 10"))
    world.clock = MONDAY
    opened(world, partner="Berlin Sonne GmbH", agent="eva")
    opening = datetime(2025, 11, 18, 8, 0, tzinfo=UTC)  # 9:00 in Berlin; ten hours before the deadline it is 7:00
    assert clock(world, "acknowledge")["deadline_at"] == opening + timedelta(hours=8)
    for night in (opening - timedelta(hours=2), opening - timedelta(seconds=1)):
        world.clock = night
        world.run()
        world.expect()
    world.clock = opening
    world.run()
    world.expect(("eva", "sla-warning"))
    world.later(minutes=1)
    world.run()
    world.expect()
    world.assert_good_books()


@on_sqlite
def test_a_planned_day_that_is_closed_is_remembered_on_the_next_business_day_at_opening(world: World) -> None:
    world.clock = MONDAY
    assigned = opened(world)
    (done, _) = world.talk(
        mail("bob", "#plan 2025-11-27 Replace it", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice")
    )
    assert "Thursday 27 November 2025 is not a business day" in done.text  # Thanksgiving
    assert clock(world, "close")["deadline_at"] == datetime(2025, 11, 28, 22, 0, tzinfo=UTC)
    opening = datetime(2025, 11, 28, 14, 0, tzinfo=UTC)
    for quiet in (opening - timedelta(days=1), opening - timedelta(seconds=1)):
        world.clock = quiet
        world.run()
        world.expect()
    world.clock = opening
    world.run()
    world.expect(("bob", "planned-today-reminder"))
    world.later(hours=4)  # the next business day after the planned one is the day of the deadline, too
    world.run()
    world.expect(("bob", "sla-warning"))
    world.assert_good_books()


@on_sqlite
def test_a_reopened_case_begins_a_second_cycle_and_keeps_the_clocks_of_the_first(world: World) -> None:
    world.clock = MONDAY
    done = planned(world)
    world.later(hours=1)
    _, closed, _ = world.talk(
        mail("bob", "#close Replaced it.", answers=done), ("bob", "confirmation"), ("ann", "case-closed"), ("cara", "case-closed")
    )
    first = world.case(1001)["clocks"]
    assert [(row["cycle"], row["kind"], row["met_at"] is not None) for row in first] == [
        (1, "acknowledge", True), (1, "plan", True), (1, "close", True),
    ]  # fmt: skip
    world.clock = datetime(2025, 11, 20, 15, 0, tzinfo=UTC)
    world.talk(mail("ann", "#reopen It is dark again.", answers=closed), ("bob", "case-reopened"), ("ann", "case-received-again"))
    case = world.case(1001)
    assert (case["state"], case["sla_cycle"], case["acknowledged"], case["planned_resolution_date"]) == ("Open", 2, False, None)
    assert case["clocks"][:3] == first
    assert [(row["cycle"], row["kind"], row["deadline_at"]) for row in case["clocks"][3:]] == [
        (2, "acknowledge", datetime(2025, 11, 21, 22, 0, tzinfo=UTC))
    ]
    world.clock = datetime(2025, 11, 21, 18, 0, tzinfo=UTC)
    world.run()
    world.expect(("bob", "sla-warning"))
    world.clock = FRIDAY_22 + timedelta(seconds=1)
    world.run()
    world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))
    assert world.case(1001)["clocks"][:3] == first
    world.assert_good_books()


@on_sqlite
def test_a_promise_of_the_house_s_own_is_one_rule_and_is_warned_of_and_missed_by_its_own_name(world: World) -> None:
    head, example = shipped_sla().split("# [[rule]]")
    write_sla(world, f"{head}[[rule]]{example.replace(chr(10) + '# ', chr(10))}")
    world.clock = MONDAY
    acknowledged(world)
    due = datetime(2025, 11, 20, 22, 0, tzinfo=UTC)
    assert [row["deadline_at"] for row in world.case(1001)["clocks"] if row["kind"] == "first-visit"] == [due]
    world.clock = due - timedelta(hours=9)
    world.run()
    world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))  # of the plan, two days ago
    world.later(hours=1)
    world.run()
    (warned,) = world.expect(("bob", "sla-warning"))
    assert warned.subject == "Due soon, a date for the first visit: Inverter offline at Acme [CASE-1001]"
    words = " ".join(warned.text.split())
    assert "still to be done by Thursday 20 November 2025, 17:00 (America/New_York): a date for the first visit." in words
    assert "It counts as done when the case has a plan." in words
    world.clock = due + timedelta(seconds=1)
    world.run()
    told = world.expect(("bob", "sla-breach"), ("cara", "sla-breach"))
    assert {out.subject for out in told} == {"Not in time, a date for the first visit: Inverter offline at Acme [CASE-1001]"}
    own = clock(world, "first-visit")
    assert (own["met_at"], own["breached_at"]) == (None, due)
    world.later(days=1)
    world.run()
    world.expect()
    assert "first-visit: breach of 2025-11-20T22:00:00+00:00" in sla_feed(world)
    world.assert_good_books()


@on_sqlite
def test_a_case_given_away_while_the_program_was_down_is_no_breach_of_the_old_partner(world: World) -> None:
    world.clock = MONDAY
    opened(world)
    world.deliver(mail("cara", "#assign Berlin Sonne GmbH", subject="[CASE-1001]"), at=datetime(2025, 11, 18, 21, 0, tzinfo=UTC))
    world.clock = datetime(2025, 11, 19, 9, 0, tzinfo=UTC)  # the old deadline was in the night
    world.run()
    world.expect(("cara", "confirmation"), ("eva", "case-assigned"))
    old, new = world.case(1001)["clocks"]
    assert (old["cancelled_at"], old["breached_at"]) == (datetime(2025, 11, 18, 21, 0, tzinfo=UTC), None)
    assert (new["started_at"], new["deadline_at"]) == (world.clock, datetime(2025, 11, 20, 16, 0, tzinfo=UTC))
    world.assert_good_books()
