"""The clocks of a case: what starts them, how they end, what they ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import data_dir
from daemon.configuration.sla import load_sla
from daemon.rules.calendars import calendar
from daemon.rules.sla import (
    ClockEvent,
    ClockFacts,
    Concern,
    Consequences,
    End,
    Notice,
    PromiseFacts,
    Recipient,
    SlaRule,
    breach_notice,
    calendar_of,
    clocks_to_start,
    consequences,
    due,
    due_at,
    event_time,
    label_of,
    met,
    next_deadline,
    rule_of,
)

HOUSE = calendar(
    "house", timezone="America/New_York", country="US", hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00")
)
BERLIN = calendar("berlin", timezone="Europe/Berlin", country="DE", hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00"))
RULES = load_sla(data_dir("config") / "sla.toml")
BY_KIND = {rule.kind: rule for rule in RULES}
SECOND = timedelta(seconds=1)

ASSIGNED, REOPENED = ClockEvent.ASSIGNED, ClockEvent.REOPENED
ACKNOWLEDGED, PLANNED, CLOSED = ClockEvent.ACKNOWLEDGED, ClockEvent.PLANNED, ClockEvent.CLOSED


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def clock(kind: str = "acknowledge", started: str = "2026-11-25T15:00Z", deadline: str = "2026-11-27T22:00Z", **more: object) -> ClockFacts:
    facts = ClockFacts(id=1, kind=kind, cycle=1, calendar="house", started_at=at(started), deadline_at=at(deadline))
    return replace(facts, **more)  # type: ignore[arg-type]


def facts(*clocks: ClockFacts, cycle: int = 1, planned: str | None = None, partner: bool = True) -> PromiseFacts:
    planned_date = date.fromisoformat(planned) if planned is not None else None
    return PromiseFacts(cycle=cycle, has_partner=partner, calendar=HOUSE, planned_date=planned_date, clocks=clocks)


def stored(before: tuple[ClockFacts, ...], found: Consequences) -> tuple[ClockFacts, ...]:
    """The clocks as they are when the consequences have been written."""
    ends = {end.id: end for end in found.ended}
    after = []
    for old in before:
        end = ends.get(old.id)
        if end is not None:
            marks = {f"{name.value}_at": end.at if end.end is name else None for name in End}
            old = replace(old, **marks)
        after.append(old)
    for start in found.started:
        after.append(
            ClockFacts(
                id=len(after) + 1, kind=start.kind, cycle=start.cycle, calendar=start.calendar, started_at=start.started_at,
                deadline_at=start.deadline_at, met_at=start.met_at,
            )
        )  # fmt: skip
    return tuple(after)


def ends(found: Consequences) -> list[tuple[str, End, datetime]]:
    return [(end.kind, end.end, end.at) for end in found.ended]


def starts(found: Consequences) -> list[tuple[str, datetime]]:
    return [(start.kind, start.deadline_at) for start in found.started]


# --- rule D --------------------------------------------------------------------------------------------------------


def examples_of_rule_d() -> list[dict[str, object]]:
    text = (Path(__file__).parent.parent / "examples" / "sla_examples.json").read_text("utf-8")
    return [example for example in json.loads(text)["examples"] if example["rule"] == "D"]


@pytest.mark.parametrize("example", examples_of_rule_d(), ids=lambda example: example["id"])
def test_rule_d_agrees_with_the_example(example: dict[str, str]) -> None:
    assert met(at(example["deadline_utc"]), at(example["received_utc"])) is example["met"]


def test_what_arrives_at_the_deadline_is_in_time() -> None:
    deadline = at("2026-11-17T22:00Z")
    assert [met(deadline, deadline + after) for after in (-SECOND, 0 * SECOND, SECOND)] == [True, True, False]


def test_a_mail_counts_at_its_arrival_within_assignment_and_fetch() -> None:
    assigned, polled = at("2026-11-16T15:00Z"), at("2026-11-16T16:00Z")
    for received, counts in (("14:00", "15:00"), ("15:30", "15:30"), ("17:00", "16:00")):
        found = event_time(at(f"2026-11-16T{received}Z"), assigned_at=assigned, polled_at=polled)
        assert found == at(f"2026-11-16T{counts}Z")
    assert event_time(at("2026-11-16T14:00Z"), assigned_at=None, polled_at=polled) == at("2026-11-16T14:00Z")


# --- a case from its assignment to its end -------------------------------------------------------------------------


def test_all_in_time_from_assignment_to_close() -> None:
    found = consequences([ASSIGNED], at("2026-11-16T15:00Z"), facts(), RULES)
    assert (ends(found), starts(found)) == ([], [("acknowledge", at("2026-11-17T22:00Z"))])
    clocks = stored((), found)

    found = consequences([ACKNOWLEDGED], at("2026-11-16T19:10Z"), facts(*clocks), RULES)
    assert ends(found) == [("acknowledge", End.MET, at("2026-11-16T19:10Z"))]
    assert starts(found) == [("plan", at("2026-11-17T22:00Z"))]
    clocks = stored(clocks, found)

    found = consequences([PLANNED], at("2026-11-17T16:00Z"), facts(*clocks, planned="2026-11-19"), RULES)
    assert ends(found) == [("plan", End.MET, at("2026-11-17T16:00Z"))]
    assert starts(found) == [("close", at("2026-11-20T22:00Z"))]
    clocks = stored(clocks, found)
    assert next_deadline(clocks) == at("2026-11-20T22:00Z")

    found = consequences([CLOSED], at("2026-11-19T20:00Z"), facts(*clocks, planned="2026-11-19"), RULES)
    assert (ends(found), starts(found)) == ([("close", End.MET, at("2026-11-19T20:00Z"))], [])
    assert next_deadline(stored(clocks, found)) is None


def test_a_case_without_a_partner_has_no_clocks() -> None:
    assert clocks_to_start(ASSIGNED, at("2026-11-16T15:00Z"), facts(partner=False), RULES) == ()


def test_a_partner_taken_away_cancels_what_runs_and_starts_nothing() -> None:
    found = consequences([ASSIGNED], at("2026-11-26T15:00Z"), facts(clock(), cycle=2, partner=False), RULES)
    assert (ends(found), starts(found)) == ([("acknowledge", End.CANCELLED, at("2026-11-26T15:00Z"))], [])


def test_a_clock_counts_in_the_calendar_of_the_partner() -> None:
    found = consequences([ASSIGNED], at("2026-11-17T01:00Z"), replace(facts(), calendar=BERLIN), RULES)
    assert [(start.calendar, start.deadline_at) for start in found.started] == [("berlin", at("2026-11-18T16:00Z"))]


def test_the_partners_calendar_holds_if_it_is_configured_else_that_of_the_house() -> None:
    calendars = {"house": HOUSE, "berlin": BERLIN}
    assert [calendar_of(calendars, name, "house").name for name in ("berlin", "tokyo", None)] == ["berlin", "house", "house"]


def test_a_plan_that_acknowledges_as_well_meets_both_clocks_at_once() -> None:
    moment = at("2026-11-25T16:00Z")
    found = consequences([ACKNOWLEDGED, PLANNED], moment, facts(clock(), planned="2026-12-01"), RULES)
    assert ends(found) == [("acknowledge", End.MET, moment)]
    assert [(start.kind, start.met_at) for start in found.started] == [("plan", moment), ("close", None)]
    assert [start.deadline_at for start in found.started] == [at("2026-11-27T22:00Z"), at("2026-12-02T22:00Z")]


def test_closing_meets_whatever_runs_by_implication() -> None:
    moment = at("2026-11-25T16:00Z")
    found = consequences([CLOSED], moment, facts(clock(), clock("plan", id=2), clock("close", id=3)), RULES)
    assert ends(found) == [(kind, End.MET, moment) for kind in ("acknowledge", "plan", "close")]
    assert found.started == ()


def test_closing_too_late_is_a_breach_and_no_fulfilment() -> None:
    found = consequences([CLOSED], at("2026-11-27T22:00:01Z"), facts(clock("close")), RULES)
    assert ends(found) == [("close", End.BREACHED, at("2026-11-27T22:00Z"))]
    assert found.breaches == found.ended


def test_a_new_plan_restarts_the_close_clock() -> None:
    moment = at("2026-11-26T16:00Z")
    found = consequences([PLANNED], moment, facts(clock("close"), planned="2026-12-04"), RULES)
    assert ends(found) == [("close", End.CANCELLED, moment)]
    assert starts(found) == [("close", at("2026-12-07T22:00Z"))]


def test_a_new_plan_after_the_deadline_does_not_undo_the_breach() -> None:
    found = consequences([PLANNED], at("2026-11-28T16:00Z"), facts(clock("close"), planned="2026-12-04"), RULES)
    assert ends(found) == [("close", End.BREACHED, at("2026-11-27T22:00Z"))]
    assert starts(found) == [("close", at("2026-12-07T22:00Z"))]


def test_another_partner_cancels_what_runs_and_begins_a_new_cycle() -> None:
    moment = at("2026-11-25T16:00Z")
    found = consequences([ASSIGNED], moment, facts(clock(), clock("plan", id=2), cycle=2), RULES)
    assert ends(found) == [("acknowledge", End.CANCELLED, moment), ("plan", End.CANCELLED, moment)]
    assert [(start.kind, start.cycle) for start in found.started] == [("acknowledge", 2)]


def test_reopening_begins_a_new_cycle_and_leaves_the_old_clocks_alone() -> None:
    old = clock(met_at=at("2026-11-25T16:00Z"))
    found = consequences([REOPENED], at("2026-12-03T23:10Z"), facts(old, cycle=2), RULES)
    assert (ends(found), starts(found)) == ([], [("acknowledge", at("2026-12-07T22:00Z"))])


def test_a_partner_who_reopens_has_acknowledged_at_once() -> None:
    moment = at("2026-12-03T23:10Z")
    found = consequences([REOPENED, ACKNOWLEDGED], moment, facts(cycle=2), RULES)
    assert [(start.kind, start.met_at) for start in found.started] == [("acknowledge", moment), ("plan", None)]


def test_a_breach_that_was_told_while_the_mail_in_time_was_on_its_way_is_met_after_all() -> None:
    told = clock(breached_at=at("2026-11-27T22:00Z"))
    found = consequences([ACKNOWLEDGED], at("2026-11-27T21:40Z"), facts(told), RULES)
    assert ends(found) == [("acknowledge", End.MET, at("2026-11-27T21:40Z"))]
    found = consequences([ACKNOWLEDGED], at("2026-11-27T22:10Z"), facts(told), RULES)
    assert ends(found) == []


def test_a_mail_from_before_the_clock_meets_it_at_its_start() -> None:
    found = consequences([ACKNOWLEDGED], at("2026-11-25T14:00Z"), facts(clock()), RULES)
    assert ends(found) == [("acknowledge", End.MET, at("2026-11-25T15:00Z"))]


def test_a_rule_of_ones_own_has_clocks_of_its_own_name() -> None:
    own = replace(BY_KIND["acknowledge"], kind="first-plan", met_by=PLANNED, days=3)
    found = consequences([ASSIGNED], at("2026-11-16T15:00Z"), facts(), (*RULES, own))
    assert starts(found) == [("acknowledge", at("2026-11-17T22:00Z")), ("first-plan", at("2026-11-19T22:00Z"))]


def test_a_kind_of_clock_finds_its_rule_and_what_it_is_called() -> None:
    rule = rule_of(RULES, "plan")
    assert rule is not None
    assert rule.kind == "plan"
    assert rule_of(RULES, "nothing") is None
    assert label_of("plan", rule) == label_of("plan", None) == ""
    assert label_of("plan", replace(rule, label="the plan")) == "the plan"
    assert label_of("first-visit_date", None) == "first visit date"


def test_a_new_cycle_begins_when_its_partner_is_told_and_ends_the_old_one_when_the_mail_arrived() -> None:
    arrived, told_at = at("2026-11-27T21:00Z"), at("2026-11-30T15:00Z")  # Friday before the deadline; on Monday the program is up again
    found = consequences([ASSIGNED], arrived, facts(clock(), cycle=2), RULES, told_at=told_at)
    assert ends(found) == [("acknowledge", End.CANCELLED, arrived)]
    (start,) = found.started
    assert (start.started_at, start.deadline_at) == (told_at, at("2026-12-01T22:00Z"))


def test_what_the_same_mail_asks_for_after_a_new_cycle_is_met_when_the_cycle_begins() -> None:
    arrived, told_at = at("2026-11-27T21:00Z"), at("2026-11-30T15:00Z")
    found = consequences([REOPENED, ACKNOWLEDGED], arrived, facts(cycle=2), RULES, told_at=told_at)
    assert [(start.kind, start.started_at, start.met_at) for start in found.started] == [
        ("acknowledge", told_at, told_at), ("plan", told_at, None),
    ]  # fmt: skip


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([[ASSIGNED], [REOPENED], [ACKNOWLEDGED], [PLANNED], [ACKNOWLEDGED, PLANNED], [CLOSED], [REOPENED, ACKNOWLEDGED]]),
        st.integers(min_value=0, max_value=5 * 86400),
        st.integers(min_value=0, max_value=9),
    ),
    max_size=10,
)


@given(steps=EVENTS)
def test_whatever_happens_a_kind_has_one_running_clock_and_every_clock_one_end(steps: list[tuple[list[ClockEvent], int, int]]) -> None:
    now, cycle, clocks = at("2026-11-16T15:00Z"), 1, ()
    for events, seconds, ahead in steps:
        now += timedelta(seconds=seconds)
        cycle += not {ASSIGNED, REOPENED}.isdisjoint(events)
        case = facts(*clocks, cycle=cycle, planned=(now.date() + timedelta(days=ahead)).isoformat())
        found = consequences(events, now, case, RULES)
        assert all(start.deadline_at >= start.started_at == now for start in found.started)
        assert len({end.id for end in found.ended}) == len(found.ended)
        clocks = stored(clocks, found)
        running = [one.kind for one in clocks if one.running]
        assert len(set(running)) == len(running)
        for one in clocks:
            marks = [one.met_at, one.breached_at, one.cancelled_at]
            assert sum(mark is not None for mark in marks) == (0 if one.running else 1)
            assert one.met_at is None or one.started_at <= one.met_at <= one.deadline_at
        if CLOSED in events:
            assert not running


# --- what a clock asks for -----------------------------------------------------------------------------------------


def asked(one: ClockFacts, now: str, planned: str | None = None) -> Concern | None:
    found = notice(one, now, planned)
    return found.concern if found is not None else None


def notice(one: ClockFacts, now: str, planned: str | None = None) -> Notice | None:
    return due(one, at(now), BY_KIND[one.kind], HOUSE, date.fromisoformat(planned) if planned else None)


def test_a_warning_comes_once_four_hours_before_and_a_breach_after_the_deadline() -> None:
    one = clock()
    assert asked(one, "2026-11-27T17:59:59Z") is None
    warning = notice(one, "2026-11-27T18:00:00Z")
    assert warning is not None
    assert (warning.concern, warning.at) == (Concern.WARNING, at("2026-11-27T18:00Z"))
    assert warning.told is not None
    assert (warning.told.template, warning.told.to) == ("sla-warning", (Recipient.PARTNER_AGENTS,))
    one = replace(one, warned_at=at("2026-11-27T18:00Z"))
    assert asked(one, "2026-11-27T18:05:00Z") is None
    assert asked(one, "2026-11-27T22:00:00Z") is None
    breach = notice(one, "2026-11-27T22:00:01Z")
    assert breach is not None
    assert (breach.concern, breach.at) == (Concern.BREACH, at("2026-11-27T22:00Z"))
    assert breach.told is not None
    assert (breach.told.template, breach.told.to) == ("sla-breach", (Recipient.PARTNER_AGENTS, Recipient.OWNER))
    assert asked(replace(one, breached_at=breach.at), "2026-11-27T22:00:02Z") is None


def test_a_clock_that_has_ended_asks_for_nothing() -> None:
    for mark in ("met_at", "breached_at", "cancelled_at"):
        assert asked(clock(**{mark: at("2026-11-26T15:00Z")}), "2026-12-27T18:00:00Z") is None


def test_after_an_outage_over_the_deadline_only_the_breach_is_told() -> None:
    assert asked(clock(), "2026-11-30T15:00:00Z") is Concern.BREACH


def test_a_warning_keeps_the_hours_of_its_recipient() -> None:
    rule = replace(BY_KIND["acknowledge"], warn_before=timedelta(hours=20))
    one = clock()  # 20 hours before the close of Friday is the evening of Thanksgiving
    assert due(one, at("2026-11-27T02:00Z"), rule, HOUSE, None) is None
    found = due(one, at("2026-11-27T14:00Z"), rule, HOUSE, None)
    assert found is not None
    assert found.at == at("2026-11-27T14:00Z")


def test_a_warning_that_was_missed_is_not_made_up_for_at_night() -> None:
    rule = replace(BY_KIND["acknowledge"], warn_before=timedelta(hours=54))
    one = clock()  # from Wednesday noon on; the program was away until the evening
    assert due(one, at("2026-11-26T01:00Z"), rule, HOUSE, None) is None
    assert due_at(one, at("2026-11-26T01:00Z"), rule, HOUSE, None) == at("2026-11-27T14:00Z")
    assert due(one, at("2026-11-27T14:00Z"), rule, HOUSE, None) is not None


def test_a_short_time_is_warned_of_when_it_starts() -> None:
    one = clock(started="2026-11-27T20:00Z")
    assert asked(one, "2026-11-27T20:00:00Z") is Concern.WARNING


def test_hours_that_open_after_the_deadline_do_not_silence_the_warning() -> None:
    one = clock(deadline="2026-11-28T15:00Z")  # the calendar was changed since: this Saturday is closed now
    assert asked(one, "2026-11-28T11:00:00Z") is Concern.WARNING


def test_the_planned_day_is_reminded_of_once_when_it_opens() -> None:
    one = clock("close", "2026-11-17T16:00Z", "2026-11-20T22:00Z")
    assert asked(one, "2026-11-19T13:59:59Z", "2026-11-19") is None
    found = notice(one, "2026-11-19T14:00:00Z", "2026-11-19")
    assert found is not None
    assert (found.concern, found.at) == (Concern.REMINDER, at("2026-11-19T14:00Z"))
    assert found.told is not None
    assert (found.told.template, found.told.to) == ("planned-today-reminder", (Recipient.PARTNER_AGENTS,))
    one = replace(one, reminded_at=at("2026-11-19T14:00Z"))
    assert asked(one, "2026-11-19T14:00:00Z", "2026-11-19") is None
    assert asked(one, "2026-11-20T18:00:00Z", "2026-11-19") is Concern.WARNING


def test_a_planned_day_that_is_closed_is_reminded_of_on_the_next_business_day() -> None:
    one = clock("close", "2026-11-17T16:00Z", "2026-11-27T22:00Z")
    assert asked(one, "2026-11-26T15:00:00Z", "2026-11-26") is None
    assert asked(one, "2026-11-27T14:00:00Z", "2026-11-26") is Concern.REMINDER


def test_a_reminder_lapses_when_its_day_has_closed_or_the_warning_is_due() -> None:
    one = clock("close", "2026-11-17T16:00Z", "2026-11-20T22:00Z")
    assert asked(one, "2026-11-19T22:00:00Z", "2026-11-19") is None
    one = clock("close", "2026-11-17T16:00Z", "2026-11-27T22:00Z")
    assert asked(one, "2026-11-27T18:00:00Z", "2026-11-26") is Concern.WARNING
    assert asked(replace(one, warned_at=at("2026-11-27T18:00Z")), "2026-11-27T18:00:00Z", "2026-11-26") is None


def test_who_plans_for_the_same_day_after_it_opened_is_not_reminded() -> None:
    assert asked(clock("close", "2026-11-19T14:30Z", "2026-11-20T22:00Z"), "2026-11-19T14:31:00Z", "2026-11-19") is None
    assert asked(clock("close", "2026-11-19T12:30Z", "2026-11-20T22:00Z"), "2026-11-19T14:00:00Z", "2026-11-19") is Concern.REMINDER


def test_a_clock_whose_rule_is_gone_is_still_found_too_late() -> None:
    found = due(clock("forgotten"), at("2026-11-28T00:00Z"), None, HOUSE, None)
    assert found is not None
    assert (found.concern, found.told) == (Concern.BREACH, None)
    assert due_at(clock("forgotten"), at("2026-11-25T15:00Z"), None, HOUSE, None) == at("2026-11-27T22:00Z")


def test_a_breach_that_an_event_found_is_told_like_one_that_a_tick_found() -> None:
    one = clock()
    assert breach_notice(one, BY_KIND[one.kind]) == notice(one, "2026-11-27T22:00:01Z")


def test_a_silent_rule_marks_but_tells_nobody() -> None:
    rule = replace(BY_KIND["acknowledge"], warning=None, breach=None)
    assert due(clock(), at("2026-11-27T19:00Z"), rule, HOUSE, None) is None
    found = due(clock(), at("2026-11-27T23:00Z"), rule, HOUSE, None)
    assert found is not None
    assert found.told is None


MARKS = {Concern.WARNING: "warned_at", Concern.REMINDER: "reminded_at", Concern.BREACH: "breached_at"}


def lived(one: ClockFacts, rule: SlaRule, planned: date, ticks: list[datetime]) -> list[Concern]:
    said = []
    for now in ticks:
        while (found := due(one, now, rule, HOUSE, planned)) is not None:
            said.append(found.concern)
            one = replace(one, **{MARKS[found.concern]: found.at})
    return said


@given(
    ahead=st.integers(min_value=0, max_value=20),
    start=st.integers(min_value=0, max_value=14 * 24 * 60),
    ticks=st.lists(st.integers(min_value=0, max_value=40 * 24 * 60), max_size=20),
)
def test_however_the_clocks_are_ticked_each_notice_comes_at_most_once_and_the_breach_in_the_end(
    ahead: int, start: int, ticks: list[int]
) -> None:
    first = datetime(2026, 11, 16, tzinfo=UTC)
    begun = first + timedelta(minutes=start)
    planned = HOUSE.local(begun).date() + timedelta(days=ahead)
    one = clock("close", started_at=begun, deadline_at=HOUSE.rule_c(planned))
    moments = sorted([*(begun + timedelta(minutes=tick) for tick in ticks), one.deadline_at + timedelta(days=50)])
    said = lived(one, BY_KIND["close"], planned, moments)
    assert len(set(said)) == len(said)
    assert said == sorted(said, key=[Concern.REMINDER, Concern.WARNING, Concern.BREACH].index)
    assert said[-1] is Concern.BREACH


@given(ahead=st.integers(min_value=0, max_value=20), start=st.integers(min_value=0, max_value=14 * 24 * 60))
def test_who_ticks_whenever_something_is_due_says_everything_in_its_hours(ahead: int, start: int) -> None:
    now = begun = datetime(2026, 11, 16, tzinfo=UTC) + timedelta(minutes=start)
    planned = HOUSE.local(begun).date() + timedelta(days=ahead)
    one = clock("close", started_at=begun, deadline_at=HOUSE.rule_c(planned))
    said = []
    while (coming := due_at(one, now, BY_KIND["close"], HOUSE, planned)) is not None:
        now = coming + (SECOND if coming == one.deadline_at else 0 * SECOND)
        found = due(one, now, BY_KIND["close"], HOUSE, planned)
        assert found is not None
        assert found.concern is Concern.BREACH or HOUSE.next_open_moment(now) == now
        said.append(found.concern)
        one = replace(one, **{MARKS[found.concern]: found.at})
    assert said[-2:] == [Concern.WARNING, Concern.BREACH]
