"""What somebody owes: the earliest running promise of each open case, and what was missed until its step is taken."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from daemon.actions.vocabulary import EndClock
from daemon.store.owed import owed
from daemon.store.people import contact_of
from tests.store.life import NOON, Life, promise

TOMORROW = NOON + timedelta(days=1)


def due(life: Life) -> list[tuple[int, datetime | None]]:
    """(case, deadline) of Miller Solar's digest, in its order."""
    with life.database.reading():
        bob = contact_of("bob@miller.example")
        assert bob is not None
        return [(case.id, case.deadline_at) for case in owed(bob, None, TOMORROW + timedelta(days=30), None).cases]


def missed(life: Life, case: int, kind: str, at: datetime) -> EndClock:
    return life.end(case, kind, "breached", at)


def test_a_promise_that_was_missed_stays_owed_and_comes_first(life: Life) -> None:
    late, fresh = life.opened(), life.opened(at=TOMORROW)
    life.do(missed(life, late, "acknowledge", TOMORROW), case=late, at=TOMORROW)
    assert due(life) == [(late, TOMORROW), (fresh, TOMORROW + timedelta(days=1))]


def test_what_was_missed_is_no_longer_owed_once_its_step_is_taken(life: Life) -> None:
    case = life.opened()
    life.acknowledged(case, NOON)
    life.planned(case, date(2026, 11, 24), NOON)
    ended = NOON + timedelta(days=9)
    life.do(missed(life, case, "close", ended), case=case, at=ended)
    assert due(life) == [(case, ended)]
    life.planned_again(case, date(2026, 12, 8), ended)
    assert due(life) == [(case, ended + timedelta(days=9))]
    life.closed(case, ended, on_date=False)
    assert due(life) == []


def test_a_promise_of_an_installation_s_own_does_not_give_its_deadline_to_the_step(life: Life) -> None:
    case = life.opened()
    life.acknowledged(case, NOON)
    life.do(promise("first-visit", NOON - timedelta(hours=20)), case=case)
    assert due(life) == [(case, TOMORROW)]


def test_what_came_after_opening_waits_for_the_next_digest(life: Life) -> None:
    early, late = life.opened(), life.opened(at=TOMORROW)
    with life.database.reading():
        bob = contact_of("bob@miller.example")
        assert bob is not None
        assert [case.id for case in owed(bob, None, TOMORROW, None).cases] == [early]
        assert [case.id for case in owed(bob, None, TOMORROW + timedelta(seconds=1), None).cases] == [early, late]
