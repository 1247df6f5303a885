"""Several hosts on one PostgreSQL database, each with an epoch file of its own: who joins, who comes back, and who must not believe it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from daemon.store.copying import last_numbers
from daemon.store.database import Database, open_database
from daemon.store.epoch import EpochFile, Epochs, Standing, is_held, told_of_epoch
from daemon.store.schema import Outbox
from daemon.store.site import elsewhere, site_of
from daemon.store.statements import insert
from daemon.store.workers import Workers, told_of_workers
from tests.chaos.record import saw
from tests.servers.postgres import fresh_database
from tests.store.life import NOON

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgres"], indirect=True)]


class Host:
    """A host with its epoch file, and the database as its worker opens it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = EpochFile(folder / f"{name}.epoch")

    @contextmanager
    def works(self, url: str) -> Iterator[tuple[Standing, Database, Epochs]]:
        database = open_database(url)
        assert database.hold()
        epochs = Epochs(database, self.file)
        try:
            yield epochs.begin(NOON), database, epochs
        finally:
            database.let_go()
            database.close()

    def day(self, url: str) -> Standing:
        """A worker of this host works for a while, and ends; how the database stood to it."""
        with self.works(url) as (stands, _, epochs):
            for _ in range(3):
                epochs.advance()
        return stands

    def told(self, url: str) -> tuple[int, str]:
        """What the check-up says of it on this host: how bad it is, and how to mend it."""
        database = open_database(url)
        with database.reading():
            _, weight, _, mend = next(told_of_epoch(self.file))
        database.close()
        return weight, mend


@pytest.fixture
def hosts(tmp_path: Path) -> tuple[Host, Host]:
    return Host(tmp_path, "a"), Host(tmp_path, "b")


def held(url: str) -> bool:
    database = open_database(url)
    with database.reading():
        found = is_held()
    database.close()
    return found


def test_a_host_joins_beside_the_others_or_after_them_and_nothing_is_held(hosts: tuple[Host, Host], database_url: str) -> None:
    first, second = hosts
    assert first.day(database_url) is Standing.CURRENT
    numbers = first.file.read()
    # nobody is at work, and this host has no file
    assert second.told(database_url) == (0, "")
    assert second.day(database_url) is Standing.JOINED
    assert numbers is not None
    # both may come back in any order, after any time
    for host in (first, second, second, first):
        assert host.day(database_url) is Standing.CURRENT
    with first.works(database_url):
        second.file.path.unlink()
        assert second.day(database_url) is Standing.JOINED
    assert not held(database_url)


def test_after_the_server_was_started_anew_a_host_without_a_file_holds_it_and_one_that_has_worked_does_not(
    hosts: tuple[Host, Host], database_url: str
) -> None:
    first, second = hosts
    second.day(database_url)
    first.day(database_url)
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("UPDATE installation SET site = regexp_replace(site, 'since .*', 'since 1')")
    # it may have been put back with its disk
    newcomer = Host(first.file.path.parent, "c")
    weight, mend = newcomer.told(database_url)
    assert (weight, "start the one first that worked last" in mend) == (1, True)
    assert second.told(database_url) == (0, "")
    assert second.day(database_url) is Standing.CURRENT
    assert not held(database_url)


def test_workers_that_died_are_nobody_at_work_whoever_has_looked_at_them(hosts: tuple[Host, Host], database_url: str) -> None:
    first, newcomer = hosts
    with first.works(database_url) as (_, database, _):
        Workers(database, timedelta(minutes=1), "abcd").join(["apply"])
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("UPDATE installation SET site = regexp_replace(site, 'since .*', 'since 1')")
    database = open_database(database_url)
    with database.reading():
        assert list(told_of_workers(database)) == []
        assert next(told_of_epoch(newcomer.file))[1] == 1
    database.close()


@pytest.mark.chaos
def test_a_host_whose_file_is_behind_does_not_believe_a_database_that_was_put_elsewhere(
    hosts: tuple[Host, Host], database_url: str, postgres_url: str
) -> None:
    first, second = hosts
    second.day(database_url)
    first.day(database_url)
    row = {
        "reverse_path": "s@support.example",
        "forward_path": "a@a.example",
        "template": "case-received",
        "subject": "s",
        "cause": "mail:1",
    }
    with first.works(database_url) as (_, database, _), database.transaction():
        insert(Outbox, [row | {"state": "queued", "effect_key": "k", "message_id": "<1@s>", "created_at": NOON}])
    with fresh_database(postgres_url, database_url) as copy:
        # what is done after the copy was made, the copy does not know
        with first.works(database_url) as (_, database, epochs):
            with database.transaction():
                Outbox.update(state="sent").execute()
            epochs.advance()
        assert urlsplit(copy).path != urlsplit(database_url).path
        assert second.told(copy)[0] == 1
        assert second.day(copy) is Standing.MOVED
        assert held(copy)
        with psycopg.connect(copy) as other:
            states = [state for (state,) in other.execute("SELECT state FROM outbox").fetchall()]
        doubled, lost = states.count("queued"), 1 - len(states)
        assert (states, doubled, lost) == (["held"], 0, 0)
    with fresh_database(postgres_url, database_url) as copy:
        # moved in good order: the host that worked last knows it, and the others believe it
        assert first.day(copy) is Standing.CURRENT
        assert second.day(copy) is Standing.CURRENT
        assert not held(copy)
    saw(
        "G18",
        "a database put elsewhere, started by the host that did not work last",
        times=1,
        lost=lost,
        doubled=doubled,
        note="PostgreSQL",
    )


def test_a_site_needs_no_special_right_and_stays_while_nothing_moves(database_url: str, postgres_url: str) -> None:
    database = open_database(database_url)
    with database.reading():
        site = site_of(database.peewee)
        assert site_of(database.peewee) == site
        assert last_numbers(database) is not None
    database.close()
    assert site is not None
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("CREATE ROLE watcher LOGIN")
        try:
            plain = Database(database_url.replace("//postgres", "//watcher"))
            with plain.reading():
                assert site_of(plain.peewee) == site
            plain.close()
            other.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
            with plain.reading():
                assert site_of(plain.peewee) == "/" + site.partition("/")[2]
            plain.close()
        finally:
            other.execute("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
            other.execute("DROP ROLE watcher")
    with fresh_database(postgres_url, database_url) as copy:
        copied = Database(copy)
        with copied.reading():
            assert elsewhere(site, site_of(copied.peewee))
        copied.close()
    assert not elsewhere(site, site.partition(" ")[0] + " since 0")
    assert not elsewhere(None, site)
