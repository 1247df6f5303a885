"""A daemon never works on the tables of another version, also when they change while it runs."""

from __future__ import annotations

import psycopg
import pytest

from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.world import World, mail, until

FUTURE = "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', now())"
END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.mark.postgres
@pytest.mark.chaos
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_the_daemon_ends_with_a_clear_error_when_the_database_is_upgraded_under_it(world: World, database_url: str) -> None:
    process = world.start("run")
    try:
        until(lambda: world.log_lines("mailbox-open") == 1, "it did not begin", 60)
        with psycopg.connect(database_url, autocommit=True) as other:
            # an upgrade while the server was away for all workers
            other.execute(FUTURE)
            other.execute(END_OTHERS)
        world.deliver(mail("ann", "Roof-7 shows no data."))
        status = process.wait(60)
    finally:
        process.kill()
    assert (status, world.log_lines("schema-changed")) == (2, 1)
    assert world.log().splitlines()[-1].endswith("Install the same version of supportd on every host, then start it again")
    with psycopg.connect(database_url, autocommit=True) as other:
        decided = other.execute("SELECT count(*) FROM journal WHERE state <> 'received'").fetchone()
        assert decided == (0,)
        other.execute("DELETE FROM schema_migration WHERE name = '9999_future'")
    world.run()
    books = world.assert_good_books()
    assert (books.received, books.acted) == (1, 1)
    got = count(world, 1)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G17", "upgraded under a daemon at work, which ends", times=1, lost=got.lost, doubled=got.doubled, note="PostgreSQL")
