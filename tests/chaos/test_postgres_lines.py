"""The line to PostgreSQL fails at any octet of what is said while mails are fetched, acted on and answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from daemon.errors import Temporary
from tests.chaos.counts import count, run_until_quiet, strangers, tally
from tests.chaos.proxy import Break, Dribble, End, Fault, Proxy, Side, Split, Swallow
from tests.chaos.record import saw, size
from tests.conversations.world import World
from tests.servers.postgres import by_way_of, place_of

pytestmark = [pytest.mark.chaos, pytest.mark.postgres, pytest.mark.timeout(7200)]

COMMITTED = rb"C\x00\x00\x00\x0bCOMMIT\x00"
"""The server's word that a transaction is on disk (CommandComplete)."""
SIDES: tuple[Side, Side] = ("server", "client")
HOWS: tuple[End, End] = ("close", "reset")


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

    def held_against_books(self, words: str, times: int) -> None:
        """Nothing may be lost; only a mail whose final dot the relay had may leave twice."""
        got, found = tally(self.world, self.delivered), count(self.world, len(self.delivered))
        assert (got.lost, found.doubled, got.doubled) == (0, 0, found.resent), words
        assert found.resent <= self.world.audit().perhaps_twice
        saw("G13", words, times=times, lost=got.lost, doubled=found.doubled, note="PostgreSQL")
        if found.resent:
            saw("G7", words, times=times, lost=0, doubled=found.resent, note="same Message-ID and octets; explain says so")


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
        for number, after in enumerate(_spread(len(said[side]) - 100, 4, 250)):
            rounds.play(session=(Break(after=after, how=HOWS[number % 2], of=side),))
            rounds.settle()
            times += 1
    assert rounds.broken == times
    rounds.held_against_books("FIN or RST after octet k of what a session says", times)


def test_a_commit_whose_answer_is_swallowed_is_neither_lost_nor_done_twice(rounds: Rounds) -> None:
    commits = len(re.findall(COMMITTED, rounds.said()["server"]))
    chosen = _spread(commits - 1, 4, commits)
    for number in chosen:
        before = len(rounds.world.cases())
        strike = rounds.proxy.strike(Swallow(pattern=COMMITTED, then=HOWS[number % 2]), skip=number)
        rounds.play()
        assert strike.line is not None, f"there was no commit {number}"
        rounds.settle()
        assert len(rounds.world.cases()) == before + 1, f"commit {number}"
    rounds.held_against_books("the answer to COMMIT is swallowed", len(chosen))


def test_a_session_that_shows_life_is_cut_at_any_octet(rounds: Rounds) -> None:
    assert rounds.play()
    guard = rounds.proxy.lines[0]
    times = 0
    for side in SIDES:
        for number, after in enumerate(_spread(len(guard.of(side)), 2, 60)):
            rounds.play(guard=(Break(after=after, how=HOWS[number % 2], of=side),))
            rounds.settle()
            times += 1
    rounds.held_against_books("the session that shows life is cut after octet k", times)


def test_a_session_in_pieces_is_the_same_session(rounds: Rounds) -> None:
    said = rounds.said()
    faults: list[tuple[Fault, ...]] = [tuple(Split(at=at, of=side) for at in _spread(len(said[side]), 20, 400)) for side in SIDES]
    if size(0, 1):
        faults += [(Dribble(of=side),) for side in SIDES]
    for fault in faults:
        assert rounds.play(guard=(Dribble(), Dribble(of="client")), session=fault)
    rounds.held_against_books("what is said comes in pieces", len(faults))
