"""A world on each database; its mailbox is pymap inside the process, or (marker `dovecot`) a real Dovecot over TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conversations.settled import settle
from tests.conversations.world import DovecotInbox, Inbox, PymapInbox, World, trust_authority
from tests.doubles import Sink
from tests.servers.postgres import fresh_database


@pytest.fixture(params=["pymap", pytest.param("dovecot", marks=pytest.mark.dovecot)])
def inbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """An empty mailbox."""
    if request.param == "pymap":
        with ExitStack() as stack:
            made = PymapInbox()
            stack.callback(made.close)
            yield made
        return
    server = request.getfixturevalue("dovecot")
    trust_authority(server, monkeypatch.setenv)
    yield DovecotInbox(server)


@pytest.fixture(scope="session")
def settled_postgres(postgres_url: str) -> Iterator[str]:
    """A database on PostgreSQL with the fixture's directory in it, to copy."""
    with fresh_database(postgres_url) as url:
        settle(url)
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database for a world: a file that isn't there yet, or a database of its own with the directory."""
    yield from _database_url(request, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.dovecot])])
def gate_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A `database_url` for dialogues in which the database has little part: PostgreSQL is tried in the full run alone, with Dovecot."""
    yield from _database_url(request, tmp_path)


def _database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'supportd.db'}"
        return
    with fresh_database(request.getfixturevalue("postgres_url"), request.getfixturevalue("settled_postgres")) as url:
        yield url


@pytest.fixture
def world(tmp_path: Path, database_url: str, inbox: Inbox, sink: Sink, environment: Callable[..., dict[str, str]]) -> Iterator[World]:
    """A fresh installation with the fixture's directory."""
    with World(tmp_path / "world", database_url, inbox, sink, environment) as made:
        yield made


@pytest.fixture
def make_world(tmp_path: Path, sink: Sink, environment: Callable[..., dict[str, str]]) -> Iterator[Callable[..., World]]:
    """A world with a mailbox and a database of the test's choice."""
    with ExitStack() as stack:

        def make(inbox: Inbox, database_url: str | None = None, **settings: Any) -> World:
            url = database_url or f"sqlite:///{tmp_path / 'supportd.db'}"
            made = stack.enter_context(World(tmp_path / "world", url, inbox, sink, environment))
            if settings:
                made.configure(**settings)
            return made

        yield make


@pytest.fixture
def without_move(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server can UIDPLUS but not MOVE."""
    inbox = request.getfixturevalue("inbox")
    if isinstance(inbox, DovecotInbox):
        server = request.getfixturevalue("make_dovecot")(capability="IMAP4rev1 IDLE UIDPLUS")
        trust_authority(server, monkeypatch.setenv)
        inbox.server = server
        return
    from pymap.config import IMAPConfig

    monkeypatch.setattr(IMAPConfig, "login_capability", property(lambda _: [b"UIDPLUS", b"IDLE"]))
