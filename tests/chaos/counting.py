"""What became of everything: mails and answers lost and doubled, counted from the program's books and from what the relay got."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes

from daemon.errors import Temporary
from daemon.store.schema import Outbox
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


def tally(world: World, delivered: Sequence[bytes]) -> Tally:
    """Hold the books and the relay against the mails that were put into the mailbox, each of which should open one case.

    The books themselves must be good; copies that the relay got of one answer must have the same octets.
    """
    world.assert_good_books()
    acted = Counter(row["message_id"] for row in world.mails() if row["outcome"] == "acted")
    wanted = [str(message_from_bytes(octets)["Message-ID"]) for octets in delivered]
    answers = world.outbox()
    taken: dict[str, list[bytes]] = {}
    for one in world.all_out():
        taken.setdefault(one.message_id, []).append(one.octets)
    for name, copies in taken.items():
        assert len(set(copies)) == 1, f"{name} left with different octets"
    lost = sum(acted[name] == 0 for name in wanted) + sum(row["message_id"] not in taken for row in answers)
    doubled = sum(acted[name] > 1 for name in wanted) + sum(len(copies) - 1 for copies in taken.values())
    surplus = len(answers) - ANSWERS * len(wanted)
    return Tally(lost=lost + max(0, -surplus), doubled=doubled + max(0, surplus) + max(0, len(world.cases()) - len(wanted)))


def run_until_quiet(world: World, rounds: int = 6) -> int:
    """Run rounds until one goes well and nothing waits, moving the clock only past the pause of an answer; how many it took."""
    for count in range(1, rounds + 1):
        try:
            world.run()
        except Temporary:
            continue
        with world.house.database.reading():
            waiting = Outbox.select().where(Outbox.state.in_(["queued", "unknown"])).exists()
        if not waiting:
            return count
        world.later(minutes=2)
    raise TimeoutError(f"not quiet after {rounds} rounds")
