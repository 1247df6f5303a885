"""Markdown as people read it in plain text: the tokens that make the HTML part, without the marks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Protocol, TypeAlias

from daemon.mail.values import Link, Pieces, as_block, fill_text, is_slot, pieces

WIDTH = 72
RULE = "-" * 20
BETWEEN_COLUMNS = "  "
_NEXT_LINE = "  "
"""Before the further lines of a table's row."""
_ROOM_ENOUGH = 30
"""So wide the last column of a table must be able to be, to be wrapped beside the others."""


class Token(Protocol):
    """What is needed of a token of the Markdown reader."""

    @property
    def type(self) -> str:
        """The kind of token."""

    @property
    def content(self) -> str:
        """Its text."""

    @property
    def info(self) -> str:
        """The number of a list item."""

    @property
    def hidden(self) -> bool:
        """A paragraph of a tight list."""

    @property
    def children(self) -> Sequence[Token] | None:
        """The tokens in a line of text."""

    def attrGet(self, name: str) -> str | int | float | None:  # noqa: N802 - the library's name
        """An attribute."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: `first` stands before the first one, `rest` before the others; `gap` after them.

    Lines of a verbatim block are not wrapped: they are somebody's own.
    """

    first: str
    rest: str
    pieces: Pieces
    verbatim: bool
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the names of the columns first. It is laid out when its values are known."""

    rows: tuple[tuple[Pieces, ...], ...]
    gap: bool = False


Document: TypeAlias = "tuple[Block | Table, ...]"


def blocks(tokens: Iterable[Token], *, compact: bool = False) -> Document:
    """The blocks of a document whose slots are still open.

    Compact ones stand without empty lines between them and are not wrapped: each is one line to be read at a glance. Their
    lists are set in, and a list inside a list has no marks, since what stands there is to be copied as it is.
    """
    made: list[Block | Table] = []
    rows: list[list[Pieces]] = []
    first = rest = ""
    outer: list[str] = []
    for token in tokens:
        match token.type:
            case "list_item_open":
                mark = f"{token.info}. " if token.info else "- "
                if compact:
                    mark = "  " if outer else f" {mark}"
                outer.append(rest)
                first, rest = rest + mark, rest + " " * len(mark)
            case "list_item_close":
                first = rest = outer.pop()
            case "tr_open":
                rows.append([])
            case "inline" if rows:
                rows[-1].append(pieces(_words(token)))
            case "table_close":
                made.append(Table(tuple(tuple(row) for row in rows), gap=True))
                rows = []
            case "inline":
                words = _words(token)
                made.append(Block(first, rest, pieces(words), verbatim=compact or is_block(token)))
                first = rest
            case "code_block" | "fence" | "hr":
                made.append(Block(first, rest, pieces(token.content.rstrip("\n") or RULE), verbatim=True, gap=True))
                first = rest
            case _ if token.type.endswith("_close") and not token.hidden and not rows and made:
                made[-1] = replace(made[-1], gap=True)
    return tuple(_settled(replace(block, gap=False) if compact else block) for block in made)


def is_block(token: Token) -> bool:
    """Whether a paragraph is nothing but one value that keeps its lines."""
    return len(token.children or ()) == 1 and as_block(_words(token)) == _words(token)


def write(document: Iterable[Block | Table], values: Sequence[str | Link]) -> str:
    """The plain text, its own lines wrapped at 72 signs, the lines of values as they are."""
    lines: list[str] = []
    for block in document:
        lines += _lines(block, values) if isinstance(block, Block) else _table(block, values)
        if block.gap:
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _lines(block: Block, values: Sequence[str | Link]) -> list[str]:
    made: list[str] = []
    prefix = block.first
    for line in fill_text(block.pieces, values).split("\n"):
        if block.verbatim or len(prefix) + len(line) <= WIDTH:
            made.append(f"{prefix}{line}")
        else:
            made += _wrapped(line, prefix, block.rest)
        prefix = block.rest
    return made


def _table(table: Table, values: Sequence[str | Link]) -> list[str]:
    """A table no wider than 72 signs, whatever stands in it.

    The last column is wrapped where it has room enough; what doesn't fit beside the rest of its row has a line below. So every
    row is read from left to right and from top to bottom, in the order of its columns.
    """
    rows = [[_cell_lines(fill_text(cell, values)) for cell in row] for row in table.rows]
    widths = [min(max(len(line) for cell in column for line in cell), WIDTH - len(_NEXT_LINE)) for column in zip(*rows, strict=True)]
    room = WIDTH - sum(width + len(BETWEEN_COLUMNS) for width in widths[:-1])
    longest = max(len(word) for row in rows for line in row[-1] for word in line.split(" "))
    if widths[-1] > room >= max(longest, _ROOM_ENOUGH):
        widths[-1] = room
        for row in rows:
            row[-1] = [piece for line in row[-1] for piece in _folded(line, room)] or [""]
    shelves: list[list[int]] = []
    used = WIDTH
    for column, width in enumerate(widths):
        if used + len(BETWEEN_COLUMNS) + width > WIDTH:
            shelves.append([])
            used = len(_NEXT_LINE) - len(BETWEEN_COLUMNS) if len(shelves) > 1 else -len(BETWEEN_COLUMNS)
        shelves[-1].append(column)
        used += len(BETWEEN_COLUMNS) + width
    made: list[str] = []
    for row in rows:
        if made and len(shelves) > 1:
            made.append("")
        for number, shelf in enumerate(shelves):
            indent = _NEXT_LINE if number else ""
            for parts in zip_longest(*(row[column] for column in shelf), fillvalue=""):
                line = BETWEEN_COLUMNS.join(part.ljust(widths[column]) for part, column in zip(parts, shelf, strict=True)).rstrip()
                made += (
                    [f"{indent}{piece}" for piece in _folded(line, WIDTH - len(indent))]
                    if len(shelf) == 1
                    else [f"{indent}{line}".rstrip()]
                )
    return [line for line in made if line] if len(shelves) == 1 else made


def _cell_lines(text: str) -> list[str]:
    """The lines of a cell, at least one. Only a value that is the last cell of its row can have several."""
    return [line for line in (" ".join(line.split()) for line in text.split("\n")) if line] or [""]


def _folded(line: str, width: int) -> list[str]:
    """A line of a cell on as many lines as it needs; a word longer than a line is cut."""
    made: list[str] = []
    for word in line.split(" ") if line else ():
        for start in range(0, max(len(word), 1), width):
            piece = word[start : start + width]
            if made and len(made[-1]) + 1 + len(piece) <= width:
                made[-1] += f" {piece}"
            else:
                made.append(piece)
    return made


def _settled(block: Block | Table) -> Block | Table:
    """A block without values is laid out once."""
    if isinstance(block, Table) or len(block.pieces) > 1:
        return block
    return Block("", "", ("\n".join(_lines(block, ())),), verbatim=True, gap=block.gap)


def _words(inline: Token) -> str:
    out: list[str] = []
    links: list[tuple[int, str]] = []
    for token in inline.children or ():
        match token.type:
            case "softbreak":
                out.append(" ")
            case "hardbreak":
                out.append("\n")
            case "html_inline":
                pass  # a break that only the HTML part needs
            case "link_open":
                links.append((len(out), str(token.attrGet("href"))))
            case "link_close":
                start, address = links.pop()
                shown = address.removeprefix("mailto:")
                if is_slot(address):
                    out.append(address)
                elif "".join(out[start:]) != shown:
                    out.append(f" ({shown})")
            case _:
                out.append(token.content)
    return "".join(out)


def _wrapped(line: str, first: str, rest: str) -> list[str]:
    words = line.split(" ")
    made = [first + words[0]]
    for word in words[1:]:
        if len(made[-1]) + 1 + len(word) > WIDTH:
            made.append(rest + word)
        else:
            made[-1] += f" {word}"
    return made
