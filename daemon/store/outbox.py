"""The outbound queue: claim, record what the relay said, hold, release.

Every function runs inside a transaction of the caller. Rows are written by `actions.replies`, composed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from daemon.model import AddrSpec, OutgoingFacts
from daemon.store.database import Database
from daemon.store.schema import Outbox
from daemon.store.statements import first, rows, update
from daemon.store.workers import dead_owners

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
"""Then every hour, until the row is too old (RFC 5321 section 4.5.4.1)."""

BACK_OFF_MOST = timedelta(hours=1)

LEASE = timedelta(minutes=15)
"""Longer than the longest SMTP conversation may take."""

CHANNEL_PAUSE = timedelta(minutes=1)
"""When the relay refuses us altogether (login, TLS): no row is to blame, none is burnt."""


PERHAPS_TWICE = "perhaps sent twice"
"""How the detail of a row begins that the relay took, and may have taken before: then no answer came to a final dot (RFC 1047)."""

MAY_HAVE_ARRIVED = "gave up, it may have arrived"
"""How the detail of a row begins that was given up after a final dot without an answer."""

GAVE_UP_TWICE = f"{MAY_HAVE_ARRIVED} twice"
"""How the detail of a row begins of which no answer came to a second final dot either: a third is never sent without a person."""

PLAIN = ":plain"
"""Ends the effect key of the mail that stands in for one whose template failed; before it stands the key of that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A claimed row: what goes on the wire."""

    id: int
    reverse_path: str
    forward_path: str
    octets: bytes


CLAIM = """
SELECT w.id, w.reverse_path, w.forward_path, w.octets, w.attempts FROM outbox AS w
WHERE w.state IN ('queued', 'unknown') AND w.lease_owner IS NULL AND w.next_attempt_at <= {0}
AND NOT EXISTS (
    SELECT 1 FROM outbox AS o WHERE o.state IN ('queued', 'unknown') AND o.forward_path = w.forward_path
    AND o.case_id = w.case_id AND o.id < w.id
)
ORDER BY w.id LIMIT {0}
"""
"""The oldest due rows, of which no older one to the same person about the same case waits (order per case is kept).

Whoever holds such a row holds all that follow it, so several workers need no other agreement.
"""


def claim(db: Database, now: datetime, most: int) -> list[Waiting]:
    """Take rows to send now. The next attempt is booked before this one is made (RFC 5321 section 4.5.4)."""
    if most <= 0:
        return []
    sql = CLAIM.format(db.peewee.param) + ("" if db.is_sqlite else "FOR UPDATE OF w SKIP LOCKED")
    rows = db.peewee.execute_sql(sql, (Outbox.next_attempt_at.db_value(now), most)).fetchall()
    if not rows:
        return []
    for number, _, _, _, attempts in rows:
        pause = BACK_OFF[attempts] if attempts < len(BACK_OFF) else BACK_OFF_MOST
        booked = {"lease_owner": db.owner, "lease_until": now + LEASE, "attempts": attempts + 1, "next_attempt_at": now + pause}
        update(Outbox, booked, {"id": number})
    return [Waiting(id=row[0], reverse_path=row[1], forward_path=row[2], octets=bytes(row[3])) for row in rows]


def note_result(
    db: Database, number: int, outcome: str, reply_code: int | None, text: str, now: datetime, give_up_after: timedelta
) -> None:
    """Write down what became of a row: sent, refused, deferred, unknown, channel or untried (see `mail.smtp`).

    A row that another worker has taken over since is left to it; but what the relay took is sent, whoever else tried, and what it
    refused is refused. A row whose final dot got no answer is sent once more; when that gets none either, the relay may have it
    twice, and a person decides: it is given up. So is one that was not taken for too long, whoever was to blame.
    """
    if outcome == "sent":
        note_sent(db, [number], reply_code or 250, text, now)
        return
    facts: dict[str, Any] = {"lease_owner": None, "lease_until": None, "reply_code": reply_code, "detail": text or None}
    waiting = (Outbox.id == number) & Outbox.state.in_(["queued", "unknown"])
    mine = waiting & (Outbox.lease_owner == db.owner)
    if outcome == "refused":
        Outbox.update(state="failed", **facts).where(mine | (waiting & Outbox.lease_owner.is_null())).execute()
        return
    if outcome == "unknown":
        twice = facts | {"state": "failed", "detail": f"{GAVE_UP_TWICE}: {text}"}
        whose = {"id": number, "lease_owner": db.owner}
        update(Outbox, twice, whose | {"state": "unknown"}) or update(Outbox, facts | {"state": "unknown"}, whose | {"state": "queued"})
    elif outcome == "channel":
        Outbox.update(attempts=Outbox.attempts - 1, next_attempt_at=now + CHANNEL_PAUSE, **facts).where(mine).execute()
    elif outcome == "untried":
        Outbox.update(attempts=Outbox.attempts - 1, next_attempt_at=now, **facts).where(mine).execute()
        return
    else:
        Outbox.update(**facts).where(mine).execute()
    old = waiting & Outbox.lease_owner.is_null() & (Outbox.created_at < now - give_up_after)
    for state, words in (("queued", "gave up"), ("unknown", MAY_HAVE_ARRIVED)):
        Outbox.update(state="failed", detail=f"{words}: {text}").where(old & (Outbox.state == state)).execute()


def note_sent(db: Database, numbers: Sequence[int], reply_code: int, text: str, now: datetime) -> None:
    """The relay took these; one statement each for the common case. One that it may have had before says so from now on."""
    changes = {"state": "sent", "sent_at": now, "reply_code": reply_code, "detail": text or None, "lease_owner": None, "lease_until": None}
    twice = changes | {"detail": f"{PERHAPS_TWICE}, of the first try no answer is known; {text}"}
    for number in numbers:
        mine = {"id": number, "lease_owner": db.owner}
        if not (update(Outbox, changes, mine | {"state": "queued"}) or update(Outbox, twice, mine | {"state": "unknown"})):
            _note_late(db, number, changes, twice)


def _note_late(db: Database, number: int, changes: dict[str, Any], twice: dict[str, Any]) -> None:
    """The relay took it from a worker that was taken for dead meanwhile, or this was written down before and nobody heard that it was."""
    query = Outbox.select(Outbox.state, Outbox.lease_owner, Outbox.detail).where(Outbox.id == number)
    row = first(query if db.is_sqlite else query.for_update())
    if row is None or row[0] == "sent":
        # a second one who sent it knew that it might be the second, and said so
        return
    _, owner, detail = row
    if owner not in (None, db.owner):
        changes = changes | {"detail": f"{PERHAPS_TWICE}, another worker had it in hand by then; {changes['detail'] or ''}"}
    elif (detail or "").startswith(GAVE_UP_TWICE):
        changes = twice
    # else nobody has begun to send it again, and nobody needs to
    update(Outbox, changes, {"id": number})


def perhaps_twice() -> int:
    """How many mails may have left twice."""
    told = Outbox.detail.startswith(PERHAPS_TWICE) | Outbox.detail.startswith(GAVE_UP_TWICE)
    return int(Outbox.select().where(told).count())


def is_perhaps_twice(detail: str | None) -> bool:
    """Whether a row of this detail may have left twice."""
    return (detail or "").startswith((PERHAPS_TWICE, GAVE_UP_TWICE))


def free_dead(db: Database, now: datetime, left_by: Callable[[int], Collection[int] | None]) -> int:
    """Rows in flight when their worker died or fell silent are sent again, same octets, unless the relay may have them twice already.

    `left_by` tells of such a worker which of its mails may have had their final dot; None: any may.
    """
    waiting = Outbox.state.in_(["queued", "unknown"])
    query = Outbox.select(Outbox.lease_owner).where(waiting & Outbox.lease_owner.is_null(False)).distinct()
    dead = dead_owners(db, {row[0] for row in rows(query)})
    return sum(_give_back(owner, now, "the program died while sending", left_by(owner)) for owner in sorted(dead))


def _give_back(owner: int, now: datetime, why: str, given: Collection[int] | None, but: Collection[int] = ()) -> int:
    """Of what this worker had in hand, `but` these, no end is known: what had no dot waits as before.

    Of any other the relay may have a copy: it is sent once more, and given up if that may have been the second.
    """
    in_hand = Outbox.state.in_(["queued", "unknown"]) & (Outbox.lease_owner == owner) & Outbox.id.not_in(list(but))
    free = {"lease_owner": None, "lease_until": None, "next_attempt_at": now}
    freed = 0
    if given is not None:
        freed += Outbox.update(**free).where(in_hand & Outbox.id.not_in(list(given))).execute()
    twice = free | {"state": "failed", "detail": f"{GAVE_UP_TWICE}: {why}"}
    freed += Outbox.update(**twice).where(in_hand & (Outbox.state == "unknown")).execute()
    freed += Outbox.update(state="unknown", detail=why, **free).where(in_hand).execute()
    return int(freed)


def untold(most: int) -> list[OutgoingFacts]:
    """Mails the relay refused for good, and those whose template failed, of which nobody has been told yet."""
    unwritten = (Outbox.state == "held") & Outbox.request.is_null(False)
    query = (
        Outbox.select(Outbox.id, Outbox.forward_path, Outbox.template, Outbox.subject, Outbox.case, Outbox.detail, Outbox.state)
        .where(((Outbox.state == "failed") | unwritten) & ~Outbox.told)
        .order_by(Outbox.id)
        .limit(most)
    )
    return [
        OutgoingFacts(
            outbox_id=row[0], recipient=AddrSpec(row[1]), template=row[2], subject=row[3], case_id=row[4],
            already=False, detail=row[5] or "", unwritten=row[6] == "held",
        )
        for row in rows(query)
    ]  # fmt: skip


def told_of_templates() -> list[tuple[str, int, str, str]]:
    """What `check` tells of mails that wait for their template to be mended: what, how grave (1: unwise), detail, cure."""
    count = Outbox.select().where((Outbox.state == "held") & Outbox.request.is_null(False)).count()
    cure = "`supportd outbox --state held` names the template; mend it, then `supportd outbox release N`"
    return [("outbox", 1, f"{count} held because a template failed", cure)] if count else []


def mark_told(number: int) -> bool:
    """The owner is told of this failure in this transaction; False when another worker was first."""
    return bool(Outbox.update(told=True).where((Outbox.id == number) & ~Outbox.told).execute())


def bring_near(now: datetime) -> None:
    """Rows booked for later than any pause lasts: the clock was set back since. They are due."""
    waiting = Outbox.state.in_(["queued", "unknown"])
    Outbox.update(next_attempt_at=now).where(waiting & (Outbox.next_attempt_at > now + 2 * BACK_OFF_MOST)).execute()


def take_back_own(db: Database, now: datetime, given: Collection[int], but: Collection[int] = ()) -> None:
    """Rows this worker still holds although nothing of it is in flight: the database was away when they were claimed, or ended.

    `given`: these may have had their final dot. `but`: of these it knows what became of them, and writes it down with the next ones.
    """
    _give_back(db.owner, now, "the database was away when it was sent", given, but)


def due(now: datetime) -> bool:
    """Whether a row waits to be sent now."""
    waiting = Outbox.state.in_(["queued", "unknown"])
    return bool(Outbox.select(Outbox.id).where(waiting & Outbox.lease_owner.is_null() & (Outbox.next_attempt_at <= now)).limit(1).exists())


def retry(number: int, now: datetime) -> bool:
    """Send a failed or unknown row again, now. False when there is no such row or nothing to send.

    What the relay may have already stays unknown, so that it is told when it leaves.
    """
    where = (Outbox.id == number) & Outbox.state.in_(["failed", "unknown", "queued"]) & Outbox.octets.is_null(False)
    perhaps = where & ((Outbox.state == "unknown") | Outbox.detail.startswith(MAY_HAVE_ARRIVED))
    afresh = {"next_attempt_at": now, "created_at": now, "attempts": 0, "detail": None, "told": False}
    return bool(
        Outbox.update(state="unknown", **afresh).where(perhaps).execute() or Outbox.update(state="queued", **afresh).where(where).execute()
    )


def release(number: int, now: datetime) -> bool:
    """Let a held row go. False when it isn't held or was never composed."""
    where = (Outbox.id == number) & (Outbox.state == "held") & Outbox.octets.is_null(False)
    return bool(Outbox.update(state="queued", next_attempt_at=now, detail="released by an operator").where(where).execute())


def drop(number: int, why: str) -> bool:
    """Decide against a row that has not been sent. False when there is no such row."""
    where = (Outbox.id == number) & Outbox.state.in_(["queued", "held", "failed", "unknown"])
    return bool(Outbox.update(state="dropped", detail=f"dropped: {why}").where(where).execute())
