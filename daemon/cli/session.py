"""What a command works with: the configuration it was started with, the database, the house."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from daemon.cli.output import say

if TYPE_CHECKING:
    from daemon.config import Config
    from daemon.store.database import Database
    from daemon.worker import House

NOT_GOOD = 1
"""Exit status: the thing asked about is not good, or not there."""


class Session:
    """The `--config` of this run; the configuration is read when a command first needs it."""

    config_file: Path | None = None


def load_config() -> Config:
    """Read the configuration. Raises ConfigError with every mistake."""
    from daemon.config import find_config
    from daemon.config import load_config as load

    return load(find_config(Session.config_file))


def wall_clock() -> datetime:
    """The time a command works at."""
    return clock()()


def clock() -> Callable[[], datetime]:
    """The one clock. Raises ConfigError when SUPPORTD_NOW is set and no time."""
    from daemon.errors import ConfigError
    from daemon.service import clock_of

    told = os.environ.get("SUPPORTD_NOW")
    try:
        return clock_of(told)
    except (ValueError, OverflowError):
        raise ConfigError((f"SUPPORTD_NOW: {told!r} is no ISO 8601 time such as 2026-11-23T15:05:00Z",)) from None


@contextmanager
def opened_database() -> Iterator[Database]:
    """The configured database, migrated; closed at the end. None is ever made: where there is none yet an empty one stands for it.

    Raises Denied when there was one and it is gone.
    """
    from daemon.store.epoch import moved_away

    with database_as_it_is() as database:
        database.migrate()
        with database.reading():
            moved = moved_away(database)
        if moved is not None:
            say(f"Note: {moved}.", error=True)
        yield database


@contextmanager
def database_as_it_is() -> Iterator[Database]:
    """The same, and not migrated either, for whoever only looks and may take long."""
    with ExitStack() as stack:
        database = _existing(load_config())
        if database is None:
            database = stack.enter_context(_empty_database())
        else:
            stack.callback(database.close)
        yield database


@contextmanager
def present_database() -> Iterator[Database]:
    """As `opened_database`, for whoever can do nothing with an empty one: raises Denied where there is none yet, too."""
    from daemon.errors import Denied
    from daemon.store.database import without_password

    config = load_config()
    database = _existing(config)
    if database is None:
        raise Denied(f"there is no database yet at {without_password(config.database.url)}", "the first `supportd run` makes it")
    with closing(database):
        database.migrate()
        yield database


@contextmanager
def made_database() -> Iterator[Database]:
    """The configured database, migrated; it is made where there is none. Raises Denied when it was moved elsewhere."""
    from daemon.store.database import open_database
    from daemon.store.epoch import refuse_moved_away

    config = load_config()
    password = config.database.password
    with closing(open_database(config.database.url, password.reveal() if password is not None else None)) as database:
        refuse_moved_away(database)
        yield database


def _existing(config: Config) -> Database | None:
    """The configured database as it is; None: there is none yet. Raises Denied when there was one, ConfigError when no place is for one."""
    from daemon.store.database import existing_database
    from daemon.wiring import obstacle_to_making_of, what_is_lost

    password = config.database.password
    told = password.reveal() if password is not None else None
    database = existing_database(config.database.url, told)
    if database is None:
        if (lost := what_is_lost(config)) is not None:
            raise lost
        obstacle_to_making_of(config)
    return database


@contextmanager
def _empty_database() -> Iterator[Database]:
    from daemon.store.database import open_database

    with TemporaryDirectory(prefix="supportd-") as folder, closing(open_database(f"sqlite:///{folder}/empty.db")) as database:
        yield database


@contextmanager
def opened_house(now: datetime | None = None) -> Iterator[House]:
    """Everything a stage works with, at the time `now` or the clock's."""
    from daemon.service import open_house

    with open_house(load_config(), (lambda: now) if now is not None else clock()) as house:
        yield house


@contextmanager
def looking_house(now: datetime | None = None) -> Iterator[House]:
    """As `opened_house`, for whoever only looks: no database is made, as by `opened_database`."""
    from daemon.service import open_house

    config = load_config()
    with ExitStack() as stack:
        existing = _existing(config)
        if existing is not None:
            existing.close()
        else:
            folder = stack.enter_context(TemporaryDirectory(prefix="supportd-"))
            stand_in = config.database.model_copy(update={"url": f"sqlite:///{folder}/empty.db", "password": None, "epoch_file": None})
            config = replace(config, database=stand_in)
        yield stack.enter_context(open_house(config, (lambda: now) if now is not None else clock()))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What is written there can't be, perhaps: then the command ends, with the name of the file and why."""
    try:
        yield
    except OSError as error:
        say(f"{error.filename or path}: {error.strerror}. Nothing was written; name another place.", error=True)
        raise typer.Exit(NOT_GOOD) from None


def parse_time(text: str) -> datetime:
    """An ISO 8601 time; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time such as 2026-11-23T15:05:00Z") from None
