"""The command import: its report, its exit status, its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from daemon.cli.app import application


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "supportd.toml").write_text('[house]\naddress = "support@support.example"\n')
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "organizations.csv").write_text("name,kind\nHouse,house\nAcme,customer\n")
    return tmp_path


def load(desk: Path, *options: str) -> Result:
    return CliRunner().invoke(application(), ["--config", str(desk / "supportd.toml"), "import", str(desk / "directory"), *options])


def test_the_report_counts_new_changed_and_unchanged_rows(desk: Path) -> None:
    assert load(desk).stdout.splitlines()[1].split() == ["organizations.csv", "2", "2", "0", "0"]
    (desk / "directory" / "organizations.csv").write_text("name,kind\nHouse,house\nAcme,partner\n")
    assert load(desk).stdout.splitlines()[1].split() == ["organizations.csv", "2", "0", "1", "1"]


def test_bad_rows_are_told_on_standard_error_and_exit_with_one(desk: Path) -> None:
    (desk / "directory" / "organizations.csv").write_text("name,kind\nHouse,hous\nAcme,\n")
    done = load(desk)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "organizations.csv:2: kind: 'hous'" in done.stderr
    assert "organizations.csv:3: kind: empty" in done.stderr
    assert "nothing was loaded" in done.stderr


def test_the_report_speaks_json(desk: Path) -> None:
    assert json.loads(load(desk, "--json").stdout)["files"] == [{"file": "organizations.csv", "rows": 2, "new": 2, "changed": 0}]
    (desk / "directory" / "organizations.csv").write_text("name,kind\nHouse,hous\n")
    done = load(desk, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["mistakes"][0]["line"] == 2


def test_the_address_of_the_house_belongs_to_no_contact(desk: Path) -> None:
    (desk / "directory" / "contacts.csv").write_text("handle,email,organization\nus,Support@support.example,House\n")
    assert "an address of ours" in load(desk).stderr


def test_a_folder_without_a_directory_is_told(desk: Path) -> None:
    (desk / "directory" / "organizations.csv").unlink()
    done = load(desk)
    assert done.exit_code == 1
    assert "organizations.csv" in done.stderr


def test_a_folder_that_is_not_there_is_a_mistake_of_usage(desk: Path) -> None:
    (desk / "directory").rename(desk / "elsewhere")
    assert load(desk).exit_code == 2
