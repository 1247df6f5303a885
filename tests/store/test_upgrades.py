"""From every earlier schema to today's: rows stay, the books balance, and a program killed in between does the step again as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playhouse.migrations import Runner

from daemon.store import seals
from daemon.store.audit import audit
from daemon.store.database import Database, open_database
from daemon.store.schema import TABLES
from daemon.store.versions import MIGRATIONS
from tests.chaos.record import saw

ACCOUNT_KEYS, SEALS = "0005_account_keys", "0015_seals"
"""Steps that the program itself fills."""

WORKERS = "0012_workers"
"""The step since which workers are rows."""

STEPS = sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))

THEN = "2026-11-23 17:00:00.000000"

ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("organization", {"id": 1, "name": "House", "name_key": "house", "kind": "house", "active": True}),
    ("organization", {"id": 2, "name": "Acme", "name_key": "acme", "kind": "customer", "active": True}),
    ("contact", {"id": 1, "handle": "ann", "first_name": "Ann", "last_name": "Lee", "organization_id": 2, "active": True, "extra": "{}"}),
    ("contact_email", {"address": "ann@acme.example", "contact_id": 1, "position": 0}),
    ("mailbox_state", {
        "id": 1, "mailbox": "support", "folder": "INBOX", "uidvalidity": 7, "first_contact_at": THEN, "uidnext": 3,
    }),
    ("journal", {
        "id": 1, "mailbox": "support", "folder": "INBOX", "uidvalidity": 7, "uid": 2, "size": 0, "internal_date": THEN,
        "recorded_at": THEN, "lane": "", "archive": False, "released": False, "state": "vanished", "attempts": 0, "failures": 0,
        "alone": 0, "reason": "vanished", "decided_at": THEN, "tidied": True,
    }),
)  # fmt: skip
"""What the first schema held already."""

KEYS = ("company", "acme", 2), ("name", "ann lee", 2)
"""What the program has looked these up by since the step that made the index of accounts."""


def at_step(url: str, last: str) -> None:
    """A database that was filled under the first schema and brought to that step since."""
    database = Database(url)
    if database.is_sqlite:
        database.path.touch(0o600)
    with database.transaction():
        Runner(database.peewee, str(MIGRATIONS)).up(target=STEPS[0])
        for table, row in ROWS:
            there = {column.name for column in database.peewee.get_columns(table)}
            assert set(row) <= there
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join([database.peewee.param] * len(row))
            database.peewee.execute_sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(row.values()))
        Runner(database.peewee, str(MIGRATIONS)).up(target=last)
        if last >= ACCOUNT_KEYS:
            for key in KEYS:
                database.peewee.execute_sql("INSERT INTO account_key VALUES (?, ?, ?)".replace("?", database.peewee.param), key)
        if last >= SEALS:
            seals.seal_everything(database.peewee)
    database.close()


def assert_upgraded(url: str) -> int:
    """The rows of ROWS that are not there any more."""
    lost = 0
    database = open_database(url)
    try:
        assert database.migrate() == ()
        with database.reading():
            assert {row[0] for row in database.peewee.execute_sql("SELECT name FROM schema_migration").fetchall()} == set(STEPS)
            assert audit().problems == ()
            assert audit().received == 1
            for model in TABLES:
                list(model.select().limit(1))
            for table, row in ROWS:
                names = ", ".join(f'"{name}"' for name in row if name not in ("internal_date", "recorded_at", "decided_at"))
                lost += database.peewee.execute_sql(f'SELECT {names} FROM "{table}"').fetchone() is None
    finally:
        database.close()
    assert lost == 0
    return lost


@pytest.mark.chaos
@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("last", STEPS)
def test_a_database_of_each_earlier_step_comes_up_to_date_with_its_rows(empty_url: str, last: str) -> None:
    at_step(empty_url, last)
    saw("G17", "a database of each earlier step", times=1, lost=assert_upgraded(empty_url), doubled=0)


@pytest.mark.parametrize("empty_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_so_does_the_first_on_postgresql(empty_url: str) -> None:
    at_step(empty_url, STEPS[0])
    assert_upgraded(empty_url)


@pytest.mark.chaos
def test_a_program_killed_inside_the_upgrade_leaves_the_old_schema_and_the_next_start_makes_it_whole(
    empty_url: str, tmp_path: Path
) -> None:  # fmt: skip
    at_step(empty_url, STEPS[0])
    (tmp_path / "supportd.toml").write_text(f'[house]\nname = "S"\naddress = "s@support.example"\n[database]\nurl = "{empty_url}"\n')
    command = [sys.executable, "-m", "daemon", "--config", str(tmp_path / "supportd.toml"), "audit"]
    killed = subprocess.run(command, env={**os.environ, "SUPPORTD_FAILPOINT": "migration_step"}, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    database = Database(empty_url)
    database.connect()
    assert [row[0] for row in database.peewee.execute_sql("SELECT name FROM schema_migration").fetchall()] == [STEPS[0]]
    assert not database.peewee.table_exists("installation")
    database.close()
    saw("G17", "kill -9 inside the upgrade", times=1, lost=assert_upgraded(empty_url), doubled=0)
