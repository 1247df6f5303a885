"""The first tables: directory, cases, journal, outbox, interactions.

A migration is history: it is never edited, and it does not import the models, which move on.
"""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE TABLE "organization" (
    "id" {serial}, "name" TEXT NOT NULL, "name_key" TEXT NOT NULL, "kind" TEXT NOT NULL, "account_manager_id" INTEGER,
    "parent_id" INTEGER, "calendar" TEXT, "date_order" TEXT, "active" BOOLEAN NOT NULL
)""",
    """CREATE UNIQUE INDEX "organization_name" ON "organization" ("name")""",
    """CREATE UNIQUE INDEX "organization_name_key" ON "organization" ("name_key")""",
    """CREATE TABLE "organization_domain" (
    "domain" TEXT NOT NULL PRIMARY KEY, "organization_id" INTEGER NOT NULL,
    FOREIGN KEY ("organization_id") REFERENCES "organization" ("id")
)""",
    """CREATE INDEX "organization_domain_organization_id" ON "organization_domain" ("organization_id")""",
    """CREATE TABLE "contact" (
    "id" {serial}, "handle" TEXT NOT NULL, "first_name" TEXT NOT NULL, "last_name" TEXT NOT NULL,
    "organization_id" INTEGER NOT NULL, "phone" TEXT, "language" TEXT, "active" BOOLEAN NOT NULL, "extra" TEXT NOT NULL,
    FOREIGN KEY ("organization_id") REFERENCES "organization" ("id")
)""",
    """CREATE UNIQUE INDEX "contact_handle" ON "contact" ("handle")""",
    """CREATE INDEX "contact_organization_id" ON "contact" ("organization_id")""",
    """CREATE TABLE "contact_email" (
    "address" TEXT NOT NULL PRIMARY KEY, "contact_id" INTEGER NOT NULL, "position" INTEGER NOT NULL,
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "contact_email_contact_id" ON "contact_email" ("contact_id")""",
    """CREATE TABLE "contact_role" (
    "id" {serial}, "contact_id" INTEGER NOT NULL, "role" TEXT NOT NULL,
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "contact_role_contact_id" ON "contact_role" ("contact_id")""",
    """CREATE UNIQUE INDEX "contact_role_contact_id_role" ON "contact_role" ("contact_id", "role")""",
    """CREATE TABLE "system" (
    "id" {serial}, "name" TEXT NOT NULL, "entity_id" INTEGER NOT NULL, "partner_id" INTEGER,
    FOREIGN KEY ("entity_id") REFERENCES "organization" ("id"),
    FOREIGN KEY ("partner_id") REFERENCES "organization" ("id")
)""",
    """CREATE UNIQUE INDEX "system_name" ON "system" ("name")""",
    """CREATE INDEX "system_entity_id" ON "system" ("entity_id")""",
    """CREATE INDEX "system_partner_id" ON "system" ("partner_id")""",
    """CREATE TABLE "contract" (
    "id" {serial}, "number" TEXT NOT NULL, "organization_id" INTEGER NOT NULL, "contact_id" INTEGER,
    "status" TEXT NOT NULL, FOREIGN KEY ("organization_id") REFERENCES "organization" ("id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)""",
    """CREATE UNIQUE INDEX "contract_number" ON "contract" ("number")""",
    """CREATE INDEX "contract_organization_id" ON "contract" ("organization_id")""",
    """CREATE INDEX "contract_contact_id" ON "contract" ("contact_id")""",
    """CREATE TABLE "customer_order" (
    "id" {serial}, "number" TEXT NOT NULL, "organization_id" INTEGER NOT NULL, "contact_id" INTEGER, "website" TEXT,
    "license_key" TEXT, "version" TEXT, "ordered_on" DATE, "hosting" BOOLEAN NOT NULL, "priority_support_until" DATE,
    "notes" TEXT, FOREIGN KEY ("organization_id") REFERENCES "organization" ("id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)""",
    """CREATE UNIQUE INDEX "customer_order_number" ON "customer_order" ("number")""",
    """CREATE INDEX "customer_order_organization_id" ON "customer_order" ("organization_id")""",
    """CREATE INDEX "customer_order_contact_id" ON "customer_order" ("contact_id")""",
    """CREATE TABLE "evaluation" (
    "id" {serial}, "key" TEXT NOT NULL, "organization_id" INTEGER NOT NULL, "contact_id" INTEGER, "downloaded_by" TEXT,
    "started_on" DATE, "website" TEXT, FOREIGN KEY ("organization_id") REFERENCES "organization" ("id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)""",
    """CREATE UNIQUE INDEX "evaluation_key" ON "evaluation" ("key")""",
    """CREATE INDEX "evaluation_organization_id" ON "evaluation" ("organization_id")""",
    """CREATE INDEX "evaluation_contact_id" ON "evaluation" ("contact_id")""",
    """CREATE TABLE "queue" (
    "id" {serial}, "name" TEXT NOT NULL, "is_default" BOOLEAN NOT NULL, "is_triage" BOOLEAN NOT NULL
)""",
    """CREATE UNIQUE INDEX "queue_name" ON "queue" ("name")""",
    """CREATE TABLE "queue_member" (
    "id" {serial}, "queue_id" INTEGER NOT NULL, "contact_id" INTEGER NOT NULL,
    FOREIGN KEY ("queue_id") REFERENCES "queue" ("id"), FOREIGN KEY ("contact_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "queue_member_queue_id" ON "queue_member" ("queue_id")""",
    """CREATE INDEX "queue_member_contact_id" ON "queue_member" ("contact_id")""",
    """CREATE UNIQUE INDEX "queue_member_queue_id_contact_id" ON "queue_member" ("queue_id", "contact_id")""",
    """CREATE TABLE "support_case" (
    "id" {serial}, "type" TEXT NOT NULL, "subject" TEXT NOT NULL, "description" TEXT NOT NULL, "origin" TEXT NOT NULL,
    "organization_id" INTEGER, "contact_id" INTEGER, "contact_address" TEXT, "contract_id" INTEGER, "system_id" INTEGER,
    "partner_id" INTEGER, "owner_id" INTEGER, "queue_id" INTEGER, "assigned_at" TIMESTAMP, "sla_cycle" INTEGER NOT NULL,
    "acknowledged_at" TIMESTAMP, "acknowledged_by_id" INTEGER, "planned_resolution" TEXT, "planned_resolution_date" DATE,
    "first_planned_resolution_date" DATE, "plan_count" INTEGER NOT NULL, "closed_at" TIMESTAMP, "closed_by_id" INTEGER,
    "resolution" TEXT, "created_at" TIMESTAMP NOT NULL, "last_update" TIMESTAMP NOT NULL, "flags" TEXT NOT NULL,
    "log_length" INTEGER NOT NULL, "log_hash" TEXT NOT NULL,
    FOREIGN KEY ("organization_id") REFERENCES "organization" ("id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id"), FOREIGN KEY ("contract_id") REFERENCES "contract" ("id"),
    FOREIGN KEY ("system_id") REFERENCES "system" ("id"), FOREIGN KEY ("partner_id") REFERENCES "organization" ("id"),
    FOREIGN KEY ("owner_id") REFERENCES "contact" ("id"), FOREIGN KEY ("queue_id") REFERENCES "queue" ("id")
)""",
    """CREATE INDEX "support_case_contact_id" ON "support_case" ("contact_id")""",
    """CREATE INDEX "support_case_partner_id" ON "support_case" ("partner_id")""",
    """CREATE INDEX "support_case_closed_at_last_update" ON "support_case" ("closed_at", "last_update")""",
    """CREATE TABLE "case_comment" (
    "id" {serial}, "case_id" INTEGER NOT NULL, "at" TIMESTAMP NOT NULL, "author_id" INTEGER, "author_address" TEXT,
    "public" BOOLEAN NOT NULL, "body" TEXT NOT NULL, "cause" TEXT NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "support_case" ("id"), FOREIGN KEY ("author_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "case_comment_case_id" ON "case_comment" ("case_id")""",
    """CREATE TABLE "feed_item" (
    "id" {serial}, "case_id" INTEGER NOT NULL, "at" TIMESTAMP NOT NULL, "kind" TEXT NOT NULL, "author_id" INTEGER,
    "author_address" TEXT, "public" BOOLEAN NOT NULL, "body" TEXT NOT NULL, "cause" TEXT NOT NULL,
    "mentions" TEXT NOT NULL, FOREIGN KEY ("case_id") REFERENCES "support_case" ("id"),
    FOREIGN KEY ("author_id") REFERENCES "contact" ("id")
)""",
    """CREATE INDEX "feed_item_case_id" ON "feed_item" ("case_id")""",
    """CREATE TABLE "event" (
    "id" {serial}, "case_id" INTEGER, "sequence" INTEGER NOT NULL, "at" TIMESTAMP NOT NULL, "cause" TEXT NOT NULL,
    "verb" TEXT NOT NULL, "payload" TEXT NOT NULL, "hash" TEXT NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "support_case" ("id")
)""",
    """CREATE INDEX "event_cause" ON "event" ("cause")""",
    """CREATE UNIQUE INDEX "event_case_id_sequence" ON "event" ("case_id", "sequence")""",
    """CREATE TABLE "octets" (
    "sha256" VARCHAR(64) NOT NULL PRIMARY KEY, "content" {octets} NOT NULL
)""",
    """CREATE TABLE "mailbox_state" (
    "id" {serial}, "mailbox" TEXT NOT NULL, "folder" TEXT NOT NULL, "uidvalidity" BIGINT NOT NULL,
    "first_contact_at" TIMESTAMP NOT NULL, "uidnext" BIGINT NOT NULL
)""",
    """CREATE UNIQUE INDEX "mailbox_state_mailbox_folder_uidvalidity" ON "mailbox_state" ("mailbox", "folder", "uidvalidity")""",
    """CREATE TABLE "journal" (
    "id" {serial}, "mailbox" TEXT NOT NULL, "folder" TEXT NOT NULL, "uidvalidity" BIGINT, "uid" BIGINT,
    "sha256" VARCHAR(64), "size" BIGINT NOT NULL, "internal_date" TIMESTAMP NOT NULL, "recorded_at" TIMESTAMP NOT NULL,
    "lane" TEXT NOT NULL, "archive" BOOLEAN NOT NULL, "released" BOOLEAN NOT NULL, "state" TEXT NOT NULL,
    "lease_owner" BIGINT, "lease_until" TIMESTAMP, "attempts" INTEGER NOT NULL, "failures" INTEGER NOT NULL,
    "alone" INTEGER NOT NULL, "next_attempt_at" TIMESTAMP, "kind" TEXT, "reason" TEXT, "detail" TEXT, "grade" TEXT,
    "author" TEXT, "message_id" TEXT, "subject" TEXT, "identity" VARCHAR(64), "decided_at" TIMESTAMP, "record" TEXT,
    "tidied" BOOLEAN NOT NULL
)""",
    """CREATE UNIQUE INDEX "journal_mailbox_folder_uidvalidity_uid" ON "journal" ("mailbox", "folder", "uidvalidity", "uid")""",
    """CREATE INDEX "journal_sha256" ON "journal" ("sha256")""",
    """CREATE INDEX "journal_identity" ON "journal" ("identity")""",
    """CREATE INDEX "journal_message_id" ON "journal" ("message_id")""",
    """CREATE INDEX "journal_waiting" ON "journal" ("id") WHERE state = 'received'""",
    """CREATE INDEX "journal_lane" ON "journal" ("lane") WHERE state = 'received'""",
    """CREATE INDEX "journal_untidied" ON "journal" ("mailbox", "folder") WHERE NOT tidied AND state <> 'received'""",
    """CREATE TABLE "attachment" (
    "id" {serial}, "journal_id" INTEGER NOT NULL, "case_id" INTEGER, "name" TEXT NOT NULL, "content_type" TEXT NOT NULL,
    "size" BIGINT NOT NULL, "sha256" VARCHAR(64) NOT NULL, "inline" BOOLEAN NOT NULL,
    FOREIGN KEY ("journal_id") REFERENCES "journal" ("id"), FOREIGN KEY ("case_id") REFERENCES "support_case" ("id")
)""",
    """CREATE INDEX "attachment_journal_id" ON "attachment" ("journal_id")""",
    """CREATE INDEX "attachment_case_id" ON "attachment" ("case_id")""",
    """CREATE TABLE "outbox" (
    "id" {serial}, "state" TEXT NOT NULL, "cause" TEXT NOT NULL, "effect_key" TEXT NOT NULL,
    "forward_path" TEXT NOT NULL, "reverse_path" TEXT NOT NULL, "template" TEXT NOT NULL, "message_id" TEXT NOT NULL,
    "subject" TEXT NOT NULL, "case_id" INTEGER, "octets" {octets}, "counted" BOOLEAN NOT NULL,
    "created_at" TIMESTAMP NOT NULL, "lease_owner" BIGINT, "lease_until" TIMESTAMP, "attempts" INTEGER NOT NULL,
    "next_attempt_at" TIMESTAMP, "sent_at" TIMESTAMP, "bounced_at" TIMESTAMP, "told" BOOLEAN NOT NULL,
    "reply_code" INTEGER, "detail" TEXT, "request" TEXT, FOREIGN KEY ("case_id") REFERENCES "support_case" ("id")
)""",
    """CREATE UNIQUE INDEX "outbox_effect_key" ON "outbox" ("effect_key")""",
    """CREATE UNIQUE INDEX "outbox_message_id" ON "outbox" ("message_id")""",
    """CREATE INDEX "outbox_case_id" ON "outbox" ("case_id")""",
    """CREATE INDEX "outbox_forward_path_created_at" ON "outbox" ("forward_path", "created_at")""",
    """CREATE INDEX "outbox_cause" ON "outbox" ("cause")""",
    """CREATE INDEX "outbox_waiting" ON "outbox" ("id") WHERE state IN ('queued', 'unknown')""",
    """CREATE INDEX "outbox_lane" ON "outbox" ("forward_path", "case_id") WHERE state IN ('queued', 'unknown')""",
    """CREATE INDEX "outbox_untold" ON "outbox" ("id") WHERE state = 'failed' AND NOT told""",
    """CREATE TABLE "interaction" (
    "id" {serial}, "direction" TEXT NOT NULL, "journal_id" INTEGER, "outbox_id" INTEGER, "at" TIMESTAMP NOT NULL,
    "message_id" TEXT, "address" TEXT, "contact_id" INTEGER, "case_id" INTEGER,
    FOREIGN KEY ("journal_id") REFERENCES "journal" ("id"), FOREIGN KEY ("outbox_id") REFERENCES "outbox" ("id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id"), FOREIGN KEY ("case_id") REFERENCES "support_case" ("id")
)""",
    """CREATE UNIQUE INDEX "interaction_journal_id" ON "interaction" ("journal_id")""",
    """CREATE UNIQUE INDEX "interaction_outbox_id" ON "interaction" ("outbox_id")""",
    """CREATE INDEX "interaction_message_id" ON "interaction" ("message_id")""",
    """CREATE INDEX "interaction_contact_id" ON "interaction" ("contact_id")""",
    """CREATE INDEX "interaction_case_id" ON "interaction" ("case_id")""",
    """CREATE TABLE "undeliverable" (
    "address" TEXT NOT NULL PRIMARY KEY, "bounces" INTEGER NOT NULL, "last_at" TIMESTAMP NOT NULL
)""",
)

FIRST_CASE = 1001
"""Cases are numbered from here."""


def up(migrator: Any, db: Any) -> None:
    """Make the tables."""
    sqlite = type(db).__name__ == "SqliteDatabase"
    for statement in STATEMENTS:
        counted = sqlite and statement.startswith('CREATE TABLE "support_case"')
        serial = "INTEGER NOT NULL PRIMARY KEY" + (" AUTOINCREMENT" if counted else "") if sqlite else "SERIAL NOT NULL PRIMARY KEY"
        db.execute_sql(statement.replace("{serial}", serial).replace("{octets}", "BLOB" if sqlite else "BYTEA"))
    if sqlite:
        db.execute_sql(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('support_case', {FIRST_CASE - 1})")
    else:
        db.execute_sql(f"ALTER SEQUENCE support_case_id_seq RESTART WITH {FIRST_CASE}")
