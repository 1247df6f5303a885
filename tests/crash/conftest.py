"""Worlds to be killed: on each database, on pymap unless a test brings another mailbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conversations.fixtures import database_url, inbox, settled_postgres, without_move, world
from tests.conversations.world import DovecotInbox, PymapInbox, World
from tests.doubles import Sink
from tests.servers.postgres import fresh_database

__all__ = ["database_url", "inbox", "make_world", "settled_postgres", "without_move", "world"]


@pytest.fixture
def make_world(tmp_path: Path, sink: Sink, environment: Callable[..., dict[str, str]]) -> Iterator[Callable[..., World]]:
    """Makes a world on a database with a mailbox (of pymap, if none is given)."""
    with ExitStack() as stack:

        def make(database_url: str, inbox: PymapInbox | DovecotInbox | None = None, **settings: object) -> World:
            if inbox is None:
                inbox = PymapInbox()
                stack.callback(inbox.close)
            made = stack.enter_context(World(tmp_path / "world", database_url, inbox, sink, environment))
            if settings:
                made.configure(**settings)
            return made

        yield make


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite database that doesn't exist yet."""
    return f"sqlite:///{tmp_path / 'supportd.db'}"


@pytest.fixture
def postgres_database(postgres_url: str, settled_postgres: str) -> Iterator[str]:
    """The URL of a PostgreSQL database of its own, with the fixture's directory."""
    with fresh_database(postgres_url, settled_postgres) as url:
        yield url
