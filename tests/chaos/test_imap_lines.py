"""The line to the mailbox fails at any octet of a whole session: fetching mails, acting on them, putting them away.

What leaves for these mails is sent at the end: the relay is no part of a session with the mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from functools import partial

import pytest

from daemon.errors import Temporary
from daemon.service import run_once
from tests.chaos.counts import run_until_quiet, strangers, tally
from tests.chaos.mailboxes import ClearDovecot, FailingDovecot, FailingMailbox, failing_mailbox
from tests.chaos.proxy import Break, End, Rewrite, Side, Swallow
from tests.chaos.record import saw, size
from tests.conversations.world import World
from tests.crash import rig
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

MAILS = 2
TELLING: dict[Side, tuple[bytes, ...]] = {
    "server": (rb"\{\d+\}\r\n[^{]{40}", rb"OK[^\r]*FETCH", rb"COPYUID", rb"OK[^\r]*MOVE"),
    "client": (rb"UID FETCH[^\r]*BODY", rb"UID MOVE [^\r]*", rb"UID MOVE [^\r]*\r\n"),
}
"""In the middle of a literal, in the answer that ends FETCH, in what MOVE answers; and these commands, whole and not."""

OF_DOVECOT = TELLING | {"server": (rb"\{\d+\}\r\n[^{]{40}", rb"OK Fetch", rb"COPYUID", rb"OK Move")}

CHUNK = 400
"""Sessions after which another mailbox and another database are taken, so that the last costs what the first did."""

ROUNDS = 6
"""A server needs a moment to see that a line of its own has ended."""


class Sessions:
    """Sessions with one mailbox, one after the other."""

    def __init__(self, world: World, inbox: FailingMailbox | FailingDovecot) -> None:
        self.world, self.inbox = world, inbox
        self.delivered: list[bytes] = []

    def play(self, *faults: Break) -> bool:
        """One session with new mails, which this befalls; whether it went well over the one line."""
        mails = strangers(MAILS)
        self.delivered += mails
        for octets in mails:
            self.world.deliver(octets)
        self.inbox.proxy.lines.clear()
        self.inbox.proxy.script.append(faults)
        # a line that breaks while a mail is handed out is made anew at once
        return self.look() and len(self.inbox.proxy.lines) == 1

    def look(self) -> bool:
        try:
            run_once(self.world.config, self.world.house, ("fetch", "apply"))
        except Temporary:
            return False
        return True

    def settle(self) -> None:
        """Sessions without a fault until every mail is put away."""
        for _ in range(ROUNDS):
            if self.look() and self.inbox.mails() == []:
                return
        raise AssertionError("not all were put away")

    def said(self, side: Side) -> bytes:
        """What is said in a session without a fault; the first of all says more."""
        assert self.play()
        assert self.play()
        return bytes(self.inbox.proxy.lines[0].of(side))

    def lost_and_doubled(self) -> tuple[int, int]:
        """When everything has left: from the books, the relay and the folder."""
        run_until_quiet(self.world)
        assert sorted(self.inbox.mails("Processed")) == sorted(self.delivered)
        got = tally(self.world, self.delivered)
        return got.lost, got.doubled


def _breaks(session: bytes, telling: Sequence[int], of: Side) -> list[Break]:
    """At every octet of a session, both ways of ending by turns; in the short run at so many octets, and at the telling ones."""
    hows: tuple[End, End] = ("close", "reset")
    offsets = sorted({*range(0, len(session) + 1, len(session) // size(6, len(session))), *telling})
    return [Break(after=after, how=hows[number % 2], of=of) for number, after in enumerate(offsets)]


def _places(octets: bytes, patterns: Sequence[bytes]) -> list[int]:
    """Where each pattern ends for the first time in a session."""
    found = [re.search(pattern, octets, re.DOTALL) for pattern in patterns]
    assert all(found), (patterns, octets)
    return [one.end() for one in found if one is not None]


def _another_world(make_world: Callable[..., World], url: str, number: int, inbox: FailingMailbox | FailingDovecot) -> World:
    """One with a database of its own."""
    return make_world(url.replace(".db", f"-{number}.db"), inbox, limits=rig.NO_RATES)


def _cut_at_any_octet(
    side: Side, telling: Sequence[bytes], mailboxes: Callable[[], AbstractContextManager[FailingMailbox | FailingDovecot]],
    worlds: Callable[[int, FailingMailbox | FailingDovecot], World], note: str,
) -> None:  # fmt: skip
    """Sessions cut at each octet of what a side says, some hundreds with each mailbox; nothing may be lost or doubled."""
    breaks: list[Break] = []
    cut = lost = doubled = first = 0
    while first == 0 or first < len(breaks):
        with mailboxes() as inbox:
            world = worlds(first, inbox)
            sessions = Sessions(world, inbox)
            session = sessions.said(side)
            breaks = breaks or _breaks(session, _places(session, telling), side)
            for fault in breaks[first : first + CHUNK]:
                cut += not sessions.play(fault)
                sessions.settle()
            found = sessions.lost_and_doubled()
            assert found == (0, 0), breaks[first : first + CHUNK]
            lost, doubled = lost + found[0], doubled + found[1]
            world.close()
            world.sink.sent.clear()
        first += CHUNK
    assert cut > len(breaks) * 0.7
    saw("G4", f"FIN or RST after octet k of what the {side} says", times=len(breaks), lost=lost, doubled=doubled, note=note)


@pytest.mark.parametrize("side", ["server", "client"])
def test_a_session_cut_at_any_octet_loses_nothing_and_doubles_nothing(
    side: Side, make_world: Callable[..., World], sqlite_url: str
) -> None:
    worlds = partial(_another_world, make_world, sqlite_url)
    _cut_at_any_octet(side, TELLING[side], failing_mailbox, worlds, "pymap, SQLite")


@pytest.mark.dovecot
@pytest.mark.parametrize("side", ["server", "client"])
def test_a_session_with_dovecot_cut_at_any_octet_loses_nothing_and_doubles_nothing(
    side: Side, make_world: Callable[..., World], make_dovecot: Callable[[], Dovecot], sqlite_url: str
) -> None:
    worlds = partial(_another_world, make_world, sqlite_url)
    _cut_at_any_octet(side, OF_DOVECOT[side], lambda: closing(ClearDovecot(make_dovecot())), worlds, "Dovecot in clear text, SQLite")


def test_a_server_that_ends_each_session_at_a_fetch_is_away_and_no_mail_is_blamed(
    make_world: Callable[..., World], sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with failing_mailbox() as inbox:
        sessions = Sessions(make_world(sqlite_url, inbox, limits=rig.NO_RATES), inbox)
        sessions.delivered = strangers(30)
        for octets in sessions.delivered:
            sessions.world.deliver(octets)
        inbox.proxy.script.extend([(Swallow(pattern=rb"BODY\.PEEK\[", of="client"),)] * 50)
        assert not sessions.look()
        # nobody locks an account for so few logins
        assert len(inbox.proxy.lines) < 10
        assert "mail-unreadable" not in capfd.readouterr().err
        inbox.proxy.script.clear()
        sessions.settle()
        found = sessions.lost_and_doubled()
    assert found == (0, 0)
    saw("G4", "each session ends when a mail is asked for", times=1, lost=found[0], doubled=found[1], note="pymap, SQLite")


def test_a_large_mail_refused_for_a_moment_is_not_taken_for_gone(make_world: Callable[..., World], sqlite_url: str) -> None:
    with failing_mailbox() as inbox:
        world = make_world(sqlite_url, inbox, limits={"message_size": "4KiB"})
        (small,) = strangers(1)
        large = small + b"more\r\n" * 2000
        world.deliver(large)
        inbox.proxy.script.append((Rewrite(pattern=rb"BODY\.PEEK\[\]<0", by=b"BODY.PEEK[?]<0", of="client"),))
        run_once(world.config, world.house, ("fetch", "apply"))
        assert world.mails() == []
        run_once(world.config, world.house, ("fetch", "apply"))
        assert [row["outcome"] for row in world.mails()] == ["quarantined"]
