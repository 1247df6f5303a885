"""Whether a mail is a form that is configured, and what it says: rows, canonical fields, problems. Pure, total.

The shapes were read before anybody knew which forms there are. Here the marks of a form are looked for, the first shape whose labels
are known is taken, and its rows are given the names of the form's fields. What is believed is told from the proofs of the mail,
never from what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from daemon.model import AddrSpec, Attachment, DomainVerdict, FormMessage, FormRow, FormTable, Reading
from daemon.parsers.forms import links, textrows
from daemon.parsers.forms.tables import GENERIC, LABEL_ROW, QUESTION_TABLES
from daemon.parsers.headers import base_subject
from daemon.parsers.words import one_line
from daemon.rules.formanswers import Answers, Drift, read_answers
from daemon.rules.forms import FormRules
from daemon.rules.formsubject import is_forward, titled

NOTIFICATION, AUTORESPONDER, OTHER = "notification", "autoresponder", "other"
UPDATE, TRIAGE, QUARANTINE, IGNORE = "update_existing_request", "triage", "quarantine", "ignore"

_ENOUGH = 2
"""Known labels that make rows a form."""
_ENOUGH_FOR_A_TITLE_IN_THE_SUBJECT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSender:
    """What is known of the sender of the mail: what the provider says of the From domain, and whether it is a house agent's address."""

    domain: DomainVerdict
    house_agent: bool
    own_addresses: frozenset[AddrSpec]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormReading:
    """A form as it was read. `action` speaks of the mail alone: a known submission makes an accepted one an update.

    `canonical` has text by field, a tuple of texts for a list. `customer_email` is set when there is exactly one address.
    `company`, `customer_name` and `new_organization` are one line each, fit for a header. `attachments` are those of the message
    that was read, inline ones left out; `comment` the words of whoever forwarded it.
    """

    rules: FormRules
    kind: str
    action: str
    template: str | None
    form_title: str | None
    form_id: str | None
    submission_id: str | None
    org_in_subject: str | None
    subject: str
    """Of the message that was read, without reply and forward marks."""
    forwarded_by: AddrSpec | None
    comment: str
    reply_to: AddrSpec | None
    fields: tuple[FormRow, ...]
    canonical: Mapping[str, str | tuple[str, ...]]
    problems: tuple[str, ...]
    files: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    customer_email: AddrSpec | None
    customer_name: str
    company: str
    new_organization: str
    drift: Drift


def recognise(reading: Reading, forms: Sequence[FormRules], sender: FormSender) -> FormReading | None:
    """The form that the mail is, or None. With several configured the one with the strongest marks."""
    best: tuple[int, FormReading] | None = None
    for rules in forms:
        found = _read_as(reading, rules, sender)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    return best[1] if best is not None else None


def explain_form(reading: FormReading | None, *, known_submission: bool = False) -> dict[str, Any] | None:
    """The `form` object of `explain`. `known_submission`: a request with this submission id was taken in before."""
    if reading is None:
        return None
    return {
        "kind": reading.kind,
        "action": UPDATE if known_submission and reading.action == reading.rules.action else reading.action,
        "template": reading.template,
        "form_title": reading.form_title,
        "form_id": reading.form_id,
        "submission_id": reading.submission_id,
        "org_in_subject": reading.org_in_subject,
        "forwarded_by": reading.forwarded_by,
        "fields": [{"label": row.label, "value": row.value} for row in reading.fields],
        "files": list(reading.files),
        "canonical": {name: list(value) if isinstance(value, tuple) else value for name, value in reading.canonical.items()},
        "problems": list(reading.problems),
    }


# --- the message that is read -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One way to look at the mail: as it is, as what it forwards in place, as a message attached to it."""

    tables: tuple[FormTable, ...]
    text: str
    titles: tuple[str, ...]
    links: tuple[str, ...]
    subject: str
    author: AddrSpec | None
    reply_to: tuple[AddrSpec, ...]
    auto_submitted: bool
    bulk: bool
    forwarded: bool
    attachments: tuple[Attachment, ...]


def _views(reading: Reading, rules: FormRules) -> Iterator[_View]:
    """The innermost message first; but what a listed sender wrote is read as it is, whatever somebody put into an answer."""
    message = reading.message
    outer, *attached = reading.form.messages if reading.form is not None else (_bare(reading),)
    direct = _view(outer, outer.text or message.body, message.attachments, forwarded=False)
    if rules.is_sender(message.author):
        yield direct
        return
    if reading.case_tags or reading.cs_tags:
        return
    for inner in sorted(attached, key=lambda found: -found.depth):
        if inner.inline is not None and not rules.is_sender(inner.author):
            yield _inline(inner, inner.attachments)
        yield _view(inner, inner.text, inner.attachments, forwarded=True)
    replies = bool(message.in_reply_to or message.references)
    if outer.inline is not None and is_forward(message.subject, outer.inline, replies=replies):
        yield _inline(outer, message.attachments)
    elif not replies:
        # a reply may quote a form; nobody fills one in by replying
        yield direct


def _bare(reading: Reading) -> FormMessage:
    message = reading.message
    return FormMessage(
        depth=0, tables=(), text="", titles=(), links=(), subject=message.subject, author=message.author, reply_to=message.reply_to,
        auto_submitted=False, bulk=False,
    )  # fmt: skip


def _view(found: FormMessage, text: str, attachments: tuple[Attachment, ...], *, forwarded: bool) -> _View:
    return _View(
        tables=found.tables, text=text, titles=found.titles, links=found.links, subject=found.subject, author=found.author,
        reply_to=found.reply_to, auto_submitted=found.auto_submitted, bulk=found.bulk, forwarded=forwarded, attachments=attachments,
    )  # fmt: skip


def _inline(found: FormMessage, attachments: tuple[Attachment, ...]) -> _View:
    inline = found.inline
    assert inline is not None
    return _View(
        tables=found.tables, text=inline.text, titles=found.titles, links=found.links, subject=inline.subject or found.subject,
        author=inline.author, reply_to=inline.reply_to, auto_submitted=found.auto_submitted, bulk=found.bulk, forwarded=True,
        attachments=attachments,
    )  # fmt: skip


# --- marks and shape ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks:
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
        strong = 8 * (self.form_id is not None) + 4 * (self.title is not None) + 4 * self.subject
        return strong + 2 * self.title_in_subject + self.sender

    @property
    def only_sender(self) -> bool:
        return self.sender and self.strength == 1

    @property
    def only_title_in_subject(self) -> bool:
        return self.title_in_subject and self.strength == 2


def _marks(view: _View, rules: FormRules, outer_subject: str) -> _Marks:
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
    return _Marks(
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


def _shape(view: _View, rules: FormRules, enough: int) -> tuple[str, tuple[FormRow, ...]] | None:
    """The first shape with enough known labels, and its rows; a question table needs none."""
    for table in view.tables:
        if table.template in QUESTION_TABLES and table.within is None:
            return table.template, table.rows
    for template in (GENERIC, LABEL_ROW):
        rows = _rows_of(view.tables, template, rules)
        if _known(rows, rules) >= enough:
            return template, rows

    knows = cache(rules.knows)
    shapes: tuple[tuple[str, Callable[[], tuple[FormRow, ...]]], ...] = (
        (textrows.PADDED, lambda: textrows.read_padded(view.text, knows, rules.known_labels)),
        (textrows.COLON, lambda: textrows.read_colon(view.text, knows)),
        (textrows.LINE, lambda: textrows.read_line(view.text, knows)),
    )
    for template, read in shapes:
        rows = read()
        if _known(rows, rules) >= enough:
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


def _known(rows: Sequence[FormRow], rules: FormRules) -> int:
    """How many fields of the form the rows answer."""
    return len(_fields(rows, rules))


# --- what it means --------------------------------------------------------------------------------------------------------


def _read_as(reading: Reading, rules: FormRules, sender: FormSender) -> tuple[int, FormReading] | None:
    """The mail as this form, and the strength of its marks."""
    message = reading.message
    if reading.bounce is not None or reading.automatic.own_mark or (message.author is not None and message.author in sender.own_addresses):
        return None
    for view in _views(reading, rules):
        if view.author is not None and view.author in sender.own_addresses:
            continue
        marks = _marks(view, rules, message.subject)
        if not marks.strength:
            continue
        enough = _ENOUGH_FOR_A_TITLE_IN_THE_SUBJECT if marks.only_title_in_subject else _ENOUGH
        shape = _shape(view, rules, enough)
        if shape is not None and marks.only_sender and (marks.another_id or _known(shape[1], rules) < enough):
            shape = None  # another form of the same service
        if shape is not None:
            return marks.strength, _form(reading, view, rules, sender, marks, shape)
        if rules.is_sender(message.author):
            return marks.strength, _no_form(reading, view, rules, sender, marks)
    return None


def _no_form(reading: Reading, view: _View, rules: FormRules, sender: FormSender, marks: _Marks) -> FormReading:
    """A mail of the form's sender in which no form was found: its news, its notices, or a form that nobody configured."""
    ignored = view.auto_submitted or view.bulk
    action = IGNORE if ignored else QUARANTINE if sender.domain is DomainVerdict.FAIL else TRIAGE
    problems = ("auth:fail",) if action == QUARANTINE else ("no_known_labels",) if action == TRIAGE else ()
    kind = AUTORESPONDER if view.auto_submitted and not view.bulk else OTHER
    return _built(reading, view, rules, marks, kind=kind, action=action, template=None, answers=read_answers((), rules), problems=problems)


def _form(
    reading: Reading, view: _View, rules: FormRules, sender: FormSender, marks: _Marks, shape: tuple[str, tuple[FormRow, ...]]
) -> FormReading:
    template, rows = shape
    answers = read_answers(rows, rules)
    problems: list[str] = []
    ours = answers.customer_email is not None and answers.customer_email in sender.own_addresses
    kind = AUTORESPONDER if view.auto_submitted or ours else NOTIFICATION
    if ours:
        problems.append("submitter_is_us")
    submission = _submission_id(view, answers)
    if submission is None:
        problems.append("no_submission_id")
    if view.reply_to and answers.addresses and answers.addresses.isdisjoint(view.reply_to):
        problems.append("reply_to_differs_from_field")
    action = IGNORE
    if kind == NOTIFICATION:
        problems += answers.problems
        action = rules.action
        if answers.is_undecided or not _believed(reading, view, rules, sender, problems):
            action = TRIAGE
        if sender.domain is DomainVerdict.FAIL:
            action = QUARANTINE
    return _built(
        reading, view, rules, marks, kind=kind, action=action, template=template, answers=answers, problems=tuple(sorted(problems)),
        submission=submission,
    )  # fmt: skip


def _believed(reading: Reading, view: _View, rules: FormRules, sender: FormSender, problems: list[str]) -> bool:
    """Whether a request may run: a listed sender, or a house agent who forwards, with the provider's word for the domain."""
    listed = not view.forwarded and rules.is_sender(reading.message.author)
    if sender.domain is not DomainVerdict.PASS:
        problems.append("auth:fail" if sender.domain is DomainVerdict.FAIL else "auth:none")
        return listed and not rules.require_dmarc and sender.domain is not DomainVerdict.FAIL
    if listed or (view.forwarded and sender.house_agent):
        return True
    problems.append("forwarder_not_of_the_house" if view.forwarded else "sender_not_listed")
    return False


def _submission_id(view: _View, answers: Answers) -> str | None:
    """From the links of the template, then from a row of its own, then from the uploads."""
    in_links = links.submission_ids(view.links)
    if not in_links and not view.tables:
        answered = {link for row in answers.rows for link in links.links_in(row.value)}
        in_links = links.submission_ids([link for link in links.links_in(view.text) if link not in answered])
    if in_links:
        return in_links[0]
    if answers.submission_id is not None:
        return answers.submission_id
    uploaded = links.submission_ids([link for row in answers.rows for link in row.files if "/uploads/" in link])
    return uploaded[0] if uploaded else None


def _built(
    reading: Reading, view: _View, rules: FormRules, marks: _Marks, *, kind: str, action: str, template: str | None, answers: Answers,
    problems: tuple[str, ...], submission: str | None = None,
) -> FormReading:  # fmt: skip
    shown = marks.title or (view.titles[0] if view.titles and template in QUESTION_TABLES else None)
    files = dict.fromkeys(link for row in answers.rows for link in row.files)
    form_id = marks.form_id or next(iter(links.form_ids([*view.links, *files])), None)
    return FormReading(
        rules=rules,
        kind=kind,
        action=action,
        template=template,
        form_title=shown,
        form_id=form_id if template is not None else None,
        submission_id=submission,
        org_in_subject=marks.in_subject,
        subject=one_line(base_subject(view.subject)),
        forwarded_by=reading.message.author if view.forwarded else None,
        comment=reading.new_text.strip() if view.forwarded else "",
        reply_to=view.reply_to[0] if view.reply_to else None,
        fields=answers.rows,
        canonical=answers.canonical,
        problems=problems,
        files=tuple(files),
        attachments=tuple(attachment for attachment in view.attachments if not attachment.inline),
        customer_email=answers.customer_email,
        customer_name=answers.line(rules.customer.name),
        company=answers.line(rules.customer.company),
        new_organization=answers.line(rules.new_organization),
        drift=answers.drift,
    )
