"""How the installation does, thing by thing: judged from what the daemon says of itself, the database, the disk and the tokens.

The daemon raises its alarms by these verdicts; `supportd health` and `supportd check` show the same, while it runs and when it is dead.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from daemon.actions.interactions import PERMANENT_BOUNCES
from daemon.alarms import Vital
from daemon.config import Config
from daemon.errors import Denied, Failure, Temporary
from daemon.healthfile import Gone, HealthWord, health_file_of, words_of
from daemon.moments import zoned
from daemon.store.database import Database
from daemon.store.epoch import EpochFile, told_of_epoch
from daemon.store.loops import told_of_guards
from daemon.store.vitals import Backlog, backlog
from daemon.store.workers import seen
from daemon.wiring import database_file_of, epoch_file_of, expiries_of, oauth_of, policy_of

AWAY_PATIENCE = timedelta(minutes=1)
"""How long the database may be away before people are told: a restart of it takes less."""

UNREAD_PATIENCE = timedelta(minutes=2)
"""How long a daemon that was stopped for long may take to read a mailbox: what it knows of it is from before the stop."""

ROUNDS_MISSED = 3
"""A mailbox that is looked at seldom is not stalled before it was missed so often."""

LOSS_TOLD = timedelta(hours=24)
"""How long a loss of mails is told after it was found: it doesn't pass, but nothing more comes of it."""

QUIET = timedelta(minutes=1)
"""How old the last word of a daemon may be without a warning; it says one every 20 seconds, and later only while it tells alarms."""

STALE = timedelta(minutes=2)
"""Beyond that, what was last heard of the database is no answer."""


def vitals_of(config: Config, database: Database | None, now: datetime, away: Failure | None = None) -> list[Vital]:
    """Everything, for people and monitors; `database` is None, and `away` says why, when it can't be opened."""
    found = [*of_daemon(config, now), *disks(config), *tokens(config, now)]
    try:
        if database is None:
            raise away or Temporary
        with database.reading():
            other = [Vital(name=name, weight=weight, detail=detail, mend=mend) for name, weight, detail, mend in database.told_of_version()]
            if other:
                # what it asks may not be there
                return [*found, *other]
            if (denied := database.denied()) is not None:
                raise denied
            found += queues(config, backlog(now), now)
            found += [
                Vital(name=name, weight=weight, detail=detail, mend=mend)
                for name, weight, detail, mend in (
                    *told_of_epoch(EpochFile(epoch_file_of(config))),
                    *told_of_guards(policy_of(config).loops, now, PERMANENT_BOUNCES),
                )  # fmt: skip
            ]
    except Failure as error:
        found.append(lost(error))
    return found


def of_daemon(config: Config, now: datetime) -> Iterator[Vital]:
    """What the daemon says of itself; one that is dead only that."""
    words = words_of(config)
    running = [word for word in words if word.lives(now)]
    yield _running(words, running, now)
    for word in running:
        yield from stages(word)
        if any(name.startswith("fetch") for name in word.stages):
            yield from mailboxes(config, word.mailboxes, word.started_at, now, word.away)
            yield from losses(config, word.gone, now)
        yield configuration(word.refused)


def applies_since(config: Config, database: Database, now: datetime) -> datetime | None:
    """Since when somebody works on mails without a break: a daemon of this host, or any worker of the database. Inside a reading."""
    begun = [word.started_at for word in words_of(config) if word.lives(now) and "apply" in word.stages]
    begun += [worker.started_at for worker in seen(database) if worker.state == "at work" and "apply" in worker.stages]
    return min(begun, default=None)


def _running(words: list[HealthWord], running: list[HealthWord], now: datetime) -> Vital:
    if running:
        detail = "; ".join(f"process {word.pid} since {zoned(word.started_at)}" for word in running)
        quiet = now - min(word.at for word in running)
        if quiet > QUIET:
            mend = "see the log; is the host short of processor or disk? After two minutes without a word it counts as dead"
            return Vital(name="daemon", weight=1, detail=f"it runs, and says nothing for {_ago(quiet)}: {detail}", mend=mend)
        return Vital(name="daemon", weight=0, detail=f"it runs: {detail}")
    mend = "start it: `supportd run`, or its service; its log says why it ended"
    if not words:
        return Vital(name="daemon", weight=2, detail="it does not run, and never did", mend=mend)
    last = max(words, key=lambda word: word.at)
    if last.failed is not None:
        how = f"could not start ({last.failed}); it tried last"
    elif last.stopped:
        how = "was stopped"
    elif last.stands_still():
        how, mend = "stands still, stopped by a signal (SIGSTOP), and said its last word", f"kill -CONT {last.pid}, or restart it"
    else:
        how = "died or hangs: its last word was"
    return Vital(name="daemon", weight=2, detail=f"it does not run: it {how} at {zoned(last.at)}, {_ago(now - last.at)} ago", mend=mend)


def stages(word: HealthWord) -> Iterator[Vital]:
    """Each stage of a running daemon."""
    for name, stage in sorted(word.stages.items()):
        if stage.hung:
            yield hung(name, stage.doing, stage.silent)
        else:
            yield Vital(name=f"stage {name}", weight=0, detail=stage.doing)


def hung(name: str, doing: str, silent: float) -> Vital:
    """A stage that is silent beyond what it said."""
    return Vital(
        name=f"stage {name}", weight=2, detail=f"it hangs, silent for {_ago(timedelta(seconds=silent))}; the last it said: {doing}",
        mend="restart the daemon; systemd's watchdog does it by itself", alarm=True,
    )  # fmt: skip


def failing(name: str, error: str) -> Vital:
    """A stage that fails again and again: its part of the work is not done."""
    return Vital(
        name=f"stage {name} fails", weight=2, detail=f"it fails again and again, last with {error}",
        mend="see `stage-failed` in the log, and report it", alarm=True,
    )  # fmt: skip


def mailboxes(
    config: Config, seen: Mapping[str, datetime], started_at: datetime, now: datetime, away: Mapping[str, str] | None = None
) -> Iterator[Vital]:
    """When each mailbox was last looked through with success; `away` is how the last session with each ended, if that was no success."""
    for mailbox in config.mailbox:
        name, last, why = f"mailbox {mailbox.name}", seen.get(mailbox.name), (away or {}).get(mailbox.name)
        most = max(timedelta(minutes=config.alarm.mailbox_minutes), ROUNDS_MISSED * timedelta(seconds=mailbox.poll_seconds))
        detail = f"last read at {zoned(last)}" if last is not None else f"not read yet, since the start at {zoned(started_at)}"
        ended = f"; the last session ended so: {why.removeprefix(f'{name}: ')}" if why is not None else ""
        if now - (last or started_at) <= most:
            yield Vital(name=name, weight=0, detail=detail + ended)
            continue
        mend = f"`supportd check --online` says what {mailbox.host} answers; see `mailbox-away` and `fetch-paused` in the log"
        detail = f"not read for {_ago(now - (last or started_at))}{ended}; {detail}"
        yield Vital(name=name, weight=2, detail=detail, mend=mend, alarm=True, patience=UNREAD_PATIENCE)


def losses(config: Config, gone: Mapping[str, Gone], now: datetime) -> Iterator[Vital]:
    """Whether many mails of a mailbox are gone at once: somebody emptied it, or the server lost them."""
    for mailbox in config.mailbox:
        name, found = f"mails of {mailbox.name}", gone.get(mailbox.name)
        if found is None or now - found.at > LOSS_TOLD:
            yield Vital(name=name, weight=0, detail="none are missing")
            continue
        mend = "find out who took them, and put back what nobody meant to take: what comes again is acted on once"
        yield Vital(name=name, weight=2, detail=f"{found.detail}; found at {zoned(found.at)}", mend=mend, alarm=True)


def configuration(refused: str | None) -> Vital:
    """Whether the last reload was taken."""
    if refused is None:
        return Vital(name="reload", weight=0, detail="the configuration is the one that holds")
    return Vital(
        name="reload", weight=1, detail=f"the last one was refused, the old configuration holds: {refused}",
        mend="`supportd check`, then reload again", alarm=True,
    )  # fmt: skip


def disks(config: Config) -> Iterator[Vital]:
    """Room where the daemon writes: where a database that is a file lies, and where the epoch file lies, if that is another disk."""
    file, outside = database_file_of(config.database.url), health_file_of(config).parent
    found = []
    if file is not None:
        stop = f"fetching pauses below {_size(config.limits.free_disk)}"
        found.append(_room(config, file.parent, f"; {stop}", ": no mail is fetched", "make room; mail is safe on its server"))
    if file is None or not _one_disk(file.parent, outside):
        found.append(_room(config, outside, "", ": the epoch file may find none, and then no mail is worked on", "make room"))
    worst = max(found, key=lambda vital: vital.weight)
    yield replace(worst, detail="; ".join(vital.detail for vital in found))


def _room(config: Config, folder: Path, short: str, none: str, mend: str) -> Vital:
    """What is left there, and what is said of it when that is short or next to none."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Vital(name="disk", weight=2, detail=f"{folder}: {error.strerror}", mend="see database.url and epoch_file", alarm=True)
    detail = f"{_size(free)} free at {folder}"
    if free < config.limits.free_disk:
        return Vital(name="disk", weight=2, detail=f"{detail}{none}", mend=mend, alarm=True)
    if free < config.alarm.disk_free:
        return Vital(name="disk", weight=1, detail=f"{detail}{short}", mend="make room", alarm=True)
    return Vital(name="disk", weight=0, detail=detail)


def _one_disk(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


def tokens(config: Config, now: datetime) -> Iterator[Vital]:
    """Refresh tokens and client secrets, before they end."""
    for server, keys in oauth_of(config).items():
        name = f"token of {server}"
        try:
            ends = expiries_of(config, keys)
        except Temporary as error:
            mend = f"sign in: `supportd oauth login {server.removeprefix('mailbox ')}`; see README"
            yield Vital(name=name, weight=2, detail=str(error), mend=mend, alarm=True)
            continue
        dying = [end for end in ends if now >= end.warn_from]
        if not dying:
            yield Vital(name=name, weight=0, detail="; ".join(f"{end.what} ends {end.at:%Y-%m-%d}" for end in ends) or "no end is known")
            continue
        first = min(dying, key=lambda end: end.at)
        over = first.at <= now
        detail = f"the {first.what} {'ended' if over else 'ends'} on {first.at:%Y-%m-%d}"
        yield Vital(name=name, weight=2 if over else 1, detail=detail, mend=first.mend, alarm=True)


def queues(config: Config, facts: Backlog, now: datetime) -> Iterator[Vital]:
    """What waits in the database."""
    yield Vital(name="database", weight=0, detail="it answers")
    yield _mails(config, facts, now)
    yield _outbox(config, facts, now)
    yield _breaker(facts)


def _mails(config: Config, facts: Backlog, now: datetime) -> Vital:
    detail = f"{facts.mails} wait to be worked on, {facts.quarantined} for a person"
    if facts.oldest_mail is not None and now - facts.oldest_mail > timedelta(minutes=config.alarm.mail_minutes):
        detail += f"; the oldest for {_ago(now - facts.oldest_mail)}"
        return Vital(name="mails", weight=2, detail=detail, mend="see `apply-waits` and `stage-failed` in the log", alarm=True)
    if facts.mails >= config.limits.max_backlog:
        detail += f": no mail is fetched until fewer than {config.limits.max_backlog} do"
        return Vital(name="mails", weight=2, detail=detail, mend="see whether the apply stage runs", alarm=True)
    return Vital(name="mails", weight=0, detail=detail)


def _outbox(config: Config, facts: Backlog, now: datetime) -> Vital:
    detail = f"{facts.outgoing} wait to be sent, {facts.held} for a person"
    most = timedelta(minutes=config.alarm.outbox_minutes)
    if facts.oldest_outgoing is None or now - facts.oldest_outgoing <= most or config.smtp is None:
        return Vital(name="outbox", weight=0, detail=detail)
    detail += f"; the oldest for {_ago(now - facts.oldest_outgoing)}"
    if facts.last_sent is not None and now - facts.last_sent <= most:
        # one recipient's server may be slow for days
        return Vital(name="outbox", weight=0, detail=f"{detail}, while others leave")
    mend = "`supportd outbox` and `supportd check --online` say what the relay answers"
    return Vital(name="outbox", weight=2, detail=f"{detail}, and none leaves", mend=mend, alarm=True)


def _breaker(facts: Backlog) -> Vital:
    if facts.breaker is None or facts.breaker.until is None:
        return Vital(name="breaker", weight=0, detail="automatic mail goes out")
    detail = f"no automatic mail goes out until {zoned(facts.breaker.until)}: {facts.breaker.reason}; {facts.held} mails of ours are held"
    mend = (
        "see `supportd mail` for what comes in and what causes it; `supportd outbox --state held`, then release N or drop N; "
        '`supportd lift "*"` ends it at once'
    )
    return Vital(name="breaker", weight=2, detail=detail, mend=mend, alarm=True)


def lost(why: Failure) -> Vital:
    """The database does not answer, or refuses us: then nobody needs to wait whether it comes back."""
    if isinstance(why, Denied):
        return Vital(name="database", weight=2, detail=str(why), mend=why.cure, alarm=True)
    mend = "is it running, can this host reach it? See database.url"
    return Vital(name="database", weight=2, detail=f"it does not answer: {why}", mend=mend, alarm=True, patience=AWAY_PATIENCE)


def number_file(trouble: str | None) -> Vital:
    """Whether the epoch file could be written."""
    if trouble is None:
        return Vital(name="epoch file", weight=0, detail="it is kept")
    return Vital(name="epoch file", weight=2, detail=trouble, mend="give the daemon's user room and the right to write there", alarm=True)


def _ago(span: timedelta) -> str:
    """How long, in one unit.

    >>> _ago(timedelta(minutes=95)), _ago(timedelta(seconds=20)), _ago(timedelta(days=3))
    ('95 minutes', '20 seconds', '3 days')
    """
    seconds = span.total_seconds()
    for unit, length, most in (("seconds", 1, 120), ("minutes", 60, 7200), ("hours", 3600, 172_800)):
        if seconds < most:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def _size(octets: int) -> str:
    return f"{octets / (1 << 20):,.0f} MiB" if octets < 10 << 30 else f"{octets / (1 << 30):,.0f} GiB"
