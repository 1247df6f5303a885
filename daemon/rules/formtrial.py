"""What each configured form would read from one mail, and why or why not. For whoever writes a form's file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.model import FormRow, Reading
from daemon.parsers.forms import links
from daemon.parsers.headers import base_subject
from daemon.rules.formreading import FormReading, FormSender, explain_form, recognise
from daemon.rules.forms import FormRules
from daemon.rules.formsubject import titled


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One form and one mail. `marks` are those of the form that the mail has, in words; `reading` is None when it is not this form.

    `chosen`: of all forms it is the one that the mail is taken for.
    """

    rules: FormRules
    marks: tuple[str, ...]
    reading: FormReading | None
    chosen: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """Required fields without an answer."""
        return tuple(field.name for field in self.rules.fields if field.required and not self._has(field.name))

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Fields without an answer that need none."""
        return tuple(field.name for field in self.rules.fields if not field.required and not self._has(field.name))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Questions that no field knows."""
        return self.reading.drift.unknown if self.reading is not None else ()

    def field_of(self, row: FormRow) -> str | None:
        """The field that a row of the reading fills."""
        field = self.rules.field_of(row.label, row.qid)
        return field.name if field is not None else None

    def _has(self, name: str) -> bool:
        return self.reading is not None and name in self.reading.canonical


def try_forms(reading: Reading, forms: Sequence[FormRules], sender: FormSender) -> tuple[Trial, ...]:
    """Every form tried on the mail alone, and which of them it is taken for."""
    chosen = recognise(reading, forms, sender)
    return tuple(
        Trial(
            rules=rules, marks=tuple(_marks(reading, rules)), reading=recognise(reading, (rules,), sender),
            chosen=chosen is not None and chosen.rules.name == rules.name,
        )
        for rules in forms
    )  # fmt: skip


def explain_trial(trial: Trial) -> dict[str, Any]:
    """A trial as plain data: what `explain` says of a form, each row with its field, what is missing and what is new."""
    told = explain_form(trial.reading)
    found = trial.reading
    return {
        "form": trial.rules.name,
        "recognised": found is not None and found.template is not None,
        "chosen": trial.chosen,
        "marks": list(trial.marks),
        "reading": told
        | {"fields": [{"label": row.label, "qid": row.qid, "field": trial.field_of(row), "value": row.value} for row in found.fields]}
        if told is not None and found is not None
        else None,
        "missing": list(trial.missing) if found is not None else [],
        "unanswered": list(trial.unanswered) if found is not None else [],
        "unknown": list(trial.unknown),
        "renamed": [{"field": field, "label": label} for field, label in found.drift.renamed] if found is not None else [],
        "attachments": [attachment.name for attachment in found.attachments] if found is not None else [],
    }


def _marks(reading: Reading, rules: FormRules) -> Iterator[str]:
    """The marks of the form that stand anywhere in the mail."""
    message = reading.message
    parts = reading.form.messages if reading.form is not None else ()
    subjects = [message.subject, *(part.subject for part in parts), *(part.inline.subject for part in parts if part.inline is not None)]
    authors = [message.author, *(part.author for part in parts), *(part.inline.author for part in parts if part.inline is not None)]
    found = [*(link for part in parts for link in part.links), *links.links_in(message.body)]
    for number in rules.form_ids:
        if any(links.names(link, number) for link in found):
            yield f"form id {number}"
    for title in dict.fromkeys(title for part in parts for title in part.titles):
        if rules.is_title(title):
            yield f'title "{title}"'
    for subject in dict.fromkeys(map(base_subject, subjects)):
        if any(pattern.search(subject[:1000]) for pattern in rules.subjects):
            yield f'subject "{subject}"'
        elif any(titled(subject, title) for title in rules.titles):
            yield f'title in the subject "{subject}"'
    for author in dict.fromkeys(authors):
        if rules.is_sender(author):
            yield f"sender {author}"
