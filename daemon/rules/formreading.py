"""Whether a mail is a form that is configured, and what it says: rows, canonical fields, problems. Pure, total.

The shapes were read before anybody knew which forms there are. Here the marks of a form are looked for, the first shape whose labels
are known is taken, and its rows are given the names of the form's fields. What is believed is told from the proofs of the mail,
never from what stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.model import AddrSpec, Attachment, DomainVerdict, FormRow, Reading
from daemon.parsers.forms import links
from daemon.parsers.forms.tables import QUESTION_TABLES
from daemon.parsers.headers import base_subject
from daemon.parsers.words import one_line
from daemon.rules.formanswers import Answers, Drift, read_answers
from daemon.rules.formmarks import Marks, known, marks_of, shape_of
from daemon.rules.forms import FormRules
from daemon.rules.formviews import View, views_of

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
    proven: bool
    """Whoever sent it may: what the form says can still need a person."""
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


# --- what it means --------------------------------------------------------------------------------------------------------


def _read_as(reading: Reading, rules: FormRules, sender: FormSender) -> tuple[int, FormReading] | None:
    """The mail as this form, and the strength of its marks."""
    message = reading.message
    if reading.bounce is not None or reading.automatic.own_mark or (message.author is not None and message.author in sender.own_addresses):
        return None
    for view in views_of(reading, rules):
        if view.author is not None and view.author in sender.own_addresses:
            continue
        marks = marks_of(view, rules, message.subject)
        if not marks.strength:
            continue
        enough = _ENOUGH_FOR_A_TITLE_IN_THE_SUBJECT if marks.only_title_in_subject else _ENOUGH
        shape = shape_of(view, rules, enough)
        if shape is not None and marks.only_sender and (marks.another_id or known(shape[1], rules) < enough):
            shape = None  # another form of the same service
        if shape is not None:
            return marks.strength, _form(reading, view, rules, sender, marks, shape)
        if rules.is_sender(message.author):
            return marks.strength, _no_form(reading, view, rules, sender, marks)
    return None


def _no_form(reading: Reading, view: View, rules: FormRules, sender: FormSender, marks: Marks) -> FormReading:
    """A mail of the form's sender in which no form was found: its news, its notices, or a form that nobody configured."""
    ignored = view.auto_submitted or view.bulk
    action = IGNORE if ignored else QUARANTINE if sender.domain is DomainVerdict.FAIL else TRIAGE
    problems = ("auth:fail",) if action == QUARANTINE else ("no_known_labels",) if action == TRIAGE else ()
    kind = AUTORESPONDER if view.auto_submitted and not view.bulk else OTHER
    return _built(reading, view, rules, marks, kind=kind, action=action, template=None, answers=read_answers((), rules), problems=problems)


def _form(
    reading: Reading, view: View, rules: FormRules, sender: FormSender, marks: Marks, shape: tuple[str, tuple[FormRow, ...]]
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
    action, proven = IGNORE, False
    if kind == NOTIFICATION:
        problems += answers.problems
        action = rules.action
        proven = _believed(reading, view, rules, sender, problems)
        if answers.is_undecided or not proven:
            action = TRIAGE
        if sender.domain is DomainVerdict.FAIL:
            action = QUARANTINE
    return _built(
        reading, view, rules, marks, kind=kind, action=action, template=template, answers=answers, problems=tuple(sorted(problems)),
        submission=submission, proven=proven,
    )  # fmt: skip


def _believed(reading: Reading, view: View, rules: FormRules, sender: FormSender, problems: list[str]) -> bool:
    """Whether a request may run: a listed sender, or a house agent who forwards, with the provider's word for the domain."""
    listed = not view.forwarded and rules.is_sender(reading.message.author)
    if sender.domain is not DomainVerdict.PASS:
        problems.append("auth:fail" if sender.domain is DomainVerdict.FAIL else "auth:none")
        return listed and not rules.require_dmarc and sender.domain is not DomainVerdict.FAIL
    if listed or (view.forwarded and sender.house_agent):
        return True
    problems.append("forwarder_not_of_the_house" if view.forwarded else "sender_not_listed")
    return False


def _submission_id(view: View, answers: Answers) -> str | None:
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
    reading: Reading, view: View, rules: FormRules, marks: Marks, *, kind: str, action: str, template: str | None, answers: Answers,
    problems: tuple[str, ...], submission: str | None = None, proven: bool = False,
) -> FormReading:  # fmt: skip
    shown = marks.title or (view.titles[0] if view.titles and template in QUESTION_TABLES else None)
    files = dict.fromkeys(link for row in answers.rows for link in row.files)
    form_id = marks.form_id or next(iter(links.form_ids([*view.links, *files])), None)
    return FormReading(
        rules=rules,
        kind=kind,
        action=action,
        proven=proven,
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
