"""What is known of requests and CS tickets: the same submission, whose turn it is, what is outstanding."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from daemon.actions.vocabulary import AddOutstanding, ClearOutstanding, OpenCsTicket, SubmitRequest
from daemon.model import FormNames, RequestState
from daemon.store.requests import case_of_submission, cases_of_tickets, cs_tickets_of, form_facts, managers_of, requests_of
from daemon.store.schema import ContactRole, Organization
from daemon.store.statements import insert
from tests.rules import facts
from tests.store.life import Life

DAY = date(2026, 11, 25)
CONTENT = "a" * 64


def submitted(life: Life, submission: str | None = "61", content: str = CONTENT, **changes: Any) -> int:
    """The case of a request."""
    case = life.opened()
    values: dict[str, Any] = {
        "form": "new-channel-partner", "form_id": None, "submission_id": submission, "content_hash": content, "title": "T",
        "state": RequestState.IN_CONFIGURATION, "submitter_id": facts.ANN.id, "submitter_email": facts.ANN.address, "company": "Acme Homes",
        "partner_company": "HW Solar", "answers": (("Notes", "one\ntwo"),), "canonical": '{"notes": "one"}', "forwarded_by_id": None,
        "problems": (),
    }  # fmt: skip
    life.do(SubmitRequest(**values | changes), case=case)
    return case


def work(life: Life, case: int, assignee_id: int | None) -> None:
    life.do(
        OpenCsTicket(
            project="P", issue_type="Task", assignee_id=assignee_id, qa_assignee_id=None, parent="", priority="High", summary="S",
            description="D", created_on=DAY, due_date=DAY, configuration_date=DAY, qa_due_date=DAY,
        ),
        case=case,
    )  # fmt: skip


def names(submission: str | None, content: str = CONTENT) -> FormNames:
    return FormNames(
        form="new-channel-partner", submission_id=submission, content_hash=content, company="acme homes", email=facts.ANN.address
    )


@pytest.mark.parametrize(
    ("kept", "asked", "same"),
    [("61", names("61", "b" * 64), True), ("61", names("62"), False), (None, names(None), True), (None, names(None, "b" * 64), False),
     ("61", names(None), True), (None, names("61"), True)],
)  # fmt: skip
def test_the_same_submission_is_found_by_its_number_else_by_its_content(life: Life, kept: str | None, asked: FormNames, same: bool) -> None:
    case = submitted(life, kept)
    with life.database.reading():
        assert case_of_submission(asked) == (case if same else None)


def test_a_request_is_read_as_it_was_written(life: Life) -> None:
    case = submitted(life, forwarded_by_id=facts.OWEN.id, problems=("p",))
    with life.database.reading():
        found = requests_of([case])[case]
    assert (found.submitter, found.answers, found.canonical, found.problems) == (
        found.submitter, (("Notes", "one\ntwo"),), {"notes": "one"}, ("p",),
    )  # fmt: skip
    assert found.submitter is not None
    assert found.forwarder is not None
    assert (found.submitter.handle, found.forwarder.handle, found.completed) == ("ann", "owen", False)


def test_a_ticket_knows_what_is_outstanding_on_it(life: Life) -> None:
    case = submitted(life)
    work(life, case, facts.NORA.id)
    life.do(AddOutstanding(ticket_id=1, items=((1, "Logo"), (2, "Code")), by_id=None), case=case)
    life.do(ClearOutstanding(ticket_id=1, numbers=(1,), by_id=None), case=case)
    with life.database.reading():
        ticket = cs_tickets_of([case])[case]
        assert cases_of_tickets([1, 99, 2**40]) == {1: case}
    assert [(item.number, item.open) for item in ticket.outstanding] == [(1, False), (2, True)]
    assert ticket.assignee is not None
    assert ticket.assignee.handle == "nora"


def test_the_turn_is_of_whoever_had_none_then_of_whoever_waits_the_longest(life: Life) -> None:
    with life.database.transaction():
        insert(
            ContactRole, [{"contact": one.id, "role": "configuration_assignee"} for one in (facts.NORA, facts.OWEN, facts.PAT)], ids=False
        )

    def turns(staff: tuple[str, ...] = ()) -> list[str]:
        with life.database.reading():
            return [person.handle for person in form_facts(None, staff, ()).assignees]

    assert turns() == ["nora", "owen"]
    work(life, submitted(life), facts.NORA.id)
    assert turns() == ["owen", "nora"]
    assert turns(("quiet",)) == ["owen", "quiet", "nora"]
    work(life, submitted(life, "62"), facts.OWEN.id)
    assert turns() == ["nora", "owen"]


def test_the_form_s_company_and_customer_are_found_with_the_account_manager(life: Life) -> None:
    with life.database.transaction():
        Organization.update(account_manager_id=facts.OWEN.id).where(Organization.id == 3).execute()
    with life.database.reading():
        found = form_facts(names("61"), ("nora", "gone"), ())
        assert managers_of([3, 4]).keys() == {3}
    assert found.organization is not None
    assert found.submitter is not None
    assert (found.organization.name, found.submitter.handle, list(found.people)) == ("Acme Homes", "ann", ["nora"])
    assert found.managers[3].handle == "owen"
