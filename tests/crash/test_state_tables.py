"""The crash table row by row, where a row needs more than a kill: K3, K5, K6, K9 and K10. (The others: test_kill_points.)"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.world import PymapInbox, World, end, mail, until
from tests.crash import rig

pytestmark = [pytest.mark.chaos, pytest.mark.crash]

OPENED = (("ann", "case-received"), ("bob", "case-assigned"))
TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: a server or the database is away."""

HEAVY = (
    b"From: heavy@guests.example\r\nSubject: heavy\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+AOQ-\r\n" * 300_000
)
"""Nothing in it is wrong, there is only very much of it: where that is allowed, reading it takes seconds."""


# --- K3: the server gives the same mails other UIDs ----------------------------------------------------------------


def test_mails_under_another_uidvalidity_are_copies_and_change_nothing(make_world: Callable[..., World], database_url: str) -> None:
    inbox = PymapInbox()
    with closing(inbox):
        world = make_world(database_url, inbox, after='"keep"')
        for number in range(3):
            world.deliver(mail("ann", f"Roof-7 shows no data, lamp {number}."))
        world.run()
        world.expect(*OPENED * 3)
        before = world.mails()[0]["uidvalidity"]
        inbox.renew()
        world.configure()
        world.deliver(mail("ann", "And a new one."))
        world.run()
        world.expect(*OPENED)
        mails = world.mails()
        assert before not in {m["uidvalidity"] for m in mails[3:]}
        assert [(m["outcome"], m["reason"]) for m in mails[3:6]] == [("ignored", "copy-of-mail")] * 3
        assert [m["outcome"] for m in mails[6:]] == ["acted"]
        assert len(world.cases()) == 4
        rig.assert_all_final(world, 7)
        rig.assert_all_sent(world)
        assert len(inbox.mails()) == 4
        found = count(world, 7)
        saw("G8", "all mails under another UIDVALIDITY", times=1, lost=found.lost, doubled=found.doubled + found.resent)
        saw("G2", "the whole mailbox once more under other UIDs", times=1, lost=found.lost, doubled=found.doubled)


# --- K5: two workers -----------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_worker_that_wakes_up_after_its_lease_has_no_effect(make_world: Callable[..., World], postgres_database: str) -> None:
    world = make_world(postgres_database, limits={"child_wall_seconds": 600})
    for number in range(3):
        world.deliver(mail("ann", f"Roof-7 shows no data, lamp {number}."))
    slow = rig.begin(world, *rig.ONCE)
    child = rig.child_of(slow)
    try:
        # its parser child stands still, so the worker sits on its three leases
        os.kill(child, signal.SIGSTOP)
        assert {m["outcome"] for m in world.mails()} == {"in progress"}
        rig.round_again(world)
        assert {m["outcome"] for m in world.mails()} == {"in progress"}, "the first worker lives: its lease holds"
        world.later(minutes=11)
        rig.round_again(world)
        assert len(world.cases()) == 3
        rig.assert_all_final(world, 3)
    finally:
        os.kill(child, signal.SIGCONT)
        status = rig.finish(slow)
    assert status == 0, world.log()[-3000:]
    assert len(world.cases()) == 3
    rig.assert_all_final(world, 3)
    assert rig.assert_all_sent(world).doubled == 0
    world.expect(*OPENED * 3)
    found = count(world, 3)
    saw(
        "G10",
        "a program wakes up after its lease ran out",
        times=1,
        lost=found.lost,
        doubled=found.doubled + found.resent,
        note="PostgreSQL",
    )


def test_a_second_worker_on_sqlite_is_turned_away(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url, limits={"child_wall_seconds": 600})
    world.deliver(mail("ann", "Roof-7 shows no data."))
    slow = rig.begin(world, *rig.ONCE)
    child = rig.child_of(slow)
    try:
        os.kill(child, signal.SIGSTOP)
        rig.round_again(world, status=TRY_AGAIN)
    finally:
        os.kill(child, signal.SIGCONT)
        status = rig.finish(slow)
    assert status == 0, world.log()[-3000:]
    world.expect(*OPENED)
    rig.assert_all_final(world, 1)
    found = count(world, 1)
    saw("G10", "a second program at the database of a first", times=1, lost=found.lost, doubled=found.doubled + found.resent, note="SQLite")


# --- K6: a mail that takes the parser child down -------------------------------------------------------------------


def test_a_parser_child_killed_by_accident_costs_one_try(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    running = rig.begin(world, *rig.ONCE)
    rig.signal_child(rig.child_of(running), signal.SIGKILL)
    assert rig.finish(running) == 0, world.log()[-3000:]
    assert [(m["outcome"], m["attempts"]) for m in world.mails()] == [("acted", 2)]
    world.expect(*OPENED)
    rig.assert_all_final(world, 1)


def test_a_mail_on_which_the_child_dies_three_times_is_quarantined_until_somebody_tries_again(
    make_world: Callable[..., World], sqlite_url: str
) -> None:
    world = make_world(sqlite_url)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    running = rig.begin(world, *rig.ONCE)
    killed: list[int] = []
    for _ in range(3):
        killed.append(rig.child_of(running, killed))
        rig.signal_child(killed[-1], signal.SIGKILL)
    assert rig.finish(running) == 0, world.log()[-3000:]
    assert [(m["outcome"], m["reason"], m["attempts"]) for m in world.mails()] == [("quarantined", "parser-failed", 3)]
    world.assert_good_books()
    assert world.inbox.mails("Quarantine") != []
    world.cli("quarantine", "retry", "1")
    world.run()
    world.expect(*OPENED)
    rig.assert_all_final(world, 1)
    found = count(world, 1)
    saw("G14", "the reader killed three times on one mail", times=1, lost=found.lost, doubled=found.doubled)


def test_a_mail_that_is_too_much_for_the_child_does_not_keep_the_others_waiting(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url, limits={"mime_parts": 1_000_000, "attachments": 1_000_000, "child_cpu_seconds": 1})
    world.cli("ingest", "-", octets=HEAVY)
    for number in range(3):
        world.deliver(mail("ann", f"Roof-7 shows no data, lamp {number}."))
    world.run()
    heavy, *others = world.mails()
    assert (heavy["outcome"], heavy["reason"], heavy["attempts"]) == ("quarantined", "parser-failed", 3)
    assert heavy["detail"] == "cpu: out of CPU time"
    assert [(m["outcome"], m["attempts"]) for m in others] == [("acted", 1)] * 3
    world.expect(*OPENED * 3)
    books = world.assert_good_books()
    assert (books.received, books.acted, books.quarantined) == (4, 3, 1)
    found = count(world, 4)
    saw("G14", "a mail that costs its reader all its CPU, three times", times=1, lost=found.lost, doubled=found.doubled)


# --- K9: a template fails ------------------------------------------------------------------------------------------

BROKEN = """\
+++
subject = "We have your mail"
description = "Speaks of something that is not there."
variables = ["case_number", "quote_subject"]

[sample]
case_number = "CASE-1"
quote_subject = false
+++
Good day{% if quote_subject %} {{ case_number.missing }}{% endif %}.
"""


def test_a_template_that_fails_holds_its_answer_and_never_undoes_the_case(make_world: Callable[..., World], database_url: str) -> None:
    world = make_world(database_url)
    world.write_template("case-received", BROKEN)
    told = (("ann", "plain"), ("bob", "case-assigned"), ("lou", "bounce-notice"))
    plain, assigned, notice = world.talk(mail("ann", "Roof-7 shows no data."), *told)
    assert "it is with us as CASE-1001" in plain.text
    assert "Roof-7 shows no data." in assigned.text
    assert "case-received" in notice.text
    assert len(world.cases()) == 1
    rig.assert_all_final(world, 1)
    (held,) = [row for row in world.outbox() if row["state"] == "held"]
    assert "case-received" in held["detail"]
    world.cli("outbox", "release", str(held["number"]), status=1)
    assert [row["state"] for row in world.outbox() if row["number"] == held["number"]] == ["held"]

    world.write_template("case-received", BROKEN.replace(".missing", ""))
    world.cli("outbox", "release", str(held["number"]))
    world.run()
    (received,) = world.expect(("ann", "case-received"))
    assert received.text.startswith("Good day CASE-1001.")
    assert received.message_id == held["message_id"]
    rig.assert_all_sent(world)
    world.assert_good_books()


# --- K10: the database is away, or its disk is full ----------------------------------------------------------------


@contextmanager
def away(url: str) -> Iterator[None]:
    """The database can't be used: locked by somebody (SQLite), or every line to it cut and no new one allowed (PostgreSQL)."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
        return
    name = urlsplit(url).path.lstrip("/")
    with psycopg.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')


def test_while_the_database_is_away_mails_stay_on_the_server_and_afterwards_it_goes_on(
    make_world: Callable[..., World], database_url: str
) -> None:
    world = make_world(database_url)
    world.configure(limits=rig.NO_RATES)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    daemon = rig.begin(world, "run")
    with ExitStack() as stack:
        stack.callback(rig.kill, daemon)
        until(lambda: len(world.inbox.mails("Processed")) == 1, "the first mail isn't put away")
        with away(database_url):
            late = [mail("ann", f"Roof-7 shows no data, lamp {number}.") for number in range(3)]
            for octets in late:
                world.deliver(octets)
            until(lambda: "database-away" in world.log(), "the daemon doesn't notice that the database is away")
            assert world.inbox.mails() == late
        until(lambda: len(world.inbox.mails("Processed")) == 4 and not world.inbox.mails(), "the daemon doesn't go on", 60)
        assert end(daemon) == 0
    world.run()
    rig.assert_all_final(world, 4)
    assert rig.assert_all_sent(world).doubled == 0
    world.expect(*OPENED * 4)
    found = count(world, 4)
    note = "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"
    saw("G13", "locked from outside, or every line cut and no new one allowed", times=1, lost=found.lost + found.unsent,
        doubled=found.doubled + found.resent, note=note)  # fmt: skip


def test_on_a_full_disk_mails_stay_on_the_server_and_with_room_again_it_goes_on(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url)
    world.configure(limits=rig.NO_RATES)
    mails = [mail("ann", f"Roof-7 shows no data, lamp {number}.\n" + "x" * 60_000) for number in range(6)]
    for octets in mails:
        world.deliver(octets)
    world.close()
    # no file may grow beyond what the database has now and a little: some mails fit, not all of them
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    most = path.stat().st_size + 150_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    environment = world.environment(SUPPORTD_NOW=world.clock.isoformat())
    done = subprocess.run(
        world.command(*rig.ONCE), capture_output=True, env=environment, cwd=world.folder, timeout=60, preexec_fn=limited
    )  # fmt: skip
    assert done.returncode == TRY_AGAIN, done.stderr.decode()
    on_server = world.inbox.mails()
    kept = world.mails()
    assert sorted(on_server + world.inbox.mails("Processed")) == sorted(mails)
    assert len(on_server) >= len(mails) - len([m for m in kept if m["outcome"] == "acted"])
    assert world.audit().problems == ()
    world.run()
    rig.assert_all_final(world, 6)
    rig.assert_all_sent(world)
    world.expect(*OPENED * 6)
    assert rig.put_away(world) == sorted(mails)
    found = count(world, 6)
    saw(
        "G12",
        "the file of the database may not grow (EFBIG)",
        times=1,
        lost=found.lost + found.unsent,
        doubled=found.doubled + found.resent,
    )
