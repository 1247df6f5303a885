"""The floor: the least that a mail program in Python does, to measure against. A process of its own.

It fetches over IMAP, parses with the standard library (`policy.default`), stores a mail in one SQLite transaction (WAL,
`synchronous=NORMAL`: not durable), answers with one template, and sends over one SMTP connection. No rules, no second queue, no
second try. `--idle` waits for mails with IDLE; otherwise it takes what is there and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

import aiosmtplib
import jinja2
from imapclient import IMAPClient

SUPPORT = "support@support.example"
FETCH = 50
"""Mails in one FETCH."""

TABLES = """
CREATE TABLE IF NOT EXISTS person (id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, name TEXT);
CREATE TABLE IF NOT EXISTS ticket (
    id INTEGER PRIMARY KEY, person INTEGER REFERENCES person (id), subject TEXT, state TEXT, at REAL, changed REAL
);
CREATE INDEX IF NOT EXISTS ticket_person ON ticket (person);
CREATE INDEX IF NOT EXISTS ticket_state ON ticket (state, changed);
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY, ticket INTEGER REFERENCES ticket (id), person INTEGER REFERENCES person (id), uid INTEGER,
    message_id TEXT UNIQUE, parent TEXT, direction TEXT, kind TEXT, subject TEXT, date REAL, size INTEGER, plain TEXT, html TEXT
);
CREATE INDEX IF NOT EXISTS mail_ticket ON mail (ticket);
CREATE TABLE IF NOT EXISTS file (
    id INTEGER PRIMARY KEY, mail INTEGER REFERENCES mail (id), name TEXT, type TEXT, size INTEGER, digest TEXT
);
CREATE INDEX IF NOT EXISTS file_mail ON file (mail);
"""

ANSWER = jinja2.Environment().from_string(
    """Dear {{ name or "customer" }},

your message "{{ subject }}" has reached us and is now ticket {{ number }}.
{% if words %}
You told us:
{% for line in words.splitlines()[:12] %}> {{ line }}
{% endfor %}{% endif %}
Keep [{{ number }}] in the subject of what you write next.

The support team
"""
)


@dataclass(slots=True)
class Seen:
    """What the floor keeps of a mail."""

    address: str
    name: str
    reply_to: str
    subject: str
    message_id: str
    parent: str
    references: list[str]
    date: float
    kind: str
    plain: str | None
    html: str | None
    files: list[tuple[str, str, bytes]]


def parse(octets: bytes) -> Seen:
    """Header objects of the standard library and the decoded parts."""
    mail = message_from_bytes(octets, policy=default)
    sender = mail["from"].addresses[0] if mail["from"] and mail["from"].addresses else None
    plain = html = None
    files = []
    for part in mail.walk():
        if part.is_multipart():
            continue
        kind, attached = part.get_content_type(), part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not attached and plain is None:
            plain = part.get_content()
        elif kind == "text/html" and not attached and html is None:
            html = part.get_content()
        else:
            files.append((part.get_filename() or "", kind, part.get_payload(decode=True) or b""))
    automatic = str(mail["auto-submitted"] or "no").lower() != "no"
    address = sender.addr_spec.lower() if sender else ""
    bounced = mail.get_content_type() == "multipart/report" or address.startswith("mailer-daemon@")
    return Seen(
        address, sender.display_name if sender else "", str(mail["reply-to"] or ""), str(mail["subject"] or ""),
        str(mail["message-id"] or "").strip(), str(mail["in-reply-to"] or "").strip(), str(mail["references"] or "").split(),
        mail["date"].datetime.timestamp() if mail["date"] else 0.0, "bounce" if bounced else "automatic" if automatic else "mail",
        plain, html, files,
    )  # fmt: skip


class Store:
    """Raw SQL on one connection."""

    def __init__(self, path: Path, files: Path) -> None:
        self.files = files
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.executescript(TABLES)

    def keep(self, uid: int, mail: Seen, size: int, answer_id: str | None) -> int:
        """The mail, its ticket and its answer in one transaction; the ticket's number."""
        run, now = self.connection.execute, time.time()
        run("BEGIN IMMEDIATE")
        row = run("SELECT id FROM person WHERE address = ?", (mail.address,)).fetchone()
        who = row[0] if row else run("INSERT INTO person (address, name) VALUES (?, ?)", (mail.address, mail.name)).lastrowid
        ticket = None
        for message_id in filter(None, [mail.parent, *reversed(mail.references)]):
            row = run("SELECT ticket FROM mail WHERE message_id = ?", (message_id,)).fetchone()
            if row:
                ticket = row[0]
                run("UPDATE ticket SET state = 'open', changed = ? WHERE id = ?", (now, ticket))
                break
        if ticket is None:
            ticket = run(
                "INSERT INTO ticket (person, subject, state, at, changed) VALUES (?, ?, 'open', ?, ?)", (who, mail.subject, now, now)
            ).lastrowid
        number = run(
            "INSERT INTO mail (ticket, person, uid, message_id, parent, direction, kind, subject, date, size, plain, html)"
            " VALUES (?, ?, ?, ?, ?, 'in', ?, ?, ?, ?, ?, ?)",
            (ticket, who, uid, mail.message_id, mail.parent, mail.kind, mail.subject, mail.date, size, mail.plain, mail.html),
        ).lastrowid
        for name, kind, content in mail.files:
            run(
                "INSERT INTO file (mail, name, type, size, digest) VALUES (?, ?, ?, ?, ?)",
                (number, name, kind, len(content), self._file(content)),
            )
        if answer_id is not None:
            run(
                "INSERT INTO mail (ticket, person, message_id, parent, direction, kind, subject, date)"
                " VALUES (?, ?, ?, ?, 'out', 'answer', ?, ?)",
                (ticket, who, answer_id, mail.message_id, mail.subject, now),
            )
        run("COMMIT")
        return int(ticket or 0)

    def _file(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self.files / digest[:2] / digest
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return digest


def answer(mail: Seen, ticket: int, message_id: str) -> tuple[str, bytes]:
    """Recipient and octets."""
    reply = EmailMessage(policy=SMTP)
    to = mail.reply_to or mail.address
    reply["From"] = f"Support <{SUPPORT}>"
    reply["To"] = to
    reply["Subject"] = f"[{ticket}] {' '.join(mail.subject.split())}"
    reply["Message-ID"] = message_id
    reply["In-Reply-To"] = mail.message_id
    reply["References"] = " ".join([*mail.references, mail.message_id])
    reply["Auto-Submitted"] = "auto-replied"
    reply.set_content(ANSWER.render(name=mail.name, subject=mail.subject, number=ticket, words=mail.plain or ""))
    return to, reply.as_bytes()


def answers(client: IMAPClient, store: Store, uids: list[int]) -> Iterator[tuple[str, bytes]]:
    """Fetch, parse, keep; what is to be sent."""
    for first in range(0, len(uids), FETCH):
        chunk = uids[first : first + FETCH]
        fetched = client.fetch(chunk, ["BODY.PEEK[]"])
        for uid in chunk:
            octets = fetched.pop(uid)[b"BODY[]"]
            mail = parse(octets)
            answer_id = f"<{uid}.answer@support.example>" if mail.kind == "mail" else None
            ticket = store.keep(uid, mail, len(octets), answer_id)
            if answer_id is not None:
                yield answer(mail, ticket, answer_id)


async def once(client: IMAPClient, store: Store, port: int) -> None:
    """Everything that is in the folder."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as relay:
        for to, octets in answers(client, store, client.search(["NOT", "DELETED"])):
            await relay.sendmail(SUPPORT, [to], octets)


async def idle(client: IMAPClient, store: Store, port: int) -> None:
    """For ever: what comes, as soon as the server tells."""
    relay = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    await relay.connect()
    following = 1
    while True:
        uids = [uid for uid in client.search(["UID", f"{following}:*"]) if uid >= following]
        for to, octets in answers(client, store, sorted(uids)):
            await relay.sendmail(SUPPORT, [to], octets)
        following = max([following, *(uid + 1 for uid in uids)])
        client.idle()
        if following == 1:
            print("ready", flush=True)
        while not any(len(word) > 1 and word[1] == b"EXISTS" for word in client.idle_check(timeout=60)):
            pass
        client.idle_done()


def main() -> None:
    """Read the options, log in, go."""
    options = argparse.ArgumentParser()
    options.add_argument("--imap", type=int, required=True)
    options.add_argument("--smtp", type=int, required=True)
    options.add_argument("--user", required=True)
    options.add_argument("--password", required=True)
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--idle", action="store_true")
    given = options.parse_args()
    logging.disable(logging.CRITICAL)
    client = IMAPClient("127.0.0.1", port=given.imap, ssl=False)
    client.login(given.user, given.password)
    client.select_folder("INBOX")
    store = Store(given.folder / "floor.db", given.folder / "files")
    asyncio.run((idle if given.idle else once)(client, store, given.smtp))
    client.logout()


if __name__ == "__main__":
    sys.exit(main())
