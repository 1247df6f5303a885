"""Which octets go for their age: never what somebody needs, always what nobody does; and what arrives meanwhile is whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.store.audit_raw import deleted, kept
from daemon.store.database import Database, open_database
from daemon.store.journal import keep_octets
from daemon.store.retention import FIRST, OLD_MAILS, OLD_OUTGOING, delete_mails, delete_outgoing, old_mails, old_outgoing
from daemon.store.schema import Attachment, Interaction, Journal, Octets, Outbox
from tests.actions.desk import a_case, journalled, settle

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DAYS = 400
EDGE = NOW - timedelta(days=DAYS)
CONTENTS = {hashlib.sha256(octets).hexdigest(): octets for octets in (b"one", b"two", b"three")}
DIGESTS = sorted(CONTENTS)

Mail = tuple[int, int | None, int, str, str, int]
"""Which octets it has, which its file has, how many days before the edge it came, its state, of what kind its case is, and how many
days later than it was written down here its server says that it came."""

MAILS = st.tuples(
    st.integers(0, 1), st.none() | st.integers(1, 2), st.integers(-2, 2), st.sampled_from(["acted", "ignored", "received", "quarantined"]),
    st.sampled_from(["none", "closed", "open"]), st.sampled_from([0, 0, -20000, 3]),
)  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('old') / 'supportd.db'}")
    settle(database)
    yield database
    database.close()


def arrived(octets: int | None, file: int | None = None, days: int = 0, state: str = "acted", case: str = "none", later: int = 0) -> int:
    """A mail that came so many days before the edge; its server says, so many days later."""
    at = EDGE - timedelta(days=days)
    dates = {"internal_date": at + timedelta(days=later), "recorded_at": at}
    number = journalled(sha256=DIGESTS[octets] if octets is not None else None, state=state, **dates)
    case_id = None if case == "none" else a_case(closed_at=at if case == "closed" else None)
    Interaction.insert(direction="in", journal=number, at=at, case=case_id).execute()
    wanted = [digest for digest in (octets, file) if digest is not None]
    keep_octets((DIGESTS[one], CONTENTS[DIGESTS[one]]) for one in wanted)
    if file is not None:
        row = {"journal": number, "case": case_id, "name": "f", "content_type": "text/plain", "size": 3, "sha256": DIGESTS[file]}
        Attachment.insert(**row, inline=False).execute()
    return number


def delete_all(database: Database) -> set[int]:
    """Delete what is old; the numbers of the mails that are marked."""
    found = old_mails(database, EDGE, FIRST, 100)
    delete_mails(database, [place.number for place in found], EDGE, NOW, DAYS)
    return {row[0] for row in Journal.select(Journal.id).where(Journal.raw_deleted_at.is_null(False)).tuples()}


def there() -> set[str]:
    return {row[0] for row in Octets.select(Octets.sha256).tuples()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mails=st.lists(MAILS, min_size=1, max_size=5))
def test_what_somebody_needs_stays_and_nothing_else(opened: Database, mails: list[Mail]) -> None:
    opened.bind()
    with opened.transaction() as transaction:
        numbers = {arrived(*one): one for one in mails}
        marked = delete_all(opened)
        needed = {one[0] for one in mails if one[2] - max(one[5], 0) < 0 or one[3] not in ("acted", "ignored") or one[4] == "open"}
        assert marked == {number for number, one in numbers.items() if one[0] not in needed}
        whole = [one for number, one in numbers.items() if number not in marked]
        assert there() == {DIGESTS[digest] for one in whole for digest in one[:2] if digest is not None}
        assert [*deleted(), *kept(lambda _done, _total: None)] == []
        assert delete_all(opened) == marked
        transaction.give_up()


def test_octets_that_are_lost_are_not_passed_off_as_deleted(opened: Database) -> None:
    opened.bind()
    with opened.transaction() as transaction:
        number = arrived(0)
        Octets.delete().execute()
        assert delete_all(opened) == set()
        assert [*kept(lambda _done, _total: None)] == [f"mail {number}: its octets are not kept"]
        transaction.give_up()


def test_of_ours_what_was_sent_or_dropped_goes_by_when_it_left(database: Database) -> None:
    settle(database)
    with database.transaction():
        numbers = {}
        for state in ("sent", "dropped", "failed", "held", "queued", "unknown"):
            for days in (0, -1):
                at = EDGE - timedelta(days=days)
                row = {"cause": "mail:1", "forward_path": "a@b.example", "reverse_path": "", "template": "t", "subject": ""}
                row |= {"state": state, "effect_key": f"{state}{days}", "message_id": f"<{state}{days}@x>", "octets": b"mail"}
                # what was sent is as old as its sending
                times = {"created_at": EDGE, "sent_at": at} if state == "sent" else {"created_at": at}
                numbers[Outbox.insert(**row, **times).execute()] = (state, days)
        found = [place.number for place in old_outgoing(database, EDGE, FIRST, 100)]
        assert delete_outgoing(database, found, EDGE, NOW, DAYS) == 2
        gone = Outbox.select(Outbox.id, Outbox.sha256, Outbox.size, Outbox.raw_deleted_at).where(Outbox.octets.is_null()).tuples()
        assert {numbers[row[0]]: row[1:] for row in gone} == dict.fromkeys(
            [("sent", 0), ("dropped", 0)], (hashlib.sha256(b"mail").hexdigest(), 4, NOW)
        )
        assert [*deleted()] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_old_ones_are_found_by_an_index_and_leave_no_trace_in_the_file(database: Database, tmp_path: Path) -> None:
    settle(database)
    for sql, index, more in ((OLD_MAILS, "journal_raw", ("2026-01-01",)), (OLD_OUTGOING, "outbox_raw", ())):
        values = ("2026-01-01", "0001-01-01", 0, *more, 100)
        plan = [row[3] for row in database.peewee.execute_sql("EXPLAIN QUERY PLAN " + sql.format("?"), values).fetchall()]
        assert index in plan[0]
        assert not any("SCAN" in step or "TEMP" in step for step in plan)
    secret = b"nobody shall read this again" * 400
    CONTENTS[digest := hashlib.sha256(secret).hexdigest()] = secret
    with database.transaction():
        keep_octets([(digest, secret)])
        journalled(sha256=digest, internal_date=EDGE, recorded_at=EDGE, state="ignored")
    database.peewee.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert secret[:28] in database.path.read_bytes()
    with database.transaction():
        delete_all(database)
    database.peewee.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert secret[:28] not in database.path.read_bytes()


# --- two at once -----------------------------------------------------------------------------------------------------


def meanwhile(work: Callable[[], object]) -> threading.Thread:
    """Something another worker does at the same time."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_the_same_mail_that_arrives_while_it_is_deleted_is_whole(database: Database) -> None:
    settle(database)
    with database.transaction():
        arrived(0, file=1)
    came, deleting = threading.Event(), threading.Event()

    def arrive() -> None:
        deleting.wait(60)
        with database.transaction():
            came.set()
            arrived(0, file=1, days=-DAYS)
        database.close()

    other = meanwhile(arrive)
    with database.transaction():
        assert len(delete_all(database)) == 1
        deleting.set()
        assert came.wait(60)
    other.join(60)
    with database.reading():
        assert there() == {DIGESTS[0], DIGESTS[1]}
        assert [*deleted(), *kept(lambda _done, _total: None)] == []


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_another_worker_writes_down_at_that_moment_is_left_for_the_next_look(database: Database) -> None:
    settle(database)
    with database.transaction():
        arrived(0, file=1)
    written, looked = threading.Event(), threading.Event()

    def arrive() -> None:
        with database.transaction():
            arrived(2, file=1, days=-DAYS)
            written.set()
            looked.wait(60)
        database.close()

    other = meanwhile(arrive)
    assert written.wait(60)
    with database.transaction():
        assert delete_all(database) == set()
    looked.set()
    other.join(60)
    with database.transaction():
        assert len(delete_all(database)) == 1
        assert there() == {DIGESTS[1], DIGESTS[2]}
