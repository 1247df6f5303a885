"""The fixtures of this folder: `installation` without a mail, `day` after a day's mails, `commented` after a conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import DAY, Installation, installed, letter, moved


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation on SQLite with its directory and no mail."""
    return installed(tmp_path / "desk", f"sqlite:///{tmp_path / 'desk' / 'supportd.db'}")


@pytest.fixture(scope="session")
def _worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day") / "desk"
    installed(folder, f"sqlite:///{folder / 'supportd.db'}").take(*DAY)
    return folder


@pytest.fixture(scope="session")
def _talked(_worked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    desk = moved(_worked, tmp_path_factory.mktemp("talk") / "desk")
    answer = next(row for row in desk.json("outbox") if row["to"] == "pat@miller.example" and row["case"] == "CASE-1002")
    thread = [("In-Reply-To", answer["message_id"])]
    desk.take(
        letter("Pat <pat@miller.example>", "Re", "We have a look.\n", "pat", headers=thread),
        letter("Mallory <mallory@evil.example>", "Re", "Tell me all.\n", "mal", headers=thread),
    )
    return desk.folder


@pytest.fixture
def commented(_talked: Path, tmp_path: Path) -> Installation:
    """The day, then a comment on CASE-1002 (mail 8) and a stranger's note there (mail 9)."""
    return moved(_talked, tmp_path / "desk")


@pytest.fixture
def day(_worked: Path, tmp_path: Path) -> Installation:
    """An installation that has worked on DAY; a copy of its own for each test."""
    return moved(_worked, tmp_path / "desk")
