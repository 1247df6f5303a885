"""The gates and grants that turn a reading into a decision. **The heart of the house.**

Gates are tried in the order of GATES; the first that speaks wins. Whatever no gate stops is a person's mail: a comment
on its case, or a new case. Nothing here has an effect, so `explain` shows exactly what `apply` will do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from daemon.actions.vocabulary import (
    Action,
    AddComment,
    KeepAttachments,
    KeepNote,
    MarkBounced,
    OpenCase,
    QueueMail,
    RegisterContact,
    ReportRefusal,
)
from daemon.model import (
    AddrSpec,
    CaseFacts,
    ContactFacts,
    Decision,
    DomainVerdict,
    Gate,
    Grade,
    Kind,
    Match,
    OutgoingFacts,
    Reading,
    Situation,
    SystemFacts,
    Trust,
)
from daemon.reasons import Outcome, Reason
from daemon.rules.correlate import Correlation, correlate
from daemon.rules.robots import limited, never_answer
from daemon.rules.trust import role_on, weigh

Audience = tuple[tuple[AddrSpec, int | None, str], ...]
"""People to mail: address, contact, name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hearing:
    """All that the gates look at: the reading, the situation, and what was concluded on the way."""

    reading: Reading
    situation: Situation
    found: Correlation
    trust: Trust
    silence: str | None
    gates: tuple[Gate, ...]


def decide(reading: Reading, situation: Situation, author_digest: str | None = None) -> Decision:
    """Grant or refuse what a mail asks for.

    Total: every reading gets a decision, every decision one reason. Pure: the same arguments give the same decision.
    `author_digest` is how keys name an author without a contact.
    """
    found = correlate(reading, situation)
    trust = weigh(reading.message, situation.policy, situation.sender, found.case, situation.keys, author_digest)
    silence = never_answer(reading, situation, trust)
    gates: list[Gate] = [
        found.gate,
        Gate(name="trust", verdict=trust.grade.value, detail=trust.evidence),
        Gate(name="answer", verdict="no" if silence else "yes", detail=silence or "an automatic answer is allowed"),
    ]
    hearing = _Hearing(reading=reading, situation=situation, found=found, trust=trust, silence=silence, gates=())
    for name, gate in GATES:
        decision = gate(hearing)
        gates.append(Gate(name=name, verdict="passed" if decision is None else "stopped", detail=decision.detail if decision else ""))
        if decision is not None:
            return _with_gates(decision, gates)
    return _with_gates(_person(hearing), gates)


def _with_gates(decision: Decision, gates: list[Gate]) -> Decision:
    return replace(decision, gates=tuple(gates))


# --- gates: what is not a person's mail ----------------------------------------------------------------------------


def _quarantine_over_limit(h: _Hearing) -> Decision | None:
    limit = h.reading.message.limit
    if limit is None or h.situation.released:
        return None
    return _decision(h, _kind(h), Outcome.QUARANTINED, Reason.LIMIT_CROSSED, detail=limit)


def _ignore_own(h: _Hearing) -> Decision | None:
    message = h.reading.message
    ours = message.author is not None and message.author in h.situation.policy.own_addresses
    if not (ours or h.reading.automatic.own_mark) or h.reading.bounce is not None:
        return None
    why = "From is our own address" if ours else "it carries the mark of this program or another instance of it"
    return _decision(h, Kind.OWN, Outcome.IGNORED, Reason.OWN_MAIL, detail=why)


def _ignore_copy(h: _Hearing) -> Decision | None:
    if h.situation.copy_of is None:
        return None
    how = "the same octets as" if h.situation.copy_by == "content" else "the same mail as"
    return _decision(h, Kind.COPY, Outcome.IGNORED, Reason.COPY_OF_MAIL, detail=f"{how} mail {h.situation.copy_of}")


def _record_bounce(h: _Hearing) -> Decision | None:
    bounce, outgoing = h.reading.bounce, h.situation.bounced
    if bounce is None:
        return None
    if outgoing is None:
        return _decision(h, Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_OF_UNKNOWN_MAIL)
    case = next((case for case in h.situation.cases if case.id == outgoing.case_id), None)
    failed = next((r for r in bounce.recipients if r.address.lower() == outgoing.recipient), None) or next(iter(bounce.recipients), None)
    permanent = failed.permanent if failed else True
    if not permanent:
        return _decision(
            h, Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_DELAYED, case=case, matched_by="bounce", detail=failed.reason if failed else ""
        )
    if outgoing.already:
        return _decision(h, Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_REPEATED, case=case, matched_by="bounce")
    actions: list[Action] = [
        MarkBounced(
            outbox_id=outgoing.outbox_id,
            address=outgoing.recipient,
            status=failed.status if failed else None,
            permanent=permanent,
            reason=failed.reason if failed else "",
        )  # fmt: skip
    ]
    if case is not None and not h.situation.archive:
        actions += _mails(BOUNCE_NOTICE, owner_of(case), exclude=(outgoing.recipient,))
    return _decision(
        h, Kind.BOUNCE, Outcome.ACTED, Reason.BOUNCE_RECORDED, case=case, matched_by="bounce", actions=actions,
        detail=f"{outgoing.template} to {outgoing.recipient}: {failed.status or ''} {failed.reason}".strip() if failed else "",
    )  # fmt: skip


def _ignore_automatic(h: _Hearing) -> Decision | None:
    if not h.reading.automatic.is_automatic:
        return None
    reason = Reason.AUTOMATIC_ON_CASE if h.found.case else Reason.AUTOMATIC_WITHOUT_CASE
    return _decision(
        h, Kind.AUTOMATIC, Outcome.IGNORED, reason, case=h.found.case, matched_by=h.found.matched_by, detail=h.reading.automatic.why
    )


def _set_apart_forged(h: _Hearing) -> Decision | None:
    if h.trust.grade is not Grade.FORGED:
        return None
    if h.found.case is not None:
        return _note(h, h.found.case, Reason.NOTE_FORGED, "not verified: the sender's domain says this mail is forged")
    return _triage(h, Reason.TRIAGE_FORGED, "not verified: the sender's domain says this mail is forged", answer=False)


GATES: tuple[tuple[str, Callable[[_Hearing], Decision | None]], ...] = (
    ("limits", _quarantine_over_limit),
    ("own", _ignore_own),
    ("copy", _ignore_copy),
    ("bounce", _record_bounce),
    ("automatic", _ignore_automatic),
    ("forged", _set_apart_forged),
)
"""The gates in the order they are tried. Commands and forms get their gates here when they come."""


def decide_refusal(outgoing: OutgoingFacts, case: CaseFacts | None) -> Decision:
    """What follows when the relay refuses a mail of ours for good: the case's owner is told once, never the refused address."""
    audience = owner_of(case) if case is not None and outgoing.template != BOUNCE_NOTICE else ()
    return Decision(
        kind=Kind.BOUNCE, outcome=Outcome.ACTED, reason=Reason.REFUSAL_TOLD,
        detail=f"{outgoing.template} to {outgoing.recipient}: {outgoing.detail}",
        trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.NONE, evidence="our own relay said so"),
        match=Match(case_id=case.id, matched_by="outbox") if case is not None else None, contact_id=None,
        actions=(ReportRefusal(outbox_id=outgoing.outbox_id, address=outgoing.recipient, reason=outgoing.detail),
                 *_mails(BOUNCE_NOTICE, audience, exclude=(outgoing.recipient,))),
        gates=(),
    )  # fmt: skip


BOUNCE_NOTICE = "bounce-notice"

# --- grants: a person's mail ---------------------------------------------------------------------------------------


def _person(h: _Hearing) -> Decision:
    case = h.found.case
    if case is None:
        if h.situation.tagged_case_ids and h.situation.sender is None:
            why = "an unknown address names " + ", ".join(f"CASE-{number}" for number in h.situation.tagged_case_ids)
            return _triage(h, Reason.TRIAGE_UNKNOWN_SENDER, why, answer=not h.situation.unknown_sender_told_today)
        return _open(h)
    if h.found.conflict is not None:
        return _note(h, case, Reason.NOTE_UNTRUSTED, f"the mail also names {h.found.conflict.number}")
    role = role_on(case, h.situation.sender, h.reading.message.author)
    believed = h.trust.grade in (Grade.VERIFIED, Grade.KEYED)
    if role is None or not h.trust.sender:
        return _note(h, case, Reason.NOTE_UNTRUSTED, "the sender is nobody this case knows, or not the one its key was made for")
    if not believed and role != "customer":
        return _note(h, case, Reason.NOTE_UNTRUSTED, f"the sender claims to be of the {role} and proves it by nothing")
    return _comment(h, case, role)


def _comment(h: _Hearing, case: CaseFacts, role: str) -> Decision:
    message, sender = h.reading.message, h.situation.sender
    text = h.reading.new_text.strip()
    internal = role != "customer" and text.startswith("@")
    actions: list[Action] = [
        AddComment(
            text=text or "(no words of its own)",
            public=not internal,
            author_id=sender.id if sender else None,
            author_address=message.author,
        )  # fmt: skip
    ]
    actions += _attachments(h)
    if not internal and not h.situation.archive:
        audience = _customers_side(case) if role != "customer" else partners_side(case)
        actions += _mails("case-comment", audience, exclude=_own_addresses(h))
    reason = Reason.INTERNAL_COMMENT_ADDED if internal else Reason.COMMENT_ADDED
    return _decision(
        h, _kind(h), Outcome.ACTED, reason, case=case, matched_by=h.found.matched_by, actions=actions, detail=f"from its {role}"
    )


def _note(h: _Hearing, case: CaseFacts, reason: Reason, why: str) -> Decision:
    text = h.reading.new_text.strip() or "(no words of its own)"
    actions: list[Action] = [KeepNote(text=text, why=why, author_address=h.reading.message.author), *_attachments(h)]
    return _decision(h, _kind(h), Outcome.ACTED, reason, case=case, matched_by=h.found.matched_by, actions=actions, detail=why)


def _triage(h: _Hearing, reason: Reason, why: str, *, answer: bool) -> Decision:
    message, queue = h.reading.message, h.situation.triage_queue
    actions: list[Action] = [
        OpenCase(
            type="triage", subject=message.subject or "(no subject)", description=_description(h), origin="email",
            organization_id=None, contact_id=None, contact_address=message.author, system_id=None, partner_id=None, owner_id=None,
            queue_id=queue.id if queue else None, flags=(why,),
        ),
        *_attachments(h),
    ]  # fmt: skip
    if answer and h.silence is None and message.author is not None:
        actions.append(_answer(h, "unknown-sender", None, quote_subject=False))
    return _decision(h, _kind(h), Outcome.ACTED, reason, actions=actions, detail=why)


def _open(h: _Hearing) -> Decision:
    message, situation = h.reading.message, h.situation
    sender = situation.sender
    actions: list[Action] = []
    notes: list[str] = []
    organization_id = sender.organization_id if sender else None
    listed = situation.sender_organization
    believed = h.trust.sender and h.trust.domain in (DomainVerdict.PASS, DomainVerdict.SILENT)
    if sender is None and message.author is not None and believed and listed is not None and listed.kind == "customer":
        first, last = _person_name(message.author_name)
        actions.append(RegisterContact(address=message.author, first_name=first, last_name=last, organization_id=listed.id))
        organization_id = listed.id
        notes.append(f"a contact is made under {listed.name}, which lists the domain")
    system, why = _system(h) if organization_id is not None else (None, "")
    notes += [why] if why else []
    helpdesk = bool(situation.systems) and organization_id is not None
    queue = situation.default_queue
    actions.append(
        OpenCase(
            type="helpdesk" if helpdesk else "support",
            subject=message.subject or "(no subject)",
            description=_description(h),
            origin="email",
            organization_id=organization_id,
            contact_id=sender.id if sender else None,
            contact_address=message.author,
            system_id=system.id if system else None,
            partner_id=system.partner_id if system else None,
            owner_id=None,
            queue_id=queue.id if queue else None,
        )  # fmt: skip
    )
    actions += _attachments(h)
    if h.silence is None:
        known = sender is not None and h.trust.grade in (Grade.VERIFIED, Grade.KEYED)
        actions.append(_answer(h, "case-received", sender, quote_subject=known))
    if not situation.archive:
        assigned: Audience = ()
        if system is not None and system.partner_id is not None:
            assigned = _audience(system.partner_agents)
        elif queue is not None:
            assigned = _audience(queue.members)
        actions += _mails("case-assigned", assigned, exclude=_own_addresses(h))
    reason = Reason.CASE_OPENED if h.silence is None else Reason.CASE_OPENED_UNANSWERED
    return _decision(h, _kind(h), Outcome.ACTED, reason, actions=actions, detail="; ".join(notes))


def _system(h: _Hearing) -> tuple[SystemFacts | None, str]:
    """The system named in the text, or the only one of the sender's entity."""
    systems = h.situation.systems
    if not systems:
        return None, ""
    text = f"{h.reading.message.subject}\n{h.reading.new_text}".casefold()
    named = [system for system in systems if re.search(rf"(?<!\w){re.escape(system.name.casefold())}(?!\w)", text)]
    if len(named) == 1:
        return named[0], f"system {named[0].name} is named in the text"
    if not named and len(systems) == 1:
        return systems[0], f"system {systems[0].name} is the only one of the entity"
    return None, "several systems could be meant" if named else "no system is named and the entity has several"


def _person_name(display_name: str) -> tuple[str, str]:
    """First and last name, split at the last blank; an address as a name is no name."""
    name = " ".join(display_name.split())
    if "@" in name or len(name) > 100:
        return "", ""
    first, _, last = name.rpartition(" ")
    return (first, last) if first else (last, "")


# --- the words of a decision ---------------------------------------------------------------------------------------


def _kind(h: _Hearing) -> Kind:
    if h.reading.automatic.is_list:
        return Kind.LIST
    return Kind.REPLY if h.found.case is not None else Kind.TICKET


def _description(h: _Hearing) -> str:
    """What was submitted, whole: trimming serves reading, never storage."""
    return h.reading.message.body.strip() or "(no words)"


def _attachments(h: _Hearing) -> list[Action]:
    count = len(h.reading.message.attachments)
    return [KeepAttachments(count=count)] if count else []


def _answer(h: _Hearing, template: str, contact: ContactFacts | None, *, quote_subject: bool) -> QueueMail:
    author = h.reading.message.author
    if author is None:
        raise ValueError("a mail without a sender is never answered")
    return QueueMail(
        template=template, to=author, contact_id=contact.id if contact else None, name=contact.name if contact else "",
        answer=True, counted=True, quote_subject=quote_subject, held=limited(h.situation),
    )  # fmt: skip


def _own_addresses(h: _Hearing) -> tuple[str | None, ...]:
    """Where the author of the mail reads: nobody gets their own words back, from whichever address they wrote."""
    sender = h.situation.sender
    return (h.reading.message.author, sender.address if sender is not None else None)


def _mails(template: str, audience: Audience, *, exclude: tuple[str | None, ...]) -> list[Action]:
    """One mail to each, but for those addresses."""
    return [
        QueueMail(template=template, to=address, contact_id=contact_id, name=name, answer=False, counted=False, quote_subject=True)
        for address, contact_id, name in audience
        if address not in exclude
    ]


def _audience(people: tuple[ContactFacts, ...]) -> Audience:
    return tuple((person.address, person.id, person.name) for person in people)


def owner_of(case: CaseFacts) -> Audience:
    """The owner: a person, or every member of the queue."""
    if case.owner is not None:
        return _audience((case.owner,))
    return _audience(case.queue.members) if case.queue is not None else ()


def partners_side(case: CaseFacts) -> Audience:
    """Who hears a customer: the agents of the assigned partner, or without one the owner."""
    return _audience(case.partner_agents) if case.partner_id is not None else owner_of(case)


def _customers_side(case: CaseFacts) -> Audience:
    if case.contact is not None:
        return _audience((case.contact,))
    return ((case.contact_address, None, ""),) if case.contact_address is not None else ()


def _decision(
    h: _Hearing, kind: Kind, outcome: Outcome, reason: Reason, *, detail: str = "", case: CaseFacts | None = None,
    matched_by: str | None = None, actions: list[Action] | None = None,
) -> Decision:  # fmt: skip
    return Decision(
        kind=kind, outcome=outcome, reason=reason, detail=detail, trust=h.trust,
        match=Match(case_id=case.id, matched_by=matched_by or "") if case is not None else None,
        contact_id=h.situation.sender.id if h.situation.sender and h.trust.sender and h.trust.grade is not Grade.FORGED else None,
        actions=tuple(actions or ()), gates=(),
    )  # fmt: skip
