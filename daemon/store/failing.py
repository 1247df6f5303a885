"""What an error of a database means: whether the database is its cause, and what it says."""

from __future__ import annotations

import peewee as pw

from daemon.errors import DatabaseAway, TooSlow
from daemon.store.rights import INSUFFICIENT_PRIVILEGE


def is_the_servers(error: pw.PeeweeException) -> bool:
    """Whether the database is the cause (away, full, locked, read-only, closed to this user, in ruins), not what was asked of it."""
    if sqlstate_of(error) == INSUFFICIENT_PRIVILEGE:
        return True
    return isinstance(error, (pw.OperationalError, pw.InternalError, pw.InterfaceError)) or type(error) is pw.DatabaseError


def origin(error: BaseException) -> BaseException:
    """The error that a failed rollback hides: SQLite with a full disk has rolled back already, and a line that broke can't say so."""
    while error.__context__ is not None and is_of_a_driver(error.__context__):
        error = error.__context__
    return error


def is_of_a_driver(error: BaseException) -> bool:
    """Whether the database, or what speaks with it, raised this."""
    return type(error).__module__.partition(".")[0] in ("peewee", "sqlite3", "psycopg")


def is_full(said: str) -> bool:
    """Whether SQLite means a disk that takes nothing more; it says `disk I/O error` of a write-ahead log that can't grow."""
    return "is full" in said or "disk I/O error" in said


def is_undecodable(error: BaseException) -> bool:
    """Whether SQLite met text whose octets are no UTF-8: somebody put it there, no program of Python can."""
    return "decode to UTF-8" in str(error)


def first_line(error: BaseException) -> str:
    """What an error says, without what a server adds to it."""
    return str(error).strip().split("\n", 1)[0]


QUERY_CANCELED = "57014"
"""The SQLSTATE of a statement that was ended by `statement_timeout`."""


def named(error: BaseException) -> type[DatabaseAway]:
    """The error it is for others: a statement that took longer than it may, or a database that is away, locked or full."""
    return TooSlow if sqlstate_of(error) == QUERY_CANCELED else DatabaseAway


def sqlstate_of(error: BaseException) -> str | None:
    """The code by which PostgreSQL names an error; None: it gave none."""
    causes = (error, error.__cause__, error.__context__, *error.args)
    return next((state for cause in causes if (state := getattr(cause, "sqlstate", None)) is not None), None)
