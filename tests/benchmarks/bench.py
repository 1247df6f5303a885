"""A line of the table, and the bench: the workload put through the floor and through the program."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.directory import write_directory
from tests.benchmarks.past import write_past
from tests.benchmarks.rig import Ran, Rig, program, run
from tests.benchmarks.workload import Mail, mails, people

PAST_CASES = 100_000
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


def per_mail(ran: Ran, count: int) -> float:
    """Milliseconds of CPU a mail."""
    return 1000 * ran.cpu / count


def median(values: Iterable[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def over(measured: Iterable[float], base: Iterable[float]) -> float:
    """The median of the rounds' ratios: noise that lasts a whole round falls out."""
    return median([one / other for one, other in zip(measured, base, strict=True)])


def share(values: Sequence[float], percent: int) -> float:
    """The percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]
