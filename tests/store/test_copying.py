"""All of a database, octet by octet, in a database of the other kind."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from daemon.actions.replies import Desk
from daemon.errors import Denied
from daemon.store.audit import audit
from daemon.store.backup import move
from daemon.store.copying import FIRST, CopyFailed, contents, last_numbers
from daemon.store.database import for_configuration
from daemon.store.epoch import EpochFile, Epochs, Standing, is_held, refuse_moved_away
from tests.conversations.databases import on_sqlite
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
    # an empty password is none
    with pytest.raises(Denied, match=re.escape(f"was moved to {elsewhere.replace(':@', '@')}")):
        refuse_moved_away(old)
    # a worker that was cut off meanwhile, and comes back
    with old.reading():
        assert is_held()
    with pytest.raises(Denied):
        Epochs(old, file).keep_ahead()
    assert Epochs(old, file).begin(NOW) is Standing.OLDER
    old.close()


def test_an_old_database_is_taken_back_held_as_one_that_was_put_back(
    worked: Life, file: EpochFile, tmp_path: Path, elsewhere: str, shipped_desk: Desk, database_url: str
) -> None:
    move(worked.database, elsewhere, EpochFile(tmp_path / "new.epoch"), file)
    worked.database.close()
    life = Life(again(elsewhere), shipped_desk)
    given = [life.opened() for _ in range(3)]
    life.database.close()
    old = again(database_url)
    # on a host that never worked on it, too
    epochs = Epochs(old, EpochFile(tmp_path / "of another host"))
    assert epochs.take_back(NOW)
    assert not epochs.take_back(NOW)
    refuse_moved_away(old)
    with old.reading():
        assert is_held()
        assert audit().problems == ()
    assert Life(old, shipped_desk).opened() > max(given)
    old.close()


@on_sqlite
def test_a_server_that_may_lose_what_was_committed_is_no_place_to_move_to(
    worked: Life, file: EpochFile, tmp_path: Path, elsewhere: str
) -> None:
    with psycopg.connect(elsewhere, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {server.info.dbname} SET synchronous_commit = off")
    with pytest.raises(CopyFailed, match=r"synchronous_commit.* off"):
        move(worked.database, elsewhere, EpochFile(tmp_path / "new.epoch"), file, durable=True)
    refuse_moved_away(worked.database)


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("postgresql://me:secret@db.example:5432/supportd", "postgresql://me@db.example:5432/supportd"),
        ("postgresql://me@db/supportd?sslmode=require&password=secret", "postgresql://me@db/supportd?sslmode=require"),
        ("postgresql:///supportd?host=/run&password=a&user=me", "postgresql:///supportd?host=/run&user=me"),
        ("postgresql://me@db/supportd?password=secret", "postgresql://me@db/supportd"),
        ("sqlite:////var/lib/supportd/a:b@c.db", "sqlite:////var/lib/supportd/a:b@c.db"),
    ],
)
def test_a_url_goes_into_the_configuration_without_its_password(url: str, bare: str) -> None:
    assert for_configuration(url) == bare
