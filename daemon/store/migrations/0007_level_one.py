"""What level one decided on a case."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Add the column."""
    db.execute_sql('ALTER TABLE "support_case" ADD COLUMN "support" TEXT')
