"""The part of the proof that is about octets: whole as long as they are kept, and gone only where it says so, old enough."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from daemon.store.schema import Attachment, Journal, Octets, Outbox
from daemon.store.statements import rows


def deleted() -> Iterator[str]:
    """A raw mail was deleted when it was as old as the house wanted then, and of no mail that waited for anybody."""
    query: Any = Journal.select(
        Journal.id, Journal.internal_date, Journal.recorded_at, Journal.raw_deleted_at, Journal.raw_retention_days, Journal.state
    )
    for number, arrival, recorded_at, at, days, state in rows(
        query.where(Journal.raw_deleted_at.is_null(False) | Journal.raw_retention_days.is_null(False))
    ):
        yield from _too_early(f"mail {number}", max(arrival, recorded_at), at, days)
        if state not in ("acted", "ignored"):
            yield f"mail {number}: its octets were deleted, but nobody is done with it"
    sent = pw.fn.COALESCE(Outbox.sent_at, Outbox.created_at).python_value(Outbox.sent_at.python_value)
    query = Outbox.select(
        Outbox.id, sent, Outbox.raw_deleted_at, Outbox.raw_retention_days, Outbox.state, Outbox.octets.is_null(), Outbox.sha256, Outbox.size
    )
    marked = Outbox.raw_deleted_at.is_null(False) | Outbox.raw_retention_days.is_null(False)
    for number, since, at, days, state, without, digest, size in rows(query.where(marked)):
        yield from _too_early(f"outbox {number}", since, at, days)
        if state not in ("sent", "dropped"):
            yield f"outbox {number}: its octets were deleted, but it is to be sent"
        if not without:
            yield f"outbox {number}: its octets were to be deleted, and are there"
        elif digest is None or size is None:
            yield f"outbox {number}: its octets were deleted without a trace of what they were"


def _too_early(name: str, since: datetime, at: datetime | None, days: int | None) -> Iterator[str]:
    if at is None or days is None:
        yield f"{name}: nobody knows when, or after how many days, its octets were deleted"
    elif days < 1 or at < since + timedelta(days=days):
        yield f"{name}: its octets were deleted on {at:%Y-%m-%d}, before it was {days} days old"


def kept(progress: Callable[[int, int], None]) -> Iterator[str]:
    """All octets are there, and are what was received; those that were to be deleted are not. `progress`: how many of how many."""
    wanted: dict[str, str] = {}
    gone: dict[str, str] = {}
    query: Any = Journal.select(Journal.id, Journal.sha256, Journal.raw_deleted_at.is_null(False)).where(Journal.sha256.is_null(False))
    for number, digest, marked in rows(query):
        (gone if marked else wanted).setdefault(digest, f"mail {number}")
    query = Attachment.select(Attachment.name, Attachment.sha256, Journal.raw_deleted_at.is_null(False))
    for name, digest, marked in rows(query.join(Journal, on=(Attachment.journal == Journal.id))):
        (gone if marked else wanted).setdefault(digest, f"attachment {name!r}")
    total = len(wanted)
    missing = set(wanted)
    for done, (digest, content) in enumerate(rows(Octets.select(Octets.sha256, Octets.content)), 1):
        missing.discard(digest)
        name = wanted.get(digest) or gone.get(digest, "octets " + digest)
        # what somebody wrote into the file by hand may not even be octets
        if isinstance(content, str) or hashlib.sha256(bytes(content)).hexdigest() != digest:
            yield f"{name}: the stored octets are not those that were received"
        elif digest in gone and digest not in wanted:
            yield f"{name}: its octets were to be deleted, and are there"
        progress(done, total)
    for digest in sorted(missing):
        yield f"{wanted[digest]}: its octets are not kept"
