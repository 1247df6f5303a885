"""A ticket of the help desk from its opening to its second life: update, close, reopen, list (scenario SC-09)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conversations.databases import on_sqlite
from tests.conversations.world import TUESDAY, Out, World, mail

QUESTION = "Please restart the logger and tell me the colour of the lamp."
AFTER_HOURS = datetime(2025, 12, 4, 23, 10, tzinfo=UTC)
"""Thursday, 18:10 in New York."""


def opened(world: World) -> tuple[Out, Out]:
    """Ann opens a ticket: the mails that she and Bob get."""
    received, assigned = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    return received, assigned


def clocks(world: World, cycle: int) -> dict[str, dict[str, Any]]:
    """The clocks of a cycle by their kind, the newest of each."""
    return {row["kind"]: row for row in world.case(1001)["clocks"] if row["cycle"] == cycle}


def test_a_ticket_is_opened_updated_closed_and_reopened(world: World) -> None:
    received, assigned = opened(world)
    assert received.subject == "Re: No data since noon [CASE-1001]"
    assert "Please acknowledge it by Wednesday 3 December 2025, 17:00 (America/New_York)." in " ".join(assigned.text.split())
    assert "#acknowledge" in assigned.text
    assert clocks(world, 1)["acknowledge"]["deadline_at"] == datetime(2025, 12, 3, 22, 0, tzinfo=UTC)

    # a comment is no acknowledgement: bob is told so once
    world.later(hours=1)
    asked, hint = world.talk(mail("bob", QUESTION, answers=assigned), ("ann", "case-comment"), ("bob", "hint-acknowledge"))
    assert "Wednesday 3 December 2025, 17:00 (America/New_York)" in " ".join(hint.text.split())
    case = world.case(1001)
    assert (case["state"], case["last_update"], case["acknowledged"]) == ("Open", world.clock, False)
    assert clocks(world, 1)["acknowledge"]["met_at"] is None

    world.later(hours=1)
    (told,) = world.talk(mail("ann", "Lamp is green now.", answers=asked), ("bob", "case-comment"))
    assert world.case(1001)["last_update"] == world.clock

    # closing acknowledges at the same instant; one comment, one change of state
    world.later(hours=1)
    before = world.case(1001)
    closed, done = world.talk(
        mail("bob", "#close Logger restarted, data is back.", answers=told), ("ann", "case-closed"), ("bob", "confirmation")
    )
    assert "acknowledged (you had not yet done so)" in done.text
    assert "Logger restarted, data is back." in closed.text
    assert "#reopen" in closed.text
    case = world.case(1001)
    assert (case["state"], case["closed_at"], case["closed_by"], case["resolution"]) == (
        "Closed", world.clock, "bob", "Logger restarted, data is back.",
    )  # fmt: skip
    assert (case["acknowledged_at"], case["acknowledged_by"], case["closed_on_planned_date"]) == (world.clock, "bob", None)
    assert len(case["comments"]) == len(before["comments"]) + 1
    assert [item["author"] for item in case["feed"] if item["kind"] == "state"] == ["bob"]
    assert clocks(world, 1)["acknowledge"]["met_at"] == world.clock
    assert case["next_deadline"] is None

    # thanks don't reopen; how to is said once for each closing
    world.later(hours=1)
    words, hint = world.talk(mail("ann", "thank you!", answers=closed), ("bob", "case-comment"), ("ann", "closed-hint"))
    assert "#reopen" in hint.text
    assert "thank you!" in words.text
    world.talk(mail("ann", "Really, thank you.", answers=closed), ("bob", "case-comment"))
    assert world.case(1001)["state"] == "Closed"

    # the second life: a new cycle, counted from the arrival after hours
    world.clock = AFTER_HOURS
    reopened, again = world.talk(
        mail("ann", "#reopen It went offline again this morning", answers=closed), ("bob", "case-reopened"), ("ann", "case-received-again")
    )
    assert "Please acknowledge it by Monday 8 December 2025, 17:00 (America/New_York)." in " ".join(reopened.text.split())
    assert "It went offline again this morning" in reopened.text
    assert "#acknowledge" in reopened.text
    assert again.message["Auto-Submitted"] == "auto-replied"
    first_life, case = clocks(world, 1), world.case(1001)
    assert (case["state"], case["closed_at"], case["closed_by"], case["resolution"]) == ("Open", None, None, None)
    assert (case["sla_cycle"], case["acknowledged"], case["acknowledged_at"], case["acknowledged_by"]) == (2, False, None, None)
    assert (case["planned_resolution"], case["planned_resolution_date"], case["first_planned_resolution_date"]) == (None, None, None)
    assert first_life["acknowledge"]["met_at"] == TUESDAY + timedelta(hours=3)
    assert clocks(world, 2)["acknowledge"]["deadline_at"] == datetime(2025, 12, 8, 22, 0, tzinfo=UTC)
    assert case["next_deadline"] == datetime(2025, 12, 8, 22, 0, tzinfo=UTC)

    # the hint is due again in the new cycle
    world.later(minutes=10)
    world.talk(mail("bob", "I'll have a look.", answers=reopened), ("ann", "case-comment"), ("bob", "hint-acknowledge"))
    world.talk(mail("bob", "Still looking.", answers=reopened), ("ann", "case-comment"))
    world.assert_good_books()


@on_sqlite
def test_a_list_shows_a_partners_tickets_the_latest_change_first(world: World) -> None:
    received, _ = opened(world)
    world.later(minutes=5)
    new_case = "#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: {}\n{}\n"
    world.talk(
        mail("cara", new_case.format("Miller Solar", "Fan is loud."), subject="Loud fan"),
        ("bob", "case-assigned"), ("cara", "case-created"), ("ann", "case-received"),
    )  # fmt: skip
    world.talk(
        mail("cara", new_case.format("Berlin Sonne GmbH", "Roof leaks."), subject="Leak"),
        ("eva", "case-assigned"), ("cara", "case-created"), ("ann", "case-received"),
    )  # fmt: skip
    world.later(minutes=5)
    world.talk(mail("ann", "Any news?", answers=received), ("bob", "case-comment"))
    (listed,) = world.talk(mail("bob", "#list", subject="my tickets"), ("bob", "ticket-list"))
    assert listed.text.index("CASE-1001") < listed.text.index("CASE-1002")
    assert "CASE-1003" not in listed.text
    assert all(
        name in " ".join(listed.text.split()) for name in ("ID", "Entity", "System", "Subject", "Created at", "Last Update", "State")
    )
    assert all(len(line) <= 72 for line in listed.text.splitlines())
    assert listed.message["Auto-Submitted"] == "auto-replied"
    assert world.last_mail()["kind"] == "command"

    # a customer has no list
    (refused,) = world.talk(mail("ann", "#list", subject="my tickets"), ("ann", "error"))
    assert "only the partner and our own agents can use #list" in " ".join(refused.text.split())
    assert len(world.cases()) == 3


@on_sqlite
def test_a_customer_closes_their_own_ticket(world: World) -> None:
    received, _ = opened(world)
    world.later(hours=1)
    done, told = world.talk(mail("ann", "#close It works again.", answers=received), ("ann", "confirmation"), ("bob", "case-closed"))
    assert "It works again." in told.text
    assert "acknowledged" not in done.text
    case = world.case(1001)
    assert (case["state"], case["closed_by"], case["resolution"]) == ("Closed", "ann", "Confirmed by customer: It works again.")
    assert clocks(world, 1)["acknowledge"]["met_at"] == world.clock
    world.assert_good_books()


@on_sqlite
def test_who_reopens_as_the_partner_has_acknowledged_at_once(world: World) -> None:
    _, assigned = opened(world)
    world.talk(mail("bob", "#close Restarted.", answers=assigned), ("ann", "case-closed"), ("bob", "confirmation"))
    world.later(hours=1)
    done, again = world.talk(
        mail("bob", "#reopen It stopped again.", answers=assigned), ("bob", "confirmation"), ("ann", "case-received-again")
    )
    assert "send #plan" in done.text
    case = world.case(1001)
    assert (case["state"], case["sla_cycle"], case["acknowledged"], case["acknowledged_by"]) == ("Open", 2, True, "bob")
    assert clocks(world, 2)["acknowledge"]["met_at"] == world.clock
    assert clocks(world, 2)["plan"]["deadline_at"] == datetime(2025, 12, 3, 22, 0, tzinfo=UTC)
    assert again.message["Auto-Submitted"] == "auto-generated"
    world.assert_good_books()


@on_sqlite
def test_a_plain_reopen_please_is_enough_on_a_closed_ticket(world: World) -> None:
    received, assigned = opened(world)
    world.talk(mail("bob", "#close Restarted.", answers=assigned), ("ann", "case-closed"), ("bob", "confirmation"))
    world.talk(mail("ann", "Please reopen, thanks", answers=received), ("bob", "case-reopened"), ("ann", "case-received-again"))
    assert world.case(1001)["state"] == "Open"


@on_sqlite
def test_the_number_in_the_subject_alone_makes_a_plain_word_no_step(world: World) -> None:
    _, assigned = opened(world)
    world.talk(mail("bob", "#ack", answers=assigned), ("bob", "confirmation"))
    world.talk(mail("bob", "Closed", subject="about [CASE-1001]"), ("ann", "case-comment"))
    assert world.case(1001)["state"] == "Open"
    # to the signed address with the mark of an answer it is one, even where the client lost what it answers
    world.talk(
        mail("bob", "Closed", subject="Re: No data since noon", to=assigned.reply_to), ("ann", "case-closed"), ("bob", "confirmation")
    )
    assert world.case(1001)["resolution"] == "(closed by e-mail without text)"


@on_sqlite
def test_each_closing_has_its_own_hint(world: World) -> None:
    _, assigned = opened(world)
    told, _ = world.talk(mail("bob", "#close Restarted.", answers=assigned), ("ann", "case-closed"), ("bob", "confirmation"))
    world.later(hours=1)
    world.talk(mail("ann", "thank you!", answers=told), ("bob", "case-comment"), ("ann", "closed-hint"))
    world.later(hours=1)
    again, _ = world.talk(mail("ann", "#reopen Gone again.", answers=told), ("bob", "case-reopened"), ("ann", "case-received-again"))
    world.later(hours=1)
    told, _ = world.talk(mail("bob", "#close New logger.", answers=again), ("ann", "case-closed"), ("bob", "confirmation"))
    world.later(hours=1)
    world.talk(mail("ann", "thank you again", answers=told), ("bob", "case-comment"), ("ann", "closed-hint"))
    world.talk(mail("ann", "and again", answers=told), ("bob", "case-comment"))
    world.assert_good_books()


@on_sqlite
def test_an_open_ticket_cannot_be_reopened_nor_a_closed_one_closed(world: World) -> None:
    received, assigned = opened(world)
    # nothing is done, but a customer's words are never lost
    refused, _ = world.talk(mail("ann", "#reopen It is urgent.", answers=received), ("ann", "error"), ("bob", "case-comment"))
    assert "the case is open" in " ".join(refused.text.split())
    assert world.case(1001)["sla_cycle"] == 1
    world.talk(mail("bob", "#close Restarted.", answers=assigned), ("ann", "case-closed"), ("bob", "confirmation"))
    closed_at = world.clock
    world.later(hours=1)
    (refused,) = world.talk(mail("bob", "#close Replaced the fuse.", answers=assigned), ("bob", "error"))
    assert "closed already" in " ".join(refused.text.split())
    case = world.case(1001)
    assert (case["closed_at"], case["resolution"], len(case["comments"])) == (closed_at, "Restarted.", 2)
    world.assert_good_books()


@on_sqlite
def test_another_partners_list_is_empty_and_the_house_sees_all(world: World) -> None:
    opened(world)
    world.talk(mail("sam", "How do I install it?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))
    (theirs,) = world.talk(mail("eva", "#list", subject="my tickets"), ("eva", "ticket-list"))
    assert "CASE-" not in theirs.text
    assert "CASE-" not in theirs.html
    (everything,) = world.talk(mail("cara", "#list", subject="all tickets"), ("cara", "ticket-list"))
    assert all(number in everything.text for number in ("CASE-1001", "CASE-1002"))
