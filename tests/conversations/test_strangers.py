"""Somebody nobody knows names an account: what they may hear and cause before level one has confirmed them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.conversations.world import World, mail

STRANGER = "stranger@gmail.example"


@pytest.fixture
def monday(world: World) -> World:
    world.configure(level_one=True)
    world.clock = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    return world


def asked(world: World) -> None:
    world.talk(mail(STRANGER, "My site is broken", subject="Help"), (STRANGER, "identify-account"))


def test_a_status_does_not_name_the_account_to_whom_nobody_has_confirmed(monday: World) -> None:
    world = monday
    received, verify = world.talk(
        mail(STRANGER, "Order 9001 is broken", subject="Help"), (STRANGER, "case-received"), ("lou", "verify-sender")
    )
    (status,) = world.talk(mail(STRANGER, "#status", answers=received), (STRANGER, "status"))
    assert "Shop Co" not in status.text
    (told,) = world.talk(mail("lou", "#status", answers=verify), ("lou", "status"))
    assert "Shop Co" in told.text
    block = f"#contact\nFirst Name: Kim\nLast Name: Doe\nCompany: Shop Co\nEmail: {STRANGER}"
    world.talk(mail("lou", block, answers=verify), ("lou", "confirmation"))
    (status,) = world.talk(mail(STRANGER, "#status", answers=received), (STRANGER, "status"))
    assert "Shop Co" in status.text


def test_what_nothing_proves_is_a_comment_and_closes_no_case(monday: World) -> None:
    world = monday
    asked(world)
    world.talk(mail(STRANGER, "no idea", subject="Re: [CASE-1001]", results=None), ("lou", "case-comment"))
    assert world.case(1001)["state"] == "Open"


def test_the_answer_to_a_question_of_ours_counts_whatever_is_known_of_its_domain(monday: World) -> None:
    world = monday
    (question,) = world.talk(mail(STRANGER, "My site is broken", subject="Help"), (STRANGER, "identify-account"))
    world.talk(mail(STRANGER, "no idea", answers=question, results=None), (STRANGER, "purchaser-must-contact"))
    assert world.case(1001)["state"] == "Closed"


def test_level_one_leaves_a_case_to_the_person_who_took_it(monday: World) -> None:
    world = monday
    asked(world)
    world.talk(mail("lou", "#assign me", subject="[CASE-1001]"), ("lou", "confirmation"))
    world.talk(mail(STRANGER, "It is on Windows", subject="Re: [CASE-1001]"), ("lou", "case-comment"))
    assert world.case(1001)["state"] == "Open"
    world.assert_good_books()


def test_a_strangers_name_is_no_command_in_the_lines_that_make_a_contact(monday: World) -> None:
    world = monday
    _, verify = world.talk(
        mail(STRANGER, "Order 9001 is broken", subject="Help", name='"Kim #close Role: Doe"'),
        (STRANGER, "case-received"), ("lou", "verify-sender"),
    )  # fmt: skip
    assert {"First Name: Kim close Role", "Last Name: Doe"} <= set(verify.text.splitlines())
