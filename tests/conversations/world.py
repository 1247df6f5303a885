"""A whole installation in a folder, its mailbox and its relay: put mails in, run rounds, see what left and what is known.

A dialogue reads like the scenarios: `deliver` is IN, `run` is RUN, `expect` is OUT (exactly these mails and nothing else), and
`case`, `mails`, `outbox` are what the database holds.
"""

from __future__ import annotations

import atexit
import contextlib
import csv
import email
import email.policy
import imaplib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol, Self

from daemon.config import Config, load_config
from daemon.demo.servers import EmbeddedImap
from daemon.reader import Reader
from daemon.service import open_house, reader_of, run_once
from daemon.store import audit as books_of
from daemon.store import views
from daemon.store.audit import Books
from daemon.store.directory import import_folder
from daemon.worker import House
from tests.conversations.nursery import Life, begin
from tests.conversations.settled import DIRECTORY, HELP, SUPPORT, settled
from tests.doubles import Sink
from tests.servers.dovecot import Dovecot

TUESDAY = datetime(2025, 12, 2, 15, 0, tzinfo=UTC)
"""The time of a new world; a past one, because servers put a mail from the future at today."""


def _people() -> dict[str, str]:
    with (DIRECTORY / "contacts.csv").open(encoding="utf-8", newline="") as file:
        return {row["handle"]: row["email"].split()[0] for row in csv.DictReader(file)}


PEOPLE = _people()
"""Primary address of each contact of the fixture, by handle."""
_HANDLES = {address: handle for handle, address in PEOPLE.items()}


def address_of(who: str) -> str:
    """The address of a handle; anything with an @ is an address already."""
    return who if "@" in who else PEOPLE[who]


@dataclass(frozen=True, kw_only=True)
class Out:
    """A mail that left. `to` is the handle of a contact of the fixture, else the address."""

    to: str
    reverse_path: str
    octets: bytes = field(repr=False)
    message: EmailMessage = field(repr=False)

    @property
    def template(self) -> str:
        return str(self.message["X-Supportd-Template"])

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def reply_to(self) -> str:
        return str(self.message["Reply-To"])

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def references(self) -> str:
        return " ".join(str(self.message["References"] or "").split())

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())


def read_out(reverse_path: str, forward_paths: tuple[str, ...], octets: bytes) -> Out:
    """Read what the relay got, and hold it against what every mail that leaves promises."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert len(forward_paths) == 1
    assert message["Auto-Submitted"] in ("auto-replied", "auto-generated")
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Supportd-Instance"]
    assert len(message.get_all("To", [])) == 1
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    to = forward_paths[0]
    return Out(to=_HANDLES.get(to, to), reverse_path=reverse_path, octets=octets, message=message)


# --- mails that come -----------------------------------------------------------------------------------------------

_serial = iter(range(1, 1_000_000))


def mail(
    sender: str, body: str, *, subject: str = "No data since noon", to: str = SUPPORT, results: str | None = "pass",
    answers: Out | None = None, message_id: str | None = None, headers: Mapping[str, str] | None = None,
    files: Iterable[tuple[str, str, bytes]] = (), name: str = "",
) -> bytes:  # fmt: skip
    """A person's mail as our mail server hands it over. `results` is what it says of the From domain; None says nothing.

    With `answers` it is a reply to that mail of ours: recipient, subject and thread are taken from it.
    """
    author = address_of(sender)
    message = EmailMessage(policy=email.policy.SMTP)
    if results is not None:
        message["Authentication-Results"] = f"mx.support.example; dmarc={results} header.from={author.rpartition('@')[2]}"
    message["From"] = f"{name} <{author}>" if name else author
    if answers is not None:
        to = answers.reply_to if to == SUPPORT else to
        subject = f"Re: {answers.subject}"
        message["In-Reply-To"] = answers.message_id
        message["References"] = f"{answers.references} {answers.message_id}".strip()
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = message_id or f"<{next(_serial)}.{author}>"
    message["Date"] = "Tue, 02 Dec 2025 14:59:00 +0000"
    for field_name, value in (headers or {}).items():
        message[field_name] = value
    message.set_content(body + "\n")
    for file_name, kind, content in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=file_name)
    return message.as_bytes()


def bounce(of: Out, status: str = "5.1.1", diagnostic: str = "550 5.1.1 no such user", to: str | None = None) -> bytes:
    """The delivery status notification for a mail of ours, as another server writes it (RFC 3464)."""
    action = "failed" if status.startswith("5") else "delayed"
    recipient = str(of.message["To"].addresses[0].addr_spec)
    head = of.octets.partition(b"\r\n\r\n")[0].decode()
    lines = [
        "Return-Path: <>", "From: Mail Delivery System <mailer-daemon@mx.far.example>", f"To: {to or of.reverse_path}",
        "Subject: Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied", f"Message-ID: <{next(_serial)}@mx.far.example>",
        "Date: Tue, 02 Dec 2025 15:01:00 +0000", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", "This is the mail system. I am sorry: your mail could not be delivered.", "",
        "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.far.example", "",
        f"Final-Recipient: rfc822; {recipient}", f"Action: {action}", f"Status: {status}", f"Diagnostic-Code: smtp; {diagnostic}", "",
        "--b", "Content-Type: text/rfc822-headers", "", head, "", "--b--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


# --- where they come to --------------------------------------------------------------------------------------------


class Inbox(Protocol):
    """A mailbox on a server, as a sender and as a person with another client see it."""

    def deliver(self, octets: bytes, at: datetime) -> None: ...

    def mails(self, folder: str = "INBOX") -> list[bytes]: ...

    def lose(self) -> None:
        """Somebody else throws everything in INBOX away."""

    def mark_seen(self) -> None:
        """Somebody else reads everything in INBOX."""

    def renew(self) -> None:
        """The server forgets its UIDs: the same mails under another UIDVALIDITY."""

    def settings(self) -> str:
        """Its part of [[mailbox]]."""


class PymapInbox:
    """The server of `demo`, in this process."""

    def __init__(self) -> None:
        self.server = EmbeddedImap()
        self.seen_port: int | None = None
        """Where the program finds it, if that is not the server itself."""

    def deliver(self, octets: bytes, at: datetime) -> None:
        self.server.deliver(octets, internal_date=at)

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        return self.server.mails(folder)

    def lose(self) -> None:
        with imaplib.IMAP4(self.server.host, self.server.port, timeout=30) as client:
            _empty(client, self.server.user, self.server.password)

    def mark_seen(self) -> None:
        with imaplib.IMAP4(self.server.host, self.server.port, timeout=30) as client:
            client.login(self.server.user, self.server.password)
            client.select("INBOX")
            client.uid("STORE", "1:*", "+FLAGS", "(\\Seen)")

    def renew(self) -> None:
        old, self.server = self.server, EmbeddedImap()
        for octets in old.mails():
            self.server.deliver(octets, internal_date=TUESDAY)
        old.close()

    def settings(self) -> str:
        server = self.server
        return f'host = "{server.host}"\nport = {self.seen_port or server.port}\ntls = "none"\nusername = "{server.user}"\n'

    def close(self) -> None:
        self.server.close()


class Gate:
    """A way to a port of loopback that can be shut: then lines break and nobody gets in."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._lines: list[socket.socket] = []
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accept(self._listener)

    def shut(self) -> None:
        """Break every line and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            _hang_up(listener)
        while self._lines:
            _hang_up(self._lines.pop())

    def open(self) -> None:
        """Let everybody in again, at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accept(self._listener)

    def _accept(self, listener: socket.socket) -> None:
        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection(("127.0.0.1", self._target))
                    self._lines += [client, server]
                    for line, other in ((client, server), (server, client)):
                        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        threading.Thread(target=self._carry, args=(line, other), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()

    @staticmethod
    def _carry(line: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := line.recv(65536):
                other.sendall(octets)
        for end_ in (line, other):
            with contextlib.suppress(OSError):
                end_.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shut()


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()


class DovecotInbox:
    """A real Dovecot, over TLS; its authority is the one that SSL_CERT_FILE names."""

    def __init__(self, server: Dovecot) -> None:
        self.server = server

    def deliver(self, octets: bytes, at: datetime) -> None:
        with imaplib.IMAP4(self.server.host, self.server.port, timeout=30) as client:
            client.login(self.server.user, self.server.password)
            kind, data = client.append("INBOX", "", imaplib.Time2Internaldate(at), octets)
            assert kind == "OK", data

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        with imaplib.IMAP4(self.server.host, self.server.port, timeout=30) as client:
            client.login(self.server.user, self.server.password)
            kind, _ = client.select(f'"{folder}"', readonly=True)
            if kind != "OK":
                return []
            _, found = client.uid("SEARCH", "ALL")
            numbers = (found[0] or b"").split()
            if not numbers:
                return []
            _, data = client.uid("FETCH", b",".join(numbers).decode(), "(BODY.PEEK[])")
            return [bytes(item[1]) for item in data if isinstance(item, tuple)]

    def lose(self) -> None:
        with imaplib.IMAP4(self.server.host, self.server.port, timeout=30) as client:
            _empty(client, self.server.user, self.server.password)

    def mark_seen(self) -> None:
        with imaplib.IMAP4(self.server.host, self.server.port, timeout=30) as client:
            client.login(self.server.user, self.server.password)
            client.select("INBOX")
            client.uid("STORE", "1:*", "+FLAGS", "(\\Seen)")

    def renew(self) -> None:
        self.server.stop()
        for pattern in ("dovecot-uidlist*", "dovecot.index*", "dovecot-uidvalidity*"):
            for path in self.server.maildir.glob(pattern):
                path.unlink()
        self.server.start()

    def settings(self) -> str:
        server = self.server
        return f'host = "{server.host}"\nport = {server.tls_port}\ntls = "implicit"\nusername = "{server.user}"\n'


def _empty(client: imaplib.IMAP4, user: str, password: str) -> None:
    client.login(user, password)
    client.select("INBOX")
    client.uid("STORE", "1:*", "+FLAGS", "(\\Deleted)")
    client.expunge()


_readers: dict[str, Reader] = {}


def _reader_of(config: Config) -> Reader:
    """Worlds with the same limits share a reader and its child: what one reads it forgets before the next."""
    key = f"{sorted(config.own_addresses())} {config.limits.model_dump_json()}"
    if key not in _readers:
        _readers[key] = reader_of(config)
        atexit.register(_readers[key].close)
    return _readers[key]


# --- the installation ----------------------------------------------------------------------------------------------


class World:
    """An installation with the fixture's directory. Its clock stands still until a test moves it."""

    def __init__(
        self, folder: Path, database_url: str, inbox: Inbox, sink: Sink, environment: Callable[..., dict[str, str]],
        directory: Path | None = DIRECTORY,
    ) -> None:  # fmt: skip
        self.folder, self.database_url, self.inbox, self.sink = folder, database_url, inbox, sink
        self.clock = TUESDAY
        self.path = folder / "supportd.toml"
        self._environment = environment
        self._seen = 0
        self._open = ExitStack()
        self._house: House | None = None
        self._config: Config | None = None
        self.settings: dict[str, Any] = {
            "authserv_id": "mx.support.example",
            "after": '{ acted = "Processed", ignored = "Ignored", quarantined = "Quarantine" }',
            "limits": {},
            "smtp_port": sink.port,
            "connections": 1,
            "smtp": True,
            "poll_seconds": 60,
            "idle": True,
            "digests": False,
            "compliments_to": None,
            "level_one": False,
            "confirm_close": False,
            "durable": False,  # the tests' PostgreSQL syncs nothing
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "reply.key").write_text("the key of this world, long enough to sign with\n")
        (folder / "mailbox.password").write_text(_password(inbox))
        self.configure()
        if directory == DIRECTORY:
            settled(database_url)
        elif directory is not None:
            self.import_directory(directory)

    def configure(self, **changes: Any) -> None:
        """Write the configuration again with these changes; the next round works with it."""
        self.close()
        self.settings |= changes
        settings = self.settings
        trust = f'authserv_id = "{settings["authserv_id"]}"\n' if settings["authserv_id"] else ""
        confirm = f"confirm_close = {str(settings['confirm_close']).lower()}\n"
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {settings["smtp_port"]}\ntls = "none"\nconnections = {settings["connections"]}\n'
        compliments = f'compliments_to = "{settings["compliments_to"]}"\n' if settings["compliments_to"] else ""
        limits = "".join(f"{name} = {json.dumps(value)}\n" for name, value in ({"reserve_disk": 0} | settings["limits"]).items())
        self.path.write_text(
            f'[house]\nname = "Example Support"\naddress = "{SUPPORT}"\naliases = ["{HELP}"]\n'
            f'domains = ["support.example"]\n{compliments}'
            f'[database]\nurl = "{self.database_url}"\ndurable = {str(settings["durable"]).lower()}\n'
            f'[[mailbox]]\nname = "support"\n{self.inbox.settings()}password = {{ file = "mailbox.password" }}\n'
            f"after = {settings['after']}\npoll_seconds = {settings['poll_seconds']}\nidle = {str(settings['idle']).lower()}\n"
            f"{smtp if settings['smtp'] else ''}[trust]\n{trust}{confirm}[limits]\n{limits}"
            f"[digests]\nenabled = {str(settings['digests']).lower()}\n"
            '[calendars.house]\ntimezone = "America/New_York"\ncountry = "US"\n'
            '[calendars.berlin]\ntimezone = "Europe/Berlin"\ncountry = "DE"\n',
            encoding="utf-8",
        )
        # most dialogues are about what people do; those of level one switch it on, as it is shipped
        support = self.folder / "support.toml"
        if settings["level_one"]:
            support.unlink(missing_ok=True)
        else:
            support.write_text("enabled = false\n", encoding="utf-8")

    def write_template(self, name: str, text: str | None) -> None:
        """An installation's own template in place of the shipped one; None takes it away."""
        self.close()
        place = self.folder / "templates" / f"{name}.md"
        place.parent.mkdir(exist_ok=True)
        if text is None:
            place.unlink()
        else:
            place.write_text(text, encoding="utf-8")

    def import_directory(self, folder: Path) -> None:
        """Load CSV files, all of them or none."""
        house = self.house
        with house.database.transaction():
            report = import_folder(folder, own_addresses=self.config.own_addresses(), calendars=self.config.calendars)
        assert not report.mistakes, report.mistakes

    @property
    def config(self) -> Config:
        if self._config is None:
            self._config = load_config(self.path)
        return self._config

    @property
    def house(self) -> House:
        """The stages' house in this process; it is opened when it is first needed."""
        if self._house is None:
            self._house = self._open.enter_context(open_house(self.config, lambda: self.clock, reader=_reader_of(self.config)))
        return self._house

    def close(self) -> None:
        """Let go of database and parser child, as the end of a process does."""
        self._open.close()
        self._house = self._config = None

    # --- IN, RUN, OUT ----------------------------------------------------------------------------------------------

    def later(self, **span: float) -> None:
        """Move the clock."""
        self.clock += timedelta(**span)

    def deliver(self, octets: bytes, at: datetime | None = None) -> None:
        """IN: the mail arrives in the inbox at `at`, or now."""
        self.inbox.deliver(octets, at or self.clock)

    def run(self) -> None:
        """RUN: one round."""
        run_once(self.config, self.house)

    def out(self) -> list[Out]:
        """What the relay got since last asked, in the order it came."""
        with self.sink.lock:
            new = self.sink.sent[self._seen :]
            self._seen += len(new)
        return [read_out(sent.reverse_path, sent.forward_paths, sent.octets) for sent in new]

    def expect(self, *wanted: tuple[str, str]) -> list[Out]:
        """OUT: exactly these (recipient, template), in any order, and nothing else; the mails in the order they are asked for."""
        got = self.out()
        held = [(row["to"], row["template"], row["detail"]) for row in self.outbox() if row["state"] == "held"]
        assert sorted((mail.to, mail.template) for mail in got) == sorted(wanted), (
            f"left: {[(one.to, one.template) for one in got]}, held: {held}"
        )
        ordered = []
        for pair in wanted:
            found = next(mail for mail in got if (mail.to, mail.template) == pair)
            got.remove(found)
            ordered.append(found)
        return ordered

    def talk(self, octets: bytes, *wanted: tuple[str, str]) -> list[Out]:
        """IN one mail, RUN, OUT exactly these."""
        self.deliver(octets)
        self.run()
        return self.expect(*wanted)

    def all_out(self) -> list[Out]:
        """What the relay ever got, in the order it came."""
        self._seen = 0
        return self.out()

    # --- DB --------------------------------------------------------------------------------------------------------

    def cases(self) -> list[dict[str, Any]]:
        with self.house.database.reading():
            return views.list_cases(state="all", partner=None, search=None, limit=None)

    def case(self, number: int) -> dict[str, Any]:
        with self.house.database.reading():
            view = views.case_view(number, SUPPORT)
        assert view is not None, f"there is no CASE-{number}"
        return view

    def mails(self) -> list[dict[str, Any]]:
        """The journal, oldest first."""
        with self.house.database.reading():
            return list(reversed(views.list_mails(outcome=None, limit=None)))

    def last_mail(self) -> dict[str, Any]:
        return self.mails()[-1]

    def outbox(self) -> list[dict[str, Any]]:
        """Outgoing mails, oldest first."""
        with self.house.database.reading():
            return list(reversed(views.list_outbox(state=None, limit=None)))

    def audit(self) -> Books:
        with self.house.database.reading():
            return books_of.audit()

    def assert_good_books(self) -> Books:
        books = self.audit()
        assert books.problems == (), books.problems
        assert books.received == books.acted + books.ignored + books.quarantined + books.vanished + books.in_progress
        return books

    # --- the real program ------------------------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        return self._environment(**more)

    def command(self, *arguments: str) -> list[str]:
        """The command line, for who starts it from nothing."""
        return [sys.executable, "-m", "daemon", *self._arguments(*arguments)]

    def _arguments(self, *arguments: str) -> list[str]:
        return ["--config", str(self.path), *arguments]

    def cli(self, *arguments: str, octets: bytes | None = None, status: int = 0, **more: str) -> str:
        """Run the program as a process of its own at this world's clock; what it printed. Its exit status must be `status`."""
        self.close()
        environment = self.environment(SUPPORTD_NOW=self.clock.isoformat(), **more)
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
            given.write(octets or b"")
            given.seek(0)
            life = begin(
                self._arguments(*arguments), environment=environment, folder=self.folder,
                stdin=given.fileno(), stdout=printed.fileno(), stderr=complaints.fileno(),
            )  # fmt: skip
            try:
                returned = life.wait(110)
            finally:
                life.kill()
            complaints.seek(0)
            assert returned == status, f"{returned}\n{complaints.read().decode()[-3000:]}"
            printed.seek(0)
            return printed.read().decode()

    def start(self, *arguments: str, **more: str) -> Life:
        """Start the program; whoever starts it ends it. Its log goes to `daemon.log` in the folder."""
        self.close()
        with (self.folder / "daemon.log").open("ab") as log, Path(os.devnull).open("rb") as nothing:
            return begin(
                self._arguments(*arguments), environment=self.environment(**more), folder=self.folder,
                stdin=nothing.fileno(), stdout=log.fileno(), stderr=log.fileno(),
            )  # fmt: skip

    def log(self) -> str:
        """What the started programs said so far."""
        path = self.folder / "daemon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def log_lines(self, event: str) -> int:
        """How many lines of the log tell of this event."""
        return self.log().count(f" {event}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _password(inbox: Inbox) -> str:
    server: Any = inbox.server  # type: ignore[attr-defined]
    return str(server.password)


def end(process: Life, seconds: float = 40.0) -> int:
    """End a started program in good order; its exit status."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def until(holds: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait for something another process brings about. Raises TimeoutError naming it."""
    limit = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > limit:
            raise TimeoutError(what)
        time.sleep(0.02)


def copy_directory(folder: Path) -> Path:
    """A copy of the fixture's CSV files to change."""
    shutil.copytree(DIRECTORY, folder)
    return folder


def trust_authority(server: Dovecot, setenv: Callable[[str, str], None]) -> None:
    """Let this process and its children believe the authority of a test server."""
    setenv("SSL_CERT_FILE", os.fspath(server.certificates.ca))
