"""What this user may not do with a database is told with place and cure, and never as something that passes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from daemon.errors import Denied, Temporary
from daemon.store import rights
from daemon.store.database import existing_database, open_database
from daemon.store.schema import Queue
from daemon.store.statements import insert

NOBODY = 65534


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root may do everything: then work as another user meanwhile."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize(
    ("mode", "of", "what"),
    [
        (0o000, "supportd.db", "may not read {}/supportd.db"), (0o444, "supportd.db", "may not write {}/supportd.db"),
        (0o555, ".", "may not write into {}"), (0o000, ".", "may not look into {}"),
    ],
)  # fmt: skip
def test_a_file_that_this_user_may_not_write_is_named_with_the_user(short_folder: Path, mode: int, of: str, what: str) -> None:
    url = f"sqlite:///{short_folder}/supportd.db"
    opened = open_database(url)
    opened.close()
    opened.path.chmod(0o666)
    (short_folder / of).chmod(mode)
    try:
        with somebody_else(), pytest.raises(Denied) as raised:  # noqa: PT012 - the database may open, and refuse to be written
            found = existing_database(url)
            assert found is not None
            with found.transaction():
                insert(Queue, [{"name": "one"}])
    finally:
        short_folder.chmod(0o755)
    assert what.format(short_folder) in str(raised.value)
    assert "work as the daemon's user" in raised.value.cure


def test_where_this_user_may_make_no_file_it_is_told_and_none_is_made(short_folder: Path) -> None:
    short_folder.chmod(0o555)
    with somebody_else(), pytest.raises(Denied, match=f"may not write into {short_folder}"):
        open_database(f"sqlite:///{short_folder}/supportd.db")
    assert list(short_folder.iterdir()) == []
    short_folder.chmod(0o755)


def test_a_file_that_is_no_database_does_not_become_one_by_waiting(tmp_path: Path) -> None:
    path = tmp_path / "supportd.db"
    path.write_text("These are the minutes of a meeting, and they are not short.\n" * 20)
    with pytest.raises(Denied, match="file is not a database") as raised:
        open_database(f"sqlite:///{path}")
    assert "supportd restore" in raised.value.cure


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ('connection failed: FATAL:  database "supportd" does not exist', "createdb"),
        ('connection failed: FATAL:  role "supportd" does not exist', "another user"),
        ('FATAL:  password authentication failed for user "supportd"', "database.password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "supportd"', "pg_hba.conf"),
        ("server does not support SSL, but SSL was required", "TLS"),
        ('invalid URI query parameter: "bogus"', "libpq"), ('invalid sslmode value: "foo"', "libpq"),
        ("connection failed: Connection refused", None), ("FATAL:  the database system is starting up", None),
        ("FATAL:  sorry, too many clients already", None),
    ],
)  # fmt: skip
def test_a_login_that_will_never_be_taken_is_told_from_a_server_that_is_away(said: str, cure: str | None) -> None:
    denied = rights.denied_by_server(said, "postgresql://supportd@db/supportd")
    assert (denied is None) is (cure is None)
    if denied is not None and cure is not None:
        assert cure in denied.cure


@pytest.fixture
def clerk_url(empty_url: str) -> Iterator[str]:
    """The same database for a role that owns nothing."""
    name = f"clerk_{os.getpid()}"
    parts = urlsplit(empty_url)
    with psycopg.connect(empty_url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN")
        try:
            yield urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))
        finally:
            owner.execute(f"DROP OWNED BY {name}")
            owner.execute(f"DROP ROLE {name}")


on_postgres = pytest.mark.parametrize("empty_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


@on_postgres
def test_a_role_that_may_make_no_table_is_told_what_to_grant(clerk_url: str) -> None:
    with pytest.raises(Denied, match="permission denied for schema public") as raised:
        open_database(clerk_url)
    assert "GRANT USAGE, CREATE ON schema public" in raised.value.cure


@on_postgres
def test_tables_that_a_role_may_only_read_are_named_before_anything_is_written(empty_url: str, clerk_url: str) -> None:
    open_database(empty_url).close()
    role = urlsplit(clerk_url).username
    with psycopg.connect(empty_url, autocommit=True) as owner:
        owner.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
        found = open_database(clerk_url)
        with found.reading():
            assert found.denied() is None
        owner.execute(f"REVOKE INSERT ON queue FROM {role}")
        with found.reading():
            assert "may not read and write queue" in str(found.denied())
        with pytest.raises(Denied, match="permission denied for table queue"), found.transaction():
            insert(Queue, [{"name": "one"}])
        found.close()


@on_postgres
def test_a_server_that_takes_no_writes_is_found_without_writing_and_may_pass(empty_url: str) -> None:
    open_database(empty_url).close()
    found = open_database(f"{empty_url}{'&' if '?' in empty_url else '?'}options=-c%20default_transaction_read_only=on")
    with found.reading():
        assert "takes no writes" in str(found.denied())
    with pytest.raises(Temporary, match="read-only") as raised, found.transaction():
        insert(Queue, [{"name": "one"}])
    assert not isinstance(raised.value, Denied)
    found.close()
