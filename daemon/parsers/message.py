"""RFC 5322/MIME octets, once opened, as a `Message`: what a person would read and what the rules ask for.

Pure and linear. Identity is read by `addresses.strict_author` alone; everything else here is for people.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from daemon.model import AddrSpec, Attachment, Message, MessageId
from daemon.parsers import addresses, attachments, authresults, containers, headers
from daemon.parsers.htmltext import shown_text
from daemon.parsers.limits import ReadLimits
from daemon.parsers.parts import Opened, Part
from daemon.parsers.words import decode_words

_RECIPIENT_FIELDS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
_SHOWN_FIELD = 16 * 1024


def build(opened: Opened, limits: ReadLimits) -> Message:
    """The message. A mail that crossed a limit gets its header fields only."""
    first: dict[str, str] = {}
    every: dict[str, list[str]] = {}
    for name, value in opened.headers:
        first.setdefault(name, value)
        every.setdefault(name, []).append(value)

    def shown(name: str) -> str:
        return decode_words(", ".join(every.get(name, ()))[:_SHOWN_FIELD]).strip()

    author, author_name, problem = addresses.strict_author(tuple(every.get("from", ())), limits.identity_size)
    ids = headers.message_ids(every.get("message-id", ())[:1], 1)
    moment = headers.date(first.get("date", ""))
    from_text = shown("from")
    subject = decode_words(first.get("subject", "")).strip()
    if opened.limit is None:
        body, hidden, html, kept, defects = _content(opened.parts, limits)
    else:
        body, hidden, html, kept, defects = "", 0, None, (), ()
    recipients = [value for name in _RECIPIENT_FIELDS for value in every.get(name, ())]
    return Message(
        message_id=ids[0] if ids else None,
        in_reply_to=headers.message_ids(every.get("in-reply-to", ()), limits.references),
        references=headers.message_ids(every.get("references", ()), limits.references),
        subject=subject,
        base_subject=headers.base_subject(subject),
        date=moment,
        author=author,
        author_name=author_name,
        author_problem=problem,
        from_text=from_text,
        to_text=shown("to"),
        cc_text=shown("cc"),
        reply_to_text=shown("reply-to"),
        recipients=addresses.tolerant_addresses(recipients, limits.addresses),
        reply_to=addresses.tolerant_addresses(every.get("reply-to", ()), limits.addresses),
        authentication_results=authresults.read_fields(opened.headers) if "authentication-results" in first else (),
        body=body,
        hidden=hidden,
        html=html,
        attachments=kept,
        defects=(*opened.defects, *defects),
        limit=opened.limit,
        identity=identity(author, from_text, ids[0] if ids else None, moment, first.get("date", ""), body),
    )


def identity(author: AddrSpec | None, from_text: str, message_id: MessageId | None, moment: datetime | None, date: str, body: str) -> str:
    """The digest that two deliveries of one mail share, whatever the servers on their ways did to the header."""
    when = moment.isoformat() if moment is not None else date
    words = " ".join(body.split())
    told = "\0".join((author or from_text, message_id or "", when, words))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _content(parts: tuple[Part, ...], limits: ReadLimits) -> tuple[str, int, str | None, tuple[Attachment, ...], tuple[str, ...]]:
    parts = containers.unpacked(parts, limits)
    body, html, taken = attachments.texts(parts)
    hidden = 0
    defects: list[str] = []
    if html is not None and not body.strip():
        body, hidden = shown_text(html, limits.html_size, limits.html_depth)
    body, cut = bounded(body, limits)
    if cut:
        defects.append("body-cut")
    kept, left_out = attachments.collect(parts, taken, html, limits)
    return body, hidden, html, kept, (*defects, *left_out)


def bounded(text: str, limits: ReadLimits) -> tuple[str, bool]:
    r"""The text with \n as its line end, cut to the limits, and whether anything was cut.

    A long line is cut and never broken in two: its rest must not become a line of its own, where a keyword would count.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    cut = len(text) > limits.body_text
    if cut:
        text = text[: limits.body_text]
    lines = text.split("\n")
    if len(lines) > limits.body_lines:
        lines = lines[: limits.body_lines]
        cut = True
    if max(map(len, lines)) > limits.line_length:
        lines = [line[: limits.line_length] for line in lines]
        cut = True
    return ("\n".join(lines) if cut else text), cut
