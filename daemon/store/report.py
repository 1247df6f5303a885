"""How promises were kept: by partner and month, each kind of promise, and closing against the first and the last promised date.

Reads only. A promise is a clock and counts in the month in which it started, in the zone of its partner, for the partner who
had the case then. What the books don't say yet is not judged: a clock is late when it is marked so, or was met after all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import json

import peewee as pw
from peewee import JOIN

from daemon.store.schema import Case, Event, Organization, SlaClock
from daemon.store.statements import rows

ACKNOWLEDGE, PLAN, CLOSE = "acknowledge", "plan", "close"
KINDS = (ACKNOWLEDGE, PLAN, CLOSE)
"""The promises every row has, even those of which there was none; others follow under `others`."""

ZoneOf = Callable[[str | None], ZoneInfo]
"""The zone of a calendar by its name; of the house's for None and for a calendar that is configured no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    id: int
    case_id: int
    cycle: int
    kind: str
    started_at: datetime
    met: bool
    breached: bool
    cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partner:
    id: int
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dates:
    """What a case promised in its present cycle, and when it was closed."""

    partner_id: int
    cycle: int
    closed_at: datetime | None
    first: date | None
    last: date | None
    closed_on_planned_date: bool | None


def report(*, partner: str | None, month: str | None, now: datetime, zone_of: ZoneOf) -> list[dict[str, Any]]:
    """One row a partner and month, by partner's name and then month: `{partner, month, acknowledge, plan, close, others}`.

    Each kind is `{promised, in_time, late, running, cancelled}`; promised = in_time + late + running. A cancelled clock (another
    partner, a new plan, an undone command) counts for nobody. `close` has besides `first_promise` and `last_promise`, each
    `{in_time, late, running}`, and `closed_on_planned_date`: cases of which the latest promise of closing counts in this row, the
    day they were closed against the first and the last date planned in their present cycle. An open case is late once the date
    is over, at `now`. `month` is YYYY-MM.
    """
    partners = {number: _Partner(id=number, name=name, zone=zone_of(calendar)) for number, name, calendar in rows(
        Organization.select(Organization.id, Organization.name, Organization.calendar).where(Organization.kind == "partner")
    )}  # fmt: skip
    within = _months_around(month) if month is not None else None
    clocks = list(_clocks(within))
    moved = _former_partners()
    dates = _dates()
    latest = _latest_closings(clocks, dates)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for clock in clocks:
        held = dates[clock.case_id]
        holder = partners.get(moved.get(clock.id, held.partner_id))
        if holder is None or (partner is not None and holder.name.casefold() != partner.casefold()):
            continue
        started = clock.started_at.astimezone(holder.zone).strftime("%Y-%m")
        if month is not None and started != month:
            continue
        row = found.setdefault((holder.name, started), _row(holder.name, started))
        _count(row[clock.kind] if clock.kind in KINDS else row["others"].setdefault(clock.kind, _counts()), clock)
        if latest.get(clock.case_id) == clock.id and holder.id == held.partner_id:
            _judge_closing(row[CLOSE], held, now, holder.zone)
    return [found[key] for key in sorted(found)]


def is_partner(name: str) -> bool:
    """Whether there is a partner organization of this name, in any case."""
    return any(known.casefold() == name.casefold() for known in partner_names())


def partner_names() -> list[str]:
    """Every partner organization."""
    return [name for (name,) in rows(Organization.select(Organization.name).where(Organization.kind == "partner").order_by(Organization.name))]


# --- counting ------------------------------------------------------------------------------------------------------


def _row(partner: str, month: str) -> dict[str, Any]:
    promised = {"first_promise": _outcomes(), "last_promise": _outcomes(), "closed_on_planned_date": 0}
    return {"partner": partner, "month": month, ACKNOWLEDGE: _counts(), PLAN: _counts(), CLOSE: _counts() | promised, "others": {}}


def _counts() -> dict[str, Any]:
    return {"promised": 0, **_outcomes(), "cancelled": 0}


def _outcomes() -> dict[str, int]:
    return {"in_time": 0, "late": 0, "running": 0}


def _count(counts: dict[str, Any], clock: _Clock) -> None:
    if clock.cancelled:
        counts["cancelled"] += 1
        return
    counts["promised"] += 1
    counts["late" if clock.breached else "in_time" if clock.met else "running"] += 1


def _judge_closing(counts: dict[str, Any], case: _Dates, now: datetime, zone: ZoneInfo) -> None:
    """The case against the dates it promised: the day it was closed, or today while it is open."""
    day = (case.closed_at or now).astimezone(zone).date()
    for name, promised in (("first_promise", case.first), ("last_promise", case.last)):
        if promised is not None:
            counts[name]["late" if day > promised else "running" if case.closed_at is None else "in_time"] += 1
    counts["closed_on_planned_date"] += case.closed_on_planned_date is True


def _latest_closings(clocks: list[_Clock], dates: dict[int, _Dates]) -> dict[int, int]:
    """By case the last promise of closing that its present cycle made and did not take back."""
    return {
        clock.case_id: clock.id
        for clock in clocks
        if clock.kind == CLOSE and not clock.cancelled and clock.cycle == dates[clock.case_id].cycle
    }


# --- reading -------------------------------------------------------------------------------------------------------


def _months_around(month: str) -> tuple[datetime, datetime]:
    """From when to when it is this month somewhere on earth. Raises ValueError when it is no month."""
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return start - timedelta(days=1), start + timedelta(days=33)


def _clocks(within: tuple[datetime, datetime] | None) -> Iterator[_Clock]:
    query = SlaClock.select(
        SlaClock.id, SlaClock.case, SlaClock.cycle, SlaClock.kind, SlaClock.started_at, SlaClock.met_at, SlaClock.breached_at,
        SlaClock.cancelled_at,
    ).order_by(SlaClock.id)  # fmt: skip
    if within is not None:
        query = query.where((SlaClock.started_at >= within[0]) & (SlaClock.started_at < within[1]))
    for number, case_id, cycle, kind, started_at, met_at, breached_at, cancelled_at in rows(query):
        yield _Clock(
            id=number, case_id=case_id, cycle=cycle, kind=kind, started_at=started_at, met=met_at is not None,
            breached=breached_at is not None, cancelled=cancelled_at is not None,
        )  # fmt: skip
