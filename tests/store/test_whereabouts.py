"""Where mails lie: what a folder put back from a copy says is forgotten, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

from daemon.store import journal, whereabouts
from daemon.store.database import Database
from daemon.store.journal import Delivery

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PLACE = ("desk", "INBOX", 7)


def test_from_a_uid_on_the_ledger_forgets_where_mails_lay_and_keeps_the_mails(database: Database) -> None:
    deliveries = [Delivery(uid=uid, octets=b"mail %d" % uid, size=6, internal_date=NOW) for uid in (1, 2, 3)]
    with database.transaction():
        journal.record(*PLACE, deliveries, NOW)
        journal.record("desk", "INBOX", 8, deliveries[2:], NOW)
        assert whereabouts.not_put_away(*PLACE) == {1, 2, 3}
        assert whereabouts.forget_uids(*PLACE, 2) == 2
    with database.reading():
        assert whereabouts.not_put_away(*PLACE) == {1}
        assert set(whereabouts.written_down(*PLACE, 1)) == {1}
        assert whereabouts.not_put_away("desk", "INBOX", 8) == {3}
        assert journal.waiting_count(10) == 4
