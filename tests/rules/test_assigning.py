"""Who gets a case, decided without a database."""

from __future__ import annotations

from daemon.actions.vocabulary import (
    AssignOwner,
)
from daemon.model import Asked
from tests.rules.facts import (
    LEVEL_ONE,
    NORA,
    OWEN,
    mails,
    of_type,
    said,
)


def test_a_case_can_be_given_to_oneself_and_to_a_queue() -> None:
    assert of_type(said(NORA, "#assign me\n"), AssignOwner) == [AssignOwner(owner_id=NORA.id, queue_id=None, name=NORA.name)]
    found = Asked(
        people={}, organizations={}, queues={"level-one": LEVEL_ONE}, systems={}, contracts={}, contracts_of={}, agents={}, cases={}
    )
    given = said(NORA, "#queue level-one\n", asked=found)
    assert of_type(given, AssignOwner) == [AssignOwner(owner_id=None, queue_id=LEVEL_ONE.id, name="level-one")]
    assert ("case-assigned", OWEN.address) in mails(given)
