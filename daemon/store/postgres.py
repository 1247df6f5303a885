"""A line to PostgreSQL on which nobody waits for ever: a server, or a network, that falls silent is a database that is away.

The server bounds its own work (`statement_timeout`), and TCP notices a host that is gone. Neither helps against a server that
stands still, or something between that keeps the line open and carries nothing: so what is asked here is bounded here, too.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Generator, Mapping
from typing import Any

import peewee as pw
import psycopg
from psycopg import pq

CONNECT_SECONDS = 10
"""How long a connection may take to come."""

GRACE_SECONDS = 5.0
"""How much longer an answer may be on its way than a statement may take."""

NOTICES_DEATH = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""What TCP does about a server's host that is gone (seconds, milliseconds); a URL may say otherwise, as for any key of libpq."""

IS_NOTICED = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""The same for the server, which would keep the locks of a host that is gone for hours; on a socket of its own it means nothing."""

KEEPS_TLS = ("require", "verify-ca", "verify-full")
"""Values of `sslmode` with which a server, or whoever is between, that offers no TLS is refused."""


class Line(psycopg.Connection[Any]):
    """A connection that is closed, and says so by an OperationalError, when the server is silent for longer than `patience` seconds.

    Whether the statement was carried out is then unknown, as when a line breaks.
    """

    patience = math.inf

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **more: Any) -> Any:
        """Every wait of psycopg for an answer."""
        return super().wait(gen if self.patience == math.inf else self._unless_silent(gen), *arguments, **more)

    def _unless_silent(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        heard_at = time.monotonic()
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if ready:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > self.patience:
                    self.close()
                    raise psycopg.OperationalError(f"the server has said nothing for {self.patience:g} seconds")
                wanted = steps.send(ready)
        except StopIteration as end:
            return end.value


class PatientDatabase(pw.PostgresqlDatabase):
    """A database whose lines are patient for so long, and no longer."""

    patience = math.inf

    def _connect(self) -> Line:
        line = Line.connect(dbname=self.database, autocommit=True, **self.connect_params)
        line.patience = self.patience
        return line


def database_at(name: str, options: dict[str, Any], *, patience: float = math.inf, **more: Any) -> PatientDatabase:
    """A database that is connected when it is needed; `options` are libpq's."""
    made = PatientDatabase(
        name, autoconnect=False, prefer_psycopg3=True, **more, **({"connect_timeout": CONNECT_SECONDS} | NOTICES_DEATH | options)
    )
    made.patience = patience
    return made


def may_lose_tls(options: Mapping[str, Any]) -> str | None:
    """The `sslmode` that lets whoever is between switch TLS off; None when it doesn't, or the server is on this machine."""
    host, mode = str(options.get("host") or ""), options.get("sslmode")
    if not host or host.startswith("/") or _is_loopback(host):
        return None
    if mode is None:
        mode = next(((one.val or b"").decode() for one in pq.Conninfo.get_defaults() if one.keyword == b"sslmode"), "")
    return None if mode in KEEPS_TLS else str(mode) or "prefer"


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
