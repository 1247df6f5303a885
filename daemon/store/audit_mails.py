"""The part of the proof that is about mails: each acted on once, none done that was refused, and whom what left went to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any

import peewee as pw
from peewee import JOIN

from daemon.model import DISBELIEVED, PRIORITY_OPTIONS
from daemon.store.audit_promises import facts_of
from daemon.store.schema import Case, Contact, ContactEmail, Event, Interaction, Journal, Organization, Outbox
from daemon.store.statements import rows

UNANSWERED = ("automatic", "bounce", "list", "own", "copy")
"""Kinds of mail that no automatic mail answers."""

AUTOMATIC = ("auto-replied", "auto-generated")

GRANTS = (
    "set-acknowledged", "set-plan", "close-case", "reopen-case", "assign-owner", "assign-partner", "log-review", "take-back",
    "ask-question", "start-clock", "end-clock", "remember-reversal",
)  # fmt: skip
"""What only a mail without an error does; and it answers a question of ours, unless the answer is that it means nothing any more."""

HEAD = 16384
"""Octets in which the header of a mail of ours ends."""


IN_PROGRESS_MOST = timedelta(minutes=10)
"""How long a mail may be in progress while somebody works: a worker's lease, and the pauses between its three tries."""


def overdue(now: datetime) -> Iterator[str]:
    """No mail has been in progress for longer than it may be. One that a person released began anew: it counts from its first try."""
    late = (Journal.state == "received") & (Journal.recorded_at < now - IN_PROGRESS_MOST) & (~Journal.released | (Journal.attempts > 0))
    for number, since in rows(Journal.select(Journal.id, Journal.recorded_at).where(late).order_by(Journal.id)):
        yield f"mail {number}: it has been in progress for {(now - since) // timedelta(minutes=1)} minutes, while a worker lives"


def once() -> Iterator[str]:
    """The same mail is acted on at most once, but for one that a person released. Without a Message-ID only the octets can tell.

    One that is believed is acted on also after one that was not: that was perhaps of somebody else, who sent it first.
    """
    first, last, times = pw.fn.MIN(Journal.id), pw.fn.MAX(Journal.id), pw.fn.COUNT(Journal.id)
    disbelieved = pw.Case(None, [(Journal.grade.in_(DISBELIEVED), Journal.id)])
    only_the_first = (times == 2) & (pw.fn.COUNT(disbelieved) == 1) & (pw.fn.MIN(disbelieved) == first)
    acted = Journal.select(first, last).where((Journal.state == "acted") & ~Journal.released)
    for query in (
        acted.where(Journal.sha256.is_null(False)).group_by(Journal.sha256).having(times > 1),
        acted.where(Journal.message_id.is_null(False)).group_by(Journal.identity).having((times > 1) & ~only_the_first),
    ):
        for one, other in rows(query):
            yield f"mail {other}: it is the same as mail {one}, and both were acted on"
    found = Outbox.select(Outbox.case).where((Outbox.template == PRIORITY_OPTIONS) & Outbox.case.is_null(False))
    for (case_id,) in rows(found.group_by(Outbox.case).having(pw.fn.COUNT(Outbox.id) > 1)):
        yield f"CASE-{case_id}: it got {PRIORITY_OPTIONS!r} more than once"


def refused() -> Iterator[str]:
    """Of a mail with an error nothing was done."""
    granted = {cause for (cause,) in rows(Event.select(Event.cause).where(Event.verb.in_(GRANTS)).distinct())}
    answers = rows(Event.select(Event.cause, Event.payload).where(Event.verb == "answer-question"))
    granted |= {cause for cause, payload in answers if facts_of(payload).get("answer") != "void"}
    for number, record in rows(Journal.select(Journal.id, Journal.record).where(Journal.record.contains('"errors":[{'))):
        try:
            errors = [error["code"] for error in json.loads(record)["errors"]]
        except (ValueError, KeyError, TypeError):
            yield f"mail {number}: what was decided of it can't be read"
            continue
        if errors and f"mail:{number}" in granted:
            yield f"mail {number}: it has an error ({', '.join(errors)}), and something of it was done all the same"


def related() -> Iterator[str]:
    """A mail relates to the case that it changed."""
    changed = Interaction.select(Interaction.id, Interaction.case, Event.case)
    cause = pw.Value("mail:").concat(Interaction.journal.cast("TEXT"))
    changed = changed.join(Event, on=(Event.cause == cause)).where(Interaction.journal.is_null(False) & Event.case.is_null(False))
    other = Interaction.case.is_null() | (Interaction.case != Event.case)
    for number, case_id, changed_id in rows(changed.where(other).distinct()):
        of = f"CASE-{case_id}" if case_id is not None else "no case"
        yield f"interaction {number}: it relates to {of}, but its mail changed CASE-{changed_id}"


def headers() -> Iterator[str]:
    """What leaves says that a program wrote it, has a Message-ID of ours and an address to reply to, and answers no program."""
    kinds = {f"mail:{number}": kind for number, kind in rows(Journal.select(Journal.id, Journal.kind).where(Journal.kind.in_(UNANSWERED)))}
    parser = BytesHeaderParser(policy=compat32)
    query = Outbox.select(Outbox.id, Outbox.cause, Outbox.message_id, pw.fn.SUBSTR(Outbox.octets, 1, HEAD))
    for number, cause, message_id, octets in rows(query.where(Outbox.octets.is_null(False)).order_by(Outbox.id)):
        header = parser.parsebytes(octets.encode() if isinstance(octets, str) else bytes(octets))
        automatic = header.get("Auto-Submitted", "")
        if automatic not in AUTOMATIC:
            yield f"outbox {number}: it does not say that a program wrote it"
        elif automatic == AUTOMATIC[0] and cause in kinds:
            yield f"outbox {number}: it answers {cause.replace(':', ' ')}, whose kind is {kinds[cause]}"
        if "".join(header.get("Message-ID", "").split()) != message_id:
            yield f"outbox {number}: its Message-ID is not the one it was given"
        if "@" not in header.get("Reply-To", ""):
            yield f"outbox {number}: it has no address to reply to"


TO_HOUSE_MAILBOX = "compliment-forward"
"""Goes to the mailbox that the house has named for it, which is nobody of the directory."""


def recipients() -> Iterator[str]:
    """A mail goes to somebody known: a contact, who is answered, or whose case it is; of a case only to those who have a part in it."""
    kinds = dict(rows(Organization.select(Organization.id, Organization.kind)))
    organizations = dict(rows(Contact.select(Contact.id, Contact.organization)))
    addresses = dict(rows(ContactEmail.select(ContactEmail.address, ContactEmail.contact)))
    authors = {f"mail:{journal}": (address, contact) for journal, address, contact in rows(
        Interaction.select(Interaction.journal, Interaction.address, Interaction.contact).where(Interaction.journal.is_null(False))
    )}  # fmt: skip
    parts = _parts()
    query: Any = Outbox.select(
        Outbox.id,
        Outbox.cause,
        Outbox.forward_path,
        Outbox.case,
        Interaction.contact,
        Case.contact,
        Case.contact_address,
        Interaction.address,
        Outbox.template,
    ).join(Interaction, JOIN.LEFT_OUTER, on=(Interaction.outbox == Outbox.id))
    query = query.switch(Outbox).join(Case, JOIN.LEFT_OUTER, on=(Outbox.case == Case.id))
    for number, cause, to, case_id, contact_id, customer_id, customer_address, recorded, template in rows(query.order_by(Outbox.id)):
        if recorded is not None and recorded != to:
            yield f"outbox {number}: it goes to {to}, but is recorded as a mail to {recorded}"
        author, author_id = authors.get(cause, (None, None))
        reader_id = contact_id if contact_id is not None else addresses.get(to)
        if template == TO_HOUSE_MAILBOX:
            continue
        if reader_id is None and to not in (author, customer_address) and to not in parts.get(case_id, frozenset()):
            yield f"outbox {number}: nobody known reads at {to}"
        if case_id is None or reader_id is None or to == author or reader_id in (author_id, customer_id):
            continue
        organization_id = organizations.get(reader_id)
        # who opened a case has a part in it, and so has whoever it was given to
        if kinds.get(organization_id) != "house" and not {organization_id, to} & parts.get(case_id, frozenset()):
            yield f"outbox {number}: {to} has no part in CASE-{case_id}"


def _parts() -> dict[int, frozenset[Any]]:
    """By case the partner organizations that ever had it, the organization of whoever opened it, and its addresses ever."""
    found: dict[int, set[Any]] = {}
    query: Any = Event.select(Event.case, Event.payload, Contact.organization, Contact.id)
    query = query.join(Interaction, JOIN.LEFT_OUTER, on=(Event.cause == pw.Value("mail:").concat(Interaction.journal.cast("TEXT"))))
    query = query.join(Contact, JOIN.LEFT_OUTER, on=(Interaction.contact == Contact.id))
    for case_id, payload, opener, _ in rows(query.where(Event.verb.in_(["open-case", "assign-partner"]) & Event.case.is_null(False))):
        try:
            facts = json.loads(payload)
        except ValueError:
            continue  # the chain tells
        if isinstance(facts, dict):
            found.setdefault(case_id, set()).update({facts.get("partner_id"), facts.get("contact_address")})
        found.setdefault(case_id, set()).add(opener)
    return {case_id: frozenset(those - {None}) for case_id, those in found.items()}


def people() -> Iterator[str]:
    """A contact is of an organization that exists, and so is a case's partner."""
    lost = Contact.select(Contact.id, Contact.handle).join(Organization, JOIN.LEFT_OUTER, on=(Contact.organization == Organization.id))
    for _, handle in rows(lost.where(Organization.id.is_null())):
        yield f"contact {handle}: of no organization that exists"
