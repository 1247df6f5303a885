"""Header text as ASCII: one line without controls, encoded words where needed (RFC 2047). Pure; the inverse of parsers.words."""

from __future__ import annotations

import binascii
import re

WORD_OCTETS = 75
"""Of one encoded word (RFC 2047 section 2)."""
LINE_OCTETS = 76
"""Of a line that holds one."""
FOLD_OCTETS = 78

_CONTROLS = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What Q may leave as it is even in a display name (RFC 2047 section 5 (3))."""
_Q = [chr(octet) if octet in _PLAIN else f"={octet:02X}" for octet in range(256)]
_Q[0x20] = "_"


def one_line(text: str) -> str:
    """Text that can't leave its line: white space, controls, separators and direction overrides are one space each run."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text)).strip()


def unstructured(text: str, used: int) -> str:
    """The body of an unstructured field, folded, for one line of text; `used` octets stand before it in its line.

    Only the words from the first to the last one that need it are encoded, so a case number at the end stays readable.
    """
    if text.isascii() and "=?" not in text:
        return text if used + len(text) <= FOLD_OCTETS else _folded(text.split(" "), used)
    words = text.split(" ")
    wanting = [position for position, word in enumerate(words) if not word.isascii() or "=?" in word]
    first, last = wanting[0], wanting[-1] + 1
    before = _folded(words[:first], used) if first else ""
    if used + len(before) > LINE_OCTETS // 2:
        before, used = f"{before}\r\n ", 1
    elif before:
        before, used = f"{before} ", used + len(before) + 1
    encoded = encoded_words(" ".join(words[first:last]), used)
    after = f"\r\n {_folded(words[last:], 1)}" if last < len(words) else ""
    return before + encoded + after


def phrase(name: str) -> str:
    """A display name: atoms, a quoted string or encoded words (RFC 5322 section 3.2.5, RFC 2047 section 5 (3))."""
    if not name.isascii() or "=?" in name:
        return encoded_words(name, len("From: "))
    if _ATOMS.match(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encoded_words(text: str, used: int) -> str:
    """The text as encoded words of at most 75 octets, never cut inside a character, one a line."""
    octets = text.encode("utf-8")
    q_signs = sum(len(_Q[octet]) for octet in octets)
    letter = "b" if q_signs * 3 > len(octets) * 4 else "q"
    room = WORD_OCTETS - len("=?utf-8?q??=")
    words: list[str] = []
    start = 0
    while start < len(text):
        most = min(room, LINE_OCTETS - used - len("=?utf-8?q??=")) if not words else room
        end, size = start, 0
        while end < len(text):
            octets = text[end].encode("utf-8")
            grown = size + (len(octets) if letter == "b" else sum(len(_Q[octet]) for octet in octets))
            if (-(-grown // 3) * 4 if letter == "b" else grown) > most:
                break
            end, size = end + 1, grown
        octets = text[start:end].encode("utf-8")
        content = binascii.b2a_base64(octets, newline=False).decode("ascii") if letter == "b" else "".join([_Q[octet] for octet in octets])
        words.append(f"=?utf-8?{letter}?{content}?=")
        start = end
    return "\r\n ".join(words)


def _folded(words: list[str], used: int) -> str:
    lines: list[str] = [words[0]]
    used += len(words[0])
    for word in words[1:]:
        if used + 1 + len(word) > FOLD_OCTETS:
            lines.append(word)
            used = 1 + len(word)
        else:
            lines[-1] += f" {word}"
            used += 1 + len(word)
    return "\r\n ".join(lines)
