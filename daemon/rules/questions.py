"""Questions of ours that wait for `#confirm` or `#decline`: how long, who may answer, and what follows when nobody does. Pure."""

from __future__ import annotations

import json

from daemon.actions.vocabulary import Action, AnswerQuestion, AskQuestion, PostFeed, QueueMail
from daemon.model import (
    CaseFacts,
    ContactFacts,
    CsTicketFacts,
    Decision,
    DomainVerdict,
    Grade,
    Kind,
    Match,
    MessageId,
    QuestionFacts,
    Trust,
)
from daemon.reasons import Outcome, Reason
from daemon.rules.drafts import Draft
from daemon.rules.judgement import Request
from daemon.rules.receipts import Row, full_moment, steps

CONTRACT = "contract"
"""The kind of the question whether a case is meant to be on a contract that is not active."""

CLOSE = "close"
"""The kind of the question whether a case is to be closed, which `[trust] confirm_close` puts first."""

ASKS_TO_CLOSE = "question-close"
"""The mail that asks it, and says what else of the mail was done."""

QUESTION_DAYS = 5
"""Business days a question waits for its answer."""

CONFIRMED = "confirm"
DECLINED = "decline"
EXPIRED = "expired"
"""The answer of a question that got none."""
VOID = "void"
"""The answer of a question that means nothing any more: another one took its place, or somebody else closed the case."""


def can_be_answered(question: QuestionFacts, case: CaseFacts | None, ticket: CsTicketFacts | None) -> bool:
    """Whether a mail about this can answer: a question about a case in a mail about that case, any other everywhere."""
    return question.case_id is None or (case is not None and question.case_id == case.id and ticket is None)


def answered(made: Draft, request: Request, kind: str) -> QuestionFacts | None:
    """The question of this kind that a mail answers. None: there is trouble, since none waits, or it can't be told which is meant."""
    question = made.h.situation.question
    if question is None or question.kind != kind or not can_be_answered(question, made.case, made.ticket):
        made.trouble(request, "E-NO-QUESTION")
        return None
    if not (question.meant or question.named or question.alone):
        made.trouble(request, "E-NO-QUESTION", detail="several")
        return None
    return question


# --- is the case to be closed? -------------------------------------------------------------------------------------


def ask_to_close(made: Draft, request: Request) -> bool:
    """Ask the sender first, when the installation wants that; False where a case is closed at once.

    Somebody without a contact has no registered address to be asked at, and nobody can be asked about what an archive holds.
    """
    case, sender = made.case, made.sender
    if not made.h.rulebook.confirm_close or case is None or sender is None or made.h.situation.archive:
        return False
    calendar = made.h.rulebook.calendar_of_person(sender)
    expires = calendar.rule_a(made.h.situation.now, QUESTION_DAYS)
    said = request.text or ""
    for question in made.h.situation.waiting:
        if question.kind == CLOSE and question.case_id == case.id:
            made.actions.append(AnswerQuestion(question_id=question.id, answer=VOID))
    kept = json.dumps({"text": said, "cycle": made.cycle}, ensure_ascii=False)
    made.actions.append(AskQuestion(kind=CLOSE, payload=kept, asked_id=sender.id, expires_at=expires))
    words = f': "{said}"' if said else ""
    made.actions.append(PostFeed(kind="question", text=f"{sender.name} was asked whether to close the case{words}", author_id=sender.id))
    made.deferred.append(request)
    made.receipt = ASKS_TO_CLOSE
    made.receipt_values |= {"resolution": said, "deadline": full_moment(expires, calendar.timezone), "steps": answers_to_close()}
    return True


def answers_to_close() -> list[Row]:
    """The two answers, as a mail offers them."""
    meanings = {"#confirm": "yes, close it", "#decline": "no, it stays open"}
    return [row | {"meaning": meanings[row["command"]]} for row in steps(("confirm", "decline"))]


def to_close(made: Draft, request: Request) -> tuple[QuestionFacts, str] | None:
    """The question that a yes answers, and the words to close with. None: there is trouble.

    Where nobody proves the sender's domain, the yes must come from whoever read the mail that asked: it carries that mail's
    Message-ID, or is written to the address that only that mail tells.
    """
    question = answered(made, request, CLOSE)
    case = made.case
    if question is None or case is None:
        return None
    if made.h.trust.grade is not Grade.VERIFIED and not (question.named or _written_to(made, case)):
        made.trouble(request, "E-NO-QUESTION", detail="unread")
        return None
    kept = json.loads(question.payload)
    if made.open and kept["cycle"] == made.cycle:
        return question, str(kept["text"])
    made.anyway.append(AnswerQuestion(question_id=question.id, answer=VOID))
    if made.open:  # closed and opened again since: that was another life of the case
        made.trouble(request, "E-NO-QUESTION")
    else:
        made.trouble(request, "E-STATE", detail="already-closed")
    return None


def _written_to(made: Draft, case: CaseFacts) -> bool:
    keys = made.h.situation.keys
    return any(key.kind == "confirm" and key.source == "address" and key.case_id == case.id for key in keys)


# --- nobody answers ------------------------------------------------------------------------------------------------


def decide_expiry(
    question: QuestionFacts, asked: ContactFacts | None, mail: MessageId | None = None, case: CaseFacts | None = None
) -> Decision:  # fmt: skip
    """Nobody answered in time: nothing is made, and the one asked (None: gone from the directory) is told so, once.

    `mail` is the one that asked, `case` what it was about. Of a case that was closed by somebody else nothing needs to be told.
    """
    kept = json.loads(question.payload)
    closing = question.kind == CLOSE
    over = closing and case is not None and not (case.open and case.cycle == kept["cycle"])
    actions: list[Action] = [AnswerQuestion(question_id=question.id, answer=VOID if over else EXPIRED)]
    if question.case_id is not None and not over:
        text = (
            "nobody said in time whether to close the case; it stays open"
            if closing
            else "a question got no answer in time; nothing was done"
        )
        actions.append(PostFeed(kind="question", text=text, author_id=None))
    if asked is not None and not over:
        values: dict[str, object] = {
            "contract": kept.get("contract", ""), "contract_status": kept.get("status", ""), "customer_name": kept.get("name", ""),
            "steps": list(steps(("close", "status") if closing else ("case",))),
        }  # fmt: skip
        values |= {"to_close": True, "resolution": kept["text"]} if closing else {"case_subject": kept.get("open", {}).get("subject", "")}
        actions.append(
            QueueMail(
                template="question-expired", to=asked.address, contact_id=asked.id, name=asked.name, answer=False, counted=False,
                quote_subject=True, once=f"question-expired:{question.id}", follows=mail, values=tuple(values.items()),
            )
        )  # fmt: skip
    return Decision(
        kind=Kind.OWN, outcome=Outcome.ACTED, reason=Reason.QUESTION_EXPIRED, detail=question.kind,
        trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.NONE, evidence="our own clock"),
        match=Match(case_id=question.case_id, matched_by="question") if question.case_id is not None else None, contact_id=None,
        actions=tuple(actions), gates=(),
    )  # fmt: skip
