"""What this user may not do with a database, or what of its URL is wrong: it stays so until a person mends it.

Each is told with the place and the cure, as a `Denied`. What a server says is looked for in English; of another language nothing is known.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daemon.errors import Denied

COMPANIONS = ("", "-wal", "-shm", ".lock")
"""What SQLite, and `Database.hold`, write beside the file of a database."""

INSUFFICIENT_PRIVILEGE = "42501"
"""The SQLSTATE of a statement that the role may not make."""

RUINED = ("file is not a database", "malformed", "file is encrypted")
"""What SQLite says of a file that it can't read."""

OPTIONS = "mend what stands behind the ? of database.url: it takes the keys of libpq"

REFUSALS = (
    (re.compile(r'database ".*" does not exist'), "make it there (createdb -O ROLE NAME), or mend its name in database.url"),
    (re.compile(r'role ".*" (?:does not exist|is not permitted to log in)'), "make the role there, or name another user in database.url"),
    (re.compile(r"password authentication failed|no password supplied"), "see database.password"),
    (re.compile(r"no pg_hba\.conf entry|authentication failed for user"), "let this user in from this host, by the server's pg_hba.conf"),
    (re.compile(r"permission denied for database"), "GRANT CONNECT ON DATABASE to this user there"),
    (re.compile(r"does not support SSL"), "switch TLS on there, or write another sslmode behind database.url"),
    (re.compile(r"root certificate file|certificate verify failed|server certificate for"), "see sslmode and sslrootcert in database.url"),
    (re.compile(r"invalid (?:URI query parameter|connection option|\w+ value)|bad value for|unrecognized configuration"), OPTIONS),
)
"""What a server, or libpq, says of a login that will never be taken as it is, and the cure."""

NEEDED = "SELECT", "INSERT", "UPDATE", "DELETE"
"""What a program does with its tables."""

_LACKING = f"""
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
AND relname = ANY(%s) AND NOT ({" AND ".join(f"has_table_privilege(oid, '{right}')" for right in NEEDED)}) ORDER BY relname
"""  # noqa: S608 - the words are ours


def user_name() -> str:
    """Who this process works as."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def is_there(path: Path) -> bool:
    """Whether there is such a file. Raises Denied when this user may not look."""
    try:
        return path.exists()
    except PermissionError:
        raise _may_not(f"look into {path.parent}") from None


def denied_by_files(path: Path) -> Denied | None:
    """What keeps this user from working with this SQLite file; None: nothing is known. The folder is there."""
    if not _may(path.parent, os.X_OK):
        return _may_not(f"look into {path.parent}")
    for file in (path.with_name(path.name + end) for end in COMPANIONS):
        if file.is_dir():
            return Denied(f"database.url: {file} is a folder", "name a file")
        if file.exists() and not _may(file, os.R_OK):
            return _may_not(f"read {file}")
        if file.exists() and not _may(file, os.W_OK):
            return _may_not(f"write {file}")
    # its log is made there whenever somebody opens it
    return None if _may(path.parent, os.W_OK) else _may_not(f"write into {path.parent}")


def denied_by_ruin(path: Path, said: str) -> Denied | None:
    """What SQLite says of a file that is none of its own, or is damaged."""
    if not any(word in said for word in RUINED):
        return None
    return Denied(f"{path}: {said}", "it is damaged, or no database: put back a backup (`supportd restore FILE`), or mend database.url")


def denied_by_server(said: str, shown_url: str) -> Denied | None:
    """What a PostgreSQL server, or libpq, says of a login that will never be taken."""
    cure = next((cure for pattern, cure in REFUSALS if pattern.search(said)), None)
    return Denied(f"database {shown_url}: {said}", cure) if cure is not None else None


def denied_statement(said: str, shown_url: str) -> Denied:
    """What PostgreSQL says of something the role may not do there."""
    of_schema = re.search(r"for (schema \S+)", said)
    rights = f"USAGE, CREATE ON {of_schema[1]}" if of_schema else f"{', '.join(NEEDED)} ON ALL TABLES, and USAGE ON ALL SEQUENCES"
    return Denied(f"database {shown_url}: {said}", f"GRANT {rights} to this user there, or let it own the database and its tables")


def no_writes(peewee: Any, shown_url: str) -> Denied | None:
    """Why a PostgreSQL server takes no writes of anybody; None: it takes them. Inside a reading."""
    if peewee.execute_sql("SHOW transaction_read_only").fetchone()[0] == "off":
        return None
    cure = "is it a standby, or is default_transaction_read_only on, there or for this user?"
    return Denied(f"database {shown_url}: it takes no writes (transaction_read_only is on)", cure)


def lacking(peewee: Any, shown_url: str, tables: Sequence[str]) -> Denied | None:
    """Which of these tables this user may not read and write on PostgreSQL; None: it may. Inside a reading."""
    found = [row[0] for row in peewee.execute_sql(_LACKING, (list(tables),)).fetchall()]
    if not found:
        return None
    some = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return denied_statement(f"this user may not read and write {some}", shown_url)


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def _may_not(what: str) -> Denied:
    return Denied(f"database: user {user_name()} may not {what}", f"work as the daemon's user, or give {user_name()} the right")
