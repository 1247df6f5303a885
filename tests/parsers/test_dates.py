"""Dates in commands."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.dates import AMBIGUOUS, FAR, INVALID, MISSING, PAST, Dated, DateProblem, read_date, read_plan

TODAY = date(2026, 11, 23)  # a Monday
DATES = st.dates(date(2020, 1, 1), date(2032, 1, 1))


def is_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in (date(2026, 11, 26), date(2026, 12, 25))


def told(text: str, *, today: date = TODAY, order: str | None = None) -> str:
    found = read_date(text, today, order, is_business_day)
    return found.code if isinstance(found, DateProblem) else f"{found.date} {found.rest}".rstrip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01 ship", "2026-12-01 ship"),
        ("2026/12/01 ship", "2026-12-01 ship"),
        ("2026.12.1: ship", "2026-12-01 ship"),
        ("2026-12-01T10:00 ship", "2026-12-01 T10:00 ship"),
        ("1.12.2026 ship", "2026-12-01 ship"),
        ("01. 12. 2026 ship", "2026-12-01 ship"),
        ("25/12/2026 ship", "2026-12-25 ship"),
        ("12/25/2026 ship", "2026-12-25 ship"),
        ("12/12/2026 ship", "2026-12-12 ship"),
        ("1 December ship", "2026-12-01 ship"),
        ("1st December 2026, ship", "2026-12-01 ship"),
        ("2nd of Dec ship", "2026-12-02 ship"),
        ("Dec. 1 ship", "2026-12-01 ship"),
        ("December 1st, 2026 - ship", "2026-12-01 ship"),
        ("Jan 4 ship", "2027-01-04 ship"),
        ("Nov 23 ship", "2026-11-23 ship"),
        ("Nov 22 ship", "2027-11-22 ship"),
        ("1. Dezember 2026 Austausch", "2026-12-01 Austausch"),
        ("3. März Austausch", "2027-03-03 Austausch"),
        ("1er décembre remplacer", "2026-12-01 remplacer"),
        ("1 de diciembre de 2026 cambiar", "2026-12-01 cambiar"),
        ("1 de dezembro trocar", "2026-12-01 trocar"),
        ("1 dicembre sostituire", "2026-12-01 sostituire"),
        ("4 maart vervangen", "2027-03-04 vervangen"),
        ("Friday ship", "2026-11-27 ship"),
        ("monday ship", "2026-11-30 ship"),
        ("this Friday ship", "2026-11-27 ship"),
        ("on Friday, ship", "2026-11-27 ship"),
        ("next Friday ship", "2026-12-04 ship"),
        ("next Monday ship", "2026-11-30 ship"),
        ("Freitag Austausch", "2026-11-27 Austausch"),
        ("vendredi remplacer", "2026-11-27 remplacer"),
        ("miércoles cambiar", "2026-11-25 cambiar"),
        ("quinta-feira trocar", "2026-11-26 trocar"),
        ("Fri ship", "2026-11-27 ship"),
        ("Sat: ship", "2026-11-28 ship"),
        ("Friday 4 December 2026 ship", "2026-12-04 ship"),
        ("Friday, December 4 ship", "2026-12-04 ship"),
        ("Friday 12/04/2026 ship", "2026-12-04 ship"),
        ("today ship", "2026-11-23 ship"),
        ("tomorrow ship", "2026-11-24 ship"),
        ("+3d ship", "2026-11-26 ship"),
        ("+2w ship", "2026-12-07 ship"),
        ("in 3 days ship", "2026-11-26 ship"),
        ("in 1 week ship", "2026-11-30 ship"),
        ("in 3 business days ship", "2026-11-27 ship"),
        ("+4bd ship", "2026-11-30 ship"),
        ("2026-12-01\n- first\n- second", "2026-12-01 - first\n- second"),
        ("2026-12-01", "2026-12-01"),
        ("2027-11-24 ship", "2027-11-24 ship"),
        ("2026-02-30 ship", INVALID),
        ("31.11.2026 ship", INVALID),
        ("13/13/2026 ship", INVALID),
        ("Dec 32 ship", INVALID),
        ("0 December ship", INVALID),
        ("12/01/26 ship", INVALID),
        ("01-12-2026 ship", INVALID),
        ("12/01/2026 ship", AMBIGUOUS),
        ("Friday 11 December ship", "2026-12-11 ship"),
        ("Friday 12 December ship", AMBIGUOUS),
        ("2026-11-22 ship", PAST),
        ("1.1.2026 ship", PAST),
        ("2027-11-25 ship", FAR),
        ("Feb 29 ship", FAR),
        ("in 999999 days ship", FAR),
        ("+999 business days ship", FAR),
        ("we will look into it", MISSING),
        ("", MISSING),
        ("24/7 service", MISSING),
        ("2 panels", MISSING),
        ("mon technicien arrive", MISSING),
        ("sun sensor ordered", MISSING),
        ("Friday's part", MISSING),
        ("Decide 4 things", MISSING),
        ("tomorrow's part", MISSING),
        ("2026 is the year", MISSING),
    ],
)
def test_a_date_is_read(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(("order", "expected"), [("MDY", "2026-12-01 x"), ("DMY", PAST)])
def test_the_organizations_order_settles_slashes(order: str, expected: str) -> None:
    assert told("12/01/2026 x", order=order) == expected


def test_an_order_that_gives_no_day_gives_way_to_the_other() -> None:
    assert told("25/12/2026 x", order="MDY") == "2026-12-25 x"


def test_both_readings_of_an_ambiguous_date_are_told() -> None:
    found = read_date("12/01/2026 ship", TODAY, None, is_business_day)
    assert isinstance(found, DateProblem)
    assert (found.readings, found.rest) == ((date(2026, 12, 1), date(2026, 1, 12)), "ship")


def test_a_weekday_said_on_that_day_is_a_week_later() -> None:
    assert told("Friday", today=date(2026, 11, 27)) == "2026-12-04"
    assert told("next Sunday", today=date(2026, 11, 29)) == "2026-12-06"


@pytest.mark.parametrize(
    ("argument", "day", "text"),
    [
        ("2026-12-01 the part ships 2026-11-28 from Reno", "2026-12-01", "the part ships 2026-11-28 from Reno"),
        ("by Friday: ship", "2026-11-27", "ship"),
        ("due by next Friday ship", "2026-12-04", "ship"),
        ("date: 2026-12-01 ship", "2026-12-01", "ship"),
        ("for Dec 1\nship it", "2026-12-01", "ship it"),
        ("by Sat ship", "2026-11-28", "ship"),
        ("Replace the gateway by Friday", "2026-11-27", "Replace the gateway"),
        ("Replace the gateway, due: 2026-12-01.\nThen pair it.", "2026-12-01", "Replace the gateway\nThen pair it."),
        ("for the gateway a part by 1 December", "2026-12-01", "for the gateway a part"),
        ("Stand by for parts on Friday", "2026-11-27", "Stand by for parts"),
        ("Replace by hand by next Friday.", "2026-12-04", "Replace by hand"),
        ("2026-12-01", "2026-12-01", ""),
    ],
)
def test_a_plan_is_read(argument: str, day: str, text: str) -> None:
    found = read_plan(argument, TODAY, None, is_business_day)
    assert isinstance(found, Dated)
    assert (found.date.isoformat(), found.rest) == (day, text)


@pytest.mark.parametrize(
    ("argument", "code"),
    [("Replace it\nby Friday", MISSING), ("Replace it Friday", MISSING), ("Replace it by Friday if it ships", MISSING), ("", MISSING),
     ("Replace it by 12/01/2026", AMBIGUOUS), ("Replace it by 2026-02-30", INVALID), ("by 12/01/2026 ship", AMBIGUOUS),
     ("due 1.1.26 x", INVALID)],
)  # fmt: skip
def test_a_plan_without_a_sure_date_is_refused(argument: str, code: str) -> None:
    found = read_plan(argument, TODAY, None, is_business_day)
    assert isinstance(found, DateProblem)
    assert found.code == code


@given(DATES, DATES)
def test_every_way_to_write_a_day_is_the_same_day(day: date, today: date) -> None:
    numbers = (day.isoformat(), f"{day:%Y/%m/%d}", f"{day.day}.{day.month}.{day.year}")
    ways = (*numbers, f"{day:%d %B %Y}", f"{day:%B %d, %Y}", f"{day:%A %d %B %Y}")
    found = {str(read_date(f"{way} ship", today, None, is_business_day)) for way in ways}
    assert len(found) == 1
    (only,) = {told(f"{way} ship", today=today) for way in ways}
    assert only == f"{day} ship" or only in (PAST, FAR)


@given(DATES, st.sampled_from(("Monday", "Friday", "Sunday")))
def test_a_weekday_is_within_a_week_and_the_next_one_in_the_next(today: date, name: str) -> None:
    plain, following = (read_date(f"{which}{name}", today, None, is_business_day) for which in ("", "next "))
    assert isinstance(plain, Dated)
    assert isinstance(following, Dated)
    assert timedelta(0) < plain.date - today <= timedelta(7)
    assert f"{plain.date:%A}" == f"{following.date:%A}" == name
    assert following.date.isocalendar()[:2] == (today + timedelta(7)).isocalendar()[:2]


@given(st.text(max_size=200), DATES, st.sampled_from((None, "MDY", "DMY")))
def test_any_text_can_be_asked_for_a_date(text: str, today: date, order: str | None) -> None:
    found = read_plan(text, today, order, is_business_day)
    assert isinstance(found, DateProblem) or today <= found.date <= today + timedelta(366)


def test_a_calendar_without_business_days_is_no_endless_walk() -> None:
    found = read_date("+5bd x", TODAY, None, lambda _day: False)
    assert isinstance(found, DateProblem)
    assert found.code == FAR
