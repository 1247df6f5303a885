"""Whom never to answer, and how often anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.model import AddrSpec, DomainVerdict, Grade, Trust
from daemon.rules.robots import limited, never_answer
from tests.rules import facts

BELIEVED = Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.PASS, evidence="")


def test_a_plain_mail_of_a_person_may_be_answered() -> None:
    assert never_answer(facts.reading(), facts.situation(), BELIEVED) is None


@pytest.mark.parametrize(
    ("mail", "known", "why"),
    [
        ({}, {"archive": True}, "filed without answering"),
        ({"automatic": facts.ROBOT}, {}, "Auto-Submitted: auto-replied"),
        ({"automatic": facts.LIST}, {}, "List-Id"),
        ({"automatic": facts.SILENT}, {}, "X-Auto-Response-Suppress"),
        ({"author": None}, {}, "no single sender: two From fields"),
        ({"author": "help@support.example"}, {}, "the sender's address is ours"),
        ({}, {"recorded_at": facts.NOW + timedelta(days=7, seconds=1)}, "older than 7 days when first seen"),
        ({"recipients": (AddrSpec("list@lists.example"),)}, {}, "our address is in neither To nor Cc"),
        ({"recipients": ()}, {}, "our address is in neither To nor Cc"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_is_never_answered(mail: dict[str, Any], known: dict[str, Any], why: str) -> None:
    assert never_answer(facts.reading(**mail), facts.situation(**known), BELIEVED) == why


def test_a_forged_mail_is_never_answered() -> None:
    assert (
        never_answer(facts.reading(), facts.situation(), replace(BELIEVED, grade=Grade.FORGED)) == "the sender's domain says it is forged"
    )


def test_a_mail_that_is_just_young_enough_may_be_answered() -> None:
    known = facts.situation(recorded_at=facts.NOW + timedelta(days=7))
    assert never_answer(facts.reading(), known, BELIEVED) is None


def test_an_alias_of_ours_among_the_recipients_is_us() -> None:
    mail = facts.reading(recipients=(AddrSpec("ann@acme.example"), AddrSpec("help@support.example")))
    assert never_answer(mail, facts.situation(), BELIEVED) is None


def test_a_signed_reply_address_among_the_recipients_is_us() -> None:
    mail = facts.reading(recipients=(AddrSpec("support+token@support.example"),))
    assert never_answer(mail, facts.situation(keys=(facts.key(),)), BELIEVED) is None


@pytest.mark.parametrize(
    ("sender", "grade", "count", "held"),
    [
        (None, Grade.VERIFIED, 2, None),
        (None, Grade.VERIFIED, 3, "answers_per_stranger_day: 3 in 24 hours"),
        (None, Grade.CLAIMED, 300, "answers_per_stranger_day: 3 in 24 hours"),
        (facts.ANN, Grade.CLAIMED, 2, None),
        (facts.ANN, Grade.CLAIMED, 3, "answers_per_stranger_day: 3 in 24 hours"),
        (facts.ANN, Grade.KEYED, 9, None),
        (facts.ANN, Grade.VERIFIED, 9, None),
        (facts.ANN, Grade.VERIFIED, 10, "answers_per_contact_day: 10 in 24 hours"),
    ],
)
def test_a_rate_stops_one_more_answer(sender: Any, grade: Grade, count: int, held: str | None) -> None:
    assert limited(facts.situation(sender, answers_today=count), replace(BELIEVED, grade=grade)) == held


def test_a_rate_of_zero_is_off() -> None:
    off = replace(facts.POLICY, answers_per_stranger_day=0, answers_per_contact_day=0)
    assert limited(facts.situation(None, policy=off, answers_today=10_000), BELIEVED) is None
    assert limited(facts.situation(facts.ANN, policy=off, answers_today=10_000), BELIEVED) is None
