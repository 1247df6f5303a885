"""Two workers, and a lease that runs out under one of them (K5)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.conversations.world import World, end, mail, until
from tests.crash.books import assert_each_answer_once, assert_every_mail_once


@contextmanager
def _nobody_opens_a_case(url: str) -> Iterator[Callable[[], int]]:
    """Holds up whoever opens a case; gives how many wait."""
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher:
        holder.execute("LOCK TABLE support_case IN SHARE MODE")

        def waiting() -> int:
            query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            row = watcher.execute(query).fetchone()
            assert row is not None
            return int(row[0])

        yield waiting
        holder.rollback()


@pytest.mark.crash
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_of_two_workers_on_one_mail_after_an_expired_lease_only_one_acts(world: World, database_url: str) -> None:
    for sender in ("ann", "sam"):
        world.deliver(mail(sender, "Hello.", subject="Hello"))
    world.cli("run", "--once", "--stage", "fetch")
    apply = ("run", "--once", "--stage", "apply")
    with _nobody_opens_a_case(database_url) as waiting:
        slow = world.start(*apply, SUPPORTD_NOW=world.clock.isoformat())
        until(lambda: waiting() == 1, "the first worker does not get to its mail")
        # for the second one the lease of the first has run out
        late = world.start(*apply, SUPPORTD_NOW=(world.clock + timedelta(minutes=11)).isoformat())
        until(lambda: waiting() == 2, "the second worker does not get to its mail")
    assert (slow.wait(60), late.wait(60)) == (0, 0), world.log()
    world.later(minutes=12)
    world.run()
    assert len(world.cases()) == 2
    assert_every_mail_once(world, 2)
    assert_each_answer_once(world, repeats=0)


@pytest.mark.crash
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_several_workers_share_the_work_and_one_that_stands_still_blocks_nobody(world: World, database_url: str) -> None:
    for number in range(30):
        world.deliver(mail(f"sender{number}@mail.example", f"words {number}", subject="Hello"))
    world.configure(limits={"batch": 5})
    world.cli("run", "--once", "--stage", "fetch")
    stages = ("run", "--stage", "apply", "--stage", "send")
    with _nobody_opens_a_case(database_url) as waiting:
        still = world.start(*stages)
        until(lambda: waiting() == 1, "the first worker does not get to its mail")
        still.send_signal(signal.SIGSTOP)
    # it holds five mails; nobody else needs to wait for it, and they are its own when it goes on
    others = [world.start(*stages) for _ in range(2)]
    try:
        until(lambda: len(world.sink.sent) >= 50, "the others do not work")
        still.send_signal(signal.SIGCONT)
        until(lambda: len(world.sink.sent) >= 60, "the first one does not go on")
    finally:
        still.send_signal(signal.SIGCONT)
        assert [end(worker) for worker in (still, *others)] == [0, 0, 0]
    world.run()
    assert len(world.cases()) == 30
    assert_every_mail_once(world, 30)
    assert_each_answer_once(world, repeats=0)


@pytest.mark.crash
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_a_second_process_is_turned_away_and_the_first_goes_on(world: World) -> None:
    first = world.start("run")
    try:
        until(lambda: " ready " in world.log(), "the daemon does not start")
        world.cli("run", "--once", status=75)
        world.cli("run", status=75)
        world.deliver(mail("ann", "Roof-7 shows no data."), at=datetime.now(UTC))
        until(lambda: len(world.sink.sent) == 2, "the first one does not work")
        # looking is allowed
        assert "CASE-1001" in world.cli("cases")
    finally:
        assert end(first) == 0
