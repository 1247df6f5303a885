"""What became of everything: mails and answers lost and doubled, counted from the program's books and from what the relay got."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes

from daemon.errors import Temporary
from daemon.store.schema import Outbox
from tests.chaos.counts import count
from tests.conversations.world import World, mail

ANSWERS = 2
"""To each mail of `strangers`: whoever wrote it hears of the case, and whoever looks after it."""

_serial = itertools.count(1000)


def strangers(count: int, words: str = "The device shows no data.") -> list[bytes]:
    """Mails of so many people, each of whom writes for the first time: each opens a case of its own."""
    return [mail(f"guest{number}@guests.example", f"{words} {number}", subject="Help") for number in itertools.islice(_serial, count)]


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
    counts = count(world, len(world.mails()) if copies else len(delivered))
    acted = Counter(row["message_id"] for row in world.mails() if row["outcome"] == "acted")
    never = sum(acted[str(message_from_bytes(octets)["Message-ID"])] == 0 for octets in delivered)
    surplus = len(world.outbox()) - ANSWERS * len(delivered)
    return Tally(lost=never + counts.lost + counts.unsent + max(0, -surplus), doubled=counts.doubled + counts.resent + max(0, surplus))


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
