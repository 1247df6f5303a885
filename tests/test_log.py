"""The log: one line per event, nothing breaks out of it, no secret gets in."""

from __future__ import annotations

import ast
import json
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daemon
from daemon import log

NOON = datetime(2026, 7, 27, 12, 0, tzinfo=UTC)
FIELD = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ ]+)')


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.captureWarnings(capture=False)  # another test of this process may have left it on, and then it does nothing
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_time_level_event_and_values() -> None:
    line = log.line(NOON, "info", "mail-fetched", {"mailbox": "support", "count": 2, "deep": False, "state": None})
    assert line == '2026-07-27T12:00:00.000Z info mail-fetched mailbox="support" count=2 deep=false state=null'


@given(st.text(max_size=200))
def test_whatever_is_logged_stays_in_its_place(text: str) -> None:
    line = log.line(NOON, "info", "mail-decided", {"detail": text, "count": 1})
    assert re.fullmatch(r"[\x20-\x7e]+", line)
    assert json.loads(dict(FIELD.findall(line))["detail"]) == log.redact(text)
    assert line.endswith(" count=1")


def test_a_forged_line_does_not_begin_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.event("apply-failed", detail="x\n2026-07-27T12:00:00Z error stopped\r\n\x1b[2J")
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "\x1b" not in written


def test_the_level_is_that_of_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    log.event("mail-sent", count=1)
    log.event("relay-refuses-us", text="535")
    log.event("never-heard-of")
    assert [line.split(" ")[1:3] for line in capsys.readouterr().err.splitlines()] == [
        ["info", "mail-sent"], ["error", "relay-refuses-us"], ["warning", "never-heard-of"],
    ]  # fmt: skip


def test_a_long_value_is_cut() -> None:
    assert len(log.line(NOON, "info", "x", {"detail": "a" * 100_000})) < log.LONGEST + 100


def test_a_log_that_can_not_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _: str) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    log.event("mail-sent", count=1)


def test_a_hidden_secret_is_never_written() -> None:
    log.hide("correct horse battery")
    assert log.redact("535 bad: correct horse battery!") == "535 bad: [hidden]!"


@pytest.mark.parametrize(
    "text",
    [
        "AUTH PLAIN AHVzZXIAaHVudGVyMg==hunter2",
        "A1 AUTHENTICATE XOAUTH2 hunter2",
        'A1 LOGIN "us er" "hunter2"',
        "a2 login user hunter2",
        "user=a auth=Bearer hunter2",
        "Authorization: bearer hunter2",
        "password=hunter2",
        "db_password = hunter2",
        "password:hunter2",
        "the password: hunter2",
        "{'password': 'hunter2'}",
        '{"access_token": "hunter2"}',
        "postgresql://desk:hunter2@db.example/desk",
    ],
)
def test_credentials_of_protocol_lines_are_cut(text: str) -> None:
    assert "hunter2" not in log.redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "f: mailbox[0].password: found /etc/supportd/imap.password: No such file or directory",
        "f: alarm.smtp.password: found credential 'imap-password', but no $CREDENTIALS_DIRECTORY",
        "mailbox[0].oauth.client_secret: found nothing: it is empty",
        "/etc/supportd/password: Permission denied",
        "/etc/supportd/refresh_token: Permission denied",
    ],
)
def test_why_a_secret_can_not_be_read_is_no_secret(text: str) -> None:
    assert log.redact(text) == text


def test_a_signed_reply_address_is_cut_to_four_signs() -> None:
    text = log.redact("RCPT TO:<support+abcdefghijklmnopqrstuvwxyz23456@support.example> refused")
    assert text == "RCPT TO:<support+abcd…@support.example> refused"


@pytest.mark.usefixtures("untouched_logging")
def test_what_libraries_say_comes_out_as_events(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup()
    log.setup()
    logging.getLogger("somelib").warning("careful\nwith %s", "that")
    logging.getLogger("somelib").info("chatter")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert ' warning library name="somelib" text="careful\\nwith that"' in lines[0]
    assert "DeprecationWarning" in lines[1]


def written_events() -> set[str]:
    names = set()
    for path in Path(daemon.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "event"
            if called and isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
                names |= {c.value for c in ast.walk(node.args[0]) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    return names


def test_every_event_that_is_written_is_in_the_table() -> None:
    assert written_events() <= set(log.EVENTS)


def test_every_event_of_the_table_has_a_known_level_and_a_sentence() -> None:
    for level, sentence in log.EVENTS.values():
        assert level in {"info", "warning", "error", "critical"}
        assert sentence.endswith(".")
