"""Statements compiled once: the same rows as a plain query gives, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import peewee as pw
import pytest

from daemon.store.database import Database
from daemon.store.schema import Journal, Octets, Order, Organization, OrganizationDomain, Queue
from daemon.store.statements import ROWS_AT_ONCE, Select, every, first, insert, load, rows, update

AT = datetime(2026, 11, 23, 15, 5, 1, 250_000, tzinfo=UTC)


def _mail(**values: object) -> dict[str, object]:
    row = {"mailbox": "support", "folder": "INBOX", "uidvalidity": 1, "uid": 1, "internal_date": AT, "recorded_at": AT, "state": "received"}
    return row | values


def test_rows_get_their_defaults_and_their_numbers_in_order(database: Database) -> None:
    with database.transaction():
        numbers = insert(Journal, [_mail(uid=uid) for uid in (7, 3, 5)])
        assert [Journal.get_by_id(number).uid for number in numbers] == [7, 3, 5]
        row = Journal.get_by_id(numbers[0])
    assert (row.attempts, row.lane, row.archive, row.tidied, row.kind) == (0, "", False, False, None)


def test_a_conflict_is_an_error_or_is_passed_over(database: Database) -> None:
    with database.transaction():
        insert(Journal, [_mail()])
        assert insert(Journal, [_mail(), _mail(uid=2)], ignore=True) != []
        assert Journal.select().count() == 2
    with pytest.raises(pw.IntegrityError), database.transaction():
        insert(Journal, [_mail()])


def test_octets_of_every_value_come_back_as_they_were(database: Database) -> None:
    content = bytes(range(256))
    with database.transaction():
        assert insert(Octets, [{"sha256": "a" * 64, "content": content}, {"sha256": "b" * 64, "content": b""}], ids=False) == []
        assert insert(Octets, [{"sha256": "a" * 64, "content": content}], ignore=True, ids=False) == []
    select = Select(lambda digests: Octets.select(Octets.sha256, Octets.content).where(Octets.sha256.in_(digests)).order_by(Octets.sha256))
    with database.reading():
        assert [(digest, bytes(octets)) for digest, octets in select(digests=["a" * 64, "b" * 64])] == [
            ("a" * 64, content),
            ("b" * 64, b""),
        ]


def test_times_are_aware_and_in_utc_whatever_zone_they_came_in(database: Database) -> None:
    select = Select(lambda uid: Journal.select(Journal.internal_date, Journal.archive).where(Journal.uid == uid))
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with database.transaction():
        insert(Journal, [_mail(uid=1, internal_date=elsewhere, archive=True)])
        assert select(uid=1) == [(AT, True)]
        assert select(uid=1)[0][0].tzinfo is UTC


def test_a_list_may_have_another_length_each_time(database: Database) -> None:
    select = Select(lambda uids, state: Journal.select(Journal.uid).where(Journal.uid.in_(uids) & (Journal.state == state)))
    with database.transaction():
        insert(Journal, [_mail(uid=uid) for uid in range(1, 6)])
        for uids in ([1], [1, 2, 3], [4, 9], [1, 2, 3, 4, 5]):
            assert sorted(row[0] for row in select(uids=uids, state="received")) == [uid for uid in uids if uid < 6]
        assert select.first(uids=[9], state="received") is None
        assert select.first(uids=[2], state="received") == (2,)


def test_an_update_says_how_many_rows_it_changed(database: Database) -> None:
    with database.transaction():
        insert(Journal, [_mail(uid=uid) for uid in (1, 2, 3)])
        assert update(Journal, {"kind": "ticket", "decided_at": AT}, {"state": "received", "uid": 2}) == 1
        assert update(Journal, {"kind": None}, {"kind": None}) == 2
        assert update(Journal, {"kind": "copy"}, {"uid": 9}) == 0
        assert [(row.uid, row.kind, row.decided_at) for row in Journal.select().order_by(Journal.uid)] == [
            (1, None, None), (2, "ticket", AT), (3, None, None),
        ]  # fmt: skip


def test_the_same_statement_works_on_the_next_database(database: Database, tmp_path_factory: pytest.TempPathFactory) -> None:
    from daemon.store.database import open_database

    select = Select(lambda name: Queue.select(Queue.name).where(Queue.name == name))
    with database.transaction():
        insert(Queue, [{"name": "one"}])
        assert select(name="one") == [("one",)]
    database.close()
    other = open_database(f"sqlite:///{tmp_path_factory.mktemp('other') / 'other.db'}")
    with other.transaction():
        assert select(name="one") == []
        insert(Queue, [{"name": "one"}])
        assert select(name="one") == [("one",)]
    other.close()


def test_plain_queries_give_tuples(database: Database) -> None:
    with database.transaction():
        insert(Organization, [{"name": "House", "name_key": "house", "kind": "house"}])
        assert list(rows(Organization.select(Organization.name, Organization.active))) == [("House", True)]
        assert first(Organization.select(Organization.kind).where(Organization.name == "House")) == ("house",)
        assert first(Organization.select(Organization.kind).where(Organization.name == "nobody")) is None


ORDER = ("id", "number", "organization", "ordered_on", "hosting")


def test_many_rows_are_loaded_and_come_back_with_their_dates(database: Database) -> None:
    with database.transaction():
        (house,) = insert(Organization, [{"name": "House", "name_key": "house", "kind": "house"}])
        wanted = [(1, "a\tb\\N\n", house, date(2026, 11, 23), True), (2, "", house, None, False)]
        load(Order, ORDER, wanted)
        assert sorted(every(Order, "id", "number", "organization_id", "ordered_on", "hosting")) == wanted
        load(Order, ORDER, [(2, "9002", house, date(2026, 1, 1), True)], conflict="replace")
        assert sorted(every(Order, "id", "number", "ordered_on")) == [(1, wanted[0][1], wanted[0][3]), (2, "9002", date(2026, 1, 1))]


def test_rows_that_are_there_or_come_twice_are_passed_over_while_they_are_read_from_a_query(database: Database) -> None:
    with database.transaction():
        (house,) = insert(Organization, [{"name": "House", "name_key": "house", "kind": "house"}])
        load(OrganizationDomain, ("domain", "organization"), [("0.example", house)])
        query = rows(Organization.select(Organization.id))
        twice = ((f"{number // 2}.example", one) for (one,) in query for number in range(2 * ROWS_AT_ONCE + 2))
        load(OrganizationDomain, ("domain", "organization"), twice, conflict="ignore")
        assert OrganizationDomain.select().count() == ROWS_AT_ONCE + 1
    with pytest.raises(pw.IntegrityError), database.transaction():
        load(OrganizationDomain, ("domain", "organization"), [("0.example", house)])
