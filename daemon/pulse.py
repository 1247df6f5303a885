"""How the stages do: what each is at, since when, and how long it may take before it counts as hung.

A stage that waits for a server, with a time-out, or sleeps in good order is not hung: before it waits it says how long. Only one
that is silent beyond what it said is, and a thread that came to a deadlock is always.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

WORK_SECONDS = 120.0
"""How long a stage may be at work without finishing anything: a few mails, or a database that is slow to answer."""

ASKED_SECONDS = 60.0
"""`hung` is asked more often than that. When it was not, the whole process had stood still (SIGSTOP, a frozen host), and no stage hangs."""

FAILURES, NEAR_SECONDS = 3, 120.0
"""A stage fails again and again when it did so this often, each time no longer than that after the last: longer than any pause between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The last sign of life of a stage. Times are seconds of the monotonic clock."""

    at: float
    within: float
    doing: str

    def silent(self, now: float) -> float:
        """Seconds since."""
        return now - self.at

    def is_hung(self, now: float) -> bool:
        """Whether it has been silent for longer than it said."""
        return self.silent(now) > self.within


class Pulse:
    """The beats of every stage of this process. Any thread may ask and tell."""

    def __init__(self) -> None:
        self._beats: dict[str, Beat] = {}
        self._failures: dict[str, tuple[int, float, str]] = {}
        self._asked_at: float | None = None

    def beat(self, name: str | None = None, doing: str = "at work", waits: float = 0.0) -> None:
        """The stage (unless named: the one whose thread calls) is alive, and may be silent for `waits` seconds beyond its work."""
        name = name or threading.current_thread().name
        self._beats[name] = Beat(at=time.monotonic(), within=waits + WORK_SECONDS, doing=doing)

    def end(self, name: str) -> None:
        """The stage has ended in good order."""
        self._beats.pop(name, None)

    def beats(self) -> dict[str, Beat]:
        """The last beat of each stage, by its name."""
        return dict(self._beats)

    def hung(self) -> dict[str, Beat]:
        """The stages that are silent beyond what they said. Asked again and again: see ASKED_SECONDS."""
        now = time.monotonic()
        before, self._asked_at = self._asked_at, now
        if before is not None and now - before > ASKED_SECONDS:
            # no stage could say anything either
            self._beats = {name: replace(beat, at=min(now, beat.at + now - before)) for name, beat in self.beats().items()}
        return {name: beat for name, beat in self.beats().items() if beat.is_hung(now)}

    def failed(self, name: str, error: str) -> None:
        """The stage ended in an unexpected error and is started again."""
        now = time.monotonic()
        count, at, _ = self._failures.get(name, (0, now, ""))
        self._failures[name] = (count + 1 if now - at <= NEAR_SECONDS else 1, now, error)
        self.beat(name, f"failed with {error}, is started again")

    def failing(self) -> dict[str, str]:
        """The stages that fail again and again, with their last error: nothing hangs, and yet nothing is done."""
        now = time.monotonic()
        return {name: error for name, (count, at, error) in self._failures.items() if count >= FAILURES and now - at <= NEAR_SECONDS}
