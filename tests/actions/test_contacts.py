"""Contacts that are made by themselves."""

from __future__ import annotations

import re

import peewee as pw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.actions.contacts import free_handle, register_contact
from daemon.actions.vocabulary import RegisterContact
from daemon.store.database import Database
from daemon.store.schema import Contact, ContactEmail, ContactRole
from daemon.store.sheets import ROLES

NINA = RegisterContact(address="nina@acme.example", first_name="Nina", last_name="Berg", organization_id=3)


def test_a_contact_is_a_customer_of_the_organization_with_one_address(database: Database) -> None:
    with database.transaction():
        number = register_contact(NINA)
        made = Contact.get_by_id(number)
        assert (made.handle, made.first_name, made.last_name, made.organization_id, made.active) == ("nina", "Nina", "Berg", 3, True)
        assert [(row.address, row.position) for row in ContactEmail.select().where(ContactEmail.contact == number)] == [(NINA.address, 0)]
        roles = [row.role for row in ContactRole.select().where(ContactRole.contact == number)]
    assert roles == ["customer"]
    assert set(roles) <= set(ROLES)


def test_an_address_that_is_taken_by_now_is_refused_and_nobody_is_made(database: Database) -> None:
    with database.transaction():
        register_contact(NINA)
        before = Contact.select().count()
    with pytest.raises(pw.IntegrityError), database.transaction():
        register_contact(NINA)
    with database.reading():
        assert Contact.select().count() == before


def test_a_handle_is_the_first_name_that_people_call_each_other(database: Database) -> None:
    with database.reading():
        assert free_handle("Ana", "ana.lima@sunpath.example") == "ana"
        assert free_handle("Ann", "a.lee@two.example") == "ann-2"
        assert free_handle("Anne Marie", "am@two.example") == "anne-marie"
        assert free_handle("花", "hana@two.example") == "hana"


def test_a_handle_of_somebody_without_a_name_is_made_of_the_local_part_and_is_free(database: Database) -> None:
    handles = {
        "nina@acme.example": "nina",
        "ann@acme.example": "ann-2",
        "Nina.Van-Der_Berg@acme.example": "nina.van-der_berg",
        "nina+tag/x@acme.example": "nina-tag-x",
        "josé@acme.example": "jose",
        "日本@acme.example": "contact",
        "...@acme.example": "contact",
        "x" * 64 + "@acme.example": "x" * 40,
    }
    with database.reading():
        assert {address: free_handle("", address) for address in handles} == handles


def test_handles_are_counted_until_one_is_free(database: Database) -> None:
    with database.transaction():
        made = [
            register_contact(RegisterContact(address=f"ann@{place}.example", first_name="", last_name="", organization_id=3))
            for place in ("one", "two", "three")
        ]
        assert [Contact.get_by_id(number).handle for number in made] == ["ann-2", "ann-3", "ann-4"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.text(max_size=70), st.text(max_size=70))
def test_a_handle_is_always_one_that_a_directory_may_hold(database: Database, first_name: str, local: str) -> None:
    with database.reading():
        assert re.fullmatch(r"[a-z0-9._-]{1,44}", free_handle(first_name, f"{local}@acme.example"))
