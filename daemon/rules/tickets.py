"""A person opens a ticket: whose it is, which system and partner, who answers for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from daemon.actions.vocabulary import UNVERIFIED, Action, CloseCase, OpenCase, RegisterContact
from daemon.model import Decision, DomainVerdict, Grade, SystemFacts
from daemon.parsers.keywords import AGENT, PARTNER
from daemon.parsers.names import first_and_last
from daemon.reasons import Outcome, Reason
from daemon.rules import levelone, promises
from daemon.rules.hearing import (
    Audience,
    Hearing,
    answer,
    audience_of,
    decision,
    description,
    kept_attachments,
    kind_of,
    mails,
    members_of,
    own_addresses,
)
from daemon.rules.lifecycle import State
from daemon.rules.receipts import open_verbs, steps

ABOUT_ACCESS = re.compile(r"(?<!\w)(?:access|log-?in|log in|sign-?in|sign in|password|credentials|user id)(?!\w)", re.IGNORECASE)
"""A subject that asks for access; from somebody unregistered it is a case of its own type."""

ASKS_FOR_ACCESS = re.compile(r"(?<!\w)(?:request|need|want|like|grant|give|get|gain)\w*\s(?:[^.!?\n]{0,40}\s)?access(?!\w)", re.IGNORECASE)
"""Words that ask for it; a mail may have any subject."""

LOOKED_AT = 5000
"""Characters of a text in which that is looked for."""


def triage(h: Hearing, reason: Reason, why: str, *, answered: bool, told: Sequence[Action] = ()) -> Decision:
    """A case of type triage in the triage queue: a person must look. At most the one answer that discloses nothing."""
    message, queue = h.reading.message, h.situation.triage_queue
    actions: list[Action] = [
        OpenCase(
            type="triage", subject=message.subject or "(no subject)", description=description(h), origin="email",
            organization_id=None, contact_id=None, contact_address=message.author, system_id=None, partner_id=None, owner_id=None,
            queue_id=queue.id if queue else None, flags=(why,),
        ),
        *kept_attachments(h),
    ]  # fmt: skip
    actions += told
    if answered and h.silence is None and message.author is not None:
        actions.append(answer(h, "unknown-sender", None, quote_subject=False))
    return decision(h, kind_of(h), Outcome.ACTED, reason, actions=actions, detail=why)


def open_ticket(h: Hearing) -> Decision:
    """A new case: of a contact, of somebody made one because their organization lists the domain, or of a stranger."""
    message, situation = h.reading.message, h.situation
    sender = situation.sender
    actions: list[Action] = []
    notes: list[str] = []
    organization_id = sender.organization_id if sender else None
    listed = situation.sender_organization
    believed = h.trust.sender and h.trust.domain in (DomainVerdict.PASS, DomainVerdict.SILENT)
    ours = message.author is not None and message.author.rpartition("@")[2] in situation.policy.own_domains
    if sender is None and message.author is not None and believed and not ours and listed is not None and listed.kind == "customer":
        first, last = _person_name(message.author_name)
        actions.append(RegisterContact(address=message.author, first_name=first, last_name=last, organization_id=listed.id))
        organization_id = listed.id
        notes.append(f"a contact is made under {listed.name}, which lists the domain")
    system, why = _system(h) if organization_id is not None else (None, "")
    notes += [why] if why else []
    helpdesk = bool(situation.systems) and organization_id is not None
    about = ABOUT_ACCESS.search(message.subject) or ASKS_FOR_ACCESS.search(h.reading.new_text[:LOOKED_AT])
    access = organization_id is None and about is not None
    queue = situation.default_queue
    customer = sender is None or sender.organization_kind == "customer"
    level = levelone.first_mail(h, known=organization_id is not None) if customer and not helpdesk and not access else None
    if level is not None:
        return _answered_by_level_one(h, actions, level, organization_id, notes)
    actions.append(
        OpenCase(
            type="access_request" if access else "helpdesk" if helpdesk else "support",
            subject=message.subject or "(no subject)",
            description=description(h),
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
    actions += kept_attachments(h)
    if h.silence is None:
        known = sender is not None and h.trust.grade in (Grade.VERIFIED, Grade.KEYED)
        actions.append(answer(h, "access-request" if access else "case-received", sender, quote_subject=known))
    said: dict[str, object] = {}
    if system is not None and system.partner_id is not None:
        clocks = promises.begin(_calendar(system), situation.clock or situation.now, h.rulebook)
        actions += clocks
        said |= promises.first_deadline(clocks)
    if not situation.archive:
        agents = audience_of(system.partner_agents) if system is not None and system.partner_id is not None else ()
        assigned: Audience = agents or members_of(queue)
        said["steps"] = list(steps(open_verbs(PARTNER if agents else AGENT, State.OPEN)))
        said["unmanned"] = not agents and system is not None and system.partner_id is not None
        actions += mails("case-assigned", assigned, exclude=own_addresses(h), values=said)
    reason = Reason.CASE_OPENED if h.silence is None else Reason.CASE_OPENED_UNANSWERED
    return decision(h, kind_of(h), Outcome.ACTED, reason, actions=actions, detail="; ".join(notes))


def _answered_by_level_one(
    h: Hearing, made: list[Action], level: levelone.Taken, organization_id: int | None, notes: list[str]
) -> Decision:  # fmt: skip
    """A support case that the table of level one decides."""
    message, sender, caller = h.reading.message, h.situation.sender, h.situation.caller
    by_words = caller.organization if organization_id is None and caller is not None else None
    opened = OpenCase(
        type="support", subject=message.subject or "(no subject)", description=description(h), origin="email",
        organization_id=by_words.id if by_words is not None else organization_id, contact_id=sender.id if sender else None,
        contact_address=message.author, system_id=None, partner_id=None, owner_id=None, queue_id=level.queue.id if level.queue else None,
        flags=(UNVERIFIED,) if by_words is not None else (),
    )  # fmt: skip
    actions = [*made, opened, level.record, *kept_attachments(h)]
    if level.resolution is not None:
        actions.append(CloseCase(text=level.resolution, by_id=None, on_planned_date=None))
    return decision(
        h, kind_of(h), Outcome.ACTED, Reason.CASE_OPENED, actions=[*actions, *level.letters], detail="; ".join([*notes, level.detail])
    )


def _calendar(system: SystemFacts) -> str | None:
    """The calendar of the partner who looks after a system."""
    return next((agent.calendar for agent in system.partner_agents), None)


def _system(h: Hearing) -> tuple[SystemFacts | None, str]:
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
    return ("", "") if "@" in display_name or len(display_name) > 100 else first_and_last(display_name)
