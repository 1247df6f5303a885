"""All of a database, octet by octet, in a database of the other kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.actions.replies import Desk
from daemon.store.audit import audit
from daemon.store.backup import move
from daemon.store.copying import FIRST, CopyFailed, contents, last_numbers
from daemon.store.epoch import EpochFile, Epochs, Standing
from tests.store.life import NOON, Life, again

NOW = NOON


def test_all_of_a_database_moves_to_the_other_kind_and_the_old_one_is_held(
    worked: Life, file: EpochFile, tmp_path: Path, elsewhere: str, shipped_desk: Desk, database_url: str
) -> None:
    with worked.database.reading():
        before = {one.table: (one.rows, one.digest) for one in contents(worked.database) if one.table not in FIRST}
        last = last_numbers(worked.database)["support_case"]
    move(worked.database, elsewhere, EpochFile(tmp_path / "new.epoch"), file)
    worked.database.close()
    database = again(elsewhere)
    with database.reading():
        assert {one.table: (one.rows, one.digest) for one in contents(database) if one.table not in FIRST} == before
        assert audit().problems == ()
    assert Epochs(database, EpochFile(tmp_path / "new.epoch")).begin(NOW) is Standing.CURRENT
    assert Life(database, shipped_desk).opened() == last + 1
    database.close()
    old = again(database_url)
    with pytest.raises(CopyFailed, match="holds something already"):
        move(old, elsewhere, file, file)
    old.bind()
    assert Epochs(old, file).begin(NOW) is Standing.OLDER
    old.close()
