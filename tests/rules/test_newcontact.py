"""Whom the labels of a block mean, decided without a database."""

from __future__ import annotations

import pytest

from daemon.actions.vocabulary import QueueMail, RegisterContact
from daemon.model import ContactFacts, Decision, OrganizationFacts
from daemon.reasons import Reason
from daemon.rules.decide import decide
from tests.rules.facts import ACME, AMY, ANN, NORA, PAT, asked, of_type, reading, situation

MILLER = OrganizationFacts(id=2, name="Miller Solar", kind="partner")
HOUSE = OrganizationFacts(id=1, name="House", kind="house")
OTHER = OrganizationFacts(id=4, name="Other Solar", kind="partner")
FOUND = asked(
    people={"ann@acme.example": (ANN,), "ann": (ANN,), "a. smith": (ANN, AMY), "amy@acme.example": (AMY,)},
    organizations={"acme homes": ACME, "miller solar": MILLER, "house": HOUSE, "other solar": OTHER},
)
JOE = "#contact\nFirst Name: Joe\nLast Name: Hill\nCompany: {company}\nEmail: {email}\n{more}"


def said(sender: ContactFacts, text: str) -> Decision:
    return decide(reading(sender.address, text), situation(sender, asked=FOUND))


def joe(sender: ContactFacts = NORA, company: str = "Acme Homes", email: str = "joe@acme.example", more: str = "") -> Decision:
    return said(sender, JOE.format(company=company, email=email, more=more))


def errors(decision: Decision) -> list[str]:
    assert decision.heard is not None
    return [code for code, _ in decision.heard.errors]


def done(decision: Decision) -> object:
    (letter,) = of_type(decision, QueueMail)
    return dict(letter.values)["done"]


def test_somebody_new_is_made_under_an_organization_that_exists() -> None:
    made = joe(more="Phone: +1 555\nDepartment: IT\n")
    assert of_type(made, RegisterContact) == [
        RegisterContact(
            address="joe@acme.example", first_name="Joe", last_name="Hill", organization_id=3, role="customer", phone="+1 555",
            extra=(("Department", "IT"),), as_sender=False,
        )
    ]  # fmt: skip
    assert done(made) == ["new contact: Joe Hill, joe@acme.example, customer of Acme Homes"]


@pytest.mark.parametrize(
    ("sender", "company", "role", "made"),
    [
        (NORA, "Miller Solar", "Partner Agent", "partner_agent"),
        (NORA, "Miller Solar", "partner_agent", "partner_agent"),
        (NORA, "Miller Solar", "", "customer"),
        (NORA, "Acme Homes", "partner agent", "customer"),
        (PAT, "Miller Solar", "partner agent", "customer"),
    ],
)
def test_only_the_house_makes_partner_agents_and_only_of_partners(sender: ContactFacts, company: str, role: str, made: str) -> None:
    (new,) = of_type(joe(sender, company, more=f"Role: {role}\n"), RegisterContact)
    assert new.role == made


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (joe(company="Nowhere Inc"), "E-UNKNOWN-ORG"),
        (joe(company="House", more="Role: agent\n"), "E-ARG-MISSING:role"),
        (joe(email="joe at acme"), "E-TEXT-MISSING:email"),
        (joe(PAT, "House"), "E-NOT-ALLOWED:contact"),
        (joe(PAT, "Other Solar"), "E-NOT-ALLOWED:contact"),
        (joe(ANN), "E-NOT-ALLOWED:contact"),
        (said(NORA, JOE.format(company="Acme Homes", email="j@x.example", more="")
              + JOE.format(company="House", email="j@x.example", more="")),
         "E-CONFLICT"),
    ],
)  # fmt: skip
def test_nobody_is_made_where_something_is_wrong(decision: Decision, code: str) -> None:
    assert decision.reason is Reason.COMMANDS_REFUSED
    assert errors(decision) == [code]
    assert of_type(decision, RegisterContact) == []


def test_somebody_known_by_the_address_stays_as_they_are() -> None:
    decision = joe(email="Ann@ACME.example")
    assert decision.reason is Reason.COMMANDS_RUN
    assert of_type(decision, RegisterContact) == []
    assert done(decision) == ["Ann (ann@acme.example) is known already"]


@pytest.mark.parametrize(
    ("lines", "code"),
    [("contact: A. Smith\n", "E-AMBIGUOUS-PERSON"), ("contact: ann\nemail: amy@acme.example\n", "E-AMBIGUOUS-PERSON"),
     ("contact: zoe\n", "E-UNKNOWN-PERSON")],
)  # fmt: skip
def test_a_name_that_is_nobodys_or_somebody_elses_too_is_told(lines: str, code: str) -> None:
    assert errors(said(NORA, f"#case\n{lines}It hums.\n")) == [code]
