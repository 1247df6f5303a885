"""What an installation says of one form: how its mails are known, what its fields are called, what becomes of a request.

Plain data, read from one file of `forms/`. How labels are compared stands here too, so that a file and a mail are compared alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from daemon.model import AddrSpec


class FieldType(StrEnum):
    """What the answer to a question is. It decides how the value is read, never whether the row is kept."""

    TEXT = "text"
    EMAIL = "email"
    """Exactly one address."""
    NAME = "name"
    PHONE = "phone"
    LIST = "list"
    """Several answers: a line each, or with commas between."""
    CHOICE = "choice"
    DATE = "date"
    NUMBER = "number"
    ADDRESS = "address"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRules:
    """One canonical field and the questions that fill it: the question id wins, then an exact label, then a pattern.

    `labels` are compared folded (`folded_label`), `patterns` are searched in the folded label.
    """

    name: str
    type: FieldType = FieldType.TEXT
    qid: str | None = None
    labels: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    required: bool = False
    """Without it the reading has the problem `missing:NAME`."""
    decisive: bool = False
    """A problem with it makes the request one for a person (triage)."""
    max_length: int | None = None
    """Characters; a longer answer is the problem `too_long:NAME`, and the request one for a person (triage)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFields:
    """Which fields say who asks: never the sender of the mail, its Reply-To or a forwarder."""

    email: str
    name: str | None = None
    company: str | None = None
    """The organization that submits the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCase:
    """The case a request becomes. `subject` may name fields in braces: `A New Channel Partner Request for {partner_company}`."""

    type: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRules:
    """The ticket for the colleagues who do the work. Days are business days of the house from the arrival of the request.

    `assignees` take turns; `summary` may name fields in braces, None: the subject of the case.
    """

    project: str
    issue_type: str
    parent: str | None = None
    priority: str | None = None
    summary: str | None = None
    assignees: tuple[str, ...] = ()
    qa_assignee: str | None = None
    due_days: int | None = None
    configuration_days: int | None = None
    qa_due_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class FormRules:
    """One form. `titles`, `form_ids`, `subjects` and `senders` are its marks: one of them must be on the mail.

    `subjects` are searched in the subject without reply and forward marks; the group of a pattern, if it has one, is the
    organization in the subject. `senders` are canonical addresses, in which `*` stands for any signs of the local part.
    """

    name: str
    action: str
    """What its requests are called in `explain` (`new_channel_partner`)."""
    fields: tuple[FieldRules, ...]
    customer: CustomerFields
    titles: tuple[str, ...] = ()
    form_ids: tuple[str, ...] = ()
    subjects: tuple[re.Pattern[str], ...] = ()
    senders: tuple[str, ...] = ()
    require_dmarc: bool = True
    """False: a listed sender is believed although the provider says nothing decisive."""
    submission_labels: tuple[str, ...] = ("submission id",)
    """Labels of a row that holds the number of the submission."""
    new_organization: str | None = None
    """The field that names the organization the request is about."""
    case: RequestCase | None = None
    first_mail: str | None = None
    """Template of the answer to the customer when the request is taken in."""
    completion_mail: str | None = None
    """Template of the mail to the customer when the work is done and nothing is outstanding."""
    task: TaskRules | None = None
    mention: str | None = None
    """Who is mentioned in the feed of the case: `account_manager`."""
    owner: str | None = None
    """The handle of who hears that the form has changed; None: the triage queue."""
    close_case_on_completion: bool = False

    def field_of(self, label: str, qid: str | None = None) -> FieldRules | None:
        """The field that a question fills."""
        if qid is not None and (found := self._by_qid.get(qid)) is not None:
            return found
        key = folded_label(label)
        found = self._by_label.get(key)
        if found is not None or not key or len(key) > MAX_LABEL:
            return found
        for rules in self.fields:
            if any(pattern.search(key) for pattern in rules.patterns):
                return rules
        return None

    def field(self, name: str) -> FieldRules | None:
        """The field of this canonical name."""
        return next((rules for rules in self.fields if rules.name == name), None)

    def knows(self, label: str, qid: str | None = None) -> bool:
        """Whether the question is one of this form's."""
        return self.field_of(label, qid) is not None or folded_label(label) in self._submission_labels

    def is_submission_label(self, label: str) -> bool:
        """Whether the row with this label holds the number of the submission."""
        return folded_label(label) in self._submission_labels

    @cached_property
    def known_labels(self) -> tuple[str, ...]:
        """Every exact label, folded, the longest first."""
        return tuple(sorted({*self._by_label, *self._submission_labels}, key=lambda label: (-len(label), label)))

    def is_sender(self, address: AddrSpec | str | None) -> bool:
        """Whether the form sends its mails from this address."""
        return address is not None and any(_fits(address, sender.strip().lower()) for sender in self.senders)

    def is_title(self, title: str) -> bool:
        """Whether the heading of a mail is the name of this form."""
        return folded_label(title) in self._titles

    @cached_property
    def _by_qid(self) -> Mapping[str, FieldRules]:
        return {rules.qid: rules for rules in reversed(self.fields) if rules.qid is not None}

    @cached_property
    def _by_label(self) -> Mapping[str, FieldRules]:
        return {folded_label(label): rules for rules in reversed(self.fields) for label in rules.labels}

    @cached_property
    def _submission_labels(self) -> frozenset[str]:
        return frozenset(map(folded_label, self.submission_labels))

    @cached_property
    def _titles(self) -> frozenset[str]:
        return frozenset(map(folded_label, self.titles))


MAX_LABEL = 300
"""Longer labels are never searched for patterns."""


def folded_label(label: str) -> str:
    r"""A label as it is compared: NFKC, without case, white space folded, without the colon, star or question mark at its end.

    >>> folded_label("  Your\xa0E-Mail * :")
    'your e-mail'
    """
    text = unicodedata.normalize("NFKC", label[: MAX_LABEL * 2])
    return " ".join(text.casefold().split()).lstrip("* ").rstrip(":*? ")


def _fits(address: str, sender: str) -> bool:
    before, star, after = sender.partition("*")
    if not star:
        return address == sender
    return len(address) >= len(before) + len(after) and address.startswith(before) and address.endswith(after) and "@" in after
