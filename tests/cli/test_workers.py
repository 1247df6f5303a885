"""The command workers: scripts and people see who works, and on SQLite that nobody needs to ask."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from daemon.store.database import open_database
from daemon.store.workers import Workers
from tests.cli.desk import CONFIGURATION, Installation


def test_on_sqlite_one_process_works_at_a_time(installation: Installation) -> None:
    assert installation.json("workers") == []
    assert installation.run("workers").stdout == "On SQLite one process works at a time; who it is is not written down.\n"


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_on_postgresql_each_worker_has_a_row(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "supportd.toml").write_text(CONFIGURATION.format(url=database_url))
    installation = Installation(folder=tmp_path, url=database_url)
    assert installation.run("workers").stdout == "Nobody works on this database.\n"
    database = open_database(database_url)
    assert database.hold()
    worker = Workers(database, timedelta(minutes=1), "abcd")
    worker.join(["fetch", "apply"])
    assert worker.reads("support")
    (row,) = installation.json("workers")
    assert set(row) == {"host", "process", "state", "stages", "started_at", "mailboxes", "mails", "answers"}
    assert (row["state"], row["stages"], row["mailboxes"], row["mails"]) == ("at work", ["fetch", "apply"], ["support"], 0)
    assert "at work" in installation.run("workers").stdout
    database.bind()
    worker.leave()
    database.let_go()
    database.close()
