"""`#help`, `#status` and `#list`: what each person may ask, and what they are told."""

from __future__ import annotations

import re

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.world import Out, World, mail


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def offered(out: Out) -> set[str]:
    """The commands a mail offers with a tap."""
    return {name.lower() for name in re.findall(r"body=%23([A-Za-z-]+)", out.html)}


def helpdesk_case(world: World) -> Out:
    """Ann's case on Roof-7, which Miller Solar looks after; her receipt."""
    received, _ = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    return received


# --- help ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "some", "none"),
    [
        ("ann", {"update", "close", "reopen", "status", "help"}, {"list", "case", "plan", "acknowledge", "review", "assign"}),
        ("bob", {"acknowledge", "plan", "close", "list", "case", "contact", "assign"}, {"review"}),
        ("cara", {"acknowledge", "plan", "close", "list", "case", "contact", "assign", "review"}, set()),
        ("ivan", {"status", "help"}, {"list", "case", "assign", "review", "plan"}),
    ],
)
@on_sqlite
def test_help_tells_each_reader_what_they_can_send(world: World, who: str, some: set[str], none: set[str]) -> None:
    (told,) = world.talk(mail(who, "#help", subject="How does this work?"), (who, "help"))
    assert some <= offered(told)
    assert not none & offered(told)
    assert told.message["Auto-Submitted"] == "auto-replied"
    assert world.cases() == []
    assert world.last_mail()["reason"] == "commands-run"
    world.assert_good_books()


def test_a_stranger_is_told_how_mails_work_once_a_day(world: World) -> None:
    stranger = "walter@far.example"
    (told,) = world.talk(mail(stranger, "#help", subject="Hello"), (stranger, "help"))
    assert offered(told) == set()
    assert "You can do everything by mail." in told.text
    world.later(hours=3)
    world.talk(mail(stranger, "#help", subject="Hello again"))
    assert (world.last_mail()["outcome"], world.last_mail()["reason"]) == ("ignored", "help-given")
    world.later(hours=22)
    world.talk(mail(stranger, "#help", subject="Hello"), (stranger, "help"))
    assert world.cases() == []
    world.assert_good_books()


@on_sqlite
def test_a_strangers_words_beside_the_help_are_kept(world: World) -> None:
    world.talk(mail("walter@far.example", "#help\nMy site is broken."), ("walter@far.example", "unknown-sender"))
    assert world.case(1001)["type"] == "triage"
    assert "My site is broken." in world.case(1001)["description"]


@on_sqlite
def test_nobody_is_helped_by_a_mail_that_proves_nothing(world: World) -> None:
    world.talk(mail("walter@far.example", "#help", results="none"), ("walter@far.example", "unknown-sender"))
    world.talk(mail("walter@far.example", "#help me", results="fail", subject="again"))
    assert world.last_mail()["outcome"] == "quarantined"


@on_sqlite
def test_help_in_the_thread_of_a_case_changes_nothing_on_it(world: World) -> None:
    received = helpdesk_case(world)
    before = world.case(1001)
    world.later(hours=1)
    (told,) = world.talk(mail("ann", "#help", answers=received), ("ann", "help"))
    assert told.subject.endswith("[CASE-1001]")
    after = world.case(1001)
    assert (after["comments"], after["last_update"], after["feed"]) == (before["comments"], before["last_update"], before["feed"])


# --- status --------------------------------------------------------------------------------------------------------


def test_the_status_of_a_case_in_its_thread(world: World) -> None:
    received = helpdesk_case(world)
    world.talk(mail("bob", "Will restart it.", subject="[CASE-1001]"), ("ann", "case-comment"), ("bob", "hint-acknowledge"))
    world.talk(mail("bob", "#internal they never pay", subject="[CASE-1001]"), ("bob", "confirmation"))
    (told,) = world.talk(mail("ann", "#status", answers=received), ("ann", "status"))
    assert told.subject.endswith("[CASE-1001]")
    for said in ("State: Ticket Open", "Entity: Acme Homes", "System: Roof-7", "Partner: Miller Solar", "Will restart it."):
        assert said in words(told.text)
    assert "they never pay" not in told.text
    assert "Owner" not in told.text
    assert offered(told) >= {"update", "close"}
    (told,) = world.talk(mail("cara", "#status", subject="[CASE-1001]"), ("cara", "status"))
    assert "Owner: level-one" in words(told.text)
    assert "they never pay" not in told.text
    assert [c["public"] for c in world.case(1001)["comments"]] == [True, False]
    world.assert_good_books()


@pytest.mark.parametrize(("who", "step"), [("ann", "update"), ("bob", "acknowledge"), ("cara", "review")])
@on_sqlite
def test_the_status_of_an_own_case_by_its_number_can_be_answered(world: World, who: str, step: str) -> None:
    helpdesk_case(world)
    (told,) = world.talk(mail(who, "#status CASE-1001", subject="How is it?"), (who, "status"))
    assert told.subject.endswith("[CASE-1001]")
    assert "Roof-7" in told.text
    assert step in offered(told)
    assert world.last_mail()["case"] == "CASE-1001"
    world.talk(mail(who, "#update It still is dark.", answers=told), (who, "confirmation"), *SIDE[who])
    assert world.case(1001)["comments"][0]["author"] == who
    world.assert_good_books()


SIDE = {"ann": [("bob", "case-comment")], "bob": [("ann", "case-comment")], "cara": [("ann", "case-comment")]}


@on_sqlite
def test_the_number_may_stand_alone_and_words_beside_it_are_no_comment(world: World) -> None:
    helpdesk_case(world)
    world.talk(mail("ann", "Hello,\n\n#status 1001\n\nI wonder what goes on there.", subject="?"), ("ann", "status"))
    assert world.case(1001)["comments"] == []


@pytest.mark.parametrize("who", ["sam", "eva"])
@on_sqlite
def test_of_others_cases_nobody_learns_even_that_they_exist(world: World, who: str) -> None:
    helpdesk_case(world)
    (others,) = world.talk(mail(who, "#status CASE-1001", subject="?"), (who, "error"))
    world.later(hours=1)
    (nobodys,) = world.talk(mail(who, "#status CASE-9999", subject="?"), (who, "error"))
    assert others.text.replace("1001", "9999") == nobodys.text
    assert "Roof-7" not in others.text
    assert {mail["case"] for mail in world.mails() if mail["kind"] == "command"} == {None}
    world.assert_good_books()


@on_sqlite
def test_a_cs_ticket_is_no_case_of_that_number(world: World) -> None:
    helpdesk_case(world)
    world.talk(mail("cara", "#status CS-1001", subject="?"), ("cara", "error"))


@on_sqlite
def test_the_status_of_two_cases_in_one_mail(world: World) -> None:
    helpdesk_case(world)
    world.talk(mail("ann", "And the display of Roof-7 is dark.", subject="Display"), ("ann", "case-received"), ("bob", "case-assigned"))
    one, two = world.talk(mail("ann", "#status CASE-1001\n#status CASE-1002", subject="?"), ("ann", "status"), ("ann", "status"))
    assert {("CASE-1001" in one.text, "CASE-1002" in one.text), ("CASE-1001" in two.text, "CASE-1002" in two.text)} == {
        (True, False), (False, True),
    }  # fmt: skip
    # an answer to such a mail names no case, so that nothing happens to the wrong one
    assert world.last_mail()["case"] is None


@on_sqlite
def test_the_status_of_another_case_is_not_told_in_the_thread_of_one(world: World) -> None:
    received = helpdesk_case(world)
    world.talk(mail("ann", "And the display of Roof-7 is dark.", subject="Display"), ("ann", "case-received"), ("bob", "case-assigned"))
    _, told = world.talk(mail("ann", "#status CASE-1002", answers=received), ("bob", "case-comment"), ("ann", "error"))
    assert "CASE-1001 and CASE-1002" in words(told.text)
    world.talk(mail("ann", "#status CASE-1001", answers=received), ("ann", "status"))


# --- list ----------------------------------------------------------------------------------------------------------


def test_the_list_shows_a_partner_its_own_tickets_and_the_house_all(world: World) -> None:
    helpdesk_case(world)
    world.later(minutes=1)
    world.talk(mail("sam", "How do I install it?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))
    world.later(minutes=1)
    world.talk(mail("ann", "Roof-7 hums.", subject="Humming"), ("ann", "case-received"), ("bob", "case-assigned"))
    world.later(minutes=1)
    world.talk(mail("cara", "We look into it.", subject="[CASE-1001]"), ("ann", "case-comment"))
    (told,) = world.talk(mail("bob", "#list", subject="my tickets"), ("bob", "ticket-list"))
    head = ["ID", "Entity", "System", "Subject", "Created at", "Last Update", "State"]
    assert re.findall(r"<th[^>]*>([^<]*)</th>", told.html) == head
    table, _, offers = told.text.partition("What you can do now")
    assert re.findall(r"CASE-\d+", table) == ["CASE-1001", "CASE-1003"]
    assert "- #status CASE-1001: No data since noon - #status CASE-1003: Humming - " in words(offers)
    assert "#list" not in offers
    assert "Acme Homes" in told.text
    assert "Ticket Open" in words(told.text)
    assert "America/New_York" in told.text
    assert all(len(line) <= 72 for line in told.text.splitlines())
    (told,) = world.talk(mail("cara", "#list", subject="all of them"), ("cara", "ticket-list"))
    assert re.findall(r"CASE-\d+", told.text.partition("What you can do now")[0]) == ["CASE-1001", "CASE-1003", "CASE-1002"]
    (told,) = world.talk(mail("eva", "#tickets", subject="ours"), ("eva", "ticket-list"))
    assert "There are no tickets in your care" in words(told.text)
    world.assert_good_books()


@pytest.mark.parametrize("who", ["ann", "ivan"])
@on_sqlite
def test_a_customer_gets_no_list(world: World, who: str) -> None:
    helpdesk_case(world)
    (told,) = world.talk(mail(who, "#list", subject="my tickets"), (who, "error"))
    assert "only the partner and our own agents can use #list" in words(told.text)
    assert "CASE-1001" not in told.text
    assert world.last_mail()["reason"] == "commands-refused"
    world.assert_good_books()
