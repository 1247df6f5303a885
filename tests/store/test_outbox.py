"""The outbound queue: what is due is claimed once, in order for each reader, and what the relay said is written down."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

import pytest

from daemon.store import outbox
from daemon.store.database import Database
from daemon.store.outbox import BACK_OFF, CHANNEL_PAUSE
from daemon.store.schema import Case, Outbox
from daemon.store.statements import insert

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
FIVE_DAYS = timedelta(days=5)


def _case(database: Database) -> int:
    row = {"type": "support", "subject": "s", "description": "d", "origin": "email", "created_at": NOW, "last_update": NOW}
    with database.transaction():
        (number,) = insert(Case, [row])
    return number


def _queue(database: Database, *to: str, case: int | None = None, **values: object) -> list[int]:
    with database.transaction():
        first = Outbox.select().count()
        return insert(
            Outbox,
            [
                {
                    "state": "queued", "cause": f"mail:{number}", "effect_key": f"mail:{number}:0:{address}", "forward_path": address,
                    "reverse_path": "support@support.example", "template": "case-comment", "message_id": f"<{number}@support.example>",
                    "subject": "s", "case": case, "octets": b"Subject: s\r\n\r\n", "created_at": NOW, "next_attempt_at": NOW, **values,
                }
                for number, address in enumerate(to, first)
            ],
        )  # fmt: skip


def _claim(database: Database, now: datetime = NOW, most: int = 10) -> list[int]:
    with database.transaction():
        return [row.id for row in outbox.claim(database, now, most)]


def _note(database: Database, number: int, outcome: str, now: datetime = NOW, code: int | None = None) -> Outbox:
    with database.transaction():
        outbox.note_result(database, number, outcome, code, "said so", now, FIVE_DAYS)
        return Outbox.get_by_id(number)


def test_due_rows_are_claimed_once_oldest_first(database: Database) -> None:
    numbers = _queue(database, "a@x.example", "b@x.example", "c@x.example")
    assert _claim(database, most=0) == []
    assert _claim(database, most=2) == numbers[:2]
    assert _claim(database) == numbers[2:]
    assert _claim(database) == []
    _queue(database, "d@x.example", next_attempt_at=NOW + timedelta(minutes=1))
    assert _claim(database) == []
    with database.reading():
        assert not outbox.due(NOW)
        assert outbox.due(NOW + timedelta(minutes=1))


def test_what_is_claimed_is_what_was_composed(database: Database) -> None:
    (number,) = _queue(database, "a@x.example", octets=b"Subject: \r\n\r\nwords\r\n")
    with database.transaction():
        (row,) = outbox.claim(database, NOW, 1)
    assert (row.id, row.forward_path, row.reverse_path, row.octets) == (
        number, "a@x.example", "support@support.example", b"Subject: \r\n\r\nwords\r\n",
    )  # fmt: skip


def test_one_reader_gets_the_mails_of_one_case_in_order(database: Database) -> None:
    case = _case(database)
    numbers = _queue(database, "ann@x.example", "ann@x.example", "bob@x.example", case=case)
    assert _claim(database) == [numbers[0], numbers[2]]
    _note(database, numbers[0], "deferred")
    # the second one waits for the first, however long that takes
    assert _claim(database) == []
    assert _claim(database, NOW + BACK_OFF[0]) == [numbers[0]]
    _note(database, numbers[0], "sent")
    assert _claim(database) == [numbers[1]]


@pytest.mark.parametrize("end", ["refused", "drop"])
def test_a_row_that_will_never_leave_holds_up_nobody(database: Database, end: str) -> None:
    numbers = _queue(database, "ann@x.example", "ann@x.example", case=_case(database))
    assert _claim(database) == numbers[:1]
    if end == "drop":
        with database.transaction():
            assert outbox.drop(numbers[0], "why not")
    else:
        _note(database, numbers[0], end)
    assert _claim(database) == numbers[1:]


def test_the_next_attempt_is_booked_before_this_one_and_the_pauses_grow(database: Database) -> None:
    (number,) = _queue(database, "a@x.example")
    now = NOW
    for pause in (*BACK_OFF, timedelta(hours=1), timedelta(hours=1)):
        assert _claim(database, now) == [number]
        row = _note(database, number, "deferred", now)
        assert (row.state, row.next_attempt_at - now) == ("queued", pause)
        assert _claim(database, now) == []
        now += pause


def test_each_outcome_has_its_state(database: Database) -> None:
    sent, refused, unknown, channel = _queue(database, "a@x.example", "b@x.example", "c@x.example", "d@x.example")
    _claim(database)
    row = _note(database, sent, "sent", code=250)
    assert (row.state, row.sent_at, row.reply_code, row.lease_owner) == ("sent", NOW, 250, None)
    row = _note(database, refused, "refused", code=550)
    assert (row.state, row.reply_code, row.detail) == ("failed", 550, "said so")
    row = _note(database, unknown, "unknown")
    assert (row.state, row.next_attempt_at) == ("unknown", NOW + BACK_OFF[0])
    # the relay refused us, so no attempt of the mail was made
    row = _note(database, channel, "channel")
    assert (row.state, row.attempts, row.next_attempt_at) == ("queued", 0, NOW + CHANNEL_PAUSE)


def test_a_mail_we_stopped_ourselves_before_its_final_dot_is_due_at_once_and_no_attempt_of_it_was_made(database: Database) -> None:
    (number,) = _queue(database, "a@x.example")
    _claim(database)
    row = _note(database, number, "untried")
    assert (row.state, row.attempts, row.next_attempt_at, row.lease_owner) == ("queued", 0, NOW, None)
    assert _claim(database) == [number]


def test_several_sent_rows_are_noted_at_once(database: Database) -> None:
    numbers = _queue(database, "a@x.example", "b@x.example")
    _claim(database)
    with database.transaction():
        outbox.note_sent(database, numbers, 250, "taken", NOW)
        assert {(row.state, row.detail) for row in Outbox.select()} == {("sent", "taken")}


def test_a_mail_whose_final_dot_got_no_answer_is_sent_once_more_and_says_so(database: Database) -> None:
    taken, silent = _queue(database, "a@x.example", "b@x.example")
    _claim(database)
    for number in (taken, silent):
        assert _note(database, number, "unknown").state == "unknown"
    later = NOW + timedelta(hours=1)
    assert _claim(database, later) == [taken, silent]
    # a relay that can't be reached meanwhile changes nothing of what may have happened
    assert _note(database, silent, "deferred", later).state == "unknown"
    row = _note(database, taken, "sent", later, code=250)
    assert (row.state, row.detail) == ("sent", "perhaps sent twice, of the first try no answer is known; said so")
    _claim(database, later + timedelta(hours=1))
    row = _note(database, silent, "unknown", later + timedelta(hours=1))
    assert (row.state, row.detail) == ("failed", "gave up, it may have arrived twice: said so")
    # of the relay's two copies of the other one is told as well
    with database.reading():
        assert outbox.perhaps_twice() == 2


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("deferred", "gave up: said so"), ("channel", "gave up: said so"), ("unknown", "gave up, it may have arrived twice: said so")],
)
def test_after_five_days_a_row_is_given_up(database: Database, outcome: str, words: str) -> None:
    (number,) = _queue(database, "a@x.example")
    _claim(database, NOW + FIVE_DAYS)
    assert _note(database, number, outcome, NOW + FIVE_DAYS).state != "failed"
    _claim(database, NOW + FIVE_DAYS + timedelta(hours=2))
    row = _note(database, number, outcome, NOW + FIVE_DAYS + timedelta(hours=2))
    assert (row.state, row.detail) == ("failed", words)


def test_what_is_given_up_of_a_mail_that_may_have_arrived_says_so(database: Database) -> None:
    (number,) = _queue(database, "a@x.example")
    _claim(database)
    _note(database, number, "unknown")
    late = NOW + FIVE_DAYS + timedelta(hours=2)
    _claim(database, late)
    row = _note(database, number, "deferred", late)
    assert (row.state, row.detail) == ("failed", "gave up, it may have arrived: said so")
    with database.transaction():
        assert outbox.retry(number, late)
    _claim(database, late)
    # whoever sends it again hears that it may be the second one
    assert (_note(database, number, "sent", late).detail or "").startswith("perhaps sent twice")


def _nobody_knows(_owner: int) -> None:
    return None


def _die(database: Database, now: datetime, left_by: Callable[[int], Collection[int] | None]) -> int:
    """The worker dies, and another frees what it had in hand; how many rows that were."""
    database.let_go()
    database.owner += 1
    assert database.hold()
    with database.transaction():
        return outbox.free_dead(database, now, left_by)


def test_rows_of_a_dead_worker_are_sent_again_as_unknown(database: Database) -> None:
    numbers = _queue(database, "a@x.example", "b@x.example")
    assert database.hold()
    _claim(database, most=1)
    with database.transaction():
        assert outbox.free_dead(database, NOW, _nobody_knows) == 0
    assert _die(database, NOW, _nobody_knows) == 1
    with database.reading():
        assert [(row.state, row.next_attempt_at) for row in Outbox.select().order_by(Outbox.id)] == [("unknown", NOW), ("queued", NOW)]
    assert _claim(database) == numbers


def test_a_row_whose_workers_died_twice_is_given_up(database: Database) -> None:
    (number,) = _queue(database, "a@x.example")
    assert database.hold()
    assert _claim(database) == [number]
    assert _die(database, NOW, _nobody_knows) == 1
    assert _claim(database) == [number]
    assert _die(database, NOW, _nobody_knows) == 1
    assert _claim(database) == []
    with database.reading():
        row = Outbox.get_by_id(number)
        assert (row.state, row.detail) == ("failed", "gave up, it may have arrived twice: the program died while sending")
        assert outbox.perhaps_twice() == 1
        assert [facts.outbox_id for facts in outbox.untold(10)] == [number]


def test_a_row_whose_worker_died_before_its_final_dot_waits_as_before(database: Database) -> None:
    fresh, given, again = _queue(database, "a@x.example", "b@x.example", "c@x.example")
    assert database.hold()
    assert _claim(database) == [fresh, given, again]
    _note(database, again, "unknown")
    now = NOW + BACK_OFF[0]
    assert _claim(database, now) == [again]
    assert _die(database, now, lambda _owner: {given}) == 3
    with database.reading():
        found = {row.id: (row.state, row.detail) for row in Outbox.select()}
    assert found == {fresh: ("queued", None), given: ("unknown", "the program died while sending"), again: ("unknown", "said so")}
    assert _claim(database, now) == [fresh, given, again]


def test_what_the_relay_took_of_a_worker_that_was_taken_for_dead_is_sent_and_a_second_copy_is_told(database: Database) -> None:
    untouched, in_hand, sent, given_up = _queue(database, "a@x.example", "b@x.example", "c@x.example", "d@x.example")
    assert database.hold()
    first = database.owner
    assert len(_claim(database)) == 4
    _die(database, NOW, _nobody_knows)
    assert len(_claim(database)) == 4
    _note(database, untouched, "deferred")
    assert (_note(database, sent, "sent").detail or "").startswith("perhaps sent twice")
    assert _note(database, given_up, "unknown").state == "failed"
    second, database.owner = database.owner, first
    for number in (untouched, in_hand, sent, given_up):
        row = _note(database, number, "sent", NOW + timedelta(minutes=1), code=250)
        assert (row.state, row.lease_owner) == ("sent", None)
        assert outbox.is_perhaps_twice(row.detail) == (number != untouched)
    # the second one's word comes last, and takes nothing back
    database.owner = second
    for outcome in ("sent", "deferred", "unknown", "refused"):
        row = _note(database, in_hand, outcome, NOW + timedelta(minutes=2))
        assert (row.state, outbox.is_perhaps_twice(row.detail)) == ("sent", True)


def test_what_was_written_down_already_is_not_told_as_sent_twice(database: Database) -> None:
    taken, silent = _queue(database, "a@x.example", "b@x.example")
    _claim(database)
    for _ in range(2):  # the answer to the first COMMIT was lost
        assert _note(database, taken, "sent").detail == "said so"
        assert _note(database, silent, "unknown").state == "unknown"


def test_rows_this_worker_lost_sight_of_are_sent_again_as_unknown_if_they_had_their_dot(database: Database) -> None:
    first, other, bare = _queue(database, "a@x.example", "b@x.example", "c@x.example")
    _claim(database, most=1)
    database.owner += 1
    _claim(database, most=2)
    with database.transaction():
        outbox.take_back_own(database, NOW, {other})
        found = {row.id: (row.state, row.lease_owner) for row in Outbox.select()}
    assert found == {first: ("queued", database.owner - 1), other: ("unknown", None), bare: ("queued", None)}


def test_rows_whose_end_is_known_but_not_written_down_are_not_lost_sight_of(database: Database) -> None:
    known, other = _queue(database, "a@x.example", "b@x.example")
    _claim(database)
    with database.transaction():
        outbox.take_back_own(database, NOW, {known, other}, {known})
        assert {row.id: row.state for row in Outbox.select()} == {known: "queued", other: "unknown"}
    _note(database, known, "unknown")
    with database.reading():
        # its first try without an answer: it is tried once more
        assert Outbox.get_by_id(known).state == "unknown"


def test_a_refused_mail_is_told_once(database: Database) -> None:
    numbers = _queue(database, "a@x.example", "b@x.example", "c@x.example")
    _claim(database)
    _note(database, numbers[1], "refused", code=550)
    _note(database, numbers[0], "sent")
    with database.transaction():
        (facts,) = outbox.untold(10)
        assert (facts.outbox_id, facts.recipient, facts.template, facts.detail) == (numbers[1], "b@x.example", "case-comment", "said so")
        assert outbox.mark_told(numbers[1])
        assert not outbox.mark_told(numbers[1])
        assert outbox.untold(10) == []


def test_an_operator_may_retry_release_and_drop(database: Database) -> None:
    failed, held, bare, sent = _queue(database, "a@x.example", "b@x.example", "c@x.example", "d@x.example")
    _claim(database)
    for number, state in ((failed, "failed"), (held, "held"), (bare, "held"), (sent, "sent")):
        with database.transaction():
            octets = {"octets": None} if number == bare else {}
            Outbox.update(state=state, lease_owner=None, told=True, **octets).where(Outbox.id == number).execute()
    later = NOW + timedelta(days=9)
    with database.transaction():
        assert outbox.retry(failed, later)
        assert outbox.release(held, later)
        # never composed: there is nothing to send yet
        assert not outbox.release(bare, later)
        assert not outbox.retry(bare, later)
        assert not outbox.retry(held + 100, later)
        assert outbox.drop(bare, "told by phone")
        assert not outbox.drop(sent, "too late")
        assert not outbox.retry(sent, later)
        rows = {row.id: row for row in Outbox.select()}
    assert (rows[failed].state, rows[failed].attempts, rows[failed].told) == ("queued", 0, False)
    # its five days begin anew
    assert rows[failed].created_at == later
    assert (rows[bare].state, rows[bare].detail) == ("dropped", "dropped: told by phone")
    assert _claim(database, later) == [failed, held]
