"""The tables are those of this program, and what no seal covers is of its kind: whatever is not, is named."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from daemon.store import audit_kinds
from daemon.store.audit import audit
from daemon.store.database import Database, existing_database
from tests.store.earlier import SCHEMAS, load
from tests.store.life import Life, problems


def test_good_books_are_of_this_program_and_every_value_is_of_its_kind(copied: Life) -> None:
    with copied.database.reading():
        assert [*audit_kinds.steps(), *audit_kinds.lacking(), *audit_kinds.kinds()] == []


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("2026-11-23 17:00:00.000000", False), ("2024-02-29 23:59:59.999999", False), ("2026-02-31 17:00:00.000000", True),
        ("2026-11-23 24:00:00.000000", True), ("2026-11-23", True), ("soon", True), (7, True), (b"soon", True), (None, False),
    ],
)  # fmt: skip
def test_a_time_is_one_as_the_program_writes_it(copied: Life, value: object, named: bool) -> None:
    copied.database.peewee.execute_sql("UPDATE journal SET lease_until = ? WHERE id = 1", (value,))
    assert problems(copied) == (["mail 1: its lease until is no time"] if named else [])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE journal SET attempts = 'often' WHERE id = 2", "mail 2: its attempts is no whole number"),
        ("UPDATE journal SET tidied = 2 WHERE id = 2", "mail 2: its tidied is no yes or no"),
        (
            "INSERT INTO mailbox_lease VALUES (x'80ff', NULL, 1, '2026-11-23 17:00:00.000000', NULL)",
            "mailbox lease b'\\x80\\xff': its mailbox is no text",
        ),
        (
            "INSERT INTO mailbox_lease VALUES (CAST(x'80ff' AS TEXT), NULL, 1, '2026-11-23 17:00:00.000000', NULL)",
            "mailbox lease b'\\x80\\xff': there are octets in it that are no text",
        ),
    ],
)  # fmt: skip
def test_so_are_numbers_answers_and_words(copied: Life, change: str, named: str) -> None:
    copied.database.peewee.execute_sql(change)
    assert named in problems(copied)


def test_of_tables_that_lack_something_no_more_is_said(database: Database) -> None:
    with database.transaction() as transaction:
        database.peewee.execute_sql("ALTER TABLE sla_clock DROP COLUMN kind")
        database.peewee.execute_sql("DROP TABLE undeliverable")
        assert audit().problems == ("table sla_clock: it has no kind", "table undeliverable: it is not there")
        transaction.give_up()


def test_of_an_older_schema_one_line_says_all(empty_url: str) -> None:
    load(SCHEMAS / f"0007_level_one.bab8414.{urlsplit(empty_url).scheme}.sql.xz", empty_url)
    older = existing_database(empty_url)
    assert older is not None
    with older.reading():
        books = audit()
    older.close()
    (problem,) = books.problems
    assert problem.startswith("schema steps 0009_held_senders, 0010_epoch, ")
    assert problem.endswith("they were not taken yet, which the next start of the program does, or somebody changed what was taken")
    assert (books.received, books.in_progress) == (3, 1)


def test_a_step_that_is_not_known_to_have_been_taken_is_named(database: Database) -> None:
    with database.transaction() as transaction:
        database.peewee.execute_sql("UPDATE schema_migration SET name = 'x9' WHERE name = '0012_workers'")
        found = audit().problems
        transaction.give_up()
    assert [problem.partition(":")[0] for problem in found] == ["schema step 0012_workers", "schema step x9"]


def test_a_check_that_comes_to_no_end_is_named_and_the_others_go_on(worked: Life) -> None:
    with worked.database.transaction():
        worked.database.peewee.execute_sql("UPDATE support_case SET support = 'x9' WHERE id = 1001")
        worked.database.peewee.execute_sql("DELETE FROM interaction WHERE id = 1")
    found = problems(worked)
    assert found[:2] == ["CASE-1001: it is not as the program left it", "interaction 1: it is gone"]
    assert [problem for problem in found if problem.startswith("the proof called 'level one' came to no end")]
    assert "mail 1: it is done but was never recorded as an interaction" in found
