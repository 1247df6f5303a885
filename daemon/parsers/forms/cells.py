"""A cell of a form's table as text: lines where a person sees lines, uploads and pictures as links. Pure, total, linear.

`<br>` and the edges of blocks are line ends, all other white space is one blank. A row of a table inside an answer becomes one line.
Nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from daemon.parsers.forms.links import is_upload, is_web

MAX_VALUE = 100_000
MAX_FILES = 100
MAX_SHOWN_LABEL = 1000

_BLOCKS = frozenset((
    "p", "div", "li", "ul", "ol", "dl", "dt", "dd", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "section", "article",
    "address", "center", "hr", "figure", "header", "footer", "main", "fieldset", "form",
))  # fmt: skip
_DROPPED = frozenset(("script", "style", "head", "title", "template", "noscript", "svg", "object", "-comment"))
_CELLS = frozenset(("td", "th"))
_SPACE = re.compile(r"[\s\u200b\ufeff]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_JOINT = " | "
_LABEL_END = ":：*＊ "


class Budget:
    """How many nodes may still be looked at in one mail: cells may stand inside of cells."""

    def __init__(self, nodes: int = 50_000) -> None:
        self.nodes = nodes

    @property
    def spent(self) -> bool:
        """Nothing more is read."""
        return self.nodes <= 0


@dataclass(slots=True)
class _Row:
    """A row of several cells inside the answer: the cells that were read, and where the next one begins in the output."""

    begin: int
    cells: list[str] = field(default_factory=list)


class _Writer:
    """The text as it grows: finished lines, and the pieces of the one that is being written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.current: list[str] = []
        self.size = 0
        self.files: dict[str, None] = {}

    def words(self, text: str) -> None:
        words = _SPACE.sub(" ", text)
        if words == " " and not self.current and "\xa0" not in text:
            return
        self.current.append(words)
        self.size += len(words)

    def end_line(self) -> None:
        self.lines.append("".join(self.current))
        self.current.clear()
        self.size += 1

    def edge(self) -> None:
        """The edge of a block: a line end, unless the line has nothing yet."""
        if self.current:
            self.end_line()

    def take(self, begin: int) -> str:
        """Take what was written since the line `begin`, as one line."""
        text = " ".join(" ".join([*self.lines[begin:], "".join(self.current)]).split())
        del self.lines[begin:]
        self.current.clear()
        return text

    def file(self, link: str | None) -> None:
        if link is not None and len(self.files) < MAX_FILES:
            self.files[link] = None


def read_cell(cell: LexborNode, budget: Budget) -> tuple[str, tuple[str, ...]]:
    """(text, links of uploads and pictures) of a cell. The text has at most `MAX_VALUE` characters."""
    writer = _Writer()
    rows: list[_Row | None] = []
    for node, ends in _walk(cell):
        budget.nodes -= 1
        if writer.size > MAX_VALUE or budget.spent:
            break
        tag = node.tag or ""
        if tag == "-text":
            writer.words(node.text_content or "")
        elif tag == "tr":
            writer.edge()
            if not ends:
                rows.append(_Row(len(writer.lines)) if _has_several_cells(node) else None)
            elif (row := rows.pop()) is not None:
                writer.words(_JOINT.join(row.cells).strip())
                writer.edge()
        elif tag in _CELLS and rows and (row := rows[-1]) is not None:
            taken = writer.take(row.begin)
            if ends:
                row.cells.append(taken)
        elif tag in _BLOCKS or tag in _CELLS:
            writer.edge()
        elif not ends:
            if tag == "br":
                writer.end_line()
            elif tag == "img":
                writer.file(is_web(node.attributes.get("src")))
            elif tag == "a":
                writer.file(is_upload(node.attributes.get("href")))
    writer.end_line()
    return clean_value("\n".join(writer.lines)), tuple(writer.files)


def read_label(cell: LexborNode, budget: Budget) -> str:
    """The label in a cell: one line, without the colon and the star at its end."""
    return clean_label(read_cell(cell, budget)[0])


def clean_label(text: str) -> str:
    r"""A label as it is shown: white space folded, without the colon and the star at its end.

    >>> clean_label("  Your\xa0E-mail *: ")
    'Your E-mail'
    """
    return " ".join(_CONTROL.sub(" ", text[:MAX_SHOWN_LABEL]).split()).lstrip("* ").rstrip(_LABEL_END)


def clean_value(text: str) -> str:
    """An answer without control characters: each line trimmed, at most one empty line in a row, none at its edges."""
    kept: list[str] = []
    for line in _CONTROL.sub(" ", text[:MAX_VALUE].replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        words = " ".join(line.split())
        if words or (kept and kept[-1]):
            kept.append(words)
    if kept and not kept[-1]:
        kept.pop()
    return "\n".join(kept)


def _has_several_cells(row: LexborNode) -> bool:
    count = 0
    node = row.child
    while node is not None and count < 2:
        count += node.tag in _CELLS
        node = node.next
    return count > 1


def _walk(top: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """The nodes inside of `top` in document order, each element a second time (True) at its end."""
    open_elements: list[LexborNode] = []
    node = top.child
    while node is not None or open_elements:
        if node is None:
            node = open_elements.pop()
            yield node, True
        elif node.tag not in _DROPPED:
            yield node, False
            child = node.child
            if child is not None:
                open_elements.append(node)
                node = child
                continue
            if node.is_element_node:
                yield node, True
        node = node.next
