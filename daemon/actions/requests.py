"""Keep what forms ask for: the request, the case it becomes, its CS ticket and what is outstanding on it."""

from __future__ import annotations

import json
from datetime import datetime

from daemon.actions.cases import add_feed
from daemon.actions.vocabulary import (
    AddOutstanding,
    AmendRequest,
    AssignCsTicket,
    ClearOutstanding,
    CloseCsTicket,
    DescribeCsTicket,
    MoveRequest,
    OpenCsTicket,
    ReopenCsTicket,
    SettleTriage,
    SubmitRequest,
)
from daemon.model import RequestState
from daemon.store.requests import ACCEPTED
from daemon.store.schema import Attachment, Case, CsTicket, CsTicketAttachment, FormRequest, OutstandingItem
from daemon.store.statements import Select, insert, update


def submit_request(case_id: int | None, action: SubmitRequest, *, submitter_id: int | None, at: datetime, cause: str) -> int:
    """Write a request down; its id. Raises IntegrityError when another worker has the same submission."""
    row = {
        "form": action.form, "form_id": action.form_id, "submission_id": action.submission_id, "content_hash": action.content_hash,
        "title": action.title, "state": action.state, "case": case_id, "submitter": submitter_id,
        "submitter_email": action.submitter_email, "company": action.company, "partner_company": action.partner_company,
        "answers": json.dumps(action.answers, ensure_ascii=False), "canonical": action.canonical,
        "problems": json.dumps(action.problems, ensure_ascii=False), "forwarded_by_id": action.forwarded_by_id, "received_at": at,
        "accepted_at": at if action.state in ACCEPTED else None, "completed_at": None, "cause": cause,
    }  # fmt: skip
    (number,) = insert(FormRequest, [row])
    return number


def amend_request(action: AmendRequest) -> None:
    """The answers of the same submission, as they are now."""
    changes = {
        "content_hash": action.content_hash, "title": action.title, "submitter_email": action.submitter_email, "company": action.company,
        "partner_company": action.partner_company, "answers": json.dumps(action.answers, ensure_ascii=False),
        "canonical": action.canonical, "problems": json.dumps(action.problems, ensure_ascii=False),
    }  # fmt: skip
    update(FormRequest, changes, {"id": action.request_id})


def move_request(case_id: int, request_id: int, action: MoveRequest, *, submitter_id: int | None, at: datetime, cause: str) -> None:
    """The request is in another state; when it was accepted and completed first is kept."""
    update(FormRequest, {"state": action.state} | ({"submitter": submitter_id} if submitter_id is not None else {}), {"id": request_id})
    if action.state in ACCEPTED:
        update(FormRequest, {"accepted_at": at}, {"id": request_id, "accepted_at": None})
    if action.state == RequestState.COMPLETED:
        update(FormRequest, {"completed_at": at}, {"id": request_id, "completed_at": None})
    words = f"request: {action.state.replace('_', ' ')}"
    add_feed(case_id, "state", words, author_id=None, author_address=None, public=False, at=at, cause=cause)


def settle_triage(case_id: int, action: SettleTriage, *, contact_id: int | None, by_id: int | None, at: datetime, cause: str) -> None:
    """The case in the triage queue becomes the real one under the same number."""
    changes = {
        "type": action.type, "subject": action.subject, "organization": action.organization_id, "contact": contact_id,
        "contact_address": action.contact_address, "owner": action.owner_id, "queue": action.queue_id, "last_update": at,
    }  # fmt: skip
    update(Case, changes, {"id": case_id})
    add_feed(case_id, "state", f"triage is over: {action.type}", author_id=by_id, author_address=None, public=False, at=at, cause=cause)


# --- CS tickets ----------------------------------------------------------------------------------------------------


def open_cs_ticket(case_id: int, action: OpenCsTicket, *, at: datetime, cause: str) -> int:
    """Open the CS ticket of a case; its id."""
    row = {
        "case": case_id, "project": action.project, "issue_type": action.issue_type, "assignee": action.assignee_id,
        "qa_assignee": action.qa_assignee_id, "parent": action.parent, "priority": action.priority, "summary": action.summary,
        "description": action.description, "created_at": at, "created_on": action.created_on, "due_date": action.due_date,
        "configuration_date": action.configuration_date, "qa_due_date": action.qa_due_date, "closed_at": None, "closed_by_id": None,
    }  # fmt: skip
    (number,) = insert(CsTicket, [row])
    add_feed(case_id, "state", f"CS-{number} was opened", author_id=None, author_address=None, public=False, at=at, cause=cause)
    return number


def describe_cs_ticket(action: DescribeCsTicket) -> None:
    """Replace its description."""
    update(CsTicket, {"description": action.description}, {"id": action.ticket_id})


def attach_to_cs_ticket(ticket_id: int, journal_id: int, *, case_id: int | None = None) -> None:
    """Put the files of a mail, or of every mail of a case, on the CS ticket; pictures of signatures and letterheads stay with the mail."""
    files = _FILES(journal=journal_id) if case_id is None else _FILES_OF_CASE(case=case_id)
    there = {row[0] for row in _ATTACHED(ticket=ticket_id)}
    found = [row[0] for row in files if row[0] not in there]
    if found:
        insert(CsTicketAttachment, [{"cs_ticket": ticket_id, "attachment": number} for number in found], ids=False)


_FILES = Select(
    lambda journal: Attachment.select(Attachment.id).where((Attachment.journal == journal) & ~Attachment.inline).order_by(Attachment.id)
)
_FILES_OF_CASE = Select(
    lambda case: Attachment.select(Attachment.id).where((Attachment.case == case) & ~Attachment.inline).order_by(Attachment.id)
)
_ATTACHED = Select(lambda ticket: CsTicketAttachment.select(CsTicketAttachment.attachment).where(CsTicketAttachment.cs_ticket == ticket))


def close_cs_ticket(case_id: int, action: CloseCsTicket, *, at: datetime, cause: str) -> None:
    """The work is Done."""
    update(CsTicket, {"closed_at": at, "closed_by_id": action.by_id}, {"id": action.ticket_id})
    _said(case_id, action.ticket_id, "Done", action.by_id, at, cause)


def reopen_cs_ticket(case_id: int, action: ReopenCsTicket, *, at: datetime, cause: str) -> None:
    """The work goes on."""
    update(CsTicket, {"closed_at": None, "closed_by_id": None}, {"id": action.ticket_id})
    _said(case_id, action.ticket_id, "reopened", action.by_id, at, cause)


def assign_cs_ticket(case_id: int, action: AssignCsTicket, *, by_id: int | None, at: datetime, cause: str) -> None:
    """Somebody else does the work."""
    update(CsTicket, {"assignee": action.assignee_id}, {"id": action.ticket_id})
    _said(case_id, action.ticket_id, f"assigned to {action.name}", by_id, at, cause)


def add_outstanding(case_id: int, action: AddOutstanding, *, at: datetime, cause: str) -> None:
    """What is missing."""
    insert(
        OutstandingItem,
        [
            {
                "cs_ticket": action.ticket_id, "number": number, "text": text, "created_at": at, "created_by_id": action.by_id,
                "cleared_at": None, "cleared_by_id": None, "cause": cause,
            }
            for number, text in action.items
        ],
        ids=False,
    )  # fmt: skip
    for number, text in action.items:
        _said(case_id, action.ticket_id, f"outstanding {number}: {text}", action.by_id, at, cause)


def clear_outstanding(case_id: int, action: ClearOutstanding, *, at: datetime, cause: str) -> None:
    """What is missing no longer."""
    for number in action.numbers:
        changes = {"cleared_at": at, "cleared_by_id": action.by_id}
        update(OutstandingItem, changes, {"cs_ticket": action.ticket_id, "number": number, "cleared_at": None})
    numbers = ", ".join(map(str, action.numbers))
    _said(case_id, action.ticket_id, f"cleared {numbers}", action.by_id, at, cause)


def _said(case_id: int, ticket_id: int, words: str, by_id: int | None, at: datetime, cause: str) -> None:
    add_feed(case_id, "state", f"CS-{ticket_id}: {words}", author_id=by_id, author_address=None, public=False, at=at, cause=cause)
