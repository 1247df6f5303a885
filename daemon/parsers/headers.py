"""Header fields: split off the octets, unfolded, read (RFC 5322 section 2.2 and 3.6, RFC 5256 section 2.1).

Everything here is total and linear: a field that can't be read gives an empty value, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from daemon.model import MessageId
from daemon.parsers import charsets

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_EMPTY_LINE = re.compile(rb"\r*(?:\n|\Z)")
_LINE = re.compile(rb"[^\n]*(?:\n|\Z)")
_ENVELOPE_LINES = (b"From ", b">From ")

_CHARSET = re.compile(rb"[;\s]charset[ \t]*=[ \t]*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_SEARCHED_FOR_CHARSET = 32 * 1024

ID_OCTETS = 998
_ID = re.compile(r"<([^<>]{1,2000})>")
_BARE_ID = re.compile(r"[^\s<>,;\"]+@[^\s<>,;\"]+")

_CASE_TAG = re.compile(r"\[\s*CASE-(\d{1,12})\s*\]", re.IGNORECASE | re.ASCII)
_CS_TAG = re.compile(r"\[\s*CS-(\d{1,12})\s*\]", re.IGNORECASE | re.ASCII)

_REPLY_WORDS = (
    "re", "fw", "fwd", "aw", "antw", "antwort", "wg", "tr", "rv", "sv", "vs", "vl", "vb", "vá", "ref", "rif", "r", "i", "enc", "res",
    "odp", "pd", "atb", "ynt", "ilt", "ha", "bls", "trs", "fs", "ang", "videresend", "doorst", "inoltro", "reenc",
    "回复", "回覆", "答复", "转发", "轉寄", "返信", "转寄",
)  # fmt: skip
_REPLY_PREFIX = re.compile(
    r"(?:" + "|".join(_REPLY_WORDS) + r")\s{0,8}(?:\[[^\[\]]{0,80}\]|\(\d{1,4}\)|\*\d{1,4})?\s{0,8}[:\uff1a]\s*", re.IGNORECASE
)
_FORWARD_WORDS = frozenset(
    ("fw", "fwd", "wg", "tr", "trs", "rv", "vl", "vb", "i", "inoltro", "enc", "reenc", "pd", "ilt", "videresend", "doorst", "转发", "轉寄",
     "转寄")
)  # fmt: skip
_BLOB = re.compile(r"\[[^\[\]]{0,200}\]\s*")
_FWD_TRAILER = re.compile(r"\s*\(fwd\)\Z", re.IGNORECASE)
_FWD_WRAPPER = re.compile(r"\[fwd:", re.IGNORECASE)

_DATE = re.compile(
    r"(?:[^\W\d]{2,9}\.?,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]{0,6}[\s-]+(\d{2,4}),?\s+"
    r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:\.\d{1,6})?\s*(?:([+-])(\d{2}):?(\d{2})|\(?([A-Za-z]{1,5})\)?)?"
)
_CTIME = re.compile(r"(?:[A-Za-z]{3},?\s+)?([A-Za-z]{3})[a-z]{0,6}\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})\s+(?:([A-Z]{1,5})\s+)?(\d{4})")
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


@dataclass(slots=True)
class Block:
    """A header block: the fields (lower-case name, unfolded value) and where the body begins."""

    fields: tuple[tuple[str, str], ...]
    body: int
    defects: tuple[str, ...]
    limit: str | None


def read_block(
    octets: bytes, start: int, *, max_block: int, max_count: int, max_size: int, is_delimiter: Callable[[int], bool] | None = None
) -> Block:
    """The header block that begins at `start`.

    It ends at an empty line, or where `is_delimiter(position)` says that a MIME boundary stands, or at a line that is
    no field. A field keeps at most `max_size` octets. `limit` is "header_block" or "header_count" when one is crossed.
    """
    fields: list[tuple[str, str]] = []
    defects: list[str] = []
    position = start
    end = len(octets)
    window = min(end, start + max_block)
    around: str | None = None
    while position < end:
        if is_delimiter is not None and octets.startswith(b"--", position) and is_delimiter(position):
            return Block(tuple(fields), position, ("header-without-end", *defects), None)
        field = _FIELD.match(octets, position, window)
        if window < end and (position >= window or (field is not None and field.end() == window)):
            return Block(tuple(fields), position, tuple(defects), "header_block")
        if field is None:
            empty = _EMPTY_LINE.match(octets, position)
            if empty is not None:
                return Block(tuple(fields), empty.end(), tuple(defects), None)
            line = _LINE.match(octets, position)
            assert line is not None
            if not fields and line[0].startswith(_ENVELOPE_LINES):
                position = line.end()
                continue
            defects.append("line-without-colon")
            following = line.end()
            if following < end and len(defects) < 20 and _FIELD.match(octets, following):
                position = following  # one stray line among fields
                continue
            return Block(tuple(fields), position, tuple(defects), None)
        if len(fields) >= max_count:
            return Block(tuple(fields), position, tuple(defects), "header_count")
        raw = field[2]
        if len(raw) > max_size:
            raw = raw[:max_size]
            defects.append("header-cut")
        raw = _unfolded(raw)
        if not raw.isascii() and around is None:
            around = _charset_around(octets, start)
        fields.append((field[1].decode("ascii").lower(), charsets.decode(raw, None, around)))
        position = field.end()
    return Block(tuple(fields), position, tuple(defects), None)


def _unfolded(raw: bytes) -> bytes:
    if b"\n" in raw:
        raw = raw.replace(b"\r\n", b"").replace(b"\n", b"")
    return raw.strip(b" \t\r\n")


def _charset_around(octets: bytes, start: int) -> str:
    """The first charset that the mail names from here on, "" for none: who writes raw octets into a field writes them in that."""
    found = _CHARSET.search(octets, start, start + _SEARCHED_FOR_CHARSET)
    return "" if found is None else found[1].decode("ascii")


def message_ids(values: Iterable[str], keep: int) -> tuple[MessageId, ...]:
    """The last `keep` ids of Message-ID, In-Reply-To or References fields, canonical, in order, without repeats.

    Canonical: angle brackets, no white space inside (it comes from folding), at most 998 octets (RFC 5322 section 3.6.4).
    """
    found: dict[MessageId, None] = {}
    for value in values:
        for inner in _ID.findall(value) or _BARE_ID.findall(value):
            name = "".join(inner.split())
            if name and len(name.encode("utf-8", "replace")) <= ID_OCTETS - 2:
                canonical = MessageId(f"<{name}>")
                found.pop(canonical, None)
                found[canonical] = None
    return tuple(found)[-keep:] if keep > 0 else ()


def case_tags(subject: str) -> tuple[int, ...]:
    """The numbers written as [CASE-n], in order of appearance, without repeats.

    >>> case_tags("Re: [CASE-1001] Printer [case-7] [CASE-1001]")
    (1001, 7)
    """
    return tuple(dict.fromkeys(int(number) for number in _CASE_TAG.findall(subject)))


def cs_tags(subject: str) -> tuple[int, ...]:
    """The numbers of CS tickets, written as [CS-n], likewise.

    >>> cs_tags("Re: [CS-1] A new partner")
    (1,)
    """
    return tuple(dict.fromkeys(int(number) for number in _CS_TAG.findall(subject)))


def untagged(subject: str) -> str:
    """The subject without the numbers of cases and CS tickets.

    >>> untagged("No light [CASE-7]")
    'No light'
    """
    return " ".join(_CS_TAG.sub(" ", _CASE_TAG.sub(" ", subject)).split())


def base_subject(subject: str) -> str:
    """The subject without reply and forward marks and without [tags] in front (RFC 5256 section 2.1, more languages).

    >>> base_subject("AW: Re[2]: [CASE-1001] Fwd: Printer  broken (fwd)")
    'Printer broken'
    """
    text = " ".join(subject[:2000].split())
    for _ in range(50):
        before = text
        text = _FWD_TRAILER.sub("", text)
        position = 0
        while prefix := _REPLY_PREFIX.match(text, position):
            position = prefix.end()
        text = text[position:]
        blob = _BLOB.match(text)
        if blob is not None and blob.end() < len(text):
            text = text[blob.end() :]
        if text.endswith("]") and _FWD_WRAPPER.match(text):
            text = text[5:-1].strip()
        if text == before:
            break
    return text.strip()


def subject_mark(subject: str) -> str | None:
    """What the first mark of a subject says the mail is: "forward" or "reply"; None without one. [tags] in front are passed over.

    >>> subject_mark("[ext] WG: Re: Printer broken"), subject_mark("Re: Fwd: Printer"), subject_mark("Printer")
    ('forward', 'reply', None)
    """
    text = " ".join(subject[:2000].split())
    position = 0
    while _FWD_WRAPPER.match(text, position) is None and (blob := _BLOB.match(text, position)) is not None:
        position = blob.end()
    if _FWD_WRAPPER.match(text, position) is not None:
        return "forward"
    prefix = _REPLY_PREFIX.match(text, position)
    if prefix is None:
        return "forward" if _FWD_TRAILER.search(text) is not None else None
    word = re.split(r"[\s\[(*:\uff1a]", prefix[0], maxsplit=1)[0].lower()
    return "forward" if word in _FORWARD_WORDS else "reply"


def date(value: str) -> datetime | None:
    """The instant of a Date field in UTC, or None when it can't be told (RFC 5322 section 3.3 and 4.3).

    >>> date("Fri, 6 Nov 2026 09:15:00 +0100")
    datetime.datetime(2026, 11, 6, 8, 15, tzinfo=datetime.timezone.utc)
    """
    text = value[:200].strip()
    sign = zone_hours = zone_minutes = ""
    match = _DATE.search(text)
    if match is not None:
        day, month, year, hour, minute, second, sign, zone_hours, zone_minutes, zone = match.groups()
    else:
        match = _CTIME.search(text)
        if match is None:
            return None
        month, day, hour, minute, second, zone, year = match.groups()
    number = _MONTHS.get(month.lower())
    if number is None:
        return None
    full_year = int(year)
    if len(year) < 4:
        full_year += 2000 if full_year < 50 else 1900
    if sign:
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes)) * (-1 if sign == "-" else 1)
    else:
        offset = timedelta(hours=_ZONES.get((zone or "").upper(), 0))
    try:
        moment = datetime(full_year, number, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=timezone(offset))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
