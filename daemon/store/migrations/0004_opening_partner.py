"""Which partner opened a case for somebody; of the cases there are, as the feed says who opened them."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """ALTER TABLE "support_case" ADD COLUMN "opening_partner_id" INTEGER REFERENCES "organization" ("id")""",
    """CREATE INDEX "support_case_opening_partner_id" ON "support_case" ("opening_partner_id")""",
    """UPDATE "support_case" SET "opening_partner_id" = (
    SELECT "contact"."organization_id" FROM "feed_item"
    JOIN "contact" ON "contact"."id" = "feed_item"."author_id"
    JOIN "organization" ON "organization"."id" = "contact"."organization_id"
    WHERE "feed_item"."case_id" = "support_case"."id" AND "feed_item"."kind" = 'created' AND "organization"."kind" = 'partner'
    AND ("support_case"."contact_id" IS NULL OR "support_case"."contact_id" <> "contact"."id")
    LIMIT 1
)""",
)


def up(migrator: Any, db: Any) -> None:
    """Add the column and fill it."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
