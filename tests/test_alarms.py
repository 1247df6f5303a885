"""An alarm is told once when it begins, once a day while it lasts, once when it has ended; a restart changes nothing of that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from daemon.alarms import CALM, Alarm, Vital, as_json, looked, of_json

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
BAD = Vital(name="outbox", weight=2, detail="3 wait", mend="look", alarm=True)
GOOD = Vital(name="outbox", weight=0, detail="0 wait")


def told(looks: Sequence[Vital | None], *, every: timedelta = MINUTE, path: str = "mail") -> list[tuple[int, str]]:
    """What a path tells in a life of looks (None: it could not be looked at), restarted before each; by the number of the look."""
    alarms: dict[str, Alarm] = {}
    said = []
    for number, vital in enumerate(looks):
        now = NOON + number * every
        kept = json.loads(json.dumps([as_json(alarm) for alarm in alarms.values()]))
        alarms = looked({one["name"]: of_json(one) for one in kept}, [vital] if vital is not None else [], now, whole=vital is not None)
        for name, alarm in alarms.items():
            phase = alarm.due(path, now, DAY)
            if phase is not None:
                said.append((number, phase))
                alarms[name] = alarm.has_told(path, phase, now)
    return said


def test_it_is_told_when_it_begins_and_when_it_has_ended() -> None:
    assert told([GOOD, BAD, BAD, BAD, *[GOOD] * 8]) == [(1, "begins"), (9, "ended")]


def test_it_is_told_once_a_day_while_it_lasts() -> None:
    assert told([BAD] * 60, every=timedelta(hours=1)) == [(0, "begins"), (24, "lasts"), (48, "lasts")]


def test_what_comes_and_goes_is_one_alarm() -> None:
    assert told([BAD, GOOD] * 30 + [GOOD] * 6) == [(0, "begins"), (64, "ended")]


def test_what_could_not_be_looked_at_is_as_it_was() -> None:
    assert told([BAD, *[None] * 20, BAD]) == [(0, "begins")]


def test_what_is_well_again_before_its_patience_is_over_is_never_told() -> None:
    patient = Vital(name="database", weight=2, detail="away", alarm=True, patience=2 * MINUTE)
    well = Vital(name="database", weight=0, detail="")
    assert told([patient, patient, well] * 5) == []
    assert told([patient] * 4) == [(2, "begins")]


def test_what_is_unwise_and_no_alarm_is_not_told() -> None:
    assert told([Vital(name="backup", weight=1, detail="none")] * 3) == []


def test_what_is_no_more_has_ended() -> None:
    alarms = looked({}, [BAD], NOON, whole=True)
    alarms = {name: alarm.has_told("mail", "begins", NOON) for name, alarm in alarms.items()}
    for minutes in range(1, 8):
        alarms = looked(alarms, [], NOON + minutes * MINUTE, whole=True)
    assert alarms["outbox"].due("mail", NOON + 7 * MINUTE, DAY) == "ended"
    # a path that told nothing has nothing to take back
    assert alarms["outbox"].due("command", NOON + 7 * MINUTE, DAY) is None
    assert looked(alarms, [], NOON + CALM + 2 * DAY, whole=True) == {}


@given(st.lists(st.sampled_from([BAD, GOOD, None]), max_size=60))
def test_beginnings_and_ends_take_turns_whatever_happens(looks: list[Vital | None]) -> None:
    said = [phase for _, phase in told(looks)]
    assert said == (["begins", "ended"] * len(said))[: len(said)]


def test_what_is_told_of_a_secret_is_not_told_on() -> None:
    vital = Vital(name="database", weight=2, detail="away: postgresql://desk:hunter2@db/desk", alarm=True)
    assert vital.detail == "away: postgresql://desk:[hidden]@db/desk"
