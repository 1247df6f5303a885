"""The line to PostgreSQL fails at any octet of what is said while mails are fetched, acted on and answered."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from daemon.errors import Temporary
from tests.chaos.counts import ANSWERS, count, run_until_quiet, strangers, tally
from tests.chaos.proxy import Break, Dribble, End, Fault, Proxy, Side, Split, Swallow
from tests.chaos.record import saw, size
from tests.conversations.world import World, end, until
from tests.crash import rig
from tests.servers.postgres import by_way_of, place_of

pytestmark = [pytest.mark.chaos, pytest.mark.postgres, pytest.mark.timeout(7200)]

COMMITTED = rb"C\x00\x00\x00\x0bCOMMIT\x00"
"""The server's word that a transaction is on disk (CommandComplete)."""
SIDES: tuple[Side, Side] = ("server", "client")
HOWS: tuple[End, End] = ("close", "reset")
SILENCE: End = "silence"


class Rounds:
    """Rounds of a program whose sessions with PostgreSQL go over a line that fails."""

    def __init__(self, world: World, proxy: Proxy) -> None:
        self.world, self.proxy = world, proxy
        self.delivered: list[bytes] = []
        self.broken = 0

    def play(self, *, guard: tuple[Fault, ...] = (), session: tuple[Fault, ...] = ()) -> bool:
        """One round with a new mail, in which this befalls the session that shows life and the one that works; whether it went well."""
        (octets,) = strangers(1)
        self.delivered.append(octets)
        self.world.deliver(octets)
        database = self.world.house.database
        database.close()
        database.let_go()
        self.proxy.lines.clear()
        self.proxy.script.extend([guard, session])
        try:
            self.world.run()
        except Temporary:
            return False
        finally:
            self.proxy.script.clear()
            self.broken += any(line.ended for line in self.proxy.lines)
        return True

    def settle(self) -> None:
        """Rounds without a fault, until nothing waits; every mail must be put away then."""
        run_until_quiet(self.world)
        assert self.world.inbox.mails() == []

    def said(self) -> dict[Side, bytes]:
        """What a working session of a round without a fault says; the first round of all says more."""
        assert self.play()
        assert self.play()
        working = self.proxy.lines[1]
        return {"server": bytes(working.server), "client": bytes(working.client)}

    def hold_against_books(self, words: str, times: int) -> None:
        """Nothing may be lost; and as a round keeps what the relay said until it is written down, nothing doubled."""
        got, found = tally(self.world, self.delivered), count(self.world, len(self.delivered))
        assert (got.lost, got.doubled) == (0, 0), f"{words}: {found}"
        saw("G13", words, times=times, lost=got.lost, doubled=got.doubled, note="PostgreSQL")


@pytest.fixture
def rounds(make_world: Callable[..., World], postgres_database: str) -> Iterator[Rounds]:
    with Proxy(place_of(postgres_database)) as proxy:
        world = make_world(by_way_of(postgres_database, proxy.port))
        yield Rounds(world, proxy)
        world.close()


def _spread(total: int, short: int, whole: int) -> list[int]:
    """So many places of a session, the first and the last among them."""
    times = min(size(short, whole), total)
    return sorted({round(number * total / (times - 1)) for number in range(times)})


def test_a_session_cut_at_any_octet_loses_nothing_and_doubles_nothing(rounds: Rounds) -> None:
    said = rounds.said()
    times = 0
    for side in SIDES:
        for number, after in enumerate(_spread(len(said[side]) - 100, 3, 250)):
            rounds.play(session=(Break(after=after, how=HOWS[number % 2], of=side),))
            rounds.settle()
            times += 1
    assert rounds.broken == times
    rounds.hold_against_books("FIN or RST after octet k of what a session says", times)


def test_a_commit_whose_answer_is_swallowed_is_neither_lost_nor_done_twice(rounds: Rounds) -> None:
    commits = len(re.findall(COMMITTED, rounds.said()["server"]))
    chosen = _spread(commits - 1, 3, commits)
    for number in chosen:
        before = len(rounds.world.cases())
        strike = rounds.proxy.strike(Swallow(pattern=COMMITTED, then=HOWS[number % 2]), skip=number)
        rounds.play()
        assert strike.line is not None, f"there was no commit {number}"
        rounds.settle()
        assert len(rounds.world.cases()) == before + 1, f"commit {number}"
    rounds.hold_against_books("the answer to COMMIT is swallowed", len(chosen))


def test_a_session_that_shows_life_is_cut_at_any_octet(rounds: Rounds) -> None:
    assert rounds.play()
    guard = rounds.proxy.lines[0]
    times = 0
    for side in SIDES:
        for number, after in enumerate(_spread(len(guard.of(side)), 2, 60)):
            rounds.play(guard=(Break(after=after, how=HOWS[number % 2], of=side),))
            rounds.settle()
            times += 1
    rounds.hold_against_books("the session that shows life is cut after octet k", times)


def test_a_session_in_pieces_is_the_same_session(rounds: Rounds) -> None:
    said = rounds.said()
    faults: list[tuple[Fault, ...]] = [tuple(Split(at=at, of=side) for at in _spread(len(said[side]), 20, 400)) for side in SIDES]
    if size(0, 1):
        faults += [(Dribble(of=side),) for side in SIDES]
    for fault in faults:
        assert rounds.play(guard=(Dribble(), Dribble(of="client")), session=fault)
    rounds.hold_against_books("what is said comes in pieces", len(faults))


# --- the daemon ----------------------------------------------------------------------------------------------------

SHOWS_LIFE, LISTENS = b"pg_try_advisory_lock", b"LISTEN supportd"
PATIENT = 200.0
"""Seconds for what takes one on a quiet machine."""

STOPPED_WITHIN = 30.0
"""Seconds, whatever the database does: what a stop promises."""


class Daemon:
    """The daemon at work over a line that fails."""

    def __init__(self, world: World, proxy: Proxy) -> None:
        self.world, self.proxy = world, proxy
        self.delivered: list[bytes] = []
        # by the real clock, so that what has a pause of its own is tried again
        self.world.clock = datetime.now(UTC).replace(microsecond=0)
        self.life = world.start("run")
        self.wait_ready()

    def wait_ready(self) -> None:
        def is_ready() -> bool:
            return " ready " in self.world.log() and any(LISTENS in line.client for line in self.proxy.lines)

        until(is_ready, "it doesn't start", PATIENT)

    def said(self) -> int:
        """How many octets the server has said on all lines."""
        return sum(len(line.server) for line in self.proxy.lines)

    def deliver(self, count: int = 1) -> None:
        for octets in strangers(count):
            self.delivered.append(octets)
            self.world.deliver(octets)

    def wait(self) -> None:
        """Until every mail is put away and every answer has left."""
        world, mails = self.world, len(self.delivered)
        until(lambda: len(world.inbox.mails("Processed")) == mails, f"not put away\n{world.log()[-3000:]}", PATIENT)
        until(lambda: len({name for name, _ in rig.taken(world.sink)}) == ANSWERS * mails, f"not answered\n{world.log()[-3000:]}", PATIENT)
        assert self.life.poll() is None, f"it ended by itself\n{world.log()[-3000:]}"

    def told(self) -> int:
        """How often the log has told that the database is away."""
        return len(re.findall(r" (?:stage-waits|database-away|mailbox-away|apply-waits) ", self.world.log()))

    def hold_against_books(self, words: str, times: int) -> None:
        """Nothing may be lost; and as the daemon keeps what the relay said until it is written down, nothing doubled."""
        until(lambda: all(row["state"] == "sent" for row in self.world.outbox()), "not every answer is written down as sent", PATIENT)
        got, found = tally(self.world, self.delivered), count(self.world, len(self.delivered))
        assert (got.lost, got.doubled) == (0, 0), f"{words}: {found}"
        saw("G13", words, times=times, lost=got.lost, doubled=got.doubled, note="PostgreSQL, the daemon by itself")
        self.world.close()


@pytest.fixture
def daemon(make_world: Callable[..., World], postgres_database: str) -> Iterator[Daemon]:
    with Proxy(place_of(postgres_database)) as proxy:
        limits = rig.NO_RATES | {"statement_seconds": 3, "lock_seconds": 1, "worker_lease_seconds": 8}
        world = make_world(by_way_of(postgres_database, proxy.port), limits=limits, poll_seconds=1)
        made = Daemon(world, proxy)
        try:
            yield made
        finally:
            rig.kill(made.life)
            world.close()


Fate = tuple[Break | Swallow, bytes, int]
"""A fault, on which of the sessions (all, unless the client has said this), and how many that match are let through."""


def _fates(commits: int, octets: int) -> list[Fate]:
    swallowed: list[Fate] = [
        (Swallow(pattern=COMMITTED, then=(*HOWS, SILENCE)[number % 3]), b"", number * 30 // commits) for number in range(commits)
    ]
    cut: list[Fate] = []
    for number in range(octets):
        how, side = HOWS[number % 2], SIDES[number // 2 % 2]
        cut.append((Break(after=1 + number * 40_000 // octets, how=how, of=side), b"", 0))
        if number % 3 == 0:
            # these two say little, and the one that listens nearly nothing by itself
            cut += [(Break(after=number * 60 // octets, how=how), session, 0) for session in (SHOWS_LIFE, LISTENS)]
    return swallowed + cut


def test_a_daemon_whose_sessions_break_or_fall_silent_goes_on_by_itself_and_can_be_stopped(daemon: Daemon) -> None:
    _break_sessions(daemon)
    _carry_nothing(daemon)
    _stop_in_the_dark(daemon)


def _break_sessions(daemon: Daemon) -> None:
    fates = _fates(size(1, 30), size(2, 30))
    for fault, on, skip in fates:
        strike = daemon.proxy.strike(fault, on=on, skip=skip)
        daemon.deliver()
        until(lambda strike=strike: strike.line is not None, f"{fault} on {on!r} never befell", PATIENT)
        daemon.wait()
    daemon.hold_against_books(
        "sessions of the daemon break: at octets, at COMMIT, the one that shows life, the one that listens", len(fates)
    )


def _carry_nothing(daemon: Daemon) -> None:
    """The network carries nothing any more while the daemon is at work, and tells nobody; then it comes back for those that call anew."""
    times = size(1, 10)
    for number in range(times):
        told, enough = daemon.told(), daemon.said() + 30_000 * (number + 1) // times
        daemon.deliver(2)
        until(lambda enough=enough: daemon.said() > enough, "it does not work", PATIENT)
        daemon.proxy.dark = True
        until(lambda told=told: daemon.told() >= told + 2, f"nobody tells of it\n{daemon.world.log()[-3000:]}", PATIENT)
        daemon.proxy.dark = False
        daemon.wait()
    daemon.hold_against_books("nothing is carried any more, and nobody is told", times)


def _stop_in_the_dark(daemon: Daemon) -> None:
    daemon.proxy.dark = True
    begun = time.monotonic()
    end(daemon.life, PATIENT)
    assert time.monotonic() - begun <= STOPPED_WITHIN
    assert " stopped" in daemon.world.log()
    assert "stage-failed" not in daemon.world.log()
    daemon.proxy.dark = False
    run_until_quiet(daemon.world)
    daemon.hold_against_books("nothing is carried any more at a stop", 1)
