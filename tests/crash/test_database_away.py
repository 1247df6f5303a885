"""The database is away, locked or full: mail stays on the server, nothing is lost, work goes on afterwards (K10)."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from daemon.errors import Temporary
from daemon.store.database import Database
from tests.conversations.world import Inbox, World, mail
from tests.crash.books import assert_each_answer_once, assert_every_mail_once


def _sqlite_file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.mark.crash
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_somebody_else_locked_makes_us_wait_and_loses_nothing(world: World, database_url: str) -> None:
    world.deliver(mail("ann", "Roof-7 shows no data."))
    other = sqlite3.connect(_sqlite_file(database_url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Temporary):
        world.run()
    assert len(world.inbox.mails()) == 1
    assert world.mails() == []
    other.execute("ROLLBACK")
    other.close()
    world.run()
    assert_every_mail_once(world, 1)
    assert_each_answer_once(world, repeats=0)


@pytest.mark.crash
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("stage", ["fetch", "apply"])
def test_a_full_disk_keeps_mail_on_the_server_and_work_goes_on_when_there_is_room(world: World, database_url: str, stage: str) -> None:
    files = [("plan.bin", "application/octet-stream", bytes(range(256)) * 1500)]
    senders = ("ann", "sam", "dana")
    for sender in senders:
        world.deliver(mail(sender, "See the plan.", files=files, subject=sender))
    if stage == "apply":
        world.cli("run", "--once", "--stage", "fetch")
        assert len(world.inbox.mails()) == 3
    world.close()

    def little_room() -> None:
        """Less than one of the mails needs, in the file or in its write-ahead log."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    environment = world.environment(SUPPORTD_NOW=world.clock.isoformat())
    done = subprocess.run(world.command("run", "--once"), env=environment, capture_output=True, preexec_fn=little_room, timeout=60)
    assert done.returncode == 75, done.stderr.decode()
    assert len(world.inbox.mails()) == 3
    world.run()
    assert_every_mail_once(world, 3)
    assert_each_answer_once(world, repeats=0)
    # an outage is no attempt of a mail
    assert all(row["attempts"] <= 2 for row in world.mails())


@pytest.mark.crash
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_nearly_full_disk_pauses_fetching(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "free_octets", lambda _: 1000)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.run()
    assert world.mails() == []
    assert len(world.inbox.mails()) == 1
    monkeypatch.undo()
    world.run()
    assert_every_mail_once(world, 1)


@pytest.mark.crash
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_server_that_ends_our_sessions_again_and_again_loses_nothing(world: World, database_url: str) -> None:
    for number in range(40):
        world.deliver(mail(f"sender{number}@mail.example", f"words {number}", subject="Hello"))
    ended = threading.Event()
    cut = 0

    def cut_lines() -> None:
        nonlocal cut
        with psycopg.connect(database_url, autocommit=True) as other:
            while not ended.wait(0.05):
                query = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                cut += len(other.execute(query).fetchall())

    cutter = threading.Thread(target=cut_lines)
    cutter.start()
    outages = 0
    while outages < 15:
        try:
            world.run()
        except Temporary:
            outages += 1
            world.later(minutes=1)
            continue
        if world.sink.sent and outages:
            break
    ended.set()
    cutter.join()
    assert cut > 0
    for _ in range(5):
        world.later(minutes=5)
        world.run()
    assert len(world.cases()) == 40
    assert_every_mail_once(world, 40)
    assert_each_answer_once(world, repeats=outages)
    # an outage is no attempt, and no mail was suspected
    assert {row["reason"] for row in world.mails()} == {"case-opened"}


@pytest.mark.crash
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_database_that_lets_nobody_in_is_tried_again(world: World, database_url: str) -> None:
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.close()
    parts = urlsplit(database_url)
    name, admin = parts.path.lstrip("/"), urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            world.cli("run", "--once", status=75)
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert len(world.inbox.mails()) == 1
    world.run()
    assert_every_mail_once(world, 1)
    assert_each_answer_once(world, repeats=0)


@pytest.mark.crash
def test_an_unreachable_mailbox_and_relay_come_back(make_world: Callable[..., World], inbox: Inbox, database_url: str) -> None:
    world = make_world(database_url, inbox)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.sink.greeting = "421 4.3.2 down"
    with pytest.raises(Temporary):
        world.run()
    world.sink.greeting = "220 ready"
    world.later(minutes=2)
    world.run()
    assert_every_mail_once(world, 1)
    assert_each_answer_once(world, repeats=0)
