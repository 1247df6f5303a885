"""Read the files of `forms/`, one for each form, and report every mistake in all of them at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from daemon.configuration.keys import Section
from daemon.configuration.mistakes import Location, Source, misread, read_toml
from daemon.configuration.patterns import ALLOWED, safe_pattern
from daemon.errors import ConfigError, Problem, closest
from daemon.parsers.addresses import addr_spec
from daemon.rules.forms import CustomerFields, FieldRules, FieldType, FormRules, RequestCase, TaskRules, folded_label

TypeWord = Literal["text", "email", "name", "phone", "list", "choice", "date", "number", "address", "file"]
CaseWord = Literal["channel_partner", "support", "access_request"]

TYPE_WORDS = '"text", "email", "name", "phone", "list", "choice", "date", "number", "address" or "file"'
CASE_WORDS = '"channel_partner", "support" or "access_request"'
FIELD = "the name of a field, a section [fields.NAME]"
DAYS = "a whole number of business days from 0 to 366"
SENDER = "an address, like noreply@forms.example; * stands for any signs before the @"
TEMPLATE = 'the name of a mail text, like "New Channel Req 1"; `supportd templates` lists them'
NAME = "a file name of small letters, digits and hyphens, like warranty-claim.toml"
"""What is allowed, in the words a mistake is told in."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


def _sender(value: str) -> str:
    canonical, _ = addr_spec(value)
    if canonical is None or "*" in canonical.partition("@")[2] or canonical.count("*") > 1:
        raise ValueError
    return canonical


def _label(value: str) -> str:
    if not folded_label(value):
        raise ValueError
    return value


Sender = Annotated[str, AfterValidator(_sender)]
Label = Annotated[str, AfterValidator(_label)]
Word = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
Template = Word


class FieldKeys(Section):
    """A field, and the questions that fill it."""

    type: TypeWord = Field("text", description=TYPE_WORDS)
    qid: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description='the number of the question in quotes, like "4"')
    labels: tuple[Label, ...] = Field((), description='an array of questions, like ["Your name", "Full name"]')
    patterns: tuple[str, ...] = Field((), description=f"an array, each {ALLOWED}")
    required: bool = Field(False, description="true or false")
    decisive: bool = Field(False, description="true or false")
    max_length: int | None = Field(None, ge=1, le=100_000, description="a whole number of characters from 1 to 100000")


class CustomerKeys(Section):
    """Who asks."""

    email: str = Field(description=FIELD)
    name: str | None = Field(None, description=FIELD)
    company: str | None = Field(None, description=FIELD)


class CaseKeys(Section):
    """The case that a request becomes."""

    type: CaseWord = Field("support", description=CASE_WORDS)
    subject: Word = Field(description="a subject on one line; {NAME} is the answer in the field of this name")


class TaskKeys(Section):
    """The ticket for the colleagues who do the work."""

    project: Word = Field(description="a name on one line")
    issue_type: Word = Field("Task", description="a name on one line")
    parent: Word | None = Field(None, description="a name on one line, or leave it out")
    priority: Word | None = Field(None, description="a word on one line, or leave it out")
    summary: Word | None = Field(None, description="a summary on one line; {NAME} is the answer in the field of this name")
    assignees: tuple[Word, ...] = Field((), description='an array of handles, like ["ivan"]')
    qa_assignee: Word | None = Field(None, description="a handle, or leave it out")
    due_days: int = Field(3, ge=0, le=366, description=DAYS)
    configuration_days: int = Field(2, ge=0, le=366, description=DAYS)
    qa_due_days: int = Field(3, ge=0, le=366, description=DAYS)


class FormKeys(Section):
    """The whole file."""

    enabled: bool = Field(True, description="true or false")
    titles: tuple[Label, ...] = Field((), description='an array of titles, like ["Channel Partner Form"]')
    form_ids: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{3,64}$")], ...] = Field(
        (), description='an array of numbers in quotes, like ["220683651272354"]'
    )
    subjects: tuple[str, ...] = Field((), description=f"an array, each {ALLOWED}")
    senders: tuple[Sender, ...] = Field((), description=f"an array, each {SENDER}")
    require_dmarc: bool = Field(True, description="true or false")
    submission_labels: tuple[Label, ...] = Field(("submission id",), description='an array of questions, like ["submission id"]')
    new_organization: str | None = Field(None, description=FIELD)
    mention: Literal["account_manager"] | None = Field(None, description='"account_manager", or leave it out')
    first_mail: Template | None = Field(None, description=TEMPLATE)
    completion_mail: Template | None = Field(None, description=TEMPLATE)
    owner: Word | None = Field(None, description="a handle, or leave it out")
    close_case_on_completion: bool = Field(False, description="true or false")
    customer: CustomerKeys = Field(description="the section [customer]")
    case: CaseKeys = Field(description="the section [case]")
    task: TaskKeys | None = Field(None, description="the section [task], or leave it out")
    fields: dict[str, FieldKeys] = Field(min_length=1, description="sections [fields.NAME], one for each field")


def form_files(folders: Iterable[Path]) -> dict[str, Path]:
    """The file of each form by the form's name; a file of a later folder takes the place of its namesake before it."""
    found: dict[str, Path] = {}
    for folder in folders:
        found |= {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return dict(sorted(found.items()))


def load_forms(folders: Iterable[Path], *, templates: Sequence[str] | None = None) -> tuple[FormRules, ...]:
    """Every form that is switched on, by name. Raises ConfigError with every mistake of every file.

    `templates` are all names and titles of mail texts: given, a file that names another is a mistake.
    """
    forms: list[tuple[Source, FormRules]] = []
    problems: list[Problem | str] = []
    for name, path in form_files(folders).items():
        try:
            source = read_toml(path)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        if source.values.get("enabled") is False:
            continue
        found, mistakes = _read(name, source)
        problems += mistakes
        problems += _unknown(source, templates)
        if found is not None:
            forms.append((source, found))
    problems += _shared_marks(forms)
    if problems:
        raise ConfigError(tuple(problems))
    return tuple(rules for _, rules in forms)


def _read(name: str, source: Source) -> tuple[FormRules | None, list[Problem]]:
    keys = None
    problems: list[Problem] = []
    if _NAME.match(name) is None:
        problems.append(source.problem((), json.dumps(source.path.name), NAME))
    try:
        keys = FormKeys.model_validate(source.values)
    except ValidationError as error:
        problems += misread(source, error, FormKeys)
    problems += _contradictions(source)
    return (_rules(name, keys) if keys is not None and not problems else None), problems


# --- the mistakes that take two keys to make, or more than a type to see ---------------------------------------------


def _contradictions(source: Source) -> Iterator[Problem]:
    values = source.values
    fields = {name: table for name, table in _table(values, "fields").items() if isinstance(table, dict)}
    for name in fields:
        if _FIELD_NAME.match(name) is None:
            yield source.problem(("fields", name), json.dumps(name), "a name of small letters, digits and _, like serial_number")
    if not any(values.get(mark) for mark in ("titles", "form_ids", "subjects", "senders")):
        yield source.problem(("titles",), "nothing", "at least one of titles, form_ids, subjects, senders: else no mail is this form's")
    yield from _named_fields(source, fields)
    yield from _questions(source, fields)
    for location, texts in (
        (("subjects",), values.get("subjects")),
        *((("fields", name, "patterns"), table.get("patterns")) for name, table in fields.items()),
    ):
        yield from _patterns(source, location, texts)
    if values.get("completion_mail") is not None and "task" not in values:
        yield source.problem(("completion_mail",), _shown(values["completion_mail"]), "a section [task]: nothing else is ever completed")


def _named_fields(source: Source, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Keys that name a field which isn't there, and an address that is none."""
    for location in (("customer", "email"), ("customer", "name"), ("customer", "company"), ("new_organization",)):
        name = source.value(location)
        if isinstance(name, str) and name not in fields:
            yield source.problem(location, _shown(name), _one_of(fields), closest(name, list(fields)))
    email = source.value(("customer", "email"))
    if isinstance(email, str) and email in fields and fields[email].get("type") != "email":
        yield source.problem(("fields", email, "type"), _shown(fields[email].get("type", "text")), '"email": who asks is found by it')
    for location in (("case", "subject"), ("task", "summary")):
        text = source.value(location)
        if isinstance(text, str):
            yield from _braces(source, location, text, fields)


def _braces(source: Source, location: Location, text: str, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    try:
        pieces = list(Formatter().parse(text))
    except ValueError:
        yield source.problem(location, _shown(text), "{ and } in pairs around the name of a field")
        return
    for _, name, form, conversion in pieces:
        if name is None:
            continue
        if form or conversion or name not in fields:
            yield source.problem(location, "{" + name + "}", _one_of(fields), closest(name, list(fields)))
        elif fields[name].get("type") == "list":
            yield source.problem(location, "{" + name + "}, which is a list", "fields with one answer")


def _questions(source: Source, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """A question that would fill two fields, and a field that no question fills."""
    labels: dict[str, str] = {}
    numbers: dict[str, str] = {}
    numbered = source.values.get("submission_labels", ["submission id"])
    for label in numbered if isinstance(numbered, list) else ():
        if isinstance(label, str):
            labels[folded_label(label)] = "the number of the submission"
    for name, table in fields.items():
        if not any(table.get(key) for key in ("qid", "labels", "patterns")):
            yield source.problem(("fields", name), "no question", "at least one of qid, labels, patterns")
        given = table.get("labels")
        for label in given if isinstance(given, list) else ():
            other = labels.setdefault(folded_label(label), f"fields.{name}") if isinstance(label, str) else None
            if other is not None and other != f"fields.{name}":
                yield source.problem(("fields", name, "labels"), f"{_shown(label)}, which is {other} already", "each question once")
        qid = table.get("qid")
        if isinstance(qid, str) and (other := numbers.setdefault(qid, f"fields.{name}")) != f"fields.{name}":
            yield source.problem(("fields", name, "qid"), f"{_shown(qid)}, which is {other} already", "each question once")


def _patterns(source: Source, location: Location, texts: object) -> Iterator[Problem]:
    for index, text in enumerate(texts if isinstance(texts, list) else ()):
        if isinstance(text, str):
            try:
                safe_pattern(text)
            except ValueError as error:
                yield source.problem((*location, index), f"{_shown(text)}: {error}", ALLOWED)


def _unknown(source: Source, templates: Sequence[str] | None) -> Iterator[Problem]:
    """Mail texts that nobody wrote."""
    for key in ("first_mail", "completion_mail"):
        name = source.values.get(key)
        if templates is not None and isinstance(name, str) and name not in templates:
            yield source.problem((key,), _shown(name), "the name of a mail text in templates/", closest(name, templates))


def _shared_marks(forms: Sequence[tuple[Source, FormRules]]) -> Iterator[Problem]:
    """A mark that two forms have: a mail with it could be either."""
    marks: tuple[tuple[str, Callable[[FormRules], Iterable[str]]], ...] = (
        ("titles", lambda form: map(folded_label, form.titles)),
        ("form_ids", lambda form: form.form_ids),
        ("subjects", lambda form: (pattern.pattern for pattern in form.subjects)),
    )
    for key, marks_of in marks:
        taken: dict[str, str] = {}
        for source, form in forms:
            for index, mark in enumerate(marks_of(form)):
                if (other := taken.setdefault(mark, form.name)) != form.name:
                    yield source.problem((key, index), f"{_shown(mark)}, which is the form {other}'s", "a mark of its own for each form")


# --- what is read ----------------------------------------------------------------------------------------------------


def _rules(name: str, keys: FormKeys) -> FormRules:
    return FormRules(
        name=name, action=name.replace("-", "_"), fields=tuple(_field(field, table) for field, table in keys.fields.items()),
        customer=CustomerFields(email=keys.customer.email, name=keys.customer.name, company=keys.customer.company),
        titles=keys.titles, form_ids=keys.form_ids, subjects=tuple(map(safe_pattern, keys.subjects)), senders=keys.senders,
        require_dmarc=keys.require_dmarc, submission_labels=keys.submission_labels, new_organization=keys.new_organization,
        case=RequestCase(type=keys.case.type, subject=keys.case.subject), first_mail=keys.first_mail, completion_mail=keys.completion_mail,
        task=_task(keys.task) if keys.task is not None else None, mention=keys.mention, owner=keys.owner,
        close_case_on_completion=keys.close_case_on_completion,
    )  # fmt: skip


def _field(name: str, keys: FieldKeys) -> FieldRules:
    return FieldRules(
        name=name, type=FieldType(keys.type), qid=keys.qid, labels=keys.labels, patterns=tuple(map(safe_pattern, keys.patterns)),
        required=keys.required, decisive=keys.decisive, max_length=keys.max_length,
    )  # fmt: skip


def _task(keys: TaskKeys) -> TaskRules:
    return TaskRules(**{name: getattr(keys, name) for name in TaskKeys.model_fields})


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = values.get(key)
    return table if isinstance(table, dict) else {}


def _one_of(names: Iterable[str]) -> str:
    return "one of " + (", ".join(names) or "none: there is no section [fields.NAME]")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "…"
