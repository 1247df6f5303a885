"""The inbound queue: every delivery once, a sender's mails in order, no mail tried for ever, none forgotten."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import Decision, DomainVerdict, Grade, Kind, Trust
from daemon.reasons import Outcome, Reason
from daemon.store import journal
from daemon.store.database import Database, open_database
from daemon.store.journal import ALONE_LIMIT, LEASE, Claimed, Delivery
from daemon.store.schema import Journal

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ATTEMPTS = 3

DECISION = Decision(
    kind=Kind.TICKET, outcome=Outcome.ACTED, reason=Reason.CASE_OPENED, detail="",
    trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.PASS, evidence=""),
    match=None, contact_id=None, actions=(), gates=(),
)  # fmt: skip


def _record(database: Database, lanes: Sequence[str] = ("",), first: int = 1, now: datetime = NOW) -> list[int]:
    deliveries = [
        Delivery(uid=uid, octets=f"mail {uid}".encode(), size=6, internal_date=now, lane=lane) for uid, lane in enumerate(lanes, first)
    ]
    with database.transaction():
        return journal.record("support", "INBOX", 1, deliveries, now)


def _claim(database: Database, most: int = 10, now: datetime = NOW) -> list[Claimed]:
    with database.transaction():
        return journal.claim(database, now, most, ATTEMPTS)


def _finish(database: Database, number: int) -> bool:
    with database.transaction():
        return journal.finish(database, number, DECISION, {"author": "ann@acme.example"}, "{}", NOW)


def _dies(database: Database) -> None:
    """The worker is another one from here on; the one before is dead."""
    database.let_go()
    database.owner += 1
    assert database.hold()
    with database.transaction():
        journal.free_dead(database)


def test_a_delivery_is_written_down_once_and_its_octets_once(database: Database) -> None:
    octets = b"the same mail"
    digest = hashlib.sha256(octets).hexdigest()
    deliveries = [Delivery(uid=uid, octets=octets, size=13, internal_date=NOW) for uid in (1, 2)]
    with database.transaction():
        assert len(journal.record("support", "INBOX", 1, deliveries, NOW)) == 2
        assert journal.record("support", "INBOX", 1, deliveries, NOW) == []
        # another generation of the folder is another delivery
        assert len(journal.record("support", "INBOX", 2, deliveries[:1], NOW)) == 1
        assert journal.octets(digest) == octets
        assert journal.many_octets([digest, "0" * 64, digest]) == {digest: octets}
        with pytest.raises(KeyError):
            journal.octets("0" * 64)
        assert journal.recorded_uids("support", "INBOX", 1, 2) == {2}
        assert journal.record("support", "INBOX", 1, [], NOW) == []


def test_files_have_no_uid_and_never_meet(database: Database) -> None:
    delivery = Delivery(uid=None, octets=b"mail", size=4, internal_date=NOW)
    with database.transaction():
        assert len(journal.record("ingest", "", None, [delivery, delivery], NOW)) == 2
        assert len(journal.record("ingest", "", None, [delivery], NOW)) == 1


def test_a_vanished_and_a_too_large_mail_are_final_at_once(database: Database) -> None:
    deliveries = [
        Delivery(uid=1, octets=None, size=0, internal_date=NOW),
        Delivery(uid=2, octets=b"head", size=90_000_000, internal_date=NOW, too_large=True),
    ]
    with database.transaction():
        journal.record("support", "INBOX", 1, deliveries, NOW, message_size=1000)
        found = [(row.state, row.reason, row.tidied) for row in Journal.select().order_by(Journal.id)]
        assert found == [("vanished", "vanished", True), ("quarantined", "limit-crossed", True)]
        assert "90000000" in Journal.get(Journal.uid == 2).detail
        assert not journal.reopen(2, released=False)
        assert journal.reopen(2, released=True)
    assert [row.id for row in _claim(database)] == [2]


def test_the_oldest_are_claimed_first_and_nobody_else_gets_them(database: Database) -> None:
    numbers = _record(database, ["a", "b", "c"])
    assert [row.id for row in _claim(database, most=2)] == numbers[:2]
    database.owner += 1
    assert [row.id for row in _claim(database)] == numbers[2:]


def test_what_a_worker_still_holds_when_it_claims_is_its_own_again_and_no_attempt(database: Database) -> None:
    numbers = _record(database, ["a", "b"])
    for _ in range(ATTEMPTS + 5):
        assert [(row.id, row.attempts) for row in _claim(database)] == [(numbers[0], 1), (numbers[1], 1)]


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_that_claim_at_once_get_different_senders_and_neither_waits(database: Database, database_url: str) -> None:
    a, b, other_a, other_b, c, nobody, other = _record(database, ["a", "b", "a", "b", "c", "", ""])
    second = open_database(database_url)
    third = open_database(database_url)
    database.bind()
    with database.transaction():
        assert [row.id for row in journal.claim(database, NOW, 1, ATTEMPTS)] == [a]
        second.bind()
        # the first has not committed, so the second can see neither its lease nor pass it
        assert [row.id for row in _claim(second, most=4)] == [b, c, nobody, other]
        third.bind()
        assert _claim(third) == []
        database.bind()
    assert _finish(database, a)
    third.bind()
    assert [row.id for row in _claim(third)] == [other_a]
    second.bind()
    assert _finish(second, b)
    third.bind()
    third.owner += 1
    assert [row.id for row in _claim(third)] == [other_b]
    for opened in (second, third):
        opened.close()
    database.bind()


def test_senders_are_claimed_with_all_they_wrote_in_its_order(database: Database) -> None:
    numbers = _record(database, ["a", "b", "a", "a", "b", ""])
    assert [row.id for row in _claim(database, most=4)] in (numbers[:4], [*numbers[:3], numbers[5]])
    with database.transaction():
        journal.give_back(database, numbers)
    assert [(row.id, row.lane) for row in _claim(database)] == list(zip(numbers, ["a", "b", "a", "a", "b", ""], strict=True))


def test_a_lease_runs_out(database: Database) -> None:
    (number,) = _record(database)
    _claim(database)
    database.owner += 1
    assert _claim(database, now=NOW + LEASE) == []
    (again,) = _claim(database, now=NOW + LEASE + timedelta(seconds=1))
    assert (again.id, again.attempts) == (number, 2)


def test_whoever_lost_the_lease_can_finish_nothing(database: Database) -> None:
    (number,) = _record(database)
    _claim(database)
    slow = database.owner
    database.owner += 1
    _claim(database, now=NOW + LEASE * 2)
    late, database.owner = database.owner, slow
    assert not _finish(database, number)
    with database.transaction():
        journal.fail(database, number, counted=True, detail="", next_attempt_at=NOW)
        journal.quarantine(database, number, Reason.UNEXPECTED_ERROR, "", NOW)
        journal.give_back(database, [number])
    database.owner = late
    assert _finish(database, number)
    assert not _finish(database, number)


def test_the_mails_of_one_sender_wait_for_the_oldest(database: Database) -> None:
    numbers = _record(database, ["ann", "bob", "ann", "", ""])
    assert [row.id for row in _claim(database, most=1)] == numbers[:1]
    database.owner += 1
    # ann's second mail waits; mails without a sender never do
    assert [row.id for row in _claim(database)] == [numbers[1], numbers[3], numbers[4]]
    database.owner -= 1
    assert _finish(database, numbers[0])
    assert [row.id for row in _claim(database)] == [numbers[2]]


def test_the_mails_of_one_sender_may_be_claimed_together_in_order(database: Database) -> None:
    numbers = _record(database, ["ann", "ann", "ann"])
    assert [row.id for row in _claim(database)] == numbers


def test_a_sender_of_very_many_does_not_keep_others_waiting(database: Database) -> None:
    numbers = _record(database, [*["flood"] * 30, "ann", "bob", "flood", "ann"])
    ann, bob, later = numbers[30], numbers[31], numbers[33]
    first = [row.id for row in _claim(database)]
    # both are in the first batch, behind what came before them; each sender's mails stay in order
    assert first == sorted(first)
    assert {ann, bob} <= set(first)
    before = [number for number in first if number not in (ann, bob, later)]
    assert len(before) >= 7
    assert before == numbers[: len(before)]
    for number in first:
        assert _finish(database, number)
    # almost alone again, the flood has whole batches
    rest = [number for number in numbers if number not in first]
    second = [row.id for row in _claim(database)]
    assert len(second) == 10
    assert set(second) <= {*rest[:10], later}


def test_where_nobody_has_many_the_mails_are_taken_as_they_came(database: Database) -> None:
    numbers = _record(database, [f"sender {number % 20}" for number in range(50)])
    assert [row.id for row in _claim(database, most=20)] == numbers[:20]


def test_a_mail_that_waits_for_another_try_holds_up_its_sender_alone(database: Database) -> None:
    numbers = _record(database, ["ann", "ann", "bob"])
    _claim(database)
    with database.transaction():
        journal.fail(database, numbers[0], counted=True, detail="why", next_attempt_at=NOW + timedelta(minutes=1))
        journal.give_back(database, numbers[1:])
    assert [row.id for row in _claim(database)] == [numbers[2]]
    rows = _claim(database, now=NOW + timedelta(minutes=2))
    assert [row.id for row in rows] == numbers
    assert (rows[0].failures, rows[0].attempts, rows[1].attempts) == (1, 2, 1)


def test_quarantining_the_head_frees_its_sender(database: Database) -> None:
    numbers = _record(database, ["ann", "ann"])
    _claim(database, most=1)
    with database.transaction():
        journal.quarantine(database, numbers[0], Reason.UNEXPECTED_ERROR, "a bug", NOW)
    assert [row.id for row in _claim(database)] == numbers[1:]


def test_an_outage_is_no_attempt(database: Database) -> None:
    (number,) = _record(database)
    for _ in range(5):
        (row,) = _claim(database)
        assert (row.attempts, row.failures) == (1, 0)
        with database.transaction():
            journal.fail(database, number, counted=False, detail="away", next_attempt_at=NOW)


def test_a_mail_whose_batches_died_is_claimed_alone_until_it_is_found_out(database: Database) -> None:
    numbers = _record(database, ["a", "b", "c"])
    for _ in range(ATTEMPTS - 1):
        assert len(_claim(database)) == 3
        _dies(database)
    # from here on one at a time
    for count in range(ALONE_LIMIT + 1):
        (row,) = _claim(database)
        assert (row.id, row.alone) == (numbers[0], count)
        _dies(database)
    assert row.alone == ALONE_LIMIT


def test_mails_that_came_later_are_claimed_before_a_suspect_only_up_to_it(database: Database) -> None:
    numbers = _record(database, ["a"])
    for _ in range(ATTEMPTS - 1):
        _claim(database)
        _dies(database)
    numbers += _record(database, ["b", "c"], first=2)
    assert [row.id for row in _claim(database)] == numbers[:1]
    assert _finish(database, numbers[0])
    assert [row.id for row in _claim(database)] == numbers[1:]


def test_the_leases_of_the_dead_are_freed_and_those_of_the_living_are_not(database: Database) -> None:
    numbers = _record(database)
    _claim(database)
    assert database.hold()
    with database.transaction():
        assert journal.free_dead(database) == 0
    database.owner += 1
    with database.transaction():
        assert journal.free_dead(database) == (1 if database.is_sqlite else 0)
    database.owner -= 1
    database.let_go()
    database.owner += 1
    assert database.hold()
    with database.transaction():
        journal.free_dead(database)
    assert [row.id for row in _claim(database)] == numbers


def test_a_quarantined_mail_can_be_sent_through_again(database: Database) -> None:
    (number,) = _record(database)
    _claim(database)
    with database.transaction():
        assert not journal.reopen(number, released=False)
        journal.quarantine(database, number, Reason.PARSER_FAILED, "died", NOW)
        assert journal.reopen(number, released=True)
        assert not journal.reopen(number, released=True)
    (row,) = _claim(database)
    assert (row.released, row.attempts, row.failures, row.alone) == (True, 1, 0, 0)


def test_finished_mails_are_put_away_once(database: Database) -> None:
    numbers = _record(database, ["a", "b", "c"])
    _claim(database, most=2)
    for number in numbers[:2]:
        _finish(database, number)
    with database.transaction():
        assert journal.untidied("support", "INBOX", 1, 10) == [(numbers[0], 1, "acted"), (numbers[1], 2, "acted")]
        assert journal.untidied("support", "INBOX", 2, 10) == []
        assert len(journal.untidied("support", "INBOX", 1, 1)) == 1
        journal.mark_tidied([numbers[0]])
        journal.mark_tidied([])
        assert journal.untidied("support", "INBOX", 1, 10) == [(numbers[1], 2, "acted")]


def test_generations_of_a_folder_are_remembered(database: Database) -> None:
    with database.transaction():
        assert journal.generation("support", "INBOX", 5) is None
        assert journal.newest_generation("support", "INBOX") is None
        journal.note_generation("support", "INBOX", 5, 10, NOW)
        journal.note_generation("support", "INBOX", 5, 12, NOW)
        found = journal.generation("support", "INBOX", 5)
        assert found is not None
        assert found.uidnext == 12
        assert journal.generation("support", "INBOX", 6) is None
        journal.note_generation("support", "INBOX", 3, 1, NOW)
        newest = journal.newest_generation("support", "INBOX")
        assert newest is not None
        assert (newest.uidvalidity, newest.uidnext) == (3, 1)
        assert journal.newest_generation("support", "Other") is None


def test_the_backlog_is_counted_up_to_a_limit(database: Database) -> None:
    _record(database, ["a"] * 7)
    with database.reading():
        assert journal.waiting_count(100) == 7
        assert journal.waiting_count(3) == 3
        assert journal.oldest_waiting() == NOW


STEP = st.one_of(
    st.tuples(st.just("record"), st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1, max_size=4)),
    st.tuples(st.just("claim"), st.integers(1, 4)),
    st.tuples(st.just("finish"), st.integers(1, 4)),
    st.tuples(st.just("die"), st.none()),
)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEP, max_size=25))
def test_whatever_happens_every_mail_is_finished_once_and_a_senders_mails_in_order(steps: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'one.db'}")
        lanes: dict[int, str] = {}
        in_hand: list[int] = []
        finished: list[int] = []
        for step, value in [*steps, *[("die", None), ("claim", 1000), ("finish", 1000)] * 30]:
            if step == "record":
                lanes.update(zip(_record(database, value, first=len(lanes) + 1), value, strict=True))
            elif step == "claim":
                in_hand = [row.id for row in _claim(database, value)]
            elif step == "finish":
                for number in in_hand[:value]:
                    assert _finish(database, number)
                    finished.append(number)
                in_hand = in_hand[value:]
            else:
                _dies(database)
                in_hand = []
            if len(finished) == len(lanes) and step == "finish" and value == 1000:
                break
        assert sorted(finished) == sorted(lanes)
        for lane in "abc":
            order = [number for number in finished if lanes[number] == lane]
            assert order == sorted(order)
        database.let_go()
        database.close()


def test_a_try_that_was_none_is_not_counted_against_a_mail_that_is_tried_alone(database: Database) -> None:
    (number,) = _record(database)
    for _ in range(4):
        _claim(database, now=NOW)
        database.owner += 1
        with database.transaction():
            Journal.update(lease_owner=None, lease_until=None).execute()
    (row,) = _claim(database)
    assert row.attempts > 3
    counted = row.alone
    with database.transaction():
        journal.give_back(database, [number])
    (row,) = _claim(database)
    assert row.alone == counted
    with database.transaction():
        journal.fail(database, number, counted=False, detail="away", next_attempt_at=NOW)
    (row,) = _claim(database)
    assert row.alone == counted
