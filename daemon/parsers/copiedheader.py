"""The header that a mail program copies above a mail it forwards or quotes in place. Pure, total, linear.

Gmail, Apple Mail, Thunderbird and Yahoo write a line that says so, Outlook only copies the fields, each in the language of whoever
forwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daemon.parsers import quotedheaders

_MAX_FIELDS = 16
_MAX_LABEL = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedHeader:
    """One copied header. `fields` by kind ("from", "to", "subject", ...); lines are counted from 0.

    `above` is the line where the words above end, `begin` the header's first line, `end` the first line behind it. `mark` is the line
    of the program that stands above it, "" where there is none.
    """

    fields: Mapping[str, str]
    above: int
    begin: int
    end: int
    mark: str

    @property
    def marked(self) -> bool:
        """Something of the program's own, a line of words or a drawn one, stands above it."""
        return self.above != self.begin


def unquoted(body: str) -> list[str]:
    """The lines of a text, without the marks of quoting: Apple marks what it forwards in plain text as quoted."""
    lines = body.split("\n")
    return [line.lstrip("> ") if line.startswith(">") else line for line in lines] if "\n>" in body or body.startswith(">") else lines


def next_header(lines: Sequence[str], start: int, stop: int) -> CopiedHeader | None:
    """The next copied header that begins in these lines."""
    for index in range(start, stop):
        text = lines[index].strip()
        if not text:
            continue
        if quotedheaders.is_original_rule(text) or quotedheaders.is_forward_start(text):
            following = index + 1
            while following < len(lines) and following <= index + 3 and not lines[following].strip():
                following += 1
            if following < len(lines) and quotedheaders.is_block(lines, following, 2):
                return _read(lines, index, following, text)
        elif quotedheaders.field_kind(text) == "from" and quotedheaders.is_block(lines, index):
            above = index
            while above > start and (not lines[above - 1].strip() or quotedheaders.is_rule(lines[above - 1].strip())):
                above -= 1
            drawn = above < index and any(lines[i].strip() for i in range(above, index))
            return _read(lines, above if drawn else index, index, "")
    return None


def _read(lines: Sequence[str], above: int, begin: int, mark: str) -> CopiedHeader:
    """The fields of a copied header, and the line behind it."""
    fields: dict[str, str] = {}
    kind = ""
    index = begin
    while index < min(len(lines), begin + _MAX_FIELDS):
        text = lines[index].strip()
        if not text:
            following = lines[index + 1].strip() if index + 1 < len(lines) else ""
            if len(fields) < 3 and following and quotedheaders.field_kind(following):
                index += 1
                continue
            break
        found = quotedheaders.field_kind(text)
        if found is not None and found not in fields:
            kind = found
            fields[kind] = text[_colon(text) + 1 :].strip(" *_\t\xa0")
        elif found is not None or not kind:
            break
        elif not 0 < _colon(text) < _MAX_LABEL:  # folded; other fields (Importance) are left out
            fields[kind] = f"{fields[kind]} {text}"
        index += 1
    return CopiedHeader(fields=fields, above=above, begin=begin, end=index, mark=mark)


def _colon(text: str) -> int:
    places = [place for place in (text.find(":"), text.find("：")) if place >= 0]
    return min(places, default=-1)
