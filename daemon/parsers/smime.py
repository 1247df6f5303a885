"""The content of an opaque S/MIME signature, `smime.p7m` (RFC 8551 section 3.5.2, RFC 5652 section 5). Pure, total, linear.

Only what was signed is taken out, so that it can be read; no signature is verified and nobody is trusted for it.
"""

from __future__ import annotations

from dataclasses import dataclass

_SEQUENCE, _SET, _OCTETS, _OCTETS_IN_PIECES, _CONTEXT_0, _INTEGER = 0x30, 0x31, 0x04, 0x24, 0xA0, 0x02
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
_MOST_NESTED = 16


class _NotSignedError(Exception):
    """The octets are no signed data in a form this reader knows."""


@dataclass(frozen=True, slots=True)
class _Element:
    """A BER element: its tag, its content, and where it ends; of indefinite length its content reaches as far as it may."""

    tag: int
    start: int
    end: int
    indefinite: bool


def signed_content(octets: bytes) -> bytes | None:
    """The MIME entity that was signed; None when the octets are encrypted, compressed or no such structure."""
    try:
        outer = _inside(octets, 0, len(octets), _SEQUENCE)
        position = _after_oid(octets, outer.start, _SIGNED_DATA)
        explicit = _inside(octets, position, outer.end, _CONTEXT_0)
        signed = _inside(octets, explicit.start, explicit.end, _SEQUENCE)
        version = _inside(octets, signed.start, signed.end, _INTEGER)
        algorithms = _inside(octets, version.end, signed.end, _SET)
        wrapped = _inside(octets, _behind(octets, algorithms), signed.end, _SEQUENCE)
        position = _after_oid(octets, wrapped.start, _DATA)
        content = _inside(octets, position, wrapped.end, _CONTEXT_0)
        return _octet_string(octets, _element(octets, content.start, content.end))
    except _NotSignedError:
        return None


def _octet_string(octets: bytes, element: _Element) -> bytes:
    if element.tag == _OCTETS and not element.indefinite:
        return octets[element.start : element.end]
    if element.tag != _OCTETS_IN_PIECES:
        raise _NotSignedError
    pieces = []
    position = element.start
    while position < element.end and not (element.indefinite and octets.startswith(b"\0\0", position)):
        piece = _element(octets, position, element.end)
        if piece.tag != _OCTETS or piece.indefinite:
            raise _NotSignedError
        pieces.append(octets[piece.start : piece.end])
        position = piece.end
    return b"".join(pieces)


def _after_oid(octets: bytes, position: int, identifier: bytes) -> int:
    if not octets.startswith(identifier, position):
        raise _NotSignedError
    return position + len(identifier)


def _inside(octets: bytes, position: int, end: int, tag: int) -> _Element:
    element = _element(octets, position, end)
    if element.tag != tag:
        raise _NotSignedError
    return element


def _element(octets: bytes, position: int, end: int) -> _Element:
    if position + 2 > end:
        raise _NotSignedError
    tag, length = octets[position], octets[position + 1]
    position += 2
    if length == 0x80:
        return _Element(tag, position, end, True)
    if length > 0x80:
        count = length & 0x7F
        if count > 4 or position + count > end:
            raise _NotSignedError
        length = int.from_bytes(octets[position : position + count], "big")
        position += count
    if position + length > end:
        raise _NotSignedError
    return _Element(tag, position, position + length, False)


def _behind(octets: bytes, element: _Element) -> int:
    """Where the next element begins; one of indefinite length is walked through."""
    if not element.indefinite:
        return element.end
    position, open_ones = element.start, 1
    while open_ones:
        if octets.startswith(b"\0\0", position):
            position += 2
            open_ones -= 1
            continue
        inner = _element(octets, position, element.end)
        if inner.indefinite:
            open_ones += 1
            if open_ones > _MOST_NESTED:
                raise _NotSignedError
        position = inner.start if inner.indefinite else inner.end
    return position
