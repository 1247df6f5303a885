"""Killed at each place a mail passes, then started again: nothing is lost, nothing is done twice (K1, K2, K4, K7, K8)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.failpoints import POINTS
from tests.conversations.world import DIRECTORY, Inbox, PymapInbox, World, mail
from tests.crash.books import assert_each_answer_once, assert_every_mail_once
from tests.doubles import Sink

WITHOUT_MOVE = "after_copy_before_delete"
"""Passed only on a server that can't MOVE."""
FRESH_DATABASE = "migration_step"
"""Passed only when the database is made."""
AROUND_THE_DOT = ("after_dot", "before_t6")
"""K8: the relay may have the mail, and nobody has written it down; here alone a mail may be sent twice."""

ABOUT_TRANSACTIONS = (
    "after_t1", "after_t2", "t3_after_case", "before_t3_commit", "after_t3_commit", "after_t4", "after_dot", "before_t6",
)  # fmt: skip
"""Where the databases might differ; the other places are tried on PostgreSQL in the full run, with Dovecot."""

ON_THE_WAY = [name for name in POINTS if name not in (WITHOUT_MOVE, FRESH_DATABASE)]
PLACES = [
    *[pytest.param("sqlite", point) for point in ON_THE_WAY],
    *[
        pytest.param("postgres", point, marks=[pytest.mark.postgres, *([] if point in ABOUT_TRANSACTIONS else [pytest.mark.dovecot])])
        for point in ON_THE_WAY
    ],
]

MAILS = (("ann", "Roof-7 shows no data."), ("sam", "Order 9001."), ("stranger@gmail.example", "Hello?"))


def _killed_at(world: World, point: str) -> None:
    for sender, words in MAILS:
        world.deliver(mail(sender, words, subject=words))
    process = world.start("run", "--once", SUPPORTD_FAILPOINT=point, SUPPORTD_NOW=world.clock.isoformat())
    assert process.wait(60) == -signal.SIGKILL, world.log()


def _all_is_well(world: World, point: str) -> None:
    assert sorted(case["contact"] for case in world.cases()) == ["ann", "sam", "stranger@gmail.example"]
    assert_every_mail_once(world, len(MAILS))
    assert_each_answer_once(world, repeats=1 if point in AROUND_THE_DOT else 0)
    assert [row["template"] for row in world.outbox()].count("case-received") == len(MAILS)
    # and nothing follows
    world.run()
    assert world.out() == []


@pytest.mark.crash
@pytest.mark.parametrize(("database_url", "point"), PLACES, indirect=["database_url"])
def test_a_process_killed_there_is_taken_up_by_the_next(world: World, point: str) -> None:
    _killed_at(world, point)
    world.run()
    _all_is_well(world, point)
    assert len(world.inbox.mails("Processed")) == len(MAILS)


@pytest.mark.crash
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("point", ["t3_begin:2", "after_t3_commit:2", "after_dot:3"])
def test_a_process_killed_there_twice_is_taken_up_by_the_third(world: World, point: str) -> None:
    _killed_at(world, point)
    process = world.start("run", "--once", SUPPORTD_FAILPOINT=point.partition(":")[0], SUPPORTD_NOW=world.clock.isoformat())
    assert process.wait(60) in (-signal.SIGKILL, 0)
    world.run()
    assert sorted(case["contact"] for case in world.cases()) == ["ann", "sam", "stranger@gmail.example"]
    assert_every_mail_once(world, len(MAILS))
    assert_each_answer_once(world, repeats=2 if "dot" in point else 0)


@pytest.mark.crash
def test_killed_between_copy_and_delete_only_the_copy_on_the_server_is_there_twice(
    make_world: Callable[..., World], inbox: Inbox, without_move: None, database_url: str
) -> None:
    world = make_world(database_url, inbox)
    _killed_at(world, WITHOUT_MOVE)
    world.run()
    _all_is_well(world, WITHOUT_MOVE)
    assert len(world.inbox.mails("Processed")) == 2 * len(MAILS)


@pytest.fixture
def bare_world(tmp_path: Path, database_url: str, sink: Sink, environment: Callable[..., dict[str, str]]) -> Iterator[World]:
    """A world whose database has not been made."""
    inbox = PymapInbox()
    with World(tmp_path / "world", database_url, inbox, sink, environment, directory=None) as made:
        yield made
    inbox.close()


@pytest.mark.crash
def test_killed_while_the_database_is_made_it_is_made_whole_by_the_next(bare_world: World) -> None:
    _killed_at(bare_world, FRESH_DATABASE)
    bare_world.import_directory(DIRECTORY)
    bare_world.run()
    _all_is_well(bare_world, FRESH_DATABASE)


def test_a_fail_point_that_is_not_there_is_told(world: World) -> None:
    world.deliver(mail("ann", "Roof-7 shows no data."))
    done = subprocess.run(world.command("run", "--once"), env=world.environment(SUPPORTD_FAILPOINT="nowhere"), capture_output=True)
    assert done.returncode == 1
    assert b"nowhere" in done.stderr
