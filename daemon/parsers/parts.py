"""The door for octets: a mail cut into its header fields and its leaves (RFC 2045, 2046). Total and linear.

One walk over the octets with the open boundaries on a stack: no recursion, no copy of the mail per level, and every
limit is checked before the thing it limits is read. Attached messages are leaves: they are never descended into.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from daemon.parsers import charsets, parameters, transfer
from daemon.parsers.boundaries import Boundaries
from daemon.parsers.headers import Block, read_block
from daemon.parsers.limits import ReadLimits

_EMPTY_LINES = re.compile(rb"[\r\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One leaf.

    `content` has its transfer encoding undone; `text` is set for text/* (at most `html_size` octets of it); `parent_type`
    is the content type of the multipart around it, "" at the root; `index` counts the parts before it there;
    `alternative` says whether a multipart/alternative stands anywhere around it.
    """

    content_type: str
    parameters: tuple[tuple[str, str], ...]
    disposition: str | None
    filename: str
    content_id: str | None
    headers: tuple[tuple[str, str], ...]
    content: bytes = field(repr=False)
    text: str | None
    depth: int
    parent_type: str
    index: int = 0
    alternative: bool = False

    def parameter(self, name: str) -> str | None:
        """The parameter of Content-Type, or None."""
        return _first(self.parameters, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A mail opened: header fields (lower-case name, unfolded raw value, top first) and leaves in document order."""

    headers: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    content_type: str
    parameters: tuple[tuple[str, str], ...]
    defects: tuple[str, ...]
    limit: str | None

    def values(self, name: str) -> tuple[str, ...]:
        """All values of the field (lower-case name), top first."""
        return tuple([value for field_name, value in self.headers if field_name == name])

    def parameter(self, name: str) -> str | None:
        """The parameter of the root's Content-Type, or None."""
        return _first(self.parameters, name)


def open_octets(octets: bytes, limits: ReadLimits) -> Opened:
    """Cut a mail. Never raises; a crossed limit is named in `limit` and what was read before it is kept."""
    if b"\n" not in octets and b"\r" in octets:
        octets = octets.replace(b"\r", b"\n")
    start = _begin(octets)
    walk = _Walk(octets, limits)
    root = walk.block(start)
    content_type, fields = walk.content_type(root, "text/plain")
    walk.read(root, content_type, fields)
    return Opened(
        headers=root.fields,
        parts=tuple(walk.parts),
        content_type=content_type,
        parameters=fields,
        defects=tuple(dict.fromkeys(walk.defects)),
        limit=walk.limit,
    )


def _begin(octets: bytes) -> int:
    """Where the header begins: behind a byte order mark and behind empty lines, if a field follows them."""
    start = 3 if octets.startswith(b"\xef\xbb\xbf") else 0
    empty = _EMPTY_LINES.match(octets, start)
    assert empty is not None
    stop = empty.end()
    line = octets[stop : stop + 80].partition(b"\n")[0]
    return stop if stop > start and b":" in line and b" " not in line.partition(b":")[0] else start


class _Walk:
    def __init__(self, octets: bytes, limits: ReadLimits) -> None:
        self.octets = octets
        self.limits = limits
        self.parts: list[Part] = []
        self.defects: list[str] = []
        self.limit: str | None = None
        self.boundaries = Boundaries(octets)
        self.count = 0

    def block(self, start: int) -> Block:
        limits = self.limits
        block = read_block(
            self.octets,
            start,
            max_block=limits.header_block,
            max_count=limits.header_count,
            max_size=limits.header_size,
            is_delimiter=self.boundaries.is_delimiter if self.boundaries.stack else None,
        )
        self.defects += block.defects
        self.limit = self.limit or block.limit
        return block

    def content_type(self, block: Block, default: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        value = _last(block.fields, "content-type")
        if value is None:
            return default, ()
        name, fields = parameters.read(value, self.limits.rfc2231_pieces)
        main, slash, sub = name.partition("/")
        if not slash or not main or not sub:
            self.defects.append("content-type-malformed")
            return ("text/plain" if main in ("", "text") else "text/html" if main == "html" else default), fields
        return name, fields

    def read(self, root: Block, content_type: str, fields: tuple[tuple[str, str], ...]) -> None:
        """The walk: from delimiter to delimiter, each one opens a leaf or a multipart, or closes multiparts."""
        block, body, boundaries = root, root.body, self.boundaries
        while self.limit is None:
            self.count += 1
            if self.count > self.limits.mime_parts:
                self.limit = "mime_parts"
                return
            if boundaries.stack:
                boundaries.stack[-1].parts += 1
            is_multipart = content_type.startswith("multipart/") and self.push(block, content_type, fields)
            delimiter = boundaries.next(body)
            if not is_multipart and self.limit is None:
                self.add_leaf(block, content_type, fields, body, delimiter.end)
            while delimiter.closing:
                boundaries.close(delimiter.level)
                delimiter = boundaries.next(delimiter.after)
            if delimiter.level < len(boundaries.stack) - 1:
                self.defects.append("multipart-unclosed")
            if delimiter.level < 0:
                return
            boundaries.close(delimiter.level + 1)
            block = self.block(delimiter.after)
            body = block.body
            digest = boundaries.stack[-1].content_type == "multipart/digest"
            content_type, fields = self.content_type(block, "message/rfc822" if digest else "text/plain")

    def push(self, block: Block, content_type: str, fields: tuple[tuple[str, str], ...]) -> bool:
        """Open a multipart whose boundary stands below; otherwise its body is a leaf."""
        boundary = (_first(fields, "boundary") or "").rstrip()
        if len(boundary) > self.limits.boundary:
            self.limit = "boundary"
            return False
        if len(self.boundaries.stack) >= self.limits.mime_depth:
            self.limit = "mime_depth"
            return False
        if not boundary:
            self.defects.append("boundary-missing")
            return False
        if self.boundaries.open(boundary.encode("utf-8", "replace"), content_type, block.body):
            return True
        self.defects.append("boundary-not-found")
        return False

    def add_leaf(self, block: Block, content_type: str, fields: tuple[tuple[str, str], ...], start: int, end: int) -> None:
        if content_type.startswith("multipart/"):
            content_type = "text/plain"
        encoding = (_last(block.fields, "content-transfer-encoding") or "").partition(";")[0].strip(" \t\"'").lower()
        if not transfer.is_known(encoding):
            encoding = encoding.partition(" ")[0]
            if not transfer.is_known(encoding):
                self.defects.append("transfer-encoding-unknown")
        content = transfer.undo(self.octets[start:end], encoding)
        text = None
        if content_type.startswith("text/"):
            charset = _first(fields, "charset")
            if charset and not charsets.is_known(charset):
                self.defects.append("charset-unknown")
            cut = content
            if len(content) > self.limits.html_size:
                cut = content[: self.limits.html_size]
                self.defects.append("text-cut")
            text = charsets.decode(cut, charset, charsets.of_html(cut) if content_type == "text/html" else None)
        disposition_value = _last(block.fields, "content-disposition")
        disposition, given = (None, ()) if disposition_value is None else parameters.read(disposition_value, self.limits.rfc2231_pieces)
        content_id = _last(block.fields, "content-id")
        around = self.boundaries.stack
        self.parts.append(
            Part(
                content_type=content_type,
                parameters=fields,
                disposition=disposition or None,
                filename=parameters.file_name((_first(given, "filename"), _first(fields, "name"), _first(given, "name"))),
                content_id=None if content_id is None else content_id.strip("<> \t") or None,
                headers=block.fields,
                content=content,
                text=text,
                depth=len(around),
                parent_type=around[-1].content_type if around else "",
                index=around[-1].parts - 1 if around else 0,
                alternative=any(multipart.content_type == "multipart/alternative" for multipart in around),
            )
        )


def _first(pairs: tuple[tuple[str, str], ...], name: str) -> str | None:
    for key, value in pairs:
        if key == name:
            return value
    return None


def _last(pairs: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Of a MIME field that stands there twice the last one counts, as for most readers."""
    found = None
    for key, value in pairs:
        if key == name:
            found = value
    return found


def attached_messages(opened: Opened) -> list[Part]:
    """The messages attached to a mail (RFC 2046 section 5.2.1), also those under the type of any file."""
    if opened.limit is not None:
        return []
    return [
        part
        for part in opened.parts
        if part.content_type in ("message/rfc822", "message/global")
        or (part.content_type in ("application/octet-stream", "message/partial") and part.filename.lower().endswith(".eml"))
    ]
