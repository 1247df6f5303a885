"""A clock asks for something: a warning, a reminder, a breach. What follows, as a decision like that of a mail. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from daemon.actions.vocabulary import Action, MarkClock, QueueMail
from daemon.model import (
    CaseFacts,
    ClockFacts,
    Decision,
    DomainVerdict,
    Grade,
    Kind,
    Match,
    Trust,
)
from daemon.reasons import Outcome, Reason
from daemon.rules import sla
from daemon.rules.hearing import Audience, audience_of
from daemon.rules.lifecycle import case_state
from daemon.rules.receipts import full_date, full_moment, open_verbs, steps
from daemon.rules.rulebook import Rulebook
from daemon.rules.sla import ClockEvent, Concern, Recipient, Told


def decide_clock(case: CaseFacts, clock: ClockFacts, now: datetime, rulebook: Rulebook) -> Decision:
    """What a clock whose time has come asks for: at most one notice of each kind, ever, then the next look.

    A case that was closed meanwhile has no running clock; then only the look is taken off.
    """
    rule = sla.rule_of(rulebook.sla, clock.kind)
    calendar = rulebook.calendars.get(clock.calendar) or rulebook.calendar_of_case(case)
    actions: list[Action] = []
    said: list[str] = []
    standing = clock
    while (notice := sla.due(standing, now, rule, calendar, case.planned_date)) is not None:
        mark = {Concern.WARNING: "warned_at", Concern.REMINDER: "reminded_at", Concern.BREACH: "breached_at"}[notice.concern]
        standing = replace(standing, **{mark: notice.at})  # type: ignore[arg-type]
        actions.append(MarkClock(clock_id=clock.id, kind=clock.kind, concern=notice.concern.value, at=notice.at, look_at=None))
        if notice.told is not None:
            actions += notice_mails(case, clock, notice.told, rulebook)
        said.append(notice.concern.value)
    look_at = sla.due_at(standing, now, rule, calendar, case.planned_date) if standing.running else None
    actions.append(MarkClock(clock_id=clock.id, kind=clock.kind, concern=None, at=now, look_at=look_at))
    return Decision(
        kind=Kind.OWN, outcome=Outcome.ACTED, reason=Reason.CLOCK_LOOKED_AT, detail=f"{clock.kind}: {', '.join(said) or 'nothing yet'}",
        trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.NONE, evidence="our own clock"),
        match=Match(case_id=case.id, matched_by="clock"), contact_id=None, actions=tuple(actions), gates=(),
    )  # fmt: skip


def notice_mails(case: CaseFacts, clock: ClockFacts, told: Told, rulebook: Rulebook) -> list[Action]:
    """One mail about a clock to each person who is to hear of it, with times in their own zone.

    Of a partner without agents the owner hears it in their place, or every member of the queue.
    """
    rule = sla.rule_of(rulebook.sla, clock.kind)
    met_by = rule.met_by if rule is not None else ClockEvent.CLOSED  # whatever runs ends with the case
    mails: list[Action] = []
    heard: set[str] = set()
    unmanned = case.partner_id is not None and not case.partner_agents
    for recipient in told.to:
        owner = recipient is Recipient.OWNER
        owners = (case.owner,) if case.owner is not None else ()
        in_their_place = owners or (case.queue.members if case.queue is not None and unmanned else ())
        people = owners if owner else case.partner_agents or in_their_place
        audience: Audience = audience_of(people)
        for (address, contact_id, name), person in zip(audience, people, strict=True):
            if address in heard:
                continue
            heard.add(address)
            zone = rulebook.calendar_of_person(person).timezone
            state = case_state(is_open=case.open, acknowledged=case.acknowledged_at is not None, planned=case.planned_date is not None)
            values: dict[str, object] = {
                "deadline": full_moment(clock.deadline_at, zone),
                "met": full_moment(clock.met_at, zone) if clock.met_at is not None else "",
                "planned_date": full_date(case.planned_date) if case.planned_date is not None else "",
                "planned_resolution": case.planned_resolution or "", "promise": sla.label_of(clock.kind, rule), "to_owner": owner,
                "unmanned": unmanned,
                "to_acknowledge": met_by is ClockEvent.ACKNOWLEDGED, "to_plan": met_by is ClockEvent.PLANNED,
                "to_close": met_by is ClockEvent.CLOSED,
                "steps": list(steps(open_verbs("agent" if owner or unmanned else "partner", state))),
            }  # fmt: skip
            mails.append(
                QueueMail(
                    template=told.template, to=address, contact_id=contact_id, name=name, answer=False, counted=False, quote_subject=True,
                    values=tuple(values.items()),
                )
            )  # fmt: skip
    return mails
