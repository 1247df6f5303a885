"""The life of a helpdesk case: opened, talked about, closed, opened again, and listed (scenario SC-09)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conversations.world import TUESDAY, Out, World, mail


def opened(world: World) -> tuple[Out, Out]:
    """Ann opens a case about her system; what she and Bob get."""
    received, assigned = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    return received, assigned


def closed(world: World) -> tuple[Out, Out]:
    """Bob closes the case three hours later; what Bob and Ann get."""
    _, assigned = opened(world)
    world.later(hours=3)
    done, told = world.talk(
        mail("bob", "#close Logger restarted, data is back.", answers=assigned), ("bob", "confirmation"), ("ann", "case-closed")
    )
    return done, told


def clocks(world: World, cycle: int) -> dict[str, dict[str, Any]]:
    """The clocks of a cycle by kind."""
    return {row["kind"]: row for row in world.case(1001)["clocks"] if row["cycle"] == cycle}


def words(out: Out) -> str:
    """The text of a mail on one line."""
    return " ".join(out.text.split())


def table(out: Out) -> list[str]:
    """The lines of a mail that name a case."""
    return [line for line in out.text.splitlines() if "CASE-" in line]


def test_a_case_is_opened_with_a_deadline_to_acknowledge_it(world: World) -> None:
    _, assigned = opened(world)
    case = world.case(1001)
    assert (case["type"], case["entity"], case["system"], case["partner"], case["state"]) == (
        "helpdesk", "Acme Homes", "Roof-7", "Miller Solar", "Open",
    )  # fmt: skip
    deadline = datetime(2025, 12, 3, 22, 0, tzinfo=UTC)
    assert clocks(world, 1)["acknowledge"]["deadline_at"] == case["next_deadline"] == deadline
    assert "Wednesday 3 December 2025, 17:00 (America/New_York)" in words(assigned)
    assert case["support"] is None


def test_an_answer_is_no_acknowledgement_and_that_is_said_once(world: World) -> None:
    _, assigned = opened(world)
    world.later(hours=1)
    asked, hint = world.talk(
        mail("bob", "Please restart the logger and tell me the colour of the lamp.", answers=assigned),
        ("ann", "case-comment"), ("bob", "hint-acknowledge"),
    )  # fmt: skip
    assert "Wednesday 3 December 2025, 17:00 (America/New_York)" in words(hint)
    case = world.case(1001)
    assert (case["state"], case["last_update"], case["acknowledged"]) == ("Open", TUESDAY + timedelta(hours=1), False)
    assert case["comments"][0]["public"]
    world.later(minutes=5)
    world.talk(mail("bob", "And the colour of the other lamp.", answers=assigned), ("ann", "case-comment"))
    world.later(minutes=55)
    world.talk(mail("ann", "Lamp is green now.", answers=asked), ("bob", "case-comment"))
    assert world.case(1001)["last_update"] == TUESDAY + timedelta(hours=2)
    world.assert_good_books()


def test_closing_acknowledges_as_well_and_says_so(world: World) -> None:
    done, told = closed(world)
    at = TUESDAY + timedelta(hours=3)
    assert "acknowledge" in words(done)
    assert "Logger restarted, data is back." in told.text
    assert "#reopen" in told.html
    case = world.case(1001)
    assert (case["state"], case["closed_at"], case["closed_by"], case["resolution"]) == (
        "Closed", at, "bob", "Logger restarted, data is back.",
    )  # fmt: skip
    assert (case["acknowledged"], case["acknowledged_at"], case["acknowledged_by"]) == (True, at, "bob")
    assert [(c["author"], c["public"], c["body"]) for c in case["comments"]] == [("bob", True, "Logger restarted, data is back.")]
    assert len([item for item in case["feed"] if item["kind"] == "state" and item["body"].startswith("closed")]) == 1
    assert clocks(world, 1)["acknowledge"]["met_at"] == at
    assert case["next_deadline"] is None
    (closing,) = [row for row in world.mails() if row["from"] == "bob@miller.example"]
    assert (closing["kind"], closing["outcome"], closing["reason"]) == ("command", "acted", "commands-run")
    world.assert_good_books()


def test_thanks_on_a_closed_case_is_answered_with_a_hint_once(world: World) -> None:
    _, told = closed(world)
    world.later(hours=1)
    _, hint = world.talk(mail("ann", "thank you!", answers=told), ("bob", "case-comment"), ("ann", "closed-hint"))
    assert "#reopen" in hint.html
    assert world.case(1001)["state"] == "Closed"
    world.later(hours=1)
    world.talk(mail("ann", "Really, thank you!", answers=told), ("bob", "case-comment"))
    assert world.case(1001)["state"] == "Closed"


def test_a_reopened_case_begins_a_new_cycle(world: World) -> None:
    _, told = closed(world)
    before = clocks(world, 1)
    world.clock = datetime(2025, 12, 4, 23, 10, tzinfo=UTC)  # 18:10 in New York: after hours
    reopened, received = world.talk(
        mail("ann", "#reopen It went offline again this morning", answers=told), ("bob", "case-reopened"), ("ann", "case-received-again")
    )
    assert "It went offline again this morning" in reopened.text
    assert "Monday 8 December 2025, 17:00 (America/New_York)" in words(reopened)
    assert received.message["Auto-Submitted"] == "auto-replied"
    case = world.case(1001)
    assert (case["state"], case["closed_at"], case["closed_by"], case["resolution"], case["sla_cycle"]) == ("Open", None, None, None, 2)
    assert (case["acknowledged"], case["acknowledged_at"], case["acknowledged_by"]) == (False, None, None)
    assert (case["planned_resolution"], case["planned_resolution_date"], case["first_planned_resolution_date"], case["plan_count"]) == (
        None, None, None, 0,
    )  # fmt: skip
    assert case["last_update"] == world.clock
    assert clocks(world, 1) == before
    assert set(clocks(world, 2)) == {"acknowledge"}
    assert clocks(world, 2)["acknowledge"]["deadline_at"] == datetime(2025, 12, 8, 22, 0, tzinfo=UTC)
    world.assert_good_books()


def test_each_closing_has_its_own_hint_and_each_cycle_too(world: World) -> None:
    _, told = closed(world)
    world.later(hours=1)
    world.talk(mail("ann", "thank you!", answers=told), ("bob", "case-comment"), ("ann", "closed-hint"))
    world.later(hours=1)
    again, _ = world.talk(mail("ann", "#reopen Gone again.", answers=told), ("bob", "case-reopened"), ("ann", "case-received-again"))
    world.later(hours=1)
    world.talk(mail("bob", "I look into it.", answers=again), ("ann", "case-comment"), ("bob", "hint-acknowledge"))
    world.later(hours=1)
    _, told = world.talk(mail("bob", "#close New logger.", answers=again), ("bob", "confirmation"), ("ann", "case-closed"))
    world.later(hours=1)
    world.talk(mail("ann", "thank you again", answers=told), ("bob", "case-comment"), ("ann", "closed-hint"))


def test_a_partner_who_reopens_has_acknowledged_at_once(world: World) -> None:
    done, _ = closed(world)
    world.later(hours=1)
    world.talk(mail("bob", "#reopen The lamp is red again.", answers=done), ("bob", "confirmation"), ("ann", "case-received-again"))
    case = world.case(1001)
    assert (case["state"], case["sla_cycle"], case["acknowledged"], case["acknowledged_by"]) == ("Open", 2, True, "bob")
    assert clocks(world, 2)["acknowledge"]["met_at"] == world.clock
    assert clocks(world, 2)["plan"]["deadline_at"] is not None


def test_what_is_closed_cannot_be_closed_and_what_is_open_not_reopened(world: World) -> None:
    received, assigned = opened(world)
    (refused, _) = world.talk(mail("ann", "#reopen please", answers=received), ("ann", "error"), ("bob", "case-comment"))
    assert "not closed" in words(refused).lower() or "open" in words(refused).lower()
    world.talk(mail("bob", "#close Done.", answers=assigned), ("bob", "confirmation"), ("ann", "case-closed"))
    world.talk(mail("bob", "#close Done.", answers=assigned), ("bob", "error"))
    assert world.last_mail()["reason"] == "commands-refused"


def test_a_list_holds_the_partners_own_tickets_the_latest_change_first(world: World) -> None:
    _, assigned = opened(world)
    world.later(minutes=1)
    world.talk(mail("sam", "How do I install it?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))
    world.later(minutes=1)
    world.talk(mail("ann", "Roof-7 is loud.", subject="Loud"), ("ann", "case-received"), ("bob", "case-assigned"))
    world.later(minutes=1)
    world.talk(mail("bob", "#close Restarted.", answers=assigned), ("bob", "confirmation"), ("ann", "case-closed"))
    world.later(minutes=1)
    (found,) = world.talk(mail("bob", "#list", subject="my tickets"), ("bob", "ticket-list"))
    listed = words(found)
    assert all(title in found.text for title in ("ID", "Entity", "System", "Subject", "Created at", "Last Update", "State"))
    for cell in ("CASE-1001", "Acme Homes", "Roof-7", "No data since noon", "2025-12-02 10:00", "2025-12-02 10:03", "Ticket Closed"):
        assert cell in listed
    for cell in ("CASE-1003", "Loud", "2025-12-02 10:02", "Ticket Open"):
        assert cell in listed
    assert listed.index("CASE-1001") < listed.index("CASE-1003")
    assert "CASE-1002" not in found.text
    assert "CASE-1002" not in found.html
    assert len(world.cases()) == 3
    # the other partner has none, the house sees all
    (none,) = world.talk(mail("eva", "#list", subject="my tickets"), ("eva", "ticket-list"))
    assert table(none) == []
    (everything,) = world.talk(mail("cara", "#list", subject="all"), ("cara", "ticket-list"))
    assert len(table(everything)) == 3
    world.assert_good_books()


def test_a_customer_may_not_list(world: World) -> None:
    opened(world)
    (refused,) = world.talk(mail("ann", "#list", subject="my tickets"), ("ann", "error"))
    assert "#list" in refused.text
    assert "CASE-1001" not in refused.text
    row = world.last_mail()
    assert (row["kind"], row["reason"], row["case"]) == ("command", "commands-refused", None)
    assert len(world.cases()) == 1
    world.assert_good_books()
