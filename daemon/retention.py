"""Delete raw mails that are older than the house keeps them: a few at a time, when the mails of the round are done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from daemon import log
from daemon.failpoints import failpoint
from daemon.store import retention
from daemon.store.database import Database
from daemon.store.retention import FIRST

AT_ONCE = 100
"""Mails deleted in one transaction, and one of each queue in a round: new mail waits for no more."""

LOOK_AGAIN = timedelta(hours=1)
"""After a look at all there is; nothing is kept for less than a day."""

QUEUES = (("count", retention.old_mails, retention.delete_mails), ("outgoing", retention.old_outgoing, retention.delete_outgoing))
"""By the word of the log: how the old mails are found, and deleted."""


class Retention:
    """Remembers how far it has looked: what must stay, as its case is open, is not looked at again at each round."""

    def __init__(self, span: timedelta | None) -> None:
        self._span = span
        self._after = dict.fromkeys((word for word, _, _ in QUEUES), FIRST)
        self._looked_at: datetime | None = None

    def delete_old(self, database: Database, now: datetime, stopping: Callable[[], bool]) -> None:
        """Delete some of what is too old, if it is time to look. Raises Temporary."""
        if self._span is None or (self._looked_at is not None and timedelta(0) <= now - self._looked_at < LOOK_AGAIN):
            return
        gone: dict[str, int] = {}
        for word, find, delete in QUEUES:
            gone[word] = 0
            while not gone[word] and not stopping():
                with database.reading():
                    found = find(database, now - self._span, self._after[word], AT_ONCE)
                if found:
                    with database.transaction():
                        numbers = [place.number for place in found]
                        gone[word] = delete(database, numbers, now - self._span, now, self._span.days)
                        failpoint("before_raw_deleted")
                    failpoint("after_raw_deleted")
                whole = len(found) < AT_ONCE
                self._after[word] = FIRST if whole else found[-1]
                if whole:
                    break
        if any(gone.values()):
            log.event("raw-deleted", **gone)
        if all(place == FIRST for place in self._after.values()):
            self._looked_at = now
