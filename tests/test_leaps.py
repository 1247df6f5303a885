"""A wall clock that is set while a program runs is told from one that goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from daemon.leaps import Leaps, steady_seconds

NOON = datetime(2026, 7, 27, 12, tzinfo=UTC)


def test_only_what_is_set_is_a_leap() -> None:
    """A clock that is slowly drawn nearer to the right time, and a machine that sleeps with a clock that counts on, leap nowhere."""
    leaps, wall, steady = Leaps(), NOON, 50.0
    for _ in range(10_000):
        wall, steady = wall + timedelta(seconds=20.5), steady + 20
        look = leaps.look(wall, steady)
        assert (look.leapt, look.waits, look.doubtful) == (None, False, False)
    look = leaps.look(wall + timedelta(days=3), steady + 3 * 86400)
    assert (look.leapt, look.waits) == (None, False)


@pytest.mark.parametrize(
    ("hours", "leapt", "waits", "then"),
    [
        pytest.param(0.5, False, False, False, id="half an hour"), pytest.param(3, True, True, False, id="three hours"),
        pytest.param(24.5, True, True, True, id="more than a day"), pytest.param(-3, True, False, False, id="back"),
        pytest.param(-300, True, False, False, id="far back"),
    ],
)  # fmt: skip
def test_a_leap_waits_for_one_look_and_a_long_one_until_it_is_taken_back(hours: float, leapt: bool, waits: bool, then: bool) -> None:
    leaps = Leaps()
    leaps.look(NOON, 0.0)
    look = leaps.look(NOON + timedelta(hours=hours, seconds=20), 20.0)
    assert (look.leapt, look.waits) == (timedelta(hours=hours) if leapt else None, waits)
    look = leaps.look(NOON + timedelta(hours=hours, seconds=40), 40.0)
    assert (look.leapt, look.waits, look.doubtful) == (None, then, then)
    look = leaps.look(NOON + timedelta(seconds=60), 60.0)
    assert not look.doubtful


def test_the_steady_clock_goes_on() -> None:
    assert steady_seconds() <= steady_seconds()
