"""Every key of `supportd.toml`, its default, and in `description` what is allowed, in the words a mistake is told in."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    create_model,
    field_validator,
    model_validator,
)

from daemon.configuration.secret import Secret
from daemon.model import AddrSpec
from daemon.parsers.addresses import addr_spec, canonical_domain
from daemon.parsers.keywords import BY_VERB
from daemon.parsers.phrases import PHRASES, STEPS

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
IMPLICIT_PORTS = {"imap": {"implicit": 993, "starttls": 143, "none": 143}, "smtp": {"implicit": 465, "starttls": 587, "none": 25}}
TOKEN_SIGNS = 31
"""How long the signed token of a reply address is."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SIZE = re.compile(r"(\d+) ?(B|KiB|MiB|GiB)\Z")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d\Z")


# --- values --------------------------------------------------------------------------------------------------------


def size(value: Any) -> Any:
    """Octets from a number or from "25MiB".

    >>> size("25MiB")
    26214400
    """
    if isinstance(value, str):
        found = _SIZE.match(value)
        if found is None:
            raise ValueError
        return int(found[1]) * _UNITS[found[2]]
    return value


def _address(value: str) -> AddrSpec:
    canonical, _ = addr_spec(value)
    if canonical is None:
        raise ValueError
    return canonical


def _domain(value: str) -> str:
    canonical = canonical_domain(value)
    if canonical is None or "." not in canonical:
        raise ValueError
    return canonical


def _secret(value: Any) -> Secret:
    # well-formed tables have become secrets before: only whoever reads the file knows its folder and the key path
    if not isinstance(value, Secret):
        raise ValueError  # noqa: TRY004 - pydantic asks for this one
    return value


def _zone(value: str) -> str:
    if not value or value.startswith(("/", ".")):
        raise ValueError
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError from None
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _language(value: str) -> str:
    if value not in PHRASES:
        raise ValueError
    return value


def _hours(value: Any) -> Any:
    if not isinstance(value, str) or _HOURS.match(value) is None or value[:5] >= value[6:] or value[6:] > "24:00":
        raise ValueError
    return value


Address = Annotated[str, AfterValidator(_address)]
Domain = Annotated[str, AfterValidator(_domain)]
Day = Annotated[date, BeforeValidator(_day)]
Language = Annotated[str, AfterValidator(_language)]
Hours = Annotated[str, BeforeValidator(_hours)]
Size = Annotated[int, BeforeValidator(size)]
Reference = Annotated[Secret, BeforeValidator(_secret)]
Tls = Literal["implicit", "starttls", "none"]

SEALED = '{ file = "…" }, { env = "…" } or { credential = "…" }'
SIZE = 'a size: octets, or text like "64KiB", "25MiB"'
PORT = "a port number from 1 to 65535"
TLS = '"implicit", "starttls" or "none" (only on loopback)'


def limit(default: int, *, least: int = 1, most: int = 1 << 31) -> Any:
    """A count."""
    return Field(default, ge=least, le=most, description=f"a whole number from {least} to {most}")


def rate(default: int) -> Any:
    """A count in a time; 0 is off."""
    return Field(default, ge=0, le=1 << 31, description="a whole number, 0 = no limit")


def octets(default: int, *, most: int = 1 << 40) -> Any:
    """A size."""
    return Field(default, ge=0, le=most, description=SIZE)


class Section(BaseModel):
    """What every section shares: no unknown keys, no changes, no values in error texts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _arrays(cls, values: Any) -> Any:
        """A TOML array becomes a tuple, as strict reading of frozen values wants it."""
        if isinstance(values, dict):
            return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
        return values


# --- sections ------------------------------------------------------------------------------------------------------


class HouseKeys(Section):
    """Who we are."""

    name: str = Field("Support", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="a name on one line")
    address: Address = Field(description="the mailbox's public address, like support@support.example")
    aliases: tuple[Address, ...] = Field((), description="addresses, like help@support.example")
    domains: tuple[Domain, ...] = Field((), description="mail domains, like support.example")
    calendar: str = Field("house", description="the name of a [calendars.NAME] section")
    language: str = Field("en", pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", description='a language code, like "en" or "de"')
    compliments_to: Address | None = Field(None, description="an address, or leave it out")


class DatabaseKeys(Section):
    """Where everything is kept."""

    url: str = Field("sqlite:///supportd.db", description="sqlite:///FILE or postgresql://user@host:5432/name, without its password")
    password: Reference | None = Field(None, description=SEALED)
    durable: bool = Field(True, description="true, or false to work on a server that may lose committed work with the power")
    epoch_file: str | None = Field(None, description="a file that keeps the database's epoch, outside what a backup of the database holds")

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"sqlite", "postgresql", "postgres"} or parts.password:
            raise ValueError
        if parts.scheme == "sqlite" and (parts.netloc or len(parts.path) < 2 or parts.path == "/:memory:" or parts.query):
            raise ValueError
        _ = parts.port
        return value


class KeysKeys(Section):
    """Keys that sign."""

    reply: Reference = Field(Secret(source="file", name="reply.key", key="", config_file=""), description=SEALED)


class AfterKeys(Section):
    """Where finished mails are put away, by outcome."""

    acted: str = Field("Processed", min_length=1, description="a folder name")
    ignored: str = Field("Ignored", min_length=1, description="a folder name")
    quarantined: str = Field("Quarantine", min_length=1, description="a folder name")


def _after_form(value: Any) -> str:
    return "keep" if value == "keep" else "table"


After = Annotated[Annotated[AfterKeys, Tag("table")] | Annotated[Literal["keep"], Tag("keep")], Discriminator(_after_form)]


class OauthKeys(Section):
    """How access tokens are got (OAuth 2.0)."""

    provider: Literal["microsoft", "google"] | None = Field(None, description='"microsoft" or "google"')
    tenant: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", description="the directory (tenant) id or domain at Microsoft")
    token_url: str | None = Field(None, description="the token endpoint: https://… without #, or http:// on loopback")
    device_url: str | None = Field(None, description="the device authorization endpoint: as token_url")
    scope: str | None = Field(None, pattern=r"^[!-~]+( [!-~]+)*$", description="scopes with a space between them")
    grant: Literal["refresh_token", "client_credentials"] = Field("refresh_token", description='"refresh_token" or "client_credentials"')
    client_id: str = Field(pattern=r"^[ -~]+$", description="the id of the client (application) at the provider")
    client_secret: Reference | None = Field(None, description=SEALED)
    client_secret_expires: Day | None = Field(None, description='a day, like "2027-11-30"')
    refresh_token_file: str | None = Field(None, min_length=1, description="a file that this program may replace, mode 0600")
    refresh_token_days: int | None = Field(None, ge=1, le=3660, description="a whole number from 1 to 3660")
    warn_days: int = Field(14, ge=0, le=365, description="a whole number from 0 to 365")
    ca_file: str | None = Field(None, min_length=1, description="a file of certificate authorities (PEM) to believe besides the system's")

    @field_validator("token_url", "device_url")
    @classmethod
    def _guarded(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        _ = parts.port
        if not value.isascii() or any(sign <= " " for sign in value) or not parts.hostname or parts.username or parts.fragment:
            raise ValueError
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError
        return value


OAUTH = 'a table like { provider = "google", client_id = "…", client_secret = { … }, refresh_token_file = "…" }'


class MailboxKeys(Section):
    """A mailbox that is watched."""

    name: str = Field("", pattern=r"^[^\x00-\x1f\x7f]*$", description="a short name, different for each mailbox")
    host: str = Field(min_length=1, description="the IMAP server's host name")
    port: int = Field(0, ge=1, le=65535, description=PORT)
    tls: Tls = Field("implicit", description=TLS)
    username: str = Field(min_length=1, description="the user name at the server")
    password: Reference | None = Field(None, description=SEALED)
    token_command: tuple[str, ...] | None = Field(None, min_length=1, description='a command as an array, like ["get-token", "support"]')
    oauth: OauthKeys | None = Field(None, description=OAUTH)
    folder: str = Field("INBOX", min_length=1, description="a folder name")
    idle: bool = Field(True, description="true or false")
    ca_file: str | None = Field(None, min_length=1, description="a file of certificate authorities (PEM) to believe besides the system's")
    poll_seconds: int = Field(60, ge=1, le=3600, description="a whole number from 1 to 3600")
    after: After = Field(default_factory=AfterKeys, description='"keep" or { acted = "…", ignored = "…", quarantined = "…" }')


class SmtpKeys(Section):
    """The submission server."""

    host: str = Field(min_length=1, description="the SMTP server's host name")
    port: int = Field(0, ge=1, le=65535, description=PORT)
    tls: Tls = Field("implicit", description=TLS)
    username: str | None = Field(None, min_length=1, description="the user name at the server, or leave it out")
    password: Reference | None = Field(None, description=SEALED)
    token_command: tuple[str, ...] | None = Field(None, min_length=1, description='a command as an array, like ["get-token", "support"]')
    oauth: OauthKeys | None = Field(None, description=OAUTH)
    ca_file: str | None = Field(None, min_length=1, description="a file of certificate authorities (PEM) to believe besides the system's")
    connections: int = Field(4, ge=1, le=64, description="a whole number from 1 to 64")


class AlarmKeys(Section):
    """Who is told, and how, when something is wrong that mail of ours may not get out of."""

    smtp: SmtpKeys | None = Field(None, description="the section [alarm.smtp]: another account than [smtp], best at another provider")
    to: tuple[Address, ...] = Field((), description="addresses, like ops@elsewhere.example")
    sender: Address | None = Field(None, description="an address that [alarm.smtp] may send from, or leave it out")
    command: tuple[str, ...] = Field((), description='a command as an array, like ["/usr/local/bin/page", "support"]')
    command_seconds: int = limit(30, most=600)
    mailbox_minutes: int = limit(15, most=10_080)
    mail_minutes: int = limit(30, most=10_080)
    outbox_minutes: int = limit(60, most=10_080)
    disk_free: Size = octets(256 << 20)
    repeat_hours: int = limit(24, most=8760)


class TrustKeys(Section):
    """Whom we believe."""

    authserv_id: str | None = Field(None, pattern=r"^[^\s;]+$", description="the authserv-id of our own mail server, or leave it out")
    authserv_position: Literal["top", "border"] = Field("top", description='"top" or "border"')
    reply_address: str | None = Field(
        None,
        description="an address of ours with {token} once in its local part and at most 33 signs beside it there, like "
        'support+{token}@support.example, or "" for the plain address',
    )
    confirm_close: bool = Field(False, description="true or false")

    @field_validator("reply_address")
    @classmethod
    def _tokened(cls, value: str | None) -> str | None:
        if not value:
            return None
        if value.count("{token}") != 1 or "@" in value.partition("{token}")[0]:
            raise ValueError
        _address(value.replace("{token}", "t" * TOKEN_SIGNS))
        local, _, domain = value.rpartition("@")
        return f"{local.lower()}@{canonical_domain(domain)}"


def _words_for(name: str, purpose: str, keys: Sequence[str], description: str) -> Any:
    """A section with a key for each of `keys`, so that a verb or a step has its one place in the parsers' own table."""
    field: Any = (tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field((), description=description))
    return create_model(name, __base__=Section, __doc__=purpose, __module__=__name__, **dict.fromkeys(keys, field))


if TYPE_CHECKING:
    SynonymKeys = Section
    PhraseKeys = Section
else:
    SynonymKeys = _words_for("SynonymKeys", "More words for a verb.", tuple(BY_VERB), 'an array of words, like ["mine"]')
    PhraseKeys = _words_for("PhraseKeys", "More phrases for a step.", STEPS, 'an array of phrases, like ["all good now"]')


class KeywordsKeys(Section):
    """What people may write in a reply, beside the built-in words; and what a customer may."""

    synonyms: SynonymKeys = Field(default_factory=SynonymKeys, description='a table like { acknowledge = ["mine"] }')
    phrases: PhraseKeys = Field(default_factory=PhraseKeys, description='a table like { close = ["all good now"] }')
    languages: tuple[Language, ...] = Field((), description=f"an array of {', '.join(json.dumps(code) for code in PHRASES)}")
    customer_may_close: bool = Field(True, description="true or false")


class DigestsKeys(Section):
    """Daily and weekly summaries."""

    enabled: bool = Field(False, description="true or false")


class LimitsKeys(Section):
    """Bounds on what one mail, one sender or one round can cost. Sizes are octets."""

    message_size: Size = octets(25 << 20, most=1 << 30)
    header_block: Size = octets(256 << 10)
    header_count: int = limit(1000)
    header_size: Size = octets(16 << 10)
    identity_size: Size = octets(2 << 10)
    addresses: int = limit(200)
    references: int = limit(50)
    mime_depth: int = limit(20, most=100)
    mime_parts: int = limit(500)
    boundary: int = limit(256)
    body_text: Size = octets(256 << 10)
    body_lines: int = limit(5000)
    line_length: int = limit(2000)
    html_size: Size = octets(1 << 20)
    html_depth: int = limit(200)
    attachments: int = limit(100)
    attachment_size: Size = octets(25 << 20)
    case_files: Size = octets(500 << 20)
    rfc2231_pieces: int = limit(100)
    child_cpu_seconds: int = limit(10, most=3600)
    child_wall_seconds: int = limit(20, most=3600)
    child_memory: Size = octets(512 << 20)
    child_files: int = limit(64, least=16, most=65_536)
    attempts: int = limit(3, most=100)
    batch: int = limit(100, most=10_000)
    batch_bytes: Size = octets(8 << 20)
    cases_per_sender_hour: int = rate(60)
    cases_per_sender_day: int = rate(300)
    max_backlog: int = limit(10_000)
    free_disk: Size = octets(64 << 20)
    reserve_disk: Size = octets(32 << 20)
    worker_lease_seconds: int = limit(60, most=3600)
    statement_seconds: int = limit(30, most=3600)
    lock_seconds: int = limit(5, most=3600)
    outbox_age_days: int = limit(5, most=365)
    answer_max_age_days: int = limit(7, most=3650)
    raw_retention_days: int = Field(400, ge=0, le=36_500, description="a whole number from 0 to 36500, 0 = kept for ever")
    mails_per_reply: int = limit(20, most=10_000)
    template_output: Size = octets(1 << 20)
    template_steps: int = limit(50_000)
    template_cpu_seconds: int = limit(2, most=60)
    answers_per_stranger_day: int = rate(3)
    answers_per_contact_day: int = rate(10)
    answers_per_case_hour: int = rate(5)
    answers_per_case_day: int = rate(20)
    answers_per_domain_day: int = rate(0)
    errors_per_sender_hour: int = rate(3)
    loop_pattern: int = rate(4)
    loop_pattern_minutes: int = limit(10, most=1440)
    loop_hold_hours: int = limit(24, most=720)
    loop_depth: int = rate(10)
    loop_subject: int = rate(300)
    breaker: int = rate(60)
    breaker_per_mail: int = rate(3)
    answer_bcc: bool = Field(False, description="true or false")


class HoursKeys(Section):
    """Opening hours by weekday; a weekday that is left out is not a business day."""

    mon: Hours | None = Field(None, description='hours like "09:00-17:00"')
    tue: Hours | None = Field(None, description='hours like "09:00-17:00"')
    wed: Hours | None = Field(None, description='hours like "09:00-17:00"')
    thu: Hours | None = Field(None, description='hours like "09:00-17:00"')
    fri: Hours | None = Field(None, description='hours like "09:00-17:00"')
    sat: Hours | None = Field(None, description='hours like "09:00-17:00"')
    sun: Hours | None = Field(None, description='hours like "09:00-17:00"')


NINE_TO_FIVE = HoursKeys(**dict.fromkeys(WEEKDAYS[:5], "09:00-17:00"))


class CalendarKeys(Section):
    """Business days of a place."""

    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description='an IANA time zone, like "America/New_York"')
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$", description='a country code of two capitals, like "US", or leave it out')
    subdivision: str | None = Field(None, pattern=r"^[A-Z0-9]{1,3}$", description='a code of the country\'s subdivision, like "NY"')
    hours: HoursKeys = Field(NINE_TO_FIVE, description='a table like { mon = "09:00-17:00" }')
    extra_holidays: tuple[Day, ...] = Field((), description='days, like "2026-11-27"')
    removed_holidays: tuple[Day, ...] = Field((), description='days, like "2026-11-27"')


class ConfigKeys(Section):
    """The whole file."""

    house: HouseKeys = Field(description="the section [house]")
    database: DatabaseKeys = Field(default_factory=DatabaseKeys, description="the section [database]")
    keys: KeysKeys = Field(default_factory=KeysKeys, description="the section [keys]")
    mailbox: tuple[MailboxKeys, ...] = Field((), description="sections [[mailbox]], in double brackets")
    smtp: SmtpKeys | None = Field(None, description="the section [smtp]")
    alarm: AlarmKeys = Field(default_factory=AlarmKeys, description="the section [alarm]")
    trust: TrustKeys = Field(default_factory=TrustKeys, description="the section [trust]")
    keywords: KeywordsKeys = Field(default_factory=KeywordsKeys, description="the section [keywords]")
    digests: DigestsKeys = Field(default_factory=DigestsKeys, description="the section [digests]")
    limits: LimitsKeys = Field(default_factory=LimitsKeys, description="the section [limits]")
    calendars: dict[str, CalendarKeys] = Field(default_factory=lambda: {"house": CalendarKeys()}, description="sections [calendars.NAME]")
