"""The worlds that faults happen to: on SQLite and a mailbox of this process, unless a test brings others."""

from tests.crash.conftest import database_url, make_world, postgres_database, settled_postgres, sqlite_url

__all__ = ["database_url", "make_world", "postgres_database", "settled_postgres", "sqlite_url"]
