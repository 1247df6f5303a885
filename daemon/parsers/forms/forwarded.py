"""A form's mail that was forwarded in place: what stands behind the header that the mail program copied. Pure, total, linear."""

from __future__ import annotations

from daemon.model import AddrSpec, ForwardedInline
from daemon.parsers import addresses
from daemon.parsers.copiedheader import next_header, unquoted

_MAX_BETWEEN = 3
"""Lines between a copied header and another one inside it: more than that is the text of the first."""
_DEPTH = 8


def read_inline(body: str) -> ForwardedInline | None:
    """The innermost forwarded mail of a text, or None.

    Only headers directly behind one another are followed inward: further down somebody may have pasted one into an answer.
    """
    lines = unquoted(body)
    header = next_header(lines, 0, len(lines))
    if header is None:
        return None
    comment = "\n".join(lines[: header.above]).strip()
    fields, end, marked = dict(header.fields), header.end, header.marked
    for _ in range(_DEPTH):
        inner = next_header(lines, end, min(len(lines), end + 3 * _MAX_BETWEEN))
        if inner is None or sum(1 for line in lines[end : inner.above] if line.strip()) > _MAX_BETWEEN:
            break
        fields, end, marked = {"reply-to": "", **inner.fields}, inner.end, marked or inner.marked
    authors = addresses.tolerant_addresses([fields.get("from", "")], 2)
    return ForwardedInline(
        marked=marked,
        subject=fields.get("subject", ""),
        author=authors[0] if len(authors) == 1 else None,
        reply_to=_addresses(fields.get("reply-to", "")),
        comment=comment,
        text="\n".join(lines[end:]).strip("\n"),
    )


def _addresses(value: str) -> tuple[AddrSpec, ...]:
    return addresses.tolerant_addresses([value], 10) if value else ()
