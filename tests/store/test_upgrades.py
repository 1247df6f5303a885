"""From every earlier schema to today's: rows stay, the books balance, and a program killed in between does the step again as a whole."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playhouse.migrations import Migration, Runner

from daemon.config import load_config
from daemon.demo.servers import EmbeddedImap, EmbeddedSmtp
from daemon.errors import ConfigError
from daemon.reader import Reader
from daemon.service import open_house, reader_of, run_once
from daemon.store import seals
from daemon.store.audit import audit
from daemon.store.database import Database, open_database
from daemon.store.epoch import EpochFile, Mark, installation
from daemon.store.schema import TABLES, Digest, Outbox, SlaClock
from daemon.store.versions import MIGRATIONS
from daemon.wiring import epoch_file_of
from tests.chaos.record import saw, size
from tests.servers.postgres import fresh_database
from tests.store.earlier import CONFIGURATION, SCHEMAS, World, load

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


# --- every schema there ever was -------------------------------------------------------------------------------------

EARLIER = sorted({file.name.rpartition(".")[0].rpartition(".")[0].rpartition(".")[0] for file in SCHEMAS.glob("*.xz")})
"""Last step and commit of each."""

REMADE = {"schema_migration", "seal", "seal_head", "account_key", "website_tail", "sqlite_sequence"}
"""Tables that an upgrade writes anew."""

SOON = datetime(2026, 12, 2, 15, 0, tzinfo=UTC)
"""Three days after the last of them was made: what waits is still to be sent, what was promised is late."""

Rows = dict[str, tuple[tuple[str, ...], Counter[tuple[Any, ...]]]]


def rows_of(url: str, like: Rows | None = None) -> Rows:
    """By table its columns and rows; with `like` only the columns that were there then."""
    database = Database(url)
    database.connect()
    found: Rows = {}
    for table in database.peewee.get_tables() if like is None else like:
        if table in REMADE or table.startswith("precedent"):
            continue
        names = tuple(sorted(column.name for column in database.peewee.get_columns(table))) if like is None else like[table][0]
        listed = ", ".join(f'"{name}"' for name in names)
        rows = database.peewee.execute_sql(f'SELECT {listed} FROM "{table}"').fetchall()
        found[table] = names, Counter(tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row) for row in rows)
    database.close()
    return found


def shape_of(url: str) -> list[str]:
    """Every table, column, reference and index, in whatever order they were made."""
    database = Database(url)
    database.connect()
    there = sorted(_sqlite_shape(database) if database.is_sqlite else _postgres_shape(database))
    database.close()
    return there


def _sqlite_shape(database: Database) -> Iterator[str]:
    def ask(sql: str) -> list[tuple[Any, ...]]:
        return list(database.peewee.execute_sql(sql).fetchall())

    for name, kind, sql in ask("SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL"):
        if kind == "index":
            yield re.sub(r"\s+", " ", sql)
            continue
        words = [word for word in ("AUTOINCREMENT", "WITHOUT ROWID", "VIRTUAL") if word in sql]
        yield f"{kind} {name} {' '.join(words)}"
        yield from (f"{name}: {column[1:]}" for column in ask(f'PRAGMA table_xinfo("{name}")'))
        yield from (f"{name} refers: {key[2:]}" for key in ask(f'PRAGMA foreign_key_list("{name}")'))


def _postgres_shape(database: Database) -> Iterator[str]:
    queries = (
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, collation_name, "
        "generation_expression FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "SELECT sequencename, data_type FROM pg_sequences WHERE schemaname = 'public'",
    )
    for query in queries:
        yield from (str(row) for row in database.peewee.execute_sql(query).fetchall())


@pytest.fixture(scope="module")
def fresh_shapes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """What today's steps make of nothing, on this kind of database."""

    @cache
    def fresh(database_kind: str) -> list[str]:
        with ExitStack() as stack:
            url = f"sqlite:///{tmp_path_factory.mktemp('fresh') / 'supportd.db'}"
            if database_kind != "sqlite":
                url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_url")))
            open_database(url).close()
            return shape_of(url)

    return fresh


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One for all rounds: a new one costs more than a round."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "supportd.toml"
        configuration.write_text(CONFIGURATION.format(url="sqlite:///x.db", imap=1, smtp=1))
        with reader_of(load_config(configuration)) as at_work:
            yield at_work


def does_a_round(url: str, folder: Path, reader: Reader) -> None:
    """Today's program goes on with it: what waits is worked on and sent, promises are looked at, and the books balance."""
    with EmbeddedImap() as imap, EmbeddedSmtp() as smtp:
        world = World(folder, url, imap, smtp)
        config = load_config(world.configuration)
        with open_house(config, lambda: SOON, reader=reader) as house:
            with house.database.reading():
                life = installation()
                waiting = Outbox.select().where(Outbox.state == "queued").count()
            # it was put nowhere else since
            EpochFile(epoch_file_of(config)).write(Mark(installation=str(life.name), epoch=life.epoch))
            run_once(config, house)
            with house.database.reading():
                books = audit()
                assert Outbox.select().where(Outbox.state.not_in(["sent", "held"])).count() == 0
                assert not SlaClock.select().where(SlaClock.look_at <= SOON).exists()
                assert books.problems == ()
                assert (books.received, books.in_progress) == (3, 0)
        assert len(smtp.sent) >= waiting > 0


WRITTEN_ANEW = ("0001_spine.b1ca078", "0002_promises.093b1f8", "0002_promises.4d2b287", "0010_epoch.44fb32a", "0016_retention.98cb22d")
"""The first, and those in which a step was another than it is today."""

ALL = size(0, 1)
"""Whether each is looked at from all sides."""

ON_BOTH = [
    *(("sqlite", earlier) for earlier in EARLIER),
    *(pytest.param("postgres", earlier, marks=pytest.mark.postgres) for earlier in EARLIER if earlier in WRITTEN_ANEW or ALL),
]


@pytest.mark.chaos
@pytest.mark.parametrize(("empty_url", "earlier"), ON_BOTH, indirect=["empty_url"])
def test_a_database_of_each_schema_there_ever_was_comes_up_to_date_with_its_rows(
    empty_url: str, earlier: str, tmp_path: Path, reader: Reader, fresh_shapes: Callable[[str], list[str]]
) -> None:  # fmt: skip
    kind = urlsplit(empty_url).scheme
    load(SCHEMAS / f"{earlier}.{kind}.sql.xz", empty_url)
    before = rows_of(empty_url)
    assert before["journal"][1].total() == 3
    database = open_database(empty_url)
    with database.reading():
        assert database.migrate() == ()
        assert audit().problems == ()
    database.close()
    lost = sum((rows - rows_of(empty_url, before)[table][1]).total() for table, (_, rows) in before.items())
    assert lost == 0
    assert shape_of(empty_url) == fresh_shapes(kind)
    if earlier in WRITTEN_ANEW or ALL:
        does_a_round(empty_url, tmp_path, reader)
    saw("G17", "a database of each schema there ever was", times=1, lost=lost, doubled=0)


def test_a_step_that_has_landed_is_never_written_anew() -> None:
    """A database that took it would lack what it says now. What is missing is a step of its own."""
    there = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest()[:32] for path in MIGRATIONS.glob("[0-9]*.py")}
    kept = dict(line.split() for line in (SCHEMAS / "steps.txt").read_text().splitlines())
    assert there == kept, "a new step is added to schemas/steps.txt, an old one is left as it was"


def test_every_schema_but_the_newest_is_kept() -> None:
    """See `tests.store.earlier`: whoever adds a step keeps what was there before."""
    for kind in ("sqlite", "postgresql"):
        kept = {file.name.partition(".")[0] for file in SCHEMAS.glob(f"*.{kind}.sql.xz")}
        # two steps that came out of their order stand behind the one before them
        assert kept == set(STEPS[:-1]) - {"0009_held_senders"}


def test_what_the_first_programs_had_no_column_for_is_looked_at_and_is_of_no_queue(empty_url: str) -> None:
    load(SCHEMAS / f"0002_promises.093b1f8.{urlsplit(empty_url).scheme}.sql.xz", empty_url)
    database = Database(empty_url)
    database.connect()
    clock = (
        "INSERT INTO sla_clock (id, case_id, cycle, kind, calendar, started_at, deadline_at, met_at) VALUES ({}, 1001, 1, 'plan', 'house'"
    )
    for sql in (
        clock.format(7) + f", '{THEN}', '2026-11-24 17:00:00.000000', NULL)",
        clock.format(8) + f", '{THEN}', '2026-11-24 17:00:00.000000', '{THEN}')",
        "INSERT INTO digest (id, contact_id, day) VALUES (5, 2, '2026-11-23')",
    ):
        database.peewee.execute_sql(sql)
    database.close()
    database = open_database(empty_url)
    with database.transaction():
        found = {clock.id: clock.look_at for clock in SlaClock.select()}
        assert found == {7: datetime(2026, 11, 23, 17, 0, tzinfo=UTC), 8: None}
        assert list(Digest.select(Digest.id, Digest.contact, Digest.queue_id).tuples()) == [(5, 2, 0)]
    database.close()


def test_a_repair_finds_nothing_to_repair_where_nothing_was_ever_lacking(database_url: str) -> None:
    before = shape_of(database_url)
    database = open_database(database_url)
    step = Migration.load_directory(str(MIGRATIONS))[STEPS.index("0018_repairs")].load()
    with database.transaction():
        step.up(None, database.peewee)
    database.close()
    assert shape_of(database_url) == before


def test_a_step_whose_row_somebody_deleted_is_not_taken_twice(database_url: str) -> None:
    database = open_database(database_url)
    with database.transaction():
        database.peewee.execute_sql("DELETE FROM schema_migration WHERE name = '0012_workers'")
    database.close()
    before = shape_of(database_url)
    with pytest.raises(ConfigError, match=r"somebody changed `schema_migration`.*supportd audit"):
        open_database(database_url)
    assert shape_of(database_url) == before


# --- inside an upgrade ------------------------------------------------------------------------------------------------


@pytest.mark.chaos
def test_a_program_killed_inside_the_upgrade_leaves_the_old_schema_and_the_next_start_makes_it_whole(
    empty_url: str, tmp_path: Path
) -> None:  # fmt: skip
    at_step(empty_url, STEPS[0])
    (tmp_path / "supportd.toml").write_text(f'[house]\nname = "S"\naddress = "s@support.example"\n[database]\nurl = "{empty_url}"\n')
    command = [sys.executable, "-m", "daemon", "--config", str(tmp_path / "supportd.toml"), "cases"]
    killed = subprocess.run(command, env={**os.environ, "SUPPORTD_FAILPOINT": "migration_step"}, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    database = Database(empty_url)
    database.connect()
    assert [row[0] for row in database.peewee.execute_sql("SELECT name FROM schema_migration").fetchall()] == [STEPS[0]]
    assert not database.peewee.table_exists("installation")
    database.close()
    saw("G17", "kill -9 inside the upgrade", times=1, lost=assert_upgraded(empty_url), doubled=0)
