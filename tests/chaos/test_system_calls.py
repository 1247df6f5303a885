"""A power cut is a kill between two system calls: the program dies at its n-th write, sync or rename, for every n until it gets through.

And from one round's list of system calls, that nothing was told to a server before what it rests on was on the disk.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.record import saw, size
from tests.conversations.world import Out, World, mail
from tests.crash import rig
from tests.crash.books import assert_each_answer_once

pytestmark = [pytest.mark.chaos, pytest.mark.crash, pytest.mark.strace]

TO_DISK = ("write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate")
"""What the program and SQLite change files with."""

EVERY = 83
"""In a short run every so-many-th call kills: a prime, so that it falls on all kinds of calls."""


def run_traced(world: World, log: Path, *options: str) -> int:
    """One round under strace; its exit status, negative for the signal that ended it."""
    world.close()
    command = ["strace", "-f", "-q", "-o", str(log), *options, *world.command(*rig.ONCE)]
    environment = world.environment(SUPPORTD_NOW=world.clock.isoformat())
    with (world.folder / "daemon.log").open("ab") as out:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, cwd=world.folder, timeout=110
        ).returncode


@dataclass(slots=True)
class Talk:
    """Mails of each round: a ticket, a reply to the answer of the round before, and a robot's; what must have become of them."""

    world: World
    last: Out | None = None
    delivered: int = 0
    tickets: int = 0
    replies: list[tuple[str, str]] = field(default_factory=list)

    def deliver(self) -> None:
        number = self.tickets
        self.world.deliver(mail("ann", f"Roof-7 shows no data, lamp {number}.", subject=f"Lamp {number}"))
        self.world.deliver(mail("sam", "I am away.", headers={"Auto-Submitted": "auto-replied"}))
        self.tickets += 1
        self.delivered += 2
        if self.last is not None:
            words = f"The lamp blinks {number} times."
            self.world.deliver(mail("ann", words, answers=self.last))
            self.replies.append(("CASE-" + self.last.subject.rpartition("[CASE-")[2].rstrip("]"), words))
            self.delivered += 1

    def settle(self) -> None:
        """Two rounds in good order; every mail acted once, whatever happened before."""
        world = self.world
        world.run()
        world.later(minutes=1)
        world.run()
        answers = [out for out in world.out() if out.template == "case-received"]
        self.last = answers[-1]

    def lost_and_doubled(self, killed: int) -> tuple[int, int]:
        """From the books and the relay: mails without their effect, and effects or answers that came more than once."""
        world = self.world
        rig.assert_all_final(world, self.delivered)
        cases = world.cases()
        assert sorted(case["subject"] for case in cases) == sorted(f"Lamp {number}" for number in range(self.tickets))
        said = [
            (case["number"], comment["body"])
            for case in (world.case(int(row["number"].removeprefix("CASE-"))) for row in cases)
            for comment in case["comments"]
        ]
        assert sorted(said) == sorted(self.replies)
        assert_each_answer_once(world, repeats=killed)  # RFC 1047: killed between the dot and what is written down of its answer
        got = rig.assert_all_sent(world)
        return self.delivered - len(world.mails()), sum(len(copies) - 1 for copies in got.by_id.values())


@pytest.mark.timeout(7200)
def test_killed_at_each_write_and_sync_every_mail_acts_once(make_world: Callable[..., World], sqlite_url: str, tmp_path: Path) -> None:
    world = make_world(sqlite_url, limits=rig.NO_RATES)
    talk = Talk(world)
    talk.deliver()
    talk.settle()
    calls, step, kills, call = ",".join(TO_DISK), size(EVERY, 1), 0, 1
    while True:
        talk.deliver()
        status = run_traced(world, tmp_path / "calls", f"--trace={calls}", f"--inject={calls}:signal=KILL:when={call}")
        talk.settle()
        assert world.assert_good_books().in_progress == 0
        if status == 0:
            break
        assert status == -signal.SIGKILL, world.log()[-3000:]
        kills += 1
        call += step
    assert kills >= size(3, 60)
    lost, repeated = talk.lost_and_doubled(kills)
    saw(
        "G3",
        f"killed at the n-th of {', '.join(TO_DISK)}",
        times=kills,
        lost=lost,
        doubled=repeated,
        note="SQLite; same Message-ID, RFC 1047",
    )


# --- the order of things ---------------------------------------------------------------------------------------------

CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>\d+)")
UNFINISHED = " <unfinished ...>"
"""How strace ends the first half of a call during which another thread had something to say."""

TOLD = re.compile(r'UID (?:MOVE|STORE|EXPUNGE|COPY) |"\.\\r\\n"')
"""What must rest on the disk when it is said: that a mail is put away, and the end of a mail of ours."""


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded: its name, the file or line it is about, everything it was given."""

    name: str
    file: str
    arguments: str


def calls_of(log: Path) -> Iterator[Call]:
    """What strace wrote down with `-yy`, where a descriptor is followed by what it stands for."""
    begun: dict[str, str] = {}
    for line in log.read_text(errors="replace").splitlines():
        who, _, rest = line.partition(" ")
        if line.endswith(UNFINISHED):
            begun[who] = line.removesuffix(UNFINISHED)
            continue
        if "resumed>" in rest:
            line = begun.pop(who, "") + rest.partition("resumed>")[2]
        if found := CALL.match(line):
            arguments = found["arguments"]
            file = re.match(r"\d+<([^>]*)", arguments)
            yield Call(found["name"], file[1] if file else "", arguments)


def test_nothing_is_told_to_a_server_before_what_it_rests_on_is_synced(
    make_world: Callable[..., World], sqlite_url: str, tmp_path: Path
) -> None:
    world = make_world(sqlite_url)
    talk = Talk(world)
    talk.deliver()
    talk.settle()
    talk.deliver()
    log = tmp_path / "calls"
    assert run_traced(world, log, "-yy", "-s", "100000", "-e", f"trace={','.join(TO_DISK)},sendto,sendmsg") == 0
    unsynced: set[str] = set()
    told = renamed = 0
    for call in calls_of(log):
        if call.name in ("pwrite64", "ftruncate") or (
            call.name == "write" and call.file.startswith(str(world.folder)) and "epoch" in call.file
        ):
            unsynced.add(call.file)
        elif call.name in ("fsync", "fdatasync"):
            unsynced.discard(call.file)
        elif call.name == "rename":
            # a new file is whole before it takes the place of the old one, and then the folder must be told
            new, old = re.findall(r'"([^"]*)"', call.arguments)
            assert new not in unsynced
            unsynced.add(str(Path(old).parent))
            renamed += 1
        elif call.name in ("sendto", "sendmsg") and TOLD.search(call.arguments):
            # shared memory, and the page on final dots that is believed only in the boot it was written in
            promised = {file for file in unsynced if not file.endswith("-shm") and ".dots-" not in file}
            assert promised == set(), call.arguments[:300]
            told += 1
    talk.settle()
    lost, doubled = talk.lost_and_doubled(0)
    assert told == 5, "one MOVE for each outcome, one dot for each answer"
    assert renamed > 0
    saw(
        "G3",
        "every MOVE and final dot comes after the sync of its row",
        times=told,
        lost=lost,
        doubled=doubled,
        note="order of system calls",
    )
