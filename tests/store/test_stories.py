"""The log of a case tells what its request and its work must be by now."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from daemon.actions.vocabulary import (
    Action,
    AddOutstanding,
    AmendRequest,
    AssignCsTicket,
    AttachToCsTicket,
    ClearOutstanding,
    CloseCsTicket,
    DescribeCsTicket,
    MoveRequest,
    OpenCsTicket,
    QueueMail,
    ReopenCsTicket,
    SubmitRequest,
)
from daemon.model import RequestState
from daemon.store.stories import Story, Telling
from tests.rules import facts
from tests.store.life import NOON, Life, opening, problems

HOUR = timedelta(hours=1)
ASKED = SubmitRequest(
    form="f", form_id=None, submission_id="1", content_hash="a", title="t", state=RequestState.TRIAGE, submitter_id=None,
    submitter_email=facts.ANN.address, company="c", partner_company="p", answers=(("Notes", "n"),), canonical="{}", forwarded_by_id=None,
    problems=("why",),
)  # fmt: skip
WORK = OpenCsTicket(
    project="p", issue_type="Task", assignee_id=facts.NORA.id, qa_assignee_id=None, parent="", priority="High", summary="s",
    description="d", created_on=date(2026, 11, 23), due_date=date(2026, 11, 27), configuration_date=date(2026, 11, 25),
    qa_due_date=date(2026, 11, 27),
)  # fmt: skip
END = QueueMail(
    template="help", to=facts.ANN.address, contact_id=facts.ANN.id, name="Ann", answer=False, counted=False, quote_subject=True,
    once="help:request:1",
)  # fmt: skip


def told(life: Life, *steps: tuple[Action, ...]) -> Story:
    """The story of a case that waits in triage, is taken in an hour later, and lives through these mails, an hour each."""
    case = life.do(opening(None), ASKED)
    taken = MoveRequest(request_id=1, state=RequestState.IN_CONFIGURATION, submitter_id=facts.ANN.id)
    for hours, actions in enumerate([(taken, WORK), *steps], 1):
        life.do(*actions, case=case, at=NOON + hours * HOUR)
    with life.database.reading():
        return Telling().stories[case]


def test_a_request_is_as_it_was_moved_and_amended_last(life: Life) -> None:
    amended = AmendRequest(
        request_id=1, content_hash="b", title="t2", submitter_email="x@x.example", company="c2", partner_company="p2", answers=(),
        canonical="{}", problems=(),
    )  # fmt: skip
    done = MoveRequest(request_id=1, state=RequestState.COMPLETED)
    (request,) = told(life, (amended,), (done,), (MoveRequest(request_id=1, state=RequestState.REOPENED),), (done,)).requests
    assert (request["state"], request["submitter"], request["title"], request["problems"]) == ("completed", facts.ANN.id, "t2", [])
    assert (request["received_at"], request["accepted_at"], request["completed_at"]) == (NOON, NOON + HOUR, NOON + 3 * HOUR)
    assert problems(life) == []


def test_the_work_is_as_it_was_described_given_and_ended_last(life: Life) -> None:
    nora, owen = facts.NORA.id, facts.OWEN.id
    story = told(
        life,
        (AddOutstanding(ticket_id=1, items=((1, "one"), (2, "two")), by_id=nora),),
        (CloseCsTicket(ticket_id=1, by_id=nora),), (ReopenCsTicket(ticket_id=1, by_id=nora),),
        (AssignCsTicket(ticket_id=1, assignee_id=owen, name="Owen"), DescribeCsTicket(ticket_id=1, description="d2")),
        (ClearOutstanding(ticket_id=1, numbers=(1, 7), by_id=owen), AttachToCsTicket(ticket_id=1)),
    )  # fmt: skip
    (ticket,) = story.tickets
    assert (ticket["assignee"], ticket["closed_at"], ticket["description"]["length"]) == (owen, None, 2)
    assert {number: item["cleared_at"] for number, item in story.items.items()} == {1: NOON + 6 * HOUR, 2: None}
    assert story.files == {"mail:7"}
    assert story.worked == {f"mail:{number}" for number in range(3, 8)}


MISSING = AddOutstanding(ticket_id=1, items=((1, "one"),), by_id=None)
CLOSE, CLEAR = CloseCsTicket(ticket_id=1, by_id=None), ClearOutstanding(ticket_id=1, numbers=(1,), by_id=None)


@pytest.mark.parametrize("steps", [((END,),), ((MISSING,), (CLOSE, END)), ((CLOSE,), (MISSING,), (END,))])
def test_the_end_is_told_too_early_while_the_work_is_open_or_something_missing(life: Life, steps: tuple[tuple[Action, ...], ...]) -> None:
    assert told(life, *steps).early == ["help:request:1"]
    assert any("went out before the work was Done" in problem for problem in problems(life))


def test_the_end_is_told_in_time_once_nothing_is_missing(life: Life) -> None:
    assert told(life, (MISSING,), (CLOSE,), (CLEAR, END)).early == []
    assert not any("went out" in problem for problem in problems(life))
