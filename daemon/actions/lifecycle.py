"""Carry out what a case's life asks for: acknowledge, plan, close, reopen, assign, review, undo. `rules.lifecycle` has allowed it."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from daemon.actions.cases import add_feed
from daemon.actions.vocabulary import (
    Acknowledge,
    AssignOwner,
    AssignPartner,
    CloseCase,
    LogReview,
    PostFeed,
    ReopenCase,
    SetPlan,
    TakeBack,
)
from daemon.store.schema import Case, Reversal, SlaClock, Task
from daemon.store.statements import Select, insert, update
from daemon.store.suggestions import keep_resolution

REVIEW_SUBJECT = "Case Review"
REVIEW_STATUS = "Completed"


def acknowledge(case_id: int, action: Acknowledge, *, at: datetime, cause: str) -> None:
    """Set who owns it since when; a case that is acknowledged keeps the first time. What implies it has the feed to itself."""
    changed = update(
        Case, {"acknowledged_at": at, "acknowledged_by_id": action.by_id, "last_update": at}, {"id": case_id, "acknowledged_at": None}
    )
    if changed and not action.implied:
        _state(case_id, "acknowledged", action.by_id, at, cause)


def set_plan(case_id: int, action: SetPlan, *, by_id: int | None, at: datetime, cause: str) -> None:
    """Replace the plan; the first date promised stays, and the plans are counted."""
    count, first_date = _PLAN(case=case_id)[0]
    changes = {
        "planned_resolution": action.text, "planned_resolution_date": action.date,
        "first_planned_resolution_date": first_date or action.date, "plan_count": count + 1, "last_update": at,
    }  # fmt: skip
    update(Case, changes, {"id": case_id})
    _state(case_id, f"planned for {action.date.isoformat()}: {action.text}", by_id, at, cause)


_PLAN = Select(lambda case: Case.select(Case.plan_count, Case.first_planned_resolution_date).where(Case.id == case))


def close_case(case_id: int, action: CloseCase, *, at: datetime, cause: str) -> None:
    """Close the case."""
    changes = {
        "closed_at": at, "closed_by_id": action.by_id, "resolution": action.text, "closed_on_planned_date": action.on_planned_date,
        "last_update": at,
    }  # fmt: skip
    update(Case, changes, {"id": case_id})
    keep_resolution(case_id)
    _state(case_id, f"closed: {action.text}", action.by_id, at, cause)


CYCLE_CLEARED: dict[str, Any] = {
    "acknowledged_at": None, "acknowledged_by_id": None, "planned_resolution": None, "planned_resolution_date": None,
    "first_planned_resolution_date": None, "plan_count": 0,
}  # fmt: skip
"""What a new cycle starts without."""


def reopen_case(case_id: int, action: ReopenCase, *, at: datetime, cause: str) -> None:
    """Open the case again, in a new cycle."""
    changes = CYCLE_CLEARED | {
        "closed_at": None, "closed_by_id": None, "resolution": None, "closed_on_planned_date": None, "last_update": at,
        "sla_cycle": _next_cycle(case_id),
    }  # fmt: skip
    if action.acknowledged_by_id is not None:
        changes |= {"acknowledged_at": at, "acknowledged_by_id": action.acknowledged_by_id}
    update(Case, changes, {"id": case_id})
    _state(case_id, "reopened", action.by_id, at, cause)


def assign_owner(case_id: int, action: AssignOwner, *, by_id: int | None, at: datetime, cause: str) -> None:
    """Give the case to a person or a queue."""
    update(Case, {"owner": action.owner_id, "queue": action.queue_id, "last_update": at}, {"id": case_id})
    _state(case_id, f"given to {action.name}", by_id, at, cause)


def assign_partner(case_id: int, action: AssignPartner, *, by_id: int | None, at: datetime, clock: datetime, cause: str) -> None:
    """Give the case to a partner: a new cycle. What was done before it can be undone no more."""
    changes = CYCLE_CLEARED | {
        "partner": action.partner_id, "assigned_at": clock, "sla_cycle": _next_cycle(case_id), "last_update": at,
    }  # fmt: skip
    update(Case, changes, {"id": case_id})
    update(Reversal, {"undone_at": at}, {"case": case_id, "undone_at": None})
    _state(case_id, f"given to {action.name}", by_id, at, cause)


def _next_cycle(case_id: int) -> int:
    return int(_CYCLE(case=case_id)[0][0]) + 1


_CYCLE = Select(lambda case: Case.select(Case.sla_cycle).where(Case.id == case))


def log_review(case_id: int, action: LogReview, *, at: datetime, cause: str) -> None:
    """A completed task with the review, and its entry in the feed; older ones stay as they are."""
    row = {
        "case": case_id, "at": at, "subject": REVIEW_SUBJECT, "status": REVIEW_STATUS, "comments": action.text, "name": None,
        "due_date": None, "owner": action.by_id, "cause": cause,
    }  # fmt: skip
    insert(Task, [row], ids=False)
    add_feed(case_id, "review", action.text, author_id=action.by_id, author_address=None, public=False, at=at, cause=cause)


def post_feed(case_id: int, action: PostFeed, *, at: datetime, cause: str) -> None:
    """An entry for the house, with whom it mentions."""
    add_feed(
        case_id, action.kind, action.text, author_id=action.author_id, author_address=None, public=False, at=at, cause=cause,
        mentions=action.mentions,
    )  # fmt: skip


def _state(case_id: int, body: str, author_id: int | None, at: datetime, cause: str) -> None:
    add_feed(case_id, "state", body, author_id=author_id, author_address=None, public=True, at=at, cause=cause)


# --- undo ----------------------------------------------------------------------------------------------------------


def take_back(case_id: int, action: TakeBack, *, by_id: int | None, at: datetime, cause: str) -> None:
    """Put fields and clocks back as they were, in the same cycle; clocks that the command started are cancelled.

    `before` has the case's fields and, by clock, its ends; times in ISO form.
    """
    before = json.loads(action.before)
    changes = {name: _read(name, value) for name, value in before["case"].items()}
    update(Case, changes | {"last_update": at}, {"id": case_id})
    known = {int(number) for number in before["clocks"]}
    for clock_id, cancelled in _CLOCKS(case=case_id):
        if clock_id in known:
            ends = before["clocks"][str(clock_id)]
            update(SlaClock, {name: _read(name, value) for name, value in ends.items()}, {"id": clock_id})
        elif cancelled is None:
            update(SlaClock, {"cancelled_at": at, "met_at": None, "breached_at": None, "look_at": None}, {"id": clock_id})
    update(Reversal, {"undone_at": at}, {"id": action.reversal_id})
    _state(case_id, f"{action.verb} taken back", by_id, at, cause)


_CLOCKS = Select(lambda case: SlaClock.select(SlaClock.id, SlaClock.cancelled_at).where(SlaClock.case == case).order_by(SlaClock.id))


def _read(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name.endswith("_at"):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name.endswith("_date") else value
