"""What is measured, one function a group. Each takes the bench and returns lines of the table.

A ratio compares runs of one round with each other, and the median of the rounds' ratios is told.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from imapclient import IMAPClient

from tests.benchmarks.directory import write_directory
from tests.benchmarks.past import write_past
from tests.benchmarks.rig import Ran, Rig, cpu_seconds, program, run, started, tree, until, watched
from tests.benchmarks.workload import Mail, large_mail, mails, people
from tests.servers.postgres import fresh_database, postgres_server

PAST_CASES = 100_000
LARGE = 25 * 1000 * 1000
"""Octets of the large mail: just below the limit of 25 MiB."""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. `reach` and `aim` are bounds: "≤" unless `least`. Without them the line only informs."""

    name: str
    got: float
    unit: str = ""
    reach: float | None = None
    aim: float | None = None
    least: bool = False
    note: str = ""

    def meets(self, bound: float | None) -> bool:
        """Whether the figure keeps a bound."""
        return bound is not None and (self.got >= bound if self.least else self.got <= bound)


@dataclass(slots=True)
class Bench:
    """The rig, how much to do, and what several measures use."""

    rig: Rig
    count: int
    rounds: int
    seed: int
    past_cases: int = PAST_CASES
    latency_mails: int = 60
    idle_seconds: float = 60
    many: int = 10_000
    say: Callable[[str], None] = print
    _mails: dict[int, list[Mail]] = field(default_factory=dict)
    _past: Path | None = None

    def mails(self, count: int) -> list[Mail]:
        """The workload, written of today."""
        if count not in self._mails:
            self._mails[count] = list(mails(count, self.seed, datetime.now(UTC)))
        return self._mails[count]

    def past(self, folder: Path) -> None:
        """Lay a database with a long past into a folder."""
        if self._past is None:
            made = self.rig.fresh() / "past.db"
            self.say(f"  (writing {self.past_cases} cases with three mails each)")
            write_past(made, self.past_cases)
            self._past = made
        shutil.copyfile(self._past, folder / "supportd.db")
        key = folder / "reply.key"
        key.write_text("a key that signed the answers of the past")
        key.chmod(0o600)
        os.sync()

    def floor(self, count: int) -> Ran:
        """The floor works through the workload."""
        box = self.mails(count)
        self.rig.fill(box)
        ran = run(self.rig.floor())
        self._expect(len(self.rig.sink.mails()) == sum(mail.answered for mail in box), "the floor did not answer every mail")
        return ran

    def program(self, count: int, *, past: bool = False, directory: bool = False) -> Ran:
        """`supportd run --once` works through the workload, with a fresh database unless told otherwise."""
        box = self.mails(count)
        config = self.config(past=past, directory=directory)
        self.rig.fill(box)
        ran = run(program("--config", str(config), "run", "--once"))
        self.check(box)
        return ran

    def config(self, *, past: bool = False, directory: bool = False) -> Path:
        """A configured folder."""
        folder = self.rig.fresh()
        config = self.rig.configure(folder)
        if past:
            self.past(folder)
        if directory:
            write_directory(folder / "directory", people(self.count))
            run(program("--config", str(config), "import", str(folder / "directory")))
        return config

    def check(self, box: Sequence[Mail]) -> None:
        """Every ticket was answered. Raises RuntimeError."""
        answered = {parent for _, parent, _ in self.rig.sink.mails()}
        missing = [mail for mail in box if mail.kind in ("ticket", "attachment") and mail.message_id not in answered]
        self._expect(not missing, f"{len(missing)} ticket(s) without an answer")

    @staticmethod
    def _expect(holds: bool, problem: str) -> None:
        if not holds:
            raise RuntimeError(problem)


def _per_mail(ran: Ran, count: int) -> float:
    """Milliseconds of CPU."""
    return 1000 * ran.cpu / count


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _over(measured: Sequence[float], base: Sequence[float]) -> float:
    return _median([one / other for one, other in zip(measured, base, strict=True)])


def _share(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


# --- groups ----------------------------------------------------------------------------------------------------------


def pipeline(bench: Bench) -> list[Line]:
    """CPU and speed over the floor, then the memory of all processes together."""
    count = bench.count
    floors, plain, staffed, taken = [], [], [], 0
    for number in range(bench.rounds):
        floors.append(bench.floor(count))
        plain.append(bench.program(count))
        taken = len(bench.rig.sink.mails())
        staffed.append(bench.program(count, directory=True))
        bench.say(
            f"  round {number + 1}: floor {_per_mail(floors[-1], count):.2f} ms, {count / floors[-1].wall:.0f}/s; supportd "
            f"{_per_mail(plain[-1], count):.2f} ms, {count / plain[-1].wall:.0f}/s; with a directory {_per_mail(staffed[-1], count):.2f} ms"
        )
    cpu = [_per_mail(ran, count) for ran in plain]
    floor_cpu = [_per_mail(ran, count) for ran in floors]
    return [
        Line(name="CPU per mail over the floor", got=_over(cpu, floor_cpu), reach=1.5, aim=1.0, note=f"{_median(cpu):.2f} / {_median(floor_cpu):.2f} ms; {taken} answers"),
        Line(name="CPU per mail over the floor, with a directory", got=_over([_per_mail(ran, count) for ran in staffed], floor_cpu), reach=1.5, aim=1.0, note=f"{_median([_per_mail(ran, count) for ran in staffed]):.2f} ms; {len(bench.rig.sink.mails())} mails sent"),
        Line(name="mails/s over the floor", got=_over([ran.wall for ran in floors], [ran.wall for ran in plain]), reach=0.69, aim=1.03, least=True, note=f"{count / _median([ran.wall for ran in plain]):.0f} / {count / _median([ran.wall for ran in floors]):.0f}; bounds follow from the peer's 46/s to the floor's 268/s"),
    ]  # fmt: skip


def memory(bench: Bench) -> list[Line]:
    """The memory of all processes together while many mails are worked through."""
    lines = []
    for count, judged in ((bench.count, False), (bench.many, True)):
        config = bench.config()
        bench.rig.fill(bench.mails(count))
        process = subprocess.Popen(program("--config", str(config), "run", "--once"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with watched(process.pid) as seen:
            process.wait()
        bench.check(bench.mails(count))
        lines.append(
            Line(
                name=f"peak RSS of all processes, {count} mails", got=seen.rss / MIB, unit="MB", reach=160 if judged else None,
                aim=110 if judged else None, note=f"sum of {seen.processes}; PSS {seen.pss / MIB:.0f} MB",
            )
        )  # fmt: skip
    return lines


def growth(bench: Bench) -> list[Line]:
    """What a long past and a long round cost."""
    count = bench.count
    empty, past, short, long, nothing, floors = [], [], [], [], [], []
    for number in range(bench.rounds):
        floors.append(bench.floor(count))
        empty.append(bench.program(count))
        past.append(bench.program(count, past=True))
        short.append(bench.program(200))
        nothing.append(bench.program(0))
        if number < 2:
            long.append(bench.program(bench.many))
        bench.say(f"  round {number + 1}: empty {_per_mail(empty[-1], count):.2f} ms, with a past {_per_mail(past[-1], count):.2f} ms")
    start = _median([ran.cpu for ran in nothing])
    few = _median([ran.cpu for ran in short])
    much = _median([ran.cpu for ran in long])
    return [
        Line(name=f"CPU per mail with {bench.past_cases} cases over none", got=_over([ran.cpu for ran in past], [ran.cpu for ran in empty]), reach=1.2, aim=1.05),
        Line(name=f"mails/s with {bench.past_cases} cases over the floor", got=_over([ran.wall for ran in floors], [ran.wall for ran in past]), reach=0.71, aim=0.94, least=True, note="bounds follow from the peer's 21/s to the floor's 268/s"),
        Line(name=f"CPU per mail, {bench.many} over 200 in one round", got=(much / bench.many) / (few / 200), reach=1.1, aim=1.0, note=f"{1000 * much / bench.many:.2f} / {5 * few:.2f} ms"),
        Line(name="the same without the start", got=((much - start) / bench.many) / ((few - start) / 200), note=f"a round of no mails: {1000 * start:.0f} ms"),
    ]  # fmt: skip


def latency(bench: Bench) -> list[Line]:
    """From the arrival, and from the server's word of it, to the answer at the sink; a bare IDLE loop beside it."""
    box = [mail for mail in mails(bench.latency_mails * 3, bench.seed + 1, datetime.now(UTC)) if mail.kind == "ticket"][: bench.latency_mails]
    rig = bench.rig
    rig.fill([])
    with subprocess.Popen(rig.floor("--idle"), stdout=subprocess.PIPE) as loop:
        assert loop.stdout is not None
        loop.stdout.readline()
        _, bare = _delivered(bench, box)
        loop.kill()
    rig.fill([])
    config = rig.configure(rig.fresh(), listened=True)
    with started(config):
        time.sleep(2)
        word, arrival = _delivered(bench, box)
    return [
        Line(name="server's word to answer, p50", got=_share(word, 50), unit="ms"),
        Line(name="server's word to answer, p95", got=_share(word, 95), unit="ms", reach=50, aim=20, note=f"{len(word)} mails"),
        Line(name="arrival to answer, p50", got=_share(arrival, 50), unit="ms", note=f"bare IDLE loop {_share(bare, 50):.0f} ms"),
        Line(name="arrival to answer, p95", got=_share(arrival, 95), unit="ms", reach=_share(bare, 95) + 50, aim=200, note=f"bare IDLE loop {_share(bare, 95):.0f} ms; reach is 50 ms more"),
    ]  # fmt: skip


def _delivered(bench: Bench, box: Sequence[Mail]) -> tuple[list[float], list[float]]:
    """Milliseconds from the server's word and from the end of APPEND to the answer, for each mail."""
    chance, arrived = random.Random(bench.seed), {}
    sink = bench.rig.sink
    sink.ask("reset")
    with IMAPClient("127.0.0.1", port=bench.rig.dovecot.port, ssl=False) as client:
        client.login(bench.rig.dovecot.user, bench.rig.dovecot.password)
        for mail in box:
            client.append("INBOX", mail.octets)
            arrived[mail.message_id] = time.time()
            time.sleep(chance.uniform(0.6, 0.9))
    until(lambda: len(sink.mails()) >= len(box), 20)
    answered = {parent: moment for moment, parent, _ in sink.mails() if parent in arrived}
    said = sorted(sink.ask("words"))
    words = []
    for message_id, moment in answered.items():
        heard = [word for word in said if arrived[message_id] - 0.05 <= word <= moment]
        if heard:
            words.append(1000 * (moment - heard[0]))
    return words, [1000 * (answered[message_id] - moment) for message_id, moment in arrived.items() if message_id in answered]


def idle(bench: Bench) -> list[Line]:
    """What a daemon costs to which nothing happens."""
    bench.rig.fill([])
    config = bench.rig.configure(bench.rig.fresh())
    with started(config) as (process, _):
        time.sleep(6)
        before, begun = cpu_seconds(process.pid), time.monotonic()
        time.sleep(bench.idle_seconds)
        used = (cpu_seconds(process.pid) - before) / (time.monotonic() - begun)
        processes = len(tree(process.pid))
    return [Line(name="idle, share of one core", got=100 * used, unit="%", reach=0.2, aim=0.05, note=f"{bench.idle_seconds:.0f} s, {processes} process(es)")]


def large(bench: Bench) -> list[Line]:
    """One large mail among small ones, in a running daemon."""
    rig = bench.rig
    rig.fill([])
    box = [mail for mail in mails(60, bench.seed + 2, datetime.now(UTC)) if mail.kind == "ticket"][:20]
    big = large_mail(bench.seed, LARGE, datetime.now(UTC))
    config = rig.configure(rig.fresh())
    with started(config) as (process, _), watched(process.pid) as seen:
        time.sleep(1)
        arrived = {}
        with IMAPClient("127.0.0.1", port=rig.dovecot.port, ssl=False) as client:
            client.login(rig.dovecot.user, rig.dovecot.password)
            for mail in [*box[:5], big, *box[5:]]:
                client.append("INBOX", mail.octets)
                arrived[mail.message_id] = time.time()
        until(lambda: len(rig.sink.mails()) > len(box), 60)
    waits = {parent: moment - arrived[parent] for moment, parent, _ in rig.sink.mails() if parent in arrived}
    own = waits.pop(big.message_id)
    return [
        Line(name=f"one mail of {LARGE // 10**6} MB: peak RSS of all", got=seen.rss / MIB, unit="MB", reach=300, note=f"PSS {seen.pss / MIB:.0f} MB"),
        Line(name="one mail of 25 MB: longest wait of another", got=max(waits.values()), unit="s", reach=5, note=f"its own {own:.2f} s"),
    ]  # fmt: skip


def start(bench: Bench) -> list[Line]:
    """From nothing to READY, and what people wait for in a shell, with a long past."""
    rig = bench.rig
    rig.fill([])
    config = bench.config(past=True)
    seconds = []
    for _ in range(max(3, bench.rounds)):
        with started(config) as (_, took):
            seconds.append(took)
    lines = [Line(name=f"start to ready, {bench.past_cases} cases", got=_median(seconds), unit="s", reach=2, aim=1)]
    commands = (
        ("cases", ("--config", str(config), "cases")), ("case", ("--config", str(config), "case", f"CASE-{1001 + bench.past_cases // 2}")),
        ("--help", ("--help",)), ("run --help", ("run", "--help")),
    )  # fmt: skip
    for name, arguments in commands:
        took = [run(program(*arguments)) for _ in range(max(5, bench.rounds))]
        lines.append(
            Line(
                name=f"supportd {name}", got=_median([ran.wall for ran in took]), unit="s", reach=0.6, aim=0.3,
                note=f"CPU {_median([ran.cpu for ran in took]):.2f} s",
            )
        )  # fmt: skip
    return lines


def workers(bench: Bench) -> list[Line]:
    """Two apply processes on PostgreSQL over one, everything on these cores."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    box = bench.rig.fresh()
    for position, mail in enumerate(bench.mails(bench.count)):
        (box / f"{position:06d}.eml").write_bytes(mail.octets)
    with postgres_server(bench.rig.fresh()) as server:
        for number in range(bench.rounds):
            for count in rates:
                with fresh_database(server) as url:
                    rates[count].append(_applied(bench, url, box, count))
            bench.say(f"  round {number + 1}: one {rates[1][-1]:.0f}/s, two {rates[2][-1]:.0f}/s")
    return [Line(name="two apply processes on PostgreSQL over one", got=_over(rates[2], rates[1]), reach=1.2, aim=1.5, least=True, note=f"{_median(rates[1]):.0f} and {_median(rates[2]):.0f} mails/s on {os.cpu_count()} cores")]


def _applied(bench: Bench, url: str, box: Path, count: int) -> float:
    """Mails a second that so many workers apply."""
    config = bench.rig.configure(bench.rig.fresh(), url)
    run(program("--config", str(config), "ingest", str(box)))
    with psycopg.connect(url, autocommit=True) as connection, ExitStack() as stack:

        def waiting() -> int:
            row = connection.execute("SELECT count(*) FROM journal WHERE state = 'received'").fetchone()
            return row[0] if row else 0

        whole = waiting()
        for number in range(count):
            folder = bench.rig.fresh()
            shutil.copyfile(config, folder / config.name)
            for secret in ("imap.password", "reply.key"):
                shutil.copy(config.parent / secret, folder / secret)
            stack.enter_context(_worker(folder / config.name, number))
        until(lambda: waiting() < whole, 30)
        begun, left = time.perf_counter(), waiting()
        until(lambda: waiting() == 0, 300)
        return left / (time.perf_counter() - begun)


def _worker(config: Path, number: int) -> ExitStack:
    stack = ExitStack()
    process = subprocess.Popen(
        program("--config", str(config), "run", "--stage", "apply"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return stack


GROUPS: dict[str, Callable[[Bench], list[Line]]] = {
    "pipeline": pipeline, "memory": memory, "growth": growth, "latency": latency, "idle": idle, "large": large, "start": start,
    "workers": workers,
}  # fmt: skip
