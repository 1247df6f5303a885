"""Leaves that hold other leaves: TNEF, an opaque S/MIME signature, files written into a text. Pure, total, linear.

One level is opened: what comes out of a container is not opened again.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.parsers import charsets, embedded, parameters, rtf, smime, tnef
from daemon.parsers.limits import ReadLimits
from daemon.parsers.parts import Part, open_octets

TNEF_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
SIGNED_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_OCTETS = "application/octet-stream"
_TYPES = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "txt": "text/plain",
    "csv": "text/csv", "zip": "application/zip", "doc": "application/msword", "xls": "application/vnd.ms-excel",
}  # fmt: skip
"""Types by the ending of a name, for files that come without one."""


def unpacked(parts: tuple[Part, ...], limits: ReadLimits) -> tuple[Part, ...]:
    """The leaves with those in containers in the place of the container, which itself goes once it is empty."""
    found: list[Part] = []
    wordless = not any(part.text and part.text.strip() and not part.filename for part in parts)
    for part in parts:
        if part.content_type in TNEF_TYPES or part.filename.lower() == "winmail.dat":
            stream = tnef.read(part.content)
            found += _from_tnef(part, stream, wordless)
            wordless = wordless and stream is None  # once is enough: rich text is long to read
        elif part.content_type in SIGNED_TYPES:
            found += _from_signature(part, limits)
        elif part.content_type == "text/plain" and part.disposition != "attachment" and not part.filename:
            found += _from_text(part, limits)
        else:
            found.append(part)
    return tuple(found)


def _from_tnef(part: Part, stream: tnef.Tnef | None, wordless: bool) -> list[Part]:
    """The texts and files of the stream; the stream itself stays when there are no files.

    Rich text is read where the mail is `wordless` without it: Outlook writes the same words as plain text, mostly.
    """
    if stream is None:
        return [part]
    text, html = stream.text, stream.html
    if wordless and not text.strip() and not html.strip():
        words = rtf.read(stream.rich)
        text, html = words.text, words.html
    found = [
        _file(part, file.name, file.content, file.content_type, file.content_id or None, parent_type=TNEF_TYPES[0]) for file in stream.files
    ]
    texts = [
        _inner(part, content_type=kind, content=text.encode("utf-8"), text=text, parent_type=TNEF_TYPES[0])
        for kind, text in (("text/plain", text), ("text/html", html))
        if text.strip()
    ]
    return [*texts, *(found or [part])]


def _from_signature(part: Part, limits: ReadLimits) -> list[Part]:
    """The leaves that were signed, before the signature, which stays as it does beside a text that is signed in the clear."""
    octets = smime.signed_content(part.content)
    inner = None if octets is None else open_octets(octets, limits)
    if inner is None or inner.limit is not None:
        return [part]
    return [*(replace(leaf, depth=part.depth + leaf.depth) for leaf in inner.parts), part]


def _from_text(part: Part, limits: ReadLimits) -> list[Part]:
    content, files = embedded.split(part.content)
    if not files:
        return [part]
    text = charsets.decode(content[: limits.html_size], part.parameter("charset"))
    return [
        replace(part, content=content, text=text),
        *(_file(part, charsets.decode(file.name), file.content, parent_type=part.parent_type) for file in files),
    ]


def _file(part: Part, name: str, content: bytes, content_type: str = "", content_id: str | None = None, *, parent_type: str) -> Part:
    filename = parameters.file_name((name,)) or parameters.UNNAMED
    kind = content_type if content_type.count("/") == 1 else _TYPES.get(filename.rpartition(".")[2].lower(), _OCTETS)
    return _inner(
        part,
        content_type=kind,
        content=content,
        filename=filename,
        content_id=content_id,
        disposition="attachment",
        parent_type=parent_type,
        text=charsets.decode(content) if kind.startswith("text/") else None,
    )


def _inner(
    part: Part,
    *,
    content_type: str,
    content: bytes,
    parent_type: str,
    text: str | None,
    filename: str = "",
    content_id: str | None = None,
    disposition: str | None = None,
) -> Part:
    return Part(
        content_type=content_type,
        parameters=(),
        disposition=disposition,
        filename=filename,
        content_id=content_id,
        headers=(),
        content=content,
        text=text,
        depth=part.depth,
        parent_type=parent_type,
        index=part.index,
        alternative=text is not None and disposition is None,
    )
