"""A mailbox whose sessions are of no use, each time: the daemon logs in seldom, and goes on by itself when they are."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import pairwise

import pytest

from daemon.backoff import JITTER
from tests.chaos.counts import run_until_quiet, strangers, tally
from tests.chaos.mailboxes import FailingMailbox, failing_mailbox
from tests.chaos.proxy import Swallow
from tests.chaos.record import saw
from tests.conversations.world import World, end, until
from tests.crash import rig

pytestmark = pytest.mark.chaos


@pytest.fixture
def mailbox() -> Iterator[FailingMailbox]:
    with failing_mailbox() as made:
        yield made


def _pauses(world: World) -> list[int]:
    return [int(seconds) for seconds in re.findall(r"mailbox-away .*retry_seconds=(\d+)", world.log())]


def _logins(world: World) -> list[float]:
    """When each session was opened, in seconds."""
    return [datetime.fromisoformat(at).timestamp() for at in re.findall(r"^(\S+) info mailbox-open ", world.log(), re.MULTILINE)]


def test_a_server_that_ends_each_session_at_a_mail_is_logged_in_to_seldom(
    mailbox: FailingMailbox, make_world: Callable[..., World], sqlite_url: str
) -> None:
    world = make_world(sqlite_url, mailbox, limits=rig.NO_RATES, poll_seconds=1)
    mails = strangers(1)
    world.deliver(mails[0])
    mailbox.proxy.always = (Swallow(pattern=rb"BODY\.PEEK\[", of="client"),)
    daemon = rig.begin(world, "run")
    try:
        until(lambda: len(_pauses(world)) == 2, f"it does not give up\n{world.log()}")
        logins = len(mailbox.proxy.lines)
        first, second = _pauses(world)
        # whether it is the mail's fault is asked once over four logins, each of which makes the pause longer
        assert logins == 5
        assert first >= 8 * (1 - JITTER)
        assert second >= 16 * (1 - JITTER)
    finally:
        assert end(daemon) == 0
    mailbox.proxy.always = ()
    run_until_quiet(world)
    got = tally(world, mails)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G4", "every session ends when a mail is asked for, in the daemon", times=logins, lost=got.lost, doubled=got.doubled)


def test_a_database_that_takes_nothing_is_no_reason_to_log_in_again_and_again(
    mailbox: FailingMailbox, make_world: Callable[..., World], sqlite_url: str
) -> None:
    world = make_world(sqlite_url, mailbox, limits=rig.NO_RATES | {"lock_seconds": 1}, poll_seconds=1)
    mails = strangers(2)
    daemon = rig.begin(world, "run")
    try:
        world.deliver(mails[0])
        until(lambda: len(mailbox.mails("Processed")) == 1, "the daemon doesn't work")
        assert len(mailbox.proxy.lines) == 1
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            world.deliver(mails[1])
            until(lambda: len(_logins(world)) == 4, f"no session is made again\n{world.log()}")
        # each was good, and yet the pauses grow: one second, two, four, of which chance takes a quarter at most
        gaps = [after - before for before, after in pairwise(_logins(world)[1:])]
        assert [gap >= pause * (1 - JITTER) for gap, pause in zip(gaps, (2, 4), strict=True)] == [True, True], gaps
        until(lambda: len(mailbox.mails("Processed")) == 2, "it does not go on")
    finally:
        assert end(daemon) == 0
    run_until_quiet(world)
    got = tally(world, mails)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G13", "the database is locked while sessions with the mailbox are good", times=1, lost=got.lost, doubled=got.doubled)
