"""Where a PostgreSQL database lay when its last epoch was begun."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Make the column; the next epoch fills it."""
    db.execute_sql('ALTER TABLE "installation" ADD COLUMN "site" TEXT')
