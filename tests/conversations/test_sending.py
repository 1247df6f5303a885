"""Mails that can't leave as they should: templates that fail, a relay that refuses or is away (K7, K9, scenario SC-17 step 5)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from daemon.errors import Temporary
from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.world import PEOPLE, World, mail
from tests.doubles import RESET, Script

HEAD = """+++
subject = "{{ case_number }}"
description = "An installation's own."
variables = ["case_number", "case_subject", "quote_subject", "recipient_name"]

[sample]
case_number = "CASE-1001"
case_subject = "A"
quote_subject = true
recipient_name = "Ann"
+++
"""
TOO_MUCH = HEAD + "{{ case_subject }} " * 300
"""All is well with the sample; with a subject of 5,000 signs it crosses the limit of one mail."""


def test_a_template_that_fails_holds_its_mail_and_the_case_stands(world: World) -> None:
    world.configure(limits={"loop_subject": 0})
    world.write_template("case-received", TOO_MUCH)
    # the customer gets an answer all the same, of a few words, and the house learns of it
    octets = mail("ann", "Roof-7 shows no data.", subject="no data " * 625)
    plain, _, notice = world.talk(octets, ("ann", "plain"), ("bob", "case-assigned"), ("lou", "bounce-notice"))
    assert "We have received your mail, and it is with us as CASE-1001." in plain.text
    assert "template_output: more than 1048576 octets" in notice.text
    assert "could not be written" in world.case(1001)["feed"][-1]["body"]
    assert world.case(1001)["state"] == "Open"
    (held,) = [row for row in world.outbox() if row["state"] == "held"]
    assert (held["to"], held["template"], held["case"]) == (PEOPLE["ann"], "case-received", "CASE-1001")
    assert "case-received" in held["detail"]
    world.assert_good_books()
    assert "1 held because a template failed" in world.cli("check")
    # releasing it does not help while the template is broken, and it is told of once
    world.cli("outbox", "release", str(held["number"]), status=1)
    world.run()
    world.expect()
    # an answer to the plain mail comes as one to the other would
    world.talk(mail("ann", "It is dark.", answers=plain), ("bob", "case-comment"))
    world.write_template("case-received", HEAD + "Mended: {{ case_number }}\n")
    world.cli("outbox", "release", str(held["number"]))
    world.run()
    (sent,) = world.expect(("ann", "case-received"))
    assert "Mended: CASE-1001" in sent.text
    assert sent.message_id == held["message_id"]
    world.talk(mail("ann", "Got it.", answers=sent), ("bob", "case-comment"))
    world.assert_good_books()


def test_what_the_relay_refuses_for_good_is_told_to_the_owner_in_the_next_round_and_once(world: World) -> None:
    world.sink.script.append(Script(rcpt="550 5.1.1 no such user"))
    world.deliver(mail("sam", "Order 9001."))
    world.run()
    world.expect(("lou", "case-assigned"))
    (refused,) = [row for row in world.outbox() if row["state"] == "failed"]
    assert (refused["to"], refused["reply_code"]) == (PEOPLE["sam"], 550)
    world.run()
    (notice,) = world.expect(("lou", "bounce-notice"))
    assert PEOPLE["sam"] in notice.text
    assert "no such user" in notice.text
    world.run()
    world.expect()
    assert "refused" in world.case(1001)["feed"][-1]["body"]
    world.assert_good_books()
    # the way back: an operator tries again; what is refused again is told again
    world.later(minutes=10)
    world.sink.script.append(Script(rcpt="550 5.1.1 still no such user"))
    world.cli("outbox", "retry", str(refused["number"]))
    world.run()
    world.run()
    world.expect(("lou", "bounce-notice"))
    world.cli("outbox", "retry", str(refused["number"]))
    world.run()
    (sent,) = world.expect(("sam", "case-received"))
    assert sent.message_id == refused["message_id"]
    world.assert_good_books()


def test_a_refused_notice_is_told_to_nobody(world: World) -> None:
    refusal = Script(rcpt="550 5.1.1 no such user")
    world.sink.script += [refusal, refusal]
    world.deliver(mail("sam", "Order 9001."))
    world.run()
    world.expect()
    world.sink.script.append(refusal)
    world.run()
    world.sink.script.clear()
    world.run()
    world.run()
    world.expect()
    assert {row["state"] for row in world.outbox()} == {"failed"}
    world.assert_good_books()


def test_a_dropped_mail_stays_unsent_with_its_reason(world: World) -> None:
    world.configure(smtp=False)
    world.deliver(mail("sam", "Order 9001."))
    world.run()
    assert [row["state"] for row in world.outbox()] == ["queued", "queued"]
    world.cli("outbox", "drop", "1", "--why", "told him on the phone")
    world.configure(smtp=True)
    world.run()
    world.expect(("lou", "case-assigned"))
    assert world.outbox()[0]["state"] == "dropped"
    assert "told him on the phone" in world.outbox()[0]["detail"]


@pytest.mark.chaos
def test_half_an_hour_without_the_relay_loses_nothing_and_repeats_nothing(world: World) -> None:
    world.sink.greeting = "421 4.3.2 down for maintenance"
    world.deliver(mail("ann", "Roof-7 shows no data."))
    for minute in range(30):
        if minute == 10:
            world.deliver(mail("sam", "Order 9001.", subject="Order"))
        with suppress(Temporary):  # not raised in a round in which nothing is due
            world.run()
        world.later(minutes=1)
    world.expect()
    assert [m["outcome"] for m in world.mails()] == ["acted", "acted"]
    assert {row["state"] for row in world.outbox()} == {"queued"}
    assert world.inbox.mails() == []
    world.sink.greeting = "220 sink.example ready"
    world.later(hours=1)
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"), ("sam", "case-received"), ("lou", "case-assigned"))
    assert len(world.cases()) == 2
    world.run()
    world.expect()
    world.assert_good_books()
    found = count(world, 2)
    saw("G5", "a relay away for half an hour", times=1, lost=found.lost + found.unsent, doubled=found.doubled + found.resent)


def test_a_relay_that_is_not_there_keeps_no_other_stage_from_its_work(world: World) -> None:
    world.configure(smtp_port=_closed_port())
    world.deliver(mail("ann", "Roof-7 shows no data."))
    with pytest.raises(Temporary):
        world.run()
    assert world.last_mail()["outcome"] == "acted"
    assert world.inbox.mails() == []
    world.configure(smtp_port=world.sink.port)
    world.later(minutes=2)
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))


@pytest.mark.chaos
def test_a_lost_answer_to_the_final_dot_is_sent_again_with_the_same_octets(world: World) -> None:
    world.sink.script.append(Script(dot=RESET))
    world.deliver(mail("sam", "Order 9001."))
    world.run()
    assert sorted(row["state"] for row in world.outbox()) == ["sent", "unknown"]
    world.later(minutes=2)
    world.run()
    out = world.out()
    twice = [one for one in out if one.to == "sam"]
    assert len(twice) == 2
    assert len({one.octets for one in twice}) == 1
    assert [one.template for one in out if one.to == "lou"] == ["case-assigned"]
    assert {row["state"] for row in world.outbox()} == {"sent"}
    found = count(world, 1)
    saw("G7", "the line cut after the final dot", times=1, lost=found.unsent, doubled=found.resent, note="same octets, RFC 1047")


def test_a_mail_for_now_refused_is_tried_again_and_keeps_its_place_in_the_case(world: World) -> None:
    _, assigned = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.sink.script.append(Script(rcpt="450 4.2.1 mailbox busy"))
    world.talk(mail("bob", "first", answers=assigned), ("bob", "hint-acknowledge"))
    # the second comment waits for the first one, to the same reader about the same case
    world.talk(mail("bob", "second", answers=assigned))
    world.later(minutes=2)
    world.run()
    first, second = [one for one in world.out() if one.to == "ann"]
    assert "first" in first.text
    assert "second" in second.text


def test_a_row_older_than_five_days_is_given_up_and_the_owner_is_told(world: World) -> None:
    world.deliver(mail("sam", "Order 9001."))
    world.sink.script.append(Script(rcpt="450 4.2.1 mailbox busy"))
    world.run()
    world.expect(("lou", "case-assigned"))
    world.later(days=6)
    world.sink.script.append(Script(rcpt="450 4.2.1 mailbox busy"))
    world.run()
    (row,) = [row for row in world.outbox() if row["state"] == "failed"]
    assert "gave up" in row["detail"]
    world.run()
    world.expect(("lou", "bounce-notice"))


def _closed_port() -> int:
    from tests.servers.ports import free_ports

    return free_ports(1)[0]
