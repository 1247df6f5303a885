"""The page of a process that sends: what the dead leave is believed, what the living or another boot wrote is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from daemon.store.dots import PAGE, Dots

OWNER, OTHER = 7, 8

DYING = """
import os, signal, sys
from pathlib import Path
from daemon.store.dots import Dots
dots = Dots(Path(sys.argv[1]), 7)
dots.begin()
for number in (1, 2, 3):
    dots.give(number)
dots.end([2])
os.kill(os.getpid(), signal.SIGKILL)
"""


def _page(beside: Path, owner: int = OWNER) -> Path:
    return beside.with_name(f"supportd.db.dots-{owner}")


def test_whoever_dies_leaves_the_mails_whose_end_is_not_written_down(tmp_path: Path, environment: Callable[..., dict[str, str]]) -> None:
    beside = tmp_path / "supportd.db.epoch"
    done = subprocess.run([sys.executable, "-c", DYING, beside], env=environment())
    assert done.returncode == -signal.SIGKILL
    other = Dots(beside, OTHER)
    assert other.left_by(OWNER) == {1, 3}
    # a page of another boot may be older than what was done, and so may one of which a part is lost
    page = _page(beside)
    whole = page.read_bytes()
    page.write_bytes(b"0" + whole[1:])
    assert other.left_by(OWNER) is None
    page.write_bytes(whole[:-1])
    assert other.left_by(OWNER) is None
    page.write_bytes(whole)
    assert other.left_by(OWNER) == {1, 3}
    # the next one that sends has no use for it
    other.begin()
    assert not page.exists()
    assert other.left_by(OWNER) is None
    other.close()


def test_of_one_that_lives_nobody_knows(tmp_path: Path) -> None:
    beside = tmp_path / "supportd.db.epoch"
    dots, other = Dots(beside, OWNER), Dots(beside, OTHER)
    dots.begin()
    other.begin()
    assert _page(beside).exists()
    assert other.left_by(OWNER) is None
    dots.give(1)
    dots.close()
    # what it could not write down is there for whoever does
    assert other.left_by(OWNER) == {1}
    other.close()
    assert not _page(beside, OTHER).exists()


def test_more_mails_than_the_page_has_room_for_are_not_believed(tmp_path: Path) -> None:
    beside = tmp_path / "supportd.db.epoch"
    dots = Dots(beside, OWNER)
    dots.begin()
    for number in range(PAGE):
        dots.give(number)
    dots.close()
    assert Dots(beside, OTHER).left_by(OWNER) is None


def test_where_nothing_can_be_written_it_is_only_remembered(tmp_path: Path) -> None:
    dots = Dots(tmp_path / "no" / "supportd.db.epoch", OWNER)
    dots.begin()
    dots.give(1)
    assert set(dots.given) == {1}
    dots.end([1])
    assert set(dots.given) == set()
    dots.close()
