"""Kill the program at every place it knows, start it again: nothing is lost, and nothing happens twice (K1 to K10)."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from daemon.failpoints import POINTS
from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.world import DIRECTORY, DovecotInbox, World, mail, trust_authority
from tests.crash import rig
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.chaos, pytest.mark.crash]

APART = frozenset({"after_copy_before_delete", "migration_step", "token_written", "before_raw_deleted", "after_raw_deleted"})
"""Places with a test of their own: a server without MOVE, an empty database (both below), a rotating token (test_oauth), old raw mail."""

ONCE_A_ROUND = frozenset(
    {
        "after_search",
        "after_fetch",
        "before_t1",
        "after_t1",
        "before_t2",
        "after_t2",
        "before_move",
        "after_move",
        "after_tidied",
        "before_t4",
        "after_t4",
    }
)
"""Passed once for all mails of a round. The others are passed for each mail, and killed at the second, between two others."""

TAKEN = frozenset({"before_t6"})
MAYBE_TAKEN = frozenset({"after_dot"})
"""K8: the relay has, or may have, a mail of which we don't know it. It is sent again, and only that one."""

BEFORE_THE_DOT = frozenset({"before_t4", "after_t4", "after_mail", "after_rcpt", "before_t5", "after_t5", "half_data"})
"""Surely the relay has nothing, so nobody is told that it may."""

SUBJECTS = ("Roof-7", "Installing", "Manual")
ANSWERS = 6
"""Two to each mail: its writer, and whoever looks after the case."""


def three_mails(world: World) -> list[bytes]:
    """Three tickets of two customers lie in the inbox: a customer's, then two of another, which must keep their order."""
    mails = [
        mail("ann", "Roof-7 shows no data.", subject="Roof-7"), mail("sam", "How do I install it?", subject="Installing"),
        mail("sam", "And where do I find the manual?", subject="Manual"),
    ]  # fmt: skip
    for octets in mails:
        world.deliver(octets)
    return mails


def assert_three_cases(world: World, mails: list[bytes], doubled: tuple[int, int] = (0, 0)) -> rig.Copies:
    """The three mails made three cases and six answers, of which so many (least, most) went out twice."""
    rig.assert_all_final(world, 3)
    # PostgreSQL doesn't give out again the number of a case that was rolled back
    cases = {case["number"]: case["subject"] for case in world.cases()}
    assert [(m["kind"], m["outcome"], m["subject"]) for m in world.mails()] == [("ticket", "acted", name) for name in SUBJECTS]
    assert [cases.pop(m["case"]) for m in world.mails()] == [*SUBJECTS]
    assert cases == {}
    got = rig.assert_all_sent(world)
    assert len(got.by_id) == ANSWERS
    assert doubled[0] <= got.doubled <= doubled[1]
    assert all(len(octets) <= 2 for octets in got.by_id.values())
    if not isinstance(world.inbox, DovecotInbox):
        assert rig.put_away(world) == sorted(mails)
    return got


OF_SERVERS = frozenset(
    {"after_search", "after_fetch", "before_move", "after_move", "after_tidied", "after_mail", "after_rcpt", "half_data", "before_t5"}
)
"""Places between two commits, where the other side is a server: which database stands behind them makes no difference."""


@pytest.mark.parametrize(
    ("point", "database_url"),
    [
        pytest.param(name, kind, marks=[pytest.mark.postgres] if kind == "postgres" else [], id=f"{kind}-killed at {name}")
        for name in POINTS
        for kind in ("sqlite", "postgres")
        if name not in APART and not (kind == "postgres" and name in OF_SERVERS)
    ],
    indirect=["database_url"],
)
def test_every_mail_acts_once_and_every_answer_leaves(point: str, make_world: Callable[..., World], database_url: str) -> None:
    world = make_world(database_url)
    mails = three_mails(world)
    rig.die_at(world, point if point in ONCE_A_ROUND else f"{point}:2")
    doubled = (int(point in TAKEN), int(point in TAKEN | MAYBE_TAKEN))
    for _ in range(2):  # the round after the crash does the rest, another one nothing
        world.run()
        assert_three_cases(world, mails, doubled)
    if point in BEFORE_THE_DOT:
        assert world.audit().perhaps_twice == 0
    found = count(world, 3)
    note = "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"
    saw("G1", "kill -9 at each place that a mail passes", times=1, lost=found.lost, doubled=0, note=note)
    saw("G2", "kill -9 at each place that a mail passes", times=1, lost=0, doubled=found.doubled, note=note)
    saw("G6", "kill -9 at each place that an answer passes", times=1, lost=found.unsent, doubled=0, note=note)
    saw("G7", "kill -9 at each place that an answer passes", times=1, lost=0, doubled=found.resent, note=note)


def test_a_program_that_dies_after_each_final_dot_sends_nothing_a_third_time(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url, connections=1)
    world.deliver(mail("ann", "Roof-7 shows no data.", subject="Roof-7"))
    deaths = 0
    while rig.finish(rig.begin(world, *rig.ONCE, SUPPORTD_FAILPOINT="after_dot")) == -signal.SIGKILL:
        deaths += 1
    rows = world.outbox()
    assert {(row["state"], row["detail"].partition(":")[0]) for row in rows} == {("failed", "gave up, it may have arrived twice")}
    assert deaths == 2 * len(rows)
    copies = rig.assert_all_sent(world)
    assert {len(octets) for octets in copies.by_id.values()} <= {1, 2}
    assert "may have arrived twice" in world.case(1001)["feed"][-1]["body"]
    found = count(world, 1)
    saw(
        "G7",
        "kill -9 after each final dot, until nothing is sent",
        times=deaths,
        lost=0,
        doubled=found.resent,
        note="two copies, then failed",
    )


@pytest.mark.dovecot
def test_a_mail_copied_but_not_deleted_when_the_program_died_is_put_away_again(
    make_world: Callable[..., World], database_url: str, make_dovecot: Callable[..., Dovecot], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_dovecot(capability="IMAP4rev1 UIDPLUS IDLE")
    trust_authority(server, monkeypatch.setenv)
    world = make_world(database_url, DovecotInbox(server))
    mails = three_mails(world)
    rig.die_at(world, "after_copy_before_delete")
    assert len(world.inbox.mails()) == len(world.inbox.mails("Processed")) == 3
    world.run()
    assert_three_cases(world, mails)
    assert world.inbox.mails() == []
    # the server has the copies twice, as a person with another client would see
    assert sorted(world.inbox.mails("Processed")) == sorted(mails * 2)
    found = count(world, 3)
    saw("G1", "kill -9 between COPY and EXPUNGE", times=1, lost=found.lost, doubled=found.doubled, note="Dovecot")


def test_a_migration_that_was_killed_is_made_as_a_whole_at_the_next_start(make_world: Callable[..., World], database_url: str) -> None:
    world = make_world(database_url)
    forget_everything(world)
    mails = three_mails(world)
    rig.die_at(world, "migration_step")
    world.import_directory(DIRECTORY)
    rig.round_again(world)
    assert_three_cases(world, mails)
    found = count(world, 3)
    saw("G17", "kill -9 inside the first migration", times=1, lost=found.lost, doubled=found.doubled)


def forget_everything(world: World) -> None:
    """An empty database again."""
    world.close()
    if world.database_url.startswith("sqlite"):
        for path in Path(world.database_url.removeprefix("sqlite:///")).parent.glob("supportd.db*"):
            path.unlink()
        return
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
