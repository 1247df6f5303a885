"""Which steps of the schema a database has taken, which this program knows, and who else works on it: no program works on another's tables.

Every function runs on an open connection of the caller.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daemon.errors import ConfigError, Outdated

MIGRATIONS = Path(__file__).with_name("migrations")

KNOWN = frozenset(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
"""The steps of this program. Looked up once: an upgrade may lay new files under a program that runs."""

RENAMED = {"0008_loops": "0011_loops"}
"""Steps that an early program took by another name, and what they are called since."""

LOCK_MIGRATION = 7_305_001
"""Key of the PostgreSQL advisory lock for migrating. Who migrates has it alone; who takes work shares it for that moment."""

_STEPS = "SELECT name FROM schema_migration"

_RENAME = "UPDATE schema_migration SET name = ? WHERE name = ?"

_STEPS_THAT_STAY = f"SELECT pg_advisory_xact_lock_shared({LOCK_MIGRATION}); {_STEPS}"
"""Two statements in one round trip: the second sees what was there when the first had waited for whoever migrates."""

OTHER_WORKERS = """
SELECT ((classid::bigint << 32) | objid::bigint), pg_locks.pid, coalesce(host(client_addr), 'the host of the database')
FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database LEFT JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pg_database.datname = current_database()
AND pg_locks.pid <> pg_backend_pid() AND ((classid::bigint << 32) | objid::bigint) NOT IN (%s, %s)
"""
"""Other sessions that hold the lock of a worker (see `Database.hold`): a key of 64 bits is shown in two halves."""


def steps_taken(peewee: Any) -> set[str]:
    """Those of the database; none of one that has no table of ours."""
    if not peewee.table_exists("schema_migration"):
        return set()
    return {RENAMED.get(row[0], row[0]) for row in peewee.execute_sql(_STEPS).fetchall()}


def rename(peewee: Any) -> None:
    """Let steps that were taken by a former name go by today's. Inside the transaction that migrates."""
    if peewee.table_exists("schema_migration"):
        for former, name in RENAMED.items():
            peewee.execute_sql(_RENAME.replace("?", peewee.param), (name, former))


TAKEN_ALREADY = (
    "a step of its schema that does not count as taken was taken: somebody changed `schema_migration`; "
    "`supportd audit` names the step; put its row back, or a backup"
)


def was_taken(error: Exception) -> bool:
    """Whether what a step makes is there already."""
    said = str(error).lower()
    return "already exists" in said or "duplicate column" in said


def refuse_newer(taken: set[str], shown_url: str) -> None:
    """Raises ConfigError when the database was made by a newer program: an older one must not touch it."""
    if unknown := taken - KNOWN:
        steps = ", ".join(sorted(unknown))
        problem = (
            f"database {shown_url}: its schema is newer than this program (unknown step {steps}); "
            "install the newer supportd, or `supportd restore` the backup made before the upgrade"
        )
        raise ConfigError((problem,))


def refuse_moved(peewee: Any, shown_url: str, *, stay: bool = False) -> None:
    """Raises Outdated when the steps are no longer those of this program, which had brought the database to its own version.

    `stay`, on PostgreSQL: who migrates is waited for, and nobody does before the end of the transaction.
    """
    found = peewee.execute_sql(_STEPS_THAT_STAY if stay else _STEPS)
    if stay:
        found.nextset()
    taken = {row[0] for row in found.fetchall()}
    if taken != KNOWN:
        how = f"newer (unknown step {', '.join(sorted(taken - KNOWN))})" if taken - KNOWN else "older"
        problem = (
            f"database {shown_url}: its schema was changed while this program ran, and is {how} now; it takes no more work. "
            "Install the same version of supportd on every host, then start it again"
        )
        raise Outdated((problem,))


def others_at_work(peewee: Any, owner: int) -> list[str]:
    """The workers on PostgreSQL whose session lives, but for this one: process and host, as people know them."""
    found = {
        int(row[0]): f"session {row[1]} from {row[2]}" for row in peewee.execute_sql(OTHER_WORKERS, (LOCK_MIGRATION, owner)).fetchall()
    }
    if found and peewee.table_exists("worker"):
        for other, host, process in peewee.execute_sql("SELECT owner, host, process FROM worker").fetchall():
            if other in found:
                found[other] = f"process {process} on {host}"
    return sorted(found.values())
