"""Names of what actions mean by its number, on both databases."""

from __future__ import annotations

from dataclasses import fields

from daemon.actions.vocabulary import VERBS
from daemon.store.names import MEANT, names_in
from daemon.store.schema import Contact, System
from tests.store.life import Life

NAMELESS = {"clock_id", "question_id", "reversal_id", "ticket_id", "form_id", "submission_id"}
"""Numbers that nobody has given a name: a ticket is called by its number, the others are told by what they are about."""


def test_every_number_of_every_action_has_a_name_or_needs_none() -> None:
    numbers = {one.name for action in VERBS for one in fields(action) if one.name.endswith("_id")}
    assert numbers == set(MEANT) | NAMELESS


def test_people_organizations_systems_and_queues_are_found_by_their_numbers(life: Life) -> None:
    with life.database.reading():
        bob = Contact.get(Contact.handle == "bob")
        system = System.get(System.name == "Roof-7")
        first = names_in([{"verb": "a", "contact_id": bob.id, "by_id": bob.id, "system_id": system.id, "subject": "Roof"}])
        others = names_in([{"partner_id": bob.organization_id, "queue_id": 1}, {"queue_id": None, "owner_id": 999_999}])
    assert first == {("contact", bob.id): "Bob", ("system", system.id): "Roof-7"}
    assert others == {("organization", bob.organization_id): "Miller Solar", ("queue", 1): "level-one"}


def test_a_person_without_a_name_is_called_by_the_handle(life: Life) -> None:
    with life.database.transaction():
        Contact.update(first_name="", last_name="").where(Contact.handle == "bob").execute()
    with life.database.reading():
        bob = Contact.get(Contact.handle == "bob")
        assert names_in([{"owner_id": bob.id}]) == {("contact", bob.id): "bob"}


def test_nothing_is_asked_where_nothing_is_meant(life: Life) -> None:
    with life.database.reading():
        assert names_in([]) == names_in([{"verb": "help"}]) == {}
