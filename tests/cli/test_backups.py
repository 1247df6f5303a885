"""The commands that copy the database: what they say, and what follows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from peewee import fn

from daemon.errors import Denied
from daemon.store.schema import Outbox
from tests.cli.desk import Installation, letter


def test_a_backup_goes_back_and_the_program_waits_for_a_person(day: Installation, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup.db")
    assert day.json("backup", backup)["rows"] > 10
    queued = len(day.json("outbox", "--state", "queued"))
    assert queued
    said = day.run("restore", backup).output
    assert "is in place" in said
    assert f"What was there before is kept: {day.folder / 'supportd.db.replaced'}" in said.replace("\n", " ")
    verdicts = {verdict["what"]: verdict for verdict in day.json("check")}
    assert "held since" in verdicts["epoch"]["detail"]
    assert verdicts["backup"]["verdict"] == "good"
    day.run("run", "--once", "--stage", "tick")
    assert day.json("audit")["ok"]
    day.run("resume", status=2)
    told = day.json("resume", "--after-restore")
    assert told == {"resumed": True, "held_mails": queued, "otherwise_held_mails": 0, "kept_mails": 0}
    assert "It was not held" in day.run("resume", "--after-restore").output


def test_what_is_no_backup_is_refused_in_words(day: Installation) -> None:
    said = day.run("restore", str(day.folder / "supportd.toml"), status=1).output
    assert "is no backup" in said
    assert "nothing was changed" in said
    assert day.json("audit")["ok"]


def test_a_backup_spares_the_configuration_and_its_words_are_of_the_file_that_was_named(day: Installation, tmp_path: Path) -> None:
    configuration = day.folder / "supportd.toml"
    before = configuration.read_bytes()
    assert "is no backup" in day.run("backup", str(configuration), status=1).output
    assert configuration.read_bytes() == before
    said = day.run("backup", str(tmp_path / "missing" / "b.db"), status=1).output
    assert "there is no folder" in said
    assert ".new" not in said
    assert "Errno" not in said


def test_the_books_of_a_backup_are_proved(day: Installation, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    day.run("backup", str(backup))
    assert day.json("audit", str(backup)) == day.json("audit")
    with closing(sqlite3.connect(backup)) as opened:
        opened.execute("UPDATE support_case SET subject = 'another' WHERE id = 1001")
        opened.commit()
    assert not day.json("audit", str(backup), status=1)["ok"]
    assert f"supportd audit {backup}" in day.run("restore", str(backup), status=1).output.replace("\n", "")
    assert "is no SQLite file" in day.run("audit", str(day.folder / "supportd.toml"), status=1).output


def test_a_database_moves_and_its_books_go_with_it(day: Installation, tmp_path: Path) -> None:
    cases = day.json("cases")
    new = f"sqlite:///{tmp_path / 'new.db'}"
    said = day.run("move-database", new).output
    assert "the books balance" in said
    assert f'url = "{new}"' in said.replace("\n", "")
    configuration = day.folder / "supportd.toml"
    configuration.write_text(configuration.read_text().replace(day.url, new))
    assert day.json("cases") == cases
    assert day.json("audit")["ok"]
    assert "holds something already" in day.run("move-database", day.url, status=1).output


def test_nobody_works_with_a_database_that_was_moved_away_until_it_is_taken_back(day: Installation, tmp_path: Path) -> None:
    new = f"sqlite:///{tmp_path / 'new.db'}"
    day.run("backup", str(tmp_path / "before.db"))
    queued = len(day.json("outbox", "--state", "queued"))
    day.run("move-database", new)
    for command in (
        ("run", "--once", "--stage", "apply"), ("ingest", day.write("b.eml", letter(number="late"))),
        ("import", str(day.folder / "directory")), ("backup", str(tmp_path / "before.db")),
        ("move-database", f"sqlite:///{tmp_path / 'other.db'}"), ("resume", "--after-restore"),
    ):  # fmt: skip
        with pytest.raises(Denied, match=f"was moved to {new}") as told:
            day.run(*command)
        assert f'url = "{new}"' in told.value.cure
    assert "was moved to" in day.run("cases").stderr
    for command in (("check", "--json"), ("health", "--json")):
        status = 1 if command[0] == "check" else 2
        assert f"it was moved to {new}" in day.run(*command, status=status).stdout
    assert "supportd resume --after-restore" in day.run("resume", "--after-move").output.replace("\n", " ")
    assert "It was not moved away" in day.run("resume", "--after-move").output
    day.run("run", "--once", "--stage", "tick")
    assert len(day.json("outbox", "--state", "held")) >= queued
    assert day.json("resume", "--after-restore")["resumed"]
    assert day.json("audit")["ok"]


def test_mails_that_were_held_for_another_reason_are_not_said_to_be_sent_perhaps(day: Installation, tmp_path: Path) -> None:
    database = day.database()
    with database.transaction():
        first = Outbox.select(fn.min(Outbox.id)).where(Outbox.state == "queued").scalar()
        Outbox.update(state="held", detail="loop: too many").where(Outbox.id == first).execute()
    database.close()
    queued = len(day.json("outbox", "--state", "queued"))
    assert "stay held" not in day.run("resume", "--after-restore").output
    day.run("backup", str(tmp_path / "backup.db"))
    day.run("restore", str(tmp_path / "backup.db"))
    said = day.run("resume", "--after-restore").output.replace("\n", " ")
    assert f"{queued} mail(s) stay held, as they may have been sent before" in said
    assert "1 mail(s) stay held, as they were" in said
