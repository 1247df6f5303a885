"""What a case or a list of cases says to the person who asked by mail."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from peewee import JOIN

from daemon.model import FAQ
from daemon.store.accountfacts import account_facts
from daemon.store.requestviews import cs_tickets_view
from daemon.store.schema import Case, CaseComment, Contact, Organization, Outbox, Queue, System
from daemon.store.statements import rows

MOST_TICKETS = 50
"""Rows of a list by mail; the newest."""

_Entity = Organization.alias("entity")
_Partner = Organization.alias("partner")
_Owner = Contact.alias("owner")


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time for people: "Monday 23 November 2026, 10:05 (America/New_York)"."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({zone.key})"


def day(date_: date) -> str:
    """A date for people: "Friday 4 December 2026"."""
    return f"{date_:%A} {date_.day} {date_:%B %Y}"


def short(at: datetime, zone: ZoneInfo) -> str:
    """A time in a table."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def tickets(contact_id: int | None, zone: ZoneInfo) -> list[dict[str, str]]:
    """The tickets of whoever asks, the latest change first. The house sees all.

    A partner's agent sees those assigned to the partner or opened by it, and those they have as a customer.
    """
    reader = Contact.select(Organization.id, Organization.kind).join(Organization).where(Contact.id == contact_id).tuples().first()
    if reader is None or reader[1] not in ("house", "partner"):
        return []
    query = (
        Case.select(Case.id, _Entity.name, System.name, Case.subject, Case.created_at, Case.last_update, Case.closed_at, Organization.name)
        .join(System, JOIN.LEFT_OUTER, on=(Case.system == System.id))
        .join(_Entity, JOIN.LEFT_OUTER, on=(System.entity == _Entity.id))
        .switch(Case)
        .join(Organization, JOIN.LEFT_OUTER, on=(Case.organization == Organization.id))
        .order_by(Case.last_update.desc(), Case.id.desc())
        .limit(MOST_TICKETS)
    )
    if reader[1] != "house":
        query = query.where((Case.partner == reader[0]) | (Case.opening_partner == reader[0]) | (Case.contact == contact_id))
    return [
        {
            "number": f"CASE-{row[0]}", "entity": row[1] or row[7] or "", "system": row[2] or "", "subject": row[3],
            "created_at": short(row[4], zone), "last_update": short(row[5], zone), "state": "Ticket Closed" if row[6] else "Ticket Open",
        }
        for row in rows(query)
    ]  # fmt: skip


def status(case_id: int, role: str, zone: ZoneInfo) -> dict[str, Any]:
    """All fields of a case that this role may see, and its public comments, the oldest first."""
    query = (
        Case.select(
            Case.subject, Case.type, Organization.name, Contact.first_name, Contact.last_name, Case.contact_address, _Entity.name,
            System.name, _Partner.name, _Owner.first_name, _Owner.last_name, Queue.name, Case.created_at, Case.last_update,
            Case.acknowledged_at, Case.planned_resolution, Case.planned_resolution_date, Case.closed_at, Case.resolution, Case.organization,
        )
        .join(Organization, JOIN.LEFT_OUTER, on=(Case.organization == Organization.id))
        .switch(Case)
        .join(Contact, JOIN.LEFT_OUTER, on=(Case.contact == Contact.id))
        .switch(Case)
        .join(System, JOIN.LEFT_OUTER, on=(Case.system == System.id))
        .join(_Entity, JOIN.LEFT_OUTER, on=(System.entity == _Entity.id))
        .switch(Case)
        .join(_Partner, JOIN.LEFT_OUTER, on=(Case.partner == _Partner.id))
        .switch(Case)
        .join(_Owner, JOIN.LEFT_OUTER, on=(Case.owner == _Owner.id))
        .switch(Case)
        .join(Queue, JOIN.LEFT_OUTER, on=(Case.queue == Queue.id))
        .where(Case.id == case_id)
    )  # fmt: skip
    row = next(rows(query), None)
    if row is None:
        return {"fields": [], "comments": []}
    staff = role != "customer"
    # a stranger may have named somebody's account: they hear nothing of it until they are a contact
    entity = row[6] or row[2] if staff or row[3] is not None else None
    fields = [
        ("Subject", row[0]), ("State", "Ticket Closed" if row[17] else "Ticket Open"), ("Entity", entity), ("System", row[7]),
        ("Contact", " ".join(part for part in (row[3], row[4]) if part) or row[5]), ("Partner", row[8]),
        ("Owner", " ".join(part for part in (row[9], row[10]) if part) or row[11] if staff else None),
        ("Created at", moment(row[12], zone)), ("Last Update", moment(row[13], zone)),
        ("Acknowledged", moment(row[14], zone) if row[14] else None), ("Planned Resolution", row[15]),
        ("Planned Resolution Date", day(row[16]) if row[16] else None), ("Closed Date", moment(row[17], zone) if row[17] else None),
        ("Resolution", row[18]),
        *(_faqs(case_id, zone) if role == "house" else ()),
        *(_account(row[19]) if role == "house" else ()),
        *(_work(case_id, zone) if role in OF_THE_HOUSE else ()),
    ]  # fmt: skip
    words = (
        CaseComment.select(CaseComment.at, Contact.first_name, Contact.last_name, CaseComment.author_address, CaseComment.body)
        .join(Contact, JOIN.LEFT_OUTER, on=(CaseComment.author == Contact.id))
        .where((CaseComment.case == case_id) & CaseComment.public)
        .order_by(CaseComment.id)
    )
    return {
        "case_number": f"CASE-{case_id}", "case_subject": row[0],
        "fields": [{"label": label, "value": str(value)} for label, value in fields if value],
        "comments": [
            {"author": f"{r[1] or ''} {r[2] or ''}".strip() or r[3] or "", "at": moment(r[0], zone), "words": r[4]} for r in rows(words)
        ],
    }  # fmt: skip


OF_THE_HOUSE = frozenset({"house", "assignee", "qa"})
"""Roles that see the work on a case."""


def _faqs(case_id: int, zone: ZoneInfo) -> list[tuple[str, str]]:
    """The FAQs that were sent about a case, and whether each arrived as far as is known."""
    query = Outbox.select(Outbox.template, Outbox.state, Outbox.sent_at, Outbox.bounced_at, Outbox.forward_path, Outbox.detail)
    found = rows(query.where(Outbox.case == case_id).order_by(Outbox.id))
    return [
        (
            template,
            f"came back from {to}: {detail or ''}" if bounced else f"sent to {to}, {moment(sent, zone)}" if sent else f"{state}: {to}",
        )
        for template, state, sent, bounced, to, detail in found
        if template.startswith(FAQ)  # by letter, which LIKE is not: the notice faq-bounced is no FAQ
    ]


MOST_ORDERS = 5
"""Of an account, the newest."""


def _account(organization_id: int | None) -> list[tuple[str, str]]:
    """What the customer's organization ordered and evaluates, the newest first: what their right to support comes from."""
    if organization_id is None:
        return []
    account = account_facts(organization_id)
    return [
        *(
            (f"Order {one.number}", _listed(
                _dated("", one.ordered_on), one.website, one.version and f"version {one.version}",
                "hosting" if one.hosting else None,
                _dated("priority support until ", one.priority_support_until),
            ))
            for one in account.orders[:MOST_ORDERS]
        ),
        *(
            (f"Evaluation {one.key}", _listed(
                _dated("since ", one.started_on), one.website, one.downloaded_by and f"downloaded by {one.downloaded_by}"
            ))
            for one in account.evaluations[:MOST_ORDERS]
        ),
    ]  # fmt: skip


def _dated(words: str, on: date | None) -> str | None:
    return f"{words}{day(on)}" if on is not None else None


def _listed(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part) or "(nothing more is known)"


def _work(case_id: int, zone: ZoneInfo) -> list[tuple[str, str]]:
    """The CS tickets of a case: their state, whose they are, their dates, and what is outstanding."""
    found: list[tuple[str, str]] = []
    for ticket in cs_tickets_view(case_id):
        closed = f"{ticket['status']} since {moment(ticket['closed_at'], zone)}" if ticket["closed_at"] else ticket["status"]
        dates = [
            ("Configuration Date", day(ticket["configuration_date"])), ("Due Date", day(ticket["due_date"])),
            ("QA Due Date", day(ticket["qa_due_date"]) + (f", by @{ticket['qa_assignee']}" if ticket["qa_assignee"] else "")),
        ]  # fmt: skip
        found.append((ticket["number"], f"{closed}, with {'@' + ticket['assignee'] if ticket['assignee'] else 'nobody'}"))
        found += dates
        found += [(f"Outstanding {item['number']}", item["text"]) for item in ticket["outstanding"] if item["cleared_at"] is None]
        found += [("Attachments", ", ".join(ticket["attachments"]))] if ticket["attachments"] else []
    return found
