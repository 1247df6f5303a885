"""The `Label: value` lines of the blocks `case`, `contact` and `call`, and the words below them. Pure, total, linear.

Labels stand at the top of a block in any order. Whom and what the values name is looked up elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_PERSON = {
    "first name": "first_name", "firstname": "first_name", "given name": "first_name",
    "last name": "last_name", "lastname": "last_name", "surname": "last_name", "family name": "last_name",
    "company": "company", "company name": "company",
    "email": "email", "e-mail": "email", "mail": "email", "email address": "email", "e-mail address": "email",
    "phone": "phone", "telephone": "phone", "tel": "phone", "mobile": "phone",
    "role": "role", "roles": "role",
}  # fmt: skip
_CASE = {
    "type": "type", "contact": "contact", "org": "organization", "organization": "organization", "organisation": "organization",
    "account": "organization", "contract": "contract", "contract number": "contract", "system": "system", "partner": "partner",
    "subject": "subject",
}  # fmt: skip
_CALL = {
    "email": "email", "e-mail": "email", "email address": "email", "order": "order", "order number": "order", "order no": "order",
    "key": "license_key", "license key": "license_key", "licence key": "license_key", "website": "website", "site": "website",
    "url": "website", "company": "company", "company name": "company", "name": "name", "downloaded by": "downloaded_by",
    "phone": "phone", "telephone": "phone", "issue": "issue", "version": "version", "persists": "persists",
}  # fmt: skip
LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"case": MappingProxyType(_CASE | _PERSON), "contact": MappingProxyType(_PERSON), "call": MappingProxyType(_CALL)}
)
"""For each block verb: a label as people write it, folded, and the field it fills."""

CALL_KEYS = frozenset(("email", "order", "license_key", "website", "company", "name", "downloaded_by", "phone"))
"""Fields of `call` that can tell who called."""
CASE_TYPES = frozenset(("reseller", "helpdesk", "homeowner", "installer", "channel_partner", "support"))
"""The types a person may give a case."""

_NEW_PERSON = frozenset(("first_name", "last_name"))
_LABEL_LINE = re.compile(r"(?P<label>[^\W\d_][\w .'/&()-]{0,39}?)\s?[:：](?!//)[ \t\xa0]*(?P<value>.*)", re.DOTALL)
_MAILTO = re.compile(r"<mailto:[^<>\s]{1,320}>", re.IGNORECASE)
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a block says. `fields` by their names here; `extra` keeps unknown labels of a person's lines as they were written."""

    fields: Mapping[str, str]
    extra: tuple[tuple[str, str], ...]
    text: str

    @property
    def names_new_person(self) -> bool:
        """It gives the name of somebody: a contact is to be made when there is none."""
        return any(self.fields.get(name) for name in _NEW_PERSON)


def read_block(verb: str, argument: str) -> Block:
    """Split what `case`, `contact` or `call` takes. A label given twice keeps its first value.

    Unknown labels are kept as `extra` where a person is described (in `contact`, and in `case` with a first or last name);
    elsewhere the first unknown label begins the text, so that no words are lost.
    """
    known = LABELS[verb]
    lines = argument.split("\n")
    rows = [_row(line) for line in _top(lines)]
    describes = verb == "contact" or any(known.get(_fold(row[0])) in _NEW_PERSON for row in rows if row is not None)
    fields: dict[str, str] = {}
    extra: list[tuple[str, str]] = []
    taken = 0
    for index, row in enumerate(rows):
        if row is None:  # a blank line between labels
            if index + 1 < len(rows) and rows[index + 1] is not None and known.get(_fold(_written(rows[index + 1]))) is not None:
                continue
            break
        label, value = row
        name = known.get(_fold(label))
        if name is not None:
            fields.setdefault(name, value)
        elif describes:
            extra.append((label, value))
        else:
            break
        taken = index + 1
    return Block(fields=MappingProxyType(fields), extra=tuple(extra), text="\n".join(lines[taken:]).strip())


def missing(verb: str, block: Block) -> tuple[str, ...]:
    """The labels that are needed and weren't given, as people write them; needs no look-up.

    A new contact needs first name, last name, company and email. In `case` the account may stand for the company and an address
    behind `contact` for the email; a homeowner's or reseller's case needs its contact (a homeowner's contract will do), and so does
    an installer's. `call` has `CALL_KEYS` instead.
    """
    given = {name for name, value in block.fields.items() if value}
    lacking: list[str] = []
    if verb == "contact" or block.names_new_person:
        in_case = verb == "case"
        lacking += ["first name"] if "first_name" not in given else []
        lacking += ["last name"] if "last_name" not in given else []
        lacking += ["company"] if "company" not in given and not (in_case and "organization" in given) else []
        lacking += ["email"] if "email" not in given and not (in_case and "@" in block.fields.get("contact", "")) else []
        return tuple(lacking)
    named = "contact" in given or "email" in given
    kind = case_type(block)
    if kind in ("installer", "reseller") and not named:
        lacking.append("contact")
    if kind == "homeowner" and not named and "contract" not in given:
        lacking.append("contact")
    return tuple(lacking)


def case_type(block: Block) -> str:
    """The type a `case` block asks for, spelled as `CASE_TYPES` does; "" when it says none."""
    return re.sub(r"[\s-]+", "_", block.fields.get("type", "")[:60].strip(" .").casefold())


def _top(lines: list[str]) -> list[str]:
    """The lines that look like labels, with single blank lines between them."""
    count = 0
    for line in lines:
        if line.strip() and _row(line) is None:
            break
        count += 1
    return lines[:count]


def _row(line: str) -> tuple[str, str] | None:
    found = _LABEL_LINE.fullmatch(line.strip().lstrip("*•- "))
    if found is None or len(found["label"].split()) > _MOST_WORDS:
        return None
    return found["label"].strip(), _MAILTO.sub("", found["value"]).strip()


def _written(row: tuple[str, str] | None) -> str:
    return row[0] if row is not None else ""


def _fold(label: str) -> str:
    return " ".join(label.casefold().strip(" .*").split())
