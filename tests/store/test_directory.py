"""The directory import: loaded twice it changes nothing, one bad row and nothing is loaded, every bad row is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.parsers.names import folded
from daemon.store.database import Database, open_database
from daemon.store.directory import Report, import_folder
from daemon.store.schema import (
    Contact,
    ContactEmail,
    ContactRole,
    Contract,
    Evaluation,
    Order,
    Organization,
    OrganizationDomain,
    Queue,
    QueueMember,
    Row,
    System,
)
from daemon.store.sheets import ROLES, SHEETS

TABLES: tuple[type[Row], ...] = (
    Organization, OrganizationDomain, Contact, ContactEmail, ContactRole, System, Contract, Order, Evaluation, Queue, QueueMember,
)  # fmt: skip

FILES = {
    "organizations.csv": (
        "name,kind,account_manager,parent,calendar,date_order,domains\n"
        "House,house,,,house,,support.example\n"
        "Miller Solar,partner,,,berlin,DMY,miller.example miller.de.example\n"
        "Acme Homes,customer,marta,Miller Solar,,,acme.example\n"
    ),
    "contacts.csv": (
        "handle,first_name,last_name,email,organization,roles,phone,language\n"
        "marta,Marta,Silva,marta@support.example,House,agent account_manager,,\n"
        "bob,Bob,Miller,bob@miller.example Bob.Miller@miller.example,Miller Solar,partner_agent,+49 30 1,de\n"
        'ann,"Ann, senior",Lee,ann@acme.example,Acme Homes,customer,,\n'
    ),
    "systems.csv": "name,entity,partner\nRoof-7,Acme Homes,Miller Solar\nRoof-8,Acme Homes,\n",
    "contracts.csv": "number,organization,contact,status\nHC-1,Acme Homes,ann,Active\nHC-2,Acme Homes,,pending cancellation\n",
    "orders.csv": (
        "number,organization,contact,website,license_key,version,ordered_on,hosting,priority_support_until,notes\n"
        '9001,Acme Homes,ann,acme.example,K,7,2026-01-10,yes,2027-01-10,"two\nlines"\n'
    ),
    "evaluations.csv": "key,organization,contact,downloaded_by,started_on,website\ne1,Acme Homes,ann,Ann Lee,2026-06-01,\n",
    "queues.csv": "name,members,default,triage\nlevel-one,marta,yes,no\ntriage,marta bob,no,yes\n",
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "directory"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text, "utf-8")
    return made


def load(database: Database, folder: Path, **options: object) -> Report:
    with database.transaction():
        return import_folder(folder, **options)  # type: ignore[arg-type]


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading():
        return {model.__name__: sorted(map(tuple, model.select().tuples()), key=str) for model in TABLES}


def rewrite(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), "utf-8")


def told(report: Report) -> list[str]:
    return [str(mistake) for mistake in report.mistakes]


# --- loading -------------------------------------------------------------------------------------------------------


def test_every_column_arrives(database: Database, folder: Path) -> None:
    report = load(database, folder)
    assert told(report) == []
    assert {file.file: (file.rows, file.new, file.changed) for file in report.files} == {
        "organizations.csv": (3, 3, 0), "contacts.csv": (3, 3, 0), "systems.csv": (2, 2, 0), "contracts.csv": (2, 2, 0),
        "orders.csv": (1, 1, 0), "evaluations.csv": (1, 1, 0), "queues.csv": (2, 2, 0),
    }  # fmt: skip
    with database.reading():
        acme = Organization.get(Organization.name == "Acme Homes")
        marta, bob, ann = (Contact.get(Contact.handle == handle) for handle in ("marta", "bob", "ann"))
        assert (acme.kind, acme.account_manager_id, acme.name_key) == ("customer", marta.id, "acme homes")
        assert acme.parent_id == Organization.get(Organization.name == "Miller Solar").id
        assert {row.domain for row in OrganizationDomain.select()} == {
            "support.example", "miller.example", "miller.de.example", "acme.example"
        }  # fmt: skip
        assert (ann.first_name, ann.organization_id, ann.phone, bob.language) == ("Ann, senior", acme.id, None, "de")
        mails = ContactEmail.select().where(ContactEmail.contact == bob).order_by(ContactEmail.position)
        assert [mail.address for mail in mails] == ["bob@miller.example", "bob.miller@miller.example"]
        assert {row.role for row in ContactRole.select().where(ContactRole.contact == marta)} == {"agent", "account_manager"}
        assert System.get(System.name == "Roof-8").partner_id is None
        assert Contract.get(Contract.number == "HC-2").status == "Pending Cancellation"
        order = Order.get(Order.number == "9001")
        assert (str(order.ordered_on), order.hosting, order.notes) == ("2026-01-10", True, "two\nlines")
        assert Evaluation.get(Evaluation.key == "e1").downloaded_by == "Ann Lee"
        assert Queue.get(Queue.is_default).name == "level-one"
        assert QueueMember.select().where(QueueMember.queue == Queue.get(Queue.is_triage)).count() == 2


def test_the_same_files_again_change_nothing(database: Database, folder: Path) -> None:
    load(database, folder)
    before = everything(database)
    report = load(database, folder)
    assert all((file.new, file.changed) == (0, 0) for file in report.files)
    assert everything(database) == before


def test_a_changed_row_is_updated_and_keeps_its_id(database: Database, folder: Path) -> None:
    load(database, folder)
    with database.reading():
        before = Contact.get(Contact.handle == "ann").id
    rewrite(folder, "contacts.csv", '"Ann, senior",Lee,ann@acme.example', "Anna,Leigh,anna@acme.example ann@acme.example")
    rewrite(folder, "orders.csv", ",7,", ",8,")
    report = load(database, folder)
    assert {file.file: file.changed for file in report.files if file.changed} == {"contacts.csv": 1, "orders.csv": 1}
    with database.reading():
        ann = Contact.get(Contact.handle == "ann")
        assert (ann.id, ann.first_name, ann.last_name) == (before, "Anna", "Leigh")
        mails = ContactEmail.select().where(ContactEmail.contact == ann).order_by(ContactEmail.position)
        assert [mail.address for mail in mails] == ["anna@acme.example", "ann@acme.example"]


def test_a_row_that_is_gone_from_the_file_is_not_deleted(database: Database, folder: Path) -> None:
    load(database, folder)
    rewrite(folder, "systems.csv", "Roof-8,Acme Homes,\n", "")
    load(database, folder)
    with database.reading():
        assert System.select().count() == 2


def test_a_file_may_be_absent_and_refer_to_the_database(database: Database, folder: Path) -> None:
    load(database, folder)
    for name in ("organizations.csv", "contacts.csv", "queues.csv"):
        (folder / name).unlink()
    (folder / "systems.csv").write_text("partner,name,entity\nMILLER  solar,Roof-9,acme homes\n")
    report = load(database, folder)
    assert told(report) == []
    with database.reading():
        assert System.get(System.name == "Roof-9").partner.name == "Miller Solar"


def test_a_column_that_is_absent_is_left_alone_and_an_empty_cell_is_unset(database: Database, folder: Path) -> None:
    load(database, folder)
    (folder / "contacts.csv").write_text("handle,phone,roles\nbob,,\n")
    assert told(load(database, folder)) == []
    with database.reading():
        bob = Contact.get(Contact.handle == "bob")
        assert (bob.first_name, bob.phone, bob.language) == ("Bob", None, "de")
        assert ContactEmail.select().where(ContactEmail.contact == bob).count() == 2
        assert ContactRole.select().where(ContactRole.contact == bob).count() == 0


def test_an_address_can_move_from_one_contact_to_another(database: Database, folder: Path) -> None:
    load(database, folder)
    rewrite(folder, "contacts.csv", " Bob.Miller@miller.example", "")
    rewrite(folder, "contacts.csv", "ann@acme.example", "ann@acme.example bob.miller@miller.example")
    assert told(load(database, folder)) == []
    with database.reading():
        assert ContactEmail.get(ContactEmail.address == "bob.miller@miller.example").contact.handle == "ann"


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_matter(database: Database, folder: Path) -> None:
    for path in folder.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert told(load(database, folder)) == []


def test_what_is_probably_not_meant_is_noted(database: Database, folder: Path) -> None:
    (folder / "queues.csv").unlink()
    notes = load(database, folder, calendars=["house"]).notes
    assert notes[0] == "organizations.csv:3: calendar: [calendars.berlin] is not in the configuration"
    assert len(notes) == 3


def test_an_import_says_how_far_it_is_and_never_goes_back(database: Database, folder: Path) -> None:
    heard: list[tuple[int, int]] = []
    rows = [f"{number},Acme Homes,ann,,,7,2026-01-10,no,,\n" for number in range(3000)]
    (folder / "orders.csv").write_text(FILES["orders.csv"].splitlines()[0] + "\n" + "".join(rows))
    load(database, folder, tell=lambda done, total: heard.append((done, total)))
    assert heard == sorted(heard)
    assert len({done for done, _ in heard}) > 5
    assert all(0 <= done <= total for done, total in heard)


# --- mistakes ------------------------------------------------------------------------------------------------------


def test_every_bad_row_is_told_and_nothing_is_loaded(database: Database, folder: Path) -> None:
    rewrite(folder, "organizations.csv", "Acme Homes,customer", "Acme Homes,custmer")
    rewrite(folder, "contacts.csv", "partner_agent", "partner_agnet")
    rewrite(folder, "contacts.csv", "ann@acme.example", "ann@")
    rewrite(folder, "systems.csv", "Roof-8,Acme Homes", "Roof-8,Acme Hoems")
    rewrite(folder, "orders.csv", "2026-01-10,yes", "10.01.2026,maybe")
    report = load(database, folder)
    assert told(report) == [
        "organizations.csv:4: kind: 'custmer' is not known (did you mean 'customer'?); use one of house, partner, customer",
        f"contacts.csv:3: roles: 'partner_agnet' is not known (did you mean 'partner_agent'?); use one of {', '.join(ROLES)}",
        "contacts.csv:4: email: 'ann@' is no address (bad-domain); write addresses like ann@acme.example, separated by blanks",
        "systems.csv:3: entity: 'Acme Hoems' is in no row of organizations.csv and not in the database"
        " (did you mean 'Acme Homes'?); add it to organizations.csv, or mend the spelling",
        "orders.csv:2: ordered_on: '10.01.2026' is no date; write dates as YYYY-MM-DD",
        "orders.csv:2: hosting: 'maybe' is neither yes nor no; write yes or no",
    ]
    assert report.files == ()
    assert not any(everything(database).values())


MISTAKES = {
    "an unknown column": ("systems.csv", "name,entity,partner", "name,entitty,partner", ":1: entitty: an unknown column"),
    "a column twice": ("systems.csv", "name,entity,partner", "name,entity,entity", ":1: entity: the column stands there twice"),
    "no key column": ("systems.csv", "name,entity,partner", "entity,partner,entity", ":1: name: the key column is missing"),
    "an empty key": ("systems.csv", "Roof-7,", ",", ":2: name: the key is empty"),
    "a key twice": ("systems.csv", "Roof-8,", "ROOF-7,", ":3: name: 'ROOF-7' stands in line 2 already"),
    "too many cells": ("systems.csv", "Roof-7,Acme Homes", "Roof-7,Acme, Homes", ":2: 4 cells, but the header row has 3"),
    "an open quote": ("systems.csv", "Roof-8,", '"Roof-8,', ":3: not CSV"),
    "a control character": ("systems.csv", "Roof-8", "Roof\x1b[2J-8", ":3: name: a control character"),
    "a required cell empty": ("contacts.csv", "Acme Homes", "", ":4: organization: empty"),
    "a handle with a blank": ("contacts.csv", "ann,", "ann lee,", ":4: handle: 'ann lee' is no handle"),
    "an address of ours": ("contacts.csv", "ann@acme.example", "support@support.example", ":4: email: support@support.example is an"),
    "an address twice": ("contacts.csv", "ann@acme.example", "BOB@miller.example", ":4: email: bob@miller.example belongs to 'bob'"),
    "a domain twice": ("organizations.csv", "acme.example", "miller.example", ":4: domains: miller.example belongs to 'Miller Solar'"),
    "a domain that is none": ("organizations.csv", "acme.example", "acme", ":4: domains: 'acme' is no mail domain"),
    "its own parent": ("organizations.csv", ",,,berlin", ",,Acme Homes,berlin", ":3: parent: 'Miller Solar' is its own parent"),
    "an unknown contact": ("queues.csv", "marta bob", "marta bobb", ":3: members: 'bobb' is in no row of contacts.csv"),
    "two default queues": ("queues.csv", "bob,no", "bob,yes", ":3: default: 'level-one' in line 2 is that already"),
    "a day that is none": ("evaluations.csv", "2026-06-01", "2026-06-31", ":2: started_on: '2026-06-31' is no date"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_line_column_and_cure(database: Database, folder: Path, case: str) -> None:
    name, old, new, expected = MISTAKES[case]
    rewrite(folder, name, old, new)
    report = load(database, folder, own_addresses=["support@support.example"])
    assert any(line.startswith(name + expected) and "; " in line for line in told(report)), told(report)
    assert not any(everything(database).values())


def test_a_mistake_behind_a_cell_of_two_lines_has_the_right_line(database: Database, folder: Path) -> None:
    with (folder / "orders.csv").open("a") as file:
        file.write("9002,Acme Homes,ann,,,,,often,,\n")
    assert told(load(database, folder))[0].startswith("orders.csv:4: hosting")


def test_a_file_that_is_not_utf8_is_told_with_its_line(database: Database, folder: Path) -> None:
    (folder / "systems.csv").write_bytes(b"name,entity\nRoof-7,Acme Homes\nD\xe4cher,Acme Homes\n")
    assert told(load(database, folder)) == ["systems.csv:3: octet 0xe4 is not UTF-8; save the file as UTF-8"]


def test_a_misspelt_file_is_told(database: Database, folder: Path) -> None:
    (folder / "contact.csv").write_text("handle\n")
    assert "did you mean 'contacts.csv'" in told(load(database, folder))[0]


def test_an_address_of_somebody_in_the_database_is_refused(database: Database, folder: Path) -> None:
    load(database, folder)
    (folder / "contacts.csv").write_text("handle,email,organization\nnew,ann@acme.example,Acme Homes\n")
    assert told(load(database, folder)) == [
        "contacts.csv:2: email: ann@acme.example belongs to 'ann' in the database; let it stand with one of them"
    ]


def test_a_bad_file_leaves_what_was_loaded_before(database: Database, folder: Path) -> None:
    load(database, folder)
    before = everything(database)
    rewrite(folder, "contacts.csv", "Bob,Miller", "Robert,Miller")
    rewrite(folder, "orders.csv", "yes", "of course")
    assert load(database, folder).mistakes
    assert everything(database) == before


def test_a_thousand_mistakes_are_all_told(database: Database, folder: Path) -> None:
    with (folder / "orders.csv").open("a") as file:
        file.writelines(f"{number},Nobody {number},,,,,,,,\n" for number in range(1000))
    assert len(load(database, folder).mistakes) == 1000


def test_more_rows_than_one_statement_takes_are_loaded_and_updated(database: Database, folder: Path) -> None:
    rows = [f"{number},Acme Homes,ann,,,7,2026-01-10,no,,\n" for number in range(3000)]
    header = FILES["orders.csv"].splitlines()[0] + "\n"
    (folder / "orders.csv").write_text(header + "".join(rows))
    assert next(file.new for file in load(database, folder).files if file.file == "orders.csv") == 3000
    (folder / "orders.csv").write_text(header + "".join(rows).replace(",7,", ",8,"))
    assert next(file.changed for file in load(database, folder).files if file.file == "orders.csv") == 3000
    with database.reading():
        assert Order.select().where(Order.version == "8").count() == 3000


# --- laws ----------------------------------------------------------------------------------------------------------


@given(st.text())
def test_folding_a_key_twice_is_folding_it_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_keys_are_compared_without_case_and_blanks() -> None:
    assert folded("  ACME\t Homes ") == folded("acme homes")
    assert folded("STRASSE") == folded("straße")
    assert folded("Acme") == folded("ACME")


CELLS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["", "yes", "House", "ann", "ann@acme.example", "2026-01-01"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SHEETS), st.data())
def test_whatever_stands_in_a_file_is_loaded_or_told(database: Database, tmp_path: Path, sheet: object, data: st.DataObject) -> None:
    """Any cells at all: either a report of mistakes and an untouched database, or rows that load again without a change."""
    columns = list(sheet.columns)  # type: ignore[attr-defined]
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), max_size=4))
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    (folder / sheet.file).write_bytes(text.getvalue().encode("utf-8"))  # type: ignore[attr-defined]
    before = everything(database)
    if load(database, folder).mistakes:
        assert everything(database) == before
    else:
        assert not any(file.new or file.changed for file in load(database, folder).files)
