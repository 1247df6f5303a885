"""Dates people write in commands, and the date of a plan. Pure, total; looks at a bounded number of signs.

A date is a day in the sender's own calendar zone; a time of day is only text. What can be read two ways is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from daemon.parsers.calendarwords import DAYS, MONTHS, SHORT_DAYS, fold

MISSING = "E-DATE-MISSING"
INVALID = "E-DATE-INVALID"
AMBIGUOUS = "E-DATE-AMBIGUOUS"
PAST = "E-DATE-PAST"
FAR = "E-DATE-FAR"

FARTHEST = 366
"""Days ahead that a date may lie."""
_REACH = 120
"""Signs from its beginning within which a date must end; and how near to the end of a line a date behind its text must stand."""

_LETTER = r"[^\W\d_]"
_NAME = rf"{_LETTER}(?:{_LETTER}|[\u0300-\u036f]){{2,14}}(?:[-‑]feira)?"
_B = r"[ \t\xa0]{1,3}"
_YEAR = rf"(?:,?{_B}(?:de{_B})?(?P<y>\d{{4}})(?!\w))?"
_ISO = re.compile(r"(?P<y>\d{4})(?P<sep>[-‐‑–−/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?!\d|[-/.]\d|(?!T\d)\w)")
_DOTTED = re.compile(r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})(?!\w|[-/.]\d)")
_SLASHED = re.compile(r"(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<y>\d{4})(?!\w|[-/.]\d)")
_LOOKS_LIKE_ONE = re.compile(r"\d{1,2}(?P<sep>[-/.])\d{1,2}(?P=sep)(?:\d{4}|\d{2})(?!\w|[-/.]\d)")
_DAY_MONTH = re.compile(
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|[.ºª°])?{_B}(?:(?:de|of){_B})?(?P<name>{_NAME})(?!\w)\.?{_YEAR}", re.IGNORECASE
)
_MONTH_DAY = re.compile(rf"(?P<name>{_NAME})\.?{_B}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\w|[.:/]\d){_YEAR}", re.IGNORECASE)
_WEEKDAY = re.compile(rf"(?:(?P<which>on|this|next){_B})?(?P<name>{_NAME})(?!\w|['’]\w)", re.IGNORECASE)
_STANDS_ALONE = re.compile(r"[,.:]|\s*(?:\n|$)|\s[-–—]\s")
_BEFORE_DATE = re.compile(rf",?{_B}(?:the{_B})?")
_NEAR = re.compile(r"(?P<word>today|tomorrow)(?!\w|['’]\w)", re.IGNORECASE)
_RELATIVE = re.compile(
    rf"(?:\+[ \xa0]?|in{_B})(?P<n>\d{{1,6}})[ \xa0]?(?P<unit>(?:business|working)(?:{_B}|-)?days?|days?|weeks?|bd|d|w)(?!\w|['’]\w)",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:by|on|due|date|for)(?:\s?:\s*|\s+)", re.IGNORECASE)
_INNER_LEAD = re.compile(r"\s(?:by|on|due|date|for)(?:\s?:\s*|\s+)", re.IGNORECASE)
_SEPARATOR = re.compile(r"[ \t\xa0:,–—：，-]*(?:[.!]+(?=\s|$)[ \t\xa0]*)?(?:\n\s*)?")

BusinessDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A date that was read, and the text that goes with it."""

    date: date
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DateProblem:
    """Why there is no date: one of the E-DATE codes, the days it could be read as, and the text that goes with it."""

    code: str
    readings: tuple[date, ...] = ()
    rest: str = ""


@dataclass(frozen=True, slots=True)
class _Now:
    """What a date is read against. `led`: a word like "by" stands before it."""

    today: date
    order: str | None
    is_business_day: BusinessDay
    led: bool = False


_Found = tuple[tuple[date | None, ...], int]
"""The days a text could mean (None: one that doesn't exist) and where the text behind it begins."""


def read_date(text: str, today: date, order: str | None, is_business_day: BusinessDay) -> Dated | DateProblem:
    """Read the date at the beginning of a text; `rest` is what stands behind it, without the separator.

    `order` ("MDY", "DMY" or None) is how the sender's organization writes slashed dates. A weekday is the first one strictly
    after today, "next" one is that of the next week from Monday to Sunday; a day and month without a year is the next such
    date, today included. No date at the beginning is E-DATE-MISSING.

    >>> read_date("next Friday replace it", date(2026, 11, 23), None, lambda day: True).date.isoformat()
    '2026-12-04'
    """
    now = _Now(today, order, is_business_day)
    return _at(text, 0, now) or _none(text, 0)


def read_plan(argument: str, today: date, order: str | None, is_business_day: BusinessDay) -> Dated | DateProblem:
    """Read what `plan` takes: a date and then a text, or a text whose first line ends in "by", "on", "due", "date" or "for" and a date.

    A date anywhere else is text. `rest` is the planned resolution; it may be empty.
    """
    now = _Now(today, order, is_business_day)
    led = _Now(today, order, is_business_day, led=True)
    found = _at(argument, 0, now)
    start = 0
    for _ in range(2):  # "due by Friday"
        lead = _LEAD.match(argument, start) if found is None else None
        if lead is None:
            break
        start = lead.end()
        found = _at(argument, start, led)
    return found or _trailing(argument, led) or _none(argument, start)


def _at(text: str, start: int, now: _Now) -> Dated | DateProblem | None:
    found = _scan(text, start, now)
    if found is None:
        return None
    separator = _SEPARATOR.match(text, found[1])
    rest = text[separator.end() if separator else found[1] :].rstrip()
    return _judged(found[0], rest, now.today)


def _none(text: str, start: int) -> DateProblem:
    return DateProblem(code=INVALID if _LOOKS_LIKE_ONE.match(text, start) else MISSING)


def _trailing(argument: str, now: _Now) -> Dated | DateProblem | None:
    """The date at the end of the first line, behind a word like "by"."""
    line, _, below = argument.partition("\n")
    line = line.rstrip()
    for lead in _INNER_LEAD.finditer(line, max(0, len(line) - _REACH)):
        found = _scan(line, lead.end(), now)
        if found is not None and not line[found[1] :].strip(" ."):
            text = line[: lead.start()].rstrip(" \t,;:–—-")
            return _judged(found[0], f"{text}\n{below.rstrip()}".strip(), now.today)
    return None


def _judged(readings: tuple[date | None, ...], rest: str, today: date) -> Dated | DateProblem:
    days = tuple(dict.fromkeys(day for day in readings if day is not None))
    if not days:
        return DateProblem(code=INVALID, rest=rest)
    if len(days) > 1:
        return DateProblem(code=AMBIGUOUS, readings=days, rest=rest)
    if days[0] < today:
        return DateProblem(code=PAST, readings=days, rest=rest)
    if (days[0] - today).days > FARTHEST:
        return DateProblem(code=FAR, readings=days, rest=rest)
    return Dated(date=days[0], rest=rest)


def _scan(text: str, start: int, now: _Now) -> _Found | None:
    return _absolute(text, start, now) or _relative(text, start, now) or _weekday(text, start, now)


def _absolute(text: str, start: int, now: _Now) -> _Found | None:
    end = start + _REACH
    if (found := _ISO.match(text, start, end) or _DOTTED.match(text, start, end)) is not None:
        return (_day(int(found["y"]), int(found["m"]), int(found["d"])),), found.end()
    if (found := _SLASHED.match(text, start, end)) is not None:
        return _slashed(found, now.order), found.end()
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        found = pattern.match(text, start, end)
        month = MONTHS.get(fold(found["name"])) if found is not None else None
        if found is not None and month is not None:
            year = int(found["y"]) if found["y"] else None
            return (_day(year, month, int(found["d"])) if year is not None else _next_such(month, int(found["d"]), now.today),), found.end()
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _next_such(month: int, day: int, today: date) -> date | None:
    """The next such day, today included; 29 February may be eight years off."""
    days = (_day(year, month, day) for year in range(today.year, min(today.year + 9, 9999)))
    return next((found for found in days if found is not None and found >= today), None)


def _slashed(found: re.Match[str], order: str | None) -> tuple[date | None, ...]:
    one, two, year = int(found["one"]), int(found["two"]), int(found["y"])
    by_month, by_day = _day(year, one, two), _day(year, two, one)
    chosen = {"MDY": by_month, "DMY": by_day}.get(order or "")
    return (chosen,) if chosen is not None else (by_month, by_day)


def _relative(text: str, start: int, now: _Now) -> _Found | None:
    if (near := _NEAR.match(text, start)) is not None:
        return (now.today + timedelta(days=near["word"].lower() == "tomorrow"),), near.end()
    found = _RELATIVE.match(text, start)
    if found is None:
        return None
    count, unit = min(int(found["n"]), 2 * FARTHEST), found["unit"].lower()
    if unit.startswith("w") and not unit.startswith("working"):
        return (now.today + timedelta(weeks=count),), found.end()
    if unit.startswith("d"):
        return (now.today + timedelta(days=count),), found.end()
    return (_business_days_on(count, now),), found.end()


def _business_days_on(count: int, now: _Now) -> date:
    """The `count`th business day after today; a day that is too far when there are not so many."""
    day = now.today
    for _ in range(FARTHEST + 1):
        if count == 0:
            return day
        day += timedelta(days=1)
        count -= now.is_business_day(day)
    return day


def _weekday(text: str, start: int, now: _Now) -> _Found | None:
    """A weekday; with a whole date behind it, that date, if it is such a day."""
    found = _WEEKDAY.match(text, start, start + _REACH)
    if found is None:
        return None
    name, which = fold(found["name"]), (found["which"] or "").lower()
    number = DAYS.get(name)
    if number is None and (now.led or which or _STANDS_ALONE.match(text, found.end())):
        number = SHORT_DAYS.get(name)
    if number is None:
        return None
    if which == "next":
        plain = now.today + timedelta(days=7 - now.today.weekday() + number)
    else:
        plain = now.today + timedelta(days=(number - now.today.weekday() - 1) % 7 + 1)
    gap = _BEFORE_DATE.match(text, found.end())
    whole = _absolute(text, gap.end(), now) if gap is not None else None
    if whole is None:
        return (plain,), found.end()
    fitting = tuple(day for day in whole[0] if day is not None and day.weekday() == number)
    return fitting or (plain, *whole[0]), whole[1]
