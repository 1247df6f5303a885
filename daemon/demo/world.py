"""A world of its own in one folder: configuration, key, database, directory, and the two embedded servers it speaks with.

What works in it is the real program: the rounds are `service.run_once`, the serving is `service.Service`.
"""

from __future__ import annotations

import itertools
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path

from daemon.config import Config, load_config
from daemon.demo.mails import ALIAS, AUTHSERV, SUPPORT, Sample
from daemon.demo.servers import EmbeddedImap, EmbeddedSmtp
from daemon.errors import ConfigError
from daemon.pulse import Pulse
from daemon.service import STAGES, STOP_SECONDS, Service, database_of, open_house, run_once
from daemon.store.directory import import_folder
from daemon.store.sheets import SHEETS
from daemon.watchman import Watchman
from daemon.worker import House

DIRECTORY = Path(__file__).parent / "directory"
"""The sample organizations, people, systems, contracts and queues."""

PASSWORD_OCTETS = 16
KEY_OCTETS = 32

_CONFIGURATION = f"""\
# The configuration of a demo. Its two servers end with it; the database stays readable as long as the folder is there.

[house]
name = "Example Support"
address = "{SUPPORT}"
aliases = ["{ALIAS}"]
domains = ["support.example"]
calendar = "house"

[database]
url = "sqlite:///supportd.db"

[keys]
reply = {{ file = "reply.key" }}

[[mailbox]]
name = "support"
host = "127.0.0.1"
port = %(imap)d
tls = "none"                    # allowed on loopback only
username = "support"
password = {{ file = "imap.password" }}

[smtp]
host = "127.0.0.1"
port = %(smtp)d
tls = "none"

[trust]
authserv_id = "{AUTHSERV}"      # the sample mails carry what this imagined provider says of their senders
reply_address = "support+{{token}}@support.example"

[calendars.house]
timezone = "America/New_York"
country = "US"

[calendars.berlin]
timezone = "Europe/Berlin"
country = "DE"
"""


def require_servers() -> None:
    """Raises ConfigError when the libraries of the embedded servers are not installed."""
    missing = []
    for name in ("pymap", "aiosmtpd"):
        try:
            import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        are = "are" if len(missing) > 1 else "is"
        raise ConfigError(
            (f"The demo brings its own mail servers, and {' and '.join(missing)} {are} missing: pip install 'supportd[demo]'",)
        )


def own_files(folder: Path) -> list[Path]:
    """The files of a world that would be written over in this folder."""
    names = ("supportd.toml", "reply.key", "imap.password", "supportd.db", "supportd.log")
    return [folder / name for name in names if (folder / name).exists()]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Servers, configuration and house of a demo, alive until `open_world` ends."""

    folder: Path
    imap: EmbeddedImap
    smtp: EmbeddedSmtp
    config: Config
    house: House
    directory: dict[str, int]
    """How many rows of each directory file were loaded."""
    arrivals: dict[str, datetime] = field(default_factory=dict, repr=False)
    """When mails came through the SMTP door, by the sha256 of their octets."""

    def deliver(self, samples: Sequence[Sample]) -> None:
        """Put mails in the inbox, as the provider of the mailbox does."""
        for sample in samples:
            self.imap.deliver(sample.octets, internal_date=sample.arrived)

    def round(self) -> None:
        """One full round of the program: fetch, apply, tick, send. What our relay sends lies in `smtp.sent` then."""
        run_once(self.config, self.house)

    @contextmanager
    def serving(self, stop: threading.Event) -> Iterator[Service]:
        """The daemon at work until the block ends, in threads of this process. `stop` is set at the end."""
        pulse = Pulse()
        watchman = Watchman(self.config, STAGES, self.house.now, pulse)
        watchman.turn(self.config, self.house.epochs)
        service = Service(
            self.config, self.house, STAGES, stop, pulse, watchman.mailbox_was_read, watchman.mails_are_gone,
            is_away=watchman.mailbox_is_away,
        )  # fmt: skip
        watchman.start(self.house.database)
        service.start()
        try:
            yield service
        finally:
            stop.set()
            service.join(STOP_SECONDS)
            watchman.close()


@contextmanager
def open_world(folder: Path, now: Callable[[], datetime], stopping: Callable[[], bool]) -> Iterator[World]:
    """Write a world to this folder, which exists, load its directory and start its servers; stop them at the end."""
    password = secrets.token_urlsafe(PASSWORD_OCTETS)
    arrivals: dict[str, datetime] = {}
    with EmbeddedImap(password=password) as imap:
        door = _Door(imap, now, arrivals)
        with EmbeddedSmtp(deliver=door.take, inbox=is_ours) as smtp:
            _write(folder / "supportd.toml", _CONFIGURATION % {"imap": imap.port, "smtp": smtp.port})
            _write(folder / "reply.key", secrets.token_urlsafe(KEY_OCTETS) + "\n", secret=True)
            _write(folder / "imap.password", password + "\n", secret=True)
            config = load_config(folder / "supportd.toml")
            directory = _load_directory(config)
            with open_house(config, now, stopping=stopping) as house:
                yield World(folder=folder, imap=imap, smtp=smtp, config=config, house=house, directory=directory, arrivals=arrivals)


def is_ours(path: str) -> bool:
    """Whether mail for this address goes to the support mailbox: its own, its alias, or a signed reply address."""
    address = path.lower()
    local, _, domain = address.rpartition("@")
    return address in (SUPPORT, ALIAS) or (domain == SUPPORT.rpartition("@")[2] and local.startswith(f"{SUPPORT.partition('@')[0]}+"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    number: int
    at: datetime


class _Door:
    """Where mail from outside comes in by SMTP: it is marked as every mail server does, and put in the inbox.

    The Received field on top (RFC 5321 section 4.4) stands above whatever the sender wrote, so a sender's own
    Authentication-Results are not taken for our provider's. A missing Date or Message-ID is added (RFC 6409 section 8).
    """

    def __init__(self, imap: EmbeddedImap, now: Callable[[], datetime], arrivals: dict[str, datetime]) -> None:
        self._imap, self._now, self._arrivals = imap, now, arrivals
        self._numbers = itertools.count(1)

    def take(self, octets: bytes) -> None:
        arrival = _Arrival(number=next(self._numbers), at=self._now())
        marked = _marked(octets, arrival)
        self._arrivals[sha256(marked).hexdigest()] = arrival.at
        self._imap.deliver(marked, internal_date=arrival.at)


def _marked(octets: bytes, arrival: _Arrival) -> bytes:
    domain = SUPPORT.rpartition("@")[2]
    name = f"{arrival.number}.{int(arrival.at.timestamp())}.{secrets.token_hex(4)}"
    date = format_datetime(arrival.at)
    fields = [f"Received: from localhost by {domain} with ESMTP id {name}; {date}"]
    head = BytesHeaderParser().parsebytes(octets)
    if "date" not in head:
        fields.append(f"Date: {date}")
    if "message-id" not in head:
        fields.append(f"Message-ID: <{name}@demo.{domain}>")
    return "".join(f"{line}\r\n" for line in fields).encode() + octets


def _load_directory(config: Config) -> dict[str, int]:
    database = database_of(config)
    try:
        with database.transaction():
            report = import_folder(DIRECTORY, own_addresses=config.own_addresses(), calendars=config.calendars)
    finally:
        database.close()
    if report.mistakes:
        raise ConfigError(tuple(str(mistake) for mistake in report.mistakes))
    stems = {sheet.file: sheet.file.removesuffix(".csv") for sheet in SHEETS}
    return {stems[file.file]: file.rows for file in report.files}


def _write(path: Path, text: str, *, secret: bool = False) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644), "w", encoding="utf-8") as file:
        file.write(text)
