"""Clocks, questions and what can be undone, as they are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.actions.promises import answer_question, ask_question, end_clock, mark_clock, remember_reversal, start_clock
from daemon.actions.vocabulary import AnswerQuestion, AskQuestion, EndClock, MarkClock, RememberReversal, StartClock
from daemon.store.database import Database
from daemon.store.schema import FeedItem, PendingQuestion, Reversal, SlaClock
from tests.actions.desk import AT, a_case
from tests.rules.facts import NORA, PAT

DUE = AT + timedelta(days=1)
LATER = AT + timedelta(hours=1)
START = StartClock(kind="plan", cycle=1, calendar="berlin", started_at=AT, deadline_at=DUE, met_at=None, look_at=LATER)


def only_clock() -> SlaClock:
    (row,) = SlaClock.select()
    return row


def started() -> int:
    """A running clock."""
    start_clock(a_case(), START)
    return int(only_clock().id)


def test_a_clock_keeps_the_calendar_it_was_started_with(database: Database) -> None:
    with database.transaction():
        started()
        row = only_clock()
        assert (row.kind, row.cycle, row.calendar, row.started_at, row.deadline_at, row.met_at, row.look_at) == (
            "plan", 1, "berlin", AT, DUE, None, LATER,
        )  # fmt: skip


@pytest.mark.parametrize("end", ["met", "breached", "cancelled"])
def test_a_clock_has_exactly_one_end(database: Database, end: str) -> None:
    with database.transaction():
        number = started()
        for earlier in ("breached", end):
            end_clock(EndClock(clock_id=number, kind="plan", end=earlier, at=DUE))
        row = only_clock()
        assert {name for name in ("met", "breached", "cancelled") if getattr(row, f"{name}_at") is not None} == {end}
        assert row.look_at is None


@pytest.mark.parametrize(("concern", "column"), [("warning", "warned_at"), ("reminder", "reminded_at"), ("breach", "breached_at")])
def test_a_notice_is_marked_and_stands_in_the_feed_for_the_house(database: Database, concern: str, column: str) -> None:
    with database.transaction():
        number = started()
        mark_clock(
            only_clock().case_id,
            MarkClock(clock_id=number, kind="plan", concern=concern, at=LATER, look_at=None),
            at=DUE,
            cause="clock:1:x",
        )
        assert getattr(only_clock(), column) == LATER
        (item,) = FeedItem.select()
        assert (item.kind, item.public, item.body, item.cause) == ("sla", False, f"plan: {concern} of {LATER.isoformat()}", "clock:1:x")


def test_the_next_look_is_booked_without_a_word(database: Database) -> None:
    with database.transaction():
        number = started()
        mark_clock(
            only_clock().case_id, MarkClock(clock_id=number, kind="plan", concern=None, at=LATER, look_at=DUE), at=LATER, cause="clock:1:x"
        )
        assert only_clock().look_at == DUE
        assert FeedItem.select().count() == 0


def test_a_question_is_answered_once(database: Database) -> None:
    with database.transaction():
        ask_question(None, AskQuestion(kind="contract", payload="{}", asked_id=NORA.id, expires_at=DUE), at=AT, cause="mail:1")
        (row,) = PendingQuestion.select()
        assert (row.asked_id, row.asked_at, row.expires_at, row.answer, row.case_id) == (NORA.id, AT, DUE, None, None)
        answer_question(AnswerQuestion(question_id=row.id, answer="decline"), at=LATER)
        answer_question(AnswerQuestion(question_id=row.id, answer="expired"), at=DUE)
        row = PendingQuestion.get_by_id(row.id)
        assert (row.answer, row.answered_at) == ("decline", LATER)


def test_what_can_be_undone_names_who_gave_it_and_how_things_stood(database: Database) -> None:
    with database.transaction():
        number = a_case()
        remember_reversal(number, RememberReversal(verb="close", giver_id=PAT.id, before='{"case": {}}'), at=LATER, cause="mail:1")
        (row,) = Reversal.select()
        assert (row.case_id, row.giver_id, row.verb, row.at, row.before, row.undone_at) == (
            number, PAT.id, "close", LATER, '{"case": {}}', None,
        )  # fmt: skip
