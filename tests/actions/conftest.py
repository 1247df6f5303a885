"""The fixtures of this folder: `database`, fresh and settled, on SQLite and on PostgreSQL; `desk` with the shipped templates.

Making a PostgreSQL database takes longer than these tests do, so they share one and each empties it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.actions.replies import Desk
from daemon.store.database import Database, open_database
from tests.actions.desk import TABLE_NAMES, made_desk, settle
from tests.servers.postgres import fresh_database


@pytest.fixture(scope="session")
def _settled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settled") / "supportd.db"
    database = open_database(f"sqlite:///{path}")
    settle(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def _shared_postgres(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        open_database(url).close()
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the directory of `tests.rules.facts` and nothing else."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_settled_file"), tmp_path / "supportd.db")
        opened = open_database(f"sqlite:///{tmp_path / 'supportd.db'}")
    else:
        opened = open_database(request.getfixturevalue("_shared_postgres"))
        with opened.transaction():
            opened.peewee.execute_sql(f"TRUNCATE {TABLE_NAMES} RESTART IDENTITY CASCADE")
        settle(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def desk() -> Desk:
    """A desk that answers with the shipped templates."""
    return made_desk()
