"""Japanese as Windows writes it: ISO-2022-JP and EUC-JP with its kana of half width and its own signs. Pure, linear.

Python's codecs know the standards alone. Mail programs of Windows call their charset by the standard's name (RFC 1468) and write the
rows of NEC and IBM in it, too (①, ㈱, the tall form of 高 in names), which only code page 932 has: so its table is asked.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\x1b(?:\([A-Z]|\$[@AB]|\$\([A-Z]|\.[AF])")
_ASCII = (b"\x1b(B", b"\x1b(J", b"\x1b(H")
_KANA = b"\x1b(I"
_JIS_X_0208 = (b"\x1b$@", b"\x1b$B")
_STANDARD = ("iso2022_jp_2004", "iso2022_jp_ext", "iso2022_jp_2")
_EUC = re.compile(
    rb"(?P<wide>(?:[\xa1-\xfe][\xa1-\xfe])+)|(?P<kana>(?:\x8e[\xa1-\xdf])+)|(?P<other>[\x00-\x7f]+|(?:\x8f[\xa1-\xfe]{2})+|.)", re.DOTALL
)


def iso_2022_jp(octets: bytes) -> str:
    """ISO-2022-JP with what Windows adds (code page 50221) and the other sets that escape sequences name. UnicodeError for the rest."""
    text: list[str] = []
    escape = b"\x1b(B"
    position = 0
    for found in [*_ESCAPE.finditer(octets), None]:
        piece = octets[position : found.start() if found else len(octets)]
        if piece:
            text.append(_piece(escape, piece))
        if found is not None:
            escape, position = found[0], found.end()
    return "".join(text)


def _piece(escape: bytes, piece: bytes) -> str:
    if escape in _ASCII:
        return piece.decode("ascii")
    if escape == _KANA:
        return bytes(octet | 0x80 for octet in piece).decode("cp932")
    if escape in _JIS_X_0208:
        wide, rest = _lines_aside(piece)
        return _of_code_page(wide) + rest.decode("ascii")
    for codec in _STANDARD:
        try:
            return (escape + piece + b"\x1b(B").decode(codec)
        except ValueError:
            continue
    raise UnicodeError("an escape sequence of no set that is known")


def _lines_aside(piece: bytes) -> tuple[bytes, bytes]:
    """The signs, and the line ends behind them that stand before the way back to ASCII."""
    wide = piece.rstrip(b"\r\n")
    return wide, piece[len(wide) :]


def euc_jp(octets: bytes) -> str:
    """EUC-JP with the rows of NEC and IBM (code page 51932). UnicodeError for what is none."""
    text: list[str] = []
    for found in _EUC.finditer(octets):
        if found["wide"] is not None:
            text.append(_of_code_page(bytes(octet & 0x7F for octet in found["wide"])))
        elif found["kana"] is not None:
            text.append(found["kana"].replace(b"\x8e", b"").decode("cp932"))
        else:
            text.append(found["other"].decode("euc_jp"))
    return "".join(text)


def _of_code_page(wide: bytes) -> str:
    """Pairs of JIS X 0208, row and cell from 0x21, as Shift_JIS folds them."""
    if len(wide) % 2 or (wide and not 0x21 <= min(wide) <= max(wide) <= 0x7E):
        raise UnicodeError("no pairs of JIS X 0208")
    folded = bytearray()
    for row, cell in zip(wide[::2], wide[1::2], strict=True):
        lead = ((row - 0x21) >> 1) + 0x81
        folded.append(lead if lead <= 0x9F else lead + 0x40)
        if row % 2:
            trail = cell + 0x1F
            folded.append(trail + 1 if trail >= 0x7F else trail)
        else:
            folded.append(cell + 0x7E)
    return folded.decode("cp932")
