"""Answers to a form's request that waits: what each of them does, and when it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.actions.vocabulary import AttachToCsTicket, CloseCase, MoveRequest, RegisterContact, SettleTriage
from daemon.model import CaseFacts, Decision, RequestState
from daemon.reasons import Reason
from daemon.rules.triage import waits
from tests.rules import facts
from tests.rules.requestfacts import DUNES, MIA, answered, known, of_form, request

CONTACT = "#contact\nFirst Name: Ana\nLast Name: Lima\nCompany: Dune Energy\nEmail: ana@dunes.example"


def waiting(**changes: Any) -> CaseFacts:
    return of_form(request(RequestState.TRIAGE, **changes), type="triage", contact=None, contact_address=None, queue=facts.TRIAGE)


def codes(made: Decision) -> list[str]:
    return [code for code, _ in made.heard.errors] if made.heard is not None else []


def test_only_a_request_that_waits_waits() -> None:
    assert waits(waiting())
    assert not waits(of_form())
    assert not waits(None)


@pytest.mark.parametrize("words", ["#confirm", "yes", "Yes, please"])
def test_yes_takes_it_in_for_whom_the_form_names(words: str) -> None:
    made = answered(words, waiting(), form=known())
    (settled,) = facts.of_type(made, SettleTriage)
    assert (settled.type, settled.organization_id, settled.contact_id, settled.contact_address) == (
        "channel_partner",
        3,
        MIA.id,
        MIA.address,
    )
    assert [move.state for move in facts.of_type(made, MoveRequest)] == [RequestState.IN_CONFIGURATION]
    assert sorted(template for template, _ in facts.mails(made)) == ["New Channel Req 1", "confirmation", "cs-assigned", "mention"]
    assert [attached.of_case for attached in facts.of_type(made, AttachToCsTicket)] == [True]


def test_yes_answers_where_the_form_says_whichever_address_of_theirs_that_is() -> None:
    made = answered("#confirm", waiting(submitter_email="mia.sand@dunes.example"), form=known())
    assert ("New Channel Req 1", "mia.sand@dunes.example") in facts.mails(made)


def test_yes_makes_the_contact_of_an_organization_that_is_known() -> None:
    made = answered("#confirm", waiting(submitter=None), form=known(submitter=None))
    (new,) = facts.of_type(made, RegisterContact)
    assert (new.first_name, new.last_name, new.organization_id) == ("Mia", "Sand", 3)


def test_yes_to_nobody_known_is_refused() -> None:
    made = answered("#confirm", waiting(submitter=None), form=known(submitter=None, organization=None))
    assert made.reason is Reason.COMMANDS_REFUSED
    assert codes(made) == ["E-UNKNOWN-PERSON:form"]


def test_a_form_whose_file_is_gone_is_refused_in_words() -> None:
    made = answered("#confirm", waiting(form="gone"), form=known())
    assert codes(made) == ["E-STATE:form-gone"]


def test_a_contact_takes_it_in_under_their_organization() -> None:
    asked = facts.asked(organizations={"dune energy": DUNES})
    made = answered(CONTACT, waiting(), form=known(submitter=None, organization=None), asked=asked)
    (settled,) = facts.of_type(made, SettleTriage)
    assert (settled.organization_id, settled.contact_address) == (3, "ana@dunes.example")
    assert len(facts.of_type(made, RegisterContact)) == 1


@pytest.mark.parametrize("words", ["#decline", "no", "No, thanks"])
def test_no_drops_it_and_the_customer_hears_nothing(words: str) -> None:
    made = answered(words, waiting(), form=known())
    assert [move.state for move in facts.of_type(made, MoveRequest)] == [RequestState.REJECTED]
    assert len(facts.of_type(made, CloseCase)) == 1
    assert [template for template, _ in facts.mails(made)] == ["confirmation"]


def test_whoever_comes_second_finds_no_question() -> None:
    for state in (RequestState.IN_CONFIGURATION, RequestState.REJECTED):
        made = answered("#confirm", of_form(request(state)), form=known())
        assert codes(made) == ["E-NO-QUESTION"]


def test_owned_by_the_agent_who_forwarded_it_and_by_nobody_else_who_did() -> None:
    def owner(forwarder: Any) -> tuple[int | None, int | None]:
        (settled,) = facts.of_type(answered("#confirm", waiting(forwarder=forwarder), form=known()), SettleTriage)
        return settled.owner_id, settled.queue_id

    assert owner(facts.OWEN) == (facts.OWEN.id, None)
    assert owner(MIA) == owner(None) == (None, facts.LEVEL_ONE.id)


def test_a_request_that_was_declined_waits_again_once_the_house_reopens_its_case() -> None:
    made = answered("#reopen", of_form(request(RequestState.REJECTED), open=False), form=None)
    assert [move.state for move in facts.of_type(made, MoveRequest)] == [RequestState.TRIAGE]
