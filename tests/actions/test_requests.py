"""What a form asks for is written down once, and the work on it step by step."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import peewee as pw
import pytest

from daemon.actions.replies import Desk
from daemon.actions.vocabulary import (
    Action,
    AddOutstanding,
    AmendRequest,
    AssignCsTicket,
    AttachToCsTicket,
    ClearOutstanding,
    CloseCsTicket,
    DescribeCsTicket,
    KeepAttachments,
    MoveRequest,
    OpenCase,
    OpenCsTicket,
    QueueMail,
    RegisterContact,
    ReopenCsTicket,
    SettleTriage,
    SubmitRequest,
)
from daemon.model import Attachment, Decision, DomainVerdict, Grade, Kind, Match, Trust
from daemon.reasons import Outcome, Reason
from daemon.store.database import Database
from daemon.store.schema import (
    Case,
    CsTicket,
    CsTicketAttachment,
    FeedItem,
    FormRequest,
    Interaction,
    Outbox,
    OutstandingItem,
)
from tests.actions.desk import AT, a_case, carried_out, counts
from tests.rules import facts

NEW = "dana@acme.example"
TRUST = Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.PASS, evidence="")


def decided(*actions: Action, match: Match | None = None) -> Decision:
    return Decision(
        kind=Kind.FORM, outcome=Outcome.ACTED, reason=Reason.CASE_OPENED, detail="", trust=TRUST, match=match, contact_id=None,
        actions=actions, gates=(),
    )  # fmt: skip


SUBMITTED = SubmitRequest(
    form="new-channel-partner", form_id="220683651272354", submission_id="6012345678901234567", content_hash="a" * 64,
    title="A New Channel Partner Request for HW Solar", state="in_configuration", submitter_id=None, submitter_email=NEW,
    company="Acme Homes", partner_company="HW Solar", answers=(("Your Name", "Dana Whitfield"),), canonical='{"phone": "1"}',
    forwarded_by_id=None,
)  # fmt: skip
OPENED = OpenCase(
    type="channel_partner", subject=SUBMITTED.title, description="Your Name: Dana Whitfield", origin="form", organization_id=3,
    contact_id=None, contact_address=NEW, system_id=None, partner_id=None, owner_id=None, queue_id=1,
)  # fmt: skip
WORK = OpenCsTicket(
    project="Customer Success", issue_type="Task", assignee_id=facts.NORA.id, qa_assignee_id=facts.OWEN.id, parent="Onboarding",
    priority="High", summary=SUBMITTED.title, description="Your Name: Dana Whitfield", created_on=date(2026, 11, 23),
    due_date=date(2026, 11, 27), configuration_date=date(2026, 11, 25), qa_due_date=date(2026, 11, 27),
)  # fmt: skip
KNOWN = RegisterContact(address=NEW, first_name="Dana", last_name="Whitfield", organization_id=3)


def file(name: str, *, inline: bool = False) -> Attachment:
    return Attachment(
        name=name, content_type="application/pdf", size=1, sha256=name.encode().hex().ljust(64, "0"), inline=inline, content=b"x"
    )


def taken_in(desk: Desk) -> tuple[int, int]:
    """A request with its case and its CS ticket: their ids."""
    letter = QueueMail(
        template="case-assigned", to=facts.NORA.address, contact_id=facts.NORA.id, name="Nora", answer=False, counted=False,
        quote_subject=True, about_ticket=True,
    )  # fmt: skip
    mail = replace(facts.message(), attachments=(file("list.pdf"), file("logo.png", inline=True)))
    made = carried_out(
        decided(KNOWN, OPENED, SUBMITTED, WORK, KeepAttachments(count=2), AttachToCsTicket(ticket_id=None), letter), desk, mail
    )
    assert made.case_id is not None
    return made.case_id, CsTicket.get().id


def test_a_request_its_case_and_its_work_are_one_transaction(database: Database, desk: Desk) -> None:
    with database.transaction():
        case_id, ticket_id = taken_in(desk)
        request, ticket = FormRequest.get(), CsTicket.get()
        assert (request.case_id, request.state, request.accepted_at, request.completed_at) == (case_id, "in_configuration", AT, None)
        assert request.submitter.first_name == "Dana"
        assert Case.get().contact_id == request.submitter_id
        assert json.loads(request.answers) == [["Your Name", "Dana Whitfield"]]
        assert (ticket.case_id, ticket.assignee_id, ticket.due_date, ticket.closed_at) == (case_id, facts.NORA.id, date(2026, 11, 27), None)
        assert [row.attachment.name for row in CsTicketAttachment.select()] == ["list.pdf"]
        told = Outbox.get()
        assert told.subject.startswith(f"[CS-{ticket_id}] ")
        assert "CASE-" not in told.subject
        assert Interaction.get(Interaction.outbox == told).cs_ticket_id == ticket_id


def test_the_same_submission_is_not_written_down_twice(database: Database, desk: Desk) -> None:
    with database.transaction():
        taken_in(desk)
    with pytest.raises(pw.IntegrityError), database.transaction():
        carried_out(decided(replace(OPENED, contact_address="else@acme.example"), SUBMITTED), desk)
    with database.reading():
        assert counts(Case, FormRequest) == [1, 1]


def test_without_a_submission_id_the_same_content_is_the_same_request(database: Database, desk: Desk) -> None:
    bare = replace(SUBMITTED, submission_id=None, submitter_email="")
    with database.transaction():
        carried_out(decided(OPENED, bare), desk)
        carried_out(decided(OPENED, replace(bare, content_hash="b" * 64)), desk)
    with pytest.raises(pw.IntegrityError), database.transaction():
        carried_out(decided(OPENED, bare), desk)


def test_the_work_is_done_once_its_outstanding_items_are_cleared(database: Database, desk: Desk) -> None:
    with database.transaction():
        case_id, ticket_id = taken_in(desk)
        match = Match(case_id=case_id, matched_by="address", cs_id=ticket_id)
        request_id = FormRequest.get().id
        missing = AddOutstanding(ticket_id=ticket_id, items=((1, "Logo"), (2, "Code")), by_id=facts.NORA.id)
        carried_out(decided(missing, CloseCsTicket(ticket_id=ticket_id, by_id=facts.NORA.id), match=match), desk)
        assert (CsTicket.get().closed_at, CsTicket.get().closed_by_id) == (AT, facts.NORA.id)
        cleared = ClearOutstanding(ticket_id=ticket_id, numbers=(1, 2), by_id=facts.NORA.id)
        done = carried_out(decided(cleared, MoveRequest(request_id=request_id, state="completed"), match=match), desk)
        assert done.cs_id == ticket_id
        assert [(item.number, item.text, item.cleared_at) for item in OutstandingItem.select()] == [(1, "Logo", AT), (2, "Code", AT)]
        assert (FormRequest.get().state, FormRequest.get().completed_at) == ("completed", AT)
        carried_out(
            decided(
                ReopenCsTicket(ticket_id=ticket_id, by_id=None), DescribeCsTicket(ticket_id=ticket_id, description="new"),
                AssignCsTicket(ticket_id=ticket_id, assignee_id=facts.OWEN.id, name="Owen"), match=match,
            ),
            desk,
        )  # fmt: skip
        ticket = CsTicket.get()
        assert (ticket.closed_at, ticket.description, ticket.assignee_id, ticket.summary) == (None, "new", facts.OWEN.id, SUBMITTED.title)
        said = [item.body for item in FeedItem.select().order_by(FeedItem.id) if item.body.startswith("CS-")]
        assert [words.partition(": ")[2] for words in said[1:]] == [
            "outstanding 1: Logo", "outstanding 2: Code", "Done", "cleared 1, 2", "reopened", "assigned to Owen",
        ]  # fmt: skip


def test_a_case_of_the_triage_queue_becomes_the_real_one_under_its_number(database: Database, desk: Desk) -> None:
    with database.transaction():
        case_id = a_case(type="triage", organization=None, contact=None, contact_address=None, system=None, partner=None, queue=2)
        match = Match(case_id=case_id, matched_by="address")
        carried_out(decided(replace(SUBMITTED, state="triage", submitter_email=""), match=match), desk)
        settled = SettleTriage(
            type="channel_partner", subject=SUBMITTED.title, organization_id=3, contact_id=None, contact_address=NEW, owner_id=None,
            queue_id=1,
        )  # fmt: skip
        number = FormRequest.get().id
        moved = MoveRequest(request_id=number, state="in_configuration", submitter_email=NEW)
        amended = AmendRequest(
            request_id=number, content_hash="c" * 64, title=SUBMITTED.title, submitter_email=NEW, company="Acme Homes",
            partner_company="HW Solar West", answers=(), canonical="{}",
        )  # fmt: skip
        carried_out(decided(replace(KNOWN, as_sender=False), settled, moved, amended, match=match), desk)
        case, request = Case.get_by_id(case_id), FormRequest.get()
        assert (case.type, case.organization_id, case.queue_id, case.contact.first_name) == ("channel_partner", 3, 1, "Dana")
        assert (request.state, request.submitter_id, request.partner_company) == ("in_configuration", case.contact_id, "HW Solar West")
