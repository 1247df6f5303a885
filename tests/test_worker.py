"""The stages themselves: one mail's trouble is its own, a stop gives back what was not begun, a judgement without a trace."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import peewee as pw
import psycopg
import pytest

from daemon import worker
from daemon.errors import Outdated, Temporary, TooSlow
from daemon.mail.imap import Watch
from daemon.mail.smtp import Relay, Server
from daemon.parsers.lane import lane_of
from daemon.reader import Reader, ReadFailure
from daemon.store import journal, outbox
from daemon.store.journal import ALONE_LIMIT, Delivery
from daemon.wiring import accounts_of
from daemon.worker import Fetched
from tests.conversations.fixtures import database_url, inbox, settled_postgres, world
from tests.conversations.world import World, mail
from tests.doubles import Script

__all__ = ["database_url", "inbox", "settled_postgres", "world"]

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _ingest(world: World, *mails: bytes) -> None:
    deliveries = [Delivery(uid=None, octets=octets, size=len(octets), internal_date=world.clock, lane=lane_of(octets)) for octets in mails]
    assert worker.ingest(world.house, deliveries) == len(mails)


def _watch(world: World) -> Watch:
    (account,) = accounts_of(world.config)
    return Watch(account)


def _outcomes(world: World) -> list[tuple[str, str]]:
    return [(row["outcome"], row["reason"]) for row in world.mails()]


# --- fetch and tidy ------------------------------------------------------------------------------------------------


def test_fetching_writes_down_what_is_new_and_touches_nothing(world: World) -> None:
    for number in range(3):
        world.deliver(mail("sam", f"No. {number}", subject=f"Thing {number}"))
    with _watch(world) as watch:
        assert worker.fetch(world.house, watch, deep=True) == Fetched(3, complete=True)
        assert worker.fetch(world.house, watch, deep=True) == Fetched(0, complete=True)
        assert worker.fetch(world.house, watch, deep=False) == Fetched(0, complete=True)
        assert len(world.inbox.mails()) == 3
        world.deliver(mail("sam", "No. 4", subject="Thing 4"))
        assert worker.fetch(world.house, watch, deep=False) == Fetched(1, complete=True)
        # nothing is final yet, so nothing is put away
        assert worker.tidy(world.house, watch) == 0
        while worker.apply_batch(world.house):
            pass
        assert worker.tidy(world.house, watch) == 4
        assert worker.tidy(world.house, watch) == 0
    assert world.inbox.mails() == []


@SQLITE
def test_a_mailbox_with_more_mail_than_there_is_room_for_is_not_looked_through(world: World) -> None:
    world.configure(limits={"max_backlog": 2})
    for number in range(3):
        world.deliver(mail("sam", f"No. {number}", subject=f"Thing {number}"))
    with _watch(world) as watch:
        assert worker.fetch(world.house, watch, deep=True) == Fetched(2, complete=False)
        assert worker.fetch(world.house, watch, deep=True) == Fetched(0, complete=False)
        assert worker.apply_batch(world.house) == 2
        assert worker.fetch(world.house, watch, deep=False) == Fetched(1, complete=True)
        stopping = dataclasses.replace(world.house, stopping=lambda: True)
        world.deliver(mail("sam", "No. 3", subject="Thing 3"))
        assert worker.fetch(stopping, watch, deep=False) == Fetched(1, complete=False)


def test_a_mail_of_the_future_arrived_now(world: World) -> None:
    world.deliver(mail("sam", "Order.", subject="Order"), at=world.clock + timedelta(days=300))
    world.run()
    assert world.last_mail()["received_at"] == world.clock


def test_a_mail_that_somebody_else_takes_away_after_we_saw_it_counts_once(world: World) -> None:
    world.deliver(mail("sam", "Order.", subject="Order"))
    with _watch(world) as watch:
        assert worker.fetch(world.house, watch, deep=True) == Fetched(1, complete=True)
        world.inbox.lose()
        assert worker.fetch(world.house, watch, deep=True) == Fetched(0, complete=True)
        worker.apply_batch(world.house)
        assert worker.tidy(world.house, watch) == 1
    assert _outcomes(world) == [("acted", "case-opened")]
    assert world.assert_good_books().vanished == 0


# --- apply ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stumble(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Exception], None]]:
    """Makes the rules raise on mails with this word in their subject: a bug, as far as the stages can tell."""
    real = worker.decide
    errors: dict[str, Exception] = {}

    def decide(reading: Any, *arguments: Any, **more: Any) -> Any:
        for word, error in errors.items():
            if word in reading.message.subject:
                raise error
        return real(reading, *arguments, **more)

    monkeypatch.setattr(worker, "decide", decide)
    return errors.__setitem__


def test_a_bug_on_one_mail_is_kept_with_its_traceback_and_the_others_go_on(world: World, stumble: Callable[[str, Exception], None]) -> None:
    stumble("cursed", ZeroDivisionError("a bug"))
    _ingest(world, mail("ann", "One.", subject="good"), mail("sam", "Two.", subject="cursed"), mail("sam", "Three.", subject="good too"))
    world.run()
    assert _outcomes(world) == [("acted", "case-opened"), ("quarantined", "unexpected-error"), ("acted", "case-opened")]
    row = world.mails()[1]
    assert "ZeroDivisionError: a bug" in row["detail"]
    assert "Traceback" in row["detail"]
    assert row["attempts"] == 3
    assert len(world.cases()) == 2
    world.assert_good_books()


def test_what_the_transaction_had_done_before_the_bug_is_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = worker.record_of

    def fails_late(*arguments: Any, **more: Any) -> Any:
        raise LookupError("after all was written")

    monkeypatch.setattr(worker, "record_of", fails_late)
    _ingest(world, mail("ann", "One.", subject="good"))
    world.run()
    assert _outcomes(world) == [("quarantined", "unexpected-error")]
    assert world.cases() == world.outbox() == []
    monkeypatch.setattr(worker, "record_of", real)
    world.cli("quarantine", "retry", "1")
    world.run()
    assert _outcomes(world) == [("acted", "case-opened")]


def test_an_outage_stops_the_batch_and_is_no_attempt(world: World, stumble: Callable[[str, Exception], None]) -> None:
    stumble("second", Temporary("the database is away"))
    _ingest(world, *(mail("sam", word, subject=word) for word in ("first", "second", "third")))
    for _ in range(5):
        with pytest.raises(Temporary):
            world.run()
    assert [row["outcome"] for row in world.mails()] == ["acted", "in progress", "in progress"]
    stumble("second", Temporary("never again"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "decide", __import__("daemon.rules.decide", fromlist=["decide"]).decide)
        world.run()
    assert [(row["outcome"], row["attempts"]) for row in world.mails()] == [("acted", 1)] * 3


def test_somebody_who_was_first_with_the_same_contact_makes_us_look_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = worker.apply
    raised = []

    def apply(*arguments: Any, **more: Any) -> Any:
        if not raised:
            raised.append(True)
            raise pw.IntegrityError("UNIQUE constraint failed: contact_email.address")
        return real(*arguments, **more)

    monkeypatch.setattr(worker, "apply", apply)
    _ingest(world, mail("joe@acme.example", "Roof-7 is dark.", name="Joe Hill"))
    world.run()
    assert raised == [True]
    assert [(row["outcome"], row["attempts"]) for row in world.mails()] == [("acted", 1)]


def test_a_conflict_that_stays_is_kept_for_a_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def apply(*arguments: Any, **more: Any) -> Any:
        raise pw.IntegrityError("always")

    monkeypatch.setattr(worker, "apply", apply)
    _ingest(world, mail("ann", "One."))
    world.run()
    assert _outcomes(world) == [("quarantined", "unexpected-error")]


def test_a_mail_whose_statements_take_too_long_waits_alone_and_is_kept_in_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = worker.apply

    def apply(decision: Any, *, message: Any, **more: Any) -> Any:
        if "slow" in message.subject:
            raise TooSlow("canceling statement due to statement timeout")
        return real(decision, message=message, **more)

    monkeypatch.setattr(worker, "apply", apply)
    _ingest(world, mail("ann", "One.", subject="slow"), mail("sam", "Two.", subject="Order"))
    world.run()
    assert [(row["outcome"], row["attempts"]) for row in world.mails()] == [("in progress", 1), ("acted", 1)]
    world.run()
    assert world.mails()[0]["attempts"] == 1, "not before its pause is over"
    for _ in range(2):
        world.later(minutes=2)
        world.run()
    assert _outcomes(world) == [("quarantined", "unexpected-error"), ("acted", "case-opened")]
    assert world.mails()[0]["detail"].startswith("statement_seconds: ")


@SQLITE
def test_a_stop_gives_back_what_was_not_begun(world: World) -> None:
    _ingest(world, *(mail("sam", f"No. {number}", subject=f"Thing {number}") for number in range(5)))
    done: list[int] = []

    def stopping() -> bool:
        with world.house.database.reading():
            done[:] = [row["number"] for row in world.mails() if row["outcome"] == "acted"]
        return len(done) >= 2

    assert worker.apply_batch(dataclasses.replace(world.house, stopping=stopping)) == 5
    assert [(row["outcome"], row["attempts"]) for row in world.mails()] == [("acted", 1)] * 2 + [("in progress", 0)] * 3
    world.run()
    assert [(row["outcome"], row["attempts"]) for row in world.mails()] == [("acted", 1)] * 5


@SQLITE
def test_a_mail_on_which_the_program_died_again_and_again_is_kept_for_a_person(world: World) -> None:
    _ingest(world, mail("ann", "One."), mail("sam", "Two.", subject="Order"))
    database, limits = world.house.database, world.house.limits

    def dies_after_claiming() -> list[int]:
        with database.transaction():
            claimed = journal.claim(database, world.clock, limits.batch, limits.attempts)
        database.let_go()
        database.owner += 1
        assert database.hold()
        with database.transaction():
            journal.free_dead(database)
        return [row.id for row in claimed]

    batches = [dies_after_claiming() for _ in range(limits.attempts - 1 + ALONE_LIMIT)]
    assert batches == [[1, 2]] * (limits.attempts - 1) + [[1]] * ALONE_LIMIT
    world.run()
    assert _outcomes(world) == [("quarantined", "parser-failed"), ("acted", "case-opened")]
    world.assert_good_books()


class _Stumbling:
    """A reader that fails at the first look at a mail that says so."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.stumbled = reader, False

    def submit(self, octets: bytes) -> Future[Any]:
        if b"stumble" not in octets or self.stumbled:
            return self.reader.submit(octets)
        self.stumbled = True
        failed: Future[Any] = Future()
        failed.set_result(ReadFailure(cause="died", detail="it stumbled"))
        return failed


def test_what_a_sender_wrote_after_a_mail_that_is_tried_again_waits_for_it(world: World) -> None:
    first = mail("ann", "Please stumble.", message_id="<first@acme.example>")
    thread = {"In-Reply-To": "<first@acme.example>", "References": "<first@acme.example>"}
    _ingest(world, first, mail("sam", "Other.", subject="Order"), mail("ann", "And this.", subject="Re: No data", headers=thread))
    house = dataclasses.replace(world.house, reader=_Stumbling(world.house.reader))  # type: ignore[arg-type]
    assert worker.apply_batch(house) == 3
    assert [row["outcome"] for row in world.mails()] == ["in progress", "acted", "in progress"]
    assert worker.apply_batch(house) == 2
    assert [(row["outcome"], row["reason"]) for row in world.mails()] == [
        ("acted", "case-opened"), ("acted", "case-opened"), ("acted", "comment-added"),
    ]  # fmt: skip


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(("words", "change"), [
    ("One.", "SELECT 1"),
    ("One.", "ALTER TABLE contact RENAME COLUMN first_name TO given_name"),
    ("Please stumble.", "SELECT 1"),
])  # fmt: skip
def test_what_was_claimed_before_a_newer_program_migrated_is_the_newer_ones_to_end(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch, words: str, change: str
) -> None:
    _ingest(world, mail("ann", words))
    house = dataclasses.replace(world.house, reader=_Stumbling(world.house.reader))  # type: ignore[arg-type]

    def migrate(point: str) -> None:
        if point == "after_t2":
            with psycopg.connect(database_url) as newer:
                newer.execute(change)
                newer.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', now())")

    monkeypatch.setattr(worker, "failpoint", migrate)
    with pytest.raises(Outdated, match="schema was changed while this program ran"):
        worker.apply_batch(house)
    with psycopg.connect(database_url) as newer:
        # nothing is done for it, and it is not to blame
        assert newer.execute("SELECT state, failures, lease_owner FROM journal").fetchall() == [("received", 0, house.database.owner)]
        assert newer.execute("SELECT (SELECT count(*) FROM support_case), (SELECT count(*) FROM outbox)").fetchone() == (0, 0)


# --- explain -------------------------------------------------------------------------------------------------------


def test_what_would_be_done_is_told_and_leaves_no_trace(world: World) -> None:
    octets = mail("ann", "Roof-7 shows no data.")
    answer = worker.explain(world.house, octets, hashlib.sha256(octets).hexdigest(), world.clock)
    assert not isinstance(answer, ReadFailure)
    reading, situation, decision = answer
    assert reading.message.author == "ann.lee@acme.example"
    assert situation.sender is not None
    assert decision.reason.value == "case-opened"
    assert world.mails() == world.cases() == world.outbox() == []
    world.talk(octets, ("ann", "case-received"), ("bob", "case-assigned"))
    # and once it has come, the same octets are a copy
    again = worker.explain(world.house, octets, hashlib.sha256(octets).hexdigest(), world.clock)
    assert not isinstance(again, ReadFailure)
    assert again[2].reason.value == "copy-of-mail"


# --- send and tick -------------------------------------------------------------------------------------------------


def _relay(world: World) -> Relay:
    return Relay(Server(host="127.0.0.1", port=world.sink.port, tls="none", connections=2))


def test_sending_says_how_many_the_relay_took(world: World) -> None:
    world.configure(smtp=False)
    _ingest(world, mail("ann", "One."), mail("sam", "Two.", subject="Order"))
    world.run()
    world.sink.script += [Script(rcpt="450 4.2.1 busy"), Script(rcpt="550 5.1.1 nobody")]
    with _relay(world) as relay:
        assert worker.send(world.house, relay) == 2
        assert worker.send(world.house, relay) == 0
    assert sorted(row["state"] for row in world.outbox()) == ["failed", "queued", "sent", "sent"]


def test_a_relay_that_refuses_us_burns_no_row(world: World) -> None:
    world.configure(smtp=False)
    _ingest(world, mail("ann", "One."), mail("sam", "Two.", subject="Order"))
    world.run()
    world.sink.script.append(Script(mail="530 5.7.0 authentication required"))
    with _relay(world) as relay:
        assert worker.send(world.house, relay) <= 1
    waiting = [row for row in world.outbox() if row["state"] == "queued"]
    assert len(waiting) >= 3
    assert {row["attempts"] for row in waiting} == {0}
    world.later(minutes=2)
    with _relay(world) as relay:
        worker.send(world.house, relay)
    assert {row["state"] for row in world.outbox()} == {"sent"}


def test_results_that_could_not_be_written_down_are_written_at_the_next_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.configure(smtp=False)
    _ingest(world, mail("sam", "Two.", subject="Order"))
    world.run()
    real = outbox.note_sent

    def away(*arguments: Any) -> None:
        raise pw.OperationalError("the database is away")

    monkeypatch.setattr(outbox, "note_sent", away)
    with _relay(world) as relay:
        with pytest.raises(Temporary):
            worker.send(world.house, relay)
        assert relay.owes
        monkeypatch.setattr(outbox, "note_sent", real)
        worker.send(world.house, relay)
    assert {row["state"] for row in world.outbox()} == {"sent"}
    # the relay got each of them once: nothing was sent again because of the outage
    assert len(world.sink.sent) == len(world.outbox()) == 2


def test_a_refusal_is_told_by_one_of_two_ticks(world: World) -> None:
    world.sink.script.append(Script(rcpt="550 5.1.1 nobody"))
    world.deliver(mail("sam", "Order 9001."))
    world.run()
    world.out()
    worker.tick(world.house)
    worker.tick(world.house)
    world.run()
    world.expect(("lou", "bounce-notice"))
    assert world.case(1001)["feed"][-1]["body"].startswith("a mail to sam@shop.example was refused")
