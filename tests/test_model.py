"""The carriers: what is said once can't be changed later."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from daemon import model
from daemon.actions import vocabulary
from daemon.model import CaseFacts, Kind
from tests.rules import facts

CARRIERS = [
    thing
    for room in (model, vocabulary)
    for _, thing in inspect.getmembers(room, dataclasses.is_dataclass)
    if thing.__module__ == room.__name__
]


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.__name__)
def test_a_carrier_is_frozen_slotted_and_named(carrier: type) -> None:
    parameters = carrier.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert parameters.eq
    assert hasattr(carrier, "__slots__")
    assert all(one.kw_only for one in dataclasses.fields(carrier))
    assert carrier.__doc__
    assert not carrier.__doc__.startswith(f"{carrier.__name__}("), "it needs words of its own"


def test_a_decision_can_be_told_apart_and_put_in_a_set() -> None:
    decision = facts.judged(facts.reading(), facts.situation())
    assert {decision, facts.judged(facts.reading(), facts.situation())} == {decision}
    with pytest.raises(dataclasses.FrozenInstanceError):
        decision.detail = "other"  # type: ignore[misc]


def test_a_case_number_is_written_as_people_write_it() -> None:
    assert facts.case(1001).number == "CASE-1001"
    assert isinstance(CaseFacts.number, property)


def test_kinds_are_those_of_the_contract() -> None:
    assert [kind.value for kind in Kind] == ["ticket", "reply", "command", "form", "automatic", "bounce", "list", "copy", "own"]


def test_the_content_of_a_file_is_not_shown_with_it() -> None:
    file = model.Attachment(name="a", content_type="text/plain", size=6, sha256="", inline=False, content=b"secret")
    assert "secret" not in repr(file)
