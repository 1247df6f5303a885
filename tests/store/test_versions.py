"""No program works on the tables of another version: who would upgrade under others waits for them, who was upgraded under ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import psycopg
import pytest

from daemon.errors import ConfigError, OthersAtWork, Outdated
from daemon.store import versions
from daemon.store.database import Database, existing_database, open_database
from daemon.store.workers import Workers
from tests.chaos.record import saw
from tests.conversations.world import until
from tests.store.test_upgrades import STEPS, WORKERS, assert_upgraded, at_step

FUTURE = "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', now())"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND usename = current_user"
)
LEASE = timedelta(minutes=1)

on_postgres = pytest.mark.parametrize("empty_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


@contextmanager
def older_worker(url: str, owner: int = 4711) -> Iterator[None]:
    """A worker of the version that the tables are of: its session with its lock, and its row where there are such rows."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("SELECT pg_advisory_lock(%s)", (owner,))
        if session.execute("SELECT to_regclass('worker')").fetchone() != (None,):
            session.execute("INSERT INTO worker VALUES (%s, 'elsewhere', 42, 'apply', 'abcd', now(), now())", (owner,))
        yield


@on_postgres
@pytest.mark.chaos
@pytest.mark.parametrize(("step", "named"), [(WORKERS, "process 42 on elsewhere"), (STEPS[0], "session ")])
def test_an_upgrade_waits_until_the_workers_of_the_older_version_have_ended(empty_url: str, step: str, named: str) -> None:
    at_step(empty_url, step)
    with older_worker(empty_url):
        with pytest.raises(OthersAtWork, match=f"stop the others first: {named}"):
            open_database(empty_url)
        # nothing was changed, and who only looks may look
        database = existing_database(empty_url)
        assert database is not None
        with database.reading():
            assert max(versions.steps_taken(database.peewee)) == step
        database.close()
    lost = assert_upgraded(empty_url)
    saw("G17", "an upgrade while a worker of the older version works", times=1, lost=lost, doubled=0, note="PostgreSQL")


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_on_sqlite_an_upgrade_waits_for_the_process_that_works_there(empty_url: str) -> None:
    at_step(empty_url, WORKERS)
    older = Database(empty_url)
    assert older.hold()
    with pytest.raises(OthersAtWork, match="stop it first"):
        open_database(empty_url)
    older.let_go()
    older.close()
    assert_upgraded(empty_url)
    # whoever upgraded has let go again
    assert older.hold()
    older.let_go()


@pytest.fixture
def worker(database_url: str) -> Iterator[Workers]:
    """A worker of this version at work."""
    database = open_database(database_url)
    assert database.hold()
    worker = Workers(database, LEASE, "abcd")
    worker.join(["apply"])
    yield worker
    database.let_go()
    database.close()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("change", [FUTURE, "DELETE FROM schema_migration WHERE name = (SELECT max(name) FROM schema_migration)"])
def test_a_worker_whose_database_was_upgraded_under_it_takes_no_more_work(worker: Workers, database_url: str, change: str) -> None:
    database = worker.database

    def take() -> None:
        with database.transaction():
            database.must_be_current()

    take()
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(change)
        for step in (take, database.hold, lambda: worker.join(["apply"])):
            with pytest.raises(Outdated, match="schema was changed while this program ran"):
                step()
        other.execute(END_OTHERS)
    # nor by a new line, and not even to look
    database.close()
    with pytest.raises(Outdated), database.reading():
        pass


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_one_that_would_begin_while_another_upgrades_waits_for_the_end_of_it_and_refuses(database_url: str) -> None:
    database = open_database(database_url)
    found: list[Exception] = []

    def begin() -> None:
        try:
            Workers(database, LEASE, "abcd").join(["apply"])
        except ConfigError as error:
            found.append(error)
        database.close()

    with psycopg.connect(database_url, autocommit=True) as other, psycopg.connect(database_url) as upgrade:
        upgrade.execute("SELECT pg_advisory_xact_lock(%s)", (versions.LOCK_MIGRATION,))
        upgrade.execute(FUTURE)
        thread = Thread(target=begin)
        thread.start()
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        until(lambda: other.execute(waits).fetchone() is not None, "nobody waits for the upgrade")
        upgrade.commit()
    thread.join(30)
    database.close()
    assert [type(error) for error in found] == [Outdated]
