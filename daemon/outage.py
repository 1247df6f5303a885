"""What the log tells of a database that is away: each stage once, then one line a minute, and that it is back.

Every stage finds it out by itself, again and again; told each time, one outage would bury what else the log has to say.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from daemon import log
from daemon.errors import DatabaseAway

AGAIN_SECONDS = 60.0
"""How often an outage that lasts is told."""


class Outage:
    """The stages that the database does not answer. Any thread may tell; unless named, a stage is the thread that calls."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stages: set[str] = set()
        self._began = self._told = 0.0
        self._turn = threading.Lock()

    def away(self, error: DatabaseAway, stage: str | None = None) -> None:
        """This stage waits for the database."""
        stage = stage or threading.current_thread().name
        with self._turn:
            now = self._clock()
            if not self._stages:
                self._began = now
            elif stage in self._stages and now - self._told < AGAIN_SECONDS:
                return
            self._stages.add(stage)
            self._told = now
            log.event("database-away", stage=stage, detail=str(error), seconds=round(now - self._began))

    def answers(self, stage: str | None = None) -> None:
        """The database does what this stage asks; once it does for all that waited, it is back."""
        if not self._stages:
            return
        with self._turn:
            before = bool(self._stages)
            self._stages.discard(stage or threading.current_thread().name)
            if before and not self._stages:
                log.event("database-back", seconds=round(self._clock() - self._began))

    def end(self, stage: str | None = None) -> None:
        """This stage asks no more."""
        with self._turn:
            self._stages.discard(stage or threading.current_thread().name)
