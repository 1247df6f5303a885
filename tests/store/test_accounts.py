"""Who is asking: one account over the best key is found, several are nobody's, and no key of one account ever finds another."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.actions.contacts import register_contact
from daemon.actions.vocabulary import RegisterContact
from daemon.model import AddrSpec, ContactFacts
from daemon.parsers.accountkeys import AccountKeys, company_key, name_key, phone_key, read_keys, website_key
from daemon.store.accountfacts import account_facts
from daemon.store.accountindex import index_accounts
from daemon.store.accounts import By, Found, Outcome, find_account
from daemon.store.database import Database, open_database
from daemon.store.directory import import_folder
from daemon.store.people import contact_of
from daemon.store.schema import AccountKey, Organization, WebsiteTail

OURS = ("support.example",)

FILES = {
    "organizations.csv": (
        "name,kind,domains\n"
        "House,house,support.example\n"
        "Miller Solar,partner,miller.example\n"
        "Acme Homes Inc.,customer,acme.example\n"
        "Shop Co,customer,shop.example\n"
        "Old Shop,customer,oldshop.example\n"
        "Trial Ltd,customer,trial.example\n"
        "Green Light Solar GmbH,customer,\n"
    ),
    "contacts.csv": (
        "handle,first_name,last_name,email,organization,roles,phone\n"
        "lou,Lou,Okafor,lou@support.example,House,agent level_one,+49 30 999999999\n"
        "bob,Bob,Miller,bob@miller.example,Miller Solar,partner_agent,\n"
        "ann,Ann,Lee,ann.lee@acme.example ann@gmail.example,Acme Homes Inc.,customer,+49 (0)30 123456789\n"
        "sam,Sam,Shop,sam@shop.example,Shop Co,customer,\n"
        "olga,Olga,Old,olga@oldshop.example,Old Shop,customer,\n"
        "evan,Evan,Tester,evan@trial.example,Trial Ltd,customer,\n"
    ),
    "orders.csv": (
        "number,organization,contact,website,license_key,version,ordered_on,hosting,priority_support_until,notes\n"
        "9001,Shop Co,sam,https://www.shop.example/,A1B2C-D3E4F-G5H6J,7,2026-01-10,no,,\n"
        "9002,Old Shop,olga,oldshop.example,,5.5,2019-05-01,no,2027-01-01,also runs www.partsdepot.example\n"
        "9003,Shop Co,sam,,,,,yes,,\n"
        "9100,Miller Solar,bob,miller-tools.example,,7,2026-02-01,no,,\n"
    ),
    "evaluations.csv": (
        "key,organization,contact,downloaded_by,started_on,website\neval-1,Trial Ltd,evan,Evan Tester,2026-06-01,tryit.example\n"
    ),
}


def load(database: Database, folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    with database.transaction():
        report = import_folder(folder)
    assert [str(mistake) for mistake in report.mistakes] == []


@pytest.fixture
def directory(database: Database, tmp_path: Path) -> Iterator[Database]:
    load(database, tmp_path / "directory", FILES)
    with database.reading():
        yield database


def asked(
    text: str, subject: str = "", name: str = "", author: str = "stranger@gmail.example", sender: ContactFacts | None = None
) -> Found:
    return find_account(read_keys(subject, text, name, AddrSpec(author), OURS), sender)


def told(found: Found) -> tuple[str | None, By | None]:
    return found.organization, found.by


# --- one key --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "organization", "by"),
    [
        ("Order 9001 fails", "Shop Co", By.ORDER),
        ("the key a1b2c-d3e4f-g5h6j\nKey: a1b2c-d3e4f-g5h6j", "Shop Co", By.LICENSE),
        ("http://SHOP.example/cart is down", "Shop Co", By.WEBSITE),
        ("tryit.example is down", "Trial Ltd", By.WEBSITE),
        ("Email: ann@gmail.example", "Acme Homes Inc.", By.EMAIL),
        ("Phone: 0049 30 123456789", "Acme Homes Inc.", By.PHONE),
        ("Company: ACME HOMES, LLC", "Acme Homes Inc.", By.COMPANY),
        ("Company: Green Li", "Green Light Solar GmbH", By.COMPANY),
        ("Website: partsdepot", "Old Shop", By.WEBSITE_PART),
        ("the site is sdepot.exam", "Old Shop", By.WEBSITE_PART),
        ("Website: oldsh", "Old Shop", By.WEBSITE_PART),
        ("Downloaded by: TESTER, Evan", "Trial Ltd", By.NAME),
        ("Order 9100", "Miller Solar", By.ORDER),
    ],
)
def test_an_account_is_found_by_each_key(directory: Database, text: str, organization: str, by: By) -> None:
    found = asked(text)
    assert found.outcome is Outcome.FOUND
    assert told(found) == (organization, by)
    assert found.unverified
    assert found.by_name_alone == (by is By.NAME)
    assert organization in found.why()


@pytest.mark.parametrize(
    "text",
    [
        "My site is broken", "Order 9999", "nosuch.example", "Website: exa", "Company: Gre", "Company: House", "Name: Lou Okafor",
        "Email: lou@support.example", "Phone: +49 30 999999999", "Company: Miller Solar", "Email: bob@miller.example", "Key: none",
    ],
)  # fmt: skip
def test_nobody_is_found_by_what_fits_no_account_or_only_the_house_or_a_partner_s_people(directory: Database, text: str) -> None:
    assert asked(text) == Found(outcome=Outcome.NONE)


def test_the_domain_of_the_sender_finds_the_organization_that_lists_it(directory: Database) -> None:
    found = asked("It is broken", author="new@trial.example")
    assert told(found) == ("Trial Ltd", By.COMPANY)
    assert found.unverified


# --- several keys ---------------------------------------------------------------------------------------------------


def test_a_part_of_two_websites_names_nobody(directory: Database) -> None:
    found = asked("The site is shop.exam")
    assert (found.outcome, found.by, found.value) == (Outcome.AMBIGUOUS, By.WEBSITE_PART, "shop.exam")
    assert (found.organization, found.organization_id, found.contradicted) == (None, None, ())
    assert not any(name in found.why() for name in ("Shop Co", "Old Shop"))


def test_two_orders_of_two_accounts_name_nobody(directory: Database) -> None:
    found = asked("Orders 9001 and 9002")
    assert (found.outcome, found.by, found.organization) == (Outcome.AMBIGUOUS, By.ORDER, None)


def test_two_keys_of_the_same_rank_and_one_account_find_it(directory: Database) -> None:
    found = asked("Orders 9001 and 9003\nKey: A1B2C-D3E4F-G5H6J\nshop.example")
    assert told(found) == ("Shop Co", By.ORDER)
    assert found.contradicted == ()
    assert found.order_number == "9001"


def test_the_better_key_decides_and_the_other_is_flagged(directory: Database) -> None:
    found = asked("Order 9001 of oldshop.example, trial.example")
    assert told(found) == ("Shop Co", By.ORDER)
    assert [(hit.by, hit.value) for hit in found.contradicted] == [(By.WEBSITE, "oldshop.example")]
    assert "of another account: website oldshop.example" in found.why()


def test_a_name_contradicts_nothing(directory: Database) -> None:
    assert asked("Order 9001", name="Ann Lee").contradicted == ()


def test_the_sender_is_the_best_key_and_is_on_the_account(directory: Database) -> None:
    ann = contact_of("ann.lee@acme.example")
    found = asked("Order 9001", author="ann.lee@acme.example", sender=ann)
    assert told(found) == ("Acme Homes Inc.", By.SENDER)
    assert not found.unverified
    assert found.order_number is None
    assert [hit.by for hit in found.contradicted] == [By.ORDER]


def test_who_is_known_at_a_partner_or_in_the_house_asks_for_others(directory: Database) -> None:
    for address in ("lou@support.example", "bob@miller.example"):
        found = asked("Website: shop.example", author=address, sender=contact_of(address))
        assert told(found) == ("Shop Co", By.WEBSITE)
        assert found.unverified


# --- facts ----------------------------------------------------------------------------------------------------------


def test_the_facts_of_an_account_are_its_orders_and_trials_the_newest_first(directory: Database) -> None:
    shop, old, trial = (asked(f"Website: {site}").organization_id for site in ("shop.example", "oldshop.example", "tryit.example"))
    assert shop is not None
    assert old is not None
    assert trial is not None
    facts = account_facts(shop)
    assert [(order.number, order.ordered_on, order.hosting) for order in facts.orders] == [
        ("9001", date(2026, 1, 10), False),
        ("9003", None, True),
    ]
    assert account_facts(old).orders[0].priority_support_until == date(2027, 1, 1)
    assert [(one.key, one.started_on) for one in account_facts(trial).evaluations] == [("eval-1", date(2026, 6, 1))]


# --- the index ------------------------------------------------------------------------------------------------------


def everything(database: Database) -> tuple[list[object], list[object]]:
    return sorted(AccountKey.select().tuples()), sorted(WebsiteTail.select().tuples())


def test_what_an_import_changes_is_found_by_its_new_keys_and_no_longer_by_the_old(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "directory"
    load(database, folder, FILES)
    moved = FILES["orders.csv"].replace("9001,Shop Co,sam,https://www.shop.example/", "9001,Old Shop,sam,newshop.example")
    renamed = FILES["contacts.csv"].replace("Ann,Lee", "Anna,Leigh")
    load(database, folder, {"orders.csv": moved, "contacts.csv": renamed})
    with database.reading():
        assert told(asked("Order 9001")) == ("Old Shop", By.ORDER)
        assert told(asked("newshop.example")) == ("Old Shop", By.WEBSITE)
        assert told(asked("Website: newsh")) == ("Old Shop", By.WEBSITE_PART)
        assert asked("https://shop.example").by is By.WEBSITE_PART
        assert asked("Name: Ann Lee").outcome is Outcome.NONE
        assert told(asked("Name: Anna Leigh")) == ("Acme Homes Inc.", By.NAME)
        kept = everything(database)
    with database.transaction():
        index_accounts()
    with database.reading():
        assert everything(database) == kept


def test_the_same_files_again_leave_the_index_alone(database: Database, tmp_path: Path) -> None:
    load(database, tmp_path / "directory", FILES)
    with database.reading():
        kept = everything(database)
    load(database, tmp_path / "directory", FILES)
    with database.reading():
        assert everything(database) == kept


def test_a_database_made_before_there_was_an_index_gets_it_when_it_is_opened(database: Database, database_url: str, tmp_path: Path) -> None:
    load(database, tmp_path / "directory", FILES)
    with database.transaction():
        kept = everything(database)
        for statement in ("DROP TABLE account_key", "DROP TABLE website_tail", "DELETE FROM schema_migration WHERE name LIKE '0005%'"):
            database.peewee.execute_sql(statement.replace("%", "%%") if not database.is_sqlite else statement)
    database.close()
    again = open_database(database_url)
    with again.reading():
        assert everything(again) == kept
    again.close()


def test_a_contact_that_came_by_mail_is_found_by_name_and_phone(database: Database, tmp_path: Path) -> None:
    load(database, tmp_path / "directory", FILES)
    with database.transaction():
        trial = Organization.get(Organization.name == "Trial Ltd").id
        register_contact(
            RegisterContact(
                address=AddrSpec("tina@trial.example"), first_name="Tina", last_name="Turn", organization_id=trial, role="customer",
                phone="+1 555 010 9999",
            )
        )  # fmt: skip
    with database.reading():
        assert told(asked("Name: Tina Turn")) == ("Trial Ltd", By.NAME)
        assert told(asked("Phone: 555 010 9999")) == ("Trial Ltd", By.PHONE)


# --- laws -----------------------------------------------------------------------------------------------------------

HOSTS = st.builds(
    "{}{}.{}".format, st.sampled_from(["shop", "oldshop", "www.shop", "home", "shophome"]), st.integers(0, 3), st.just("example")
)
ACCOUNTS = st.lists(
    st.fixed_dictionaries(
        {
            "company": st.builds(
                "{} {}".format, st.sampled_from(["Acme", "Acme Homes", "Shop", "Home"]), st.sampled_from(["", "Inc", "LLC", "B"])
            ),
            "orders": st.lists(st.tuples(HOSTS, st.sampled_from(["", "K-1", "k-1", "K-2", "A1B2C-D3E4F-G5H6J"])), max_size=2),
            "trial": st.none() | HOSTS,
            "person": st.sampled_from(["Ann Lee", "Lee Ann", "Bob Miller"]),
            "phone": st.sampled_from(["", "030 123456789", "0049 30 123456789", "030 223456789"]),
            "domain": st.booleans(),
        }
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda account: account["company"].strip().casefold(),
)
Account = dict[str, Any]


def written(folder: Path, accounts: list[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)

    def write(name: str, *rows: tuple[object, ...]) -> None:
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)

    write(
        "organizations.csv", ("name", "kind", "domains"),
        *((one["company"], "customer", f"org{at}.example" if one["domain"] else "") for at, one in enumerate(accounts)),
    )  # fmt: skip
    write(
        "contacts.csv", ("handle", "first_name", "last_name", "email", "organization", "phone"),
        *(
            (f"c{at}", *str(one["person"]).split(), f"person{at}@people{at}.example", one["company"], one["phone"])
            for at, one in enumerate(accounts)
        ),
    )  # fmt: skip
    write(
        "orders.csv", ("number", "organization", "website", "license_key"),
        *(
            (f"{1000 + 10 * at + place}", one["company"], website, key)
            for at, one in enumerate(accounts)
            for place, (website, key) in enumerate(one["orders"])
        ),
    )  # fmt: skip
    write(
        "evaluations.csv", ("key", "organization", "website"),
        *((f"e{at}", one["company"], one["trial"]) for at, one in enumerate(accounts) if one["trial"]),
    )  # fmt: skip


def holders(accounts: list[dict[str, Any]], by: By, value: str) -> set[str]:
    """The accounts that a key fits, told the long way: by looking at each."""
    found = set()
    for at, one in enumerate(accounts):
        orders: list[tuple[str, str]] = one["orders"]
        websites = {website_key(str(site)) for site in [*(site for site, _ in orders), *([one["trial"]] if one["trial"] else [])]}
        fits = {
            By.ORDER: value in {f"{1000 + 10 * at + place}" for place in range(len(orders))},
            By.LICENSE: value.casefold() in {key.casefold() for _, key in orders if key},
            By.WEBSITE: value in websites,
            By.EMAIL: value == f"person{at}@people{at}.example",
            By.PHONE: bool(one["phone"]) and value == phone_key(str(one["phone"])),
            By.COMPANY: value == company_key(str(one["company"])),
            By.WEBSITE_PART: len(value) >= 4 and any(value in site for site in websites if site),
            By.NAME: value == name_key(str(one["person"])),
        }
        if fits[by]:
            found.add(str(one["company"]).strip())
    return found


ASKED: dict[By, str] = {
    By.ORDER: "order_numbers", By.LICENSE: "license_keys", By.WEBSITE: "websites", By.EMAIL: "emails", By.PHONE: "phones",
    By.COMPANY: "companies", By.WEBSITE_PART: "websites", By.NAME: "names",
}  # fmt: skip


def every_key(accounts: list[dict[str, Any]]) -> Iterator[tuple[By, str]]:
    for at, one in enumerate(accounts):
        orders: list[tuple[str, str]] = one["orders"]
        for place, (site, key) in enumerate(orders):
            host = website_key(site) or ""
            yield By.ORDER, f"{1000 + 10 * at + place}"
            yield By.LICENSE, key.casefold()
            yield By.WEBSITE, host
            yield from ((By.WEBSITE_PART, host[start:end]) for start in range(0, 6, 2) for end in (start + 3, start + 4, start + 9))
        yield By.EMAIL, f"person{at}@people{at}.example"
        yield By.PHONE, phone_key(str(one["phone"])) or ""
        yield By.COMPANY, company_key(str(one["company"]))
        yield By.NAME, name_key(str(one["person"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACCOUNTS)
def test_no_key_of_one_account_ever_finds_another(database: Database, tmp_path: Path, accounts: list[dict[str, Any]]) -> None:
    """Of any directory: a key finds exactly the one account that it fits, and where it fits several, nobody."""
    written(tmp_path / "any", accounts)
    with database.transaction() as transaction:
        assert [str(mistake) for mistake in import_folder(tmp_path / "any").mistakes] == []
        for by, value in dict.fromkeys(every_key(accounts)):
            if not value:
                continue
            fitting = holders(accounts, by, value)
            if by is By.WEBSITE_PART and holders(accounts, By.WEBSITE, value):
                fitting = holders(accounts, By.WEBSITE, value)
            key: dict[str, Any] = {ASKED[by]: (value,)}
            found = find_account(AccountKeys(**key), None)
            expected = Outcome.NONE if not fitting else Outcome.FOUND if len(fitting) == 1 else Outcome.AMBIGUOUS
            assert found.outcome is expected, (by, value, fitting)
            assert ({found.organization} if expected is Outcome.FOUND else {None}) == (fitting if expected is Outcome.FOUND else {None})
        transaction.give_up()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACCOUNTS, ACCOUNTS)
def test_an_index_that_grew_with_imports_is_the_one_made_at_once(
    database: Database, tmp_path: Path, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    with database.transaction() as transaction:
        for accounts in (before, after):
            written(tmp_path / "any", accounts)
            import_folder(tmp_path / "any")
        grown = everything(database)
        index_accounts()
        assert everything(database) == grown
        transaction.give_up()
