"""One mail to one person, as octets (RFC 5322, 2045-2047): it threads, it says what it is, and it can't loop. Pure.

Put together by hand, because the standard library takes ten times as long and spoils long Message-IDs. Nothing but
`compose` writes header fields, and whatever a value holds, the set of fields stays the same.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from daemon.errors import Permanent
from daemon.mail.encodedwords import one_line, phrase, unstructured
from daemon.model import AddrSpec, MessageId
from daemon.parsers.addresses import addr_spec

AutoSubmitted = Literal["auto-replied", "auto-generated"]
"""RFC 3834 section 5: an answer to a mail, or a mail that no mail asked for."""

LINE_OCTETS = 998
"""Without its CRLF (RFC 5322 section 2.1.1)."""
FOLD_OCTETS = 78
SUBJECT_SIGNS = 200
NAME_SIGNS = 100
REFERENCES = 20
"""The first id of a thread and its last ones."""

_ID = re.compile(r"<[!-;=?-~]{1,995}>")
_BLOCK = re.compile(r"(?:[!-9;-~]+:[ -~]*\r\n(?: [ -~]*\r\n)*)+")
_FIELD_NAME = re.compile(r"^([!-9;-~]+):", re.MULTILINE)
_REPLIES = re.compile(r"(?:re:\s*)+", re.IGNORECASE)
_CONTROLS = bytes([*range(9), *range(11, 32), 127])
_BLANKED = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
_QUOTED = bytes([ord("="), *range(128, 256)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The fields of a mail that leaves, as plain values (what IMAP calls the envelope, RFC 9051 section 2.3.5).

    `date` is aware. `case_number` ("CASE-1001") is put at the end of the subject, or instead `ticket_number` ("CS-1") at
    its beginning. `auto_submitted` is None only when a person wrote the words.
    """

    house_name: str
    house_address: AddrSpec
    to_name: str
    to_address: str
    subject: str
    case_number: str | None
    date: datetime
    message_id: MessageId
    in_reply_to: MessageId | None
    references: tuple[MessageId, ...]
    reply_to: AddrSpec
    auto_submitted: AutoSubmitted | None
    template: str
    instance: str
    ticket_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRecipient:
    """The mail can't be written: the recipient is no strict addr-spec. `problem` is the word of `parsers.addresses`."""

    address: str
    problem: str


def compose(envelope: Envelope, text: str, html: str) -> bytes | BadRecipient:
    """The whole message: pure ASCII, CRLF only, lines of at most 998 octets, the same arguments the same octets.

    `text` and `html` are the two parts of multipart/alternative (RFC 2046 section 5.1.4), lines ended by any of LF,
    CRLF and CR; controls in them become spaces. Message-IDs stand unbroken; one that can't is left out.
    Raises Permanent when the header block is not what was meant, which no value may bring about.
    """
    recipient, problem = addr_spec(envelope.to_address)
    if recipient is None:
        return BadRecipient(address=envelope.to_address, problem=problem or "no-address")
    fields = [
        ("From", _mailbox(envelope.house_name, envelope.house_address)),
        ("To", _mailbox(envelope.to_name, recipient)),
        ("Subject", unstructured(subject_line(envelope.subject, envelope.case_number, envelope.ticket_number), len("Subject: "))),
        ("Date", format_datetime(envelope.date)),
        ("Message-ID", envelope.message_id),
    ]
    if envelope.in_reply_to and _ID.fullmatch(envelope.in_reply_to):
        fields.append(("In-Reply-To", _folded_ids([envelope.in_reply_to], len("In-Reply-To: "))))
    references = _references(envelope.references, envelope.in_reply_to)
    if references:
        fields.append(("References", _folded_ids(references, len("References: "))))
    fields.append(("Reply-To", envelope.reply_to))
    if envelope.auto_submitted is not None:
        fields.append(("Auto-Submitted", envelope.auto_submitted))
    boundary, parts = _alternative(envelope.message_id, text, html)
    fields += [
        ("X-Auto-Response-Suppress", "All"),
        ("X-Supportd-Instance", envelope.instance),
        ("X-Supportd-Template", unstructured(one_line(envelope.template)[:NAME_SIGNS], len("X-Supportd-Template: "))),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    head = "".join([f"{name}: {value}\r\n" for name, value in fields])
    if _BLOCK.fullmatch(head) is None or _FIELD_NAME.findall(head) != [name for name, _ in fields]:
        raise Permanent(f"the fields of {envelope.message_id!r} are not those that were written")
    return f"{head}\r\n{parts}".encode("ascii")


def subject_line(subject: str, case_number: str | None, ticket_number: str | None = None) -> str:
    """The subject as people read it: one line, at most 200 signs, one "Re:", the case's number once and at the end.

    A CS ticket's number stands at the beginning instead, before everything.

    >>> subject_line("Re: RE: [case-7] No light", "CASE-7")
    'Re: No light [CASE-7]'
    >>> subject_line("Re: [CS-1] A new partner [CASE-7]", "CASE-7", "CS-1")
    '[CS-1] A new partner'
    """
    text = one_line(subject)
    for number in (case_number, ticket_number):
        if number is not None:
            text = " ".join(re.sub(rf"\[\s*{re.escape(number)}\s*\]", " ", text, flags=re.IGNORECASE).split())
    answers = _REPLIES.match(text)
    if answers is not None and (answers.end() > 4 or ticket_number is not None):
        text = ("" if ticket_number is not None else "Re: ") + text[answers.end() :].rstrip()
    number = ticket_number or case_number
    tag = f"[{number}]" if number is not None else ""
    room = SUBJECT_SIGNS - len(tag) - 1
    if len(text) > room:
        text = text[: room - 1].rstrip() + "\u2026"
    return (f"{tag} {text}" if ticket_number is not None else f"{text} {tag}").strip()


def _mailbox(name: str, address: str) -> str:
    shown = one_line(name)[:NAME_SIGNS].strip()
    if not shown:
        return address
    written = phrase(shown)
    fits = len("From: ") + len(written) + len(address) + 3 <= FOLD_OCTETS
    return f"{written} <{address}>" if fits else f"{written}\r\n <{address}>"


def _references(references: Sequence[str], parent: str | None) -> list[str]:
    """The thread's ids, oldest first, without repeats, ending in the parent (RFC 5322 section 3.6.4)."""
    ids = dict.fromkeys(one for one in references if one != parent and _ID.fullmatch(one))
    if parent and _ID.fullmatch(parent):
        ids[parent] = None
    kept = list(ids)
    return kept if len(kept) <= REFERENCES else [kept[0], *kept[1 - REFERENCES :]]


def _folded_ids(ids: Sequence[str], used: int) -> str:
    lines = [ids[0]] if used + len(ids[0]) <= LINE_OCTETS else ["", ids[0]]
    used += len(ids[0])
    for one in ids[1:]:
        if used + 1 + len(one) > FOLD_OCTETS:
            lines.append(one)
            used = len(one) + 1
        else:
            lines[-1] += f" {one}"
            used += len(one) + 1
    return "\r\n ".join(lines)


def _alternative(message_id: str, text: str, html: str) -> tuple[str, str]:
    """The boundary, made from the Message-ID, and the body it divides (RFC 2046 section 5.1)."""
    plain, rich = _part("text/plain", text), _part("text/html", html)
    seed = message_id
    while True:
        boundary = "=_" + hashlib.sha256(seed.encode("ascii", "replace")).hexdigest()[:32]
        if boundary not in plain and boundary not in rich:
            break
        seed = boundary
    return boundary, f"--{boundary}\r\n{plain}\r\n--{boundary}\r\n{rich}\r\n--{boundary}--\r\n"


def _part(content_type: str, text: str) -> str:
    encoding, body = _encoded(text)
    return f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"


def _encoded(text: str) -> tuple[str, str]:
    """The transfer encoding that suits a text, and the text in it, lines ended by CRLF (RFC 2045 section 6)."""
    octets = _octets(text)
    escaped = len(octets) - len(octets.translate(None, _QUOTED))
    # A line of one dot, which ends the mail for a careless relay (VU#302671), is never on the wire: quoted, it is =2E.
    if octets.isascii() and max(map(len, octets.split(b"\n"))) <= LINE_OCTETS and b"\n.\n" not in b"\n" + octets:
        return "7bit", octets.decode("ascii").replace("\n", "\r\n")
    if escaped * 6 > len(octets):  # three octets each: base64's 4 for 3 is shorter from a sixth on
        signs = binascii.b2a_base64(octets.replace(b"\n", b"\r\n"), newline=False).decode("ascii")
        return "base64", "\r\n".join([signs[at : at + 76] for at in range(0, len(signs), 76)]) + "\r\n"
    return "quoted-printable", binascii.b2a_qp(octets, istext=True).decode("ascii").replace("\n", "\r\n")


def _octets(text: str) -> bytes:
    """UTF-8, lines ended by LF, the last one too, without NUL and other controls."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.endswith("\n"):
        text += "\n"
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate
        octets = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")
    return octets if len(octets.translate(None, _CONTROLS)) == len(octets) else octets.translate(_BLANKED)
