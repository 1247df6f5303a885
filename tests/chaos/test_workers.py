"""Several workers on PostgreSQL, killed at random and one frozen: the books are those of one worker that is left in peace."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from daemon.store import journal
from daemon.store.journal import Delivery
from tests.chaos.counts import count, strangers, tally
from tests.chaos.record import saw, size
from tests.conversations.nursery import Life
from tests.conversations.world import PymapInbox, World, end, mail, until
from tests.crash import rig
from tests.doubles import Sink

pytestmark = [pytest.mark.chaos, pytest.mark.crash, pytest.mark.postgres]

WORKERS = 4
LEASE_SECONDS = 4
CONNECTIONS = 2
SENDERS = 40
DEADLINE = size(600.0, 7000.0)
"""Seconds; only a program that stands still takes so long."""


def written(mails: int) -> list[bytes]:
    """Mails of many people by turns. Each writes of a trouble, twice more of the same, then of another.

    Taken in another order, the second mail would open a case of its own.
    """
    found = []
    for number in range(mails):
        sender, turn = f"guest{number % SENDERS}@guests.example", number // SENDERS
        trouble, step = divmod(turn, 3)
        head = f"<{trouble}.{sender}>"
        thread = {"In-Reply-To": head, "References": head} if step else {}
        name = head if not step else f"<{trouble}.{step}.{sender}>"
        subject = f"Trouble {trouble} of {sender.partition('@')[0]}"
        found.append(mail(sender, f"There is no data since word{turn:05d}.", subject=subject, message_id=name, headers=thread))
    return found


def books(world: World) -> dict[str, Any]:
    """What the books say, without the numbers that depend on who came first, and without what was perhaps sent twice."""
    world.house.database.bind()
    cases = [world.case(int(row["number"].removeprefix("CASE-"))) for row in reversed(world.cases())]
    cases.sort(key=lambda case: str(case["number"]).rjust(20))
    subjects = {case["number"]: case["subject"] for case in cases}
    order: dict[str, list[str]] = {}
    for case in cases:
        order.setdefault(case["subject"].rpartition(" ")[2], []).append(case["subject"])
    return {
        "mails": sorted((row["message_id"], row["outcome"], row["kind"], row["reason"], subjects[row["case"]]) for row in world.mails()),
        "cases": sorted(
            (case["subject"], case["description"], case["state"], [(said["author"], said["body"]) for said in case["comments"]],
             [(item["kind"], item["author"], item["public"]) for item in case["feed"] if "may have arrived twice" not in item["body"]],
             [(clock["kind"], clock["cycle"], clock["met_at"], clock["breached_at"]) for clock in case["clocks"]])
            for case in cases
        ),
        "order": order,
        "answers": sorted((row["to"], row["template"], subjects[row["case"]], row["state"]) for row in world.outbox()),
    }  # fmt: skip


class Herd:
    """Workers that die and come again, and what the database says of them."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.url = world, url
        self.alive: list[Life] = []

    def ask(self, query: str, *values: object) -> Any:
        with psycopg.connect(self.url) as line:
            return line.execute(query, values).fetchone()  # type: ignore[arg-type]

    def start(self, **more: str) -> None:
        self.alive.append(self.world.start("run", **more))

    def kill(self, one: Life) -> None:
        assert one.poll() is None, f"a worker ended by itself: {one.returncode}\n{self.world.log()[-3000:]}"
        self.alive.remove(one)
        rig.kill(one)

    def leader(self) -> tuple[int, int]:
        """Process and token of whoever reads the mailbox."""
        query = "SELECT process, token FROM mailbox_lease JOIN worker USING (owner) WHERE mailbox = 'support'"
        found: list[tuple[int, int]] = []

        def there() -> bool:
            row = self.ask(query)
            found[:] = [(int(row[0]), int(row[1]))] if row is not None and row[0] in [one.pid for one in self.alive] else []
            return bool(found)

        until(there, "nobody reads the mailbox", DEADLINE)
        return found[0]

    def freeze_leader(self) -> None:
        """Stop whoever reads the mailbox for two leases and until another has taken it over, then let it go on."""
        process, token = self.leader()
        os.kill(process, signal.SIGSTOP)
        frozen_at = time.monotonic()
        try:
            until(
                lambda: time.monotonic() - frozen_at > 2 * LEASE_SECONDS
                and self.ask("SELECT token FROM mailbox_lease WHERE mailbox = 'support'")[0] > token,
                "nobody takes over from the one that is frozen", DEADLINE,
            )  # fmt: skip
        finally:
            os.kill(process, signal.SIGCONT)

    def is_quiet(self, mails: int) -> bool:
        """Whether every mail is done and put away, and every answer has left."""
        row = self.ask(
            "SELECT (SELECT count(*) FROM journal WHERE state <> 'received' AND tidied),"
            " (SELECT count(*) FROM outbox WHERE state IN ('queued', 'unknown'))"
        )
        return tuple(row) == (mails, 0)


@contextmanager
def herd_of(world: World, url: str) -> Iterator[Herd]:
    """Workers; none is left at the end."""
    herd = Herd(world, url)
    try:
        yield herd
    finally:
        for one in herd.alive:
            with suppress(ProcessLookupError):
                one.send_signal(signal.SIGCONT)
            rig.kill(one)


@pytest.mark.timeout(7200)
def test_four_workers_killed_and_frozen_keep_the_same_books_as_one(
    make_world: Callable[..., World], postgres_database: str, sqlite_url: str, tmp_path: Path,
    environment: Callable[..., dict[str, str]], record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    mails, kills = written(size(200, 5000)), size(4, 60)
    arrived = datetime.now(UTC).replace(microsecond=0)
    limits = {**rig.NO_RATES, "batch": 10, "worker_lease_seconds": LEASE_SECONDS}
    world = make_world(postgres_database, limits=limits, connections=CONNECTIONS)
    dice = random.Random(len(mails))
    with herd_of(world, postgres_database) as herd:
        left = list(mails)
        for _ in range(WORKERS):
            herd.start()
        herd.leader()
        for life in range(kills, 0, -1):
            for _ in range(len(left) // (life + 1)):
                world.deliver(left.pop(0), at=arrived)
            if life == (kills + 1) // 2:
                herd.freeze_leader()
            time.sleep(dice.uniform(0.0, 1.0))
            herd.kill(dice.choice(herd.alive))
            herd.start()
        for octets in left:
            world.deliver(octets, at=arrived)
        until(lambda: herd.is_quiet(len(mails)), "they don't come to an end", DEADLINE)
        assert [end(one, DEADLINE) for one in herd.alive] == [0] * WORKERS, world.log()[-3000:]
    world.assert_good_books()
    found = count(world, len(mails))
    note = f"PostgreSQL, {WORKERS} workers, {len(mails)} mails; doubled answers have the same octets, RFC 1047"
    assert (found.lost, found.doubled, found.unsent) == (0, 0, 0)
    assert found.resent <= (kills + 1) * CONNECTIONS

    with ExitStack() as stack:
        inbox = PymapInbox()
        stack.callback(inbox.close)
        alone = stack.enter_context(World(tmp_path / "alone", sqlite_url, inbox, stack.enter_context(Sink()), environment))
        alone.configure(limits=rig.NO_RATES)
        alone.clock = datetime.now(UTC)
        for octets in mails:
            alone.deliver(octets, at=arrived)
        alone.run()
        wanted = books(alone)
    got = books(world)
    for part, what in wanted.items():
        assert got[part] == what, part
    saw("G10", "workers killed at random, the leader frozen for two leases", times=kills + 1, lost=found.lost + found.unsent,
        doubled=found.doubled + found.resent, note=note)  # fmt: skip
    record_property("figures", f"{len(mails)} mails, {kills} kills, {found.resent} answers twice")
    print(f"{len(mails)} mails, {kills} kills, 1 freeze: {found}")


FROZEN = ("before_t1", "before_t3_commit", "half_data", "before_t6")
FROZEN_AS_WELL = (
    "after_t1", "after_t2", "t3_after_outbox", "after_t3_commit", "before_move", "after_t4", "after_rcpt", "after_dot", "after_t6",
)  # fmt: skip
AFTER_THE_DOT = frozenset({"after_dot", "before_t6"})


def is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("point", [*FROZEN, *(FROZEN_AS_WELL if size(0, 1) else ())])
def test_a_worker_that_stood_still_while_another_did_its_work_changes_nothing_when_it_goes_on(
    make_world: Callable[..., World], postgres_database: str, point: str
) -> None:
    world = make_world(postgres_database, limits={**rig.NO_RATES, "worker_lease_seconds": 2}, connections=1)
    delivered = strangers(3)
    with herd_of(world, postgres_database) as herd:
        herd.start(SUPPORTD_FAILPOINT=f"{point}=stop")
        (frozen,) = herd.alive
        herd.leader()
        for octets in delivered:
            world.deliver(octets, at=datetime.now(UTC))
        until(lambda: is_stopped(frozen.pid), f"it does not come to {point}", DEADLINE)
        until(lambda: herd.ask("SELECT max(lives_until) < clock_timestamp() AT TIME ZONE 'UTC' FROM worker")[0], "it lives on", DEADLINE)
        herd.start()
        until(lambda: herd.is_quiet(len(delivered)), "the other does not do it all", DEADLINE)
        frozen.send_signal(signal.SIGCONT)
        assert [end(one, DEADLINE) for one in herd.alive] == [0, 0], world.log()[-3000:]
    got, found = tally(world, delivered), count(world, len(delivered))
    # a copy that the relay took of each of the two is told: `count` sees to it
    assert (got.lost, got.doubled, found.resent) == (0, found.resent, int(point in AFTER_THE_DOT)), world.log()[-3000:]
    note = "PostgreSQL; RFC 1047, and the books say so" if found.resent else "PostgreSQL"
    what = "a worker stopped at a place of each stage, let go on when another had done its work"
    saw("G10", what, times=1, lost=got.lost, doubled=got.doubled, note=note)


@contextmanager
def held_up(url: str, table: str, mode: str) -> Iterator[Callable[[], int]]:
    """Holds up whoever writes there; gives how many wait."""
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher:
        holder.execute(f"LOCK TABLE {table} IN {mode} MODE")  # type: ignore[arg-type]

        def waiting() -> int:
            query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            row = watcher.execute(query).fetchone()
            assert row is not None
            return int(row[0])

        yield waiting
        holder.rollback()


@pytest.mark.parametrize(
    ("table", "mode", "days", "told"),
    [("support_case", "EXCLUSIVE", 3, ("case-received", "case-assigned", "sla-breach")), ("digest", "SHARE", 1, ("digest",))],
    ids=["clocks", "digests"],
)
def test_of_several_that_look_at_the_time_at_once_one_wins(
    make_world: Callable[..., World], postgres_database: str, table: str, mode: str, days: int, told: tuple[str, ...]
) -> None:
    """Each has seen that a promise is due, or a digest, before any of them may write."""
    world = make_world(postgres_database, digests=table == "digest")
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.run()
    world.later(days=days)
    with held_up(postgres_database, table, mode) as waiting:
        ticking = [rig.begin(world, "run", "--once", "--stage", "tick") for _ in range(3)]
        until(lambda: waiting() == len(ticking), "they do not come so far", DEADLINE)
    assert [rig.finish(one, DEADLINE) for one in ticking] == [0, 0, 0], world.log()[-3000:]
    world.assert_good_books()
    rows = [(row["to"], row["template"]) for row in world.outbox()]
    assert len(set(rows)) == len(rows)
    assert {template for _, template in rows} >= set(told)
    clocks = [(clock["kind"], clock["cycle"]) for clock in world.case(1001)["clocks"]]
    assert len(set(clocks)) == len(clocks)
    saw(
        "G10", f"three workers look at {'promises' if days > 1 else 'digests'} at once", times=3, lost=0, doubled=len(rows) - len(set(rows))
    )


def test_mail_that_nobody_was_told_of_is_found_by_looking(make_world: Callable[..., World], postgres_database: str) -> None:
    world = make_world(postgres_database)
    daemon = world.start("run", "--stage", "apply", "--stage", "send")
    try:
        until(lambda: world.log_lines("ready") == 1, "it does not start", DEADLINE)
        now = datetime.now(UTC) - timedelta(seconds=1)
        octets = mail("ann", "Roof-7 shows no data.")
        with world.house.database.transaction():
            # as if the word of it had been lost
            journal.record("ingest", "", None, [Delivery(uid=None, octets=octets, size=len(octets), internal_date=now)], now)
        until(lambda: len(world.sink.sent) == 2, "it is not found", DEADLINE)
    finally:
        assert end(daemon, DEADLINE) == 0
    world.assert_good_books()
