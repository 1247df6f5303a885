"""Find whom and what the commands of a mail name: people, organizations, queues, systems, contracts, cases."""

from __future__ import annotations

from collections.abc import Sequence
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
from daemon.store.schema import Contact, ContactEmail, Contract, Organization, Queue, System
from daemon.store.situation import agents_of, case_facts, existing_cases, people_of, queue_facts, queue_query, systems_of
from daemon.store.statements import Select


def look_up(names: Names, *, lock: bool) -> Asked:
    """Find whom and what the commands of a mail name. Names are folded (`store.sheets.folded`); an address is itself."""
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
        for queue, _, _ in queue_facts(_QUEUE_CALLED(name=name)).values():
            queues[name] = queue
    systems = {system.name.casefold(): system for name in names.systems for system in _systems_called(name)}
    contracts = {}
    for name in names.contracts:
        row = _CONTRACT_CALLED.first(name=name)
        if row is not None:
            contracts[name] = _contract(row)
    everybody = {person.id: person for found in people.values() for person in found}
    of = {person.id: _contracts_of(person) for person in everybody.values()} if names.with_contracts else {}
    return Asked(
        people=people, organizations=organizations, queues=queues, systems=systems, contracts=contracts, contracts_of=of,
        agents=agents_of(found.id for found in organizations.values() if found.kind == "partner"),
        cases={case.id: case for case in case_facts(existing_cases(names.cases), lock=lock)},
    )  # fmt: skip


def _people_called(name: str) -> list[int]:
    if "@" in name:
        row = _CONTACT_AT.first(address=name)
        return [row[0]] if row is not None else []
    return [row[0] for row in _PERSON_CALLED(name=name)]


_CONTACT_AT = Select(lambda address: ContactEmail.select(ContactEmail.contact).where(ContactEmail.address == address))
_PERSON_CALLED = Select(
    lambda name: (
        Contact.select(Contact.id)
        .where((Contact.handle == name) | (pw.fn.LOWER(Contact.first_name.concat(" ").concat(Contact.last_name)) == name))
        .order_by(Contact.id)
        .limit(5)
    )
)
_ORGANIZATION_CALLED = Select(
    lambda name: Organization.select(Organization.id, Organization.name, Organization.kind, Organization.calendar).where(
        Organization.name_key == name
    )
)
_QUEUE_CALLED = Select(lambda name: queue_query(pw.fn.LOWER(Queue.name) == name))
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
_SYSTEM_ENTITY = Select(lambda name: System.select(System.entity).where(pw.fn.LOWER(System.name) == name))


def _contract(row: Sequence[Any]) -> ContractFacts:
    return ContractFacts(id=row[0], number=row[1], organization_id=row[2], contact_id=row[3], status=row[4])


def _contracts_of(person: ContactFacts) -> tuple[ContractFacts, ...]:
    return tuple(_contract(row) for row in _CONTRACTS_OF(contact=person.id, organization=person.organization_id))


def _systems_called(name: str) -> tuple[SystemFacts, ...]:
    row = _SYSTEM_ENTITY.first(name=name)
    return tuple(system for system in systems_of(row[0]) if system.name.casefold() == name) if row is not None else ()
