"""Backups: whole, private, put back under nobody's feet; what was put back does nothing a second time."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from daemon.actions.replies import Desk
from daemon.errors import Temporary
from daemon.store.audit import audit
from daemon.store.backup import back_up, restore
from daemon.store.copying import FIRST, CopyFailed, contents
from daemon.store.database import Database
from daemon.store.epoch import EpochFile, installation, is_held
from daemon.store.schema import Case, Outbox
from tests.chaos.record import saw, size
from tests.conversations.databases import on_sqlite
from tests.store.life import NOON, Life, again, problems

NOW = NOON


def held_contents(database: Database) -> dict[str, str]:
    """The digest of every table that a restore leaves as it was."""
    with database.reading():
        return {one.table: one.digest for one in contents(database) if one.table not in (*FIRST, "outbox", "journal")}


@on_sqlite
def test_a_backup_is_one_private_file_that_is_whole(worked: Life, file: EpochFile, tmp_path: Path) -> None:
    copied = back_up(worked.database, tmp_path / "backup.db", file, NOW)
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]
    with closing(sqlite3.connect(tmp_path / "backup.db")) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("SELECT count(*) FROM support_case").fetchone() == (3,)
    assert {one.table: one.rows for one in copied.tables}["support_case"] == 3
    with worked.database.reading():
        assert installation().copied_at == NOW


def test_what_was_done_after_the_backup_is_gone_and_its_numbers_do_not_come_again(
    worked: Life, file: EpochFile, tmp_path: Path, database_url: str, shipped_desk: Desk
) -> None:
    before = held_contents(worked.database)
    back_up(worked.database, tmp_path / "backup.db", file, NOW)
    lost = [worked.opened() for _ in range(3)]
    worked.database.close()
    restore(database_url, None, tmp_path / "backup.db", file, NOW)
    database = again(database_url)
    assert held_contents(database) == before
    with database.reading():
        assert is_held()
        assert not Outbox.select().where(Outbox.state.in_(["queued", "unknown"])).exists()
    life = Life(database, shipped_desk)
    new = life.opened()
    assert new > max(lost)
    assert problems(life) == []
    database.close()


@on_sqlite
@pytest.mark.parametrize("harm", ["text", "cut", "other"])
def test_what_is_no_backup_is_refused_and_nothing_changes(
    worked: Life, file: EpochFile, tmp_path: Path, database_url: str, harm: str
) -> None:
    backup = tmp_path / "backup.db"
    back_up(worked.database, backup, file, NOW)
    worked.database.close()
    if harm == "text":
        backup.write_text("Dear all")
    elif harm == "cut":
        backup.write_bytes(backup.read_bytes()[:20000])
    else:
        backup.unlink()
        with closing(sqlite3.connect(backup)) as opened:
            opened.execute("CREATE TABLE something (x)")
    with pytest.raises(CopyFailed, match=str(backup)):
        restore(database_url, None, backup, file, NOW)
    database = again(database_url)
    with database.reading():
        assert not is_held()
        assert Case.select().count() == 3
    database.close()


@on_sqlite
@pytest.mark.parametrize("name", ["supportd.db", "supportd.db-wal", "supportd.db.lock", "supportd.db.reserve", "outside.epoch.lock"])
def test_no_backup_takes_the_place_of_its_own_database_nor_of_what_belongs_to_it(
    worked: Life, file: EpochFile, tmp_path: Path, database_url: str, name: str
) -> None:
    folder = worked.database.path.parent if name.startswith("supportd") else tmp_path
    with pytest.raises(CopyFailed, match="belongs to the database"):
        back_up(worked.database, folder / "." / name, file, NOW)
    worked.database.close()
    again(database_url).close()


@on_sqlite
@pytest.mark.parametrize("there", ["text", "live", "kept", "link", "folder", "device"])
def test_a_backup_takes_the_place_of_nothing_but_a_backup(worked: Life, file: EpochFile, tmp_path: Path, there: str) -> None:
    place = tmp_path / "there"
    if there == "text":
        place.write_text("[house]")
    elif there == "live":
        Database(f"sqlite:///{place}").migrate()
        worked.database.bind()
    elif there == "kept":
        back_up(worked.database, place, file, NOW)
        with closing(sqlite3.connect(place)) as opened:
            opened.execute("PRAGMA journal_mode = wal")
    elif there == "link":
        place.symlink_to(worked.database.path)
    elif there == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    before = place.lstat()
    with pytest.raises(CopyFailed, match=f"{place} is "):
        back_up(worked.database, place, file, NOW)
    assert (place.lstat().st_ino, place.lstat().st_size) == (before.st_ino, before.st_size)
    assert not list(tmp_path.glob("*.new"))


@on_sqlite
def test_a_backup_takes_the_place_of_the_last_one_and_of_an_empty_file(worked: Life, file: EpochFile, tmp_path: Path) -> None:
    (tmp_path / "backup.db").touch()
    for cases in (3, 4):
        back_up(worked.database, tmp_path / "backup.db", file, NOW)
        with closing(sqlite3.connect(tmp_path / "backup.db")) as opened:
            assert opened.execute("SELECT count(*) FROM support_case").fetchone() == (cases,)
        worked.opened()


def test_what_a_restore_takes_the_place_of_is_kept_each_time_and_goes_back(
    worked: Life, file: EpochFile, tmp_path: Path, database_url: str
) -> None:
    back_up(worked.database, tmp_path / "backup.db", file, NOW)
    lost = worked.opened()
    worked.database.close()
    kept = [restore(database_url, None, tmp_path / "backup.db", file, NOW).kept for _ in range(3)]
    assert None not in kept
    assert len(set(kept)) == 3
    assert kept[0] is not None
    assert restore(database_url, None, kept[0], file, NOW).kept not in kept
    database = again(database_url)
    with database.reading():
        assert Case.select().where(Case.id == lost).exists()
        assert audit().problems == ()
    database.close()


def test_of_nothing_nothing_is_kept(worked: Life, file: EpochFile, tmp_path: Path, elsewhere: str) -> None:
    back_up(worked.database, tmp_path / "backup.db", file, NOW)
    worked.database.close()
    assert restore(elsewhere, None, tmp_path / "backup.db", EpochFile(tmp_path / "other.epoch"), NOW).kept is None


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_can_not_be_kept_is_not_replaced(worked: Life, file: EpochFile, tmp_path: Path, database_url: str) -> None:
    back_up(worked.database, tmp_path / "backup.db", file, NOW)
    lost = worked.opened()
    worked.database.close()
    with pytest.raises(CopyFailed, match="can't be kept"):
        restore(database_url, None, tmp_path / "backup.db", EpochFile(tmp_path / "missing" / "epoch"), NOW)
    database = again(database_url)
    with database.reading():
        assert Case.select().where(Case.id == lost).exists()
    database.close()


def test_nothing_is_put_back_under_a_worker(worked: Life, file: EpochFile, tmp_path: Path, database_url: str) -> None:
    back_up(worked.database, tmp_path / "backup.db", file, NOW)
    assert worked.database.hold()
    with pytest.raises(Temporary, match="stop it first"):
        restore(database_url, None, tmp_path / "backup.db", file, NOW)
    worked.database.let_go()


DYING = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from daemon.store.backup import restore
from daemon.store.epoch import EpochFile
left = int(sys.argv[1])
def count(event, arguments):
    global left
    if event in ("os.rename", "os.link", "os.remove") and os.path.exists(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
restore(sys.argv[2], None, Path(sys.argv[3]), EpochFile(Path(sys.argv[4])), datetime(2026, 11, 23, 17, 0, tzinfo=UTC))
"""


@pytest.mark.chaos
@pytest.mark.timeout(600)
@on_sqlite
def test_killed_between_any_two_names_of_files_a_restore_leaves_one_of_the_two_whole_and_can_be_made_again(
    worked: Life, file: EpochFile, tmp_path: Path, database_url: str, environment: Callable[..., dict[str, str]]
) -> None:
    back_up(worked.database, tmp_path / "backup.db", file, NOW)
    last = worked.opened()
    # what was written last is in the log only, as it is when a daemon was killed
    place = worked.database.path
    folder = tmp_path / "killed"
    folder.mkdir()
    for path in (*place.parent.glob("supportd.db*"), file.path):
        shutil.copy(path, folder / path.name)
    url, epochs = f"sqlite:///{folder / 'supportd.db'}", folder / file.path.name
    worked.database.close()
    lost = killed = 0
    for number in range(1, 100, size(2, 1)):
        command = [sys.executable, "-c", DYING, str(number), url, str(tmp_path / "backup.db"), str(epochs)]
        done = subprocess.run(command, env=environment(), capture_output=True)
        database = again(url)
        with database.reading():
            numbers = {row[0] for row in Case.select(Case.id).tuples()}
            lost += not (last in numbers or is_held()) or len(numbers) < 3 or audit().problems != ()
        database.close()
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
    saw("G18", "kill -9 between two names of files of a restore", times=killed, lost=lost, doubled=0)
    assert killed >= size(2, 4)
    assert lost == 0
    assert list(folder.glob("*.new")) == []
