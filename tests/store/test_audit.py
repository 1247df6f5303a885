"""The proof of the books: silent on a true world, and it names each thing that somebody changed behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.store import audit
from tests.chaos.record import saw
from tests.conversations.fixtures import inbox, world
from tests.conversations.world import World, bounce, mail

__all__ = ["inbox", "world"]


@pytest.fixture
def lived(world: World) -> Iterator[World]:
    """A world with two cases, a comment, a note, an attachment, a bounce, a robot, a copy and mails on their way."""
    octets = mail("ann", "Roof-7 shows no data.", files=[("plan.pdf", "application/pdf", b"%PDF-1.4 a plan")])
    received, assigned = world.talk(octets, ("ann", "case-received"), ("bob", "case-assigned"))
    world.talk(octets)
    world.talk(mail("ann", "It is dark.", answers=received), ("bob", "case-comment"))
    world.talk(mail("mallory@else.example", "Send it to me.", to=assigned.reply_to, subject="hi"))
    world.talk(bounce(received), ("lou", "bounce-notice"))
    world.talk(mail("robot@else.example", "beep", headers={"Auto-Submitted": "auto-generated"}))
    world.talk(mail("sam", "Order 9001.", subject="Order"), ("sam", "case-received"), ("lou", "case-assigned"))
    return world


CHANGES = (
    # what somebody does to the data, and what the audit says
    ("UPDATE journal SET state = 'done' WHERE id = 1", "mail 1: its state 'done' is none we know"),
    ("UPDATE journal SET reason = NULL WHERE id = 1", "mail 1: it is done without a reason"),
    ("UPDATE journal SET state = 'ignored' WHERE id = 1", "its cause mail:1 is no acted mail"),
    ("UPDATE journal SET state = 'acted' WHERE id = 2", "mail 2: it counts as acted but has no action"),
    ("UPDATE outbox SET state = 'gone' WHERE id = 1", "outbox 1: its state 'gone' is none we know"),
    ("UPDATE outbox SET sent_at = NULL WHERE id = 1", "outbox 1: it is sent but nobody knows when"),
    ("UPDATE outbox SET octets = NULL WHERE id = 1", "outbox 1: it is to be sent but was never composed"),
    ("UPDATE outbox SET cause = 'mail:99' WHERE id = 1", "outbox 1: its cause mail:99 is no acted mail"),
    ("UPDATE outbox SET forward_path = 'x@x.example' WHERE id = 1", "a mail to x@x.example is in the outbox that it never queued"),
    ("DELETE FROM interaction WHERE journal_id = 1", "mail 1: it is done but was never recorded as an interaction"),
    ("DELETE FROM interaction WHERE outbox_id = 1", "outbox 1: it was never recorded as an interaction"),
    ("UPDATE interaction SET journal_id = NULL WHERE journal_id = 1", "it belongs to no mail"),
    ("UPDATE event SET payload = '{}' WHERE id = 1", "CASE-1001: its log was changed at entry 1"),
    ("UPDATE event SET sequence = 77 WHERE id = 1", "CASE-1001: its log was changed"),
    (
        "DELETE FROM event WHERE case_id = 1001 AND sequence = (SELECT MAX(sequence) FROM event WHERE case_id = 1001)",
        "CASE-1001: its log ends",
    ),
    ("UPDATE event SET cause = 'mail:99' WHERE id = 1", "event 1: its cause mail:99 is no acted mail"),
    ("UPDATE case_comment SET body = 'other words'", "comment 1: its words are not those that were logged"),
    ("DELETE FROM case_comment", "is not there"),
    ("UPDATE case_comment SET public = NOT public", "comment 1: its case, its author or who may read it"),
    ("UPDATE case_comment SET case_id = 1002", "comment 1: its case, its author or who may read it"),
    ("UPDATE case_comment SET author_id = 1 + author_id", "comment 1: its case, its author or who may read it"),
    ("UPDATE support_case SET last_update = '2020-01-01 00:00:00' WHERE id = 1001", "CASE-1001: its last update is before"),
    # mails
    ("UPDATE journal SET state = 'acted' WHERE id = 2", "mail 2: it is the same as mail 1, and both were acted on"),
    (
        "UPDATE journal SET identity = (SELECT identity FROM journal WHERE id = 1), sha256 = NULL WHERE id = 3",
        "mail 3: it is the same as mail 1",
    ),
    ("UPDATE interaction SET case_id = 1002 WHERE journal_id = 1", "it relates to CASE-1002, but its mail changed CASE-1001"),
    ("UPDATE interaction SET case_id = NULL WHERE journal_id = 1", "it relates to no case, but its mail changed CASE-1001"),
    (
        "UPDATE outbox SET octets = CAST('To: ann@acme.example\r\n\r\n' AS {octets}) WHERE id = 1",
        "outbox 1: it does not say that a program wrote it",
    ),
    ("UPDATE outbox SET message_id = '<other@support.example>' WHERE id = 1", "outbox 1: its Message-ID is not the one it was given"),
    (
        "UPDATE outbox SET octets = CAST('Auto-Submitted: auto-replied\r\n\r\n' AS {octets}) WHERE id = 1",
        "outbox 1: it has no address to reply to",
    ),
    ("UPDATE journal SET kind = 'automatic' WHERE id = 1", "outbox 1: it answers mail 1, whose kind is automatic"),
    ("UPDATE outbox SET forward_path = 'x@x.example' WHERE id = 3", "outbox 3: it goes to x@x.example, but is recorded as a mail to bob@"),
    (
        "UPDATE interaction SET contact_id = (SELECT id FROM contact WHERE handle = 'eva') WHERE outbox_id = 3",
        "outbox 3: bob@miller.example has no part in CASE-1001",
    ),
    ("UPDATE outbox SET template = 'FAQ-what are my priority support options' WHERE case_id = 1001", "more than once"),
    ("UPDATE journal SET record = '{\"errors\":[{' WHERE id = 1", "mail 1: what was decided of it can't be read"),
    ("UPDATE support_case SET description = 'other words' WHERE id = 1001", "CASE-1001: its description is not what was logged"),
    ("UPDATE feed_item SET body = 'other words' WHERE kind = 'note'", "its words are not those that were logged"),
    ("UPDATE support_case SET queue_id = NULL WHERE id = 1002", "CASE-1002: it has neither an owner nor a queue"),
    ("UPDATE support_case SET owner_id = 1 WHERE id = 1002", "CASE-1002: it has both an owner and a queue"),
    ("UPDATE support_case SET planned_resolution = 'soon' WHERE id = 1002", "CASE-1002: its plan lacks"),
    ("UPDATE octets SET content = '' WHERE sha256 = (SELECT sha256 FROM journal WHERE id = 1)", "not those that were received"),
    ("DELETE FROM octets WHERE sha256 = (SELECT sha256 FROM attachment LIMIT 1)", "attachment 'plan.pdf': its octets are not kept"),
)


@pytest.mark.chaos
def test_a_true_world_has_good_books_and_every_change_is_named(lived: World) -> None:
    books = lived.assert_good_books()
    assert (books.received, books.acted, books.ignored, books.vanished) == (7, 5, 2, 0)
    database = lived.house.database
    silent = []
    for change, said in CHANGES:
        with database.transaction() as transaction:
            database.peewee.execute_sql(change.replace("{octets}", "BLOB" if database.is_sqlite else "BYTEA"))
            problems = audit.audit().problems
            if not any(said in problem for problem in problems):
                silent.append((change, said, problems))
            transaction.give_up()
    saw("G15", "one thing changed behind the program", times=len(CHANGES), lost=len(silent), doubled=0)
    assert silent == []
    lived.assert_good_books()


def test_the_command_ends_with_one_and_names_what_is_wrong(lived: World) -> None:
    assert "The books balance." in lived.cli("audit")
    with lived.house.database.transaction():
        lived.house.database.peewee.execute_sql("UPDATE case_comment SET body = 'other words'")
    assert "comment 1" in lived.cli("audit", status=1)


def test_progress_is_told(lived: World) -> None:
    steps: list[tuple[int, int]] = []
    with lived.house.database.reading():
        audit.audit(lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == len(steps)
    assert steps[-1][0] == steps[-1][1]


def test_an_empty_world_has_good_books(world: World, tmp_path: Path) -> None:
    books = world.assert_good_books()
    assert (books.received, books.in_progress) == (0, 0)
