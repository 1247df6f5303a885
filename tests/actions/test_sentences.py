"""Every action is told in a sentence, as done and as what would be; names stand for numbers, and times are short."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar, get_args, get_type_hints

import pytest

from daemon.actions.sentences import SENTENCES, Recorded, Telling, sentence, sentences
from daemon.actions.vocabulary import VERBS, Action, AddComment, CloseCase, KeepNote, OpenCase, RegisterContact, SetPlan, StartClock
from daemon.moments import local_minute
from daemon.record import record_of
from daemon.store.names import MEANT
from tests.rules import facts

AT = datetime(2026, 12, 1, 22, 0, 5, 598280, tzinfo=UTC)
NAMES = {(sort, 7): f"the {sort} Seven" for sort in MEANT.values()}
DONE = Telling(done=True, case="CASE-1001", names=NAMES)
WOULD = Telling(done=False, case=None, names=NAMES)

WHOLE: dict[Any, Any] = {
    str: "some words", int: 7, bool: True, date: AT.date(), datetime: AT, tuple[str, ...]: ("one", "two"), tuple[int, ...]: (1, 2),
    tuple[tuple[str, str], ...]: (("caller", "known"), ("why", "no order")), tuple[tuple[int, str], ...]: ((1, "a file"),),
    tuple[tuple[str, object], ...]: (),
}  # fmt: skip
"""A value of each type that a field of an action has."""


A = TypeVar("A")


def made(action: type[A], *, whole: bool) -> A:
    """An action with every field filled, or with nothing in it that may be left out."""
    values: dict[str, Any] = {}
    for name, kind in get_type_hints(action).items():
        optional = type(None) in get_args(kind) and kind not in WHOLE
        (least,) = [one for one in get_args(kind) if one is not type(None)] if optional else [kind]
        values[name] = WHOLE[least] if whole or not optional else None
        if not whole and str(kind).startswith("tuple"):
            values[name] = ()
    return action(**values)


def recorded(action: Action) -> Recorded:
    """The action as a decision's record has it, kept as JSON and read again."""
    record = record_of(replace(facts.judged(facts.reading(), facts.situation()), actions=(action,)), 1001)
    (found,) = [one for one in json.loads(json.dumps(record))["actions"] if one["verb"] == VERBS[type(action)]]
    assert isinstance(found, dict)
    return found


def test_every_action_of_the_vocabulary_has_a_sentence_and_nothing_else_has() -> None:
    assert set(SENTENCES) == set(VERBS.values())
    assert {VERBS[action] for action in get_args(Action)} == set(SENTENCES)


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "bare"])
@pytest.mark.parametrize("action", get_args(Action), ids=lambda action: VERBS[action])
def test_it_is_one_that_a_person_reads_in_both_tenses(action: type[Action], whole: bool) -> None:
    kept = recorded(made(action, whole=whole))
    done, would = sentence(kept, DONE), sentence(kept, WOULD)
    for said in (done, would):
        assert said[0].isupper() or said[0] in "#7" or said.startswith("some words"), said
        assert said.endswith("."), said
        assert not re.search(r"None|True|False|_id\b|[{}\[\]]|sha256|\d{2}:\d{2}:\d{2}|  |: \.|, \.| \.", said), said
    assert re.search(r"\b(was|were|took)\b", done), done
    assert "would" not in done
    assert "would " in would
    assert re.search(r"\b(was|were|took|went)\b", would) is None, would
    assert "CASE-1001" not in would


def test_a_case_that_is_opened_is_told_by_names() -> None:
    opened = recorded(replace(made(OpenCase, whole=True), type="channel_partner", owner_id=None, contract_id=None))
    assert sentence(opened, DONE) == (
        "CASE-1001 was opened: type channel partner, for the contact Seven of the organization Seven, system the system Seven, "
        "opened by the partner the organization Seven, looked after by the organization Seven, in the queue the queue Seven. "
        "It was flagged: one; two."
    )
    stranger = recorded(replace(made(OpenCase, whole=False), type="triage", contact_address="eve@else.example", queue_id=3))
    assert sentence(stranger, WOULD) == "A new case would be opened: type triage, for eve@else.example, in the queue queue 3."


def test_what_was_done_and_what_would_be_differ_by_a_verb() -> None:
    joined = recorded(
        RegisterContact(address="noor@hwsolar.example", first_name="Noor", last_name="Haddad", organization_id=7, role="partner_agent")
    )
    assert sentence(joined, DONE) == "Noor Haddad <noor@hwsolar.example> was made a contact of the organization Seven, role partner agent."
    assert " would be made a contact of " in sentence(joined, WOULD)
    note = recorded(KeepNote(text="Eve's words", why="not verified", author_address="eve@else.example"))
    assert sentence(note, DONE) == "The words were kept on CASE-1001 as a note that only the house sees: not verified."
    assert sentence(note, WOULD) == "The words would be kept on the new case as a note that only the house sees: not verified."


def test_only_the_house_sees_what_is_not_public() -> None:
    for public, said in (
        (True, "A comment was added to CASE-1001."),
        (False, "A comment was added to CASE-1001 that only the house sees."),
    ):
        assert sentence(recorded(AddComment(text="Hi", public=public, author_id=1, author_address=None)), DONE) == said


def test_times_are_local_and_short_and_days_are_days() -> None:
    clock = StartClock(kind="acknowledge", cycle=1, calendar="house", started_at=AT, deadline_at=AT, met_at=None, look_at=AT)
    assert sentence(recorded(clock), DONE) == f"A promise was started: to acknowledge CASE-1001 by {local_minute(AT)}."
    plan = recorded(SetPlan(text="We replace it.", date=date(2026, 12, 3)))
    assert sentence(plan, WOULD) == "The new case would be planned for 2026-12-03, with the words of the mail."
    late = recorded(CloseCase(text="Done", by_id=7, on_planned_date=False))
    assert sentence(late, DONE) == "CASE-1001 was closed by the contact Seven, after the planned day."


def test_who_has_no_name_is_told_by_the_number() -> None:
    closed = recorded(CloseCase(text="Done", by_id=12, on_planned_date=None))
    assert sentence(closed, Telling(done=True, case="CASE-1001")) == "CASE-1001 was closed by contact 12."


def test_a_verb_that_nobody_knows_here_and_facts_that_were_never_kept_are_no_trouble() -> None:
    assert sentence({"verb": "paint-case", "colour": "red", "by_id": None}, DONE) == "paint-case: colour red"
    assert sentence({"verb": "paint-case"}, DONE) == "paint-case"
    for name in SENTENCES:
        assert sentence({"verb": name}, DONE)
        assert sentence({"verb": name}, WOULD)


def test_those_of_some_verbs_are_told_in_their_order() -> None:
    actions = [{"verb": "close-case"}, {"verb": "help"}, {"verb": "reopen-case"}, {"verb": "log-review"}]
    told = list(sentences(actions, DONE, ("reopen-case", "close-case")))
    assert told == ["CASE-1001 was closed.", "CASE-1001 was opened again."]
