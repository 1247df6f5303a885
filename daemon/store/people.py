"""Find people of the directory: by id, by address, the agents of a partner."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.model import AddrSpec, ContactFacts
from daemon.store.schema import Contact, ContactEmail, ContactRole, Organization
from daemon.store.statements import Select


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
