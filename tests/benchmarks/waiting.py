"""What somebody waits for: an answer, a start, a command; and what a daemon costs to which nothing happens."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from imapclient import IMAPClient

from tests.benchmarks.bench import MIB, Bench, Line, median, share
from tests.benchmarks.past import FIRST_CASE
from tests.benchmarks.rig import cpu_seconds, program, run, started, tree, until, watched
from tests.benchmarks.workload import Mail, large_mail, mails

LARGE = 25 * 1000 * 1000
"""Octets of the large mail: just below the limit of 25 MiB."""
SETTLED_SECONDS = 6.0
"""After that a started daemon has nothing left to do."""
GAP_SECONDS = (0.6, 0.9)
"""Between two mails: longer than Dovecot waits before it tells, so that each has a word of its own."""


def latency(bench: Bench) -> list[Line]:
    """From the arrival, and from the server's word of it, to the answer at the sink; a bare IDLE loop beside it."""
    box = tickets(bench.latency_mails, bench.seed + 1)
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
        Line(name="server's word to answer, p50", got=share(word, 50), unit="ms"),
        Line(name="server's word to answer, p95", got=share(word, 95), unit="ms", reach=50, aim=20, note=f"{len(word)} mails"),
        Line(name="arrival to answer, p50", got=share(arrival, 50), unit="ms", note=f"bare IDLE loop {share(bare, 50):.0f} ms"),
        Line(
            name="arrival to answer, p95", got=share(arrival, 95), unit="ms", reach=share(bare, 95) + 50, aim=200,
            note=f"bare IDLE loop {share(bare, 95):.0f} ms; reach is 50 ms more",
        ),
    ]  # fmt: skip


def tickets(count: int, seed: int) -> list[Mail]:
    """Mails of people that are answered."""
    return [mail for mail in mails(count * 3, seed, datetime.now(UTC)) if mail.kind == "ticket"][:count]


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
            time.sleep(chance.uniform(*GAP_SECONDS))
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
        time.sleep(SETTLED_SECONDS)
        before, begun = cpu_seconds(process.pid), time.monotonic()
        time.sleep(bench.idle_seconds)
        used = (cpu_seconds(process.pid) - before) / (time.monotonic() - begun)
        processes = len(tree(process.pid))
    note = f"{bench.idle_seconds:.0f} s, {processes} process(es)"
    return [Line(name="idle, share of one core", got=100 * used, unit="%", reach=0.2, aim=0.05, note=note)]


def large(bench: Bench) -> list[Line]:
    """One large mail among small ones, in a running daemon."""
    rig = bench.rig
    rig.fill([])
    box = tickets(20, bench.seed + 2)
    big = large_mail(bench.seed, LARGE, datetime.now(UTC))
    config = rig.configure(rig.fresh())
    arrived = {}
    with started(config) as (process, _), watched(process.pid) as seen:
        time.sleep(1)
        with IMAPClient("127.0.0.1", port=rig.dovecot.port, ssl=False) as client:
            client.login(rig.dovecot.user, rig.dovecot.password)
            for mail in [*box[:5], big, *box[5:]]:
                client.append("INBOX", mail.octets)
                arrived[mail.message_id] = time.time()
        until(lambda: len(rig.sink.mails()) > len(box), 60)
    waits = {parent: moment - arrived[parent] for moment, parent, _ in rig.sink.mails() if parent in arrived}
    own = waits.pop(big.message_id)
    name = f"one mail of {LARGE // 10**6} MB"
    return [
        Line(name=f"{name}: peak RSS of all", got=seen.rss / MIB, unit="MB", reach=300, note=f"PSS {seen.pss / MIB:.0f} MB"),
        Line(name=f"{name}: longest wait of another", got=max(waits.values()), unit="s", reach=5, note=f"its own {own:.2f} s"),
    ]


def start(bench: Bench) -> list[Line]:
    """From nothing to READY, and what people wait for in a shell, with a long past."""
    bench.rig.fill([])
    config = bench.config(past=True)
    seconds = []
    for _ in range(max(3, bench.rounds)):
        with started(config) as (_, took):
            seconds.append(took)
    lines = [Line(name=f"start to ready, {bench.past_cases} cases", got=median(seconds), unit="s", reach=2, aim=1)]
    for arguments in (("cases",), ("case", f"CASE-{FIRST_CASE + bench.past_cases // 2}"), ("--help",), ("run", "--help")):
        runs = [run(program("--config", str(config), *arguments)) for _ in range(max(5, bench.rounds))]
        lines.append(
            Line(
                name=f"supportd {' '.join(arguments)}", got=median(ran.wall for ran in runs), unit="s", reach=0.6, aim=0.3,
                note=f"CPU {median(ran.cpu for ran in runs):.2f} s",
            )
        )  # fmt: skip
    return lines
