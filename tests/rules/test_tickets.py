"""A subject that asks for access, from somebody registered and from somebody who isn't."""

from __future__ import annotations

import pytest

from daemon.actions.vocabulary import OpenCase, StartClock
from daemon.rules.decide import decide
from tests.rules.facts import ANN, RULEBOOK, STRANGER, mails, of_type, reading, situation


@pytest.mark.parametrize("subject", ["I need access", "Login for the reseller site", "Lost my password", "sign in does not work"])
def test_somebody_unregistered_who_asks_for_access_is_told_that_none_is_needed(subject: str) -> None:
    decision = decide(reading(STRANGER, subject=subject), situation(None))
    assert of_type(decision, OpenCase)[0].type == "access_request"
    assert mails(decision)[0] == ("access-request", STRANGER)


@pytest.mark.parametrize("subject", ["Accessories for the roof", "No data"])
def test_other_subjects_are_plain_tickets(subject: str) -> None:
    assert of_type(decide(reading(STRANGER, subject=subject), situation(None)), OpenCase)[0].type == "support"


def test_a_registered_customer_has_no_access_request() -> None:
    assert of_type(decide(reading(ANN.address, subject="I need access"), situation()), OpenCase)[0].type != "access_request"


def test_a_ticket_about_a_partners_system_starts_the_promise_to_acknowledge() -> None:
    decision = decide(reading(), situation(), None, RULEBOOK)
    assert [start.kind for start in of_type(decision, StartClock)] == ["acknowledge"]
