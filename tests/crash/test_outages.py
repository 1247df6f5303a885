"""Outages that last: workers that stand still, sessions that are cut again and again, a disk that is nearly full."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from daemon.errors import Temporary
from daemon.store.database import Database
from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.world import Inbox, World, end, mail, until
from tests.crash.books import assert_each_answer_once, assert_every_mail_once

pytestmark = [pytest.mark.chaos, pytest.mark.crash]


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
    found = count(world, 30)
    saw("G10", "three programs on one database, one stopped and continued", times=1, lost=found.lost + found.unsent,
        doubled=found.doubled + found.resent, note="PostgreSQL")  # fmt: skip


DONE = """
SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM support_case) + (SELECT count(*) FROM outbox WHERE state = 'sent')
"""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_server_that_ends_our_sessions_again_and_again_loses_nothing(world: World, database_url: str) -> None:
    for number in range(40):
        world.deliver(mail(f"sender{number}@mail.example", f"words {number}", subject="Hello"))
    ended = threading.Event()
    cut = 0

    def cut_lines() -> None:
        """Each time something was got done, however long that takes here."""
        nonlocal cut
        done = 0
        with psycopg.connect(database_url, autocommit=True) as other:
            while not ended.wait(0.01):
                before, done = done, other.execute(DONE).fetchone()[0]  # type: ignore[index]
                if done > before:
                    cut += len(other.execute(CUT).fetchall())

    cutter = threading.Thread(target=cut_lines)
    cutter.start()
    outages = 0
    try:
        while outages < 15:
            try:
                world.run()
            except Temporary:
                outages += 1
                world.later(minutes=1)
                continue
            if world.sink.sent and outages:
                break
    finally:
        ended.set()
        cutter.join()
    assert cut > 0
    for _ in range(40):
        world.later(minutes=5)
        world.run()
        if not any(row["state"] in ("queued", "unknown") for row in world.outbox()):
            break
    assert len(world.cases()) == 40
    assert_every_mail_once(world, 40)
    assert_each_answer_once(world, repeats=cut)
    found = count(world, 40)
    saw("G13", "every session ended by the server", times=cut, lost=found.lost + found.unsent, doubled=found.doubled, note="PostgreSQL")
    saw("G7", "every session to the database ended by its server", times=cut, lost=found.unsent, doubled=found.resent)
    # an outage is no attempt, and no mail was suspected
    assert {row["reason"] for row in world.mails()} == {"case-opened"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_nearly_full_disk_pauses_fetching(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Database, "free_octets", lambda _: 1000)
        world.deliver(mail("ann", "Roof-7 shows no data."))
        world.run()
        assert world.mails() == []
        assert len(world.inbox.mails()) == 1
    world.run()
    assert_every_mail_once(world, 1)
    saw("G12", "too little room to begin", times=1, lost=count(world, 1).lost, doubled=count(world, 1).doubled)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_killed_between_copy_and_delete_only_the_copy_on_the_server_is_there_twice(
    make_world: Callable[..., World], inbox: Inbox, without_move: None, database_url: str
) -> None:
    world = make_world(database_url, inbox)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    process = world.start("run", "--once", SUPPORTD_FAILPOINT="after_copy_before_delete", SUPPORTD_NOW=world.clock.isoformat())
    assert process.wait(60) == -signal.SIGKILL, world.log()
    world.run()
    assert_every_mail_once(world, 1)
    assert_each_answer_once(world, repeats=0)
    assert len(world.inbox.mails("Processed")) == 2
    found = count(world, 1)
    saw("G1", "kill -9 between COPY and EXPUNGE", times=1, lost=found.lost, doubled=found.doubled)
