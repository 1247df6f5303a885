"""Count what was lost and what was doubled: from the books of a world and from what its relay took, never from what a test hopes."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes

import peewee as pw

from daemon.errors import Temporary
from daemon.store.outbox import is_perhaps_twice
from daemon.store.schema import Event, Outbox
from daemon.store.statements import rows
from tests.conversations.world import World, mail
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
    """Copies that the relay got beyond the first of an answer: one at most of each, and the books say so."""


def count(world: World, delivered: int) -> Counts:
    """Count them now. Of no answer the relay may have more than two copies, and the books must tell of each that it has twice."""
    mails = world.mails()
    acted = Counter(row["message_id"] for row in mails if row["outcome"] == "acted" and row["message_id"])
    with world.house.database.reading():
        opened = Event.select(Event.cause, pw.fn.COUNT(Event.id)).where(Event.verb == "open-case").group_by(Event.cause)
        twice = sum(times - 1 for _, times in rows(opened))
    got = rig.copies(world.sink).by_id
    outbox = world.outbox()
    written = {row["message_id"] for row in outbox}
    told = {row["message_id"] for row in outbox if is_perhaps_twice(row["detail"])}
    assert {name for name, copies in got.items() if len(copies) > 1} <= told, "the relay has more than one copy, and nobody is told"
    assert max(map(len, got.values()), default=0) <= 2, "the relay has more than two copies"
    assert world.audit().perhaps_twice == len(told)
    return Counts(
        lost=delivered - sum(row["outcome"] in FINAL for row in mails),
        doubled=sum(times - 1 for times in acted.values()) + twice,
        unsent=len(written ^ set(got)),
        resent=sum(len(copies) - 1 for copies in got.values()),
    )


# --- mails of which each opens a case -------------------------------------------------------------------------------

ANSWERS = 2
"""To each mail of `strangers`: whoever wrote it hears of the case, and whoever looks after it."""

_serial = itertools.count(1000)


def strangers(how_many: int, words: str = "The device shows no data.") -> list[bytes]:
    """Mails of so many people, each of whom writes for the first time: each opens a case of its own."""
    return [mail(f"guest{number}@guests.example", f"{words} {number}", subject="Help") for number in itertools.islice(_serial, how_many)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Mails that were never acted on or answers that never left, and those that were twice."""

    lost: int
    doubled: int


def tally(world: World, delivered: Sequence[bytes], *, copies: bool = False) -> Tally:
    """Hold the books and the relay against the mails that were put into the mailbox, each of which should open one case.

    The books themselves must be good. With `copies` the mailbox showed some of them more than once.
    """
    world.assert_good_books()
    found = count(world, len(world.mails()) if copies else len(delivered))
    acted = Counter(row["message_id"] for row in world.mails() if row["outcome"] == "acted")
    never = sum(acted[str(message_from_bytes(octets)["Message-ID"])] == 0 for octets in delivered)
    surplus = len(world.outbox()) - ANSWERS * len(delivered)
    return Tally(lost=never + found.lost + found.unsent + max(0, -surplus), doubled=found.doubled + found.resent + max(0, surplus))


def run_until_quiet(world: World, rounds: int = 6) -> int:
    """Run rounds until one goes well and nothing waits, moving the clock only past the pause of an answer; how many it took."""
    patience = time.monotonic() + 30
    number = 0
    while number < rounds:
        number += 1
        try:
            world.run()
        except Temporary:
            # a server that has just started may need a moment before its folder is in order
            number -= time.monotonic() < patience
            time.sleep(0.1)
            continue
        with world.house.database.reading():
            waiting = Outbox.select().where(Outbox.state.in_(["queued", "unknown"])).exists()
        if not waiting:
            return number
        world.later(minutes=2)
    raise TimeoutError(f"not quiet after {rounds} rounds")
