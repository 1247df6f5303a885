"""What a measurement stands on: a Dovecot and a sink of its own, a configured supportd, and processes under watch."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.workload import SUPPORT, Mail
from tests.servers.dovecot import Dovecot, dovecot_server

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SAMPLE_SECONDS = 0.05
"""How often the memory of a watched process tree is looked at."""

CONFIGURATION = """\
[house]
name = "Example Support"
address = "{support}"
domains = ["support.example"]

[database]
url = "{database}"
durable = {durable}

[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "{user}"
password = {{ file = "imap.password" }}

[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"

[limits]
answers_per_stranger_day = 0
answers_per_contact_day = 0
answers_per_case_hour = 0
answers_per_case_day = 0
cases_per_sender_hour = 0
cases_per_sender_day = 0
loop_pattern = 0
loop_depth = 0
loop_subject = 0
breaker = 0
"""


def program(*arguments: str) -> list[str]:
    """The command line of supportd as it is installed, else of this checkout."""
    installed = Path(sys.executable).with_name("supportd")
    return [str(installed), *arguments] if installed.exists() else [sys.executable, "-m", "daemon", *arguments]


def environment(**more: str) -> dict[str, str]:
    """The environment of a measured process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUPPORTD_", "NOTIFY_", "WATCHDOG_"))}
    return kept | {"PYTHONPATH": str(ROOT)} | more


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a process cost that has ended. `cpu` counts its children, in seconds."""

    wall: float
    cpu: float


@dataclass(slots=True)
class Memory:
    """The largest sums over a process tree, in octets. RSS counts a shared page once for each process, PSS once in all."""

    rss: int = 0
    pss: int = 0
    processes: int = 0


def run(command: Sequence[str], **options: Any) -> Ran:
    """Run a command to its end. Raises RuntimeError with its last words when it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(), **options)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said[-2000:].decode(errors='replace')}")
    return Ran(wall=time.perf_counter() - begun, cpu=usage.ru_utime + usage.ru_stime)


def tree(root: int) -> list[int]:
    """The process and all its descendants that live."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                waiting.extend(map(int, children.read_text().split()))
            except OSError:
                continue
    return found


def cpu_seconds(root: int) -> float:
    """CPU that the living threads of a tree have used, to the nanosecond."""
    total = 0
    for process in tree(root):
        for task in Path(f"/proc/{process}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                continue
    return total / 1e9


@contextmanager
def watched(root: int) -> Iterator[Memory]:
    """Look at the memory of a tree again and again."""
    memory, ended = Memory(), threading.Event()

    def look() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            rss = pss = 0
            alive = tree(root)
            for process in alive:
                try:
                    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
                except OSError:
                    continue
                facts = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:3]}
                rss += facts.get("Rss:", 0)
                pss += facts.get("Pss:", 0)
            memory.rss, memory.pss = max(memory.rss, rss), max(memory.pss, pss)
            memory.processes = max(memory.processes, len(alive))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()


class Sink:
    """The sink's process; see `sink.py`."""

    def __init__(self, imap_port: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "sink.py"), str(imap_port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.smtp, self.imap_line, self._control = map(int, self.process.stdout.readline().split())

    def ask(self, question: str) -> Any:
        """The answer to a control line."""
        with socket.create_connection(("127.0.0.1", self._control)) as line:
            line.sendall(question.encode() + b"\n")
            received = b"".join(iter(lambda: line.recv(1 << 20), b""))
        return json.loads(received)

    def mails(self) -> list[tuple[float, str | None, int]]:
        """Moment, In-Reply-To and octets of each mail taken since the last reset."""
        return [tuple(one) for one in self.ask("mails")]

    def close(self) -> None:
        self.process.communicate()


@dataclass(slots=True)
class Rig:
    """The servers and a folder for everything that is made."""

    folder: Path
    dovecot: Dovecot
    sink: Sink
    _numbers: int = field(default=0)

    def fresh(self) -> Path:
        """A new, empty folder."""
        self._numbers += 1
        made = self.folder / f"w{self._numbers}"
        made.mkdir()
        return made

    def fill(self, mails: Sequence[Mail]) -> None:
        """A mailbox with just these mails, new ones, as a delivery agent leaves them."""
        maildir = self.dovecot.maildir
        shutil.rmtree(maildir, ignore_errors=True)
        for name in ("cur", "new", "tmp"):
            (maildir / name).mkdir(parents=True)
        stamp = int(time.time())
        for position, mail in enumerate(mails):
            path = maildir / "new" / f"{stamp}.M{position:06d}P1.bench,S={len(mail.octets)}"
            path.write_bytes(mail.octets)
            path.chmod(0o644)
        if os.geteuid() == 0:
            for path in (maildir.parent, maildir, *maildir.iterdir()):
                shutil.chown(path, "nobody")
        os.sync()
        self.sink.ask("reset")

    def configure(self, folder: Path, database: str | None = None, *, listened: bool = False) -> Path:
        """Write a configuration; its path. `listened`: IMAP goes by way of the sink, which notes each EXISTS."""
        path = folder / "supportd.toml"
        path.write_text(
            CONFIGURATION.format(
                durable="true" if database is None else "false",  # the tests' PostgreSQL forgets with the power
                support=SUPPORT, database=database or f"sqlite:////{str(folder / 'supportd.db').lstrip('/')}",
                imap=self.sink.imap_line if listened else self.dovecot.port, user=self.dovecot.user, smtp=self.sink.smtp,
            )
        )  # fmt: skip
        secret = folder / "imap.password"
        secret.write_text(self.dovecot.password)
        secret.chmod(0o600)
        return path

    def floor(self, *arguments: str) -> list[str]:
        """The command line of the floor in a fresh folder."""
        return [
            sys.executable, str(HERE / "floor.py"), "--imap", str(self.dovecot.port), "--smtp", str(self.sink.smtp), "--user",
            self.dovecot.user, "--password", self.dovecot.password, "--folder", str(self.fresh()), *arguments,
        ]  # fmt: skip


@contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    """Start the servers below `folder`, which must have a short path that any user may enter."""
    (folder / "d").mkdir()
    (folder / "d").chmod(0o755)
    with dovecot_server(folder / "d") as dovecot:
        sink = Sink(dovecot.port)
        try:
            yield Rig(folder, dovecot, sink)
        finally:
            sink.close()


@contextmanager
def started(config: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A daemon that is at work; its process and the seconds until it said READY. SIGTERM ends it."""
    address = config.parent / "notify"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing, (config.parent / "log").open("wb") as log:
        hearing.bind(str(address))
        hearing.settimeout(60)
        begun = time.perf_counter()
        process = subprocess.Popen(
            program("--config", str(config), "run", *arguments), stdout=log, stderr=log, env=environment(NOTIFY_SOCKET=str(address))
        )
        try:
            while b"READY=1" not in hearing.recv(4096):
                pass
            yield process, time.perf_counter() - begun
        finally:
            process.terminate()
            process.wait(60)


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
