"""The part of the proof that is about promises: cases and their clocks, reviews, questions, what each type of case needs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import peewee as pw

from daemon.store.schema import Case, Event, FeedItem, PendingQuestion, SlaClock, Task
from daemon.store.statements import rows
from daemon.store.views import REVIEW

COMPLETED = "Completed"
REVIEW_SIGNS = 1000
ACTIVE = "Active"
COMMENTED = ("add-comment", "comment")
"""What the log calls a comment; the second is the first program's word."""
CLOSE, CONFIRMED = "close", "confirm"


def standing() -> Iterator[str]:
    """What a case says of itself holds together: acknowledged, planned, closed."""
    closing = Case.closed_by_id.is_null(False) | Case.resolution.is_null(False) | Case.closed_on_planned_date.is_null(False)
    for (number,) in rows(Case.select(Case.id).where(Case.closed_at.is_null() & closing)):
        yield f"CASE-{number}: it is open, but has a resolution or somebody who closed it"
    for (number,) in rows(Case.select(Case.id).where(Case.acknowledged_at.is_null() & Case.acknowledged_by_id.is_null(False))):
        yield f"CASE-{number}: somebody acknowledged it, but nobody knows when"
    counted = Case.first_planned_resolution_date.is_null() | (Case.plan_count < 1)
    for (number,) in rows(Case.select(Case.id).where(Case.planned_resolution_date.is_null(False) & counted)):
        yield f"CASE-{number}: it is planned, but the first promise was not kept"
    bare = Case.select(Case.id).where((Case.type == "homeowner") & Case.contract.is_null())
    for (number,) in rows(bare):
        yield f"CASE-{number}: a homeowner's case without a contract"
    for (number,) in rows(Case.select(Case.id).where((Case.type == "installer") & Case.contact.is_null())):
        yield f"CASE-{number}: an installer's case without a contact"


def clocks() -> Iterator[str]:
    """A clock ends once and in the order of time; a case has one running clock of a kind, and a closed one none."""
    running = SlaClock.met_at.is_null() & SlaClock.breached_at.is_null() & SlaClock.cancelled_at.is_null()
    met, breached = SlaClock.met_at.is_null(False), SlaClock.breached_at.is_null(False)
    ended_twice = (met & breached) | (SlaClock.cancelled_at.is_null(False) & (met | breached))
    wrong = (
        (SlaClock.deadline_at < SlaClock.started_at, "is due before it started"),
        (ended_twice, "has more than one end"),
        (SlaClock.met_at > SlaClock.deadline_at, "counts as met, but too late"),
        (SlaClock.breached_at < SlaClock.deadline_at, "counts as breached, but too early"),
        (SlaClock.met_at < SlaClock.started_at, "was met before it started"),
        (SlaClock.cycle < 1, "belongs to no cycle"),
    )
    for where, what in wrong:
        for number, case_id, kind in rows(SlaClock.select(SlaClock.id, SlaClock.case, SlaClock.kind).where(where)):
            yield f"CASE-{case_id}: its promise {number} ({kind}) {what}"
    grouped = SlaClock.select(SlaClock.case, SlaClock.kind, pw.fn.COUNT(SlaClock.id)).where(running)
    for case_id, kind, count in rows(grouped.group_by(SlaClock.case, SlaClock.kind).having(pw.fn.COUNT(SlaClock.id) > 1)):
        yield f"CASE-{case_id}: {count} promises of the kind {kind} run at once"
    late = SlaClock.select(SlaClock.id, SlaClock.case, SlaClock.kind).join(Case).where(running & Case.closed_at.is_null(False))
    for number, case_id, kind in rows(late):
        yield f"CASE-{case_id}: it is closed, but its promise {number} ({kind}) still runs"
    later = SlaClock.select(SlaClock.id, SlaClock.case, SlaClock.kind).join(Case).where(SlaClock.cycle > Case.sla_cycle)
    # an undone command took its cycle back, and cancelled what it had started
    for number, case_id, kind in rows(later.where(SlaClock.cancelled_at.is_null())):
        yield f"CASE-{case_id}: its promise {number} ({kind}) belongs to a cycle that has not begun"


def clocks_logged() -> Iterator[str]:
    """Each clock is one that was started, with its deadline, and ended as the log says, unless a command of its case was undone."""
    started: dict[int, list[dict[str, Any]]] = {}
    ends: dict[int, tuple[str, datetime | None]] = {}
    undone: set[int] = set()
    log = Event.select(Event.case, Event.verb, Event.payload).where(Event.case.is_null(False) & Event.verb.in_(CLOCK_VERBS))
    for case_id, verb, payload in rows(log.order_by(Event.case, Event.sequence)):
        facts = facts_of(payload)
        if verb == "start-clock":
            started.setdefault(case_id, []).append(facts)
        elif verb == "end-clock":
            ends[facts.get("clock_id", 0)] = (str(facts.get("end")), _moment(facts.get("at")))
        elif verb == "mark-clock" and facts.get("concern") == "breach":
            ends[facts.get("clock_id", 0)] = ("breached", _moment(facts.get("at")))
        elif verb == "take-back":
            undone.add(case_id)
    there: dict[int, list[tuple[Any, ...]]] = {}
    query = SlaClock.select(
        SlaClock.case, SlaClock.id, SlaClock.kind, SlaClock.started_at, SlaClock.deadline_at, SlaClock.met_at, SlaClock.breached_at,
        SlaClock.cancelled_at,
    )  # fmt: skip
    for case_id, *clock in rows(query.order_by(SlaClock.id)):
        there.setdefault(case_id, []).append(tuple(clock))
    for case_id in sorted(started.keys() | there.keys()):
        logged, found = started.get(case_id, []), there.get(case_id, [])
        if len(logged) != len(found):
            yield f"CASE-{case_id}: {len(found)} promises are there, {len(logged)} were made"
            continue
        for facts, (number, kind, *times) in zip(logged, found, strict=True):
            if [facts.get("kind"), _moment(facts.get("started_at")), _moment(facts.get("deadline_at"))] != [kind, *times[:2]]:
                yield f"CASE-{case_id}: its promise {number} ({kind}) is not the one that was made"
            end, at = ends.get(number, ("met", _moment(facts.get("met_at"))))
            if case_id not in undone and times[2:] != [at if end == name else None for name in ("met", "breached", "cancelled")]:
                yield f"CASE-{case_id}: its promise {number} ({kind}) did not end as the log says"


CLOCK_VERBS = ("start-clock", "end-clock", "mark-clock", "take-back")


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def reviews() -> Iterator[str]:
    """Each Log Review is a completed task for nobody, with the words that were logged, in the feed as among the tasks."""
    tasks = list(rows(Task.select(Task.id, Task.cause, Task.comments, Task.status, Task.name, Task.due_date).where(Task.subject == REVIEW)))
    for number, _, comments, status, name, due_date in tasks:
        if status != COMPLETED or name is not None or due_date is not None or not 1 <= len(comments) <= REVIEW_SIGNS:
            yield f"task {number}: it is no completed review"
    feed = list(rows(FeedItem.select(FeedItem.id, FeedItem.cause, FeedItem.body).where(FeedItem.kind == "review")))
    yield from _compared("task", ((number, cause, comments) for number, cause, comments, *_ in tasks))
    yield from _compared("feed item", iter(feed))


def _compared(kind: str, found: Iterator[tuple[int, str, str]]) -> Iterator[str]:
    """What differs between the reviews of the log and those that are there."""
    logged = Counter((cause, _digest_of(payload)) for cause, payload in rows(_logged("log-review", Event.cause, Event.payload)))
    for number, cause, words in found:
        name = (cause, named(words))
        if logged[name] < 1:
            yield f"{kind} {number}: its review is not what was logged"
        logged[name] -= 1
    for (cause, _), left in logged.items():
        if left > 0:
            yield f"{cause.replace(':', ' ')}: the review that it wrote is no {kind}"


def posts() -> Iterator[str]:
    """What was posted in the feed of a case is there, as it was logged, and nothing else."""
    logged: Counter[tuple[str, str, str]] = Counter()
    for cause, payload in rows(_logged("post-feed", Event.cause, Event.payload)):
        logged[(cause, str(facts_of(payload).get("kind")), _digest_of(payload))] += 1
    for number, cause, kind, body in rows(FeedItem.select(FeedItem.id, FeedItem.cause, FeedItem.kind, FeedItem.body)):
        name = (cause, kind, named(body))
        if logged[name] > 0:
            logged[name] -= 1
        elif kind not in OWN_FEED:
            yield f"feed item {number}: it is not what was posted"
    for (cause, kind, _), left in logged.items():
        if left > 0:
            yield f"{cause.replace(':', ' ')}: the {kind} that it posted is not in the feed"


OWN_FEED = frozenset({"created", "note", "email", "state", "sla", "review"})
"""Entries that other actions leave."""


def resolutions() -> Iterator[str]:
    """The plan and the resolution of a case are words that were logged for it."""
    for verb, field, name in (("set-plan", Case.planned_resolution, "plan"), ("close-case", Case.resolution, "resolution")):
        logged = {(case_id, _digest_of(payload)) for case_id, payload in rows(_logged(verb, Event.case, Event.payload))}
        for number, words in rows(Case.select(Case.id, field).where(field.is_null(False))):
            if (number, named(words)) not in logged:
                yield f"CASE-{number}: its {name} is not what was logged"


def questions() -> Iterator[str]:
    """An answer stands in the log; what was confirmed was done; and a case on a contract that was not active was confirmed."""
    logged: dict[int, str] = {}
    by_cause: dict[str, set[int]] = {}
    for cause, payload in rows(_logged("answer-question", Event.cause, Event.payload)):
        facts = facts_of(payload)
        number, answer = facts.get("question_id"), facts.get("answer")
        if isinstance(number, int) and isinstance(answer, str):
            logged[number] = answer
            by_cause.setdefault(cause, set()).add(number)
    there = dict(rows(PendingQuestion.select(PendingQuestion.id, PendingQuestion.answer)))
    for number in sorted(there.keys() | logged.keys()):
        if number not in there:
            yield f"question {number}: it is gone, but its answer was logged"
        elif there[number] != logged.get(number):
            yield f"question {number}: its answer {there[number]} is not the one that was logged ({logged.get(number)})"
    closed = set(rows(_logged("close-case", Event.cause, Event.case)))
    confirmed = (PendingQuestion.kind == CLOSE) & (PendingQuestion.answer == CONFIRMED)
    for number, case_id in rows(PendingQuestion.select(PendingQuestion.id, PendingQuestion.case).where(confirmed)):
        if not any(number in numbers and (cause, case_id) in closed for cause, numbers in by_cause.items()):
            yield f"question {number}: closing CASE-{case_id} was confirmed, and it was not closed"
    for case_id, cause, payload in rows(_logged("open-case", Event.case, Event.cause, Event.payload)):
        # how the contract stood when the case was opened: what the directory says of it today proves nothing
        status = facts_of(payload).get("contract_status")
        if status in (None, ACTIVE):
            continue
        if not any(logged[number] == there.get(number) == CONFIRMED for number in by_cause.get(cause, ())):
            yield f"CASE-{case_id}: its contract was {status}, and nobody confirmed that"


# --- the log -------------------------------------------------------------------------------------------------------


def facts_of(payload: str) -> dict[str, Any]:
    """The payload of an event; nothing where it was spoilt, which the chain tells."""
    try:
        facts = json.loads(payload)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def named(words: str) -> str:
    """How the log names long words."""
    return hashlib.sha256(words.encode()).hexdigest()


def _logged(verb: str, *columns: Any) -> Any:
    return Event.select(*columns).where(Event.verb == verb)


def _digest_of(payload: str) -> str:
    words = facts_of(payload).get("text")
    return str(words.get("sha256", "")) if isinstance(words, dict) else ""
