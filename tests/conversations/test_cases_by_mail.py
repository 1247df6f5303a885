"""Cases opened by command: for a partner's new contact, for homeowners and installers; and their review (SC-08, SC-10 to SC-12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conversations.world import Out, World, copy_directory, mail

WORDS = "Customer asks whether IOLITE supports sandboxes."


def words(out: Out) -> str:
    """The text of a mail on one line."""
    return " ".join(out.text.split())


def refusal(world: World, octets: bytes, to: str) -> str:
    """The error that this mail gets, while nothing is made."""
    before = len(world.cases())
    (told,) = world.talk(octets, (to, "error"))
    assert len(world.cases()) == before
    row = world.last_mail()
    assert (row["kind"], row["outcome"], row["reason"]) == ("command", "acted", "commands-refused")
    return words(told)


# --- a partner starts a case ---------------------------------------------------------------------------------------


def test_a_case_for_somebody_unknown_asks_who_it_is(world: World) -> None:
    told = refusal(world, mail("bob", f"#case\nContact: joe@acme.example\n{WORDS}", subject="Licence question"), "bob")
    assert "joe@acme.example is not known. Add First Name, Last Name, Company and Email." in told
    assert world.last_mail()["case"] is None
    world.assert_good_books()


def test_a_partner_opens_a_case_with_a_new_contact_for_the_house_to_resolve(world: World) -> None:
    (error,) = world.talk(mail("bob", f"#case\nContact: joe@acme.example\n{WORDS}", subject="Licence question"), ("bob", "error"))
    block = f"#case\nFirst Name: Joe\nLast Name: Hill\nCompany: Acme Homes\nEmail: joe@acme.example\nDepartment: IT\n{WORDS}"
    created, assigned = world.talk(mail("bob", block, answers=error), ("bob", "case-created"), ("lou", "case-assigned"))
    assert "CASE-1001" in created.text
    assert created.subject.endswith("[CASE-1001]")
    assert "Joe Hill" in words(created)
    assert WORDS in words(assigned)
    case = world.case(1001)
    assert (case["contact"], case["organization"], case["queue"], case["owner"], case["partner"]) == (
        "joe", "Acme Homes", "level-one", None, None,
    )  # fmt: skip
    assert (case["type"], case["clocks"], case["state"], case["description"]) == ("helpdesk", [], "Open", WORDS)
    assert [i["name"] for i in case["interactions"] if i["direction"] == "in"] == ["bob"]
    assert world.outbox()[-1]["case"] == "CASE-1001"
    world.assert_good_books()


def test_a_new_contact_needs_a_company_that_exists(world: World) -> None:
    block = f"#case\nFirst Name: Joe\nLast Name: Hill\nCompany: Nowhere Inc\nEmail: joe@acme.example\n{WORDS}"
    told = refusal(world, mail("bob", block, subject="Licence question"), "bob")
    assert "Nowhere Inc" in told
    assert "Company should already exist" in told
    # nobody was made: the address is as unknown as before
    again = refusal(world, mail("bob", f"#case\nContact: joe@acme.example\n{WORDS}", subject="Licence question"), "bob")
    assert "joe@acme.example is not known" in again


def test_a_case_about_a_system_goes_to_the_partner_who_looks_after_it(world: World) -> None:
    block = "#case\nContact: ann.lee@acme.example\nSystem: roof-7\nThe lamp is red."
    assigned, _, _ = world.talk(
        mail("cara", block, subject="Red lamp"), ("bob", "case-assigned"), ("cara", "case-created"), ("ann", "case-received")
    )
    assert "Please acknowledge it by Wednesday 3 December 2025, 17:00 (America/New_York)." in words(assigned)
    assert "#acknowledge" in assigned.html
    case = world.case(1001)
    assert (case["type"], case["system"], case["partner"], case["owner"]) == ("helpdesk", "Roof-7", "Miller Solar", "cara")
    assert [clock["kind"] for clock in case["clocks"]] == ["acknowledge"]


# --- homeowners ----------------------------------------------------------------------------------------------------


def homeowner(*lines: str) -> bytes:
    """Cara opens a homeowner's case."""
    return mail("cara", "\n".join(("#case", "type: homeowner", *lines, "Panel leak")), subject="Panel leak")


@pytest.mark.parametrize(("number", "status"), [("HC-101", "Cancelled"), ("HC-102", "Pending Cancellation")])
def test_a_contract_that_is_not_active_is_asked_about_first(world: World, number: str, status: str) -> None:
    (asked,) = world.talk(homeowner("contact: hank@home.example", f"contract: {number}"), ("cara", "question-contract"))
    assert f"{number} is {status}" in words(asked).replace("*", "")
    assert "HC-100" in asked.text
    assert "#confirm" in asked.html
    assert "#decline" in asked.html
    assert world.cases() == []
    world.later(hours=1)
    (created,) = world.talk(mail("cara", "#confirm", answers=asked), ("cara", "case-created"))
    assert created.subject.endswith("[CASE-1001]")
    assert "#close" in created.html
    case = world.case(1001)
    assert (case["type"], case["contract"], case["owner"], case["contact"], case["organization"], case["subject"]) == (
        "homeowner", number, "cara", "hank", "Acme Homes", "Panel leak",
    )  # fmt: skip
    assert [(item["author"], item["body"]) for item in case["feed"] if item["kind"] == "question"] == [
        ("cara", f"created on a {status} contract, confirmed by Cara Ruiz")
    ]
    # a question is answered once
    assert "no question of ours waits" in refusal(world, mail("cara", "#confirm", answers=asked), "cara")
    world.assert_good_books()


def test_a_plain_yes_to_the_question_confirms(world: World) -> None:
    (asked,) = world.talk(homeowner("contact: hank@home.example", "contract: HC-101"), ("cara", "question-contract"))
    world.talk(mail("cara", "Yes", answers=asked), ("cara", "case-created"))
    assert world.case(1001)["contract"] == "HC-101"


def test_a_decline_makes_nothing(world: World) -> None:
    (asked,) = world.talk(homeowner("contact: hank@home.example", "contract: HC-101"), ("cara", "question-contract"))
    world.talk(mail("cara", "#decline", answers=asked), ("cara", "confirmation"))
    assert world.cases() == []
    assert "no question of ours waits" in refusal(world, mail("cara", "#confirm", answers=asked), "cara")


def test_only_whoever_was_asked_can_confirm(world: World) -> None:
    (asked,) = world.talk(homeowner("contact: hank@home.example", "contract: HC-101"), ("cara", "question-contract"))
    refusal(world, mail("marta", "#confirm", subject="Panel leak"), "marta")
    world.talk(mail("cara", "#confirm", answers=asked), ("cara", "case-created"))


def test_a_question_is_forgotten_after_five_business_days(world: World) -> None:
    (asked,) = world.talk(homeowner("contact: hank@home.example", "contract: HC-101"), ("cara", "question-contract"))
    world.later(days=8)
    world.run()
    world.expect(("cara", "question-expired"))
    assert "no question of ours waits" in refusal(world, mail("cara", "#confirm", answers=asked), "cara")
    world.assert_good_books()


def test_the_only_active_contract_is_taken_without_a_question(world: World) -> None:
    world.talk(homeowner("contact: hank@home.example"), ("cara", "case-created"))
    assert world.case(1001)["contract"] == "HC-100"


def test_a_contract_alone_names_its_homeowner(world: World) -> None:
    world.talk(homeowner("contract: HC-100"), ("cara", "case-created"))
    case = world.case(1001)
    assert (case["contract"], case["contact"], case["organization"]) == ("HC-100", "hank", "Acme Homes")


def test_a_homeowner_without_a_contract_gets_no_case(world: World) -> None:
    assert "needs a contract" in refusal(world, homeowner("contact: ann.lee@acme.example"), "cara")
    # a contract of somebody else is none of hers
    assert "needs a contract" in refusal(world, homeowner("contact: ann.lee@acme.example", "contract: HC-100"), "cara")


def test_an_unknown_homeowner_is_asked_for_and_made_only_with_a_contract(world: World, tmp_path: Path) -> None:
    told = refusal(world, homeowner("contact: new@home.example"), "cara")
    assert "new@home.example is not known. Add Account, First Name, Last Name and Email." in told
    person = ("First Name: Nora", "Last Name: New", "Email: new@home.example", "Account: Acme Homes")
    # every contract of that account names somebody else
    assert "needs a contract" in refusal(world, homeowner(*person), "cara")
    assert "is not known" in refusal(world, homeowner("contact: new@home.example"), "cara")
    folder = copy_directory(tmp_path / "more")
    with (folder / "contracts.csv").open("a", encoding="utf-8") as file:
        file.write("HC-200,Acme Homes,,Active\n")
    world.import_directory(folder)
    world.later(hours=2)
    world.talk(homeowner(*person), ("cara", "case-created"))
    case = world.case(1001)
    assert (case["contact"], case["contract"], case["organization"]) == ("nora", "HC-200", "Acme Homes")
    world.assert_good_books()


# --- installers ----------------------------------------------------------------------------------------------------

INSTALLER = "#case\ntype: installer\norg: HW Solar\n"
HECTOR = "First Name: Hector\nLast Name: Wu\nEmail: hector@hwsolar.example\nCompany: HW Solar\n"


def installers_case(world: World) -> Out:
    """Cara opens an installer's case with a new contact."""
    (created,) = world.talk(mail("cara", f"{INSTALLER}{HECTOR}Commission missing", subject="Commission missing"), ("cara", "case-created"))
    return created


def test_an_installers_case_needs_its_contact(world: World) -> None:
    told = refusal(world, mail("cara", f"{INSTALLER}Commission missing", subject="Commission missing"), "cara")
    assert "contact: an installer case under an account needs its installer contact" in told


def test_the_installers_contact_is_made_with_the_case(world: World) -> None:
    created = installers_case(world)
    assert "Hector Wu" in words(created)
    case = world.case(1001)
    assert (case["type"], case["organization"], case["contact"], case["owner"], case["queue"]) == (
        "installer", "HW Solar", "hector", "cara", None,
    )  # fmt: skip
    assert case["description"] == "Commission missing"
    world.assert_good_books()


def test_a_case_is_given_to_the_back_office(world: World) -> None:
    created = installers_case(world)
    done, assigned = world.talk(mail("cara", "#queue back-office", answers=created), ("cara", "confirmation"), ("cara", "case-assigned"))
    assert "back-office" in done.text
    assert "back-office" in assigned.text
    assert "#close" in assigned.html
    case = world.case(1001)
    assert (case["queue"], case["owner"]) == ("back-office", None)
    world.assert_good_books()


# --- the review ----------------------------------------------------------------------------------------------------

REVIEW = "Current Status: waiting\nPending Action Items: call the installer\nPending Action Owner: cara"


def test_a_review_without_words_is_answered_with_its_outline(world: World) -> None:
    created = installers_case(world)
    told = refusal(world, mail("cara", "#review", answers=created), "cara")
    assert all(label in told for label in ("Current Status:", "Pending Action Items:", "Pending Action Owner:"))
    assert world.case(1001)["tasks"] == []


def test_each_review_is_a_task_of_its_own(world: World) -> None:
    created = installers_case(world)
    world.later(hours=1)
    world.talk(mail("cara", f"#review\n{REVIEW}", answers=created), ("cara", "confirmation"))
    case = world.case(1001)
    first = {"subject": "Case Review", "status": "Completed", "comments": REVIEW, "name": None, "due_date": None, "at": world.clock}
    assert case["tasks"] == [first]
    assert [(item["author"], item["body"]) for item in case["feed"] if item["kind"] == "review"] == [("cara", REVIEW)]
    assert case["last_review"] == {"comments": REVIEW, "by": "cara", "at": world.clock}
    world.later(hours=1)
    world.talk(mail("marta", "#review All fine, close next week.", subject="[CASE-1001]"), ("marta", "confirmation"))
    case = world.case(1001)
    assert [task["comments"] for task in case["tasks"]] == [REVIEW, "All fine, close next week."]
    assert case["tasks"][0] == first
    assert case["last_review"] == {"comments": "All fine, close next week.", "by": "marta", "at": world.clock}
    world.assert_good_books()


def test_a_review_is_at_most_1000_characters(world: World) -> None:
    installers_case(world)
    told = refusal(world, mail("marta", "#review " + "x" * 1001, subject="[CASE-1001]"), "marta")
    assert "1001 characters" in told
    assert "1000" in told
    case = world.case(1001)
    assert (case["tasks"], case["last_review"]) == ([], None)
    world.talk(mail("marta", "#review " + "x" * 1000, subject="[CASE-1001]"), ("marta", "confirmation"))
    assert world.case(1001)["tasks"][0]["comments"] == "x" * 1000


def test_words_to_a_colleague_stay_in_the_house_and_words_about_one_do_not(world: World) -> None:
    created = installers_case(world)
    world.talk(mail("cara", "@marta can you call the installer?", answers=created), ("marta", "mention"))
    case = world.case(1001)
    assert case["comments"] == []
    (post,) = [item for item in case["feed"] if item["kind"] == "mention"]
    assert (post["public"], post["mentions"]) == (False, ["marta"])
    comment, _ = world.talk(
        mail("cara", "Installer called. @marta fyi", answers=created), ("hector@hwsolar.example", "case-comment"), ("marta", "mention")
    )
    assert "Installer called." in comment.text
    assert [(c["author"], c["public"], c["body"]) for c in world.case(1001)["comments"]] == [("cara", True, "Installer called. @marta fyi")]
    world.assert_good_books()
