"""What is shown of a form's request and of CS tickets."""

from __future__ import annotations

from typing import Any

from peewee import JOIN

from daemon.model import RequestState
from daemon.store.schema import Attachment, Case, Contact, CsTicket, CsTicketAttachment, FormRequest, OutstandingItem, Queue
from daemon.store.statements import first, rows

_Forwarder = Contact.alias("forwarder")
_Qa = Contact.alias("qa")
_Closer = Contact.alias("closer")


def request_view(number: int) -> dict[str, Any] | None:
    """The form's request that opened a case, or None; people by their handles."""
    row = first(
        FormRequest.select(
            FormRequest.form, FormRequest.form_id, FormRequest.submission_id, FormRequest.state, FormRequest.company,
            FormRequest.partner_company, Contact.handle, FormRequest.submitter_email, _Forwarder.handle,
        )
        .join(Contact, JOIN.LEFT_OUTER, on=(FormRequest.submitter == Contact.id))
        .switch(FormRequest)
        .join(_Forwarder, JOIN.LEFT_OUTER, on=(FormRequest.forwarded_by_id == _Forwarder.id))
        .where(FormRequest.case == number)
        .order_by(FormRequest.id)
    )  # fmt: skip
    if row is None:
        return None
    return {
        "form": row[0], "form_id": row[1], "submission_id": row[2], "state": row[3], "company": row[4] or None,
        "partner_company": row[5] or None, "submitter": row[6], "submitter_email": row[7] or None, "forwarded_by": row[8],
    }  # fmt: skip


def waiting_question(number: int) -> dict[str, Any] | None:
    """The question that a request in the triage queue puts to its members: it waits as long as it takes."""
    row = first(
        FormRequest.select(Queue.name)
        .join(Case, on=(FormRequest.case == Case.id))
        .join(Queue, JOIN.LEFT_OUTER, on=(Case.queue == Queue.id))
        .where((FormRequest.case == number) & (FormRequest.state == RequestState.TRIAGE))
    )
    return {"kind": "triage", "asked": row[0], "expires_at": None} if row is not None else None


def cs_tickets_view(number: int) -> list[dict[str, Any]]:
    """The CS tickets of a case, with what is outstanding on them and the names of their files."""
    query = (
        CsTicket.select(
            CsTicket.id, CsTicket.project, CsTicket.issue_type, Contact.handle, _Qa.handle, CsTicket.parent, CsTicket.priority,
            CsTicket.summary, CsTicket.description, CsTicket.due_date, CsTicket.configuration_date, CsTicket.qa_due_date,
            CsTicket.closed_at, _Closer.handle,
        )
        .join(Contact, JOIN.LEFT_OUTER, on=(CsTicket.assignee == Contact.id))
        .switch(CsTicket)
        .join(_Qa, JOIN.LEFT_OUTER, on=(CsTicket.qa_assignee == _Qa.id))
        .switch(CsTicket)
        .join(_Closer, JOIN.LEFT_OUTER, on=(CsTicket.closed_by_id == _Closer.id))
        .where(CsTicket.case == number)
        .order_by(CsTicket.id)
    )  # fmt: skip
    return [
        {
            "number": f"CS-{row[0]}", "project": row[1], "issue_type": row[2], "assignee": row[3], "qa_assignee": row[4],
            "parent": row[5], "priority": row[6], "summary": row[7], "description": row[8], "due_date": row[9],
            "configuration_date": row[10], "qa_due_date": row[11], "status": "Done" if row[12] is not None else "Open",
            "closed_at": row[12], "closed_by": row[13], "outstanding": _outstanding(row[0]), "attachments": _files(row[0]),
        }
        for row in list(rows(query))
    ]  # fmt: skip


def _outstanding(ticket_id: int) -> list[dict[str, Any]]:
    query = OutstandingItem.select(OutstandingItem.number, OutstandingItem.text, OutstandingItem.cleared_at)
    found = rows(query.where(OutstandingItem.cs_ticket == ticket_id).order_by(OutstandingItem.number))
    return [dict(zip(("number", "text", "cleared_at"), row, strict=True)) for row in found]


def _files(ticket_id: int) -> list[str]:
    query = Attachment.select(Attachment.name).join(CsTicketAttachment, on=(CsTicketAttachment.attachment == Attachment.id))
    return [row[0] for row in rows(query.where(CsTicketAttachment.cs_ticket == ticket_id).order_by(CsTicketAttachment.id))]
