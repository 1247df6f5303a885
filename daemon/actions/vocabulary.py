"""The closed union of actions: plain data, no effects.

A reading requests, a decision grants, `apply` does. Actions carry no case: they mean the decision's case, or the one
that `OpenCase` of the same decision opened.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterContact:
    """Make a contact under an existing organization, role customer. It becomes the Name of the mail."""

    address: str
    first_name: str
    last_name: str
    organization_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Open a case. Owner is exactly one of contact and queue; None for both means the default queue is not set up."""

    type: str
    subject: str
    description: str
    origin: str
    organization_id: int | None
    contact_id: int | None
    """None with `contact_address` set: a stranger, or the contact that RegisterContact of this decision makes."""
    contact_address: str | None
    system_id: int | None
    partner_id: int | None
    owner_id: int | None
    queue_id: int | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddComment:
    """Append a comment. Not public: only the house sees it. `moves` says whether Last Update moves."""

    text: str
    public: bool
    author_id: int | None
    author_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepNote:
    """Keep words of somebody who isn't believed as a note that only the house sees, with the reason written on it."""

    text: str
    why: str
    author_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAttachments:
    """Put the mail's attachments on the case."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkBounced:
    """Mark an outgoing mail as bounced."""

    outbox_id: int
    address: str
    status: str | None
    permanent: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRefusal:
    """Note on the case that the relay refused a mail of ours for good."""

    outbox_id: int
    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMail:
    """Queue one mail to one person. `answer` marks an automatic answer to the sender (Auto-Submitted: auto-replied)."""

    template: str
    to: str
    contact_id: int | None
    name: str
    answer: bool
    counted: bool
    """Counts against the daily rate of automatic answers to one address (interface section 7)."""
    quote_subject: bool
    """Whether the case's or mail's subject may be repeated: only to people we know (threat T24)."""
    held: str | None = None
    """The limit's name when a limit stops it: the row is written, visible and releasable, but not sent."""


Action = RegisterContact | OpenCase | AddComment | KeepNote | KeepAttachments | MarkBounced | ReportRefusal | QueueMail

VERBS: dict[type, str] = {
    RegisterContact: "register-contact",
    OpenCase: "open-case",
    AddComment: "comment",
    KeepNote: "keep-note",
    KeepAttachments: "keep-attachments",
    MarkBounced: "mark-bounced",
    ReportRefusal: "report-refusal",
    QueueMail: "queue-mail",
}
"""The name of each action in `explain` and in the log of a case."""


def verb(action: Action) -> str:
    """The action's name for people and scripts."""
    return VERBS[type(action)]


def payload(action: Action) -> str:
    """The action as JSON, for the log of a case; long words are named by their digest, which `audit` compares."""
    facts = {name: getattr(action, name) for name in type(action).__dataclass_fields__}
    for name in ("text", "description"):
        if name in facts:
            facts[name] = {"sha256": hashlib.sha256(facts[name].encode()).hexdigest(), "length": len(facts[name])}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
