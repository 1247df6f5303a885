"""What is configured, as the rules ask for it."""

from __future__ import annotations

from dataclasses import replace

from daemon.rules.rulebook import NINE_TO_FIVE, Rulebook, calendar
from tests.rules.facts import ANN, PAT, case

HOUSE = calendar("house", timezone="America/New_York", hours=NINE_TO_FIVE)
BERLIN = calendar("berlin", timezone="Europe/Berlin", hours=NINE_TO_FIVE)
BOOK = Rulebook(calendars={"house": HOUSE, "berlin": BERLIN}, house="house")


def test_a_calendar_that_is_not_configured_is_the_houses() -> None:
    assert (BOOK.calendar_of("berlin"), BOOK.calendar_of("nowhere"), BOOK.calendar_of(None)) == (BERLIN, HOUSE, HOUSE)


def test_a_person_reads_by_the_calendar_of_their_organization() -> None:
    assert BOOK.calendar_of_person(replace(PAT, calendar="berlin")) is BERLIN
    assert BOOK.calendar_of_person(ANN) is HOUSE
    assert BOOK.calendar_of_person(None) is HOUSE


def test_a_case_counts_by_the_partners_calendar() -> None:
    assert BOOK.calendar_of_case(case(partner_calendar="berlin")) is BERLIN
    assert BOOK.calendar_of_case(case()) is HOUSE
