"""Kill the program while a date of a CS ticket reminds: whoever does the work hears of it once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.forms import taken_in
from tests.conversations.test_cs_dates import WEDNESDAY
from tests.conversations.world import World
from tests.crash import rig

pytestmark = [pytest.mark.chaos, pytest.mark.crash]

IN_THE_TRANSACTION = ("t3_begin", "t3_after_interaction", "t3_after_outbox")


def left(world: World) -> Counter[tuple[str, str]]:
    """What ever left, by recipient and template."""
    return Counter((out.to, out.template) for out in world.all_out())


@pytest.mark.parametrize("point", [*IN_THE_TRANSACTION, "before_t4"])
def test_a_date_reminds_once(point: str, make_world: Callable[..., World], database_url: str) -> None:
    world = make_world(database_url)
    taken_in(world)
    world.clock = WEDNESDAY
    rig.die_at(world, point)
    for _ in range(2):
        world.run()
        assert left(world)["ivan", "cs-reminder"] == 1
    assert len([row for row in world.outbox() if row["template"] == "cs-reminder"]) == 1
    books = world.assert_good_books()
    found = count(world, books.received)
    saw("G11", "kill -9 while a date reminds", times=1, lost=found.unsent, doubled=found.resent)
