"""The commands that copy the database: what they say, and what follows."""

from __future__ import annotations

from pathlib import Path

from tests.cli.desk import Installation


def test_a_backup_goes_back_and_the_program_waits_for_a_person(day: Installation, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup.db")
    assert day.json("backup", backup)["rows"] > 10
    queued = len(day.json("outbox", "--state", "queued"))
    assert queued
    assert "is in place" in day.run("restore", backup).output
    verdicts = {verdict["what"]: verdict for verdict in day.json("check")}
    assert "held since" in verdicts["epoch"]["detail"]
    assert verdicts["backup"]["verdict"] == "good"
    day.run("run", "--once", "--stage", "tick")
    assert day.json("audit")["ok"]
    day.run("resume", status=2)
    told = day.json("resume", "--after-restore")
    assert told == {"resumed": True, "held_mails": queued, "kept_mails": 0}
    assert "It was not held" in day.run("resume", "--after-restore").output


def test_what_is_no_backup_is_refused_in_words(day: Installation) -> None:
    said = day.run("restore", str(day.folder / "supportd.toml"), status=1).output
    assert "is no backup" in said
    assert "nothing was changed" in said
    assert day.json("audit")["ok"]


def test_a_database_moves_and_its_books_go_with_it(day: Installation, tmp_path: Path) -> None:
    cases = day.json("cases")
    new = f"sqlite:///{tmp_path / 'new.db'}"
    assert "the books balance" in day.run("move-database", new).output
    configuration = day.folder / "supportd.toml"
    configuration.write_text(configuration.read_text().replace(day.url, new))
    assert day.json("cases") == cases
    assert day.json("audit")["ok"]
    assert "holds something already" in day.run("move-database", day.url, status=1).output
