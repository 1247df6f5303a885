"""Forms come in while the program is killed: each submission is one request, one case, one CS ticket, and the customer hears twice."""

from __future__ import annotations

import csv
import email
import email.policy
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from email.message import EmailMessage

import pytest

from daemon.failpoints import POINTS
from daemon.store import views
from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.forms import DANA, MONDAY, form, forwarded_as_file, submitted
from tests.conversations.nursery import Life
from tests.conversations.world import DIRECTORY, DovecotInbox, Out, World, copy_directory, end, mail, trust_authority, until
from tests.crash import rig
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.chaos, pytest.mark.crash]


LIVES: dict[str, tuple[int, ...]] = (
    dict.fromkeys(("t3_begin", "t3_after_interaction", "t3_after_outbox", "before_t3_commit"), (1, 2, 2))
    | {"after_t3_commit": (1, 1, 1), "after_t6": (2, 4, 3)}
    | dict.fromkeys(("after_dot", "before_t6"), (2, 4, 4))
)
"""Where it matters that a mail is a form: inside the acting transaction, and where its answers have just left. The other
places are those of every mail (`test_kill_points`). At which pass each life ends, so that it meets each of the three once."""

TAKEN, MAYBE_TAKEN = frozenset({"before_t6"}), frozenset({"after_dot"})
"""K8: the relay has, or may have, a mail of which we don't know it. It is sent again, and only that one."""


# --- every place ---------------------------------------------------------------------------------------------------


PRIYA, MARTA, IVAN = "priya.n@support.example", "marta.silva@support.example", "ivan@support.example"
TAKEN_IN = ((DANA, "New Channel Req 1"), (MARTA, "mention"), (IVAN, "cs-assigned"))
LEFT = (
    *TAKEN_IN, (PRIYA, "triage"), *TAKEN_IN, (PRIYA, "confirmation"), *TAKEN_IN, (IVAN, "cs-done-confirmation"),
    (DANA, "New Channel Req 2"),
)  # fmt: skip
"""To whom what has to leave: one request taken in, one that waited for Priya, the three mails together."""


def _waiting(world: World) -> tuple[Out, Out]:
    """The work of a request that was taken in, and what a person is asked about another."""
    world.deliver(form("default-2021"))
    world.deliver(submitted(results=None, submission="7100000000000000002").as_bytes())
    world.run()
    out = {one.template: one for one in world.out()}
    return out["cs-assigned"], out["triage"]


@pytest.mark.parametrize("point", LIVES, ids=lambda name: f"killed at {name}")
def test_a_form_a_persons_answer_and_done_act_once_wherever_the_program_dies(
    point: str, make_world: Callable[..., World], sqlite_url: str
) -> None:
    world = make_world(sqlite_url)
    world.clock = MONDAY
    work, question = _waiting(world)
    world.deliver(submitted(submission="7100000000000000003", partner="Third Solar").as_bytes())
    world.deliver(mail("priya", "#confirm", answers=question))
    world.deliver(mail("ivan", "Done", answers=work))
    lives = LIVES[point]
    for passes in lives:
        rig.die_at(world, f"{point}:{passes}")
    for _ in range(2):  # the round after the crashes does the rest, another one nothing
        world.run()
        rig.assert_all_final(world, 5)
        got = rig.assert_all_sent(world)
        assert sorted((row["to"], row["template"]) for row in world.outbox()) == sorted(LEFT)
        assert len(lives) * (point in TAKEN) <= got.doubled <= len(lives) * (point in TAKEN | MAYBE_TAKEN)
        assert all(len(octets) <= 2 for octets in got.by_id.values())
    seen = [world.case(int(row["number"].removeprefix("CASE-"))) for row in world.cases()]
    assert sorted((case["request"]["state"], *(one["status"] for one in case["cs_tickets"])) for case in seen) == [
        ("completed", "Done"), ("in_configuration", "Open"), ("in_configuration", "Open"),
    ]  # fmt: skip


# --- random kills --------------------------------------------------------------------------------------------------

CONNECTIONS = 4
ASSIGNEES = ("ivan", "jana", "karl")
BARREN_LIVES = 3
"""A mail on which nine processes in a row died would rightly be suspected, so after three that did nothing one may do something."""


def submission(number: int, *, edited: bool = False, again: bool = False) -> EmailMessage:
    """The mail of the corpus as another customer's submission; edited later, or sent `again` by the service in a mail of its own."""
    message = email.message_from_bytes(form("default-2021"), policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    new = {
        "6012345678901234567": f"61{number:017}", "dana.whitfield@": f"dana{number}@", "Dana Whitfield": f"Dana Number{number}",
        "HW Solar": f"Partner {number} {'West' if edited else 'Solar'}",
    }  # fmt: skip
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        part.set_content(_put(part.get_content(), new), subtype=kind, cte="quoted-printable")
    for name in ("Subject", "Reply-To"):
        message.replace_header(name, _put(str(message[name]), new))
    message.replace_header("Message-ID", f"<{number}.{int(edited)}.{int(again)}@jotform.com>")
    return message


def _put(text: str, new: dict[str, str]) -> str:
    for before, after in new.items():
        text = text.replace(before, after)
    return text


def customer(number: int) -> str:
    """The address in a submission."""
    return f"dana{number}@greenlightsolar.example"


@dataclass(slots=True)
class Storm:
    """A mailbox of submissions, and the program that is killed while it reads them."""

    world: World
    dice: random.Random
    submissions: int
    came: int = 0
    kills: list[int] = field(default_factory=list)
    """How many mails the relay had taken at each kill."""
    forwarded: frozenset[int] = frozenset()
    edited: frozenset[int] = frozenset()

    def mailbox(self) -> list[bytes]:
        """Every submission; one in five twice, one in ten edited later, one in twenty only as Priya forwarded it."""
        numbers = range(1, self.submissions + 1)
        self.forwarded = frozenset(self.dice.sample(numbers, max(1, self.submissions // 20)))
        direct = [number for number in numbers if number not in self.forwarded]
        self.edited = frozenset(self.dice.sample(direct, self.submissions // 10))
        twice = self.dice.sample(direct, self.submissions // 5)
        places: list[tuple[float, bytes]] = []
        for number in numbers:
            place = self.dice.random()
            first = submission(number)
            octets = forwarded_as_file("priya", first) if number in self.forwarded else first.as_bytes()
            places.append((place, octets))
            if number in twice:
                # the server delivers one mail twice, or the service sends two
                copy = octets if self.dice.random() < 0.5 else submission(number, again=True).as_bytes()
                places.append((self.dice.uniform(place, 1.0), copy))
            if number in self.edited:
                places.append((self.dice.uniform(1.0, 1.3), submission(number, edited=True).as_bytes()))
        return [octets for _, octets in sorted(places, key=lambda one: one[0])]

    def rage(self, mails: list[bytes], kills: int) -> None:
        """These come to a program that is killed so often, at a place or at a moment. A part of them comes while it is down."""
        waiting = iter(mails)
        left, barren = len(mails), 0
        for life in range(kills, 0, -1):
            share = min(left, -(-left // life))
            before = self.dice.randrange(share + 1)
            self._deliver(waiting, before)
            begun = rig.log_size(self.world)
            point = self.dice.choice(KILLED_AT) if barren < BARREN_LIVES and self.dice.random() < 0.6 else ""
            daemon = rig.begin(self.world, "run", SUPPORTD_FAILPOINT=f"{point}:{self.dice.randint(1, 5)}" if point else "")
            try:
                self._await(" ready ", begun, daemon)
                if barren >= BARREN_LIVES:
                    self._await(" mail-decided ", begun, daemon)
                self._deliver(waiting, share - before)
                moment = time.monotonic() + self.dice.uniform(0.0, 0.8)
                while daemon.poll() is None and time.monotonic() < moment:
                    time.sleep(0.01)
            finally:
                rig.kill(daemon)
            assert daemon.returncode == -signal.SIGKILL, self.world.log()[-3000:]
            left -= share
            self.kills.append(rig.count_taken(self.world.sink))
            barren = 0 if " mail-decided " in rig.log_since(self.world, begun) else barren + 1
        self._deliver(waiting, left)

    def settle(self, seconds: float) -> None:
        """Let the program run until nothing is left to do, and end it in good order."""
        begun = rig.log_size(self.world)
        daemon = rig.begin(self.world, "run")
        try:
            self._await(" ready ", begun, daemon)
            rig.wait_quiet(self.world, daemon, self._quiet, seconds)
            assert end(daemon) == 0
        finally:
            rig.kill(daemon)

    def _deliver(self, waiting: Iterator[bytes], count: int) -> None:
        for _, octets in zip(range(count), waiting, strict=False):
            self.world.deliver(octets)
            self.came += 1

    def _await(self, word: str, begun: int, daemon: Life) -> None:
        """Wait until the program says it, has nothing to do, or is no more."""

        def said() -> bool:
            return word in rig.log_since(self.world, begun) or daemon.poll() is not None or (word != " ready " and self._quiet())

        until(said, f"the program doesn't say {word}")

    def _quiet(self) -> bool:
        with self.world.house.database.reading():
            if len(views.list_mails(outcome=None, limit=self.came)) < self.came or views.list_mails(outcome="in progress", limit=1):
                return False
            if any(views.list_outbox(state=state, limit=1) for state in ("queued", "unknown")):
                return False
        return self.world.inbox.mails() == []

    # --- what became of them -------------------------------------------------------------------------------------------

    def count(self, done: int) -> rig.Copies:
        """One of each for every submission, and the last quick reply for the `done` ones."""
        world = self.world
        rig.assert_all_final(world, self.came)
        cases = [world.case(int(row["number"].removeprefix("CASE-"))) for row in world.cases()]
        assert len(cases) == self.submissions
        assert all(case["type"] == "channel_partner" and len(case["cs_tickets"]) == 1 for case in cases)
        tickets = {int(case["cs_tickets"][0]["number"].removeprefix("CS-")): case["cs_tickets"][0] for case in cases}
        assert len(tickets) == self.submissions
        assert sorted(self._of_request(case) for case in cases) == sorted(map(self._wanted, range(1, self.submissions + 1)))
        dates = {(one["due_date"], one["configuration_date"], one["qa_due_date"]) for one in tickets.values()}
        assert dates == {(date(2025, 11, 28), date(2025, 11, 26), date(2025, 11, 28))}
        # a ticket and whose turn it is are one transaction: no kill can pass somebody over
        turns = [tickets[number]["assignee"] for number in sorted(tickets)]
        assert turns == [ASSIGNEES[turn % len(ASSIGNEES)] for turn in range(self.submissions)]
        assert sum(one["status"] == "Done" for one in tickets.values()) == done
        assert sum(case["request"]["state"] == "completed" for case in cases) == done
        self._count_letters(done)
        got = rig.assert_all_sent(world)
        rig.assert_repeats(world.sink, self.kills, CONNECTIONS)
        return got

    def _of_request(self, case: dict[str, object]) -> tuple[object, ...]:
        asked = case["request"]
        assert isinstance(asked, dict)
        return (asked["submission_id"], asked["submitter_email"], asked["partner_company"], asked["forwarded_by"], case["owner"])

    def _wanted(self, number: int) -> tuple[object, ...]:
        forwarder = "priya" if number in self.forwarded else None
        partner = f"Partner {number} {'West' if number in self.edited else 'Solar'}"
        return (f"61{number:017}", customer(number), partner, forwarder, forwarder)

    def _count_letters(self, done: int) -> None:
        rows = self.world.outbox()
        by_template = Counter(row["template"] for row in rows)
        assert by_template == Counter({
            "New Channel Req 1": self.submissions, "mention": self.submissions, "cs-assigned": self.submissions,
            "cs-changed": len(self.edited), "New Channel Req 2": done, "cs-done-confirmation": done,
        })  # fmt: skip
        for template in by_template:
            assert len({row["case"] for row in rows if row["template"] == template}) == by_template[template], template
        customers = sorted(map(customer, range(1, self.submissions + 1)))
        assert sorted(row["to"] for row in rows if row["template"] == "New Channel Req 1") == customers
        assert len({row["to"] for row in rows if row["template"] == "New Channel Req 2"}) == done


KILLED_AT = tuple(name for name in POINTS if name not in ("after_copy_before_delete", "migration_step"))
"""All but the places that need a server without MOVE or an empty database."""


def stormed(world: World, submissions: int, kills: int, seconds: float) -> str:
    """Submissions and kills, then Done for half of them and more kills; the figures in words."""
    world.clock = MONDAY
    with_colleagues(world)
    world.configure(
        connections=CONNECTIONS,
        limits=rig.NO_RATES,
    )
    storm = Storm(world, random.Random(submissions), submissions)
    begun = time.monotonic()
    storm.rage(storm.mailbox(), kills - kills // 3)
    storm.settle(seconds)
    first = storm.count(0)
    works = [one for one in {one.message_id: one for one in world.all_out()}.values() if one.template == "cs-assigned"]
    chosen = storm.dice.sample(works, submissions // 2)
    storm.rage([mail(one.to, storm.dice.choice(("Done", "done - thanks", "#done")), answers=one) for one in chosen], kills // 3)
    storm.settle(seconds)
    got = storm.count(len(chosen))
    kind = "SQLite" if world.database_url.startswith("sqlite") else "PostgreSQL"
    found = count(world, storm.came)
    saw("G2", "kill -9 while forms come in and are worked on", times=kills, lost=found.lost, doubled=found.doubled, note=kind)
    saw("G7", "kill -9 while forms come in and are worked on", times=kills, lost=found.unsent, doubled=found.resent, note=kind)
    return (
        f"{kind}: {storm.came} mails of {submissions} submissions, {kills} kills; as many requests, cases, CS tickets and first quick "
        f"replies, {len(chosen)} last ones; {len(got.by_id)} mails left, {got.doubled} of them twice ({first.doubled} before Done), "
        f"{(time.monotonic() - begun) / 60:.1f} minutes"
    )


def with_colleagues(world: World) -> None:
    """Two more people who take turns with Ivan."""
    folder = copy_directory(world.folder / "directory")
    with (folder / "contacts.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [name, name.title(), "Helper", f"{name}@support.example", "House", "configuration_assignee", "", ""]
            for name in ASSIGNEES[1:]
        )  # fmt: skip
    world.import_directory(folder)
    assert (DIRECTORY / "contacts.csv").read_text(encoding="utf-8").count("configuration_assignee") == 1


@pytest.mark.timeout(900)
def test_every_submission_is_one_request_whatever_kills_the_program(make_world: Callable[..., World], sqlite_url: str) -> None:
    submissions, kills = int(os.environ.get("SUPPORTD_TEST_SUBMISSIONS", "25")), int(os.environ.get("SUPPORTD_TEST_FORM_KILLS", "10"))
    print(stormed(make_world(sqlite_url), submissions, kills, seconds=120))


@pytest.mark.dovecot
@pytest.mark.timeout(1800)
def test_a_hundred_submissions_are_a_hundred_requests_whatever_kills_the_program(
    make_world: Callable[..., World], database_url: str, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    submissions, kills = int(os.environ.get("SUPPORTD_TEST_SUBMISSIONS", "100")), int(os.environ.get("SUPPORTD_TEST_FORM_KILLS", "60"))
    trust_authority(dovecot, monkeypatch.setenv)
    figures = stormed(make_world(database_url, DovecotInbox(dovecot)), submissions, kills, seconds=300)
    record_property("figures", figures)
    print(figures)
