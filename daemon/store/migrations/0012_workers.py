"""Which workers live, and which of them reads which mailbox. Only PostgreSQL has rows here: on SQLite one process works at a time."""

from __future__ import annotations

from typing import Any

TABLES = (
    """CREATE TABLE "worker" (
    "owner" BIGINT NOT NULL PRIMARY KEY, "host" TEXT NOT NULL, "process" INTEGER NOT NULL, "stages" TEXT NOT NULL, "key_mark" TEXT NOT NULL,
    "started_at" TIMESTAMP NOT NULL, "lives_until" TIMESTAMP NOT NULL
)""",
    """CREATE TABLE "mailbox_lease" (
    "mailbox" TEXT NOT NULL PRIMARY KEY, "owner" BIGINT, "token" BIGINT NOT NULL, "taken_at" TIMESTAMP NOT NULL, "read_at" TIMESTAMP
)""",
)


def up(migrator: Any, db: Any) -> None:
    """Make the two tables."""
    for table in TABLES:
        db.execute_sql(table)
