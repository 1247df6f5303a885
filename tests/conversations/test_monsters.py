"""Mails made to keep a reader busy stand between good ones: each costs its own fate only, and the child that reads survives them all."""

from __future__ import annotations

import pytest

from daemon import worker
from daemon.store.journal import Delivery
from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.fixtures import gate_database_url as database_url
from tests.conversations.world import World, mail

__all__ = ["database_url"]

HEAD = b"From: eve@monster.example\r\nTo: support@support.example\r\nSubject: monster\r\n"
MONSTERS = (
    HEAD + b"\r\n" + b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * 40_000,
    HEAD + b"Cc: " + b"Somebody <somebody@somewhere.example>,\r\n " * 5000 + b"a@b.example\r\n\r\nx",
    HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(400)) + b"\r\nx",
    HEAD + b"Content-Type: text/html\r\n\r\n<p>Look" + b"<!--" * 100_000,
)
"""A long one, one to 5,000 people, one of 400 levels, and 100,000 remarks that never end."""


def _ingest(world: World, *mails: bytes) -> None:
    """Not by the test's IMAP server, which can't read some of them itself."""
    deliveries = [Delivery(uid=None, octets=octets, size=len(octets), internal_date=world.clock) for octets in mails]
    worker.ingest(world.house, deliveries)
    assert worker.apply_batch(world.house) == len(mails)  # one batch is enough


@pytest.mark.chaos
def test_monsters_between_good_mails_cost_only_themselves(world: World) -> None:
    good = [mail("sam", f"Order {number}.", subject=f"Good {number}") for number in range(5)]
    _ingest(world, good[0])
    child = world.house.reader.child_pid
    _ingest(world, *(octets for pair in zip(MONSTERS, good[1:], strict=True) for octets in pair))
    fates = [(row["outcome"], row["reason"], row["attempts"]) for row in world.mails()]
    assert {fate[2] for fate in fates} == {1}  # nothing was tried twice
    assert [fate[0] for fate in fates[::2]] == ["acted"] * 5
    assert [fate[:2] for fate in fates[1::2]] == [
        ("acted", "case-opened"), ("acted", "case-opened"), ("quarantined", "limit-crossed"), ("acted", "case-opened"),
    ]  # fmt: skip
    assert world.house.reader.child_pid == child
    world.assert_good_books()
    found = count(world, 9)
    saw("G14", "hostile mails between good ones", times=len(MONSTERS), lost=found.lost, doubled=found.doubled)
