"""The four stages: fetch, apply, send, tick. **Read this first.**

A stage knows the two queues and nothing of the other stages. Only here is a transaction opened, and only here do the
core and the edges meet: octets become a reading in the parser child, a reading and the facts become a decision, and one
transaction carries it out and marks the mail as done.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

import peewee as pw

from daemon import log
from daemon.actions.apply import apply
from daemon.actions.replies import Desk
from daemon.actions.vocabulary import HoldMail
from daemon.errors import Outdated, Temporary, TooSlow
from daemon.failpoints import failpoint
from daemon.lookback import look_back
from daemon.losses import Loss
from daemon.mail.addresses import token_digest
from daemon.mail.imap import Watch
from daemon.mail.smtp import Outgoing, Relay, Result
from daemon.missing import Expected, find_loss
from daemon.model import Asked, ContactFacts, Decision, Kind, Policy, Reading, Situation
from daemon.parsers.lane import lane_of
from daemon.reader import Reader, ReadFailure
from daemon.reasons import OF_FORWARDS, Reason
from daemon.record import record_of
from daemon.retention import Retention
from daemon.rules.clocks import decide_clock
from daemon.rules.decide import decide
from daemon.rules.digests import decide_digest, digest_day
from daemon.rules.floods import decide_held
from daemon.rules.intake import files_of, names_of_form, staff_of
from daemon.rules.loops import loop_question, restrain, words_of
from daemon.rules.questions import decide_expiry
from daemon.rules.reminders import decide_reminder, reminder_name, work_due
from daemon.rules.rulebook import Rulebook
from daemon.rules.standing import names_of
from daemon.rules.undelivered import decide_refusal
from daemon.store import epoch, journal, outbox, owed, questions, reminders, whereabouts
from daemon.store.asking import look_up
from daemon.store.database import Database
from daemon.store.dots import Dots
from daemon.store.epoch import Epochs
from daemon.store.journal import Claimed, Delivery
from daemon.store.loops import loop_facts
from daemon.store.people import people_of
from daemon.store.schema import MailboxState
from daemon.store.senders import note_held, tell, told_on, untold
from daemon.store.situation import case_facts, due_clocks, load_situation, triage_queue
from daemon.store.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the stages need of `[limits]`; octets and counts."""

    message_size: int
    batch: int
    batch_bytes: int
    max_backlog: int
    attempts: int
    outbox_age: timedelta
    backlog_age: timedelta
    free_disk: int
    reserve_disk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything a stage works with. `now` reads the one clock; a stage reads it once a round."""

    database: Database
    reader: Reader
    desk: Desk
    policy: Policy
    limits: Limits
    rulebook: Rulebook
    digests: bool
    after: dict[str, dict[str, str] | None]
    """By mailbox: where finished mails are put away, by outcome; None keeps them where they lie."""
    now: Callable[[], datetime]
    epochs: Epochs
    workers: Workers
    retention: Retention
    dots: Dots
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[], None] = lambda: None
    """Told after each item: the stage is alive."""


ROOM_FACTOR = 2.5
"""Free room for each octet fetched: a mail is in the write-ahead log and in the file, and what is done for it comes to it."""

# --- fetch ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look at a folder brought."""

    count: int
    """Mails written down that were new."""
    complete: bool
    """Whether no mail was left on the server for want of room or because of a stop: only then is the mailbox read."""
    loss: Loss | None = None
    """Mails that are gone, if many are."""


def fetch(house: House, watch: Watch, *, deep: bool) -> Fetched:
    """Write down every mail of the folder that is not in the ledger, as far as there is room.

    What to fetch is the server's UIDs minus the ledger's: never UNSEEN, never dates. `deep` looks at the whole folder,
    otherwise at what came since the last look. Nothing on the server changes here. Raises Temporary when another worker reads
    the mailbox, also when it has begun to meanwhile: then nothing is written.
    """
    now = house.now()
    name, folder, uidvalidity = watch.account.name, watch.account.folder, watch.uidvalidity
    if not house.workers.reads(name):
        raise Temporary(f"mailbox {name}: another worker reads it")
    with house.database.reading():
        state = journal.generation(name, folder, uidvalidity)
        before = state or journal.newest_generation(name, folder)
        backlog = journal.waiting_count(house.limits.max_backlog)
        put_back = epoch.must_look_through(name)
    if backlog >= house.limits.max_backlog or house.database.free_octets() < house.limits.free_disk:
        log.event("fetch-paused", mailbox=name, waiting=backlog)
        return Fetched(0, complete=False)
    if put_back:
        _look_through(house, watch)
    uidnext, present, recorded, expected = _look(house, watch, state, whole=deep or put_back, compare=deep and not put_back)
    if before is not None and state is None:
        log.event("mailbox-renewed", mailbox=name, folder=folder, uidvalidity=uidvalidity, count=len(present))
    wanted = sorted(set(present) - recorded)
    room = house.limits.max_backlog - backlog
    complete = len(wanted) <= room
    wanted = wanted[:room]
    vanished = _vanished(state.uidnext, uidnext, present, recorded) if state is not None and complete and not put_back else []
    count = 0
    for batch in watch.batches(wanted, house.limits.batch, house.limits.batch_bytes):
        if house.database.free_octets() < ROOM_FACTOR * watch.octets(batch, house.limits.message_size):
            log.event("fetch-paused", mailbox=name, waiting=backlog)
            complete = False
            break
        deliveries = []
        for mail in watch.fetch(batch, house.limits.message_size):
            old = before is None and now - mail.internal_date > house.limits.backlog_age
            deliveries.append(
                Delivery(
                    uid=mail.uid,
                    octets=mail.octets,
                    size=mail.size,
                    internal_date=min(mail.internal_date, now),
                    too_large=mail.too_large,
                    lane=lane_of(mail.octets) if mail.octets is not None else "",
                    archive=old,
                )  # fmt: skip
            )
        failpoint("after_fetch")
        count += _record(house, name, folder, uidvalidity, deliveries, now)
        house.progress()
        if house.stopping():
            return Fetched(count, complete=False)
    if watch.unreadable:
        log.event("mail-unreadable", mailbox=name, uids=",".join(str(uid) for uid in sorted(watch.unreadable)[:20]))
    loss = _loss(house, watch, before, uidnext, present, expected) if complete and expected is not None else None
    if vanished and state is not None:
        loss = loss or Loss.if_many(folder, len(vanished), uidnext - state.uidnext, written_down=False)
        gone = [Delivery(uid=uid, octets=None, size=0, internal_date=now) for uid in vanished]
        _record(house, name, folder, uidvalidity, gone, now)
        log.event("mail-vanished", mailbox=name, count=len(vanished))
    displaced = expected.displaced if expected is not None else []
    if complete and (put_back or state is None or state.uidnext != uidnext or displaced):
        with house.database.transaction():
            house.workers.must_read(name)
            journal.note_generation(name, folder, uidvalidity, uidnext, now)
            whereabouts.forget([mail.id for mail in displaced])
            if put_back:
                epoch.note_looked_through(name)
    if count:
        log.event("mail-fetched", mailbox=name, count=count)
    return Fetched(count, complete, loss)


def _look(
    house: House, watch: Watch, state: MailboxState | None, *, whole: bool, compare: bool
) -> tuple[int, list[int], set[int], Expected | None]:
    """The next UID, the UIDs that the folder has (all, or those since the last look), which of them are written down.

    Where all are looked at, also which mails should lie there.
    """
    name, folder, uidvalidity = watch.account.name, watch.account.folder, watch.uidvalidity
    uidnext = watch.uidnext()
    went_back = state is not None and watch.tells_uidnext and uidnext < state.uidnext
    if went_back:
        _forget(house, watch, uidnext)
    lowest = 1 if whole or went_back or state is None else state.uidnext
    present = watch.uids(lowest)
    failpoint("after_search")
    with house.database.reading():
        recorded = journal.recorded_uids(name, folder, uidvalidity, min(present, default=lowest))
    if compare:
        other = _first_of_another(house, watch, sorted(recorded & set(present)))
        if other is not None:
            _forget(house, watch, other)
            recorded = {uid for uid in recorded if uid < other}
    if lowest > 1:
        return uidnext, present, recorded, None
    with house.database.reading():
        return uidnext, present, recorded, Expected.of(whereabouts.not_put_away(name, folder), uidvalidity)


def _forget(house: House, watch: Watch, lowest: int) -> None:
    """The folder was put back from a copy: under the same UIDVALIDITY UIDs are given out again (against RFC 3501 2.3.1.1)."""
    name, folder = watch.account.name, watch.account.folder
    with house.database.transaction():
        count = whereabouts.forget_uids(name, folder, watch.uidvalidity, lowest)
    log.event("mailbox-went-back", mailbox=name, folder=folder, uid=lowest, forgotten=count)


NEWEST = 200
"""UIDs whose size and arrival are compared at a deep look: those that a folder put back gives to other mails are the newest."""
SUSPECTS = 20
"""Of these, mails whose octets are compared, too: some servers tell a wrong size of every mail."""


def _first_of_another(house: House, watch: Watch, known_here: Sequence[int]) -> int | None:
    """From which UID on the folder has other mails than those written down; None: they are the same."""
    newest = sorted(known_here)[-NEWEST:]
    if not newest:
        return None
    told = watch.sizes(newest)
    with house.database.reading():
        known = whereabouts.written_down(watch.account.name, watch.account.folder, watch.uidvalidity, newest[0])
    suspects = [uid for uid in newest if uid in told and uid in known and told[uid] != known[uid][:2]]
    for mail in watch.fetch(suspects[-SUSPECTS:], house.limits.message_size):
        if mail.octets is not None and not mail.too_large and hashlib.sha256(mail.octets).hexdigest() != known[mail.uid][2]:
            return suspects[0]
    return None


def _loss(house: House, watch: Watch, before: MailboxState | None, uidnext: int, present: Sequence[int], expected: Expected) -> Loss | None:
    """Tell people what nothing is to be done about: the rows stay, and what comes back is a copy."""
    name, folder = watch.account.name, watch.account.folder
    loss = find_loss(house.database, watch, expected, set(present), house.after.get(name))
    if loss is None and before is not None and not present and watch.tells_uidnext and uidnext < before.uidnext:
        loss = Loss.of_emptied(folder)
    if loss is not None:
        log.event("mails-missing", mailbox=name, folder=folder, count=loss.count, of=loss.of, detail=str(loss))
    return loss


def _look_through(house: House, watch: Watch) -> None:
    """After a restore: write down what the lost life did with the mails of this mailbox, so that none is acted on again."""
    places = house.after.get(watch.account.name)
    for found in look_back(house.database, house.reader, watch, places, house.limits.message_size):
        with house.database.transaction():
            house.workers.must_read(watch.account.name)
            journal.record_known(found, house.now())
        log.event("mails-before-restore", mailbox=watch.account.name, folder=found[0].folder, count=len(found))


def _vanished(before: int, after: int, present: Sequence[int], recorded: set[int]) -> list[int]:
    """UIDs the server gave out since the last look that it no longer has and that we never saw; a huge gap is not walked."""
    if not 0 < after - before <= 10_000:
        return []
    return sorted(set(range(before, after)) - set(present) - recorded)


def _record(house: House, mailbox: str, folder: str, uidvalidity: int | None, deliveries: Sequence[Delivery], now: datetime) -> int:
    if not deliveries:
        return 0
    failpoint("before_t1")
    with house.database.transaction():
        if uidvalidity is not None:
            house.workers.must_read(mailbox)
        house.database.tell("apply")
        numbers = journal.record(mailbox, folder, uidvalidity, deliveries, now, message_size=house.limits.message_size)
    failpoint("after_t1")
    return len(numbers)


def ingest(house: House, deliveries: Sequence[Delivery]) -> int:
    """Write down mails that come from files, as if fetched; how many."""
    return _record(house, "ingest", "", None, deliveries, house.now())


def tidy(house: House, watch: Watch) -> int:
    """Put finished mails away on the server; how many. Their rows are final on disk before the server is touched.

    Raises Temporary when another worker reads the mailbox: the mails are its own to put away.
    """
    places = house.after.get(watch.account.name)
    name, folder, uidvalidity = watch.account.name, watch.account.folder, watch.uidvalidity
    total = 0
    while True:
        with house.database.reading():
            house.workers.must_read(name)
            rows = journal.untidied(name, folder, uidvalidity, 500)
        if not rows:
            return total
        if places is not None:
            for outcome in sorted({row[2] for row in rows}):
                destination = places.get(outcome)
                uids = [row[1] for row in rows if row[2] == outcome]
                if destination is not None:
                    failpoint("before_move")
                    watch.put_away(uids, destination)
                    failpoint("after_move")
        with house.database.transaction():
            house.workers.must_read(name)
            journal.mark_tidied([row[0] for row in rows])
        failpoint("after_tidied")
        house.progress()
        total += len(rows)


# --- apply ---------------------------------------------------------------------------------------------------------

READ_AHEAD = 16
"""Mails handed to the parser child ahead of the one being applied: enough to keep it busy, few enough to bound memory."""

READ_AHEAD_OCTETS = 2 * 1024 * 1024

LISTEN_SECONDS = 0.5
"""How often, while the parser child is at work, it is asked whether the program shall stop."""


def apply_batch(house: House) -> int:
    """Claim a batch, decide and do every mail of it; how many were claimed (0: nothing to do)."""
    now = house.now()
    house.epochs.keep_ahead()
    failpoint("before_t2")
    with house.database.transaction():
        house.database.must_be_current()
        claimed = journal.claim(house.database, now, house.limits.batch, house.limits.attempts)
    failpoint("after_t2")
    waiting = deque(claimed)
    ahead: deque[tuple[Claimed, Future[Reading | ReadFailure] | None]] = deque()
    while (waiting or ahead) and not house.stopping():
        if waiting and len(ahead) <= READ_AHEAD // 2:
            ahead.extend(_submit(house, _next_group(waiting)))
        if not _is_read(house, ahead[0][1]):
            break
        row, future = ahead.popleft()
        if not _apply_one(house, row, future, now) and row.lane:
            # it is tried again: what the same sender wrote after it waits for that
            _give_back(
                house, [other.id for other, _ in ahead if other.lane == row.lane] + [one.id for one in waiting if one.lane == row.lane]
            )
            ahead = deque(pair for pair in ahead if pair[0].lane != row.lane)
            waiting = deque(one for one in waiting if one.lane != row.lane)
        house.progress()
    _give_back(house, [row.id for row, _ in ahead] + [row.id for row in waiting])
    return len(claimed)


def _give_back(house: House, unbegun: Sequence[int]) -> None:
    if unbegun:
        with house.database.transaction():
            journal.give_back(house.database, unbegun)


def _is_read(house: House, future: Future[Reading | ReadFailure] | None) -> bool:
    """Wait for the parser child; False when the program is told to stop before it is done: the mail was not begun."""
    while future is not None and not future.done():
        try:
            future.exception(timeout=LISTEN_SECONDS)
        except TimeoutError:
            if house.stopping():
                return False
    return True


def _next_group(waiting: deque[Claimed]) -> list[Claimed]:
    """The next mails to read ahead: a few, or one large one."""
    group: list[Claimed] = []
    while waiting and len(group) < READ_AHEAD and (not group or sum(row.size for row in group) + waiting[0].size <= READ_AHEAD_OCTETS):
        group.append(waiting.popleft())
    return group


def _submit(house: House, rows: Sequence[Claimed]) -> list[tuple[Claimed, Future[Reading | ReadFailure] | None]]:
    """Hand mails to the parser child; None for one that took the whole process down too often to be tried again."""
    good = [row for row in rows if row.alone < journal.ALONE_LIMIT]
    with house.database.reading():
        octets = journal.many_octets([row.sha256 for row in good]) if good else {}
    return [(row, house.reader.submit(octets[row.sha256]) if row.sha256 in octets else None) for row in rows]


def _apply_one(house: House, row: Claimed, future: Future[Reading | ReadFailure] | None, now: datetime) -> bool:
    """Bring one claimed mail to its end, or book why not; whether it is done. Nothing that happens to a mail here stops the line.

    Raises Temporary when the database is away, Outdated when its tables are no longer those of this program.
    """
    if future is None:
        _quarantine(house, row, Reason.PARSER_FAILED, f"the program died {row.alone} times on this mail alone", now)
        return True
    reading = future.result()
    if isinstance(reading, ReadFailure):
        return _failed(house, row, Reason.PARSER_FAILED, f"{reading.cause}: {reading.detail}", now)
    for tries_left in (2, 1, 0):
        try:
            decision = _act(house, row, reading, now)
        except TooSlow as error:
            # the database is there, so the mail may be the cause: others go on, and its tries are counted
            log.event("apply-waits", mail=row.id, detail=str(error))
            return _failed(house, row, Reason.UNEXPECTED_ERROR, f"statement_seconds: {error}", now, pause=journal.SLOW_PAUSE)
        except Outdated:
            # a newer program has migrated since the mail was claimed: it is the newer one's to end
            raise
        except Temporary as error:
            log.event("apply-waits", mail=row.id, detail=str(error))
            _put_off(house, row, str(error), now)
            raise
        except pw.IntegrityError as error:
            # another worker was first with the same contact or the same mail: look again, the facts have changed
            if tries_left:
                continue
            return _failed(house, row, Reason.UNEXPECTED_ERROR, _trace(error), now)
        except Exception as error:  # noqa: BLE001 - one mail's bug must not stop the line
            log.event("apply-failed", mail=row.id, error=type(error).__name__)
            return _failed(house, row, Reason.UNEXPECTED_ERROR, _trace(error), now)
        else:
            if decision is None:
                return False
            for hold in (action for action in decision.actions if isinstance(action, HoldMail)):
                log.event("mail-held-back", mail=row.id, address=hold.address, reason=hold.reason)
            log.event("mail-decided", mail=row.id, kind=decision.kind.value, outcome=decision.outcome.value, reason=decision.reason.value)
            return True
    raise AssertionError("the last try neither ended nor failed")


def _act(house: House, row: Claimed, reading: Reading, now: datetime) -> Decision | None:
    """The one transaction: facts, decision, effects, answers, and the mail's final state. None: another worker has it."""
    message = reading.message
    with house.database.transaction() as transaction:
        house.database.must_be_current()
        situation = load_situation(
            reading, house.policy, house.desk.signer, number=row.id, sha256=row.sha256, now=row.internal_date, clock=now,
            recorded_at=row.recorded_at, archive=row.archive, released=row.released, lock=True, asked=_asked(house, reading, lock=True),
            form=names_of_form(reading, house.policy, house.rulebook), staff=staff_of(house.rulebook),
            level_queues=house.rulebook.level_queues(),
        )  # fmt: skip
        decision = _decided(house, reading, situation, number=row.id)
        if decision.kind is Kind.FORM or decision.reason in OF_FORWARDS:
            message = replace(message, attachments=files_of(reading))
        applied = apply(
            decision, message=message, journal_id=row.id, cause=f"mail:{row.id}", at=row.internal_date, clock=now, desk=house.desk,
        )  # fmt: skip
        facts = {
            "author": (message.author or message.from_text)[:1000], "message_id": message.message_id, "subject": message.subject[:1000],
            "identity": message.identity, "wording": words_of(reading) if message.author else None,
        }  # fmt: skip
        if decision.reason is Reason.SENDER_FLOOD:
            note_held(facts["author"] or "", row.internal_date.date())
        record = json.dumps(record_of(decision, applied.case_id), ensure_ascii=False, separators=(",", ":"))
        if not journal.finish(house.database, row.id, decision, facts, record, now):
            transaction.give_up()
            return None
        failpoint("before_t3_commit")
    failpoint("after_t3_commit")
    return decision


def _decided(house: House, reading: Reading, situation: Situation, *, number: int | None) -> Decision:
    """What is granted; its mails held where they would go on with a loop."""
    author = reading.message.author
    decision = decide(reading, situation, token_digest(author) if author else None, house.rulebook)
    asked = loop_question(decision, reading, situation)
    return restrain(decision, reading, situation, loop_facts(asked, house.desk.signer, number=number)) if asked is not None else decision


def _asked(house: House, reading: Reading, *, lock: bool) -> Asked | None:
    """Whom and what the mail's commands name, found before it is decided."""
    names = names_of(reading, house.rulebook)
    return look_up(names, lock=lock) if names is not None else None


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]


def _failed(house: House, row: Claimed, reason: Reason, detail: str, now: datetime, *, pause: timedelta = timedelta(0)) -> bool:
    """The mail itself was the cause: count it, and after the last try keep the mail for a human; whether it was the last."""
    if row.failures + 1 >= house.limits.attempts:
        _quarantine(house, row, reason, detail, now)
        return True
    with house.database.transaction():
        house.database.must_be_current()
        journal.fail(house.database, row.id, counted=True, detail=detail, next_attempt_at=now + pause)
    return False


def _quarantine(house: House, row: Claimed, reason: Reason, detail: str, now: datetime) -> None:
    with house.database.transaction():
        house.database.must_be_current()
        journal.quarantine(house.database, row.id, reason, detail, now)
    log.event("mail-quarantined", mail=row.id, reason=reason.value)


def _put_off(house: House, row: Claimed, detail: str, now: datetime) -> None:
    """The database or the disk was the cause: it is nobody's fault and no attempt."""
    try:
        with house.database.transaction():
            journal.fail(house.database, row.id, counted=False, detail=detail, next_attempt_at=now)
    except Temporary:
        log.event("database-away", detail="the lease of the mail runs out by itself")


def explain(house: House, octets: bytes, sha256: str, now: datetime) -> tuple[Reading, Situation, Decision] | ReadFailure:
    """What would be done with these octets, arriving now. Changes nothing."""
    reading = house.reader.submit(octets).result()
    if isinstance(reading, ReadFailure):
        return reading
    with house.database.reading():
        situation = load_situation(
            reading, house.policy, house.desk.signer, number=None, sha256=sha256, now=now, clock=now, recorded_at=now, archive=False,
            released=False, lock=False, asked=_asked(house, reading, lock=False),
            form=names_of_form(reading, house.policy, house.rulebook), staff=staff_of(house.rulebook),
            level_queues=house.rulebook.level_queues(),
        )  # fmt: skip
        decision = _decided(house, reading, situation, number=None)
    return reading, situation, decision


# --- send ----------------------------------------------------------------------------------------------------------


def send(house: House, relay: Relay) -> int:
    """Send every due row over a few kept connections; how many the relay took.

    Each call of `turn` is one transaction: it writes down what became of the finished rows and claims as many new ones
    as connections are free, just before their DATA. A row in flight when the program dies is sent again, same octets, at most once
    after its final dot may have left.
    Raises Temporary when the relay or the database is away, or the others take this worker for dead.
    """
    sent = 0
    if not house.database.holds():
        house.database.hold()
        if not house.database.holds():
            raise Temporary("the session of this worker broke, and another frees what it had in hand")
    house.dots.begin()
    with house.database.transaction():
        outbox.take_back_own(house.database, house.now(), house.dots.given, relay.owed_ids)
        if epoch.is_held():
            return 0

    def turn(free: int, finished: Sequence[Result]) -> Sequence[Outgoing]:
        nonlocal sent
        now = house.now()
        channel = next((result for result in finished if result.outcome == "channel"), None)
        failpoint("before_t6" if finished else "before_t4")
        with house.database.transaction():
            good = [result for result in finished if result.outcome == "sent"]
            if good:
                outbox.note_sent(house.database, [result.id for result in good], good[0].reply_code or 250, good[0].text, now)
            for result in finished:
                if result.outcome != "sent":
                    age = house.limits.outbox_age
                    outbox.note_result(house.database, result.id, result.outcome, result.reply_code, result.text, now, age)
            ours = house.workers.unbroken()
            claims = channel is None and ours() and not house.stopping()
            rows = outbox.claim(house.database, now, free) if claims else []
        house.dots.end(result.id for result in finished)
        failpoint("after_t6" if finished else "after_t4")
        sent += len(good)
        for result in finished:
            if result.outcome != "sent":
                log.event("mail-not-sent", outbox=result.id, outcome=result.outcome, code=result.reply_code, text=result.text)
        if channel is not None:
            log.event("relay-refuses-us", text=channel.text)
        house.progress()
        return [
            Outgoing(
                id=row.id, reverse_path=row.reverse_path, forward_path=row.forward_path, octets=row.octets, ours=ours,
                before_dot=partial(house.dots.give, row.id),
            )
            for row in rows
        ]  # fmt: skip

    relay.send(turn)
    if sent:
        log.event("mail-sent", count=sent)
    return sent


# --- tick ----------------------------------------------------------------------------------------------------------


def tick(house: House, *, clocks: bool = True) -> int:
    """What time and failed deliveries ask for; how many were told or looked at.

    Leases of the dead are freed, owners hear of refused mails, and (`clocks`) promises and questions are looked at, and raw mails
    deleted that are too old. After a restore nothing is told or deleted until a person resumes.
    """
    now = house.now()
    with house.database.transaction():
        house.database.must_be_current()
        freed = journal.free_dead(house.database) + outbox.free_dead(house.database, now, house.dots.left_by)
        journal.bring_near(now)
        outbox.bring_near(now)
        held = epoch.is_held()
    if freed:
        log.event("leases-freed", count=freed)
    house.epochs.keep_time()
    if held:
        return 0
    told = 0
    with house.database.reading():
        refused = outbox.untold(100)
    for outgoing in refused:
        with house.database.transaction():
            if not outbox.mark_told(outgoing.outbox_id):
                continue
            cases = case_facts([outgoing.case_id], lock=True) if outgoing.case_id is not None else ()
            decision = decide_refusal(outgoing, cases[0] if cases else None)
            # an operator may send it again, and it may be refused again: that is told, too
            cause = f"outbox:{outgoing.outbox_id}:{now.isoformat()}"
            apply(decision, message=None, journal_id=None, cause=cause, at=now, clock=now, desk=house.desk)
        if outgoing.unwritten:
            log.event("template-failed", outbox=outgoing.outbox_id, template=outgoing.template, detail=outgoing.detail)
        told += 1
    timed = (_look_at_clocks, _end_questions, _remind_of_work, _send_digests) if clocks else ()
    told += _tell_of_held(house, now) + sum(look(house, now) for look in timed)
    if clocks:
        house.retention.delete_old(house.database, now, house.stopping)
    return told


def _tell_of_held(house: House, now: datetime) -> int:
    """Senders whose mails are held: the house learns of each by one case, and again whenever there are twice as many."""
    with house.database.reading():
        due = untold(now.date(), 100)
    for number in due:
        with house.database.transaction() as transaction:
            held = tell(number)
            if held is None:
                transaction.give_up()
                continue
            cases = case_facts([held.case_id], lock=True) if held.case_id is not None else ()
            decision = decide_held(held, cases[0] if cases else None, triage_queue())
            cause = f"flood:{number}:{held.count}"
            applied = apply(decision, message=None, journal_id=None, cause=cause, at=now, clock=now, desk=house.desk)
            if applied.case_id is not None:
                told_on(number, applied.case_id)
        log.event("sender-flood", sender=held.sender, held=held.count)
    return len(due)


def _end_questions(house: House, now: datetime) -> int:
    """Questions nobody answered in time; each is ended and told in one transaction, so exactly once."""
    with house.database.reading():
        over = questions.expired(_done_until(now), CLOCKS_AT_ONCE)
    for number, case_id in over:
        with house.database.transaction() as transaction:
            cases = case_facts([case_id], lock=True) if case_id is not None else ()
            question = questions.unanswered(number)
            if question is None:
                transaction.give_up()
                continue
            asked = next(iter(people_of([question.asked_id])), None)
            mail = questions.mail_of(number, asked.address) if asked is not None else None
            decision = decide_expiry(question, asked, mail, cases[0] if cases else None)
            apply(decision, message=None, journal_id=None, cause=f"question:{number}", at=now, clock=now, desk=house.desk)
    return len(over)


def _done_until(now: datetime) -> datetime:
    """The moment up to which the mails are done: what arrived in time and still waits is not late."""
    oldest = journal.oldest_waiting()
    return min(now, oldest) if oldest is not None else now


def _send_digests(house: House, now: datetime) -> int:
    """At opening time, one mail to each person who owes something, once a day."""
    if not house.digests:
        return 0
    with house.database.reading():
        readers = owed.readers()
    count = 0
    for reader, queue_id in readers:
        if house.stopping():
            break
        house.progress()
        day = digest_day(now, house.rulebook.calendar_of_person(reader))
        if day is None:
            continue
        try:
            count += _send_digest(house, reader, queue_id, day, now)
        except pw.IntegrityError:
            # another worker was first: it is settled
            continue
    return count


def _send_digest(house: House, reader: ContactFacts, queue_id: int | None, day: date, now: datetime) -> bool:
    """Settle one person's digest of a day; whether there was one to send. Raises IntegrityError when another worker does so, too."""
    calendar = house.rulebook.calendar_of_person(reader)
    with house.database.transaction():
        if owed.sent_on(reader.id, queue_id, day):
            return False
        number = owed.settle(reader.id, queue_id, day)
        before = owed.last_before(reader.id, queue_id, day)
        since = calendar.opening_time(before) if before is not None else None
        owes = owed.owed(reader, queue_id, calendar.opening_time(day), since)
        if not owes.cases and not owes.quarantined:
            return False
        cases = [(case.id, case.subject, case.acknowledged, case.planned, case.deadline_at) for case in owes.cases]
        kept = [(mail.number, mail.sender, mail.subject, mail.reason) for mail in owes.quarantined]
        decision = decide_digest(reader, owes.queue, cases, kept, day, calendar)
        apply(decision, message=None, journal_id=None, cause=f"digest:{number}", at=now, clock=now, desk=house.desk)
    return True


def _remind_of_work(house: House, now: datetime) -> int:
    """At opening time of the house, whoever does the work of a CS ticket hears that one of its dates is today: once."""
    day = digest_day(_done_until(now), house.rulebook.calendar_of(None))
    if day is None:
        return 0
    with house.database.reading():
        due = reminders.cases_with_work_due(day, reminder_name)
    for case_id in due:
        with house.database.transaction():
            (case,) = case_facts([case_id], lock=True)
            ticket = case.cs_ticket
            for person, labels in work_due(ticket, day) if ticket is not None else ():
                if ticket is not None and not reminders.was_queued(reminder_name(ticket.id, person.id, day)):
                    decision = decide_reminder(case, ticket, person, labels, day)
                    cause = f"ticket:{ticket.id}:{day.isoformat()}"
                    apply(decision, message=None, journal_id=None, cause=cause, at=now, clock=now, desk=house.desk)
    return len(due)


CLOCKS_AT_ONCE = 200


def _look_at_clocks(house: House, now: datetime) -> int:
    """Warnings, reminders and breaches that are due; each in a transaction of its own, so that each is told exactly once.

    Clocks are looked at after the mails of the round have been applied: what arrived in time is no breach.
    """
    seen: set[int] = set()
    while True:
        with house.database.reading():
            at = _done_until(now)
            due = [(case_id, clock) for case_id, clock in due_clocks(at, CLOCKS_AT_ONCE + len(seen)) if clock.id not in seen]
        for case_id, clock in due:
            if house.stopping():
                return len(seen)
            house.progress()
            seen.add(clock.id)
            with house.database.transaction() as transaction:
                cases = case_facts([case_id], lock=True)
                still = next((found for found in cases[0].clocks if found.id == clock.id), None) if cases else None
                if still is None or still != clock:
                    transaction.give_up()
                    continue
                decision = decide_clock(cases[0], still, at, house.rulebook)
                cause = f"clock:{clock.id}:{at.isoformat()}"
                apply(decision, message=None, journal_id=None, cause=cause, at=at, clock=now, desk=house.desk)
        if not due:
            return len(seen)
