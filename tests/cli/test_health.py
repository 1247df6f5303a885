"""health: one line for a monitor, a table for people, and the exit status of both."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from daemon.cli.app import application
from daemon.config import load_config
from daemon.healthfile import HealthWord, health_file_of, write
from daemon.store.database import open_database


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(), list(arguments))


@pytest.fixture
def lone(tmp_path: Path) -> Path:
    path = tmp_path / "supportd.toml"
    path.write_text('[house]\naddress = "support@support.example"\n')
    return path


def test_its_first_line_and_its_status_are_for_monitors(lone: Path) -> None:
    open_database(f"sqlite:///{lone.parent}/supportd.db").close()
    done = run("--config", str(lone), "health")
    assert done.exit_code == 2
    assert done.output.splitlines()[0] == "SUPPORTD CRITICAL - daemon: it does not run, and never did"
    config, now = load_config(lone), datetime.now(UTC)
    write(health_file_of(config), HealthWord(pid=os.getpid(), started_at=now, at=now), durably=False)
    done = run("--config", str(lone), "health")
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "SUPPORTD OK")
    told = json.loads(run("--config", str(lone), "health", "--json").output)
    assert told["status"] == "ok"
    assert {vital["status"] for vital in told["vitals"]} == {"ok"}


def test_a_database_that_is_away_is_critical_and_the_rest_is_told_all_the_same(lone: Path) -> None:
    lone.write_text(lone.read_text() + '[database]\nurl = "postgresql://nobody@127.0.0.1:1/supportd"\n')
    done = run("--config", str(lone), "health", "--json")
    told = {vital["what"]: vital for vital in json.loads(done.output)["vitals"]}
    assert (done.exit_code, told["database"]["status"], told["disk"]["status"]) == (2, "critical", "ok")


def test_a_configuration_with_mistakes_is_critical_and_said_as_monitors_expect_it(lone: Path) -> None:
    lone.write_text(lone.read_text() + "[smpt]\n")
    done = run("--config", str(lone), "health")
    assert (done.exit_code, done.stderr) == (2, "")
    assert done.stdout.startswith(f"SUPPORTD CRITICAL - configuration: {lone}:3: smpt: found ")
    told = json.loads(run("--config", str(lone), "health", "--json").stdout)
    assert (told["status"], [vital["what"] for vital in told["vitals"]]) == ("critical", ["configuration"])


def test_a_database_that_is_not_there_is_away_and_is_not_made(lone: Path) -> None:
    done = run("--config", str(lone), "health", "--json")
    told = {vital["what"]: vital for vital in json.loads(done.output)["vitals"]}
    assert (done.exit_code, told["database"]["status"]) == (2, "critical")
    assert "there is none yet" in told["database"]["detail"]
    assert not list(lone.parent.glob("supportd.db*"))


@pytest.mark.parametrize(("change", "status", "version"), [
    ("DELETE FROM schema_migration WHERE name = (SELECT max(name) FROM schema_migration)", 1, "an older schema ("),
    ("UPDATE schema_migration SET name = '9999_later' WHERE name = (SELECT max(name) FROM schema_migration)", 2, "the tables are of a"),
])  # fmt: skip
def test_a_database_of_another_version_is_told_and_left_as_it_is(lone: Path, change: str, status: int, version: str) -> None:
    database = open_database(f"sqlite:///{lone.parent}/supportd.db")
    with database.transaction():
        database.peewee.execute_sql(change)
        steps = database.peewee.execute_sql("SELECT name FROM schema_migration ORDER BY name").fetchall()
    config, now = load_config(lone), datetime.now(UTC)
    write(health_file_of(config), HealthWord(pid=os.getpid(), started_at=now, at=now), durably=False)
    done = run("--config", str(lone), "health", "--json")
    told = {vital["what"]: vital for vital in json.loads(done.output)["vitals"]}
    assert (done.exit_code, told["daemon"]["status"]) == (status, "ok")
    assert told["database"]["detail"].startswith(version)
    assert database.peewee.execute_sql("SELECT name FROM schema_migration ORDER BY name").fetchall() == steps
    database.close()
