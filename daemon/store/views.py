"""What people and scripts read: lists of cases, mails and outgoing mails, one case whole. Changes nothing.

Keys and their order are the contract of the JSON listings; times are aware datetimes, absent is None.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import peewee as pw
from peewee import JOIN

from daemon.store.accountfacts import account_facts
from daemon.store.outbox import PERHAPS_TWICE
from daemon.store.requestviews import cs_tickets_view, request_view, waiting_question
from daemon.store.schema import (
    Attachment,
    Case,
    CaseComment,
    Contact,
    Contract,
    FeedItem,
    Interaction,
    Journal,
    Organization,
    Outbox,
    PendingQuestion,
    Queue,
    SlaClock,
    System,
    Task,
)
from daemon.store.statements import first, rows

_Entity, _Partner, _Owner, _By, _Closer = (
    Organization.alias("entity"),
    Organization.alias("partner"),
    Contact.alias("owner"),
    Contact.alias("acknowledger"),
    Contact.alias("closer"),
)

_COLUMNS = (
    Case.id, Case.type, Case.subject, Case.closed_at, _Entity.name, System.name, Organization.name, Contact.handle, Case.contact_address,
    _Partner.name, _Owner.handle, Queue.name, Case.created_at, Case.last_update, Case.acknowledged_at, Case.planned_resolution,
    Case.planned_resolution_date,
)  # fmt: skip


def _joined(*columns: Any) -> Any:
    return (
        Case.select(*_COLUMNS, *columns)
        .join(System, JOIN.LEFT_OUTER, on=(Case.system == System.id))
        .join(_Entity, JOIN.LEFT_OUTER, on=(System.entity == _Entity.id))
        .switch(Case)
        .join(Organization, JOIN.LEFT_OUTER, on=(Case.organization == Organization.id))
        .join(Contact, JOIN.LEFT_OUTER, on=(Case.contact == Contact.id))
        .join(_Partner, JOIN.LEFT_OUTER, on=(Case.partner == _Partner.id))
        .join(_Owner, JOIN.LEFT_OUTER, on=(Case.owner == _Owner.id))
        .join(Queue, JOIN.LEFT_OUTER, on=(Case.queue == Queue.id))
    )


def _case(row: tuple[Any, ...], next_deadline: datetime | None) -> dict[str, Any]:
    return {
        "number": f"CASE-{row[0]}", "type": row[1], "subject": row[2], "state": "Closed" if row[3] else "Open", "entity": row[4],
        "system": row[5], "organization": row[6], "contact": row[7], "partner": row[9], "owner": row[10], "queue": row[11],
        "created_at": row[12], "last_update": row[13], "acknowledged": row[14] is not None, "acknowledged_at": row[14],
        "planned_resolution": row[15], "planned_resolution_date": row[16], "closed_at": row[3], "next_deadline": next_deadline,
        "contact_address": row[8] if row[7] is None else None,
    }  # fmt: skip


def list_cases(*, state: str, partner: str | None, search: str | None, limit: int | None) -> list[dict[str, Any]]:
    """Cases, newest Last Update first. `state` is open, closed or all."""
    query = _joined()
    if state != "all":
        query = query.where(Case.closed_at.is_null(state == "open"))
    if partner is not None:
        query = query.where(pw.fn.LOWER(_Partner.name) == partner.lower())
    for word in (search or "").split():
        query = query.where(Case.subject.contains(word) | Case.description.contains(word))
    query = query.order_by(Case.last_update.desc(), Case.id.desc())
    if limit is not None:
        query = query.limit(limit)
    found = list(rows(query))
    deadlines = _next_deadlines([row[0] for row in found] if len(found) <= PAGE else None)
    return [_case(row, deadlines.get(row[0])) for row in found]


PAGE = 500
"""Of so many cases at most the clocks are looked up by number; of more, all that run are read."""


def _next_deadlines(numbers: Sequence[int] | None) -> dict[int, datetime]:
    """The deadline of the earliest running clock by case, of these cases or of all, in one statement."""
    running = SlaClock.met_at.is_null() & SlaClock.breached_at.is_null() & SlaClock.cancelled_at.is_null()
    if numbers is not None:
        running = SlaClock.case.in_(numbers) & running
    return dict(rows(SlaClock.select(SlaClock.case, pw.fn.MIN(SlaClock.deadline_at)).where(running).group_by(SlaClock.case)))


def count_cases(state: str) -> int:
    """How many cases are open, closed, or there at all."""
    query = Case.select(Case.id)
    if state != "all":
        query = query.where(Case.closed_at.is_null(state == "open"))
    return int(query.count())


def case_view(number: int, house_address: str) -> dict[str, Any] | None:
    """Everything about one case, or None when there is no such case. `house_address` is who its mails are from and to."""
    row = first(
        _joined(
            Case.description, Case.origin, Contract.number, _By.handle, Case.first_planned_resolution_date, Case.plan_count, _Closer.handle,
            Case.resolution, Case.sla_cycle, Case.flags, Case.closed_on_planned_date,
            Case.support,
        )
        .join(Contract, JOIN.LEFT_OUTER, on=(Case.contract == Contract.id))
        .join(_By, JOIN.LEFT_OUTER, on=(Case.acknowledged_by_id == _By.id))
        .join(_Closer, JOIN.LEFT_OUTER, on=(Case.closed_by_id == _Closer.id))
        .where(Case.id == number)
    )  # fmt: skip
    if row is None:
        return None
    rest = row[len(_COLUMNS) :]
    return _case(row, _next_deadlines([number]).get(number)) | {
        "description": rest[0], "origin": rest[1], "contract": rest[2], "acknowledged_by": rest[3],
        "first_planned_resolution_date": rest[4], "plan_count": rest[5], "closed_by": rest[6], "resolution": rest[7],
        "closed_on_planned_date": rest[10], "sla_cycle": rest[8], "support": json.loads(rest[11]) if rest[11] else None,
        "flags": json.loads(rest[9]),
        "last_review": _last_review(number), "question": _question(number) or waiting_question(number),
        "request": request_view(number), "clocks": _clocks(number),
        "feed": _feed(number) + _doubles(number), "comments": _comments(number), "tasks": _tasks(number),
        "cs_tickets": cs_tickets_view(number), "attachments": _attachments(number), "interactions": _interactions(number, house_address),
        "account": _account(number),
    }  # fmt: skip


def _account(number: int) -> dict[str, Any] | None:
    """What the customer's organization ordered and evaluates, the newest first; None: it is no customer's case."""
    query = Case.select(Organization.id, Organization.kind).join(Organization, on=(Case.organization == Organization.id))
    row = first(query.where(Case.id == number))
    if row is None or row[1] != "customer":
        return None
    found = account_facts(row[0])
    return {"orders": [asdict(one) for one in found.orders], "evaluations": [asdict(one) for one in found.evaluations]}


REVIEW = "Case Review"
"""The subject of the task that a Log Review leaves."""

_CLOCK = ("cycle", "kind", "started_at", "deadline_at", "met_at", "breached_at", "cancelled_at")
_TASK = ("subject", "status", "comments", "name", "due_date", "at")


def _clocks(number: int) -> list[dict[str, Any]]:
    query = SlaClock.select(*(getattr(SlaClock, name) for name in _CLOCK)).where(SlaClock.case == number).order_by(SlaClock.id)
    return [dict(zip(_CLOCK, row, strict=True)) for row in rows(query)]


def _tasks(number: int) -> list[dict[str, Any]]:
    query = (
        Task.select(Task.subject, Task.status, Task.comments, Contact.handle, Task.due_date, Task.at)
        .join(Contact, JOIN.LEFT_OUTER, on=(Task.name == Contact.id))
        .where(Task.case == number)
        .order_by(Task.id)
    )
    return [dict(zip(_TASK, row, strict=True)) for row in rows(query)]


def _last_review(number: int) -> dict[str, Any] | None:
    """The newest Log Review; older ones are only tasks."""
    query = (
        Task.select(Task.comments, Contact.handle, Task.at)
        .join(Contact, JOIN.LEFT_OUTER, on=(Task.owner == Contact.id))
        .where((Task.case == number) & (Task.subject == REVIEW))
        .order_by(Task.id.desc())
        .limit(1)
    )
    row = first(query)
    return dict(zip(("comments", "by", "at"), row, strict=True)) if row is not None else None


def _question(number: int) -> dict[str, Any] | None:
    """The newest question about the case that nobody has answered."""
    query = (
        PendingQuestion.select(PendingQuestion.kind, Contact.handle, PendingQuestion.expires_at)
        .join(Contact, on=(PendingQuestion.asked == Contact.id))
        .where((PendingQuestion.case == number) & PendingQuestion.answer.is_null())
        .order_by(PendingQuestion.id.desc())
        .limit(1)
    )
    row = first(query)
    return dict(zip(("kind", "asked", "expires_at"), row, strict=True)) if row is not None else None


def _feed(number: int) -> list[dict[str, Any]]:
    query = (
        FeedItem.select(FeedItem.at, FeedItem.kind, Contact.handle, FeedItem.author_address, FeedItem.public, FeedItem.body,
            FeedItem.cause, FeedItem.mentions,
        )
        .join(Contact, JOIN.LEFT_OUTER, on=(FeedItem.author == Contact.id))
        .where(FeedItem.case == number)
        .order_by(FeedItem.id)
    )  # fmt: skip
    return [
        {"at": r[0], "kind": r[1], "author": r[2] or r[3], "public": bool(r[4]), "body": r[5], "cause": r[6], "mentions": json.loads(r[7])}
        for r in rows(query)
    ]


def _doubles(number: int) -> list[dict[str, Any]]:
    """What the feed says of mails that may have arrived twice. One that was given up has an entry of its own there, as any that failed."""
    query = (
        Outbox.select(Outbox.sent_at, Outbox.forward_path, Outbox.template, Outbox.detail, Outbox.id)
        .where((Outbox.case == number) & (Outbox.state == "sent") & Outbox.detail.startswith(PERHAPS_TWICE))
        .order_by(Outbox.sent_at, Outbox.id)
    )
    return [
        {
            "at": r[0], "kind": "email", "author": None, "public": False, "body": f"{r[2]} to {r[1]} may have arrived twice: {r[3]}",
            "cause": f"outbox:{r[4]}", "mentions": [],
        }
        for r in rows(query)
    ]  # fmt: skip


def _comments(number: int) -> list[dict[str, Any]]:
    query = (
        CaseComment.select(CaseComment.at, Contact.handle, CaseComment.author_address, CaseComment.public, CaseComment.body)
        .join(Contact, JOIN.LEFT_OUTER, on=(CaseComment.author == Contact.id))
        .where(CaseComment.case == number)
        .order_by(CaseComment.id)
    )
    return [{"at": r[0], "author": r[1] or r[2], "public": bool(r[3]), "body": r[4]} for r in rows(query)]


def _attachments(number: int) -> list[dict[str, Any]]:
    query: Any = Attachment.select(Attachment.name, Attachment.content_type, Attachment.size, Attachment.sha256, Journal.raw_deleted_at)
    query = query.join(Journal, on=(Attachment.journal == Journal.id)).where((Attachment.case == number) & ~Attachment.inline)
    names = ("name", "content_type", "size", "sha256", "raw_deleted_at")
    return [dict(zip(names, row, strict=True)) for row in rows(query.order_by(Attachment.id))]


def _interactions(number: int, house_address: str) -> list[dict[str, Any]]:
    query = (
        Interaction.select(
            Interaction.direction, Interaction.at, Interaction.message_id, Interaction.address, Contact.handle, Journal.subject,
            Journal.state, Journal.id, Outbox.subject, Outbox.template, Outbox.state, Outbox.bounced_at,
        )
        .join(Journal, JOIN.LEFT_OUTER, on=(Interaction.journal == Journal.id))
        .switch(Interaction)
        .join(Outbox, JOIN.LEFT_OUTER, on=(Interaction.outbox == Outbox.id))
        .switch(Interaction)
        .join(Contact, JOIN.LEFT_OUTER, on=(Interaction.contact == Contact.id))
        .where(Interaction.case == number)
        .order_by(Interaction.id)
    )  # fmt: skip
    out = []
    for r in rows(query):
        incoming = r[0] == "in"
        out.append(
            {
                "direction": r[0],
                "at": r[1],
                "message_id": r[2],
                "from": r[3] if incoming else house_address,
                "to": house_address if incoming else r[3],
                "subject": r[5] if incoming else r[8],
                "template": r[9],
                "name": r[4],
                "relates_to": f"CASE-{number}",
                "state": r[6] if incoming else ("bounced" if r[11] else r[10]),
                "journal": r[7],
            }  # fmt: skip
        )
    return out


IN_PROGRESS = "in progress"
"""The outcome of a mail that has none yet."""


def list_mails(*, outcome: str | None, limit: int | None, numbers: list[int] | None = None) -> list[dict[str, Any]]:
    """The journal: one row a received mail."""
    query = Journal.select(
        Journal.id, Journal.mailbox, Journal.uidvalidity, Journal.uid, Journal.message_id, Journal.author, Journal.subject,
        Journal.internal_date, Journal.kind, Journal.state, Journal.reason, Journal.grade, Interaction.case, Journal.attempts,
        Journal.detail, Journal.raw_deleted_at,
    ).join(Interaction, JOIN.LEFT_OUTER, on=(Interaction.journal == Journal.id))  # fmt: skip
    if outcome is not None:
        query = query.where(Journal.state == ("received" if outcome == IN_PROGRESS else outcome))
    if numbers is not None:
        query = query.where(Journal.id.in_(numbers))
    query = query.order_by(Journal.id.desc())
    if limit is not None:
        query = query.limit(limit)
    return [
        {
            "number": r[0],
            "mailbox": r[1],
            "uidvalidity": r[2],
            "uid": r[3],
            "message_id": r[4],
            "from": r[5],
            "subject": r[6],
            "received_at": r[7],
            "kind": r[8],
            "outcome": IN_PROGRESS if r[9] == "received" else r[9],
            "reason": r[10],
            "trust": r[11],
            "case": f"CASE-{r[12]}" if r[12] is not None else None,
            "attempts": r[13],
            "detail": r[14],
            "raw_deleted_at": r[15],
        }  # fmt: skip
        for r in rows(query)
    ]


def list_outbox(*, state: str | None = None, limit: int | None = None, numbers: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """Outgoing mails and their state, newest first; of those with these `numbers` alone, if any are given."""
    query = Outbox.select(
        Outbox.id, Outbox.state, Outbox.forward_path, Outbox.subject, Outbox.template, Outbox.message_id, Outbox.case, Outbox.attempts,
        Outbox.next_attempt_at, Outbox.sent_at, Outbox.reply_code, Outbox.detail, Outbox.cause,
        Outbox.raw_deleted_at,
    )  # fmt: skip
    if state is not None:
        query = query.where(Outbox.state == state)
    if numbers is not None:
        query = query.where(Outbox.id.in_(list(numbers)))
    query = query.order_by(Outbox.id.desc())
    if limit is not None:
        query = query.limit(limit)
    return [
        {
            "number": r[0],
            "state": r[1],
            "to": r[2],
            "subject": r[3],
            "template": r[4],
            "message_id": r[5],
            "case": f"CASE-{r[6]}" if r[6] is not None else None,
            "attempts": r[7],
            "next_attempt_at": r[8] if r[1] in ("queued", "unknown") else None,
            "sent_at": r[9],
            "reply_code": r[10],
            "detail": r[11],
            "cause": r[12],
            "raw_deleted_at": r[13],
        }  # fmt: skip
        for r in rows(query)
    ]


def outbox_of(cause: str) -> list[dict[str, Any]]:
    """What became of the mails that this cause (`mail:12`) queued, oldest first."""
    names = ("number", "to", "template", "state", "attempts", "message_id", "detail")
    query = Outbox.select(
        Outbox.id, Outbox.forward_path, Outbox.template, Outbox.state, Outbox.attempts, Outbox.message_id, Outbox.detail
    )  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows(query.where(Outbox.cause == cause).order_by(Outbox.id))]


def find_mail(which: str) -> dict[str, Any] | None:
    """A journal row by number or Message-ID (with or without its angle brackets); the newest of several."""
    if which.isdecimal():
        if int(which) >= 2**31:
            return None
        where = Journal.id == int(which)
    else:
        bare = which.strip().removeprefix("<").removesuffix(">")
        where = Journal.message_id == f"<{bare}>"
    names = (
        "sha256", "state", "internal_date", "record", "reason", "detail", "archive", "message_id", "subject", "author", "size",
        "raw_deleted_at", "raw_retention_days",
    )  # fmt: skip
    columns = [getattr(Journal, name) for name in names]
    row = first(Journal.select(Journal.id, *columns).where(where).order_by(Journal.id.desc()).limit(1))
    return dict(zip(("number", *names), row, strict=True)) if row is not None else None


def files_of(number: int) -> list[dict[str, Any]]:
    """The files that came with a mail."""
    names = ("name", "content_type", "size", "sha256", "inline")
    columns = [getattr(Attachment, name) for name in names]
    query = Attachment.select(*columns).where(Attachment.journal == number).order_by(Attachment.id)
    return [dict(zip(names, row, strict=True)) for row in rows(query)]
