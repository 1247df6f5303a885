"""Structured MIME fields: `value; name=parameter` (RFC 2045 section 5.1, RFC 2231), and file names fit for people.

Linear: each pattern consumes what it has looked at, and the pieces of one continued parameter are counted.
"""

from __future__ import annotations

import re
import unicodedata

from daemon.parsers import charsets
from daemon.parsers.words import decode_words

_VALUE = re.compile(r"[^;\s\"]*")
_NAME = re.compile(r"[;\s]*([^=;\s\"]*)\s*(=?)\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WINDOWS_PATH = re.compile(r"[A-Za-z]:\\(?!\\)")  # its writer knows nothing of escapes
_EXTENDED_VALUE = re.compile(r"([A-Za-z0-9_-]{2,40})'[A-Za-z-]{0,20}'(?=.*%[0-9A-Fa-f]{2})")
_BARE = re.compile(r"[^;]*")
_TO_SEMICOLON = re.compile(r"[^;]*")
_PIECE = re.compile(r"([^*]+)\*(?:(\d{1,6})(\*?))?\Z")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_TOKEN_ONLY = frozenset({"charset", "boundary", "format", "delsp", "report-type", "type", "protocol", "micalg", "method"})
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NAME_BYTES = 150
UNNAMED = "attachment"


def read(value: str, max_pieces: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The lower-case main value and the parameters (lower-case names, first one of a name wins).

    A parameter in more than `max_pieces` RFC 2231 pieces is left out.
    """
    main = _VALUE.match(value)
    assert main is not None
    position = main.end()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    while position < len(value):
        name_match = _NAME.match(value, position)
        assert name_match is not None
        position = name_match.end()
        name = name_match[1].lower()
        if not name_match[2]:
            if name_match.end() == name_match.start():
                position += 1
            continue
        if value.startswith('"', position):
            quoted = _QUOTED.match(value, position)
            assert quoted is not None
            content = quoted[1] if "\\" not in quoted[1] or _WINDOWS_PATH.match(quoted[1]) else _ESCAPE.sub(r"\1", quoted[1])
            position = quoted.end()
            if not quoted[2] and name in _TOKEN_ONLY:  # the closing quote is missing
                content = content.partition(";")[0]
        else:
            bare = _BARE.match(value, position)
            assert bare is not None
            content = bare[0].rstrip().rstrip('"')
            position = bare.end()
            if name in _TOKEN_ONLY and " " in content:
                content, _, rest = content.partition(" ")
                if "=" in rest:  # a semicolon is missing
                    position = bare.start() + len(content)
        piece = _PIECE.match(name) if "*" in name else None
        if piece is None:
            plain.setdefault(name, content)
        else:
            number = -1 if piece[2] is None else int(piece[2])
            pieces.setdefault(piece[1], {}).setdefault(number, (number < 0 or bool(piece[3]), content))
    for name, numbered in pieces.items():
        if len(numbered) <= max_pieces:
            plain[name] = _join(numbered)
    return main[0].lower(), tuple(plain.items())


def _join(numbered: dict[int, tuple[bool, str]]) -> str:
    """RFC 2231 section 3 and 4: the pieces in the order of their numbers, percent escapes undone, then the charset."""
    octets = bytearray()
    charset = ""
    for index, number in enumerate(sorted(numbered)):
        encoded, content = numbered[number]
        if encoded:
            if index == 0 and content.count("'") >= 2:
                charset, _, content = content.split("'", 2)
            octets += _unescaped(content)
        else:
            octets += content.encode("utf-8", "replace")
    return charsets.decode(bytes(octets), charset or "utf-8")


def percent_decoded(text: str, charset: str) -> str:
    """The text with its percent escapes undone (RFC 3986 section 2.1)."""
    return charsets.decode(_unescaped(text), charset) if "%" in text else text


def _unescaped(text: str) -> bytes:
    return _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), text.encode("utf-8", "replace"))


def file_name(candidates: tuple[str | None, ...]) -> str:
    """The first usable name, decoded and cleaned; "" when there is none."""
    for candidate in candidates:
        if candidate:
            name = clean_file_name(decode_words(candidate) if "=?" in candidate else _without_percents(candidate))
            if name:
                return name
    return ""


def _without_percents(name: str) -> str:
    """The name; decoded when it has the form of RFC 2231 section 4 (`utf-8''a%20b`) and only the star was forgotten."""
    found = _EXTENDED_VALUE.match(name[:4096])
    return _join({0: (True, name[:4096])}) if found is not None and charsets.is_known(found[1]) else name


def clean_file_name(name: str) -> str:
    """A label for people: NFC, no control or format signs, no folder, at most 150 octets of UTF-8. "" when nothing is left.

    The cleaning comes first and the checks last, so that nothing hidden can slip past them (CVE-2026-28289).
    """
    name = unicodedata.normalize("NFC", name[:4096]).replace("\t", " ")
    if not (name.isascii() and name.isprintable()):
        name = "".join(c for c in name if unicodedata.category(c) not in _INVISIBLE)
    name = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    name = name.replace(":", "_").strip().lstrip(".").strip()
    if len(name.encode("utf-8")) > _NAME_BYTES:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if stem and len(extension.encode("utf-8")) <= 16 else ""
        head = (stem if tail else name).encode("utf-8")[: _NAME_BYTES - len(tail.encode("utf-8"))]
        name = head.decode("utf-8", "ignore").rstrip() + tail
    return name.rstrip(". ")
