"""Load the facts a decision needs, inside the caller's transaction, locking the case rows it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import peewee as pw
from peewee import JOIN, SqliteDatabase

from daemon.mail.addresses import BadKey, Key, Signer
from daemon.model import (
    DISBELIEVED,
    PRIORITY_OPTIONS,
    AddrSpec,
    Asked,
    Bounce,
    CallerFacts,
    CaseFacts,
    ClockFacts,
    ContactFacts,
    FormFacts,
    FormNames,
    KeyFacts,
    Message,
    OpenedFacts,
    OrganizationFacts,
    OutgoingFacts,
    Policy,
    QuestionFacts,
    QueueFacts,
    Reading,
    RequestState,
    ReversalFacts,
    Situation,
    SupportFacts,
    SystemFacts,
)
from daemon.parsers.accountkeys import read_keys
from daemon.parsers.names import folded
from daemon.store.callers import caller_of
from daemon.store.people import agents_of, contact_of, people_of
from daemon.store.questions import looked_up, question_for, waiting_for
from daemon.store.requests import case_of_submission, cases_of_tickets, cs_tickets_of, form_facts, managers_of, requests_of
from daemon.store.schema import (
    Case,
    Interaction,
    Journal,
    Organization,
    OrganizationDomain,
    Outbox,
    Queue,
    QueueMember,
    Reversal,
    SlaClock,
    System,
    database,
)
from daemon.store.senders import opened_lately
from daemon.store.statements import Select, first, rows

REFERENCES_LOOKED_UP = 20
"""The nearest ids of a long thread are enough to find its case."""

ONCE_TEMPLATES = ("hint-acknowledge", "closed-hint", PRIORITY_OPTIONS)
"""Mails that a case sends at most once for what they are about; that is their effect key, but of one that went with a call."""

SourcedKey = tuple[Key, str]
"""A key whose signature is right, and where it stood: "address" or "references"."""


def load_situation(
    reading: Reading, policy: Policy, signer: Signer, *, number: int | None, sha256: str, now: datetime, clock: datetime,
    recorded_at: datetime, archive: bool, released: bool, lock: bool, asked: Asked | None = None,
    form: FormNames | None = None, staff: Sequence[str] = (), level_queues: Sequence[str] | None = None,
) -> Situation:  # fmt: skip
    """Everything `decide` may know about this mail.

    `number` is its journal number, None for a file not yet received; `now` its arrival, `clock` the time of this round.
    `form` is what a form in the mail names, `staff` the handles that the files of forms name. `level_queues` are the queues of level
    one's table; None: there is no level one.
    """
    message = reading.message
    copy_of, copy_by, copy_believed = (None, None, True) if released else _copy(message, sha256, number)
    sender = contact_of(message.author) if message.author is not None else None
    keys, bad_keys, wrong_address = _keys(message, signer)
    referenced, referenced_cs = _referenced(message)
    tagged = existing_cases(reading.case_tags)
    named = [key.cs_id for key, _ in keys if key.cs_id is not None] + referenced_cs + list(reading.cs_tags[:10])
    case_of = cases_of_tickets(named) if named else {}
    bounced = _bounced(reading.bounce, keys, case_of) if reading.bounce is not None else None
    wanted = [key.case_id for key, _ in keys if key.case_id is not None] + referenced + tagged + list(case_of.values())
    if bounced is not None and bounced.case_id is not None:
        wanted.append(bounced.case_id)
    again = case_of_submission(form) if form is not None else None
    if again is not None:
        wanted.append(again)
    listed = _organization_of_domain(message.author) if sender is None and message.author is not None else None
    entity = sender.organization_id if sender is not None else listed.id if listed is not None else None
    default_queue, triage_queue = _queues()
    # receipts and notices go to the registered address, whichever of theirs somebody wrote from
    reads_at = sorted({address for address in (message.author, sender.address if sender is not None else None) if address is not None})
    written = _answers(reads_at, clock) if reads_at else _Written()
    cases = case_facts(wanted, lock=lock)
    undecided = [case for case in cases if case.request is not None and case.request.state == RequestState.TRIAGE]
    facts = _form(form, staff, undecided, asked) if form is not None or undecided else None
    asks = level_queues is not None and form is None and (copy_of is None or not copy_believed) and _asks_level_one(reading, sender, cases)
    caller = _caller(reading, sender, listed, policy) if asks else None
    waiting = waiting_for(sender.id, now, lock=lock) if sender is not None else ()
    robot = reading.bounce is not None or reading.automatic.is_automatic
    bounded = not (archive or released or robot) and (policy.cases_per_sender_hour or policy.cases_per_sender_day)
    opened, opened_triage = opened_lately(message.author, now) if bounded else (OpenedFacts(), OpenedFacts())
    return Situation(
        now=now, recorded_at=recorded_at, policy=policy, archive=archive, released=released, copy_of=copy_of, copy_by=copy_by,
        copy_believed=copy_believed,
        sender=sender, sender_organization=listed, keys=_key_facts(keys, case_of), bad_keys=bad_keys, referenced_case_ids=tuple(referenced),
        tagged_case_ids=tuple(tagged), cases=cases, systems=systems_of(entity) if entity is not None else (),
        default_queue=default_queue, triage_queue=triage_queue, bounced=bounced, answers_today=written.answers,
        unknown_sender_told_today="unknown-sender" in written.told, errors_this_hour=written.errors, told=written.told,
        clock=clock, opened=opened, opened_triage=opened_triage,
        question=_question(sender, waiting, message, wanted[:1]), waiting=waiting, asked=asked,
        referenced_cs_ids=tuple(number for number in referenced_cs if number in case_of),
        tagged_cs_ids=tuple(number for number in reading.cs_tags if number in case_of), form=facts, caller=caller,
        level_queues=_queues_called(level_queues) if asks and level_queues else {},
        own_message_id=message.message_id is not None and isinstance(signer.read_message_id(message.message_id), Key),
        from_own_tag=message.author is not None and signer.is_tagged(message.author),
        reply_to_own_tag=any(signer.is_tagged(address) for address in message.reply_to), wrong_address=wrong_address,
    )  # fmt: skip


def _asks_level_one(reading: Reading, sender: ContactFacts | None, cases: Sequence[CaseFacts]) -> bool:
    """Whether level one may have to know whose account a mail is about: a customer's new mail, or one on a case it answered; a call."""
    if reading.bounce is not None or reading.automatic.is_automatic or reading.message.author is None:
        return False
    if sender is not None and sender.organization_kind == "house":
        return _CALL.search(reading.new_text[:2000]) is not None
    customer = sender is None or sender.organization_kind == "customer"
    return customer and (not cases or any(case.support is not None for case in cases))


_CALL = re.compile(r"(?:call|phone)", re.IGNORECASE)


def _caller(reading: Reading, sender: ContactFacts | None, listed: OrganizationFacts | None, policy: Policy) -> CallerFacts:
    message = reading.message
    own = {*policy.own_domains, *(address.rpartition("@")[2] for address in policy.own_addresses)}
    if sender is not None and sender.organization_kind == "house":  # a note after a call: only its own lines say who it was
        return caller_of(read_keys("", reading.new_text, "", message.author, own), None, None)
    below = message.body[len(reading.new_text) :][:2000] if not (message.in_reply_to or message.references) else ""
    keys = read_keys(message.subject, reading.new_text, message.author_name, message.author, own, signature=below)
    return caller_of(keys, sender, listed)


def _queues_called(names: Sequence[str]) -> dict[str, QueueFacts]:
    return {queue.name: queue for queue, _, _ in queue_facts(_QUEUES_NAMED(names=sorted(set(names)))).values()}


_QUEUES_NAMED = Select(lambda names: queue_query(Queue.name.in_(names)))


def _form(names: FormNames | None, staff: Sequence[str], waiting: Sequence[CaseFacts], asked: Asked | None) -> FormFacts:
    """What a form's mail needs, or an answer to one that waits for a person: then whom and what the form had named."""
    request = waiting[0].request if waiting else None
    if names is None and request is not None:
        names = FormNames(
            form=request.form, submission_id=request.submission_id, content_hash=request.content_hash, company=folded(request.company),
            email=request.submitter_email,
        )  # fmt: skip
    concerned: set[int] = set()
    if asked is not None:
        concerned |= {organization.id for organization in asked.organizations.values()}
        concerned |= {person.organization_id for found in asked.people.values() for person in found}
    return form_facts(names, staff, concerned)


def _copy(message: Message, sha256: str, number: int | None) -> tuple[int | None, str | None, bool]:
    """An earlier mail that is the same one, how it is the same, and whether it is so for a mail that is believed, too.

    The same octets, or the same mail by another way; the same Message-ID alone is another mail, and without a Message-ID only the
    octets can tell. Whoever learnt the whole mail and sent it first is not believed, and must not stand in the way of the true one;
    so one that was believed is named before the others.
    """
    before = number if number is not None else 2**31 - 1
    if message.message_id is None:
        found = _SAME_OCTETS.first(sha256=sha256, before=before)
    else:
        found = _SAME_MAIL.first(sha256=sha256, identity=message.identity, before=before)
    if found is None:
        return None, None, True
    if found[1] == sha256:
        return found[0], "content", True
    return found[0], "identity", found[2] not in DISBELIEVED


_SAME_OCTETS = Select(
    lambda sha256, before: (
        Journal.select(Journal.id, Journal.sha256).where((Journal.sha256 == sha256) & (Journal.id < before)).order_by(Journal.id).limit(1)
    )
)
_SAME_MAIL = Select(
    lambda sha256, identity, before: (
        Journal.select(Journal.id, Journal.sha256, Journal.grade)
        .where(((Journal.sha256 == sha256) | (Journal.identity == identity)) & (Journal.id < before))
        .order_by(pw.Case(None, [((Journal.sha256 != sha256) & Journal.grade.in_(DISBELIEVED), 1)], 0), Journal.id)
        .limit(1)
    )
)


# --- organizations and queues ------------------------------------------------------------------------------------


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


def systems_of(entity_id: int) -> tuple[SystemFacts, ...]:
    """The systems of an entity, with the partner of each and its agents."""
    found = _SYSTEMS(entity=entity_id)
    agents = agents_of(row[3] for row in found if row[3] is not None)
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


def queue_query(where: Any) -> Any:
    """Queues and their members, a row a member; see `queue_facts`."""
    return (
        Queue.select(Queue.id, Queue.name, Queue.is_default, Queue.is_triage, QueueMember.contact)
        .join(QueueMember, JOIN.LEFT_OUTER, on=(QueueMember.queue == Queue.id))
        .where(where)
        .order_by(Queue.id, QueueMember.id)
    )


_HOUSE_QUEUES = Select(lambda: queue_query(Queue.is_default | Queue.is_triage))
_QUEUES = Select(lambda ids: queue_query(Queue.id.in_(ids)))


def queue_facts(found: Sequence[tuple[Any, ...]]) -> dict[int, tuple[QueueFacts, bool, bool]]:
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
    found = queue_facts(_HOUSE_QUEUES()).values()
    default = next((queue for queue, is_default, _ in found if is_default), None)
    triage = next((queue for queue, _, is_triage in found if is_triage), None)
    return default, triage


def triage_queue() -> QueueFacts | None:
    """The queue of what a person must look at."""
    return _queues()[1]


# --- cases ---------------------------------------------------------------------------------------------------------


def _case_query(ids: Any) -> Any:
    return Case.select(
        Case.id, Case.type, Case.subject, Case.closed_at, Case.organization, Case.contact, Case.contact_address, Case.partner, Case.owner,
        Case.queue, Case.system, Case.sla_cycle, Case.assigned_at, Case.acknowledged_at, Case.acknowledged_by_id, Case.planned_resolution,
        Case.planned_resolution_date, Case.first_planned_resolution_date, Case.plan_count, Case.closed_by_id, Case.resolution,
        Case.closed_on_planned_date, Case.origin, Case.support, Case.opening_partner,
    ).where(Case.id.in_(ids)).order_by(Case.id)  # fmt: skip


_CASES = Select(_case_query)
_CASES_LOCKED = Select(lambda ids: _case_query(ids).for_update())
_ORGANIZATIONS = Select(
    lambda ids: Organization.select(Organization.id, Organization.name, Organization.calendar).where(Organization.id.in_(ids))
)
_SYSTEM_NAMES = Select(lambda ids: System.select(System.id, System.name).where(System.id.in_(ids)))
_CLOCKS = Select(
    lambda ids: SlaClock.select(
        SlaClock.case, SlaClock.id, SlaClock.kind, SlaClock.cycle, SlaClock.calendar, SlaClock.started_at, SlaClock.deadline_at,
        SlaClock.met_at, SlaClock.breached_at, SlaClock.warned_at, SlaClock.reminded_at, SlaClock.cancelled_at,
    ).where(SlaClock.case.in_(ids)).order_by(SlaClock.id)
)  # fmt: skip
_ONCE = Select(
    lambda ids: Outbox.select(Outbox.case, Outbox.effect_key, Outbox.template).where(
        Outbox.case.in_(ids) & Outbox.template.in_(ONCE_TEMPLATES)
    )
)
_REVERSALS = Select(
    lambda ids: (
        Reversal.select(Reversal.case, Reversal.id, Reversal.verb, Reversal.giver, Reversal.at, Reversal.before)
        .where(Reversal.case.in_(ids) & Reversal.undone_at.is_null())
        .order_by(Reversal.id)
    )
)


def case_facts(ids: Sequence[int], *, lock: bool) -> tuple[CaseFacts, ...]:
    """These cases as they stand. `lock`: nobody else changes them before this transaction ends (PostgreSQL)."""
    wanted = sorted(set(ids))
    if not wanted:
        return ()
    found = (_CASES_LOCKED if lock and not isinstance(database.obj, SqliteDatabase) else _CASES)(ids=wanted)
    numbers = [row[0] for row in found]
    agents = agents_of({number for row in found for number in (row[7], row[-1]) if number is not None})
    organization_ids = sorted({number for row in found for number in (row[4], row[7]) if number is not None})
    organizations = {row[0]: row for row in _ORGANIZATIONS(ids=organization_ids)} if organization_ids else {}
    system_ids = sorted({row[10] for row in found if row[10] is not None})
    systems = dict(_SYSTEM_NAMES(ids=system_ids)) if system_ids else {}
    people = {person.id: person for person in people_of(person for row in found for person in (row[5], row[8]) if person is not None)}
    queue_ids = sorted({row[9] for row in found if row[9] is not None})
    queues = queue_facts(_QUEUES(ids=queue_ids)) if queue_ids else {}
    clocks: dict[int, list[ClockFacts]] = {}
    reversals: dict[int, ReversalFacts] = {}
    once: dict[int, set[str]] = {}
    if numbers:
        for case_id, effect_key, template in _ONCE(ids=numbers):
            once.setdefault(case_id, set()).update((effect_key, template))
        for row in _CLOCKS(ids=numbers):
            clocks.setdefault(row[0], []).append(_clock(row[1:]))
        for case_id, number, verb, giver_id, at, before in _REVERSALS(ids=numbers):
            reversals[case_id] = ReversalFacts(id=number, verb=verb, giver_id=giver_id, at=at, before=before)
    # only a form opens a case with a request
    of_forms = [row[0] for row in found if row[22] == "form"]
    requests, tickets = (requests_of(of_forms), cs_tickets_of(of_forms)) if of_forms else ({}, {})
    managers = managers_of(row[4] for row in found if row[0] in requests and row[4] is not None) if requests else {}
    nobody = (None, None, None)
    return tuple(
        CaseFacts(
            id=row[0], type=row[1], subject=row[2], open=row[3] is None, organization_id=row[4], contact=people.get(row[5]),
            contact_address=AddrSpec(row[6]) if row[6] else None, partner_id=row[7], partner=organizations.get(row[7], nobody)[1],
            partner_agents=agents.get(row[7], ()), owner=people.get(row[8]), queue=queues[row[9]][0] if row[9] in queues else None,
            organization=organizations.get(row[4], nobody)[1], system=systems.get(row[10]),
            partner_calendar=organizations.get(row[7], nobody)[2], cycle=row[11], assigned_at=row[12], acknowledged_at=row[13],
            acknowledged_by_id=row[14], planned_resolution=row[15], planned_date=row[16], first_planned_date=row[17], plan_count=row[18],
            closed_at=row[3], closed_by_id=row[19], resolution=row[20], closed_on_planned_date=row[21],
            clocks=tuple(clocks.get(row[0], ())), reversal=reversals.get(row[0]), once=frozenset(once.get(row[0], ())),
            opening_partner_id=row[-1], opening_agents=agents.get(row[-1], ()),
            request=requests.get(row[0]), cs_ticket=tickets.get(row[0]), origin=row[22],
            support=SupportFacts(**json.loads(row[23])) if row[23] is not None else None,
            manager=managers.get(row[4]) if row[0] in requests else None,
        )
        for row in found
    )  # fmt: skip


def _clock(row: Sequence[Any]) -> ClockFacts:
    return ClockFacts(
        id=row[0], kind=row[1], cycle=row[2], calendar=row[3], started_at=row[4], deadline_at=row[5], met_at=row[6], breached_at=row[7],
        warned_at=row[8], reminded_at=row[9], cancelled_at=row[10],
    )  # fmt: skip


_DUE_CLOCKS = Select(
    lambda now, most: SlaClock.select(
        SlaClock.case, SlaClock.id, SlaClock.kind, SlaClock.cycle, SlaClock.calendar, SlaClock.started_at, SlaClock.deadline_at,
        SlaClock.met_at, SlaClock.breached_at, SlaClock.warned_at, SlaClock.reminded_at, SlaClock.cancelled_at,
    ).where(SlaClock.look_at <= now).order_by(SlaClock.look_at, SlaClock.id).limit(most)
)  # fmt: skip


def due_clocks(now: datetime, most: int) -> list[tuple[int, ClockFacts]]:
    """(case, clock) of the clocks that need a look now, the longest due first."""
    return [(row[0], _clock(row[1:])) for row in _DUE_CLOCKS(now=now, most=most)]


def existing_cases(numbers: Sequence[int]) -> list[int]:
    """Those of the numbers that cases have."""
    wanted = [number for number in numbers if 0 < number < 2**31][:10]
    if not wanted:
        return []
    found = {row[0] for row in rows(Case.select(Case.id).where(Case.id.in_(wanted)))}
    return [number for number in dict.fromkeys(wanted) if number in found]


def _referenced(message: Message) -> tuple[list[int], list[int]]:
    """Cases of the mails named in In-Reply-To, then in References from the nearest back; and their CS tickets."""
    nearest = list(dict.fromkeys([*message.in_reply_to, *reversed(message.references)]))[:REFERENCES_LOOKED_UP]
    if not nearest:
        return [], []
    # one id may stand on two cases when a client reuses it; the older row is the one it was first used for
    by_id: dict[str, tuple[int, int | None]] = {}
    for message_id, case_id, ticket_id in _REFERENCED(ids=nearest):
        by_id.setdefault(message_id, (case_id, ticket_id))
    found = [by_id[name] for name in nearest if name in by_id]
    tickets = dict.fromkeys(ticket_id for _, ticket_id in found if ticket_id is not None)
    return list(dict.fromkeys(case_id for case_id, _ in found)), list(tickets)


_REFERENCED = Select(
    lambda ids: (
        Interaction.select(Interaction.message_id, Interaction.case, Interaction.cs_ticket)
        .where(Interaction.message_id.in_(ids) & Interaction.case.is_null(False))
        .order_by(Interaction.id)
    )
)


# --- keys, bounces, rates ------------------------------------------------------------------------------------------


def _keys(message: Message, signer: Signer) -> tuple[list[SourcedKey], int, bool]:
    """The keys of a mail whose signatures are right, how many are wrong, and whether one of those is an address."""
    keys: list[SourcedKey] = []
    bad, wrong_address = 0, False
    candidates = [(signer.read_address(address), "address") for address in message.recipients]
    nearest = dict.fromkeys([*message.in_reply_to, *reversed(message.references)])
    candidates += [(signer.read_message_id(name), "references") for name in nearest]
    for key, source in candidates:
        if isinstance(key, BadKey):
            bad += 1
            wrong_address = wrong_address or source == "address"
        elif key is not None:
            keys.append((key, source))
    return keys, bad, wrong_address


def _key_facts(keys: Sequence[SourcedKey], case_of: Mapping[int, int]) -> tuple[KeyFacts, ...]:
    people = {person.id: person for person in people_of(key.contact_id for key, _ in keys if key.contact_id is not None)}
    return tuple(
        KeyFacts(
            kind=key.kind, case_id=case_of.get(key.cs_id) if key.cs_id is not None else key.case_id,
            contact=people.get(key.contact_id) if key.contact_id is not None else None, address_digest=key.address_digest, source=source,
            cs_id=key.cs_id,
        )
        for key, source in keys
        if key.kind != "bounce" and (key.cs_id is None or key.cs_id in case_of)
    )  # fmt: skip


def _bounced(bounce: Bounce, keys: Sequence[SourcedKey], case_of: Mapping[int, int]) -> OutgoingFacts | None:
    """The mail of ours that came back: by the Message-ID in the returned message, else by the tagged bounce address."""
    columns = (Outbox.id, Outbox.forward_path, Outbox.template, Outbox.subject, Outbox.case, Outbox.bounced_at)
    row = None
    if bounce.original_message_ids:
        row = first(Outbox.select(*columns).where(Outbox.message_id.in_(list(bounce.original_message_ids)[:REFERENCES_LOOKED_UP])))
    if row is None:
        tagged = [key for key, source in keys if key.kind == "bounce" and source == "address"]
        case_ids = [case_id for key in tagged if (case_id := key.case_id or case_of.get(key.cs_id or 0)) is not None]
        addresses = [recipient.address.lower() for recipient in bounce.recipients]
        if case_ids and addresses:
            where = Outbox.case.in_(case_ids) & Outbox.forward_path.in_(addresses)
            row = first(Outbox.select(*columns).where(where).order_by(Outbox.id.desc()))
    if row is None:
        return None
    return OutgoingFacts(
        outbox_id=row[0], recipient=AddrSpec(row[1]), template=row[2], subject=row[3], case_id=row[4], already=row[5] is not None
    )


def _answers(addresses: Sequence[AddrSpec], clock: datetime) -> _Written:
    """What was written to somebody's addresses in the 24 hours before `clock`."""
    found = _WRITTEN(addresses=list(addresses), since=clock - timedelta(hours=24))
    hour = clock - timedelta(hours=1)
    return _Written(
        answers=sum(1 for _, counted, *_ in found if counted),
        errors=sum(1 for template, _, at, state in found if template == "error" and at > hour and state != "held"),
        told=frozenset(template for template, *_ in found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    answers: int = 0
    errors: int = 0
    told: frozenset[str] = frozenset()


_WRITTEN = Select(
    lambda addresses, since: (
        Outbox.select(Outbox.template, Outbox.counted, Outbox.created_at, Outbox.state)
        .where(Outbox.forward_path.in_(addresses) & (Outbox.created_at > since))
        .limit(1000)
    )
)


def _question(
    sender: ContactFacts | None, waiting: Sequence[QuestionFacts], message: Message, cases: Sequence[int]
) -> QuestionFacts | None:  # fmt: skip
    """The open question the sender can answer with this mail, and what its answer needs to know."""
    if sender is None:
        return None
    nearest = list(dict.fromkeys([*message.in_reply_to, *reversed(message.references)]))[:REFERENCES_LOOKED_UP]
    found = question_for(waiting, sender.id, nearest, cases)
    if found is None:
        return None
    address, partner_id = looked_up(found.payload)
    known = contact_of(address) if address is not None else None
    return replace(found, known=known, agents=agents_of([partner_id]).get(partner_id, ()) if partner_id is not None else ())
