"""The fixtures of this folder: `desk`, an installation without a mail, and `day`, one that has had its day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import DAY, Installation, installed


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation on SQLite with its directory and no mail."""
    return installed(tmp_path / "desk", f"sqlite:///{tmp_path / 'desk' / 'supportd.db'}")


@pytest.fixture(scope="session")
def _worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day") / "desk"
    installed(folder, f"sqlite:///{folder / 'supportd.db'}").take(*DAY)
    return folder


@pytest.fixture
def day(_worked: Path, tmp_path: Path) -> Iterator[Installation]:
    """An installation that has worked on DAY; a copy of its own for each test."""
    import shutil

    folder = tmp_path / "desk"
    shutil.copytree(_worked, folder)
    (folder / "supportd.toml").write_text((folder / "supportd.toml").read_text().replace(str(_worked), str(folder)))
    yield Installation(folder=folder, url=f"sqlite:///{folder / 'supportd.db'}")
