"""The work on a CS ticket: its verbs, and the gate before the customer hears that all is done."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.actions.vocabulary import (
    AddOutstanding,
    AssignCsTicket,
    ClearOutstanding,
    CloseCase,
    CloseCsTicket,
    MoveRequest,
    QueueMail,
    ReopenCsTicket,
)
from daemon.model import AddrSpec, Decision, RequestState
from daemon.rules.cstickets import customer_of, values_of
from tests.rules import facts
from tests.rules.requestfacts import CHERISH, IVAN, MIA, of_form, request, ticket, worked

LOGO, CODE = (1, "Logo", True), (2, "Lender code", True)


def codes(made: Decision) -> list[str]:
    return [code for code, _ in made.heard.errors] if made.heard is not None else []


def states(made: Decision) -> list[str]:
    return [move.state for move in facts.of_type(made, MoveRequest)]


def templates(made: Decision) -> list[str]:
    return [template for template, _ in facts.mails(made)]


@pytest.mark.parametrize("words", ["#done", "Done - thanks", "configuration complete"])
def test_done_with_nothing_outstanding_tells_the_customer_once(words: str) -> None:
    made = worked(words, of_form(work=ticket()))
    assert facts.mails(made) == [("cs-done-confirmation", IVAN.address), ("New Channel Req 2", MIA.address)]
    assert states(made) == [RequestState.COMPLETED]
    (last,) = [one for one in facts.of_type(made, QueueMail) if one.template == "New Channel Req 2"]
    assert (last.once, last.about_ticket) == ("New Channel Req 2:request:1", False)


def test_done_with_something_outstanding_tells_the_house() -> None:
    made = worked("#done", of_form(work=ticket(LOGO)))
    heard = {facts.NORA.address, facts.OWEN.address}
    assert set(facts.mails(made)) == {("cs-done-but-outstanding", IVAN.address), *(("cs-outstanding-notice", one) for one in heard)}
    assert states(made) == [RequestState.DONE_WITH_OUTSTANDING]


def test_the_last_item_cleared_completes_what_is_done() -> None:
    about = of_form(request(RequestState.DONE_WITH_OUTSTANDING), ticket(LOGO, CODE, open=False))
    assert states(worked("#cleared 1", about)) == []
    made = worked("#cleared 1, 2", about)
    assert states(made) == [RequestState.COMPLETED]
    assert "New Channel Req 2" in templates(made)
    assert templates(worked("#cleared all", about)) == templates(made)


def test_completed_before_the_customer_is_not_told_again() -> None:
    made = worked("#done", of_form(request(RequestState.REOPENED, completed=True), ticket()))
    assert templates(made) == ["cs-done-confirmation"]
    assert states(made) == [RequestState.COMPLETED]


def test_items_are_numbered_on_and_cleared_by_their_numbers() -> None:
    made = worked("#outstanding\nPrice list\nPhone", of_form(work=ticket(LOGO, (2, "Lender code", False))))
    (added,) = facts.of_type(made, AddOutstanding)
    assert added.items == ((3, "Price list"), (4, "Phone"))
    (cleared,) = facts.of_type(worked("#cleared 1", of_form(work=ticket(LOGO, CODE))), ClearOutstanding)
    assert cleared.numbers == (1,)


@pytest.mark.parametrize(
    ("words", "work", "code"),
    [
        ("#cleared 7", ticket(LOGO), "E-ARG-MISSING:item"),
        ("#cleared all", ticket(), "E-ARG-MISSING:nothing-outstanding"),
        ("#done", ticket(open=False), "E-STATE:already-done"),
        ("#done if the logo is there", ticket(), "E-CONDITIONAL"),
        ("#done\n#outstanding Logo", ticket(), "E-CONFLICT"),
        ("#assign owen", ticket(), "E-NOT-ALLOWED"),
        ("#reopen", ticket(open=False), "E-NOT-ALLOWED"),
        ("#undo", ticket(), "E-NOT-ALLOWED"),
    ],
)
def test_what_is_refused(words: str, work: Any, code: str) -> None:
    made = worked(words, of_form(work=work))
    assert [found.partition(":")[0] if ":" not in code else found for found in codes(made)] == [code]
    assert templates(made) == ["error"]


def test_the_house_reopens_and_the_assignee_gets_it_back() -> None:
    made = worked("#reopen Look again", of_form(request(RequestState.COMPLETED, completed=True), ticket(open=False)), facts.NORA)
    assert len(facts.of_type(made, ReopenCsTicket)) == 1
    assert states(made) == [RequestState.REOPENED]
    assert ("cs-assigned", IVAN.address) in facts.mails(made)
    before = worked("#reopen", of_form(request(RequestState.DONE_WITH_OUTSTANDING), ticket(LOGO, open=False)), facts.NORA)
    assert states(before) == [RequestState.IN_CONFIGURATION]


def test_work_is_given_to_people_of_the_house_only() -> None:
    about = of_form(work=ticket())
    (given,) = facts.of_type(worked("#assign me", about, facts.NORA), AssignCsTicket)
    assert given.assignee_id == facts.NORA.id
    assert codes(worked("#assign back-office", about, facts.NORA)) == ["E-UNKNOWN-PERSON"]


def test_the_case_closes_with_the_work_only_where_the_form_says_so() -> None:
    made = worked("#done", of_form(work=ticket()))
    assert facts.of_type(made, CloseCase) == []
    assert len(facts.of_type(made, CloseCsTicket)) == 1


def test_the_customer_is_answered_where_the_form_says() -> None:
    assert customer_of(of_form(request(submitter_email="mia.sand@dunes.example"))) == ((AddrSpec("mia.sand@dunes.example"), MIA.id, "Mia"),)
    assert customer_of(of_form(request(submitter=None)))[0][0] == MIA.address


def test_the_mails_name_what_is_open_only() -> None:
    told = values_of(ticket(LOGO, (2, "Lender code", False)))
    assert told["outstanding"] == [{"number": 1, "text": "Logo"}]
    assert told["ticket_number"] == "CS-7"


def test_who_checks_may_say_that_it_is_done() -> None:
    made = worked("#done", of_form(work=ticket()), CHERISH)
    assert facts.of_type(made, CloseCsTicket)[0].by_id == CHERISH.id
