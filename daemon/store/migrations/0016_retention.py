"""When the octets of a mail, in or out, were deleted because of their age, and the indexes by which the old ones are found."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """ALTER TABLE "journal" ADD COLUMN "raw_deleted_at" TIMESTAMP""",
    """ALTER TABLE "journal" ADD COLUMN "raw_retention_days" INTEGER""",
    """ALTER TABLE "outbox" ADD COLUMN "raw_deleted_at" TIMESTAMP""",
    """ALTER TABLE "outbox" ADD COLUMN "raw_retention_days" INTEGER""",
    """ALTER TABLE "outbox" ADD COLUMN "sha256" VARCHAR(64)""",
    """ALTER TABLE "outbox" ADD COLUMN "size" BIGINT""",
    """CREATE INDEX "attachment_sha256" ON "attachment" ("sha256")""",
    """CREATE INDEX "journal_raw" ON "journal" ("recorded_at", "id")
WHERE raw_deleted_at IS NULL AND state IN ('acted', 'ignored')""",
    """CREATE INDEX "outbox_raw" ON "outbox" ("created_at", "id")
WHERE raw_deleted_at IS NULL AND octets IS NOT NULL AND state IN ('sent', 'dropped')""",
)


def up(migrator: Any, db: Any) -> None:
    """Make them."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
