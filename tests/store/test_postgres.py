"""A server that falls silent is not waited for without end, and the lock of a session that broke so is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import peewee as pw
import pytest

from daemon.errors import Temporary
from daemon.store import database as store
from daemon.store.database import Database, open_database
from daemon.store.postgres import database_at
from tests.chaos.proxy import Proxy, Rewrite, Swallow
from tests.conversations.world import until
from tests.servers.postgres import by_way_of, fresh_database, place_of


@pytest.fixture
def line(postgres_url: str) -> Iterator[tuple[str, Proxy]]:
    """The URL of an empty database, and the line to it."""
    with fresh_database(postgres_url) as url, Proxy(place_of(url)) as proxy:
        yield by_way_of(url, proxy.port), proxy


@pytest.mark.postgres
def test_a_silent_server_is_given_up_and_one_that_only_takes_its_time_is_not(line: tuple[str, Proxy]) -> None:
    url, proxy = line
    parts = urlsplit(url)
    options = {"host": proxy.host, "port": proxy.port, "user": parts.username or "postgres"}
    with closing(database_at(parts.path.lstrip("/"), options, patience=5.0)) as patient:
        patient.connect()
        assert patient.execute_sql("SELECT pg_sleep(0.3)").fetchone() is not None
        patient.connection().patience = 0.3
        proxy.dark = True
        with pytest.raises(pw.OperationalError, match="said nothing"):
            patient.execute_sql("SELECT 1")
        with pytest.raises(pw.OperationalError, match="closed"):
            patient.execute_sql("SELECT 1")


@pytest.mark.postgres
def test_a_worker_whose_session_fell_silent_says_so_at_once_and_takes_its_lock_back(
    line: tuple[str, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "GUARD_SECONDS", 0.3)
    url, proxy = line
    worker = open_database(url)
    assert worker.hold()
    assert worker.holds()
    proxy.dark = True
    assert not worker.holds()
    proxy.dark = False
    monkeypatch.setattr(store, "GUARD_SECONDS", 60.0)
    # the server still has the session that nobody hears any more, with its lock
    until(lambda: worker.hold() and worker.holds(), "the lock is never taken back")
    assert worker.guards_taken == 2
    worker.let_go()
    worker.close()


@pytest.mark.postgres
def test_a_start_waits_for_no_server_that_falls_silent_after_the_first_words(
    line: tuple[str, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, proxy = line
    open_database(url).close()
    proxy.always = (Swallow(pattern=b"schema_migration", then="silence", of="client"),)
    monkeypatch.setattr(store, "GUARD_SECONDS", 0.3)
    with pytest.raises(Temporary, match="said nothing"):
        open_database(url)


@pytest.mark.postgres
def test_a_server_that_was_made_to_offer_no_tls_is_refused_when_the_url_asks_for_it(line: tuple[str, Proxy]) -> None:
    url, proxy = line
    proxy.always = (Rewrite(pattern=rb"\AS\Z", by=b"N"),)
    with pytest.raises(Temporary, match="SSL was required"):
        open_database(f"{url}?sslmode=require")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://db.support.example/supportd", "sslmode is prefer"),
        ("postgresql://db.support.example/supportd?sslmode=allow", "sslmode is allow"),
        ("postgresql://192.0.2.7/supportd?sslmode=disable", "sslmode is disable"),
        ("postgresql://db.support.example/supportd?sslmode=verify-full", None),
        ("postgresql://db.support.example/supportd?sslmode=require", None),
        ("postgresql://127.0.0.1/supportd", None),
        ("postgresql://localhost/supportd", None),
        ("postgresql:///supportd?host=/run/postgresql", None),
        ("postgresql:///supportd", None),
        ("sqlite:///supportd.db", None),
    ],
)
def test_a_line_whose_tls_can_be_switched_off_is_told(url: str, told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    found = list(Database(url).told_of_line())
    assert [detail.partition(":")[0] for _, _, detail, _ in found] == ([told] if told is not None else [])


def test_a_line_whose_tls_is_asked_for_by_the_environment_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert list(Database("postgresql://db.support.example/supportd").told_of_line()) == []
