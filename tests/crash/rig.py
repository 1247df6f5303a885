"""What every test that kills stands on: the program run as a process that may be killed, and the books afterwards."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path
from typing import Any

from daemon.pulse import Pulse
from daemon.service import Service
from daemon.store.outbox import GAVE_UP_TWICE
from tests.conversations.nursery import Life
from tests.conversations.world import World, until
from tests.doubles import Sink

ONCE = ("run", "--once")

NO_RATES = {
    "answers_per_stranger_day": 0, "answers_per_contact_day": 0, "answers_per_case_hour": 0, "answers_per_case_day": 0,
    "cases_per_sender_hour": 0, "cases_per_sender_day": 0, "loop_pattern": 0, "breaker": 0,
}  # fmt: skip
"""Storms have few writers, who say much the same and fast: what the limits are for. They are off, so that every answer is owed."""


# --- the process ---------------------------------------------------------------------------------------------------


def begin(world: World, *arguments: str, now: str | None = None, **more: str) -> Life:
    """Start the program at the world's clock (or `now`). Whoever starts it ends it; its log is the world's."""
    return world.start(*arguments, SUPPORTD_NOW=now or world.clock.isoformat(), **more)


@contextmanager
def fetching(world: World, was_read: Callable[[str], None], pulse: Pulse | None = None) -> Iterator[Service]:
    """The fetch stage alone, in this process."""
    stop = threading.Event()
    service = Service(world.config, world.house, ("fetch",), stop, pulse, was_read)
    service.start()
    try:
        yield service
    finally:
        stop.set()
        assert service.join(60)


def finish(process: Life, seconds: float = 60.0) -> int:
    """The exit status of a program that ends by itself; one that doesn't is killed, and TimeoutExpired raised."""
    try:
        return process.wait(seconds)
    finally:
        kill(process)


def kill(process: Life) -> None:
    """SIGKILL, and wait for the end."""
    process.kill()
    process.wait()


def die_at(world: World, point: str, *arguments: str) -> None:
    """Run one round that is killed at this fail point (`name` or `name:pass`), and make sure that it was."""
    status = finish(begin(world, *(arguments or ONCE), SUPPORTD_FAILPOINT=point))
    assert status == -signal.SIGKILL, f"{point} was never passed: status {status}\n{world.log()[-3000:]}"


def round_again(world: World, status: int = 0) -> None:
    """Run one round as a process of its own; its exit status must be this one."""
    got = finish(begin(world, *ONCE))
    assert got == status, f"status {got}\n{world.log()[-3000:]}"


def log_size(world: World) -> int:
    """How long the log is, in octets; there is none before the first start."""
    path = world.folder / "daemon.log"
    return path.stat().st_size if path.exists() else 0


def log_since(world: World, size: int) -> str:
    """What was logged since it was so long."""
    with (world.folder / "daemon.log").open("rb") as file:
        file.seek(size)
        return file.read().decode(errors="replace")


def children(process: int) -> list[int]:
    """The child processes that live."""
    found: list[int] = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found.extend(map(int, listed.read_text().split()))
        except OSError:
            continue
    return found


def child_of(process: Life, other_than: Sequence[int] = ()) -> int:
    """The parser child, as soon as there is one that is none of these."""
    seen: list[int] = []

    def appeared() -> bool:
        seen[:] = [pid for pid in children(process.pid) if pid not in other_than and _is_parser(pid)]
        return bool(seen) or process.poll() is not None

    until(appeared, "the parser child doesn't start")
    assert seen, f"the program ended with {process.returncode} before it had a parser child"
    return seen[0]


def _is_parser(process: int) -> bool:
    try:
        return b"daemon.parsers.child" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def signal_child(process: int, number: signal.Signals) -> None:
    """Signal a parser child; one that has gone meanwhile is no matter."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass


# --- the books -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """What the relay got: the octets of each Message-ID as often as they came."""

    by_id: dict[str, list[bytes]]

    @property
    def doubled(self) -> int:
        """How many mails came more than once."""
        return sum(len(copies) > 1 for copies in self.by_id.values())


def copies(sink: Sink) -> Copies:
    """Everything the relay took, by Message-ID. Copies of one mail must be the same octets."""
    by_id: dict[str, list[bytes]] = {}
    for message_id, octets in taken(sink):
        by_id.setdefault(message_id, []).append(octets)
    for message_id, all_octets in by_id.items():
        assert len(set(all_octets)) == 1, f"{message_id} was sent with different octets"
    return Copies(by_id=by_id)


def taken(sink: Sink) -> list[tuple[str, bytes]]:
    """Message-ID and octets of every mail that the relay took, as they came."""
    with sink.lock:
        sent = list(sink.sent)
    return [(str(message_from_bytes(one.octets, policy=policy.default)["Message-ID"]), one.octets) for one in sent]


def count_taken(sink: Sink) -> int:
    """How many mails the relay has taken, once every line to a program that died has come to its end."""
    until(lambda: sink.open == 0, "the relay still has a line open")
    return len(sink.sent)


def assert_all_sent(world: World) -> Copies:
    """Every outgoing mail of the books reached the relay, and the relay got nothing else.

    One of which nobody knows, because the program was killed after each of two final dots, is given up.
    """
    rows = world.outbox()
    assert [row for row in rows if row["state"] != "sent" and not (row["detail"] or "").startswith(GAVE_UP_TWICE)] == []
    got = copies(world.sink)
    assert sorted(got.by_id) == sorted(row["message_id"] for row in rows)
    return got


def assert_repeats(sink: Sink, kills: Sequence[int], connections: int) -> None:
    """A mail came again only when a kill had caught it on one of the lines: never twice from one process.

    `kills` is how many mails the relay had taken at each kill.
    """
    names = [message_id for message_id, _ in taken(sink)]
    for start, stop in pairwise([0, *kills, len(names)]):
        of_this_life = set(names[start:stop])
        assert len(of_this_life) == stop - start
        assert len(of_this_life & set(names[stop:])) <= connections


def assert_all_final(world: World, mails: int) -> None:
    """Every delivered mail is in the journal once, done, and the books are good."""
    books = world.assert_good_books()
    assert (books.received, books.in_progress, books.vanished, books.quarantined) == (mails, 0, 0, 0)


def put_away(world: World) -> list[bytes]:
    """What lies in the folder of finished mails, sorted; INBOX must be empty."""
    assert world.inbox.mails() == []
    return sorted(world.inbox.mails("Processed") + world.inbox.mails("Ignored"))


def wait_quiet(world: World, process: Life, quiet: Callable[[], Any], seconds: float) -> None:
    """Wait until nothing is left to do. Raises TimeoutError, with the end of the log, when that takes too long."""
    end = time.monotonic() + seconds
    while not quiet():
        assert process.poll() is None, f"the daemon ended by itself: {process.returncode}\n{world.log()[-3000:]}"
        if time.monotonic() > end:
            raise TimeoutError(f"not quiet after {seconds:g} s\n{world.log()[-3000:]}")
        time.sleep(0.1)
