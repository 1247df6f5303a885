"""Who gets a digest, and what they owe: a partner's agents their partner's cases, the members of a queue the queue's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import peewee as pw
from peewee import JOIN

from daemon.model import ContactFacts
from daemon.store.people import people_of
from daemon.store.schema import Case, ContactRole, Digest, Journal, Queue, QueueMember, SlaClock
from daemon.store.statements import insert, rows

MOST = 50
"""Cases named in one digest, the next deadline first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCase:
    """An open case somebody owes something on; `deadline_at` is that of the step it waits for, running or missed."""

    id: int
    subject: str
    acknowledged: bool
    planned: bool
    deadline_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMail:
    """A mail in quarantine."""

    number: int
    sender: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What one reader owes; `queue` names the queue it is about, None for a partner's cases."""

    reader: ContactFacts
    queue: str | None
    cases: tuple[OwedCase, ...]
    quarantined: tuple[KeptMail, ...] = ()


def readers() -> tuple[tuple[ContactFacts, int | None], ...]:
    """(person, queue) of everybody who may get a digest: partners' agents (no queue), then the members of queues."""
    agents = people_of(row[0] for row in rows(ContactRole.select(ContactRole.contact).where(ContactRole.role == "partner_agent")))
    members = list(rows(QueueMember.select(QueueMember.contact, QueueMember.queue).order_by(QueueMember.queue, QueueMember.id)))
    people = {person.id: person for person in people_of(row[0] for row in members)}
    return (*((agent, None) for agent in agents), *((people[row[0]], row[1]) for row in members if row[0] in people))


def sent_on(contact_id: int, queue_id: int | None, day: date) -> bool:
    """Whether the digest of this day was settled for this person."""
    where = (Digest.contact == contact_id) & (Digest.queue_id == (queue_id or 0)) & (Digest.day == day)
    return bool(Digest.select().where(where).exists())


def settle(contact_id: int, queue_id: int | None, day: date) -> int:
    """Mark the digest of this day as settled, sent or not needed; its number. Raises IntegrityError when another worker did."""
    return insert(Digest, [{"contact": contact_id, "queue_id": queue_id or 0, "day": day.isoformat()}])[0]


def last_before(contact_id: int, queue_id: int | None, day: date) -> date | None:
    """The last day before this one whose digest was settled for this person; None: there was none."""
    where = (Digest.contact == contact_id) & (Digest.queue_id == (queue_id or 0)) & (Digest.day < day)
    found = Digest.select(Digest.day).where(where).order_by(Digest.day.desc()).limit(1)
    return next((row[0] for row in rows(found)), None)


def owed(reader: ContactFacts, queue_id: int | None, opening: datetime, since: datetime | None) -> Owed:
    """What somebody owes at `opening`: what came to them later is told by a mail of its own.

    The triage queue also hears of mails quarantined `since` (None: ever) and still there.
    """
    came = pw.fn.COALESCE(Case.assigned_at, Case.created_at) < Case.created_at.db_value(opening)
    if queue_id is None:
        return Owed(reader=reader, queue=None, cases=_cases((Case.partner == reader.organization_id) & came))
    queue = Queue.get_by_id(queue_id)
    kept = _quarantined(since) if queue.is_triage else ()
    return Owed(reader=reader, queue=str(queue.name), cases=_cases((Case.queue == queue_id) & came), quarantined=tuple(kept))


def _cases(where: pw.Expression) -> tuple[OwedCase, ...]:
    step = pw.Case(None, [(Case.planned_resolution.is_null(False), "close"), (Case.acknowledged_at.is_null(False), "plan")], "acknowledge")
    # a promise that was missed is owed all the same, until its step is taken or the day is promised anew
    missed = SlaClock.breached_at.is_null(False) & (SlaClock.cycle == Case.sla_cycle)
    open_ended = SlaClock.met_at.is_null() & SlaClock.cancelled_at.is_null() & (SlaClock.breached_at.is_null() | missed)
    # a promise of an installation's own is no step
    unsettled = open_ended & (SlaClock.kind == step)
    running = pw.Case(None, [(SlaClock.breached_at.is_null(), SlaClock.deadline_at)])
    due = pw.fn.COALESCE(pw.fn.MIN(running), pw.fn.MAX(SlaClock.deadline_at))
    query = (
        Case.select(Case.id, Case.subject, Case.acknowledged_at, Case.planned_resolution, due)
        .join(SlaClock, JOIN.LEFT_OUTER, on=((SlaClock.case == Case.id) & unsettled))
        .where(where & Case.closed_at.is_null())
        .group_by(Case.id, Case.subject, Case.acknowledged_at, Case.planned_resolution)
        .order_by(due.is_null(), due, Case.id)
        .limit(MOST)
    )
    moment = SlaClock.deadline_at.python_value
    return tuple(
        OwedCase(id=row[0], subject=row[1], acknowledged=row[2] is not None, planned=row[3] is not None, deadline_at=moment(row[4]))
        for row in rows(query)
    )


def _quarantined(since: datetime | None) -> Sequence[KeptMail]:
    later = (Journal.decided_at >= since) if since is not None else Journal.decided_at.is_null(False)
    query = (
        Journal.select(Journal.id, Journal.author, Journal.subject, Journal.reason)
        .where((Journal.state == "quarantined") & later)
        .order_by(Journal.id)
        .limit(MOST)
    )
    return [KeptMail(number=row[0], sender=row[1] or "", subject=row[2] or "", reason=row[3] or "") for row in rows(query)]
