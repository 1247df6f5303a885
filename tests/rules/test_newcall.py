"""`#call`: what a note about a caller makes, by what its lines say, and when it is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.actions.vocabulary import CloseCase, OpenCase, QueueMail, RecordSupport
from daemon.model import PRIORITY_OPTIONS, CallerFacts, Decision
from daemon.rules.decide import decide
from daemon.rules.newcall import SUBJECT
from tests.rules import facts
from tests.rules.facts import ANN, NORA, mails, of_type
from tests.rules.levelfacts import ACME, BOOK, KEY, NOBODY, SEVERAL

OLD = "FAQ-Support for versions 5x and older."


def noted(*lines: str, caller: CallerFacts | None = ACME, **changes: Any) -> Decision:
    """Nora's note after a call."""
    text = "\n".join(("#call", "Order: 9001", *lines))
    known = facts.situation(NORA, **{"caller": caller, "systems": ()} | changes)
    return decide(facts.reading(NORA.address, text, subject="A call"), known, None, BOOK)


def test_a_note_is_a_case_of_the_account_whose_contact_gets_the_answer() -> None:
    made = noted("Issue: license key", "Wants a second one.")
    (opened,) = of_type(made, OpenCase)
    assert (opened.origin, opened.organization_id, opened.contact_id, opened.contact_address) == ("phone", 3, ANN.id, ANN.address)
    assert (opened.subject, opened.owner_id, opened.queue_id) == ("license key", NORA.id, None)
    assert "Wants a second one." in opened.description
    assert of_type(made, RecordSupport)[0].target == KEY
    assert mails(made) == [("confirmation", NORA.address), (KEY, ANN.address)]
    (answer,) = [letter for letter in of_type(made, QueueMail) if letter.to == ANN.address]
    assert not answer.answer  # they called, and wrote no mail that this could answer


def test_what_it_is_about_may_be_said_in_the_note_alone() -> None:
    made = noted("They need a new license key.")
    assert of_type(made, OpenCase)[0].subject == SUBJECT
    assert of_type(made, RecordSupport)[0].issue_class == "license_key"


def test_the_version_of_the_note_goes_before_that_of_the_order() -> None:
    assert of_type(noted("Issue: license key", "Version: 5.5"), RecordSupport)[0].target == OLD


@pytest.mark.parametrize(("word", "insists"), [("yes", True), ("Y.", True), ("TRUE!", True), ("no", False), ("", False)])
def test_whether_they_insist_is_what_the_note_says(word: str, insists: bool) -> None:
    assert of_type(noted("Issue: license key", f"Persists: {word}"), RecordSupport)[0].target == (PRIORITY_OPTIONS if insists else KEY)


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (NOBODY, "E-NO-ACCOUNT"),
        (SEVERAL, "E-NO-ACCOUNT:several"),
        (replace(ACME, contact=None), "E-UNKNOWN-PERSON"),
        (None, "E-STATE:unanswered"),
    ],
)
def test_a_call_of_nobody_who_can_be_answered_is_refused_and_makes_nothing(caller: CallerFacts | None, code: str) -> None:
    made = noted("Issue: license key", caller=caller)
    assert made.heard is not None
    assert [found for found, _ in made.heard.errors] == [code]
    assert [type(action) for action in made.actions] == [QueueMail]
    assert mails(made) == [("error", NORA.address)]


def test_a_complaint_by_telephone_is_passed_on_and_closed() -> None:
    made = noted("Issue: complaint", "They are very unhappy with us.")
    assert [closed.by_id for closed in of_type(made, CloseCase)] == [NORA.id]
    assert "compliment-forward" in [template for template, _ in mails(made)]
