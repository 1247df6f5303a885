"""A form asks for a new channel partner: taken in, worked on, completed; the customer hears twice (SC-01 to SC-05)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.conversations.forms import MONDAY, TITLE, form, taken_in
from tests.conversations.world import World, mail


def test_the_straight_way(world: World) -> None:
    first, mention, work = taken_in(world)
    assert first.subject == f"{TITLE} [CASE-1001]"
    assert first.message["In-Reply-To"] is None
    assert first.message["Auto-Submitted"] == "auto-generated"
    assert "Green Light Solar" in mention.text
    assert "CASE-1001" in mention.text
    assert work.subject == f"[CS-1] {TITLE}"
    assert work.reply_to != first.reply_to
    for said in ("HW Solar", "Friday 28 November 2025", "Wednesday 26 November 2025", "Concert", "#done"):
        assert said in work.text, said

    case = world.case(1001)
    assert case["request"] == {
        "form": "new-channel-partner", "form_id": "220683651272354", "submission_id": "6012345678901234567",
        "state": "in_configuration", "company": "Green Light Solar", "partner_company": "HW Solar", "submitter": "dana",
        "submitter_email": "dana.whitfield@greenlightsolar.example", "forwarded_by": None,
    }  # fmt: skip
    assert (case["type"], case["organization"], case["contact"], case["state"], case["subject"], case["origin"]) == (
        "channel_partner", "Green Light Solar", "dana", "Open", TITLE, "form",
    )  # fmt: skip
    assert [item["mentions"] for item in case["feed"] if item["kind"] == "mention"] == [["marta"]]
    (ticket,) = case["cs_tickets"]
    assert ticket == {
        "number": "CS-1", "project": "Customer Success", "issue_type": "Task", "assignee": "ivan", "qa_assignee": "cherish",
        "parent": "Configuration Partner/Product Onboarding", "priority": "High", "summary": TITLE,
        "description": "Your Name: Dana Whitfield\nYour Email: dana.whitfield@greenlightsolar.example\nCompany Name: Green Light Solar\n"
        "New Channel Partner: HW Solar\nPartner Contact Name: Hector Wu\nPartner Email: hector@hwsolar.example\n"
        "Phone Number: (555) 010-4477\nFinancing options to enable: Concert\n    Sunlight Basic\n"
        "Notes: Please go live before the first of December.\n    They used Mosaic until last week.",
        "due_date": date(2025, 11, 28), "configuration_date": date(2025, 11, 26), "qa_due_date": date(2025, 11, 28), "status": "Open",
        "closed_at": None, "closed_by": None, "outstanding": [], "attachments": [],
    }  # fmt: skip
    related = [(one["direction"], one["template"], one["name"], one["relates_to"], one["state"]) for one in case["interactions"]]
    assert ("in", None, "dana", "CASE-1001", "acted") in related
    assert ("out", "New Channel Req 1", "dana", "CASE-1001", "sent") in related
    assert world.last_mail()["kind"] == "form"

    world.clock = datetime(2025, 11, 26, 18, 0, tzinfo=UTC)
    done = mail("ivan", "Done - thanks", answers=work)
    receipt, second = world.talk(done, ("ivan", "cs-done-confirmation"), ("dana", "New Channel Req 2"))
    assert "CS-1 is Done. No outstanding items. I have sent New Channel Req 2 to Dana Whitfield." in " ".join(receipt.text.split())
    assert receipt.subject.startswith("[CS-1] ")
    assert first.message_id in second.references
    case = world.case(1001)
    assert (case["cs_tickets"][0]["status"], case["cs_tickets"][0]["closed_at"], case["cs_tickets"][0]["closed_by"]) == (
        "Done", world.clock, "ivan",
    )  # fmt: skip
    assert case["request"]["state"] == "completed"
    assert case["state"] == "Open"

    world.talk(done)
    assert (world.last_mail()["kind"], world.last_mail()["outcome"]) == ("copy", "ignored")
    world.assert_good_books()


def test_done_with_something_outstanding_says_nothing_to_the_customer_yet(world: World) -> None:
    _, _, work = taken_in(world)
    (told,) = world.talk(mail("ivan", "#outstanding\nLogo missing\nLender code for Concert", answers=work), ("ivan", "confirmation"))
    for said in ("outstanding 1: Logo missing", "outstanding 2: Lender code for Concert"):
        assert said in told.text
    found = world.talk(
        mail("ivan", "Done", answers=work),
        ("ivan", "cs-done-but-outstanding"), ("marta", "cs-outstanding-notice"), ("lou", "cs-outstanding-notice"),
    )  # fmt: skip
    assert "I have NOT mailed the customer" in found[0].text
    case = world.case(1001)
    assert (case["cs_tickets"][0]["status"], case["request"]["state"]) == ("Done", "done_with_outstanding")
    shown = world.cli("case", "1001")
    for said in ("done_with_outstanding", "CS-1", "Customer Success", "[ ] 1: Logo missing", "[ ] 2: Lender code for Concert"):
        assert said in shown
    (told,) = world.talk(mail("ivan", "#cleared 1", answers=work), ("ivan", "confirmation"))
    assert world.case(1001)["request"]["state"] == "done_with_outstanding"
    told, _ = world.talk(mail("ivan", "#cleared all", answers=work), ("ivan", "confirmation"), ("dana", "New Channel Req 2"))
    assert "I have sent New Channel Req 2 to Dana Whitfield" in " ".join(told.text.split())
    case = world.case(1001)
    assert case["request"]["state"] == "completed"
    assert all(item["cleared_at"] is not None for item in case["cs_tickets"][0]["outstanding"])
    world.talk(mail("ivan", "#cleared all", answers=work), ("ivan", "error"))
    world.assert_good_books()


def test_forwarded_repeated_and_edited_submissions_are_one_request(world: World) -> None:
    taken_in(world, form("forwarded-gmail-prefixed-ids"))
    case = world.case(1001)
    assert case["request"]["forwarded_by"] == "priya"
    assert case["owner"] == "priya"
    assert [(one["public"], one["body"]) for one in case["comments"]] == [(False, "Can you pick this one up? Thanks, Priya")]
    world.talk(form("default-2021"))
    row = world.last_mail()
    assert (row["kind"], row["outcome"], row["reason"], row["case"]) == ("form", "ignored", "form-repeated", "CASE-1001")
    (told,) = world.talk(form("edited-same-submission-id"), ("ivan", "cs-changed"))
    for said in ("HW Solar", "HW Solar West"):
        assert said in told.text
    case = world.case(1001)
    assert case["request"]["partner_company"] == "HW Solar West"
    assert [one["public"] for one in case["comments"]] == [False, False]
    assert "HW Solar West" in case["comments"][-1]["body"]
    (ticket,) = case["cs_tickets"]
    assert "New Channel Partner: HW Solar West" in ticket["description"]
    assert ticket["summary"] == TITLE
    assert len(world.cases()) == 1
    world.assert_good_books()


def test_no_company_that_is_known_and_a_person_decides(world: World) -> None:
    world.clock = MONDAY
    (asked,) = world.talk(form("labels-changed"), ("priya", "triage"))
    assert 'unknown organization "SunPath Energy, LLC"' in asked.text
    case = world.case(1001)
    assert (case["type"], case["queue"], case["request"]["state"], case["cs_tickets"]) == ("triage", "triage", "triage", [])
    assert case["question"] == {"kind": "triage", "asked": "triage", "expires_at": None}
    block = "#contact\nFirst Name: Ana\nLast Name: Lima\nCompany: Green Light Solar\nEmail: ana.lima@sunpath.example"
    world.talk(
        mail("priya", block, answers=asked), ("priya", "confirmation"), ("ana.lima@sunpath.example", "New Channel Req 1"),
        ("marta", "mention"), ("ivan", "cs-assigned"),
    )  # fmt: skip
    case = world.case(1001)
    assert (case["type"], case["organization"], case["request"]["state"]) == ("channel_partner", "Green Light Solar", "in_configuration")
    assert case["queue"] == "level-one"
    assert case["contact"] == case["request"]["submitter"]
    assert len(case["cs_tickets"]) == 1
    assert case["question"] is None
    world.assert_good_books()


def test_a_missing_company_is_that_of_the_known_contact(world: World) -> None:
    taken_in(world, form("missing-company"))
    (ticket,) = world.case(1001)["cs_tickets"]
    assert ticket["description"].startswith("(Company Name was not in the form; taken from the contact)\n")


def test_a_declined_request_makes_nothing(world: World) -> None:
    world.clock = MONDAY
    (asked,) = world.talk(form("labels-changed"), ("priya", "triage"))
    world.talk(mail("priya", "#decline", answers=asked), ("priya", "confirmation"))
    case = world.case(1001)
    assert (case["request"]["state"], case["state"]) == ("rejected", "Closed")
    world.talk(mail("priya", "#confirm", answers=asked), ("priya", "error"))
    world.assert_good_books()


def test_a_forged_notification_is_kept_for_a_person_and_nobody_is_mailed(world: World) -> None:
    world.clock = MONDAY
    world.talk(form("spoofed-from"))
    row = world.last_mail()
    assert (row["kind"], row["outcome"], row["reason"]) == ("form", "quarantined", "form-forged")
    assert world.cases() == []
    world.assert_good_books()


@pytest.mark.parametrize("name", ["autoresponder-not-a-request", "vendor-marketing"])
def test_what_a_form_service_sends_besides_is_ignored(world: World, name: str) -> None:
    world.clock = MONDAY
    world.talk(form(name))
    assert world.last_mail()["outcome"] == "ignored"
    assert world.cases() == []
