"""Read the configuration once and report every mistake at once.

The door for tomllib, pydantic and the environment (with `configuration/` behind it). `config/supportd.toml` shows every key
with its default. Where a file of rules or a template is missing beside the configuration, the shipped one holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from pydantic import ValidationError

from daemon.configuration.keys import (
    IMPLICIT_PORTS,
    AfterKeys,
    AlarmKeys,
    CalendarKeys,
    ConfigKeys,
    DatabaseKeys,
    DigestsKeys,
    HoursKeys,
    HouseKeys,
    KeysKeys,
    KeywordsKeys,
    LimitsKeys,
    MailboxKeys,
    OauthKeys,
    SmtpKeys,
    TrustKeys,
)
from daemon.configuration.mistakes import Source, contradictions, misread, read_toml
from daemon.configuration.secret import Secret
from daemon.errors import ConfigError, Problem
from daemon.model import AddrSpec

__all__ = [
    "AfterKeys", "AlarmKeys", "CalendarKeys", "Config", "DatabaseKeys", "DigestsKeys", "HouseKeys", "HoursKeys", "KeysKeys",
    "KeywordsKeys", "LimitsKeys", "MailboxKeys", "OauthKeys", "Secret", "SmtpKeys", "TrustKeys", "data_dir", "find_config", "load_config",
]  # fmt: skip

SYSTEM_CONFIG = Path("/etc/supportd/supportd.toml")

ETC, VAR_LIB = Path("/etc"), Path("/var/lib")
"""Where systemd keeps the configuration and the state of a service, each in a folder of the service's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration as it holds, every default filled in. Attributes are named as the keys of the file.

    Secrets are still sealed: `reveal()` reads them when they are needed. `database.url` is absolute.
    """

    path: Path
    house: HouseKeys
    database: DatabaseKeys
    keys: KeysKeys
    mailbox: tuple[MailboxKeys, ...]
    smtp: SmtpKeys | None
    alarm: AlarmKeys
    trust: TrustKeys
    keywords: KeywordsKeys
    digests: DigestsKeys
    limits: LimitsKeys
    calendars: dict[str, CalendarKeys]

    @property
    def directory(self) -> Path:
        """The folder of the file: relative paths start here."""
        return self.path.parent

    @property
    def state_directory(self) -> Path:
        """Where the daemon writes what no database holds: see `state_directory`."""
        return state_directory(self.directory, os.environ.get("STATE_DIRECTORY", ""))

    def located(self, url: str) -> str:
        """A database's URL with an SQLite file relative to this folder made absolute, as `database.url` is."""
        return _absolute(url, self.directory)

    def templates_dirs(self) -> tuple[Path, ...]:
        """The shipped templates, then the installation's own beside the file, if there are any: the later one wins."""
        shipped, own = data_dir("templates"), self.directory / "templates"
        return (shipped, own) if own.is_dir() and own.resolve() != shipped.resolve() else (shipped,)

    def forms_dirs(self) -> tuple[Path, ...]:
        """The shipped forms, then the installation's own beside the file, if there are any: the later one wins."""
        shipped, own = data_dir("config") / "forms", self.directory / "forms"
        return (shipped, own) if own.is_dir() and own.resolve() != shipped.resolve() else (shipped,)

    def own_addresses(self) -> frozenset[AddrSpec]:
        """Every address that is us; signed reply addresses are ours too, but each is another."""
        return frozenset(AddrSpec(address) for address in (self.house.address, *self.house.aliases))

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret that the file speaks of."""
        found = [self.keys.reply, self.database.password]
        servers: list[MailboxKeys | SmtpKeys] = [*self.mailbox, *(smtp for smtp in (self.smtp, self.alarm.smtp) if smtp is not None)]
        for server in servers:
            found += [server.password, server.oauth.client_secret if server.oauth is not None else None]
        return tuple(secret for secret in found if secret is not None)


def data_dir(name: str) -> Path:
    """The folder of shipped data ("templates", "config", "systemd"), from a wheel as from a checkout."""
    package = Path(__file__).resolve().parent
    packed = package / "_data" / name
    return packed if packed.is_dir() else package.parent / name


def state_directory(directory: Path, given: str, *, etc: Path = ETC, var_lib: Path = VAR_LIB) -> Path:
    """Where an installation whose configuration lies in `directory` keeps its state: /var/lib/NAME for /etc/NAME, if there is one.

    Else the folder `given` by systemd ($STATE_DIRECTORY; of several the first), else that of the configuration. What systemd gives
    comes second: whoever runs a command by hand, or from a unit of another name, is to find what the daemon wrote.
    """
    named = var_lib / directory.name
    if directory.parent == etc and named.is_dir():
        return named
    first = given.partition(":")[0]
    return Path(first) if first else directory


def find_config(explicit: Path | None = None) -> Path:
    """The configuration file: the one given, $SUPPORTD_CONFIG, ./supportd.toml, /etc/supportd/supportd.toml.

    Raises ConfigError when there is none. A file that was named must be there; the next is not tried.
    """
    named = explicit if explicit is not None else Path(os.environ["SUPPORTD_CONFIG"]) if os.environ.get("SUPPORTD_CONFIG") else None
    if named is not None:
        return named
    places = (Path("supportd.toml"), SYSTEM_CONFIG)
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(("--config", "$SUPPORTD_CONFIG", *map(str, places)))
    raise ConfigError((f"no configuration found (looked in {looked}); `supportd init DIR` writes one, `supportd demo` needs none",))


def load_config(path: Path) -> Config:
    """Read and check the file. Raises ConfigError with every mistake in it; no secret is read."""
    path = path.absolute()
    source = read_toml(path, cure="`supportd init DIR` writes a configuration to start from")
    values = _with_secrets(source)
    problems: list[Problem] = []
    keys: ConfigKeys | None = None
    try:
        keys = ConfigKeys.model_validate(values)
    except ValidationError as error:
        problems.extend(misread(source, error))
    problems.extend(contradictions(source))
    if problems or keys is None:
        problems.sort(key=_line_of)
        raise ConfigError(tuple(problems)) from None
    return _complete(path, keys)


def _line_of(problem: Problem) -> int:
    line = problem.file.rpartition(":")[2]
    return int(line) if line.isdigit() else 0


def _with_secrets(source: Source) -> dict[str, Any]:
    """The values with each well-formed secret table sealed."""

    def seal(table: Any, key: str, name: str) -> Any:
        if not isinstance(table, dict) or name not in table:
            return table
        secret = Secret.parse(table[name], key=f"{key}.{name}", config_file=source.path)
        return table if secret is None else {**table, name: secret}

    def seal_server(table: Any, key: str) -> Any:
        table = seal(table, key, "password")
        if isinstance(table, dict) and "oauth" in table:
            table = {**table, "oauth": seal(table["oauth"], f"{key}.oauth", "client_secret")}
        return table

    values = dict(source.values)
    for section, name in (("database", "password"), ("keys", "reply")):
        if section in values:
            values[section] = seal(values[section], section, name)
    if "smtp" in values:
        values["smtp"] = seal_server(values["smtp"], "smtp")
    if isinstance(values.get("alarm"), dict) and "smtp" in values["alarm"]:
        values["alarm"] = {**values["alarm"], "smtp": seal_server(values["alarm"]["smtp"], "alarm.smtp")}
    if isinstance(values.get("mailbox"), list):
        values["mailbox"] = [seal_server(table, f"mailbox[{index}]") for index, table in enumerate(values["mailbox"])]
    return values


def _complete(path: Path, keys: ConfigKeys) -> Config:
    """Fill in the defaults that follow from other keys."""
    trust = keys.trust
    if "reply_address" not in trust.model_fields_set:
        local, _, domain = keys.house.address.rpartition("@")
        trust = trust.model_copy(update={"reply_address": f"{local}+{{token}}@{domain}"})
    reply = keys.keys
    if not reply.reply.key:
        default = Secret.parse({"file": "reply.key"}, key="keys.reply", config_file=path)
        reply = reply.model_copy(update={"reply": default})
    return Config(
        path=path,
        house=keys.house,
        database=keys.database.model_copy(update={"url": _absolute(keys.database.url, path.parent)}),
        keys=reply,
        mailbox=tuple(_mailboxes(keys.mailbox)),
        smtp=_with_port(keys.smtp),
        alarm=keys.alarm.model_copy(update={"smtp": _with_port(keys.alarm.smtp)}),
        trust=trust,
        keywords=keys.keywords,
        digests=keys.digests,
        limits=keys.limits,
        calendars=dict(keys.calendars),
    )


def _with_port(smtp: SmtpKeys | None) -> SmtpKeys | None:
    if smtp is None or smtp.port:
        return smtp
    return smtp.model_copy(update={"port": IMPLICIT_PORTS["smtp"][smtp.tls]})


def _mailboxes(mailboxes: tuple[MailboxKeys, ...]) -> Iterator[MailboxKeys]:
    for mailbox in mailboxes:
        yield mailbox.model_copy(
            update={"name": mailbox.name or mailbox.username, "port": mailbox.port or IMPLICIT_PORTS["imap"][mailbox.tls]}
        )


def _absolute(url: str, folder: Path) -> str:
    """sqlite:///name is relative to the folder of the file, sqlite:////name absolute."""
    if not url.startswith("sqlite:"):
        return url
    relative = unquote(url.removeprefix("sqlite://"))[1:]
    return f"sqlite:///{quote(str(folder / relative))}"
