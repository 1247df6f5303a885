"""Transactions that are whole or nothing, errors by their class, migrations forward only."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import peewee as pw
import pytest

from daemon.errors import ConfigError, Temporary, TooSlow
from daemon.store.database import Database, open_database, without_password
from daemon.store.schema import Octets, Queue
from daemon.store.statements import insert


def _names() -> list[str]:
    return sorted(queue.name for queue in Queue.select())


def test_what_is_in_a_transaction_is_there_as_a_whole_or_not_at_all(database: Database) -> None:
    with database.transaction():
        insert(Queue, [{"name": "one"}])
        insert(Queue, [{"name": "two"}])
    with pytest.raises(ValueError, match="oh"), database.transaction():  # noqa: PT012 - the error must come from inside it
        insert(Queue, [{"name": "three"}])
        raise ValueError("oh")
    with database.reading():
        assert _names() == ["one", "two"]


def test_a_transaction_that_is_given_up_leaves_no_trace_and_no_error(database: Database) -> None:
    with database.transaction() as transaction:
        insert(Queue, [{"name": "one"}])
        transaction.give_up()
    with database.reading():
        assert _names() == []


def test_an_error_of_the_data_is_not_called_temporary(database: Database) -> None:
    with database.transaction():
        insert(Queue, [{"name": "one"}])
    with pytest.raises(pw.IntegrityError), database.transaction():
        insert(Queue, [{"name": "one"}])
    # and the connection is as good as before
    with database.transaction():
        insert(Queue, [{"name": "two"}])


def test_every_thread_has_its_own_connection(database: Database) -> None:
    def add(name: str) -> None:
        with database.transaction():
            insert(Queue, [{"name": name}])
        database.close()

    threads = [threading.Thread(target=add, args=(f"queue {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading():
        assert len(_names()) == 8


def test_a_reading_sees_one_moment_on_sqlite(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'one.db'}")
    with database.reading():
        assert _names() == []
        other = sqlite3.connect(tmp_path / "one.db")
        other.execute("INSERT INTO queue (name, is_default, is_triage) VALUES ('one', 0, 0)")
        other.commit()
        other.close()
        assert _names() == []
    with database.reading():
        assert _names() == ["one"]
    database.close()


def test_migrations_are_made_once(database: Database, database_url: str) -> None:
    assert database.migrate() == ()
    database.close()
    again = open_database(database_url)
    assert again.migrate() == ()
    again.close()


def test_an_older_program_refuses_a_newer_database(database: Database, database_url: str) -> None:
    with database.transaction():
        database.peewee.execute_sql("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', CURRENT_TIMESTAMP)")
    database.close()
    with pytest.raises(ConfigError, match=r"newer than this program.*9999_future"):
        open_database(database_url)


@pytest.mark.parametrize("url", ["mysql://somewhere/db", "supportd.db", ""])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="neither sqlite"):
        open_database(url)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        open_database(f"sqlite:///{tmp_path / 'nowhere' / 'one.db'}")


def test_a_new_file_is_nobody_elses_to_read(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'one.db'}").close()
    assert (tmp_path / "one.db").stat().st_mode & 0o077 == 0


def test_a_file_with_signs_that_a_url_escapes_is_found(tmp_path: Path) -> None:
    from urllib.parse import quote

    path = tmp_path / "the house's #1 %db.sqlite"
    open_database(f"sqlite:///{quote(str(path))}").close()
    assert path.exists()


def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'one.db'}")
    with database.reading():
        settings = {
            name: database.peewee.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    assert settings == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}
    database.close()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_postgres_syncs_every_commit_and_a_cut_line_is_temporary_once(database: Database, database_url: str) -> None:
    import psycopg

    with database.reading():
        # whether the server itself syncs is its own setting, which no session of ours can change
        assert database.peewee.execute_sql("SHOW synchronous_commit").fetchone() == ("on",)
    with psycopg.connect(database_url, autocommit=True) as other:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        other.execute(query)
    with pytest.raises(Temporary), database.transaction():
        insert(Queue, [{"name": "one"}])
    with database.transaction():
        insert(Queue, [{"name": "two"}])
    with database.reading():
        assert _names() == ["two"]


def test_a_database_that_is_not_there_is_temporary() -> None:
    with pytest.raises(Temporary, match="away"):
        open_database("postgresql://nobody@127.0.0.1:1/nowhere")


def test_a_url_may_say_how_long_a_connection_may_take() -> None:
    opened = Database("postgresql://nobody@127.0.0.1:1/nowhere?connect_timeout=3&keepalives_idle=7")
    assert {name: opened.peewee.connect_params[name] for name in ("connect_timeout", "keepalives_idle")} == {
        "connect_timeout": "3",
        "keepalives_idle": "7",
    }
    assert opened.peewee.connect_params["tcp_user_timeout"] > 0


def test_a_password_is_never_shown() -> None:
    assert Database("postgresql://user:secret@host:5432/name").shown_url == "postgresql://user:***@host:5432/name"


def test_octets_are_kept_whatever_their_size(database: Database) -> None:
    large = bytes(range(256)) * 4096 * 8
    with database.transaction():
        insert(Octets, [{"sha256": "c" * 64, "content": large}], ids=False)
    with database.reading():
        assert bytes(Octets.get_by_id("c" * 64).content) == large


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:pa:ss@db.example/desk", "postgresql://ann:***@db.example/desk"),
        ("postgresql://ann:p@ss@db.example:5432/desk", "postgresql://ann:***@db.example:5432/desk"),
        (
            "postgresql://ann@/desk?host=/run&password=open%20sesame&sslmode=require",
            "postgresql://ann@/desk?host=/run&password=***&sslmode=require",
        ),
        ("sqlite:////var/lib/supportd.db", "sqlite:////var/lib/supportd.db"),
        ("mysql://ann:secret@db.example/desk", "mysql://ann:***@db.example/desk"),
    ],
)
def test_a_password_in_a_url_is_never_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_daemons_statements_and_waits_are_bounded_and_those_of_others_are_not(database: Database, database_url: str) -> None:
    with database.transaction():
        insert(Queue, [{"name": "one"}])
    other = Database(database_url)
    database.hurry(1, 30)
    with pytest.raises(TooSlow, match="statement timeout"), database.transaction():
        database.peewee.execute_sql("SELECT pg_sleep(30)")
    database.hurry(30, 1)
    try:
        with other.transaction():
            other.peewee.execute_sql("SELECT pg_sleep(1.2)")
            other.peewee.execute_sql("UPDATE queue SET name = 'two'")
            with pytest.raises(Temporary, match="lock timeout") as caught, database.transaction():
                database.peewee.execute_sql("SELECT name FROM queue FOR UPDATE")
            assert not isinstance(caught.value, TooSlow)
    finally:
        other.close()
    database.bind()
    with database.reading():
        assert _names() == ["two"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wait_for_another_program_on_sqlite_ends(database: Database) -> None:
    database.hurry(1, 1)
    with sqlite3.connect(database.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Temporary, match="locked"), database.transaction():
            pass
        other.execute("ROLLBACK")
    with database.transaction():
        insert(Queue, [{"name": "one"}])
