"""A mail that was forwarded in place: the header that the mail program copied above it. Pure, total, linear.

Gmail and Apple write a line that says so, Outlook only copies the fields, in the language of whoever forwards.
"""

from __future__ import annotations

from collections.abc import Sequence

from daemon.model import AddrSpec, ForwardedInline
from daemon.parsers import addresses, quotedheaders

_MAX_FIELDS = 16
_MAX_BETWEEN = 3
"""Lines between a copied header and another one inside it: more than that is the text of the first."""
_DEPTH = 8
_MAX_LABEL = 32


def read_inline(body: str) -> ForwardedInline | None:
    """The innermost forwarded mail of a text, or None.

    Only headers directly behind one another are followed inward: further down somebody may have pasted one into an answer.
    """
    lines = [_unquoted(line) for line in body.split("\n")] if "\n>" in body else body.split("\n")
    begin = _next_block(lines, 0, len(lines))
    if begin is None:
        return None
    comment = "\n".join(lines[: begin[0]]).strip()
    fields, end = _read_block(lines, begin[1])
    marked = begin[0] != begin[1]
    for _ in range(_DEPTH):
        inner = _next_block(lines, end, min(len(lines), end + 3 * _MAX_BETWEEN))
        if inner is None or sum(1 for line in lines[end : inner[0]] if line.strip()) > _MAX_BETWEEN:
            break
        deeper, after = _read_block(lines, inner[1])
        fields, end, marked = {"reply-to": "", **deeper}, after, marked or inner[0] != inner[1]
    authors = addresses.tolerant_addresses([fields.get("from", "")], 2)
    return ForwardedInline(
        marked=marked,
        subject=fields.get("subject", ""),
        author=authors[0] if len(authors) == 1 else None,
        reply_to=_addresses(fields.get("reply-to", "")),
        comment=comment,
        text="\n".join(lines[end:]).strip("\n"),
    )


def _unquoted(line: str) -> str:
    """Apple marks what it forwards in plain text as quoted."""
    return line.lstrip("> ") if line.startswith(">") else line


def _addresses(value: str) -> tuple[AddrSpec, ...]:
    return addresses.tolerant_addresses([value], 10) if value else ()


def _next_block(lines: Sequence[str], start: int, stop: int) -> tuple[int, int] | None:
    """(where the words above end, where the copied header begins) of the next forwarded mail."""
    for index in range(start, stop):
        text = lines[index].strip()
        if not text:
            continue
        says_so = quotedheaders.is_original_rule(text) or quotedheaders.is_forward_start(text)
        if says_so:
            following = index + 1
            while following < len(lines) and following <= index + 3 and not lines[following].strip():
                following += 1
            if following < len(lines) and quotedheaders.is_block(lines, following, 2):
                return index, following
        elif quotedheaders.field_kind(text) == "from" and quotedheaders.is_block(lines, index):
            above = index
            while above > start and (not lines[above - 1].strip() or quotedheaders.is_rule(lines[above - 1].strip())):
                above -= 1
            return above if above < index and any(lines[i].strip() for i in range(above, index)) else index, index
    return None


def _read_block(lines: Sequence[str], start: int) -> tuple[dict[str, str], int]:
    """The fields of a copied header by their kinds, and the line behind it."""
    fields: dict[str, str] = {}
    kind = ""
    index = start
    while index < min(len(lines), start + _MAX_FIELDS):
        text = lines[index].strip()
        if not text:
            following = lines[index + 1].strip() if index + 1 < len(lines) else ""
            if len(fields) < 3 and following and quotedheaders.field_kind(following):
                index += 1
                continue
            break
        found = quotedheaders.field_kind(text)
        if found is not None and found not in fields:
            kind = found
            fields[kind] = text[_colon(text) + 1 :].strip(" *_\t\xa0")
        elif found is not None or not kind:
            break
        elif not 0 < _colon(text) < _MAX_LABEL:  # folded; other fields (Importance) are left out
            fields[kind] = f"{fields[kind]} {text}"
        index += 1
    return fields, index


def _colon(text: str) -> int:
    places = [place for place in (text.find(":"), text.find("：")) if place >= 0]
    return min(places, default=-1)
