"""Find the questions of ours that wait for an answer: the one a mail answers, and those whose time is over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from peewee import JOIN, SqliteDatabase

from daemon.model import MessageId, QuestionFacts
from daemon.store.schema import Outbox, PendingQuestion, database
from daemon.store.statements import Select

_COLUMNS = (
    PendingQuestion.id, PendingQuestion.kind, PendingQuestion.payload, PendingQuestion.asked, PendingQuestion.case,
    PendingQuestion.expires_at,
)  # fmt: skip


def _open_query(asked: Any, now: Any) -> Any:
    waiting = (PendingQuestion.asked == asked) & PendingQuestion.answer.is_null() & (PendingQuestion.expires_at >= now)
    return PendingQuestion.select(*_COLUMNS).where(waiting).order_by(PendingQuestion.id.desc()).limit(20)


_OPEN = Select(_open_query)
_OPEN_LOCKED = Select(lambda asked, now: _open_query(asked, now).for_update())
_OURS = Select(
    lambda asked, ids: (
        Outbox.select(Outbox.message_id, Outbox.template, PendingQuestion.id)
        .join(PendingQuestion, JOIN.LEFT_OUTER, on=((Outbox.cause == PendingQuestion.cause) & (PendingQuestion.asked == asked)))
        .where(Outbox.message_id.in_(ids))
    )
)


def waiting_for(asked_id: int, now: datetime, *, lock: bool) -> tuple[QuestionFacts, ...]:
    """The open questions to this person when a mail arrives `now`, the newest first: at its last moment one still waits.

    `lock`: nobody else answers them before this transaction ends (PostgreSQL).
    """
    found = (_OPEN_LOCKED if lock and not isinstance(database.obj, SqliteDatabase) else _OPEN)(asked=asked_id, now=now)
    return tuple(_facts(row) for row in found)


def question_for(
    waiting: Sequence[QuestionFacts], asked_id: int, nearest: Sequence[MessageId], cases: Sequence[int] = ()
) -> QuestionFacts | None:  # fmt: skip
    """The one of these questions that a mail answers.

    `nearest` are the mails that this one answers, the nearest first, `cases` those it is about. When the nearest of ours, errors
    aside, asked something, that is meant, answered meanwhile or not. Else it is one of the thread, of the case, or the newest.
    """
    if not waiting:
        return None
    open_now = {question.id: question for question in waiting}
    ours = {row[0]: (row[1], row[2]) for row in _OURS(asked=asked_id, ids=list(nearest))} if nearest else {}
    thread = [ours[message_id] for message_id in nearest if message_id in ours]
    answers = next((number for template, number in thread if number is not None or template != ERROR), None)
    if answers is not None:
        found = open_now.get(answers)
        return replace(found, meant=True, named=True) if found is not None else None
    named = next((number for _, number in thread if number in open_now), None)
    if named is not None:
        return replace(open_now[named], named=True)
    alone = len(waiting) == 1
    of_case = next((question for question in waiting if question.case_id is not None and question.case_id in cases), None)
    return replace(of_case, alone=True) if of_case is not None else replace(waiting[0], alone=alone)


ERROR = "error"
"""The template that says what was wrong with an answer: an answer to it is one more to the mail before."""


_EXPIRED = Select(
    lambda now, most: (
        PendingQuestion.select(PendingQuestion.id, PendingQuestion.case)
        .where(PendingQuestion.answer.is_null() & (PendingQuestion.expires_at < now))
        .order_by(PendingQuestion.id)
        .limit(most)
    )
)


def expired(now: datetime, most: int) -> list[tuple[int, int | None]]:
    """(question, its case) of those that nobody answered in time, the oldest first."""
    return [(row[0], row[1]) for row in _EXPIRED(now=now, most=most)]


def _unanswered_query(number: Any) -> Any:
    return PendingQuestion.select(*_COLUMNS).where((PendingQuestion.id == number) & PendingQuestion.answer.is_null())


_UNANSWERED = Select(_unanswered_query)
_UNANSWERED_LOCKED = Select(lambda number: _unanswered_query(number).for_update())


def unanswered(number: int) -> QuestionFacts | None:
    """This question if it still waits; nobody else answers it before this transaction ends. None: somebody was first."""
    row = (_UNANSWERED if isinstance(database.obj, SqliteDatabase) else _UNANSWERED_LOCKED).first(number=number)
    return _facts(row) if row is not None else None


_MAIL = Select(
    lambda number, address: (
        PendingQuestion.select(Outbox.message_id)
        .join(Outbox, on=(Outbox.cause == PendingQuestion.cause))
        .where((PendingQuestion.id == number) & (Outbox.forward_path == address))
        .order_by(Outbox.id)
    )
)


def mail_of(number: int, address: str) -> MessageId | None:
    """The mail of ours that asked the question, to whom it was asked."""
    row = _MAIL.first(number=number, address=address)
    return MessageId(row[0]) if row is not None else None


def looked_up(payload: str) -> tuple[str | None, int | None]:
    """The address and the partner of a question's payload, which are looked up again when its answer comes."""
    kept = json.loads(payload)
    address, partner_id = kept.get("address"), kept.get("partner_id")
    return address if isinstance(address, str) else None, partner_id if isinstance(partner_id, int) else None


def _facts(row: tuple[Any, ...]) -> QuestionFacts:
    return QuestionFacts(id=row[0], kind=row[1], payload=row[2], asked_id=row[3], case_id=row[4], expires_at=row[5])
