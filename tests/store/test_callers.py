"""Whose account it is, and whom of it mail goes to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.model import ContactFacts, OrganizationFacts
from daemon.parsers.accountkeys import AccountKeys
from daemon.store.callers import caller_of
from daemon.store.database import Database
from daemon.store.directory import import_folder
from daemon.store.people import contact_of
from daemon.store.schema import Organization

FILES = {
    "organizations.csv": (
        "name,kind,domains\nHouse,house,support.example\nShop Co,customer,shop.example\nTrial Ltd,customer,trial.example\n"
        "Shop Too,customer,\n"
    ),
    "contacts.csv": (
        "handle,first_name,last_name,email,organization,roles,phone\n"
        "lou,Lou,Okafor,lou@support.example,House,agent level_one,\n"
        "amy,Amy,First,amy@shop.example,Shop Co,customer,\n"
        "sam,Sam,Shop,sam@shop.example,Shop Co,customer,\n"
        "zoe,Zoe,Clerk,zoe@trial.example,Trial Ltd,customer,\n"
        "evan,Evan,Tester,evan@trial.example,Trial Ltd,customer,\n"
    ),
    "orders.csv": (
        "number,organization,contact,website,license_key,version,ordered_on,hosting,priority_support_until,notes\n"
        "9001,Shop Co,sam,shop.example,,7,2026-01-10,no,,\n"
        "9002,Shop Co,,outlet.example,,7,2026-02-10,no,,\n"
        "9003,Shop Too,,outlet.example,,7,2026-03-10,no,,\n"
    ),
    "evaluations.csv": (
        "key,organization,contact,downloaded_by,started_on,website\neval-1,Trial Ltd,evan,Evan Tester,2026-06-01,tryit.example\n"
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def directory(database: Database, tmp_path: Path) -> Iterator[Database]:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    with database.transaction():
        assert import_folder(tmp_path).mistakes == ()
    with database.reading():
        yield database


def known(address: str) -> ContactFacts:
    found = contact_of(address)
    assert found is not None
    return found


def handle(keys: AccountKeys, sender: ContactFacts | None = None) -> str | None:
    contact = caller_of(keys, sender, None).contact
    return contact.handle if contact is not None else None


def test_an_order_names_its_account_and_who_ordered() -> None:
    caller = caller_of(AccountKeys(order_numbers=("9001",)), None, None)
    assert caller.organization is not None
    assert (caller.organization.name, caller.order_number, caller.matched) == ("Shop Co", "9001", "order number 9001")
    assert [order.number for order in caller.account.orders] == ["9002", "9001"]
    assert caller.contact == known("sam@shop.example")


def test_whom_mail_goes_to_is_whoever_is_nearest_to_the_question() -> None:
    amy = known("amy@shop.example")
    order = AccountKeys(order_numbers=("9001",), emails=(amy.address,))
    assert handle(order) == "amy"
    assert handle(AccountKeys(order_numbers=("9001",)), amy) == "amy"
    assert handle(AccountKeys(order_numbers=("9002",))) == "amy"
    assert handle(AccountKeys(websites=("tryit.example",))) == "evan"
    assert handle(AccountKeys(order_numbers=("9003",))) is None


def test_of_several_accounts_nothing_is_said() -> None:
    caller = caller_of(AccountKeys(websites=("outlet.example",)), None, None)
    assert caller.ambiguous
    assert (caller.organization, caller.contact, caller.account.orders, caller.matched) == (None, None, (), "")
    assert "Shop" not in caller.why


def test_nothing_that_fits_is_nobodys() -> None:
    caller = caller_of(AccountKeys(order_numbers=("1",)), None, None)
    assert (caller.organization, caller.ambiguous, caller.why) == (None, False, "no key fits an account")


def test_a_stranger_of_a_domain_that_a_customer_lists_asks_for_that_customer() -> None:
    number = Organization.get(Organization.name == "Trial Ltd").id
    listed = OrganizationFacts(id=number, name="Trial Ltd", kind="customer")
    caller = caller_of(AccountKeys(order_numbers=("9001",)), None, listed)
    assert (caller.organization, caller.contact, caller.matched) == (listed, None, "domain of Trial Ltd")
    assert [one.key for one in caller.account.evaluations] == ["eval-1"]


def test_a_known_customer_asks_for_their_own_account_whatever_they_name() -> None:
    evan = known("evan@trial.example")
    caller = caller_of(AccountKeys(order_numbers=("9001",)), evan, None)
    assert caller.organization is not None
    assert (caller.organization.name, caller.contact, caller.order_number) == ("Trial Ltd", evan, None)
