"""Whoever only looks, before the first run: an answer comes, and the folder is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.errors import ConfigError, Denied
from tests.cli.desk import Installation

MAIL = b"From: ann@acme.example\r\nTo: support@support.example\r\nSubject: a trial\r\nMessage-ID: <a@acme.example>\r\n\r\nHello.\r\n"


def told(desk: Installation, *command: str, status: int) -> str:
    """What a command says, also of a mistake that the frame of the command line would put in words."""
    try:
        return desk.run(*command, status=status).output
    except (ConfigError, Denied) as error:
        assert status == 2
        return f"{error} {error.cure if isinstance(error, Denied) else ''}"


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (("explain", "a.eml"), 0, "case-opened"),
        (("form", "try", "a.eml"), 1, ""),
        (("check-auth", "a.eml", "b.eml"), 1, "does not tell them apart"),
        (("answer", "--email", "ann@acme.example", "--issue", "lost my key"), 1, "ask identify"),
        (("audit",), 0, "received 0"),
        (("cases",), 0, ""),
        (("case", "1001"), 1, "There is no case"),
        (("mail",), 0, ""),
        (("outbox",), 0, ""),
        (("outbox", "drop", "1", "--why", "no"), 1, "Outgoing mail 1"),
        (("quarantine",), 0, ""),
        (("lift",), 0, ""),
        (("report",), 0, "No promises"),
        (("workers",), 0, "On SQLite"),
        (("backup", "b.db"), 2, "there is no database yet"),
        (("move-database", "sqlite:///new.db"), 2, "there is no database yet"),
        (("resume", "--after-restore"), 2, "there is no database yet"),
    ],
    ids=lambda value: "-".join(value[:2]) if isinstance(value, tuple) else None,
)
def test_what_only_looks_makes_no_database(
    command: tuple[str, ...], status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = Installation(folder=tmp_path / "desk", url="")
    desk.run("init", str(desk.folder))
    desk.write("a.eml", MAIL)
    desk.write("b.eml", MAIL.replace(b"<a@", b"<b@"))
    before = sorted(path.relative_to(desk.folder) for path in desk.folder.rglob("*"))
    names = [str(desk.folder / word) if word.endswith(".eml") else word for word in command]
    assert said in told(desk, *names, status=status)
    assert sorted(path.relative_to(desk.folder) for path in desk.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "command",
    [
        ("audit",), ("cases", "--json"), ("mail",), ("outbox",), ("quarantine",), ("report",), ("workers",), ("explain", "1"),
        ("outbox", "release", "1"), ("backup", "nightly.db"), ("move-database", "sqlite:///new.db"), ("resume", "--after-restore"),
    ],
    ids="-".join,
)  # fmt: skip
def test_a_database_that_is_gone_is_missed_and_what_says_so_stays(
    command: tuple[str, ...], day: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nightly = tmp_path / "nightly.db"
    monkeypatch.chdir(tmp_path)
    day.run("run", "--once", "--stage", "tick")
    day.run("backup", str(nightly))
    for path in day.folder.glob("supportd.db*"):
        if ".epoch" not in path.name:
            path.unlink()
    epoch, copy = (day.folder / "supportd.db.epoch").read_bytes(), nightly.read_bytes()
    said = told(day, *command, status=2)
    assert f"there is no database at {day.url}, but one was at work" in said
    assert "supportd restore FILE" in said
    assert not (day.folder / "supportd.db").exists()
    assert (day.folder / "supportd.db.epoch").read_bytes() == epoch
    assert nightly.read_bytes() == copy


def test_the_check_up_and_health_miss_it_too(day: Installation) -> None:
    day.run("run", "--once", "--stage", "tick")
    (day.folder / "supportd.db").unlink()
    found = {verdict["what"]: verdict for verdict in day.json("check", status=1)}
    assert "one was at work" in found["database"]["detail"]
    vitals = {vital["what"]: vital for vital in day.json("health", status=2)["vitals"]}
    assert "one was at work" in vitals["database"]["detail"]


def test_one_that_mails_were_put_into_instead_is_not_backed_up_in_its_place_and_is_held_as_before(
    day: Installation, tmp_path: Path
) -> None:
    nightly = tmp_path / "nightly.db"
    day.run("run", "--once", "--stage", "tick")
    day.run("backup", str(nightly))
    (day.folder / "supportd.db").unlink()
    day.run("ingest", day.write("a.eml", MAIL))
    copy = nightly.read_bytes()
    said = day.run("backup", str(nightly), status=1).output
    assert "is not the database that was at work here" in said.replace("\n", " ")
    assert nightly.read_bytes() == copy
    day.run("run", "--once", "--stage", "apply")
    assert "held since" in {verdict["what"]: verdict["detail"] for verdict in day.json("check")}["epoch"]


def test_a_place_that_is_not_there_is_no_empty_database(installation: Installation) -> None:
    configuration = installation.folder / "supportd.toml"
    configuration.write_text(configuration.read_text().replace("/supportd.db", "/unmounted/supportd.db"))
    assert "does not exist" in told(installation, "audit", status=2)
