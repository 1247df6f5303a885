"""What is only asked, decided without a database."""

from __future__ import annotations

import pytest

from daemon.actions.vocabulary import (
    QueueMail,
)
from tests.rules.facts import (
    PAT,
    mails,
    said,
)


@pytest.mark.parametrize("verb", ["help", "status"])
def test_a_question_is_answered_and_changes_nothing(verb: str) -> None:
    decision = said(PAT, f"#{verb}\n")
    assert mails(decision) == [(verb, PAT.address)]
    assert [type(action) for action in decision.actions] == [QueueMail]
