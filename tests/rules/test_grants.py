"""Commands of a believed sender: all or nothing, and what is told of it."""

from __future__ import annotations

import pytest

from daemon.actions.vocabulary import (
    AddComment,
    PostFeed,
    QueueMail,
)
from daemon.model import ContactFacts
from daemon.reasons import Reason
from tests.rules.facts import (
    ANN,
    NORA,
    PAT,
    mails,
    of_type,
    said,
)


@pytest.mark.parametrize(
    ("sender", "text", "code"),
    [
        (PAT, "#close not yet\n", "E-CONDITIONAL:close"),
        (PAT, "#ack\n#plan 2026-02-30 x\n", "E-DATE-INVALID"),
        (PAT, "#review fine\n", "E-NOT-ALLOWED:review"),
        (NORA, "#assign nobody@nowhere.example\n", "E-UNKNOWN-PERSON"),
        (PAT, "#undo\n", "E-STATE:nothing-to-undo"),
    ],
)
def test_one_error_and_nothing_is_done(sender: ContactFacts, text: str, code: str) -> None:
    decision = said(sender, text)
    assert decision.reason is Reason.COMMANDS_REFUSED
    assert decision.heard is not None
    assert [found for found, _ in decision.heard.errors] == [code]
    assert mails(decision) == [("error", sender.address)]
    assert [type(action) for action in decision.actions] == [QueueMail]


def test_a_customers_words_are_kept_although_the_command_is_wrong() -> None:
    decision = said(ANN, "#plan tomorrow please hurry\n")
    assert [comment.public for comment in of_type(decision, AddComment)] == [True]
    assert ("error", ANN.address) in mails(decision)


def test_after_three_errors_in_an_hour_there_is_silence_and_a_note() -> None:
    decision = said(PAT, "#close not yet\n", errors_this_hour=3)
    assert [(letter.template, letter.held) for letter in of_type(decision, QueueMail)] == [
        ("error", "errors_per_sender_hour: 3 in an hour")
    ]
    assert len(of_type(decision, PostFeed)) == 1
