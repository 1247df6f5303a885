"""The links of form mails: which are uploads, which numbers of forms and submissions they name. Pure; nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_LINK = 2000
MAX_LINKS = 200

_WEB = re.compile(r"https?://[^\s<>\"'][^<>\"\x00-\x1f\x7f]*", re.IGNORECASE)
_UPLOAD = re.compile(
    r"/(?:uploads?|widget-uploads|files?|attachments?|file-upload|gravity_forms|signed-url-redirect)/|/open\?id=", re.IGNORECASE
)
_SUBMISSION = (
    re.compile(r"/edit/(\d{8,30})(?!\d)"),
    re.compile(r"/inbox/\d{6,20}/(\d{8,30})(?!\d)"),
    re.compile(r"/(?:submission|pdf-submission|sheet)/(?:\d{6,20}/)?(\d{16,30})(?!\d)"),
)
_UPLOADED = re.compile(r"/uploads/[^/?#]{1,200}/(\d{6,20})/(\d{8,30})/")
_FORM = re.compile(r"/(?:submissions|build|form|inbox|tables|sheets)/(\d{6,20})(?!\d)|jotform\.com/(\d{12,18})(?!\d)", re.IGNORECASE)
_SLASH = re.compile(r"%(?:25)?2f", re.IGNORECASE)
_STARTS = re.compile(r"https?://[^\s<>\"')\]]{1,1900}", re.IGNORECASE)


def is_web(link: str | None) -> str | None:
    """The link when it leads into the web, else None (pictures in the mail, scripts, data)."""
    text = (link or "").strip()
    return text if len(text) <= MAX_LINK and _WEB.fullmatch(text) else None


def _plain(link: str) -> str:
    """The link with its slashes readable where a mail gateway wrapped it into one of its own."""
    return _SLASH.sub("/", link) if "%" in link else link


def is_upload(link: str | None) -> str | None:
    """The link when it leads to an uploaded file, else None."""
    text = is_web(link)
    return text if text is not None and _UPLOAD.search(text) else None


def links_in(text: str) -> tuple[str, ...]:
    """The links written out in a text, at most `MAX_LINKS`, without repeats."""
    if "://" not in text:
        return ()
    found: dict[str, None] = {}
    for match in _STARTS.finditer(text):
        found[match[0].rstrip(".,;:!?")] = None
        if len(found) >= MAX_LINKS:
            break
    return tuple(found)


def form_ids(links: Iterable[str]) -> tuple[str, ...]:
    """The numbers of forms that these links name, in order, without repeats.

    >>> form_ids(["https://eu.jotform.com/submissions/220683651272354"])
    ('220683651272354',)
    """
    found: dict[str, None] = {}
    for link in map(_plain, links):
        for match in _FORM.finditer(link):
            found[match[1] or match[2]] = None
        for match in _UPLOADED.finditer(link):
            found[match[1]] = None
    return tuple(found)


def submission_ids(links: Iterable[str]) -> tuple[str, ...]:
    """The numbers of submissions that these links name: of links to edit it first, then of its uploads.

    >>> submission_ids(["https://www.jotform.com/uploads/x/220683651272354/6012345678901234567/a.pdf"])
    ('6012345678901234567',)
    """
    every = list(map(_plain, links))
    found: dict[str, None] = {}
    for pattern in _SUBMISSION:
        for link in every:
            for match in pattern.finditer(link):
                found[match[1]] = None
    for link in every:
        for match in _UPLOADED.finditer(link):
            found[match[2]] = None
    return tuple(found)


def names(link: str, number: str) -> bool:
    """Whether a link has this number as one of its parts.

    >>> names("https://form.example/f/AbC1?x=1", "AbC1"), names("https://form.example/AbC12", "AbC1")
    (True, False)
    """
    link = _plain(link)
    start = link.find(number)
    while start >= 0:
        end = start + len(number)
        if not (link[start - 1 : start].isalnum() or link[end : end + 1].isalnum()):
            return True
        start = link.find(number, start + 1)
    return False
