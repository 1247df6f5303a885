"""Where a database was moved to: it is worked with there."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Make the column; null says that it was not moved."""
    db.execute_sql('ALTER TABLE "installation" ADD COLUMN "moved_to" TEXT')
