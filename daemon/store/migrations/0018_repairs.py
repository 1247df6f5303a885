"""What databases lack that were made before a step was written anew: some steps were, in the program's first days.

Each of these is looked for and made only where it is missing, so a database to which nothing was ever lacking stays as it is.
"""

from __future__ import annotations

from typing import Any

DIGEST = """CREATE TABLE "digest" (
    "id" {serial}, "contact_id" INTEGER NOT NULL, "queue_id" INTEGER NOT NULL, "day" DATE NOT NULL,
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)"""


def up(migrator: Any, db: Any) -> None:
    """Make them."""
    if "look_at" not in _columns(db, "sla_clock"):
        db.execute_sql('ALTER TABLE "sla_clock" ADD COLUMN "look_at" TIMESTAMP')
        # whatever runs is looked at by the next tick, which says when it is to be looked at again
        running = '"met_at" IS NULL AND "breached_at" IS NULL AND "cancelled_at" IS NULL'
        db.execute_sql(f'UPDATE "sla_clock" SET "look_at" = "started_at" WHERE {running}')
    db.execute_sql('DROP INDEX IF EXISTS "sla_clock_running"')
    db.execute_sql('CREATE INDEX IF NOT EXISTS "sla_clock_look" ON "sla_clock" ("look_at") WHERE look_at IS NOT NULL')
    if "queue_id" not in _columns(db, "digest"):
        _digests_of_queues(db)
    if "wording" not in _columns(db, "journal"):
        db.execute_sql('ALTER TABLE "journal" ADD COLUMN "wording" TEXT')
    if any(index.name == "journal_raw" and "recorded_at" not in index.columns for index in db.get_indexes("journal")):
        db.execute_sql('DROP INDEX "journal_raw"')
        db.execute_sql(
            'CREATE INDEX "journal_raw" ON "journal" ("recorded_at", "id") '
            "WHERE raw_deleted_at IS NULL AND state IN ('acted', 'ignored')"
        )


def _columns(db: Any, table: str) -> set[str]:
    return {column.name for column in db.get_columns(table)}


def _digests_of_queues(db: Any) -> None:
    """Those there were are of no queue. SQLite takes no column that must have a value and has no default: the table is made anew."""
    if type(db).__name__ == "SqliteDatabase":
        last = db.execute_sql("SELECT seq FROM sqlite_sequence WHERE name = 'digest'").fetchone()
        db.execute_sql('ALTER TABLE "digest" RENAME TO "digest_before"')
        db.execute_sql(DIGEST.replace("{serial}", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"))
        rows = 'SELECT "id", "contact_id", 0, "day" FROM "digest_before"'
        db.execute_sql(f'INSERT INTO "digest" ("id", "contact_id", "queue_id", "day") {rows}')
        db.execute_sql('DROP TABLE "digest_before"')
        db.execute_sql("DELETE FROM sqlite_sequence WHERE name = 'digest'")
        db.execute_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('digest', ?)", (last[0] if last else 0,))
    else:
        db.execute_sql('ALTER TABLE "digest" ADD COLUMN "queue_id" INTEGER NOT NULL DEFAULT 0')
        db.execute_sql('ALTER TABLE "digest" ALTER COLUMN "queue_id" DROP DEFAULT')
        db.execute_sql('DROP INDEX IF EXISTS "digest_contact_id"')
        db.execute_sql('DROP INDEX IF EXISTS "digest_contact_id_day"')
    db.execute_sql('CREATE UNIQUE INDEX "digest_contact_id_queue_id_day" ON "digest" ("contact_id", "queue_id", "day")')
