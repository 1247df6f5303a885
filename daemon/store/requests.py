"""Find what is known of forms' requests and CS tickets, inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import fn

from daemon.model import (
    ContactFacts,
    CsTicketFacts,
    FormFacts,
    FormNames,
    OrganizationFacts,
    OutstandingFacts,
    RequestFacts,
    RequestState,
)
from daemon.store.people import contact_of, people_of
from daemon.store.schema import Contact, ContactRole, CsTicket, FormRequest, Organization, Outbox, OutstandingItem
from daemon.store.statements import Select

ASSIGNEE = "configuration_assignee"
"""The role of those who can be given the work of a form."""

ACCEPTED = frozenset({RequestState.IN_CONFIGURATION, RequestState.ACCEPTED})
"""States that a request has once it is a case."""


def requests_of(case_ids: Sequence[int]) -> dict[int, RequestFacts]:
    """The form's request of each of these cases that has one."""
    found = _REQUESTS(cases=list(case_ids)) if case_ids else ()
    people = _by_id(number for row in found for number in (row[7], row[14]))
    return {row[3]: _request(row, people) for row in found}


def cs_tickets_of(case_ids: Sequence[int]) -> dict[int, CsTicketFacts]:
    """The CS ticket of each of these cases that has one, with what is outstanding on it."""
    found = _TICKETS(cases=list(case_ids)) if case_ids else ()
    if not found:
        return {}
    people = _by_id(number for row in found for number in (row[4], row[5]))
    outstanding: dict[int, list[OutstandingFacts]] = {}
    for ticket_id, number, text, cleared_at in _OUTSTANDING(tickets=[row[0] for row in found]):
        outstanding.setdefault(ticket_id, []).append(OutstandingFacts(number=number, text=text, open=cleared_at is None))
    return {
        row[1]: CsTicketFacts(
            id=row[0], case_id=row[1], summary=row[2], description=row[3], assignee=people.get(row[4]), qa_assignee=people.get(row[5]),
            open=row[6] is None, created_on=row[7], due_date=row[8], configuration_date=row[9], qa_due_date=row[10],
            outstanding=tuple(outstanding.get(row[0], ())),
        )
        for row in found
    }  # fmt: skip


def case_of_submission(names: FormNames) -> int | None:
    """The case of the same submission, received before."""
    found = _existing(names)
    return found.case_id if found is not None else None


def cases_of_tickets(ticket_ids: Iterable[int]) -> dict[int, int]:
    """The case of each of these CS tickets that exists."""
    wanted = sorted({number for number in ticket_ids if 0 < number < 2**31})
    return dict(_CASES_OF(tickets=wanted)) if wanted else {}


def managers_of(organization_ids: Iterable[int]) -> dict[int, ContactFacts]:
    """The account manager of each of these organizations that has one."""
    wanted = sorted(set(organization_ids))
    found = _MANAGERS(ids=wanted) if wanted else ()
    people = _by_id(row[1] for row in found)
    return {row[0]: people[row[1]] for row in found if row[1] in people}


def form_facts(names: FormNames | None, staff: Sequence[str], organization_ids: Iterable[int]) -> FormFacts:
    """What is known of whom a form names, and of who does its work.

    `staff` are handles that the form's file names, `organization_ids` further organizations whose account manager is asked for.
    """
    existing, organization, submitter, told = None, None, None, frozenset[str]()
    if names is not None:
        existing = _existing(names)
        row = _ORGANIZATION.first(key=names.company) if names.company else None
        organization = OrganizationFacts(id=row[0], name=row[1], kind=row[2], calendar=row[3]) if row is not None else None
        submitter = contact_of(names.email) if names.email else None
        told = frozenset(row[0] for row in _TOLD(names=list(names.once))) if names.once else told
    concerned = {*organization_ids}
    concerned |= {organization.id} if organization is not None else set()
    concerned |= {submitter.organization_id} if submitter is not None else set()
    named = _named(staff)
    return FormFacts(
        existing=existing, organization=organization, submitter=submitter, managers=managers_of(concerned), assignees=_turns(named),
        people={person.handle: person for person in named}, told=told,
    )  # fmt: skip


def _turns(named: Sequence[ContactFacts]) -> tuple[ContactFacts, ...]:
    """Our people who can be given work, by their role or since a file names them: who never had any first, then who longest ago had."""
    able = (*people_of(row[0] for row in _WITH_ROLE()), *named)
    people = {person.id: person for person in able if person.organization_kind == "house"}.values()
    last = dict(_LAST_WORK(people=[person.id for person in people])) if people else {}
    return tuple(sorted(people, key=lambda person: (last.get(person.id, 0), person.handle)))


def _named(handles: Sequence[str]) -> tuple[ContactFacts, ...]:
    return people_of(row[0] for row in _HANDLES(handles=sorted(set(handles)))) if handles else ()


def _existing(names: FormNames) -> RequestFacts | None:
    """The same submission by its number; where one of the two mails lost it on the way, by the same questions and answers."""
    row = None
    if names.submission_id is not None:
        row = _SAME_SUBMISSION.first(form=names.form, submission=names.submission_id)
    if row is None:
        # a mail with a number is the same only as one that lost it
        same = _SAME_CONTENT if names.submission_id is None else _SAME_CONTENT_UNNUMBERED
        row = same.first(form=names.form, content=names.content_hash)
    return _request(row, _by_id([row[7], row[14]])) if row is not None else None


def _by_id(ids: Iterable[int | None]) -> dict[int, ContactFacts]:
    return {person.id: person for person in people_of(number for number in ids if number is not None)}


def _request(row: Sequence[Any], people: dict[int, ContactFacts]) -> RequestFacts:
    return RequestFacts(
        id=row[0], form=row[1], state=row[2], case_id=row[3], submission_id=row[4], content_hash=row[5], title=row[6],
        submitter=people.get(row[7]), submitter_email=row[8], company=row[9], partner_company=row[10],
        answers=tuple((label, value) for label, value in json.loads(row[11])), canonical=json.loads(row[12]),
        problems=tuple(json.loads(row[13])), forwarder=people.get(row[14]), completed=row[15] is not None,
    )  # fmt: skip


_REQUEST = (
    FormRequest.id, FormRequest.form, FormRequest.state, FormRequest.case, FormRequest.submission_id, FormRequest.content_hash,
    FormRequest.title, FormRequest.submitter, FormRequest.submitter_email, FormRequest.company, FormRequest.partner_company,
    FormRequest.answers, FormRequest.canonical, FormRequest.problems, FormRequest.forwarded_by_id, FormRequest.completed_at,
)  # fmt: skip
_REQUESTS = Select(lambda cases: FormRequest.select(*_REQUEST).where(FormRequest.case.in_(cases)).order_by(FormRequest.id))
_SAME_SUBMISSION = Select(
    lambda form, submission: (
        FormRequest.select(*_REQUEST).where((FormRequest.form == form) & (FormRequest.submission_id == submission)).limit(1)
    )
)
_SAME_CONTENT = Select(
    lambda form, content: (
        FormRequest.select(*_REQUEST)
        .where((FormRequest.form == form) & (FormRequest.content_hash == content))
        .order_by(FormRequest.id.desc())
        .limit(1)
    )
)
_SAME_CONTENT_UNNUMBERED = Select(
    lambda form, content: (
        FormRequest.select(*_REQUEST)
        .where((FormRequest.form == form) & (FormRequest.content_hash == content) & FormRequest.submission_id.is_null())
        .limit(1)
    )
)
_TICKETS = Select(
    lambda cases: CsTicket.select(
        CsTicket.id, CsTicket.case, CsTicket.summary, CsTicket.description, CsTicket.assignee, CsTicket.qa_assignee, CsTicket.closed_at,
        CsTicket.created_on, CsTicket.due_date, CsTicket.configuration_date, CsTicket.qa_due_date,
    ).where(CsTicket.case.in_(cases)).order_by(CsTicket.id)
)  # fmt: skip
_OUTSTANDING = Select(
    lambda tickets: (
        OutstandingItem.select(OutstandingItem.cs_ticket, OutstandingItem.number, OutstandingItem.text, OutstandingItem.cleared_at)
        .where(OutstandingItem.cs_ticket.in_(tickets))
        .order_by(OutstandingItem.cs_ticket, OutstandingItem.number)
    )
)
_CASES_OF = Select(lambda tickets: CsTicket.select(CsTicket.id, CsTicket.case).where(CsTicket.id.in_(tickets)))
_MANAGERS = Select(
    lambda ids: Organization.select(Organization.id, Organization.account_manager_id).where(
        Organization.id.in_(ids) & Organization.account_manager_id.is_null(False)
    )
)
_ORGANIZATION = Select(
    lambda key: (
        Organization.select(Organization.id, Organization.name, Organization.kind, Organization.calendar)
        .where((Organization.name_key == key) & Organization.active)
        .limit(1)
    )
)
_TOLD = Select(lambda names: Outbox.select(Outbox.effect_key).where(Outbox.effect_key.in_(names)))
_WITH_ROLE = Select(
    lambda: (
        Contact.select(Contact.id)
        .join(ContactRole, on=(ContactRole.contact == Contact.id))
        .where((ContactRole.role == ASSIGNEE) & Contact.active)
    )
)
_LAST_WORK = Select(
    lambda people: CsTicket.select(CsTicket.assignee, fn.MAX(CsTicket.id)).where(CsTicket.assignee.in_(people)).group_by(CsTicket.assignee)
)
_HANDLES = Select(lambda handles: Contact.select(Contact.id).where(Contact.handle.in_(handles) & Contact.active))
