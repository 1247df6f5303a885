"""From the configuration to what the rooms take: accounts, relay, limits, key. No room behind this sees `Config`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from daemon.config import AfterKeys, CalendarKeys, Config, MailboxKeys, OauthKeys, SmtpKeys, data_dir
from daemon.configuration.forms import load_forms
from daemon.configuration.oauth import PROVIDERS
from daemon.configuration.sla import load_sla
from daemon.configuration.support import load_support
from daemon.errors import ConfigError, Denied, Temporary
from daemon.mail.imap import Account
from daemon.mail.metering import RenderLimits
from daemon.mail.oauth import Client, Expiry, TokenSource, expiries
from daemon.mail.smtp import Server
from daemon.model import AddrSpec, LoopLimits, Policy
from daemon.parsers import ReadLimits
from daemon.parsers.keywords import Vocabulary, vocabulary
from daemon.parsers.phrases import Phrasebook, phrasebook
from daemon.rules.calendars import Calendar, calendar
from daemon.rules.entitlement import SupportRules
from daemon.rules.forms import FormRules
from daemon.rules.rulebook import Rulebook
from daemon.rules.sla import SlaRule
from daemon.store.database import Database, existing_database, obstacle_to_making, without_password
from daemon.worker import Limits

TOKEN_SECONDS = 30
"""How long a token command may take."""

EPOCH_NAME = "supportd.epoch"
"""The file of the epoch of a database that is no file."""


def accounts_of(config: Config) -> tuple[Account, ...]:
    """The mailboxes to watch."""
    return tuple(
        Account(
            name=mailbox.name, host=mailbox.host, port=mailbox.port, tls=mailbox.tls, username=mailbox.username,
            password=_credential(config, mailbox, f"mailbox {mailbox.name}"), token=mailbox.password is None,
            refused=_refused(config, mailbox), folder=mailbox.folder, idle=mailbox.idle,
            poll_seconds=mailbox.poll_seconds, ca_file=_beside(config, mailbox.ca_file),
        )
        for mailbox in config.mailbox
    )  # fmt: skip


def _beside(config: Config, name: str | None) -> str | None:
    """A file named in the configuration: relative to its folder."""
    return str(config.directory / name) if name is not None else None


def _credential(config: Config, server: MailboxKeys | SmtpKeys, name: str) -> Callable[[], str]:
    """The password or access token of a server, when it is needed."""
    if server.oauth is not None:
        return token_source_of(config, server.oauth).token
    if server.token_command is not None:
        command = server.token_command

        def token() -> str:
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=TOKEN_SECONDS, check=True)
            except (OSError, subprocess.SubprocessError) as error:
                # what the command printed may hold a secret, so only its kind of failure is told
                raise Temporary(f"{name}: the token command failed ({type(error).__name__})") from None
            return done.stdout.strip()

        return token
    return server.password.reveal if server.password is not None else lambda: ""


def _refused(config: Config, server: MailboxKeys | SmtpKeys) -> Callable[[str], None] | None:
    return token_source_of(config, server.oauth).refused if server.oauth is not None else None


_sources: dict[tuple[object, ...], TokenSource] = {}


def token_source_of(config: Config, keys: OauthKeys) -> TokenSource:
    """Where access tokens come from: the same source for every server with the same client, so that one asks for all."""
    client = oauth_client_of(config, keys)
    secret = keys.client_secret
    # setdefault is one step: of two threads both get the same
    return _sources.setdefault((client, secret and (secret.source, secret.name)), TokenSource(client))


def oauth_client_of(config: Config, keys: OauthKeys) -> Client:
    """Who asks for tokens, and where."""
    provider = PROVIDERS[keys.provider] if keys.provider is not None else None
    app = keys.grant == "client_credentials"
    secret = keys.client_secret
    return Client(
        token_url=keys.token_url or (provider.token_url.format(tenant=keys.tenant) if provider is not None else ""),
        scope=keys.scope or (provider and (provider.app_scope if app else provider.scope)) or "",
        client_id=keys.client_id, client_secret=secret.reveal if secret is not None else None,
        refresh_token_file=refresh_token_file_of(config, keys), ca_file=_beside(config, keys.ca_file),
    )  # fmt: skip


def device_url_of(keys: OauthKeys) -> str | None:
    """Where a person's sign-in begins; None: nobody said."""
    return keys.device_url or (PROVIDERS[keys.provider].device_url.format(tenant=keys.tenant) if keys.provider is not None else None)


def refresh_token_file_of(config: Config, keys: OauthKeys) -> Path | None:
    """The file of the refresh token; None: the grant has none."""
    return config.directory / keys.refresh_token_file if keys.refresh_token_file is not None else None


def oauth_of(config: Config) -> dict[str, OauthKeys]:
    """Every server that is logged in to with OAuth, by the name that people are told."""
    found = {f"mailbox {mailbox.name}": mailbox.oauth for mailbox in config.mailbox if mailbox.oauth is not None}
    servers = {"smtp": config.smtp, "alarm.smtp": config.alarm.smtp}
    return found | {name: smtp.oauth for name, smtp in servers.items() if smtp is not None and smtp.oauth is not None}


def expiries_of(config: Config, keys: OauthKeys) -> list[Expiry]:
    """What of a server's OAuth ends by itself, and when. Raises Temporary when the refresh token can't be read."""
    days = keys.refresh_token_days or (PROVIDERS[keys.provider].days if keys.provider is not None else None)
    day = keys.client_secret_expires
    return expiries(
        refresh_token_file_of(config, keys), days, datetime.combine(day, time(), UTC) if day is not None else None,
        timedelta(days=keys.warn_days),
    )  # fmt: skip


def relay_server_of(config: Config) -> Server | None:
    """The submission server, or None when none is configured: then mails wait in the outbox."""
    return _server_of(config, config.smtp, "smtp")


ALARM_REPLY_SECONDS = 20.0
"""How long the server of the alarms may take for a reply: another way to tell waits behind it."""


def alarm_server_of(config: Config) -> Server | None:
    """The submission server of the alarms, or None."""
    server = _server_of(config, config.alarm.smtp, "alarm.smtp")
    return replace(server, reply_seconds=ALARM_REPLY_SECONDS, final_reply_seconds=ALARM_REPLY_SECONDS) if server is not None else None


def _server_of(config: Config, smtp: SmtpKeys | None, name: str) -> Server | None:
    if smtp is None:
        return None
    return Server(
        host=smtp.host,
        port=smtp.port,
        tls=smtp.tls,
        username=smtp.username,
        password=_credential(config, smtp, name),
        token=smtp.username is not None and smtp.password is None,
        refused=_refused(config, smtp),
        connections=smtp.connections,
        ca_file=_beside(config, smtp.ca_file),
    )


def places_of(mailbox: MailboxKeys) -> dict[str, str] | None:
    """Where finished mails of a mailbox are put away, by outcome; None keeps them."""
    after = mailbox.after
    if not isinstance(after, AfterKeys):
        return None
    return {"acted": after.acted, "ignored": after.ignored, "quarantined": after.quarantined}


def epoch_file_of(config: Config, url: str | None = None) -> Path:
    """The file outside the database (or outside another, `url`) that keeps its epoch."""
    if config.database.epoch_file is not None:
        return config.directory / config.database.epoch_file
    file = database_file_of(url or config.database.url)
    if file is not None:
        return file.with_name(file.name + ".epoch")
    # an installation that began before there was a folder of its state has it here, and is never to lose it
    before = config.directory / EPOCH_NAME
    return before if before.exists() else config.state_directory / EPOCH_NAME


def database_file_of(url: str) -> Path | None:
    """The file of an SQLite database; None: it is on a server."""
    return Path(unquote(url.removeprefix("sqlite:///"))) if url.startswith("sqlite:") else None


def existing_database_of(config: Config) -> Database | None:
    """The configured database as it is, for whoever only looks; statements and waits for locks are bounded. None: there is none yet.

    Raises Temporary when it is away or silent, ConfigError when its URL is none.
    """
    password = config.database.password
    database = existing_database(config.database.url, password.reveal() if password is not None else None)
    if database is not None:
        database.hurry(config.limits.statement_seconds, config.limits.lock_seconds)
    return database


def obstacle_to_making_of(config: Config) -> Denied | None:
    """Why the first run could not make the configured database; see `obstacle_to_making`."""
    password = config.database.password
    return obstacle_to_making(config.database.url, password.reveal() if password is not None else None)


def what_is_lost(config: Config) -> Denied | None:
    """Of a database that is not there: why there must have been one. None: nothing says that there was one."""
    file = epoch_file_of(config)
    if not file.exists():
        return None
    return Denied(
        f"there is no database at {without_password(config.database.url)}, but one was at work: its epoch file is {file}",
        "put it back, or a backup of it by `supportd restore FILE`, or correct database.url; to begin anew move that file away",
    )


def read_limits_of(config: Config) -> ReadLimits:
    """The limits of reading one mail."""
    return ReadLimits(**{name: getattr(config.limits, name) for name in ReadLimits.__dataclass_fields__})


def render_limits_of(config: Config) -> RenderLimits:
    """The limits of writing one mail."""
    limits = config.limits
    return RenderLimits(output=limits.template_output, steps=limits.template_steps, cpu_seconds=limits.template_cpu_seconds)


def policy_of(config: Config) -> Policy:
    """What of the configuration the rules need."""
    limits = config.limits
    return Policy(
        house_address=AddrSpec(config.house.address), house_name=config.house.name, own_addresses=config.own_addresses(),
        cases_per_sender_hour=limits.cases_per_sender_hour, cases_per_sender_day=limits.cases_per_sender_day,
        authserv_id=config.trust.authserv_id, authserv_position=config.trust.authserv_position,
        mails_per_reply=limits.mails_per_reply, auto_answer_max_age_days=limits.answer_max_age_days, max_attempts=limits.attempts,
        answers_per_stranger_day=limits.answers_per_stranger_day, answers_per_contact_day=limits.answers_per_contact_day,
        errors_per_sender_hour=limits.errors_per_sender_hour,
        own_domains=frozenset(config.house.domains), answer_bcc=limits.answer_bcc,
        loops=LoopLimits(
            case_hour=limits.answers_per_case_hour, case_day=limits.answers_per_case_day, domain_day=limits.answers_per_domain_day,
            pattern=limits.loop_pattern, pattern_span=timedelta(minutes=limits.loop_pattern_minutes),
            hold=timedelta(hours=limits.loop_hold_hours), depth=limits.loop_depth, subject=limits.loop_subject,
            breaker=limits.breaker, breaker_per_mail=limits.breaker_per_mail,
        ),
        compliments_to=AddrSpec(config.house.compliments_to) if config.house.compliments_to else None,
    )  # fmt: skip


def limits_of(config: Config) -> Limits:
    """What of `[limits]` the stages need."""
    limits = config.limits
    return Limits(
        message_size=limits.message_size, batch=limits.batch, batch_bytes=limits.batch_bytes, max_backlog=limits.max_backlog,
        attempts=limits.attempts, outbox_age=timedelta(days=limits.outbox_age_days),
        backlog_age=timedelta(days=limits.answer_max_age_days), free_disk=limits.free_disk, reserve_disk=limits.reserve_disk,
    )  # fmt: skip


def raw_retention_of(config: Config) -> timedelta | None:
    """How long raw mails are kept; None: for ever."""
    return timedelta(days=config.limits.raw_retention_days) or None


def calendar_of(name: str, keys: CalendarKeys) -> Calendar:
    """One calendar. Raises ValueError when its place has no known holidays or no weekday has hours."""
    hours = {weekday: text for weekday, text in keys.hours.model_dump().items() if text is not None}
    return calendar(
        name, timezone=keys.timezone, hours=hours, country=keys.country, subdivision=keys.subdivision,
        extra=keys.extra_holidays, removed=keys.removed_holidays,
    )  # fmt: skip


def calendars_of(config: Config) -> dict[str, Calendar]:
    """Every calendar by its name. Raises ConfigError with every one that can't be made."""
    calendars: dict[str, Calendar] = {}
    problems = []
    for name, keys in config.calendars.items():
        try:
            calendars[name] = calendar_of(name, keys)
        except ValueError as error:
            problems.append(f"{config.path}: calendars.{name}: {error}")
    if problems:
        raise ConfigError(tuple(problems))
    return calendars


def sla_file_of(config: Config) -> Path:
    """The file of the SLA rules: the installation's own beside the configuration, else the shipped one."""
    return _own_or_shipped(config, "sla.toml")


def support_files_of(config: Config) -> tuple[Path, Path]:
    """What level one goes by, and its decision table: of each the installation's own file, else the shipped one."""
    return _own_or_shipped(config, "support.toml"), _own_or_shipped(config, "entitlement.csv")


def _own_or_shipped(config: Config, name: str) -> Path:
    own = config.directory / name
    return own if own.is_file() else data_dir("config") / name


def sla_rules_of(config: Config) -> tuple[SlaRule, ...]:
    """What is promised. Raises ConfigError with every mistake in the file."""
    return load_sla(sla_file_of(config))


def support_rules_of(config: Config) -> SupportRules | None:
    """What level one goes by; None: it is switched off. Raises ConfigError with every mistake in both files."""
    return load_support(*support_files_of(config))


def forms_of(config: Config, *, templates: Sequence[str] | None = None) -> tuple[FormRules, ...]:
    """The forms that are switched on. Raises ConfigError with every mistake of their files; see `load_forms`."""
    return load_forms(config.forms_dirs(), templates=templates)


def rulebook_of(config: Config, faqs: Sequence[str] = ()) -> Rulebook:
    """What the rules need of the configuration; `faqs` are the titles of its FAQs. Raises ConfigError with every mistake."""
    return Rulebook(
        calendars=calendars_of(config), house=config.house.calendar, sla=sla_rules_of(config), forms=forms_of(config),
        vocabulary=vocabulary_of(config), phrasebook=phrasebook_of(config), customer_may_close=config.keywords.customer_may_close,
        confirm_close=config.trust.confirm_close,
        support=support_rules_of(config), faqs=tuple(faqs),
    )  # fmt: skip


def zones_of(config: Config) -> dict[str, ZoneInfo]:
    """The zone of each calendar, by its name."""
    return {name: ZoneInfo(keys.timezone) for name, keys in config.calendars.items()}


def timezone_of(config: Config) -> ZoneInfo:
    """The house's own zone."""
    calendar = config.calendars.get(config.house.calendar)
    return ZoneInfo(calendar.timezone if calendar is not None else "UTC")


def vocabulary_of(config: Config) -> Vocabulary:
    """The words that mean a verb: the built-in ones and the installation's synonyms."""
    return vocabulary(config.keywords.synonyms.model_dump())


def phrasebook_of(config: Config) -> Phrasebook:
    """The phrases that are a whole reply: English, the house's own language, those configured, and the installation's own."""
    return phrasebook((config.house.language, *config.keywords.languages), config.keywords.phrases.model_dump())
