"""A form comes in: taken in, asked about, edited, repeated, forged."""

from __future__ import annotations

from typing import Any

from daemon.actions.vocabulary import AddComment, AmendRequest, KeepNote, MoveRequest, OpenCase, ReopenCase, SubmitRequest
from daemon.model import Kind, RequestState
from daemon.reasons import Outcome, Reason
from daemon.rules.requests import changes
from tests.rules import facts
from tests.rules.formmails import ROWS
from tests.rules.requestfacts import IVAN, MIA, form_mail, known, of_form, request, taken, ticket

WEST: Any = [(label, "Oasis West" if label == "New Channel Partner" else value) for label, value in ROWS]


def test_believed_and_clear_it_is_one_decision() -> None:
    made = taken(form_mail(), known())
    assert (made.kind, made.outcome, made.reason, made.contact_id) == (Kind.FORM, Outcome.ACTED, Reason.FORM_ACCEPTED, MIA.id)
    assert sorted(facts.mails(made)) == [
        ("New Channel Req 1", MIA.address), ("cs-assigned", IVAN.address), ("mention", facts.OWEN.address),
    ]  # fmt: skip
    (submitted,) = facts.of_type(made, SubmitRequest)
    assert submitted.state == RequestState.IN_CONFIGURATION


def test_archived_it_mails_nobody() -> None:
    assert facts.mails(taken(form_mail(), known(), archive=True)) == []


def test_in_doubt_the_triage_queue_is_asked_and_the_customer_hears_nothing() -> None:
    made = taken(form_mail(fields=""), known())
    assert made.reason is Reason.FORM_NEEDS_PERSON
    assert facts.mails(made) == [("triage", facts.OWEN.address)]
    (opened,) = facts.of_type(made, OpenCase)
    assert (opened.type, opened.contact_id, opened.organization_id, opened.queue_id) == ("triage", None, None, facts.TRIAGE.id)
    assert made.contact_id is None


def test_a_forged_one_is_set_apart() -> None:
    made = taken(form_mail(fields="Authentication-Results: mx.support.example; dmarc=fail header.from=jotform.com\n"), known())
    assert (made.outcome, made.reason, made.actions) == (Outcome.QUARANTINED, Reason.FORM_FORGED, ())


def test_the_same_again_does_nothing_in_any_state() -> None:
    for state in RequestState:
        made = taken(form_mail(), known(existing=request(state)), cases=(of_form(request(state)),))
        assert (made.outcome, made.reason, made.actions) == (Outcome.IGNORED, Reason.FORM_REPEATED, ())
        assert made.match is not None
        assert made.contact_id == MIA.id


def test_an_edit_changes_request_and_work_and_tells_who_does_it() -> None:
    about = of_form(work=ticket())
    made = taken(form_mail(WEST), known(existing=request()), cases=(about,))
    assert (made.reason, facts.mails(made)) == (Reason.FORM_EDITED, [("cs-changed", IVAN.address)])
    (comment,) = facts.of_type(made, AddComment)
    assert not comment.public
    assert "New Channel Partner: Oasis Roofs -> Oasis West" in comment.text


def test_an_edit_that_nothing_proves_is_only_noted() -> None:
    made = taken(form_mail(WEST, fields=""), known(existing=request()), cases=(of_form(work=ticket()),))
    assert made.reason is Reason.FORM_NOT_VERIFIED
    assert facts.of_type(made, AmendRequest) == []
    assert len(facts.of_type(made, KeepNote)) == 1


def test_an_edit_of_what_waits_is_asked_again_and_of_what_was_declined_waits_again() -> None:
    waits = taken(form_mail(WEST), known(existing=request("triage")), cases=(of_form(request("triage")),))
    assert facts.mails(waits) == [("triage", facts.OWEN.address)]
    assert facts.of_type(waits, MoveRequest) == []
    declined = taken(form_mail(WEST), known(existing=request("rejected")), cases=(of_form(request("rejected"), open=False),))
    assert [move.state for move in facts.of_type(declined, MoveRequest)] == [RequestState.TRIAGE]
    assert len(facts.of_type(declined, ReopenCase)) == 1
    unproven = taken(form_mail(WEST, fields=""), known(existing=request("rejected")), cases=(of_form(request("rejected"), open=False),))
    assert unproven.reason is Reason.FORM_REPEATED


def test_what_an_edit_changes_is_in_the_new_order_with_what_is_gone_last() -> None:
    assert changes((("A", "1"), ("B", "2"), ("C", "3")), (("C", "4"), ("A", "1"))) == (("C", "3", "4"), ("B", "2", ""))


def test_the_owner_of_a_changed_form_hears_once() -> None:
    made = taken(form_mail([*ROWS, ("Colour", "green")]), known())
    (letter,) = [one for one in made.actions if getattr(one, "template", "") == "form-changed"]
    again = taken(form_mail([*ROWS, ("Colour", "red")]), known(told=frozenset({letter.once})))
    assert "form-changed" not in dict(facts.mails(again))
