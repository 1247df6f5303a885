"""The rows of questions and answers in the tables of an HTML document, in every shape they come in. Pure, total.

Three shapes: the question table of JotForm, known by the ids of its elements (mail programs put prefixes before them); rows of two
cells; a row with the label above a row with the answer. Which of them are a form is told by who knows the labels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser, LexborNode

from daemon.model import FormRow, FormTable
from daemon.parsers.forms.cells import Budget, read_cell, read_label
from daemon.parsers.forms.links import MAX_LINKS, is_web

MAX_TABLES = 300
MAX_ROWS = 500
MAX_ANSWERS = 1_000_000
"""Characters of all answers of a document together."""

GENERIC = "generic-table"
LABEL_ROW = "label-row-value-row"
JOTFORM_2021, JOTFORM_2013, JOTFORM_2010 = "2021", "2013", "2010"
QUESTION_TABLES = frozenset((JOTFORM_2021, JOTFORM_2013, JOTFORM_2010))

_MAX_TITLES = 30
_MAX_TITLE = 300
_MAX_CELL_LABEL = 500
_QID = re.compile(r"(?:question|value|row|label|field)_(\d{1,10})\Z")
_QUESTION_ID = re.compile(r"question_\d{1,10}\Z")
_HEADING_LEFT = frozenset(("question", "questions", "field", "label", "frage"))
_HEADING_RIGHT = frozenset(("answer", "answers", "response", "responses", "value", "antwort"))
_SECTIONS = frozenset(("tbody", "thead", "tfoot"))
_CELLS = frozenset(("td", "th"))
_TAG = re.compile(r"<t([rdh])[\s>]", re.IGNORECASE)


def may_have_rows(html: str) -> bool:
    """The cheap question: are there two rows of two cells, or a question table?"""
    if html.count("<tr") + html.count("<TR") < 2:
        return "emailFieldsTable" in html
    if "emailFieldsTable" in html:
        return True
    rows = cells = 0
    for letter in _TAG.findall(html):
        if letter in "rR":
            rows += cells == 2
            cells = 0
        else:
            cells += 1
    return rows + (cells == 2) >= 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What an HTML document shows of a form. `titles`: headings first, then bold words; `links` are outside of all answers."""

    tables: tuple[FormTable, ...] = ()
    titles: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def read_document(tree: LexborHTMLParser) -> Document:
    """Read every table that has rows of a shape."""
    reader = _Reader(tree)
    reader.read()
    return Document(tables=tuple(reader.tables), titles=reader.titles(), links=reader.links())


@dataclass(slots=True)
class _Reader:
    tree: LexborHTMLParser
    tables: list[FormTable] = field(default_factory=list)
    answers: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By the id of a cell with an answer: its table and row."""
    closed: set[int] = field(default_factory=set)
    """Cells with a question or an answer that are surely no part of a layout: nothing in them is a title or a link of the service."""
    budget: Budget = field(default_factory=Budget)
    left: int = MAX_ANSWERS

    def read(self) -> None:
        for table in self.tree.css("table")[:MAX_TABLES]:
            if self.budget.spent or self.left <= 0:
                return
            rows = _direct_rows(table)
            if _is_question_table(table, rows):
                self.add(table, self.generation(rows), [(row[0], row[1], _qid(row)) for row in rows if len(row) > 1])
                continue
            pairs = [(row[0], row[1], _qid(row)) for row in rows if len(row) == 2 and row[0].css_first("table") is None]
            if pairs:
                self.add(table, GENERIC, pairs)
            if any(len(row) == 1 for row in rows):
                self.add(table, LABEL_ROW, [(a[0], b[1], _qid(b)) for a, b in pairwise(rows) if self.is_below(a, b)])

    def is_below(self, first: list[LexborNode], second: list[LexborNode]) -> bool:
        """Whether a row of one cell is the label of the answer in the row below: a cell that only makes room, and the answer."""
        if len(first) != 1 or len(second) != 2 or first[0].css_first("table") is not None:
            return False
        return not read_cell(second[0], self.budget)[0]

    def add(self, table: LexborNode, template: str, found: list[tuple[LexborNode, LexborNode, str | None]]) -> None:
        """Keep the rows that have a label. The first row may only say what the columns are."""
        number = len(self.tables)
        rows: list[FormRow] = []
        for question, answer, qid in found:
            if template in QUESTION_TABLES:
                self.closed.update((question.mem_id, answer.mem_id))
            label = read_label(question, self.budget)
            if not label or len(label) > _MAX_CELL_LABEL or (not rows and self.is_heading(label, answer)):
                continue
            value, files = read_cell(answer, self.budget)
            self.left -= len(value)
            if self.left < 0 or self.budget.spent:
                break
            if answer.css_first("table") is None:
                self.closed.add(answer.mem_id)
            self.answers.setdefault(answer.mem_id, (number, len(rows)))
            rows.append(FormRow(label=label, value=value, qid=qid, files=files))
        if rows:
            self.tables.append(FormTable(template=template, rows=tuple(rows), within=self.answer_around(table)))

    def is_heading(self, label: str, answer: LexborNode) -> bool:
        return label.casefold() in _HEADING_LEFT and read_cell(answer, self.budget)[0].casefold() in _HEADING_RIGHT

    def answer_around(self, node: LexborNode) -> tuple[int, int] | None:
        """The table and row of the answer in which the node stands."""
        around = node.parent
        while around is not None:
            found = self.answers.get(around.mem_id)
            if found is not None:
                return found
            around = around.parent
        return None

    def is_answered(self, node: LexborNode) -> bool:
        around: LexborNode | None = node
        while around is not None:
            if around.mem_id in self.closed:
                return True
            around = around.parent
        return False

    def generation(self, rows: list[list[LexborNode]]) -> str:
        """Which generation of JotForm's template wrote the question table."""
        tree = self.tree
        if not any(_qid(row) is not None for row in rows):
            has_heading = bool(rows) and len(rows[0]) == 2 and self.is_heading(read_label(rows[0][0], self.budget), rows[0][1])
            if has_heading or tree.css_first("body.Created") is not None or tree.css_first("h3,[class*=email-container]") is None:
                return JOTFORM_2010
        widths = {cell.attributes.get("width") for row in rows[:3] for cell in row}
        if tree.css_first("[class*=email-container]") is not None or widths & {"30%", "70%"}:
            return JOTFORM_2021
        if "170" in widths or tree.css_first("[id$=autoresponder-footer]") is not None:
            return JOTFORM_2013
        return JOTFORM_2021 if tree.css_first("h3") is not None else JOTFORM_2013

    def titles(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for selector in ("h1,h2,h3", "strong,b"):
            for node in self.tree.css(selector)[: _MAX_TITLES * 2]:
                if self.budget.spent or len(found) >= _MAX_TITLES:
                    break
                if not self.is_answered(node):
                    text = " ".join(read_cell(node, self.budget)[0].split())
                    if text and len(text) <= _MAX_TITLE:
                        found[text] = None
        return tuple(found)

    def links(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for node in self.tree.css("a")[: MAX_LINKS * 2]:
            link = is_web(node.attributes.get("href"))
            if link is not None and len(found) < MAX_LINKS and not self.is_answered(node):
                found[link] = None
        return tuple(found)


def _direct_rows(table: LexborNode) -> list[list[LexborNode]]:
    """The rows of the table itself, each as its cells; not those of tables in its cells."""
    rows: list[list[LexborNode]] = []
    for child in _children(table):
        for row in (child,) if child.tag == "tr" else _children(child) if child.tag in _SECTIONS else ():
            if row.tag == "tr":
                if len(rows) >= MAX_ROWS:
                    return rows
                rows.append([cell for cell in _children(row) if cell.tag in _CELLS])
    return rows


def _children(node: LexborNode) -> list[LexborNode]:
    found: list[LexborNode] = []
    child = node.child
    while child is not None:
        if child.is_element_node:
            found.append(child)
        child = child.next
    return found


def _is_question_table(table: LexborNode, rows: list[list[LexborNode]]) -> bool:
    if (table.attributes.get("id") or "").endswith("emailFieldsTable"):
        return True
    return any(len(row) > 1 and _QUESTION_ID.search(row[0].attributes.get("id") or "") for row in rows)


def _qid(row: list[LexborNode]) -> str | None:
    """The number of the question, from the ids of its cells or of its row."""
    if not row:
        return None
    around = row[0].parent
    for node in (*row[:2], around):
        found = _QID.search((node.attributes.get("id") or "") if node is not None else "")
        if found is not None:
            return found[1]
    return None
