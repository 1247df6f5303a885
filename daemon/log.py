"""One documented line per event on standard error; never message text.

A line is `TIME LEVEL EVENT key=value …`. Values are JSON in ASCII, so no line end, escape sequence or look-alike of a mail
can break out of its place. Secrets that were read, credentials in protocol lines and signed reply addresses are cut.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from daemon import systemd

EVENTS: dict[str, tuple[str, str]] = {
    "ready": ("info", "The daemon runs; `stages` names what it does."),
    "stopped": ("info", "The item in hand was finished; the daemon ends."),
    "reloaded": ("info", "The new configuration and templates hold from here on."),
    "reload-refused": ("error", "The new configuration has mistakes; the old one goes on holding."),
    "configuration-concern": ("warning", "The configuration works, but something in it is unwise."),
    "database-away": (
        "warning",
        "The database can't be reached, takes nothing or refuses us: each stage tells it once, then one a minute; work goes on by itself.",
    ),
    "database-back": ("info", "The database answers again, after so many `seconds`."),
    "leases-freed": ("warning", "Work of a process that died was taken back."),
    "put-back": ("warning", "The database is not the newest, or nobody can tell; from here on it is held."),
    "held-after-restore": ("warning", "Nothing is sent and no promise looked at until `supportd resume --after-restore`."),
    "mails-before-restore": ("info", "Mails that came before the restore were entered; none of them is acted on."),
    "stage-waits": ("warning", "A stage can't work now; it is tried again."),
    "stop-cut-short": ("warning", "A stage did not end in time; what it had in hand is taken up at the next start."),
    "stage-hung": (
        "error",
        "A stage is silent for longer than what it does may take; systemd's watchdog hears no more of us.",
    ),
    "reload-waits": ("info", "A reload waits until the stages are done with what they have in hand."),
    "stage-failed": ("error", "An unexpected error in a stage; it starts again after a pause."),
    "schema-changed": ("critical", "Another program upgraded the database under this one, which takes no more work and ends."),
    "mailbox-open": ("info", "Logged in to the IMAP server, the folder is open."),
    "mailbox-elsewhere": ("info", "Another worker reads the mailbox; this one takes over when that one ends or falls silent."),
    "mailbox-away": (
        "warning",
        "A session with the IMAP server failed; the next is after a pause that grows to a minute, to five where the login is refused.",
    ),
    "mailbox-not-safe": ("error", "The IMAP server gives no TLS that proves who it is: no password was sent. Somebody may sit between."),
    "fetch-paused": ("warning", "Too much is waiting, or the disk is nearly full; mail stays safe on the server."),
    "reserve-used": ("error", "The disk is full: the room set aside went to what was in hand. Make room; the rest goes on by itself."),
    "clock-leapt": ("warning", "The wall clock was set by more than an hour while the daemon ran: `hours`, negative for back."),
    "promises-held": ("error", "It leapt by more than a day: no promise is looked at until it is right, or SIGHUP says that it is."),
    "sender-flood": ("warning", "Mails of a sender are held because they opened too many cases; see the triage queue."),
    "mail-fetched": ("info", "New mails were written down."),
    "mail-vanished": ("warning", "The server announced mails that it no longer had."),
    "mailbox-renewed": ("warning", "The folder has another UIDVALIDITY: every mail in it is looked at again; the same mails are copies."),
    "mailbox-went-back": ("error", "The folder was put back from a copy: its UIDs will be given out again, so ours are forgotten."),
    "raw-deleted": ("info", "Raw mails were older than `raw_retention_days`: `count` received ones, and `outgoing` ones of ours."),
    "mails-missing": (
        "error",
        "Mails that should lie in the folder are gone, or it was made anew and is empty; what was written down of them stays.",
    ),
    "mail-unreadable": (
        "warning",
        "The server lists mails that it does not hand out, or breaks the line at; they are asked for again at the next deep look.",
    ),
    "tidy-failed": ("warning", "Finished mails could not be put away; it is tried again."),
    "mail-decided": ("info", "A mail was decided and carried out; `explain` shows why."),
    "mail-quarantined": ("warning", "A mail is kept for a person; see `quarantine show`."),
    "mail-held-back": ("warning", "Mails look like a loop and are held from here on; see `lift`."),
    "apply-waits": ("warning", "A mail can't be finished now; it is tried again."),
    "apply-failed": ("error", "An unexpected error on a mail; it is tried again until the limit of attempts."),
    "mail-sent": ("info", "The relay took responsibility for mails of ours."),
    "mail-not-sent": ("warning", "A mail of ours was refused or must wait."),
    "template-failed": (
        "error",
        "A template failed on one mail, whose reader got a plain one. Mend it, then `outbox release`.",
    ),
    "relay-refuses-us": ("error", "The SMTP server refuses us, not a recipient: login, sender or policy."),
    "alarm": ("critical", "Something is wrong that a person must see to: `what`, the `phase` (begins, lasts), and how to `mend` it."),
    "alarm-ended": ("warning", "What an alarm told of is well again."),
    "alarm-not-told": ("error", "The second account or the command failed to take an alarm; it is tried again."),
    "epoch-file-new": ("info", "The first worker of this host on this database: from here on the host has an epoch file of its own."),
    "epoch-not-kept": ("error", "The epoch file could not be written; work goes on until the numbers it promised are near their end."),
    "health-not-written": ("error", "The file with the daemon's health could not be written."),
    "credential-expires": ("warning", "A refresh token or client secret ends soon: `when`, and how to `mend` it."),
    "token-not-kept": ("error", "A new refresh token could not be written; it is kept in memory and written with the next one."),
    "library": ("warning", "A library used here had something to say."),
}
"""Every event: its level, and what it tells. The name is the third word of a line."""

LONGEST = 500
"""Signs of one value; what is longer is cut."""

_hidden: set[str] = set()

_NAMES, _VALUE = r"\w*(?:password|passwd|secret)|\w+_token", r"(?:\"[^\"]*\"|'[^']*'|[^\s,;]+)"

_CREDENTIALS = (
    (re.compile(r"(?i)\b(AUTH(?:ENTICATE)?\s+(?:PLAIN|LOGIN|CRAM-MD5|XOAUTH2|OAUTHBEARER|SCRAM-\S+))\b.*", re.DOTALL), r"\1 [hidden]"),
    (re.compile(r"(?i)\b(LOGIN)\s+(?:\"[^\"]*\"|[^\s\"]+)\s+(?:\"(?:[^\"\\]|\\.)*\"|[^\s\"]+)"), r"\1 [hidden]"),
    (re.compile(r"(?i)\b(Bearer)\s+[^\s\"',;]+"), r"\1 [hidden]"),
    (re.compile(rf"(?i)\b((?:{_NAMES})(?:[\"']?\s*=\s*|[\"']\s*:\s*|:(?=\S))){_VALUE}"), r"\1[hidden]"),
    # words that follow on a key of the configuration, or on the name of a file, are no secret
    (re.compile(rf"(?i)(?<![\w./-])((?:{_NAMES})\s*:\s+){_VALUE}"), r"\1[hidden]"),
    (re.compile(r"(\w://[^\s:/@]*):[^\s@]*@"), r"\1:[hidden]@"),
    (re.compile(r"(\+[A-Za-z0-9]{4})[A-Za-z0-9._=-]{4,}@"), r"\1…@"),
)


def event(name: str, **fields: object) -> None:
    """Write one line. The level is the event's own; a name that is not in EVENTS is a warning."""
    level, _ = EVENTS.get(name, ("warning", ""))
    write(systemd.journal_prefix(level) + line(datetime.now(UTC), level, name, fields))


def line(at: datetime, level: str, name: str, fields: dict[str, Any]) -> str:
    """The line of an event, without its line end: printable ASCII only.

    >>> line(datetime(2026, 7, 27, 9, 0, tzinfo=UTC), "info", "mail-fetched", {"mailbox": "support", "count": 2})
    '2026-07-27T09:00:00.000Z info mail-fetched mailbox="support" count=2'
    """
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return " ".join([moment, level, name, *(f"{key}={_value(value)}" for key, value in fields.items())])


def write(text: str) -> None:
    """Write a finished line. A log that can't be written must not stop the mail."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def hide(value: str) -> None:
    """Never write this secret, from here on. `Secret.reveal` says it of everything it reads."""
    if len(value) >= 4:
        _hidden.add(value)


def unhide(value: str) -> None:
    """This secret is worth nothing any more: it needs no hiding."""
    _hidden.discard(value)


def redact(text: str) -> str:
    """The text without secrets: known ones, credentials of protocol lines, all but 4 signs of a signed reply address."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "[hidden]")
    for pattern, instead in _CREDENTIALS:
        text = pattern.sub(instead, text)
    return text


def setup() -> None:
    """Let the warnings of libraries come out as events too. Called once by the program that owns the process."""
    root = logging.getLogger()
    if not any(isinstance(handler, _Library) for handler in root.handlers):
        root.handlers[:] = [_Library(logging.WARNING)]
        root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class _Library(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        fields = {"name": record.name, "text": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
        write(line(datetime.now(UTC), level, "library", fields))


def _value(value: object) -> str:
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    text = redact(str(value))
    return json.dumps(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
