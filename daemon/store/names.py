"""The names of what actions mean by its number: people, organizations, systems, queues, contracts, mails of ours, requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from daemon.store.schema import Contact, Contract, FormRequest, Organization, Outbox, Queue, System
from daemon.store.statements import rows

PERSON, ORGANIZATION, SYSTEM, QUEUE, CONTRACT, OUTGOING, REQUEST = (
    "contact", "organization", "system", "queue", "contract", "outgoing mail", "request"
)  # fmt: skip

MEANT: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        (
            "contact_id", "owner_id", "author_id", "by_id", "acknowledged_by_id", "asked_id", "giver_id", "submitter_id", "forwarded_by_id",
            "assignee_id", "qa_assignee_id",
        ),
        PERSON,
    )
    | dict.fromkeys(("organization_id", "partner_id", "opening_partner_id"), ORGANIZATION)
    | {"system_id": SYSTEM, "queue_id": QUEUE, "contract_id": CONTRACT, "outbox_id": OUTGOING, "request_id": REQUEST}
)  # fmt: skip
"""What a field of an action holds the number of."""

Names = Mapping[tuple[str, int], str]
"""By what it is and its number."""


def names_in(actions: Iterable[Mapping[str, Any]]) -> Names:
    """The names of all that these actions, as they are recorded, mean by number; what is not there is left out."""
    wanted: dict[str, set[int]] = {}
    for action in actions:
        for field, sort in MEANT.items():
            if isinstance(number := action.get(field), int):
                wanted.setdefault(sort, set()).add(number)
    return {(sort, row[0]): _called(*row[1:]) for sort, numbers in wanted.items() for row in rows(_query(sort, sorted(numbers)))}


def _called(name: str, *more: str) -> str:
    """A name; of a person the first and the last name, else the handle."""
    return f"{name} {more[0]}".strip() or more[1] if more else name


def _query(sort: str, numbers: list[int]) -> Any:
    if sort == PERSON:
        return Contact.select(Contact.id, Contact.first_name, Contact.last_name, Contact.handle).where(Contact.id.in_(numbers))
    table, name = _COLUMNS[sort]
    return table.select(table.id, name).where(table.id.in_(numbers))


_COLUMNS: Mapping[str, tuple[Any, Any]] = MappingProxyType({
    ORGANIZATION: (Organization, Organization.name), SYSTEM: (System, System.name), QUEUE: (Queue, Queue.name),
    CONTRACT: (Contract, Contract.number), OUTGOING: (Outbox, Outbox.template), REQUEST: (FormRequest, FormRequest.title),
})  # fmt: skip
