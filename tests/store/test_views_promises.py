"""What listings tell of promises: the next deadline, clocks, reviews, the open question."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from daemon.actions.lifecycle import REVIEW_SUBJECT
from daemon.actions.vocabulary import AnswerQuestion, AskQuestion
from daemon.store import views
from daemon.store.schema import PendingQuestion, Task
from tests.rules import facts
from tests.store.life import NOON, Life

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def listed(life: Life, state: str = "all") -> dict[str, object]:
    with life.database.reading():
        return {row["number"]: row["next_deadline"] for row in views.list_cases(state=state, partner=None, search=None, limit=None)}


def view(life: Life, number: int) -> dict[str, Any]:
    with life.database.reading():
        found = views.case_view(number, facts.SUPPORT)
    assert found is not None
    return found


def test_the_next_deadline_is_that_of_the_earliest_running_clock(life: Life) -> None:
    first, second = life.opened(), life.opened(NOON + HOUR)
    assert listed(life) == {f"CASE-{first}": NOON + DAY, f"CASE-{second}": NOON + HOUR + DAY}
    life.acknowledged(first, NOON + 3 * HOUR)
    assert listed(life)[f"CASE-{first}"] == NOON + 3 * HOUR + DAY
    assert view(life, first)["next_deadline"] == NOON + 3 * HOUR + DAY


def test_what_was_met_breached_or_cancelled_has_no_deadline_any_more(life: Life) -> None:
    for end in ("met", "breached", "cancelled"):
        number = life.opened()
        life.do(life.end(number, "acknowledge", end, NOON + DAY), case=number, at=NOON + DAY)
        assert listed(life)[f"CASE-{number}"] is None


def test_a_long_list_has_the_same_deadlines_as_a_short_one(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [life.opened(NOON + minute * timedelta(minutes=1)) for minute in range(4)]
    life.do(life.end(numbers[0], "acknowledge", "met", NOON + HOUR), case=numbers[0])
    short = listed(life)
    monkeypatch.setattr(views, "PAGE", 2)
    assert listed(life) == short
    assert list(short.values()).count(None) == 1


def test_a_case_shows_all_its_clocks_in_the_order_they_were_started(life: Life) -> None:
    number = life.opened()
    life.acknowledged(number, NOON + HOUR)
    first, second = view(life, number)["clocks"]
    assert first == {
        "cycle": 1, "kind": "acknowledge", "started_at": NOON, "deadline_at": NOON + DAY, "met_at": NOON + HOUR, "breached_at": None,
        "cancelled_at": None,
    }  # fmt: skip
    assert (second["kind"], second["met_at"]) == ("plan", None)


def test_the_newest_review_is_the_last_and_the_older_ones_stay_tasks(life: Life) -> None:
    number = life.opened()
    assert (view(life, number)["last_review"], view(life, number)["tasks"]) == (None, [])
    life.reviewed(number, "Slow.")
    life.reviewed(number, "Better.", NOON + DAY)
    seen = view(life, number)
    assert seen["last_review"] == {"comments": "Better.", "by": "nora", "at": NOON + DAY}
    assert seen["tasks"] == [
        {"subject": "Case Review", "status": "Completed", "comments": words, "name": None, "due_date": None, "at": at}
        for words, at in (("Slow.", NOON), ("Better.", NOON + DAY))
    ]


def test_a_task_that_is_no_review_is_not_the_last_review(life: Life) -> None:
    number = life.opened()
    with life.database.transaction():
        Task.insert(
            case=number, at=NOON, subject="Call Ann", status="Open", comments="", name=facts.ANN.id, due_date=date(2026, 12, 1),
            owner=facts.NORA.id, cause="mail:1",
        ).execute()  # fmt: skip
    seen = view(life, number)
    assert seen["last_review"] is None
    assert [(task["name"], task["due_date"]) for task in seen["tasks"]] == [("ann", date(2026, 12, 1))]


def test_the_task_of_a_review_is_named_as_the_action_names_it() -> None:
    assert views.REVIEW == REVIEW_SUBJECT


def test_a_question_is_shown_until_it_is_answered(life: Life) -> None:
    number = life.opened()
    assert view(life, number)["question"] is None
    life.do(AskQuestion(kind="close", payload="{}", asked_id=facts.PAT.id, expires_at=NOON + DAY), case=number)
    assert view(life, number)["question"] == {"kind": "close", "asked": "pat", "expires_at": NOON + DAY}
    with life.database.reading():
        (asked,) = [row.id for row in PendingQuestion.select()]
    life.do(AnswerQuestion(question_id=asked, answer="decline"), case=number)
    assert view(life, number)["question"] is None


def test_a_closed_case_says_whether_it_was_closed_on_the_planned_date(life: Life) -> None:
    for on_date in (True, False):
        number = life.opened()
        life.acknowledged(number, NOON + HOUR)
        life.planned(number, date(2026, 11, 27), NOON + 2 * HOUR)
        assert view(life, number)["closed_on_planned_date"] is None
        life.closed(number, NOON + 2 * DAY, on_date=on_date)
        assert view(life, number)["closed_on_planned_date"] is on_date
