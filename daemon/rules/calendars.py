"""Business days and deadlines, each day explained. The only importer of holidays.

A calendar is a place: its zone, its opening hours by weekday, its holidays. Wall clocks rule: "the close of Tuesday" is what the
clock on the wall says there, whatever the clocks did in between. Every moment that comes out is in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The names of the weekdays in `hours`, in the order of `date.weekday()`."""

COUNTED = "counted"
BELONGS = "the day it belongs to"
COUNTED_FROM = "the day it is counted from"
AFTER_CLOSE = "after closing time"
WEEKEND = "weekend"
NO_HOURS = "no opening hours"
EXTRA_HOLIDAY = "extra holiday"
"""Why a day is counted or not; a public holiday is told by its name."""

MOST_CLOSED_DAYS = 1500
"""A calendar that is closed for longer has no business days worth waiting for: the walk ends in an error, never hangs."""

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)

_SATURDAY_AND_SUNDAY = frozenset({5, 6})
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a walk to a deadline: whether it counts as a business day of it, and why."""

    date: date
    counted: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Business days of a place. Made by `calendar()`, which checks it.

    `hours` holds for each weekday, Monday first, opening and closing in minutes of the wall clock since midnight, or None.
    """

    name: str
    timezone: ZoneInfo
    hours: tuple[tuple[int, int] | None, ...]
    country: str | None
    subdivision: str | None
    language: str
    extra: frozenset[date]
    removed: frozenset[date]

    def local(self, moment: datetime) -> datetime:
        """The moment on the wall clock of this place. Raises ValueError for a moment without a zone."""
        return _utc(moment).astimezone(self.timezone)

    def moment(self, wall: datetime) -> datetime:
        """The moment in UTC when the wall clock (a datetime without a zone) shows this.

        What is shown twice is the first time; what is skipped is the end of the gap.
        """
        return _moment(wall.replace(tzinfo=None), self.timezone)

    def holiday(self, day: date) -> str | None:
        """The name of the holiday on a day, or None."""
        if day in self.extra:
            return self._public_holiday(day) or EXTRA_HOLIDAY
        return None if day in self.removed else self._public_holiday(day)

    def closed(self, day: date) -> str | None:
        """Why a day is no business day; None when it is one."""
        if self.hours[day.weekday()] is None:
            weekend = _year(self.country, self.subdivision, self.language, day.year)[1] if self.country else _SATURDAY_AND_SUNDAY
            return WEEKEND if day.weekday() in weekend else NO_HOURS
        return self.holiday(day)

    def is_business_day(self, day: date) -> bool:
        """Whether a day has hours and is no holiday."""
        return self.closed(day) is None

    def opening_time(self, day: date) -> datetime:
        """When a day's hours begin. Raises ValueError for a weekday without hours."""
        return self._wall(day, 0)

    def close_of(self, day: date) -> datetime:
        """When a day's hours end. Raises ValueError for a weekday without hours."""
        return self._wall(day, 1)

    def business_day(self, moment: datetime) -> date:
        """The business day a moment belongs to: its local date, or after its close or on a closed day the next business day.

        Half-open: the closing time itself belongs to the next day. The opening time plays no part.
        """
        day = self.local(moment).date()
        return day if self.is_business_day(day) and _utc(moment) < self.close_of(day) else self.next_day(day)

    def next_day(self, day: date) -> date:
        """The first business day strictly after a date. Raises ValueError when there is none within MOST_CLOSED_DAYS."""
        return next(after for after, why in self._days_after(day) if why is None)

    def next_open_moment(self, moment: datetime) -> datetime:
        """The moment itself if it lies within opening hours, else the next opening time: when people may be disturbed."""
        day = self.business_day(moment)
        while self.opening_time(day) >= self.close_of(day):  # hours swallowed by a change of the clocks
            day = self.next_day(day)
        return max(_utc(moment), self.opening_time(day))

    def rule_a(self, moment: datetime, days: int = 1) -> datetime:
        """The close of the n-th business day after the business day the moment belongs to."""
        return self.close_of(self.walk_a(moment, days)[-1].date)

    def rule_b(self, day: date, days: int) -> date:
        """The n-th business day strictly after a calendar date; the date itself may be closed."""
        return self.walk_b(day, days)[-1].date

    def rule_c(self, day: date, days: int = 1) -> datetime:
        """The close of the n-th business day strictly after a planned date, which is not moved itself."""
        return self.close_of(self.rule_b(day, days))

    def walk_a(self, moment: datetime, days: int = 1) -> tuple[Day, ...]:
        """Every day that `rule_a` looks at, in order; the last one is the day of the deadline. Raises ValueError for days < 1."""
        first, belongs = self.local(moment).date(), self.business_day(moment)
        before = []
        if first < belongs:
            before.append(Day(date=first, counted=False, why=self.closed(first) or AFTER_CLOSE))
            between = takewhile(lambda found: found[1] is not None, self._days_after(first))
            before.extend(Day(date=day, counted=False, why=why) for day, why in between if why is not None)
        return (*before, Day(date=belongs, counted=False, why=BELONGS), *self._counted(belongs, days))

    def walk_b(self, day: date, days: int) -> tuple[Day, ...]:
        """Every day that `rule_b` looks at, in order; the last one is its answer. Raises ValueError for days < 1."""
        return (Day(date=day, counted=False, why=COUNTED_FROM), *self._counted(day, days))

    def walk_c(self, day: date, days: int = 1) -> tuple[Day, ...]:
        """Every day that `rule_c` looks at, in order; the last one is the day of the deadline. Raises ValueError for days < 1."""
        return self.walk_b(day, days)

    def _counted(self, day: date, days: int) -> Iterator[Day]:
        if days < 1:
            raise ValueError(f"{days} business days: at least 1 is counted")
        for _ in range(days):
            for after, why in self._days_after(day):
                yield Day(date=after, counted=why is None, why=why or COUNTED)
                if why is None:
                    day = after
                    break

    def _days_after(self, day: date) -> Iterator[tuple[date, str | None]]:
        """The days after a date, each with why it is closed; ends in a ValueError after MOST_CLOSED_DAYS."""
        for _ in range(MOST_CLOSED_DAYS):
            if day == date.max:
                break
            day += ONE_DAY
            yield day, self.closed(day)
        raise ValueError(f"calendar {self.name}: no business day up to {day}")

    def _public_holiday(self, day: date) -> str | None:
        return _year(self.country, self.subdivision, self.language, day.year)[0].get(day) if self.country else None

    def _wall(self, day: date, end: int) -> datetime:
        hours = self.hours[day.weekday()]
        if hours is None:
            raise ValueError(f"calendar {self.name}: no opening hours on {day}, a {WEEKDAYS[day.weekday()]}")
        return _moment(datetime(day.year, day.month, day.day) + timedelta(minutes=hours[end]), self.timezone)  # noqa: DTZ001


def calendar(
    name: str,
    *,
    timezone: str,
    hours: Mapping[str, str],
    country: str | None = None,
    subdivision: str | None = None,
    language: str = "en",
    extra: Iterable[date] = (),
    removed: Iterable[date] = (),
) -> Calendar:
    """A calendar from plain values: an IANA zone, hours like {"mon": "09:00-17:00"}, ISO 3166 codes of a place with its holidays.

    Public holidays with the days they are observed on, plus `extra`, minus `removed`. `language` is that of the names.
    Raises ValueError, in words for people, when the zone, the country or its subdivision is not known, when hours are not
    written like "09:00-17:00", and when no weekday has any.
    """
    if unknown := sorted(set(hours) - set(WEEKDAYS)):
        raise ValueError(f"{', '.join(unknown)}: no weekday; they are {', '.join(WEEKDAYS)}")
    week = tuple(_minutes(hours[weekday]) if weekday in hours else None for weekday in WEEKDAYS)
    if not any(week):
        raise ValueError("no weekday has opening hours: there would be no business day")
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"no time zone {timezone!r} is known") from None
    if country is None and subdivision is not None:
        raise ValueError(f"subdivision {subdivision!r} without the country it belongs to")
    if country is not None:
        _check_place(country, subdivision)
    return Calendar(
        name=name,
        timezone=zone,
        hours=week,
        country=country,
        subdivision=subdivision,
        language=language,
        extra=frozenset(extra),
        removed=frozenset(removed),
    )


def _minutes(text: str) -> tuple[int, int]:
    found = _HOURS.match(text)
    if found is None:
        raise ValueError(f'hours {text!r} are not written like "09:00-17:00"')
    opening, closing = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if not (int(found[2]) < 60 and int(found[4]) < 60 and opening < closing <= 24 * 60):
        raise ValueError(f"hours {text!r} don't begin before they end, within one day")
    return opening, closing


def _check_place(country: str, subdivision: str | None) -> None:
    """Raise ValueError for a place without known holidays."""
    from holidays import list_supported_countries  # an import of more than 0.1 s

    known = list_supported_countries(include_aliases=True)
    if country not in known:
        raise ValueError(f"no holidays are known of the country {country!r}; it is an ISO 3166 code, like US or DE")
    if subdivision is not None and subdivision not in known[country]:
        codes = list_supported_countries(include_aliases=False).get(country) or ()
        places = f"it has {', '.join(codes)}" if codes else "it has none"
        raise ValueError(f"no holidays are known of the subdivision {subdivision!r} of {country}; {places}")


@lru_cache(maxsize=512)
def _year(country: str, subdivision: str | None, language: str, year: int) -> tuple[dict[date, str], frozenset[int]]:
    """The public holidays of one year, and the weekdays of the weekend."""
    from holidays import country_holidays

    place = country_holidays(country, subdiv=subdivision)
    spoken = [place.default_language or "", *sorted(place.supported_languages)]
    chosen = next((known for known in spoken if known == language or known.startswith(f"{language}_")), None)
    # a language is always named: without one the environment's would decide
    place = country_holidays(country, subdiv=subdivision, years=year, expand=False, language=chosen or place.default_language)
    return dict(place.items()), frozenset(place.weekend)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    later = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if later.astimezone(zone).replace(tzinfo=None) == wall:
        return later
    # In a gap fold=0 reads the clock as it was before the change, which is a moment after it, and fold=1 the other way round:
    # the change lies between.
    earlier = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = earlier.astimezone(zone).utcoffset()
    while later - earlier > ONE_SECOND:
        middle = earlier + (later - earlier) // 2
        middle = middle.replace(microsecond=0) if middle.replace(microsecond=0) > earlier else middle
        if middle.astimezone(zone).utcoffset() == offset:
            earlier = middle
        else:
            later = middle
    return later
