"""Commands of a believed sender, decided without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from daemon.actions.vocabulary import (
    Acknowledge,
    AddComment,
    AssignOwner,
    CloseCase,
    EndClock,
    LogReview,
    PostFeed,
    QueueMail,
    RememberReversal,
    ReopenCase,
    SetPlan,
    StartClock,
    TakeBack,
)
from daemon.config import data_dir
from daemon.configuration.sla import load_sla
from daemon.model import Asked, ClockFacts, Decision, Kind, ReversalFacts
from daemon.reasons import Reason
from daemon.rules.decide import decide
from daemon.rules.rulebook import Rulebook, plain_rulebook
from tests.rules.facts import ANN, BOB, LEVEL_ONE, NORA, NOW, OWEN, PAT, case, mails, of_type, on_case, reading, situation

RULEBOOK = replace(plain_rulebook(), sla=load_sla(data_dir("config") / "sla.toml"))
TO_ACKNOWLEDGE = ClockFacts(id=1, kind="acknowledge", cycle=1, calendar="house", started_at=NOW, deadline_at=NOW + timedelta(days=1))
OPEN = case(clocks=(TO_ACKNOWLEDGE,), owner=OWEN, queue=None)


def said(sender, text, about=OPEN, rulebook: Rulebook = RULEBOOK, **changes) -> Decision:  # type: ignore[no-untyped-def]
    return decide(reading(sender.address, text), on_case(sender, about, **changes), None, rulebook)


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
def test_closing_is_told_to_everybody_else(sender, resolution: str, heard: set[str]) -> None:  # type: ignore[no-untyped-def]
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


@pytest.mark.parametrize(
    ("sender", "text", "code"),
    [
        (PAT, "#close not yet\n", "E-CONDITIONAL:close"),
        (PAT, "#ack\n#plan 2026-02-30 x\n", "E-DATE-INVALID"),
        (PAT, "#review fine\n", "E-NOT-ALLOWED:review"),
        (NORA, "#assign nobody@nowhere.example\n", "E-UNKNOWN-PERSON"),
        (PAT, "#undo\n", "E-STATE:nothing-to-undo"),
    ],
)
def test_one_error_and_nothing_is_done(sender, text: str, code: str) -> None:  # type: ignore[no-untyped-def]
    decision = said(sender, text)
    assert decision.reason is Reason.COMMANDS_REFUSED
    assert decision.heard is not None
    assert [found for found, _ in decision.heard.errors] == [code]
    assert mails(decision) == [("error", sender.address)]
    assert [type(action) for action in decision.actions] == [QueueMail]


def test_a_customers_words_are_kept_although_the_command_is_wrong() -> None:
    decision = said(ANN, "#plan tomorrow please hurry\n")
    assert [comment.public for comment in of_type(decision, AddComment)] == [True]
    assert ("error", ANN.address) in mails(decision)


def test_after_three_errors_in_an_hour_there_is_silence_and_a_note() -> None:
    decision = said(PAT, "#close not yet\n", errors_this_hour=3)
    assert [(letter.template, letter.held) for letter in of_type(decision, QueueMail)] == [("error", "errors to one sender: 3 in an hour")]
    assert len(of_type(decision, PostFeed)) == 1


def test_a_case_can_be_given_to_oneself_and_to_a_queue() -> None:
    assert of_type(said(NORA, "#assign me\n"), AssignOwner) == [AssignOwner(owner_id=NORA.id, queue_id=None, name=NORA.name)]
    found = Asked(
        people={}, organizations={}, queues={"level-one": LEVEL_ONE}, systems={}, contracts={}, contracts_of={}, agents={}, cases={}
    )
    given = said(NORA, "#queue level-one\n", asked=found)
    assert of_type(given, AssignOwner) == [AssignOwner(owner_id=None, queue_id=LEVEL_ONE.id, name="level-one")]
    assert ("case-assigned", OWEN.address) in mails(given)


def test_a_review_is_logged_by_the_house_only() -> None:
    assert of_type(said(NORA, "#review All fine.\n"), LogReview) == [LogReview(text="All fine.", by_id=NORA.id)]


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


@pytest.mark.parametrize("verb", ["help", "status"])
def test_a_question_is_answered_and_changes_nothing(verb: str) -> None:
    decision = said(PAT, f"#{verb}\n")
    assert mails(decision) == [(verb, PAT.address)]
    assert [type(action) for action in decision.actions] == [QueueMail]


def test_two_voices_in_one_mail_the_command_and_the_words_beside_it() -> None:
    decision = said(PAT, "#ack\n#end\nWe will come on Thursday.\n")
    assert [comment.text for comment in of_type(decision, AddComment)] == ["We will come on Thursday."]
    assert ("case-comment", ANN.address) in mails(decision)


def test_a_word_of_the_grammar_that_nobody_answers_yet_is_refused_in_words_and_not_offered() -> None:
    phoned = reading(NORA.address, "#call\nemail: ann@acme.example\nIssue: dark\n\nShe phoned.\n")
    decision = decide(phoned, situation(NORA), None, RULEBOOK)
    assert [letter.template for letter in of_type(decision, QueueMail)] == ["error"]
    told = dict(of_type(decision, QueueMail)[0].values)["errors"]
    assert "nobody answers" in str(told)
    assert "#call" in str(told)
    offered = dict(of_type(said(NORA, "#help\n"), QueueMail)[0].values)["verbs"]
    assert "#call" not in str(offered)
