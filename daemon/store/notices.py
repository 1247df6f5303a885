"""What workers on PostgreSQL tell each other (LISTEN, NOTIFY), so that nobody waits for the next look.

A word may be lost, with its line or with its hearer; so whoever waits for one looks by himself now and then, too.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import peewee as pw

from daemon.errors import DatabaseAway
from daemon.store.database import CHANNEL, Database
from daemon.store.failing import first_line

Hear = Callable[[int, float], list[str]]
"""(a pipe that ends the waiting, read empty here; seconds at most) -> topics that other workers told since."""


@contextmanager
def listen(database: Database) -> Iterator[Hear]:
    """Hear what other workers tell, on a connection of its own. Raises Temporary when the line breaks."""
    line = database.another_line()
    try:
        with _trouble():
            line.execute_sql(f"LISTEN {CHANNEL}")
        connection: Any = line.connection()

        def hear(wake: int, seconds: float) -> list[str]:
            ready, _, _ = select.select([connection.fileno(), wake], [], [], seconds)
            if wake in ready:
                os.read(wake, 4096)
            with _trouble():
                with pw.__exception_wrapper__:  # type: ignore[attr-defined] # peewee's own errors, as for any statement
                    said = [notice.payload for notice in connection.notifies(timeout=0)]
                if not said:
                    # a line that is dead says so only when it is asked
                    line.execute_sql("SELECT 1")
            words = [text.split(" ") for text in said]
            return sorted({word[0] for word in words if len(word) == 2 and word[1] != str(database.owner)})

        yield hear
    finally:
        with suppress(pw.DatabaseError):
            line.close()


@contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except (pw.DatabaseError, pw.InterfaceError) as error:
        raise DatabaseAway(f"the database does not speak to us: {first_line(error)}") from error
