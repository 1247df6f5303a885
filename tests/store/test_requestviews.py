"""What is shown of a request, its question and its tickets."""

from __future__ import annotations

from daemon.actions.vocabulary import AddOutstanding, CloseCsTicket, MoveRequest
from daemon.model import RequestState
from daemon.store.requestviews import cs_tickets_view, request_view, waiting_question
from tests.rules import facts
from tests.store.life import NOON, Life
from tests.store.test_requests import DAY, submitted, work


def test_a_request_is_shown_with_people_by_their_handles(life: Life) -> None:
    case = submitted(life, forwarded_by_id=facts.OWEN.id)
    with life.database.reading():
        assert request_view(case) == {
            "form": "new-channel-partner", "form_id": None, "submission_id": "61", "state": "in_configuration", "company": "Acme Homes",
            "partner_company": "HW Solar", "submitter": "ann", "submitter_email": facts.ANN.address, "forwarded_by": "owen",
        }  # fmt: skip
        assert request_view(case + 1) is None


def test_a_request_in_triage_is_a_question_to_the_queue(life: Life) -> None:
    case = submitted(life, state=RequestState.TRIAGE)
    with life.database.reading():
        assert waiting_question(case) == {"kind": "triage", "asked": "level-one", "expires_at": None}
    life.do(MoveRequest(request_id=1, state=RequestState.REJECTED), case=case)
    with life.database.reading():
        assert waiting_question(case) is None


def test_a_ticket_is_shown_whole(life: Life) -> None:
    case = submitted(life)
    work(life, case, facts.NORA.id)
    life.do(AddOutstanding(ticket_id=1, items=((1, "Logo"),), by_id=None), case=case)
    life.do(CloseCsTicket(ticket_id=1, by_id=facts.NORA.id), case=case)
    with life.database.reading():
        (ticket,) = cs_tickets_view(case)
    assert ticket == {
        "number": "CS-1", "project": "P", "issue_type": "Task", "assignee": "nora", "qa_assignee": None, "parent": "", "priority": "High",
        "summary": "S", "description": "D", "due_date": DAY, "configuration_date": DAY, "qa_due_date": DAY, "status": "Done",
        "closed_at": NOON, "closed_by": "nora", "outstanding": [{"number": 1, "text": "Logo", "cleared_at": None}], "attachments": [],
    }  # fmt: skip
