"""A mail that was passed on: who wrote it, to whom, about what, and how sure that is. Pure, total, linear.

An attached message goes first, then the header that a mail program copied. Nothing here is proof of anything: it is what the sender of
the mail shows, and whether that counts is for the rules to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from daemon.model import AddrSpec, Forward, Message, Trim
from daemon.parsers import addresses, automatic, headers, message, quotedheaders
from daemon.parsers.copiedheader import CopiedHeader, next_header, unquoted
from daemon.parsers.limits import ReadLimits
from daemon.parsers.parts import Opened, Part, attached_messages, open_octets

ATTACHED, LINE, HEADER, SUBJECT = "attached message", "forward line", "copied header", "subject"
"""How a forward is shown."""
NO_HEADER, NO_ADDRESS, SEVERAL_ADDRESSES, SEVERAL_MAILS, BY_A_PROGRAM = (
    "no-header", "no-address", "several-addresses", "several-mails", "by-a-program",
)  # fmt: skip
"""What makes it unsure."""

_MAX_ATTACHED = 5
_MAX_MORE = 10
_MAX_VALUE = 1000
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,255}")
_WHOLE = frozenset(("from", "to", "subject"))


def read(
    opened: Opened, told: Message, trimmed: Sequence[Trim], limits: ReadLimits, own_addresses: frozenset[str]
) -> Forward | None:  # fmt: skip
    """The mail that this one passes on, or None: an answer never does, nor does a mail that shows no other.

    `trimmed` says which rules of quoting spoke: without any of them no header was copied. A header alone, without a mark in the subject
    or a line of the program, is a forward when it is whole and the mail answers no other: else it stands above a quotation.
    """
    mark = headers.subject_mark(told.subject)
    if mark == "reply":
        return None
    attached = attached_messages(opened)
    quotes = bool(trimmed) and not _ENDINGS.issuperset(trim.rule for trim in trimmed)
    shown = _in_place(told, says_so=mark == "forward") if quotes or mark == "forward" else None
    if attached:
        return _attached(attached, shown, limits, own_addresses)
    if shown is None and mark == "forward":
        return Forward(evidence=SUBJECT, doubts=(NO_HEADER,))
    return shown


_ENDINGS = frozenset(("signature", "phone", "html-signature", "disclaimer", "name", "closing"))
"""Rules of quoting that speak of nobody else's words."""


# --- attached ------------------------------------------------------------------------------------------------------


def _attached(parts: Sequence[Part], shown: Forward | None, limits: ReadLimits, own_addresses: frozenset[str]) -> Forward:
    """The one attached message; of several, and of one beside a copied header, all that could be meant."""
    found = [_message(part, limits, own_addresses) for part in parts[:_MAX_ATTACHED]]
    first = found[0]
    others = [*found[1:], *([shown] if shown is not None and shown.author != first.author else [])]
    if not others:
        return first
    named = [one.author for one in others if one.author is not None and one.author != first.author]
    doubts = (*(doubt for doubt in first.doubts if doubt != SEVERAL_MAILS), SEVERAL_MAILS)
    return replace(first, others=tuple(dict.fromkeys(named)), doubts=doubts, text="" if len(found) > 1 else first.text)


def _message(part: Part, limits: ReadLimits, own_addresses: frozenset[str]) -> Forward:
    inner = open_octets(part.content, limits)
    if not inner.headers or inner.limit is not None:
        return Forward(evidence=ATTACHED, doubts=(NO_HEADER,))
    told = message.build(inner, limits)
    doubts = [NO_ADDRESS] if told.author is None else []
    if automatic.recognise(inner, told, own_addresses).is_automatic:
        doubts.append(BY_A_PROGRAM)
    return Forward(
        evidence=ATTACHED, author=told.author, author_name=told.author_name, to_text=told.to_text, subject=told.subject,
        date=told.date.isoformat() if told.date is not None else "", text=told.body.strip(),
        files=tuple(one.name for one in told.attachments if not one.inline), doubts=tuple(doubts),
    )  # fmt: skip


# --- in place ------------------------------------------------------------------------------------------------------


def _in_place(told: Message, *, says_so: bool) -> Forward | None:
    """The mail below the first copied header; None where that stands above a quotation."""
    lines = unquoted(told.body)
    header = next_header(lines, 0, len(lines))
    if header is None:
        return None
    named = _names_a_forward(header.mark)
    whole = header.fields.keys() >= _WHOLE and not header.fields.keys().isdisjoint(("sent", "date"))
    if not (says_so or named or (whole and not told.in_reply_to)):
        return None
    value = header.fields.get("from", "")[:_MAX_VALUE]
    found = _addresses_in(value)
    doubts = [NO_ADDRESS] if not found else [SEVERAL_ADDRESSES] if len(found) > 1 else []
    others = [address for address in _inner(lines, header) if address not in found[:1]]
    if others:
        doubts.append(SEVERAL_MAILS)
    return Forward(
        evidence=LINE if named else HEADER, author=found[0] if len(found) == 1 else None, author_name=_name_in(value),
        to_text=header.fields.get("to", ""), subject=header.fields.get("subject", ""),
        date=header.fields.get("sent") or header.fields.get("date", ""), text="\n".join(lines[header.end :]).strip(),
        others=tuple(dict.fromkeys((*(found if len(found) > 1 else ()), *others))), doubts=tuple(doubts),
    )  # fmt: skip


def _names_a_forward(mark: str) -> bool:
    return bool(mark) and (quotedheaders.is_forward_rule(mark) or quotedheaders.is_forward_start(mark))


def _inner(lines: Sequence[str], header: CopiedHeader) -> list[AddrSpec]:
    """The authors of mails that were themselves passed on in the first: named as such, or with no words of the first above them."""
    found: list[AddrSpec] = []
    for _ in range(_MAX_MORE):
        inner = next_header(lines, header.end, len(lines))
        if inner is None:
            break
        if _names_a_forward(inner.mark) or not any(line.strip() for line in lines[header.end : inner.above]):
            found += _addresses_in(inner.fields.get("from", "")[:_MAX_VALUE])
        header = inner
    return found


def _addresses_in(value: str) -> tuple[AddrSpec, ...]:
    """Every address of a copied field, canonical: `Ada <ada@a.example>`, `Ada [mailto:ada@a.example]`, one written twice."""
    read_ = (addresses.addr_spec(text.rstrip("."))[0] for text in _ADDRESS.findall(value))
    return tuple(dict.fromkeys(address for address in read_ if address is not None))


def _name_in(value: str) -> str:
    """The name before the address, "" where the address is all there is."""
    name = re.split(r"[<\[(]", value, maxsplit=1)[0].strip(" \t\"'*_,;")
    return "" if "@" in name else name
