"""A subject that asks for access, from somebody registered and from somebody who isn't."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.actions.vocabulary import OpenCase, RegisterContact, StartClock
from daemon.rules.decide import decide
from tests.rules.facts import ACME, ANN, POLICY, RULEBOOK, STRANGER, mails, of_type, reading, situation


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


def test_a_domain_of_our_own_makes_nobody_a_customer_whoever_lists_it() -> None:
    new = "new@acme.example"
    assert of_type(decide(reading(new), situation(None, sender_organization=ACME)), RegisterContact) != []
    ours = replace(POLICY, own_domains=frozenset({"acme.example"}))
    decision = decide(reading(new), situation(None, sender_organization=ACME, policy=ours))
    assert of_type(decision, RegisterContact) == []
    assert of_type(decision, OpenCase)[0].organization_id is None
