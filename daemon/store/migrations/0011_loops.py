"""What ends a loop: holds, the indexes by which it is seen, and which words a mail said."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE TABLE "mail_hold" (
    "address" TEXT NOT NULL PRIMARY KEY, "since" TIMESTAMP NOT NULL, "until" TIMESTAMP NOT NULL, "reason" TEXT NOT NULL
)""",
    """ALTER TABLE "journal" ADD COLUMN "wording" TEXT""",
    """CREATE INDEX "journal_author_internal_date" ON "journal" ("author", "internal_date")""",
    """CREATE INDEX "journal_recorded_at_id" ON "journal" ("recorded_at", "id")""",
    """CREATE INDEX "outbox_created_at_id" ON "outbox" ("created_at", "id")""",
)


def up(migrator: Any, db: Any) -> None:
    """Make them."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
