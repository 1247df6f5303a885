"""Find people of the directory: by id, by address, the agents of a partner; show one whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from peewee import JOIN

from daemon.model import AddrSpec, ContactFacts
from daemon.store.schema import Case, Contact, ContactEmail, ContactRole, Interaction, Journal, Organization, Outbox
from daemon.store.statements import Select, first, rows


def contact_of(address: str) -> ContactFacts | None:
    """The contact with this canonical address."""
    found = _CONTACT_AT.first(address=address)
    return next(iter(people_of([found[0]])), None) if found is not None else None


_CONTACT_AT = Select(lambda address: ContactEmail.select(ContactEmail.contact).where(ContactEmail.address == address))

_PEOPLE = Select(
    lambda ids: Contact.select(
        Contact.id, Contact.handle, Contact.first_name, Contact.last_name, Contact.language, ContactEmail.address, Organization.id,
        Organization.name, Organization.kind, Organization.calendar, Organization.date_order,
    )
    .join(Organization, on=(Contact.organization == Organization.id))
    .join(ContactEmail, on=(ContactEmail.contact == Contact.id))
    .where(Contact.id.in_(ids) & Contact.active)
    .order_by(Contact.id, ContactEmail.position, ContactEmail.address)
)  # fmt: skip
_ROLES = Select(lambda ids: ContactRole.select(ContactRole.contact, ContactRole.role).where(ContactRole.contact.in_(ids)))


def people_of(ids: Iterable[int]) -> tuple[ContactFacts, ...]:
    """These contacts with organization, primary address and roles, by id; those without an address are left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return ()
    found = _PEOPLE(ids=wanted)
    roles: dict[int, set[str]] = {}
    for contact_id, role in _ROLES(ids=wanted):
        roles.setdefault(contact_id, set()).add(role)
    people: dict[int, ContactFacts] = {}
    for row in found:
        if row[0] not in people:
            people[row[0]] = ContactFacts(
                id=row[0], handle=row[1], name=f"{row[2]} {row[3]}".strip() or row[1], language=row[4], address=AddrSpec(row[5]),
                organization_id=row[6], organization=row[7], organization_kind=row[8], roles=frozenset(roles.get(row[0], ())),
                calendar=row[9], date_order=row[10],
            )  # fmt: skip
    return tuple(people.values())


def agents_of(partner_ids: Iterable[int]) -> dict[int, tuple[ContactFacts, ...]]:
    """The agents of each partner."""
    wanted = sorted(set(partner_ids))
    if not wanted:
        return {}
    agents: dict[int, tuple[ContactFacts, ...]] = dict.fromkeys(wanted, ())
    for person in people_of(row[0] for row in _AGENTS(partners=wanted)):
        agents[person.organization_id] = (*agents[person.organization_id], person)
    return agents


_AGENTS = Select(
    lambda partners: (
        Contact.select(Contact.id)
        .join(ContactRole, on=(ContactRole.contact == Contact.id))
        .where(Contact.organization.in_(partners) & (ContactRole.role == "partner_agent"))
    )
)


def contact_view(who: str) -> dict[str, Any] | None:
    """A contact by handle, with or without its `@`, or by address, and the cases it is the contact of; None when nobody is called so."""
    wanted = who.strip().lower()
    at = rows(ContactEmail.select(ContactEmail.contact).where(ContactEmail.address == wanted))
    of = rows(Contact.select(Contact.id).where(Contact.handle == wanted.removeprefix("@")))
    contact_id = next((row[0] for row in (*at, *of)), None)
    if contact_id is None:
        return None
    row = first(
        Contact.select(
            Contact.handle, Contact.first_name, Contact.last_name, Organization.name, Contact.phone, Contact.language, Contact.extra
        )
        .join(Organization)
        .where(Contact.id == contact_id)
    )  # fmt: skip
    assert row is not None
    emails = ContactEmail.select(ContactEmail.address).where(ContactEmail.contact == contact_id)
    roles = ContactRole.select(ContactRole.role).where(ContactRole.contact == contact_id)
    cases = Case.select(Case.id).where(Case.contact == contact_id).order_by(Case.id)
    return {
        "handle": row[0], "first_name": row[1], "last_name": row[2],
        "emails": [one[0] for one in rows(emails.order_by(ContactEmail.position, ContactEmail.address))],
        "organization": row[3], "roles": [one[0] for one in rows(roles.order_by(ContactRole.role))], "phone": row[4], "language": row[5],
        "extra": json.loads(row[6]), "cases": [f"CASE-{one[0]}" for one in rows(cases)],
    }  # fmt: skip


def contact_mails(handle: str, limit: int) -> list[dict[str, Any]]:
    """The newest mails from and to a contact, newest first: direction, time, address, subject, template, case."""
    query = (
        Interaction.select(
            Interaction.direction, Interaction.at, Interaction.address, Journal.subject, Outbox.subject, Outbox.template, Interaction.case
        )
        .join(Contact, on=(Interaction.contact == Contact.id))
        .switch(Interaction)
        .join(Journal, JOIN.LEFT_OUTER, on=(Interaction.journal == Journal.id))
        .switch(Interaction)
        .join(Outbox, JOIN.LEFT_OUTER, on=(Interaction.outbox == Outbox.id))
        .where(Contact.handle == handle)
        .order_by(Interaction.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [
        {
            "direction": row[0], "at": row[1], "address": row[2], "subject": row[3] if row[0] == "in" else row[4], "template": row[5],
            "relates_to": f"CASE-{row[6]}" if row[6] is not None else None,
        }
        for row in rows(query)
    ]  # fmt: skip
