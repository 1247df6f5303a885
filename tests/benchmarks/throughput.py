"""How much CPU, time and memory a mail costs, with no past and with a long one, and what a second worker brings."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.benchmarks.bench import MIB, Bench, Line, median, over, per_mail
from tests.benchmarks.rig import environment, program, run, until, watched
from tests.servers.postgres import fresh_database, postgres_server

FLOOR_RATE, PEER_RATE, PEER_RATE_PAST = 268, 46, 21
"""Mails a second of the floor and of django-helpdesk (empty, with a long past) where they were measured together."""


def pipeline(bench: Bench) -> list[Line]:
    """CPU and speed over the floor."""
    count = bench.count
    floors, plain, staffed = [], [], []
    taken = mailed = 0
    for number in range(bench.rounds):
        floors.append(bench.floor(count))
        plain.append(bench.program(count))
        taken = len(bench.rig.sink.mails())
        staffed.append(bench.program(count, directory=True))
        mailed = len(bench.rig.sink.mails())
        bench.say(
            f"  round {number + 1}: floor {per_mail(floors[-1], count):.2f} ms, {count / floors[-1].wall:.0f}/s; supportd "
            f"{per_mail(plain[-1], count):.2f} ms, {count / plain[-1].wall:.0f}/s; with a directory {per_mail(staffed[-1], count):.2f} ms"
        )
    cpu, more, floor = ([per_mail(ran, count) for ran in runs] for runs in (plain, staffed, floors))
    speed, floor_speed = ([count / ran.wall for ran in runs] for runs in (plain, floors))
    return [
        Line(
            name="CPU per mail over the floor", got=over(cpu, floor), reach=1.5, aim=1.0,
            note=f"{median(cpu):.2f} / {median(floor):.2f} ms; {taken} mails sent",
        ),
        Line(
            name="CPU per mail over the floor, with a directory", got=over(more, floor), reach=1.5, aim=1.0,
            note=f"{median(more):.2f} ms; {mailed} mails sent",
        ),
        Line(
            name="mails/s over the floor", got=over(speed, floor_speed), reach=4 * PEER_RATE / FLOOR_RATE, aim=6 * PEER_RATE / FLOOR_RATE,
            least=True, note=f"{median(speed):.0f} / {median(floor_speed):.0f}; bounds by way of the peer's rate over the floor's",
        ),
    ]  # fmt: skip


def memory(bench: Bench) -> list[Line]:
    """The memory of all processes together while many mails are worked through."""
    lines = []
    for count, judged in ((bench.count, False), (bench.many, True)):
        config = bench.config()
        bench.rig.fill(bench.mails(count))
        process = subprocess.Popen(
            program("--config", str(config), "run", "--once"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
        )
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
    count, many, past_cases = bench.count, bench.many, bench.past_cases
    floors, empty, past, short, long, nothing = [], [], [], [], [], []
    for number in range(bench.rounds):
        floors.append(bench.floor(count))
        empty.append(bench.program(count))
        past.append(bench.program(count, past=True))
        short.append(bench.program(200))
        nothing.append(bench.program(0))
        long.append(bench.program(many))
        bench.say(
            f"  round {number + 1}: {per_mail(empty[-1], count):.2f} ms, with a past {per_mail(past[-1], count):.2f} ms, "
            f"{many} at once {per_mail(long[-1], many):.2f} ms"
        )
    start, few, much = (median(ran.cpu for ran in runs) for runs in (nothing, short, long))
    return [
        Line(
            name=f"CPU per mail with {past_cases} cases over none", got=over([ran.cpu for ran in past], [ran.cpu for ran in empty]),
            reach=1.2, aim=1.05,
        ),
        Line(
            name=f"mails/s with {past_cases} cases over the floor", got=over([ran.wall for ran in floors], [ran.wall for ran in past]),
            reach=9 * PEER_RATE_PAST / FLOOR_RATE, aim=12 * PEER_RATE_PAST / FLOOR_RATE, least=True,
        ),
        Line(
            name=f"CPU per mail, {many} over 200 in one round", got=(much / many) / (few / 200), reach=1.1, aim=1.0,
            note=f"{1000 * much / many:.2f} / {1000 * few / 200:.2f} ms",
        ),
        Line(
            name="the same without the start", got=((much - start) / many) / ((few - start) / 200),
            note=f"a round of no mails: {1000 * start:.0f} ms",
        ),
    ]  # fmt: skip


def workers(bench: Bench) -> list[Line]:
    """Two apply processes on PostgreSQL over one, everything on these cores."""
    one, two = [], []
    box = bench.rig.fresh()
    for position, mail in enumerate(bench.mails(bench.count)):
        (box / f"{position:06d}.eml").write_bytes(mail.octets)
    with postgres_server(bench.rig.fresh()) as server:
        for number in range(bench.rounds):
            for count, rates in ((1, one), (2, two)):
                with fresh_database(server) as url:
                    rates.append(_applied(bench, url, box, count))
            bench.say(f"  round {number + 1}: one {one[-1]:.0f}/s, two {two[-1]:.0f}/s")
    return [
        Line(
            name="two apply processes on PostgreSQL over one", got=over(two, one), reach=1.2, aim=1.5, least=True,
            note=f"{median(one):.0f} and {median(two):.0f} mails/s on {os.cpu_count()} cores",
        )
    ]  # fmt: skip


def _applied(bench: Bench, url: str, box: Path, count: int) -> float:
    """Mails a second that so many workers apply together."""
    config = bench.rig.configure(bench.rig.fresh(), url)
    run(program("--config", str(config), "ingest", str(box)))
    with psycopg.connect(url, autocommit=True) as connection, ExitStack() as stack:

        def waiting() -> int:
            row = connection.execute("SELECT count(*) FROM journal WHERE state = 'received'").fetchone()
            return row[0] if row else 0

        whole = waiting()
        for _ in range(count):
            folder = bench.rig.fresh()
            for name in ("supportd.toml", "imap.password", "reply.key"):
                shutil.copy(config.parent / name, folder / name)
            process = subprocess.Popen(
                program("--config", str(folder / config.name), "run", "--stage", "apply"), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env=environment(),
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.terminate)
        until(lambda: waiting() < whole, 30)
        begun, left = time.perf_counter(), waiting()
        until(lambda: waiting() == 0, 300)
        return left / (time.perf_counter() - begun)
