"""Where `confirm_close` is on, whoever closes a case is asked first, and only their yes closes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.world import Out, World, mail

MONDAY = datetime(2025, 11, 24, 15, 0, tzinfo=UTC)
ASKED = ("bob", "question-close")


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


@pytest.fixture
def careful(world: World) -> World:
    """A world where closing is asked about, and where it is the Monday before Thanksgiving."""
    world.clock = MONDAY
    switch_on(world)
    return world


def switch_on(world: World, **trust: str | None) -> None:
    """Ask before a case is closed."""
    world.configure(confirm_close=True, **trust)


def opened(world: World) -> tuple[Out, Out]:
    """Ann's case, which Bob is to solve: what she and he got."""
    received, assigned = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    return received, assigned


def asked(world: World, assigned: Out, body: str = "#close Replaced the gateway.") -> Out:
    """Bob wants to close the case and is asked."""
    (question,) = world.talk(mail("bob", body, answers=assigned), ASKED)
    return question


def test_a_closing_is_asked_about_and_the_yes_closes_with_the_words_of_then_at_the_time_of_now(careful: World) -> None:
    world = careful
    _, assigned = opened(world)
    question = asked(world, assigned)
    said = words(question.text)
    assert "Is CASE-1001 to be closed? It is still open." in said
    assert "Replaced the gateway." in said
    # Monday plus five business days, Thanksgiving not counted
    assert "Without an answer by Tuesday 2 December 2025, 17:00 (America/New_York), it stays open." in said
    assert "Done already" not in said
    assert "#confirm" in question.html
    assert "#decline" in question.html
    case = world.case(1001)
    assert (case["state"], case["acknowledged"], case["resolution"]) == ("Open", False, None)
    assert case["question"] == {"kind": "close", "asked": "bob", "expires_at": datetime(2025, 12, 2, 22, 0, tzinfo=UTC)}
    assert 'Bob Miller was asked whether to close the case: "Replaced the gateway."' in [item["body"] for item in case["feed"]]
    assert case["comments"] == []
    world.assert_good_books()
    world.later(hours=2)
    done, _ = world.talk(mail("bob", "#confirm", answers=question), ("bob", "confirmation"), ("ann", "case-closed"))
    assert 'closed: "Replaced the gateway."' in words(done.text)
    case = world.case(1001)
    assert (case["state"], case["resolution"], case["closed_by"]) == ("Closed", "Replaced the gateway.", "bob")
    assert case["closed_at"] == case["acknowledged_at"] == MONDAY + timedelta(hours=2)
    assert [clock["met_at"] for clock in case["clocks"]] == [MONDAY + timedelta(hours=2)]
    assert case["question"] is None
    # as any closing it can be taken back
    world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"), ("ann", "case-undone"))
    assert world.case(1001)["state"] == "Open"
    world.assert_good_books()


@on_sqlite
def test_a_phrase_that_closes_is_asked_about_and_a_plain_yes_is_an_answer(careful: World) -> None:
    _, assigned = opened(careful)
    careful.talk(mail("bob", "Acknowledged", answers=assigned), ("bob", "confirmation"))
    question = asked(careful, assigned, "Closed")
    assert "It would be closed without any words of yours." in words(question.text)
    assert careful.case(1001)["state"] == "Open"
    careful.talk(mail("bob", "Yes, please!", answers=question), ("bob", "confirmation"), ("ann", "case-closed"))
    case = careful.case(1001)
    assert (case["state"], case["resolution"]) == ("Closed", "(closed by e-mail without text)")
    careful.assert_good_books()


@on_sqlite
def test_what_else_the_mail_says_is_done_and_told_in_the_same_mail(careful: World) -> None:
    _, assigned = opened(careful)
    body = "The lamp is green again.\n#plan 2025-12-01 Replace the gateway\n#internal It was the fuse.\n#close Replaced it.\n"
    question, _ = careful.talk(mail("bob", body, answers=assigned), ASKED, ("ann", "case-comment"))
    said = words(question.text)
    for line in ("acknowledged (you had not yet done so)", 'planned resolution: "Replace the gateway"', "note added", "Replaced it."):
        assert line in said
    case = careful.case(1001)
    assert (case["state"], case["acknowledged"], case["planned_resolution"]) == ("Open", True, "Replace the gateway")
    assert [comment["body"] for comment in case["comments"]] == ["It was the fuse.", "The lamp is green again."]
    careful.talk(mail("bob", "#confirm", answers=question), ("bob", "confirmation"), ("ann", "case-closed"))
    assert careful.case(1001)["closed_on_planned_date"] is True
    careful.assert_good_books()


@on_sqlite
def test_a_no_changes_nothing_and_says_so(careful: World) -> None:
    _, assigned = opened(careful)
    question = asked(careful, assigned)
    before = careful.case(1001)
    (done,) = careful.talk(mail("bob", "No, thanks.", answers=question), ("bob", "confirmation"))
    assert "declined: the case stays open" in done.text
    case = careful.case(1001)
    assert {key: case[key] for key in ("state", "acknowledged", "clocks", "comments", "last_update")} == {
        key: before[key] for key in ("state", "acknowledged", "clocks", "comments", "last_update")
    }
    assert case["question"] is None
    (told,) = careful.talk(mail("bob", "#confirm", answers=question), ("bob", "error"))
    assert "no question of ours waits" in told.text
    assert careful.case(1001)["state"] == "Open"
    careful.assert_good_books()


@on_sqlite
def test_the_customer_and_the_house_are_asked_too(careful: World) -> None:
    received, _ = opened(careful)
    (question,) = careful.talk(mail("ann", "#close It works again.", answers=received), ("ann", "question-close"))
    careful.talk(mail("ann", "yes", answers=question), ("ann", "confirmation"), ("bob", "case-closed"))
    assert careful.case(1001)["resolution"] == "Confirmed by customer: It works again."
    careful.talk(mail("ann", "#reopen Dark again.", answers=received), ("ann", "case-received-again"), ("bob", "case-reopened"))
    (question,) = careful.talk(mail("cara", "#close Solved by phone.", subject="[CASE-1001]"), ("cara", "question-close"))
    careful.talk(mail("cara", "#confirm", answers=question), ("cara", "confirmation"), ("ann", "case-closed"), ("bob", "case-closed"))
    assert careful.case(1001)["closed_by"] == "cara"
    careful.assert_good_books()


@on_sqlite
def test_a_second_closing_takes_the_place_of_the_first(careful: World) -> None:
    _, assigned = opened(careful)
    first = asked(careful, assigned, "#close Replaced the gatway.")
    second = asked(careful, first, "#close Replaced the gateway.")
    (told,) = careful.talk(mail("bob", "#confirm", answers=first), ("bob", "error"))
    assert "no question of ours waits" in told.text
    careful.talk(mail("bob", "yes", answers=second), ("bob", "confirmation"), ("ann", "case-closed"))
    assert careful.case(1001)["resolution"] == "Replaced the gateway."
    careful.later(days=20)
    careful.run()
    careful.expect()
    careful.assert_good_books()


@on_sqlite
def test_a_yes_to_a_case_that_somebody_else_closed_is_told_so_and_the_question_ends(careful: World) -> None:
    received, assigned = opened(careful)
    question = asked(careful, assigned)
    (hers,) = careful.talk(mail("ann", "#close It works again.", answers=received), ("ann", "question-close"))
    careful.talk(mail("ann", "#confirm", answers=hers), ("ann", "confirmation"), ("bob", "case-closed"))
    assert careful.case(1001)["question"]["asked"] == "bob"
    (told,) = careful.talk(mail("bob", "Yes", answers=question), ("bob", "error"))
    assert "The case is closed already" in told.text
    case = careful.case(1001)
    assert (case["closed_by"], case["question"]) == ("ann", None)
    # and once it is open again, the old yes is of another life
    careful.talk(mail("ann", "#reopen", answers=received), ("ann", "case-received-again"), ("bob", "case-reopened"))
    careful.talk(mail("bob", "#confirm", answers=question), ("bob", "error"))
    assert careful.case(1001)["state"] == "Open"
    careful.assert_good_books()


@on_sqlite
def test_a_question_from_before_the_case_was_opened_again_closes_nothing(careful: World) -> None:
    received, assigned = opened(careful)
    question = asked(careful, assigned)
    (hers,) = careful.talk(mail("ann", "#close", answers=received), ("ann", "question-close"))
    careful.talk(mail("ann", "#confirm", answers=hers), ("ann", "confirmation"), ("bob", "case-closed"))
    careful.talk(mail("ann", "#reopen", answers=received), ("ann", "case-received-again"), ("bob", "case-reopened"))
    (told,) = careful.talk(mail("bob", "#confirm", answers=question), ("bob", "error"))
    assert "no question of ours waits" in told.text
    assert (careful.case(1001)["state"], careful.case(1001)["question"]) == ("Open", None)
    careful.assert_good_books()


def test_without_an_answer_it_stays_open_and_says_so_once(careful: World) -> None:
    _, assigned = opened(careful)
    careful.talk(mail("bob", "#plan 2026-01-15 Replace the gateway", answers=assigned), ("bob", "confirmation"))
    question = asked(careful, assigned)
    at_last = datetime(2025, 12, 2, 22, 0, tzinfo=UTC)
    careful.clock = at_last
    careful.run()
    careful.expect()
    careful.clock = at_last + timedelta(seconds=1)
    careful.run()
    (expired,) = careful.expect(("bob", "question-expired"))
    assert (
        'We asked you whether CASE-1001 is to be closed with the words "Replaced the gateway.". Nobody answered in time, so it stays open.'
        in words(expired.text)
    )
    assert expired.subject == "Re: No data since noon [CASE-1001]"
    assert expired.message["In-Reply-To"] == question.message_id
    assert "#close" in expired.html
    case = careful.case(1001)
    assert (case["state"], case["question"]) == ("Open", None)
    assert "nobody said in time whether to close the case; it stays open" in [item["body"] for item in case["feed"]]
    careful.later(days=3)
    careful.run()
    careful.expect()
    careful.talk(mail("bob", "#confirm", answers=question), ("bob", "error"))
    careful.assert_good_books()


@on_sqlite
def test_a_yes_that_answers_another_mail_of_the_case_closes_nothing(careful: World) -> None:
    received, assigned = opened(careful)
    asked(careful, assigned)
    (told,) = careful.talk(mail("ann", "Is the lamp to be green?", answers=received), ("bob", "case-comment"))
    careful.talk(mail("bob", "Yes", answers=told), ("ann", "case-comment"), ("bob", "hint-acknowledge"))
    assert careful.case(1001)["state"] == "Open"
    # the command says plainly what is meant, anywhere in the thread
    careful.talk(mail("bob", "#confirm", answers=told), ("bob", "confirmation"), ("ann", "case-closed"))
    careful.assert_good_books()


@on_sqlite
def test_a_confirmation_in_a_mail_about_something_else_closes_nothing(careful: World) -> None:
    _, assigned = opened(careful)
    asked(careful, assigned)
    _, other = careful.talk(mail("ann", "Roof-7 hums.", subject="Hum"), ("ann", "case-received"), ("bob", "case-assigned"))
    careful.talk(mail("bob", "#confirm", answers=other), ("bob", "error"))
    careful.talk(mail("bob", "#confirm", subject="That case"), ("bob", "error"))
    assert {case["state"] for case in careful.cases()} == {"Open"}
    careful.assert_good_books()


@on_sqlite
def test_nothing_that_contradicts_a_closing_stands_beside_the_yes(careful: World) -> None:
    _, assigned = opened(careful)
    question = asked(careful, assigned)
    (told,) = careful.talk(mail("bob", "#confirm\n#close Otherwise\n", answers=question), ("bob", "error"))
    assert "contradict each other" in told.text
    (told,) = careful.talk(mail("bob", "#confirm\n#plan 2025-12-01 Look again\n", answers=question), ("bob", "error"))
    assert "closed already" in told.text
    assert careful.case(1001)["planned_resolution"] is None
    careful.talk(
        mail("bob", "#update Good as new.\n#confirm\n", answers=question), ("bob", "confirmation"), ("ann", "case-comment"),
        ("ann", "case-closed"),
    )  # fmt: skip
    careful.assert_good_books()


@on_sqlite
def test_without_a_provider_only_who_read_the_question_can_answer_it(careful: World) -> None:
    _, assigned = opened(careful)
    switch_on(careful, authserv_id=None)
    (question,) = careful.talk(mail("bob", "#close Replaced it.", answers=assigned, results=None), ASKED)
    assert question.reply_to != assigned.reply_to
    # whoever only has a forwarded mail of the case, and Bob's name, has not read it
    stolen = mail("bob", "#confirm", to=assigned.reply_to, results=None, subject="Re: [CASE-1001]")
    (told,) = careful.talk(stolen, ("bob", "error"))
    assert "does not show that you have read our question" in words(told.text)
    assert (careful.case(1001)["state"], careful.case(1001)["question"]["kind"]) == ("Open", "close")
    # a tap writes a new mail to the address that only the question tells
    tapped = mail("bob", "#confirm", to=question.reply_to, results=None, subject="Re: No data since noon [CASE-1001]")
    careful.talk(tapped, ("bob", "confirmation"), ("ann", "case-closed"))
    assert (careful.last_mail()["trust"], careful.case(1001)["resolution"]) == ("keyed", "Replaced it.")
    careful.assert_good_books()


@on_sqlite
def test_explain_tells_the_question_and_not_a_closing(careful: World) -> None:
    _, assigned = opened(careful)
    asked(careful, assigned)
    number = str(careful.last_mail()["number"])
    told = json.loads(careful.cli("explain", number, "--json"))
    assert [action["verb"] for action in told["actions"]][:2] == ["ask-question", "post-feed"]
    assert [command["verb"] for command in told["commands"]] == ["close"]
    assert told["warnings"] == []
    assert json.loads(careful.cli("case", "1001", "--json"))["question"] == {
        "kind": "close",
        "asked": "bob",
        "expires_at": "2025-12-02T22:00:00Z",
    }
