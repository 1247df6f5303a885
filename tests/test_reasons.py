"""Reasons and outcomes: one word for scripts, one sentence for people."""

from __future__ import annotations

import copy
import json
import pickle
import re

import pytest

from daemon.reasons import Outcome, Reason


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_its_word_and_has_its_sentence(reason: Reason) -> None:
    assert reason == reason.value
    assert str(reason) == reason.value
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", reason.value)
    assert reason.name == reason.value.upper().replace("-", "_")
    assert re.fullmatch(r"[A-Z].{10,120}\.", reason.sentence)


def test_no_sentence_is_said_twice() -> None:
    assert len({reason.sentence for reason in Reason}) == len(Reason)


def test_a_reason_is_found_by_its_word_with_its_sentence() -> None:
    assert Reason("own-mail") is Reason.OWN_MAIL
    assert Reason("own-mail").sentence == "We wrote this ourselves."
    with pytest.raises(ValueError, match="nonsense"):
        Reason("nonsense")


def test_a_reason_survives_json_copies_and_pickles() -> None:
    assert json.loads(json.dumps([Reason.VANISHED])) == ["vanished"]
    assert copy.deepcopy(Reason.VANISHED) is pickle.loads(pickle.dumps(Reason.VANISHED)) is Reason.VANISHED


def test_outcomes_are_those_of_the_contract() -> None:
    assert [outcome.value for outcome in Outcome] == ["acted", "ignored", "quarantined", "vanished", "in progress"]
