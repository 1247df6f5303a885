"""Clocks of a case that has a partner from its first minute."""

from __future__ import annotations

from datetime import UTC, datetime

from daemon.actions.vocabulary import StartClock
from daemon.rules import promises
from daemon.rules.rulebook import plain_rulebook
from tests.rules.facts import NOW, RULEBOOK


def test_a_new_case_of_a_partner_is_to_be_acknowledged_by_the_end_of_the_next_business_day() -> None:
    (start,) = promises.begin(None, NOW, RULEBOOK)
    assert isinstance(start, StartClock)
    assert (start.kind, start.cycle, start.started_at, start.met_at) == ("acknowledge", 1, NOW, None)
    assert start.deadline_at == datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    assert start.look_at == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    assert promises.first_deadline([start]) == {"deadline_at": "2026-11-24T17:00:00+00:00"}


def test_where_nothing_is_promised_no_clock_starts() -> None:
    assert promises.begin(None, NOW, plain_rulebook()) == []
    assert promises.first_deadline([]) == {}
