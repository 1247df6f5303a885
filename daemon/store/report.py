"""How promises were kept: by partner and month, each kind of promise, and closing against the first and the last promised date.

Reads only. A promise is a clock. It counts in the month in which it started, in the zone of its partner, and for the partner
who had the case then, whoever has it now.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import peewee as pw

from daemon.store.schema import Case, Event, Interaction, Organization, Reversal, SlaClock
from daemon.store.statements import rows

ACKNOWLEDGE, PLAN, CLOSE = "acknowledge", "plan", "close"
KINDS = (ACKNOWLEDGE, PLAN, CLOSE)
"""The promises that every row has, also where there was none; what else an installation promises follows under `others`."""

OUTCOMES = ("in_time", "late", "running")

ZoneOf = Callable[[str | None], ZoneInfo]
"""The zone of a calendar by its name; of the house's for None and for a calendar that is configured no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partner:
    id: int
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class _Closing:
    """What a case promised in a cycle, and when it was closed in it."""

    closed_at: datetime | None
    first: date | None
    last: date | None
    closed_on_planned_date: bool | None


def report(*, partner: str | None, month: str | None, now: datetime, zone_of: ZoneOf) -> list[dict[str, Any]]:
    """One row a partner and month, in the order of both: `{partner, month, acknowledge, plan, close, others}`; `month` is YYYY-MM.

    Each kind is `{promised, in_time, late, running, cancelled}`, where promised = in_time + late + running: a cancelled clock (a new
    plan, another partner, a command that was undone) promises nothing any more. `close` has besides `first_promise` and
    `last_promise`, each `{in_time, late, running}`, and `closed_on_planned_date`. They count the lives of cases (a case that is reopened
    begins another), each where its latest promise of closing counts: the day it was closed against the first and the last date that
    was planned. An open case is late when that day is over at `now`. Raises ValueError when `month` is none.
    """
    around = _around(month) if month is not None else None
    partners = _partners(zone_of)
    former = _former_partners()
    closings = _closings(around)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for number, partner_id, kind, started_at, met_at, breached_at, cancelled_at in _clocks(around):
        holder = partners.get(former.get(number, partner_id))
        if holder is None or (partner is not None and holder.name.casefold() != partner.casefold()):
            continue
        local = started_at.astimezone(holder.zone)
        started = f"{local.year:04}-{local.month:02}"
        if month is not None and started != month:
            continue
        row = found.setdefault((holder.name, started), _row(holder.name, started))
        counts = row[kind] if kind in KINDS else row["others"].setdefault(kind, _counts())
        if cancelled_at is not None:
            counts["cancelled"] += 1
            continue
        counts["promised"] += 1
        counts["late" if breached_at is not None else "in_time" if met_at is not None else "running"] += 1
        if number in closings:
            _against_dates(counts, closings[number], now, holder.zone)
    return [found[key] for key in sorted(found)]


def partner_names() -> tuple[str, ...]:
    """Every partner organization, by name."""
    query = Organization.select(Organization.name).where(Organization.kind == "partner").order_by(Organization.name)
    return tuple(name for (name,) in rows(query))


# --- counting ------------------------------------------------------------------------------------------------------


def _row(partner: str, month: str) -> dict[str, Any]:
    dates = {"first_promise": dict.fromkeys(OUTCOMES, 0), "last_promise": dict.fromkeys(OUTCOMES, 0), "closed_on_planned_date": 0}
    return {"partner": partner, "month": month, ACKNOWLEDGE: _counts(), PLAN: _counts(), CLOSE: _counts() | dates, "others": {}}


def _counts() -> dict[str, Any]:
    return dict.fromkeys(("promised", *OUTCOMES, "cancelled"), 0)


def _against_dates(counts: dict[str, Any], closing: _Closing, now: datetime, zone: ZoneInfo) -> None:
    """The day a case was closed, or today while it is open, against what it promised."""
    day = (closing.closed_at or now).astimezone(zone).date()
    for name, promised in (("first_promise", closing.first), ("last_promise", closing.last)):
        if promised is not None:
            counts[name]["late" if day > promised else "in_time" if closing.closed_at is not None else "running"] += 1
    if closing.closed_on_planned_date:
        counts["closed_on_planned_date"] += 1


# --- reading -------------------------------------------------------------------------------------------------------


def _around(month: str) -> tuple[datetime, datetime]:
    """From when to when it is this month somewhere on earth."""
    start = datetime.strptime(f"{month} +0000", "%Y-%m %z")
    return start - timedelta(days=1), start + timedelta(days=32)


def _partners(zone_of: ZoneOf) -> dict[int | None, _Partner]:
    query = Organization.select(Organization.id, Organization.name, Organization.calendar).where(Organization.kind == "partner")
    return {number: _Partner(id=number, name=name, zone=zone_of(calendar)) for number, name, calendar in rows(query)}


def _clocks(around: tuple[datetime, datetime] | None) -> Iterator[tuple[Any, ...]]:
    query = SlaClock.select(
        SlaClock.id, Case.partner, SlaClock.kind, SlaClock.started_at, SlaClock.met_at, SlaClock.breached_at, SlaClock.cancelled_at
    ).join(Case)
    return rows(_started(query, around))


def _started(query: Any, around: tuple[datetime, datetime] | None) -> Any:
    return query if around is None else query.where((SlaClock.started_at >= around[0]) & (SlaClock.started_at < around[1]))


def _closings(around: tuple[datetime, datetime] | None) -> dict[int, _Closing]:
    """By the latest promise of closing that each cycle of a case made and did not take back."""
    latest = (
        SlaClock.select(pw.fn.MAX(SlaClock.id))
        .where((SlaClock.kind == CLOSE) & SlaClock.cancelled_at.is_null())
        .group_by(SlaClock.case, SlaClock.cycle)
    )
    query = SlaClock.select(
        SlaClock.id, SlaClock.case, SlaClock.cycle, Case.sla_cycle, Case.closed_at, Case.first_planned_resolution_date,
        Case.planned_resolution_date, Case.closed_on_planned_date,
    ).join(Case)  # fmt: skip
    former = _former_cycles()
    found: dict[int, _Closing] = {}
    for number, case_id, cycle, present, closed_at, first, last, on_date in rows(_started(query.where(SlaClock.id.in_(latest)), around)):
        if cycle == present:
            found[number] = _Closing(closed_at=closed_at, first=first, last=last, closed_on_planned_date=on_date)
        elif (case_id, cycle) in former:
            found[number] = former[(case_id, cycle)]
    return found


def _former_cycles() -> dict[tuple[int, int], _Closing]:
    """By case and cycle what was promised and when it was closed, for cases that were reopened since. Their log tells."""
    reopened = Event.select(Event.case).where((Event.verb == "reopen-case") & Event.case.is_null(False))
    arrived = {f"mail:{number}": at for number, at in rows(
        Interaction.select(Interaction.journal, Interaction.at).where(Interaction.journal.is_null(False) & Interaction.case.in_(reopened))
    )}  # fmt: skip
    reversals: dict[int, list[int]] = {}
    for number, case_id in rows(Reversal.select(Reversal.id, Reversal.case).where(Reversal.case.in_(reopened)).order_by(Reversal.id)):
        reversals.setdefault(case_id, []).append(number)
    done: dict[tuple[int, int], _Closing] = {}
    query = Event.select(Event.case, Event.at, Event.cause, Event.verb, Event.payload).where(Event.case.in_(reopened))
    life = _Life(cycle=1)
    for case_id, at, cause, verb, payload in rows(query.where(Event.verb.in_(STEPS)).order_by(Event.case, Event.sequence)):
        facts = json.loads(payload)
        if verb == "open-case":
            life = _Life(cycle=1)
        elif verb == "remember-reversal":
            # it is written behind the step that it remembers
            life.before[reversals[case_id].pop(0)] = life.at_the_start_of(cause)
        else:
            life.begin(cause)
            if verb == "reopen-case" and life.closing.closed_at is not None:
                done[(case_id, life.cycle)] = life.closing
            life.step(verb, facts, arrived.get(cause, at))
    return done


STEPS = ("open-case", "set-plan", "close-case", "reopen-case", "assign-partner", "take-back", "remember-reversal")
_NOTHING = _Closing(closed_at=None, first=None, last=None, closed_on_planned_date=None)


@dataclass(slots=True, kw_only=True)
class _Life:
    """Where a case stood as its log goes on."""

    cycle: int
    closing: _Closing = _NOTHING
    before: dict[int, tuple[int, _Closing]] = field(default_factory=dict)
    _cause: str = ""
    _start: tuple[int, _Closing] = (1, _NOTHING)

    def begin(self, cause: str) -> None:
        """A step of this mail comes; before its first one the case stood as it does now."""
        if cause != self._cause:
            self._cause, self._start = cause, (self.cycle, self.closing)

    def at_the_start_of(self, cause: str) -> tuple[int, _Closing]:
        """How the case stood before this mail."""
        return self._start if cause == self._cause else (self.cycle, self.closing)

    def step(self, verb: str, facts: dict[str, Any], at: datetime) -> None:
        """Take the step that the log tells of."""
        if verb == "set-plan":
            day = date.fromisoformat(facts["date"])
            self.closing = replace(self.closing, first=self.closing.first or day, last=day)
        elif verb == "close-case":
            self.closing = replace(self.closing, closed_at=at, closed_on_planned_date=facts.get("on_planned_date"))
        elif verb == "take-back":
            self.cycle, self.closing = self.before.get(facts["reversal_id"], (self.cycle, self.closing))
        else:
            self.cycle, self.closing = self.cycle + 1, _NOTHING


def _former_partners() -> dict[int, int | None]:
    """By clock the partner who had the case when it started, for cases that were given to another one since.

    The log of such a case tells: its clocks were started in the order of its entries.
    """
    moved = Event.select(Event.case).where((Event.verb == "assign-partner") & Event.case.is_null(False))
    starts: dict[int, list[int | None]] = {}
    holders: dict[int, int | None] = {}
    query = Event.select(Event.case, Event.verb, Event.payload).where(
        Event.case.in_(moved) & Event.verb.in_(["open-case", "assign-partner", "start-clock"])
    )
    for case_id, verb, payload in rows(query.order_by(Event.case, Event.sequence)):
        if verb == "start-clock":
            starts.setdefault(case_id, []).append(holders.get(case_id))
        else:
            holders[case_id] = json.loads(payload).get("partner_id")
    numbers: dict[int, list[int]] = {}
    for number, case_id in rows(SlaClock.select(SlaClock.id, SlaClock.case).where(SlaClock.case.in_(moved)).order_by(SlaClock.id)):
        numbers.setdefault(case_id, []).append(number)
    return {
        number: holder
        for case_id, started in starts.items()
        if len(started) == len(numbers.get(case_id, ()))
        for number, holder in zip(numbers[case_id], started, strict=True)
    }
