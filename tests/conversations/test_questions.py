"""Questions of ours: answered by a command or a plain yes or no, by the one asked, once, and in time (scenario SC-10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conversations.databases import on_sqlite
from tests.conversations.world import Out, World, copy_directory, mail

CANCELLED = "#case\ntype: homeowner\ncontact: hank@home.example\ncontract: HC-101\nPanel leak\n"
PENDING = "#case\ntype: homeowner\ncontact: hank@home.example\ncontract: HC-102\nAnother leak\n"


def asked(world: World, block: str = CANCELLED, subject: str = "Panel leak") -> Out:
    """Cara wants a case on a contract that is not active."""
    (question,) = world.talk(mail("cara", block, subject=subject), ("cara", "question-contract"))
    return question


@on_sqlite
def test_a_plain_yes_to_the_question_makes_the_case(world: World) -> None:
    question = asked(world)
    world.talk(mail("cara", "Yes, please!", answers=question), ("cara", "case-created"))
    assert world.case(1001)["contract"] == "HC-101"
    assert world.last_mail()["kind"] == "command"
    world.assert_good_books()


@on_sqlite
def test_a_plain_no_to_the_question_makes_nothing(world: World) -> None:
    question = asked(world)
    (done,) = world.talk(mail("cara", "No, thanks.", answers=question), ("cara", "confirmation"))
    assert "declined: contract HC-101" in done.text
    assert world.cases() == []
    world.talk(mail("cara", "#confirm", answers=question), ("cara", "error"))
    assert world.cases() == []
    world.assert_good_books()


@on_sqlite
def test_a_yes_in_another_thread_is_no_answer_to_the_question(world: World) -> None:
    received, _ = world.talk(mail("sam", "How do I install it?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))
    asked(world)
    world.talk(mail("lou", "#assign cara", subject="[CASE-1001]"), ("lou", "confirmation"), ("cara", "case-assigned"))
    (told,) = world.talk(mail("sam", "Is it version 7?", answers=received), ("cara", "case-comment"))
    world.talk(mail("cara", "Yes", answers=told), ("sam", "case-comment"))
    assert [case["number"] for case in world.cases()] == ["CASE-1001"]
    assert [comment["body"] for comment in world.case(1001)["comments"]] == ["Is it version 7?", "Yes"]
    # and a new mail that says yes is a ticket, not an answer
    world.talk(mail("cara", "Yes", subject="Lunch"), ("cara", "case-received"), ("lou", "case-assigned"))
    assert world.case(1002)["type"] == "support"


@on_sqlite
def test_each_question_has_its_own_answer(world: World) -> None:
    first, second = asked(world), asked(world, PENDING, "Another leak")
    # a new mail can't say which one it means
    (told,) = world.talk(mail("cara", "#confirm", subject="the contract"), ("cara", "error"))
    assert "Please reply to the mail that asks the one you mean" in " ".join(told.text.split())
    world.talk(mail("cara", "#confirm", answers=first), ("cara", "case-created"))
    assert world.case(1001)["contract"] == "HC-101"
    # the answered one is answered, although another one waits
    world.talk(mail("cara", "#confirm", answers=first), ("cara", "error"))
    world.talk(mail("cara", "#decline", answers=second), ("cara", "confirmation"))
    assert [case["number"] for case in world.cases()] == ["CASE-1001"]
    world.assert_good_books()


@on_sqlite
def test_a_confirmation_in_the_thread_of_another_case_leaves_that_case_alone(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    asked(world)
    before = world.case(1001)
    world.talk(mail("cara", "#confirm", subject="[CASE-1001]"), ("cara", "case-created"))
    assert world.case(1002)["contract"] == "HC-101"
    assert world.case(1001) == before
    # nothing may be asked of both at once
    asked(world, PENDING, "Another leak")
    (told,) = world.talk(mail("cara", "#confirm\n#close done\n", subject="[CASE-1001]"), ("cara", "error"))
    assert "#confirm and #close contradict each other" in told.text
    assert world.case(1001)["state"] == "Open"
    assert len(world.cases()) == 2
    world.assert_good_books()


def test_a_question_expires_after_five_business_days_and_says_so_once(world: World) -> None:
    world.clock = datetime(2025, 11, 24, 15, 0, tzinfo=UTC)
    question = asked(world)
    # Monday plus five business days, Thanksgiving not counted: Tuesday's close
    assert "Tuesday 2 December 2025, 17:00" in " ".join(question.text.split())
    at_last = datetime(2025, 12, 2, 22, 0, tzinfo=UTC)
    world.clock = at_last
    world.run()
    world.expect()
    world.clock = at_last + timedelta(seconds=1)
    world.run()
    (expired,) = world.expect(("cara", "question-expired"))
    assert "HC-101" in expired.text
    assert "no case was made" in " ".join(expired.text.split())
    assert expired.subject == "Re: Panel leak"
    assert expired.message["In-Reply-To"] == question.message_id
    assert expired.message["Auto-Submitted"] == "auto-generated"
    assert "#case" in expired.html
    world.later(days=3)
    world.run()
    world.expect()
    (told,) = world.talk(mail("cara", "#confirm", answers=question), ("cara", "error"))
    assert "no question of ours waits" in told.text
    assert world.cases() == []
    assert [(row["cause"], row["state"]) for row in world.outbox() if row["template"] == "question-expired"] == [("question:1", "sent")]
    world.assert_good_books()


@on_sqlite
def test_an_answer_that_came_in_time_counts_however_late_it_is_read(world: World) -> None:
    world.clock = datetime(2025, 11, 24, 15, 0, tzinfo=UTC)
    question = asked(world)
    at_last = datetime(2025, 12, 2, 22, 0, tzinfo=UTC)
    world.clock = at_last + timedelta(days=1)
    world.deliver(mail("cara", "#confirm", answers=question), at=at_last)
    world.run()
    world.expect(("cara", "case-created"))
    assert world.case(1001)["created_at"] == at_last
    world.later(days=5)
    world.run()
    world.expect()
    world.assert_good_books()


@on_sqlite
def test_a_case_is_confirmed_for_whoever_was_made_a_contact_meanwhile(world: World, tmp_path: Path) -> None:
    folder = copy_directory(tmp_path / "more")
    with (folder / "contracts.csv").open("a", encoding="utf-8") as file:
        file.write("HC-200,Acme Homes,,Cancelled\n")
    world.import_directory(folder)
    person = "First Name: Nora\nLast Name: New\nEmail: nora@home.example\nAccount: Acme Homes\n"
    question = asked(world, f"#case\ntype: homeowner\n{person}contract: HC-200\nPanel leak\n")
    world.talk(mail("marta", f"#contact\n{person.replace('Account', 'Company')}", subject="Nora"), ("marta", "confirmation"))
    world.talk(mail("cara", "#confirm", answers=question), ("cara", "case-created"))
    case = world.case(1001)
    assert (case["contact"], case["contract"]) == ("nora", "HC-200")
    world.assert_good_books()


@on_sqlite
def test_the_partner_of_a_confirmed_case_is_told_once_and_by_its_own_calendar(world: World) -> None:
    world.clock = datetime(2025, 11, 18, 1, 0, tzinfo=UTC)
    question = asked(world, CANCELLED.replace("Panel", "partner: Berlin Sonne GmbH\nPanel"))
    world.later(hours=1)
    _, assigned, _ = world.talk(
        mail("cara", "#confirm", answers=question), ("cara", "case-created"), ("eva", "case-assigned"), ("hank", "case-received")
    )
    assert "Wednesday 19 November 2025, 17:00 (Europe/Berlin)" in " ".join(assigned.text.split())
    assert [clock["deadline_at"] for clock in world.case(1001)["clocks"]] == [datetime(2025, 11, 19, 16, 0, tzinfo=UTC)]
    world.assert_good_books()


@on_sqlite
def test_the_address_of_a_question_proves_who_answers_although_there_is_no_case_yet(world: World) -> None:
    question = asked(world)
    world.configure(authserv_id=None)
    # a claim alone proves nothing, and neither does the address in somebody else's hands
    world.talk(mail("cara", "#confirm", subject="Panel leak", results=None), ("cara", "command-not-run"))
    assert (world.last_mail()["trust"], world.last_mail()["reason"]) == ("claimed", "command-not-proven")
    world.talk(mail("marta", "#confirm", answers=question, results=None), ("marta", "command-not-run"))
    assert (world.last_mail()["trust"], world.last_mail()["reason"]) == ("untrusted", "command-not-proven")
    assert {case["type"] for case in world.cases()} == {"triage"}
    world.talk(mail("cara", "Yes", answers=question, results=None), ("cara", "case-created"))
    assert (world.last_mail()["trust"], world.last_mail()["reason"]) == ("keyed", "commands-run")
    assert world.cases()[0]["type"] == "homeowner"
    world.assert_good_books()


@on_sqlite
def test_the_thread_of_an_error_proves_who_tries_again(world: World) -> None:
    (told,) = world.talk(mail("bob", "#case\nContact: joe@acme.example\nIt hums.", subject="Hum"), ("bob", "error"))
    world.configure(authserv_id=None)
    block = "#case\nFirst Name: Joe\nLast Name: Hill\nCompany: Acme Homes\nEmail: joe@acme.example\nIt hums."
    # a client that answers to the plain address keeps the references
    again = mail("bob", block, answers=told, to="help@support.example", results=None)
    world.talk(again, ("bob", "case-created"), ("lou", "case-assigned"))
    assert world.last_mail()["trust"] == "keyed"
    world.assert_good_books()
