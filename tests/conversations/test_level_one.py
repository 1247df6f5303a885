"""Level one by itself: who is asking, what are they entitled to, which answer; and the calls (SC-13 to SC-15, SC-18)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.conversations.world import World, bounce, mail
from tests.doubles import Script

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
STRANGER = "stranger@gmail.example"
RESOURCES, OPTIONS = "FAQ-available support resources", "FAQ-what are my priority support options"


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def monday(world: World) -> World:
    world.configure(level_one=True)
    world.clock = MONDAY
    return world


# --- no plan, and persistent ---------------------------------------------------------------------------------------


def helped(world: World) -> None:
    (faq,) = world.talk(
        mail("sam", "Order 9001, shop.example. How do I install it?", subject="Help with installing on a new server"), ("sam", RESOURCES)
    )
    assert faq.subject.endswith("[CASE-1001]")
    assert faq.message["In-Reply-To"] is not None
    case = world.case(1001)
    assert (case["type"], case["contact"], case["queue"]) == ("support", "sam", "level-one")
    assert case["support"] == {
        "plan_state": "none", "issue_class": "installation_help", "rule": 32, "action": "send_template", "target": RESOURCES,
    }  # fmt: skip


def test_whoever_has_no_plan_and_insists_hears_of_the_options_once(monday: World) -> None:
    world = monday
    helped(world)
    world.talk(mail("sam", "I still need someone to help me please", subject="Re: [CASE-1001]"), ("sam", OPTIONS))
    shown = world.cli("case", "1001")
    for said in ("send template once", OPTIONS, "9001", "shop.example"):
        assert said in shown
    (status,) = world.talk(mail("lou", "#status", subject="[CASE-1001]"), ("lou", "status"))
    assert f"{OPTIONS}: sent to sam@shop.example" in words(status.text)
    case = world.case(1001)
    assert "persists" in [item["body"] for item in case["feed"]]
    assert case["support"]["rule"] == 37
    world.talk(mail("sam", "Really nobody can help?", subject="Re: [CASE-1001]"), ("lou", "case-comment"))
    assert len(world.case(1001)["comments"]) == 2
    world.assert_good_books()


def test_thanks_are_no_insistence(monday: World) -> None:
    helped(monday)
    monday.talk(mail("sam", "Thanks, that helps!", subject="Re: [CASE-1001]"), ("lou", "case-comment"))


def test_a_bug_goes_to_level_two_whatever_the_plan(monday: World) -> None:
    world = monday
    world.talk(
        mail("sam", "I want to report a bug: checkout crashes", subject="Checkout"), ("sam", "case-received"), ("cara", "case-assigned")
    )
    case = world.case(1001)
    assert (case["queue"], case["support"]["rule"], case["support"]["action"]) == ("level-two", 31, "transfer_level_two")
    world.assert_good_books()


# --- who are you? --------------------------------------------------------------------------------------------------


def asked(world: World) -> None:
    world.talk(mail(STRANGER, "My site is broken", subject="Help"), (STRANGER, "identify-account"))
    case = world.case(1001)
    assert (case["type"], case["state"], case["contact"], case["organization"]) == ("support", "Open", None, None)


def test_a_stranger_is_asked_until_one_account_fits_and_hears_nothing_of_it(monday: World) -> None:
    world = monday
    asked(world)
    (again,) = world.talk(mail(STRANGER, "The site is shop.exam", subject="Re: [CASE-1001]"), (STRANGER, "identify-account"))
    assert "Shop Co" not in again.text
    assert "shop.example" not in again.text
    received, verify = world.talk(
        mail(STRANGER, "Order 9001", subject="Re: [CASE-1001]"), (STRANGER, "case-received"), ("lou", "verify-sender")
    )
    assert "Shop Co" not in received.text
    assert "Shop Co" in verify.text
    case = world.case(1001)
    assert (case["organization"], case["contact"]) == ("Shop Co", None)
    assert "unverified_sender" in case["flags"]
    block = f"#contact\nFirst Name: Kim\nLast Name: Doe\nCompany: Shop Co\nEmail: {STRANGER}"
    world.talk(mail("lou", block, answers=verify), ("lou", "confirmation"))
    assert (world.case(1001)["contact"], world.case(1001)["organization"]) == ("kim", "Shop Co")
    assert world.case(1001)["flags"] == []
    world.talk(
        mail("lou", "#faq How to request a key", subject="[CASE-1001]"), ("lou", "confirmation"), (STRANGER, "FAQ-How to request a key")
    )
    world.assert_good_books()


def test_whoever_can_not_be_identified_is_told_to_let_the_purchaser_write(monday: World) -> None:
    world = monday
    asked(world)
    world.talk(mail(STRANGER, "no idea", subject="Re: [CASE-1001]"), (STRANGER, "purchaser-must-contact"))
    case = world.case(1001)
    assert (case["state"], case["resolution"]) == ("Closed", "caller could not be identified")
    world.assert_good_books()


def test_whoever_was_turned_away_and_finds_a_key_after_all_is_identified(monday: World) -> None:
    world = monday
    asked(world)
    (told,) = world.talk(mail(STRANGER, "no idea", subject="Re: [CASE-1001]"), (STRANGER, "purchaser-must-contact"))
    world.talk(mail(STRANGER, "#reopen I'll look it up", answers=told), (STRANGER, "case-received-again"), ("lou", "case-reopened"))
    world.talk(mail(STRANGER, "I still have no idea", answers=told), ("lou", "case-comment"))
    world.talk(mail(STRANGER, "It is order 9001", answers=told), (STRANGER, "case-received"), ("lou", "verify-sender"))
    case = world.case(1001)
    assert (case["state"], case["organization"], case["contact"]) == ("Open", "Shop Co", None)
    assert "unverified_sender" in case["flags"]
    world.assert_good_books()


def test_explain_names_the_row_and_by_what_the_account_was_found(monday: World) -> None:
    world = monday
    world.deliver(mail("lou", "#call\nWebsite: shop.example\nVersion: 5.5\nIssue: key", subject="Call"))
    world.deliver(mail(STRANGER, "The site is shop.exam", subject="Help"))
    world.run()
    call, unknown = (
        dict(next(action["facts"] for action in json.loads(line)["actions"] if action["verb"] == "record-support"))
        for line in world.cli("explain", "--json", "1", "2").splitlines()
    )
    assert call["account"] == "Shop Co by website shop.example"
    assert (call["version"], call["version_said"]) == ("<=5.x", "5.5")
    assert "version_order" not in call
    assert (unknown["caller"], unknown["account"]) == ("ambiguous", "several accounts fit the part of a website shop.exam")


# --- calls ---------------------------------------------------------------------------------------------------------


def test_a_call_about_a_long_trial_goes_to_sales(monday: World) -> None:
    world = monday
    told, _, _ = world.talk(
        mail("lou", "#call\nEmail: evan@trial.example\nIssue: install\nWants help with his trial", subject="Call"),
        ("lou", "confirmation"), ("marta", "sales-handover"), ("evan", "sales-will-contact"),
    )  # fmt: skip
    assert "(> 90): sent to sales" in words(told.text)
    case = world.case(1001)
    assert (case["origin"], case["queue"], case["contact"], case["support"]["rule"]) == ("phone", "sales", "evan", 5)
    world.assert_good_books()


def test_a_call_about_an_old_version_gets_its_faq(monday: World) -> None:
    world = monday
    world.talk(
        mail("lou", "#call\nWebsite: oldshop.example\nIssue: license key", subject="Call"),
        ("lou", "confirmation"), ("olga", "FAQ-Support for versions 5x and older."),
    )  # fmt: skip
    assert world.case(1001)["support"]["rule"] == 15


def test_a_caller_who_insists_gets_the_priority_options_and_no_second_time_by_hand(monday: World) -> None:
    world = monday
    title = "FAQ-what are my priority support options"
    noted = "#call\nWebsite: shop.example\nIssue: install\nPersists: yes"
    confirmed, _ = world.talk(mail("lou", noted, subject="Call"), ("lou", "confirmation"), ("sam", title))
    assert world.case(1001)["support"]["rule"] == 37
    (error,) = world.talk(mail("lou", "#faq What are my priority support options", answers=confirmed), ("lou", "error"))
    assert "goes only once" in words(error.text)
    world.assert_good_books()


def test_a_caller_who_insists_by_mail_gets_the_priority_options_until_somebody_has_taken_the_case(monday: World) -> None:
    world = monday
    _, faq = world.talk(
        mail("lou", "#call\nWebsite: shop.example\nIssue: install", subject="Call"), ("lou", "confirmation"), ("sam", RESOURCES)
    )
    world.talk(mail("sam", "I still need a person to do it", answers=faq), ("sam", OPTIONS))
    _, other = world.talk(
        mail("lou", "#call\nWebsite: shop.example\nIssue: install", subject="Call"), ("lou", "confirmation"), ("sam", RESOURCES)
    )
    world.talk(mail("lou", "#ack", subject="[CASE-1002]"), ("lou", "confirmation"))
    world.talk(mail("sam", "I still need a person to do it", answers=other), ("lou", "case-comment"))
    world.assert_good_books()


def test_a_faq_that_is_refused_is_told_to_the_agent(monday: World) -> None:
    world = monday
    world.sink.script.extend([Script(), Script(rcpt="550 5.1.1 no such user")])
    (told,) = world.talk(mail("lou", "#call\nWebsite: shop.example\nIssue: key", subject="Call"), ("lou", "confirmation"))
    assert "#update" in told.text
    assert world.case(1001)["support"]["rule"] == 29
    world.run()
    world.expect(("lou", "faq-bounced"))
    (status,) = world.talk(mail("lou", "#status", answers=told), ("lou", "status"))
    assert "FAQ-How to request a key: failed: sam@shop.example" in words(status.text)
    assert "faq-bounced" not in status.text


def test_a_faq_that_comes_back_is_told_to_the_agent(monday: World) -> None:
    world = monday
    (faq,) = world.talk(mail("sam", "How do I install it?", subject="Help"), ("sam", RESOURCES))
    (told,) = world.talk(bounce(faq), ("lou", "faq-bounced"))
    assert "sam@shop.example" in told.text
    (status,) = world.talk(mail("lou", "#status", answers=told), ("lou", "status"))
    assert f"{RESOURCES}: came back from sam@shop.example" in words(status.text)
    assert "faq-bounced" not in status.text


def test_a_call_of_nobody_we_know(monday: World) -> None:
    (told,) = monday.talk(mail("lou", "#call\nWebsite: nosuch.example", subject="Call"), ("lou", "error"))
    assert "Website" in told.text
    assert monday.cases() == []


# --- compliments and complaints ------------------------------------------------------------------------------------


def test_a_complaint_is_forwarded_and_closed(monday: World) -> None:
    world = monday
    world.configure(compliments_to="support-admin@ablecommerce.com")
    world.talk(
        mail("sam", "I am very unhappy with how I was treated.", subject="Complaint"),
        ("sam", "case-received"), ("support-admin@ablecommerce.com", "compliment-forward"),
    )  # fmt: skip
    case = world.case(1001)
    assert (case["state"], case["resolution"], case["support"]["rule"]) == ("Closed", "forwarded to support-admin", 1)
    world.assert_good_books()


# --- while the caller waits ----------------------------------------------------------------------------------------


def test_an_agent_asks_what_to_say_and_nothing_changes(monday: World) -> None:
    world = monday
    said = json.loads(world.cli("answer", "--channel", "phone", "--website", "www.shop.example", "--issue", "where is my key", "--json"))
    assert (said["account"], said["send_to"]) == ("Shop Co", "sam@shop.example")
    assert said["support"] == {
        "plan_state": "none", "issue_class": "license_key", "rule": 29, "action": "send_template", "target": "FAQ-How to request a key",
    }  # fmt: skip
    assert "key" in said["text"]
    assert "license_key, by the words: " in world.cli("answer", "--website", "shop.example", "--issue", "where is my key")
    told = world.cli("answer", "--website", "shop.exam", "--issue", "install", status=1)
    assert "several fit" in told
    assert "Shop Co" not in told
    world.cli("answer", "--issue", "install", status=2)
    assert world.cases() == []
