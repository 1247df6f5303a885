"""The answers of a form under the names of its fields, what is wrong with them, and how the form has changed. Pure, total."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from daemon.model import AddrSpec, FormRow
from daemon.parsers.addresses import addr_spec, tolerant_addresses
from daemon.parsers.words import one_line
from daemon.rules.forms import FieldRules, FieldType, FormRules

_NUMBER = re.compile(r"\d{1,40}")
_SEPARATORS = re.compile(r"\s*[,;]\s*")
_MAILTO = re.compile(r"<?mailto:", re.IGNORECASE)
_WORDS = re.compile(r"[\s,;<>()\[\]]+")
_MAX_EMAIL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the form in the mail differs from its file. A question that nobody answered is left out of the mail, which is no drift."""

    unknown: tuple[str, ...] = ()
    """Labels that no field knows."""
    renamed: tuple[tuple[str, str], ...] = ()
    """(field, label): the question's id is known, its label is not."""
    missing: tuple[str, ...] = ()
    """Required fields without an answer."""
    gone: tuple[str, ...] = ()
    """Those of them that nothing else stands in for: a customer who is known needs no company."""

    def __bool__(self) -> bool:
        return bool(self.unknown or self.renamed or self.gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The rows in their order, and the fields they fill.

    `is_undecided`: a field that decides is missing or can be read in two ways, or an answer is longer than its field allows.
    """

    rows: tuple[FormRow, ...]
    canonical: Mapping[str, str | tuple[str, ...]]
    problems: tuple[str, ...]
    is_undecided: bool
    customer_email: AddrSpec | None
    addresses: frozenset[AddrSpec]
    """Every address in the customer's field."""
    submission_id: str | None
    drift: Drift

    def line(self, name: str | None) -> str:
        """The answer to a field in one line, fit for a header; "" when there is none."""
        value = self.canonical.get(name, "") if name is not None else ""
        return one_line(", ".join(value) if isinstance(value, tuple) else value).strip()


def read_answers(rows: Sequence[FormRow], rules: FormRules) -> Answers:
    """Name the rows. The first row of a field wins; another one that contradicts it in a field that decides is a problem."""
    canonical: dict[str, str | tuple[str, ...]] = {}
    problems: dict[str, None] = {}
    undecided = False
    unknown: list[str] = []
    renamed: list[tuple[str, str]] = []
    submission_id = None
    email: AddrSpec | None = None
    addresses: frozenset[AddrSpec] = frozenset()
    for row in rows:
        field = rules.field_of(row.label, row.qid)
        if field is None:
            if not rules.is_submission_label(row.label):
                unknown.append(row.label)
            elif submission_id is None and (number := _NUMBER.search(row.value)) is not None:
                submission_id = number[0]
            continue
        if row.qid is not None and row.qid == field.qid and rules.field_of(row.label) is not field:
            renamed.append((field.name, row.label))
        if not row.value and not row.files:
            continue
        value = _value(row, field)
        problem = None
        if field.name in canonical:
            if field.decisive and value != canonical[field.name]:
                problem = f"ambiguous:{field.name}"
        else:
            canonical[field.name] = value
            problem = _problem(row, field, rules)
            if field.name == rules.customer.email:
                addresses = frozenset(_addresses(row.value))
                email = _only_address(row.value)
        if problem is not None:
            problems[problem] = None
            undecided = undecided or field.decisive or problem.startswith("too_long:")
    lacking = [field for field in rules.fields if field.required and field.name not in canonical]
    return Answers(
        rows=tuple(rows),
        canonical=MappingProxyType(canonical),
        problems=(*problems, *(f"missing:{field.name}" for field in lacking)),
        is_undecided=undecided or any(field.decisive for field in lacking),
        customer_email=email if f"ambiguous:{rules.customer.email}" not in problems else None,
        addresses=addresses,
        submission_id=submission_id,
        drift=Drift(
            unknown=tuple(unknown),
            renamed=tuple(renamed),
            missing=tuple(field.name for field in lacking),
            gone=tuple(field.name for field in lacking if field.name != rules.customer.company),
        ),  # fmt: skip
    )


def _value(row: FormRow, field: FieldRules) -> str | tuple[str, ...]:
    if field.type is FieldType.LIST:
        pieces = row.value.split("\n") if "\n" in row.value else _SEPARATORS.split(row.value)
        return tuple([piece for piece in (text.strip(" •*-\t") for text in pieces) if piece])
    if field.type is FieldType.EMAIL:
        only = _only_address(row.value)
        return row.value if only is None or _WORDS.search(row.value) is None else only
    return row.value or "\n".join(row.files)


def _problem(row: FormRow, field: FieldRules, rules: FormRules) -> str | None:
    if field.name == rules.customer.email and _only_address(row.value) is None:
        return f"ambiguous:{field.name}"
    if field.max_length is not None and len(row.value) > field.max_length:
        return f"too_long:{field.name}"
    return None


def _only_address(value: str) -> AddrSpec | None:
    """The address in an answer when there is exactly one and nothing else that could be one."""
    found = _addresses(value)
    if len(value) > _MAX_EMAIL or len(found) != 1:
        return None
    words = [word for word in _WORDS.split(_MAILTO.sub(" ", value)) if "@" in word]
    return addr_spec(found[0])[0] if all(word.count("@") == 1 and _addresses(word) == found for word in words) else None


def _addresses(value: str) -> tuple[AddrSpec, ...]:
    return tolerant_addresses([_MAILTO.sub(" ", value[:_MAX_EMAIL]).replace("\n", " ")], 10)
