"""A mail is acted on once, does nothing when it has an error, and goes only to those who have a part in it. (More in test_audit.)"""

from __future__ import annotations

import pytest

from tests.store.life import Life, problems

TAMPERED: list[tuple[str, str]] = [
    (
        'UPDATE journal SET record = \'{"errors":[{"code":"E-DATE-PAST","line":1}]}\' WHERE id = 3',
        "mail 3: it has an error (E-DATE-PAST), and something of it was done all the same",
    ),
    (
        "UPDATE journal SET identity = 'same', message_id = '<same>' WHERE id IN (3, 5)",
        "mail 5: it is the same as mail 3, and both were acted on",
    ),
    ("UPDATE journal SET record = 'no JSON, \"errors\":[{' WHERE id = 1", "mail 1: what was decided of it can't be read"),
]


@pytest.mark.parametrize(("statement", "named"), TAMPERED, ids=[statement for statement, _ in TAMPERED])
def test_a_mail_that_did_what_it_must_not_is_named(copied: Life, statement: str, named: str) -> None:
    assert copied.database.peewee.execute_sql(statement).rowcount != 0
    found = problems(copied)
    assert [problem for problem in found if named in problem], found


@pytest.mark.parametrize(
    ("same", "disbelieved", "is_right"),
    [("3, 5", "3", True), ("3, 5", "5", False), ("3, 5", "3, 5", False), ("3, 5", "0", False), ("1, 3, 5", "1", False),
     ("1, 3, 5", "1, 3", False)],
)  # fmt: skip
def test_only_the_true_mail_is_acted_on_after_one_that_was_not_believed(copied: Life, same: str, disbelieved: str, is_right: bool) -> None:
    copied.database.peewee.execute_sql(f"UPDATE journal SET identity = 'same', message_id = '<same>' WHERE id IN ({same})")
    copied.database.peewee.execute_sql(f"UPDATE journal SET grade = 'forged' WHERE id IN ({disbelieved})")
    assert is_right is not any("both were acted on" in problem for problem in problems(copied))


def test_a_contact_of_no_organization_is_named(copied: Life) -> None:
    copied.database.peewee.execute_sql("PRAGMA foreign_keys = off")
    copied.database.peewee.execute_sql("UPDATE contact SET organization_id = 99 WHERE id = 1")
    assert any("of no organization that exists" in problem for problem in problems(copied))
