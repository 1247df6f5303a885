"""Kill the program at every place it knows, with every kind of mail in hand: what is done in the end is what a calm run does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import product

import pytest

from daemon.failpoints import POINTS
from tests.chaos.counts import count
from tests.chaos.record import saw, size
from tests.conversations.forms import MONDAY
from tests.conversations.scenes import opened
from tests.conversations.world import World, bounce, mail
from tests.crash import rig
from tests.crash.books import assert_each_answer_once
from tests.crash.test_form_kills import submission
from tests.crash.test_kill_points import APART, MAYBE_TAKEN, TAKEN

pytestmark = [pytest.mark.crash, pytest.mark.chaos]

Prepared = Callable[[World, int], Callable[[], bytes]]
"""Brings a world so far that a mail of this kind makes sense; what it gives makes the mail of this number."""


def ticket(world: World, number: int) -> Callable[[], bytes]:
    return lambda: mail("ann", "Roof-7 shows no data.", subject=f"Lamp {number}")


def form(world: World, number: int) -> Callable[[], bytes]:
    return lambda: submission(number).as_bytes()


def keyword(world: World, number: int) -> Callable[[], bytes]:
    world.out()
    assigned = opened(world)
    return lambda: mail("bob", "#ack", answers=assigned)


def bounced(world: World, number: int) -> Callable[[], bytes]:
    world.out()
    world.deliver(mail(f"guest{number}@guests.example", "How do I install it?", subject=f"Manual {number}"))
    world.run()
    received = next(out for out in world.out() if out.template == "case-received")
    return lambda: bounce(received)


def poison(world: World, number: int) -> Callable[[], bytes]:
    depth = 60
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(depth))
    octets = f"From: heavy{number}@guests.example\r\nSubject: deep\r\nMIME-Version: 1.0\r\n{head}\r\nwords\r\n".encode()
    return lambda: octets


def command(world: World, number: int) -> Callable[[], bytes]:
    words = "#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: Miller Solar\nInverter is offline.\n"
    return lambda: mail("cara", words, subject=f"Inverter {number}")


KINDS: dict[str, Prepared] = {
    "ticket": ticket, "form": form, "partner's keyword": keyword, "bounce": bounced, "poison": poison, "agent's command": command,
}  # fmt: skip

ANSWERING = ("t3_after_outbox", "after_mail", "after_rcpt", "before_t5", "after_t5", "half_data", "after_dot", "before_t6", "after_t6")
NOT_PASSED = {*product(("poison",), ANSWERING), *product(("poison", "bounce", "partner's keyword"), ("t3_after_case",))}
"""Kind and place: nothing is answered to a mail that is kept for a person, and not every mail opens a case."""

WAYS = [way for way in product(KINDS, (name for name in POINTS if name not in APART)) if way not in NOT_PASSED]
SHORT = 6
"""In a short run so many of them: each kind once, each at another place."""


def facts(world: World) -> Counter[tuple[str, ...]]:
    """What a mail may add to the books, as often as it is there."""
    cases = [world.case(int(row["number"].removeprefix("CASE-"))) for row in world.cases()]
    return (
        Counter(("out", re.sub(r"\d+", "", row["to"]), row["template"]) for row in world.outbox())
        + Counter(("mail", str(one["kind"]), one["outcome"], str(one["reason"])) for one in world.mails())
        + Counter(("case", case["state"]) for case in cases)
        + Counter(("comment", case["number"], comment["author"]) for case in cases for comment in case["comments"])
        + Counter(("acknowledged",) for case in cases if case["acknowledged"])
    )


def effect_of(world: World, prepare: Prepared, number: int, disturb: Callable[[], None]) -> tuple[Counter[tuple[str, ...]], ...]:
    """What one mail added to the books, and what it took away, when this happened to the program before two rounds in peace."""
    make = prepare(world, number)
    before = facts(world)
    world.deliver(make())
    disturb()
    for _ in range(2):
        world.run()
    after = facts(world)
    return after - before, before - after


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database_url", ["sqlite", *(["postgres"] if size(0, 1) else [])], indirect=True)
def test_killed_at_a_place_each_kind_of_mail_does_what_it_does_in_a_calm_run(make_world: Callable[..., World], database_url: str) -> None:
    world = make_world(database_url, limits=rig.NO_RATES)
    world.clock = MONDAY
    calm = {kind: effect_of(world, prepare, number, lambda: None) for number, (kind, prepare) in enumerate(KINDS.items())}
    most = size(SHORT, len(WAYS))
    chosen = [WAYS[index * len(WAYS) // most] for index in range(most)]
    for number, (kind, point) in enumerate(chosen, len(KINDS)):
        assert effect_of(world, KINDS[kind], number, lambda point=point: rig.die_at(world, point)) == calm[kind], (
            f"{kind}, killed at {point}"
        )
    books = world.assert_good_books()
    assert (books.in_progress, books.vanished, world.inbox.mails()) == (0, 0, [])
    at_dot = sum(point in TAKEN | MAYBE_TAKEN for _, point in chosen)
    assert_each_answer_once(world, repeats=at_dot)
    rig.assert_all_sent(world)
    found = count(world, books.received)
    words = f"{len({kind for kind, _ in chosen})} kinds of mail, {'SQLite' if database_url.startswith('sqlite') else 'PostgreSQL'}"
    for guarantee, lost, doubled in (("G1", found.lost, 0), ("G2", 0, found.doubled), ("G6", found.unsent, 0), ("G7", 0, found.resent)):
        saw(guarantee, "kill -9 at each place, with each kind of mail", times=len(chosen), lost=lost, doubled=doubled, note=words)
