"""Which rows a transaction writes, noted where they are written, so that it can seal them before it ends (see `seals`).

`schema.Row` and `statements` note; nothing else writes rows of ours, but for a few statements on columns that are not sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

UNSEALED: dict[str, frozenset[str]] = {
    # who works on it, how often it was tried and when next: a wrong one delays a mail or repeats a try, never an action
    "journal": frozenset({
        "lease_owner", "lease_until", "attempts", "failures", "alone", "next_attempt_at",
        # where it lies on the server: a wrong one is looked at again, or left in the inbox and passed over
        "tidied",
    }),
    "outbox": frozenset({"lease_owner", "lease_until", "attempts", "next_attempt_at"}),
    # the key is the digest of the content, which is proved on its own
    "octets": frozenset({"content"}),
}  # fmt: skip
"""By table, the fields that a seal doesn't cover, with the reason why changing one can't hurt, or is found in another way."""

DERIVED = frozenset({"account_key", "website_tail"})
"""Tables that are made of the others, and are proved by making them again."""

OF_THE_MOMENT = frozenset({"worker", "mailbox_lease"})
"""Tables of who works right now: a wrong row is written anew by the next sign of life, and makes at most another worker do the work."""

OWN = frozenset({"seal", "seal_head"})
"""What holds the seals; each is linked to the one before."""

Touched = dict[type[Any], set[Any]]
"""By model the keys of its rows."""

_touched: ContextVar[Touched | None] = ContextVar("touched", default=None)


def is_sealed(table: str, fields: Iterable[str] | None = None) -> bool:
    """Whether a change to these fields (None: to the whole row) is one that a seal covers."""
    if table in DERIVED or table in OF_THE_MOMENT or table in OWN:
        return False
    return fields is None or not UNSEALED.get(table, frozenset()).issuperset(fields)


def note(model: type[Any], keys: Iterable[Any]) -> None:
    """Rows of these keys were written or deleted. Outside a transaction nobody notes."""
    touched = _touched.get()
    if touched is not None:
        touched.setdefault(model, set()).update(keys)


@contextmanager
def noting() -> Iterator[Touched]:
    """What is written inside, until it ends; one inside another notes for itself."""
    mine: Touched = {}
    token = _touched.set(mine)
    try:
        yield mine
    finally:
        _touched.reset(token)


def take() -> Touched:
    """What was noted so far; from now on it is somebody else's to seal."""
    touched = _touched.get()
    if not touched:
        return {}
    taken = dict(touched)
    touched.clear()
    return taken
