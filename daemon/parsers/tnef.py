"""TNEF, the `winmail.dat` of Outlook: the files in it and the text, if that is readable (MS-OXTNEF). Pure, total, linear.

A stream of attributes; those of MAPI hold properties. Every length is checked against what is there, and a stream that ends
early gives what came before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from daemon.parsers import charsets

_SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTE = Struct("<BII")  # level, id with type, length
_SHORT, _LONG, _TWO_SHORTS = Struct("<H"), Struct("<I"), Struct("<HH")

_MESSAGE_CLASS = 0x00078008
_BODY, _MESSAGE_PROPERTIES, _CODE_PAGE = 0x0002800C, 0x00069003, 0x00069007
_RENDERING, _TITLE, _DATA, _FILE_PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005

_TEXT, _RICH, _HTML = 0x1000, 0x1009, 0x1013
_CONTENT, _DISPLAY_NAME, _SHORT_NAME, _LONG_NAME, _MIME_TYPE, _CONTENT_ID = 0x3701, 0x3001, 0x3704, 0x3707, 0x370E, 0x3712
_WANTED = frozenset({_TEXT, _RICH, _HTML, _CONTENT, _DISPLAY_NAME, _SHORT_NAME, _LONG_NAME, _MIME_TYPE, _CONTENT_ID})
_FIXED = {0x1: 0, 0x2: 4, 0x3: 4, 0x4: 4, 0x5: 8, 0x6: 8, 0x7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Octets of a value by its type (MS-OXCDATA section 2.11.1), filled up to four."""
_STRING8, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0xD
_MAX_FILES = 100
_LONGEST_CLASS = 200
_MAX_PROPERTIES = 2000


@dataclass(slots=True)
class TnefFile:
    """A file of the stream; names and types are as they were written, "" for none."""

    name: str = ""
    content_type: str = ""
    content_id: str = ""
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tnef:
    """What a stream holds. `rich` is the compressed RTF, which says the same as the text."""

    text: str
    html: str
    rich: bytes
    files: tuple[TnefFile, ...]


def read(octets: bytes) -> Tnef | None:
    """The stream; None when it is none."""
    if not octets.startswith(_SIGNATURE):
        return None
    text = html = ""
    rich = b""
    codec = "cp1252"
    files: list[TnefFile] = []
    for attribute, content in _attributes(octets):
        if attribute == _CODE_PAGE and len(content) >= 4:
            codec = _codec(_LONG.unpack_from(content)[0])
        elif attribute == _RENDERING:
            if len(files) >= _MAX_FILES:
                break
            files.append(TnefFile())
        elif attribute == _BODY:
            text = text or charsets.decode(content, codec)
        elif attribute == _MESSAGE_PROPERTIES:
            for name, kind, value in _properties(content):
                if name == _TEXT:
                    text = _string(kind, value, codec) or text
                elif name == _HTML:
                    html = _string(kind, value, codec) or html
                elif name == _RICH:
                    rich = rich or value
        elif files:
            _add(files[-1], attribute, content, codec)
    return Tnef(text=text, html=html, rich=rich, files=tuple(file for file in files if file.name or file.content))


def message_class(octets: bytes) -> str:
    """What Outlook takes the message for, in lower case ("ipm.note"); "" when the stream doesn't say."""
    if not octets.startswith(_SIGNATURE):
        return ""
    found = next((content for attribute, content in _attributes(octets) if attribute == _MESSAGE_CLASS), b"")
    return found[:_LONGEST_CLASS].partition(b"\0")[0].decode("ascii", "replace").lower()


def _add(file: TnefFile, attribute: int, content: bytes, codec: str) -> None:
    if attribute == _TITLE:
        file.name = file.name or _string(_STRING8, content, codec)
    elif attribute == _DATA:
        file.content = content
    elif attribute == _FILE_PROPERTIES:
        found = {name: (kind, value) for name, kind, value in _properties(content)}
        names = [_string(*found[name], codec) for name in (_LONG_NAME, _DISPLAY_NAME, _SHORT_NAME) if name in found]
        file.name = next((name for name in names if name), file.name)
        if _MIME_TYPE in found:
            file.content_type = _string(*found[_MIME_TYPE], codec).lower()
        if _CONTENT_ID in found:
            file.content_id = _string(*found[_CONTENT_ID], codec).strip("<> ")
        if _CONTENT in found and not file.content:
            kind, value = found[_CONTENT]
            file.content = value[16:] if kind == _OBJECT else value  # an object begins with the name of its interface


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    position = len(_SIGNATURE) + 2  # a key follows the signature
    while position + _ATTRIBUTE.size <= len(octets):
        _, attribute, length = _ATTRIBUTE.unpack_from(octets, position)
        position += _ATTRIBUTE.size
        if position + length > len(octets):
            return
        yield attribute, octets[position : position + length]
        position += length + 2  # a checksum follows


def _properties(octets: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(name, type, first value) of the wanted properties; stops at whatever it doesn't know the length of."""
    if len(octets) < 4:
        return
    position = 4
    for _ in range(min(_LONG.unpack_from(octets)[0], _MAX_PROPERTIES)):
        if position + 4 > len(octets):
            return
        kind, name = _TWO_SHORTS.unpack_from(octets, position)
        after = _behind_name(octets, position + 4, name)
        spans = None if after is None else _spans(octets, after, kind)
        if spans is None:
            return
        values, position = spans
        if name in _WANTED and values:
            yield name, kind & 0xFFF, octets[slice(*values[0])]


def _behind_name(octets: bytes, position: int, name: int) -> int | None:
    """Where the value begins: a named property has a GUID and a number or a text first."""
    if name < 0x8000:
        return position
    if position + 24 > len(octets):
        return None
    is_text, number = Struct("<II").unpack_from(octets, position + 16)
    return position + 24 + (_filled(number) if is_text else 0)


def _spans(octets: bytes, position: int, kind: int) -> tuple[list[tuple[int, int]], int] | None:
    """Where the values of a property stand, and where the next property begins; None when that can't be told."""
    base, several = kind & 0xFFF, bool(kind & 0x1000)
    varies = base in (_STRING8, _UNICODE, _BINARY, _OBJECT)
    size = _FIXED.get(base)
    if not varies and size is None:
        return None
    count = 1
    if varies or several:
        if position + 4 > len(octets):
            return None
        count = _LONG.unpack_from(octets, position)[0]
        position += 4
    if not varies:
        position += count * (size or 0)
        return None if position > len(octets) else ([], position)
    spans: list[tuple[int, int]] = []
    for _ in range(count):
        if position + 4 > len(octets):
            return None
        length = _LONG.unpack_from(octets, position)[0]
        position += 4
        if position + length > len(octets):
            return None
        spans.append((position, position + length))
        position += _filled(length)
    return spans, position


def _filled(length: int) -> int:
    return (length + 3) & ~3


def _string(kind: int, value: bytes, codec: str) -> str:
    text = charsets.decode(value[: len(value) & ~1], "utf-16le") if kind == _UNICODE else charsets.decode(value, codec)
    return text.strip("\0 ")


def _codec(code_page: int) -> str:
    name = "utf-8" if code_page == 65001 else f"cp{code_page}"
    return name if charsets.is_known(name) else "cp1252"
