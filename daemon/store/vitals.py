"""How much waits in the two queues, and since when. Inside a reading of the caller; it never walks a whole table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from daemon.model import EVERYBODY
from daemon.store.loops import Unmailed, unmailed
from daemon.store.schema import Journal, Outbox

COUNTED = 10_000
"""More than that are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits. Counts stop at COUNTED."""

    mails: int
    """Received and not done."""
    oldest_mail: datetime | None
    """When the one that waits longest was written down."""
    outgoing: int
    """To be sent."""
    oldest_outgoing: datetime | None
    """When the one that waits longest was written."""
    last_sent: datetime | None
    """When the relay took a mail last, of those that came after the oldest that waits; None: it took none since."""
    held: int
    """Outgoing mails that wait for a person."""
    quarantined: int
    """Received mails that wait for a person."""
    breaker: Unmailed | None = None
    """The hold on all automatic mail, while it holds."""


def backlog(now: datetime) -> Backlog:
    """What waits now."""
    waiting, outgoing = Journal.state == "received", Outbox.state.in_(["queued", "unknown"])
    mail = Journal.select(Journal.recorded_at).where(waiting).order_by(Journal.id).limit(1).tuples().first()
    mine = Outbox.select(Outbox.created_at, Outbox.id).where(outgoing).order_by(Outbox.id).limit(1).tuples().first()
    sent = None
    if mine is not None:
        later = (Outbox.state == "sent") & (Outbox.id > mine[1])
        sent = Outbox.select(Outbox.sent_at).where(later).order_by(Outbox.id.desc()).limit(1).tuples().first()
    return Backlog(
        mails=Journal.select(Journal.id).where(waiting).limit(COUNTED).count(),
        oldest_mail=mail[0] if mail is not None else None,
        outgoing=Outbox.select(Outbox.id).where(outgoing).limit(COUNTED).count(),
        oldest_outgoing=mine[0] if mine is not None else None,
        last_sent=sent[0] if sent is not None else None,
        held=Outbox.select(Outbox.id).where(Outbox.state == "held").limit(COUNTED).count(),
        quarantined=Journal.select(Journal.id).where(Journal.state == "quarantined").limit(COUNTED).count(),
        breaker=next(iter(unmailed(now, 1, [EVERYBODY])), None),
    )
