"""What the rules look at together, and the words every decision is made of: who hears, what is kept, one outcome. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.actions.vocabulary import Action, AttachToCsTicket, KeepAttachments, KeepNote, QueueMail
from daemon.model import (
    AddrSpec,
    CaseFacts,
    ContactFacts,
    Decision,
    Grade,
    Heard,
    Kind,
    Match,
    QueueFacts,
    Reading,
    Situation,
    Trust,
)
from daemon.reasons import Outcome, Reason
from daemon.rules.correlate import Correlation
from daemon.rules.formreading import FormReading
from daemon.rules.judgement import Judgement
from daemon.rules.robots import limited
from daemon.rules.rulebook import Rulebook

Audience = tuple[tuple[AddrSpec, int | None, str], ...]
"""People to mail: address, contact, name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """All that the gates look at: the reading, the situation, and what was concluded on the way."""

    reading: Reading
    situation: Situation
    found: Correlation
    trust: Trust
    silence: str | None
    rulebook: Rulebook
    role: str | None = None
    """What the sender is on the case, or without one at all: customer, partner, house."""
    judgement: Judgement | None = None
    """What the new words ask for; None: they are not searched (robots, lists, forms, copies)."""
    form: FormReading | None = None
    """The form that the mail is."""


def kind_of(h: Hearing) -> Kind:
    """list, command, reply or ticket: what a person's mail is called; a command is one, granted or not."""
    if h.reading.automatic.is_list:
        return Kind.LIST
    if h.judgement is not None and h.judgement.is_command:
        return Kind.COMMAND
    return Kind.REPLY if h.found.case is not None else Kind.TICKET


def description(h: Hearing) -> str:
    """What was submitted, whole: trimming serves reading, never storage."""
    return h.reading.message.body.strip() or "(no words)"


def kept_attachments(h: Hearing) -> list[Action]:
    """What keeps the files of this mail, if it has any: those of the customer, or about the work, are on the CS ticket, too."""
    files = h.reading.message.attachments
    if not files:
        return []
    ticket = h.found.case.cs_ticket if h.found.case is not None and h.form is None else None
    believed = h.trust.grade not in (Grade.FORGED, Grade.UNTRUSTED)
    wanted = ticket is not None and believed and (h.found.ticket is not None or h.role == "customer")
    also = [AttachToCsTicket(ticket_id=ticket.id)] if ticket is not None and wanted and not all(one.inline for one in files) else []
    return [KeepAttachments(count=len(files)), *also]


def answer(h: Hearing, template: str, contact: ContactFacts | None, *, quote_subject: bool) -> QueueMail:
    """One automatic answer to the sender, held when their daily rate is used up. Raises ValueError for a mail without a sender."""
    author = h.reading.message.author
    if author is None:
        raise ValueError("a mail without a sender is never answered")
    return QueueMail(
        template=template, to=author, contact_id=contact.id if contact else None, name=contact.name if contact else "",
        answer=True, counted=True, quote_subject=quote_subject, held=limited(h.situation, h.trust),
    )  # fmt: skip


def to_sender(h: Hearing, template: str, values: Mapping[str, object]) -> QueueMail:
    """What answers a command: receipt, error, or what was asked for. Raises ValueError for a mail without a sender."""
    sender, author = h.situation.sender, h.reading.message.author
    if author is None:
        raise ValueError("a mail without a sender is never answered")
    # a receipt goes to the registered address, so that a forged command is noticed
    return QueueMail(
        template=template, to=sender.address if sender is not None else author, contact_id=sender.id if sender is not None else None,
        name=sender.name if sender is not None else "", answer=True, counted=template == "error", quote_subject=True,
        values=tuple(values.items()),
    )  # fmt: skip


def own_addresses(h: Hearing) -> tuple[str | None, ...]:
    """Where the author of the mail reads: nobody gets their own words back, from whichever address they wrote."""
    sender = h.situation.sender
    return (h.reading.message.author, sender.address if sender is not None else None)


def mails(
    template: str, audience: Audience, *, exclude: tuple[str | None, ...], values: Mapping[str, object] | None = None
) -> list[Action]:
    """One mail to each, but for those addresses."""
    return [
        QueueMail(
            template=template,
            to=address,
            contact_id=contact_id,
            name=name,
            answer=False,
            counted=False,
            quote_subject=True,
            values=tuple((values or {}).items()),
        )
        for address, contact_id, name in audience
        if address not in exclude
    ]


def audience_of(people: tuple[ContactFacts, ...]) -> Audience:
    """These people, as readers."""
    return tuple((person.address, person.id, person.name) for person in people)


def owner_of(case: CaseFacts) -> Audience:
    """The owner: a person, or every member of the queue."""
    if case.owner is not None:
        return audience_of((case.owner,))
    return members_of(case.queue)


ASKING = frozenset({"customer", "opener"})
"""Roles of those who wait for what others do on the case."""


def partners_side(case: CaseFacts, default: QueueFacts | None) -> Audience:
    """Who hears a customer: the agents of the assigned partner; without any the owner, and without that the `default` queue."""
    agents = audience_of(case.partner_agents) if case.partner_id is not None else ()
    return agents or owner_of(case) or members_of(default)


UNMANNED = "where nobody gets our mails"
"""What is said of a partner without agents, for whom others hear what comes."""


def members_of(queue: QueueFacts | None) -> Audience:
    """The members of a queue."""
    return audience_of(queue.members) if queue is not None else ()


def customers_side(case: CaseFacts) -> Audience:
    """Who the case is for: the contact, or the stranger at the address they wrote from."""
    if case.contact is not None:
        return audience_of((case.contact,))
    return ((case.contact_address, None, ""),) if case.contact_address is not None else ()


def is_asking(case: CaseFacts, role: str, sender: ContactFacts | None) -> bool:
    """Whether words of this role go to those who do something on the case; one of our own whose case it is asks, too."""
    return role in ASKING or (sender is not None and case.contact is not None and sender.id == case.contact.id)


def openers_side(case: CaseFacts) -> Audience:
    """The agents of a partner that opened the case for somebody, while it isn't the one that works on it."""
    return audience_of(case.opening_agents) if case.opening_partner_id != case.partner_id else ()


def asking_side(case: CaseFacts) -> Audience:
    """Who hears the partner or the house: whom the case is for, and the partner that opened it."""
    return (*customers_side(case), *openers_side(case))


def decision(
    h: Hearing, kind: Kind, outcome: Outcome, reason: Reason, *, detail: str = "", case: CaseFacts | None = None,
    matched_by: str | None = None, actions: list[Action] | None = None, judgement: Judgement | None = None,
) -> Decision:  # fmt: skip
    """An outcome with its reason; the Name of the mail is the sender where they are believed to be it."""
    return Decision(
        kind=kind, outcome=outcome, reason=reason, detail=detail, trust=h.trust,
        match=_match(h, case, matched_by) if case is not None else None,
        contact_id=h.situation.sender.id if h.situation.sender and h.trust.sender and h.trust.grade is not Grade.FORGED else None,
        actions=tuple(actions or ()), gates=(), heard=_heard(judgement or h.judgement, ran=judgement is not None),
    )  # fmt: skip


def _match(h: Hearing, case: CaseFacts, matched_by: str | None) -> Match:
    about = h.found.ticket if h.found.ticket is not None and h.found.ticket.case_id == case.id else None
    return Match(case_id=case.id, matched_by=matched_by or "", cs_id=about.id if about is not None else None)


def _heard(judgement: Judgement | None, *, ran: bool) -> Heard | None:
    """What `explain` tells of the words; granted is only what was carried out."""
    if judgement is None:
        return None
    return Heard(
        commands=tuple((command.verb, command.argument, command.line) for command in judgement.commands),
        natural=judgement.natural,
        comment=judgement.comment,
        errors=tuple((finding.code, finding.line) for finding in judgement.errors),
        warnings=tuple((finding.code, finding.line) for finding in judgement.warnings),
        granted=tuple(request.facts() for request in judgement.requests) if ran else (),
    )


def note(h: Hearing, case: CaseFacts, reason: Reason, why: str) -> Decision:
    """Keep the words on the case for the house only, with the reason above them."""
    text = h.reading.new_text.strip() or "(no words of its own)"
    actions: list[Action] = [KeepNote(text=text, why=why, author_address=h.reading.message.author), *kept_attachments(h)]
    return decision(h, kind_of(h), Outcome.ACTED, reason, case=case, matched_by=h.found.matched_by, actions=actions, detail=why)
