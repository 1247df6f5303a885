"""The part of the proof that is about forms: requests, CS tickets, what is outstanding, their files and their mails are what was logged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import peewee as pw
from peewee import JOIN

from daemon.actions.requests import ACCEPTED
from daemon.model import RequestState
from daemon.store.audit_promises import facts_of, named
from daemon.store.schema import (
    Attachment,
    ContactEmail,
    CsTicket,
    CsTicketAttachment,
    Event,
    FormRequest,
    Interaction,
    Journal,
    Organization,
    Outbox,
    OutstandingItem,
)
from daemon.store.statements import rows

QUICK_REPLIES = ("New Channel Req 1", "New Channel Req 2")
"""Mails that the customer of a request gets at most once each."""

COMPLETION = ":request:"
"""In the name under which the mail about a completed request is sent once."""

UNKNOWN = object()
"""Stands for a value that the log can't know."""

AMENDED = ("content_hash", "title", "submitter_email", "company", "partner_company", "answers", "canonical", "problems")
SUBMITTED = ("form", "form_id", "submission_id", "state", "forwarded_by_id", *AMENDED)
OPENED = {
    "project": "project", "issue_type": "issue_type", "assignee": "assignee_id", "qa_assignee": "qa_assignee_id", "parent": "parent",
    "priority": "priority", "summary": "summary", "description": "description", "created_on": "created_on", "due_date": "due_date",
    "configuration_date": "configuration_date", "qa_due_date": "qa_due_date",
}  # fmt: skip
"""Columns of a CS ticket and what the log calls them."""

Facts = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Story:
    """What the log of a case tells of its request and its work: each row as it must be by now."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    items: dict[int, dict[str, Any]] = field(default_factory=dict)
    causes: list[str] = field(default_factory=list)
    """What was done in the case so far, each with the number of its actions behind it."""
    positions: dict[str, int] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    """Mails whose files are on the ticket."""
    every_file: bool = False
    """All files that the case had at some moment are on the ticket."""
    worked: set[str] = field(default_factory=set)
    """Mails about the CS ticket."""
    letters: dict[str, bool] = field(default_factory=dict)
    """By effect key of a mail of ours: is it about the CS ticket?"""
    early: list[str] = field(default_factory=list)
    """Effect keys of mails that said the work was complete when it was not."""


# --- the log -------------------------------------------------------------------------------------------------------


class Telling:
    """Follows the logs of all cases with a request, and what they say of times and people."""

    def __init__(self) -> None:
        self.arrivals = {f"mail:{number}": at for number, at in rows(Journal.select(Journal.id, Journal.internal_date))}
        self.people: dict[str, int] = dict(rows(ContactEmail.select(ContactEmail.address, ContactEmail.contact)))
        self.made: set[tuple[str, Any]] = set()
        self.stories: dict[int, Story] = {}
        concerned = Event.select(Event.case).where(Event.verb.in_(["submit-request", "open-cs-ticket"]) & Event.case.is_null(False))
        query = Event.select(Event.case, Event.cause, Event.verb, Event.payload).where(Event.case.in_(concerned))
        for case_id, cause, verb, payload in rows(query.order_by(Event.case, Event.sequence)):
            self._follow(self.stories.setdefault(case_id, Story()), cause, verb, facts_of(payload))

    def _follow(self, story: Story, cause: str, verb: str, facts: Facts) -> None:
        position = story.positions.get(cause, 0)
        story.positions[cause] = position + 1
        if verb == "register-contact":
            self.made.add((cause, facts.get("address")))
        elif verb == "queue-mail":
            _letter(story, cause, position, facts)
        elif verb in ("submit-request", "amend-request", "move-request"):
            self._of_request(story, cause, verb, facts)
        else:
            self._of_work(story, cause, verb, facts)

    def _submitter(self, cause: str, facts: Facts) -> Any:
        """Whose request it is by this entry: a contact named, or the one that was made with it."""
        if facts.get("submitter_id") is None and (cause, facts.get("submitter_email")) in self.made:
            return self.people.get(str(facts.get("submitter_email")), UNKNOWN)
        return facts.get("submitter_id")

    def _of_request(self, story: Story, cause: str, verb: str, facts: Facts) -> None:
        at = self.arrivals.get(cause, UNKNOWN)
        if verb == "submit-request":
            story.requests.append(
                {name: facts.get(name) for name in SUBMITTED}
                | {"submitter": self._submitter(cause, facts), "received_at": at, "accepted_at": None, "completed_at": None, "cause": cause}
            )
        if not story.requests:
            return
        request = story.requests[-1]
        if verb == "amend-request":
            request |= {name: facts.get(name) for name in AMENDED}
            return
        if verb == "move-request":
            request["state"] = facts.get("state")
            submitter = self._submitter(cause, facts)
            request["submitter"] = submitter if submitter is not None else request["submitter"]
        if request["state"] in ACCEPTED and request["accepted_at"] is None:
            request["accepted_at"] = at
        if request["state"] == RequestState.COMPLETED and request["completed_at"] is None:
            request["completed_at"] = at

    def _of_work(self, story: Story, cause: str, verb: str, facts: Facts) -> None:
        at = self.arrivals.get(cause, UNKNOWN)
        ticket = story.tickets[-1] if story.tickets else {}
        match verb:
            case "open-cs-ticket":
                opened = {column: facts.get(name) for column, name in OPENED.items()}
                story.tickets.append(opened | {"created_at": at, "closed_at": None, "closed_by_id": None})
            case "attach-to-cs-ticket":
                story.files.update({*story.positions} if facts.get("of_case") else {cause})
                story.every_file |= bool(facts.get("of_case"))
            case "describe-cs-ticket":
                ticket["description"] = facts.get("description")
            case "close-cs-ticket":
                ticket |= {"closed_at": at, "closed_by_id": facts.get("by_id")}
            case "reopen-cs-ticket":
                ticket |= {"closed_at": None, "closed_by_id": None}
            case "assign-cs-ticket":
                ticket["assignee"] = facts.get("assignee_id")
            case "add-outstanding":
                for number, text in _pairs(facts.get("items")):
                    story.items[number] = {
                        "text": text, "created_at": at, "created_by_id": facts.get("by_id"), "cleared_at": None, "cleared_by_id": None,
                        "cause": cause,
                    }  # fmt: skip
            case "clear-outstanding":
                for number in facts.get("numbers") or ():
                    if number in story.items and story.items[number]["cleared_at"] is None:
                        story.items[number] |= {"cleared_at": at, "cleared_by_id": facts.get("by_id")}
            case _:
                return
        if verb not in ("open-cs-ticket", "attach-to-cs-ticket"):
            story.worked.add(cause)


def _pairs(items: Any) -> list[tuple[int, str]]:
    return [(item[0], item[1]) for item in items or () if isinstance(item, list) and len(item) == 2]


def _letter(story: Story, cause: str, position: int, facts: Facts) -> None:
    once = facts.get("once")
    key = once or f"{cause}:{position}:{facts.get('to')}"
    story.letters[key] = bool(facts.get("about_ticket"))
    if once is not None and COMPLETION in once:
        done = bool(story.tickets) and story.tickets[-1]["closed_at"] is not None
        if not done or any(item["cleared_at"] is None for item in story.items.values()):
            story.early.append(once)


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
