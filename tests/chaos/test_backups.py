"""Backups made while the daemon works, and a database that moves, by the commands that people give: books that balance, each time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.record import saw, size
from tests.chaos.test_databases import PATIENT, Work
from tests.conversations.world import World, end, until
from tests.crash import rig
from tests.servers.postgres import fresh_database

pytestmark = [pytest.mark.chaos, pytest.mark.crash]


def supportd(world: World, config: Path, *arguments: str) -> Any:
    """What a command says as JSON; it must end well."""
    command = [*world.command()[:-1], str(config), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=world.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(600)
def test_a_backup_made_while_mails_are_worked_on_is_of_one_moment_and_keeps_no_mail_waiting(
    make_world: Callable[..., World], database_url: str, tmp_path: Path
) -> None:
    world = make_world(database_url)
    work = Work(world)
    backup, rounds, meanwhile, missing = tmp_path / "backup.db", size(1, 10), 0, 0
    there = tmp_path / "there"
    there.mkdir()
    daemon = rig.begin(world, "run")
    try:
        work.deliver(4)
        work.wait()
        for number in range(rounds):
            before = work.delivered
            copying = subprocess.Popen(world.command("backup", str(backup)), stdout=subprocess.DEVNULL, env=world.environment())
            while copying.poll() is None:
                work.deliver(1)
                until(lambda: world.log_lines("mail-decided") >= work.delivered, "no mail is worked on", PATIENT)
            assert copying.returncode == 0
            meanwhile += work.delivered - before
            config = there / f"{number}.toml"
            config.write_text(f'[house]\naddress = "support@support.example"\n[database]\nurl = "sqlite:///{number}.db"\n')
            supportd(world, config, "restore", str(backup))
            books = supportd(world, config, "audit")
            assert books["received"] <= work.delivered
            missing += max(0, before - books["acted"])
        assert meanwhile > rounds
        work.wait()
        assert end(daemon, PATIENT) == 0
    finally:
        rig.kill(daemon)
    lost, doubled = work.lost_and_doubled()
    saw("G18", "a backup made and put back while mails are worked on", times=rounds, lost=lost + missing, doubled=doubled)


@pytest.mark.postgres
def test_a_database_that_moved_to_a_server_goes_on_there_and_nobody_works_with_the_old_one(
    make_world: Callable[..., World], sqlite_url: str, postgres_url: str
) -> None:
    world = make_world(sqlite_url)
    work = Work(world)
    work.deliver(3)
    rig.round_again(world)
    cases = json.loads(world.cli("cases", "--json"))
    with fresh_database(postgres_url) as url:
        assert "the books balance" in world.cli("move-database", url)
        old = world.path.read_text()
        world.path.write_text(old.replace(sqlite_url, url))
        assert json.loads(world.cli("audit", "--json"))["ok"]
        assert json.loads(world.cli("cases", "--json")) == cases
        work.deliver(1)
        rig.round_again(world)
        assert json.loads(world.cli("audit", "--json"))["acted"] == 4
        lost, doubled = work.lost_and_doubled()
        world.close()
        sent = world.log_lines("mail-sent")
        # by mistake
        world.path.write_text(old)
        rig.round_again(world, 2)
        assert f"was moved to {url.replace(':@', '@')}" in world.log()
        # and when it is taken back on purpose, nothing of it is done again
        world.cli("resume", "--after-move")
        rig.round_again(world)
        assert world.log_lines("held-after-restore") == 1
        assert world.log_lines("mail-sent") == sent
        saw("G18", "a database moved to a server, both started", times=1, lost=lost, doubled=doubled, note="SQLite, then PostgreSQL")
        world.close()
