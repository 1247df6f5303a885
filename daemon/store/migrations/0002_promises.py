"""The promises: clocks, reviews, questions that wait, what can be undone, digests."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """ALTER TABLE "support_case" ADD COLUMN "closed_on_planned_date" BOOLEAN""",
    """CREATE TABLE "sla_clock" (
    "id" {serial}, "case_id" INTEGER NOT NULL, "cycle" INTEGER NOT NULL, "kind" TEXT NOT NULL, "calendar" TEXT NOT NULL,
    "started_at" TIMESTAMP NOT NULL, "deadline_at" TIMESTAMP NOT NULL, "met_at" TIMESTAMP, "breached_at" TIMESTAMP,
    "warned_at" TIMESTAMP, "reminded_at" TIMESTAMP, "cancelled_at" TIMESTAMP, "look_at" TIMESTAMP,
    FOREIGN KEY ("case_id") REFERENCES "support_case" ("id")
)""",
    """CREATE INDEX "sla_clock_case_id" ON "sla_clock" ("case_id")""",
    """CREATE INDEX "sla_clock_look" ON "sla_clock" ("look_at") WHERE look_at IS NOT NULL""",
    """CREATE TABLE "task" (
    "id" {serial}, "case_id" INTEGER NOT NULL, "at" TIMESTAMP NOT NULL, "subject" TEXT NOT NULL, "status" TEXT NOT NULL,
    "comments" TEXT NOT NULL, "name_id" INTEGER, "due_date" DATE, "owner_id" INTEGER, "cause" TEXT NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "support_case" ("id"), FOREIGN KEY ("name_id") REFERENCES "contact" ("id"),
    FOREIGN KEY ("owner_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "task_case_id" ON "task" ("case_id")""",
    """CREATE TABLE "pending_question" (
    "id" {serial}, "kind" TEXT NOT NULL, "payload" TEXT NOT NULL, "case_id" INTEGER, "asked_id" INTEGER NOT NULL,
    "asked_at" TIMESTAMP NOT NULL, "expires_at" TIMESTAMP NOT NULL, "answer" TEXT, "answered_at" TIMESTAMP,
    "cause" TEXT NOT NULL, FOREIGN KEY ("case_id") REFERENCES "support_case" ("id"),
    FOREIGN KEY ("asked_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "pending_question_case_id" ON "pending_question" ("case_id")""",
    """CREATE INDEX "pending_question_asked_id" ON "pending_question" ("asked_id")""",
    """CREATE TABLE "reversal" (
    "id" {serial}, "case_id" INTEGER NOT NULL, "giver_id" INTEGER NOT NULL, "verb" TEXT NOT NULL,
    "at" TIMESTAMP NOT NULL, "before" TEXT NOT NULL, "cause" TEXT NOT NULL, "undone_at" TIMESTAMP,
    FOREIGN KEY ("case_id") REFERENCES "support_case" ("id"), FOREIGN KEY ("giver_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "reversal_case_id" ON "reversal" ("case_id")""",
    """CREATE TABLE "digest" (
    "id" {serial}, "contact_id" INTEGER NOT NULL, "queue_id" INTEGER NOT NULL, "day" DATE NOT NULL,
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)""",
    """CREATE UNIQUE INDEX "digest_contact_id_queue_id_day" ON "digest" ("contact_id", "queue_id", "day")""",
)


def up(migrator: Any, db: Any) -> None:
    """Make the tables."""
    sqlite = type(db).__name__ == "SqliteDatabase"
    for statement in STATEMENTS:
        db.execute_sql(statement.replace("{serial}", "INTEGER NOT NULL PRIMARY KEY" if sqlite else "SERIAL NOT NULL PRIMARY KEY"))
