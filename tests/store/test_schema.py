"""The tables: what the models say is what the migrations make, on both databases; times and owners come back as they went in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import peewee as pw
import pytest
from playhouse.schema_diff import diff_models

from daemon.errors import ConfigError
from daemon.store.database import Database, open_database
from daemon.store.schema import TABLES, Case, Event, Interaction, Journal, MailboxState, Outbox, Row, UtcDateTimeField
from daemon.store.versions import MIGRATIONS

NOW = datetime(2026, 11, 23, 15, 5, 6, 123456, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    opened.connect()
    yield opened
    opened.close()


def meta_of(model: type[Row]) -> Any:
    """What peewee knows of a table; it offers it under this name only."""
    return model._meta  # noqa: SLF001


def test_every_model_is_a_table_of_the_list() -> None:
    assert set(Row.__subclasses__()) == set(TABLES)


def test_the_models_are_what_the_migrations_made(database: Database) -> None:
    difference = diff_models(database.peewee, TABLES)
    assert not difference, str(difference)


def test_a_column_may_be_null_exactly_where_its_model_says_so(database: Database) -> None:
    for model in TABLES:
        meta = meta_of(model)
        there = {column.name: column.null for column in database.peewee.get_columns(meta.table_name)}
        assert there == {field.column_name: field.null for field in meta.sorted_fields}, meta.table_name


def test_every_reference_is_known_to_the_database(database: Database) -> None:
    for model in TABLES:
        meta = meta_of(model)
        there = {(key.column, key.dest_table) for key in database.peewee.get_foreign_keys(meta.table_name)}
        wanted = {
            (field.column_name, meta_of(field.rel_model).table_name)
            for field in meta.sorted_fields
            if isinstance(field, pw.ForeignKeyField)
        }
        assert there == wanted, meta.table_name


@pytest.mark.parametrize(
    "name",
    ["journal_waiting", "journal_lane", "journal_untidied", "journal_raw", "outbox_raw", "outbox_waiting", "outbox_lane", "outbox_untold"],
)
def test_the_queues_have_indexes_of_what_waits(database: Database, name: str) -> None:
    there = {index.name: index.sql for model in (Journal, Outbox) for index in database.peewee.get_indexes(meta_of(model).table_name)}
    assert "WHERE" in there[name].upper()


def test_cases_are_numbered_from_1001(database: Database) -> None:
    with database.transaction():
        first = Case.insert(type="support", subject="", description="", origin="email", created_at=NOW, last_update=NOW).execute()
    assert first == 1001


def test_a_number_is_never_given_twice(database: Database) -> None:
    values = {"type": "support", "subject": "", "description": "", "origin": "email", "created_at": NOW, "last_update": NOW}
    with database.transaction():
        first = Case.insert(**values).execute()
        Case.delete().where(Case.id == first).execute()
        assert Case.insert(**values).execute() == first + 1


# --- what the database itself refuses -------------------------------------------------------------------------------


def journalled(**values: object) -> int:
    row = {"mailbox": "m", "folder": "INBOX", "internal_date": NOW, "recorded_at": NOW, "state": "received", "uidvalidity": 7, "uid": 1}
    return int(Journal.insert(**row | values).execute())


def posted(**values: object) -> int:
    row = {
        "state": "queued", "cause": "mail:1", "effect_key": "mail:1:0:a", "forward_path": "a@b.example", "reverse_path": "",
        "template": "t", "message_id": "<1@x>", "subject": "", "created_at": NOW,
    }  # fmt: skip
    return int(Outbox.insert(**row | values).execute())


def test_a_delivery_is_recorded_once(database: Database) -> None:
    with database.transaction():
        journalled()
    with pytest.raises(pw.IntegrityError), database.transaction():
        journalled()
    with database.transaction():
        journalled(uidvalidity=8)
        journalled(uidvalidity=None, uid=None)
        journalled(uidvalidity=None, uid=None)


def test_an_effect_and_a_message_id_are_written_once(database: Database) -> None:
    with database.transaction():
        posted()
    for changes in ({"message_id": "<2@x>"}, {"effect_key": "mail:1:1:a"}):
        with pytest.raises(pw.IntegrityError), database.transaction():
            posted(**changes)


def test_a_mail_is_related_once(database: Database) -> None:
    with database.transaction():
        mail, letter = journalled(), posted()
        Interaction.insert(direction="in", journal=mail, at=NOW).execute()
        Interaction.insert(direction="out", outbox=letter, at=NOW).execute()
    for changes in ({"journal": mail}, {"outbox": letter}):
        with pytest.raises(pw.IntegrityError), database.transaction():
            Interaction.insert(direction="in", at=NOW, **changes).execute()


def test_a_place_in_the_log_of_a_case_is_taken_once(database: Database) -> None:
    with database.transaction():
        number = Case.insert(type="support", subject="", description="", origin="email", created_at=NOW, last_update=NOW).execute()
        entry = {"case": number, "sequence": 1, "at": NOW, "cause": "mail:1", "verb": "comment", "payload": "{}", "hash": ""}
        Event.insert(**entry).execute()
    with pytest.raises(pw.IntegrityError), database.transaction():
        Event.insert(**entry).execute()


def test_nothing_points_to_what_is_not_there(database: Database) -> None:
    with pytest.raises(pw.IntegrityError), database.transaction():
        Interaction.insert(direction="in", journal=4711, at=NOW).execute()


# --- times ----------------------------------------------------------------------------------------------------------


def test_times_come_back_aware_and_to_the_microsecond(database: Database) -> None:
    for moment in (
        NOW,
        NOW.replace(microsecond=0),
        NOW.astimezone(timezone(timedelta(hours=-5))),
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    ):
        with database.transaction():
            number = MailboxState.insert(
                mailbox="m", folder=str(moment), uidvalidity=1, uidnext=2**32, first_contact_at=moment
            ).execute()  # fmt: skip
            found = MailboxState.get_by_id(number).first_contact_at
        assert found == moment
        assert found.tzinfo is UTC


def test_times_sort_as_time_does(database: Database) -> None:
    moments = [NOW.replace(microsecond=0), NOW, NOW + timedelta(seconds=1), NOW + timedelta(days=400)]
    with database.transaction():
        for moment in reversed(moments):
            MailboxState.insert(mailbox="m", folder=str(moment), uidvalidity=1, uidnext=1, first_contact_at=moment).execute()
        ordered = [row.first_contact_at for row in MailboxState.select().order_by(MailboxState.first_contact_at)]
    assert ordered == moments


def test_a_time_without_a_zone_is_utc_and_none_is_none() -> None:
    field = UtcDateTimeField()
    assert field.python_value(field.db_value(NOW.replace(tzinfo=None))) == NOW
    assert field.db_value(None) is None
    assert field.python_value(None) is None


# --- migrations -----------------------------------------------------------------------------------------------------


def steps() -> set[str]:
    return {path.stem for path in MIGRATIONS.glob("[0-9]*.py")}


def test_a_fresh_database_takes_every_step_and_the_next_start_none(empty_url: str) -> None:
    database = Database(empty_url)
    try:
        assert set(database.migrate()) == steps()
        assert database.migrate() == ()
    finally:
        database.close()
    again = open_database(empty_url)
    try:
        assert again.migrate() == ()
    finally:
        again.close()


def test_a_schema_of_a_newer_program_is_refused_and_left_alone(database_url: str) -> None:
    database = open_database(database_url)
    with database.transaction():
        columns = [column.name for column in database.peewee.get_columns("schema_migration")]
        assert "name" in columns
        taken = database.peewee.execute_sql("SELECT * FROM schema_migration").fetchone()
        values = [
            "9999_from_the_future" if name == "name" else 9999 if name == "id" else value
            for name, value in zip(columns, taken, strict=True)
        ]
        marks = ", ".join([database.peewee.param] * len(columns))
        database.peewee.execute_sql(f"INSERT INTO schema_migration ({', '.join(columns)}) VALUES ({marks})", values)
    database.close()
    with pytest.raises(ConfigError, match=r"newer than this program.*9999_from_the_future"):
        open_database(database_url)


def test_no_two_steps_have_one_number() -> None:
    assert len({name[:4] for name in steps()}) == len(steps())


def test_a_migration_is_history_and_imports_no_models() -> None:
    for path in MIGRATIONS.glob("[0-9]*.py"):
        assert "daemon." not in path.read_text()


@pytest.mark.parametrize(
    ("url", "said"),
    [("mysql://x/y", "neither sqlite"), ("supportd.db", "neither sqlite"), ("sqlite:////nowhere/at/all/x.db", "does not exist")],
)
def test_an_url_that_can_not_be_opened_is_a_mistake_to_mend(url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_database(url)
    assert said in str(caught.value.problems[0])


def test_the_file_is_where_the_url_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_database("sqlite:///with%20blank.db").close()
    assert (tmp_path / "with blank.db").exists()
