"""What every transaction left, so that a change behind the program's back is found. The program seals all rows when the steps are taken."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Make the tables, empty."""
    key = "INTEGER NOT NULL PRIMARY KEY" if type(db).__name__ == "SqliteDatabase" else "SERIAL NOT NULL PRIMARY KEY"
    db.execute_sql(
        f'CREATE TABLE "seal" ("id" {key}, "hand" BIGINT NOT NULL, "number" INTEGER NOT NULL, "entries" TEXT NOT NULL, '
        '"hash" TEXT NOT NULL)'
    )
    db.execute_sql('CREATE UNIQUE INDEX "seal_hand_number" ON "seal" ("hand", "number")')
    db.execute_sql('CREATE TABLE "seal_head" ("hand" BIGINT NOT NULL PRIMARY KEY, "length" INTEGER NOT NULL, "hash" TEXT NOT NULL)')
