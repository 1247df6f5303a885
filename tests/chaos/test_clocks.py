"""Clocks that are set while the daemon runs, and days that are odd in themselves: nothing is told twice, and nothing forgotten."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from daemon.errors import Temporary
from daemon.service import Service
from daemon.store.journal import Delivery
from daemon.worker import ingest, tick
from tests.chaos.record import saw, size
from tests.conversations.scenes import NEW_CASE
from tests.conversations.world import World, mail

pytestmark = pytest.mark.chaos

ODD_DAYS = {
    "summer time begins in New York": ("Miller Solar", datetime(2026, 3, 6, 13, 0, tzinfo=UTC)),
    "summer time ends in Berlin": ("Berlin Sonne GmbH", datetime(2026, 10, 23, 9, 0, tzinfo=UTC)),
    "a leap day": ("Miller Solar", datetime(2028, 2, 28, 14, 0, tzinfo=UTC)),
    "seconds need more than 31 bits": ("Miller Solar", datetime(2038, 1, 18, 15, 0, tzinfo=UTC)),
    "summer time ends in New York": ("Miller Solar", datetime(2026, 10, 30, 13, 0, tzinfo=UTC)),
    "summer time begins in Berlin": ("Berlin Sonne GmbH", datetime(2026, 3, 27, 9, 0, tzinfo=UTC)),
    "a year of 100 without a leap day": ("Berlin Sonne GmbH", datetime(2100, 2, 26, 9, 0, tzinfo=UTC)),
}
DAY = timedelta(days=1)
LENGTH = timedelta(days=5)
STEP = timedelta(hours=size(6, 2))


def open_case(world: World, partner: str) -> None:
    """A case of a partner, whose promises run from now on. The mail comes by file: servers know no mail from the future."""
    octets = mail("cara", NEW_CASE.format(partner), subject="Inverter offline at Acme")
    ingest(world.house, [Delivery(uid=None, octets=octets, size=len(octets), internal_date=world.clock)])
    world.run()
    assert len(world.cases()) == 1


def told(world: World) -> Counter[tuple[str, str, str]]:
    """Whom what was told of, as often as it was."""
    return Counter((row["to"], row["template"], row["subject"]) for row in world.outbox())


def life(world: World, partner: str, start: datetime, *, back: timedelta | None) -> Counter[tuple[str, str, str]]:
    """What is told in some days around an odd one. With `back` the clock is set back so far again and again, and then right."""
    world.clock = start
    open_case(world, partner)
    while world.clock < start + LENGTH:
        world.later(hours=STEP / timedelta(hours=1))
        tick(world.house)
        if back is not None and world.clock > start + back + STEP:
            right, world.clock = world.clock, world.clock - back
            tick(world.house)
            world.clock = right
            tick(world.house)
    world.run()
    world.assert_good_books()
    return told(world)


@pytest.mark.parametrize("name", list(ODD_DAYS))
def test_a_clock_set_back_a_day_again_and_again_tells_what_a_calm_one_tells(
    name: str, make_world: Callable[..., World], sqlite_url: str
) -> None:
    partner, start = ODD_DAYS[name]
    world = make_world(sqlite_url, digests=True)
    calm = life(world, partner, start, back=None)
    assert {"sla-warning", "sla-breach", "digest"} <= {template for _, template, _ in calm}
    # the same days again, in a world that knows nothing of them
    again = make_world(sqlite_url.replace("supportd.db", "again.db"), digests=True)
    restless = life(again, partner, start, back=DAY)
    assert restless == calm
    jumps = (LENGTH - DAY) // STEP
    missing, more = calm - restless, restless - calm
    saw("G11", f"clock set back a day; {name}", times=jumps, lost=missing.total(), doubled=more.total(), note=partner)


class Running:
    """The part of a daemon that looks at the time, its two clocks in the hand of the test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.steady = 1000.0
        self.restart()

    def restart(self) -> None:
        """As SIGHUP and a new process do."""
        self.service = Service(self.world.config, self.world.house, ("tick",), threading.Event())
        self.service.steady = lambda: self.steady
        self.service.tick_round()

    def after(self, *, leap: timedelta = timedelta(), **span: float) -> Counter[tuple[str, str, str]]:
        """The next look, so long later; meanwhile the wall clock was set by `leap`. What it tells."""
        before = told(self.world)
        self.steady += timedelta(**span).total_seconds()
        self.world.later(**span)
        self.world.clock += leap
        self.service.tick_round()
        return told(self.world) - before


FRIDAY = datetime(2025, 12, 5, 15, 0, tzinfo=UTC)


def templates(added: Counter[tuple[str, str, str]]) -> list[str]:
    """What was told, by template."""
    return sorted({template for _, template, _ in added})


def test_what_a_leap_of_hours_makes_due_waits_for_one_look(
    make_world: Callable[..., World], sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world = make_world(sqlite_url)
    world.clock = FRIDAY
    open_case(world, "Miller Solar")
    running = Running(world)
    due = datetime(2025, 12, 8, 18, 0, tzinfo=UTC)  # four hours before the end of Monday in New York
    assert templates(running.after(seconds=(due - world.clock).total_seconds() - 2 * 3600)) == []
    assert templates(running.after(seconds=20, leap=timedelta(hours=3))) == []
    assert "clock-leapt hours=3.0 held=false" in capsys.readouterr().err
    # it was a mistake, and is set right before the next look
    assert templates(running.after(seconds=20, leap=timedelta(hours=-3))) == []
    assert "clock-leapt hours=-3.0 held=false" in capsys.readouterr().err
    # it was right
    assert templates(running.after(seconds=20, leap=timedelta(hours=3))) == []
    assert templates(running.after(seconds=20)) == ["sla-warning"]
    assert templates(running.after(seconds=20, leap=timedelta(days=-1))) == []
    assert templates(running.after(seconds=20, leap=timedelta(days=1))) == []
    assert templates(running.after(seconds=20)) == []
    saw("G11", "leaps of 3 hours and a day while the daemon runs", times=5, lost=0, doubled=told(world).total() - len(told(world)))


def test_what_a_leap_of_days_makes_due_waits_until_the_clock_is_right_or_a_person_says_that_it_is(
    make_world: Callable[..., World], sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world = make_world(sqlite_url)
    world.clock = FRIDAY
    open_case(world, "Miller Solar")
    running = Running(world)
    for _ in range(3):
        assert templates(running.after(seconds=20, leap=timedelta(days=30))) == []
        assert templates(running.after(hours=5)) == []
        assert templates(running.after(seconds=20, leap=timedelta(days=-30))) == []
        assert templates(running.after(seconds=20)) == []
    assert capsys.readouterr().err.count(" error promises-held ") == 3
    assert templates(running.after(seconds=20, leap=timedelta(days=30))) == []
    running.restart()
    assert [template for _, template, _ in told(world) if template == "sla-breach"]
    assert max(told(world).values()) == 1
    saw("G11", "leaps of 30 days while the daemon runs, told and held", times=4, lost=0, doubled=told(world).total() - len(told(world)))


def test_an_answer_booked_by_a_clock_that_was_ahead_is_not_kept_until_then(make_world: Callable[..., World], sqlite_url: str) -> None:
    world = make_world(sqlite_url)
    right, world.clock = world.clock, world.clock + timedelta(days=400)
    world.configure(smtp_port=1)
    octets = mail("ann", "Roof-7 shows no data.")
    ingest(world.house, [Delivery(uid=None, octets=octets, size=len(octets), internal_date=world.clock)])
    with pytest.raises(Temporary):
        world.run()
    world.clock = right
    world.configure(smtp_port=world.sink.port)
    world.run()
    assert {row["state"] for row in world.outbox()} == {"sent"}
    saw("G11", "clock 400 days ahead, then right", times=1, lost=0, doubled=len(world.sink.sent) - len(world.outbox()))
