"""A decision in the making."""

from __future__ import annotations

from daemon.model import DomainVerdict, Grade, Trust
from daemon.rules.correlate import correlate
from daemon.rules.drafts import Draft, author_of, draft_of
from daemon.rules.hearing import Hearing, audience_of
from daemon.rules.judgement import Request
from daemon.rules.lifecycle import State
from daemon.rules.standing import judge_words
from tests.rules.facts import ANN, BOB, NOW, OPEN, PAT, RULEBOOK, case, on_case, reading

BELIEVED = Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.PASS, evidence="a test says so")


def drafted(**changes: object) -> Draft:
    """Pat's draft about a case."""
    mail, known = reading(PAT.address), on_case(PAT, case(**changes))
    heard = Hearing(reading=mail, situation=known, found=correlate(mail, known), trust=BELIEVED, silence=None, rulebook=RULEBOOK)
    judgement = judge_words(known.cases[0], "partner", mail, known, RULEBOOK)
    return draft_of(heard, known.cases[0], "partner", judgement)


def test_a_draft_starts_from_the_case_as_it_stands() -> None:
    assert drafted().state is State.OPEN
    assert drafted(acknowledged_at=NOW).state is State.ACKNOWLEDGED
    assert drafted(open=False, closed_at=NOW).state is State.CLOSED


def test_a_reader_gets_a_template_once_and_never_their_own_words() -> None:
    made = drafted()
    made.mail("case-comment", audience_of((ANN, PAT, ANN)))
    made.mail("case-comment", audience_of((ANN, BOB)))
    made.mail("mention", audience_of((ANN,)))
    assert [(letter.template, letter.to) for letter in made.letters] == [
        ("case-comment", ANN.address), ("case-comment", BOB.address), ("mention", ANN.address),
    ]  # fmt: skip


def test_trouble_names_what_was_written() -> None:
    made = drafted()
    made.trouble(Request(verb="assign", line=7), "E-UNKNOWN-PERSON", said="zoe")
    (trouble,) = made.troubles
    assert (trouble.finding.code, trouble.finding.line, trouble.said) == ("E-UNKNOWN-PERSON", 7, "zoe")


def test_an_author_is_named_as_the_others_know_them() -> None:
    assert author_of(drafted()) == {"author_name": PAT.name, "author_organization": "Miller Solar"}
    assert OPEN.owner is not None
    made = drafted()
    made.sender = OPEN.owner
    assert author_of(made) == {"author_name": OPEN.owner.name, "author_organization": "Example Support"}
