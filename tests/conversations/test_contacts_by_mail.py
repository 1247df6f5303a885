"""New people by `#contact`: who may be made, under whom, in which role, and what is kept of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.store.schema import Contact, ContactEmail, ContactRole
from tests.conversations.databases import on_sqlite
from tests.conversations.world import World, mail

JOE = (
    "First Name: Joe\nLast Name: Hill\nCompany: Acme Homes\nEmail: Joe@ACME.example\nPhone: +1 555 0100\nDepartment: IT\nFloor: 3rd, left\n"
)


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def contact(world: World, who: str) -> dict[str, Any] | None:
    """What is kept of a contact, by handle or address."""
    with world.house.database.reading():
        query = Contact.select().join(ContactEmail).where((Contact.handle == who) | (ContactEmail.address == who))
        row = query.first()
        if row is None:
            return None
        return {
            "handle": row.handle, "first_name": row.first_name, "last_name": row.last_name, "organization": row.organization.name,
            "emails": [one.address for one in ContactEmail.select().where(ContactEmail.contact == row.id)],
            "roles": [one.role for one in ContactRole.select().where(ContactRole.contact == row.id)], "phone": row.phone,
            "extra": json.loads(row.extra),
        }  # fmt: skip


def test_a_contact_is_made_with_all_that_was_said_of_them(world: World) -> None:
    (done,) = world.talk(mail("cara", f"#contact\n{JOE}", subject="A new person"), ("cara", "confirmation"))
    assert "new contact: Joe Hill, joe@acme.example, customer of Acme Homes" in words(done.text)
    assert contact(world, "joe@acme.example") == {
        "handle": "joe", "first_name": "Joe", "last_name": "Hill", "emails": ["joe@acme.example"], "organization": "Acme Homes",
        "roles": ["customer"], "phone": "+1 555 0100", "extra": {"Department": "IT", "Floor": "3rd, left"},
    }  # fmt: skip
    assert world.cases() == []
    world.assert_good_books()
    # from now on Joe is somebody
    world.talk(mail("joe@acme.example", "Roof-7 is dark."), ("joe@acme.example", "case-received"), ("bob", "case-assigned"))
    assert world.case(1001)["contact"] == "joe"


@on_sqlite
def test_the_house_makes_a_partners_agent(world: World) -> None:
    beth = "First Name: Beth\nLast Name: Miller\nCompany: miller  solar\nEmail: beth@miller.example\nRole: Partner Agent\n"
    (done,) = world.talk(mail("cara", f"#contact\n{beth}"), ("cara", "confirmation"))
    assert "partner agent of miller solar" in words(done.text)
    made = contact(world, "beth")
    assert made is not None
    assert (made["organization"], made["roles"]) == ("Miller Solar", ["partner_agent"])
    world.talk(
        mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"), ("beth@miller.example", "case-assigned")
    )
    world.talk(mail("beth@miller.example", "#ack", subject="[CASE-1001]"), ("beth@miller.example", "confirmation"))
    assert world.case(1001)["acknowledged_by"] == "beth"


@on_sqlite
def test_a_role_that_cannot_be_given_is_told_by_the_one_that_was(world: World) -> None:
    (done,) = world.talk(mail("cara", f"#contact\n{JOE}Role: partner agent\n"), ("cara", "confirmation"))
    assert "customer of Acme Homes" in words(done.text)
    beth = "First Name: Beth\nLast Name: Miller\nCompany: Miller Solar\nEmail: beth@miller.example\nRole: partner agent\n"
    (done,) = world.talk(mail("bob", f"#contact\n{beth}"), ("bob", "confirmation"))
    assert "customer of Miller Solar" in words(done.text)


@on_sqlite
def test_a_partner_makes_contacts_of_customers_and_of_its_own_only(world: World) -> None:
    world.talk(mail("bob", f"#contact\n{JOE}"), ("bob", "confirmation"))
    for company in ("House", "Berlin Sonne GmbH"):
        world.later(hours=2)
        eve = f"#contact\nFirst Name: Eve\nLast Name: Doe\nCompany: {company}\nEmail: eve@else.example\n"
        world.talk(mail("bob", eve), ("bob", "error"))
        assert contact(world, "eve@else.example") is None
    world.assert_good_books()


@on_sqlite
def test_nobody_is_made_under_a_company_that_does_not_exist(world: World) -> None:
    (told,) = world.talk(mail("cara", f"#contact\n{JOE.replace('Acme Homes', 'Nowhere Inc')}"), ("cara", "error"))
    assert "no organization is called Nowhere Inc" in words(told.text)
    assert contact(world, "joe@acme.example") is None
    world.assert_good_books()


@on_sqlite
def test_somebody_known_stays_as_they_are(world: World) -> None:
    ann = "First Name: Anna\nLast Name: Lie\nCompany: Shop Co\nEmail: Ann.Lee@acme.example\n"
    before = contact(world, "ann")
    (done,) = world.talk(mail("cara", f"#contact\n{ann}"), ("cara", "confirmation"))
    assert "Ann Lee (ann.lee@acme.example) is known already" in words(done.text)
    assert "new contact" not in done.text
    assert contact(world, "ann") == before
    assert contact(world, "anna") is None
    world.assert_good_books()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("", "First Name, Last Name, Company and Email"),
        ("First Name: Joe\nCompany: Acme Homes\nEmail: joe@acme.example\n", "still needed: Last Name"),
        ("First Name: Joe\nLast Name: Hill\nCompany: Acme Homes\nEmail: joe at acme\n", "still needed: Email"),
    ],
)
@on_sqlite
def test_what_is_missing_is_asked_for(world: World, block: str, said: str) -> None:
    (told,) = world.talk(mail("cara", f"#contact\n{block}"), ("cara", "error"))
    assert said in words(told.text)
    assert contact(world, "joe") is None


@on_sqlite
def test_two_descriptions_of_one_address_are_refused_and_equal_ones_are_one(world: World) -> None:
    world.talk(mail("cara", f"#contact\n{JOE}#contact\n{JOE.replace('Hill', 'Dale')}"), ("cara", "error"))
    assert contact(world, "joe@acme.example") is None
    world.talk(mail("cara", f"#contact\n{JOE}#contact\n{JOE}"), ("cara", "confirmation"))
    assert contact(world, "joe-2") is None
    world.assert_good_books()


@on_sqlite
def test_several_people_and_a_case_for_one_of_them_in_one_mail(world: World) -> None:
    kim = "First Name: Kim\nLast Name: Moss\nCompany: Shop Co\nEmail: kim@shop.example\n"
    block = f"#contact\n{JOE}#contact\n{kim}#case\nContact: joe@acme.example\nPanel is loose.\n"
    (created,) = world.talk(mail("cara", block, subject="Loose panel"), ("cara", "case-created"))
    assert "Joe Hill" in words(created.text)
    case = world.case(1001)
    assert (case["contact"], case["organization"], case["type"]) == ("joe", "Acme Homes", "helpdesk")
    assert contact(world, "kim") is not None
    world.assert_good_books()


@on_sqlite
def test_a_customer_makes_nobody(world: World) -> None:
    (told,) = world.talk(mail("ann", f"#contact\n{JOE}"), ("ann", "error"))
    assert "only the partner and our own agents can use #contact" in words(told.text)
    assert contact(world, "joe@acme.example") is None


@on_sqlite
def test_a_contact_in_the_thread_of_a_case_leaves_the_case_alone(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.later(hours=1)
    (done,) = world.talk(mail("cara", f"#contact\n{JOE}", subject="[CASE-1001]"), ("cara", "confirmation"))
    assert done.subject.endswith("[CASE-1001]")
    case = world.case(1001)
    assert (case["contact"], case["comments"]) == ("ann", [])
    assert contact(world, "joe") is not None
    world.assert_good_books()


# --- the case of somebody unknown -----------------------------------------------------------------------------------

NEW = "First Name: Nora\nLast Name: New\nCompany: Acme Homes\nEmail: Nora@Elsewhere.example\n"


@pytest.mark.parametrize(
    ("subject", "kind", "answered"),
    [("My panel hums", "support", "case-received"), ("I cannot log in", "access_request", "access-request")],
)
def test_registering_whoever_wrote_makes_the_case_theirs(world: World, subject: str, kind: str, answered: str) -> None:
    nora = "nora@elsewhere.example"
    first, assigned = world.talk(mail(nora, "Please help.", subject=subject), (nora, answered), ("lou", "case-assigned"))
    other, _ = world.talk(mail(nora, "Something else.", subject="Invoice"), (nora, "case-received"), ("lou", "case-assigned"))
    world.later(hours=1)
    (done,) = world.talk(mail("lou", f"#contact\n{NEW}", answers=assigned), ("lou", "confirmation"))
    assert "new contact: Nora New, nora@elsewhere.example, customer of Acme Homes; CASE-1001 is theirs now" in words(done.text)
    case = world.case(1001)
    assert (case["contact"], case["organization"], case["type"], case["last_update"]) == ("nora", "Acme Homes", kind, world.clock)
    assert ("lou", "contact: Nora New (nora@elsewhere.example)") in [(item["author"], item["body"]) for item in case["feed"]]
    # what she says from now on is hers, and she hears the house at the address she wrote from
    world.talk(mail(nora, "It hums louder now.", answers=first), ("lou", "case-comment"))
    case = world.case(1001)
    assert [(c["author"], c["public"]) for c in case["comments"]] == [("nora", True)]
    assert case["interactions"][-2]["name"] == "nora"
    world.talk(mail("lou", "We are looking.", subject="[CASE-1001]"), (nora, "case-comment"))
    world.talk(mail(nora, "#close It stopped.", answers=first), (nora, "confirmation"))
    assert world.case(1001)["resolution"] == "Confirmed by customer: It stopped."
    # her other case is as it was, and still hers to answer
    assert world.case(1002)["contact"] != "nora"
    assert world.case(1002)["organization"] is None
    world.talk(mail(nora, "Any news?", answers=other), ("lou", "case-comment"))
    world.assert_good_books()


@on_sqlite
def test_somebody_who_was_made_a_contact_elsewhere_gets_their_case_by_the_same_word(world: World) -> None:
    nora = "nora@elsewhere.example"
    _, assigned = world.talk(mail(nora, "Please help.", subject="Hum"), (nora, "case-received"), ("lou", "case-assigned"))
    world.talk(mail("marta", f"#contact\n{NEW}", subject="a new person"), ("marta", "confirmation"))
    assert world.case(1001)["organization"] is None
    (done,) = world.talk(mail("lou", f"#contact\n{NEW}", answers=assigned), ("lou", "confirmation"))
    assert "Nora New (nora@elsewhere.example) is known already; CASE-1001 is theirs now" in words(done.text)
    assert (world.case(1001)["contact"], world.case(1001)["organization"]) == ("nora", "Acme Homes")
    # once it has a contact it keeps them
    (done,) = world.talk(mail("lou", f"#contact\n{JOE}", answers=assigned), ("lou", "confirmation"))
    assert "theirs now" not in done.text
    assert world.case(1001)["contact"] == "nora"
    world.assert_good_books()


@on_sqlite
def test_another_address_than_the_one_that_wrote_gets_no_case(world: World) -> None:
    nora = "nora@elsewhere.example"
    _, assigned = world.talk(mail(nora, "Please help.", subject="Hum"), (nora, "case-received"), ("lou", "case-assigned"))
    (done,) = world.talk(mail("lou", f"#contact\n{JOE}", answers=assigned), ("lou", "confirmation"))
    assert "theirs now" not in done.text
    assert world.case(1001)["contact"] != "joe"
    assert world.case(1001)["organization"] is None
    # and a partner who works on it makes contacts, but not whose case it is
    world.talk(mail("lou", "#assign Miller Solar", subject="[CASE-1001]"), ("lou", "confirmation"), ("bob", "case-assigned"))
    (done,) = world.talk(mail("bob", f"#contact\n{NEW}", subject="[CASE-1001]"), ("bob", "confirmation"))
    assert "theirs now" not in done.text
    assert world.case(1001)["organization"] is None
    world.assert_good_books()


@on_sqlite
def test_words_beside_it_reach_the_new_contact(world: World) -> None:
    nora = "nora@elsewhere.example"
    _, assigned = world.talk(mail(nora, "Please help.", subject="Hum"), (nora, "case-received"), ("lou", "case-assigned"))
    _, comment = world.talk(
        mail("lou", f"#contact\n{NEW}#end\nYou are registered now.", answers=assigned), ("lou", "confirmation"), (nora, "case-comment")
    )
    world.talk(mail(nora, "Thank you.", answers=comment), ("lou", "case-comment"))
    assert [c["author"] for c in world.case(1001)["comments"]] == ["lou", "nora"]
    world.assert_good_books()
