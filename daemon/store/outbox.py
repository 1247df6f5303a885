"""The outbound queue: claim, record what the relay said, hold, release.

Every function runs inside a transaction of the caller. Rows are written by `actions.replies`, composed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from daemon.model import AddrSpec, OutgoingFacts
from daemon.store.database import Database
from daemon.store.schema import Outbox
from daemon.store.statements import rows, update
from daemon.store.workers import dead_owners

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
"""Then every hour, until the row is too old (RFC 5321 section 4.5.4.1)."""

BACK_OFF_MOST = timedelta(hours=1)

LEASE = timedelta(minutes=15)
"""Longer than the longest SMTP conversation may take."""

CHANNEL_PAUSE = timedelta(minutes=1)
"""When the relay refuses us altogether (login, TLS): no row is to blame, none is burnt."""


PERHAPS_TWICE = "perhaps sent twice"
"""How the detail of a row begins that the relay took after an earlier final dot had got no answer (RFC 1047)."""

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

    A row that another worker has taken over since is left to it; but what the relay took is sent, whoever else tried.
    A row whose final dot got no answer is sent once more; when that gets none either, the relay may have it twice, and a person
    decides: it is given up.
    """
    if outcome == "sent":
        note_sent(db, [number], reply_code or 250, text, now)
        return
    facts: dict[str, Any] = {"lease_owner": None, "lease_until": None, "reply_code": reply_code, "detail": text or None}
    if outcome == "refused":
        facts.update(state="failed")
    elif outcome == "unknown":
        again = bool(Outbox.select().where((Outbox.id == number) & (Outbox.state == "unknown")).exists())
        facts.update(state="failed", detail=f"gave up, it may have arrived twice: {text}") if again else facts.update(state="unknown")
    elif outcome == "channel":
        facts.update(attempts=Outbox.attempts - 1, next_attempt_at=now + CHANNEL_PAUSE)
    elif outcome == "untried":
        facts.update(attempts=Outbox.attempts - 1, next_attempt_at=now)
    ours = (Outbox.id == number) & ((Outbox.lease_owner == db.owner) | Outbox.lease_owner.is_null())
    ours &= Outbox.state.in_(["queued", "unknown"])
    if not Outbox.update(**facts).where(ours).execute():
        return
    if outcome in ("deferred", "unknown"):
        Outbox.update(state="failed", detail=f"gave up: {text}").where(
            (Outbox.id == number) & (Outbox.created_at < now - give_up_after)
        ).execute()


def note_sent(db: Database, numbers: Sequence[int], reply_code: int, text: str, now: datetime) -> None:
    """The relay took these; one statement each for the common case. One that it may have had before says so from now on."""
    changes = {"state": "sent", "sent_at": now, "reply_code": reply_code, "detail": text or None, "lease_owner": None, "lease_until": None}
    twice = changes | {"detail": f"{PERHAPS_TWICE}, the first time without an answer to its final dot; {text}"}
    for number in numbers:
        mine = {"id": number, "lease_owner": db.owner}
        if not (update(Outbox, changes, mine | {"state": "queued"}) or update(Outbox, twice, mine | {"state": "unknown"})):
            # taken for dead meanwhile; if nobody has begun to send it again, nobody needs to
            update(Outbox, changes, mine) or update(Outbox, changes, {"id": number, "lease_owner": None})


def perhaps_twice() -> int:
    """How many mails may have left twice."""
    return int(Outbox.select().where(Outbox.detail.startswith(PERHAPS_TWICE)).count())


def free_dead(db: Database, now: datetime) -> int:
    """Rows in flight when their worker died or fell silent: whether the relay has them is unknown, so they are sent again, same octets.

    A row without a living owner was claimed just before its DATA; the receiver knows it by its Message-ID.
    """
    waiting = Outbox.state.in_(["queued", "unknown"])
    query = Outbox.select(Outbox.lease_owner).where(waiting & Outbox.lease_owner.is_null(False)).distinct()
    dead = dead_owners(db, {row[0] for row in rows(query)})
    if not dead:
        return 0
    return int(
        Outbox.update(state="unknown", lease_owner=None, lease_until=None, next_attempt_at=now, detail="the program died while sending")
        .where(waiting & Outbox.lease_owner.in_(sorted(dead)))
        .execute()
    )


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


def take_back_own(db: Database, now: datetime, but: Collection[int] = ()) -> None:
    """Rows this worker still holds although nothing of it is in flight: the database was away when they ended.

    `but`: of these it knows what became of them, and writes it down with the next ones.
    """
    where = (Outbox.state.in_(["queued", "unknown"])) & (Outbox.lease_owner == db.owner) & Outbox.id.not_in(list(but))
    Outbox.update(
        state="unknown", lease_owner=None, lease_until=None, next_attempt_at=now, detail="the database was away when it was sent"
    ).where(where).execute()


def due(now: datetime) -> bool:
    """Whether a row waits to be sent now."""
    waiting = Outbox.state.in_(["queued", "unknown"])
    return bool(Outbox.select(Outbox.id).where(waiting & Outbox.lease_owner.is_null() & (Outbox.next_attempt_at <= now)).limit(1).exists())


def retry(number: int, now: datetime) -> bool:
    """Send a failed or unknown row again, now. False when there is no such row or nothing to send."""
    where = (Outbox.id == number) & Outbox.state.in_(["failed", "unknown", "queued"]) & Outbox.octets.is_null(False)
    return bool(
        Outbox.update(state="queued", next_attempt_at=now, created_at=now, attempts=0, detail=None, told=False).where(where).execute()
    )


def release(number: int, now: datetime) -> bool:
    """Let a held row go. False when it isn't held or was never composed."""
    where = (Outbox.id == number) & (Outbox.state == "held") & Outbox.octets.is_null(False)
    return bool(Outbox.update(state="queued", next_attempt_at=now, detail="released by an operator").where(where).execute())


def drop(number: int, why: str) -> bool:
    """Decide against a row that has not been sent. False when there is no such row."""
    where = (Outbox.id == number) & Outbox.state.in_(["queued", "held", "failed", "unknown"])
    return bool(Outbox.update(state="dropped", detail=f"dropped: {why}").where(where).execute())
