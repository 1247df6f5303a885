"""Cases made by a command, decided without a database: each type's rules, whose the case is, and the answers to questions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from daemon.actions.vocabulary import AnswerQuestion, AskQuestion, OpenCase, PostFeed, QueueMail, RegisterContact, StartClock
from daemon.model import ContactFacts, Decision, MessageId, OrganizationFacts, QuestionFacts
from daemon.reasons import Reason
from daemon.rules.decide import decide
from tests.rules.facts import (
    ACME,
    ANN,
    BOB,
    LEVEL_ONE,
    NORA,
    OWEN,
    PAT,
    ROOF_7,
    RULEBOOK,
    asked,
    case,
    contract,
    mails,
    of_type,
    on_case,
    question,
    reading,
    situation,
)

MILLER = OrganizationFacts(id=2, name="Miller Solar", kind="partner")
KNOWN: dict[str, Any] = {
    "people": {"ann@acme.example": (ANN,), "ann": (ANN,)}, "organizations": {"acme homes": ACME, "miller solar": MILLER},
    "systems": {"roof-7": ROOF_7}, "agents": {2: (PAT, BOB)}, "entities": frozenset({3}),
}  # fmt: skip
ACTIVE, GONE, OPEN_TO_ALL = contract(), contract("HC-101", "Cancelled"), contract("HC-200", contact=None)
ANNS = {"contracts_of": {ANN.id: (ACTIVE, GONE)}}


def said(sender: ContactFacts, text: str, found: dict[str, Any] | None = None, **known: Any) -> Decision:
    mail = reading(sender.address, text, **known.pop("mail", {}))
    return decide(mail, situation(sender, asked=asked(**KNOWN | (found or {})), **known), None, RULEBOOK)


def opened(decision: Decision) -> OpenCase:
    assert decision.reason is Reason.COMMANDS_RUN, decision.heard
    (made,) = of_type(decision, OpenCase)
    assert isinstance(made, OpenCase)
    return made


def errors(decision: Decision) -> list[str]:
    assert decision.heard is not None
    assert of_type(decision, OpenCase) == of_type(decision, AskQuestion) == []
    return [code for code, _ in decision.heard.errors]


# --- whose it is ---------------------------------------------------------------------------------------------------


def test_an_agents_case_with_a_partner_is_the_agents_and_starts_the_partners_promise() -> None:
    decision = said(NORA, "#case\ntype: reseller\ncontact: ann@acme.example\npartner: Miller Solar\nOffline.\n")
    made = opened(decision)
    assert (made.type, made.contact_id, made.organization_id, made.partner_id, made.owner_id, made.queue_id) == (
        "reseller", ANN.id, 3, 2, NORA.id, None,
    )  # fmt: skip
    assert made.description == "Offline."
    assert [start.kind for start in of_type(decision, StartClock)] == ["acknowledge"]
    assert mails(decision) == [
        ("case-created", NORA.address), ("case-assigned", PAT.address), ("case-assigned", BOB.address), ("case-received", ANN.address),
    ]  # fmt: skip
    assigned = next(letter for letter in of_type(decision, QueueMail) if letter.template == "case-assigned")
    values = dict(assigned.values)
    assert values["deadline_at"] == "2026-11-24T17:00:00+00:00"
    assert [step["command"].strip() for step in values["steps"]][:2] == ["#acknowledge", "#plan"]


def test_without_a_partner_only_whoever_opened_it_hears() -> None:
    decision = said(NORA, "#case\ncontact: ann\nHow do I install it?\n", {"entities": frozenset()})
    assert (opened(decision).type, opened(decision).owner_id) == ("support", NORA.id)
    assert mails(decision) == [("case-created", NORA.address)]
    assert of_type(decision, StartClock) == []


def test_a_partners_case_is_for_the_house_to_resolve() -> None:
    decision = said(PAT, "#case\ncontact: ann\npartner: Miller Solar\nA question.\n")
    made = opened(decision)
    assert (made.partner_id, made.owner_id, made.queue_id) == (None, None, LEVEL_ONE.id)
    assert of_type(decision, StartClock) == []
    assert mails(decision) == [("case-created", PAT.address), ("case-assigned", NORA.address), ("case-assigned", OWEN.address)]
    assert made.opening_partner_id == PAT.organization_id
    created = of_type(decision, QueueMail)[0]
    assert [step["command"] for step in dict(created.values)["steps"]] == ["#update ", "#close", "#status", "#help"]


@pytest.mark.parametrize(
    ("lines", "kind"),
    [("contact: ann\n", "helpdesk"), ("org: Acme Homes\n", "helpdesk"), ("system: Roof-7\n", "helpdesk"),
     ("type: support\ncontact: ann\n", "support")],
)  # fmt: skip
def test_the_type_is_the_one_that_is_named_or_follows_from_the_entity(lines: str, kind: str) -> None:
    assert opened(said(NORA, f"#case\n{lines}It hums.\n")).type == kind


def test_a_system_brings_its_entity_and_its_partner() -> None:
    decision = said(NORA, "#case\nsystem: Roof-7\nIt hums.\n")
    made = opened(decision)
    assert (made.organization_id, made.system_id, made.partner_id, made.contact_id) == (3, ROOF_7.id, 2, None)
    assert [to for template, to in mails(decision) if template == "case-assigned"] == [PAT.address, BOB.address]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("system: Roof-8\n", "E-ARG-MISSING:system"),
        ("org: Nowhere Inc\n", "E-UNKNOWN-ORG"),
        ("contact: ann\npartner: Acme Homes\n", "E-UNKNOWN-ORG"),
        ("type: wedding\n", "E-ARG-MISSING:type"),
        ("type: installer\norg: Acme Homes\n", "E-TEXT-MISSING:contact"),
        ("type: reseller\norg: Acme Homes\n", "E-TEXT-MISSING:contact"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(lines: str, code: str) -> None:
    assert errors(said(NORA, f"#case\n{lines}It hums.\n")) == [code]


@pytest.mark.parametrize(
    ("mail", "lines", "subject"),
    [
        ({"subject": "Panel leak"}, "", "Panel leak"),
        ({"subject": "Panel leak"}, "subject: Another leak\n", "Another leak"),
        ({"subject": "Re: Panel leak [CASE-1001]", "base_subject": "Panel leak [CASE-1001]",
          "in_reply_to": (MessageId("<a@b>"),)}, "", "Panel leak"),
        ({"subject": ""}, "", "(no subject)"),
    ],
)  # fmt: skip
def test_the_subject_is_the_line_or_the_mails_own(mail: dict[str, Any], lines: str, subject: str) -> None:
    assert opened(said(NORA, f"#case\n{lines}contact: ann\nIt drips.\n", mail=mail)).subject == subject


# --- homeowners ----------------------------------------------------------------------------------------------------

HOMEOWNER = "#case\ntype: homeowner\n"


@pytest.mark.parametrize(
    ("lines", "found", "contract_id", "contact_id"),
    [
        ("contact: ann\n", ANNS, ACTIVE.id, ANN.id),
        ("contact: ann\ncontract: hc-100\n", ANNS, ACTIVE.id, ANN.id),
        ("contract: HC-100\n", {"contracts": {"hc-100": ACTIVE}, "holders": {ANN.id: ANN}}, ACTIVE.id, ANN.id),
        ("contract: HC-200\n", {"contracts": {"hc-200": OPEN_TO_ALL}}, OPEN_TO_ALL.id, None),
    ],
)
def test_a_homeowners_contract_is_the_one_named_or_the_only_active_one(
    lines: str, found: dict[str, Any], contract_id: int, contact_id: int | None
) -> None:
    made = opened(said(NORA, f"{HOMEOWNER}{lines}Panel leak\n", found))
    assert (made.contract_id, made.contact_id, made.organization_id, made.contract_status) == (contract_id, contact_id, 3, "Active")


@pytest.mark.parametrize(
    ("lines", "found", "said_of_it"),
    [
        ("contact: ann\n", {}, "none is active here."),
        ("contact: ann\n", {"contracts_of": {ANN.id: (GONE,)}}, "none is active here. There are: HC-101 (Cancelled)."),
        ("contact: ann\n", {"contracts_of": {ANN.id: (ACTIVE, OPEN_TO_ALL)}}, "several are active"),
        ("contact: ann\ncontract: HC-999\n", ANNS, "HC-999 is none of theirs. There are: HC-100 (Active)."),
        ("contract: HC-999\n", {}, "HC-999 is none of theirs."),
    ],
)
def test_without_a_contract_that_is_theirs_there_is_no_case(lines: str, found: dict[str, Any], said_of_it: str) -> None:
    decision = said(NORA, f"{HOMEOWNER}{lines}Panel leak\n", found)
    assert errors(decision) == ["E-NO-CONTRACT"]
    (letter,) = of_type(decision, QueueMail)
    (told,) = dict(letter.values)["errors"]
    assert said_of_it in told["words"]


NEW = "First Name: Joe\nLast Name: Hill\nAccount: Acme Homes\nEmail: joe@home.example\n"


def test_a_new_homeowner_is_made_under_the_account_that_has_a_contract_for_all() -> None:
    decision = said(NORA, f"{HOMEOWNER}{NEW}Panel leak\n", {"contracts_at": {3: (OPEN_TO_ALL,)}})
    assert [new.address for new in of_type(decision, RegisterContact)] == ["joe@home.example"]
    assert opened(decision).contract_id == OPEN_TO_ALL.id
    nothing = said(NORA, f"{HOMEOWNER}{NEW}Panel leak\n")
    assert errors(nothing) == ["E-NO-CONTRACT"]
    assert of_type(nothing, RegisterContact) == []


# --- questions -----------------------------------------------------------------------------------------------------


def test_a_contract_that_is_not_active_is_asked_about_for_five_business_days() -> None:
    decision = said(NORA, f"{HOMEOWNER}contact: ann\ncontract: HC-101\nPanel leak\n", ANNS)
    (asking,) = of_type(decision, AskQuestion)
    assert (asking.kind, asking.asked_id, asking.expires_at.isoformat()) == ("contract", NORA.id, "2026-11-30T17:00:00+00:00")
    assert of_type(decision, OpenCase) == []
    assert mails(decision) == [("question-contract", NORA.address)]
    (letter,) = of_type(decision, QueueMail)
    values = dict(letter.values)
    assert (values["contract"], values["contract_status"], values["active_contracts"]) == ("HC-101", "Cancelled", ["HC-100"])
    assert [step["command"] for step in values["steps"]] == ["#confirm", "#decline"]


def answered(text: str, waits: QuestionFacts | None, **known: Any) -> Decision:
    return said(NORA, text, question=waits, **known)


def test_what_was_asked_can_be_confirmed_with_all_that_was_said() -> None:
    decision = said(
        NORA, f"{HOMEOWNER}{NEW}contract: HC-200\nPanel leak\n", {"contracts_at": {3: (replace(OPEN_TO_ALL, status="Cancelled"),)}}
    )
    (asking,) = of_type(decision, AskQuestion)
    waits = question(payload=asking.payload)
    made = answered("#confirm\n", waits)
    assert of_type(made, AnswerQuestion) == [AnswerQuestion(question_id=9, answer="confirm")]
    assert [new.address for new in of_type(made, RegisterContact)] == ["joe@home.example"]
    assert (opened(made).contract_status, opened(made).contact_address) == ("Cancelled", "joe@home.example")
    assert [post.text for post in of_type(made, PostFeed)] == ["created on a Cancelled contract, confirmed by Nora"]
    assert mails(made) == [("case-created", NORA.address)]
    # somebody made the contact meanwhile
    later = answered("#confirm\n", replace(waits, known=ANN))
    assert (of_type(later, RegisterContact), opened(later).contact_id) == ([], ANN.id)


@pytest.mark.parametrize(
    ("text", "kind"), [("yes\n", "confirm"), ("Yes, please!\n", "confirm"), ("no\n", "decline"), ("#decline\n", "decline")]
)
def test_a_plain_answer_to_the_mail_that_asked_is_an_answer(text: str, kind: str) -> None:
    decision = answered(text, question(), mail={"in_reply_to": (MessageId("<q@s>"),)})
    assert [answer.answer for answer in of_type(decision, AnswerQuestion)] == [kind]
    assert len(of_type(decision, OpenCase)) == (kind == "confirm")


def test_a_yes_elsewhere_is_a_word_like_any_other() -> None:
    waits = question(meant=False)
    assert answered("yes\n", waits, mail={"in_reply_to": (MessageId("<q@s>"),)}).reason is Reason.CASE_OPENED
    about = decide(reading(NORA.address, "yes\n", in_reply_to=(MessageId("<q@s>"),)), on_case(NORA, question=waits), None, RULEBOOK)
    assert about.reason is Reason.COMMENT_ADDED


@pytest.mark.parametrize(
    ("waits", "code"),
    [
        (None, "E-NO-QUESTION"),
        (question(PAT), "E-NOT-ALLOWED:confirm"),
        (question(meant=False, alone=False), "E-NO-QUESTION:several"),
        (question(kind="another"), "E-NO-QUESTION"),
    ],
)
def test_what_is_not_asked_cannot_be_confirmed(waits: QuestionFacts | None, code: str) -> None:
    decision = answered("#confirm\n", waits)
    assert errors(decision) == [code]
    assert of_type(decision, AnswerQuestion) == []


def test_the_only_question_can_be_confirmed_in_any_mail_and_no_other_case_hears_of_it() -> None:
    waits = question(meant=False)
    assert opened(answered("#confirm\n", waits)).contract_status == "Cancelled"
    about = case(owner=OWEN, queue=None)
    elsewhere = decide(reading(NORA.address, "#confirm\n"), on_case(NORA, about, question=waits), None, RULEBOOK)
    assert opened(elsewhere)
    assert elsewhere.match is None
    both = decide(reading(NORA.address, "#confirm\n#close done\n"), on_case(NORA, about, question=waits), None, RULEBOOK)
    assert errors(both) == ["E-CONFLICT"]


def test_what_is_kept_of_a_question_is_plain_data() -> None:
    decision = said(NORA, f"{HOMEOWNER}contact: ann\ncontract: HC-101\npartner: Miller Solar\nLeak\n", ANNS)
    (asking,) = of_type(decision, AskQuestion)
    kept = json.loads(asking.payload)
    assert (kept["contract"], kept["status"], kept["address"], kept["partner_id"]) == ("HC-101", "Cancelled", None, 2)
    made = answered("#confirm\n", question(payload=asking.payload, agents=(BOB,)))
    assert ("case-assigned", BOB.address) in mails(made)
    assert ("case-assigned", PAT.address) not in mails(made)
