"""The marks that make a mail a configured form's, and the first shape of it whose labels are known. Pure, linear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from daemon.model import FormRow, FormTable
from daemon.parsers.forms import links, textrows
from daemon.parsers.forms.tables import GENERIC, LABEL_ROW, QUESTION_TABLES
from daemon.parsers.headers import base_subject
from daemon.parsers.words import one_line
from daemon.rules.forms import FormRules
from daemon.rules.formsubject import titled
from daemon.rules.formviews import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Which marks of the form a message has. A title in the subject counts only with more labels than the others need."""

    form_id: str | None
    title: str | None
    in_subject: str | None
    subject: bool
    sender: bool
    title_in_subject: bool
    another_id: bool

    @property
    def strength(self) -> int:
        """What tells two forms apart whose marks are both there."""
        strong = 8 * (self.form_id is not None) + 4 * (self.title is not None) + 4 * self.subject
        return strong + 2 * self.title_in_subject + self.sender

    @property
    def only_sender(self) -> bool:
        """Nothing but the sender speaks for it: all forms of one service have that."""
        return self.sender and self.strength == 1

    @property
    def only_title_in_subject(self) -> bool:
        """Nothing but a title among the words of the subject speaks for it."""
        return self.title_in_subject and self.strength == 2


def marks_of(view: View, rules: FormRules, outer_subject: str) -> Marks:
    """The marks of the form in a mail; `outer_subject` is that of the mail itself."""
    found = view.links or links.links_in(view.text)
    form_id = next((number for number in rules.form_ids if any(links.names(link, number) for link in found)), None)
    title = next((title for title in view.titles if rules.is_title(title)), None)
    if title is None and not view.titles and _speaks_of(view.text, rules.titles):
        title = textrows.has_line(view.text, rules.is_title)
    subjects = [base_subject(subject) for subject in dict.fromkeys((view.subject, outer_subject))]
    matches = [
        match for subject in subjects for pattern in rules.subjects if (match := pattern.search(one_line(subject)[:1000])) is not None
    ]
    organization = next((match[1] for match in matches if match.re.groups and match[1]), None)
    return Marks(
        form_id=form_id,
        title=title,
        in_subject=one_line(organization).strip() or None if organization is not None else None,
        subject=bool(matches),
        sender=rules.is_sender(view.author),
        title_in_subject=any(titled(subject, title) for subject in subjects for title in rules.titles),
        another_id=form_id is None and bool(rules.form_ids) and bool(links.form_ids(found)),
    )


def _speaks_of(text: str, titles: tuple[str, ...]) -> bool:
    """The cheap question: a title stands somewhere in the text."""
    lower = text.casefold()
    return any(" ".join(title.casefold().split()) in lower for title in titles)


def shape_of(view: View, rules: FormRules, enough: int) -> tuple[str, tuple[FormRow, ...]] | None:
    """The first shape with enough known labels, and its rows; a question table needs none."""
    for table in view.tables:
        if table.template in QUESTION_TABLES and table.within is None:
            return table.template, table.rows
    for template in (GENERIC, LABEL_ROW):
        rows = _rows_of(view.tables, template, rules)
        if known(rows, rules) >= enough:
            return template, rows

    knows = cache(rules.knows)
    shapes: tuple[tuple[str, Callable[[], tuple[FormRow, ...]]], ...] = (
        (textrows.PADDED, lambda: textrows.read_padded(view.text, knows, rules.known_labels)),
        (textrows.COLON, lambda: textrows.read_colon(view.text, knows)),
        (textrows.LINE, lambda: textrows.read_line(view.text, knows)),
    )
    for template, read in shapes:
        rows = read()
        if known(rows, rules) >= enough:
            return template, rows
    return None


def _rows_of(tables: tuple[FormTable, ...], template: str, rules: FormRules) -> tuple[FormRow, ...]:
    """The rows of every table of this shape that has a known label, unless it stands in an answer of another one."""
    rows: list[FormRow] = []
    taken: set[int] = set()
    fields = [_fields(table.rows, rules) if table.template == template else frozenset() for table in tables]
    main = max(range(len(tables)), key=lambda number: (len(fields[number]), -number), default=0)
    for number, table in enumerate(tables):
        # whoever forwards has a signature above the form, with a phone of their own: it asks again what the form asks
        if not fields[number] or (number < main and not fields[number].isdisjoint(fields[main])):
            continue
        around = table.within
        while around is not None and not (around[0] in taken and _is_known_row(tables[around[0]], around[1], rules)):
            around = tables[around[0]].within if around[0] < len(tables) else None
        if around is None:
            taken.add(number)
            rows += table.rows
    return tuple(rows)


def _is_known_row(table: FormTable, number: int, rules: FormRules) -> bool:
    return number < len(table.rows) and rules.knows(table.rows[number].label, table.rows[number].qid)


def _fields(rows: Sequence[FormRow], rules: FormRules) -> frozenset[str]:
    """The fields of the form that the rows answer; the number of the submission counts as one."""
    found = (rules.field_of(row.label, row.qid) for row in rows if row.value or row.files)
    numbered = any(rules.is_submission_label(row.label) for row in rows)
    return frozenset([field.name for field in found if field is not None] + [""] * numbered)


def known(rows: Sequence[FormRow], rules: FormRules) -> int:
    """How many fields of the form the rows answer."""
    return len(_fields(rows, rules))
