"""A mailbox that falls silent, speaks in pieces, or is a real one behind TLS: what is noticed, what is told, and that work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from daemon.errors import Temporary
from daemon.pulse import Pulse
from daemon.watchman import Watchman
from tests.chaos.counts import run_until_quiet, strangers, tally
from tests.chaos.mailboxes import PATIENCE, FailingDovecot, FailingMailbox, Patience, failing_mailbox
from tests.chaos.proxy import Break, Dribble, End, Fault, Side, Split, Swallow
from tests.chaos.record import saw, size
from tests.conversations.world import World, trust_authority, until
from tests.crash import rig
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]

HURRY = 1.0
SIDES: tuple[Side, Side] = ("server", "client")
CLEAR: dict[Side, int] = {"server": 100, "client": 20}
SEALED: dict[Side, int] = {"server": 300, "client": 150}
"""Octets of LOGOUT and what answers it, in clear text and under TLS."""


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    return Patience(monkeypatch)


@pytest.fixture
def world(make_world: Callable[..., World], sqlite_url: str) -> Iterator[World]:
    """One whose mailbox is behind a line that fails."""
    with failing_mailbox() as inbox:
        yield make_world(sqlite_url, inbox, limits=rig.NO_RATES, poll_seconds=1)


class Sessions:
    """Sessions with a mailbox behind a line that fails."""

    def __init__(self, world: World, patience: Patience) -> None:
        assert isinstance(world.inbox, (FailingMailbox, FailingDovecot))
        self.world, self.proxy, self.patience = world, world.inbox.proxy, patience
        self.delivered: list[bytes] = []

    def deliver(self) -> None:
        (octets,) = strangers(1)
        self.delivered.append(octets)
        self.world.deliver(octets)

    def play(self, *faults: Fault, patience: float = PATIENCE) -> str:
        """A round with a new mail, in which this befalls the line to the mailbox; what is said of it, or nothing."""
        self.deliver()
        self.proxy.lines.clear()
        self.proxy.script.append(faults)
        self.patience.seconds = patience
        try:
            self.world.run()
        except Temporary as error:
            return str(error)
        finally:
            self.patience.seconds = PATIENCE
        return ""

    @property
    def began_again(self) -> bool:
        """Whether the last round made a second session: when a mail is fetched the first one may end, for that may be the mail's fault."""
        return len(self.proxy.lines) > 1

    def settle(self) -> None:
        """Rounds without a fault until nothing waits; every mail must be put away then."""
        run_until_quiet(self.world)
        assert self.world.inbox.mails() == []

    def spread(self, short: int, whole: int, goodbye: dict[Side, int]) -> dict[Side, list[int]]:
        """So many places of what each side says in a session without a fault, but for the octets of the goodbye, which matter to nobody."""
        assert self.play() == ""
        assert self.play() == ""
        totals = {side: len(self.proxy.lines[0].of(side)) - goodbye[side] for side in SIDES}
        return {
            side: [number * total // (size(short, whole) - 1) for number in range(size(short, whole))] for side, total in totals.items()
        }

    def hold_against_books(self, words: str, times: int, note: str = "pymap, SQLite") -> None:
        self.settle()
        got = tally(self.world, self.delivered)
        assert (got.lost, got.doubled) == (0, 0)
        saw("G4", words, times=times, lost=got.lost, doubled=got.doubled, note=note)


def test_a_mailbox_that_falls_silent_anywhere_is_given_up_for_now(world: World, patience: Patience) -> None:
    sessions, times = Sessions(world, patience), 0
    for side, places in sessions.spread(2, 60, CLEAR).items():
        for after in places:
            said = sessions.play(Break(after=after, how="silence", of=side), patience=HURRY)
            assert "timed out" in said or sessions.began_again, f"{side} {after}: {said}"
            sessions.settle()
            times += 1
    assert "timed out" in sessions.play(Swallow(pattern=rb"OK \[COPYUID", then="silence"), patience=HURRY)
    sessions.hold_against_books("the line carries nothing any more after octet k", times + 1)


def test_a_session_with_a_mailbox_in_single_octets_or_split_anywhere_is_the_same_session(world: World, patience: Patience) -> None:
    sessions, times = Sessions(world, patience), 0
    for side, places in sessions.spread(20, 400, CLEAR).items():
        assert sessions.play(Dribble(of=side)) == ""
        assert sessions.play(*(Split(at=at, of=side) for at in places)) == ""
        times += 1 + len(places)
    sessions.hold_against_books("what is said comes in pieces", times)


def test_a_mailbox_that_is_silent_for_ever_is_told_and_looked_after_again_when_it_speaks(
    world: World, patience: Patience, capfd: pytest.CaptureFixture[str]
) -> None:
    sessions, pulse = Sessions(world, patience), Pulse()
    said: list[str] = []

    def log() -> str:
        said.append(capfd.readouterr().err)
        return "".join(said)

    def await_reading(mails: int) -> None:
        until(lambda: len(world.mails()) == mails, "the mailbox is not read")

    watchman = Watchman(world.config, ("fetch",), lambda: world.clock, pulse)
    patience.seconds = HURRY
    with rig.fetching(world, watchman.mailbox_was_read, pulse):
        sessions.deliver()
        await_reading(1)
        watchman.look()
        sessions.proxy.dark = True
        sessions.deliver()
        until(lambda: log().count(" mailbox-away ") >= 2, "nobody tells of it")
        assert pulse.hung() == {}
        for _ in range(3):
            world.later(minutes=20)
            watchman.look()
        assert 'alarm what="mailbox support" phase="begins"' in log()
        sessions.proxy.dark = False
        await_reading(2)
        until(lambda: log().count(" mailbox-open ") >= 2, "no session is made again")

        def has_ended() -> bool:
            world.later(seconds=20)
            watchman.look()
            return " alarm-ended " in log()

        until(has_ended, "the alarm does not end")
    sessions.hold_against_books("a mailbox silent for ever, at work in the daemon", 1)


@pytest.mark.dovecot
def test_a_real_server_behind_tls_is_cut_and_falls_silent_anywhere(
    make_world: Callable[..., World], sqlite_url: str, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, patience: Patience
) -> None:
    trust_authority(dovecot, monkeypatch.setenv)
    inbox = FailingDovecot(dovecot)
    hows: tuple[End, End, End] = ("close", "reset", "silence")
    try:
        sessions, times = Sessions(make_world(sqlite_url, inbox, limits=rig.NO_RATES), patience), 0
        for side, places in sessions.spread(4, 60, SEALED).items():
            for number, after in enumerate(places):
                how = hows[number % 3]
                said = sessions.play(Break(after=after, how=how, of=side), patience=2 * HURRY if how == "silence" else PATIENCE)
                assert said or sessions.began_again, f"{side} {after} {how}"
                sessions.settle()
                times += 1
            assert sessions.play(Dribble(of=side)) == ""
        sessions.hold_against_books("FIN, RST or silence after octet k, under TLS", times, note="Dovecot, SQLite")
    finally:
        inbox.close()
