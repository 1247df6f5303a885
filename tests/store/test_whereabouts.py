"""Where mails lie: what a folder put back from a copy says is forgotten, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

from daemon.store import journal, whereabouts
from daemon.store.database import Database
from daemon.store.journal import Delivery

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PLACE = ("desk", "INBOX", 7)


def _lying(uidvalidity: int | None = None) -> list[tuple[int, int | None]]:
    return [(one.uidvalidity, one.uid) for one in whereabouts.not_put_away("desk", "INBOX") if uidvalidity in (None, one.uidvalidity)]


def test_from_a_uid_on_the_ledger_forgets_where_mails_lay_and_keeps_the_mails(database: Database) -> None:
    deliveries = [Delivery(uid=uid, octets=b"mail %d" % uid, size=6, internal_date=NOW) for uid in (1, 2, 3)]
    with database.transaction():
        journal.record(*PLACE, deliveries, NOW)
        journal.record("desk", "INBOX", 8, deliveries[2:], NOW)
        assert _lying() == [(7, 1), (7, 2), (7, 3), (8, 3)]
        assert whereabouts.forget_uids(*PLACE, 2) == 2
    with database.reading():
        # they are still to be looked for
        assert _lying(7) == [(7, 1), (7, None), (7, None)]
        assert set(whereabouts.written_down(*PLACE, 1)) == {1}
        assert _lying(8) == [(8, 3)]
        assert journal.waiting_count(10) == 4
        assert whereabouts.not_put_away("desk", "Other") == []


def test_where_a_mail_lay_can_be_found_by_its_digest_until_it_is_forgotten(database: Database) -> None:
    deliveries = [Delivery(uid=uid, octets=b"mail %d" % (uid % 2), size=6, internal_date=NOW) for uid in (1, 2, 3)]
    with database.transaction():
        numbers = journal.record(*PLACE, deliveries, NOW)
        (odd,) = {one.sha256 for one in whereabouts.not_put_away("desk", "INBOX") if one.uid in (1, 3)}
        assert sorted(whereabouts.deliveries_of("desk", "INBOX", [odd])) == [(numbers[0], odd, 7, 1), (numbers[2], odd, 7, 3)]
        assert whereabouts.deliveries_of("desk", "Other", [odd]) == []
        whereabouts.forget(numbers[:1])
        whereabouts.forget([])
    with database.reading():
        assert whereabouts.deliveries_of("desk", "INBOX", [odd]) == [(numbers[2], odd, 7, 3)]
        assert _lying() == [(7, 2), (7, 3)]
