"""The text of Outlook's rich text: compressed RTF (MS-OXRTFCP) and the HTML that is kept inside RTF (MS-OXRTFEX). Pure, total, linear.

Only what is text is read: no fonts but their charsets, no pictures, no styles.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from struct import Struct

from daemon.parsers import charsets

_HEADER = Struct("<II4sI")  # octets that follow, octets of the RTF, kind, checksum
_MAX_OUTPUT = 512 * 1024
_MAX_TOKENS = 100_000
_MAX_DEPTH = 200
_RING = 4096
_PRESET = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbol"
    b"ArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<octet>[0-9A-Fa-f]{2})|\\(?P<sign>[^A-Za-z])|(?P<brace>[{}])|"
    rb"(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.DOTALL,
)
_NOT_TEXT = frozenset(
    (b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata", b"datastore", b"header", b"footer", b"mhtmltag", b"listtable")
)
_SIGNS = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"sect": "\n", b"page": "\n", b"tab": "\t", b"cell": "\t", b"emdash": "—", b"endash": "–",
    b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": "\u00a0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n", b"\r": "\n"}
_CODE_PAGES = {
    77: "macintosh", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
"""What the charset of a font stands for (`fcharset`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RichText:
    """The words of a text, and the HTML that it was made from; "" for none."""

    text: str
    html: str


def read(compressed: bytes) -> RichText:
    """The text of compressed RTF; empty when it is none."""
    source = decompressed(compressed)
    if not source.startswith(b"{\\rtf"):
        return RichText(text="", html="")
    was_html = b"\\fromhtml1" in source[:500]
    words = _Reader(was_html).read(source)
    return RichText(text="", html=words) if was_html else RichText(text=words, html="")


def decompressed(octets: bytes) -> bytes:
    """The RTF in a stream of the kinds LZFu and MELA, as far as it goes; b"" for other kinds. At most half a megabyte."""
    if len(octets) < _HEADER.size:
        return b""
    _, size, kind, _ = _HEADER.unpack_from(octets)
    size = min(size, _MAX_OUTPUT)
    if kind == b"MELA":
        return octets[_HEADER.size : _HEADER.size + size]
    if kind != b"LZFu":
        return b""
    out = bytearray(_PRESET)
    wanted = size + len(_PRESET)
    position = _HEADER.size
    while position < len(octets) and len(out) < wanted:
        flags = octets[position]
        position += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += octets[position : position + 1]
                position += 1
                continue
            if position + 2 > len(octets):
                return bytes(out[len(_PRESET) : wanted])
            reference = octets[position] << 8 | octets[position + 1]
            position += 2
            back = (len(out) - (reference >> 4)) % _RING  # where it stands in the ring of the last 4096 octets
            if back == 0:  # the place that is written next: the end
                return bytes(out[len(_PRESET) : wanted])
            _copy(out, back, (reference & 15) + 2)
    return bytes(out[len(_PRESET) : wanted])


def _copy(out: bytearray, back: int, length: int) -> None:
    if back > len(out):
        out += b" " * length
        return
    for _ in range(length):  # it may run into what it writes
        out.append(out[-back])


@dataclass(slots=True)
class _Group:
    codec: str = "cp1252"
    unread: bool = False
    """A destination that is no text."""
    tag: bool = False
    """Stands in a piece of the HTML."""
    only_rtf: bool = False
    """What is written for readers of RTF that know no HTML."""
    fallback: int = 1
    """Signs behind a Unicode sign that stand for it elsewhere."""
    fonts: bool = False

    def inner(self) -> _Group:
        return _Group(self.codec, self.unread, self.tag, self.only_rtf, self.fallback, self.fonts)


@dataclass(slots=True)
class _Reader:
    was_html: bool
    out: list[str] = field(default_factory=list)
    octets: bytearray = field(default_factory=bytearray)
    units: list[int] = field(default_factory=list)
    fonts: dict[int, str] = field(default_factory=dict)
    font: int = 0
    codec: str = "cp1252"
    group: _Group = field(default_factory=_Group)
    skip: int = 0
    marked: bool = False

    def read(self, source: bytes) -> str:
        stack: list[_Group] = []
        for count, token in enumerate(_TOKEN.finditer(source)):
            if count > _MAX_TOKENS:
                break
            kind = token.lastgroup
            if kind == "text":
                self._octets(token[0])
            elif kind == "octet":
                self._octets(bytes((int(token["octet"], 16),)))
            elif kind == "brace" and token[0] == b"{":
                if len(stack) >= _MAX_DEPTH:
                    break
                self._flush()
                stack.append(self.group)
                self.group = self.group.inner()
                self.skip = 0
            elif kind == "brace":
                self._flush()
                self.group = stack.pop() if stack else self.group
                self.skip = 0
            elif kind in ("word", "number"):
                self._word(token["word"], None if token["number"] is None else int(token["number"]))
            elif token["sign"] == b"*":
                self.marked = True
            elif token["sign"] in _SYMBOLS:
                self._say(_SYMBOLS[token["sign"]])
        self._flush()
        return charsets.clean("".join(self.out))

    def _word(self, word: bytes, number: int | None) -> None:
        marked, self.marked = self.marked, False
        group = self.group
        if word == b"htmltag":
            group.tag, group.unread, group.only_rtf = True, not self.was_html, False
        elif marked or word in _NOT_TEXT:
            group.unread = True
        elif word == b"htmlrtf":
            self._flush()
            group.only_rtf = self.was_html and number != 0
        elif word == b"fonttbl":
            group.unread = group.fonts = True
        elif word == b"uc":
            group.fallback = max(0, min(number or 0, 8))
        elif word == b"u" and number is not None:
            self._unicode(number & 0xFFFF)
        elif word == b"ansicpg" and number is not None:
            self.codec = group.codec = f"cp{number}" if charsets.is_known(f"cp{number}") else "utf-8" if number == 65001 else self.codec
        elif word == b"f" and number is not None:
            self._font(number)
        elif word == b"fcharset" and group.fonts and number is not None:
            self.fonts[self.font] = _CODE_PAGES.get(number, self.codec)
        elif word in _SIGNS:
            self._say(_SIGNS[word])

    def _font(self, number: int) -> None:
        if self.group.fonts:
            self.font = number
        else:
            self._flush()
            self.group.codec = self.fonts.get(number, self.codec)

    def _silent(self) -> bool:
        return self.group.unread or (self.group.only_rtf and not self.group.tag)

    def _octets(self, octets: bytes) -> None:
        taken = min(self.skip, len(octets))
        self.skip -= taken
        if not self._silent() and taken < len(octets):
            self._end_units()
            self.octets += octets[taken:]

    def _unicode(self, unit: int) -> None:
        self.skip = self.group.fallback
        if not self._silent():
            self._end_octets()
            self.units.append(unit)

    def _say(self, text: str) -> None:
        if self.skip:
            self.skip -= 1
        elif not self._silent():
            self._flush()
            self.out.append(text)

    def _flush(self) -> None:
        self._end_octets()
        self._end_units()

    def _end_octets(self) -> None:
        if self.octets:
            self._put(charsets.decode(bytes(self.octets), self.group.codec))
            self.octets.clear()

    def _end_units(self) -> None:
        if self.units:
            pairs = b"".join(unit.to_bytes(2, "little") for unit in self.units)
            self._put(pairs.decode("utf-16-le", "surrogatepass" if len(self.units) == 1 else "replace"))
            self.units.clear()

    def _put(self, text: str) -> None:
        self.out.append(html.escape(text, quote=False) if self.was_html and not self.group.tag else text)
