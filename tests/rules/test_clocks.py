"""A clock whose time has come, decided without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from daemon.actions.vocabulary import MarkClock, QueueMail
from daemon.model import ClockFacts, QueueFacts
from daemon.reasons import Reason
from daemon.rules.clocks import decide_clock
from tests.rules.facts import BOB, NORA, OWEN, PAT, RULEBOOK, case, mails, of_type

DEADLINE = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
CLOCK = ClockFacts(
    id=7, kind="acknowledge", cycle=1, calendar="house", started_at=DEADLINE - timedelta(days=1, hours=4), deadline_at=DEADLINE
)
ABOUT = case(owner=OWEN, queue=None, clocks=(CLOCK,))


def test_four_hours_before_the_partners_agents_are_warned_once() -> None:
    decision = decide_clock(ABOUT, CLOCK, DEADLINE - timedelta(hours=4), RULEBOOK)
    assert decision.reason is Reason.CLOCK_LOOKED_AT
    assert mails(decision) == [("sla-warning", PAT.address), ("sla-warning", BOB.address)]
    assert [mark.concern for mark in of_type(decision, MarkClock)] == ["warning", None]
    warned = replace(CLOCK, warned_at=DEADLINE - timedelta(hours=4))
    assert mails(decide_clock(ABOUT, warned, DEADLINE - timedelta(hours=3), RULEBOOK)) == []


def test_at_the_deadline_it_is_still_kept_and_a_second_later_broken() -> None:
    warned = replace(CLOCK, warned_at=DEADLINE - timedelta(hours=4))
    assert mails(decide_clock(ABOUT, warned, DEADLINE, RULEBOOK)) == []
    broken = decide_clock(ABOUT, warned, DEADLINE + timedelta(seconds=1), RULEBOOK)
    assert {(template, to) for template, to in mails(broken)} == {
        ("sla-breach", PAT.address), ("sla-breach", BOB.address), ("sla-breach", OWEN.address),
    }  # fmt: skip
    first = of_type(broken, MarkClock)[0]
    assert (first.concern, first.at) == ("breach", DEADLINE)
    assert of_type(broken, MarkClock)[-1].look_at is None


def test_before_its_time_a_clock_only_books_the_next_look() -> None:
    decision = decide_clock(ABOUT, CLOCK, DEADLINE - timedelta(hours=20), RULEBOOK)
    assert [(mark.concern, mark.look_at) for mark in of_type(decision, MarkClock)] == [(None, DEADLINE - timedelta(hours=4))]


def test_of_a_partner_without_agents_its_owner_hears_in_their_place_or_each_member_of_the_queue() -> None:
    unmanned = replace(ABOUT, partner_agents=())
    assert mails(decide_clock(unmanned, CLOCK, DEADLINE - timedelta(hours=4), RULEBOOK)) == [("sla-warning", OWEN.address)]
    queued = replace(unmanned, owner=None, queue=QueueFacts(id=1, name="level-one", members=(OWEN, NORA)))
    warned = decide_clock(queued, CLOCK, DEADLINE - timedelta(hours=4), RULEBOOK)
    assert mails(warned) == [("sla-warning", OWEN.address), ("sla-warning", NORA.address)]
    assert {dict(mail.values)["unmanned"] for mail in of_type(warned, QueueMail)} == {True}
    known = replace(CLOCK, warned_at=DEADLINE - timedelta(hours=4))
    assert mails(decide_clock(unmanned, known, DEADLINE + timedelta(seconds=1), RULEBOOK)) == [("sla-breach", OWEN.address)]
