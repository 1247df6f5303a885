"""Encoded words: header text for people (RFC 2047). Total and linear.

Tolerant where writers are wrong: spaces or question marks inside a word, words without white space between them,
a character cut in two by the border of two words, a last word without its end.
"""

from __future__ import annotations

import re

from daemon.parsers import charsets, transfer

_START = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?")
_ASCII_RUN = re.compile("[\x00-\x7f]+")
_CONTROLS = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def decode_words(value: str) -> str:
    """The text with its encoded words decoded, free of NUL, lone surrogates, controls and direction overrides."""
    return one_line(_decoded(value) if "=?" in value else value)


def one_line(text: str) -> str:
    """Text that can't leave its line: each control, line or paragraph separator becomes a space."""
    if text.isascii() and text.isprintable():
        return text
    return _BIDI.sub("", _CONTROLS.sub(" ", charsets.clean(text)))


def _decoded(value: str) -> str:
    out: list[str] = []
    pending: list[bytes] = []  # neighbours of one charset: decoded together
    pending_charset = ""
    position = 0
    while True:
        start = _START.search(value, position)
        end = -1 if start is None else value.find("?=", start.end())
        if start is not None and end < 0 and not any(sign in value[start.end() : -1] for sign in (" ", "=?")):  # it was cut off
            end = len(value) - (value.endswith("?") and len(value) > start.end())
        if start is None or end < 0:
            break
        content = value[start.end() : end]
        # A "?=" may also be a question mark of the text and the first sign of an escape: "caf=C3=A9?=21?=".
        if start[2] in "qQ" and end + 3 < len(value) and not _ends_word(value, end + 2):
            later = value.find("?=", end + 2)
            if later >= 0 and "=?" not in value[end + 2 : later + 1]:
                end = later
                content = value[start.end() : end]
        gap = value[position : start.start()]
        if "=?" in content:  # it was never closed: the next word begins inside it
            out.append(charsets.decode(b"".join(pending), pending_charset))
            pending.clear()
            upto = value.index("=?", start.end())
            out.append(value[position:upto])
            position = upto
            continue
        charset = start[1].lower()
        if not content.isascii():  # raw octets inside a word: they were read with the field, only the escapes are left
            out.append(charsets.decode(b"".join(pending), pending_charset))
            pending.clear()
            out.append(gap if gap.strip() or not out[-1] else "")
            out.append(_with_raw(content, start[1], start[2]))
            position = end + 2
            continue
        if pending and (gap.strip() or charset != pending_charset):
            out.append(charsets.decode(b"".join(pending), pending_charset))
            pending.clear()
            gap = gap if gap.strip() else ""
        elif pending:
            gap = ""
        if gap:
            out.append(gap)
        pending_charset = charset
        pending.append(_octets(content, start[2]))
        position = end + 2
    out.append(charsets.decode(b"".join(pending), pending_charset))
    out.append(value[position:])
    return "".join(out)


def _with_raw(content: str, charset: str, encoding: str) -> str:
    return _ASCII_RUN.sub(lambda run: charsets.decode(_octets(run[0], encoding), charset), content)


def _ends_word(value: str, position: int) -> bool:
    """Whether what stands behind "?=" can't belong to the same word."""
    return not (_is_hex(value[position]) and _is_hex(value[position + 1]))


def _is_hex(sign: str) -> bool:
    return sign in "0123456789ABCDEF"


def _octets(content: str, encoding: str) -> bytes:
    raw = content.encode("utf-8", "replace")
    if encoding in "bB":
        return transfer.base64(raw)
    return transfer.quoted_printable(raw.replace(b"_", b" ")) if b"=" in raw else raw.replace(b"_", b" ")
