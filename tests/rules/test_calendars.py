"""Business days: worked examples, laws, and an independent walk along the minutes."""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.calendars import (
    AFTER_CLOSE,
    BELONGS,
    COUNTED,
    COUNTED_FROM,
    EXTRA_HOLIDAY,
    NO_HOURS,
    WEEKEND,
    Calendar,
    calendar,
)

WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
EXAMPLES = json.loads((Path(__file__).parent.parent / "examples" / "sla_examples.json").read_text("utf-8"))
MINUTE = timedelta(minutes=1)


def nine_to_five(timezone: str = "America/New_York", hours: str = "09:00-17:00", **more: Any) -> Calendar:
    return calendar("house", timezone=timezone, hours=dict.fromkeys(WORKDAYS, hours), **more)


def of_example(name: str) -> Calendar:
    made = EXAMPLES["calendars"][name]
    return calendar(
        name, timezone=made["tz"], country=made["country"], subdivision=made["subdiv"],
        hours={weekday.lower(): "-".join(hours) for weekday, hours in made["hours"].items()},
        extra=map(date.fromisoformat, made["extra_holidays"]), removed=map(date.fromisoformat, made["removed_holidays"]),
    )  # fmt: skip


def examples(rule: str) -> Any:
    chosen = [example for example in EXAMPLES["examples"] if example["rule"] == rule]
    return pytest.mark.parametrize("example", chosen, ids=[example["id"] for example in chosen])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


US = nine_to_five(country="US")

# hours whose ends fall into changes of the clocks among them: Berlin at 02:30, Santiago at midnight, Lord Howe by half an hour
SIX_ZONES = (
    nine_to_five("America/New_York", country="US", extra=[date(2026, 11, 27)]),
    calendar("berlin", timezone="Europe/Berlin", country="DE", subdivision="BY", hours={"fri": "08:00-13:00", "sun": "00:30-02:30"}),
    calendar("tokyo", timezone="Asia/Tokyo", country="JP", hours=dict.fromkeys(WORKDAYS, "10:00-19:30")),
    calendar("riyadh", timezone="Asia/Riyadh", country="SA", hours=dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), "08:00-16:00")),
    calendar("lord-howe", timezone="Australia/Lord_Howe", hours={"sat": "09:00-12:00", "sun": "01:00-02:15", "tue": "09:00-17:00"}),
    calendar("santiago", timezone="America/Santiago", country="CL", hours=dict.fromkeys(("mon", "wed", "sat"), "16:00-24:00")),
)
zones = pytest.mark.parametrize("place", SIX_ZONES, ids=[place.name + place.timezone.key for place in SIX_ZONES])
places = st.sampled_from(SIX_ZONES)
moments = st.integers(min_value=0, max_value=4 * 365 * 86400).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
dates = st.dates(min_value=date(2025, 1, 1), max_value=date(2028, 12, 31))
counts = st.integers(min_value=1, max_value=12)


# --- worked examples -----------------------------------------------------------------------------------------------


@examples("A")
def test_rule_a_agrees_with_the_example(example: dict[str, str]) -> None:
    place, start = of_example(example["calendar"]), at(example["start_local"])
    assert start == at(example["start_utc"])
    assert place.business_day(start).isoformat() == example["business_date_of_start"]
    assert place.rule_a(start) == at(example["deadline_utc"]) == at(example["deadline_local"])
    assert place.local(place.rule_a(start)).isoformat() == example["deadline_local"]


@examples("B")
def test_rule_b_agrees_with_the_example(example: dict[str, str]) -> None:
    place, created = of_example(example["calendar"]), at(example["created_local"]).date()
    found = [place.rule_b(created, days).isoformat() for days in (2, 3, 3)]
    assert found == [example["configuration_date"], example["due_date"], example["qa_due_date"]]


@examples("C")
def test_rule_c_agrees_with_the_example(example: dict[str, str]) -> None:
    place = of_example(example["calendar"])
    assert place.rule_c(date.fromisoformat(example["planned_resolution_date"])) == at(example["deadline_utc"])


# --- each day explained --------------------------------------------------------------------------------------------


def told(place: Calendar, moment: str, days: int = 1) -> list[tuple[str, bool, str]]:
    return [(day.date.isoformat(), day.counted, day.why) for day in place.walk_a(at(moment), days)]


def test_a_walk_names_the_weekend_the_holiday_and_the_day_it_belongs_to() -> None:
    place = nine_to_five(country="US", extra=[date(2026, 11, 27)])
    assert told(place, "2026-11-25T15:00:00Z") == [
        ("2026-11-25", False, BELONGS), ("2026-11-26", False, "Thanksgiving Day"), ("2026-11-27", False, EXTRA_HOLIDAY),
        ("2026-11-28", False, WEEKEND), ("2026-11-29", False, WEEKEND), ("2026-11-30", True, COUNTED),
    ]  # fmt: skip


def test_a_walk_after_closing_time_begins_on_that_day() -> None:
    assert told(US, "2026-11-13T22:00:00Z") == [
        ("2026-11-13", False, AFTER_CLOSE), ("2026-11-14", False, WEEKEND), ("2026-11-15", False, WEEKEND),
        ("2026-11-16", False, BELONGS), ("2026-11-17", True, COUNTED),
    ]  # fmt: skip


def test_a_working_weekday_without_hours_is_told_from_the_weekend() -> None:
    place = calendar("mondays", timezone="UTC", hours={"mon": "09:00-17:00"})
    assert [why for _, _, why in told(place, "2026-11-16T10:00Z")] == [BELONGS, *[NO_HOURS] * 4, WEEKEND, WEEKEND, COUNTED]


def test_the_weekend_is_that_of_the_country() -> None:
    assert [day.why for day in of_example("partner-sa").walk_b(date(2026, 11, 19), 1)] == [COUNTED_FROM, WEEKEND, WEEKEND, COUNTED]


def test_holidays_are_named_in_english_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    place = nine_to_five("Europe/Berlin", country="DE")
    assert place.holiday(date(2026, 4, 3)) == "Good Friday"


def test_another_language_can_be_asked_for() -> None:
    assert nine_to_five("Europe/Berlin", country="DE", language="de").holiday(date(2026, 4, 3)) == "Karfreitag"


def test_a_removed_holiday_is_a_business_day_and_an_extra_one_none() -> None:
    place = nine_to_five(country="US", removed=[date(2026, 11, 26)], extra=[date(2026, 11, 24)])
    assert place.is_business_day(date(2026, 11, 26))
    assert not place.is_business_day(date(2026, 11, 24))


# --- changes of the clocks -----------------------------------------------------------------------------------------


def test_a_closing_time_that_is_skipped_moves_to_the_end_of_the_gap() -> None:
    place = calendar("night", timezone="America/New_York", hours={"sun": "00:30-02:30"})
    assert place.close_of(date(2026, 3, 8)) == at("2026-03-08T07:00:00Z")


def test_a_closing_time_that_comes_twice_is_the_first_one() -> None:
    place = calendar("night", timezone="America/New_York", hours={"sun": "00:30-01:30"})
    assert place.close_of(date(2026, 11, 1)) == at("2026-11-01T05:30:00Z")


def test_a_closing_time_at_midnight_that_does_not_exist_is_the_moment_of_the_change() -> None:
    place = SIX_ZONES[-1]
    assert place.close_of(date(2026, 9, 5)) == at("2026-09-06T04:00:00Z")
    assert place.close_of(date(2026, 4, 4)) == at("2026-04-05T04:00:00Z")


def test_hours_swallowed_by_a_gap_open_on_the_next_business_day_only() -> None:
    place = calendar("night", timezone="America/New_York", hours={"sun": "02:10-02:50"})
    assert place.next_open_moment(at("2026-03-08T05:00:00Z")) == at("2026-03-15T06:10:00Z")


# --- opening hours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-16T15:00:00Z", "2026-11-16T15:00:00Z"),  # within
        ("2026-11-16T14:00:00Z", "2026-11-16T14:00:00Z"),  # as it opens
        ("2026-11-16T13:59:59Z", "2026-11-16T14:00:00Z"),  # before it opens
        ("2026-11-16T22:00:00Z", "2026-11-17T14:00:00Z"),  # as it closes
        ("2026-11-25T23:00:00Z", "2026-11-27T14:00:00Z"),  # the evening before a holiday
        ("2026-11-28T15:00:00Z", "2026-11-30T14:00:00Z"),  # the weekend
    ],
)
def test_the_next_open_moment_lies_within_opening_hours(moment: str, expected: str) -> None:
    assert US.next_open_moment(at(moment)) == at(expected)


# --- laws ----------------------------------------------------------------------------------------------------------


@given(place=places, one=moments, other=moments, days=counts)
def test_a_later_start_never_has_an_earlier_deadline(place: Calendar, one: datetime, other: datetime, days: int) -> None:
    earlier, later = sorted((one, other))
    assert earlier < place.rule_a(earlier, days) <= place.rule_a(later, days)
    assert place.next_open_moment(earlier) <= place.next_open_moment(later)


@given(place=places, day=dates, moment=moments, days=counts)
def test_a_deadline_never_falls_on_a_closed_day(place: Calendar, day: date, moment: datetime, days: int) -> None:
    ends = (place.walk_a(moment, days)[-1].date, place.rule_b(day, days), place.walk_c(day, days)[-1].date, place.business_day(moment))
    assert all(place.is_business_day(end) for end in ends)
    assert place.rule_a(moment, days) == place.close_of(ends[0])
    assert place.rule_c(day, days) == place.close_of(ends[1])


@given(place=places, day=dates, moment=moments, days=counts)
def test_a_walk_counts_as_many_days_as_were_asked_for_and_leaves_none_out(place: Calendar, day: date, moment: datetime, days: int) -> None:
    for walk in (place.walk_a(moment, days), place.walk_b(day, days), place.walk_c(day, days)):
        assert sum(step.counted for step in walk) == days
        assert walk[-1].counted
        assert [step.date for step in walk] == [walk[0].date + timedelta(days=number) for number in range(len(walk))]
        assert all(step.why == COUNTED for step in walk if step.counted)
    assert [step.why for step in place.walk_a(moment, days)].count(BELONGS) == 1


@given(place=places, day=dates, days=counts)
def test_days_add_up(place: Calendar, day: date, days: int) -> None:
    assert place.rule_b(place.rule_b(day, days), 1) == place.rule_b(day, days + 1)


@given(place=places, moment=moments)
def test_the_next_open_moment_is_open_and_the_first(place: Calendar, moment: datetime) -> None:
    found = place.next_open_moment(moment)
    assert found >= moment
    assert place.next_open_moment(found) == found
    day = place.local(found).date()
    assert place.opening_time(day) <= found < place.close_of(day)


FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
"""The three years that are walked."""


def closings_along_the_minutes(place: Calendar, start: datetime, end: datetime) -> Iterator[datetime]:
    """Each time that a wall clock, looked at each minute, first reaches closing time on a business day."""
    before = start.astimezone(place.timezone).replace(tzinfo=None)
    moment, ends = start, {closing for closing in closing_times(place, before.date()) if closing > before}
    while moment < end:
        moment += MINUTE
        wall = moment.astimezone(place.timezone).replace(tzinfo=None)
        if wall.date() != before.date():
            ends |= closing_times(place, wall.date())
        for closing in [closing for closing in ends if closing <= wall]:
            ends.remove(closing)
            yield moment
        before = wall


def closing_times(place: Calendar, day: date) -> set[datetime]:
    """When a day closes by its own wall clock, if it is a business day; hours up to 24:00 end as the next day begins."""
    hours = place.hours[day.weekday()]
    return {datetime.fromisoformat(day.isoformat()) + hours[1] * MINUTE} if hours is not None and place.holiday(day) is None else set()


@zones
def test_rule_a_agrees_with_a_walk_along_the_minutes_of_three_years(place: Calendar) -> None:
    closings = list(closings_along_the_minutes(place, FIRST, LAST))
    assert closings == sorted(set(closings))
    starts = {FIRST + timedelta(hours=hour) for hour in range(0, 3 * 365 * 24 - 60 * 24, 5)}
    # what falls on a closing time, and a second to either side
    starts |= {closing + timedelta(seconds=second) for closing in closings[:-3] for second in (-1, 0, 1)}
    for start in starts:
        reached = bisect_right(closings, start)
        assert place.rule_a(start) == closings[reached + 1], start


@zones
def test_the_second_before_close_belongs_to_the_day_and_the_close_to_the_next(place: Calendar) -> None:
    chance = random.Random(place.name)
    for _ in range(40):
        day = place.next_day(date(2026, 1, 1) + timedelta(days=chance.randrange(1000)))
        close = place.close_of(day)
        assert place.business_day(close) == place.next_day(day)
        if close - timedelta(seconds=1) > place.opening_time(day):
            assert place.business_day(close - timedelta(seconds=1)) == day


# --- mistakes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hours": {}}, "no weekday has opening hours"),
        ({"hours": {"mon": "17:00-09:00"}}, "before they end"),
        ({"hours": {"mon": "09:00-25:00"}}, "before they end"),
        ({"hours": {"mon": "9-5"}}, "09:00-17:00"),
        ({"hours": {"monday": "09:00-17:00"}}, "monday: no weekday"),
        ({"timezone": "Europe/Nowhere"}, "Europe/Nowhere"),
        ({"country": "ZZ"}, "the country 'ZZ'"),
        ({"country": "GB", "subdivision": "TX"}, "it has ENG, NIR, SCT, WLS"),
        ({"subdivision": "TX"}, "without the country"),
    ],
)
def test_a_calendar_that_can_not_be_is_refused_in_words(values: dict[str, Any], words: str) -> None:
    good = {"timezone": "UTC", "hours": {"mon": "09:00-17:00"}}
    with pytest.raises(ValueError, match=words):
        calendar("bad", **(good | values))


def test_a_calendar_whose_only_days_are_all_holidays_ends_in_an_error() -> None:
    mondays = [date(2026, 1, 5) + timedelta(weeks=number) for number in range(400)]
    place = calendar("closed", timezone="UTC", hours={"mon": "09:00-17:00"}, extra=mondays)
    with pytest.raises(ValueError, match="no business day"):
        place.next_day(date(2026, 1, 1))


def test_the_end_of_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="no business day"):
        US.next_day(date.max)


def test_a_closed_weekday_has_no_closing_time() -> None:
    with pytest.raises(ValueError, match="no opening hours on 2026-11-14, a sat"):
        US.close_of(date(2026, 11, 14))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        US.rule_a(at("2026-11-16T10:00"))


def test_no_days_are_no_deadline() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        US.rule_b(date(2026, 11, 16), 0)
