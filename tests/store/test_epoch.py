"""The epoch: a database is told from an older copy of itself, and numbers that were told do not come again."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from daemon.errors import ConfigError
from daemon.store import epoch
from daemon.store.copying import last_numbers
from daemon.store.epoch import AHEAD, TOLD, EpochFile, Epochs, Mark, Standing, installation, is_held
from daemon.store.schema import Installation
from tests.conversations.databases import on_sqlite
from tests.store.life import NOON, Life, problems

NOW = NOON


def test_a_database_behind_its_file_is_held_and_one_that_is_not_is_not(worked: Life, file: EpochFile, tmp_path: Path) -> None:
    epochs = Epochs(worked.database, file)
    with worked.database.reading():
        old = installation().epoch
        numbers = last_numbers(worked.database)
    assert epochs.begin(NOW) is Standing.CURRENT
    with worked.database.transaction():
        Installation.update(epoch=old).execute()
    assert epochs.begin(NOW) is Standing.OLDER
    with worked.database.reading():
        assert is_held()
        after = last_numbers(worked.database)
    assert all(after.get(name, 0) >= numbers.get(name, 0) + AHEAD for name in TOLD)
    assert Epochs(worked.database, file).begin(NOW) is Standing.CURRENT
    with worked.database.reading():
        assert is_held()
    Epochs(worked.database, file).advance(held=False)
    with worked.database.reading():
        assert not is_held()
    assert problems(worked) == []


@on_sqlite
def test_without_its_file_or_with_anothers_a_database_that_worked_is_held(worked: Life, file: EpochFile) -> None:
    file.path.unlink()
    assert Epochs(worked.database, file).begin(NOW) is Standing.UNKNOWN
    mark = file.read()
    assert mark is not None
    file.path.write_text(file.path.read_text().replace(mark.installation, "another"))
    assert Epochs(worked.database, file).begin(NOW) is Standing.FOREIGN
    file.path.write_text("{")
    with pytest.raises(ConfigError, match="no epoch file any more"):
        Epochs(worked.database, file).begin(NOW)


@on_sqlite
def test_a_backup_makes_no_database_the_newest_that_is_not_known_to_be(worked: Life, file: EpochFile, tmp_path: Path) -> None:
    epochs = Epochs(worked.database, file)
    mark = file.read()
    assert mark is not None
    ahead = EpochFile(tmp_path / "ahead.epoch")
    ahead.write(Mark(installation=mark.installation, epoch=mark.epoch + 1, numbers=mark.numbers))
    for told in (ahead, EpochFile(tmp_path / "missing.epoch")):
        before = told.read()
        for _ in range(3):
            Epochs(worked.database, told).note_copy(NOON)
        assert told.read() == before
    assert Epochs(worked.database, ahead).standing() is Standing.OLDER
    epochs.note_copy(NOON)
    now = file.read()
    assert now is not None
    assert now.epoch == mark.epoch + 1


def test_numbers_are_promised_before_they_are_given(worked: Life, file: EpochFile) -> None:
    epochs = Epochs(worked.database, file)
    epochs.begin(NOW)
    mark = file.read()
    epochs.keep_ahead()
    epochs.keep_time()
    assert file.read() == mark
    worked.opened()
    epochs.keep_ahead()
    assert file.read() == mark
    epochs.keep_time()
    now = file.read()
    assert mark is not None
    assert now is not None
    assert now.epoch == mark.epoch + 1
    assert now.numbers["support_case"] == mark.numbers["support_case"] + 1


def test_a_writer_that_stands_still_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = EpochFile(tmp_path / "supportd.epoch")
    file.write(Mark(installation="a", epoch=1))
    monkeypatch.setattr(epoch, "PATIENCE", 2)
    handle = os.open(tmp_path / "supportd.epoch.lock", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        file.write(Mark(installation="a", epoch=2))
    finally:
        os.close(handle)
    found = file.read()
    assert found is not None
    assert found.epoch == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["supportd.epoch", "supportd.epoch.lock"]
