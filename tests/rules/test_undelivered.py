"""Mails of ours that the relay refuses, or whose template fails: the owner is told, and nobody of a notice."""

from __future__ import annotations

from daemon.actions.vocabulary import ReportRefusal
from daemon.model import Match
from daemon.reasons import Outcome, Reason
from daemon.rules.undelivered import decide_refusal
from tests.rules import facts
from tests.rules.facts import NORA, OWEN, case, mails, of_type


def test_the_owner_is_told_of_a_refused_mail() -> None:
    decision = decide_refusal(facts.outgoing(detail="550 no"), case())
    assert (decision.outcome, decision.reason) == (Outcome.ACTED, Reason.REFUSAL_TOLD)
    assert decision.match == Match(case_id=1001, matched_by="outbox")
    assert of_type(decision, ReportRefusal) == [ReportRefusal(outbox_id=5, address="ann@acme.example", reason="550 no")]
    assert mails(decision) == [("bounce-notice", NORA.address), ("bounce-notice", OWEN.address)]


def test_a_refused_notice_is_not_told_by_another_notice() -> None:
    assert mails(decide_refusal(facts.outgoing(template="bounce-notice", recipient=NORA.address), case())) == []


def test_the_refused_address_and_nobody_without_a_case_are_told() -> None:
    assert mails(decide_refusal(facts.outgoing(recipient=OWEN.address), case())) == [("bounce-notice", NORA.address)]
    alone = decide_refusal(facts.outgoing(case_id=None), None)
    assert (alone.match, mails(alone)) == (None, [])


def test_the_owner_is_told_of_a_mail_that_could_not_be_written_as_of_an_address_that_is_good() -> None:
    faq = facts.outgoing(template="FAQ-How to report a bug", detail="template faq-report-bug: no value", unwritten=True)
    decision = decide_refusal(faq, case())
    assert [action.unwritten for action in of_type(decision, ReportRefusal)] == [True]
    assert mails(decision) == [("bounce-notice", NORA.address), ("bounce-notice", OWEN.address)]
    assert decision.trust.evidence == "our own template failed"
