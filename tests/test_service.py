"""The running daemon: mail that comes while it waits, signals, systemd, servers that come back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.config import load_config
from daemon.errors import Temporary
from daemon.service import clock_of, database_of, open_house, require_hold, tell_what_ends
from daemon.store.database import open_database
from daemon.worker import apply_batch
from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.fixtures import database_url, inbox, make_world, settled_postgres, world
from tests.conversations.nursery import Life
from tests.conversations.world import Gate, PymapInbox, World, end, mail, until
from tests.crash import rig

__all__ = ["database_url", "inbox", "make_world", "settled_postgres", "world"]

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@contextmanager
def _running(world: World, *arguments: str, **more: str) -> Iterator[Life]:
    """The daemon, ready; ended in good order with exit status 0."""
    before = world.log_lines("ready")
    process = world.start("run", *arguments, **more)
    try:
        until(lambda: world.log_lines("ready") > before or process.poll() is not None, "the daemon does not start")
        assert process.poll() is None, world.log()
        yield process
    except BaseException:
        process.kill()
        process.wait()
        raise
    assert end(process) == 0, world.log()
    assert " stopped" in world.log()


def _deliver_now(world: World, octets: bytes) -> None:
    world.deliver(octets, at=datetime.now(UTC))


def test_mail_that_comes_while_the_daemon_waits_is_answered_and_put_away(world: World) -> None:
    with _running(world):
        _deliver_now(world, mail("ann", "Roof-7 shows no data."))
        until(lambda: len(world.sink.sent) == 2, "no answer")
        until(lambda: not world.inbox.mails(), "the mail is not put away")
        _, assigned = world.expect(("ann", "case-received"), ("bob", "case-assigned"))
        _deliver_now(world, mail("bob", "I look at it.", answers=assigned))
        until(lambda: len(world.sink.sent) >= 3, "no second answer")
    assert world.out()[0].template == "case-comment"
    world.assert_good_books()


@pytest.mark.chaos
@SQLITE
def test_a_mailbox_is_not_called_read_while_fetching_pauses(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.configure(limits={"max_backlog": 2})
    for number in range(3):
        world.deliver(mail("sam", f"No. {number}", subject=f"Thing {number}"))
    read: list[str] = []
    said: list[str] = []

    def paused() -> bool:
        said.append(capfd.readouterr().err)
        return " fetch-paused " in "".join(said)

    with rig.fetching(world, read.append) as service:
        until(paused, "it does not pause")
    assert (read, service.read_at) == ([], {})
    assert apply_batch(world.house) == 2
    with rig.fetching(world, read.append) as service:
        until(lambda: bool(read), "it does not go on")
    assert set(read) == set(service.read_at) == {"support"}
    assert len(world.mails()) == 3


def test_sigterm_in_the_middle_of_much_mail_finishes_what_is_in_hand_and_loses_nothing(world: World) -> None:
    for number in range(60):
        _deliver_now(world, mail(f"sender{number}@mail.example", f"words {number}", subject="Hello"))
    with _running(world):
        until(lambda: world.log_lines("mail-decided") > 3, "nothing is decided")
    world.clock = datetime.now(UTC)
    # nobody waits for a lease: what was not begun was given back
    world.run()
    assert len(world.cases()) == 60
    assert len({one.message_id for one in world.out()}) == len(world.sink.sent) == 120
    assert {m["attempts"] for m in world.mails()} == {1}
    world.assert_good_books()
    found = count(world, 60)
    saw("G16", "SIGTERM in the middle of much mail", times=1, lost=found.lost + found.unsent, doubled=found.doubled + found.resent)


@SQLITE
def test_sighup_with_a_good_configuration_takes_it(world: World) -> None:
    world.configure(smtp=False)
    with _running(world) as process:
        _deliver_now(world, mail("ann", "Roof-7 shows no data."))
        until(lambda: world.log_lines("mail-decided"), "nothing is decided")
        assert world.sink.sent == []
        world.configure(smtp=True)
        process.send_signal(signal.SIGHUP)
        until(lambda: len(world.sink.sent) == 2, "the new configuration does not hold")
    assert world.log_lines("reloaded") == 1


@SQLITE
def test_systemd_hears_ready_alive_reloading_and_stopping(world: World, short_folder: Path) -> None:
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(short_folder / "notify"))
        channel.settimeout(0.1)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    heard.append(channel.recv(4096).decode())
                except TimeoutError:
                    continue

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            with _running(world, NOTIFY_SOCKET=str(short_folder / "notify"), WATCHDOG_USEC="600000") as process:
                until(lambda: sum("WATCHDOG=1" in word for word in heard) >= 2, "it shows no sign of life")
                process.send_signal(signal.SIGHUP)
                until(lambda: sum("READY=1" in word for word in heard) >= 2, "it does not come back from a reload")
        finally:
            ended.set()
            listener.join()
    assert "READY=1" in heard[0]
    assert any("RELOADING=1" in word for word in heard)
    assert "STOPPING=1" in heard[-1]


@pytest.mark.chaos
@SQLITE
def test_a_mailbox_that_is_away_at_the_start_is_found_when_it_comes_back(make_world: Callable[..., World], database_url: str) -> None:
    inbox = PymapInbox()
    with Gate(inbox.server.port) as gate:
        inbox.seen_port = gate.port
        world = make_world(inbox, database_url)
        gate.shut()
        _deliver_now(world, mail("ann", "Roof-7 shows no data."))
        with _running(world):
            until(lambda: world.log_lines("mailbox-away") >= 2, "it does not try again")
            gate.open()
            until(lambda: len(world.sink.sent) == 2, "it does not come back")
            # and the line breaks once more
            gate.shut()
            until(lambda: world.log_lines("mailbox-away") >= 3, "it does not notice")
            gate.open()
            _deliver_now(world, mail("sam", "Order 9001.", subject="Order"))
            until(lambda: len(world.sink.sent) == 4, "it does not come back again")
        found = count(world, 2)
        saw("G4", "the mailbox can't be reached", times=2, lost=found.lost + found.unsent, doubled=found.doubled + found.resent)
    inbox.close()


@SQLITE
def test_a_relay_that_is_away_is_asked_again(world: World) -> None:
    world.sink.greeting = "421 4.3.2 down"
    with _running(world):
        _deliver_now(world, mail("ann", "Roof-7 shows no data."))
        until(lambda: world.log_lines("stage-waits"), "it does not wait")
        until(lambda: not world.inbox.mails(), "the other stages do not go on")
        world.sink.greeting = "220 ready"
        # one row was tried and waits a minute, the other was not touched by the outage
        until(lambda: len(world.sink.sent) >= 1, "it does not come back")


@SQLITE
def test_mail_without_idle_is_found_by_looking(world: World) -> None:
    world.configure(idle=False, poll_seconds=1)
    with _running(world):
        _deliver_now(world, mail("ann", "Roof-7 shows no data."))
        until(lambda: len(world.sink.sent) == 2, "it is not found")


def test_stages_in_processes_of_their_own_meet_in_the_queues(world: World, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        # one process at a time there: the stages one after the other
        _deliver_now(world, mail("ann", "Roof-7 shows no data."))
        for stage in ("fetch", "apply", "tick", "send", "fetch"):
            world.clock = datetime.now(UTC)
            world.cli("run", "--once", "--stage", stage)
    else:
        processes = [world.start("run", "--stage", stage) for stage in ("fetch", "apply", "send", "tick")]
        try:
            until(lambda: world.log_lines("ready") == 4, "they do not start")
            _deliver_now(world, mail("ann", "Roof-7 shows no data."))
            until(lambda: len(world.sink.sent) == 2, "no answer")
        finally:
            assert [end(process) for process in processes] == [0, 0, 0, 0]
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))
    world.assert_good_books()


@SQLITE
def test_a_mail_put_in_by_another_process_is_found_soon(make_world: Callable[..., World], tmp_path: Path, database_url: str) -> None:
    gone = PymapInbox()
    gone.close()
    world = make_world(gone, database_url)
    file = tmp_path / "one.eml"
    file.write_bytes(mail("ann", "Roof-7 shows no data."))
    with _running(world, "--stage", "apply", "--stage", "send"):
        done = subprocess.run(world.command("ingest", str(file)), env=world.environment(), capture_output=True)
        assert done.returncode == 0, done.stderr
        until(lambda: len(world.sink.sent) == 2, "it is not found")


# --- what it is made of --------------------------------------------------------------------------------------------


def test_the_clock_stands_still_when_it_is_told_to() -> None:
    assert clock_of("2026-11-23T15:05:00Z")() == datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
    assert clock_of("2026-11-23T16:05:00+01:00")() == datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
    assert clock_of("2026-11-23T15:05:00")().tzinfo is UTC
    assert abs((clock_of(None)() - datetime.now(UTC)).total_seconds()) < 5


@SQLITE
def test_a_fresh_installation_gets_a_key_and_never_a_second_one(world: World) -> None:
    key = world.folder / "reply.key"
    key.unlink()
    world.close()
    world.run()
    assert key.stat().st_mode & 0o777 == 0o600
    first = key.read_text()
    world.talk(mail("sam", "Order 9001."), ("sam", "case-received"), ("lou", "case-assigned"))
    key.unlink()
    world.close()
    # answers to the mails that left would lose their case
    with pytest.raises(Exception, match=r"reply\.key"):
        world.run()
    assert not key.exists()
    key.write_text(first)
    world.run()


@SQLITE
def test_the_house_lets_go_of_everything_when_it_closes(world: World) -> None:
    with open_house(world.config, lambda: world.clock) as house:
        require_hold(house.database)
        house.reader.submit(b"Subject: hi\r\n\r\nhi\r\n").result()
        child = house.reader.child_pid
    assert child is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    again = database_of(world.config)
    require_hold(again)
    again.let_go()
    again.close()


def test_the_hold_may_be_taken_again_and_again(world: World, database_url: str) -> None:
    database = world.house.database
    for _ in range(3):
        require_hold(database)
    if not database.is_sqlite:
        import psycopg

        with psycopg.connect(database_url, autocommit=True) as other:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            other.execute(query)
        require_hold(database)
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        locks += " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        with psycopg.connect(database_url) as other:
            assert other.execute(locks).fetchone() == (1,)


def test_on_sqlite_two_processes_do_not_work_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    first = open_database(url)
    assert first.hold()
    program = f"from daemon.store.database import open_database; import sys; sys.exit(open_database({url!r}).hold())"
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent.parent).returncode == 0
    second = open_database(url)
    with pytest.raises(Temporary, match="another supportd is at work"):
        require_hold(second)
    second.close()
    first.let_go()
    first.close()


def test_the_log_tells_what_ends_soon_and_nothing_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "supportd.toml").write_text(
        '[house]\naddress = "support@support.example"\n[[mailbox]]\nname = "main"\nhost = "h"\nusername = "u"\n[mailbox.oauth]\n'
        'provider = "microsoft"\ntenant = "t"\nclient_id = "c"\nrefresh_token_file = "token"\n'
    )
    config = load_config(tmp_path / "supportd.toml")
    came = datetime(2026, 7, 1, tzinfo=UTC)
    tell_what_ends(config, came)
    (tmp_path / "token").write_text('{"refresh_token": "hunter2-hunter2", "expires_in": 2592000}')
    os.utime(tmp_path / "token", (came.timestamp(), came.timestamp()))
    tell_what_ends(config, datetime(2026, 7, 16, tzinfo=UTC))
    assert capsys.readouterr().err == ""
    tell_what_ends(config, datetime(2026, 7, 18, tzinfo=UTC))
    (line,) = capsys.readouterr().err.splitlines()
    assert ' warning credential-expires server="mailbox main" what="refresh token" when="2026-07-31" mend="sign in again' in line
    assert "hunter2" not in line
