"""The command lift: what it lists, what it ends, its exit status, its JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from daemon.cli.app import application
from daemon.store.database import open_database
from daemon.store.schema import MailHold, Undeliverable
from daemon.store.statements import insert

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "supportd.toml").write_text('[house]\naddress = "support@support.example"\n')
    opened = open_database(f"sqlite:///{tmp_path / 'supportd.db'}")
    with opened.transaction():
        insert(Undeliverable, [{"address": "ann@acme.example", "bounces": 2, "last_at": AT}], ids=False)
        insert(MailHold, [{"address": "*", "since": AT, "until": datetime(2100, 1, 1, tzinfo=UTC), "reason": "breaker: open"}], ids=False)
    opened.close()
    return tmp_path


def lift(desk: Path, *arguments: str) -> Result:
    return CliRunner().invoke(application(), ["--config", str(desk / "supportd.toml"), "lift", *arguments])


def test_it_lists_what_is_not_mailed_and_why(desk: Path) -> None:
    found = json.loads(lift(desk, "--json").stdout)
    assert [(one["address"], one["reason"]) for one in found] == [
        ("*", "breaker: open"), ("ann@acme.example", "undeliverable: 2 mails bounced for good"),
    ]  # fmt: skip


def test_what_was_lifted_is_listed_no_more_and_can_t_be_lifted_twice(desk: Path) -> None:
    assert lift(desk, "Ann@Acme.Example").exit_code == 0
    assert lift(desk, "*").exit_code == 0
    assert json.loads(lift(desk, "--json").stdout) == []
    again = lift(desk, "ann@acme.example")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "Nothing is held back from ann@acme.example" in again.stderr
