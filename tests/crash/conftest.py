"""Worlds to be killed: on each database, on pymap unless a test brings another mailbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conversations.world import DovecotInbox, PymapInbox, World
from tests.doubles import Sink


@pytest.fixture
def make_world(tmp_path: Path, sink: Sink, environment: Callable[..., dict[str, str]]) -> Iterator[Callable[..., World]]:
    """Makes a world on a database with a mailbox (of pymap, if none is given)."""
    with ExitStack() as stack:

        def make(database_url: str, inbox: PymapInbox | DovecotInbox | None = None, **settings: object) -> World:
            if inbox is None:
                inbox = PymapInbox()
                stack.callback(lambda: inbox.close())
            made = stack.enter_context(World(tmp_path / "world", database_url, inbox, sink, environment))
            if settings:
                made.configure(**settings)
            return made

        yield make
