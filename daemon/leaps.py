"""Notice a wall clock that is set while the program runs, so that a wrong one calls no promise broken.

Only within one process: the time between two is an outage, and what came due in it is told.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

NOTICED = timedelta(minutes=1)
"""What the wall clock moves more than this against the steady one it was set, not drawn nearer to the right time."""

LEAP = timedelta(hours=1)
"""Further ahead at one look, what is due waits for the next: a clock that is set twice is right the second time."""

DOUBTFUL = timedelta(hours=24)
"""Further ahead altogether, what is due waits for a person."""


def steady_seconds() -> float:
    """Seconds of a clock that nobody sets; where the system knows it, one that counts on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the clocks says. `leapt`: how far the wall clock was set since the look before, if that was over an hour."""

    leapt: timedelta | None
    waits: bool
    """Nothing is looked at now that time alone asks for."""
    doubtful: bool
    """A person is to say that the time is right."""


class Leaps:
    """The wall clock of one process against the steady one; one thread looks, now and then."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None
        self._ahead = timedelta()

    def look(self, wall: datetime, steady: float) -> Look:
        """The time is this, by the one and the other.

        >>> leaps, noon = Leaps(), datetime(2026, 7, 27, 12)
        >>> leaps.look(noon, 0.0).waits, leaps.look(noon + timedelta(hours=3), 20.0).waits
        (False, True)
        >>> leaps.look(noon + timedelta(hours=3, seconds=20), 40.0).waits
        False
        """
        moved = timedelta()
        if self._last is not None:
            moved = (wall - self._last[0]) - timedelta(seconds=steady - self._last[1])
        self._last = wall, steady
        if abs(moved) > NOTICED:
            self._ahead += moved
        doubtful = self._ahead > DOUBTFUL
        return Look(leapt=moved if abs(moved) > LEAP else None, waits=doubtful or moved > LEAP, doubtful=doubtful)
