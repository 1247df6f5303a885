"""A database that is locked, stopped, crashed, replaced by its copy, or takes no writes: mail waits, and work goes on by itself."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from daemon.cli.app import MISUSED
from tests.chaos.counts import count
from tests.chaos.record import saw, size
from tests.conversations.world import World, end, mail, until
from tests.crash import rig
from tests.servers.postgres import OwnServer

pytestmark = [pytest.mark.chaos, pytest.mark.crash]

PATIENT = 200.0
"""Seconds for what takes one on a quiet machine."""


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    folder = Path(tempfile.mkdtemp(prefix="sd-own-"))
    folder.chmod(0o755)
    server = OwnServer(folder / "data")
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)


class Work:
    """Tickets that come one by one to a daemon, and what must have become of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.delivered = 0
        world.configure(
            poll_seconds=1,
            limits=rig.NO_RATES | {"batch": 2},
        )

    def deliver(self, count: int) -> None:
        for _ in range(count):
            self.world.deliver(mail("ann", f"Roof-7 shows no data, lamp {self.delivered}.", subject=f"Lamp {self.delivered}"))
            self.delivered += 1

    def wait(self) -> None:
        """Until every mail is put away and answered."""
        until(lambda: len(self.world.inbox.mails("Processed")) == self.delivered, f"not put away\n{self.world.log()[-3000:]}", PATIENT)
        until(lambda: len({name for name, _ in rig.taken(self.world.sink)}) == 2 * self.delivered, "not answered", PATIENT)

    def lost_and_doubled(self) -> tuple[int, int]:
        """From the books and the relay, when all is done."""
        self.world.run()
        rig.assert_all_final(self.world, self.delivered)
        assert {(one["outcome"], one["reason"]) for one in self.world.mails()} == {("acted", "case-opened")}
        assert sorted(case["subject"] for case in self.world.cases()) == sorted(f"Lamp {number}" for number in range(self.delivered))
        rig.assert_all_sent(self.world)
        found = count(self.world, self.delivered)
        if found.resent:
            saw("G7", "the database went while an answer was on its way", times=1, lost=0, doubled=found.resent)
        return found.lost + found.unsent, found.doubled


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_a_server_that_stops_crashes_and_is_replaced_by_its_copy_loses_and_doubles_nothing(
    make_world: Callable[..., World], own_server: OwnServer
) -> None:
    world = make_world(own_server.url)
    work = Work(world)
    faults = (own_server.stop, lambda: own_server.stop("immediate"), own_server.fail_over)
    rounds = size(1, 10)
    daemon = rig.begin(world, "run")
    try:
        until(lambda: " ready " in world.log(), "the daemon doesn't start", PATIENT)
        for fault in faults * rounds:
            work.deliver(3)
            until(lambda: world.log_lines("mail-decided") >= work.delivered - 2, "the daemon doesn't work", PATIENT)
            told = world.log_lines("stage-waits") + world.log_lines("mailbox-away") + world.log_lines("database-away")
            fault()
            work.deliver(1)
            if fault != own_server.fail_over:
                until(
                    lambda told=told: (
                        world.log_lines("stage-waits") + world.log_lines("mailbox-away") + world.log_lines("database-away") > told
                    ),
                    "nobody tells of it",
                    PATIENT,
                )
                own_server.start()
            work.wait()
        assert daemon.poll() is None
        assert end(daemon, PATIENT) == 0
    finally:
        rig.kill(daemon)
    lost, doubled = work.lost_and_doubled()
    words = f"PostgreSQL, {work.delivered} mails"
    saw(
        "G13",
        "server stopped, crashed, replaced by its copy in mid-batch",
        times=len(faults) * rounds,
        lost=lost,
        doubled=doubled,
        note=words,
    )


def settings_of(url: str, statement: str) -> None:
    """Change a setting of one database, for sessions to come; those that are open end."""
    name = urlsplit(url).path.lstrip("/")
    with psycopg.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" {statement}')
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_a_server_that_takes_no_writes_is_waited_for_and_no_mail_is_blamed(
    make_world: Callable[..., World], postgres_database: str
) -> None:
    world = make_world(postgres_database)
    work = Work(world)
    daemon = rig.begin(world, "run")
    try:
        work.deliver(1)
        work.wait()
        settings_of(postgres_database, "SET default_transaction_read_only = on")
        told = world.log_lines("database-away")
        work.deliver(3)
        until(lambda: world.log_lines("database-away") > told, f"nobody tells of it\n{world.log()[-3000:]}", PATIENT)
        assert len(world.inbox.mails()) == 3
        assert world.log_lines("stage-failed") == 0
        settings_of(postgres_database, "RESET default_transaction_read_only")
        work.wait()
        assert end(daemon, PATIENT) == 0
    finally:
        rig.kill(daemon)
    lost, doubled = work.lost_and_doubled()
    saw("G13", "database takes no writes", times=1, lost=lost, doubled=doubled, note="PostgreSQL")


@pytest.mark.postgres
def test_nobody_works_on_a_server_that_may_forget_what_was_committed_unless_told_to(
    make_world: Callable[..., World], postgres_database: str
) -> None:
    world = make_world(postgres_database, durable=True)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.close()
    settings_of(postgres_database, "SET synchronous_commit = off")
    rig.round_again(world, status=MISUSED)
    assert "synchronous_commit" in world.log()
    assert "database.durable = false" in world.log()
    assert len(world.inbox.mails()) == 1
    world.configure(durable=False)
    rig.round_again(world)
    rig.assert_all_final(world, 1)
    found = count(world, 1)
    saw("G3", "a server that may forget is refused", times=1, lost=found.lost + found.unsent, doubled=found.doubled, note="PostgreSQL")


@pytest.mark.timeout(600)
def test_a_file_locked_from_outside_is_waited_for_and_no_mail_is_blamed(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url)
    work = Work(world)
    daemon = rig.begin(world, "run")
    rounds = size(1, 8)
    try:
        work.deliver(1)
        work.wait()
        for _ in range(rounds):
            told = world.log_lines("database-away")
            with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)) as other:
                other.execute("BEGIN EXCLUSIVE")
                work.deliver(3)
                until(lambda told=told: world.log_lines("database-away") > told, "nobody tells of it", PATIENT)
                assert len(world.inbox.mails()) == 3
            work.wait()
        assert end(daemon, PATIENT) == 0
    finally:
        rig.kill(daemon)
    lost, doubled = work.lost_and_doubled()
    saw("G13", "file locked from outside beyond the busy time-out", times=rounds, lost=lost, doubled=doubled, note="SQLite")
