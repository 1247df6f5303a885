"""Room set aside on a disk: really taken, given up once, taken again when there is room."""

from __future__ import annotations

from pathlib import Path

from daemon.store.database import open_database
from daemon.store.reserve import Reserve
from daemon.store.schema import Octets


def test_a_reserve_takes_its_room_and_is_given_up_once(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 1 << 20)
    for _ in range(2):
        assert reserve.keep(0)
        assert reserve.keep(0)
        assert reserve.path.stat().st_blocks * 512 >= 1 << 20
        assert reserve.path.stat().st_mode & 0o777 == 0o600
        assert reserve.give_up()
        assert not reserve.give_up()
    assert list(tmp_path.iterdir()) == []


def test_no_room_is_taken_that_is_needed_or_not_wanted(tmp_path: Path) -> None:
    assert not Reserve(tmp_path / "reserve", 1 << 20).keep(1 << 60)
    assert not Reserve(tmp_path / "reserve", 0).keep(0)
    assert list(tmp_path.iterdir()) == []


def test_another_size_takes_the_place_of_the_one_that_was_there(tmp_path: Path) -> None:
    for octets in (1 << 20, 2 << 20, 1 << 19):
        assert Reserve(tmp_path / "reserve", octets).keep(0)
        assert [path.stat().st_size for path in tmp_path.iterdir()] == [octets]
    assert not Reserve(tmp_path / "reserve", 0).keep(0)
    assert list(tmp_path.iterdir()) == []


def test_where_room_is_short_that_of_the_write_ahead_log_is_given_back(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'supportd.db'}")
    log = tmp_path / "supportd.db-wal"
    try:
        for count in range(20):
            with database.transaction():
                Octets.insert(sha256=f"{count:064}", content=bytes(10_000)).execute()
        there = log.stat().st_size
        assert there > 100_000
        assert database.keep_reserve(1 << 20, 0)
        assert log.stat().st_size == there
        assert database.keep_reserve(1 << 20, 1 << 60)
        assert log.stat().st_size == 0
        with database.reading():
            assert Octets.select().count() == 20
    finally:
        database.close()
