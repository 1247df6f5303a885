"""Several workers on one PostgreSQL: who lives, who reads a mailbox, and what one that fell silent may still do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import psycopg
import pytest

from daemon.errors import ConfigError, Temporary
from daemon.store import workers
from daemon.store.database import Database, open_database
from daemon.store.workers import Workers

LONG = timedelta(minutes=1)
FALLEN_SILENT = "UPDATE worker SET lives_until = started_at - interval '1 second' WHERE owner = %s"

Join = Callable[..., Workers]


@pytest.fixture
def join(database_url: str) -> Iterator[Join]:
    """Another worker on the database, as a process of its own would be."""
    with ExitStack() as stack:

        def made(lease: timedelta = LONG, key_mark: str = "abcd") -> Workers:
            database = open_database(database_url)
            stack.callback(database.close)
            stack.callback(database.let_go)
            assert database.hold()
            worker = Workers(database, lease, key_mark)
            worker.join(["fetch", "apply"])
            return worker

        yield made


def acting(worker: Workers) -> Database:
    """The database as this worker sees it."""
    worker.database.bind()
    return worker.database


def fall_silent(worker: Workers, url: str) -> None:
    with psycopg.connect(url) as other:
        other.execute(FALLEN_SILENT, (worker.database.owner,))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_the_one_process_reads_every_mailbox_and_nothing_is_written(database_url: str) -> None:
    database = open_database(database_url)
    alone = Workers(database, LONG, "abcd")
    alone.join(["fetch"])
    assert alone.reads("support")
    assert alone.is_heard()
    assert alone.unbroken()()
    with database.transaction():
        alone.must_read("support")
        assert workers.seen(database) == []
        assert database.peewee.execute_sql("SELECT count(*) FROM mailbox_lease").fetchone() == (0,)
    alone.give_up_mailboxes()
    alone.leave()
    database.close()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
class TestSeveral:
    def test_a_mailbox_is_read_by_one_until_it_gives_it_up(self, join: Join) -> None:
        first, second = join(), join()
        assert first.reads("support")
        assert first.reads("support")
        assert not second.reads("support")
        assert second.reads("sales")
        first.give_up_mailboxes()
        assert second.reads("support")
        assert not first.reads("support")

    def test_a_mailbox_of_the_dead_is_free_at_once(self, join: Join) -> None:
        first, second = join(), join()
        assert first.reads("support")
        first.database.let_go()
        assert second.reads("support")

    def test_a_reader_that_fell_silent_is_followed_and_writes_nothing_when_it_wakes(self, join: Join, database_url: str) -> None:
        first, second = join(), join()
        assert first.reads("support")
        with first.database.transaction():
            first.must_read("support")
        fall_silent(first, database_url)
        assert second.reads("support")
        # it wakes, and may live on, but the mailbox is another's
        first.show_life()
        with pytest.raises(Temporary, match="another worker has taken it over"), first.database.transaction():
            first.must_read("support")
        assert not first.reads("support")
        with second.database.transaction():
            second.must_read("support")

    def test_a_mailbox_that_came_back_does_not_make_an_old_write_good(self, join: Join, database_url: str) -> None:
        first, second = join(), join()
        assert first.reads("support")
        fall_silent(first, database_url)
        assert second.reads("support")
        second.give_up_mailboxes()
        with pytest.raises(Temporary), first.database.transaction():
            first.must_read("support")
        assert first.reads("support")
        with first.database.transaction():
            first.must_read("support")

    def test_nobody_takes_a_mailbox_in_the_middle_of_a_write(self, join: Join, database_url: str) -> None:
        first, second = join(), join()
        assert first.reads("support")
        with first.database.transaction():
            first.must_read("support")
            fall_silent(first, database_url)
            assert not second.reads("support")
        assert second.reads("support")

    def test_a_worker_that_stands_still_inside_a_transaction_is_cut_off(self, join: Join, database_url: str) -> None:
        first, second = join(timedelta(seconds=1)), join()
        assert first.reads("support")

        def stand_still() -> None:
            with first.database.transaction():
                first.must_read("support")
                fall_silent(first, database_url)
                while not second.reads("support"):
                    pass
                first.must_read("support")

        with pytest.raises(Temporary):
            stand_still()

    def test_what_was_claimed_before_a_silence_is_not_sure_any_more(self, join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
        worker = join()
        sure = worker.unbroken()
        assert sure()
        now = workers.now()
        monkeypatch.setattr(workers, "now", lambda: now + 59)
        assert not sure()
        assert not worker.is_heard()
        worker.show_life()
        # it is heard again, but others may have taken over what it had
        assert worker.is_heard()
        assert not sure()
        assert worker.unbroken()()

    def test_what_was_claimed_before_the_server_ended_its_session_is_not_sure_any_more(self, join: Join, database_url: str) -> None:
        worker = join()
        sure = worker.unbroken()
        assert sure()
        with psycopg.connect(database_url, autocommit=True) as other:
            here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            locks = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND {here}"
            ended = other.execute(locks).fetchall()
        assert ended == [(True,)]
        # the others see at once that its lock is free
        assert not sure()
        assert worker.database.hold()
        # it lives for them again, but they may have taken over what it had
        assert not sure()
        assert worker.unbroken()()

    def test_one_that_renews_its_session_ends_nobody_who_looks_whether_it_lives(self, join: Join, database_url: str) -> None:
        first, second = join(), join()
        with psycopg.connect(database_url, autocommit=True) as other:
            its = "locktype = 'advisory' AND objid = (%s::bigint & 4294967295)::oid"
            ends = f"SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE {its}"
            assert other.execute(ends, (first.database.owner,)).fetchall() == [(True,)]
        with acting(second).transaction():
            assert second.database.dead_owners({first.database.owner}) == {first.database.owner}
            # what it had in hand is freed at this moment: it lives no more for others until that is done
            assert first.database.hold()
            assert not first.database.holds()
            assert second.database.peewee.execute_sql("SELECT count(*) FROM worker").fetchone() == (2,)
        assert first.database.hold()
        assert first.database.holds()
        with second.database.transaction():
            assert second.database.dead_owners({first.database.owner}) == set()

    def test_leases_of_one_that_fell_silent_are_free(self, join: Join, database_url: str) -> None:
        first, second = join(), join()
        owners = {first.database.owner, second.database.owner}
        with acting(second).transaction():
            assert workers.dead_owners(second.database, owners) == set()
        fall_silent(first, database_url)
        with second.database.transaction():
            assert workers.dead_owners(second.database, owners) == {first.database.owner}
        first.show_life()
        with second.database.transaction():
            assert workers.dead_owners(second.database, owners) == set()

    def test_two_keys_on_one_database_are_refused(self, join: Join) -> None:
        join(key_mark="abcd")
        join(key_mark="abcd")
        with pytest.raises(ConfigError, match=r"keys\.reply: process \d+ on .* another key"):
            join(key_mark="beef")

    def test_a_new_key_is_good_when_nobody_works_with_the_old_one(self, join: Join) -> None:
        join(key_mark="abcd").database.let_go()
        join(key_mark="cafe").leave()
        join(key_mark="beef")

    def test_people_see_who_lives_and_what_each_has(self, join: Join, database_url: str) -> None:
        first, second, third = join(), join(), join()
        first.reads("support")
        second.reads("sales")
        fall_silent(second, database_url)
        third.database.let_go()
        with acting(first).reading():
            found = workers.seen(first.database)
        states = {one.owner: (one.state, one.mailboxes, one.stages, one.mails, one.answers) for one in found}
        stages = ("fetch", "apply")
        assert states == {
            first.database.owner: ("at work", ("support",), stages, 0, 0),
            second.database.owner: ("silent", ("sales",), stages, 0, 0),
            third.database.owner: ("dead", (), stages, 0, 0),
        }

        with acting(first).reading():
            ((what, weight, words, mend),) = workers.told_of_workers(first.database)
        assert (what, weight) == ("workers", 1)
        assert words.count("process") == 2
        assert words.count("(silent)") == 1
        assert "stands still" in mend
        second.leave()
        with acting(first).reading():
            assert [told[1] for told in workers.told_of_workers(first.database)] == [0]

    def test_a_mailbox_counts_as_read_for_all_when_one_has_read_it(self, join: Join) -> None:
        first, second = join(), join()
        assert not second.all_read({"support": 60.0})
        first.reads("support")
        assert not second.all_read({"support": 60.0})
        first.note_read("support")
        assert second.all_read({"support": 60.0})
        assert not second.all_read({"support": 0.0})
        assert not second.all_read({"support": 60.0, "sales": 60.0})
