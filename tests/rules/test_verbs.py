"""The table of verbs."""

from __future__ import annotations

from daemon.actions.vocabulary import (
    QueueMail,
)
from daemon.parsers.keywords import BY_VERB
from daemon.rules import assigning, faqs, lookups, newcall, newcase, progress, saying
from daemon.rules.decide import decide
from daemon.rules.verbs import VERBS
from tests.rules.facts import (
    NORA,
    RULEBOOK,
    of_type,
    reading,
    situation,
)


def test_a_call_is_refused_in_words_where_nobody_set_level_one_up() -> None:
    phoned = reading(NORA.address, "#call\nemail: ann@acme.example\nIssue: dark\n\nShe phoned.\n")
    decision = decide(phoned, situation(NORA), None, RULEBOOK)
    assert [letter.template for letter in of_type(decision, QueueMail)] == ["error"]
    told = dict(of_type(decision, QueueMail)[0].values)["errors"]
    assert "nobody answers" in str(told)
    assert "#call" in str(told)


def test_a_verb_belongs_to_one_room_and_stands_in_the_grammar() -> None:
    rooms = (progress.STEPS, saying.STEPS, assigning.STEPS, lookups.STEPS, newcase.STEPS, newcall.STEPS, faqs.STEPS)
    assert sum(len(room) for room in rooms) == len(VERBS)
    assert set(VERBS) <= set(BY_VERB)
