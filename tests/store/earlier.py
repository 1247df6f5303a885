"""Databases as earlier versions of the program left them: `schemas/` holds one of each schema there ever was, on either database.

Each was worked on by its own program: three mails of a customer and a partner, an answer unsent, a mail in hand. Its text is SQL, and its
name the last step it had taken and the commit of that program (0003_forms was brought there from the one before: its program could open
no case yet).

A step of the schema is new? Then `python -m tests.store.earlier PROGRAM URL FILE`, with the checkout that still goes without it and an
empty database, writes what is to be kept.
"""

from __future__ import annotations

import email
import email.policy
import lzma
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from daemon.demo.servers import EmbeddedImap, EmbeddedSmtp

SCHEMAS = Path(__file__).with_name("schemas")

SHEETS = {
    "organizations": """name,kind,account_manager,parent,calendar,date_order,domains
House,house,,,house,,support.example
Miller Solar,partner,,,,,miller.example
Acme Homes,customer,,,,,acme.example
""",
    "contacts": """handle,first_name,last_name,email,organization,roles,phone,language
ann,Ann,Lee,ann.lee@acme.example,Acme Homes,customer,+1 555 0100,
bob,Bob,Miller,bob@miller.example,Miller Solar,partner_agent,,
lou,Lou,Berg,lou@support.example,House,agent level_one,,
""",
    "systems": "name,entity,partner\nRoof-7,Acme Homes,Miller Solar\n",
    "queues": "name,members,default,triage\nlevel-one,lou,yes,no\ntriage,lou,no,yes\n",
}

CONFIGURATION = """\
[house]
name = "Example Support"
address = "support@support.example"
domains = ["support.example"]
calendar = "house"
[database]
url = "{url}"
durable = false
[keys]
reply = {{ file = "reply.key" }}
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "support"
password = {{ file = "imap.password" }}
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
[trust]
authserv_id = "mx.support.example"
reply_address = "support+{{token}}@support.example"
[calendars.house]
timezone = "America/New_York"
country = "US"
"""


LAYOUT = "<html><body>{{ content }}</body></html>\n"
"""A page around the HTML part that takes little room in the text."""


class World:
    """A folder with a configuration, and the two servers that it names."""

    def __init__(self, folder: Path, url: str, imap: EmbeddedImap, smtp: EmbeddedSmtp) -> None:
        self.folder, self.imap, self.smtp = folder, imap, smtp
        self.configuration = folder / "supportd.toml"
        self.configuration.write_text(CONFIGURATION.format(url=url, imap=imap.port, smtp=smtp.port))
        for name, text in (("imap.password", "demo\n"), ("reply.key", "k" * 43 + "\n")):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
        (folder / "templates").mkdir()
        (folder / "templates" / "_layout.html").write_text(LAYOUT)

    def supportd(self, *words: str, program: Path | None = None) -> None:
        """Run a command, of another version if `program` is its checkout."""
        environment = {**os.environ, "PYTHONPATH": str(program or Path(__file__).parents[2])}
        command = [sys.executable, "-P", "-m", "daemon", "--config", str(self.configuration), *words]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"

    def deliver(self, sender: str, subject: str, words: str, number: int, answered: EmailMessage | None = None) -> None:
        mail = EmailMessage()
        mail["Authentication-Results"] = f"mx.support.example; dmarc=pass header.from={sender.partition('@')[2]}"
        mail["From"], mail["To"], mail["Subject"] = sender, "support@support.example", subject
        mail["Message-ID"] = f"<{number}@{sender.partition('@')[2]}>"
        if answered is not None:
            mail.replace_header("To", str(answered["Reply-To"]))
            mail["In-Reply-To"] = str(answered["Message-ID"])
        mail.set_content(words)
        self.imap.deliver(bytes(mail))


def lived(program: Path, folder: Path, url: str) -> None:
    """Let a program work on an empty database: a case, acknowledged by its partner if it knows how, an answer unsent, a mail in hand."""
    with EmbeddedImap() as imap, EmbeddedSmtp() as smtp:
        world = World(folder, url, imap, smtp)
        sheets = folder / "sheets"
        sheets.mkdir()
        for name, text in SHEETS.items():
            (sheets / f"{name}.csv").write_text(text)
        world.supportd("import", str(sheets), program=program)
        world.deliver("ann.lee@acme.example", "No data", "Roof-7 shows no data.\n", 1)
        world.supportd("run", "--once", program=program)
        sent = [email.message_from_bytes(one.octets, policy=email.policy.default) for one in smtp.sent]
        assigned = next((mail for mail in sent if "bob@" in str(mail["To"])), sent[0])
        world.deliver("bob@miller.example", "Re: No data", "#acknowledge\n\nOn our way.\n", 2, assigned)  # type: ignore[arg-type]
        world.supportd("run", "--once", "--stage", "fetch", "--stage", "apply", program=program)
        world.deliver("ann.lee@acme.example", "Roof-7", "Nothing yet.\n", 3)
        world.supportd("run", "--once", "--stage", "fetch", program=program)


# --- SQL text --------------------------------------------------------------------------------------------------------


def dumped(url: str) -> str:
    """The whole database, a statement a line."""
    lines = _of_sqlite(Path(urlsplit(url).path[1:])) if url.startswith("sqlite:") else _of_postgres(url)
    return "".join(f"{line}\n" for line in lines)


def _of_sqlite(file: Path) -> Iterator[str]:
    with sqlite3.connect(file) as there:
        made = there.execute("SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
        full_text = {name for name, _, sql in made if sql.startswith("CREATE VIRTUAL")}
        for name, kind, sql in made:
            if name.startswith("sqlite_") or (any(name.startswith(f"{one}_") for one in full_text) and kind == "table"):
                continue
            yield f"{_one_line(sql)};"
            if kind != "table":
                continue
            columns = [row[1] for row in there.execute(f'PRAGMA table_info("{name}")')]
            columns = ["rowid", *columns] if name in full_text else columns
            listed = ", ".join(f'"{column}"' for column in columns)
            rows = [f"({', '.join(map(_literal, row))})" for row in there.execute(f'SELECT {listed} FROM "{name}"')]
            if rows:
                yield f'INSERT INTO "{name}" ({listed}) VALUES\n' + ",\n".join(rows) + ";"
        for name, last in there.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
            yield f"DELETE FROM sqlite_sequence WHERE name = '{name}';"
            yield f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {last});"
    there.close()


def _one_line(sql: str) -> str:
    return re.sub(r"\s*\n\s*", " ", sql)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"CAST({_literal(value.decode())} AS BLOB)"
    if isinstance(value, str):
        quoted = "'" + value.replace("'", "''") + "'"
        return quoted.replace("\r\n", "'||x'0d0a'||'").replace("\n", "'||x'0a'||'")
    return str(value)


def _of_postgres(url: str) -> Iterator[str]:
    yield from _made(url, "pre-data")
    with psycopg.connect(url) as there:
        tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        for (name,) in there.execute(tables).fetchall():
            # what is made of other columns is not written
            own = "table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position"
            columns = there.execute(f"SELECT column_name FROM information_schema.columns WHERE {own}".encode(), (name,)).fetchall()
            names = [f'"{row[0]}"' for row in columns]
            cells = ", ".join(f"quote_nullable({one}::text)" for one in names)
            rows = [f"({', '.join(row)})" for row in there.execute(f'SELECT {cells} FROM "{name}"'.encode()).fetchall()]
            if rows:
                yield f'INSERT INTO public."{name}" ({", ".join(names)}) VALUES\n' + ",\n".join(rows) + ";"
        given = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
        for name, last in there.execute(given).fetchall():
            yield f"SELECT setval('public.{name}', {last});"
    yield from _made(url, "post-data")


def _made(url: str, section: str) -> Iterator[str]:
    command = ["pg_dump", f"--section={section}", "--no-owner", "--no-privileges", "--dbname", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for statement in re.split(r";\n", re.sub(r"(?m)^(--.*|\\.*|)\n", "", text)):
        line = _one_line(statement.strip())
        if line and not line.startswith(("SET ", "SELECT pg_catalog.set_config", "COMMENT ", "CREATE SCHEMA")):
            yield f"{line};"


def load(file: Path, url: str) -> None:
    """Make the database that a file of `schemas/` tells of; it is empty so far."""
    text = lzma.decompress(file.read_bytes()).decode()
    if url.startswith("sqlite:"):
        with sqlite3.connect(Path(urlsplit(url).path[1:])) as there:
            there.executescript(f"BEGIN; {text} COMMIT;")
        there.close()
        return
    with psycopg.connect(url) as there:
        there.execute(text.encode())


def main() -> None:
    """PROGRAM URL FILE."""
    program, url, file = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3])
    folder = Path(tempfile.mkdtemp(prefix="sd-earlier-"))
    try:
        lived(program, folder, url)
        file.write_bytes(lzma.compress(dumped(url).encode(), preset=9 | lzma.PRESET_EXTREME))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
