"""Every class of mail that is never answered, as a new mail and as a reply, stamped by our provider and not: no answer to any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from daemon.actions.vocabulary import OpenCase, QueueMail
from daemon.model import CaseFacts, Decision
from daemon.parsers import ANSWER_MARKER, ReadLimits
from daemon.parsers.reading import read
from tests.rules import facts

OWN = facts.POLICY.own_addresses
Mail = tuple[Mapping[str, str], Mapping[str, Any]]
"""Fields that take the place of a plain mail's (empty: left out), and what else is known."""

REPORT = 'multipart/report; report-type=delivery-status; boundary="b"'
ROBOTS: dict[str, Mail] = {
    "auto-submitted: auto-replied": ({"Auto-Submitted": "Auto-Replied (vacation); x=y"}, {}),
    "auto-submitted: something new": ({"Auto-Submitted": "auto-something"}, {}),
    "return-path: <>": ({"Return-Path": "<>"}, {}),
    "x-failed-recipients": ({"X-Failed-Recipients": "a@b.example"}, {}),
    "multipart/report": ({"Content-Type": REPORT}, {}),
    "precedence: auto_reply": ({"Precedence": "auto_reply"}, {}),
    "x-autoreply": ({"X-Autoreply": "yes"}, {}),
    "x-autorespond": ({"X-Autorespond": "hello"}, {}),
    "x-auto-generated": ({"X-Auto-Generated": "1"}, {}),
    "x-fc-machinegenerated": ({"X-FC-MachineGenerated": "true"}, {}),
    "x-amazon-mail-relay-type": ({"X-Amazon-Mail-Relay-Type": "notification"}, {}),
    "x-ms-exchange-inbox-rules-loop": ({"X-MS-Exchange-Inbox-Rules-Loop": "a@b.example"}, {}),
    "delivered-to: autoresponder": ({"Delivered-To": "Autoresponder"}, {}),
    "x-loop: true": ({"X-Loop": "a@b.example true"}, {}),
    "from: mailer-daemon": ({"From": "MAILER-DAEMON@acme.example"}, {}),
    "from: no-reply": ({"From": "no-reply@acme.example"}, {}),
    "from: listserv": ({"From": "listserv@acme.example"}, {}),
    "from: owner-": ({"From": "owner-news@acme.example"}, {}),
    "from: -request": ({"From": "news-request@acme.example"}, {}),
    "from: ours": ({"From": "help@support.example"}, {}),
    "the mark of an instance": ({"X-Supportd-Instance": "0123456789ab"}, {}),
    "our own Message-ID": ({}, {"own_message_id": True}),
    "51 servers": ({"Received": "from a by b"}, {}),
    "delivered to us twice": ({"Delivered-To": "support@support.example"}, {}),
}  # fmt: skip
"""These open no case either."""

UNANSWERED: dict[str, Mail] = {
    "list-id": ({"List-Id": "<news.acme.example>"}, {}),
    "list-unsubscribe-post": ({"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}, {}),
    "mailing-list": ({"Mailing-List": "contact a@b.example"}, {}),
    "precedence: bulk": ({"Precedence": "bulk"}, {}),
    "x-precedence: list": ({"X-Precedence": "list"}, {}),
    "x-auto-response-suppress": ({"X-Auto-Response-Suppress": "DR, OOF, AutoReply"}, {}),
    "feedback-id": ({"Feedback-ID": "1:2:3:acme"}, {}),
    "x-campaign-id": ({"X-Campaign-Id": "7"}, {}),
    "x-loop": ({"X-Loop": "a@b.example"}, {}),
    "reply-to: ours": ({"Reply-To": "support@support.example"}, {}),
    "two From addresses": ({"From": "ann@acme.example, amy@acme.example"}, {}),
    "we are named nowhere": ({"To": "list@acme.example"}, {}),
    "spam": ({"X-Spam-Flag": "YES"}, {}),
    "spam by its status": ({"X-Spam-Status": "Yes, score=9.1 required=5.0"}, {}),
    "eight days old": ({}, {"recorded_at": facts.NOW + timedelta(days=8)}),
    "filed": ({}, {"archive": True}),
}  # fmt: skip
"""A person may have written these: what they say is kept."""

REPEATED = {"51 servers": 51, "delivered to us twice": 2}


def octets(name: str, fields: Mapping[str, str], stamped: bool) -> bytes:
    plain = {"From": "ann@acme.example", "To": "support@support.example", "Subject": "No data", "Message-ID": "<1@acme.example>"}
    lines = ["Authentication-Results: mx.support.example; dmarc=pass header.from=acme.example"] if stamped else []
    for field, value in (plain | dict(fields)).items():
        lines += [f"{field}: {value}"] * (REPEATED.get(name, 1) if field in fields else 1)
    return "\r\n".join([*lines, "", "It is down again.", ""]).encode()


CASES: dict[str, tuple[CaseFacts, ...]] = {
    "new": (),
    "on an open case": (facts.case(),),
    "on a closed case": (facts.case(open=False, closed_at=facts.NOW - timedelta(days=1)),),
}


def decided(name: str, mail: Mail, cases: tuple[CaseFacts, ...], *, stamped: bool) -> Decision:
    fields, known = mail
    reading = read(octets(name, fields, stamped), ReadLimits(), OWN, ANSWER_MARKER)
    sender = facts.ANN if reading.message.author == facts.ANN.address else None
    keys = tuple(facts.key() for _ in cases)
    tagged = tuple(case.id for case in cases)
    situation = replace(facts.situation(sender, cases=cases, keys=keys), referenced_case_ids=tagged, **known)
    return facts.judged(reading, situation)


def answers(decision: Decision) -> list[str]:
    return [one.template for one in decision.actions if isinstance(one, QueueMail) and one.answer]


@pytest.mark.parametrize("name", [*ROBOTS, *UNANSWERED])
def test_it_is_not_answered(name: str) -> None:
    # a reply comes to a signed address of ours, which names us
    places = ("new",) if name == "we are named nowhere" else tuple(CASES)
    for place, stamped in product(places, (True, False)):
        decision = decided(name, (ROBOTS | UNANSWERED)[name], CASES[place], stamped=stamped)
        assert answers(decision) == [], (place, stamped)
        if name in ROBOTS:
            assert not any(isinstance(action, (OpenCase, QueueMail)) for action in decision.actions)
            assert decision.outcome == "ignored"


def test_a_forged_mail_is_not_answered() -> None:
    reading = facts.reading(domain_says="fail", message=facts.message(domain_says="fail"))
    for cases in CASES.values():
        assert answers(facts.judged(reading, facts.situation(cases=cases, keys=tuple(facts.key() for _ in cases)))) == []


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "silent"])
def test_a_customer_s_plain_mail_is_answered_once_wherever_it_belongs(stamped: bool) -> None:
    plain: Mail = ({}, {})
    assert answers(decided("plain", plain, CASES["new"], stamped=stamped)) == ["case-received"]
    assert answers(decided("plain", plain, CASES["on a closed case"], stamped=stamped)) == ["closed-hint"]
    on_open = decided("plain", plain, CASES["on an open case"], stamped=stamped)
    told = [one.to for one in on_open.actions if isinstance(one, QueueMail)]
    assert sorted(told) == sorted({facts.PAT.address, facts.BOB.address}), "each of those who work on it hears it once, the sender nothing"


def test_a_blind_copy_is_answered_where_that_is_configured() -> None:
    mail = UNANSWERED["we are named nowhere"]
    policy = replace(facts.POLICY, answer_bcc=True)
    assert answers(decided("we are named nowhere", (mail[0], {"policy": policy}), (), stamped=True)) == ["case-received"]


@pytest.mark.parametrize("field", ["Delivered-To", "X-Original-To", "Cc"])
def test_a_mail_that_was_delivered_to_us_is_answered_whoever_is_in_to(field: str) -> None:
    mail: Mail = ({"To": "list@acme.example", field: "help@support.example"}, {})
    assert answers(decided("forwarded", mail, (), stamped=True)) == ["case-received"]
