"""Level one by itself: what a customer and a stranger get for a first mail, and for what they say to it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.actions.vocabulary import CloseCase, NameAccount, OpenCase, PostFeed, QueueMail, RecordSupport
from daemon.model import PRIORITY_OPTIONS, CallerFacts, Decision, SupportFacts
from daemon.rules.decide import decide
from daemon.rules.levelone import MOST_THANKS, NOBODY_KNOWN, UNVERIFIED, only_thanks
from tests.rules import facts
from tests.rules.facts import ANN, STRANGER, mails, of_type
from tests.rules.levelfacts import ACME, BOOK, KEY, NOBODY, SEVERAL, asks

NEEDS_A_KEY = "How do I request a license key?\n"


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("Thanks!", True),
        ("Thank you very much, Nora", True),
        ("Merci", True),
        ("Thanks, but it is still broken", False),
        ("Great. And where is the key?", False),
        ("No.", False),
        ("", False),
        (f"Thanks {'a' * MOST_THANKS}", False),
    ],
)
def test_thanks_alone_ask_for_nothing(text: str, only: bool) -> None:
    assert only_thanks(text) is only


# --- a new ticket --------------------------------------------------------------------------------------------------


def test_a_customer_without_a_plan_gets_the_faq_of_their_issue() -> None:
    made = asks(NEEDS_A_KEY)
    assert mails(made) == [(KEY, ANN.address)]
    (record,) = of_type(made, RecordSupport)
    assert (record.plan_state, record.issue_class, record.action, record.target) == ("none", "license_key", "send_template", KEY)
    assert dict(record.facts)["account"] == "Acme Homes by order number 9001"
    (opened,) = of_type(made, OpenCase)
    assert (opened.organization_id, opened.contact_id, opened.flags) == (3, ANN.id, ())


def test_a_stranger_of_whom_nothing_is_known_is_asked_who_they_are() -> None:
    made = asks(NEEDS_A_KEY, None, NOBODY)
    assert mails(made) == [("identify-account", STRANGER)]
    assert of_type(made, OpenCase)[0].organization_id is None


def test_a_stranger_who_names_an_account_is_shown_to_level_one_and_hears_nothing_of_it() -> None:
    made = asks(NEEDS_A_KEY, None, ACME)
    (opened,) = of_type(made, OpenCase)
    assert (opened.organization_id, opened.contact_id, opened.flags) == (3, None, (UNVERIFIED,))
    letters = of_type(made, QueueMail)
    assert [(letter.template, letter.to) for letter in letters] == [
        ("case-received", STRANGER), *(("verify-sender", one.address) for one in facts.LEVEL_ONE.members),
    ]  # fmt: skip
    assert letters[0].values == ()
    told = dict(letters[1].values)
    assert told["matched"] == ["order number 9001"]
    assert told["contact_block"].splitlines()[-2:] == ["Company: Acme Homes", f"Email: {STRANGER}"]


def test_where_several_accounts_fit_nobody_is_named() -> None:
    made = asks(NEEDS_A_KEY, None, SEVERAL)
    assert [template for template, to in mails(made) if to == STRANGER] == ["identify-account"]
    assert "Acme" not in repr([letter for letter in of_type(made, QueueMail) if letter.to == STRANGER])


@pytest.mark.parametrize("changes", [{"archive": True}, {"caller": None}])
def test_what_is_not_asked_is_for_a_person(changes: dict[str, Any]) -> None:
    assert of_type(asks(NEEDS_A_KEY, **changes), RecordSupport) == []


# --- a further mail ------------------------------------------------------------------------------------------------


def answered(text: str, *, plan: str = "none", **changes: Any) -> Decision:
    """What Ann says to a FAQ, which told her that she has no plan."""
    support = SupportFacts(plan_state=plan, issue_class="license_key", rule=29, action="send_template", target=KEY)
    nobodys: dict[str, Any] = {"type": "support", "support": support, "partner_id": None, "partner": None, "partner_agents": ()}
    return decide(facts.reading(ANN.address, text), facts.on_case(ANN, facts.case(**nobodys | changes), caller=ACME), None, BOOK)


def test_who_insists_gets_the_options_that_can_be_bought() -> None:
    made = answered("That does not help, I still need somebody.")
    assert mails(made) == [(PRIORITY_OPTIONS, ANN.address)]
    (letter,) = of_type(made, QueueMail)
    assert letter.once is not None
    assert dict(letter.values)["no_plan"] is True
    assert of_type(made, RecordSupport)[0].target == PRIORITY_OPTIONS
    assert [post.kind for post in of_type(made, PostFeed)] == ["persists"]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("Thank you!", {}),
        ("I still need somebody.", {"once": frozenset({PRIORITY_OPTIONS})}),
        ("I still need somebody.", {"plan": "ordered"}),
        ("I still need somebody.", {"owner": facts.OWEN}),
    ],
)
def test_thanks_a_second_time_a_plan_and_a_person_at_work_are_a_comment_like_any_other(text: str, changes: dict[str, Any]) -> None:
    made = answered(text, **changes)
    assert of_type(made, RecordSupport) == []
    assert PRIORITY_OPTIONS not in [template for template, _ in mails(made)]


def identified(text: str, caller: CallerFacts) -> Decision:
    """What a stranger says who was asked who they are."""
    support = SupportFacts(plan_state="n/a", issue_class="license_key", rule=2, action="ask_identify", target="identify-account")
    case = facts.strangers_case(type="support", support=support, organization_id=None, organization=None)
    return decide(facts.reading(STRANGER, text), facts.on_case(None, case, caller=caller), None, BOOK)


def test_who_is_not_known_by_their_answer_either_is_turned_away() -> None:
    made = identified("I am Kim.", NOBODY)
    assert mails(made) == [("purchaser-must-contact", STRANGER)]
    assert [closed.text for closed in of_type(made, CloseCase)] == [NOBODY_KNOWN]


def test_who_names_an_account_in_their_answer_waits_for_level_one() -> None:
    made = identified("Order 9001", ACME)
    assert [(named.organization_id, named.flag) for named in of_type(made, NameAccount)] == [(3, UNVERIFIED)]
    assert {template for template, _ in mails(made)} == {"case-received", "verify-sender"}
    assert of_type(made, CloseCase) == []
