"""A form as a request: what the store is asked for, whose it is, why it waits, and its words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.model import DomainVerdict, OrganizationFacts
from daemon.rules.formreading import FormReading
from daemon.rules.intake import (
    changed_name,
    content_hash,
    description,
    filled,
    names_of_form,
    question_for,
    registered,
    staff_of,
    undecided,
    understood,
)
from tests.rules import facts
from tests.rules.formmails import ROWS, form_of
from tests.rules.requestfacts import BOOK, DUNES, MIA, SHIPPED, form_mail, known, octets


def form(rows: Any = ROWS, domain: DomainVerdict = DomainVerdict.PASS) -> FormReading:
    found = form_of(octets(rows), SHIPPED, domain=domain)
    assert found is not None
    return found


def without(label: str) -> Any:
    return [row for row in ROWS if row[0] != label]


def changed(label: str, value: str) -> Any:
    return [(name, value if name == label else said) for name, said in ROWS]


def test_the_store_is_asked_for_whom_and_what_the_form_names() -> None:
    names = names_of_form(form_mail(), facts.POLICY, BOOK)
    assert names is not None
    assert (names.form, names.submission_id, names.company, names.email) == (
        "new-channel-partner", "7100000000000000001", "dune energy", "mia@dunes.example",
    )  # fmt: skip
    assert names_of_form(facts.reading(), facts.POLICY, BOOK) is None
    assert staff_of(BOOK) == ("cherish",)


def test_the_content_tells_edits_apart_and_nothing_else() -> None:
    assert content_hash(form()) == content_hash(form(domain=DomainVerdict.NONE))
    assert content_hash(form()) != content_hash(form(changed("Notes", "Another.")))


def test_the_company_is_the_form_s_and_a_mismatch_is_flagged() -> None:
    made = understood(form(), known(organization=OrganizationFacts(id=9, name="Other", kind="customer")))
    assert made.organization is not None
    assert made.organization.id == 9
    assert made.flags == ("company_mismatch: Mia belongs to Dune Energy",)
    assert made.problems == ()


def test_without_a_company_it_is_the_known_contact_s_and_the_work_says_so() -> None:
    made = understood(form(without("Company Name")), known(organization=None))
    assert made.organization == DUNES
    assert made.note == "(Company Name was not in the form; taken from the contact)"
    assert question_for(SHIPPED) == "Company Name"


@pytest.mark.parametrize(
    ("rows", "found", "problem"),
    [
        (ROWS, {"organization": None}, 'unknown organization "Dune Energy"'),
        (without("Company Name"), {"organization": None, "submitter": None},
         "no company in the form, and nobody with this address is known"),
        (without("Your Email"), {}, "not in the form: submitter email"),
        (changed("Your Email", "a@dunes.example, b@dunes.example"), {}, "more than one answer could be meant: submitter email"),
        (changed("Company Name", "L" * 300), {}, "too long: company"),
        (ROWS, {"organization": OrganizationFacts(id=1, name="House", kind="house"), "submitter": None},
         '"House" is our own house, and nobody of it has this address'),
    ],
)  # fmt: skip
def test_why_a_person_must_decide(rows: Any, found: dict[str, Any], problem: str) -> None:
    assert problem in understood(form(rows), known(**found)).problems


def test_what_nothing_proves_is_said_beside_what_is_ambiguous() -> None:
    words = undecided(form(changed("Your Email", "a@dunes.example, b@dunes.example"), DomainVerdict.NONE))
    assert words == ("more than one answer could be meant: submitter email", "the mail server proves nothing of its sender")
    assert undecided(form()) == ()


def test_the_description_has_every_answer_and_indents_further_lines() -> None:
    assert description((("Notes", "one\ntwo"), ("Phone", "1")), "(first)") == "(first)\nNotes: one\n    two\nPhone: 1"


def test_a_subject_is_filled_in_on_one_line_or_not_at_all() -> None:
    assert filled("For {partner_company}", {"partner_company": "Oasis\nBcc: x"}) == "For Oasis Bcc: x"
    assert filled("For {partner_company}", {"partner_company": " "}) is None
    assert filled("For {partner_company", {"partner_company": "Oasis"}) is None


@pytest.mark.parametrize(
    ("name", "first", "last"), [("Mia Sand", "Mia", "Sand"), ("Ana Maria Lima", "Ana Maria", "Lima"), ("Zoé", "Zoé", "")]
)
def test_a_name_is_split_at_its_last_blank(name: str, first: str, last: str) -> None:
    made = registered(replace(understood(form(), known()), name=name), DUNES, as_sender=True)
    assert (made.first_name, made.last_name, made.address, made.organization_id) == (first, last, MIA.address, 3)


def test_the_same_changes_of_a_form_have_the_same_name() -> None:
    one, again, other = (changed_name(form([*ROWS, (label, "x")])) for label in ("Colour", "Colour", "Size"))
    assert one == again != other
    assert changed_name(form(without("New Channel Partner"))) != changed_name(form())
