"""Load the facts a decision needs, inside the caller's transaction, locking the case rows it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN, SqliteDatabase

from daemon.mail.addresses import BadKey, Key, Signer
from daemon.model import (
    AddrSpec,
    Bounce,
    CaseFacts,
    ContactFacts,
    KeyFacts,
    Message,
    OrganizationFacts,
    OutgoingFacts,
    Policy,
    QueueFacts,
    Reading,
    Situation,
    SystemFacts,
)
from daemon.store.schema import (
    Case,
    Contact,
    ContactEmail,
    ContactRole,
    Interaction,
    Journal,
    Organization,
    OrganizationDomain,
    Outbox,
    Queue,
    QueueMember,
    System,
    database,
)
from daemon.store.statements import Select, first, rows

REFERENCES_LOOKED_UP = 20
"""The nearest ids of a long thread are enough to find its case."""

SourcedKey = tuple[Key, str]
"""A key whose signature is right, and where it stood: "address" or "references"."""


def load_situation(
    reading: Reading, policy: Policy, signer: Signer, *, number: int | None, sha256: str, now: datetime, clock: datetime,
    recorded_at: datetime, archive: bool, released: bool, lock: bool,
) -> Situation:  # fmt: skip
    """Everything `decide` may know about this mail.

    `number` is its journal number, None for a file not yet received; `now` its arrival, `clock` the time of this round.
    """
    message = reading.message
    copy_of, copy_by = (None, None) if released else _copy(message, sha256, number)
    sender = contact_of(message.author) if message.author is not None else None
    keys, bad_keys = _keys(message, signer)
    referenced = _referenced(message)
    tagged = _existing(reading.case_tags)
    bounced = _bounced(reading.bounce, keys) if reading.bounce is not None else None
    wanted = [key.case_id for key, _ in keys if key.case_id is not None] + referenced + tagged
    if bounced is not None and bounced.case_id is not None:
        wanted.append(bounced.case_id)
    listed = _organization_of_domain(message.author) if sender is None and message.author is not None else None
    entity = sender.organization_id if sender is not None else listed.id if listed is not None else None
    default_queue, triage_queue = _queues()
    answers, told = _answers(message.author, clock) if message.author is not None else (0, False)
    return Situation(
        now=now, recorded_at=recorded_at, policy=policy, archive=archive, released=released, copy_of=copy_of, copy_by=copy_by,
        sender=sender, sender_organization=listed, keys=_key_facts(keys), bad_keys=bad_keys, referenced_case_ids=tuple(referenced),
        tagged_case_ids=tuple(tagged), cases=case_facts(wanted, lock=lock), systems=_systems(entity) if entity is not None else (),
        default_queue=default_queue, triage_queue=triage_queue, bounced=bounced, answers_today=answers, unknown_sender_told_today=told,
    )  # fmt: skip


def _copy(message: Message, sha256: str, number: int | None) -> tuple[int | None, str | None]:
    """An earlier mail that is the same one: the same octets, or the same mail by another way.

    The same Message-ID alone is another mail; without a Message-ID only the octets can tell.
    """
    before = number if number is not None else 2**31 - 1
    if message.message_id is None:
        found = _SAME_OCTETS.first(sha256=sha256, before=before)
    else:
        found = _SAME_MAIL.first(sha256=sha256, identity=message.identity, before=before)
    if found is None:
        return None, None
    return found[0], "content" if found[1] == sha256 else "identity"


_SAME_OCTETS = Select(
    lambda sha256, before: (
        Journal.select(Journal.id, Journal.sha256).where((Journal.sha256 == sha256) & (Journal.id < before)).order_by(Journal.id).limit(1)
    )
)
_SAME_MAIL = Select(
    lambda sha256, identity, before: (
        Journal.select(Journal.id, Journal.sha256)
        .where(((Journal.sha256 == sha256) | (Journal.identity == identity)) & (Journal.id < before))
        .order_by(Journal.id)
        .limit(1)
    )
)


# --- people --------------------------------------------------------------------------------------------------------


def contact_of(address: str) -> ContactFacts | None:
    """The contact with this canonical address."""
    found = _CONTACT_AT.first(address=address)
    return next(iter(people_of([found[0]])), None) if found is not None else None


_CONTACT_AT = Select(lambda address: ContactEmail.select(ContactEmail.contact).where(ContactEmail.address == address))

_PEOPLE = Select(
    lambda ids: Contact.select(
        Contact.id, Contact.handle, Contact.first_name, Contact.last_name, Contact.language, ContactEmail.address, Organization.id,
        Organization.name, Organization.kind,
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
            )  # fmt: skip
    return tuple(people.values())


def _agents(partner_ids: Iterable[int]) -> dict[int, tuple[ContactFacts, ...]]:
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


def _organization_of_domain(author: AddrSpec) -> OrganizationFacts | None:
    found = _LISTED.first(domain=author.rpartition("@")[2])
    return OrganizationFacts(id=found[0], name=found[1], kind=found[2]) if found is not None else None


_LISTED = Select(
    lambda domain: (
        Organization.select(Organization.id, Organization.name, Organization.kind)
        .join(OrganizationDomain, on=(OrganizationDomain.organization == Organization.id))
        .where(OrganizationDomain.domain == domain)
    )
)


def _systems(entity_id: int) -> tuple[SystemFacts, ...]:
    found = _SYSTEMS(entity=entity_id)
    agents = _agents(row[3] for row in found if row[3] is not None)
    return tuple(
        SystemFacts(id=row[0], name=row[1], entity_id=row[2], partner_id=row[3], partner=row[4], partner_agents=agents.get(row[3], ()))
        for row in found
    )


_Partner = Organization.alias("partner")
_SYSTEMS = Select(
    lambda entity: (
        System.select(System.id, System.name, System.entity, System.partner, _Partner.name)
        .join(_Partner, JOIN.LEFT_OUTER, on=(System.partner == _Partner.id))
        .where(System.entity == entity)
        .order_by(System.id)
    )
)


def _queue_query(where: Any) -> Any:
    return (
        Queue.select(Queue.id, Queue.name, Queue.is_default, Queue.is_triage, QueueMember.contact)
        .join(QueueMember, JOIN.LEFT_OUTER, on=(QueueMember.queue == Queue.id))
        .where(where)
        .order_by(Queue.id, QueueMember.id)
    )


_HOUSE_QUEUES = Select(lambda: _queue_query(Queue.is_default | Queue.is_triage))
_QUEUES = Select(lambda ids: _queue_query(Queue.id.in_(ids)))


def _queue_facts(found: Sequence[tuple[Any, ...]]) -> dict[int, tuple[QueueFacts, bool, bool]]:
    """Queues with their members, and whether each is the default and the triage queue."""
    people = {person.id: person for person in people_of(row[4] for row in found if row[4] is not None)}
    queues: dict[int, tuple[QueueFacts, bool, bool]] = {}
    for row in found:
        members = queues[row[0]][0].members if row[0] in queues else ()
        if row[4] in people:
            members = (*members, people[row[4]])
        queues[row[0]] = (QueueFacts(id=row[0], name=row[1], members=members), bool(row[2]), bool(row[3]))
    return queues


def _queues() -> tuple[QueueFacts | None, QueueFacts | None]:
    found = _queue_facts(_HOUSE_QUEUES()).values()
    default = next((queue for queue, is_default, _ in found if is_default), None)
    triage = next((queue for queue, _, is_triage in found if is_triage), None)
    return default, triage


# --- cases ---------------------------------------------------------------------------------------------------------


def _case_query(ids: Any) -> Any:
    return Case.select(
        Case.id, Case.type, Case.subject, Case.closed_at, Case.organization, Case.contact, Case.contact_address, Case.partner, Case.owner,
        Case.queue,
    ).where(Case.id.in_(ids)).order_by(Case.id)  # fmt: skip


_CASES = Select(_case_query)
_CASES_LOCKED = Select(lambda ids: _case_query(ids).for_update())
_NAMES = Select(lambda ids: Organization.select(Organization.id, Organization.name).where(Organization.id.in_(ids)))


def case_facts(ids: Sequence[int], *, lock: bool) -> tuple[CaseFacts, ...]:
    """These cases as they stand. `lock`: nobody else changes them before this transaction ends (PostgreSQL)."""
    wanted = sorted(set(ids))
    if not wanted:
        return ()
    found = (_CASES_LOCKED if lock and not isinstance(database.obj, SqliteDatabase) else _CASES)(ids=wanted)
    partner_ids = {row[7] for row in found if row[7] is not None}
    agents = _agents(partner_ids)
    names = dict(_NAMES(ids=sorted(partner_ids))) if partner_ids else {}
    people = {person.id: person for person in people_of(person for row in found for person in (row[5], row[8]) if person is not None)}
    queue_ids = sorted({row[9] for row in found if row[9] is not None})
    queues = _queue_facts(_QUEUES(ids=queue_ids)) if queue_ids else {}
    return tuple(
        CaseFacts(
            id=row[0], type=row[1], subject=row[2], open=row[3] is None, organization_id=row[4], contact=people.get(row[5]),
            contact_address=AddrSpec(row[6]) if row[6] else None, partner_id=row[7], partner=names.get(row[7]),
            partner_agents=agents.get(row[7], ()), owner=people.get(row[8]), queue=queues[row[9]][0] if row[9] in queues else None,
        )
        for row in found
    )  # fmt: skip


def _existing(numbers: Sequence[int]) -> list[int]:
    wanted = [number for number in numbers if 0 < number < 2**31][:10]
    if not wanted:
        return []
    found = {row[0] for row in rows(Case.select(Case.id).where(Case.id.in_(wanted)))}
    return [number for number in dict.fromkeys(wanted) if number in found]


def _referenced(message: Message) -> list[int]:
    """Cases of the mails named in In-Reply-To, then in References from the nearest back."""
    nearest = list(dict.fromkeys([*message.in_reply_to, *reversed(message.references)]))[:REFERENCES_LOOKED_UP]
    if not nearest:
        return []
    # one id may stand on two cases when a client reuses it; the older row is the one it was first used for
    by_id: dict[str, int] = {}
    for message_id, case_id in _REFERENCED(ids=nearest):
        by_id.setdefault(message_id, case_id)
    return list(dict.fromkeys(by_id[name] for name in nearest if name in by_id))


_REFERENCED = Select(
    lambda ids: (
        Interaction.select(Interaction.message_id, Interaction.case)
        .where(Interaction.message_id.in_(ids) & Interaction.case.is_null(False))
        .order_by(Interaction.id)
    )
)


# --- keys, bounces, rates ------------------------------------------------------------------------------------------


def _keys(message: Message, signer: Signer) -> tuple[list[SourcedKey], int]:
    keys: list[SourcedKey] = []
    bad = 0
    candidates = [(signer.read_address(address), "address") for address in message.recipients]
    nearest = dict.fromkeys([*message.in_reply_to, *reversed(message.references)])
    candidates += [(signer.read_message_id(name), "references") for name in nearest]
    for key, source in candidates:
        if isinstance(key, BadKey):
            bad += 1
        elif key is not None:
            keys.append((key, source))
    return keys, bad


def _key_facts(keys: Sequence[SourcedKey]) -> tuple[KeyFacts, ...]:
    people = {person.id: person for person in people_of(key.contact_id for key, _ in keys if key.contact_id is not None)}
    return tuple(
        KeyFacts(
            kind=key.kind, case_id=key.case_id, contact=people.get(key.contact_id) if key.contact_id is not None else None,
            address_digest=key.address_digest, source=source,
        )
        for key, source in keys
        if key.case_id is not None and key.kind != "bounce"
    )  # fmt: skip


def _bounced(bounce: Bounce, keys: Sequence[SourcedKey]) -> OutgoingFacts | None:
    """The mail of ours that came back: by the Message-ID in the returned message, else by the tagged bounce address."""
    columns = (Outbox.id, Outbox.forward_path, Outbox.template, Outbox.subject, Outbox.case, Outbox.bounced_at)
    row = None
    if bounce.original_message_ids:
        row = first(Outbox.select(*columns).where(Outbox.message_id.in_(list(bounce.original_message_ids)[:REFERENCES_LOOKED_UP])))
    if row is None:
        case_ids = [key.case_id for key, source in keys if key.kind == "bounce" and source == "address" and key.case_id is not None]
        addresses = [recipient.address.lower() for recipient in bounce.recipients]
        if case_ids and addresses:
            where = Outbox.case.in_(case_ids) & Outbox.forward_path.in_(addresses)
            row = first(Outbox.select(*columns).where(where).order_by(Outbox.id.desc()))
    if row is None:
        return None
    return OutgoingFacts(
        outbox_id=row[0], recipient=AddrSpec(row[1]), template=row[2], subject=row[3], case_id=row[4], already=row[5] is not None
    )


def _answers(author: AddrSpec, clock: datetime) -> tuple[int, bool]:
    """Automatic answers written to this address in the 24 hours before `clock`, and whether one was `unknown-sender`."""
    templates = [row[0] for row in _ANSWERS(author=author, since=clock - timedelta(hours=24))]
    return len(templates), "unknown-sender" in templates


_ANSWERS = Select(
    lambda author, since: (
        Outbox.select(Outbox.template).where((Outbox.forward_path == author) & (Outbox.created_at > since) & Outbox.counted).limit(1000)
    )
)
