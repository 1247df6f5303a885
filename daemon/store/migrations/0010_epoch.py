"""What this database is told apart by from an older copy of itself; and numbers that never come again are counted on SQLite, too.

SQLite gives the number of a deleted last row again, and can't be told to skip ahead, unless the table counts (AUTOINCREMENT).
That word changes nothing of what is stored, so it is written into the schema, as https://sqlite.org/lang_altertable.html#otheralter
says of such changes.
"""

from __future__ import annotations

import secrets
from typing import Any

COUNTED = ("cs_ticket", "contact", "journal", "outbox", "pending_question", "sla_clock", "digest")


def up(migrator: Any, db: Any) -> None:
    """Make the table with its one row."""
    db.execute_sql("""CREATE TABLE "installation" (
    "id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "epoch" BIGINT NOT NULL, "held" BOOLEAN NOT NULL, "restored_at" TIMESTAMP,
    "backup_at" TIMESTAMP, "copied_at" TIMESTAMP, "looked_through" TEXT NOT NULL
)""")
    db.execute_sql(
        f'INSERT INTO "installation" ("id", "name", "epoch", "held", "looked_through") VALUES (1, {db.param}, 0, {db.param}, \'[]\')',
        (secrets.token_hex(16), False),
    )
    if type(db).__name__ == "SqliteDatabase":
        _count(db)


def _count(db: Any) -> None:
    names = ", ".join(f"'{name}'" for name in COUNTED)
    version = db.execute_sql("PRAGMA schema_version").fetchone()[0]
    db.execute_sql("PRAGMA writable_schema = ON")
    db.execute_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, '\"id\" INTEGER NOT NULL PRIMARY KEY', "
        f"'\"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT') WHERE type = 'table' AND name IN ({names})"
    )
    db.execute_sql(f"PRAGMA schema_version = {version + 1}")
    db.execute_sql("PRAGMA writable_schema = OFF")
    for name in COUNTED:
        db.execute_sql(f"INSERT INTO sqlite_sequence (name, seq) SELECT '{name}', coalesce(max(id), 0) FROM \"{name}\"")
