"""What is written on a case: its fields, its feed, its comments, its log."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from daemon.actions.cases import add_comment, chained, keep_attachments, keep_note, log_events, open_case, report_refusal, set_contact
from daemon.actions.vocabulary import AddComment, KeepNote, OpenCase, ReportRefusal, SetContact
from daemon.model import Attachment
from daemon.store.database import Database
from daemon.store.schema import Attachment as AttachmentRow
from daemon.store.schema import Case, CaseComment, Event, FeedItem, Octets
from tests.actions.desk import AT, CLOCK, a_case, journalled
from tests.rules import facts

OPEN = OpenCase(
    type="support", subject="Roof", description="Words", origin="email", organization_id=3, contact_id=None,
    contact_address="ann@acme.example", system_id=None, partner_id=None, owner_id=None, queue_id=1, flags=("a", "b"),
)  # fmt: skip
LATER = AT + timedelta(hours=1)


def test_a_case_without_a_partner_is_not_assigned_yet(database: Database) -> None:
    with database.transaction():
        number = open_case(OPEN, contact_id=None, at=AT, clock=CLOCK, cause="mail:1")
        case = Case.get_by_id(number)
        assert (case.assigned_at, case.contact_id, case.contact_address, case.plan_count, case.sla_cycle) == (
            None, None, "ann@acme.example", 0, 1
        )  # fmt: skip
        assert json.loads(case.flags) == ["a", "b"]
        assert FeedItem.get().body == "opened by mail; a; b"
        assert Case.get_by_id(open_case(replace(OPEN, partner_id=2), contact_id=7, at=AT, clock=CLOCK, cause="mail:2")).assigned_at == CLOCK


def test_who_opened_a_case_for_somebody_is_kept(database: Database) -> None:
    with database.transaction():
        number = open_case(replace(OPEN, opening_partner_id=2), contact_id=7, author_id=4, at=AT, clock=CLOCK, cause="mail:1")
        assert (Case.get_by_id(number).opening_partner_id, Case.get_by_id(number).partner_id) == (2, None)


def test_the_case_of_somebody_unknown_becomes_a_contacts(database: Database) -> None:
    with database.transaction():
        number = a_case(contact=None, contact_address="ann@home.example", organization=None)
        action = SetContact(contact_id=7, address="ann@home.example", name="Ann", organization_id=3)
        set_contact(number, action, contact_id=7, by_id=1, at=LATER, cause="mail:2")
        case = Case.get_by_id(number)
        assert (case.contact_id, case.organization_id, case.contact_address, case.last_update) == (7, 3, "ann@home.example", LATER)
        assert [(row.kind, row.author_id, row.body) for row in FeedItem.select()] == [("state", 1, "contact: Ann (ann@home.example)")]


def test_a_public_comment_moves_last_update_and_an_internal_one_does_not(database: Database) -> None:
    with database.transaction():
        number = a_case()
        add_comment(number, AddComment(text="in", public=False, author_id=1, author_address=None), at=LATER, cause="mail:1")
        assert Case.get_by_id(number).last_update == AT
        add_comment(number, AddComment(text="out", public=True, author_id=None, author_address="a@b.example"), at=LATER, cause="mail:2")
        assert Case.get_by_id(number).last_update == LATER
        rows = [
            (row.body, row.public, row.author_id, row.author_address, row.cause) for row in CaseComment.select().order_by(CaseComment.id)
        ]
        assert rows == [("in", False, 1, None, "mail:1"), ("out", True, None, "a@b.example", "mail:2")]


def test_notes_and_refusals_are_in_the_feed_and_move_nothing(database: Database) -> None:
    with database.transaction():
        number = a_case()
        keep_note(number, KeepNote(text="#close", why="forged", author_address="x@y.example"), at=LATER, cause="mail:1")
        report_refusal(number, ReportRefusal(outbox_id=1, address="x@y.example", reason="550"), at=LATER, cause="outbox:1")
        assert [(row.kind, row.body, row.public, row.author_address) for row in FeedItem.select().order_by(FeedItem.id)] == [
            ("note", "[forged]\n#close", False, "x@y.example"),
            ("email", "a mail to x@y.example was refused: 550", False, None),
        ]
        assert Case.get_by_id(number).last_update == AT


def test_the_same_file_twice_is_kept_once(database: Database) -> None:
    one = Attachment(name="a.txt", content_type="text/plain", size=1, sha256="aa", inline=False, content=b"a")
    mail = facts.message(attachments=(one, replace(one, name="b.txt", inline=True)))
    with database.transaction():
        keep_attachments(None, journalled(), facts.message())
        assert AttachmentRow.select().count() == 0
        for number in (journalled(), journalled()):
            keep_attachments(a_case(), number, mail)
        assert AttachmentRow.select().count() == 4
        assert Octets.select().count() == 1


def test_each_entry_of_a_log_seals_the_one_before(database: Database) -> None:
    with database.transaction():
        number = a_case()
        log_events(number, [("one", "{}"), ("two", "{}")], fresh=True, at=AT, cause="mail:1")
        log_events(number, [], fresh=False, at=AT, cause="mail:2")
        log_events(number, [("three", "{}")], fresh=False, at=LATER, cause="mail:3")
        rows = list(Event.select().order_by(Event.sequence))
        head = ""
        for sequence, (row, cause) in enumerate(zip(rows, ("mail:1", "mail:1", "mail:3"), strict=True), 1):
            head = chained(head, sequence, cause, row.verb, row.payload)
            assert (row.sequence, row.hash, row.cause) == (sequence, head, cause)
        case = Case.get_by_id(number)
        assert (case.log_length, case.log_hash) == (3, head)


def test_every_part_of_an_entry_is_sealed() -> None:
    entry = ("", 1, "mail:1", "comment", "{}")
    others = [("x", 1, "mail:1", "comment", "{}"), ("", 2, "mail:1", "comment", "{}"), ("", 1, "mail:2", "comment", "{}"),
              ("", 1, "mail:1", "note", "{}"), ("", 1, "mail:1", "comment", '{"a":1}')]  # fmt: skip
    assert len({chained(*one) for one in (entry, *others)}) == 6
    assert chained(*entry) == hashlib.sha256(b"\n1\nmail:1\ncomment\n{}").hexdigest()
