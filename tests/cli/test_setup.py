"""init, check, templates: from nothing to an installation that says of itself whether it would work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from daemon.cli.app import application
from daemon.config import load_config
from daemon.store.sheets import SHEETS


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(), list(arguments))


@pytest.fixture
def lone(tmp_path: Path) -> Path:
    path = tmp_path / "supportd.toml"
    path.write_text('[house]\naddress = "support@support.example"\n')
    return path


def test_init_writes_an_installation_that_is_read_without_a_mistake(tmp_path: Path) -> None:
    done = run("init", str(tmp_path / "desk"))
    assert done.exit_code == 0, done.output
    assert "check --online" in done.output
    config = load_config(tmp_path / "desk" / "supportd.toml")
    assert len(config.keys.reply.reveal()) == 64
    assert (tmp_path / "desk" / "reply.key").stat().st_mode & 0o777 == 0o600
    for sheet in SHEETS:
        assert (tmp_path / "desk" / "directory" / sheet.file).read_text() == ",".join(sheet.columns) + "\n"
    assert list((tmp_path / "desk" / "templates").rglob("*.md"))


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    run("init", str(tmp_path / "a"))
    run("init", str(tmp_path / "b"))
    assert (tmp_path / "a" / "reply.key").read_text() != (tmp_path / "b" / "reply.key").read_text()


@pytest.mark.parametrize("there", ["supportd.toml", "reply.key", "directory/contacts.csv", "templates"])
def test_init_overwrites_nothing(tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")
    done = run("init", str(tmp_path))
    assert done.exit_code == 1
    assert there in done.output
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / there]


def test_the_directory_of_init_can_be_imported(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    done = run("--config", str(tmp_path / "supportd.toml"), "import", str(tmp_path / "directory"))
    assert done.exit_code == 0, done.output


def test_check_says_what_how_and_the_cure(lone: Path) -> None:
    done = run("--config", str(lone), "check")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[0].split() == ["What", "Verdict", "Found", "How", "to", "mend"]
    assert "rendered with sample data" in done.output


def test_check_speaks_json(lone: Path) -> None:
    verdicts = json.loads(run("--config", str(lone), "check", "--json").stdout)
    assert {"what", "verdict", "detail", "mend"} == set(verdicts[0])


def test_check_fails_where_a_password_is_missing(lone: Path) -> None:
    lone.write_text(lone.read_text() + '[smtp]\nhost = "h.example"\nusername = "u"\npassword = { file = "nowhere" }\n')
    done = run("--config", str(lone), "check")
    assert done.exit_code == 1
    assert "smtp.password" in done.output


def test_templates_are_listed(lone: Path) -> None:
    found = json.loads(run("--config", str(lone), "templates", "--json").stdout)
    assert "case-received" in {template["name"] for template in found}
    assert "case-received" in run("--config", str(lone), "templates").output


def test_a_template_is_shown_with_sample_data(lone: Path) -> None:
    done = run("--config", str(lone), "templates", "show", "case-received")
    assert done.exit_code == 0
    assert "Subject: " in done.output
    assert "CASE-1001" in done.output
    assert "{{" not in done.output


def test_the_html_of_a_template_stands_alone(lone: Path) -> None:
    assert run("--config", str(lone), "templates", "show", "case-received", "--html").output.startswith("<!DOCTYPE html>")


def test_an_unknown_template_is_guessed(lone: Path) -> None:
    done = run("--config", str(lone), "templates", "show", "case-recieved")
    assert done.exit_code == 1
    assert "Did you mean 'case-received'?" in done.output
