"""How promises were kept, counted by partner and month: the books of small lives, and the law that every promise counts once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daemon.actions.vocabulary import SetPlan
from daemon.store.report import partner_names, report
from daemon.store.schema import Organization, SlaClock
from tests.store.life import MILLER, NOON, OTHER, Life, promise

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_YORK, BERLIN, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
FRIDAY = date(2026, 11, 27)


def zone_of(calendar: str | None) -> ZoneInfo:
    return {"berlin": BERLIN, "tokyo": TOKYO}.get(calendar or "", NEW_YORK)


def told(life: Life, *, partner: str | None = None, month: str | None = None, now: datetime = NOON) -> list[dict[str, Any]]:
    with life.database.reading():
        return report(partner=partner, month=month, now=now, zone_of=zone_of)


def in_calendar(life: Life, partner_id: int, calendar: str) -> None:
    with life.database.transaction():
        Organization.update(calendar=calendar).where(Organization.id == partner_id).execute()


def counts(promised: int = 0, in_time: int = 0, late: int = 0, running: int = 0, cancelled: int = 0) -> dict[str, int]:
    return {"promised": promised, "in_time": in_time, "late": late, "running": running, "cancelled": cancelled}


def days(in_time: int = 0, late: int = 0, running: int = 0) -> dict[str, int]:
    return {"in_time": in_time, "late": late, "running": running}


def planned(life: Life, day: date = FRIDAY, **opening: Any) -> int:
    number = life.opened(**opening)
    life.acknowledged(number, NOON + HOUR)
    life.planned(number, day, NOON + 2 * HOUR)
    return number


def test_nothing_promised_is_nothing_to_tell(life: Life) -> None:
    assert told(life) == []


def test_a_new_case_has_one_promise_that_runs(life: Life) -> None:
    life.opened()
    none = {"first_promise": days(), "last_promise": days(), "closed_on_planned_date": 0}
    assert told(life) == [
        {
            "partner": "Miller Solar", "month": "2026-11", "acknowledge": counts(1, running=1), "plan": counts(),
            "close": counts() | none, "others": {},
        }
    ]  # fmt: skip


def test_what_was_met_is_in_time_and_what_was_breached_is_late(life: Life) -> None:
    life.acknowledged(life.opened(), NOON + HOUR)
    late = life.opened()
    life.do(life.end(late, "acknowledge", "breached", NOON + DAY), case=late, at=NOON + 2 * DAY)
    (row,) = told(life)
    assert row["acknowledge"] == counts(2, in_time=1, late=1)
    assert row["plan"] == counts(1, running=1)


def test_a_case_is_closed_against_the_first_date_and_the_last(life: Life) -> None:
    on_time, slipped = planned(life), planned(life)
    life.closed(on_time, NOON + DAY, on_date=True)
    life.planned_again(slipped, FRIDAY + 3 * DAY, NOON + 3 * HOUR)
    life.closed(slipped, NOON + 6 * DAY, on_date=True)
    (row,) = told(life)
    assert row["close"] == counts(2, in_time=2, cancelled=1) | {
        "first_promise": days(in_time=1, late=1), "last_promise": days(in_time=2), "closed_on_planned_date": 2
    }  # fmt: skip


def test_a_case_that_was_closed_after_its_last_date_is_late_against_both(life: Life) -> None:
    number = planned(life)
    life.closed(number, NOON + 7 * DAY, on_date=False)
    (row,) = told(life)
    assert (row["close"]["first_promise"], row["close"]["last_promise"]) == (days(late=1), days(late=1))
    assert row["close"]["closed_on_planned_date"] == 0


def test_an_open_case_is_late_when_the_day_it_promised_is_over(life: Life) -> None:
    planned(life)
    evening = datetime(2026, 11, 27, 23, 59, tzinfo=NEW_YORK)
    for now, wanted in ((evening, days(running=1)), (evening + timedelta(minutes=1), days(late=1))):
        (row,) = told(life, now=now)
        assert row["close"]["first_promise"] == row["close"]["last_promise"] == wanted
        assert row["close"]["running"] == 1, "the clock itself is late when the books say so"


@pytest.mark.parametrize(("calendar", "wanted"), [("", days(in_time=1)), ("tokyo", days(late=1))])
def test_the_day_a_case_was_closed_is_that_of_the_partners_zone(life: Life, calendar: str, wanted: dict[str, int]) -> None:
    in_calendar(life, MILLER, calendar)
    life.closed(planned(life), datetime(2026, 11, 27, 16, 0, tzinfo=UTC), on_date=None)
    (row,) = told(life)
    assert row["close"]["last_promise"] == wanted


def test_a_promise_counts_in_the_month_in_which_it_began_where_the_partner_is(life: Life) -> None:
    in_calendar(life, OTHER, "tokyo")
    end_of_november = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
    for partner_id in (MILLER, OTHER):
        life.opened(end_of_november, partner_id)
    assert [(row["partner"], row["month"]) for row in told(life)] == [("Miller Solar", "2026-11"), ("Other Solar", "2026-12")]
    assert [row["partner"] for row in told(life, month="2026-11")] == ["Miller Solar"]
    assert [row["partner"] for row in told(life, month="2026-12")] == ["Other Solar"]
    assert told(life, month="2026-10") == told(life, month="2027-01") == []


def test_rows_are_in_the_order_of_partner_and_month(life: Life) -> None:
    for at, partner_id in ((NOON + 40 * DAY, MILLER), (NOON, OTHER), (NOON, MILLER)):
        life.opened(at, partner_id)
    assert [(row["partner"], row["month"]) for row in told(life)] == [
        ("Miller Solar", "2026-11"), ("Miller Solar", "2027-01"), ("Other Solar", "2026-11")
    ]  # fmt: skip


def test_one_partner_is_chosen_in_any_case(life: Life) -> None:
    for partner_id in (MILLER, OTHER):
        life.opened(partner_id=partner_id)
    assert [row["partner"] for row in told(life, partner="OTHER solar")] == ["Other Solar"]
    assert told(life, partner="Nobody") == []
    with life.database.reading():
        assert partner_names() == ("Miller Solar", "Other Solar")


def test_a_promise_counts_for_the_partner_who_made_it_wherever_the_case_went(life: Life) -> None:
    number = planned(life)
    life.given_to(number, OTHER, NOON + 3 * HOUR, life.end(number, "close", "cancelled", NOON + 3 * HOUR))
    former, present = told(life)
    assert (former["partner"], former["acknowledge"], former["plan"]) == ("Miller Solar", counts(1, in_time=1), counts(1, in_time=1))
    assert former["close"] == counts(cancelled=1) | {"first_promise": days(), "last_promise": days(), "closed_on_planned_date": 0}
    assert (present["partner"], present["acknowledge"]) == ("Other Solar", counts(1, running=1))


def test_each_life_of_a_case_is_measured_by_its_own_promises(life: Life) -> None:
    number = planned(life)
    life.planned_again(number, FRIDAY + 7 * DAY, NOON + 3 * HOUR)
    life.closed(number, NOON + 6 * DAY, on_date=True)
    life.reopened(number, NOON + 7 * DAY)
    (row,) = told(life, month="2026-11")
    assert row["acknowledge"] == counts(2, in_time=1, running=1)
    # it kept its last promise and not its first, whatever came after
    assert row["close"] == counts(1, in_time=1, cancelled=1) | {
        "first_promise": days(late=1), "last_promise": days(in_time=1), "closed_on_planned_date": 1
    }  # fmt: skip
    life.acknowledged(number, NOON + 7 * DAY + HOUR)
    life.do(
        SetPlan(text="Again", date=FRIDAY + 14 * DAY), promise("close", NOON + 8 * DAY, days=9, cycle=2), case=number, at=NOON + 8 * DAY
    )
    (november, december) = told(life, now=NOON + 9 * DAY)
    assert november["close"]["last_promise"] == days(in_time=1)
    assert december["close"]["first_promise"] == december["close"]["last_promise"] == days(running=1)


def test_a_new_plan_of_the_next_month_is_measured_there_alone(life: Life) -> None:
    number = planned(life)
    life.planned_again(number, date(2026, 12, 10), NOON + 9 * DAY)
    life.closed(number, NOON + 10 * DAY, on_date=True)
    for rows in (told(life), [*told(life, month="2026-11"), *told(life, month="2026-12")]):
        november, december = rows
        assert november["close"] == counts(cancelled=1) | {"first_promise": days(), "last_promise": days(), "closed_on_planned_date": 0}
        assert december["close"] == counts(1, in_time=1) | {
            "first_promise": days(late=1), "last_promise": days(in_time=1), "closed_on_planned_date": 1
        }  # fmt: skip


def test_other_promises_of_an_installation_follow_by_their_names(life: Life) -> None:
    number = life.opened()
    with life.database.transaction():
        SlaClock.insert(
            case=number, cycle=1, kind="first-visit", calendar="house", started_at=NOON, deadline_at=NOON + DAY, met_at=NOON
        ).execute()  # fmt: skip
    (row,) = told(life)
    assert row["others"] == {"first-visit": counts(1, in_time=1)}


def test_every_promise_counts_in_exactly_one_row(life: Life) -> None:
    steps: list[Callable[[], int]] = [life.opened, lambda: planned(life), lambda: life.opened(NOON + 30 * DAY, OTHER)]
    for step in steps:
        step()
    number = planned(life)
    life.given_to(number, OTHER, NOON + 40 * DAY, life.end(number, "close", "cancelled", NOON + 40 * DAY))
    rows = told(life)
    with life.database.reading():
        assert sum(row[kind]["promised"] + row[kind]["cancelled"] for row in rows for kind in ("acknowledge", "plan", "close")) == (
            SlaClock.select().count()
        )
    for row in rows:
        for kind in ("acknowledge", "plan", "close"):
            assert row[kind]["promised"] == row[kind]["in_time"] + row[kind]["late"] + row[kind]["running"]


@pytest.mark.parametrize("month", ["2026-13", "November", "2026", ""])
def test_what_is_no_month_is_refused(life: Life, month: str) -> None:
    with pytest.raises(ValueError, match="%Y-%m"):
        told(life, month=month)
