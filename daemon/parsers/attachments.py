"""Which leaves are the text and which are attachments (after RFC 8621 section 4.1.4), and what to call an unnamed one."""

from __future__ import annotations

import hashlib
import re

from daemon.model import Attachment
from daemon.parsers import headers, parameters
from daemon.parsers.limits import ReadLimits
from daemon.parsers.parts import Part
from daemon.parsers.words import decode_words

_NAMES = {
    "text/plain": "document.txt",
    "text/html": "document.html",
    "text/calendar": "calendar.ics",
    "text/csv": "document.csv",
    "text/rfc822-headers": "headers.txt",
    "application/pdf": "document.pdf",
    "application/pgp-signature": "signature.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/ms-tnef": "winmail.dat",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/feedback-report": "feedback-report.txt",
    "image/jpeg": "image.jpg",
    "image/jpg": "image.jpg",
    "image/png": "image.png",
    "image/gif": "image.gif",
    "image/bmp": "image.bmp",
    "image/tiff": "image.tif",
    "image/svg+xml": "image.svg",
    "video/quicktime": "video.mov",
    "video/mp4": "video.mp4",
    "audio/mpeg": "audio.mp3",
    "audio/wav": "audio.wav",
}
_MEDIA = ("image/", "audio/", "video/")
_HEADER_OF_ATTACHED = 64 * 1024
_REFERENCE = re.compile(r"""["'(=\s]cid:([^"'()<>\s]{1,300})""", re.IGNORECASE)
_ENRICHED = ("text/enriched", "text/richtext")
_OTHER_FORMS = (*_ENRICHED, "text/markdown", "text/x-markdown", "text/x-amp-html", "text/watch-html")
"""The same words once more, for programs that know the form; never a file."""
_ENRICHED_MARK = re.compile("</?[A-Za-z-]{1,60}>")
_BROKEN_TO_FIT = re.compile("([\u3040-\u30ff\u3400-\u9fff\uff00-\uffef]) \r?\n(?=[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef])")
_BROKEN_IN_A_WORD = re.compile(r"(?<!\S)(\S{40,}) \r?\n(?=\S)")
"""A long word, mostly an address of the web, cut at the edge of the line. Short ones stay apart: not every program that claims DelSp
writes two blanks between words."""
_NAME_IN_ID = re.compile(r"([^@]{1,100}\.[A-Za-z0-9]{2,5})@")


def is_text(part: Part) -> bool:
    """Whether the leaf is text to be read in the mail itself: plain or HTML, not marked or named as a file.

    The first part of a multipart stays text even if it has a name; a later one inside multipart/related never is.
    """
    if part.content_type not in ("text/plain", "text/html") or part.disposition == "attachment":
        return False
    return part.index == 0 or (part.parent_type != "multipart/related" and not part.filename)


def texts(parts: tuple[Part, ...]) -> tuple[str, str | None, frozenset[int]]:
    """(plain text, HTML or None, positions of the leaves that are the text and no attachments).

    The first plain text and the first HTML are taken, each with its continuation: Apple Mail cuts a text at every picture
    and file put into it. Plain text that follows HTML without being its alternative (the footer of a mailing list) is not
    the text of the mail. Further texts, unless blank or another alternative of the same words, stay attachments.
    """
    plain: list[int] = []
    rich: list[int] = []
    taken: set[int] = set()
    for position, part in enumerate(parts):
        if part.alternative and _is_other_form(part):
            taken.add(position)
        if not is_text(part) or part.text is None:
            continue
        blank = not part.text.strip()
        if part.alternative or blank:
            taken.add(position)
        if part.content_type == "text/html" and not rich and not blank:
            rich = _with_continuation(parts, position)
        elif part.content_type == "text/plain" and not plain and not blank and (part.alternative or not rich):
            plain = _with_continuation(parts, position)
    taken.update(plain, rich)
    if not plain and not rich:
        plain, rich = _root_of_related(parts)
        plain = plain or [position for position, part in enumerate(parts) if not rich and _is_other_form(part)][:1]
        taken.update(plain, rich)
    html = "\n".join([parts[position].text or "" for position in rich]) if rich else None
    return "\n".join([_unflowed(parts[position]) for position in plain]), html, frozenset(taken)


def _is_other_form(part: Part) -> bool:
    return part.content_type in _OTHER_FORMS and part.disposition != "attachment" and not part.filename


def _unflowed(part: Part) -> str:
    """The plain text, without the marks of enriched text (RFC 1896).

    A script without spaces is put together again where it was only broken to fit (RFC 3676, DelSp=yes). Other lines stay as
    they were written: what people quote and sign is told by lines, and many programs claim this format without keeping it.
    """
    text = part.text or ""
    if part.content_type in _ENRICHED:
        return _ENRICHED_MARK.sub("", text)
    if (part.parameter("delsp") or "").lower() == "yes" and (part.parameter("format") or "").lower() == "flowed":
        return _BROKEN_IN_A_WORD.sub(r"\1", _BROKEN_TO_FIT.sub(r"\1", text))
    return text


def _root_of_related(parts: tuple[Part, ...]) -> tuple[list[int], list[int]]:
    """(plain text, HTML) of a mail whose text doesn't stand first in its multipart/related (RFC 2387 section 3.2)."""
    for position, part in enumerate(parts):
        if part.parent_type == "multipart/related" and part.disposition is None and not part.filename and (part.text or "").strip():
            if part.content_type == "text/html":
                return [], [position]
            if part.content_type == "text/plain":
                return [position], []
    return [], []


def _with_continuation(parts: tuple[Part, ...], start: int) -> list[int]:
    """The positions of a text and of the texts that go on behind pictures and files in the same multipart/mixed."""
    first = parts[start]
    found = [start]
    if first.parent_type != "multipart/mixed":
        return found
    interrupted = False
    for position in range(start + 1, len(parts)):
        part = parts[position]
        if part.depth != first.depth:
            break
        if not is_text(part):
            interrupted = True
        elif interrupted and part.content_type == first.content_type:
            found.append(position)
            interrupted = False
        else:
            break
    return found


def collect(
    parts: tuple[Part, ...], taken: frozenset[int], html: str | None, limits: ReadLimits
) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """The attachments: every leaf whose position is not in `taken`; and the defects of those that had to be left out."""
    found: list[Attachment] = []
    defects: list[str] = []
    shown = _references(html)
    for position, part in enumerate(parts):
        if position in taken:
            continue
        if len(found) >= limits.attachments:
            defects.append("attachments-cut")
            break
        if len(part.content) > limits.attachment_size:
            defects.append("attachment-too-large")
            continue
        found.append(
            Attachment(
                name=part.filename or _name(part),
                content_type=part.content_type,
                size=len(part.content),
                sha256=hashlib.sha256(part.content).hexdigest(),
                inline=_is_inline(part, shown),
                content=part.content,
            )
        )
    return tuple(found), tuple(defects)


def _references(html: str | None) -> frozenset[str]:
    """The Content-IDs that the HTML shows (RFC 2392), folded."""
    return frozenset(parameters.percent_decoded(found, "utf-8").casefold() for found in _REFERENCE.findall(html)) if html else frozenset()


def _is_inline(part: Part, shown: frozenset[str]) -> bool:
    """Whether the leaf is a part of the text (a logo, a picture in a sentence, a footer) and no file somebody sent.

    What the HTML shows is, whatever its Content-Disposition: some programs mark the pictures of the text as attachments.
    Without that only a picture is that was meant to be shown, which its Content-ID tells. A document or a photo that is
    merely marked `inline` is a file: Apple's programs mark all of them so.
    """
    if part.content_id is not None and part.content_id.casefold() in shown:
        return True
    if part.disposition == "attachment":
        return False
    if part.content_type == "application/applefile":  # what a Macintosh keeps beside the file itself (RFC 1740)
        return True
    if part.content_type in ("text/plain", "text/html"):
        return not part.filename
    return part.content_id is not None and (part.content_type.startswith(_MEDIA) or part.parent_type == "multipart/related")


def _name(part: Part) -> str:
    """A name for a leaf that has none: from Content-Location, the subject of an attached message, its Content-ID, its type."""
    for name, value in part.headers:
        if name == "content-location" and "." in value:
            cleaned = parameters.clean_file_name(value.partition("?")[0])
            if cleaned:
                return cleaned
    if part.content_type in ("message/rfc822", "message/global"):
        return _subject_of(part) + ".eml"
    named = _NAME_IN_ID.match(part.content_id or "")
    if named is not None and (cleaned := parameters.clean_file_name(named[1])):
        return cleaned
    known = _NAMES.get(part.content_type)
    if known is not None:
        return known
    if part.content_type.startswith("text/"):
        return "document.txt"
    return parameters.UNNAMED


def _subject_of(part: Part) -> str:
    """What an attached message is called: its subject, else its Content-Description."""
    octets = part.content[:_HEADER_OF_ATTACHED]
    block = headers.read_block(octets, 0, max_block=_HEADER_OF_ATTACHED, max_count=200, max_size=1000)
    titles = [value for name, value in block.fields if name == "subject"][:1]
    titles += [value for name, value in part.headers if name == "content-description"][:1]
    for title in titles:
        if name := parameters.clean_file_name(decode_words(title).replace("/", "_")):
            return name
    return "message"
