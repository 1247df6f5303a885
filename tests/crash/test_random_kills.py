"""Kill the running daemon again and again at random moments while mail arrives; then count everything."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from daemon.store.schema import Journal, Outbox
from tests.chaos.counts import count
from tests.chaos.record import saw, size
from tests.conversations.nursery import Life
from tests.conversations.world import DovecotInbox, Out, World, end, mail, trust_authority, until
from tests.crash import rig
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.crash, pytest.mark.chaos]

CUSTOMERS = ("ann", "sam", "hank")
CONNECTIONS = 4

BARREN_LIVES = 3
"""A mail on which nine processes in a row died would rightly be suspected, so after three that did nothing one may do something."""


@dataclass(slots=True)
class Storm:
    """What was sent so far, each mail known by a word of its own, and what must have become of it."""

    world: World
    dice: random.Random
    tickets: dict[str, str] = field(default_factory=dict)
    """Word of a mail that opens a case: its writer."""
    replies: dict[str, str] = field(default_factory=dict)
    """Word of a mail that adds to a case: the case's number."""
    silent: int = 0
    """Mails that are to have no effect: robots, and mails delivered twice."""
    answers: list[Out] = field(default_factory=list)
    last: bytes = b""
    kills: list[int] = field(default_factory=list)
    """How many mails the relay had taken at each kill."""

    @property
    def delivered(self) -> int:
        return len(self.tickets) + len(self.replies) + self.silent

    def deliver(self) -> None:
        """One more mail: a ticket, a reply to something that came from us, a robot's, or the one before once more."""
        self.answers += [out for out in self.world.out() if out.template in ("case-received", "case-assigned")]
        word = f"word{self.delivered:05d}"
        kind = self.dice.random()
        if kind < 0.05 and self.last:
            octets = self.last
            self.silent += 1
        elif kind < 0.1:
            octets = mail("ann", f"I am away {word}.", headers={"Auto-Submitted": "auto-replied"})
            self.silent += 1
        elif kind < 0.55 and self.answers:
            answers = self.dice.choice(self.answers[-20:])
            octets = mail(answers.to, f"The lamp shows {word}.", answers=answers)
            self.replies[word] = "CASE-" + answers.subject.rpartition("[CASE-")[2].rstrip("]")
        else:
            who = self.dice.choice((*CUSTOMERS, f"guest{self.dice.randrange(5)}@guests.example"))
            octets = mail(who, f"There is no data since {word}.", subject=f"Trouble {word}")
            self.tickets[word] = who
        self.last = octets
        self.world.deliver(octets)

    def rage(self, mails: int, kills: int) -> None:
        """Deliver so many mails to a daemon that is killed so often. A part of them comes while it is down."""
        barren = 0
        for life in range(kills, 0, -1):
            share = max(0, mails - self.delivered) // life + self.dice.randrange(3)
            for _ in range(self.dice.randrange(share + 1)):
                self._one_of(mails)
            begun = rig.log_size(self.world)
            daemon = rig.begin(self.world, "run")
            try:
                if self.dice.random() < 0.1:
                    time.sleep(self.dice.uniform(0.0, 0.5))  # in the middle of its start
                else:
                    self._await(" ready ", begun, daemon)
                    if barren >= BARREN_LIVES:
                        self._await(" mail-decided ", begun, daemon)
                    moment = time.monotonic() + self.dice.uniform(0.0, 0.6)
                    while (left := moment - time.monotonic()) > 0:
                        self._one_of(mails)
                        time.sleep(min(left, self.dice.uniform(0.0, 1.2 / (share + 1))))
                assert daemon.poll() is None, f"the daemon ended by itself: {daemon.returncode}\n{self.world.log()[-3000:]}"
            finally:
                rig.kill(daemon)
            assert daemon.returncode == -signal.SIGKILL
            self.kills.append(rig.count_taken(self.world.sink))
            barren = 0 if " mail-decided " in rig.log_since(self.world, begun) else barren + 1
        while self.delivered < mails:
            self.deliver()

    def _one_of(self, mails: int) -> None:
        if self.delivered < mails:
            self.deliver()

    def _await(self, word: str, begun: int, daemon: Life) -> None:
        """Wait until the daemon says it, has nothing to do, or is no more."""

        def said() -> bool:
            return word in rig.log_since(self.world, begun) or daemon.poll() is not None or (word != " ready " and self._quiet())

        until(said, f"the daemon doesn't say {word}")

    def settle(self, seconds: float) -> None:
        """Let the daemon run until nothing is left to do, and end it in good order."""
        begun = rig.log_size(self.world)
        daemon = rig.begin(self.world, "run")
        try:
            self._await(" ready ", begun, daemon)
            rig.wait_quiet(self.world, daemon, self._quiet, seconds)
            assert end(daemon) == 0
        finally:
            rig.kill(daemon)

    def _quiet(self) -> bool:
        with self.world.house.database.reading():
            if Journal.select().count() < self.delivered or Journal.select().where(Journal.state == "received").exists():
                return False
            if Outbox.select().where(Outbox.state.in_(["queued", "unknown"])).exists():
                return False
        return self.world.inbox.mails() == []

    def count(self) -> rig.Copies:
        """Hold what became of the mails against what was to become of them."""
        world = self.world
        rig.assert_all_final(world, self.delivered)
        cases = [world.case(int(row["number"].removeprefix("CASE-"))) for row in world.cases()]
        opened = {case["description"].split("since ")[1].rstrip(".\n"): case["number"] for case in cases}
        assert len(opened) == len(cases)
        assert sorted(opened) == sorted(self.tickets)
        said = [(comment["body"], case["number"]) for case in cases for comment in case["comments"]]
        assert sorted(said) == sorted((f"The lamp shows {word}.", number) for word, number in self.replies.items())
        for case in cases:
            # one writer's mails keep their order, and words are numbered as they came
            by_author: dict[str, list[str]] = {}
            for comment in case["comments"]:
                by_author.setdefault(comment["author"], []).append(comment["body"])
            assert all(bodies == sorted(bodies) for bodies in by_author.values())
        got = rig.assert_all_sent(world)
        received = Counter((row["to"], row["case"]) for row in world.outbox() if row["template"] == "case-received")
        assert len(received) == len(opened)
        assert set(received.values()) == {1}
        rig.assert_repeats(world.sink, self.kills, CONNECTIONS)
        return got


def stormed(world: World, mails: int, kills: int, seed: int, seconds: float) -> str:
    """A whole storm; its figures in words."""
    world.configure(
        connections=CONNECTIONS,
        limits=rig.NO_RATES,
    )
    begun = time.monotonic()
    storm = Storm(world, random.Random(seed))
    storm.rage(mails, kills)
    storm.settle(seconds)
    raged = time.monotonic() - begun
    got = storm.count()
    kind = "SQLite" if world.database_url.startswith("sqlite") else "PostgreSQL"
    found = count(world, storm.delivered)
    words = f"{kind}, {storm.delivered} mails"
    for guarantee, lost, doubled in (("G1", found.lost, 0), ("G2", 0, found.doubled), ("G6", found.unsent, 0), ("G7", 0, found.resent)):
        saw(guarantee, "SIGKILL at random moments under load", times=kills, lost=lost, doubled=doubled, note=words)
    return (
        f"{kind}: {storm.delivered} mails, {kills} kills, {len(storm.tickets)} cases, {len(storm.replies)} comments, "
        f"{len(got.by_id)} answers, {got.doubled} of them twice, {raged / 60:.1f} minutes"
    )


def test_twelve_random_kills_lose_nothing_and_double_nothing(make_world: Callable[..., World], sqlite_url: str) -> None:
    print(stormed(make_world(sqlite_url), mails=60, kills=12, seed=4, seconds=60))


@pytest.mark.dovecot
@pytest.mark.timeout(14400)
def test_hundreds_of_random_kills_lose_nothing_and_double_nothing(
    make_world: Callable[..., World], database_url: str, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    mails, kills = int(os.environ.get("SUPPORTD_TEST_MAILS", size(250, 5000))), int(os.environ.get("SUPPORTD_TEST_KILLS", size(25, 1000)))
    part = 1 if database_url.startswith("sqlite") else size(10, 1)
    trust_authority(dovecot, monkeypatch.setenv)
    world = make_world(database_url, DovecotInbox(dovecot))
    figures = stormed(world, mails // part, kills // part, seed=mails, seconds=1800)
    record_property("figures", figures)
    print(figures)
