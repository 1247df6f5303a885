"""Which question of ours a mail answers, and which nobody answered in time."""

from __future__ import annotations

from datetime import timedelta

from daemon.model import MessageId
from daemon.store import questions
from daemon.store.schema import Outbox, PendingQuestion
from tests.rules import facts
from tests.store.life import NOON, Life

HOUR = timedelta(hours=1)
PAT, ANN = facts.PAT.id, facts.ANN.id


def asked(cause: str, *, whom: int = PAT, answer: str | None = None, hours: int = 24, mail: str | None = None) -> int:
    """A question, and the mail that asked it."""
    if mail is not None:
        Outbox.insert(
            effect_key=cause, cause=cause, message_id=mail, reverse_path="r@support.example", forward_path=facts.PAT.address, template="x",
            subject="x", state="sent", created_at=NOON, next_attempt_at=NOON,
        ).execute()  # fmt: skip
    values = {"kind": "contract", "payload": "{}", "asked": whom, "asked_at": NOON, "expires_at": NOON + hours * HOUR, "answer": answer}
    return int(PendingQuestion.insert(**values, cause=cause).execute())


def found(*nearest: str, whom: int = PAT, hours: int = 1) -> tuple[int, bool, bool] | None:
    """(question, whether just this one is meant, whether it is the only one)."""
    for lock in (True, False):
        waiting = questions.waiting_for(whom, NOON + hours * HOUR, lock=lock)
        question = questions.question_for(waiting, whom, [MessageId(name) for name in nearest])
    return (question.id, question.meant, question.alone) if question is not None else None


def test_the_only_question_is_meant_by_whoever_was_asked_and_by_nobody_else(life: Life) -> None:
    with life.database.transaction():
        number = asked("mail:1")
        assert found() == (number, False, True)
        assert found(whom=ANN) is None


def test_of_several_questions_the_newest_is_taken_unless_the_mail_answers_another(life: Life) -> None:
    with life.database.transaction():
        first, second = asked("mail:1", mail="<1@support.example>"), asked("mail:2", mail="<2@support.example>")
        assert found() == (second, False, False)
        assert found("<other@support.example>", "<1@support.example>", "<2@support.example>") == (first, True, True)


def test_a_mail_that_answers_a_question_answered_before_means_no_other(life: Life) -> None:
    with life.database.transaction():
        asked("mail:1", mail="<1@support.example>", answer="confirm")
        second = asked("mail:2", mail="<2@support.example>")
        assert found("<1@support.example>") is None
        assert found() == (second, False, True)


def test_a_question_waits_until_its_last_moment_and_is_over_after_it(life: Life) -> None:
    with life.database.transaction():
        number = asked("mail:1", hours=24)
        assert found(hours=24) == (number, False, True)
        assert questions.expired(NOON + 24 * HOUR, 10) == []
        assert found(hours=25) is None
        assert questions.expired(NOON + 25 * HOUR, 10) == [(number, None)]


def test_those_that_are_over_come_the_oldest_first_and_only_while_nobody_answered(life: Life) -> None:
    with life.database.transaction():
        first, second = asked("mail:1"), asked("mail:2")
        asked("mail:3", answer="decline")
        assert questions.expired(NOON + 48 * HOUR, 10) == [(first, None), (second, None)]
        assert questions.expired(NOON + 48 * HOUR, 1) == [(first, None)]
        assert questions.unanswered(first) is not None
        PendingQuestion.update(answer="confirm").where(PendingQuestion.id == first).execute()
        assert questions.unanswered(first) is None


def test_a_question_knows_the_mail_that_asked_it(life: Life) -> None:
    with life.database.transaction():
        number = asked("mail:1", mail="<1@support.example>")
        assert questions.mail_of(number, facts.PAT.address) == "<1@support.example>"
        assert questions.mail_of(number, "nobody@miller.example") is None


def test_what_is_looked_up_again_is_read_from_the_payload() -> None:
    assert questions.looked_up('{"address": "ann@acme.example", "partner_id": 2}') == ("ann@acme.example", 2)
    assert questions.looked_up('{"address": 7, "partner_id": "2"}') == (None, None)
    assert questions.looked_up("{}") == (None, None)
