"""A reseller case, acknowledged, planned, worked on and closed in time, and one whose deadline passes (scenarios SC-06, SC-07)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.conversations.world import Out, World, mail

MONDAY = datetime(2025, 11, 17, 15, 0, tzinfo=UTC)
"""10:00 in New York."""

NEW_CASE = "#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: Miller Solar\nInverter has been offline since Saturday.\n"


def opened(world: World) -> Out:
    """Cara opens a case for Ann and gives it to Miller Solar; the mail that Bob gets."""
    assigned, _, _ = world.talk(
        mail("cara", NEW_CASE, subject="Inverter offline at Acme"),
        ("bob", "case-assigned"), ("cara", "case-created"), ("ann", "case-received"),
    )  # fmt: skip
    return assigned


def clock(world: World, kind: str) -> dict[str, object]:
    """The newest clock of a kind."""
    found: dict[str, object] = [row for row in world.case(1001)["clocks"] if row["kind"] == kind][-1]
    return found


def test_a_case_in_time_from_the_first_word_to_the_last(world: World) -> None:
    world.clock = MONDAY
    assigned = opened(world)
    assert assigned.subject == "Inverter offline at Acme [CASE-1001]"
    assert "Tuesday 18 November 2025, 17:00 (America/New_York)" in " ".join(assigned.text.split())
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
    assert clock(world, "acknowledge")["met_at"] == world.clock
    assert clock(world, "plan")["deadline_at"] == datetime(2025, 11, 18, 22, 0, tzinfo=UTC)

    world.clock = datetime(2025, 11, 18, 16, 0, tzinfo=UTC)
    (done,) = world.talk(
        mail("bob", "#plan Thursday Replace the gateway,\nthen re-pair the sensors.\n", answers=done), ("bob", "confirmation")
    )
    assert "Thursday 20 November 2025" in done.text
    case = world.case(1001)
    assert case["planned_resolution"] == "Replace the gateway,\nthen re-pair the sensors."
    assert (case["planned_resolution_date"], case["first_planned_resolution_date"]) == (date(2025, 11, 20), date(2025, 11, 20))
    assert clock(world, "plan")["met_at"] == world.clock
    assert clock(world, "close")["deadline_at"] == datetime(2025, 11, 21, 22, 0, tzinfo=UTC)

    world.clock = datetime(2025, 11, 19, 15, 0, tzinfo=UTC)
    world.talk(mail("bob", "Part arrived, technician booked for tomorrow.\n", answers=done), ("ann", "case-comment"))

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
