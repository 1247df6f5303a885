"""Prove that an installation would work: one verdict for each thing that can be wrong with it. Behind `supportd check`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import packages_distributions
from math import prod
from pathlib import Path

from daemon.actions.replies import VARIABLES
from daemon.checkup_daemon import alarm_verdicts
from daemon.checkup_database import database_verdicts
from daemon.config import Config
from daemon.configuration.forms import form_files
from daemon.errors import ConfigError, Failure, Permanent, Temporary, closest
from daemon.mail.imap import LoginRefused, Watch
from daemon.mail.rendering import Templates
from daemon.mail.smtp import Abilities, Relay
from daemon.mail.transport import UnsafeLine
from daemon.rules.entitlement import FACTS, SupportRules
from daemon.rules.forms import FormRules
from daemon.verdict import BAD, GOOD, UNWISE, Verdict
from daemon.wiring import (
    accounts_of,
    calendar_of,
    expiries_of,
    forms_of,
    oauth_of,
    refresh_token_file_of,
    relay_server_of,
    render_limits_of,
    sla_file_of,
    sla_rules_of,
    support_files_of,
    support_rules_of,
)

YOUR_COPY = "mend the file, or delete your copy: then the shipped one holds"

KEY_SIGNS = 32
"""A reply key of fewer signs could be guessed."""


def check_installation(config: Config, *, online: bool, now: datetime | None = None) -> Iterator[Verdict]:
    """Every verdict in turn. Changes nothing, makes no database and migrates none; sends nothing.

    `online` also logs in to each mailbox and asks the SMTP server what it can do. Without `now` nothing is said of what ends soon.
    """
    yield Verdict(what="configuration", verdict=GOOD, detail=str(config.path))
    yield from _trust(config)
    yield from alarm_verdicts(config)
    yield from _secrets(config)
    yield from _oauth(config, now)
    yield from _calendars(config)
    templates = _loaded_templates(config)
    yield from _templates(config, templates)
    yield from _sla(config, templates)
    support = _loaded_support(config)
    yield from _support(config, support, templates)
    forms: list[FormRules] = []
    yield from _forms(config, templates, forms)
    yield from database_verdicts(config, forms, support if isinstance(support, SupportRules) else None, now)
    yield from _package()
    if online:
        yield from _mailboxes(config)
        yield from _relay(config)


def mistakes_of(config: Config) -> list[str]:
    """What is bad about a configuration in itself, in words: no server and no database is asked."""
    templates, support = _loaded_templates(config), _loaded_support(config)
    verdicts = [
        *_secrets(config), *_calendars(config), *_templates(config, templates), *_sla(config, templates),
        *_support(config, support, templates), *_forms(config, templates, []),
    ]  # fmt: skip
    return [f"{verdict.detail} ({verdict.what})" for verdict in verdicts if verdict.verdict == BAD]


def _trust(config: Config) -> Iterator[Verdict]:
    if config.trust.authserv_id is None:
        yield Verdict(
            what="trust.authserv_id", verdict=UNWISE, detail="not set: nobody's Authentication-Results are believed",
            mend="set it to the authserv-id your mail server writes there (`check-auth` proves it); till then only signed addresses count",
        )  # fmt: skip
    kept = f"is deleted after {days} days, all but its digest" if (days := config.limits.raw_retention_days) else "is kept for ever"
    yield Verdict(what="limits.raw_retention_days", verdict=GOOD, detail=f"raw mail {kept}")
    if not config.mailbox:
        yield Verdict(what="mailbox", verdict=UNWISE, detail="none: mail comes by `ingest` alone", mend="add a section [[mailbox]]")
    if config.smtp is None:
        yield Verdict(what="smtp", verdict=UNWISE, detail="none: answers wait in the outbox", mend="add the section [smtp]")


def _secrets(config: Config) -> Iterator[Verdict]:
    for secret in config.secrets():
        if secret.key == "keys.reply" and secret.source == "file" and not Path(secret.name).exists():
            continue  # whether that is bad depends on the database, below
        try:
            value = secret.reveal()
        except ConfigError as error:
            detail = error.problems[0].found if error.problems and not isinstance(error.problems[0], str) else str(error)
            yield Verdict(what=secret.key, verdict=BAD, detail=detail, mend=f"give this user a readable, non-empty {secret.source}")
            continue
        if secret.key == "keys.reply" and len(value) < KEY_SIGNS:
            mend = "make a new one: python3 -c 'import secrets; print(secrets.token_hex())'"
            yield Verdict(what=secret.key, verdict=BAD, detail=f"only {len(value)} signs", mend=mend)
        elif (concern := secret.concern()) is not None:
            found, _, mend = concern.partition("; ")
            yield Verdict(what=secret.key, verdict=UNWISE, detail=found.removeprefix(f"{secret.key}: "), mend=mend)
        else:
            yield Verdict(what=secret.key, verdict=GOOD, detail=f"from {secret.source} {secret.name}")


def _oauth(config: Config, now: datetime | None) -> Iterator[Verdict]:
    """The refresh token of each server: there, kept from others, with room for the next one; and what ends soon."""
    for name, keys in oauth_of(config).items():
        what, path = f"{name} oauth", refresh_token_file_of(config, keys)
        try:
            ends = expiries_of(config, keys)
        except Temporary as error:
            mend = f"sign in: `supportd oauth login {name.removeprefix('mailbox ')}`; see README"
            yield Verdict(what=what, verdict=BAD, detail=str(error), mend=mend)
            continue
        if path is not None and not os.access(os.path.realpath(path.parent), os.W_OK | os.X_OK):
            mend = f"let this user write to {path.parent}: a provider may replace the token at any use"
            yield Verdict(what=what, verdict=BAD, detail=f"no new token could be kept beside {path}", mend=mend)
        elif path is not None and path.stat().st_mode & 0o077:
            yield Verdict(what=what, verdict=UNWISE, detail=f"others can read {path}", mend=f"chmod 0600 {path}")
        else:
            source = f"refresh token from {path}" if path is not None else "by the client's own credentials"
            yield Verdict(what=what, verdict=GOOD, detail="; ".join([source, *(f"{end.what} ends {end.at:%Y-%m-%d}" for end in ends)]))
        for end in ends:
            if now is not None and now >= end.at:
                yield Verdict(what=what, verdict=BAD, detail=f"the {end.what} ended on {end.at:%Y-%m-%d}", mend=end.mend)
            elif now is not None and now >= end.warn_from:
                yield Verdict(what=what, verdict=UNWISE, detail=f"the {end.what} ends on {end.at:%Y-%m-%d}", mend=end.mend)


def _calendars(config: Config) -> Iterator[Verdict]:
    for name, keys in config.calendars.items():
        what = f"calendars.{name}"
        try:
            calendar_of(name, keys)
        except ValueError as error:
            yield Verdict(what=what, verdict=BAD, detail=str(error), mend=f"see hours, country and subdivision of [{what}]")
            continue
        place = "-".join(filter(None, (keys.country, keys.subdivision)))
        holidays = f", holidays of {place}" if place else ", no holidays"
        yield Verdict(what=what, verdict=GOOD, detail=keys.timezone + holidays)


def _loaded_templates(config: Config) -> Templates | ConfigError:
    try:
        return Templates.load(config.templates_dirs(), render_limits_of(config))
    except ConfigError as error:
        return error


def _templates(config: Config, templates: Templates | ConfigError) -> Iterator[Verdict]:
    if isinstance(templates, ConfigError):
        for problem in templates.problems:
            yield Verdict(what="templates", verdict=BAD, detail=str(problem), mend=YOUR_COPY)
        return
    folders = " and ".join(str(folder) for folder in config.templates_dirs())
    yield Verdict(what="templates", verdict=GOOD, detail=f"{len(templates.names)} rendered with sample data, from {folders}")


def _sla(config: Config, templates: Templates | ConfigError) -> Iterator[Verdict]:
    file = sla_file_of(config)
    try:
        rules = sla_rules_of(config)
    except ConfigError as error:
        for problem in error.problems:
            yield Verdict(what="sla.toml", verdict=BAD, detail=str(problem), mend=YOUR_COPY)
        return
    names = () if isinstance(templates, ConfigError) else templates.names
    told = {told.template: rule.kind for rule in rules for told in (rule.warning, rule.reminder, rule.breach) if told is not None}
    absent = [name for name in told if names and name not in names]
    for name in absent:
        guess = closest(name, names)
        mend = f"did you mean {guess!r}?" if guess else f"write templates/{name}.md beside {config.path.name}"
        yield Verdict(what="sla.toml", verdict=BAD, detail=f"{file}: rule {told[name]!r} mails {name!r}: no such template", mend=mend)
    if not absent:
        kinds = ", ".join(f"{rule.kind} ({rule.label})" if rule.label else rule.kind for rule in rules) or "none"
        yield Verdict(what="sla.toml", verdict=GOOD, detail=f"{len(rules)} rules: {kinds}; from {file}")


def _loaded_support(config: Config) -> SupportRules | ConfigError | None:
    try:
        return support_rules_of(config)
    except ConfigError as error:
        return error


def _support(config: Config, support: SupportRules | ConfigError | None, templates: Templates | ConfigError) -> Iterator[Verdict]:
    """Level one: its rules, its table, and the mails that the table names."""
    if isinstance(support, ConfigError):
        for problem in support.problems:
            yield Verdict(what="level one", verdict=BAD, detail=str(problem), mend=YOUR_COPY)
        return
    if support is None:
        yield Verdict(what="level one", verdict=GOOD, detail="switched off: every ticket is left to people")
        return
    settings, table = support_files_of(config)
    absent: dict[str, int] = {}
    if isinstance(templates, Templates):
        absent = {
            row.template: row.number
            for row in reversed(support.table.rows)
            if row.template is not None and templates.find(row.template) is None
        }
    for name, number in absent.items():
        guess = closest(name, _names_of(templates)) if isinstance(templates, Templates) else None
        mend = f"did you mean {guess!r}?" if guess else f"write a file in templates/ beside {config.path.name} with this title"
        yield Verdict(what="level one", verdict=BAD, detail=f"{table}: row {number} mails {name!r}: no such template", mend=mend)
    if idle := support.table.idle():
        detail = f"{table}: never decide anything, as rows of a smaller precedence always come before: {', '.join(map(str, idle))}"
        yield Verdict(what="level one", verdict=UNWISE, detail=detail, mend="delete them, or give them a smaller precedence")
    if not absent:
        rows = len({row.number for row in support.table.rows})
        count = prod(map(len, FACTS.values()))
        detail = f"{rows} rows decide {count} combinations, {len(support.issues.rules)} classes; from {table} and {settings}"
        yield Verdict(what="level one", verdict=GOOD, detail=detail)


def _forms(config: Config, templates: Templates | ConfigError, found: list[FormRules]) -> Iterator[Verdict]:
    """Each form; `found` gets those that are good."""
    texts = None if isinstance(templates, ConfigError) else templates
    try:
        forms = forms_of(config, templates=_names_of(texts) if texts is not None else None)
    except ConfigError as error:
        for problem in error.problems:
            yield Verdict(what="forms", verdict=BAD, detail=str(problem), mend=YOUR_COPY)
        return
    files = form_files(config.forms_dirs())
    for rules in forms:
        found.append(rules)
        mails = [name for name in (rules.first_mail, rules.completion_mail) if name is not None]
        strange = [] if texts is None else [(name, variable) for name in mails for variable in _strange_variables(texts, name)]
        for name, variable in strange:
            guess = closest(variable, sorted(VARIABLES))
            mend = f"did you mean {guess!r}?" if guess else "use the variables of templates/README.md"
            detail = f"{files[rules.name]}: the mail {name!r} has the variable {variable!r}, which no form's mail is given"
            yield Verdict(what=f"form {rules.name}", verdict=BAD, detail=detail, mend=mend)
        if not strange:
            work = f", a task in {rules.task.project}" if rules.task is not None else ""
            yield Verdict(what=f"form {rules.name}", verdict=GOOD, detail=f"{len(rules.fields)} fields{work}, from {files[rules.name]}")
    for name in sorted(files.keys() - {rules.name for rules in forms}):
        yield Verdict(what=f"form {name}", verdict=GOOD, detail=f"switched off in {files[name]}")


def _names_of(templates: Templates) -> tuple[str, ...]:
    """What a form's file may call the mail texts: their titles, else their names."""
    found = [templates.find(name) for name in templates.names]
    return (*(template.title for template in found if template is not None and template.title is not None), *templates.names)


def _strange_variables(templates: Templates, name: str) -> tuple[str, ...]:
    template = templates.find(name)
    return tuple(variable for variable in template.variables if variable not in VARIABLES) if template is not None else ()


def _package() -> Iterator[Verdict]:
    others = sorted(set(packages_distributions().get("daemon", ())) - {"supportd"})
    if others:
        mend = f"pip uninstall {' '.join(others)}, then install supportd again, in an environment of its own"
        yield Verdict(what="installation", verdict=BAD, detail=f"{', '.join(others)} writes to the folder daemon/ too", mend=mend)


def _mailboxes(config: Config) -> Iterator[Verdict]:
    for account in accounts_of(config):
        what = f"mailbox {account.name}"
        try:
            with Watch(account) as watch:
                capabilities = watch.capabilities()
        except (Temporary, Permanent, ConfigError) as error:
            yield Verdict(what=what, verdict=BAD, detail=str(error), mend=_cure(error, account.name))
            continue
        yield Verdict(what=what, verdict=GOOD, detail=f"folder {account.folder} opened; the server can {' '.join(capabilities)}")
        if account.idle and "IDLE" not in capabilities:
            yield Verdict(what=what, verdict=UNWISE, detail="no IDLE", mend=f"new mail is seen after up to {account.poll_seconds:.0f} s")
        if "MOVE" not in capabilities and "UIDPLUS" not in capabilities:
            detail = "neither MOVE nor UIDPLUS"
            yield Verdict(what=what, verdict=UNWISE, detail=detail, mend='finished mails are flagged, not moved; set after = "keep"')


def _cure(error: Failure, account: str) -> str:
    """What to look at: the way there, TLS, or who we say we are."""
    if isinstance(error, ConfigError):
        return f"see the password of {account}"
    if isinstance(error, LoginRefused) or "login refused" in str(error):
        return f"see username and password, or the token, of {account}"
    if isinstance(error, UnsafeLine) or "TLS" in str(error):
        return f"see port, tls and ca_file of {account}"
    return f"is it running, can this host reach it? See host and port of {account}" if "connect" in str(error) else f"see {account}"


def _relay(config: Config) -> Iterator[Verdict]:
    server = relay_server_of(config)
    if server is None:
        return
    with Relay(server) as relay:
        try:
            abilities = relay.probe()
        except (Temporary, Permanent, ConfigError) as error:
            yield Verdict(what="smtp", verdict=BAD, detail=str(error), mend=_cure(error, "[smtp]"))
            return
    yield Verdict(what="smtp", verdict=GOOD, detail=_shown(server.host, abilities))


def _shown(host: str, abilities: Abilities) -> str:
    line = "encrypted" if abilities.encrypted else "not encrypted"
    largest = f", mails up to {abilities.largest} octets" if abilities.largest else ""
    return f"{host} takes mail, {line}{largest}; it can {', '.join(abilities.extensions)}"
