"""The fixture of this folder for what is read of promises: `life`, on both databases, with the people of `tests.rules.facts`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.actions.replies import Desk
from daemon.store.database import Database, open_database
from daemon.store.epoch import EpochFile, Epochs
from tests.actions.desk import made_desk, settle
from tests.servers.postgres import fresh_database
from tests.store.life import NOON, Life, lived


@pytest.fixture(scope="session")
def shipped_desk() -> Desk:
    """A desk that answers with the shipped templates."""
    return made_desk()


@pytest.fixture
def life(database_url: str, shipped_desk: Desk) -> Iterator[Life]:
    """A database with its directory and no case."""
    opened = open_database(database_url)
    settle(opened)
    yield Life(opened, shipped_desk)
    opened.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database without anything in it."""
    opened = open_database(database_url)
    yield opened
    opened.let_go()
    opened.close()


@pytest.fixture(scope="session")
def lived_file(tmp_path_factory: pytest.TempPathFactory, shipped_desk: Desk) -> Path:
    path = tmp_path_factory.mktemp("lived") / "supportd.db"
    opened = open_database(f"sqlite:///{path}")
    settle(opened)
    lived(Life(opened, shipped_desk))
    opened.close()
    return path


@pytest.fixture
def copied(lived_file: Path, tmp_path: Path, shipped_desk: Desk) -> Iterator[Life]:
    """The books above, to tamper with."""
    shutil.copy(lived_file, tmp_path / "supportd.db")
    opened = open_database(f"sqlite:///{tmp_path / 'supportd.db'}")
    opened.connect()
    yield Life(opened, shipped_desk)
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> EpochFile:
    """An epoch file that isn't there yet."""
    return EpochFile(tmp_path / "outside.epoch")


@pytest.fixture
def worked(life: Life, file: EpochFile) -> Life:
    """The books above on either database, in which a worker began its epoch."""
    Epochs(life.database, file).begin(NOON)
    return lived(life)


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path, postgres_url: str) -> Iterator[str]:
    """An empty database of the other kind."""
    if not database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'moved.db'}"
        return
    with fresh_database(postgres_url) as url:
        yield url
