"""What an accepted request sets going: whose turn it is, the dates, who hears."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from daemon.actions.vocabulary import AttachToCsTicket, OpenCsTicket, PostFeed
from daemon.model import RequestState
from daemon.rules.decide import decide
from daemon.rules.forms import TaskRules
from daemon.rules.newwork import accepted_state, case_type
from tests.rules import facts
from tests.rules.requestfacts import BOOK, CHERISH, IVAN, SHIPPED, form_mail, known, taken


def with_task(task: TaskRules | None, **found: Any) -> Any:
    book = replace(BOOK, forms=(replace(SHIPPED, task=task, completion_mail=None),))
    return decide(form_mail(), facts.situation(None, form=known(**found), systems=()), None, book)


def opened(made: Any) -> OpenCsTicket:
    (found,) = facts.of_type(made, OpenCsTicket)
    assert isinstance(found, OpenCsTicket)
    return found


def test_the_ticket_has_every_field_of_the_form_s_file_and_dates_in_business_days() -> None:
    ticket = opened(taken(form_mail(), known()))
    assert (ticket.project, ticket.issue_type, ticket.parent, ticket.priority, ticket.assignee_id, ticket.qa_assignee_id) == (
        "Customer Success", "Task", "Configuration Partner/Product Onboarding", "High", IVAN.id, CHERISH.id,
    )  # fmt: skip
    days = [(day - ticket.created_on).days for day in (ticket.configuration_date, ticket.due_date, ticket.qa_due_date)]
    assert days == [2, 3, 3]
    assert len(facts.of_type(taken(form_mail(), known()), AttachToCsTicket)) == 1


def test_the_first_of_the_turn_gets_it_and_a_file_that_names_people_names_all_of_them() -> None:
    task = SHIPPED.task
    assert task is not None
    other = replace(IVAN, id=30, handle="yuri")
    assert opened(with_task(task, assignees=(other, IVAN))).assignee_id == other.id
    assert opened(with_task(replace(task, assignees=("owen",)), assignees=(IVAN, facts.OWEN))).assignee_id == facts.OWEN.id
    assert opened(with_task(task, assignees=(facts.OWEN, IVAN))).assignee_id == IVAN.id


def test_what_is_nobody_s_is_told_to_the_triage_queue() -> None:
    made = with_task(SHIPPED.task, assignees=())
    assert opened(made).assignee_id is None
    assert ("cs-assigned", facts.OWEN.address) in facts.mails(made)


def test_the_account_manager_is_mentioned_where_there_is_one() -> None:
    (post,) = facts.of_type(taken(form_mail(), known()), PostFeed)
    assert (post.kind, post.mentions) == ("mention", ("owen",))
    assert "mention" not in dict(facts.mails(taken(form_mail(), known(managers={}))))


def test_a_form_without_work_is_accepted_and_that_is_all() -> None:
    assert facts.of_type(with_task(None), OpenCsTicket) == []
    assert accepted_state(replace(SHIPPED, task=None)) is RequestState.ACCEPTED
    assert case_type(replace(SHIPPED, case=None)) == "support"
