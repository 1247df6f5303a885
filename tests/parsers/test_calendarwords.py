"""Names of months and days."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.parsers.calendarwords import DAYS, MONTHS, SHORT_DAYS, fold


def test_every_english_name_and_short_form_is_known() -> None:
    for month in range(1, 13):
        day = date(2026, month, 1)
        assert MONTHS[fold(f"{day:%B}")] == MONTHS[fold(f"{day:%b}")] == month
    for number in range(7):
        day = date(2026, 11, 23 + number)
        assert DAYS[fold(f"{day:%A}")] == number
        assert (DAYS | SHORT_DAYS)[fold(f"{day:%a}")] == number


def test_every_month_and_day_has_its_seven_languages() -> None:
    assert all(sum(number == month for number in MONTHS.values()) >= 4 for month in range(1, 13))
    assert all(sum(number == day for number in DAYS.values()) >= 6 for day in range(7))


def test_names_are_spelled_as_they_are_looked_up() -> None:
    assert all(fold(name) == name for name in (*MONTHS, *DAYS, *SHORT_DAYS))
    assert not DAYS.keys() & SHORT_DAYS.keys()
    assert not MONTHS.keys() & DAYS.keys()


@pytest.mark.parametrize(("name", "month"), [("März", 3), ("Février", 2), ("août", 8), ("Março", 3), ("maggio", 5), ("enero", 1)])
def test_case_and_accents_do_not_matter(name: str, month: int) -> None:
    assert MONTHS[fold(name)] == MONTHS[fold(name.upper())] == month
