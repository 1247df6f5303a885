"""The running daemon, killed at random moments again and again: what came in and what went out is held against a model.

The small run belongs to every test run. The full one is large, over Dovecot, and its sizes can be set:
SUPPORTD_TEST_MAILS and SUPPORTD_TEST_KILLS.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.conversations.world import Out, World, mail, until
from tests.crash.books import assert_each_answer_once, assert_every_mail_once

CONNECTIONS = 4


class _Model:
    """What the world was told, and so what must have come of it: each mail has words that no other has."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.opened: list[str] = []
        self.said: list[tuple[str, int]] = []
        self.threads: list[tuple[str, Out]] = []
        self.delivered = 0

    def begin(self, threads: int) -> None:
        """A few conversations that are under way."""
        for number in range(threads):
            sender = f"known{number}@mail.example"
            self._deliver(mail(sender, self._new_case(), subject=f"Case {number}"))
        self.world.run()
        for one in self.world.out():
            if one.template == "case-received":
                self.threads.append((one.to, one))

    def deliver(self) -> None:
        """Either a new case or an answer in a conversation."""
        if self.random.random() < 0.4:
            sender, thread = self.random.choice(self.threads)
            words = f"comment-{self.delivered}-"
            case = int(thread.subject.rpartition("CASE-")[2].rstrip("]"))
            self.said.append((words, case))
            self._deliver(mail(sender, words, answers=thread))
        else:
            self._deliver(mail(f"sender{self.delivered}@mail.example", self._new_case(), subject="Help"))

    def _new_case(self) -> str:
        self.opened.append(f"opening-{self.delivered}-")
        return self.opened[-1]

    def _deliver(self, octets: bytes) -> None:
        self.world.deliver(octets, at=datetime.now(UTC))
        self.delivered += 1

    def check(self, kills: int) -> None:
        """Every mail one case or one comment on its case; every answer once, or again as the same mail."""
        world = self.world
        assert_every_mail_once(world, self.delivered)
        cases = [world.case(int(case["number"][5:])) for case in world.cases()]
        assert Counter(case["description"] for case in cases) == Counter(self.opened)
        comments = [(comment["body"], int(case["number"][5:])) for case in cases for comment in case["comments"]]
        assert Counter(comments) == Counter(self.said)
        for case in cases:
            order = [int(comment["body"].split("-")[1]) for comment in case["comments"]]
            assert order == sorted(order), "a sender's mails keep their order"
        templates = Counter(row["template"] for row in world.outbox())
        assert templates == {"case-received": len(self.opened), "case-assigned": len(self.opened), "case-comment": len(self.said)}
        assert_each_answer_once(world, repeats=kills * CONNECTIONS)


def _torment(world: World, mails: int, kills: int, threads: int, most_seconds: float) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # what to put in to see a failure again
    world.clock = datetime.now(UTC)
    world.configure(connections=CONNECTIONS, poll_seconds=1)
    model = _Model(world, seed)
    model.begin(threads)
    world.close()
    left = mails - threads
    for kill in range(kills):
        starts, decided = _lines(world, " ready "), _lines(world, " mail-decided ")
        process = world.start("run")
        try:
            for _ in range(left // (kills - kill)):
                model.deliver()
                left -= 1
            # one in three is killed whenever it may be, one once it is ready, one when it has brought a mail to its end: a mail
            # on which nine processes in a row died would be suspected, and kept for a person
            if kill % 3:
                until(lambda: _lines(world, " ready ") > starts, "the daemon does not start")
            if kill % 3 == 2:
                until(lambda: _lines(world, " mail-decided ") > decided or _all_done(world), "the daemon does not work")
            time.sleep(model.random.uniform(0.0, most_seconds))
        finally:
            process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL, world.log()[-3000:]
    world.clock = datetime.now(UTC) + timedelta(hours=3)
    for _ in range(50):
        world.run()
        if all(row["state"] == "sent" for row in world.outbox()) and world.audit().in_progress == 0:
            break
    model.check(kills)


def _lines(world: World, word: str) -> int:
    """How many lines of the log have this word."""
    path = world.folder / "daemon.log"
    return path.read_bytes().count(word.encode()) if path.exists() else 0


def _all_done(world: World) -> bool:
    """Whether nothing is left to be worked on."""
    return not world.inbox.mails()


@pytest.mark.crash
def test_a_daemon_killed_at_random_loses_nothing_and_does_nothing_twice(world: World) -> None:
    _torment(world, mails=60, kills=6, threads=5, most_seconds=0.5)


FULL_MAILS = int(os.environ.get("SUPPORTD_TEST_MAILS", "2000"))
FULL_KILLS = int(os.environ.get("SUPPORTD_TEST_KILLS", "200"))


@pytest.mark.crash
@pytest.mark.dovecot
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("inbox", ["dovecot"], indirect=True)
def test_two_thousand_mails_and_two_hundred_kills_lose_nothing_and_do_nothing_twice(world: World) -> None:
    _torment(world, mails=FULL_MAILS, kills=FULL_KILLS, threads=20, most_seconds=0.8)
