"""Every hostile mail of `tests/hostile/threats` on both trust settings, and what must hold of everything that came of them."""

from __future__ import annotations

import email
import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

import daemon
from daemon.cli.app import application
from daemon.cli.output import escape
from daemon.cli.session import Session
from tests.conversations.threats import FOLDER, NAMES, OUR_FIELDS, SETTINGS, Stage, stage_of
from tests.conversations.world import PymapInbox, World
from tests.doubles import Sink
from tests.servers.postgres import fresh_database

REACHING = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system", "os.exec", "urllib.Request")
"""What Python says (PEP 578) when a program opens a line to somewhere or starts another program."""

README = (FOLDER / "README.md").read_text(encoding="utf-8").split("\n")
OUR_MARKUP = frozenset(
    {
        "html", "html lang", "head", "meta", "meta charset", "meta name", "meta content", "title", "style", "body", "body style", "table",
        "table class", "table role", "table style", "tbody", "tr", "td", "td class", "td style", "p", "p dir", "p style", "br", "a",
        "a class", "a href", "a style", "strong", "em", "blockquote", "blockquote style", "ul", "ul class", "ul style", "li",
        "li style", "code", "code style", "h2", "h2 style", "thead", "th", "th style",
        "td dir", "td data-label",
    }
)  # fmt: skip
"""What our templates write."""


pytestmark = pytest.mark.timeout(600)  # the first test of a setting plays them all

_listeners: list[list[str]] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    for reached in _listeners:
        if event in REACHING or (event == "open" and str(arguments[0]).startswith("/etc/")):
            reached.append(f"{event} {arguments!r}"[:200])


sys.addaudithook(_hear)  # it can't be taken away again, but hears only while somebody listens


@dataclass(frozen=True, kw_only=True)
class Played:
    """A world in which every threat was played: what each became, what left, and what the program reached out for."""

    setting: str
    stage: Stage
    became: dict[str, Any]
    reached: tuple[str, ...]


@pytest.fixture(
    scope="module",
    params=[
        ("stamped", "sqlite"),
        ("silent", "sqlite"),
        pytest.param(("stamped", "postgres"), marks=[pytest.mark.postgres, pytest.mark.dovecot]),
    ],
    ids="-".join,
)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """All threats, one after the other, in one world a setting; it has neither mailbox nor relay. PostgreSQL in the full run alone."""
    setting, database = request.param
    folder = tmp_path_factory.mktemp("threats")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'supportd.db'}"
        if database == "postgres":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_url")))
        nowhere = PymapInbox()
        nowhere.close()
        world = stack.enter_context(World(folder / "world", url, nowhere, stack.enter_context(Sink()), lambda **_: {}))
        world.configure(authserv_id=SETTINGS[setting], smtp=False)
        stage = stage_of(world)
        stage.scene = stage.open_case()  # the parser's process runs from here on
        reached: list[str] = []
        if database == "sqlite":  # a database server may be connected to again at any time
            _listeners.append(reached)
        try:
            became = {name: stage.play(name) for name in NAMES}
        finally:
            _listeners.clear()
        yield Played(setting=setting, stage=stage, became=became, reached=tuple(reached))


def test_each_hostile_mail_becomes_what_stands_beside_it(played: Played) -> None:
    for name in NAMES:
        wanted = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        assert played.became[name] == wanted[played.setting], f"{name}: {wanted['threat']}"


def test_the_books_are_good_and_the_next_good_mail_is_worked_on(played: Played) -> None:
    played.stage.open_case()
    books = played.stage.world.assert_good_books()
    assert (books.received, books.in_progress) == (played.stage.taken, 0)
    assert {row["attempts"] for row in played.stage.world.mails()} == {1}


def test_nothing_that_a_mail_names_is_fetched_or_started(played: Played) -> None:
    assert played.reached == ()


def test_whatever_came_in_what_leaves_has_our_fields_and_whole_lines(played: Played) -> None:
    """No field of a sender's making, and nothing that a careless relay could take for the end of the mail (VU#302671)."""
    assert played.stage.letters
    for letter in played.stage.letters:
        assert set(email.message_from_bytes(letter.octets).keys()) <= OUR_FIELDS
        assert len(letter.message.keys()) == len(set(letter.message.keys()))
        lines = letter.octets.split(b"\r\n")
        assert not any(b"\r" in line or b"\n" in line or line == b"." for line in lines)


def test_no_hostile_word_moves_the_cursor_of_whoever_looks(played: Played) -> None:
    world = played.stage.world
    world.close()
    newest = played.became["log_line_in_the_subject"]
    assert newest["case"] == "new"
    every = ["--limit", "1000"]
    for command in (["mail"], ["mail", "--json"], ["cases", "--state", "all"], ["cases", "--json"], ["outbox"], ["quarantine"]):
        try:
            done = CliRunner().invoke(application(), ["--config", str(world.path), *command, *every])
        finally:
            Session.config_file = None
        assert done.exit_code == 0, done.output
        assert "level=error" in done.stdout or command[0] in ("outbox", "quarantine")
        for line in done.stdout.split("\n"):
            assert line == escape(line)


def test_an_answer_to_an_unproven_sender_tells_nobody_who_is_known(played: Played) -> None:
    """Whoever is not proven reads the same words, a customer of ours or anybody."""
    people = {"ann", "mallory@evil.example"} if played.setting == "silent" else {"mallory@evil.example", "$user@evil.example"}
    letters = [letter for letter in played.stage.letters if letter.template == "case-received" and letter.to in people]
    assert {letter.to for letter in letters} == people
    assert len({re.sub(r"CASE-\d+", "CASE", f"{letter.subject}\n{letter.text}") for letter in letters}) == 1


def test_every_threat_has_its_mail_and_every_mail_its_threat() -> None:
    told = {name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES}
    named = {str(one.get("mail", f"{name}.eml")) for name, one in told.items()}
    named |= {step for one in told.values() for step in one.get("before", ()) if step.endswith(".eml")}
    assert all((FOLDER / name).is_file() for name in named)
    assert {path.name for path in FOLDER.glob("*.eml")} == {name for name in named if "/" not in name}
    assert all(set(one) >= {"threat", *SETTINGS} for one in told.values())


ROW = re.compile(r"\| (T\d+b?) \| [^|]+ \| ([^|]+) \| ([^|]*) \|")


def test_every_row_of_the_table_names_its_mails_and_every_mail_has_a_row() -> None:
    table = {row[1]: (re.findall(r"`(\w+)`", row[2]), re.findall(r"\]\(([^)]+)\)", row[3])) for row in map(ROW.match, README) if row}
    assert set(table) == {*(f"T{number}" for number in range(1, 61)), "T4b", "T14b"}
    assert {name for names, _ in table.values() for name in names} == set(NAMES)
    assert all((FOLDER / test).is_file() for _, tests in table.values() for test in tests)
    assert all(names or tests for names, tests in table.values())


def _markup(page: str) -> tuple[set[str], set[str]]:
    """The elements and attributes of a page, and where its links lead."""
    root = LexborHTMLParser(page).root
    assert root is not None
    written = [
        (node.tag, name, value) for node in root.traverse() if node.tag[:1] != "-" for name, value in (("", ""), *node.attributes.items())
    ]
    found = {f"{tag} {name}".strip() for tag, name, _ in written}
    return found, {str(value).partition(":")[0] for _, name, value in written if name in ("href", "src", "action", "srcdoc", "background")}


def test_no_markup_of_a_sender_is_markup_in_what_leaves(played: Played) -> None:
    """Pages have the elements of our templates alone, and no link that anybody but a reader of mail could follow."""
    assert any("alert(1)" in letter.html for letter in played.stage.letters)
    for letter in played.stage.letters:
        found, links = _markup(letter.html)
        assert found - OUR_MARKUP == set(), letter.subject
        assert links <= {"mailto"}


def test_nothing_but_the_demo_listens() -> None:
    listening = re.compile(r"\b(?:create_server|start_server|start_unix_server|http\.server|socketserver|wsgiref)\b|\.bind\(\(")
    program = Path(daemon.__file__).parent
    rooms = [path for path in program.rglob("*.py") if path.relative_to(program).parts[0] != "demo"]
    assert [path.name for path in rooms if listening.search(path.read_text(encoding="utf-8"))] == []
