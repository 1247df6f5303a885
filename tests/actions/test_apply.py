"""A decision carried out: the rows of each action, the log, the answers, and that it happens once or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import peewee as pw
import pytest

from daemon.actions.apply import apply
from daemon.actions.replies import Desk
from daemon.actions.vocabulary import AddComment, KeepNote, payload
from daemon.mail.addresses import Key
from daemon.model import Attachment, Decision, Match, Message
from daemon.rules.undelivered import decide_refusal
from daemon.store.database import Database
from daemon.store.schema import (
    Attachment as AttachmentRow,
)
from daemon.store.schema import (
    Case,
    CaseComment,
    Contact,
    ContactEmail,
    Event,
    FeedItem,
    Interaction,
    Octets,
    Outbox,
)
from tests.actions.desk import AT, CLOCK, a_case, carried_out, counts, events, journalled, outbox
from tests.rules import facts

FILE = Attachment(name="photo.jpg", content_type="image/jpeg", size=3, sha256="ab" * 32, inline=False, content=b"jpg")


def decided(mail: Message, known: Any, text: str = "Please look.\n") -> Decision:
    return facts.judged(facts.reading(message=mail, text=text), known)


def test_a_new_mail_of_a_customer_opens_a_case_and_tells_everybody(database: Database, desk: Desk) -> None:
    mail = facts.message(attachments=(FILE,))
    decision = decided(mail, facts.situation())
    with database.transaction():
        number = journalled()
        done = carried_out(decision, desk, mail, number=number)
    with database.reading():
        case = Case.get()
        assert (done.case_id, done.contact_id, done.mails) == (case.id, facts.ANN.id, 3)
        assert (case.type, case.subject, case.description, case.contact_id, case.partner_id, case.queue_id, case.system_id) == (
            "helpdesk", "No data since noon", "Please look.", facts.ANN.id, 2, 1, 1
        )  # fmt: skip
        assert (case.created_at, case.last_update, case.assigned_at, case.closed_at) == (AT, AT, CLOCK, None)
        assert [(item.kind, item.public, item.author_id, item.cause) for item in FeedItem.select()] == [
            ("created", False, facts.ANN.id, f"mail:{number}")
        ]
        assert events(case.id) == list(enumerate(["open-case", "keep-attachments", "queue-mail", "queue-mail", "queue-mail"], 1))
        rows = outbox()
        assert [(row.template, row.forward_path, row.state, row.cause) for row in rows] == [
            ("case-received", facts.ANN.address, "queued", f"mail:{number}"),
            ("case-assigned", facts.PAT.address, "queued", f"mail:{number}"),
            ("case-assigned", facts.BOB.address, "queued", f"mail:{number}"),
        ]
        assert [row.counted for row in rows] == [True, False, False]
        related = [(row.direction, row.journal_id, row.outbox_id, row.contact_id, row.case_id) for row in Interaction.select()]
        assert related == [
            ("in", number, None, facts.ANN.id, case.id),
            *[("out", None, row.id, who.id, case.id) for row, who in zip(rows, (facts.ANN, facts.PAT, facts.BOB), strict=True)],
        ]
        (kept,) = AttachmentRow.select()
        assert (kept.case_id, kept.journal_id, kept.name, kept.sha256, kept.inline) == (case.id, number, "photo.jpg", "ab" * 32, False)
        assert bytes(Octets.get_by_id("ab" * 32).content) == b"jpg"


def test_a_contact_that_is_made_is_the_name_of_the_mail_and_of_its_answer(database: Database, desk: Desk) -> None:
    mail = facts.message("new@acme.example", author_name="Nina Berg")
    known = facts.situation(None, sender_organization=facts.ACME, systems=(facts.ROOF_7,))
    with database.transaction():
        done = carried_out(decided(mail, known), desk, mail)
    with database.reading():
        made = Contact.get(Contact.handle == "nina")
        assert (made.first_name, made.last_name, made.organization_id, made.id) == ("Nina", "Berg", 3, done.contact_id)
        assert ContactEmail.get_by_id("new@acme.example").contact_id == made.id
        assert Case.get().contact_id == made.id
        assert [row.contact_id for row in Interaction.select().order_by(Interaction.id)] == [made.id, made.id, facts.PAT.id, facts.BOB.id]
        answer = outbox()[0]
        key = desk.signer.read_message_id(answer.message_id)
        assert isinstance(key, Key)
        assert (key.contact_id, key.case_id) == (made.id, done.case_id), "an answer to it is believed as hers"


def test_a_triage_case_has_no_contact_even_where_the_sender_is_known(database: Database, desk: Desk) -> None:
    mail = facts.message(domain_says="fail")
    with database.transaction():
        carried_out(decided(mail, facts.situation()), desk, mail)
    with database.reading():
        case = Case.get()
        assert (case.type, case.contact_id, case.contact_address, case.queue_id) == ("triage", None, facts.ANN.address, facts.TRIAGE.id)
        assert "not verified" in case.flags
        assert counts(Outbox) == [0]
        assert Interaction.get().contact_id is None


def test_a_comment_is_added_and_told(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case()
        about = facts.case(number)
        mail = facts.message(facts.PAT.address)
        done = carried_out(decided(mail, facts.on_case(facts.PAT, about), "Looking into it.\n"), desk, mail)
    with database.reading():
        (comment,) = CaseComment.select()
        assert (comment.case_id, comment.body, comment.public, comment.author_id, comment.at) == (
            number,
            "Looking into it.",
            True,
            facts.PAT.id,
            AT,
        )
        assert (done.case_id, done.mails) == (number, 1)
        assert events(number) == [(1, "add-comment"), (2, "queue-mail")]
        assert [(row.template, row.forward_path) for row in outbox()] == [("case-comment", facts.ANN.address)]


def test_a_note_is_for_the_house_only_and_carries_its_reason(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case()
        mail = facts.message(facts.STRANGER)
        carried_out(decided(mail, facts.on_case(None, facts.case(number)), "Tell me all.\n"), desk, mail)
    with database.reading():
        (note,) = FeedItem.select()
        assert (note.kind, note.public, note.author_id, note.author_address) == ("note", False, None, facts.STRANGER)
        assert note.body.startswith("[the sender is nobody this case knows")
        assert note.body.endswith("]\nTell me all.")
        assert counts(CaseComment, Outbox) == [0, 0]


def test_a_bounce_is_marked_and_the_owner_told(database: Database, desk: Desk) -> None:
    with database.transaction():
        mail = facts.message()
        opened = carried_out(decided(mail, facts.situation()), desk, mail)
        answer = outbox()[0]
        about = facts.case(opened.case_id or 0)
        bounce = facts.reading("mailer-daemon@mx.example", bounce=facts.bounce((answer.forward_path, "5.1.1", True, "gone")))
        known = facts.situation(
            None, cases=(about,), bounced=facts.outgoing(outbox_id=answer.id, recipient=answer.forward_path, case_id=about.id)
        )  # fmt: skip
        done = carried_out(facts.judged(bounce, known), desk, bounce.message)
    with database.reading():
        marked = Outbox.get_by_id(answer.id)
        assert (marked.bounced_at, marked.told, marked.detail) == (AT, True, "bounced: 5.1.1 gone")
        assert done.mails == 2
        assert [(row.template, row.forward_path) for row in outbox()[3:]] == [
            ("bounce-notice", facts.NORA.address), ("bounce-notice", facts.OWEN.address)
        ]  # fmt: skip
        assert [verb for _, verb in events(about.id)][-3:] == ["mark-bounced", "queue-mail", "queue-mail"]


def test_a_refusal_is_told_without_a_mail_of_its_own(database: Database, desk: Desk) -> None:
    with database.transaction():
        mail = facts.message()
        opened = carried_out(decided(mail, facts.situation()), desk, mail)
        refused = outbox()[0]
        outgoing = facts.outgoing(outbox_id=refused.id, case_id=opened.case_id, detail="550 no such user")
        decision = decide_refusal(outgoing, facts.case(opened.case_id or 0))
        apply(decision, message=None, journal_id=None, cause=f"outbox:{refused.id}", at=CLOCK, clock=CLOCK, desk=desk)
    with database.reading():
        feed = FeedItem.select().order_by(FeedItem.id.desc()).get()
        assert (feed.kind, feed.body) == ("email", f"a mail to {facts.ANN.address} was refused: 550 no such user")
        assert [row.cause for row in outbox()[3:]] == [f"outbox:{refused.id}"] * 2
        assert counts(Interaction) == [1 + 3 + 2], "one mail in, and each mail out"


def test_a_mail_that_is_ignored_is_recorded_and_its_files_are_kept(database: Database, desk: Desk) -> None:
    mail = facts.message(attachments=(FILE, FILE))
    decision = facts.judged(facts.reading(message=mail, automatic=facts.ROBOT), facts.situation())
    with database.transaction():
        done = carried_out(decision, desk, mail)
    with database.reading():
        assert (done.case_id, done.mails) == (None, 0)
        assert counts(Case, Event, Outbox, Interaction, AttachmentRow, Octets) == [0, 0, 0, 1, 2, 1]


# --- the log --------------------------------------------------------------------------------------------------------


def test_the_log_of_a_case_goes_on_where_it_ended(database: Database, desk: Desk) -> None:
    with database.transaction():
        mail = facts.message()
        number = carried_out(decided(mail, facts.situation()), desk, mail).case_id or 0
        first = Case.get_by_id(number)
        reply = facts.message(facts.PAT.address)
        decision = decided(reply, facts.on_case(facts.PAT, facts.case(number)))
        carried_out(decision, desk, reply)
    with database.reading():
        case = Case.get_by_id(number)
        rows = list(Event.select().order_by(Event.sequence))
        assert [row.sequence for row in rows] == list(range(1, case.log_length + 1))
        assert case.log_length == first.log_length + 2
        assert (case.log_hash, rows[first.log_length - 1].hash) == (rows[-1].hash, first.log_hash)
        assert rows[-2].payload == payload(decision.actions[0])
        assert all(row.at == CLOCK for row in rows)


def test_what_happens_to_no_case_is_a_chain_of_its_own(database: Database, desk: Desk) -> None:
    with database.transaction():
        mail = facts.message()
        carried_out(decided(mail, facts.situation()), desk, mail)
        bounce = facts.reading("mailer-daemon@mx.example", bounce=facts.bounce())
        known = facts.situation(None, bounced=facts.outgoing(outbox_id=outbox()[0].id, case_id=None))
        for _ in range(2):
            carried_out(facts.judged(bounce, known), desk, bounce.message)
    with database.reading():
        assert events(None) == [(1, "mark-bounced"), (1, "mark-bounced")]


# --- once, or not at all --------------------------------------------------------------------------------------------

ALL = (Case, CaseComment, FeedItem, Event, Outbox, Interaction, AttachmentRow)


def test_the_same_mail_carried_out_twice_is_refused_and_leaves_nothing(database: Database, desk: Desk) -> None:
    mail = facts.message(attachments=(FILE,))
    decision = decided(mail, facts.situation())
    with database.transaction():
        number = journalled()
        carried_out(decision, desk, mail, number=number)
        before = counts(*ALL)
    with pytest.raises(pw.IntegrityError), database.transaction():
        carried_out(decision, desk, mail, number=number)
    with database.reading():
        assert counts(*ALL) == before


def test_nothing_is_committed_before_the_caller_does(database: Database, desk: Desk) -> None:
    mail = facts.message(attachments=(FILE,))
    with database.transaction() as transaction:
        carried_out(decided(mail, facts.situation()), desk, mail)
        assert counts(Case) == [1]
        transaction.give_up()
    with database.reading():
        assert counts(*ALL) == [0] * len(ALL)


@pytest.mark.parametrize(
    "action",
    [
        AddComment(text="x", public=True, author_id=None, author_address=None),
        KeepNote(text="x", why="y", author_address=None),
    ],
    ids=lambda action: type(action).__name__,
)
def test_words_without_a_case_are_a_mistake_of_the_rules(database: Database, desk: Desk, action: Any) -> None:
    decision = replace(decided(facts.message(), facts.situation()), actions=(action,))
    with pytest.raises(ValueError, match="no case"), database.transaction():
        carried_out(decision, desk)


def test_a_case_that_is_gone_is_an_error_of_the_database(database: Database, desk: Desk) -> None:
    decision = replace(
        decided(facts.message(), facts.on_case()), match=Match(case_id=4711, matched_by="address")
    )  # fmt: skip
    with pytest.raises((pw.IntegrityError, IndexError)), database.transaction():
        carried_out(decision, desk)
