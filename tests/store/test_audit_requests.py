"""Books with forms in them balance; whatever is changed on a request, its work, its files or its mails is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.store import audit
from tests.chaos.record import size
from tests.conversations.fixtures import inbox, world
from tests.conversations.forms import MONDAY, submitted
from tests.conversations.world import World, mail

__all__ = ["inbox", "world"]

NORA = "nora@greenlightsolar.example"
PLAN = ("plan.pdf", "application/pdf", b"%PDF-1.4 a plan")
LOGO = ("logo.png", "image/png", b"\x89PNG a logo")


def _first_life(world: World) -> None:
    """CASE-1001: a new contact, an edit, two things missing, Done, cleared, opened again and given to somebody else."""
    *_, work = world.talk(
        submitted("Nora Sun", NORA, files=[PLAN]).as_bytes(), (NORA, "New Channel Req 1"), ("marta", "mention"), ("ivan", "cs-assigned")
    )  # fmt: skip
    world.talk(submitted("Nora Sun", NORA, more=[("Notes", "Hurry.")], files=[LOGO]).as_bytes(), ("ivan", "cs-changed"))
    world.later(hours=1)
    world.talk(mail("ivan", "#outstanding\nLogo missing\nLender code", answers=work), ("ivan", "confirmation"))
    world.talk(
        mail("ivan", "Done", answers=work),
        ("ivan", "cs-done-but-outstanding"), ("marta", "cs-outstanding-notice"), ("lou", "cs-outstanding-notice"),
    )  # fmt: skip
    world.later(hours=1)
    world.talk(mail("ivan", "#cleared 1", answers=work), ("ivan", "confirmation"))
    world.later(hours=1)
    world.talk(mail("ivan", "#cleared all", answers=work), ("ivan", "confirmation"), (NORA, "New Channel Req 2"))
    # the key in the assignee's mail is not hers, so she is asked to say it again
    (again,) = world.talk(mail("priya", "#reopen\nOnce more.", answers=work), ("priya", "command-not-run"))
    world.talk(mail("priya", "#reopen\nOnce more.", answers=again), ("priya", "confirmation"), ("ivan", "cs-assigned"))
    world.talk(mail("priya", "#assign cherish", answers=again), ("priya", "confirmation"), ("cherish", "cs-assigned"))


@pytest.fixture
def lived(world: World) -> Iterator[World]:
    """Besides, CASE-1002, which a person took in, and that is Done, and CASE-1003, which waits for one."""
    world.clock = MONDAY
    _first_life(world)
    unproven = submitted(results=None, submission="7100000000000000002", files=[PLAN])
    (question,) = world.talk(unproven.as_bytes(), ("priya", "triage"))
    world.later(hours=1)
    *_, work = world.talk(
        mail("priya", "#confirm", answers=question), ("priya", "confirmation"), ("dana", "New Channel Req 1"), ("marta", "mention"),
        ("ivan", "cs-assigned"),
    )  # fmt: skip
    world.talk(mail("ivan", "done", answers=work), ("ivan", "cs-done-confirmation"), ("dana", "New Channel Req 2"))
    world.talk(submitted(results=None, submission="7100000000000000003").as_bytes(), ("priya", "triage"))
    return world


REQUEST, TICKET, ITEM = "UPDATE form_request SET ", "UPDATE cs_ticket SET ", "UPDATE outstanding_item SET "
OTHER = "2026-11-25 10:00:00"


def _fields(table: str, name: str, values: dict[str, str], where: str = "id = 1") -> list[tuple[str, str]]:
    """A change of each of these columns, and what the audit says of it."""
    return [
        (f"UPDATE {table} SET {column} = {value} WHERE {where}", f"{name}: its {column.removesuffix('_id').replace('_', ' ')} is not what")
        for column, value in values.items()
    ]  # fmt: skip


CHANGES: list[tuple[str, str]] = [
    # requests
    *_fields(
        "form_request",
        "request 1",
        {
            "form": "'other'",
            "form_id": "'1'",
            "submission_id": "'1'",
            "content_hash": "'x'",
            "title": "'x'",
            "state": "'triage'",
            "submitter_id": "1",
            "submitter_email": "'x@x.example'",
            "company": "'x'",
            "partner_company": "'x'",
            "answers": "'[]'",
            "canonical": "'{}'",
            "problems": "'[\"x\"]'",
            "forwarded_by_id": "1",
            "received_at": f"'{OTHER}'",
            "accepted_at": f"'{OTHER}'",
            "completed_at": f"'{OTHER}'",
            "cause": "'mail:2'",
        },
    ),  # fmt: skip
    (REQUEST + "submitter_id = NULL WHERE id = 1", "request 1: its submitter is not what was logged"),
    (REQUEST + "completed_at = NULL WHERE id = 1", "request 1: its completed at is not what was logged"),
    (REQUEST + "accepted_at = received_at WHERE id = 3", "request 3: its accepted at is not what was logged"),
    (REQUEST + "state = 'in_configuration' WHERE id = 3", "request 3: its state is not what was logged"),
    (REQUEST + "problems = 'no JSON' WHERE id = 1", "request 1: its problems is not what was logged"),
    (REQUEST + "title = 'x', state = 'x' WHERE id = 1", "request 1: its state, title are not what was logged"),
    (REQUEST + "case_id = NULL WHERE id = 1", "request 1: nobody asked for it in any case"),
    (REQUEST + "case_id = 1002 WHERE id = 1", "CASE-1002: it has 2 requests, 1 were made"),
    ("DELETE FROM form_request WHERE id = 1", "CASE-1001: it has 0 requests, 1 were made"),
    # CS tickets
    *_fields(
        "cs_ticket",
        "CS-1",
        {
            "project": "'x'",
            "issue_type": "'x'",
            "assignee_id": "1",
            "qa_assignee_id": "1",
            "parent": "'x'",
            "priority": "'x'",
            "summary": "'x'",
            "description": "'x'",
            "created_at": "'2025-11-24 10:00:00'",
            "due_date": "'2025-12-24'",
            "configuration_date": "'2025-12-24'",
            "qa_due_date": "'2025-12-24'",
            "closed_at": f"'{OTHER}'",
            "closed_by_id": "1",
        },
    ),  # fmt: skip
    *_fields("cs_ticket", "CS-2", {"closed_at": "NULL", "closed_by_id": "NULL", "assignee_id": "NULL"}, "id = 2"),
    (TICKET + "created_on = '2025-11-23' WHERE id = 1", "CS-1: its created on is not what was logged"),
    (TICKET + "created_on = '2025-11-20' WHERE id = 1", "CS-1: its dates are not in the order of time"),
    (TICKET + "due_date = '2025-11-20' WHERE id = 1", "CS-1: its dates are not in the order of time"),
    (TICKET + "case_id = 1002 WHERE id = 1", "CASE-1002: it has 2 CS tickets, 1 were opened"),
    (TICKET + "case_id = 1003 WHERE id = 1", "CS-1: it was never opened in CASE-1003"),
    (
        "UPDATE interaction SET cs_ticket_id = NULL; DELETE FROM cs_ticket_attachment; DELETE FROM outstanding_item; DELETE FROM cs_ticket",
        "CASE-1001: it has 0 CS tickets, 1 were opened",
    ),
    # what is outstanding
    *_fields(
        "outstanding_item",
        "CS-1: outstanding item 1",
        {
            "text": "'x'",
            "created_at": f"'{OTHER}'",
            "created_by_id": "1",
            "cleared_at": f"'{OTHER}'",
            "cleared_by_id": "1",
            "cause": "'mail:1'",
        },
        "number = 1",
    ),  # fmt: skip
    (ITEM + "cleared_at = NULL WHERE number = 2", "CS-1: outstanding item 2: its cleared at is not what was logged"),
    (ITEM + "number = 3 WHERE number = 2", "CS-1: its outstanding item 3 was never written down"),
    (ITEM + "number = 3 WHERE number = 2", "CS-1: its outstanding item 2 is gone"),
    (ITEM + "cs_ticket_id = 2 WHERE number = 2", "CS-2: its outstanding item 2 was never written down"),
    ("DELETE FROM outstanding_item WHERE number = 2", "CS-1: its outstanding item 2 is gone"),
    # files
    ("DELETE FROM cs_ticket_attachment WHERE cs_ticket_id = 1", "CS-1: its attachment 1 is not there"),
    ("DELETE FROM cs_ticket_attachment WHERE cs_ticket_id = 2", "CS-2: its attachment 3 is not there"),
    ("UPDATE cs_ticket_attachment SET cs_ticket_id = 2 WHERE attachment_id = 1", "CS-2: nobody put the attachment 1 there"),
    ("UPDATE cs_ticket_attachment SET attachment_id = 3 WHERE attachment_id = 1", "CS-1: nobody put the attachment 3 there"),
    ("DELETE FROM cs_ticket_attachment; DELETE FROM attachment", "mail 1: 0 files of it are there, 1 were kept"),
    # mails
    (
        "UPDATE outbox SET template = 'New Channel Req 1' WHERE template = 'New Channel Req 2'",
        "CASE-1001: 'New Channel Req 1' went out 2 times for it",
    ),
    ("UPDATE outbox SET case_id = NULL WHERE template = 'New Channel Req 1'", "no case: 'New Channel Req 1' went out 2 times for it"),
    ("UPDATE interaction SET cs_ticket_id = 2 WHERE cs_ticket_id = 1", "it relates to CS-2, which is not the work of its case"),
    (
        "UPDATE interaction SET cs_ticket_id = NULL WHERE cs_ticket_id = 1 AND outbox_id IS NOT NULL",
        "whether it is about the CS ticket is not what was logged",
    ),
    (
        "UPDATE interaction SET cs_ticket_id = 1 WHERE case_id = 1001 AND outbox_id IS NOT NULL",
        "whether it is about the CS ticket is not what was logged",
    ),
    ("UPDATE interaction SET cs_ticket_id = NULL WHERE journal_id = 3", "its mail worked on CS-1, but it doesn't say so"),
    # the log itself: a customer who heard the end too early, a contact of nobody
    ("UPDATE event SET verb = 'x' WHERE verb = 'close-cs-ticket'", "'New Channel Req 2' went out before the work was Done"),
    ("UPDATE event SET verb = 'x' WHERE verb = 'clear-outstanding'", "'New Channel Req 2' went out before the work was Done"),
    (
        "UPDATE event SET payload = REPLACE(payload, '\"organization_id\":', '\"organization_id\":99') WHERE verb = 'register-contact'",
        f"mail 1: it made {NORA} a contact of no organization that exists",
    ),
    ("UPDATE event SET payload = 'no JSON' WHERE verb <> 'x'", "request 1: its"),
    ("UPDATE event SET payload = '[]' WHERE verb <> 'x'", "request 1: its"),
]


def test_every_change_of_what_forms_ask_for_is_named_and_no_column_is_forgotten(lived: World) -> None:
    lived.assert_good_books()
    database = lived.house.database
    changed = {(change.split()[1], change.split()[3]) for change, _ in CHANGES if change.startswith("UPDATE")}
    for table in ("form_request", "cs_ticket", "outstanding_item", "cs_ticket_attachment"):
        columns = {column.name for column in database.peewee.get_columns(table)} - {"id"}
        assert columns <= {column for of, column in changed if of == table}, table
    silent = []
    # what is named is no matter of the database; that it can be asked there is
    every = 1 if database.is_sqlite else size(5, 1)
    for change, said in CHANGES[::every]:
        with database.transaction() as transaction:
            touched = [database.peewee.execute_sql(statement).rowcount for statement in change.split("; ")]
            assert 0 not in touched, change
            problems = audit.audit().problems
            if not any(said in problem for problem in problems):
                silent.append((change, said, problems))
            transaction.give_up()
    assert silent == []
    lived.assert_good_books()
