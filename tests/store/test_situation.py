"""What is known when a mail is decided: people, systems, queues and cases, as the directory has them now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.store.people import agents_of, contact_of, people_of
from daemon.store.situation import case_facts, existing_cases, systems_of
from tests.conversations.fixtures import inbox, world
from tests.conversations.world import World, copy_directory, mail

__all__ = ["inbox", "world"]


@pytest.fixture
def known(world: World, tmp_path: Path) -> Iterator[World]:
    """The fixture's directory, ann with a second address, dana gone."""
    folder = copy_directory(tmp_path / "csv")
    contacts = folder / "contacts.csv"
    contacts.write_text(contacts.read_text().replace("ann.lee@acme.example", "ann.lee@acme.example ann@home.example"))
    world.import_directory(folder)
    with world.house.database.transaction():
        world.house.database.peewee.execute_sql("UPDATE contact SET active = FALSE WHERE handle = 'dana'")
    with world.house.database.reading():
        yield world


def test_a_contact_is_found_by_each_address_and_mailed_at_the_first(known: World) -> None:
    first, second = contact_of("ann.lee@acme.example"), contact_of("ann@home.example")
    assert first is not None
    assert first == second
    assert (first.handle, first.name, first.address, first.organization, first.organization_kind) == (
        "ann", "Ann Lee", "ann.lee@acme.example", "Acme Homes", "customer",
    )  # fmt: skip
    assert first.roles == {"customer"}


def test_nobody_has_an_unknown_address_and_somebody_who_left_is_nobody(known: World) -> None:
    assert contact_of("nobody@acme.example") is None
    assert contact_of("dana.whitfield@greenlightsolar.example") is None


def test_people_come_by_number_each_once(known: World) -> None:
    ann, bob = contact_of("ann.lee@acme.example"), contact_of("bob@miller.example")
    assert ann is not None
    assert bob is not None
    assert people_of([bob.id, ann.id, bob.id, 99_999]) == tuple(sorted((ann, bob), key=lambda person: person.id))
    assert people_of([]) == ()


def test_a_system_comes_with_its_partner_and_that_partners_agents(known: World) -> None:
    ann, bob = contact_of("ann.lee@acme.example"), contact_of("bob@miller.example")
    assert ann is not None
    (system,) = systems_of(ann.organization_id)
    assert (system.name, system.partner, system.partner_agents) == ("Roof-7", "Miller Solar", (bob,))
    assert system.partner_id is not None
    assert agents_of([system.partner_id, system.partner_id]) == {system.partner_id: (bob,)}
    assert agents_of([]) == {}
    assert systems_of(99_999) == ()


def test_a_case_comes_with_everybody_who_hears_of_it(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.talk(
        mail("stranger@gmail.example", "Hello?", subject="Hi"), ("stranger@gmail.example", "case-received"), ("lou", "case-assigned")
    )
    for lock in (True, False):
        with world.house.database.transaction():
            with_partner, of_stranger = case_facts([1002, 1001, 1001, 4711], lock=lock)
        assert (with_partner.number, with_partner.open, with_partner.type) == ("CASE-1001", True, "helpdesk")
        assert with_partner.contact is not None
        assert with_partner.contact.handle == "ann"
        assert [agent.handle for agent in with_partner.partner_agents] == ["bob"]
        assert with_partner.queue is not None
        assert [member.handle for member in with_partner.queue.members] == ["lou"]
        assert (of_stranger.contact, of_stranger.contact_address, of_stranger.partner_agents) == (None, "stranger@gmail.example", ())
    with world.house.database.reading():
        assert case_facts([], lock=False) == ()
        assert existing_cases([4711, 1002, 2**40, 0, 1002, 1001]) == [1002, 1001]
        assert existing_cases([]) == []
