"""The daemon as a process: it ends in time whatever it waits for, takes a configuration whole or not at all, and is watched."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon import systemd
from daemon.pulse import Pulse
from daemon.serving import pet
from tests.chaos.record import saw
from tests.conversations.fixtures import inbox, make_world, world
from tests.conversations.world import PymapInbox, World, end, mail, until
from tests.doubles import STALL, Script

__all__ = ["inbox", "make_world", "world"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HURRIED = "import daemon.serving, daemon.service; daemon.serving.STOP_SECONDS = 2.0; daemon.service.HANG_UP_SECONDS = 0.5; "
WATCHED = "import daemon.pulse; daemon.pulse.WORK_SECONDS = 1.0; "


@contextmanager
def running(world: World, patches: str = "", **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon with shorter times (`patches`), ready; killed at the end if it is still there."""
    world.close()
    before = world.log_lines("ready")
    program = f"{patches}import sys; sys.argv[0] = 'supportd'; from daemon.cli.app import main; main()"
    command = [sys.executable, "-c", program, "--config", str(world.path), "run"]
    with (world.folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=world.environment(**more))
    try:
        until(lambda: world.log_lines("ready") > before or process.poll() is not None, "the daemon does not start", 60)
        assert process.poll() is None, world.log()
        yield process
    finally:
        process.kill()
        process.wait()


def ended(process: subprocess.Popen[bytes]) -> float:
    """End it; how long that took. Its exit status must be 0."""
    begun = time.monotonic()
    assert end(process) == 0
    return time.monotonic() - begun


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def listening(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A socket as systemd has it: its address, and what it heard so far."""
    heard: list[str] = []
    over = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(folder / "notify"))
        channel.settimeout(0.1)

        def listen() -> None:
            while not over.is_set():
                try:
                    heard.append(channel.recv(4096).decode())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield str(folder / "notify"), heard
        finally:
            over.set()
            thread.join()


def now(world: World, octets: bytes) -> None:
    world.deliver(octets, at=datetime.now(UTC))


# --- the end -------------------------------------------------------------------------------------------------------


@pytest.mark.chaos
def test_a_relay_that_stalls_in_data_delays_no_end_and_the_mail_goes_once_the_next_time(world: World) -> None:
    world.sink.script.extend(Script(data=STALL) for _ in range(8))
    with running(world, HURRIED) as process:
        now(world, mail("sam", "Order 9001.", subject="Order"))
        until(lambda: "DATA" in world.sink.commands, "nothing is sent")
        assert ended(process) < 30
    assert world.log_lines("stop-cut-short") == 1
    assert world.sink.sent == []
    world.sink.script.clear()
    world.clock = datetime.now(UTC)
    world.run()
    assert len(world.sink.sent) == len({one.message_id for one in world.out()}) == 2
    world.assert_good_books()
    saw("G16", "SIGTERM while the relay stalls in DATA", times=1, lost=0, doubled=len(world.sink.sent) - 2, note="pymap, SQLite")


@pytest.mark.chaos
def test_a_mail_that_the_parser_does_not_finish_delays_no_end_and_is_not_blamed(world: World) -> None:
    world.configure(limits={"child_wall_seconds": 3000, "child_cpu_seconds": 3000})
    with running(world) as process:
        now(world, mail("ann", "Hello."))
        until(lambda: world.log_lines("mail-decided") == 1, "nothing is decided")
        (child,) = [int(pid) for path in Path(f"/proc/{process.pid}/task").glob("*/children") for pid in path.read_text().split()]
        os.kill(child, signal.SIGSTOP)
        now(world, mail("sam", "Order 9001.", subject="Order"))
        until(lambda: world.log_lines("mail-fetched") == 2, "the mail is not fetched")
        # an impatient person at a terminal
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert world.log_lines("stop-cut-short") == 0
    world.clock = datetime.now(UTC)
    world.run()
    assert [row["attempts"] for row in world.mails()] == [1, 1]
    assert len(world.cases()) == 2
    world.assert_good_books()
    lost = 2 - len(world.cases())
    saw("G16", "SIGINT, twice, while the parser child stands still", times=1, lost=lost, doubled=0, note="pymap, SQLite")


# --- another configuration -----------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[str, str, str]] = {
    # file, what it holds, what is told
    "an unknown key": ("supportd.toml", '[house]\naddress = "support@support.example"\n[smtpp]\nhost = "x"\n', "smtpp"),
    "no TOML": ("supportd.toml", "\n[", "supportd.toml"),
    "a promise": ("sla.toml", "[[rule]]\nkind = 7\n", "sla.toml"),
    "level one": ("support.toml", "enabled = 7\n", "support.toml"),
    "a form": ("forms/claim.toml", "titels = []\n", "titels"),
    "a mail text": ("templates/case-received.md", "no front matter\n", "case-received.md"),
}


@pytest.mark.chaos
def test_whatever_is_wrong_the_old_configuration_goes_on_whole(world: World) -> None:
    before = {path: path.read_text() for path in (world.path, world.folder / "support.toml")}
    text = before[world.path]
    mistakes = MISTAKES | {
        "another database": ("supportd.toml", text.replace("supportd.db", "another.db"), "database.url was changed"),
        "another durability": ("supportd.toml", text.replace("durable = false", "durable = true"), "database.durable was changed"),
        "no password": ("supportd.toml", text.replace("mailbox.password", "nowhere.password"), "nowhere.password"),
    }
    with running(world) as process:
        for name, (file, words, told) in mistakes.items():
            path = world.folder / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(words)
            refused = world.log_lines("reload-refused")
            process.send_signal(signal.SIGHUP)
            until(lambda refused=refused: world.log_lines("reload-refused") > refused, f"{name} is not told")  # type: ignore[misc]
            lines = [line for line in world.log().splitlines() if "reload-refused" in line]
            assert any(told in line for line in lines[refused:]), (name, lines[refused:])
            path.unlink()
            for good, was in before.items():
                good.write_text(was)
        now(world, mail("ann", "Roof-7 shows no data."))
        until(lambda: len(world.sink.sent) == 2, "it does not go on")
        ended(process)
    assert world.log_lines("reloaded") == 0
    assert not list(world.folder.parent.rglob("another.db*"))
    times, lost, doubled = len(mistakes), 2 - len(world.sink.sent), len(world.sink.sent) - 2
    saw("G16", "SIGHUP with a mistake in each file", times=times, lost=lost, doubled=doubled, note="pymap, SQLite")


@pytest.mark.chaos
def test_a_storm_of_reloads_while_mail_comes_loses_nothing_and_doubles_nothing(world: World) -> None:
    world.configure(connections=2)
    with running(world) as process:
        for number in range(12):
            now(world, mail(f"guest{number}@mail.example", f"Order {number}.", subject=f"Order {number}"))
            process.send_signal(signal.SIGHUP)
        until(lambda: len(world.sink.sent) >= 24 and not world.inbox.mails(), "not all is answered", 60)
        ended(process)
    assert world.log_lines("reloaded") >= 1
    world.clock = datetime.now(UTC)
    assert len(world.cases()) == 12
    assert len({one.message_id for one in world.out()}) == len(world.sink.sent) == 24
    world.assert_good_books()
    lost, doubled = 12 - len(world.cases()), len(world.sink.sent) - 24
    saw("G16", "SIGHUP at each of many mails", times=12, lost=lost, doubled=doubled, note="pymap, SQLite")


def test_a_reload_takes_what_is_set_aside_on_the_disk(world: World) -> None:
    world.configure(limits={"reserve_disk": 1 << 20})
    reserve = world.folder.parent / "supportd.db.reserve"
    with running(world) as process:
        until(lambda: reserve.exists() and reserve.stat().st_size == 1 << 20, "nothing is set aside")
        world.path.write_text(world.path.read_text().replace(f"reserve_disk = {1 << 20}", f"reserve_disk = {2 << 20}"))
        process.send_signal(signal.SIGHUP)
        until(lambda: reserve.exists() and reserve.stat().st_size == 2 << 20, "it is not taken")
        ended(process)
    assert world.log_lines("reserve-used") == 0


def test_a_reload_waits_for_the_mail_in_hand_so_that_it_leaves_once(world: World) -> None:
    world.sink.script.append(Script(dot=STALL))
    with running(world, HURRIED) as process:
        now(world, mail("sam", "Order 9001.", subject="Order"))
        until(lambda: len(world.sink.sent) == 1, "nothing is sent")
        process.send_signal(signal.SIGHUP)
        until(lambda: world.log_lines("reload-waits"), "it does not wait")
        assert world.log_lines("reloaded") == 0
        ended(process)
    assert world.log_lines("stopped") == 1


# --- who watches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inbox", ["pymap"], indirect=True)
def test_a_server_that_says_nothing_is_no_hang_and_delays_no_end(world: World, short_folder: Path) -> None:
    with black_hole() as port, listening(short_folder) as (address, heard):
        assert isinstance(world.inbox, PymapInbox)
        world.inbox.seen_port = port
        world.configure()
        with running(world, WATCHED + HURRIED, NOTIFY_SOCKET=address, WATCHDOG_USEC="400000") as process:
            count = sum("WATCHDOG=1" in word for word in heard)
            # longer than a stage may be silent without a word
            until(lambda: sum("WATCHDOG=1" in word for word in heard) > count + 12, "it shows no sign of life")
            assert any("fetch-support talks to the server" in word for word in heard), heard
            process.send_signal(signal.SIGTERM)
            assert ended(process) < 30
    assert world.log_lines("stage-hung") == 0
    assert world.log_lines("stopped") == 1


def test_a_stage_that_hangs_ends_the_signs_of_life(world: World, short_folder: Path) -> None:
    """The password is a pipe that nobody writes to: the fetch stage waits for it, and no time-out holds."""
    password = world.folder / "mailbox.password"
    password.unlink()
    os.mkfifo(password)
    with (
        listening(short_folder) as (address, heard),
        running(world, WATCHED + HURRIED, NOTIFY_SOCKET=address, WATCHDOG_USEC="400000") as process,
    ):
        until(lambda: any("STATUS=hung: fetch-support" in word for word in heard), "the hang is not seen")
        signs = sum("WATCHDOG=1" in word for word in heard)
        lines = world.log_lines("stage-hung")
        until(lambda: world.log_lines("stage-hung") >= lines + 3, "it is not told again")
        assert sum("WATCHDOG=1" in word for word in heard) == signs
        # and it still ends when it is told to
        assert ended(process) < 30
    assert world.log_lines("stop-cut-short") == 1


def test_systemd_hears_what_goes_on_in_one_line_without_secrets(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    pulse = Pulse()
    pulse.beat("fetch-support", "waits before it tries\nWATCHDOG=trigger password=hunter2")
    with listening(short_folder) as (address, heard):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        pet(pulse, None)
        pet(pulse, 60.0)
        until(lambda: len(heard) == 2, "nothing is heard")
    assert heard[0] == "STATUS=fetch-support waits before it tries WATCHDOG=trigger password=[hidden]"
    assert heard[1] == heard[0] + "\nWATCHDOG=1"
    assert systemd.watchdog_seconds() is None
