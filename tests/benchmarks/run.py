"""Measure the whole program beside a floor of its own, on this machine, and print one table: `python tests/benchmarks/run.py`.

Needs the Debian package dovecot-imapd. Figures of different runs are not comparable; ratios within one run are.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.benchmarks.bench import Bench, Line
from tests.benchmarks.monsters import monsters
from tests.benchmarks.rig import rig
from tests.benchmarks.throughput import growth, memory, pipeline, workers
from tests.benchmarks.waiting import idle, large, latency, start

GROUPS: dict[str, Callable[[Bench], list[Line]]] = {
    "pipeline": pipeline, "memory": memory, "growth": growth, "latency": latency, "idle": idle, "large": large, "start": start,
    "workers": workers, "monsters": monsters,
}  # fmt: skip


def table(lines: Sequence[Line]) -> str:
    """The lines under a head, as text."""

    def bound(line: Line, value: float | None) -> str:
        return "" if value is None else f"{'≥' if line.least else '≤'} {value:.4g}"

    def verdict(line: Line) -> str:
        if line.reach is None:
            return ""
        return "aim" if line.meets(line.aim) else "reached" if line.meets(line.reach) else "MISSED"

    rows = [("goal", "got", "reach", "aim", "", "")]
    rows += [
        (line.name, f"{line.got:.3g} {line.unit}".strip(), bound(line, line.reach), bound(line, line.aim), verdict(line), line.note)
        for line in lines
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip() for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen groups; 0 when everything judged is reached."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mails", type=int, default=2000)
    options.add_argument("--many", type=int, default=10_000, help="mails of the long round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seed", type=int, default=11)
    options.add_argument("--cases", type=int, default=100_000, help="cases of the long past")
    options.add_argument("--idle-seconds", type=float, default=60)
    options.add_argument("--only", default=",".join(GROUPS), help=f"of {', '.join(GROUPS)}")
    given = options.parse_args(arguments)
    chosen = given.only.split(",")
    if unknown := set(chosen) - set(GROUPS):
        options.error(f"no such group: {', '.join(sorted(unknown))}")
    folder = Path(tempfile.mkdtemp(prefix="sb-"))
    folder.chmod(0o755)
    lines: list[Line] = []
    try:
        with rig(folder) as servers:
            bench = Bench(
                servers, count=given.mails, rounds=given.rounds, seed=given.seed, past_cases=given.cases, many=given.many,
                idle_seconds=given.idle_seconds,
            )  # fmt: skip
            for name in chosen:
                begun = time.monotonic()
                print(f"{name}: {GROUPS[name].__doc__}", flush=True)
                lines += GROUPS[name](bench)
                print(f"  {time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{given.mails} mails, seed {given.seed}, {given.rounds} round(s), Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    print(table(lines))
    return 0 if all(line.reach is None or line.meets(line.reach) for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
