"""The answer of `explain`: what a mail says, what was concluded, what is done, and why; as plain data."""

from __future__ import annotations

from typing import Any

from daemon.model import Kind, Message, Reading
from daemon.reader import ReadFailure

PERSONAL = frozenset({Kind.TICKET.value, Kind.REPLY.value, Kind.COMMAND.value, Kind.LIST.value})

KEYS = (
    "mail", "failed", "kind", "automatic", "bounce", "reason", "from", "trust", "case", "new_text", "trimmed", "commands", "natural",
    "comment", "errors", "warnings", "form", "actions", "mails",
)  # fmt: skip
"""Keys of every answer, in their order; more follow them."""


def explained(reading: Reading, record: dict[str, Any]) -> dict[str, Any]:
    """The whole answer: the reading is of the octets, the record is of the decision (made now, or when the mail was done)."""
    message = reading.message
    personal = record["kind"] in PERSONAL
    return {
        "mail": mail_facts(message),
        "failed": None,
        "kind": record["kind"],
        "automatic": {
            "is": reading.automatic.is_automatic, "may_answer": reading.automatic.may_answer, "why": reading.automatic.why,
        },
        "bounce": {
            "recipients": [
                {"address": r.address, "status": r.status, "permanent": r.permanent, "reason": r.reason} for r in reading.bounce.recipients
            ]
        } if reading.bounce else None,
        "reason": record["reason"],
        "from": message.author,
        "trust": record["trust"],
        "case": record["case"],
        "new_text": reading.new_text,
        "trimmed": [{"rule": trim.rule, "lines": trim.lines} for trim in reading.trimmed],
        "commands": record.get("commands", []),
        "natural": record.get("natural", False),
        "comment": _comment(reading, record, personal=personal),
        "errors": record.get("errors", []),
        "warnings": record.get("warnings", []),
        "form": record.get("form"),
        "actions": record["actions"],
        "mails": record["mails"],
        "outcome": record["outcome"],
        "detail": record["detail"],
        "gates": record["gates"],
        "forward": record.get("forward"),
    }  # fmt: skip


def _comment(reading: Reading, record: dict[str, Any], *, personal: bool) -> str:
    """The words outside all commands; of a person's mail that was not searched for any, all new words."""
    said = record.get("comment")
    return said if isinstance(said, str) else reading.new_text.strip() if personal else ""


def unread(failure: ReadFailure) -> dict[str, Any]:
    """The answer for a mail that the parser child died on."""
    return dict.fromkeys(KEYS) | {"failed": f"{failure.cause}: {failure.detail}"}


def without_octets(facts: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """The answer for a mail whose octets were deleted because of its age: the decision, and of the mail what is kept of every mail."""
    nothing = {"new_text": "", "trimmed": [], "commands": [], "natural": False, "errors": [], "warnings": []}
    of_mail = {"mail": dict.fromkeys(MAIL_KEYS) | facts, "from": facts["from"], "comment": record.get("comment") or ""}
    return {**dict.fromkeys(KEYS), **nothing, **record, **of_mail}


MAIL_KEYS = ("message_id", "subject", "from", "to", "reply_to", "date", "body", "html", "attachments", "defects")
"""What is said of a mail."""


def mail_facts(message: Message) -> dict[str, Any]:
    """What the mail itself says."""
    return {
        "message_id": message.message_id, "subject": message.subject, "from": message.from_text, "to": message.to_text,
        "reply_to": message.reply_to_text or None, "date": message.date, "body": message.body, "html": message.html,
        "attachments": [
            {"name": a.name, "content_type": a.content_type, "size": a.size, "sha256": a.sha256, "inline": a.inline}
            for a in message.attachments
        ],
        "defects": list(message.defects),
    }  # fmt: skip
