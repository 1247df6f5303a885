"""A restored program: what the lost life had done is not done again, and nothing leaves until a person resumes."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.store.backup import back_up, restore
from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.databases import on_sqlite
from tests.conversations.world import World, mail

pytestmark = pytest.mark.chaos

ANN = "ann"


def question(world: World, number: int) -> None:
    world.deliver(mail(ANN, f"My question is number {number}.", subject=f"Question {number}"))


def lose_all_after_a_backup(world: World, tmp_path: Path, more: int) -> list[str]:
    """One question is answered, a backup made, more are answered, the backup put back; the cases that were lost."""
    question(world, 0)
    world.run()
    epochs = world.house.epochs.file
    back_up(world.house.database, tmp_path / "backup.db", epochs, world.clock)
    kept = {case["number"] for case in world.cases()}
    for number in range(1, more + 1):
        question(world, number)
    world.later(minutes=5)
    world.run()
    lost = [case["number"] for case in world.cases() if case["number"] not in kept]
    assert len(lost) == more
    world.later(minutes=5)
    world.close()
    restore(world.config.database.url, None, tmp_path / "backup.db", epochs, world.clock)
    world.out()
    return lost


def test_nothing_is_sent_or_acted_on_again_until_a_person_resumes(world: World, tmp_path: Path) -> None:
    lost = lose_all_after_a_backup(world, tmp_path, 5)
    world.run()
    world.later(days=3)
    world.run()
    again = len(world.out())
    assert again == 0
    assert len(world.cases()) == 1
    books = count(world, 6)
    saw("G18", "a backup put back after five more mails", times=1, lost=books.lost, doubled=books.doubled + again)
    found = [row for row in world.mails() if row["reason"] == "before-restore"]
    assert [row["outcome"] for row in found] == ["ignored"] * 5
    world.assert_good_books()
    # new mail is worked on meanwhile, under a number that was never told, and its answer waits
    question(world, 6)
    world.run()
    assert world.out() == []
    new = {case["number"] for case in world.cases()}
    assert len(new) == 2
    assert not new & set(lost)
    world.house.epochs.advance(held=False)
    world.run()
    answered = world.out()
    assert [out.subject for out in answered if "Question 6" in out.subject]
    assert not [out for out in answered if any(number in out.subject for number in lost)]
    world.assert_good_books()


@on_sqlite
def test_where_finished_mails_stay_a_person_decides_on_those_the_ledger_lost(world: World, tmp_path: Path) -> None:
    world.configure(after='"keep"')
    lose_all_after_a_backup(world, tmp_path, 2)
    world.run()
    assert world.out() == []
    assert len(world.cases()) == 1
    assert [row["outcome"] for row in world.mails() if row["reason"] == "before-restore"] == ["quarantined"] * 2
    question(world, 3)
    world.run()
    assert len(world.cases()) == 2
    world.assert_good_books()
    books = count(world, 4)
    saw("G18", "a backup put back where mails stay in the inbox", times=1, lost=books.lost, doubled=books.doubled)


@on_sqlite
def test_a_file_put_back_by_hand_is_noticed_at_the_start(world: World) -> None:
    question(world, 0)
    world.run()
    path = world.house.database.path
    world.close()
    before = path.read_bytes()
    question(world, 1)
    world.run()
    world.close()
    path.write_bytes(before)
    world.out()
    world.later(days=3)
    world.run()
    again = len(world.out())
    assert again == 0
    assert len(world.cases()) == 1
    world.assert_good_books()
    books = count(world, 2)
    saw("G18", "a file put back by hand", times=1, lost=books.lost, doubled=books.doubled + again)
