"""Content-Transfer-Encoding undone, tolerantly (RFC 2045 section 6). Total and linear."""

from __future__ import annotations

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_SPACED_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_MAX_RUNS = 10_000
_ENCODED = frozenset({"base64", "quoted-printable", "x-uuencode", "x-uue", "uuencode", "uue"})
_PLAIN = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", "none"})


def is_known(encoding: str) -> bool:
    """Whether the (lower case) encoding is one that `undo` understands."""
    return encoding in _ENCODED or encoding in _PLAIN


def undo(octets: bytes, encoding: str) -> bytes:
    """The octets as they were before the transfer encoding; unchanged when the encoding is unknown."""
    if encoding == "base64":
        return base64(octets)
    if encoding == "quoted-printable":
        return quoted_printable(octets)
    if encoding in _ENCODED:
        return uuencoded(octets)
    return octets


def base64(octets: bytes) -> bytes:
    """RFC 2045 section 6.8: foreign octets are skipped, missing padding is added, padding in the middle starts anew."""
    padding = octets.find(b"=")
    if padding < 0 or not octets[padding:].strip(b"= \t\r\n"):
        return _base64_run(octets)
    if octets.count(b"=") > _MAX_RUNS:
        return _base64_run(octets.replace(b"=", b""))
    return b"".join(_base64_run(run) for run in octets.split(b"=") if run)


def _base64_run(octets: bytes) -> bytes:
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        digits = _NOT_BASE64.sub(b"", octets)
        spare = len(digits) % 4
        if spare == 1:  # six bits are no octet
            digits = digits[:-1]
        elif spare:
            digits += b"=" * (4 - spare)
        return binascii.a2b_base64(digits)


def quoted_printable(octets: bytes) -> bytes:
    """RFC 2045 section 6.7: a wrong escape stays as it is written, white space behind a soft line break goes."""
    if b"= " in octets or b"=\t" in octets:
        octets = _SPACED_SOFT_BREAK.sub(b"=", octets)
    return binascii.a2b_qp(octets)


def uuencoded(octets: bytes) -> bytes:
    """The lines between `begin` and `end`; lines that are not uuencoded are skipped."""
    content = []
    inside = False
    for line in octets.splitlines():
        if not inside:
            inside = line.startswith(b"begin ")
            continue
        if line.strip() == b"end":
            break
        try:
            content.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some writers get the padding of the last line wrong: trust the length octet (as uudecode does).
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                content.append(binascii.a2b_uu(line[:wanted]))
            except binascii.Error:
                continue
    return b"".join(content) if inside else octets
