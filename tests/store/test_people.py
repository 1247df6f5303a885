"""People of the directory: found by id and by address, shown whole with their cases and mails."""

from __future__ import annotations

from daemon.store.people import agents_of, contact_mails, contact_of, contact_view, people_of
from tests.store.life import Life


def test_a_person_is_found_by_address_with_organization_and_roles(life: Life) -> None:
    with life.database.reading():
        bob = contact_of("bob@miller.example")
        assert bob is not None
        assert (bob.handle, bob.organization_kind) == ("bob", "partner")
        assert people_of([bob.id, bob.id]) == (bob,)
        assert bob in agents_of([bob.organization_id])[bob.organization_id]
        assert contact_of("nobody@miller.example") is None
        assert people_of([]) == ()
        assert agents_of([]) == {}


def test_a_contact_is_shown_by_handle_or_address_and_nobody_is_not(life: Life) -> None:
    with life.database.reading():
        shown = contact_view("bob")
        assert shown is not None
        assert (shown["emails"], shown["roles"], shown["extra"]) == (["bob@miller.example"], ["partner_agent"], {})
        assert contact_view("@BOB") == contact_view(" Bob@Miller.example ") == shown
        assert contact_view("nobody") is None
        assert contact_mails("bob", 10) == []
