"""SIGTERM at random moments under load: the daemon is gone within 30 seconds with status 0, and nothing is lost or doubled."""

from __future__ import annotations

import random
import signal
import time
from datetime import UTC, datetime

import pytest

from tests.chaos.record import saw, size
from tests.conversations.fixtures import inbox, world
from tests.conversations.world import World, mail, until
from tests.crash import rig

__all__ = ["inbox", "world"]

STOPS = size(4, 200)
MAILS_A_LIFE = 4
CONNECTIONS = 2

NO_RATES = {"answers_per_stranger_day": 0, "answers_per_contact_day": 0, "cases_per_sender_hour": 0, "cases_per_sender_day": 0}


@pytest.mark.chaos
@pytest.mark.timeout(120 + 30 * STOPS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stop_at_any_moment_is_quick_and_loses_and_doubles_nothing(world: World) -> None:
    dice = random.Random(STOPS)
    world.configure(connections=CONNECTIONS, limits=NO_RATES)
    delivered, longest, turns = 0, 0.0, 0
    for _ in range(STOPS):
        ready = world.log_lines("ready")
        daemon = world.start("run")
        try:
            for _ in range(dice.randrange(2 * MAILS_A_LIFE)):
                delivered += 1
                who = f"guest{delivered}@mail{delivered}.example"
                world.deliver(mail(who, f"word{delivered:05d}", subject=f"Trouble {delivered}"), at=datetime.now(UTC))
            until(lambda ready=ready: world.log_lines("ready") > ready, "the daemon does not start", 60)  # type: ignore[misc]
            time.sleep(dice.uniform(0.0, 0.8))
            if dice.random() < 0.2:
                # in the middle of a reload
                turns += 1
                daemon.send_signal(signal.SIGHUP)
                time.sleep(dice.uniform(0.0, 0.3))
            begun = time.monotonic()
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(30) == 0, world.log()[-3000:]
            longest = max(longest, time.monotonic() - begun)
        finally:
            rig.kill(daemon)
        books = world.assert_good_books()
        assert books.quarantined == books.vanished == 0
        world.close()
    world.clock = datetime.now(UTC)
    world.run()
    rig.assert_all_final(world, delivered)
    sent = rig.assert_all_sent(world)
    lost, doubled = delivered - len(world.cases()), sent.doubled
    assert (lost, doubled) == (0, 0)
    assert {row["attempts"] for row in world.mails()} == {1}
    note = f"pymap, SQLite; {delivered} mails, {turns} stops in a reload, longest {longest:.1f} s"
    saw("G16", "SIGTERM at random moments under load", times=STOPS, lost=lost, doubled=doubled, note=note)
