"""Words on a case, decided without a database."""

from __future__ import annotations

from daemon.actions.vocabulary import (
    AddComment,
    LogReview,
)
from tests.rules.facts import (
    ANN,
    NORA,
    PAT,
    mails,
    of_type,
    said,
)


def test_a_review_is_logged_by_the_house_only() -> None:
    assert of_type(said(NORA, "#review All fine.\n"), LogReview) == [LogReview(text="All fine.", by_id=NORA.id)]


def test_two_voices_in_one_mail_the_command_and_the_words_beside_it() -> None:
    decision = said(PAT, "#ack\n#end\nWe will come on Thursday.\n")
    assert [comment.text for comment in of_type(decision, AddComment)] == ["We will come on Thursday."]
    assert ("case-comment", ANN.address) in mails(decision)
