"""Kill the program while a form is taken in, while its work is completed, and while a date reminds: everything happens once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.conversations.forms import taken_in
from tests.conversations.test_cs_dates import WEDNESDAY
from tests.conversations.world import World, mail
from tests.crash import rig

pytestmark = pytest.mark.crash

IN_THE_TRANSACTION = ("t3_begin", "t3_after_interaction", "t3_after_outbox")


def left(world: World) -> Counter[tuple[str, str]]:
    """What ever left, by recipient and template."""
    return Counter((out.to, out.template) for out in world.all_out())


def opened(world: World) -> World:
    """A form was taken in, on a Monday."""
    taken_in(world)
    return world


@pytest.mark.parametrize("point", [*IN_THE_TRANSACTION, "before_t4"])
def test_a_date_reminds_once(point: str, make_world: Callable[..., World], database_url: str) -> None:
    world = opened(make_world(database_url))
    world.clock = WEDNESDAY
    rig.die_at(world, point)
    for _ in range(2):
        world.run()
        assert left(world)["ivan", "cs-reminder"] == 1
    assert len([row for row in world.outbox() if row["template"] == "cs-reminder"]) == 1
    world.assert_good_books()


@pytest.mark.parametrize("point", [*IN_THE_TRANSACTION, "before_t3_commit", "after_t3_commit", "before_t4"])
def test_the_customer_hears_of_the_end_once(point: str, make_world: Callable[..., World], database_url: str) -> None:
    world = opened(make_world(database_url))
    (work,) = [out for out in world.all_out() if out.template == "cs-assigned"]
    world.deliver(mail("ivan", "Done", answers=work))
    rig.die_at(world, point)
    for _ in range(2):
        world.run()
        found = left(world)
        assert (found["dana", "New Channel Req 1"], found["dana", "New Channel Req 2"], found["ivan", "cs-done-confirmation"]) == (1, 1, 1)
    assert world.case(1001)["request"]["state"] == "completed"
    world.assert_good_books()
