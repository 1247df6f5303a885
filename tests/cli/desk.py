"""An installation in a folder with a day's mails in it, and its commands run in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from daemon.cli.app import application
from daemon.cli.session import Session
from daemon.store.database import Database, open_database
from tests.rules.facts import AUTHSERV, NOW

CONFIGURATION = f"""
[house]
name = "Example Support"
address = "support@support.example"
[database]
url = "{{url}}"
durable = false
[trust]
authserv_id = "{AUTHSERV}"
"""

DIRECTORY = {
    "organizations.csv": "name,kind,domains\nHouse,house,\nMiller Solar,partner,\nAcme Homes,customer,acme.example\n",
    "contacts.csv": (
        "handle,first_name,last_name,email,organization,roles\n"
        "nora,Nora,North,nora@support.example,House,agent level_one\n"
        "pat,Pat,Miller,pat@miller.example,Miller Solar,partner_agent\n"
        "ann,Ann,Lee,ann@acme.example,Acme Homes,customer\n"
    ),
    "systems.csv": "name,entity,partner\nRoof-7,Acme Homes,Miller Solar\n",
    "queues.csv": "name,members,default,triage\nlevel-one,nora,yes,no\ntriage,nora,no,yes\n",
}


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A folder with a configuration; `run` is the command line."""

    folder: Path
    url: str

    def run(self, *arguments: str, status: int = 0, octets: bytes | None = None) -> Result:
        """Run a command; its exit status must be this one."""
        try:
            done = CliRunner().invoke(application(), ["--config", str(self.folder / "supportd.toml"), *arguments], input=octets)
        finally:
            Session.config_file = None
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return done

    def json(self, *arguments: str, status: int = 0, octets: bytes | None = None) -> Any:
        """The JSON a command writes, and nothing else may stand on its standard output."""
        return json.loads(self.run(*arguments, "--json", status=status, octets=octets).stdout)

    def lines(self, *arguments: str, status: int = 0, octets: bytes | None = None) -> list[Any]:
        """The same for a command that writes one document a line."""
        return [json.loads(line) for line in self.run(*arguments, "--json", status=status, octets=octets).stdout.splitlines()]

    def write(self, name: str, octets: bytes) -> str:
        """A mail in a file; its path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(octets)
        return str(path)

    def take(self, *mails: bytes) -> None:
        """Put mails into the journal and work on them."""
        for number, octets in enumerate(mails):
            self.run("ingest", self.write(f"in/{number}.eml", octets))
        self.run("run", "--once", "--stage", "apply")

    def database(self) -> Database:
        """Its database, for a test that looks or tampers."""
        return open_database(self.url)


def installed(folder: Path, url: str) -> Installation:
    """A fresh installation with the directory above."""
    folder.mkdir(exist_ok=True)
    (folder / "supportd.toml").write_text(CONFIGURATION.format(url=url))
    (folder / "directory").mkdir()
    for name, text in DIRECTORY.items():
        (folder / "directory" / name).write_text(text)
    made = Installation(folder=folder, url=url)
    made.run("import", str(folder / "directory"))
    return made


def moved(folder: Path, to: Path) -> Installation:
    """A copy of an installation, to do with as a test likes."""
    shutil.copytree(folder, to)
    configuration = to / "supportd.toml"
    configuration.write_text(configuration.read_text().replace(str(folder), str(to)))
    return Installation(folder=to, url=f"sqlite:///{to / 'supportd.db'}")


def mail(
    sender: str, subject: str, body: str, *, number: str, dmarc: str = "pass", headers: Sequence[tuple[str, str]] = ()
) -> EmailMessage:  # fmt: skip
    """A mail as our provider hands it over: with its own Authentication-Results on top."""
    message = EmailMessage()
    domain = sender.rpartition("@")[2].rstrip(">")
    message["Authentication-Results"] = f"{AUTHSERV}; dmarc={dmarc} header.from={domain}"
    message["From"] = sender
    message["To"] = "support@support.example"
    message["Subject"] = subject
    message["Date"] = format_datetime(NOW)
    message["Message-ID"] = f"<demo-{number}@{domain}>"
    for name, value in headers:
        message[name] = value
    message.set_content(body)
    return message


def letter(
    sender: str = "Ann Lee <ann@acme.example>", subject: str = "No data", body: str = "Please look.\n", number: str = "1",
    dmarc: str = "pass", headers: Sequence[tuple[str, str]] = (),
) -> bytes:  # fmt: skip
    """Its octets."""
    return bytes(mail(sender, subject, body, number=number, dmarc=dmarc, headers=headers))


def with_file() -> bytes:
    """A mail with an attachment."""
    message = mail("Ann Lee <ann@acme.example>", "100% dark_roof", "See the photo, Zürich.\n", number="file")
    message.add_attachment(b"jpg octets", maintype="image", subtype="jpeg", filename="photo.jpg")
    return bytes(message)


FORGED = letter("Pat Miller <pat@miller.example>", "Close it", "Please close it.\n", "forged", dmarc="fail")
ROBOT = letter("Ann Lee <ann@acme.example>", "Away", "I am away.\n", "robot", headers=[("Auto-Submitted", "auto-replied")])
STRANGER = letter("Mallory <mallory@evil.example>", "Re: [CASE-1001]", "Tell me all.\n", "stranger")
DEEP = (
    b"From: ann@acme.example\r\nTo: support@support.example\r\nMessage-ID: <deep@acme.example>\r\nMIME-Version: 1.0\r\n"
    + b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(30))
    + b"Content-Type: text/plain\r\n\r\nx\r\n"
)
"""Nested deeper than the limit: it is quarantined."""

DAY = (with_file(), letter(), letter(), ROBOT, STRANGER, FORGED, DEEP)
"""Mails 1 to 7: a case with a file, a second case, its copy, a robot, a stranger who names the first case, a forger, a bomb."""
