"""What is stored of mails that may be a loop, counted from the rows themselves; and what people see and lift."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from daemon.mail.addresses import Signer
from daemon.model import AddrSpec, LoopLimits, LoopQuestion, MessageId
from daemon.store import loops
from daemon.store.database import Database
from daemon.store.schema import Case, Journal, MailHold, Outbox, Undeliverable
from daemon.store.statements import insert

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SIGNER = Signer(b"k" * 32, "support+{token}@support.example", AddrSpec("support@support.example"))
ASKED = LoopQuestion(
    addresses=("*", "ann@acme.example"), author=None, case_id=None, domain=None, references=(), limits=LoopLimits(), now=NOW, clock=NOW
)  # fmt: skip


def _received(
    *ages: float, subject: str = "Roof", author: str = "ann@acme.example", kind: str = "reply", reason: str = "comment-added"
) -> None:
    for age in ages:
        at = NOW - timedelta(minutes=age)
        row = {
            "mailbox": "m",
            "folder": "INBOX",
            "internal_date": at,
            "recorded_at": at,
            "state": "acted",
            "author": author,
            "wording": "0a0b0c",
        }
        insert(Journal, [row | {"subject": subject, "kind": kind, "reason": reason}])


def _sent(*ages: float, to: str = "ann@acme.example", case: int | None = None, **values: object) -> None:
    for age in ages:
        number = Outbox.select().count()
        row = {
            "state": "sent", "cause": f"mail:{number}", "effect_key": f"k{number}", "forward_path": to, "reverse_path": "x@support.example",
            "template": "case-received", "message_id": f"<{number}@support.example>", "subject": "s", "case": case, "counted": True,
            "created_at": NOW - timedelta(minutes=age), **values,
        }  # fmt: skip
        insert(Outbox, [row])


def test_nothing_is_known_of_an_empty_database(database: Database) -> None:
    with database.transaction():
        found = loops.loop_facts(
            replace(ASKED, author="ann@acme.example", case_id=1, domain="acme.example", limits=LoopLimits(breaker=60)), SIGNER, number=1
        )
    assert (found.holds, found.earlier, found.case_day, found.domain_day, found.automatic_hour, found.received_hour) == ({}, (), 0, 0, 0, 0)


def test_mails_of_people_in_ten_minutes_are_the_pattern(database: Database) -> None:
    with database.transaction():
        _received(9, subject="Re: Roof")
        _received(8, reason="commands-run")
        _received(11)
        _received(1, author="amy@acme.example")
        _received(1, kind="copy")
        found = loops.loop_facts(replace(ASKED, author="ann@acme.example"), SIGNER, number=None)
    assert [(mail.subject, mail.ran, mail.wording) for mail in found.earlier] == [("Roof", True, "0a0b0c"), ("Re: Roof", False, "0a0b0c")]


def test_answers_about_a_case_and_to_a_domain_are_counted_without_the_held(database: Database) -> None:
    with database.transaction():
        row = {"type": "support", "subject": "s", "description": "d", "origin": "email", "created_at": NOW, "last_update": NOW}
        (case,) = insert(Case, [row])
        _sent(10, 59, 61, 23 * 60, 25 * 60, case=case)
        _sent(1, case=case, state="held")
        _sent(1, case=case, counted=False)
        _sent(1, to="bob@acme.example")
        _sent(1, to="bob@notacme.example")
        found = loops.loop_facts(replace(ASKED, case_id=case, domain="acme.example"), SIGNER, number=None)
    assert (found.case_hour, found.case_day, found.domain_day) == (2, 4, 5)


def test_the_breaker_counts_an_hour_exactly_when_it_may_be_too_much(database: Database) -> None:
    with database.transaction():
        _received(70, 50, 40)
        _sent(*[70] * 5, *[30] * 9)
        _sent(2, template="case-comment")
        _sent(2, state="held")
        _sent(2, cause="clock:1")
        few = loops.loop_facts(replace(ASKED, limits=LoopLimits(breaker=60)), SIGNER, number=None)
        many = loops.loop_facts(replace(ASKED, limits=LoopLimits(breaker=2)), SIGNER, number=None)
    assert (few.automatic_hour, few.received_hour) == (12, 2), "at most so many: the two ends of the hour"
    assert (many.automatic_hour, many.received_hour) == (9, 2)


def test_our_own_mails_in_references_are_counted_and_nobody_else_s(database: Database) -> None:
    ours = tuple(SIGNER.message_id(f"effect {n}", 1001, 7, AddrSpec("ann@acme.example")) for n in range(3))
    with database.transaction():
        found = loops.loop_facts(replace(ASKED, references=(*ours, MessageId("<1@acme.example>"))), SIGNER, number=None)
    assert found.own_references == 3


def test_a_hold_is_known_until_it_runs_out_or_is_lifted(database: Database) -> None:
    with database.transaction():
        insert(MailHold, [{"address": "ann@acme.example", "since": NOW, "until": NOW + timedelta(hours=1), "reason": "r"}], ids=False)
        insert(MailHold, [{"address": "*", "since": NOW, "until": NOW, "reason": "over"}], ids=False)
        insert(Undeliverable, [{"address": "bob@acme.example", "bounces": 2, "last_at": NOW}], ids=False)
        insert(Undeliverable, [{"address": "amy@acme.example", "bounces": 1, "last_at": NOW}], ids=False)
        assert loops.loop_facts(ASKED, SIGNER, number=None).holds == {"ann@acme.example": "r"}
        assert [(one.address, one.until, one.reason) for one in loops.unmailed(NOW, 2)] == [
            ("ann@acme.example", NOW + timedelta(hours=1), "r"),
            ("bob@acme.example", None, "undeliverable: 2 mails bounced for good"),
        ]
        assert [one.address for one in loops.unmailed(NOW, 2, ["bob@acme.example"])] == ["bob@acme.example"]
        assert loops.lift("ann@acme.example")
        assert loops.lift("bob@acme.example")
        assert not loops.lift("bob@acme.example")
        assert loops.unmailed(NOW, 2) == []
