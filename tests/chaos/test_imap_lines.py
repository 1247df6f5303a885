"""The line to the mailbox fails at any octet of a whole session: fetching mails, acting on them, putting them away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from daemon.demo.servers import EmbeddedImap
from daemon.errors import Temporary
from tests.chaos.counts import run_until_quiet, strangers, tally
from tests.chaos.proxy import Break, End, Proxy, Side
from tests.chaos.record import saw, size
from tests.conversations.world import PymapInbox, World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

MAILS = 3
TELLING: dict[Side, tuple[bytes, ...]] = {
    "server": (rb"\{\d+\}\r\n[^{]{40}", rb"OK[^\r]*FETCH", rb"COPYUID", rb"OK[^\r]*MOVE"),
    "client": (rb"UID FETCH[^\r]*BODY", rb"UID MOVE [^\r]*", rb"UID MOVE [^\r]*\r\n"),
}
"""In the middle of a literal, in the answer that ends FETCH, in what MOVE answers; and these commands, whole and not."""


class FailingMailbox(PymapInbox):
    """A mailbox behind a line that fails; each `renewed` one is empty, and of its own UIDVALIDITY."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = Proxy(self.server.port)
        self.seen_port = self.proxy.port

    def renewed(self, mails: Sequence[bytes], world: World) -> None:
        self.server.close()
        self.server = EmbeddedImap()
        self.proxy.target = self.server.port
        for octets in mails:
            world.deliver(octets)

    def close(self) -> None:
        self.proxy.close()
        super().close()


@contextmanager
def _failing_mailbox() -> Iterator[FailingMailbox]:
    made = FailingMailbox()
    try:
        yield made
    finally:
        made.close()


def _breaks(total: int, short: int, telling: Sequence[int], of: Side) -> list[Break]:
    """At every octet of a session, both ways of ending by turns; in the short run at so many octets, and at the telling ones."""
    hows: tuple[End, End] = ("close", "reset")
    offsets = sorted({*range(0, total + 1, total // size(short, total)), *telling})
    return [Break(after=after, how=hows[number % 2], of=of) for number, after in enumerate(offsets)]


def _places(octets: bytes, patterns: Sequence[bytes]) -> list[int]:
    """Where each pattern ends for the first time in a session."""
    found = [re.search(pattern, octets, re.DOTALL) for pattern in patterns]
    assert all(found), (patterns, octets)
    return [one.end() for one in found if one is not None]


@pytest.mark.parametrize("side", ["server", "client"])
def test_a_session_cut_at_any_octet_loses_nothing_and_doubles_nothing(
    side: Side, make_world: Callable[..., World], sqlite_url: str
) -> None:
    with _failing_mailbox() as inbox:
        world = make_world(sqlite_url, inbox)
        delivered = strangers(MAILS)
        inbox.renewed(delivered, world)
        world.run()
        session = bytes(inbox.proxy.lines[0].of(side))
        breaks = _breaks(len(session), 6, _places(session, TELLING[side]), side)
        cut = 0
        for fault in breaks:
            mails = strangers(MAILS)
            delivered += mails
            inbox.renewed(mails, world)
            inbox.proxy.script.append((fault,))
            try:
                world.run()
            except Temporary:
                cut += 1
            run_until_quiet(world)
            assert inbox.mails() == [], f"{fault}: not all were put away"
            assert sorted(inbox.mails("Processed")) == sorted(mails), f"{fault}"
        got = tally(world, delivered)
    assert (got.lost, got.doubled) == (0, 0)
    assert cut > len(breaks) * 0.7
    saw(
        "G4",
        f"FIN or RST after octet k of what the {side} says",
        times=len(breaks),
        lost=got.lost,
        doubled=got.doubled,
        note="pymap, SQLite",
    )
