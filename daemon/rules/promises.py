"""The clocks of a decision: what its events end and start, who hears of a breach, what comes next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from daemon.actions.vocabulary import Action, EndClock, PostFeed, StartClock
from daemon.model import CaseFacts, ClockFacts
from daemon.rules import sla
from daemon.rules.calendars import Calendar
from daemon.rules.clocks import notice_mails
from daemon.rules.drafts import Draft
from daemon.rules.rulebook import Rulebook
from daemon.rules.sla import ClockEvent, Consequences, End, PromiseFacts, SlaRule, Told


def started(consequences: Consequences, now: datetime, rulebook: Rulebook, calendar: Calendar, planned: date | None) -> list[Action]:
    """The clocks that begin, each with the time of its first look."""
    actions: list[Action] = []
    for start in consequences.started:
        clock = ClockFacts(
            id=0, kind=start.kind, cycle=start.cycle, calendar=start.calendar, started_at=start.started_at, deadline_at=start.deadline_at,
            met_at=start.met_at,
        )  # fmt: skip
        look_at = sla.due_at(clock, now, sla.rule_of(rulebook.sla, start.kind), calendar, planned) if clock.running else None
        actions.append(
            StartClock(
                kind=start.kind, cycle=start.cycle, calendar=start.calendar, started_at=start.started_at, deadline_at=start.deadline_at,
                met_at=start.met_at, look_at=look_at,
            )
        )  # fmt: skip
    return actions


def begin(partner_calendar: str | None, at: datetime, rulebook: Rulebook) -> list[Action]:
    """The clocks of a new case that has a partner from the start. `at` is when the partner is assigned."""
    calendar = rulebook.calendar_of(partner_calendar)
    facts = PromiseFacts(cycle=1, has_partner=True, calendar=calendar, planned_date=None, clocks=())
    return started(sla.consequences([ClockEvent.ASSIGNED], at, facts, rulebook.sla), at, rulebook, calendar, None)


def first_deadline(actions: Sequence[Action]) -> dict[str, object]:
    """By when a new case is to be acknowledged, as a template's value; each reader's own zone is put in when it is written."""
    first = next((action for action in actions if isinstance(action, StartClock) and action.kind == "acknowledge"), None)
    return {"deadline_at": first.deadline_at.isoformat()} if first is not None else {}


def settle(made: Draft) -> list[Action]:
    """What the events of a draft do to the clocks of its case; a breach found on the way is told."""
    case, h = made.case, made.h
    if case is None or not made.events:
        return []
    calendar = h.rulebook.calendar_of(made.partner_calendar)
    now = h.situation.clock or h.situation.now
    at = sla.event_time(h.situation.now, assigned_at=case.assigned_at, polled_at=now)
    facts = PromiseFacts(
        cycle=made.cycle, has_partner=made.partner_id is not None, calendar=calendar, planned_date=made.planned_date, clocks=case.clocks
    )
    found = sla.consequences(made.events, at, facts, h.rulebook.sla, told_at=now)
    actions: list[Action] = [EndClock(clock_id=end.id, kind=end.kind, end=end.end.value, at=end.at) for end in found.ended]
    actions += started(found, now, h.rulebook, calendar, made.planned_date)
    by_id = {clock.id: clock for clock in case.clocks}
    for end in found.ended:
        told, words = _said_of(by_id[end.id], end, sla.rule_of(h.rulebook.sla, end.kind))
        if words:
            actions.append(PostFeed(kind="sla", text=f"{end.kind}: {words}", author_id=None))
        if told is not None:
            ended_at = replace(by_id[end.id], met_at=end.at if end.end is End.MET else None)
            made.letters += notice_mails(case, ended_at, told, h.rulebook)
    ended = {end.id for end in found.ended}
    made.running = _running(case, ended, found)
    return actions


def _said_of(clock: ClockFacts, end: sla.EndClock, rule: SlaRule | None) -> tuple[Told | None, str]:
    """The mail about a clock that a mail ended, and what the feed says; nothing when it ended as it should."""
    breach = rule.breach if rule is not None else None
    if end.end is End.BREACHED and clock.breached_at is None:
        return breach, f"breach of {end.at.isoformat()}"
    if end.end is End.MET and clock.breached_at is not None:
        # whoever was told of a breach is told that there was none
        return Told(template=TAKEN_BACK, to=breach.to) if breach is not None else None, f"met at {end.at.isoformat()} after all: no breach"
    return None, ""


TAKEN_BACK = "sla-breach-taken-back"


def _running(case: CaseFacts, ended: set[int], found: Consequences) -> list[ClockFacts]:
    """The clocks that run after the mail."""
    kept = [clock for clock in case.clocks if clock.running and clock.id not in ended]
    new = [
        ClockFacts(
            id=0, kind=start.kind, cycle=start.cycle, calendar=start.calendar, started_at=start.started_at, deadline_at=start.deadline_at
        )
        for start in found.started
        if start.met_at is None
    ]
    return kept + new


def next_promise(made: Draft) -> ClockFacts | None:
    """The step of the case that is due next after this mail; a promise of an installation's own is none."""
    return min((clock for clock in still_running(made) if clock.kind in sla.STEPS), key=lambda clock: clock.deadline_at, default=None)


def still_running(made: Draft) -> tuple[ClockFacts, ...]:
    """The clocks of the case that run after this mail."""
    clocks: Sequence[ClockFacts] = made.running if made.running is not None else made.case.clocks if made.case is not None else ()
    return tuple(clock for clock in clocks if clock.running) if made.open else ()
