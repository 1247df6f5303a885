"""The life of a case and of a CS ticket."""

from __future__ import annotations

from itertools import product

import pytest

from daemon.rules.lifecycle import (
    CASE,
    CS_TICKET,
    Event,
    IllegalTransitionError,
    State,
    Transition,
    allows,
    as_markdown,
    case_state,
    refusal,
    step,
)

CASE_STATES = (State.OPEN, State.ACKNOWLEDGED, State.PLANNED, State.CLOSED)
CASE_EVENTS = {row.event for row in CASE} - {Event.CREATE}
CS_STATES = (State.CS_OPEN, State.CS_DONE)
CS_EVENTS = {row.event for row in CS_TICKET} - {Event.CREATE_TICKET}


@pytest.mark.parametrize(("table", "states", "events"), [(CASE, CASE_STATES, CASE_EVENTS), (CS_TICKET, CS_STATES, CS_EVENTS)])
def test_every_event_has_one_row_for_every_state(table: tuple[Transition, ...], states: tuple[State, ...], events: set[Event]) -> None:
    rows = [(row.state, row.event) for row in table if row.state != State.NOTHING]
    assert sorted(rows) == sorted(product(states, events))


@pytest.mark.parametrize("row", [*CASE, *CS_TICKET], ids=lambda row: f"{row.state}-{row.event}")
def test_a_row_is_either_taken_or_refused(row: Transition) -> None:
    assert allows(row.state, row.event) == (row.to is not None) == (not refusal(row.state, row.event))
    if row.to is None:
        with pytest.raises(IllegalTransitionError, match=row.refusal):
            step(row.state, row.event)
    else:
        assert step(row.state, row.event) is row
        assert row.guard
        assert row.effects


def test_every_state_can_be_reached_from_the_beginning() -> None:
    for table, states in ((CASE, CASE_STATES), (CS_TICKET, CS_STATES)):
        reached = {State.NOTHING}
        for _ in table:
            reached |= {row.to for row in table if row.state in reached and row.to is not None}
        assert reached - {State.NOTHING, State.AS_BEFORE} == set(states)


@pytest.mark.parametrize(
    ("state", "event"),
    [(State.NOTHING, Event.CLOSE), (State.OPEN, Event.DONE), (State.CS_OPEN, Event.PLAN), (State.OPEN, Event.CREATE)],
)
def test_what_the_table_does_not_list_cannot_happen(state: State, event: Event) -> None:
    assert not allows(state, event)
    assert refusal(state, event) == "not-possible"
    with pytest.raises(IllegalTransitionError):
        step(state, event)


@pytest.mark.parametrize(
    ("state", "event", "detail"),
    [(State.CLOSED, Event.CLOSE, "already-closed"), (State.CLOSED, Event.PLAN, "already-closed"), (State.CLOSED, Event.ACKNOWLEDGE,
     "already-closed"),
     (State.PLANNED, Event.REOPEN, "not-closed"), (State.CS_DONE, Event.DONE, "already-done"), (State.CS_OPEN, Event.REOPEN, "not-done")],
)  # fmt: skip
def test_a_refusal_says_why(state: State, event: Event, detail: str) -> None:
    assert refusal(state, event) == detail


@pytest.mark.parametrize(
    ("is_open", "acknowledged", "planned", "state"),
    [(True, False, False, State.OPEN), (True, True, False, State.ACKNOWLEDGED), (True, True, True, State.PLANNED), (False, True,
     True, State.CLOSED),
     (False, False, False, State.CLOSED)],
)  # fmt: skip
def test_a_state_is_read_from_the_fields(is_open: bool, acknowledged: bool, planned: bool, state: State) -> None:
    assert case_state(is_open=is_open, acknowledged=acknowledged, planned=planned) is state


def test_the_table_is_printed_row_by_row() -> None:
    printed = as_markdown(CASE)
    assert printed.count("\n") == len(CASE) + 2
    assert "| Closed | close | - | refused: E-STATE:already-closed | - |" in printed
    assert "| Closed | reopen | C P A | Open | closed_at is cleared; sla_cycle + 1;" in printed
