"""What grows old: raw mails, received and sent, whose octets are deleted while their digest, their size and the facts stay.

A mail is old by its arrival and by when it was written down here, whichever is later: what servers and `Date` say may be wrong, and
what came in an archive is new to us. One of ours is old by when it was sent. A mail stays whole while its case is open, while it
waits for a worker or a person, and while another mail of the same octets does. Every function runs inside a read or a transaction of
the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import peewee as pw

from daemon.store.database import Database
from daemon.store.schema import Attachment, Case, Interaction, Journal, Octets, Outbox, UtcDateTimeField
from daemon.store.statements import rows, update


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an old mail stands in its queue."""

    at: datetime
    number: int


FIRST = Place(datetime.min.replace(tzinfo=UTC), 0)
"""Before all mails."""

OLD_MAILS = """
SELECT j.recorded_at, j.id FROM journal AS j
LEFT JOIN interaction AS i ON i.journal_id = j.id LEFT JOIN support_case AS c ON c.id = i.case_id
WHERE j.raw_deleted_at IS NULL AND j.state IN ('acted', 'ignored') AND j.sha256 IS NOT NULL
AND j.recorded_at <= {0} AND (j.recorded_at, j.id) > ({0}, {0}) AND j.internal_date <= {0}
AND (c.id IS NULL OR c.closed_at IS NOT NULL) ORDER BY j.recorded_at, j.id LIMIT {0}
"""

OLD_OUTGOING = """
SELECT o.created_at, o.id FROM outbox AS o LEFT JOIN support_case AS c ON c.id = o.case_id
WHERE o.raw_deleted_at IS NULL AND o.octets IS NOT NULL AND o.state IN ('sent', 'dropped')
AND o.created_at <= {0} AND (o.created_at, o.id) > ({0}, {0}) AND (c.id IS NULL OR c.closed_at IS NOT NULL)
ORDER BY o.created_at, o.id LIMIT {0}
"""


def old_mails(db: Database, edge: datetime, after: Place, most: int) -> list[Place]:
    """Received mails from before the edge whose octets may have to go, the oldest first."""
    return _found(db, OLD_MAILS, edge, after, edge, most)


def old_outgoing(db: Database, edge: datetime, after: Place, most: int) -> list[Place]:
    """The same of ours."""
    return _found(db, OLD_OUTGOING, edge, after, most)


def _found(db: Database, sql: str, edge: datetime, after: Place, *more: datetime | int) -> list[Place]:
    as_text: Any = UtcDateTimeField().db_value
    as_time: Any = Journal.recorded_at.python_value
    values = (as_text(edge), as_text(after.at), after.number, *(as_text(one) if isinstance(one, datetime) else one for one in more))
    return [Place(as_time(row[0]), row[1]) for row in db.peewee.execute_sql(sql.format(db.peewee.param), values).fetchall()]


def delete_mails(db: Database, numbers: Sequence[int], edge: datetime, now: datetime, days: int) -> int:
    """Mark these mails and delete their octets and those of their files; how many were marked.

    One whose octets another transaction works with, or is missing what should be there, is passed over: to hide a loss is not ours.
    """
    wanted = {row[0] for row in rows(Journal.select(Journal.sha256).where(Journal.id.in_(list(numbers))))}
    held = _held(db, wanted)
    going = _whole_groups(held, edge)
    files: dict[int, set[str]] = {}
    for number, digest in rows(Attachment.select(Attachment.journal, Attachment.sha256).where(Attachment.journal.in_(sorted(going)))):
        files.setdefault(number, set()).add(digest)
    held |= _held(db, set().union(*files.values()))
    # a group goes together: it is the same mail
    stays = {going[number] for number, digests in files.items() if not digests <= held}
    gone = sorted(number for number, digest in going.items() if digest not in stays)
    if not gone:
        return 0
    Journal.update(raw_deleted_at=now, raw_retention_days=days).where(Journal.id.in_(gone)).execute()
    digests = {going[number] for number in gone}.union(*(files.get(number, set()) for number in gone))
    Octets.delete().where(Octets.sha256.in_(sorted(digests - still_wanted(digests)))).execute()
    return len(gone)


def _held(db: Database, digests: Collection[str]) -> set[str]:
    """Which of these contents are there, kept from others until this transaction ends; those that others have in hand are left out."""
    query: Any = Octets.select(Octets.sha256).where(Octets.sha256.in_(sorted(digests)))
    return {row[0] for row in rows(query if db.is_sqlite else query.for_update("FOR UPDATE SKIP LOCKED"))}


def _whole_groups(digests: Collection[str], edge: datetime) -> dict[int, str]:
    """Number and digest of every mail that has these octets, where all that have them are old enough and done with."""
    done = Journal.state.in_(["acted", "ignored"]) & (Journal.recorded_at <= edge) & (Journal.internal_date <= edge)
    done &= Case.id.is_null() | Case.closed_at.is_null(False)
    query: Any = Journal.select(Journal.id, Journal.sha256, pw.Case(None, [(done, 1)], 0))
    query = query.join(Interaction, pw.JOIN.LEFT_OUTER, on=(Interaction.journal == Journal.id))
    query = query.join(Case, pw.JOIN.LEFT_OUTER, on=(Interaction.case == Case.id))
    found = list(rows(query.where(Journal.sha256.in_(sorted(digests)) & Journal.raw_deleted_at.is_null())))
    needed = {digest for _, digest, is_done in found if not is_done}
    return {number: digest for number, digest, _ in found if digest not in needed}


def still_wanted(digests: Collection[str]) -> set[str]:
    """Which of these contents a mail that is not marked has, or had as a file."""
    of_mails = Journal.select(Journal.sha256).where(Journal.sha256.in_(sorted(digests)) & Journal.raw_deleted_at.is_null())
    of_files: Any = Attachment.select(Attachment.sha256).join(Journal, on=(Attachment.journal == Journal.id))
    of_files = of_files.where(Attachment.sha256.in_(sorted(digests)) & Journal.raw_deleted_at.is_null())
    return {row[0] for query in (of_mails, of_files) for row in rows(query)}


def delete_outgoing(db: Database, numbers: Sequence[int], edge: datetime, now: datetime, days: int) -> int:
    """Mark these mails of ours and delete their octets, if they were sent or dropped before the edge; how many were."""
    sent = pw.fn.COALESCE(Outbox.sent_at, Outbox.created_at) <= UtcDateTimeField().db_value(edge)
    query: Any = Outbox.select(Outbox.id, Outbox.octets).where(Outbox.id.in_(list(numbers)) & Outbox.raw_deleted_at.is_null() & sent)
    gone = 0
    for number, octets in list(rows(query if db.is_sqlite else query.for_update("FOR UPDATE SKIP LOCKED"))):
        content = bytes(octets)
        stands_for = {"octets": None, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        gone += update(Outbox, {"raw_deleted_at": now, "raw_retention_days": days} | stands_for, {"id": number})
    return gone
