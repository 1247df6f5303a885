"""Whom and what the commands of a mail name, as the directory has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from daemon.model import Asked, Names
from daemon.store.asking import MOST_PEOPLE, look_up
from daemon.store.schema import Contact, Contract
from tests.rules import facts
from tests.store.life import MILLER, OTHER, Life

ACME = 3


@pytest.fixture
def directory(life: Life) -> Iterator[Life]:
    """The people of `tests.rules.facts`, and a transaction to ask in."""
    with life.database.transaction():
        yield life


def found(**names: Any) -> Asked:
    return look_up(Names(**names), lock=True)


def ids(asked: Asked) -> dict[str, list[int]]:
    return {name: [person.id for person in people] for name, people in asked.people.items()}


def test_a_person_is_found_by_address_by_handle_and_by_name(directory: Life) -> None:
    Contact.update(first_name="Ann", last_name="Lee").where(Contact.id == facts.ANN.id).execute()
    assert facts.ANN.handle is not None
    names = (facts.ANN.address, facts.ANN.handle, "ann lee", "nobody", "nobody@acme.example")
    assert ids(found(people=names)) == {name: [facts.ANN.id] for name in names[:3]}


def test_people_of_one_name_are_told_apart_up_to_a_few(directory: Life) -> None:
    Contact.update(first_name="Kim", last_name="Park").execute()
    (people,) = ids(found(people=("kim park",))).values()
    assert len(people) == MOST_PEOPLE
    assert people == sorted(people)


def test_letters_that_a_database_does_not_fold_are_folded_here(directory: Life) -> None:
    Contact.update(first_name="Øyvind", last_name="ÅS").where(Contact.id == facts.PAT.id).execute()
    assert ids(found(people=("øyvind ås",))) == {"øyvind ås": [facts.PAT.id]}


def test_an_organization_a_queue_and_a_system_are_found_by_their_names(directory: Life) -> None:
    asked = found(organizations=("miller solar", "nobody"), queues=(facts.LEVEL_ONE.name, "none"), systems=("roof-7", "roof-8"))
    assert {name: one.id for name, one in asked.organizations.items()} == {"miller solar": MILLER}
    assert {name: one.id for name, one in asked.queues.items()} == {facts.LEVEL_ONE.name: facts.LEVEL_ONE.id}
    assert {name: (one.name, one.partner_id) for name, one in asked.systems.items()} == {"roof-7": ("Roof-7", MILLER)}


def test_a_partner_comes_with_its_agents_whether_it_or_one_of_them_is_named(directory: Life) -> None:
    by_name, by_agent = found(organizations=("miller solar",)), found(people=(facts.RIVAL.address,))
    assert facts.PAT.id in {agent.id for agent in by_name.agents[MILLER]}
    assert [agent.id for agent in by_agent.agents[OTHER]] == [facts.RIVAL.id]
    assert found(people=(facts.ANN.address,)).agents == {}


def test_contracts_come_with_those_who_hold_them_when_they_are_asked_for(directory: Life) -> None:
    Contract.insert(number="HC-1", organization=ACME, contact=facts.ANN.id, status="Active").execute()
    Contract.insert(number="HC-2", organization=ACME, contact=None, status="Cancelled").execute()
    Contract.insert(number="HC-3", organization=ACME, contact=facts.AMY.id, status="Active").execute()
    asked = found(people=(facts.ANN.address,), contracts=("hc-1", "hc-9"), organizations=("acme homes",), with_contracts=True)
    assert {name: one.number for name, one in asked.contracts.items()} == {"hc-1": "HC-1"}
    assert [one.number for one in asked.contracts_of[facts.ANN.id]] == ["HC-1", "HC-2"]
    assert [one.number for one in asked.contracts_at[ACME]] == ["HC-2"]
    assert asked.holders[facts.ANN.id].address == facts.ANN.address
    assert asked.entities == {ACME}
    assert found(people=(facts.ANN.address,)).contracts_of == {}


def test_only_cases_that_exist_are_found(directory: Life) -> None:
    assert dict(found(cases=(1001,)).cases) == {}


def test_a_case_comes_with_what_is_known_of_it(life: Life) -> None:
    number = life.opened()
    with life.database.transaction():
        assert {case: one.partner for case, one in found(cases=(number, 9999)).cases.items()} == {number: "Miller Solar"}
