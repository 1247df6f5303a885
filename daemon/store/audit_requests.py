"""The part of the proof that is about forms: requests, CS tickets, what is outstanding, their files and their mails are what was logged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import peewee as pw
from peewee import JOIN

from daemon.store.audit_promises import facts_of, named
from daemon.store.schema import (
    Attachment,
    CsTicket,
    CsTicketAttachment,
    Event,
    FormRequest,
    Interaction,
    Organization,
    Outbox,
    OutstandingItem,
)
from daemon.store.statements import rows
from daemon.store.stories import COMPLETION, OPENED, SUBMITTED, UNKNOWN, Facts, Story, Telling

QUICK_REPLIES = ("New Channel Req 1", "New Channel Req 2")
"""Mails that the customer of a request gets at most once each."""


# --- what is there -------------------------------------------------------------------------------------------------


def requests() -> Iterator[str]:
    """Requests, CS tickets and what is outstanding on them are what the logs of their cases have made of them (domain 5.3, 9 and 10)."""
    stories = Telling().stories
    yield from _compared_requests(stories)
    tickets: dict[int, int] = {}
    yield from _compared_tickets(stories, tickets)
    yield from _compared_items(stories, tickets)
    yield from _files(stories, tickets)
    yield from _mails(stories, tickets)


def _compared_requests(stories: Mapping[int, Story]) -> Iterator[str]:
    names = [*SUBMITTED, "submitter", "received_at", "accepted_at", "completed_at", "cause"]
    there: dict[int, int] = {}
    for number, case_id, *values in rows(FormRequest.select(FormRequest.id, FormRequest.case, *_columns(FormRequest, names))):
        there[case_id] = there.get(case_id, 0) + 1
        logged = stories[case_id].requests if case_id in stories else []
        if not logged:
            yield f"request {number}: nobody asked for it in {f'CASE-{case_id}' if case_id is not None else 'any case'}"
            continue
        found = dict(zip(names, values, strict=True))
        found["problems"] = _list(found["problems"])
        yield from _differences(f"request {number}", logged[-1], found)
    for case_id, story in stories.items():
        if there.get(case_id, 0) != len(story.requests) or len(story.requests) > 1:
            yield f"CASE-{case_id}: it has {there.get(case_id, 0)} requests, {len(story.requests)} were made"


def _compared_tickets(stories: Mapping[int, Story], tickets: dict[int, int]) -> Iterator[str]:
    names = [*OPENED, "created_at", "closed_at", "closed_by_id"]
    there: dict[int, int] = {}
    for number, case_id, *values in rows(CsTicket.select(CsTicket.id, CsTicket.case, *_columns(CsTicket, names))):
        there[case_id] = there.get(case_id, 0) + 1
        logged = stories[case_id].tickets if case_id in stories else []
        if not logged:
            yield f"CS-{number}: it was never opened in CASE-{case_id}"
            continue
        tickets[case_id] = number
        found = dict(zip(names, values, strict=True))
        yield from _differences(f"CS-{number}", logged[-1], found)
        if not _orderly(found):
            yield f"CS-{number}: its dates are not in the order of time"
    for case_id, story in stories.items():
        if there.get(case_id, 0) != len(story.tickets) or len(story.tickets) > 1:
            yield f"CASE-{case_id}: it has {there.get(case_id, 0)} CS tickets, {len(story.tickets)} were opened"


def _orderly(ticket: Facts) -> bool:
    """Counted from the house's day on which it was opened, wherever the house is."""
    opened, day = ticket["created_at"], ticket["created_on"]
    near = opened.date() - timedelta(days=1) <= day <= opened.date() + timedelta(days=1)
    return near and all(ticket[name] >= day for name in ("due_date", "configuration_date", "qa_due_date"))


def _compared_items(stories: Mapping[int, Story], tickets: Mapping[int, int]) -> Iterator[str]:
    names = ["text", "created_at", "created_by_id", "cleared_at", "cleared_by_id", "cause"]
    logged = {(tickets.get(case_id), number): item for case_id, story in stories.items() for number, item in story.items.items()}
    query = OutstandingItem.select(OutstandingItem.cs_ticket, OutstandingItem.number, *_columns(OutstandingItem, names))
    for ticket_id, number, *values in rows(query):
        item = logged.pop((ticket_id, number), None)
        if item is None:
            yield f"CS-{ticket_id}: its outstanding item {number} was never written down"
            continue
        yield from _differences(f"CS-{ticket_id}: outstanding item {number}", item, dict(zip(names, values, strict=True)))
    for ticket_id, number in logged:
        yield f"CS-{ticket_id}: its outstanding item {number} is gone"


def _files(stories: Mapping[int, Story], tickets: Mapping[int, int]) -> Iterator[str]:
    """The files on a CS ticket are those of the mails that the log names; a mail has as many as were kept."""
    kept = {cause: facts_of(payload).get("count") for cause, payload in rows(
        Event.select(Event.cause, Event.payload).where(Event.verb == "keep-attachments")
    )}  # fmt: skip
    of_mail: dict[str, list[tuple[int, int | None, bool]]] = {}
    query: Any = Attachment.select(Attachment.id, Attachment.journal, Attachment.case, Attachment.inline)
    for number, journal_id, case_id, inline in rows(query):
        of_mail.setdefault(f"mail:{journal_id}", []).append((number, case_id, inline))
    for cause, count in kept.items():
        if len(of_mail.get(cause, ())) != count:
            yield f"{cause.replace(':', ' ')}: {len(of_mail.get(cause, ()))} files of it are there, {count} were kept"
    mail_of = {number: (cause, case_id) for cause, files in of_mail.items() for number, case_id, _ in files}
    there = set(rows(CsTicketAttachment.select(CsTicketAttachment.cs_ticket, CsTicketAttachment.attachment)))
    case_of = {ticket_id: case_id for case_id, ticket_id in tickets.items()}
    for ticket_id, number in sorted(there):
        cause, case_id = mail_of.get(number, ("", None))
        story = stories.get(case_of.get(ticket_id, 0), Story())
        if cause not in story.files and not (story.every_file and case_id == case_of.get(ticket_id, 0)):
            yield f"CS-{ticket_id}: nobody put the attachment {number} there"
    for case_id, story in stories.items():
        wanted = {number for cause in story.files for number, _, inline in of_mail.get(cause, ()) if not inline}
        for number in sorted(wanted):
            if (tickets.get(case_id), number) not in there:
                yield f"CS-{tickets.get(case_id)}: its attachment {number} is not there"


def _mails(stories: Mapping[int, Story], tickets: Mapping[int, int]) -> Iterator[str]:
    """What the customer hears, they hear once and when it is so; a mail about the work says whose work it is about."""
    for case_id, story in stories.items():
        for name in story.early:
            yield f"CASE-{case_id}: {name.partition(COMPLETION)[0]!r} went out before the work was Done and nothing was outstanding"
    told = Outbox.select(Outbox.case, Outbox.template, pw.fn.COUNT(Outbox.id)).where(Outbox.template.in_(QUICK_REPLIES))
    for case_id, template, count in rows(told.group_by(Outbox.case, Outbox.template)):
        if count > 1 or case_id not in stories:
            yield f"{f'CASE-{case_id}' if case_id is not None else 'no case'}: {template!r} went out {count} times for it"
    letters = {key: (case_id, about) for case_id, story in stories.items() for key, about in story.letters.items()}
    worked = {cause: case_id for case_id, story in stories.items() for cause in story.worked}
    query: Any = Interaction.select(Interaction.id, Interaction.cs_ticket, Interaction.case, Interaction.journal, Outbox.effect_key)
    for number, ticket_id, case_id, journal_id, key in rows(query.join(Outbox, JOIN.LEFT_OUTER, on=(Interaction.outbox == Outbox.id))):
        if ticket_id is not None and tickets.get(case_id) != ticket_id:
            yield f"interaction {number}: it relates to CS-{ticket_id}, which is not the work of its case"
        elif key in letters and (ticket_id is not None) != letters[key][1]:
            yield f"interaction {number}: whether it is about the CS ticket is not what was logged"
        elif journal_id is not None and f"mail:{journal_id}" in worked and ticket_id is None:
            yield f"interaction {number}: its mail worked on CS-{tickets.get(worked[f'mail:{journal_id}'])}, but it doesn't say so"


def contacts() -> Iterator[str]:
    """Whoever was made a contact was made one of an organization that exists (domain 5.3, 19)."""
    organizations = {number for (number,) in rows(Organization.select(Organization.id))}
    for cause, payload in rows(Event.select(Event.cause, Event.payload).where(Event.verb == "register-contact")):
        facts = facts_of(payload)
        if facts.get("organization_id") not in organizations:
            yield f"{cause.replace(':', ' ')}: it made {facts.get('address')} a contact of no organization that exists"


# --- comparing -----------------------------------------------------------------------------------------------------


def _columns(model: Any, names: list[str]) -> list[Any]:
    return [getattr(model, name) for name in names]


def _list(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _differences(name: str, logged: Facts, found: Facts) -> Iterator[str]:
    wrong = [key.removesuffix("_id").replace("_", " ") for key, value in found.items() if not _same(logged.get(key), value)]
    if wrong:
        yield f"{name}: its {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not what was logged"


def _same(logged: Any, found: Any) -> bool:
    """A digest stands for its words, a time or day for its ISO form, and what the log can't know for anything."""
    if logged is UNKNOWN:
        return found is not None
    if isinstance(logged, dict):
        return isinstance(found, str) and logged.get("sha256") == named(found)
    if isinstance(found, date) and not isinstance(found, datetime):
        return bool(logged == found.isoformat())
    return bool(logged == found)
