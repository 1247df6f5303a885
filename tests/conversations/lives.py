"""Lives of cases: steps that anybody may take by mail or by waiting, fed into the real stages on a real database, without servers.

A life is a list of steps, plain data that a generator can draw and shrink. After each step the laws of `assert_lawful` hold.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from daemon.config import load_config
from daemon.mail.smtp import Outgoing, Result
from daemon.rules.lifecycle import Event as Happening
from daemon.rules.lifecycle import State, allows, case_state
from daemon.rules.lifecycle import step as step_of
from daemon.service import open_house
from daemon.store.audit import audit
from daemon.store.database import Database, open_database
from daemon.store.directory import import_folder
from daemon.store.epoch import EpochFile, Epochs
from daemon.store.journal import Delivery
from daemon.store.schema import Case, CaseComment, Event, Journal, Outbox, Reversal, SlaClock, Task
from daemon.store.statements import rows
from daemon.store.workers import Workers
from daemon.worker import House, apply_batch, ingest, send, tick
from tests.conversations.world import SUPPORT, TUESDAY, Out, address_of, bounce, copy_directory, mail, read_out

SECRET = "the tenant must not know"
"""What staff write for the house alone: no mail to a customer, to a stranger or to another partner repeats it."""

HOUSE_PEOPLE = ("cara", "lou", "marta", "priya")
PARTNER_PEOPLE = ("bob", "ben@miller.example", "eva")
CUSTOMERS = ("ann", "hank", "sam")
STRANGER = "mallory@else.example"
EVERYBODY = (*HOUSE_PEOPLE, *PARTNER_PEOPLE, *CUSTOMERS, STRANGER)


# --- steps ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Say:
    """Somebody writes `words`; a number means one of NEXT, by the state of the case.

    `way` is what the mail is addressed by, `back` which of the mails it could answer (0: the newest).
    It arrived `late` minutes before the program sees it. Without `seen` the program looks after the next step only.
    """

    who: str
    words: str | int
    way: str = "own"
    back: int = 0
    results: str | None = "pass"
    late: int = 0
    seen: bool = True


@dataclass(frozen=True, kw_only=True)
class Again:
    """The same octets come once more, `back` mails ago."""

    back: int


@dataclass(frozen=True, kw_only=True)
class Returned:
    """A mail of ours bounces, or an out-of-office note comes for it."""

    back: int
    status: str | None


@dataclass(frozen=True, kw_only=True)
class Refuse:
    """The relay refuses what is due for somebody, in this way; what is due for others it takes."""

    who: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Time passes, then the clocks are looked at."""

    minutes: int


Step = Say | Again | Returned | Refuse | Wait


# --- the program ---------------------------------------------------------------------------------------------------


class Clock:
    """The one clock of the house."""

    def __init__(self) -> None:
        self.now = TUESDAY

    def __call__(self) -> datetime:
        return self.now


CONFIGURATION = """
[house]
name = "Example Support"
address = "support@support.example"
domains = ["support.example"]
[database]
url = "{url}"
[trust]
authserv_id = "mx.support.example"
[digests]
enabled = true
[calendars.house]
timezone = "America/New_York"
country = "US"
[calendars.berlin]
timezone = "Europe/Berlin"
country = "DE"
"""


class Place:
    """Where lives are lived: one house, whose database is a fresh copy for each life."""

    def __init__(self, house: House, clock: Clock, fresh: Callable[[], Any], folder: Path) -> None:
        self._house, self._clock, self._fresh, self._folder = house, clock, fresh, folder

    @contextmanager
    def life(self, *, silent: bool = False) -> Iterator[Life]:
        """A new life. `silent`: our mail server says nothing about who sent a mail, so that keys decide."""
        self._clock.now = TUESDAY
        policy = replace(self._house.policy, authserv_id=None) if silent else self._house.policy
        with self._fresh() as url:
            database = open_database(url)
            database.connect()
            if database.is_sqlite:  # what a crash would leave is not asked here
                database.peewee.execute_sql("PRAGMA synchronous = off")
            # whatever asks a database asks the copy: a house that kept the original in mind would keep it open
            epoch_file = self._folder / "life.epoch"
            epoch_file.unlink(missing_ok=True)
            epochs = Epochs(database, EpochFile(epoch_file))
            workers = Workers(database, self._house.workers.lease, "lives")
            try:
                yield Life(replace(self._house, database=database, policy=policy, epochs=epochs, workers=workers), self._clock)
            finally:
                database.let_go()
                database.close()


@contextmanager
def place(folder: Path, url: str, fresh: Callable[[], Any]) -> Iterator[Place]:
    """A house with the fixture's directory and a second agent of Miller Solar in the database `url`; `fresh` gives copies of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reply.key").write_text("the key of these lives, long enough to sign with\n")
    (folder / "supportd.toml").write_text(CONFIGURATION.format(url=url), encoding="utf-8")
    config, clock = load_config(folder / "supportd.toml"), Clock()
    directory = copy_directory(folder / "directory")
    with (directory / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write("ben,Ben,Ohm,ben@miller.example,Miller Solar,partner_agent,,\n")
    with open_house(config, clock) as house:
        with house.database.transaction():
            report = import_folder(directory, own_addresses=config.own_addresses(), calendars=config.calendars)
            assert not report.mistakes
        house.database.close()
        yield Place(house, clock, fresh, folder)


class Life:
    """Takes steps, and knows what must hold after each."""

    def __init__(self, house: House, clock: Clock) -> None:
        self.house, self.clock = house, clock
        self._delivered: list[bytes] = []
        self._waiting: list[Delivery] = []
        self._arrived = clock.now
        self._past: dict[str, list[tuple[Any, ...]]] = {}
        self._met: set[int] = set()
        self._steps = 0

    @property
    def database(self) -> Database:
        return self.house.database

    def take(self, step: Step) -> None:
        """Take one step; what can't be done (there is no mail to answer) is none."""
        self._steps += 1
        self.clock.now += timedelta(minutes=1)
        match step:
            case Say():
                self._say(step)
            case Again():
                if self._delivered:
                    self._deliver(self._delivered[-1 - step.back % len(self._delivered)], timedelta(0), at_once=True)
            case Returned():
                out = self._written(lambda row: row[2] is not None, step.back)
                if out is not None:
                    octets = bounce(out, step.status) if step.status else _away(out)
                    self._deliver(octets, timedelta(0), at_once=True)
            case Refuse():
                self._send({address_of(step.who): step.outcome})
                tick(self.house)
            case Wait():
                self.clock.now += timedelta(minutes=step.minutes)
                self._look()

    def finish(self) -> None:
        """What waits is seen, and a month later everything that is due has been told."""
        self._look()
        self.clock.now += timedelta(days=30)
        self._look()

    # --- mails ----------------------------------------------------------------------------------------------------

    def _say(self, step: Say) -> None:
        sender, answers, to, subject = address_of(step.who), None, SUPPORT, "Something new"
        oldest, number = TUESDAY, None
        if step.way == "tag":
            numbers = self._numbers()
            if numbers:
                number, oldest = numbers[-1 - step.back % len(numbers)]
                subject = f"[CASE-{number}] again"
        elif step.way != "new":
            other = step.way == "other"
            answers = self._written(lambda row: (row[1] != sender) is other and (row[4] is not None or row[5] in ASKING), step.back)
            if answers is None:
                if step.who in HOUSE_PEOPLE:
                    self._say(replace(step, way="tag"))
                return
            oldest = datetime.fromisoformat(answers.message["X-Written"])
            number = int(answers.message["X-Case"]) if answers.message["X-Case"] else None
        if step.way == "thread":
            to = SUPPORT + ", other@else.example"
        words = step.words if isinstance(step.words, str) else self._next(number, step.words)
        octets = mail(
            step.who, words, subject=subject, to=to, results=step.results, answers=answers,
            message_id=f"<{self._steps}@life.{sender.partition('@')[2]}>",
        )  # fmt: skip
        self._deliver(octets, timedelta(minutes=step.late), at_once=step.seen, oldest=oldest)

    def _deliver(self, octets: bytes, late: timedelta, *, at_once: bool, oldest: datetime = TUESDAY) -> None:
        self._delivered.append(octets)
        at = max(self.clock.now - late, oldest)
        self._waiting.append(Delivery(uid=None, octets=octets, size=len(octets), internal_date=at))
        if at_once:
            self._look()

    def _look(self) -> None:
        """One round, without servers."""
        if self._waiting:
            ingest(self.house, self._waiting)
            self._waiting.clear()
        while apply_batch(self.house):
            pass
        tick(self.house)
        self._send({})

    def _send(self, refused: dict[str, str]) -> None:
        relay: Any = Taker(refused)
        send(self.house, relay)

    def _numbers(self) -> list[tuple[Any, ...]]:
        with self.database.reading():
            return list(rows(Case.select(Case.id, Case.created_at).order_by(Case.id)))

    def _next(self, number: int | None, which: int) -> str:
        """What moves a case on."""
        choices = NEXT[State.OPEN]
        if number is not None:
            with self.database.reading():
                columns = (Case.closed_at, Case.acknowledged_at, Case.planned_resolution_date)
                closed_at, acknowledged_at, planned_date = next(rows(Case.select(*columns).where(Case.id == number)))
            choices = NEXT[
                case_state(is_open=closed_at is None, acknowledged=acknowledged_at is not None, planned=planned_date is not None)
            ]
        return choices[which % len(choices)]

    def _written(self, wanted: Callable[[tuple[Any, ...]], bool], back: int) -> Out | None:
        """A mail of ours that somebody could answer."""
        with self.database.reading():
            query = Outbox.select(Outbox.reverse_path, Outbox.forward_path, Outbox.octets, Outbox.created_at, Outbox.case, Outbox.template)
            found = [row for row in rows(query.where(Outbox.octets.is_null(False)).order_by(Outbox.id)) if wanted(row)]
        if not found:
            return None
        reverse_path, forward_path, octets, created_at, case_id, _ = found[-1 - back % len(found)]
        out = read_out(reverse_path, (forward_path,), bytes(octets))
        out.message["X-Written"], out.message["X-Case"] = created_at.isoformat(), str(case_id or "")
        return out

    # --- laws -----------------------------------------------------------------------------------------------------

    def assert_lawful(self) -> None:
        """The books balance, nothing that was written was changed, every step of every case was allowed, and secrets were kept."""
        with self.database.reading():
            problems = audit().problems
            assert problems == (), problems
            self._assert_nothing_failed()
            self._assert_only_appended()
            self._assert_steps_allowed()
            self._assert_met_stays_met()
            self._assert_secrets_kept()
            self._assert_listed_by_last_update()

    def _assert_nothing_failed(self) -> None:
        trouble = list(rows(Journal.select(Journal.id, Journal.reason, Journal.detail).where(Journal.reason == "unexpected-error")))
        trouble += list(rows(Journal.select(Journal.id, Journal.reason, Journal.detail).where(Journal.failures > 0)))
        assert trouble == []
        held = Outbox.select(Outbox.id, Outbox.template, Outbox.detail).where((Outbox.state == "held") & Outbox.octets.is_null())
        assert list(rows(held)) == [], "a template failed"

    def _assert_only_appended(self) -> None:
        for model in (CaseComment, Task, Event):
            now = [tuple(row) for row in rows(model.select().order_by(model.id))]
            before = self._past.get(model.__name__, [])
            assert now[: len(before)] == before, f"{model.__name__}: what was written was changed"
            self._past[model.__name__] = now

    def _assert_steps_allowed(self) -> None:
        """The log of each case is a walk through the table, and the case stands where it leads to."""
        query = Case.select(Case.id, Case.closed_at, Case.acknowledged_at, Case.planned_resolution_date).order_by(Case.id)
        for number, closed_at, acknowledged_at, planned_date in rows(query):
            state = walked(number)
            stands = case_state(is_open=closed_at is None, acknowledged=acknowledged_at is not None, planned=planned_date is not None)
            assert state == stands, f"CASE-{number}: its log leads to {state}, but it stands at {stands}"

    def _assert_met_stays_met(self) -> None:
        """Unless the command that met it is taken back, a promise that was kept stays kept."""
        undone = {number for (number,) in rows(Reversal.select(Reversal.case).where(Reversal.undone_at.is_null(False)))}
        met = {
            number
            for number, case_id, met_at in rows(SlaClock.select(SlaClock.id, SlaClock.case, SlaClock.met_at))
            if met_at is not None and case_id not in undone
        }
        missing = self._met - met
        gone = set(rows(SlaClock.select(SlaClock.id, SlaClock.case).where(SlaClock.id.in_(sorted(missing) or [0]))))
        assert {number for number, case_id in gone if case_id not in undone} == set()
        self._met = met

    def _assert_secrets_kept(self) -> None:
        query = Outbox.select(Outbox.id, Outbox.forward_path, Outbox.octets).where(Outbox.octets.is_null(False))
        staff = {address_of(who) for who in (*HOUSE_PEOPLE, *PARTNER_PEOPLE)}
        for number, to, octets in rows(query):
            if to not in staff:
                out = read_out("", (to,), bytes(octets))
                assert SECRET not in out.text, f"outbox {number} tells {to} what is for the house alone"
                assert SECRET not in out.html

    def _assert_listed_by_last_update(self) -> None:
        query = CaseComment.select(CaseComment.case, CaseComment.at).where(CaseComment.public)
        spoken: dict[int, datetime] = {}
        for number, at in rows(query):
            spoken[number] = max(at, spoken.get(number, at))
        for number, last_update in rows(Case.select(Case.id, Case.last_update)):
            assert last_update >= spoken.get(number, last_update), f"CASE-{number}: its last update is before its last public comment"


def walked(number: int) -> State:
    """Where the log of a case leads to. Every event in it must have been allowed."""
    state = before = State.NOTHING
    acting = ""
    remembered: dict[int, State] = {}
    reversals = [found for (found,) in rows(Reversal.select(Reversal.id).where(Reversal.case == number).order_by(Reversal.id))]
    query = Event.select(Event.sequence, Event.cause, Event.verb, Event.payload).where(Event.case == number).order_by(Event.sequence)
    for sequence, cause, verb, payload in rows(query):
        facts = json.loads(payload)
        if cause != acting:
            acting, before = cause, state
        if verb == "remember-reversal":
            remembered[reversals[len(remembered)]] = before
        happening = HAPPENINGS.get(verb)
        if happening is None:
            continue
        assert allows(state, happening), f"CASE-{number}, entry {sequence}: {happening} in state {state}"
        if happening == Happening.UNDO:
            state = remembered[facts["reversal_id"]]
        elif happening == Happening.REOPEN:
            state = State.ACKNOWLEDGED if facts["acknowledged_by_id"] is not None else State.OPEN
        else:
            state = step_of(state, happening).to or state
    return state


NEXT = {
    State.OPEN: ("#ack", "Acknowledged", "#plan +3 business days Replace it", "#assign Berlin Sonne GmbH", "#close Replaced.", "#undo"),
    State.ACKNOWLEDGED: (
        "#plan tomorrow Replace it", "#plan in 2 weeks Come by", "#assign Miller Solar", "#close It was the fuse.", "#undo",
    ),
    State.PLANNED: ("#plan +5 days Come again", "#close Replaced.", "Done - thanks", "#assign Berlin Sonne GmbH", "#undo"),
    State.CLOSED: ("#reopen Broken again.", "Please reopen", "#reopen Broken.\n#ack", "#undo", "#assign me"),
}  # fmt: skip
"""What moves a case on from where it stands; without it few lives would get far."""

HAPPENINGS = {
    "open-case": Happening.CREATE, "set-acknowledged": Happening.ACKNOWLEDGE, "set-plan": Happening.PLAN, "close-case": Happening.CLOSE,
    "reopen-case": Happening.REOPEN, "assign-partner": Happening.ASSIGN_PARTNER, "assign-owner": Happening.ASSIGN,
    "add-comment": Happening.COMMENT, "take-back": Happening.UNDO,
}  # fmt: skip
"""What an entry of the log means in the table."""


ASKING = frozenset({"question-contract"})
"""Mails of no case that want an answer."""


class Taker:
    """A relay that takes every mail but those for some addresses."""

    owed_ids: frozenset[int] = frozenset()

    def __init__(self, refused: dict[str, str]) -> None:
        self._refused = refused

    def send(self, turn: Callable[[int, Sequence[Result]], Sequence[Outgoing]]) -> None:
        finished: list[Result] = []
        while True:
            claimed = turn(4, finished)
            if not claimed:
                return
            finished = [self._result(one) for one in claimed]

    def _result(self, one: Outgoing) -> Result:
        outcome: Any = self._refused.get(one.forward_path, "sent")
        code = {"sent": 250, "refused": 550, "deferred": 450}.get(outcome)
        return Result(id=one.id, outcome=outcome, reply_code=code, text="as the life has it")


def _away(out: Out) -> bytes:
    return mail(out.message["To"].addresses[0].addr_spec, "I am away.", answers=out, headers={"Auto-Submitted": "auto-replied"})


def sqlite_copies(original: Path, folder: Path) -> Callable[[], Any]:
    """Gives copies of an SQLite database, each for one use."""

    @contextmanager
    def fresh() -> Iterator[str]:
        with ExitStack() as stack:
            path = folder / "life.db"
            for leftover in folder.glob("life.db*"):
                leftover.unlink()
            shutil.copy(original, path)
            stack.callback(path.unlink, missing_ok=True)
            yield f"sqlite:///{path}"

    return fresh


def postgres_copies(original: str, server_url: str) -> Callable[[], Any]:
    """Gives copies of a PostgreSQL database, each for one use."""
    name, numbers = urlsplit(original).path.lstrip("/"), itertools.count(1)

    @contextmanager
    def fresh() -> Iterator[str]:
        copy = f"{name}_{next(numbers)}"
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{copy}"))
        finally:
            with psycopg.connect(server_url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')

    return fresh
