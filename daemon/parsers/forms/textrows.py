"""Questions and answers in plain text: padded columns, `Label: value`, a label above its answer. Pure, total, linear.

Text alone doesn't say what is a label, so each reader asks who knows the form. A text begins with words of the service and ends with
more of them: rows begin at the first known label's paragraph and end with the last one's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from daemon.model import FormRow
from daemon.parsers.forms.cells import clean_label, clean_value

PADDED, COLON, LINE = "text-padded", "label-colon", "label-line"

COLUMN = 25
"""Where the answer begins in padded text. A longer label is followed by it without a gap."""
MAX_ROWS = 500
MAX_LINES = 2000

_MAX_UNKNOWN = 80
_MAX_LABEL = 300
_BULLETS = "*•‣▪·-–—_>#\t \xa0"
_COLON = re.compile(r"[:：](?!//)")
_TIME = re.compile(r"\d\s?\Z")

Knows = Callable[[str], bool]


@dataclass(slots=True)
class _Row:
    label: str
    known: bool
    lines: list[str]
    paragraph: int
    """How many blank lines stand above it in the text."""


@dataclass(slots=True)
class _Rows:
    found: list[_Row] = field(default_factory=list)

    def finished(self) -> tuple[FormRow, ...]:
        """The rows from the first known label's paragraph to the last one's."""
        known = [row for row in self.found if row.known]
        if not known:
            return ()
        first, last = known[0].paragraph, known[-1].paragraph
        kept = [row for row in self.found if first <= row.paragraph <= last][:MAX_ROWS]
        return tuple(FormRow(label=row.label, value=clean_value("\n".join(row.lines))) for row in kept)


def read_padded(text: str, knows: Knows, labels: Iterable[str]) -> tuple[FormRow, ...]:
    """Labels padded with blanks to `COLUMN`. `labels` are the known ones, folded, by which longer ones are told from their answer."""
    long_labels = [_beginning(label) for label in labels if len(label) >= COLUMN - 1]
    rows = _Rows()
    paragraph = 0
    below: list[str] = []
    """Lines behind a blank one: of the answer above if another known label follows, else words of the service."""
    for line in _lines(text):
        if not line.strip():
            paragraph += 1
            below += [line] if rows.found else []
            continue
        row = _padded_row(line, knows, long_labels, paragraph)
        if row is not None:
            if row.known and rows.found:
                rows.found[-1].lines += below
            below.clear()
            rows.found.append(row)
        elif rows.found and rows.found[-1].paragraph == paragraph:
            rows.found[-1].lines.append(line)
        elif rows.found:
            below.append(line)
    return rows.finished()


def _padded_row(line: str, knows: Knows, long_labels: Sequence[re.Pattern[str]], paragraph: int) -> _Row | None:
    """An unknown label must stand before two blanks at least: a sentence may have one there, too."""
    head, tail = line[:COLUMN], line[COLUMN:]
    label = clean_label(head)
    if len(head) == COLUMN and head[-1] == " " and label and "  " not in head.strip():
        known = knows(label)
        if known or (head[-2] == " " and tail[:1] != " "):
            return _Row(label, known, [tail], paragraph)
    longer = next((found for pattern in long_labels if (found := pattern.match(line))), None)
    return _Row(clean_label(longer[0]), True, [line[longer.end() :]], paragraph) if longer is not None else None


def read_colon(text: str, knows: Knows) -> tuple[FormRow, ...]:
    """`Label: value` lines. An answer goes on until a blank line or the next label.

    No rows unless two known labels have their answers on their lines.
    """
    rows = _Rows()
    paragraph = 0
    for line in _lines(text):
        if not line.strip():
            paragraph += 1
            continue
        row = _colon_row(line, knows, paragraph)
        if row is not None:
            rows.found.append(row)
        elif rows.found and rows.found[-1].paragraph == paragraph:
            rows.found[-1].lines.append(line)
    return rows.finished() if sum(1 for row in rows.found if row.known and row.lines[0]) > 1 else ()


def read_line(text: str, knows: Knows) -> tuple[FormRow, ...]:
    """A label on a line of its own, the answer below it until a blank line or the next known label.

    An answer may also stand one blank line below its label. Between known labels, a paragraph that begins like one is a row, too.
    """
    rows = _Rows()
    paragraph = 0
    after_blank = True
    lines = _lines(text)
    for index, line in enumerate(lines):
        if not line.strip():
            paragraph += not after_blank
            after_blank = True
            continue
        label = clean_label(line.strip(_BULLETS))
        last = rows.found[-1] if rows.found else None
        if label and len(label) <= _MAX_LABEL and knows(label):
            rows.found.append(_Row(label, True, [], paragraph))
        elif last is not None and (last.paragraph == paragraph or not last.lines):
            last.lines.append(line)
            last.paragraph = paragraph
        elif after_blank and 0 < len(label) <= _MAX_UNKNOWN and label[-1] not in ".,;!" and _goes_on(lines, index, knows):
            rows.found.append(_Row(label, False, [], paragraph))
        after_blank = False
    return rows.finished()


def has_line(text: str, wanted: Callable[[str], bool]) -> str | None:
    """The first line of the text that is wanted, cleaned as a label."""
    for line in _lines(text):
        if 0 < len(line) <= _MAX_LABEL and (label := clean_label(line.strip(_BULLETS))) and wanted(label):
            return label
    return None


def _goes_on(lines: Sequence[str], index: int, knows: Knows) -> bool:
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    return bool(following) and not knows(clean_label(following.strip(_BULLETS)))


def _colon_row(line: str, knows: Knows, paragraph: int) -> _Row | None:
    """The row that a line is. A label may have a colon in it: the first place where a known label ends is taken, else the first of all."""
    first: _Row | None = None
    for count, colon in enumerate(_COLON.finditer(line, 0, _MAX_LABEL)):
        label = clean_label(line[: colon.start()].strip(_BULLETS))
        value = line[colon.end() :].strip()
        if line.lstrip()[:1] in ("*", "_"):  # bold words in plain text: *Your Name:* Ann
            value = value.lstrip("*_ ")
        if label and knows(label):
            return _Row(label, True, [value], paragraph)
        if count == 0 and 0 < len(label) <= _MAX_UNKNOWN and not (_TIME.search(line[: colon.start()]) and value[:1].isdigit()):
            first = _Row(label, False, [value], paragraph)
        if count >= 3:
            break
    return first


def _beginning(label: str) -> re.Pattern[str]:
    """A folded label at the beginning of a line, with what may stand at its end."""
    return re.compile(r"\s*" + r"\s+".join(map(re.escape, label.split())) + r"\s?[*:?]{0,3}", re.IGNORECASE)


def _lines(text: str) -> list[str]:
    return text.split("\n", MAX_LINES)[:MAX_LINES]
