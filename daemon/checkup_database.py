"""What the check-up asks of the database. It makes none and migrates none: of one that is not there yet it asks an empty one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from daemon.actions.interactions import PERMANENT_BOUNCES
from daemon.checkup_daemon import health_verdicts
from daemon.config import Config
from daemon.errors import Denied, Failure, Temporary, closest
from daemon.rules.entitlement import SupportRules
from daemon.rules.forms import FormRules
from daemon.store.database import Database, open_database, without_password
from daemon.store.epoch import EpochFile, told_of_epoch
from daemon.store.loops import told_of_guards
from daemon.store.schema import Contact, ContactRole, Organization, Outbox, Queue
from daemon.store.workers import told_of_workers
from daemon.verdict import BAD, GOOD, UNWISE, Verdict
from daemon.wiring import epoch_file_of, existing_database_of, obstacle_to_making_of, policy_of, what_is_lost

OFF = "is the form not used, switch it off with `enabled = false`"

SEE_URL = "see database.url; is it running, may this user write there?"


def database_verdicts(
    config: Config, forms: Sequence[FormRules], support: SupportRules | None, now: datetime | None
) -> Iterator[Verdict]:  # fmt: skip
    """Whether it is there and of this version, and what is in it. Without `now` nothing is said of what ends soon."""
    try:
        database = existing_database_of(config)
        obstacle = obstacle_to_making_of(config) if database is None else None
    except Denied as error:
        yield _refusal(error)
        return
    except Failure as error:
        yield Verdict(what="database", verdict=BAD, detail=str(error), mend=SEE_URL)
        return
    if database is not None:
        with _closed_at_the_end(database):
            yield from _asked(config, database, forms, support, now)
    elif (lost := what_is_lost(config)) is not None:
        yield _refusal(lost)
    elif obstacle is not None:
        yield _refusal(obstacle, "there is none yet, and ")
    else:
        detail = f"no database yet at {without_password(config.database.url)}: the first run makes it"
        yield Verdict(what="database", verdict=GOOD, detail=detail)
        with (
            tempfile.TemporaryDirectory(prefix="supportd-check-") as folder,
            _closed_at_the_end(open_database(f"sqlite:///{folder}/empty.db")) as empty,
            empty.reading(),
        ):
            yield from _content(config, forms, support, now)


@contextmanager
def _closed_at_the_end(database: Database) -> Iterator[Database]:
    try:
        yield database
    finally:
        database.close()


def _asked(
    config: Config, database: Database, forms: Sequence[FormRules], support: SupportRules | None, now: datetime | None
) -> Iterator[Verdict]:
    try:
        with database.reading():
            # the tables may be those of a daemon at work, of another version
            if other := tuple(database.told_of_version()):
                yield from _worded(other)
                return
            if (denied := database.denied()) is not None:
                yield _refusal(denied)
            else:
                detail = f"{database.shown_url} opened, its tables are of this version, and this user may write them"
                yield Verdict(what="database", verdict=GOOD, detail=detail)
            yield from _worded(database.told_of_disk(config.limits.free_disk, config.database.durable))
            yield from _worded(database.told_of_line())
            yield from _worded(told_of_workers(database))
            yield from _content(config, forms, support, now)
    except Denied as error:
        yield _refusal(error)
    except Temporary as error:
        yield Verdict(what="database", verdict=BAD, detail=str(error), mend="try again; is it running?")


def _refusal(denied: Denied, but: str = "") -> Verdict:
    return Verdict(what="database", verdict=BAD, detail=f"{but}{denied}", mend=denied.cure)


def _worded(told: Iterable[tuple[str, int, str, str]]) -> Iterator[Verdict]:
    for what, weight, detail, mend in told:
        yield Verdict(what=what, verdict=(GOOD, UNWISE, BAD)[weight], detail=detail, mend=mend)


def _content(config: Config, forms: Sequence[FormRules], support: SupportRules | None, now: datetime | None) -> Iterator[Verdict]:
    """What is in it. Inside a reading."""
    if now is not None:
        yield from health_verdicts(config, now)
    yield from _worded(told_of_epoch(EpochFile(epoch_file_of(config))))
    yield from _worded(told_of_guards(policy_of(config).loops, now, PERMANENT_BOUNCES))
    yield from _new_key(config)
    yield from _directory(config)
    yield from _form_people(forms)
    yield from _support_queues(support) if support is not None else ()


def _new_key(config: Config) -> Iterator[Verdict]:
    """The first run makes a reply key, but never a second one: answers to mails already sent would lose their case."""
    secret = config.keys.reply
    if secret.source != "file" or Path(secret.name).exists():
        return
    if Outbox.select().exists():
        mend = "put back the key of your backup: without it answers to mails already sent lose their case"
        yield Verdict(what=secret.key, verdict=BAD, detail=f"{secret.name} is missing", mend=mend)
    else:
        yield Verdict(what=secret.key, verdict=GOOD, detail=f"{secret.name} is not there yet; the first run makes it")


def _directory(config: Config) -> Iterator[Verdict]:
    for field, word, purpose in ((Queue.is_default, "default", "owns customer mail"), (Queue.is_triage, "triage", "owns doubtful mail")):
        if not Queue.select().where(field).exists():
            mend = f"say yes under {word} for one row of queues.csv, then `supportd import DIR`"
            yield Verdict(what=f"{word} queue", verdict=UNWISE, detail=f"no queue {purpose}", mend=mend)
    named = Organization.select(Organization.calendar).where(Organization.calendar.is_null(False)).distinct()
    for calendar in sorted(str(organization.calendar) for organization in named):
        if calendar not in config.calendars:
            detail, mend = "organizations name it, the configuration does not", f"add the section [calendars.{calendar}]"
            yield Verdict(what=f"calendar {calendar}", verdict=UNWISE, detail=detail, mend=mend)


def _form_people(forms: Sequence[FormRules]) -> Iterator[Verdict]:
    """Who is named in a form's file and is not in the directory."""
    handles = {str(contact.handle) for contact in Contact.select(Contact.handle).where(Contact.handle.is_null(False))}
    able = ContactRole.select().where(ContactRole.role == "configuration_assignee").exists()
    for rules in forms:
        what = f"form {rules.name}"
        named = [("owner", rules.owner)] if rules.owner is not None else []
        if rules.task is not None:
            named += [("task.assignees", handle) for handle in rules.task.assignees]
            named += [("task.qa_assignee", rules.task.qa_assignee)] if rules.task.qa_assignee is not None else []
            if not rules.task.assignees and not able:
                mend = f"give somebody the role configuration_assignee in contacts.csv, or name assignees in the form's [task]; {OFF}"
                yield Verdict(what=what, verdict=UNWISE, detail="nobody can be given its tasks", mend=mend)
        for key, name in named:
            if name not in handles:
                hint = f"did you mean {guess!r}? Else " if (guess := closest(name, sorted(handles))) else ""
                mend = f"{hint}add the handle to contacts.csv, or name somebody else in the form's file; {OFF}"
                yield Verdict(what=what, verdict=UNWISE, detail=f"{key}: {name!r} is not in the directory", mend=mend)


def _support_queues(support: SupportRules) -> Iterator[Verdict]:
    """Queues of the table that are not in the directory; an empty directory is told by its default queue."""
    names = sorted(str(queue.name) for queue in Queue.select(Queue.name))
    wanted = {row.queue: row.number for row in reversed(support.table.rows) if row.queue is not None}
    for name, number in wanted.items():
        if names and name not in names:
            guess = closest(name, names)
            hint = f"did you mean {guess!r}? Else " if guess else ""
            mend = f"{hint}add the queue to queues.csv, or name another in your entitlement.csv"
            yield Verdict(
                what="level one", verdict=UNWISE, detail=f"row {number} names the queue {name!r}: not in the directory", mend=mend
            )
