"""Mails that are queued: composed, threaded, related; held where a template fails or an address must not be written to."""

from __future__ import annotations

import email
import email.policy
import json
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import peewee as pw
import pytest

from daemon.actions.replies import Desk, Letter, compose_again, official_name, queue_mails
from daemon.actions.vocabulary import QueueMail
from daemon.mail.addresses import Key
from daemon.model import Decision, Message, MessageId
from daemon.store.database import Database
from daemon.store.schema import Interaction, Outbox, Undeliverable
from tests.actions.desk import AT, CLOCK, SHIPPED, a_case, carried_out, made_desk, outbox
from tests.rules import facts

OPENED: Decision = facts.judged(facts.reading(), facts.situation())
ANSWER = QueueMail(
    template="case-received", to="ann@acme.example", contact_id=facts.ANN.id, name="Ann", answer=True, counted=True, quote_subject=True
)  # fmt: skip
NOTICE = replace(ANSWER, template="case-assigned", to=facts.PAT.address, contact_id=facts.PAT.id, name="Pat", answer=False, counted=False)


def queue(
    desk: Desk, *actions: QueueMail, case_id: int | None, mail: Message | None = None, opened: bool = True, cause: str = "mail:1",
    decision: Decision = OPENED,
) -> list[Outbox]:  # fmt: skip
    """Queue these and return their rows; in the caller's transaction."""
    before = Outbox.select().count()
    queue_mails(
        [Letter(action=action, position=position) for position, action in enumerate(actions)], decision=decision,
        message=mail or facts.message(), case_id=case_id, opened=opened, cause=cause, at=AT, clock=CLOCK, desk=desk,
    )  # fmt: skip
    return outbox()[before:]


def read(row: Outbox) -> EmailMessage:
    message = email.message_from_bytes(bytes(row.octets), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def words(row: Outbox) -> str:
    part = read(row).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_row_is_everything_that_is_needed_to_send_it(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case()
        (row,) = queue(desk, ANSWER, case_id=number)
    assert (row.state, row.cause, row.effect_key) == ("queued", "mail:1", "mail:1:0:ann@acme.example")
    assert (row.forward_path, row.template, row.counted, row.attempts) == ("ann@acme.example", "case-received", True, 0)
    assert (row.created_at, row.next_attempt_at, row.request, row.detail) == (CLOCK, CLOCK, None, None)
    assert row.subject == f"Re: No data since noon [CASE-{number}]"
    bounce, reply, name = (
        desk.signer.read_address(row.reverse_path),
        desk.signer.read_address(str(read(row)["Reply-To"])),
        desk.signer.read_message_id(row.message_id),
    )
    for key, kind in ((bounce, "bounce"), (reply, "reply"), (name, "message")):
        assert isinstance(key, Key)
        assert (key.kind, key.case_id, key.contact_id) == (kind, number, facts.ANN.id)


def test_an_answer_says_that_it_is_one_and_a_notice_that_it_is_none(database: Database, desk: Desk) -> None:
    with database.transaction():
        answer, notice = map(read, queue(desk, ANSWER, NOTICE, case_id=a_case()))
    assert (answer["Auto-Submitted"], notice["Auto-Submitted"]) == ("auto-replied", "auto-generated")
    assert (answer["X-Supportd-Template"], notice["X-Supportd-Template"]) == ("case-received", "case-assigned")
    assert answer["X-Supportd-Instance"] == desk.signer.instance_mark()
    assert answer["To"] == "Ann <ann@acme.example>"
    assert str(answer["Date"]).endswith("-0500"), "in the zone of the house"


def test_a_mail_out_is_related_to_its_reader_and_its_case(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case()
        first, second = queue(desk, ANSWER, NOTICE, case_id=number)
        rows = [(row.direction, row.outbox_id, row.contact_id, row.case_id, row.address, row.message_id) for row in Interaction.select()]
    assert rows == [
        ("out", first.id, facts.ANN.id, number, first.forward_path, first.message_id),
        ("out", second.id, facts.PAT.id, number, second.forward_path, second.message_id),
    ]


def test_the_same_effect_is_never_written_twice(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case()
        queue(desk, ANSWER, case_id=number)
    with pytest.raises(pw.IntegrityError), database.transaction():
        queue(desk, ANSWER, case_id=number)
    with database.transaction():
        queue(desk, ANSWER, case_id=number, cause="mail:2")


def test_nothing_to_say_is_nothing_to_write(database: Database, desk: Desk) -> None:
    with database.transaction():
        assert queue(desk, case_id=a_case()) == []
        assert Interaction.select().count() == 0


# --- threads --------------------------------------------------------------------------------------------------------


def test_an_answer_follows_the_mail_it_answers(database: Database, desk: Desk) -> None:
    mail = facts.message(message_id=MessageId("<q@acme.example>"), references=(MessageId("<a@x>"), MessageId("<b@x>")))
    with database.transaction():
        answer = read(queue(desk, ANSWER, case_id=a_case(), mail=mail)[0])
    assert answer["In-Reply-To"] == "<q@acme.example>"
    assert str(answer["References"]).split() == ["<a@x>", "<b@x>", "<q@acme.example>"]


def test_a_notice_of_a_new_case_starts_a_thread(database: Database, desk: Desk) -> None:
    with database.transaction():
        notice = read(queue(desk, NOTICE, case_id=a_case())[0])
    assert (notice["In-Reply-To"], notice["References"]) == (None, None)


def test_a_later_mail_follows_the_last_one_this_reader_had(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case()
        (first,) = queue(desk, NOTICE, case_id=number)
        queue(desk, replace(NOTICE, to=facts.BOB.address), case_id=number, cause="mail:2")
        (second,) = queue(desk, NOTICE, case_id=number, opened=False, cause="mail:3")
        (third,) = queue(desk, NOTICE, case_id=number, opened=False, cause="mail:4")
        (other,) = queue(desk, replace(NOTICE, to=facts.NORA.address), case_id=number, opened=False, cause="mail:5")
    assert read(second)["In-Reply-To"] == first.message_id
    assert str(read(third)["References"]).split() == [first.message_id, second.message_id]
    assert read(other)["In-Reply-To"] is None


# --- words ----------------------------------------------------------------------------------------------------------


def test_a_partner_reads_what_the_customer_wrote(database: Database, desk: Desk) -> None:
    with database.transaction():
        row = queue(desk, NOTICE, case_id=a_case(description="The whole\nstory."))[0]
    text = words(row)
    for said in ("is now with Miller Solar", "Ann, ann@acme.example", "Acme Homes", "Roof-7", "The whole\n", "story."):
        assert said in text


def test_a_stranger_is_named_by_his_address_and_his_subject_is_not_repeated(database: Database, desk: Desk) -> None:
    stranger = replace(ANSWER, to=facts.STRANGER, contact_id=None, name="", quote_subject=False)
    mail = facts.message(facts.STRANGER, subject="Buy pills")
    with database.transaction():
        number = a_case(contact=None, contact_address=facts.STRANGER, partner=None, system=None, organization=None)
        answer, notice = queue(desk, stranger, replace(NOTICE, to=facts.NORA.address), case_id=number, mail=mail)
    assert "Buy pills" not in str(bytes(answer.octets))
    assert "waiting in the queue level-one" in words(notice)
    assert facts.STRANGER in words(notice)


def test_a_comment_says_who_wrote_it_and_when_in_the_zone_of_the_house(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case()
        mail = facts.message(facts.PAT.address)
        decision = facts.judged(facts.reading(message=mail, text="Looking into it.\n"), facts.on_case(facts.PAT, facts.case(number)))
        carried_out(decision, desk, mail)
        (row,) = outbox()
    text = " ".join(words(row).split())
    assert f"Pat of Miller Solar wrote about CASE-{number} on Monday 23 November 2026, 10:05 (America/New_York)" in text
    assert "go to those who look after it" in text, "the reader is the customer"


def test_a_comment_of_an_unknown_address_is_signed_with_it(database: Database, desk: Desk) -> None:
    with database.transaction():
        number = a_case(contact=None, contact_address=facts.STRANGER)
        mail = facts.message(facts.STRANGER)
        decision = facts.judged(facts.reading(message=mail), facts.on_case(None, facts.strangers_case(number)))
        carried_out(decision, desk, mail)
        row = outbox()[0]
    assert f"{facts.STRANGER} wrote about" in words(row)
    assert "sent to the customer" in " ".join(words(row).split())


def test_the_official_name_of_a_template_is_its_title(desk: Desk, tmp_path: Path) -> None:
    assert official_name(desk.templates, "case-received") == "case-received"
    assert official_name(desk.templates, "no-such-template") == "no-such-template"
    text = (SHIPPED / "replies" / "case-received.md").read_text()
    (tmp_path / "case-received.md").write_text(text.replace("expects_reply", 'title = "FAQ-How to wait"\nexpects_reply', 1))
    assert official_name(made_desk(tmp_path).templates, "case-received") == "FAQ-How to wait"


# --- held -----------------------------------------------------------------------------------------------------------


def test_a_limit_holds_a_mail_with_its_name(database: Database, desk: Desk) -> None:
    with database.transaction():
        (row,) = queue(desk, replace(ANSWER, held="answers_per_contact_day: 10 in 24 hours"), case_id=a_case())
    assert (row.state, row.detail) == ("held", "answers_per_contact_day: 10 in 24 hours")
    assert row.octets is not None, "it is composed and can be released"


def test_an_address_that_bounced_for_good_is_not_written_to(database: Database, desk: Desk) -> None:
    with database.transaction():
        Undeliverable.insert(address=ANSWER.to, bounces=2, last_at=AT).execute()
        held, notice = queue(desk, ANSWER, NOTICE, case_id=a_case())
    assert (held.state, held.detail) == ("held", "suppressed address: it bounced for good")
    assert notice.state == "queued"


def test_an_address_that_can_not_stand_in_a_field_is_held(database: Database, desk: Desk) -> None:
    with database.transaction():
        (row,) = queue(desk, replace(ANSWER, to='"quoted"@acme.example'), case_id=a_case())
    assert (row.state, row.octets) == ("held", None)
    assert str(row.detail).startswith("bad recipient: ")


def test_a_template_that_fails_holds_its_mail_and_undoes_nothing(database: Database, desk: Desk, tmp_path: Path) -> None:
    mail = facts.message(body="far too long " * 100_000)
    with database.transaction():
        carried_out(facts.judged(facts.reading(message=mail), facts.situation()), desk, mail)
        answer, held, plain, second, second_plain = outbox()
        assert answer.state == "queued", "the others go"
        assert (held.state, held.octets, held.subject, second.state) == ("held", None, "", "held")
        assert {(row.state, row.template) for row in (plain, second_plain)} == {("queued", "plain")}
        assert (plain.forward_path, plain.case_id, plain.message_id != held.message_id) == (held.forward_path, held.case_id, True)
        assert f"There is news about CASE-{plain.case_id}." in words(plain)
        assert len(plain.octets) < 20_000
        assert held.detail.startswith("template case-assigned: ")
        assert json.loads(held.request)["action"]["to"] == facts.PAT.address

        assert compose_again(held.id, CLOCK, desk) is False, "it still fails"
        text = (SHIPPED / "partner" / "case-assigned.md").read_text()
        (tmp_path / "case-assigned.md").write_text(text.replace("{{ description }}", "See the desk."))
        later = CLOCK + timedelta(hours=1)
        assert compose_again(held.id, later, made_desk(tmp_path)) is True
        mended = Outbox.get_by_id(held.id)
        assert (mended.state, mended.message_id, mended.request, mended.next_attempt_at) == ("queued", held.message_id, None, later)
        assert mended.detail is None
        assert "See the desk." in words(mended)
        assert compose_again(held.id, later, desk) is False, "once"
        assert compose_again(4711, later, desk) is False
