"""A database with the fixture's directory in it is made once a session; each dialogue begins with a copy."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import daemon
from daemon.store.database import open_database
from daemon.store.directory import import_folder
from daemon.store.schema import Contact

DIRECTORY = Path(daemon.__file__).parent / "demo" / "directory"
SUPPORT = "support@support.example"
HELP = "help@support.example"


def settle(url: str) -> None:
    """Migrate a new database and load the directory into it."""
    database = open_database(url)
    with database.transaction():
        report = import_folder(DIRECTORY, own_addresses={SUPPORT, HELP}, calendars={"house", "berlin"})
    assert not report.mistakes, report.mistakes
    database.close()


@cache
def settled_file() -> Path:
    """An SQLite database to copy."""
    folder = Path(tempfile.mkdtemp(prefix="sd-settled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "supportd.db"
    settle(f"sqlite:///{path}")
    return path


def settled(url: str) -> None:
    """Let a database have the directory: a file that isn't there yet is copied, an empty database on PostgreSQL is filled."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        if not path.exists():
            shutil.copyfile(settled_file(), path)
            path.chmod(0o600)
            return
    database = open_database(url)
    database.connect()
    empty = not Contact.select().exists()
    database.close()
    if empty:
        settle(url)
