"""Senders whose mails are held because they opened too many cases, and the index by which their cases are counted."""

from __future__ import annotations

from typing import Any

TABLE = """CREATE TABLE "held_sender" (
    "id" {key} PRIMARY KEY, "sender" TEXT NOT NULL, "day" DATE NOT NULL, "held" INTEGER NOT NULL, "told" INTEGER NOT NULL,
    "case_id" INTEGER REFERENCES "support_case" ("id")
)"""


def up(migrator: Any, db: Any) -> None:
    """Make the table and the index."""
    sqlite = type(db).__name__ == "SqliteDatabase"
    db.execute_sql(TABLE.format(key="INTEGER NOT NULL" if sqlite else "SERIAL NOT NULL"))
    db.execute_sql('CREATE UNIQUE INDEX "heldsender_sender_day" ON "held_sender" ("sender", "day")')
    db.execute_sql('CREATE INDEX "heldsender_case_id" ON "held_sender" ("case_id")')
    db.execute_sql('CREATE INDEX "case_contact_address_created_at" ON "support_case" ("contact_address", "created_at")')
