"""Many days of promises in four places (a quarter at full size), with kill -9 again and again: everything is told exactly once.

What must be told is worked out by `oracle`, which shares nothing with the program. The time is moved from one moment at which
something may happen to the next: a mail, an opening, a warning, a deadline and the second after it, and at times long after it,
when the program had been down.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.chaos.counts import count
from tests.chaos.record import saw, size
from tests.conversations.world import DIRECTORY, Out, World, address_of, mail, until
from tests.crash import rig
from tests.crash.oracle import Due, Oracle, Partner, Place, Step

pytestmark = [pytest.mark.chaos, pytest.mark.crash]

BEGIN = datetime(2025, 2, 3, 12, 0, tzinfo=UTC)
"""A Monday; the clocks change within, in New York on 9 March and in Berlin on 30 March."""
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
NINE_TO_FIVE = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (9, 17))

MILLER = Partner(
    name="Miller Solar", agents=("bob",), place=Place(zone=ZoneInfo("America/New_York"), hours=NINE_TO_FIVE, country="US")
)  # fmt: skip
BERLIN = Partner(
    name="Berlin Sonne GmbH", agents=("eva",), place=Place(zone=ZoneInfo("Europe/Berlin"), hours=NINE_TO_FIVE, country="DE")
)  # fmt: skip
TOKYO = Partner(
    name="Kaze Denki", agents=("ken@kaze.example", "yui@kaze.example"),
    place=Place(zone=ZoneInfo("Asia/Tokyo"), hours=NINE_TO_FIVE, country="JP"),
)  # fmt: skip
KATHMANDU = Partner(
    name="Himal Surya", agents=("maya@himal.example",),
    place=Place(
        zone=ZoneInfo("Asia/Kathmandu"), country=None,
        hours=dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), (12, 15)) | {"fri": (10, 12)},
    ),
)  # fmt: skip
"""Opens so late that four hours before a deadline nobody is there."""
PARTNERS = (MILLER, BERLIN, TOKYO, KATHMANDU)

CALENDARS = """
[calendars.tokyo]
timezone = "Asia/Tokyo"
country = "JP"
[calendars.kathmandu]
timezone = "Asia/Kathmandu"
hours = { sun = "12:00-15:00", mon = "12:00-15:00", tue = "12:00-15:00", wed = "12:00-15:00", thu = "12:00-15:00", fri = "10:00-12:00" }
"""
ORGANIZATIONS = "Kaze Denki,partner,,,tokyo,,kaze.example\nHimal Surya,partner,,,kathmandu,,himal.example\n"
CONTACTS = (
    "ken,Ken,Mori,ken@kaze.example,Kaze Denki,partner_agent,,\nyui,Yui,Abe,yui@kaze.example,Kaze Denki,partner_agent,,\n"
    "maya,Maya,Rai,maya@himal.example,Himal Surya,partner_agent,,\n"
)

NOTICES = {
    "sla-warning": r"Please (acknowledge|plan|close) soon", "sla-breach": r"Not (acknowledged|planned|closed) in time",
    "sla-breach-taken-back": r"(Acknowledged|Planned|Closed) in time after all", "planned-today-reminder": r"Planned for today",
}  # fmt: skip
"""The mails about a clock, and how their subjects begin."""
KINDS = {"acknowledged": "acknowledge", "planned": "plan", "closed": "close"}

POINTS = (
    "after_search", "after_fetch", "after_t1", "before_t2", "after_t2",
    "t3_begin", "t3_begin", "t3_after_interaction", "t3_after_interaction", "t3_after_outbox", "t3_after_outbox",
    "before_t3_commit", "after_t3_commit", "before_move", "after_tidied", "before_t4", "after_t4",
    "before_t5", "after_t5", "half_data", "after_dot", "before_t6", "after_t6",
)  # fmt: skip
"""Where a life may end. What time asks for passes t3 up to its outbox, and t4 to t6 when it is sent."""


# --- the program -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Program:
    """Lives of the program, one after another: each ends at a fail point, at a moment of no choice, or as a real `run --once`."""

    world: World
    dice: random.Random
    kills: int
    """How many are still to come."""
    chance: float
    """That a round in which nobody is told of a promise is struck; one in which somebody is has thrice as much."""
    rounds: int = 0
    killed: int = 0
    commands: int = 0
    """How many lives were a command of their own, killed or not."""
    process: subprocess.Popen[str] | None = None
    alive: bool = False

    def round(self, now: datetime, may_pass: Callable[[datetime, datetime], bool], *, telling: bool) -> datetime:
        """One round, begun again as often as it is killed; when it came to its end: `now`, or a little later where that may pass."""
        deaths = 0
        while not self._one(now, 0.0 if deaths >= 3 else self.chance * (3 if telling else 1)):
            deaths += 1
            self.killed += 1
            self._bury()
            later = now + timedelta(seconds=self.dice.randrange(60))
            now = later if may_pass(now, later) else now
        self.rounds += 1
        return now

    def _one(self, now: datetime, chance: float) -> bool:
        order: dict[str, object] = {"at": now.isoformat(), "failpoint": "", "kill_after": None}
        if self.killed < self.kills and self.dice.random() < chance:
            blow = self.dice.random()
            if blow < 0.05:
                return self._command(now)
            if blow < 0.8:
                self.rest()
                order["failpoint"] = self._point()
            else:
                order["kill_after"] = self.dice.uniform(0.0, 0.04 if self.alive else 0.8)
        self.alive = self._order(order) == "done"
        return self.alive

    def _point(self) -> str:
        return f"{self.dice.choice(POINTS)}:{self.dice.choice((1, 1, 2, 3))}"

    def _command(self, now: datetime) -> bool:
        """The same as a command: it starts from nothing and ends by itself, if it is not killed."""
        self.rest()
        self.commands += 1
        status = rig.finish(rig.begin(self.world, *rig.ONCE, now=now.isoformat(), SUPPORTD_FAILPOINT=self._point()))
        assert status in (0, -9), self.world.log()[-3000:]
        return status == 0

    def _order(self, order: dict[str, object]) -> str:
        process = self.process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        assert answer, self.world.log()[-3000:]
        return answer

    def _bury(self) -> None:
        """Wait until nothing is left of a life: its lines to the relay and its sessions."""
        self.alive = False
        rig.count_taken(self.world.sink)
        if not self.world.database_url.startswith("sqlite"):
            with psycopg.connect(self.world.database_url, autocommit=True) as watcher:
                others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                until(lambda: watcher.execute(others).fetchone() == (0,), "a session outlives its process")

    def rest(self) -> None:
        """End the life in good order."""
        if self.alive:
            assert self._order({"end": True}) == "ended"
            self.alive = False


@contextmanager
def program(world: World, dice: random.Random, kills: int, rounds: int) -> Iterator[Program]:
    """The program, started when its first round comes."""
    world.close()
    with (world.folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.rounds", str(world.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True, env=world.environment(), cwd=world.folder,
        )  # fmt: skip
    made = Program(world, dice, kills, kills / rounds, process=process)
    try:
        yield made
        made.rest()
    finally:
        process.kill()
        process.communicate()


# --- what people do ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Quarter:
    """So many days in the life of an installation: cases are opened, acknowledged, planned, closed, reopened and given away."""

    world: World
    dice: random.Random
    days: int
    oracle: Oracle = field(default_factory=lambda: Oracle(partners=PARTNERS))
    coming: list[tuple[datetime, int, bytes, Step]] = field(default_factory=list)
    """Mails by the time at which they come into the mailbox; the heap's order is that of their delivery."""
    heard: dict[tuple[int, str], Out] = field(default_factory=dict)
    """The newest mail of ours about a case that somebody can answer."""
    waiting: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Mails about a case that are on their way."""
    windows: dict[datetime, datetime] = field(default_factory=dict)
    """Each round by the time it was first tried: when it came to its end."""
    serial: int = 0
    mails: int = 0

    @property
    def over(self) -> datetime:
        return BEGIN + self.days * DAY

    def open_cases(self, count: int) -> None:
        """Cara opens cases at any time until the last week."""
        for number in range(1, count + 1):
            at = BEGIN + timedelta(seconds=self.dice.randrange(max(1, self.days - 7) * 86400))
            partner = self.dice.choice(PARTNERS)
            subject = f"Inverter offline {number:04d}"
            body = f"#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: {partner.name}\nIt has been dark since Saturday.\n"
            self._send(at, at, mail("cara", body, subject=subject), Step(verb="open", arrived=at, case=number, partner=partner))

    def _send(self, arrived: datetime, delivered: datetime, octets: bytes, step: Step) -> None:
        self.serial += 1
        self.waiting[step.case] += 1
        heapq.heappush(self.coming, (delivered, self.serial, octets, step))

    def run(self, program: Program) -> None:
        """Every day from the first to the last."""
        now, down_until, arrived = BEGIN, BEGIN, list[Step]()
        while now < self.over:
            now = self._next(now)
            while self.coming and self.coming[0][0] <= now:
                _, _, octets, step = heapq.heappop(self.coming)
                self.world.deliver(octets, at=step.arrived)
                arrived.append(step)
                self.mails += 1
            if self.dice.random() < 0.02:
                down_until = now + timedelta(hours=self.dice.uniform(0.5, 30))
            if now < down_until:
                continue
            before = len(self.oracle.told)
            self.oracle.round(now, arrived)
            ended = program.round(now, self._nothing_between, telling=len(self.oracle.told) > before)
            self.windows[now] = ended
            now = ended
            self._listen()
            for step in arrived:
                self.waiting[step.case] -= 1
            for number in {step.case for step in arrived}:
                if not self.waiting[number]:
                    self._go_on(number, now)
            arrived = []

    def settle(self, program: Program) -> None:
        """Some more days without a mail: what a kill left on its way goes out."""
        program.kills = 0
        for later in range(3):
            now = self.over + later * DAY
            self.windows[now] = program.round(now, lambda *_: False, telling=False)
            self.oracle.round(now, [])

    def _nothing_between(self, now: datetime, later: datetime) -> bool:
        """Whether it makes no difference at which of the two a round comes to its end."""
        return later < self._next(now) and all(one.place.is_open_at(now) == one.place.is_open_at(later) for one in PARTNERS)

    def _next(self, now: datetime) -> datetime:
        """The next moment at which something may happen."""
        moments = [self.coming[0][0]] if self.coming else []
        moments += self.oracle.moments()
        for partner in PARTNERS:
            place = partner.place
            today = place.local(now)
            moments.append(place.when_open(now + SECOND) if not place.is_open_at(now) else place.opening(place.next(today)))
        return min((moment for moment in moments if moment > now), default=self.over)

    def _listen(self) -> None:
        for out in self.world.out():
            found = re.search(r"Inverter offline (\d{4}) \[CASE-", out.subject)
            if found is not None:
                self.heard[int(found[1]), address_of(out.to)] = out

    def _go_on(self, number: int, now: datetime) -> None:
        """What somebody does next about a case, if anybody does."""
        case, dice = self.oracle.cases[number], self.dice
        if not case.open:
            if dice.random() < 0.3 and case.cycle < 4:
                self._do(number, "ann", "#reopen It is dark again.", "reopen", now + HOUR * dice.uniform(0.1, 60), now)
            return
        if dice.random() < 0.08:
            partner = dice.choice([other for other in PARTNERS if other != case.partner])
            at = (now + HOUR * dice.uniform(0.1, 40)).replace(microsecond=0)
            subject = self.heard[number, address_of("cara")].subject
            octets = mail("cara", f"#assign {partner.name}", subject=subject[subject.index("[CASE") :])
            self._send(at, at, octets, Step(verb="assign", arrived=at, case=number, partner=partner))
            return
        agent = dice.choice(case.partner.agents)
        kind = "close" if case.planned else "plan" if case.acknowledged else "acknowledge"
        verb = "plan" if dice.random() < 0.2 else {"acknowledge": "ack"}.get(kind, kind)
        deadline = min((promise.deadline for promise in case.running()), default=now)
        at = self._when(now, deadline)
        if verb == "plan":
            day = case.partner.place.local(at) + DAY * dice.randrange(6)
            self._do(number, agent, f"#plan {day} Replace the gateway.", "plan", at, now, day)
        else:
            self._do(number, agent, "#ack" if verb == "ack" else "#close Replaced it.", verb, at, now)

    def _when(self, now: datetime, deadline: datetime) -> datetime:
        """Soon, after the warning, at the last second, a second too late, or long after."""
        drawn = self.dice.random()
        if drawn < 0.35:
            at = now + HOUR * self.dice.uniform(0.05, 6)
        elif drawn < 0.6:
            at = deadline - HOUR * self.dice.uniform(0, 4)
        elif drawn < 0.85:
            at = deadline + self.dice.choice((0, 1)) * SECOND
        else:
            at = deadline + HOUR * self.dice.uniform(0.1, 50)
        return max(at, now + SECOND).replace(microsecond=0)

    def _do(self, number: int, who: str, body: str, verb: str, at: datetime, now: datetime, day: date | None = None) -> None:
        at = max(at.replace(microsecond=0), now.replace(microsecond=0) + SECOND)
        on_its_way = HOUR * self.dice.uniform(0.1, 8) if self.dice.random() < 0.1 else 0 * HOUR
        answers = self.heard[number, address_of(who)]
        step = Step(verb=verb, arrived=at, case=number, date=day)
        self._send(at, (at + on_its_way).replace(microsecond=0), mail(who, body, answers=answers), step)

    # --- the count -----------------------------------------------------------------------------------------------------

    def told(self) -> dict[Due, list[datetime]]:
        """What the relay got about promises: each mail once, however often its octets came; the times it was written at."""
        found: dict[Due, list[datetime]] = defaultdict(list)
        for out in {out.message_id: out for out in self.world.all_out()}.values():
            if out.template not in NOTICES and out.template != "digest":
                continue
            number = re.search(r"Inverter offline (\d{4}) \[CASE-", out.subject)
            about = re.match(NOTICES.get(out.template, "Your open cases"), out.subject)
            assert about is not None, out.subject
            word = about[1].lower() if about.re.groups else "close" if out.template != "digest" else ""
            due = Due(template=out.template, to=out.to, case=int(number[1]) if number else 0, about=KINDS.get(word, word))
            found[due].append(parsedate_to_datetime(str(out.message["Date"])).astimezone(UTC))
        return found

    def assert_told_exactly_once(self) -> int:
        """Each mail that must leave left once, in the round it belongs to, and no other did; how many."""
        wanted: dict[Due, list[datetime]] = defaultdict(list)
        for due, at in self.oracle.told:
            wanted[due].append(at)
        got = self.told()
        wrong = [
            (due, "wanted", [str(at) for at in wanted[due]], "got", [str(at) for at in got[due]])
            for due in sorted(wanted.keys() | got.keys())
            if len(wanted[due]) != len(got[due])
            or any(not at <= sent <= self.windows[at] for at, sent in zip(sorted(wanted[due]), sorted(got[due]), strict=True))
        ]
        assert wrong == [], "\n".join(map(str, wrong[:20]))
        return len(self.oracle.told)


def lived(world: World, tmp_path: Path, days: int, cases: int, kills: int, seed: int) -> str:
    """A whole quarter; its figures in words."""
    folder = tmp_path / "directory"
    shutil.copytree(DIRECTORY, folder)
    for name, rows in (("organizations.csv", ORGANIZATIONS), ("contacts.csv", CONTACTS)):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(rows)
    world.configure(
        connections=4,
        digests=True,
        limits=rig.NO_RATES,
    )
    with world.path.open("a", encoding="utf-8") as file:
        file.write(CALENDARS)
    world.import_directory(folder)
    quarter = Quarter(world, random.Random(seed), days)
    quarter.open_cases(cases)
    with program(world, random.Random(seed + 1), kills, rounds=6 * days) as lives:
        quarter.run(lives)
        quarter.settle(lives)
    notices = quarter.assert_told_exactly_once()
    got = rig.assert_all_sent(world)
    rig.assert_all_final(world, quarter.mails)
    kind = "SQLite" if world.database_url.startswith("sqlite") else "PostgreSQL"
    found = count(world, quarter.mails)
    told = sum(len(times) for times in quarter.told().values())
    saw("G1", f"kill -9 during {days} days of promises", times=lives.killed, lost=found.lost, doubled=found.doubled, note=kind)
    saw("G11", "promises in four zones with outages and kill -9", times=len(quarter.oracle.told), lost=max(0, notices - told),
        doubled=max(0, told - notices), note=kind)  # fmt: skip
    saw("G7", f"kill -9 during {days} days of promises", times=lives.killed, lost=found.unsent, doubled=found.resent, note=kind)
    by_kind: dict[str, int] = defaultdict(int)
    for due, _ in quarter.oracle.told:
        by_kind[due.template] += 1
    return (
        f"{kind}: {days} days, {cases} cases, {quarter.mails} mails, {lives.rounds} rounds, {lives.killed} kills, "
        f"{lives.commands} commands, {notices} notices {dict(by_kind)}, each once; {got.doubled} of {len(got.by_id)} mails came twice"
    )


DATABASES = ["sqlite"]
"""Where they are lived; on PostgreSQL too when their number is chosen."""
if "SUPPORTD_TEST_DAYS" in os.environ:
    DATABASES.append("postgres")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
def test_many_days_of_promises_are_told_exactly_once_through_random_kills(
    make_world: Callable[..., World], database_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    days, seed = int(os.environ.get("SUPPORTD_TEST_DAYS", size(25, 90))), int(os.environ.get("SUPPORTD_TEST_SEED", "7"))
    figures = lived(make_world(database_url), tmp_path, days, cases=days // 3, kills=days // 2, seed=seed)
    record_property("figures", figures)
    print(figures)
