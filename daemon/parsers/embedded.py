"""Files written into a plain text by its writer: uuencode, its base64 form (POSIX), yEnc. Pure, total, linear.

A block counts only when its lines are what its first line promises; anything else stays text.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from daemon.parsers import transfer

_OPENING = re.compile(
    rb"^(?:begin(?P<base64>-base64)? [0-7]{3,4} (?P<name>[^\r\n]{1,500})|=ybegin (?P<yenc>[^\r\n]{1,900}))\r?\n", re.MULTILINE
)
_LINE = re.compile(rb"([^\r\n]*)\r?(?:\n|\Z)")
_UU_BLOCK = re.compile(rb"(?P<lines>(?:[\x20-\x60]{0,64}+\r?(?:\n|\Z))*+)(?P<end>end[ \t]*\r?(?:\n|\Z))?")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{1,100}={0,2}[ \t]*")
_YENC_NAME = re.compile(rb"(?:^| )name=(.+)")
_YENC_SHIFT = bytes((octet - 42) & 255 for octet in range(256))
_MAX_FILES = 100
_MAX_OPENINGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFile:
    """A file and its name as it stands in the text, in octets."""

    name: bytes
    content: bytes


def split(octets: bytes) -> tuple[bytes, tuple[EmbeddedFile, ...]]:
    """The text without its embedded files, and these in their order; at most 100 of them, the rest stays text."""
    files: list[EmbeddedFile] = []
    kept: list[bytes] = []
    position = searched = 0
    has_yenc = b"\n=yend" in octets
    for _ in range(_MAX_OPENINGS):
        opening = _OPENING.search(octets, searched)
        if opening is None or len(files) >= _MAX_FILES:
            break
        if opening["yenc"] is not None:
            content, searched = _yenc(octets, opening.end()) if has_yenc else (None, opening.end())
            has_yenc = content is not None  # behind the last end no opening counts: each one would look for it in vain
            named = _YENC_NAME.search(opening["yenc"])
            name = b"" if named is None else named[1]
        else:
            content, searched = (_base64 if opening["base64"] else _uuencoded)(octets, opening.end())
            name = opening["name"]
        if content is None:
            continue
        kept.append(octets[position : opening.start()])
        files.append(EmbeddedFile(name=name.strip(), content=content))
        position = searched
    return (b"".join((*kept, octets[position:])) if files else octets), tuple(files)


def _uuencoded(octets: bytes, position: int) -> tuple[bytes | None, int]:
    """The content and where the text goes on; None when the lines are no uuencoding. A cut block ends with its text."""
    block = _UU_BLOCK.match(octets, position)
    assert block is not None
    if block["end"] is None and (not block["lines"].strip() or block.end() < len(octets)):
        return None, max(position, block.end())
    content: list[bytes] = []
    for line in block["lines"].split(b"\n"):
        written = line.rstrip(b"\r")
        if not written.strip(b" `"):
            continue
        wanted = ((written[0] - 32) & 63) * 4 // 3 + 1
        if len(written) > wanted + 4:
            return None, block.end()
        try:
            content.append(binascii.a2b_uu(written))
        except binascii.Error:
            length = (written[0] - 32) & 63
            whole_groups = -(-length // 3) * 3
            try:  # the padding is no zeros: the length octet counts
                content.append(binascii.a2b_uu(bytes((whole_groups % 64 + 32,)) + written[1 : whole_groups * 4 // 3 + 1])[:length])
            except binascii.Error:
                return None, block.end()
    whole = b"".join(content)
    # a line may have lost the spaces at its end, which are zeros; a few signs that promise far more than they hold are no file
    return (whole if len(whole) <= block.end() - position else None), block.end()


def _base64(octets: bytes, position: int) -> tuple[bytes | None, int]:
    start = position
    while position < len(octets):
        line = _LINE.match(octets, position)
        assert line is not None
        if line[1].strip() == b"====":
            return transfer.base64(octets[start:position]), line.end()
        if _BASE64_LINE.fullmatch(line[1]) is None:
            break
        position = line.end()
    return None, position


def _yenc(octets: bytes, position: int) -> tuple[bytes | None, int]:
    """Each octet was moved up by 42; behind `=` stands one that was moved by 64 more."""
    end = octets.find(b"\n=yend", position - 1)
    if end < 0:
        return None, position
    if octets.startswith(b"=ypart", position):
        position = octets.find(b"\n", position) + 1
    written = octets[position:end].replace(b"\r", b"").replace(b"\n", b"")
    pieces = written.split(b"=")
    plain = pieces[0] + b"".join(bytes(((piece[0] - 64) & 255,)) + piece[1:] for piece in pieces[1:] if piece)
    line = _LINE.match(octets, end + 1)
    assert line is not None
    return plain.translate(_YENC_SHIFT), line.end()
