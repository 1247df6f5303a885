"""Programs that answer every mail of ours, another installation, a responder, a server that bounces everything: all come to an end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conversations.fixtures import gate_database_url as database_url
from tests.conversations.world import PEOPLE, SUPPORT, PymapInbox, World, bounce, mail
from tests.doubles import Sink

__all__ = ["database_url"]

DESK = "desk@other.example"
ROUNDS = 12


def _held(world: World) -> list[dict[str, object]]:
    return [row for row in world.outbox() if row["state"] == "held"]


def _naive(world: World, who: str) -> int:
    """How many mails of ours this address got while it answered each."""
    address = PEOPLE.get(who, who)
    waiting = [mail(address, "Your request was received.", subject="Ticket #1000 received")]
    got = 0
    for number in range(ROUNDS):
        for octets in waiting:
            world.deliver(octets)
        world.run()
        theirs = [one for one in world.out() if one.to == who]
        got += len(theirs)
        if not theirs:
            return got
        waiting = [mail(address, "Your request was received.", subject=f"Ticket #{2000 + 7 * number} received")] * len(theirs)
        world.later(seconds=20)
        if number == 1:
            world.close()  # a restart forgets nothing
    raise AssertionError(f"{who} still gets mails after {ROUNDS} rounds")


@pytest.mark.parametrize(
    ("who", "why"), [(DESK, "answers_per_stranger_day"), ("sam", "loop_pattern")], ids=["a stranger", "a registered contact"]
)
def test_a_naive_responder_with_a_new_number_each_time_is_soon_left_alone(world: World, who: str, why: str) -> None:
    address = PEOPLE.get(who, who)
    got = _naive(world, who)
    assert 1 <= got <= 5
    (held,) = [row for row in _held(world) if row["to"] == address]
    assert why in str(held["detail"])
    assert len([one for one in world.all_out() if one.template == "mail-held"]) == 1
    world.cli("outbox", "release", str(held["number"]))
    world.run()
    assert [one.to for one in world.out()] == [who]
    world.assert_good_books()


ORDERS = (
    "Please deliver five panels to Main Street, the Millers wait for them.",
    "One inverter for the Brown family. Their old one burned out on Sunday.",
    "Could you quote cables, 40 metres, for the barn in Ohio?",
    "Cancel what we said of the roof hooks: the customer has some.",
    "A second meter for the school. They asked for the grey one.",
)


def test_a_busy_reseller_is_no_robot(world: World) -> None:
    for number, order in enumerate(ORDERS, start=1001):
        world.deliver(mail("ann", f"{order}\n\n-- \nAnn Lee, Acme Homes", subject=f"Order {number}"))
        world.later(seconds=90)
        world.run()
    assert [one.template for one in world.all_out() if one.to == "ann"] == ["case-received"] * len(ORDERS)
    assert _held(world) == []
    world.assert_good_books()


@pytest.mark.parametrize(("authserv_id", "got"), [("mx.support.example", 4), (None, 3)], ids=["stamped", "silent"])
def test_after_three_answers_and_a_restart_only_who_is_proved_is_answered_once_more(
    world: World, authserv_id: str | None, got: int
) -> None:  # fmt: skip
    world.configure(authserv_id=authserv_id)
    for number, order in enumerate(ORDERS[:4]):
        if number == 3:
            world.close()
        world.deliver(mail("ann", order, subject=f"Order {number}"))
        world.later(hours=1)
        world.run()
    assert [one.template for one in world.all_out() if one.to == "ann"] == ["case-received"] * got
    assert [row["detail"] for row in _held(world)] == ["answers_per_stranger_day: 3 in 24 hours"] * (4 - got)
    world.assert_good_books()


def test_two_installations_that_write_to_each_other_fall_silent(
    world: World, tmp_path: Path, environment: Callable[..., dict[str, str]]
) -> None:  # fmt: skip
    inbox = PymapInbox()
    with Sink() as sink, World(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}", inbox, sink, environment) as other:
        other.close()
        world.close()  # one process has one database: the other installation runs in its own
        there = other.path.read_text("utf-8").replace(SUPPORT, DESK).replace("help@support.example", "help@other.example")
        other.path.write_text(there.replace('domains = ["support.example"]', 'domains = ["other.example"]'), "utf-8")
        between = 0
        letters = [mail(DESK, "Do you read this?", subject="Hello")]
        for _ in range(ROUNDS):
            for octets in letters:
                world.deliver(octets)
            world.run()
            to_other = [one for one in world.out() if one.to == DESK]
            for one in to_other:
                other.deliver(one.octets)
            other.cli("run", "--once")
            letters = [one.octets for one in other.out() if one.to.startswith("support")]
            between += len(to_other) + len(letters)
            if not to_other and not letters:
                break
        assert 1 <= between <= 2
        (only,) = json.loads(other.cli("mail", "--json"))
        assert (only["outcome"], only["reason"]) == ("ignored", "own-mail")
    inbox.close()


def test_a_server_that_bounces_everything_gets_no_answer_and_then_no_mail(world: World) -> None:
    to_ann = 0
    for number in range(4):
        world.deliver(mail("ann", f"Question {number}.", subject=("Roof", "Invoice", "Cable", "Access")[number]))
        for _ in range(ROUNDS):
            world.run()
            left = world.out()
            to_ann += sum(one.to == "ann" for one in left)
            assert not any("mailer-daemon" in one.to for one in left)
            if not left:
                break
            for one in left:
                world.deliver(bounce(one))
        else:
            raise AssertionError("mails and bounces have no end")
        world.later(hours=1)
    assert to_ann == 2
    address = PEOPLE["ann"]
    assert "undeliverable: 2 mails bounced for good" in world.cli("contact", "ann")
    assert address in world.cli("lift")
    world.cli("lift", address)
    world.cli("lift", address, status=1)
    world.deliver(mail("ann", "The mailbox is there again.", subject="Thanks"))
    world.run()
    assert "ann" in [one.to for one in world.out()]


def test_while_the_breaker_is_open_people_go_on_and_programs_wait_until_somebody_lifts_it(world: World) -> None:
    world.configure(limits={"breaker": 3, "breaker_per_mail": 0})
    _, assigned = world.talk(mail("ann", ORDERS[0]), ("ann", "case-received"), ("bob", "case-assigned"))
    world.deliver(mail("sam", ORDERS[1], subject="Inverter"))
    world.run()
    assert [one.template for one in world.out()] == ["mail-held"]
    assert {row["detail"] for row in _held(world)} == {"breaker: more than 3 automatic mails in an hour"}
    world.close()  # it stays open over a restart
    world.talk(mail("bob", "We come on Monday.", answers=assigned), ("ann", "case-comment"))
    assert "breaker: more than 3" in world.cli("lift")
    world.cli("lift", "*")
    world.later(hours=1)
    world.talk(mail("hank", ORDERS[2], subject="Cables"), ("hank", "case-received"), ("bob", "case-assigned"))
    world.assert_good_books()
