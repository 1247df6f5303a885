"""The line to the relay fails at any octet of a session with two mails, and answers are lost: what leaves twice is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from daemon import service
from daemon.config import Config
from daemon.errors import Temporary
from daemon.mail.smtp import Server
from daemon.service import run_once
from daemon.store import views
from daemon.store.schema import Outbox
from tests.chaos.counts import ANSWERS, run_until_quiet, strangers, tally
from tests.chaos.proxy import Break, Dribble, End, Proxy, Side, Split, Swallow
from tests.chaos.record import saw, size
from tests.conversations.world import World
from tests.crash import rig

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

SIDES: tuple[Side, Side] = ("server", "client")
HOWS: tuple[End, End, End] = ("close", "reset", "silence")
HURRY = 2.0
LONG_AGO = datetime(2025, 12, 2, 12, tzinfo=UTC)
DOT = rb"\r\n\.\r\n"
TAKEN = rb"354[^\r]*\r\n(250[^\r]*\r\n)"


class Sending:
    """A world whose relay is behind a line that fails, with two answers that can be made to leave again and again."""

    def __init__(self, world: World, proxy: Proxy) -> None:
        self.world, self.proxy, self.patience = world, proxy, 60.0
        world.deliver(strangers(1)[0])
        world.run()
        self.names = [row["message_id"] for row in world.outbox()]
        assert len(self.names) == ANSWERS
        self.rewind()

    def rewind(self) -> None:
        """As if the two had never left."""
        with self.world.house.database.transaction():
            fresh = {"state": "queued", "attempts": 0, "next_attempt_at": LONG_AGO, "sent_at": None, "detail": None, "reply_code": None}
            Outbox.update(**fresh, created_at=self.world.clock).execute()
        self.proxy.lines.clear()
        self.world.sink.sent.clear()

    def send(self, patience: float = 60.0) -> bool:
        """Send what is due, waiting so many seconds for a word; whether the relay could be reached."""
        self.patience = patience
        try:
            run_once(self.world.config, self.world.house, ("send",))
        except Temporary:
            return False
        return True

    def copies(self) -> dict[str, int]:
        """How often the relay has each of the two; the copies are the same octets."""
        by_id = rig.copies(self.world.sink).by_id
        return {name: len(by_id.get(name, [])) for name in self.names}


@pytest.fixture
def sending(make_world: Callable[..., World], sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sending]:
    """Where a relay falls silent on purpose it is waited for `HURRY` seconds, elsewhere as long as a busy machine may need."""
    usual = service.relay_server_of

    def patient(config: Config) -> Server | None:
        server = usual(config)
        return server and replace(server, reply_seconds=made.patience, final_reply_seconds=made.patience)

    with ExitStack() as stack:
        world = make_world(sqlite_url)
        proxy = stack.enter_context(Proxy(world.sink.port))
        world.configure(smtp_port=proxy.port)
        made = Sending(world, proxy)
        monkeypatch.setattr(service, "relay_server_of", patient)
        yield made


def _may_double(session: bytes, side: Side) -> set[int]:
    """The offsets at which a cut leaves the relay with a mail and us without its answer."""
    if side == "client":
        return {found.end() for found in re.finditer(DOT, session)}
    return {after for found in re.finditer(TAKEN, session) for after in range(found.start(1) + 1, found.end(1))}


def _offsets(total: int, short: int, telling: set[int]) -> list[int]:
    few = sorted(telling)[:: max(1, len(telling) // 4)] if size(1, 0) else telling
    return sorted({*range(0, total + 1, total // size(short, total)), *few})


@pytest.mark.parametrize("side", SIDES)
def test_only_a_mail_whose_final_dot_the_relay_may_have_leaves_twice(sending: Sending, side: Side) -> None:
    sending.rewind()
    assert sending.send()
    session = bytes(sending.proxy.lines[0].of(side))
    windows = _may_double(session, side)
    offsets = _offsets(len(session), 10, windows)
    lost = doubled = 0
    for number, after in enumerate(offsets):
        sending.rewind()
        sending.proxy.script.append((Break(after=after, how=HOWS[number % 2], of=side),))
        sending.send()
        sending.world.later(minutes=2)
        assert sending.send()
        copies = sending.copies()
        more = sum(copies.values()) - len(copies)
        assert min(copies.values()) >= 1, f"cut after {after}"
        assert more == (1 if after in windows else 0), f"cut after {after}: {copies}"
        assert {row["state"] for row in sending.world.outbox()} == {"sent"}
        # whatever was on its way when the line broke may have arrived, for all we know
        assert more <= sending.world.audit().perhaps_twice <= 1
        lost += sum(count == 0 for count in copies.values())
        doubled += more
    assert lost == 0
    saw(
        "G7", f"FIN or RST after octet k of what the {'relay' if side == 'server' else 'program'} says", times=len(offsets), lost=lost,
        doubled=doubled, note="only between final dot and its answer: same Message-ID, same octets",
    )  # fmt: skip


def test_a_mail_whose_answer_was_swallowed_is_sent_once_more_and_explained(sending: Sending) -> None:
    world = sending.world
    for then in HOWS:
        sending.rewind()
        sending.proxy.script.append((Swallow(pattern=rb"250 2\.0\.0 taken", then=then),))
        sending.send(HURRY if then == "silence" else 60.0)
        assert "unknown" in {row["state"] for row in world.outbox()}
        world.later(minutes=2)
        assert sending.send()
        assert sorted(sending.copies().values()) == [1, 2]
        with world.house.database.reading():
            left = views.outbox_of("mail:1")
        assert {one["state"] for one in left} == {"sent"}
        assert sum(one["detail"].startswith("perhaps sent twice") for one in left) == world.audit().perhaps_twice == 1
    saw(
        "G7", "the relay's 250 is swallowed", times=len(HOWS), lost=0, doubled=len(HOWS), note="same Message-ID and octets; explain says so"
    )
    # and one that never answers
    sending.rewind()
    sending.proxy.always = (Swallow(pattern=rb"250 2\.0\.0 taken"),)
    for _ in range(8):
        sending.send()
        world.later(hours=1)
    copies = sending.copies()
    assert set(copies.values()) == {2}
    assert {(row["state"], row["detail"].partition(":")[0]) for row in world.outbox()} == {("failed", "gave up, it may have arrived twice")}
    saw("G7", "no final dot is ever answered", times=8, lost=0, doubled=sum(copies.values()) - len(copies), note="two copies, then failed")


def test_a_relay_that_falls_silent_is_given_up_for_now_in_each_of_its_answers(sending: Sending) -> None:
    assert sending.send()
    session = bytes(sending.proxy.lines[0].server)
    windows = _may_double(session, "server")
    offsets = [found.end() for found in re.finditer(rb"(?m)^[^\r]", session)]
    offsets = offsets[:: len(offsets) // size(4, len(offsets))]
    lost = doubled = 0
    for after in offsets:
        sending.rewind()
        sending.proxy.script.append((Break(after=after, how="silence"),))
        sending.send(HURRY)
        sending.world.later(minutes=2)
        assert sending.send()
        copies = sending.copies()
        lost += sum(count == 0 for count in copies.values())
        doubled += sum(copies.values()) - len(copies)
        assert sum(copies.values()) - len(copies) == (after in windows)
    assert lost == 0
    saw("G5", "the relay falls silent in each of its answers", times=len(offsets), lost=lost, doubled=doubled, note="RFC 1047 only")


def test_a_session_in_single_octets_or_split_anywhere_is_the_same_session(sending: Sending) -> None:
    for side in SIDES:
        sending.rewind()
        assert sending.send()
        total = len(sending.proxy.lines[0].of(side))
        faults = [Dribble(of=side), *(Split(at=at, of=side) for at in range(1, total, total // size(4, min(total, 400))))]
        doubled = 0
        for fault in faults:
            sending.rewind()
            sending.proxy.script.append((fault,))
            assert sending.send()
            assert set(sending.copies().values()) == {1}
            doubled += sum(sending.copies().values()) - ANSWERS
        saw("G5", f"what the {side} says comes in pieces", times=len(faults), lost=0, doubled=doubled)


def test_while_the_relay_is_away_and_comes_and_goes_nothing_is_forgotten(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url)
    delivered = strangers(size(2, 30))
    with Proxy(world.sink.port, [Break(after=0, how="reset")]) as proxy:
        world.configure(smtp_port=proxy.port)
        for octets in delivered:
            world.deliver(octets)
        for _ in range(size(2, 8)):
            with pytest.raises(Temporary):
                world.run()
            world.later(minutes=40)
        assert world.sink.sent == []
        proxy.always = ()
        world.later(hours=1)
        run_until_quiet(world)
    got = tally(world, delivered)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G6", "the relay is away for hours", times=len(proxy.lines), lost=got.lost, doubled=got.doubled)
