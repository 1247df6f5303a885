"""Whatever is changed behind the program in whichever table, `audit` names the row: each column, each kind of harm."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import peewee as pw
import pytest

from daemon.actions.replies import Desk
from daemon.store import audit_seals, seals
from daemon.store.accountindex import index_accounts
from daemon.store.audit import audit
from daemon.store.audit_seals import NAMES
from daemon.store.database import Database, open_database
from daemon.store.schema import TABLES, MailboxLease, Octets, Seal, SealHead, UtcDateTimeField, Worker
from daemon.store.touched import DERIVED, OF_THE_MOMENT, OWN, UNSEALED
from tests.actions.desk import settle
from tests.chaos.record import saw, size
from tests.servers.postgres import fresh_database
from tests.store.life import Life, lived

pytestmark = pytest.mark.chaos

SEALED = seals.sealed_models()
THEN = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)

PLACE_OF_A_SEAL = "id"
"""Of a seal: if its place among the others changes what is said last, a row is named; if not, nothing was changed by it."""


def meta_of(model: Any) -> Any:
    """What peewee knows of a table; it offers it under this name only."""
    return model._meta  # noqa: SLF001


def table_of(model: Any) -> str:
    return str(meta_of(model).table_name)


# --- a database in which every table has rows ------------------------------------------------------------------------


def fill(database: Database) -> None:
    """Rows for every table that has fewer than three, written as the program writes: what they mean is no matter to a seal."""
    with database.transaction():
        for model in SEALED:
            for number in range(model.select().count(), 3):
                model.insert(**_values(model, number)).execute()
        index_accounts()


def _values(model: Any, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in meta_of(model).sorted_fields:
        if isinstance(field, pw.AutoField):
            continue
        if isinstance(field, pw.ForeignKeyField):
            numbers = [row[0] for row in field.rel_model.select(meta_of(field.rel_model).primary_key).tuples()]
            values[field.name] = numbers[number % len(numbers)] if not field.unique else None
        elif isinstance(field, UtcDateTimeField):
            values[field.name] = THEN + timedelta(hours=number)
        elif isinstance(field, pw.DateField):
            values[field.name] = (THEN + timedelta(days=number)).date().isoformat()
        elif isinstance(field, pw.BooleanField):
            values[field.name] = bool(number % 2)
        elif isinstance(field, pw.IntegerField):
            values[field.name] = 40 + number
        elif isinstance(field, pw.BlobField):
            values[field.name] = b"octets %d" % number
        else:
            values[field.name] = f"{field.name} {number}"
    if model is Octets:
        values["sha256"] = hashlib.sha256(values["content"]).hexdigest()
    return values


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory, shipped_desk: Desk) -> Path:
    path = tmp_path_factory.mktemp("filled") / "supportd.db"
    opened = open_database(f"sqlite:///{path}")
    settle(opened)
    lived(Life(opened, shipped_desk))
    fill(opened)
    opened.close()
    return path


@pytest.fixture
def filled(filled_file: Path, tmp_path: Path) -> Iterator[Database]:
    """It, on SQLite, for somebody who isn't held up by references."""
    shutil.copy(filled_file, tmp_path / "supportd.db")
    opened = open_database(f"sqlite:///{tmp_path / 'supportd.db'}")
    opened.connect()
    opened.peewee.execute_sql("PRAGMA foreign_keys = off")
    yield opened
    opened.close()


# --- harm ------------------------------------------------------------------------------------------------------------


def problems_of(database: Database, change: Callable[[], None]) -> list[str]:
    """What is found after this change, which is then undone."""
    with database.peewee.savepoint() as savepoint:
        change()
        found = [*audit_seals.sealed(), *audit_seals.indexed()]
        savepoint.rollback(begin=False)
        return found


def another(field: pw.Field, value: Any, number: int = 0) -> Any:
    """Some other value of the same kind, as it is stored."""
    if isinstance(field, (UtcDateTimeField, pw.DateField)):
        return "2001-02-03 04:05:06.000000" if isinstance(field, UtcDateTimeField) else "2001-02-03"
    if isinstance(field, pw.BooleanField):
        return not value
    if isinstance(field, (pw.IntegerField, pw.ForeignKeyField)) and not isinstance(value, str):
        return (value or 0) + 900_001 + number
    if isinstance(field, pw.BlobField):
        return bytes(value or b"") + b"x"
    return f"x{number}{value or ''}"[:64]


class Hand:
    """Somebody with a client of the database."""

    def __init__(self, database: Database, model: Any) -> None:
        self.database = database
        self.table = table_of(model)
        self.key = getattr(meta_of(model).primary_key, "column_name", "organization_id")
        self.fields = {field.column_name: field for field in meta_of(model).sorted_fields}
        listed = ", ".join(f'"{name}"' for name in self.fields)
        found = database.peewee.execute_sql(f'SELECT {listed} FROM "{self.table}" ORDER BY "{self.key}"').fetchall()
        self.rows = [dict(zip(self.fields, row, strict=True)) for row in found]

    def named(self, row: dict[str, Any]) -> str:
        return NAMES.get(self.table, self.table.replace("_", " ") + " {}").format(row[self.key]) + ": "

    def alter(self, row: dict[str, Any], column: str, value: Any) -> None:
        mark = self.database.peewee.param
        statement = f'UPDATE "{self.table}" SET "{column}" = {mark} WHERE "{self.key}" = {mark}'
        assert self.database.peewee.execute_sql(statement, (value, row[self.key])).rowcount == 1

    def delete(self, row: dict[str, Any]) -> None:
        mark = self.database.peewee.param
        assert self.database.peewee.execute_sql(f'DELETE FROM "{self.table}" WHERE "{self.key}" = {mark}', (row[self.key],)).rowcount == 1

    def swap(self, one: dict[str, Any], other: dict[str, Any], column: str) -> None:
        self.alter(one, column, other[column])
        self.alter(other, column, one[column])

    def put_in(self, like: dict[str, Any], unique: set[str]) -> dict[str, Any]:
        """A row that is like another one, but for what only one may have."""
        row = {name: another(self.fields[name], value) if name in unique | {self.key} else value for name, value in like.items()}
        listed, marks = ", ".join(f'"{name}"' for name in row), ", ".join([self.database.peewee.param] * len(row))
        self.database.peewee.execute_sql(f'INSERT INTO "{self.table}" ({listed}) VALUES ({marks})', list(row.values()))
        return row


def unique_columns(model: Any) -> set[str]:
    meta = meta_of(model)
    found = {field.column_name for field in meta.sorted_fields if field.unique}
    for index in meta.fields_to_index():
        if index._unique:  # noqa: SLF001
            found |= {field.column_name for field in index._expressions if isinstance(field, pw.Field)}  # noqa: SLF001
    return found


Harm = tuple[Hand, str, list[dict[str, Any]], Callable[[], Any]]
"""By whom, what, which rows are to be named, and how it is done."""


def harms(database: Database, model: Any, columns: list[str]) -> list[Harm]:
    """Alter these columns of a row, delete each row, put one in, swap what two rows say."""
    hand = Hand(database, model)
    first, second, *_ = hand.rows
    found: list[Harm] = []
    for column in columns:
        other = another(hand.fields[column], first[column])
        found.append((hand, f"altered {column}", [first], lambda column=column, other=other: hand.alter(first, column, other)))
        if first[column] != second[column] and column not in unique_columns(model) | {hand.key}:
            found.append((hand, f"swapped {column}", [first, second], lambda column=column: hand.swap(first, second, column)))
    found += [(hand, "deleted", [row], lambda row=row: hand.delete(row)) for row in hand.rows[:3]]
    orphan = {**first, hand.key: another(hand.fields[hand.key], first[hand.key])}
    return [*found, (hand, "put in", [orphan], lambda: hand.put_in(first, unique_columns(model)))]


def done_to(database: Database, of_tables: Iterable[list[Harm]]) -> tuple[int, list[str]]:
    """Do all of it, to each table one thing at a time; how many, and what was not named."""
    count, silent = 0, list[str]()
    for together in zip_longest(*of_tables):
        there = [one for one in together if one is not None]
        found = problems_of(database, lambda there=there: [change() for *_, change in there])
        count += len(there)
        for hand, what, rows, _ in there:
            if not all(any(problem.startswith(hand.named(row)) for problem in found) for row in rows):
                silent.append(f"{hand.table}: {what}")
    return count, silent


def sealed_columns(model: Any) -> list[str]:
    without = UNSEALED.get(table_of(model), frozenset())
    return [field.column_name for field in meta_of(model).sorted_fields if field.name not in without]


def test_an_untouched_database_has_nothing_to_name(filled: Database) -> None:
    with filled.reading():
        assert [*audit_seals.sealed(), *audit_seals.indexed()] == []


def test_every_table_is_sealed_made_of_others_or_holds_the_seals() -> None:
    assert {table_of(model) for model in SEALED} | DERIVED | OF_THE_MOMENT | OWN == {table_of(model) for model in TABLES}
    for table, fields in UNSEALED.items():
        (model,) = [model for model in SEALED if table_of(model) == table]
        assert fields < {field.name for field in meta_of(model).sorted_fields}


def test_each_column_of_each_table(filled: Database) -> None:
    with filled.transaction() as transaction:
        count, silent = done_to(filled, [harms(filled, model, sealed_columns(model)) for model in SEALED])
        transaction.give_up()
    saw(
        "G15",
        "a row altered, deleted, put in or swapped, each column of each table",
        times=count,
        lost=len(silent),
        doubled=0,
        note="SQLite",
    )
    assert silent == []


@pytest.mark.postgres
def test_a_column_of_each_table_on_postgresql(postgres_url: str, shipped_desk: Desk) -> None:
    with fresh_database(postgres_url) as url:
        database = open_database(url)
        settle(database)
        lived(Life(database, shipped_desk))
        fill(database)
        with database.reading():
            assert [*audit_seals.sealed(), *audit_seals.indexed()] == []
        with database.transaction() as transaction:
            # somebody who isn't held up by references
            database.peewee.execute_sql("SET session_replication_role = replica")
            count, silent = done_to(database, [harms(database, model, sealed_columns(model)[-1:]) for model in SEALED])
            transaction.give_up()
        database.close()
    saw(
        "G15",
        "a column of each table altered or swapped, rows deleted or put in",
        times=count,
        lost=len(silent),
        doubled=0,
        note="PostgreSQL",
    )
    assert silent == []


# --- what is of no kind that a column holds ---------------------------------------------------------------------------

WORDS, OCTETS, NO_TEXT, DEEP = "?x9", b"\x00\xff", b"\x80\xffA", "[" * 100_000
WRONG_KINDS = {"words": WORDS, "octets": OCTETS, "octets that are no text": NO_TEXT, "JSON without an end": DEEP}

NAMED_ELSEHOW = {
    "octets": ("mail", "attachment", "octets"), "account_key": ("account key", "website tail", "the proof called 'indexed'"),
    "website_tail": ("website tail", "the proof called 'indexed'"), "seal": ("seal",), "seal_head": ("seal",),
    "worker": ("worker",), "mailbox_lease": ("mailbox lease",),
}  # fmt: skip
"""How what is wrong with these tables is told of; with the others the row itself is named."""


def put_wrongly(database: Database, hand: Hand, row: dict[str, Any], column: str, value: Any) -> bool:
    """Put it into a cell of this row; False where SQLite itself refuses, and where it is of the right kind."""
    cell = "CAST(? AS TEXT)" if value == NO_TEXT else "?"
    if hand.table in OF_THE_MOMENT and isinstance(value, str) and isinstance(hand.fields[column], pw.TextField):
        # what says who works right now is covered by no seal, and these are words in a column of words
        return False
    where = " AND ".join(f'"{name}" IS ?' for name in row)
    try:
        changed = database.peewee.execute_sql(f'UPDATE "{hand.table}" SET "{column}" = {cell} WHERE {where}', (value, *row.values()))
    except pw.IntegrityError:
        return False
    assert changed.rowcount == 1
    return True


def kept_silent(hand: Hand, row: dict[str, Any], said: Sequence[str]) -> bool:
    heads = NAMED_ELSEHOW.get(hand.table)
    return not any(problem.startswith(heads) if heads else problem.startswith(hand.named(row)) for problem in said)


def first_rows(database: Database) -> list[tuple[Hand, dict[str, Any]]]:
    hands = [Hand(database, model) for model in TABLES]
    return [(hand, hand.rows[0]) for hand in hands]


@pytest.mark.timeout(size(120, 900))
@pytest.mark.parametrize("kind", WRONG_KINDS)
def test_a_value_of_a_wrong_kind_in_each_column_of_each_table_is_named_and_ends_no_audit(filled: Database, kind: str) -> None:
    """One in every table at once, in the whole size each alone."""
    with filled.transaction():
        for model in (Worker, MailboxLease):
            model.insert(**_values(model, 1)).execute()
    there = first_rows(filled)
    most = max(len(hand.fields) for hand, _ in there)
    together = [[(hand, row, [*hand.fields][place]) for hand, row in there if place < len(hand.fields)] for place in range(most)]
    count, silent = 0, list[str]()
    with filled.transaction() as transaction:
        for group in [[one] for many in together for one in many] if size(0, 1) else together:
            with filled.peewee.savepoint() as savepoint:
                done = [one for one in group if put_wrongly(filled, *one, WRONG_KINDS[kind])]
                said = audit().problems
                savepoint.rollback(begin=False)
            count += len(done)
            silent += [f"{hand.table}.{column}" for hand, row, column in done if kept_silent(hand, row, said)]
        transaction.give_up()
    saw("G15", "a value of a wrong kind, each column of each table", times=count, lost=len(silent), doubled=0)
    assert silent == []
    assert count > 300


def harms_of_seals(hand: Hand) -> Iterator[tuple[Hand, str, Callable[[], Any]]]:
    """Alter each column of each row, delete each row, put one in."""
    for row in hand.rows:
        for column, field in hand.fields.items():
            if (hand.table, column) != ("seal", PLACE_OF_A_SEAL):
                other = another(field, row[column])
                yield hand, f"altered {column}", lambda row=row, column=column, other=other: hand.alter(row, column, other)
        yield hand, "deleted", lambda row=row: hand.delete(row)
    yield hand, "put in", lambda: hand.put_in(hand.rows[0], {"hand"})


def test_the_seals_themselves(filled: Database) -> None:
    count, silent = 0, list[str]()
    with filled.transaction() as transaction:
        for model in (Seal, SealHead):
            for hand, what, change in harms_of_seals(Hand(filled, model)):
                count += 1
                if not problems_of(filled, change):
                    silent.append(f"{hand.table}: {what}")
        transaction.give_up()
    saw("G15", "a seal altered, deleted or put in", times=count, lost=len(silent), doubled=0)
    assert silent == []


def test_the_tables_that_are_made_of_others(filled: Database) -> None:
    key = "WHERE value = (SELECT min(value) FROM account_key)"
    tail = "WHERE (tail, organization_id) = (SELECT tail, organization_id FROM website_tail LIMIT 1)"
    changes = [
        f"DELETE FROM account_key {key}", f"UPDATE account_key SET organization_id = 77 {key}",
        f"UPDATE account_key SET value = 'else' {key}",
        f"UPDATE account_key SET kind = 'else' {key}", "INSERT INTO account_key (kind, value, organization_id) VALUES ('name', 'eve', 77)",
        f"DELETE FROM website_tail {tail}", f"UPDATE website_tail SET organization_id = 77 {tail}",
        f"UPDATE website_tail SET tail = 'x' {tail}",
        "INSERT INTO website_tail (tail, organization_id) VALUES ('else.example', 3)",
    ]  # fmt: skip
    assert set(re.findall(r"[a-z]+_[a-z]+", " ".join(changes))) > DERIVED
    with filled.transaction() as transaction:
        silent = [change for change in changes if not problems_of(filled, lambda change=change: filled.peewee.execute_sql(change))]
        transaction.give_up()
    saw("G15", "the index of accounts changed", times=len(changes), lost=len(silent), doubled=0)
    assert silent == []


@pytest.mark.parametrize("harm", ["one octet", "cut", "gone", "another's"])
def test_mails_and_files_that_are_kept(filled: Database, harm: str) -> None:
    """Their name is their digest, so the content is proved by itself."""
    silent = []
    digests = [row[0] for row in Octets.select(Octets.sha256).tuples()]
    with filled.transaction() as transaction:
        before = set(audit().problems)
        for name in digests:
            content = bytes(Octets.get_by_id(name).content)
            other = {"one octet": bytes([content[0] ^ 1]) + content[1:], "cut": content[:-1], "another's": b"else"}.get(harm, b"")
            with filled.peewee.savepoint() as savepoint:
                if harm == "gone":
                    filled.peewee.execute_sql("DELETE FROM octets WHERE sha256 = ?", (name,))
                else:
                    filled.peewee.execute_sql("UPDATE octets SET content = ? WHERE sha256 = ?", (other, name))
                if not set(audit().problems) - before:
                    silent.append(name)
                savepoint.rollback(begin=False)
        transaction.give_up()
    saw("G15", f"stored octets: {harm}", times=len(digests), lost=len(silent), doubled=0)
    assert silent == []


def test_what_is_written_after_a_change_does_not_hide_it(filled: Database) -> None:
    """A row that the program writes again is sealed as it is then; the others stay named."""
    with filled.transaction():
        filled.peewee.execute_sql("UPDATE contact SET phone = '+1 555 0100' WHERE id = 1")
        filled.peewee.execute_sql("DELETE FROM event WHERE id = 2")
    with filled.transaction():
        fill_one = next(model for model in SEALED if table_of(model) == "task")
        fill_one.insert(**_values(fill_one, 7)).execute()
    with filled.reading():
        assert [*audit_seals.sealed()] == ["contact 1: it is not as the program left it", "event 2: it is gone"]
