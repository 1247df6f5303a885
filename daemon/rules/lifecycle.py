"""The life of a case and of a CS ticket, each as one table: state × event → guard, next state, effects.

What the table does not list can't happen. Pure: a step that isn't allowed raises and changes nothing; `judge` and `apply` ask first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """A state as people read it. A case is Open or Closed; acknowledged and planned are fields of an open one."""

    NOTHING = "-"
    OPEN = "Open"
    ACKNOWLEDGED = "Open, acknowledged"
    PLANNED = "Open, planned"
    CLOSED = "Closed"
    CS_OPEN = "CS Open"
    CS_DONE = "CS Done"
    AS_BEFORE = "as before that command"
    """Only as the end of `undo`: the state is read from the fields that are restored."""


class Event(StrEnum):
    """What can happen. Events that name a verb are asked for by that verb."""

    CREATE = "create"
    CREATE_TICKET = "create CS ticket"
    ACKNOWLEDGE = "acknowledge"
    PLAN = "plan"
    COMMENT = "comment"
    CLOSE = "close"
    REOPEN = "reopen"
    ASSIGN_PARTNER = "assign partner"
    ASSIGN = "assign"
    UNDO = "undo"
    DONE = "done"
    OUTSTANDING = "outstanding"
    CLEARED = "cleared"


class IllegalTransitionError(ValueError):
    """A step the table doesn't allow was about to be taken: somebody forgot to ask. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row. `to` is None where the step is refused: then `refusal` is the detail of E-STATE. `guard` names who may (C P A X)."""

    state: State
    event: Event
    guard: str
    to: State | None
    effects: tuple[str, ...] = ()
    refusal: str = ""


_OPEN = (State.OPEN, State.ACKNOWLEDGED, State.PLANNED)
_ACKNOWLEDGES = ("case_acknowledged, acknowledged_at and acknowledged_by are set", "acknowledge clock met", "plan clock starts")
_CLOSES = ("closed_at, closed_by and resolution are set", "clocks settled", "mail to customer, partner and owner")
_PLANS = ("plan clock met", "close clock starts again", "plan_count + 1")
_NEW_CYCLE = ("sla_cycle + 1", "acknowledgement and plan are cleared", "acknowledge clock starts")
_REOPENS = ("closed_at is cleared", *_NEW_CYCLE)
_SAYS = ("mail to the other side", "last_update moves")
_IMPLIES = "acknowledged as well"


def _row(state: State, event: Event, guard: str, to: State, *effects: str) -> Transition:
    return Transition(state=state, event=event, guard=guard, to=to, effects=effects)


def _no(state: State, event: Event, refusal: str) -> Transition:
    return Transition(state=state, event=event, guard="", to=None, refusal=refusal)


CASE: tuple[Transition, ...] = (
    _row(State.NOTHING, Event.CREATE, "rules of its type", State.OPEN, "owner is set", "with a partner: assigned_at and acknowledge clock",
         "mails"),
    _row(State.OPEN, Event.ACKNOWLEDGE, "P A", State.ACKNOWLEDGED, *_ACKNOWLEDGES, "notice to the owner"),
    _row(State.ACKNOWLEDGED, Event.ACKNOWLEDGE, "P A", State.ACKNOWLEDGED, "nothing: the first time is kept"),
    _row(State.PLANNED, Event.ACKNOWLEDGE, "P A", State.PLANNED, "nothing: the first time is kept"),
    _row(State.OPEN, Event.PLAN, "P A, date and text", State.PLANNED, _IMPLIES, "first_planned_resolution_date is set", *_PLANS),
    _row(State.ACKNOWLEDGED, Event.PLAN, "P A, date and text", State.PLANNED, "first_planned_resolution_date is set", *_PLANS),
    _row(State.PLANNED, Event.PLAN, "P A, date and text", State.PLANNED, "the plan is replaced, its first date is kept", *_PLANS),
    *(_row(state, Event.COMMENT, "C P A", state, *_SAYS) for state in (*_OPEN, State.CLOSED)),
    _row(State.OPEN, Event.CLOSE, "C P A", State.CLOSED, _IMPLIES, *_CLOSES),
    _row(State.ACKNOWLEDGED, Event.CLOSE, "C P A", State.CLOSED, *_CLOSES),
    _row(State.PLANNED, Event.CLOSE, "C P A", State.CLOSED, *_CLOSES, "closed_on_planned_date is set"),
    _row(State.CLOSED, Event.REOPEN, "C P A", State.OPEN, *_REOPENS, "by P or A: acknowledged at once"),
    *(_row(state, Event.ASSIGN_PARTNER, "A", State.OPEN, "partner and assigned_at are set", *_NEW_CYCLE) for state in _OPEN),
    *(
        _row(state, Event.ASSIGN, "A, P within its own", state, "owner or queue is set", "mail to the new one")
        for state in (*_OPEN, State.CLOSED)
    ),
    *(
        _row(state, Event.UNDO, "who gave the command, within 24 hours", State.AS_BEFORE, "fields and clocks as they were, same cycle",
             "those who had been told are told")
        for state in (*_OPEN, State.CLOSED)
    ),
    *(_no(State.CLOSED, event, "already-closed") for event in (Event.ACKNOWLEDGE, Event.PLAN, Event.CLOSE, Event.ASSIGN_PARTNER)),
    *(_no(state, Event.REOPEN, "not-closed") for state in _OPEN),
)  # fmt: skip
"""The case. Every event of a case has a row for every state it can be in."""

CS_TICKET: tuple[Transition, ...] = (
    _row(State.NOTHING, Event.CREATE_TICKET, "a form's request", State.CS_OPEN, "assignee, due dates, attachments",
         "mail to the assignee"),
    _row(State.CS_OPEN, Event.DONE, "X A", State.CS_DONE, "closed_at and closed_by are set",
         "without outstanding items: New Channel Req 2, once"),
    _row(State.CS_DONE, Event.REOPEN, "A", State.CS_OPEN, "closed_at and closed_by are cleared", "mail to the assignee"),
    *(_row(state, Event.COMMENT, "C P A X", state, *_SAYS) for state in (State.CS_OPEN, State.CS_DONE)),
    *(_row(state, Event.OUTSTANDING, "X A", state, "one item a line") for state in (State.CS_OPEN, State.CS_DONE)),
    _row(State.CS_OPEN, Event.CLEARED, "X A", State.CS_OPEN, "cleared_at is set"),
    _row(State.CS_DONE, Event.CLEARED, "X A", State.CS_DONE, "cleared_at is set", "after the last one: New Channel Req 2, once"),
    *(_row(state, Event.ASSIGN, "A", state, "assignee is set", "mail to the new one") for state in (State.CS_OPEN, State.CS_DONE)),
    _no(State.CS_DONE, Event.DONE, "already-done"),
    _no(State.CS_OPEN, Event.REOPEN, "not-done"),
)  # fmt: skip
"""The CS ticket. Done with outstanding items is legal and visible."""

_TABLE: Mapping[tuple[State, Event], Transition] = MappingProxyType({(row.state, row.event): row for row in (*CASE, *CS_TICKET)})


def case_state(*, is_open: bool, acknowledged: bool, planned: bool) -> State:
    """The state of a case by its fields."""
    if not is_open:
        return State.CLOSED
    if planned:
        return State.PLANNED
    return State.ACKNOWLEDGED if acknowledged else State.OPEN


def allows(state: State, event: Event) -> bool:
    """Whether this can happen in this state. Who may do it is another question."""
    row = _TABLE.get((state, event))
    return row is not None and row.to is not None


def refusal(state: State, event: Event) -> str:
    """The detail of E-STATE when it can't happen ("already-closed"), "" when it can."""
    row = _TABLE.get((state, event))
    if row is None:
        return "not-possible"
    return row.refusal


def step(state: State, event: Event) -> Transition:
    """The row of a step that is taken. Raises IllegalTransitionError for one that isn't allowed.

    >>> step(State.OPEN, Event.CLOSE).to
    <State.CLOSED: 'Closed'>
    """
    row = _TABLE.get((state, event))
    if row is None or row.to is None:
        raise IllegalTransitionError(f"{event} in state {state}: {refusal(state, event)}")
    return row


def as_markdown(table: tuple[Transition, ...]) -> str:
    """The table as Markdown, one row a transition, for the README."""
    lines = ["| from | event | who | to | effects |", "|---|---|---|---|---|"]
    for row in table:
        to = row.to if row.to is not None else f"refused: E-STATE:{row.refusal}"
        lines.append(f"| {row.state} | {row.event} | {row.guard or '-'} | {to} | {'; '.join(row.effects) or '-'} |")
    return "\n".join(lines) + "\n"
