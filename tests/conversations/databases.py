"""On which database a dialogue runs, where what it shows doesn't depend on it."""

from __future__ import annotations

import pytest

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""The dialogue runs on SQLite alone; another one of its file runs on PostgreSQL, too."""
