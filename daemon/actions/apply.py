"""Carry out a decision: storage first, mails last, one event each. Never commits; the caller's transaction does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from daemon.actions.cases import add_comment, keep_attachments, keep_note, log_events, open_case, report_refusal
from daemon.actions.contacts import register_contact
from daemon.actions.interactions import mark_bounced, record_incoming
from daemon.actions.replies import Desk, Letter, queue_mails
from daemon.actions.vocabulary import (
    AddComment,
    KeepAttachments,
    KeepNote,
    MarkBounced,
    OpenCase,
    QueueMail,
    RegisterContact,
    ReportRefusal,
    payload,
    verb,
)
from daemon.failpoints import failpoint
from daemon.model import Decision, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of it: the case and the contact of the mail, and how many mails were queued."""

    case_id: int | None
    contact_id: int | None
    mails: int


def apply(
    decision: Decision, *, message: Message | None, journal_id: int | None, cause: str, at: datetime, clock: datetime, desk: Desk
) -> Applied:
    """Do what the decision grants. `at` is the arrival of the mail that caused it, `clock` the time of this transaction.

    Raises IntegrityError when another worker did it first; then the caller rolls back.
    """
    failpoint("t3_begin")
    case_id = decision.match.case_id if decision.match else None
    contact_id = decision.contact_id
    registered: str | None = None
    opened = False
    letters: list[Letter] = []
    events: list[tuple[str, str]] = []
    for position, action in enumerate(decision.actions):
        match action:
            case RegisterContact():
                contact_id, registered = register_contact(action), action.address
            case OpenCase():
                case_id = open_case(action, contact_id=contact_id if action.type != "triage" else None, at=at, clock=clock, cause=cause)
                opened = True
                failpoint("t3_after_case")
            case AddComment():
                add_comment(_case(case_id), action, at=at, cause=cause)
            case KeepNote():
                keep_note(_case(case_id), action, at=at, cause=cause)
            case KeepAttachments():
                pass  # kept below, for mails without a case too
            case MarkBounced():
                mark_bounced(action, at=at)
            case ReportRefusal():
                if case_id is not None:
                    report_refusal(case_id, action, at=at, cause=cause)
            case QueueMail():
                # the contact that this decision made is the one who is answered
                made = contact_id if action.answer and action.contact_id is None and action.to == registered else action.contact_id
                letters.append(Letter(action=replace(action, contact_id=made), position=position))
            case _:
                assert_never(action)
        events.append((verb(action), payload(action)))
    if journal_id is not None and message is not None:
        keep_attachments(case_id, journal_id, message)
        record_incoming(
            journal_id=journal_id, at=at, message_id=message.message_id, address=message.author or message.from_text[:255] or None,
            contact_id=contact_id, case_id=case_id,
        )  # fmt: skip
    failpoint("t3_after_interaction")
    log_events(case_id, events, fresh=opened, at=clock, cause=cause)
    queue_mails(letters, decision=decision, message=message, case_id=case_id, opened=opened, cause=cause, at=at, clock=clock, desk=desk)
    failpoint("t3_after_outbox")
    return Applied(case_id=case_id, contact_id=contact_id, mails=len(letters))


def _case(case_id: int | None) -> int:
    if case_id is None:
        raise ValueError("the decision has an action for a case but no case")
    return case_id
