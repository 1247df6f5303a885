"""The fixture of this folder for what is read of promises: `life`, on both databases, with the people of `tests.rules.facts`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.actions.replies import Desk
from daemon.store.database import Database, open_database
from tests.actions.desk import made_desk, settle
from tests.store.life import Life


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
