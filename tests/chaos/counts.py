"""Count what was lost and what was doubled: from the books of a world and from what its relay took, never from what a test hopes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import peewee as pw

from daemon.store.schema import Event
from daemon.store.statements import rows
from tests.conversations.world import World
from tests.crash import rig

FINAL = ("acted", "ignored", "quarantined", "vanished")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the mails that were delivered, and of the answers."""

    lost: int
    """Mails that are in no book, or have not come to an end."""
    doubled: int
    """Mails that were acted on once more than once: the same mail in two rows, or two cases opened of one."""
    unsent: int
    """Answers in the books that the relay never got, and answers at the relay that are in no book."""
    resent: int
    """Copies that the relay got beyond the first of an answer."""


def count(world: World, delivered: int) -> Counts:
    """Count them now."""
    mails = world.mails()
    acted = Counter(row["message_id"] for row in mails if row["outcome"] == "acted" and row["message_id"])
    with world.house.database.reading():
        opened = Event.select(Event.cause, pw.fn.COUNT(Event.id)).where(Event.verb == "open-case").group_by(Event.cause)
        twice = sum(times - 1 for _, times in rows(opened))
    got = rig.copies(world.sink).by_id
    written = {row["message_id"] for row in world.outbox()}
    return Counts(
        lost=delivered - sum(row["outcome"] in FINAL for row in mails),
        doubled=sum(times - 1 for times in acted.values()) + twice,
        unsent=len(written ^ set(got)),
        resent=sum(len(copies) - 1 for copies in got.values()),
    )
