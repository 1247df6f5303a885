"""The same form again: edited in every state, without its number, unproven; a form whose questions changed; one that is forged."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.forms import MONDAY, asked, form, settled, submitted, taken_in
from tests.conversations.world import World, mail

pytestmark = on_sqlite


def edited(partner: str = "HW Solar West", **changes: Any) -> bytes:
    """The same submission with another partner."""
    return submitted(partner=partner, **changes).as_bytes()


def test_edited_while_a_person_decides_it_is_asked_again_and_taken_in_as_it_is_then(world: World) -> None:
    asked(world, submitted(company="Sun & Sons", address="ana@sunpath.example").as_bytes())
    (again,) = world.talk(edited(company="Green Light Solar", address="ana@sunpath.example"), ("priya", "triage"))
    for said in ("HW Solar West", "it has been edited since you were asked"):
        assert said in again.text
    work = settled(world, mail("priya", "#confirm", answers=again), "ana@sunpath.example")
    assert "HW Solar West" in work.text
    case = world.case(1001)
    assert (case["subject"], case["request"]["company"]) == ("A New Channel Partner Request for HW Solar West", "Green Light Solar")
    assert len(world.cases()) == 1
    world.assert_good_books()


def test_an_address_that_is_put_right_by_an_edit_is_the_one_that_is_answered(world: World) -> None:
    asked(world, submitted(company="Sun & Sons", address="wrong@sunpath.example").as_bytes())
    (again,) = world.talk(edited(address="right@sunpath.example"), ("priya", "triage"))
    settled(world, mail("priya", "#confirm", answers=again), "right@sunpath.example")


def test_edited_after_it_was_completed_the_work_changes_and_the_customer_hears_nothing(world: World) -> None:
    _, _, work = taken_in(world, submitted().as_bytes())
    world.talk(mail("ivan", "Done", answers=work), ("ivan", "cs-done-confirmation"), ("dana", "New Channel Req 2"))
    world.talk(edited(), ("ivan", "cs-changed"))
    case = world.case(1001)
    assert (case["request"]["state"], case["cs_tickets"][0]["status"]) == ("completed", "Done")
    assert "HW Solar West" in case["cs_tickets"][0]["description"]
    world.assert_good_books()


def test_edited_after_it_was_declined_it_waits_again(world: World) -> None:
    question = asked(world, submitted(company="Sun & Sons").as_bytes())
    world.talk(mail("priya", "no", answers=question), ("priya", "confirmation"))
    world.talk(submitted(company="Sun & Sons").as_bytes())
    assert world.last_mail()["reason"] == "form-repeated"
    (again,) = world.talk(edited(), ("priya", "triage"))
    assert "it was declined" in again.text
    case = world.case(1001)
    assert (case["state"], case["request"]["state"]) == ("Open", "triage")
    settled(world, mail("priya", "#confirm", answers=again))
    world.assert_good_books()


def test_an_edit_that_nothing_proves_is_a_note_and_the_one_who_does_the_work_is_told(world: World) -> None:
    taken_in(world, submitted().as_bytes())
    (told,) = world.talk(edited(results=None), ("ivan", "cs-changed"))
    for said in ("I have not taken it over", "proves nothing of its sender", "HW Solar West"):
        assert said in " ".join(told.text.split())
    case = world.case(1001)
    assert case["request"]["partner_company"] == "HW Solar"
    assert "HW Solar West" not in case["cs_tickets"][0]["description"]
    assert world.last_mail()["reason"] == "form-not-verified"
    world.assert_good_books()


def test_the_same_answers_without_a_number_are_the_same_request(world: World) -> None:
    taken_in(world, submitted(submission=None).as_bytes())
    world.talk(submitted(submission=None).as_bytes())
    assert (world.last_mail()["reason"], world.last_mail()["case"]) == ("form-repeated", "CASE-1001")


@pytest.mark.parametrize("numbers", [(None, "7100000000000000001"), ("7100000000000000001", None)])
def test_a_number_that_was_lost_on_the_way_makes_no_second_request(world: World, numbers: tuple[str | None, str | None]) -> None:
    first, second = numbers
    taken_in(world, submitted(submission=first).as_bytes())
    world.talk(submitted(submission=second).as_bytes())
    assert world.last_mail()["reason"] == "form-repeated"
    assert len(world.cases()) == 1


def test_another_number_is_another_request_whatever_it_says(world: World) -> None:
    taken_in(world, submitted().as_bytes())
    world.talk(
        submitted(submission="7100000000000000002").as_bytes(), ("dana", "New Channel Req 1"), ("marta", "mention"), ("ivan", "cs-assigned")
    )  # fmt: skip
    assert [case["number"] for case in world.cases()] == ["CASE-1002", "CASE-1001"]


def test_a_form_with_other_questions_is_taken_in_and_its_owner_hears_once(world: World) -> None:
    world.clock = MONDAY
    more = [("Favourite colour", "green")]
    (told,) = [
        out
        for out in world.talk(
            submitted(more=more).as_bytes(), ("dana", "New Channel Req 1"), ("marta", "mention"), ("ivan", "cs-assigned"),
            ("priya", "form-changed"),
        )
        if out.template == "form-changed"
    ]  # fmt: skip
    assert "Favourite colour" in told.text
    world.talk(
        submitted(more=more, submission="7100000000000000002").as_bytes(), ("dana", "New Channel Req 1"), ("marta", "mention"),
        ("ivan", "cs-assigned"),
    )  # fmt: skip


def test_a_question_that_is_gone_is_told_once_and_the_case_is_opened(world: World) -> None:
    world.clock = MONDAY
    message: EmailMessage = submitted(partner="")
    del message["Subject"]
    message["Subject"] = "A New Channel Partner Request for HW Solar"
    (told,) = [
        out
        for out in world.talk(
            message.as_bytes(), ("dana", "New Channel Req 1"), ("marta", "mention"), ("ivan", "cs-assigned"), ("priya", "form-changed")
        )
        if out.template == "form-changed"
    ]  # fmt: skip
    assert "new channel partner" in told.text.lower()


def test_a_forged_form_is_in_the_digest_and_released_it_is_a_plain_mail_of_nobody(world: World) -> None:
    world.configure(digests=True)
    world.clock = MONDAY
    world.talk(form("spoofed-from"), ("priya", "digest"))
    row = world.last_mail()
    assert (row["outcome"], row["reason"]) == ("quarantined", "form-forged")
    world.cli("quarantine", "release", str(row["number"]))
    world.run()
    assert [out.template for out in world.out() if "New Channel" in out.template] == []
    (case,) = world.cases()
    assert case["type"] == "triage"
    assert world.case(1001)["request"] is None
    world.assert_good_books()
