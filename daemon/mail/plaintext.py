"""Markdown as people read it in plain text: the tokens that make the HTML part, without the marks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from daemon.mail.values import Link, Pieces, as_block, fill_text, pieces

WIDTH = 72
RULE = "-" * 20


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


def blocks(tokens: Iterable[Token]) -> tuple[Block, ...]:
    """The blocks of a document whose slots are still open."""
    made: list[Block] = []
    first = rest = ""
    outer: list[str] = []
    for token in tokens:
        match token.type:
            case "list_item_open":
                mark = f"{token.info}. " if token.info else "- "
                outer.append(rest)
                first, rest = rest + mark, rest + " " * len(mark)
            case "list_item_close":
                first = rest = outer.pop()
            case "inline":
                words = _words(token)
                made.append(Block(first, rest, pieces(words), verbatim=is_block(token)))
                first = rest
            case "code_block" | "fence" | "hr":
                made.append(Block(first, rest, pieces(token.content.rstrip("\n") or RULE), verbatim=True, gap=True))
                first = rest
            case _ if token.type.endswith("_close") and not token.hidden and made:
                made[-1] = replace(made[-1], gap=True)
    return tuple(_settled(block) for block in made)


def is_block(token: Token) -> bool:
    """Whether a paragraph is nothing but one value that keeps its lines."""
    return len(token.children or ()) == 1 and as_block(_words(token)) == _words(token)


def write(document: Iterable[Block], values: Sequence[str | Link]) -> str:
    """The plain text, its own lines wrapped at 72 signs, the lines of values as they are."""
    lines: list[str] = []
    for block in document:
        lines += _lines(block, values)
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


def _settled(block: Block) -> Block:
    """A block without values is laid out once."""
    if len(block.pieces) > 1:
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
            case "link_open":
                links.append((len(out), str(token.attrGet("href"))))
            case "link_close":
                start, address = links.pop()
                shown = address.removeprefix("mailto:")
                if "".join(out[start:]) != shown:
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
