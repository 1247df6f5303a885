"""The part of the proof that is about the lives of cases: each stands where its log leads to, and what was said is as it was said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import peewee as pw

from daemon.store.audit_promises import COMMENTED, facts_of, named
from daemon.store.schema import Case, CaseComment, Event, Reversal
from daemon.store.statements import rows

STEPS = ("open-case", "set-acknowledged", "set-plan", "close-case", "reopen-case", "assign-partner", "take-back")
FRESH: dict[str, Any] = {"acknowledged": False, "planned": None, "first": None, "plans": 0}
"""How a cycle begins."""

WORDS = {
    "closed": "open or closed", "acknowledged": "acknowledged", "planned": "planned for that date", "first": "first planned for that date",
    "plans": "planned that often", "cycle": "in that cycle", "partner": "with that partner",
}  # fmt: skip


def stands() -> Iterator[str]:
    """Each case is as the steps in its log have left it; none was closed twice, or reopened while it was open."""
    led: dict[int, dict[str, Any]] = {}
    before = dict(rows(Reversal.select(Reversal.id, Reversal.before)))
    query = Event.select(Event.case, Event.sequence, Event.verb, Event.payload).where(Event.verb.in_(STEPS) & Event.case.is_null(False))
    for case_id, sequence, verb, payload in rows(query.order_by(Event.case, Event.sequence)):
        state = led.setdefault(case_id, {})
        if state.get("closed", False) if verb in ("close-case", "set-plan") else not state.get("closed", True) and verb == "reopen-case":
            yield f"CASE-{case_id}: entry {sequence} of its log ({verb}) was no step it could take"
        state.update(_after(verb, facts_of(payload), state, before))
    columns = (
        Case.id, Case.closed_at, Case.acknowledged_at, Case.planned_resolution_date, Case.first_planned_resolution_date, Case.plan_count,
        Case.sla_cycle, Case.partner,
    )  # fmt: skip
    for case_id, closed_at, acknowledged_at, planned, first, plans, cycle, partner in rows(Case.select(*columns)):
        standing = {
            "closed": closed_at is not None, "acknowledged": acknowledged_at is not None,
            "planned": planned.isoformat() if planned else None, "first": first.isoformat() if first else None,
            "plans": plans, "cycle": cycle, "partner": partner,
        }  # fmt: skip
        wrong = [WORDS[name] for name, value in led.get(case_id, {}).items() if standing[name] != value]
        if wrong:
            yield f"CASE-{case_id}: it is not {', '.join(wrong)} by its log"


def _after(verb: str, facts: dict[str, Any], state: dict[str, Any], before: dict[int, str]) -> dict[str, Any]:
    """What a step changes."""
    if verb == "open-case":
        return FRESH | {"closed": False, "cycle": 1, "partner": facts.get("partner_id")}
    if verb == "set-acknowledged":
        return {"acknowledged": True}
    if verb == "set-plan":
        day = facts.get("date")
        return {"planned": day, "first": state.get("first") or day, "plans": state.get("plans", 0) + 1}
    if verb == "close-case":
        return {"closed": True}
    if verb == "reopen-case":
        owned = facts.get("acknowledged_by_id") is not None
        return FRESH | {"closed": False, "cycle": state.get("cycle", 0) + 1, "acknowledged": owned}
    if verb == "assign-partner":
        return FRESH | {"cycle": state.get("cycle", 0) + 1, "partner": facts.get("partner_id")}
    return _taken_back(before.get(facts.get("reversal_id", 0), "{}"))


TAKEN_BACK = {
    "closed_at": "closed", "acknowledged_at": "acknowledged", "planned_resolution_date": "planned",
    "first_planned_resolution_date": "first", "plan_count": "plans", "sla_cycle": "cycle",
}  # fmt: skip


def _taken_back(before: str) -> dict[str, Any]:
    """What `#undo` put back."""
    try:
        case = json.loads(before).get("case", {})
    except (ValueError, AttributeError):
        return {}
    return {TAKEN_BACK[name]: value is not None if name.endswith("_at") else value for name, value in case.items() if name in TAKEN_BACK}


DECIDED = ("plan_state", "issue_class", "rule", "action", "target")
"""What a case keeps of the last decision of level one."""


def level_one() -> Iterator[str]:
    """Each case keeps what level one decided last by its log, and nothing where it decided nothing."""
    logged: dict[int, dict[str, Any]] = {}
    query = Event.select(Event.case, Event.payload).where((Event.verb == "record-support") & Event.case.is_null(False))
    for case_id, payload in rows(query.order_by(Event.case, Event.sequence)):
        facts = facts_of(payload)
        logged[case_id] = {name: facts.get(name) for name in DECIDED}
    for case_id, support in rows(Case.select(Case.id, Case.support)):
        kept = json.loads(support) if support is not None else None
        if kept != logged.get(case_id):
            yield f"CASE-{case_id}: what level one decided is not what was logged"


def comments() -> Iterator[str]:
    """Each comment is on the case on which it was made, by whom it was made, and as public as it was made."""
    made: Counter[tuple[Any, ...]] = Counter()
    for case_id, cause, payload in rows(Event.select(Event.case, Event.cause, Event.payload).where(Event.verb.in_(COMMENTED))):
        facts = facts_of(payload)
        text = facts.get("text")
        digest = text.get("sha256") if isinstance(text, dict) else None
        made[(case_id, cause, facts.get("public"), facts.get("author_id"), digest)] += 1
    columns = (CaseComment.id, CaseComment.case, CaseComment.cause, CaseComment.public, CaseComment.author, CaseComment.body)
    for number, case_id, cause, public, author_id, body in rows(CaseComment.select(*columns).order_by(CaseComment.id)):
        name = (case_id, cause, public, author_id, named(body))
        if made[name] < 1:
            yield f"comment {number}: its case, its author or who may read it is not what was logged"
        made[name] -= 1


def last_updates() -> Iterator[str]:
    """A case was last updated no earlier than its last public comment."""
    spoken = CaseComment.select(CaseComment.case, pw.fn.MAX(CaseComment.at).alias("at")).where(CaseComment.public)
    spoken = spoken.group_by(CaseComment.case).alias("spoken")
    query = Case.select(Case.id).join(spoken, on=(spoken.c.case_id == Case.id)).where(spoken.c.at > Case.last_update)
    for (number,) in rows(query):
        yield f"CASE-{number}: its last update is before its last public comment"
