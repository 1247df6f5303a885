"""What must be told of promises, worked out again from their definitions: plain arithmetic that knows nothing of the program.

A round applies the mails that were delivered before it, in their order, and then looks at the time. From the mails and the times
of the rounds alone it follows which warnings, breaches, reminders and digests there are, and in which round each is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
WARN_BEFORE = timedelta(hours=4)
OWNER = "cara"


@cache
def holidays_of(country: str) -> holidays.HolidayBase:
    """The public holidays of a country; years are worked out as they are asked for."""
    return holidays.country_holidays(country)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a partner works: the zone, opening and closing hour by weekday, and the country whose holidays are kept."""

    zone: ZoneInfo
    hours: dict[str, tuple[int, int]]
    country: str | None

    def open_on(self, day: date) -> bool:
        """Whether it is a business day."""
        return WEEK[day.weekday()] in self.hours and (self.country is None or day not in holidays_of(self.country))

    def opening(self, day: date) -> datetime:
        """When the day's hours begin."""
        return self._wall(day, 0)

    def close(self, day: date) -> datetime:
        """When the day's hours end."""
        return self._wall(day, 1)

    def local(self, moment: datetime) -> date:
        """The date there."""
        return moment.astimezone(self.zone).date()

    def next(self, day: date) -> date:
        """The first business day after a date."""
        day += DAY
        while not self.open_on(day):
            day += DAY
        return day

    def rule_a(self, moment: datetime) -> datetime:
        """The close of the business day after the one the moment belongs to."""
        day = self.local(moment)
        belongs = day if self.open_on(day) and moment < self.close(day) else self.next(day)
        return self.close(self.next(belongs))

    def rule_c(self, planned: date) -> datetime:
        """The close of the business day after the planned date."""
        return self.close(self.next(planned))

    def is_open_at(self, moment: datetime) -> bool:
        """Whether people may be disturbed."""
        day = self.local(moment)
        return self.open_on(day) and self.opening(day) <= moment < self.close(day)

    def when_open(self, moment: datetime) -> datetime:
        """The moment, or the next opening."""
        if self.is_open_at(moment):
            return moment
        day = self.local(moment)
        return self.opening(day if self.open_on(day) and moment < self.opening(day) else self.next(day))

    def _wall(self, day: date, end: int) -> datetime:
        return datetime.combine(day, time(self.hours[WEEK[day.weekday()]][end]), tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Partner:
    """A partner and the handles of its agents."""

    name: str
    agents: tuple[str, ...]
    place: Place


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a mail asks for: open, ack, plan (to a date), close, reopen, assign (to a partner)."""

    verb: str
    arrived: datetime
    case: int
    partner: Partner | None = None
    date: date | None = None


@dataclass(kw_only=True)
class Promise:
    """A clock; `end` is met, breached or cancelled."""

    kind: str
    cycle: int
    start: datetime
    deadline: datetime
    warned: bool = False
    reminded: bool = False
    end: str = ""


@dataclass(kw_only=True)
class Standing:
    """A case."""

    number: int
    partner: Partner
    open: bool = True
    cycle: int = 1
    acknowledged: bool = False
    planned: date | None = None
    promises: list[Promise] = field(default_factory=list)

    def running(self, kind: str | None = None) -> list[Promise]:
        """The clocks that run."""
        return [promise for promise in self.promises if not promise.end and kind in (None, promise.kind)]


@dataclass(frozen=True, order=True, kw_only=True)
class Due:
    """A mail that must leave, once."""

    template: str
    to: str
    case: int
    about: str


@dataclass(kw_only=True)
class Oracle:
    """The cases as they must stand, and what must have been told: each mail with the round it belongs to."""

    cases: dict[int, Standing] = field(default_factory=dict)
    told: list[tuple[Due, datetime]] = field(default_factory=list)
    digested: set[tuple[str, date]] = field(default_factory=set)
    partners: tuple[Partner, ...] = ()

    def round(self, now: datetime, steps: list[Step]) -> None:
        """One round that came to its end."""
        for step in steps:
            self._apply(step, now)
        for case in self.cases.values():
            for promise in case.running():
                self._look(case, promise, now)
        for partner in self.partners:
            today = partner.place.local(now)
            for agent in partner.agents:
                if partner.place.is_open_at(now) and (agent, today) not in self.digested:
                    self.digested.add((agent, today))
                    if any(case.open and case.partner == partner for case in self.cases.values()):
                        self.told.append((Due(template="digest", to=agent, case=0, about=""), now))

    def moments(self) -> Iterator[datetime]:
        """When something may come to be told of the clocks that run: each moment, and the second around it."""
        for case in self.cases.values():
            for promise in case.running():
                yield promise.deadline
                yield promise.deadline + timedelta(seconds=1)
                warned_from = self._warned_from(case, promise)
                yield warned_from - timedelta(seconds=1)
                yield warned_from
                if promise.kind == "close" and case.planned is not None:
                    yield self._reminded_on(case, case.planned)

    # --- mails -----------------------------------------------------------------------------------------------------

    def _apply(self, step: Step, now: datetime) -> None:
        at = step.arrived
        if step.verb == "open":
            assert step.partner is not None
            case = self.cases[step.case] = Standing(number=step.case, partner=step.partner)
            self._start(case, "acknowledge", now)
            return
        case = self.cases[step.case]
        if step.verb in ("assign", "reopen"):
            for promise in case.running():
                self._end(case, promise, at, "cancelled", now)
            case.partner, case.cycle, case.open = step.partner or case.partner, case.cycle + 1, True
            case.acknowledged, case.planned = False, None
            self._start(case, "acknowledge", now)
            return
        if not case.acknowledged:
            self._meet(case, "acknowledge", at, now)
            case.acknowledged = True
            if step.verb != "close":
                self._start(case, "plan", at)
        if step.verb == "plan":
            self._meet(case, "plan", at, now)
            for promise in case.running("close"):
                self._end(case, promise, at, "cancelled", now)
            case.planned = step.date
            self._start(case, "close", at)
        if step.verb == "close":
            for kind in ("acknowledge", "plan", "close"):
                self._meet(case, kind, at, now)
            case.open = False

    def _start(self, case: Standing, kind: str, at: datetime) -> None:
        place = case.partner.place
        deadline = place.rule_a(at)
        if kind == "close":
            assert case.planned is not None
            deadline = max(at, place.rule_c(case.planned))
        case.promises.append(Promise(kind=kind, cycle=case.cycle, start=at, deadline=deadline))

    def _meet(self, case: Standing, kind: str, at: datetime, now: datetime) -> None:
        for promise in case.promises:
            if promise.kind == kind and promise.cycle == case.cycle:
                if not promise.end:
                    self._end(case, promise, at, "met", now)
                elif promise.end == "breached" and at <= promise.deadline:
                    promise.end = "met"  # the mail was long on its way: it was no breach
                    self._tell("sla-breach-taken-back", (*case.partner.agents, OWNER), case, kind, now)

    def _end(self, case: Standing, promise: Promise, at: datetime, end: str, now: datetime) -> None:
        promise.end = end if at <= promise.deadline else "breached"
        if promise.end == "breached":
            self._tell("sla-breach", (*case.partner.agents, OWNER), case, promise.kind, now)

    # --- time ------------------------------------------------------------------------------------------------------

    def _look(self, case: Standing, promise: Promise, now: datetime) -> None:
        place = case.partner.place
        if now > promise.deadline:
            self._end(case, promise, now, "met", now)
            return
        warned_from = self._warned_from(case, promise)
        # whom no opening precedes the deadline is warned all the same
        if not promise.warned and now >= warned_from and (place.is_open_at(now) or place.when_open(now) > promise.deadline):
            promise.warned = True
            self._tell("sla-warning", case.partner.agents, case, promise.kind, now)
        if promise.kind != "close" or promise.reminded or case.planned is None:
            return
        opening = self._reminded_on(case, case.planned)
        # on the day itself, and no longer when the warning says it already
        if promise.start < opening <= now < min(place.close(place.local(opening)), warned_from):
            promise.reminded = True
            self._tell("planned-today-reminder", case.partner.agents, case, promise.kind, now)

    def _warned_from(self, case: Standing, promise: Promise) -> datetime:
        """Four hours before the deadline, within the hours of those who read it."""
        begin = max(promise.start, promise.deadline - WARN_BEFORE)
        opening = case.partner.place.when_open(begin)
        return opening if opening <= promise.deadline else begin

    def _reminded_on(self, case: Standing, planned: date) -> datetime:
        place = case.partner.place
        return place.opening(planned if place.open_on(planned) else place.next(planned))

    def _tell(self, template: str, people: tuple[str, ...], case: Standing, about: str, now: datetime) -> None:
        self.told += [(Due(template=template, to=who, case=case.number, about=about), now) for who in people]
