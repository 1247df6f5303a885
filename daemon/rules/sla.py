"""Which clocks of a case run, how each ends, and what a clock asks for when its time comes.

Pure: the facts come in, what is to be written and mailed goes out. A clock ends in exactly one way: met, breached or cancelled;
until then it runs. The arrival of a mail decides whether it was in time, never the time when it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from daemon.model import ClockFacts
from daemon.rules.calendars import Calendar


class ClockEvent(StrEnum):
    """What happens to a case that starts or ends clocks."""

    ASSIGNED = "assigned"
    """The case got a partner, another one, or none any more."""
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    PLANNED = "planned"
    """Both planned resolution and its date are set, for the first time or anew."""
    CLOSED = "closed"


NEW_CYCLE = frozenset({ClockEvent.ASSIGNED, ClockEvent.REOPENED})
"""Events that cancel what runs: a new cycle begins."""


class Recipient(StrEnum):
    """Who is told of a clock."""

    PARTNER_AGENTS = "partner_agents"
    OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A mail about a clock: its template and to whom it goes."""

    template: str
    to: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaRule:
    """One promise of `sla.toml`, and the clocks of its kind."""

    kind: str
    starts: frozenset[ClockEvent]
    met_by: ClockEvent
    rule: str
    """"A": `days` business days after the event; "C": `days` business days after the planned date. Both to the close of the day."""
    days: int
    warn_before: timedelta
    warning: Told | None
    breach: Told | None
    reminder: Told | None
    """Rule C: a mail when the planned date, or the next business day after a closed one, opens."""
    label: str = ""
    """What is promised, in the words of the mails (`label_of`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFacts:
    """What the clocks of a case depend on: the case as it is after the event, its clocks as they were before it."""

    cycle: int
    has_partner: bool
    calendar: Calendar
    """The partner's, else the house's (`calendar_of`)."""
    planned_date: date | None
    clocks: tuple[ClockFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartClock:
    """Start a clock. `met_at` is set when the same mail fulfilled it at once."""

    kind: str
    cycle: int
    calendar: str
    started_at: datetime
    deadline_at: datetime
    met_at: datetime | None = None


class End(StrEnum):
    """How a clock ends."""

    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndClock:
    """End a clock at a time. What was said before of its end (a breach that turns out to be met) no longer holds."""

    id: int
    kind: str
    cycle: int
    end: End
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What events do to the clocks of a case: first the ends, then the starts. `breaches` are still to be told of."""

    ended: tuple[EndClock, ...]
    started: tuple[StartClock, ...]

    @property
    def breaches(self) -> tuple[EndClock, ...]:
        """Clocks found to be too late."""
        return tuple(ended for ended in self.ended if ended.end is End.BREACHED)


class Concern(StrEnum):
    """What a clock asks for when its time comes; named as its mark on the clock is (`warned_at`, `reminded_at`, `breached_at`)."""

    WARNING = "warning"
    REMINDER = "reminder"
    BREACH = "breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A mail that a clock asks for, from `at` on. `told` None: nobody is to be told, but the mark is to be set."""

    concern: Concern
    clock: ClockFacts
    at: datetime
    told: Told | None


def calendar_of(calendars: Mapping[str, Calendar], partner: str | None, house: str) -> Calendar:
    """The calendar of a new clock: the partner's if it names one that is configured, else the house's."""
    return calendars.get(partner or house) or calendars[house]


def rule_of(rules: Sequence[SlaRule], kind: str) -> SlaRule | None:
    """The rule of a kind of clock; None when it is configured no more."""
    return next((rule for rule in rules if rule.kind == kind), None)


STEPS = ("acknowledge", "plan", "close")
"""The kinds that are steps in the life of a case: the mails have words of their own for them."""


def label_of(kind: str, rule: SlaRule | None) -> str:
    """What a kind of clock is called in a mail: its rule's label, else its name. "" for a step of the case without a label."""
    if rule is not None and rule.label:
        return rule.label
    return "" if kind in STEPS else kind.replace("-", " ").replace("_", " ")


def event_time(received_at: datetime, *, assigned_at: datetime | None, polled_at: datetime) -> datetime:
    """When a mail's event counts as happened: at its arrival, but not before the assignment and not after it was fetched."""
    moment = min(received_at, polled_at)
    return max(moment, assigned_at) if assigned_at is not None else moment


def met(deadline: datetime, received_at: datetime) -> bool:
    """Whether what arrived at a time is in time (rule D): at the deadline it still is."""
    return received_at <= deadline


def next_deadline(clocks: Iterable[ClockFacts]) -> datetime | None:
    """The deadline of the earliest running clock."""
    return min((clock.deadline_at for clock in clocks if clock.running), default=None)


def clocks_to_start(event: ClockEvent, at: datetime, facts: PromiseFacts, rules: Sequence[SlaRule]) -> tuple[StartClock, ...]:
    """The clocks an event starts. A case without a partner has none; rule C has none without a planned date."""
    if not facts.has_partner:
        return ()
    deadlines = [(rule.kind, _deadline(rule, at, facts)) for rule in rules if event in rule.starts]
    return tuple(
        StartClock(kind=kind, cycle=facts.cycle, calendar=facts.calendar.name, started_at=at, deadline_at=max(deadline, at))
        for kind, deadline in deadlines
        if deadline is not None
    )


def clocks_to_end(event: ClockEvent, at: datetime, facts: PromiseFacts, rules: Sequence[SlaRule]) -> tuple[EndClock, ...]:
    """The clocks an event ends.

    First what ran past its deadline is breached, at the deadline: whether that was told already makes no difference. Then a new
    cycle cancels what runs; closing meets whatever runs; any other event meets the clocks whose rule names it, also one that was
    taken for breached while the mail in time was still on its way.
    """
    met_kinds = {rule.kind for rule in rules if rule.met_by is event}
    ends = []
    for clock in facts.clocks:
        fulfilled = event is ClockEvent.CLOSED or clock.kind in met_kinds
        mistaken = clock.breached_at is not None and clock.cycle == facts.cycle and fulfilled and met(clock.deadline_at, at)
        if clock.running and not met(clock.deadline_at, at):
            ends.append((clock, End.BREACHED, clock.deadline_at))
        elif clock.running and event in NEW_CYCLE:
            ends.append((clock, End.CANCELLED, max(at, clock.started_at)))
        elif (clock.running and fulfilled) or mistaken:
            ends.append((clock, End.MET, max(at, clock.started_at)))
    return tuple(EndClock(id=clock.id, kind=clock.kind, cycle=clock.cycle, end=end, at=moment) for clock, end, moment in ends)


def consequences(
    events: Sequence[ClockEvent], at: datetime, facts: PromiseFacts, rules: Sequence[SlaRule], *, told_at: datetime | None = None
) -> Consequences:
    """What events of one mail, in their order, do to the clocks of a case.

    Events happen `at` the arrival of the mail, and end clocks there. A new cycle begins with what its partner is told, which is at
    `told_at` (default: `at`): nobody is late with what had not reached him.

    An event that another implies is given before it: acknowledged before the planned that implies it. Closing needs no others:
    it settles whatever runs. Starting a clock whose kind runs already cancels that one (a new plan restarts the close clock), so
    a kind has at most one running clock.
    """
    ended: list[EndClock] = []
    started: list[StartClock] = []
    begin = at
    for event in events:
        over = {end.id for end in ended}
        rest = replace(facts, clocks=tuple(clock for clock in facts.clocks if clock.id not in over))
        ended.extend(clocks_to_end(event, at, rest, rules))
        if event in NEW_CYCLE:
            started.clear()
            begin = max(at, told_at or at)
        met_kinds = {rule.kind for rule in rules if rule.met_by is event or event is ClockEvent.CLOSED}
        started = [
            replace(start, met_at=max(at, start.started_at)) if start.kind in met_kinds and start.met_at is None else start
            for start in started
        ]
        for start in clocks_to_start(event, begin, facts, rules):
            over = {end.id for end in ended}
            ended.extend(
                EndClock(id=clock.id, kind=clock.kind, cycle=clock.cycle, end=End.CANCELLED, at=max(at, clock.started_at))
                for clock in facts.clocks
                if clock.running and clock.kind == start.kind and clock.id not in over
            )
            started = [other for other in started if other.kind != start.kind or other.met_at is not None]
            started.append(start)
    return Consequences(ended=tuple(ended), started=tuple(started))


def due(clock: ClockFacts, now: datetime, rule: SlaRule | None, calendar: Calendar, planned_date: date | None) -> Notice | None:
    """The one notice a running clock asks for now, if any: the gravest. The marks on the clock make each come at most once.

    A breach is due at once after the deadline. The warning and the reminder keep the hours of the recipient, whose `calendar` this
    is, and lapse when something graver has become due. Tick only after the mails that arrived before have been applied.
    """
    for notice, until in _notices(clock, rule, calendar, planned_date):
        if notice.concern is Concern.BREACH:
            if now > notice.at:
                return notice
        elif notice.at <= now <= until and _within_hours(now, clock, calendar) == now:
            return notice
    return None


def due_at(clock: ClockFacts, now: datetime, rule: SlaRule | None, calendar: Calendar, planned_date: date | None) -> datetime | None:
    """When a clock next asks for something, `now` or later; None when it never will. A breach is due just after its time."""
    coming = []
    for notice, until in _notices(clock, rule, calendar, planned_date):
        at = max(notice.at, now)
        coming.append(at if notice.concern is Concern.BREACH else _within_hours(at, clock, calendar))
        if coming[-1] > until:
            coming.pop()
    return min(coming, default=None)


def breach_notice(clock: ClockFacts, rule: SlaRule | None) -> Notice:
    """The notice of a breach that an event found (`Consequences.breaches`), before the clocks were ticked."""
    return Notice(concern=Concern.BREACH, clock=clock, at=clock.deadline_at, told=rule.breach if rule is not None else None)


def _deadline(rule: SlaRule, at: datetime, facts: PromiseFacts) -> datetime | None:
    if rule.rule == "A":
        return facts.calendar.rule_a(at, rule.days)
    return facts.calendar.rule_c(facts.planned_date, rule.days) if facts.planned_date is not None else None


def _notices(clock: ClockFacts, rule: SlaRule | None, calendar: Calendar, planned_date: date | None) -> list[tuple[Notice, datetime]]:
    """What a clock may still ask for and until when that makes sense, the gravest first."""
    if not clock.running:
        return []
    found = [(breach_notice(clock, rule), datetime.max.replace(tzinfo=UTC))]
    if rule is None:
        return found
    warned_from = _within_hours(max(clock.started_at, clock.deadline_at - rule.warn_before), clock, calendar)
    if rule.warning is not None and clock.warned_at is None:
        found.append((Notice(concern=Concern.WARNING, clock=clock, at=warned_from, told=rule.warning), clock.deadline_at))
    if rule.reminder is not None and clock.reminded_at is None and planned_date is not None:
        day = planned_date if calendar.is_business_day(planned_date) else calendar.next_day(planned_date)
        opening = calendar.opening_time(day)
        until = min(calendar.close_of(day), warned_from if rule.warning is not None else clock.deadline_at) - timedelta.resolution
        # a date promised after its own opening time needs no reminder
        if clock.started_at < opening <= until:
            found.append((Notice(concern=Concern.REMINDER, clock=clock, at=opening, told=rule.reminder), until))
    return found


def _within_hours(moment: datetime, clock: ClockFacts, calendar: Calendar) -> datetime:
    """The moment or the next opening time; hours that open after the deadline only would keep a warning from being one."""
    open_at = calendar.next_open_moment(moment)
    return open_at if open_at <= clock.deadline_at else moment
