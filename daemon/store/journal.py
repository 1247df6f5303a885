"""The inbound queue: record, claim, finish, quarantine, retry.

Every function runs inside a transaction of the caller. The states are the table in README: received leads to acted,
ignored, quarantined or vanished, and nothing else changes a row.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee as pw
from peewee import Case

from daemon.model import Decision
from daemon.reasons import Outcome, Reason
from daemon.store.database import Database
from daemon.store.schema import Attachment, Interaction, Journal, MailboxState, Octets, database
from daemon.store.statements import Select, insert, rows, update
from daemon.store.workers import dead_owners

LEASE = timedelta(minutes=10)
"""Longer than the longest apply (the parser's wall clock is 20 s), so a living worker never loses a mail it works on."""

SLOW_PAUSE = timedelta(minutes=1)
"""Before a mail whose statement took too long is tried again; nothing is put off for longer."""
ALONE_LIMIT = 6
"""A mail claimed alone that often without an end took the whole process down each time: it is quarantined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A mail to write down. `octets` None: the server announced it but no longer had it."""

    uid: int | None
    octets: bytes | None
    size: int
    internal_date: datetime
    lane: str = ""
    too_large: bool = False
    """Only the head is kept: the mail crosses the size limit and stays on the server."""
    archive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A leased journal row."""

    id: int
    sha256: str
    size: int
    internal_date: datetime
    recorded_at: datetime
    archive: bool
    released: bool
    attempts: int
    failures: int
    alone: int
    lane: str
    """Whose mails are done in their order; "" of nobody known."""


def record(
    mailbox: str, folder: str, uidvalidity: int | None, deliveries: Sequence[Delivery], now: datetime, *, message_size: int = 0
) -> list[int]:
    """Write deliveries down verbatim; the journal numbers of the new ones. A delivery already recorded is passed over."""
    blobs: dict[str, bytes] = {}
    rows: list[dict[str, Any]] = []
    for delivery in deliveries:
        row: dict[str, Any] = {
            "mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity, "uid": delivery.uid, "sha256": None, "size": delivery.size,
            "internal_date": delivery.internal_date, "recorded_at": now, "lane": delivery.lane, "archive": delivery.archive,
            "state": "received", "reason": None, "detail": None, "decided_at": None, "tidied": uidvalidity is None,
        }  # fmt: skip
        if delivery.octets is None:
            row.update(state=Outcome.VANISHED.value, reason=Reason.VANISHED.value, decided_at=now, tidied=True)
        else:
            row["sha256"] = digest = hashlib.sha256(delivery.octets).hexdigest()
            blobs[digest] = delivery.octets
            if delivery.too_large:
                row.update(
                    state=Outcome.QUARANTINED.value, reason=Reason.LIMIT_CROSSED.value, decided_at=now, tidied=True,
                    detail=f"message_size: {delivery.size} octets, the limit is {message_size}; the first {len(delivery.octets)} are kept",
                )  # fmt: skip
        rows.append(row)
    if blobs:
        keep_octets(blobs.items())
    if not rows:
        return []
    return insert(Journal, rows, ignore=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A mail that was found after a restore, and what is to be said of it: ignored, or kept for a person."""

    mailbox: str
    folder: str
    uidvalidity: int
    delivery: Delivery
    outcome: Outcome
    author: str | None
    message_id: str | None
    subject: str | None
    identity: str | None


def record_known(found: Sequence[Known], now: datetime) -> int:
    """Write down mails that are not to be acted on, in their final state; how many were new."""
    count = 0
    for mail in found:
        folder = mail.folder
        for number in record(mail.mailbox, folder, mail.uidvalidity, [mail.delivery], now, message_size=mail.delivery.size):
            Journal.update(
                state=mail.outcome.value, reason=Reason.BEFORE_RESTORE.value, decided_at=now, tidied=True,
                author=mail.author, message_id=mail.message_id, subject=mail.subject, identity=mail.identity,
            ).where(Journal.id == number).execute()  # fmt: skip
            if mail.outcome is Outcome.IGNORED:
                row = {"direction": "in", "journal": number, "at": mail.delivery.internal_date, "message_id": mail.message_id}
                insert(Interaction, [row | {"address": mail.author, "contact": None, "case": None, "cs_ticket": None}], ids=False)
            count += 1
    return count


def known_digests(digests: Sequence[str]) -> set[str]:
    """Which of these contents some delivery in the ledger has."""
    return {row[0] for row in rows(Journal.select(Journal.sha256).where(Journal.sha256.in_(list(digests))).distinct())}


def last_recorded() -> datetime | None:
    """When the last delivery was written down."""
    found = next(rows(Journal.select(Journal.recorded_at).order_by(Journal.id.desc()).limit(1)), None)
    return found[0] if found is not None else None


def keep_octets(blobs: Iterable[tuple[str, bytes]]) -> None:
    """Keep contents once by digest. What is there already is not deleted for its age before this transaction ends."""
    waiting = dict(sorted(blobs))
    while waiting:
        new = insert(Octets, [{"sha256": digest, "content": content} for digest, content in waiting.items()], ignore=True)
        known = waiting.keys() - set(map(str, new))
        if not known or isinstance(database.obj, pw.SqliteDatabase):
            return  # on SQLite whoever writes is alone
        query: Any = Octets.select(Octets.sha256).where(Octets.sha256.in_(sorted(known)))
        there = {row[0] for row in rows(query.for_update("FOR KEY SHARE"))}
        waiting = {digest: waiting[digest] for digest in sorted(known - there)}


def octets(sha256: str) -> bytes:
    """The content with this digest. Raises KeyError when it is not kept."""
    found = _OCTETS.first(digests=[sha256])
    if found is None:
        raise KeyError(sha256)
    return bytes(found[1])


def many_octets(digests: Sequence[str]) -> dict[str, bytes]:
    """The contents with these digests, by digest; those that are not kept are left out."""
    return {digest: bytes(content) for digest, content in _OCTETS(digests=sorted(set(digests)))}


_OCTETS = Select(lambda digests: Octets.select(Octets.sha256, Octets.content).where(Octets.sha256.in_(digests)))


def generation(mailbox: str, folder: str, uidvalidity: int) -> MailboxState | None:
    """What is known of this UIDVALIDITY generation; None at first contact with it."""
    found: MailboxState | None = MailboxState.get_or_none(
        (MailboxState.mailbox == mailbox) & (MailboxState.folder == folder) & (MailboxState.uidvalidity == uidvalidity)
    )
    return found


def newest_generation(mailbox: str, folder: str) -> MailboxState | None:
    """The generation of this folder that came last; None: the folder was never seen."""
    query = MailboxState.select().where((MailboxState.mailbox == mailbox) & (MailboxState.folder == folder))
    found: MailboxState | None = query.order_by(MailboxState.id.desc()).first()
    return found


def note_generation(mailbox: str, folder: str, uidvalidity: int, uidnext: int, now: datetime) -> None:
    """Remember how far this generation has been read."""
    where = (MailboxState.mailbox == mailbox) & (MailboxState.folder == folder) & (MailboxState.uidvalidity == uidvalidity)
    if not MailboxState.update(uidnext=uidnext).where(where).execute():
        MailboxState.insert(mailbox=mailbox, folder=folder, uidvalidity=uidvalidity, uidnext=uidnext, first_contact_at=now).execute()


def recorded_uids(mailbox: str, folder: str, uidvalidity: int, lowest: int) -> set[int]:
    """The UIDs of this generation, from `lowest` on, that are in the ledger."""
    query = Journal.select(Journal.uid).where(
        (Journal.mailbox == mailbox) & (Journal.folder == folder) & (Journal.uidvalidity == uidvalidity) & (Journal.uid >= lowest)
    )
    return {row[0] for row in rows(query)}


def oldest_waiting() -> datetime | None:
    """The arrival of the oldest mail that is not done yet."""
    found = _OLDEST.first()
    return found[0] if found is not None else None


_OLDEST = Select(lambda: Journal.select(Journal.internal_date).where(Journal.state == "received").order_by(Journal.internal_date).limit(1))


def waiting_count(most: int) -> int:
    """How many mails wait, counted up to `most`."""
    return int(Journal.select(Journal.id).where(Journal.state == "received").limit(most).count())


FREE = """
SELECT j.id, j.sha256, j.size, j.internal_date, j.recorded_at, j.archive, j.released, j.attempts, j.failures, j.alone, j.lane
FROM journal AS j
WHERE j.state = 'received' AND (j.lease_until IS NULL OR j.lease_until < {0}) AND (j.next_attempt_at IS NULL OR j.next_attempt_at <= {0})
"""
"""Mails that nobody works on and that don't wait for another try."""

UNDISTURBED = """
AND NOT EXISTS (
    SELECT 1 FROM journal AS o WHERE o.state = 'received' AND o.lane = j.lane AND o.lane <> '' AND o.id < j.id
    AND (o.lease_until >= {0} OR o.next_attempt_at > {0})
)
"""
"""Whose sender has no older one that is leased or waits for another try (per-sender order)."""

CLAIM = FREE + UNDISTURBED + "ORDER BY j.id LIMIT {0}"
"""On SQLite, where one process claims."""

HEAD = """
AND (j.lane = '' OR NOT EXISTS (SELECT 1 FROM journal AS o WHERE o.state = 'received' AND o.lane = j.lane AND o.id < j.id))
"""
"""The oldest of its sender that is not done."""

CLAIM_HEADS = FREE + HEAD + "ORDER BY j.id LIMIT {0} FOR UPDATE OF j SKIP LOCKED"
"""On PostgreSQL first the oldest unfinished mail of each sender, if nobody has it: whoever holds that row holds the sender."""

CLAIM_FOLLOWING = FREE + UNDISTURBED + "AND j.lane = ANY({0}) AND j.id <> ALL({0}) ORDER BY j.id LIMIT {0} FOR UPDATE OF j"
"""Then what else the same senders wrote."""

BUSY = """
WITH busy AS (
    SELECT o.lane, min(o.id) AS first FROM journal AS o
    WHERE o.state = 'received' AND o.lane <> '' AND (o.lease_until >= {0} OR o.next_attempt_at > {0}) GROUP BY o.lane
), free AS ("""
TURNS = """), turns AS (
    SELECT free.*, row_number() OVER (PARTITION BY free.lane ORDER BY free.id) AS turn
    FROM free LEFT JOIN busy ON busy.lane = free.lane WHERE busy.first IS NULL OR free.id < busy.first
)
SELECT * FROM (SELECT * FROM turns ORDER BY turn, id LIMIT {0}) AS j ORDER BY id
"""
CLAIM_IN_TURN = BUSY + FREE + TURNS
"""On SQLite, of the same mails the oldest of every sender, then the second of each; they are done in the order they came."""

SHARE = 10
"""Where one sender has more than this part of the oldest mails, a batch goes round by sender instead: nobody waits for a flood."""


def claim(db: Database, now: datetime, most: int, suspicious_after: int) -> list[Claimed]:
    """Lease the oldest free mails, at most `most`, in the order they came; [] when there is nothing to do.

    The attempt is counted before it is made, so a mail that kills the process can't be tried for ever. A mail whose
    batches died `suspicious_after` times is claimed alone, so that it can't be mistaken for its neighbours.
    """
    _take_back_own(db)
    moment = Journal.internal_date.db_value(now)
    if db.is_sqlite:
        found = _found(db, CLAIM, moment, moment, moment, moment, most)
        if len(found) == most and max(Counter(row.lane for row in found).values()) > max(1, most // SHARE):
            found = _found(db, CLAIM_IN_TURN, moment, moment, moment, moment, most)
    else:
        found = _found(db, CLAIM_HEADS, moment, moment, most)
        lanes = [row.lane for row in found if row.lane]
        if lanes and len(found) < most:
            heads = [row.id for row in found]
            found += _found(db, CLAIM_FOLLOWING, moment, moment, moment, moment, lanes, heads, most - len(found))
            found.sort(key=lambda row: row.id)
    for position, row in enumerate(found):
        if row.attempts >= suspicious_after:
            found = found[:position] or [row]
            break
    if not found:
        return []
    alone = found[0].attempts >= suspicious_after
    Journal.update(
        lease_owner=db.owner,
        lease_until=now + LEASE,
        attempts=Journal.attempts + 1,
        **({"alone": Journal.alone + 1} if alone else {}),
    ).where(Journal.id.in_([row.id for row in found])).execute()
    return found


def _found(db: Database, sql: str, *values: Any) -> list[Claimed]:
    return [_claimed(row) for row in db.peewee.execute_sql(sql.format(db.peewee.param), values).fetchall()]


def _take_back_own(db: Database) -> None:
    """Mails this worker still holds although it asks for more: the database was away in the middle of its last batch.

    That was nobody's attempt, and no sign that the mail takes the program down.
    """
    db.peewee.execute_sql(TAKE_BACK.format("?" if db.is_sqlite else "%s"), (db.owner,))


TAKE_BACK = """
UPDATE journal SET lease_owner = NULL, lease_until = NULL, attempts = attempts - 1, alone = CASE WHEN alone > 0 THEN alone - 1 ELSE 0 END
WHERE state = 'received' AND lease_owner = {0}
"""


def _claimed(row: Sequence[Any]) -> Claimed:
    as_time: Any = Journal.internal_date.python_value
    return Claimed(
        id=row[0], sha256=row[1], size=row[2], internal_date=as_time(row[3]), recorded_at=as_time(row[4]),
        archive=bool(row[5]), released=bool(row[6]), attempts=row[7] + 1, failures=row[8], alone=row[9], lane=row[10],
    )  # fmt: skip


def free_dead(db: Database) -> int:
    """Free the leases of workers that died or fell silent; how many mails that freed."""
    query = Journal.select(Journal.lease_owner).where((Journal.state == "received") & Journal.lease_owner.is_null(False)).distinct()
    dead = dead_owners(db, {row[0] for row in rows(query)})
    if not dead:
        return 0
    where = (Journal.state == "received") & Journal.lease_owner.in_(sorted(dead))
    return int(Journal.update(lease_owner=None, lease_until=None).where(where).execute())


def bring_near(now: datetime) -> None:
    """Mails whose next try lies further ahead than any is put off: the clock was set back since. They may be tried now."""
    Journal.update(next_attempt_at=None).where((Journal.state == "received") & (Journal.next_attempt_at > now + SLOW_PAUSE)).execute()


_NO_TRY = {"attempts": Journal.attempts - 1, "alone": Case(None, [(Journal.alone > 0, Journal.alone - 1)], 0)}
"""A try that was none is not counted against the mail."""


def give_back(db: Database, numbers: Sequence[int]) -> None:
    """Give back mails that were claimed but not begun (a graceful stop)."""
    if numbers:
        where = Journal.id.in_(list(numbers)) & (Journal.state == "received") & (Journal.lease_owner == db.owner)
        Journal.update(lease_owner=None, lease_until=None, **_NO_TRY).where(where).execute()


def finish(db: Database, number: int, decision: Decision, facts: dict[str, Any], record: str, now: datetime) -> bool:
    """Give a claimed mail its final state; False when another worker has it by now (then nothing may be committed)."""
    changes = {
        "state": decision.outcome.value, "kind": decision.kind.value, "reason": decision.reason.value, "detail": decision.detail or None,
        "grade": decision.trust.grade.value, "record": record, "decided_at": now, "lease_owner": None, "lease_until": None,
        "next_attempt_at": None,
    }  # fmt: skip
    return bool(update(Journal, changes | facts, {"id": number, "state": "received", "lease_owner": db.owner}))


def fail(db: Database, number: int, *, counted: bool, detail: str, next_attempt_at: datetime) -> None:
    """A try that failed: try again later. `counted`: the mail itself was the cause."""
    where = (Journal.id == number) & (Journal.state == "received") & (Journal.lease_owner == db.owner)
    Journal.update(
        lease_owner=None, lease_until=None, next_attempt_at=next_attempt_at, detail=detail,
        failures=Journal.failures + int(counted), **({} if counted else _NO_TRY),
    ).where(where).execute()  # fmt: skip


def quarantine(db: Database, number: int, reason: Reason, detail: str, now: datetime, **facts: Any) -> None:
    """Keep a claimed mail for a human."""
    where = (Journal.id == number) & (Journal.state == "received") & (Journal.lease_owner == db.owner)
    Journal.update(
        state=Outcome.QUARANTINED.value, reason=reason.value, detail=detail, decided_at=now, lease_owner=None, lease_until=None, **facts
    ).where(where).execute()


def reopen(number: int, *, released: bool) -> bool:
    """Send a quarantined mail through again (`released`: as a plain ticket). False when it isn't quarantined or not whole.

    What was recorded of it goes, so that it is recorded afresh: nothing had been done for it.
    """
    where = (Journal.id == number) & (Journal.state == "quarantined") & Journal.raw_deleted_at.is_null()
    if not released:
        # of a mail over the size limit only the head is kept, and nothing was ever decided
        where &= (Journal.reason != Reason.LIMIT_CROSSED.value) | Journal.record.is_null(False)
    reopened = (
        Journal.update(
            state="received", released=released, attempts=0, failures=0, alone=0, next_attempt_at=None, reason=None, detail=None, kind=None
        )
        .where(where)
        .execute()
    )
    if reopened:
        Interaction.delete().where(Interaction.journal == number).execute()
        Attachment.delete().where(Attachment.journal == number).execute()
    return bool(reopened)


def untidied(mailbox: str, folder: str, uidvalidity: int, most: int) -> list[tuple[int, int, str]]:
    """(journal number, UID, outcome) of finished mails of this generation that still lie where they were found."""
    query = (
        Journal.select(Journal.id, Journal.uid, Journal.state)
        .where(
            (Journal.mailbox == mailbox)
            & (Journal.folder == folder)
            & (Journal.uidvalidity == uidvalidity)
            & Journal.uid.is_null(False)
            & ~Journal.tidied
            & (Journal.state != "received")
        )  # fmt: skip
        .order_by(Journal.id)
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in rows(query)]


def mark_tidied(numbers: Sequence[int]) -> None:
    """They were put away on the server, or are to stay."""
    if numbers:
        Journal.update(tidied=True).where(Journal.id.in_(list(numbers))).execute()
