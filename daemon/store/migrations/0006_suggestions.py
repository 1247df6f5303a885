"""The full text of FAQs and past resolutions, for suggestions; filled with the cases that were closed with telling words.

Row numbers below zero are FAQs, which the program fills in itself; above it they are those of the cases.
"""

from __future__ import annotations

from typing import Any

SQLITE = (
    """CREATE VIRTUAL TABLE "precedent" USING fts5(
    "title", "asked", "words", "digest" UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2'
)""",
)
POSTGRES = (
    """CREATE TABLE "precedent" (
    "rowid" INTEGER NOT NULL PRIMARY KEY, "title" TEXT NOT NULL, "asked" TEXT NOT NULL, "words" TEXT NOT NULL, "digest" TEXT NOT NULL,
    "terms" TSVECTOR NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', "title"), 'A') || setweight(to_tsvector('english', "asked"), 'B')
        || setweight(to_tsvector('english', "words"), 'D')
    ) STORED
)""",
    """CREATE INDEX "precedent_terms" ON "precedent" USING gin ("terms")""",
)
FILL = """INSERT INTO "precedent" ("rowid", "title", "asked", "words", "digest")
    SELECT "support_case"."id", substr("support_case"."subject", 1, 300), '',
        substr("support_case"."description", 1, 4000) || ' ' || substr("support_case"."resolution", 1, 4000), ''
    FROM "support_case" JOIN "contact" ON "contact"."id" = "support_case"."closed_by_id"
    JOIN "organization" ON "organization"."id" = "contact"."organization_id"
    WHERE "support_case"."closed_at" IS NOT NULL AND "organization"."kind" <> 'customer'
    AND length("support_case"."resolution") >= 15 AND substr("support_case"."resolution", 1, 1) <> '('
    ORDER BY "support_case"."id" DESC LIMIT 5000"""


def up(migrator: Any, db: Any) -> None:
    """Make the index and fill it."""
    for statement in SQLITE if type(db).__name__ == "SqliteDatabase" else POSTGRES:
        db.execute_sql(statement)
    db.execute_sql(FILL)
