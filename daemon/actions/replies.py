"""Render, compose and queue mails inside the transaction that causes them.

A template that fails holds its row and never undoes the case: a few words of the program's own go instead, under a row of their own.
A recipient that can't be written to holds its row likewise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from peewee import JOIN

from daemon.actions.interactions import undeliverable
from daemon.actions.suggesting import fitting
from daemon.actions.telling import moment, status, tickets
from daemon.actions.threads import thread_of
from daemon.actions.vocabulary import AddComment, MarkBounced, QueueMail, ReportRefusal
from daemon.mail.addresses import ReplyKind, Signer
from daemon.mail.compose import BadRecipient, Envelope, compose, subject_line
from daemon.mail.metering import TemplateFailure
from daemon.mail.plainmail import PLAIN, without_template
from daemon.mail.rendering import Rendered, Templates
from daemon.mail.values import tappable
from daemon.model import AddrSpec, Decision, Message, MessageId
from daemon.store import outbox
from daemon.store.schema import (
    Case,
    Contact,
    ContactEmail,
    Interaction,
    Organization,
    Outbox,
    Queue,
    System,
)
from daemon.store.statements import Select, first, insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What answering needs: the house's name and address, its key, its templates, its zone."""

    signer: Signer
    templates: Templates
    house_name: str
    house_address: AddrSpec
    timezone: ZoneInfo
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)
    """The zone of each configured calendar, by its name."""

    case_files: int = 500 << 20
    """Octets of the files of one case; what comes beyond stays in its mail."""

    def zone_of(self, contact_id: int | None) -> ZoneInfo:
        """Where somebody reads: the zone of their organization's calendar, else the house's."""
        found = _CALENDAR_OF.first(contact=contact_id) if contact_id is not None and self.zones else None
        return self.zones.get(found[0] or "", self.timezone) if found is not None else self.timezone


_CALENDAR_OF = Select(
    lambda contact: (
        Contact.select(Organization.calendar).join(Organization, on=(Contact.organization == Organization.id)).where(Contact.id == contact)
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to queue and its place among the decision's actions, which is part of its effect key."""

    action: QueueMail
    position: int


def queue_mails(
    letters: Sequence[Letter], *, decision: Decision, message: Message | None, case_id: int | None, cs_id: int | None = None, opened: bool,
    cause: str, at: datetime, clock: datetime, desk: Desk,
) -> None:  # fmt: skip
    """Write the outbox rows of a decision, composed, and relate each to its contact and case."""
    if not letters:
        return
    facts = _facts(decision, message, case_id, letters, desk) | ({"ticket_number": f"CS-{cs_id}"} if cs_id is not None else {})
    queued: list[tuple[QueueMail, dict[str, Any]]] = []
    for letter in letters:
        action = letter.action
        effect_key = action.once or f"{cause}:{letter.position}:{action.to}"
        ticket_id = cs_id if action.about_ticket else None
        parent, references = thread_of(action, message, case_id, ticket_id, opened)
        request = {
            "action": asdict(action), "values": _for(action, facts, case_id, at, desk),
            "effect_key": effect_key, "case_id": case_id, "cs_id": ticket_id, "in_reply_to": parent, "references": list(references),
            "date": clock.isoformat(),
        }  # fmt: skip
        row = _composed(request, desk) | {"cause": cause, "effect_key": effect_key, "counted": action.counted, "created_at": clock}
        held = action.held or ("suppressed address: it bounced for good" if undeliverable(action.to) else None)
        if row["state"] == "queued" and held is not None:
            row.update(state="held", detail=held)
        queued.append((action, row))
        if row["request"] is not None and held is None and (action.answer or case_id is not None):
            plain = {"cause": cause, "effect_key": effect_key + outbox.PLAIN, "counted": False, "created_at": clock}
            queued.append((action, _plain(request, desk) | plain))
    for _, row in queued:
        row["next_attempt_at"] = clock
    numbers = insert(Outbox, [row for _, row in queued])
    insert(
        Interaction,
        [
            {
                "direction": "out", "outbox": number, "at": at, "message_id": row["message_id"], "address": row["forward_path"],
                "contact": action.contact_id, "case": case_id, "cs_ticket": cs_id if action.about_ticket else None,
            }
            for number, (action, row) in zip(numbers, queued, strict=True)
        ],
        ids=False,
    )  # fmt: skip


def compose_again(number: int, now: datetime, desk: Desk) -> bool:
    """Render and compose a held row whose template had failed, and queue it. False when it isn't one, or fails again."""
    found = first(Outbox.select(Outbox.request).where((Outbox.id == number) & (Outbox.state == "held") & Outbox.octets.is_null()))
    if found is None or found[0] is None:
        return False
    row = _composed(json.loads(found[0]), desk)
    if row["octets"] is None:
        return False
    Outbox.update(**row | {"state": "queued", "next_attempt_at": now, "request": None, "told": False}).where(Outbox.id == number).execute()
    return True


def _plain(request: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """The row that goes instead of one whose template fails. It asks for nothing, so an answer to it confirms nothing."""
    action = QueueMail(**request["action"] | {"confirms": False})
    found = desk.templates.find(action.template)
    values = {**request["values"], "house_name": desk.house_name, "house_address": desk.house_address}
    rendered = without_template(values, found.variables if found is not None else (), answer=action.answer)
    again = request | {"action": asdict(action), "effect_key": request["effect_key"] + outbox.PLAIN}
    return _composed(again, desk, rendered)


def _composed(request: dict[str, Any], desk: Desk, rendered: Rendered | None = None) -> dict[str, Any]:
    """The columns of an outbox row: composed octets (of `rendered`, else by template), or held with the reason and what to try again."""
    action = QueueMail(**request["action"])
    name = official_name(desk.templates, action.template) if rendered is None else PLAIN
    case_id, cs_id = request["case_id"], request.get("cs_id")
    message_id = desk.signer.message_id(request["effect_key"], case_id, action.contact_id, action.to, cs_id)
    row: dict[str, Any] = {
        "forward_path": action.to, "template": name, "message_id": message_id, "case": case_id,
        "reverse_path": desk.signer.reply_address(case_id, action.contact_id, action.to, "bounce", cs_id), "subject": "", "octets": None,
        "state": "held", "detail": None, "request": None,
    }  # fmt: skip
    kind: ReplyKind = "confirm" if action.confirms else "reply"
    reply_to = desk.signer.reply_address(case_id, action.contact_id, action.to, kind, cs_id)
    number = f"CASE-{case_id}" if case_id is not None else None
    ticket_number = f"CS-{cs_id}" if cs_id is not None else None
    values = request["values"] | {"steps": _addressed(request["values"].get("steps", ()), action, desk)}
    try:
        rendered = rendered or desk.templates.render(
            action.template, _tappable(values, desk.templates.variables(action.template), reply_to),
            answered=lambda subject: subject_line(f"Re: {subject}", number, ticket_number),
        )  # fmt: skip
    except TemplateFailure as failure:
        return row | {"detail": str(failure), "request": json.dumps(request, ensure_ascii=False)}
    envelope = Envelope(
        house_name=desk.house_name, house_address=desk.house_address, to_name=action.name, to_address=action.to, subject=rendered.subject,
        case_number=number, date=datetime.fromisoformat(request["date"]).astimezone(desk.timezone), message_id=message_id,
        in_reply_to=MessageId(request["in_reply_to"]) if request["in_reply_to"] else None,
        references=tuple(MessageId(name) for name in request["references"]),
        reply_to=reply_to,
        auto_submitted="auto-replied" if action.answer else "auto-generated",
        template=row["template"], instance=desk.signer.instance_mark(), ticket_number=ticket_number,
    )  # fmt: skip
    octets = compose(envelope, rendered.text, rendered.html)
    row["subject"] = subject_line(rendered.subject, number, ticket_number)
    if isinstance(octets, BadRecipient):
        return row | {"detail": f"bad recipient: {octets.problem}"}
    return row | {"octets": octets, "state": "queued"}


def official_name(templates: Templates, name: str) -> str:
    """What X-Supportd-Template says: the seed's title of a FAQ or quick reply, else the template's name."""
    found = templates.find(name)
    return (found.title or found.name) if found is not None else name


# --- what templates are told ---------------------------------------------------------------------------------------

SENDER_ONLY = frozenset({"case-received", "unknown-sender"})
"""Templates that speak of nothing but the number: no need to look the case up."""


def _facts(decision: Decision, message: Message | None, case_id: int | None, letters: Sequence[Letter], desk: Desk) -> dict[str, Any]:
    """The variables of the templates, plain data only; README of `templates/` says what each means."""
    values: dict[str, Any] = {
        "house_name": desk.house_name, "house_address": desk.house_address, "case_number": f"CASE-{case_id}" if case_id is not None else "",
        "case_subject": message.subject if message is not None else "",
        "attachments": [a.name for a in message.attachments if not a.inline] if message is not None else [],
    }  # fmt: skip
    if case_id is not None and any(letter.action.template not in SENDER_ONLY for letter in letters):
        values |= _case(case_id)
    for action in decision.actions:
        if isinstance(action, AddComment):
            values |= {"comment": action.text, **_author(action, desk)}
        elif isinstance(action, (MarkBounced, ReportRefusal)):
            values |= _bounce(action, desk)
    return values


OFFERED_TICKETS = 3
"""Of a list: those that the mail offers to say more of."""
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    dict.fromkeys(
        (
            "acknowledged_at", "assignee_name", "author_name", "author_organization", "case_number", "case_subject", "closed_at",
            "comment", "company", "completion_mail", "configuration_date", "contact_block", "contract", "contract_status",
            "customer_address", "customer_name", "day", "deadline", "description", "due_date", "evaluating_days", "evaluation_started",
            "form_file", "form_title", "held_to", "manager_name",
            "next", "organization", "partner", "partner_company", "planned_date", "planned_resolution", "qa_assignee_name", "qa_due_date",
            "queue", "reason", "request_title", "resolution", "sent_at", "sent_to", "submitter_email", "submitter_name", "system",
            "ticket_number", "ticket_summary", "timezone", "undo", "undone", "website", "written_at",
        ),
        "",
    )
    | {name: [] for name in (
        "active_contracts", "answers", "attachments", "cases", "changes", "cleared", "comments", "done", "errors", "fields", "links",
        "matched", "missing_questions", "outstanding", "problems", "quarantined", "renamed_questions", "steps", "suggestions", "tickets",
        "unknown_questions", "verbs", "warnings",
    )}
    | dict.fromkeys(
        (
            "asked_before", "columns", "internal", "no_plan", "permanent", "published", "sent_before", "three_steps", "to_acknowledge",
            "to_close", "to_customer", "to_owner", "to_plan", "unmanned", "unwritten",
        ),
        False,
    )
)  # fmt: skip
"""What a variable is when there is nothing to say."""

VARIABLES = DEFAULTS.keys() | {"house_address", "house_name", "quote_subject", "recipient_name"}
"""All that a template can be told."""


def _for(action: QueueMail, facts: dict[str, Any], case_id: int | None, at: datetime, desk: Desk) -> dict[str, Any]:
    """The variables for one reader, times in their own zone."""
    zone = desk.zone_of(action.contact_id)
    own = dict(action.values)
    values = {**DEFAULTS, **facts, **dict.fromkeys(("written_at", "closed_at", "acknowledged_at"), moment(at, zone))}
    values |= {"recipient_name": action.name, "quote_subject": action.quote_subject}
    values["to_customer"] = action.to in (facts.get("contact_primary"), facts.get("contact_address"))
    if own.get("deadline_at"):
        own["deadline"] = moment(datetime.fromisoformat(str(own["deadline_at"])), zone)
    if action.template == ASSIGNED and case_id is not None and _reads_in_house(action.contact_id):
        if _FITTING not in facts:
            facts[_FITTING] = fitting(case_id, desk.templates)
        own["suggestions"] = facts[_FITTING]
    if action.template == "ticket-list":
        found = tickets(action.contact_id, zone)
        latest = [{"command": f"#status {one['number']}", "form": "", "meaning": one["subject"]} for one in found[:OFFERED_TICKETS]]
        own |= {"tickets": found, "timezone": zone.key, "steps": [*latest, *_but("#list", own)]}
    if action.template == "status":
        own |= status(int(str(own.get("status_of") or case_id or 0)), str(own.get("role", "customer")), zone)
        own["steps"] = _but("#status", own)
    return values | own


ASSIGNED = "case-assigned"
"""The mail that suggests what may fit, to readers of the house alone: what was solved for others is not a partner's affair."""
_FITTING = "_fitting"
"""Among the facts of a decision: looked for once, whoever reads it."""


def _reads_in_house(contact_id: int | None) -> bool:
    found = _KIND_OF.first(contact=contact_id) if contact_id is not None else None
    return found is not None and found[0] == "house"


_KIND_OF = Select(
    lambda contact: (
        Contact.select(Organization.kind).join(Organization, on=(Contact.organization == Organization.id)).where(Contact.id == contact)
    )
)


def _but(command: str, own: Mapping[str, Any]) -> list[Any]:
    """The steps that a mail offers, without the one it is the answer to."""
    return [step for step in own.get("steps", ()) if step["command"] != command]


def _addressed(offered: Sequence[Mapping[str, Any]], action: QueueMail, desk: Desk) -> list[Mapping[str, Any]]:
    """The steps of a mail; one that is `of_case` goes to the signed address of that case, under its subject."""
    found: list[Mapping[str, Any]] = []
    for step in offered:
        number = step.get("of_case")
        if isinstance(number, int):
            address = desk.signer.reply_address(number, action.contact_id, action.to)
            step = {**step, "address": address, "subject": f"Re: {str(step['meaning']).partition(' ')[2]} [CASE-{number}]"}
        found.append(step)
    return found


def _tappable(values: Mapping[str, Any], wanted: Sequence[str], address: str) -> dict[str, Any]:
    """The values that a template wants, every command as a one-tap link to the signed address."""
    return {name: tappable(values[name], address) for name in wanted if name in values}


def _case(case_id: int) -> dict[str, Any]:
    row = _CASE_WORDS(case=case_id)[0]
    return {
        "case_subject": row[0], "description": row[1], "customer_address": row[2] or row[8] or "", "contact_address": row[2],
        "contact_primary": row[8], "customer_name": f"{row[6] or ''} {row[7] or ''}".strip(), "organization": row[3] or "",
        "system": row[4] or "", "partner": row[5] or "", "queue": row[9] or "",
    }  # fmt: skip


_Partner = Organization.alias("partner")
_CASE_WORDS = Select(
    lambda case: (
        Case.select(
            Case.subject, Case.description, Case.contact_address, Organization.name, System.name, _Partner.name, Contact.first_name,
            Contact.last_name, ContactEmail.address, Queue.name,
        )
        .join(Organization, JOIN.LEFT_OUTER, on=(Case.organization == Organization.id))
        .switch(Case)
        .join(System, JOIN.LEFT_OUTER, on=(Case.system == System.id))
        .switch(Case)
        .join(_Partner, JOIN.LEFT_OUTER, on=(Case.partner == _Partner.id))
        .switch(Case)
        .join(Contact, JOIN.LEFT_OUTER, on=(Case.contact == Contact.id))
        .join(ContactEmail, JOIN.LEFT_OUTER, on=(ContactEmail.contact == Contact.id))
        .switch(Case)
        .join(Queue, JOIN.LEFT_OUTER, on=(Case.queue == Queue.id))
        .where(Case.id == case)
        .order_by(ContactEmail.position)
    )
)  # fmt: skip


def _author(action: AddComment, desk: Desk) -> dict[str, str]:
    """Who wrote a comment: the contact's name and organization (our own people's is the house), or the address."""
    row = None
    if action.author_id is not None:
        query = Contact.select(Contact.first_name, Contact.last_name, Organization.name, Organization.kind).join(Organization)
        row = first(query.where(Contact.id == action.author_id))
    if row is None:
        return {"author_name": action.author_address or "", "author_organization": ""}
    name = f"{row[0]} {row[1]}".strip() or action.author_address or ""
    return {"author_name": name, "author_organization": desk.house_name if row[3] == "house" else row[2]}


def _bounce(action: MarkBounced | ReportRefusal, desk: Desk) -> dict[str, Any]:
    row = first(
        Outbox.select(Outbox.template, Outbox.subject, Outbox.sent_at, Contact.first_name, Contact.last_name)
        .join(Interaction, JOIN.LEFT_OUTER, on=(Interaction.outbox == Outbox.id))
        .join(Contact, JOIN.LEFT_OUTER, on=(Interaction.contact == Contact.id))
        .where(Outbox.id == action.outbox_id)
    )
    if row is None:
        raise ValueError(f"there is no outgoing mail {action.outbox_id}")
    return {
        "bounced_template": row[0], "bounced_subject": row[1], "sent_at": moment(row[2], desk.timezone) if row[2] is not None else "",
        "bounced_name": f"{row[3] or ''} {row[4] or ''}".strip(), "bounced_address": action.address, "bounce_reason": action.reason,
        "bounce_status": action.status or "" if isinstance(action, MarkBounced) else "", "permanent": True,
        "unwritten": isinstance(action, ReportRefusal) and action.unwritten,
    }  # fmt: skip
