"""Questions of ours that wait for `#confirm` or `#decline`: how long, and what follows when nobody answers. Pure."""

from __future__ import annotations

import json

from daemon.actions.vocabulary import Action, AnswerQuestion, PostFeed, QueueMail
from daemon.model import ContactFacts, Decision, DomainVerdict, Grade, Kind, Match, MessageId, QuestionFacts, Trust
from daemon.reasons import Outcome, Reason
from daemon.rules.receipts import steps

CONTRACT = "contract"
"""The kind of the question whether a case is meant to be on a contract that is not active."""

QUESTION_DAYS = 5
"""Business days a question waits for its answer."""

EXPIRED = "expired"
"""The answer of a question that got none."""


def decide_expiry(question: QuestionFacts, asked: ContactFacts | None, mail: MessageId | None = None) -> Decision:
    """Nobody answered in time: nothing is made, and the one asked (None: gone from the directory) is told so, once.

    `mail` is the one that asked.
    """
    kept = json.loads(question.payload)
    actions: list[Action] = [AnswerQuestion(question_id=question.id, answer=EXPIRED)]
    if question.case_id is not None:
        actions.append(PostFeed(kind="question", text="a question got no answer in time; nothing was done", author_id=None))
    if asked is not None:
        values: dict[str, object] = {
            "case_subject": kept.get("open", {}).get("subject", ""), "contract": kept.get("contract", ""),
            "contract_status": kept.get("status", ""), "customer_name": kept.get("name", ""), "steps": list(steps(("case",))),
        }  # fmt: skip
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
