"""Record an email and relate it: "Name" is the contact it is from or to, "Relates to" the case."""

from __future__ import annotations

from datetime import datetime

from daemon.actions.vocabulary import HoldMail, MarkBounced
from daemon.store.schema import Interaction, MailHold, Outbox, Undeliverable
from daemon.store.statements import Select, insert


def record_incoming(
    *, journal_id: int, at: datetime, message_id: str | None, address: str | None, contact_id: int | None, case_id: int | None,
    cs_id: int | None = None,
) -> None:  # fmt: skip
    """Relate a received mail. Raises IntegrityError when another worker has recorded it (crash point K5)."""
    row = {
        "direction": "in", "journal": journal_id, "at": at, "message_id": message_id, "address": address, "contact": contact_id,
        "case": case_id, "cs_ticket": cs_id,
    }  # fmt: skip
    insert(Interaction, [row], ids=False)


def mark_bounced(action: MarkBounced, *, at: datetime) -> None:
    """Mark an outgoing mail as bounced and count permanent bounces of its address."""
    said = " ".join(part for part in (action.status, action.reason) if part)
    Outbox.update(bounced_at=at, told=True, detail=f"bounced: {said}" if said else "bounced").where(Outbox.id == action.outbox_id).execute()
    if action.permanent:
        Undeliverable.insert(address=action.address, bounces=1, last_at=at).on_conflict(
            conflict_target=[Undeliverable.address], update={Undeliverable.bounces: Undeliverable.bounces + 1, Undeliverable.last_at: at}
        ).execute()


def hold_mail(action: HoldMail, *, at: datetime) -> None:
    """Hold back the mails to an address from now on; a hold that has run out begins anew."""
    facts = {"since": at, "until": action.until, "reason": action.reason}
    MailHold.insert(address=action.address, **facts).on_conflict(conflict_target=[MailHold.address], update=facts).execute()


PERMANENT_BOUNCES = 2
"""After so many an address is not mailed again until somebody lifts it."""


def undeliverable(address: str) -> bool:
    """Whether this address bounced for good so often that nothing more is sent there."""
    found = _BOUNCES.first(address=address)
    return found is not None and found[0] >= PERMANENT_BOUNCES


_BOUNCES = Select(lambda address: Undeliverable.select(Undeliverable.bounces).where(Undeliverable.address == address))
