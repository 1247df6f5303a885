"""Mails that should lie in a folder and don't: those that come again, and those that we put away ourselves, are not missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.demo.servers import EmbeddedImap
from daemon.losses import Loss
from daemon.mail.imap import Watch
from daemon.missing import Expected, find_loss
from daemon.store import journal, whereabouts
from daemon.store.database import Database, open_database
from daemon.store.journal import Delivery
from daemon.store.schema import Journal
from tests.mailing.test_imap import account_of, mail

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PLACES = {"acted": "Processed"}
BEFORE = 7
"""A UIDVALIDITY that no server of a test has."""


class Folder:
    """INBOX on a server, and what the ledger says of it."""

    def __init__(self, server: EmbeddedImap, database: Database, watch: Watch) -> None:
        self.server, self.database, self.watch = server, database, watch

    def write_down(self, uids: Sequence[int], state: str = "received", uidvalidity: int | None = None) -> None:
        """Mails of these UIDs, as the ledger has them."""
        deliveries = [Delivery(uid=uid, octets=mail(uid), size=len(mail(uid)), internal_date=NOW) for uid in uids]
        with self.database.transaction():
            numbers = journal.record("support", "INBOX", uidvalidity or self.watch.uidvalidity, deliveries, NOW)
            Journal.update(state=state).where(Journal.id.in_(numbers)).execute()

    def expected(self) -> Expected:
        with self.database.reading():
            return Expected.of(whereabouts.not_put_away("support", "INBOX"), self.watch.uidvalidity)

    def loss(self, present: Sequence[int], places: dict[str, str] | None = PLACES) -> Loss | None:
        return find_loss(self.database, self.watch, self.expected(), set(present), places)


@pytest.fixture
def folder(imap_server: EmbeddedImap, tmp_path: Path) -> Iterator[Folder]:
    database = open_database(f"sqlite:///{tmp_path / 'supportd.db'}")
    with Watch(account_of(imap_server)) as watch:
        yield Folder(imap_server, database, watch)
    database.let_go()
    database.close()


def test_what_lay_elsewhere_is_told_apart_from_what_lies_here(folder: Folder) -> None:
    folder.write_down([1, 2])
    folder.write_down([1], uidvalidity=BEFORE)
    with folder.database.transaction():
        whereabouts.forget_uids("support", "INBOX", folder.watch.uidvalidity, 2)
    expected = folder.expected()
    assert [one.uid for one in expected.here] == [1]
    assert [(one.uidvalidity == BEFORE, one.uid) for one in expected.displaced] == [(False, None), (True, 1)]


def test_mails_that_are_not_under_their_uids_are_missing_if_they_are_many(folder: Folder) -> None:
    folder.write_down(range(1, 6))
    assert folder.loss(range(1, 6)) is None
    assert folder.loss([1, 2, 3]) is None
    assert folder.loss([1, 2]) == Loss("INBOX", 3, 5, written_down=True)


def test_finished_mails_that_lie_where_they_are_put_away_are_not_missing(folder: Folder) -> None:
    folder.write_down(range(1, 6), state="acted")
    assert folder.loss([]) == Loss("INBOX", 5, 5, written_down=True)
    for uid in (1, 2, 3):
        folder.server.deliver(mail(uid), internal_date=NOW)
    folder.watch.uidnext()
    folder.watch.put_away(folder.watch.uids(), "Processed")
    assert folder.loss([], None) == Loss("INBOX", 5, 5, written_down=True)
    assert folder.loss([]) is None
    # one that was not finished was not put away by us
    folder.write_down(range(11, 14))
    assert folder.loss([]) == Loss("INBOX", 5, 8, written_down=True)


def test_mails_whose_place_was_lost_are_looked_for_by_their_octets(folder: Folder) -> None:
    folder.write_down(range(1, 6), uidvalidity=BEFORE)
    assert folder.loss([]) == Loss("INBOX", 5, 5, written_down=True, anew=True)
    folder.write_down(range(1, 4))
    assert folder.loss([1, 2, 3]) == Loss("INBOX", 2, 5, written_down=True, anew=True)
    folder.write_down([4])
    assert folder.loss([1, 2, 3, 4]) is None


def test_what_was_known_of_the_folder_before_counts_only_if_it_lies_there(folder: Folder) -> None:
    folder.write_down([1])
    folder.write_down([1], uidvalidity=BEFORE)
    assert folder.loss([1]) is None
    assert folder.loss([]) == Loss("INBOX", 1, 1, written_down=True, anew=True)


def test_what_the_server_lists_and_does_not_hand_out_may_be_what_is_looked_for(folder: Folder) -> None:
    folder.write_down([1, 2], uidvalidity=BEFORE)
    folder.watch.unreadable = {1, 2}
    assert folder.loss([1, 2]) is None
    folder.watch.unreadable = {1}
    assert folder.loss([1]) == Loss("INBOX", 1, 2, written_down=True, anew=True)
