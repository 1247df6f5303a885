"""The steps of a case, decided without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from daemon.actions.vocabulary import (
    Acknowledge,
    AddComment,
    CloseCase,
    EndClock,
    QueueMail,
    RememberReversal,
    ReopenCase,
    SetPlan,
    StartClock,
    TakeBack,
)
from daemon.model import ContactFacts, Kind, ReversalFacts
from daemon.reasons import Reason
from tests.rules.facts import (
    ANN,
    BOB,
    NORA,
    NOW,
    OWEN,
    PAT,
    case,
    mails,
    of_type,
    said,
)


def test_an_acknowledgement_meets_its_clock_starts_the_next_and_tells_the_owner() -> None:
    decision = said(PAT, "#ack\n")
    assert (decision.kind, decision.reason) == (Kind.COMMAND, Reason.COMMANDS_RUN)
    assert of_type(decision, Acknowledge) == [Acknowledge(by_id=PAT.id)]
    assert [(end.clock_id, end.end) for end in of_type(decision, EndClock)] == [(1, "met")]
    assert [start.kind for start in of_type(decision, StartClock)] == ["plan"]
    assert mails(decision) == [("confirmation", PAT.address), ("case-acknowledged-notice", OWEN.address)]
    assert [kept.verb for kept in of_type(decision, RememberReversal)] == ["acknowledge"]


def test_a_plan_implies_the_acknowledgement_and_counts_from_its_date() -> None:
    decision = said(PAT, "#plan 2026-12-01 Replace the gateway\n")
    assert of_type(decision, SetPlan) == [SetPlan(text="Replace the gateway", date=date(2026, 12, 1))]
    assert len(of_type(decision, Acknowledge)) == 1
    running = [start.kind for start in of_type(decision, StartClock) if start.met_at is None]
    assert running == ["close"]


@pytest.mark.parametrize(
    ("sender", "resolution", "heard"),
    [
        (PAT, "fixed", {ANN.address, OWEN.address}),
        (NORA, "fixed", {ANN.address, PAT.address, BOB.address, OWEN.address}),
        (ANN, "Confirmed by customer: fixed", {PAT.address, BOB.address, OWEN.address}),
    ],
)
def test_closing_is_told_to_everybody_else(sender: ContactFacts, resolution: str, heard: set[str]) -> None:
    decision = said(sender, "#close fixed\n")
    assert of_type(decision, CloseCase)[0].text == resolution
    assert {mail.to for mail in of_type(decision, QueueMail) if mail.template == "case-closed"} == heard
    assert [comment.text for comment in of_type(decision, AddComment)] == ["fixed"]


def test_a_customer_who_reopens_gets_the_word_that_it_is_open_and_the_partner_a_new_promise() -> None:
    closed = case(open=False, closed_at=NOW - timedelta(days=1), acknowledged_at=NOW - timedelta(days=2))
    decision = said(ANN, "#reopen It went offline again\n", closed)
    assert of_type(decision, ReopenCase) == [ReopenCase(by_id=ANN.id, acknowledged_by_id=None)]
    assert mails(decision) == [
        ("case-received-again", ANN.address), ("case-reopened", PAT.address), ("case-reopened", BOB.address),
    ]  # fmt: skip
    assert [(start.kind, start.cycle) for start in of_type(decision, StartClock)] == [("acknowledge", 2)]


def test_what_was_done_last_can_be_taken_back_by_whoever_did_it() -> None:
    before = '{"case": {"closed_at": null, "acknowledged_at": null, "planned_resolution_date": null}, "clocks": {}}'
    done = ReversalFacts(id=5, verb="close", giver_id=PAT.id, at=NOW - timedelta(hours=2), before=before)
    closed = case(open=False, closed_at=NOW - timedelta(hours=2), reversal=done)
    back = said(PAT, "#undo\n", closed)
    assert [(action.reversal_id, action.verb) for action in of_type(back, TakeBack)] == [(5, "close")]
    assert ("case-undone", ANN.address) in mails(back)
    assert said(BOB, "#undo\n", closed).reason is Reason.COMMANDS_REFUSED
    late = replace(closed, reversal=replace(done, at=NOW - timedelta(hours=25)))
    assert said(PAT, "#undo\n", late).reason is Reason.COMMANDS_REFUSED
