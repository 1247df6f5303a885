"""Books with promises in them balance; whatever is changed behind the program's back is named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.actions.vocabulary import AnswerQuestion, AskQuestion, OpenCase, RememberReversal, TakeBack
from daemon.store.schema import Contract, PendingQuestion, Reversal
from tests.rules import facts
from tests.store.life import NOON, Life, lived, opening, problems, promise

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_the_books_of_cases_that_lived_balance(life: Life) -> None:
    assert problems(lived(life)) == []


CASE, CLOCK = "UPDATE support_case SET ", "UPDATE sla_clock SET "
TAMPERED: list[tuple[str, str]] = [
    # open and closed, acknowledged, planned
    (CASE + "resolution = 'x' WHERE id = 1001", "CASE-1001: it is open, but has a resolution"),
    (CASE + "closed_by_id = 1 WHERE id = 1001", "CASE-1001: it is open, but has a resolution"),
    (CASE + "closed_at = NULL WHERE id = 1002", "CASE-1002: it is open, but has a resolution"),
    (CASE + "acknowledged_at = NULL WHERE id = 1001", "CASE-1001: somebody acknowledged it, but nobody knows when"),
    (CASE + "acknowledged_at = NULL, acknowledged_by_id = NULL WHERE id = 1001", "CASE-1001: its plan lacks"),
    (CASE + "planned_resolution_date = NULL WHERE id = 1001", "CASE-1001: its plan lacks"),
    (CASE + "first_planned_resolution_date = NULL WHERE id = 1001", "CASE-1001: it is planned, but the first promise was not kept"),
    (CASE + "plan_count = 0 WHERE id = 1001", "CASE-1001: it is planned, but the first promise was not kept"),
    # what each type needs
    (CASE + "type = 'homeowner' WHERE id = 1001", "CASE-1001: a homeowner's case without a contract"),
    (CASE + "type = 'installer', contact_id = NULL WHERE id = 1001", "CASE-1001: an installer's case without a contact"),
    # clocks
    (CLOCK + "deadline_at = '2020-01-01 00:00:00' WHERE id = 1", "promise 1 (acknowledge) is due before it started"),
    (CLOCK + "breached_at = deadline_at WHERE id = 1", "promise 1 (acknowledge) has more than one end"),
    (CLOCK + "cancelled_at = deadline_at WHERE id = 1", "promise 1 (acknowledge) has more than one end"),
    (CLOCK + "met_at = '2030-01-01 00:00:00' WHERE id = 1", "promise 1 (acknowledge) counts as met, but too late"),
    (CLOCK + "breached_at = started_at WHERE id = 6", "promise 6 (close) counts as breached, but too early"),
    (CLOCK + "met_at = '2020-01-01 00:00:00' WHERE id = 1", "promise 1 (acknowledge) was met before it started"),
    (CLOCK + "cycle = 0 WHERE id = 1", "promise 1 (acknowledge) belongs to no cycle"),
    (CLOCK + "cycle = 2 WHERE id = 1", "promise 1 (acknowledge) belongs to a cycle that has not begun"),
    (CLOCK + "kind = 'close' WHERE id = 2", "promise 2 (close) is not the one that was made"),
    (CLOCK + "met_at = NULL, kind = 'close' WHERE id = 2", "CASE-1001: 2 promises of the kind close run at once"),
    (CLOCK + "breached_at = NULL WHERE id = 6", "CASE-1002: it is closed, but its promise 6 (close) still runs"),
    (CLOCK + "deadline_at = '2027-01-01 00:00:00' WHERE id = 3", "promise 3 (close) is not the one that was made"),
    (CLOCK + "met_at = breached_at, breached_at = NULL WHERE id = 6", "promise 6 (close) did not end as the log says"),
    (CLOCK + "cancelled_at = NULL WHERE kind = 'acknowledge' AND cycle = 2", "did not end as the log says"),
    ("DELETE FROM sla_clock WHERE id = 6", "CASE-1002: 2 promises are there, 3 were made"),
    # reviews, posts, plans and resolutions are the words that were logged
    ("UPDATE task SET comments = 'Splendid.'", "task 1: its review is not what was logged"),
    ("DELETE FROM task", "the review that it wrote is no task"),
    ("UPDATE task SET status = 'Open'", "task 1: it is no completed review"),
    ("UPDATE task SET due_date = '2026-12-01'", "task 1: it is no completed review"),
    ("UPDATE task SET name_id = 1", "task 1: it is no completed review"),
    ("UPDATE task SET comments = ''", "task 1: it is no completed review"),
    ("UPDATE task SET cause = 'mail:99'", "task 1: its cause mail:99 is no acted mail"),
    ("UPDATE feed_item SET body = 'Splendid.' WHERE kind = 'review'", "its review is not what was logged"),
    ("DELETE FROM feed_item WHERE kind = 'review'", "the review that it wrote is no feed item"),
    ("UPDATE feed_item SET body = 'nothing' WHERE kind = 'mention'", "it is not what was posted"),
    ("DELETE FROM feed_item WHERE kind = 'mention'", "the mention that it posted is not in the feed"),
    (CASE + "planned_resolution = 'Nothing' WHERE id = 1001", "CASE-1001: its plan is not what was logged"),
    (CASE + "resolution = 'As agreed' WHERE id = 1002", "CASE-1002: its resolution is not what was logged"),
    # questions
    ("UPDATE pending_question SET answer = 'confirm'", "question 1: its answer confirm is not the one that was logged (decline)"),
    ("UPDATE pending_question SET answer = NULL", "question 1: its answer None is not the one that was logged"),
    ("DELETE FROM pending_question", "question 1: it is gone, but its answer was logged"),
    ("UPDATE pending_question SET cause = 'mail:99'", "question 1: its cause mail:99 is no acted mail"),
    ("UPDATE event SET payload = 'no JSON' WHERE verb IN ('start-clock', 'log-review', 'answer-question')", "its log was changed"),
    ('UPDATE event SET payload = \'{"clock_id": "x", "started_at": "x"}\' WHERE verb LIKE \'%-clock\'', "its log was changed"),
]


@pytest.mark.parametrize(("statement", "named"), TAMPERED, ids=[statement for statement, _ in TAMPERED])
def test_what_was_changed_behind_the_program_is_named(copied: Life, statement: str, named: str) -> None:
    assert copied.database.peewee.execute_sql(statement).rowcount != 0
    found = problems(copied)
    assert [problem for problem in found if named in problem], found


# --- contracts -----------------------------------------------------------------------------------------------------


def homeowner(life: Life, status: str | None) -> OpenCase:
    with life.database.transaction():
        number = Contract.insert(number="HO-1", organization=3, contact=facts.ANN.id, status=status or "Active").execute()
    return opening(type="homeowner", contract_id=number, contract_status=status)


def test_a_case_on_an_active_contract_needs_no_question_even_when_it_ends_later(life: Life) -> None:
    life.do(homeowner(life, "Active"), promise("acknowledge", NOON))
    with life.database.transaction():
        Contract.update(status="Cancelled").execute()
    assert problems(life) == []


def test_a_case_on_another_contract_was_confirmed(life: Life) -> None:
    case = homeowner(life, "Cancelled")
    life.do(AskQuestion(kind="contract", payload="{}", asked_id=facts.PAT.id, expires_at=NOON + DAY))
    life.do(AnswerQuestion(question_id=1, answer="confirm"), case, promise("acknowledge", NOON))
    assert problems(life) == []
    with life.database.transaction():
        PendingQuestion.delete().execute()
    assert "CASE-1001: its contract was Cancelled, and nobody confirmed that" in problems(life)


@pytest.mark.parametrize("answer", [None, "decline"])
def test_a_case_on_another_contract_that_nobody_confirmed_is_named(life: Life, answer: str | None) -> None:
    case = homeowner(life, "Pending Cancellation")
    life.do(AskQuestion(kind="contract", payload="{}", asked_id=facts.PAT.id, expires_at=NOON + DAY))
    answered = [AnswerQuestion(question_id=1, answer=answer)] if answer else []
    life.do(*answered, case, promise("acknowledge", NOON))
    assert problems(life) == ["CASE-1001: its contract was Pending Cancellation, and nobody confirmed that"]


# --- undo ----------------------------------------------------------------------------------------------------------


def test_a_command_that_was_taken_back_leaves_good_books(life: Life) -> None:
    number = life.opened()
    before = (
        '{"case": {"acknowledged_at": null, "acknowledged_by_id": null}, '
        '"clocks": {"1": {"met_at": null, "breached_at": null, "cancelled_at": null, "look_at": null}}}'
    )
    life.do(RememberReversal(verb="acknowledge", giver_id=facts.PAT.id, before=before), case=number)
    life.acknowledged(number, NOON + HOUR)
    with life.database.reading():
        reversal = Reversal.get()
    life.do(TakeBack(reversal_id=reversal.id, verb="acknowledge", before=before), case=number, at=NOON + 2 * HOUR)
    assert problems(life) == []
