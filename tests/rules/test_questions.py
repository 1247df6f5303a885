"""A question that nobody answered, decided without a database."""

from __future__ import annotations

from daemon.actions.vocabulary import AnswerQuestion, PostFeed, QueueMail
from daemon.model import Match, MessageId
from daemon.reasons import Outcome, Reason
from daemon.rules.questions import decide_expiry
from tests.rules.facts import NORA, mails, of_type, question


def test_whoever_was_asked_is_told_once_in_the_thread_of_the_question() -> None:
    decision = decide_expiry(question(), NORA, MessageId("<asked@s>"))
    assert (decision.outcome, decision.reason, decision.match) == (Outcome.ACTED, Reason.QUESTION_EXPIRED, None)
    assert of_type(decision, AnswerQuestion) == [AnswerQuestion(question_id=9, answer="expired")]
    (letter,) = of_type(decision, QueueMail)
    assert (letter.template, letter.to, letter.once, letter.follows, letter.answer) == (
        "question-expired", NORA.address, "question-expired:9", "<asked@s>", False,
    )  # fmt: skip
    values = dict(letter.values)
    assert (values["contract"], values["contract_status"], values["case_subject"], values["customer_name"]) == (
        "HC-101", "Cancelled", "Panel leak", "Ann",
    )  # fmt: skip


def test_a_question_of_somebody_who_left_just_ends() -> None:
    decision = decide_expiry(question(), None)
    assert mails(decision) == []
    assert len(of_type(decision, AnswerQuestion)) == 1


def test_a_question_about_a_case_stands_in_its_feed() -> None:
    decision = decide_expiry(question(case_id=1001, payload="{}"), NORA)
    assert decision.match == Match(case_id=1001, matched_by="question")
    assert [post.kind for post in of_type(decision, PostFeed)] == ["question"]
    assert mails(decision) == [("question-expired", NORA.address)]
