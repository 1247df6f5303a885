"""The index that accounts are looked up by. The program fills it when all steps are taken.

Ranges are asked of its texts, so PostgreSQL is told to compare them octet by octet, as SQLite does.
"""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE TABLE "account_key" (
    "kind" TEXT NOT NULL, "value" TEXT {octets} NOT NULL, "organization_id" INTEGER NOT NULL,
    PRIMARY KEY ("kind", "value", "organization_id")
){rowid}""",
    """CREATE INDEX "account_key_organization_id" ON "account_key" ("organization_id")""",
    """CREATE TABLE "website_tail" (
    "tail" TEXT {octets} NOT NULL, "organization_id" INTEGER NOT NULL, PRIMARY KEY ("tail", "organization_id")
){rowid}""",
)


def up(migrator: Any, db: Any) -> None:
    """Make the tables."""
    sqlite = type(db).__name__ == "SqliteDatabase"
    for statement in STATEMENTS:
        octets, rowid = ("", " WITHOUT ROWID") if sqlite else ('COLLATE "C"', "")
        db.execute_sql(statement.replace("{octets}", octets).replace("{rowid}", rowid))
