"""Keep clocks, questions and what can be undone."""

from __future__ import annotations

from datetime import datetime

from daemon.actions.cases import add_feed
from daemon.actions.vocabulary import (
    AnswerQuestion,
    AskQuestion,
    EndClock,
    MarkClock,
    RememberReversal,
    StartClock,
)
from daemon.store.schema import PendingQuestion, Reversal, SlaClock
from daemon.store.statements import insert, update


def start_clock(case_id: int, action: StartClock) -> None:
    """A clock begins, with its calendar; changing the calendar later changes only new clocks."""
    row = {
        "case": case_id, "cycle": action.cycle, "kind": action.kind, "calendar": action.calendar, "started_at": action.started_at,
        "deadline_at": action.deadline_at, "met_at": action.met_at, "look_at": action.look_at,
    }  # fmt: skip
    insert(SlaClock, [row], ids=False)


ENDS = {"met": "met_at", "breached": "breached_at", "cancelled": "cancelled_at"}
MARKS = {"warning": "warned_at", "reminder": "reminded_at", "breach": "breached_at"}


def end_clock(action: EndClock) -> None:
    """A clock has exactly one end; a breach that turns out to be met no longer is one."""
    changes = {column: action.at if end == action.end else None for end, column in ENDS.items()}
    update(SlaClock, changes | {"look_at": None}, {"id": action.clock_id})


def mark_clock(case_id: int, action: MarkClock, *, at: datetime, cause: str) -> None:
    """A notice went out, or only the next look is booked (`concern` None)."""
    if action.concern is None:
        update(SlaClock, {"look_at": action.look_at}, {"id": action.clock_id})
        return
    update(SlaClock, {MARKS[action.concern]: action.at, "look_at": action.look_at}, {"id": action.clock_id})
    body = f"{action.kind}: {action.concern} of {action.at.isoformat()}"
    add_feed(case_id, "sla", body, author_id=None, author_address=None, public=False, at=at, cause=cause)


def ask_question(case_id: int | None, action: AskQuestion, *, at: datetime, cause: str) -> None:
    """Wait for an answer."""
    row = {
        "kind": action.kind, "payload": action.payload, "case": case_id, "asked": action.asked_id, "asked_at": at,
        "expires_at": action.expires_at, "cause": cause,
    }  # fmt: skip
    insert(PendingQuestion, [row], ids=False)


def answer_question(action: AnswerQuestion, *, at: datetime) -> None:
    """The question is answered, once."""
    update(PendingQuestion, {"answer": action.answer, "answered_at": at}, {"id": action.question_id, "answer": None})


def remember_reversal(case_id: int, action: RememberReversal, *, at: datetime, cause: str) -> None:
    """Keep how things stood before a command, for `#undo`."""
    row = {"case": case_id, "giver": action.giver_id, "verb": action.verb, "at": at, "before": action.before, "cause": cause}
    insert(Reversal, [row], ids=False)
