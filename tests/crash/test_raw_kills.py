"""Kill the program where it deletes raw mail: all of a few is deleted and marked, or nothing, and the next round goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.store.schema import Octets
from tests.chaos.record import saw
from tests.conversations.databases import on_sqlite
from tests.conversations.world import World, mail
from tests.crash import rig

pytestmark = [pytest.mark.chaos, pytest.mark.crash]


@on_sqlite
@pytest.mark.parametrize("point", ["before_raw_deleted", "after_raw_deleted"])
def test_the_books_are_good_at_once_and_the_next_round_deletes_the_rest(
    point: str, make_world: Callable[..., World], database_url: str
) -> None:
    world = make_world(database_url)
    for number in range(2):
        world.deliver(mail("robot@else.example", f"beep {number}", headers={"Auto-Submitted": "auto-generated"}))
    world.run()
    world.later(days=400)
    rig.die_at(world, point)
    gone = [row["raw_deleted_at"] is not None for row in world.mails()]
    assert gone == [point == "after_raw_deleted"] * 2
    world.assert_good_books()
    world.run()
    assert [row["raw_deleted_at"] is not None for row in world.mails()] == [True, True]
    with world.house.database.reading():
        assert not Octets.select().exists()
    books = world.assert_good_books()
    saw("G15", "kill -9 where raw mail is deleted", times=1, lost=2 - books.received, doubled=books.acted)
