"""What is counted of a sender, and how often the house is told of mails that are held."""

from __future__ import annotations

from datetime import date, timedelta

from daemon.model import OpenedFacts
from daemon.store import senders
from tests.rules.facts import ANN
from tests.store.life import NOON, Life

DAY = NOON.date()


def test_the_cases_of_the_last_hour_and_day_are_counted_for_their_sender_alone(life: Life) -> None:
    for hours in (30, 23, 2, 0.5):
        life.opened(at=NOON - timedelta(hours=hours))
    life.opened(at=NOON + timedelta(minutes=1))  # later than the mail in question
    with life.database.reading():
        assert senders.opened_lately(ANN.address, NOON) == (OpenedFacts(hour=1, day=3), OpenedFacts())
        assert senders.opened_lately("somebody@else.example", NOON) == (OpenedFacts(), OpenedFacts())
        assert senders.opened_lately(None, NOON) == (OpenedFacts(), OpenedFacts())


def test_the_house_is_told_at_once_then_at_twice_as_many_then_when_the_day_is_over(life: Life) -> None:
    told = []
    for number in range(1, 8):
        with life.database.transaction():
            senders.note_held("Ann\x1b <a\nb>", DAY)
            for row in senders.untold(DAY, 10):
                held = senders.tell(row)
                assert held is not None
                assert held.sender == "Ann <a b>"
                told.append((number, held.count))
    assert told == [(1, 1), (2, 2), (4, 4)]
    with life.database.transaction():
        (row,) = senders.untold(date(DAY.year, DAY.month, DAY.day) + timedelta(days=1), 10)
        held = senders.tell(row)
        assert held is not None
        assert held.count == 7
        assert senders.tell(row) is None  # another worker was first
        assert senders.untold(DAY + timedelta(days=1), 10) == []
