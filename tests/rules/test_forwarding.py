"""Forwarded mails, decided without a database: whose they become, who is asked, and whose forward counts for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.actions.vocabulary import AddComment, KeepAttachments, OpenCase, QueueMail, RegisterContact, SetContact, SettleTriage
from daemon.model import AddrSpec, ContactFacts, Decision, Forward, Grade
from daemon.reasons import Reason
from daemon.rules.decide import decide
from tests.rules.facts import (
    ACME,
    AMY,
    ANN,
    LIST,
    NORA,
    OWEN,
    PAT,
    QUIET,
    ROOF_7,
    RULEBOOK,
    SILENT,
    STRANGER,
    TRIAGE,
    asked,
    case,
    mails,
    of_type,
    on_case,
    reading,
    results,
    situation,
)

KNOWN: dict[str, Any] = {
    "people": {person.address: (person,) for person in (ANN, AMY, PAT, NORA, OWEN)}, "organizations": {"acme homes": ACME},
    "systems": {"roof-7": ROOF_7}, "entities": frozenset({3}),
}  # fmt: skip
SHOWN = Forward(evidence="copied header", author=ANN.address, author_name="A. Lee", subject="Dark", date="24.11.2026", text="It is dark.")


def passed_on(sender: ContactFacts | None = NORA, shown: Forward = SHOWN, text: str = "Please look.", **known: Any) -> Decision:
    mail = reading(
        sender.address if sender is not None else STRANGER, text, subject="FW: Dark", base_subject="Dark", **known.pop("mail", {})
    )
    return decide(replace(mail, forward=shown), situation(sender, asked=asked(**KNOWN), **known), None, RULEBOOK)


def opened(decision: Decision) -> OpenCase:
    (made,) = of_type(decision, OpenCase)
    assert isinstance(made, OpenCase)
    return made


def explained(decision: Decision) -> dict[str, object]:
    assert decision.forward is not None
    return dict(decision.forward)


def test_a_customers_mail_is_their_case_and_the_agent_who_forwarded_it_owns_it():
    made = passed_on()
    assert made.reason is Reason.FORWARD_OPENED
    new = opened(made)
    assert (new.contact_id, new.contact_address, new.organization_id, new.type) == (ANN.id, ANN.address, 3, "helpdesk")
    assert (new.owner_id, new.queue_id, new.subject, new.description, new.origin) == (NORA.id, None, "Dark", "It is dark.", "forward")
    (words,) = of_type(made, AddComment)
    assert (words.text, words.public, words.author_id) == ("Please look.", False, NORA.id)
    assert mails(made) == [("case-created", NORA.address)]
    assert explained(made) | {"sure": True, "counts": True, "contact": "ann", "evidence": "copied header"} == explained(made)


def test_an_unknown_author_is_no_contact_and_hears_nothing():
    made = passed_on(shown=replace(SHOWN, author=STRANGER))
    new = opened(made)
    assert (new.contact_id, new.contact_address, new.organization_id, new.type) == (None, STRANGER, None, "support")
    assert of_type(made, RegisterContact) == []
    assert mails(made) == [("case-created", NORA.address)]


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (replace(SHOWN, author=None, doubts=("no-address",)), "no address of its author stands in it"),
        (replace(SHOWN, others=(AMY.address,), doubts=("several-mails",)), "more than one mail could be meant"),
        (replace(SHOWN, author=OWEN.address), "its author is of our own house"),
        (replace(SHOWN, author=AddrSpec("help@support.example")), "its author is of our own house"),
    ],
)
def test_where_it_is_unsure_the_agent_is_asked_and_nobody_is_guessed(shown, why):
    made = passed_on(shown=shown)
    assert made.reason is Reason.FORWARD_UNSURE
    new = opened(made)
    assert (new.type, new.queue_id, new.owner_id, new.contact_id, new.contact_address) == ("triage", TRIAGE.id, None, None, None)
    assert mails(made) == [("forward-question", NORA.address)]
    assert explained(made) | {"sure": False, "counts": True, "why": why} == explained(made)


def test_everybody_who_could_be_meant_is_offered_in_one_tap_but_our_own_people():
    made = passed_on(shown=replace(SHOWN, others=(OWEN.address, STRANGER), doubts=("several-mails",)))
    (question,) = of_type(made, QueueMail)
    offered = [str(step["command"]) for step in dict(question.values)["steps"]]
    assert [block.partition("Email: ")[2] for block in offered if block.startswith("#contact")] == [ANN.address, STRANGER, ""]


@pytest.mark.parametrize("sender", [AMY, PAT, QUIET, None])
def test_the_forward_of_anybody_else_stays_their_own_mail(sender):
    made = passed_on(sender)
    new = opened(made)
    assert made.reason is Reason.CASE_OPENED
    assert (new.contact_id, new.origin) == (sender.id if sender is not None else None, "email")
    assert explained(made)["counts"] is False


@pytest.mark.parametrize("verdict", ["none", "fail"])
def test_whoever_only_claims_to_be_an_agent_forwards_nothing(verdict):
    stamped = (results(("dmarc", verdict, {"header.from": "support.example"})),)
    made = passed_on(mail={"authentication_results": stamped})
    assert made.trust.grade in (Grade.CLAIMED, Grade.FORGED)
    assert opened(made).contact_id != ANN.id
    assert explained(made)["counts"] is False


def test_a_forward_about_a_case_is_a_comment_on_it():
    mail = replace(reading(NORA.address, "See below."), forward=SHOWN)
    made = decide(mail, on_case(NORA, case(), asked=asked(**KNOWN)), None, RULEBOOK)
    assert of_type(made, OpenCase) == []
    assert explained(made)["why"] == "the mail is about CASE-1001"


@pytest.mark.parametrize("changes", [{"mail": {"automatic": LIST}}, {"released": True}])
def test_a_list_and_what_a_person_released_are_plain_tickets(changes):
    assert opened(passed_on(**changes)).contact_id == NORA.id


@pytest.mark.parametrize("changes", [{"archive": True}, {"mail": {"automatic": SILENT}}])
def test_where_no_answer_may_go_nobody_is_mailed(changes):
    made = passed_on(**changes)
    assert opened(made).contact_id == ANN.id
    assert mails(made) == []
    assert of_type(made, KeepAttachments) == []


def test_a_case_block_above_a_forward_takes_whom_it_does_not_name_from_there():
    new = opened(passed_on(text="#case\nSystem: Roof-7"))
    assert (new.contact_id, new.subject, new.description, new.system_id) == (ANN.id, "Dark", "It is dark.", ROOF_7.id)
    named = opened(passed_on(text="#case\nContact: amy@acme.example\nIt is dark at Amy's."))
    assert (named.contact_id, named.description, named.origin) == (AMY.id, "It is dark at Amy's.", "email")
    unsure = opened(passed_on(shown=replace(SHOWN, doubts=("several-mails",)), text="#case\nSystem: Roof-7"))
    assert (unsure.contact_id, unsure.contact_address) == (None, None)


BLOCK = "#contact\nFirst Name: Amy\nLast Name: Lee\nCompany: Acme Homes\nEmail: amy@acme.example"


def test_an_agent_says_whose_a_forwarded_mail_is():
    guessed = case(origin="forward", partner_id=None, partner=None, partner_agents=(), owner=NORA, queue=None)
    (given,) = of_type(decide(reading(NORA.address, BLOCK), on_case(NORA, guessed, asked=asked(**KNOWN)), None, RULEBOOK), SetContact)
    assert (given.contact_id, given.address) == (AMY.id, AMY.address)
    waits = case(
        type="triage", origin="forward", contact=None, contact_address=None, partner_id=None, partner=None, partner_agents=(), queue=TRIAGE
    )
    (settled,) = of_type(decide(reading(NORA.address, BLOCK), on_case(NORA, waits, asked=asked(**KNOWN)), None, RULEBOOK), SettleTriage)
    assert (settled.type, settled.contact_id, settled.owner_id, settled.queue_id) == ("helpdesk", AMY.id, NORA.id, None)
    other = case(owner=NORA, queue=None)
    assert of_type(decide(reading(NORA.address, BLOCK), on_case(NORA, other, asked=asked(**KNOWN)), None, RULEBOOK), SetContact) == []
