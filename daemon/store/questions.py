"""Find the questions of ours that wait for an answer: the one a mail answers, and those whose time is over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from peewee import SqliteDatabase

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
_ASKED_BY = Select(
    lambda asked, ids: (
        PendingQuestion.select(PendingQuestion.id, Outbox.message_id)
        .join(Outbox, on=(Outbox.cause == PendingQuestion.cause))
        .where((PendingQuestion.asked == asked) & Outbox.message_id.in_(ids))
    )
)


def question_for(asked_id: int, nearest: Sequence[MessageId], now: datetime, *, lock: bool) -> QuestionFacts | None:
    """The open question that this person can answer with a mail that arrives `now`: at its last moment it still waits.

    `nearest` are the mails that this one answers, the nearest first. When one of them asked something, that is meant, answered
    meanwhile or not; else it is the newest question. `lock`: nobody else answers it before this transaction ends (PostgreSQL).
    """
    rows = (_OPEN_LOCKED if lock and not isinstance(database.obj, SqliteDatabase) else _OPEN)(asked=asked_id, now=now)
    if not rows:
        return None
    waiting = {row[0]: _facts(row) for row in rows}
    by_mail = {message_id: number for number, message_id in _ASKED_BY(asked=asked_id, ids=list(nearest))} if nearest else {}
    for message_id in nearest:
        if message_id in by_mail:
            found = waiting.get(by_mail[message_id])
            return replace(found, meant=True) if found is not None else None
    return replace(waiting[rows[0][0]], alone=len(rows) == 1)


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
