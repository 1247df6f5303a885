"""The fixtures of this folder: `database`, fresh and settled, on SQLite and on PostgreSQL; `desk` with the shipped templates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.actions.replies import Desk
from daemon.store.database import Database, open_database
from tests.actions.desk import made_desk, settle


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the directory of `tests.rules.facts`."""
    opened = open_database(database_url)
    settle(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def desk() -> Desk:
    """A desk that answers with the shipped templates."""
    return made_desk()
