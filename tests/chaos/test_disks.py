"""A disk without room, and one that takes no writes: mail stays on the server, what is in hand is finished, work goes on by itself."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from daemon.cli.app import MISUSED, TRY_AGAIN
from tests.chaos.counts import count
from tests.chaos.record import saw, size
from tests.chaos.test_databases import PATIENT, Work
from tests.conversations.world import World, end, mail, until
from tests.crash import rig

pytestmark = [pytest.mark.chaos, pytest.mark.crash]

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a disk of 24 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={24 * MIB}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Somebody else fills the disk to the last octet, and frees it again."""
    filler = folder / "filler"
    handle = os.open(filler, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for piece in (MIB, 4096, 1):
            try:
                while os.write(handle, bytes(piece)):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC
        yield
    finally:
        os.close(handle)
        filler.unlink()


@pytest.mark.strace
@pytest.mark.timeout(1200)
def test_on_a_disk_that_fills_up_what_is_in_hand_is_finished_and_the_rest_waits_on_the_server(
    make_world: Callable[..., World], small_disk: Path
) -> None:
    world = make_world(f"sqlite:///{small_disk / 'supportd.db'}")
    work = Work(world)
    limits = world.settings["limits"] | {"free_disk": 4 * MIB, "reserve_disk": 2 * MIB, "child_wall_seconds": 3000}
    world.configure(limits=limits)
    daemon = rig.begin(world, "run")
    rounds = size(1, 10)
    try:
        for _ in range(rounds):
            work.deliver(1)
            work.wait()
            until((small_disk / "supportd.db.reserve").exists, "no room is set aside", PATIENT)
            child = rig.child_of(daemon)
            os.kill(child, signal.SIGSTOP)
            fetched, paused, used = (world.log_lines(word) for word in ("mail-fetched", "fetch-paused", "reserve-used"))
            work.deliver(3)
            until(lambda fetched=fetched: world.log_lines("mail-fetched") > fetched and in_progress(world) == 3, "not fetched", PATIENT)
            with filled(small_disk):
                work.deliver(2)
                os.kill(child, signal.SIGCONT)
                until(lambda: in_progress(world) == 0, "what is in hand is not finished", PATIENT)
                until(lambda paused=paused: world.log_lines("fetch-paused") > paused, "fetching goes on", PATIENT)
                until(lambda used=used: world.log_lines("reserve-used") > used, "nobody tells of it", PATIENT)
                late = world.inbox.mails()[-2:]
                assert [f"Lamp {work.delivered - 2}".encode() in late[0], f"Lamp {work.delivered - 1}".encode() in late[1]] == [True, True]
            work.wait()
        assert end(daemon, PATIENT) == 0
    finally:
        rig.kill(daemon)
    lost, doubled = work.lost_and_doubled()
    saw("G12", "ENOSPC with mails in hand, the reserve given up", times=rounds, lost=lost, doubled=doubled, note="SQLite on a tiny tmpfs")
    # a disk that became read-only
    work.deliver(1)
    world.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    status = rig.finish(rig.begin(world, *rig.ONCE), PATIENT)
    assert status in (MISUSED, TRY_AGAIN), world.log()[-3000:]
    assert len(world.inbox.mails()) == 1
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    world.run()
    lost, doubled = work.lost_and_doubled()
    saw("G13", "the disk takes no writes", times=1, lost=lost, doubled=doubled, note="SQLite on a tiny tmpfs")


def in_progress(world: World) -> int:
    """How many mails are in the books and not done, as another process sees it."""
    import sqlite3

    with closing(sqlite3.connect(f"file:{world.database_url.removeprefix('sqlite:///')}?mode=ro", uri=True, timeout=60)) as other:
        return int(other.execute("SELECT count(*) FROM journal WHERE state = 'received'").fetchone()[0])


@pytest.mark.timeout(600)
def test_when_the_file_may_not_grow_the_daemon_stays_and_goes_on_when_it_may(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url)
    work = Work(world)
    daemon = rig.begin(world, "run")
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    rounds = size(1, 10)
    try:
        work.deliver(1)
        work.wait()
        for _ in range(rounds):
            told = world.log_lines("database-away") + world.log_lines("stage-waits")
            most = max(one.stat().st_size for one in path.parent.glob("supportd.db*")) + 8192
            resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            work.deliver(6)
            until(lambda told=told: world.log_lines("database-away") + world.log_lines("stage-waits") > told, "nobody tells of it", PATIENT)
            resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            work.wait()
        assert end(daemon, PATIENT) == 0
    finally:
        rig.kill(daemon)
    lost, doubled = work.lost_and_doubled()
    saw("G12", "RLIMIT_FSIZE reached while working, then lifted", times=rounds, lost=lost, doubled=doubled, note="SQLite")


def test_a_log_without_room_keeps_no_mail_waiting(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url)
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.close()
    environment = world.environment(SUPPORTD_NOW=world.clock.isoformat())
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            world.command(*rig.ONCE), stdin=subprocess.DEVNULL, stdout=full, stderr=full, env=environment, cwd=world.folder
        )
    assert done.returncode == 0
    rig.assert_all_final(world, 1)
    rig.assert_all_sent(world)
    found = count(world, 1)
    saw("G12", "ENOSPC of the log", times=1, lost=found.lost + found.unsent, doubled=found.doubled, note="SQLite")
