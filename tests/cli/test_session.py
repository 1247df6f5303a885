"""What a command works with: its configuration, its clock, its database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from daemon.cli import session
from daemon.cli.app import application
from daemon.cli.session import Session, clock, load_config, opened_database, opened_house, parse_time, wall_clock
from daemon.errors import ConfigError
from tests.cli.desk import Installation


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T15:05:00Z", datetime(2026, 11, 23, 15, 5, tzinfo=UTC)),
        ("2026-11-23T10:05:00-05:00", datetime(2026, 11, 23, 15, 5, tzinfo=UTC)),
        ("2026-11-23 15:05", datetime(2026, 11, 23, 15, 5, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_times_are_iso_and_without_a_zone_utc(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "23.11.2026", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_a_mistake_of_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no ISO 8601 time"):
        parse_time(text)


def test_the_clock_is_the_wall_unless_it_is_told_to_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPPORTD_NOW", raising=False)
    assert abs(wall_clock() - datetime.now(UTC)) < timedelta(minutes=1)
    monkeypatch.setenv("SUPPORTD_NOW", "2026-11-23T10:05:00-05:00")
    read = clock()
    assert read() == read() == datetime(2026, 11, 23, 15, 5, tzinfo=UTC)


def test_a_clock_that_is_told_nonsense_is_a_mistake_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTD_NOW", "noon")
    with pytest.raises(ConfigError, match="SUPPORTD_NOW"):
        clock()


@pytest.fixture
def chosen(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The installation, as --config has chosen it."""
    monkeypatch.setattr(Session, "config_file", installation.folder / "supportd.toml")
    return installation


def test_the_configuration_is_the_one_that_was_named(chosen: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_config().path == chosen.folder / "supportd.toml"
    monkeypatch.setattr(Session, "config_file", tmp_path / "none.toml")
    with pytest.raises(ConfigError):
        load_config()


def test_the_database_is_closed_whatever_happens(chosen: Installation) -> None:
    with opened_database() as database:
        database.connect()
    assert database.peewee.is_closed()


def test_the_database_is_closed_after_an_error_too(chosen: Installation) -> None:
    seen = []

    def fails() -> None:
        with opened_database() as database:
            database.connect()
            seen.append(database)
            raise LookupError

    with pytest.raises(LookupError):
        fails()
    assert seen[0].peewee.is_closed()


def test_a_house_works_at_the_time_it_is_given(chosen: Installation) -> None:
    moment = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
    with opened_house(now=moment) as house:
        assert house.now() == moment
        assert house.policy.house_address == "support@support.example"
    assert house.database.peewee.is_closed()
    assert session.NOT_GOOD == 1


@pytest.mark.parametrize("arguments", [("init", "FOLDER"), ("demo", "--once", "--keep", "FOLDER")], ids=lambda words: words[0])
def test_a_folder_that_can_not_be_made_is_named_and_no_traceback_is_shown(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("no folder")
    wanted = str(tmp_path / "file" / "world")
    done = CliRunner().invoke(application(), [wanted if word == "FOLDER" else word for word in arguments])
    assert done.exit_code == 1
    assert "Not a directory. Nothing was written; name another place." in done.stderr
    assert str(tmp_path / "file") in done.stderr
