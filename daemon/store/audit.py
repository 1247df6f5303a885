"""Prove the books from the data alone: every mail has its end, every action its cause, nothing was changed behind us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import peewee as pw
from peewee import JOIN

from daemon.actions.cases import chained
from daemon.errors import Failure
from daemon.store import audit_kinds, audit_lives, audit_mails, audit_promises, audit_raw, audit_requests, audit_seals
from daemon.store.audit_promises import COMMENTED, facts_of, named
from daemon.store.failing import first_line, is_of_a_driver, is_undecodable
from daemon.store.outbox import PLAIN, perhaps_twice
from daemon.store.schema import (
    Case,
    CaseComment,
    CsTicket,
    Digest,
    Event,
    FeedItem,
    HeldSender,
    Interaction,
    Journal,
    Outbox,
    PendingQuestion,
    Queue,
    Reversal,
    SlaClock,
    Task,
    database,
)
from daemon.store.statements import rows

FINAL = ("acted", "ignored", "quarantined", "vanished")
OUTBOX_STATES = ("queued", "sent", "failed", "held", "unknown", "dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The result: the counts, and the name of each wrong thing. Good books have no problems."""

    received: int
    acted: int
    ignored: int
    quarantined: int
    vanished: int
    in_progress: int
    problems: tuple[str, ...]
    perhaps_twice: int = 0
    """Mails of ours of which the relay may have two copies, as their detail says; no problem, but told."""


Progress = Callable[[int, int], None]
"""Told how many octets rows of how many have been checked."""


def audit(progress: Progress = lambda _done, _total: None, working_at: datetime | None = None) -> Books:
    """Check everything, inside one read of the caller, so that it sees one moment of a running daemon. Changes nothing.

    `working_at` is now, when a worker has applied mails for as long as one may be in progress.

    What somebody put there is named, never stumbled over: where a check can't go on because of it, that is named, too.
    """
    try:
        problems = _told(audit_kinds.steps)
        # what tables of another version hold can't be read as ours; of those it goes without saying what they lack
        lacking = _told(audit_kinds.lacking)
        overdue = (partial(audit_mails.overdue, working_at),) if working_at is not None else ()
        checks: tuple[Callable[[], Iterator[str]], ...] = () if lacking else (*CHECKS, *overdue, partial(audit_raw.kept, progress))
        problems += [problem for check in checks for problem in _told(check)]
        return _counted(problems or lacking)
    finally:
        _take_text(str)


def _told(check: Callable[[], Iterator[str]]) -> list[str]:
    """What a check finds wrong; what it found until then, and that it came to no end, when it met something that no program wrote."""
    said: list[str] = []
    try:
        for problem in check():
            said.append(problem)  # noqa: PERF402 - what was found before a mistake is kept
    except Exception as error:
        if is_undecodable(error):
            # from here on such text comes as octets
            _take_text(_text_or_octets)
            return _told(check)
        if isinstance(error, Failure) or (is_of_a_driver(error) and "binding parameter" not in str(error)):
            raise
        name = getattr(check, "func", check).__name__.strip("_").replace("_", " ")
        said.append(f"the proof called {name!r} came to no end: a value is of the wrong kind ({type(error).__name__}: {first_line(error)})")
    return said


def _text_or_octets(octets: bytes) -> str | bytes:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets


def _take_text(factory: Callable[[bytes], Any]) -> None:
    """How SQLite's text is read on this thread's line; PostgreSQL has none that is no UTF-8."""
    if isinstance(database.obj, pw.SqliteDatabase):
        db: Any = database.obj
        db.connection().text_factory = factory


def _counted(problems: list[str]) -> Books:
    _take_text(_text_or_octets)
    counts = dict(database.obj.execute_sql("SELECT state, count(*) FROM journal GROUP BY state").fetchall())
    return Books(
        received=sum(counts.values()), acted=counts.get("acted", 0), ignored=counts.get("ignored", 0),
        quarantined=counts.get("quarantined", 0), vanished=counts.get("vanished", 0), in_progress=counts.get("received", 0),
        problems=tuple(problems), perhaps_twice=perhaps_twice(),
    )  # fmt: skip


def _states() -> Iterator[str]:
    for number, state in rows(Journal.select(Journal.id, Journal.state).where(Journal.state.not_in([*FINAL, "received"]))):
        yield f"mail {number}: its state {state!r} is none we know"
    for number, state in rows(Outbox.select(Outbox.id, Outbox.state).where(Outbox.state.not_in(OUTBOX_STATES))):
        yield f"outbox {number}: its state {state!r} is none we know"
    for (number,) in rows(Journal.select(Journal.id).where(Journal.state.in_(FINAL) & Journal.reason.is_null())):
        yield f"mail {number}: it is done without a reason"


def _interactions() -> Iterator[str]:
    decided = Journal.state.in_(["acted", "ignored"]) | ((Journal.state == "quarantined") & Journal.record.is_null(False))
    query: Any = Journal.select(Journal.id).join(Interaction, JOIN.LEFT_OUTER, on=(Interaction.journal == Journal.id))
    for (number,) in rows(query.where(decided & Interaction.id.is_null())):
        yield f"mail {number}: it is done but was never recorded as an interaction"
    query = Outbox.select(Outbox.id).join(Interaction, JOIN.LEFT_OUTER, on=(Interaction.outbox == Outbox.id))
    for (number,) in rows(query.where(Interaction.id.is_null())):
        yield f"outbox {number}: it was never recorded as an interaction"
    query = Interaction.select(Interaction.id, Interaction.journal).join(Journal, JOIN.LEFT_OUTER, on=(Interaction.journal == Journal.id))
    for number, journal in rows(query.where(Interaction.journal.is_null(False) & Journal.id.is_null())):
        yield f"interaction {number}: its mail {journal} is not in the journal"
    query = Interaction.select(Interaction.id, Interaction.outbox).join(Outbox, JOIN.LEFT_OUTER, on=(Interaction.outbox == Outbox.id))
    for number, outgoing in rows(query.where(Interaction.outbox.is_null(False) & Outbox.id.is_null())):
        yield f"interaction {number}: its outgoing mail {outgoing} is not in the outbox"
    for (number,) in rows(Interaction.select(Interaction.id).where(Interaction.journal.is_null() & Interaction.outbox.is_null())):
        yield f"interaction {number}: it belongs to no mail"


def _causes() -> Iterator[str]:
    acted = {f"mail:{number}" for (number,) in rows(Journal.select(Journal.id).where(Journal.state == "acted"))}
    ours = {f"clock:{number}" for (number,) in rows(SlaClock.select(SlaClock.id))}
    # not only those that are told: an operator may have sent one again, and then it may be told again
    ours |= {f"outbox:{number}" for (number,) in rows(Outbox.select(Outbox.id))}
    ours |= {f"ticket:{number}" for (number,) in rows(CsTicket.select(CsTicket.id))}
    ours |= {f"digest:{number}" for (number,) in rows(Digest.select(Digest.id))}
    ours |= {f"flood:{number}" for (number,) in rows(HeldSender.select(HeldSender.id))}
    ours |= {f"question:{number}" for (number,) in rows(PendingQuestion.select(PendingQuestion.id))}
    caused: set[str] = set()

    def known(cause: str) -> bool:
        """A mail that was acted on, or a clock, refused mail, digest, question, held sender, CS ticket; with a time behind."""
        return cause in acted or ":".join(cause.split(":", 2)[:2]) in ours

    for number, cause in rows(Event.select(Event.id, Event.cause)):
        caused.add(cause)
        if not known(cause):
            yield f"event {number}: its cause {cause} is no acted mail"
    for cause in sorted(acted - caused):
        yield f"{cause.replace(':', ' ')}: it counts as acted but has no action"
    for number, cause in rows(Outbox.select(Outbox.id, Outbox.cause)):
        if not known(cause):
            yield f"outbox {number}: its cause {cause} is no acted mail"
    for model, name in CAUSED:
        for number, cause in rows(model.select(model.id, model.cause)):
            if not known(cause):
                yield f"{name} {number}: its cause {cause} is no acted mail"


CAUSED: tuple[tuple[Any, str], ...] = (
    (CaseComment, "comment"), (FeedItem, "feed item"), (Task, "task"), (PendingQuestion, "question"), (Reversal, "reversal"),
)  # fmt: skip
"""What else names its cause."""


def _chains() -> Iterator[str]:
    heads = {case_id: (length, head) for case_id, length, head in rows(Case.select(Case.id, Case.log_length, Case.log_hash))}
    at: dict[int, tuple[int, str]] = {}
    broken: set[int] = set()
    columns = (Event.case, Event.sequence, Event.cause, Event.verb, Event.payload, Event.hash)
    for case_id, sequence, cause, verb, payload, digest in rows(Event.select(*columns).order_by(Event.case, Event.sequence)):
        if case_id is None:
            continue
        length, head = at.get(case_id, (0, ""))
        if case_id not in broken and (sequence != length + 1 or digest != chained(head, sequence, cause, verb, payload)):
            broken.add(case_id)
            yield f"CASE-{case_id}: its log was changed at entry {sequence}"
        at[case_id] = (sequence, digest)
    for case_id, (length, head) in heads.items():
        if case_id not in broken and at.get(case_id, (0, "")) != (length, head):
            yield f"CASE-{case_id}: its log ends before entry {length}"
    for case_id in sorted(at.keys() - heads.keys()):
        yield f"CASE-{case_id}: it is gone, but its log is there"


def _words() -> Iterator[str]:
    """Descriptions, comments and notes still are what was logged when they were written, and all of them are there."""
    logged: dict[str, Counter[str]] = {}
    notes: dict[str, list[str]] = {}
    query: Any = Event.select(Event.cause, Event.verb, Event.payload).where(Event.verb.in_([*COMMENTED, "open-case", "keep-note"]))
    for cause, verb, payload in rows(query):
        facts = facts_of(payload)
        verb = COMMENTED[0] if verb in COMMENTED else verb
        words = facts.get("description" if verb == "open-case" else "text")
        logged.setdefault(f"{verb}:{cause}", Counter())[words.get("sha256", "") if isinstance(words, dict) else ""] += 1
        if verb == "keep-note":
            notes.setdefault(cause, []).append(f"[{facts.get('why')}]\n")
    for number, cause, body in rows(CaseComment.select(CaseComment.id, CaseComment.cause, CaseComment.body)):
        if not _taken(logged, f"add-comment:{cause}", body):
            yield f"comment {number}: its words are not those that were logged"
    query = FeedItem.select(FeedItem.cause, Case.id, Case.description).join(Case).where(FeedItem.kind == "created")
    for cause, case_id, description in rows(query):
        if not _taken(logged, f"open-case:{cause}", description):
            yield f"CASE-{case_id}: its description is not what was logged"
    query = FeedItem.select(FeedItem.id, FeedItem.cause, FeedItem.body).where(FeedItem.kind == "note")
    for number, cause, body in rows(query):
        heads = [head for head in notes.get(cause, ()) if body.startswith(head)]
        if not any(_taken(logged, f"keep-note:{cause}", body.removeprefix(head)) for head in heads):
            yield f"feed item {number}: its words are not those that were logged"
    for name, left in logged.items():
        if left.total():
            verb, _, cause = name.partition(":")
            yield f"{cause.replace(':', ' ')}: what it wrote by {verb} is not there"


def _taken(logged: dict[str, Counter[str]], name: str, words: str) -> bool:
    """Whether these words were logged under this name; each entry of the log answers for one text."""
    left = logged.get(name, Counter())
    if left[named(words)] <= 0:
        return False
    left[named(words)] -= 1
    return True


def _cases() -> Iterator[str]:
    owned = Case.owner.is_null(False) & Case.queue.is_null(False)
    for (number,) in rows(Case.select(Case.id).where(owned)):
        yield f"CASE-{number}: it has both an owner and a queue"
    # a case opened before the directory was loaded could have no queue; later ones must
    if Queue.select().where(Queue.is_default).exists():
        first = Case.select(pw.fn.MIN(Case.id)).where(Case.queue.is_null(False)).scalar()
        if first is not None:
            lost = Case.owner.is_null() & Case.queue.is_null() & (Case.id > first) & (Case.type != "triage")
            for (number,) in rows(Case.select(Case.id).where(lost)):
                yield f"CASE-{number}: it has neither an owner nor a queue"
    planned = Case.planned_resolution.is_null() != Case.planned_resolution_date.is_null()
    for (number,) in rows(Case.select(Case.id).where(planned | (Case.planned_resolution.is_null(False) & Case.acknowledged_at.is_null()))):
        yield f"CASE-{number}: its plan lacks its date, its text or the acknowledgement"
    for (number,) in rows(Case.select(Case.id).where(Case.closed_at < Case.created_at)):
        yield f"CASE-{number}: it was closed before it was opened"


def _outbox() -> Iterator[str]:
    wanted: Counter[tuple[str, str]] = Counter()
    for cause, payload in rows(Event.select(Event.cause, Event.payload).where(Event.verb == "queue-mail")):
        wanted[(cause, str(facts_of(payload).get("to")))] += 1
    written = Counter(rows(Outbox.select(Outbox.cause, Outbox.forward_path)))
    for cause, to, key in rows(
        Outbox.select(Outbox.cause, Outbox.forward_path, Outbox.effect_key).where(Outbox.effect_key.endswith(PLAIN))
    ):
        # it stands in for the one whose template failed: nobody queued it, but that one is there
        if Outbox.select().where((Outbox.effect_key == key.removesuffix(PLAIN)) & (Outbox.forward_path == to)).exists():
            written[cause, to] -= 1
    for cause, to in sorted((wanted - written).keys()):
        yield f"{cause.replace(':', ' ')}: the mail to {to} that it queued is not in the outbox"
    for cause, to in sorted((written - wanted).keys()):
        yield f"{cause.replace(':', ' ')}: a mail to {to} is in the outbox that it never queued"
    for (number,) in rows(Outbox.select(Outbox.id).where((Outbox.state == "sent") & Outbox.sent_at.is_null())):
        yield f"outbox {number}: it is sent but nobody knows when"
    composed = Outbox.state.in_(["queued", "sent", "unknown"]) & Outbox.octets.is_null() & Outbox.raw_deleted_at.is_null()
    for (number,) in rows(Outbox.select(Outbox.id).where(composed)):
        yield f"outbox {number}: it is to be sent but was never composed"


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    audit_seals.sealed, audit_seals.indexed, audit_kinds.kinds, audit_kinds.full_text,
    _states, _interactions, _causes, _chains, _words, _cases, _outbox, audit_promises.standing, audit_promises.clocks,
    audit_promises.clocks_logged, audit_promises.reviews, audit_promises.posts, audit_promises.resolutions, audit_promises.questions,
    audit_mails.once, audit_mails.refused, audit_mails.related, audit_mails.headers, audit_mails.recipients, audit_mails.people,
    audit_raw.deleted,
    audit_lives.stands, audit_lives.level_one, audit_lives.comments, audit_lives.last_updates,
    audit_requests.requests, audit_requests.contacts,
)  # fmt: skip
