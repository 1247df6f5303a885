"""What forms ask for: requests, CS tickets, what is outstanding on them, their files."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE TABLE "cs_ticket" (
    "id" {serial}, "case_id" INTEGER NOT NULL, "project" TEXT NOT NULL, "issue_type" TEXT NOT NULL, "assignee_id" INTEGER,
    "qa_assignee_id" INTEGER, "parent" TEXT NOT NULL, "priority" TEXT NOT NULL, "summary" TEXT NOT NULL, "description" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL, "created_on" DATE NOT NULL, "due_date" DATE NOT NULL, "configuration_date" DATE NOT NULL,
    "qa_due_date" DATE NOT NULL, "closed_at" TIMESTAMP, "closed_by_id" INTEGER,
    FOREIGN KEY ("case_id") REFERENCES "support_case" ("id"), FOREIGN KEY ("assignee_id") REFERENCES "contact" ("id"),
    FOREIGN KEY ("qa_assignee_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "cs_ticket_case_id" ON "cs_ticket" ("case_id")""",
    """CREATE INDEX "cs_ticket_assignee_id" ON "cs_ticket" ("assignee_id")""",
    """CREATE TABLE "outstanding_item" (
    "id" {serial}, "cs_ticket_id" INTEGER NOT NULL, "number" INTEGER NOT NULL, "text" TEXT NOT NULL, "created_at" TIMESTAMP NOT NULL,
    "created_by_id" INTEGER, "cleared_at" TIMESTAMP, "cleared_by_id" INTEGER, "cause" TEXT NOT NULL,
    FOREIGN KEY ("cs_ticket_id") REFERENCES "cs_ticket" ("id")
)""",
    """CREATE INDEX "outstanding_item_cs_ticket_id" ON "outstanding_item" ("cs_ticket_id")""",
    """CREATE UNIQUE INDEX "outstanding_item_cs_ticket_id_number" ON "outstanding_item" ("cs_ticket_id", "number")""",
    """CREATE TABLE "form_request" (
    "id" {serial}, "form" TEXT NOT NULL, "form_id" TEXT, "submission_id" TEXT, "content_hash" VARCHAR(64) NOT NULL,
    "title" TEXT NOT NULL, "state" TEXT NOT NULL, "case_id" INTEGER, "submitter_id" INTEGER, "submitter_email" TEXT NOT NULL,
    "company" TEXT NOT NULL, "partner_company" TEXT NOT NULL, "answers" TEXT NOT NULL, "canonical" TEXT NOT NULL,
    "problems" TEXT NOT NULL, "forwarded_by_id" INTEGER, "received_at" TIMESTAMP NOT NULL, "accepted_at" TIMESTAMP,
    "completed_at" TIMESTAMP, "cause" TEXT NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "support_case" ("id"), FOREIGN KEY ("submitter_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "form_request_case_id" ON "form_request" ("case_id")""",
    """CREATE UNIQUE INDEX "form_request_submission" ON "form_request" ("form", "submission_id") WHERE submission_id IS NOT NULL""",
    """CREATE UNIQUE INDEX "form_request_content" ON "form_request" ("form", "content_hash") WHERE submission_id IS NULL""",
    """CREATE TABLE "cs_ticket_attachment" (
    "id" {serial}, "cs_ticket_id" INTEGER NOT NULL, "attachment_id" INTEGER NOT NULL,
    FOREIGN KEY ("cs_ticket_id") REFERENCES "cs_ticket" ("id"), FOREIGN KEY ("attachment_id") REFERENCES "attachment" ("id")
)""",
    """CREATE INDEX "cs_ticket_attachment_cs_ticket_id" ON "cs_ticket_attachment" ("cs_ticket_id")""",
    """CREATE UNIQUE INDEX "cs_ticket_attachment_cs_ticket_id_attachment_id"
    ON "cs_ticket_attachment" ("cs_ticket_id", "attachment_id")""",
    """ALTER TABLE "interaction" ADD COLUMN "cs_ticket_id" INTEGER REFERENCES "cs_ticket" ("id")""",
)


def up(migrator: Any, db: Any) -> None:
    """Make the tables."""
    sqlite = type(db).__name__ == "SqliteDatabase"
    for statement in STATEMENTS:
        db.execute_sql(statement.replace("{serial}", "INTEGER NOT NULL PRIMARY KEY" if sqlite else "SERIAL NOT NULL PRIMARY KEY"))
