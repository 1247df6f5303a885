"""Find whom and what the commands of a mail name: people, organizations, queues, systems, contracts, cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import peewee as pw

from daemon.model import (
    Asked,
    ContactFacts,
    ContractFacts,
    Names,
    OrganizationFacts,
    SystemFacts,
)
from daemon.parsers.names import folded
from daemon.store.people import agents_of, people_of
from daemon.store.schema import Contact, ContactEmail, Contract, Organization, Queue, System
from daemon.store.situation import case_facts, existing_cases, queue_facts, queue_query, systems_of
from daemon.store.statements import Select, rows


def look_up(names: Names, *, lock: bool) -> Asked:
    """Find whom and what the commands of a mail name. Names are folded, people as they are `called` (`parsers.names`)."""
    people: dict[str, tuple[ContactFacts, ...]] = {}
    for name in names.people:
        found = people_of(_people_called(name))
        if found:
            people[name] = found
    organizations: dict[str, OrganizationFacts] = {}
    for name in names.organizations:
        row = _ORGANIZATION_CALLED.first(name=name)
        if row is not None:
            organizations[name] = OrganizationFacts(id=row[0], name=row[1], kind=row[2], calendar=row[3])
    queues = {}
    for name in names.queues:
        for queue, _, _ in queue_facts(_QUEUES(ids=_queues_called(name) or [0])).values():
            queues[name] = queue
    systems = {name: system for name in names.systems for system in _systems_called(name)}
    contracts = {}
    for name in names.contracts:
        row = _CONTRACT_CALLED.first(name=name)
        if row is not None:
            contracts[name] = _contract(row)
    everybody = {person.id: person for found in people.values() for person in found}
    holders = {person.id: person for person in people_of(found.contact_id for found in contracts.values() if found.contact_id is not None)}
    of = {person.id: _contracts_of(person) for person in (everybody | holders).values()} if names.with_contracts else {}
    organization_ids = {found.id for found in organizations.values()}
    concerned = (
        organization_ids | {person.organization_id for person in everybody.values()} | {c.organization_id for c in contracts.values()}
    )
    partners = {found.id for found in organizations.values() if found.kind == "partner"}
    partners |= {person.organization_id for person in everybody.values() if person.organization_kind == "partner"}
    return Asked(
        people=people, organizations=organizations, queues=queues, systems=systems, contracts=contracts, contracts_of=of,
        agents=agents_of(partners), cases={case.id: case for case in case_facts(existing_cases(names.cases), lock=lock)},
        holders=holders,
        contracts_at={number: _contracts_at(number) for number in organization_ids} if names.with_contracts else {},
        entities=frozenset(row[0] for row in _ENTITIES(ids=sorted(concerned))) if names.with_contracts and concerned else frozenset(),
    )  # fmt: skip


def _people_called(name: str) -> list[int]:
    if "@" in name:
        row = _CONTACT_AT.first(address=name)
        return [row[0]] if row is not None else []
    if name.isascii():
        return [row[0] for row in _PERSON_CALLED(name=name)]
    everybody = rows(Contact.select(Contact.id, Contact.first_name, Contact.last_name).order_by(Contact.id))
    return [number for number, first, last in everybody if folded(f"{first} {last}") == name][:MOST_PEOPLE]


MOST_PEOPLE = 5
"""People of one name that are told apart."""


_CONTACT_AT = Select(lambda address: ContactEmail.select(ContactEmail.contact).where(ContactEmail.address == address))
_PERSON_CALLED = Select(
    lambda name: (
        Contact.select(Contact.id)
        .where((Contact.handle == name) | (pw.fn.LOWER(Contact.first_name.concat(" ").concat(Contact.last_name)) == name))
        .order_by(Contact.id)
        .limit(MOST_PEOPLE)
    )
)
_ORGANIZATION_CALLED = Select(
    lambda name: Organization.select(Organization.id, Organization.name, Organization.kind, Organization.calendar).where(
        Organization.name_key == name
    )
)
_QUEUES = Select(lambda ids: queue_query(Queue.id.in_(ids)))
_CONTRACT_CALLED = Select(
    lambda name: Contract.select(Contract.id, Contract.number, Contract.organization, Contract.contact, Contract.status).where(
        pw.fn.LOWER(Contract.number) == name
    )
)
_CONTRACTS_OF = Select(
    lambda contact, organization: Contract.select(
        Contract.id, Contract.number, Contract.organization, Contract.contact, Contract.status
    )
    .where((Contract.contact == contact) | ((Contract.organization == organization) & Contract.contact.is_null()))
    .order_by(Contract.number)
)  # fmt: skip
_CONTRACTS_AT = Select(
    lambda organization: Contract.select(Contract.id, Contract.number, Contract.organization, Contract.contact, Contract.status)
    .where((Contract.organization == organization) & Contract.contact.is_null())
    .order_by(Contract.number)
)  # fmt: skip
_ENTITIES = Select(lambda ids: System.select(System.entity).where(System.entity.in_(ids)).distinct())


def _contract(row: Sequence[Any]) -> ContractFacts:
    return ContractFacts(id=row[0], number=row[1], organization_id=row[2], contact_id=row[3], status=row[4])


def _contracts_of(person: ContactFacts) -> tuple[ContractFacts, ...]:
    return tuple(_contract(row) for row in _CONTRACTS_OF(contact=person.id, organization=person.organization_id))


def _contracts_at(organization_id: int) -> tuple[ContractFacts, ...]:
    return tuple(_contract(row) for row in _CONTRACTS_AT(organization=organization_id))


def _queues_called(name: str) -> list[int]:
    return _named(rows(Queue.select(Queue.id, Queue.name)), name)


def _systems_called(name: str) -> tuple[SystemFacts, ...]:
    entities = _named(rows(System.select(System.entity, System.name)), name)
    return tuple(system for entity in entities[:1] for system in systems_of(entity) if folded(system.name) == name)


def _named(found: Iterable[tuple[int, str]], name: str) -> list[int]:
    """Those of this name; compared here, since a database folds only the letters of ASCII."""
    return [number for number, said in found if folded(said) == name]
