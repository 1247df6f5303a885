"""What commands write: safe on a terminal, exact for scripts."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli import output

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\u202efdp.exe\u200b\r\x00\ud800"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text() | st.just(HOSTILE))
def test_nothing_that_moves_a_cursor_or_turns_text_is_left(text: str) -> None:
    shown = output.escape(text)
    shown.encode("utf-8")
    assert not any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 or 0x202A <= ord(sign) <= 0x202E for sign in shown)


def test_words_of_every_language_are_left_as_they_are() -> None:
    assert output.escape("Zürich 日本 العربية ☀️") == "Zürich 日本 العربية ☀️"


def test_what_is_taken_out_is_made_visible() -> None:
    assert output.escape("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\u202ec"


def test_said_lines_keep_their_ends_and_lose_their_controls(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("one\ntwo\x1b[0m")
    output.say("wrong", error=True)
    caught = capsys.readouterr()
    assert (caught.out, caught.err) == ("one\ntwo\\x1b[0m\n", "wrong\n")


@dataclasses.dataclass(frozen=True)
class Thing:
    name: str
    at: datetime


def test_json_has_utc_times_plain_dates_and_null(capsys: pytest.CaptureFixture[str]) -> None:
    east = timezone(timedelta(hours=2))
    output.print_json([Thing("Zürich", datetime(2026, 7, 27, 11, 0, tzinfo=east)), date(2026, 7, 27), None, Path("a/b"), frozenset("ba")])
    written = capsys.readouterr().out
    assert json.loads(written) == [{"name": "Zürich", "at": "2026-07-27T09:00:00Z"}, "2026-07-27", None, "a/b", ["a", "b"]]
    assert "Zürich" in written


def test_json_can_be_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"a": [1, {"b": 2}]}, one_line=True)
    assert capsys.readouterr().out == '{"a": [1, {"b": 2}]}\n'


def test_json_is_safe_on_a_terminal_and_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"subject": HOSTILE})
    written = capsys.readouterr().out
    assert json.loads(written) == {"subject": HOSTILE}
    assert "\x1b" not in written
    assert "\u202e" not in written


def test_what_has_no_form_in_json_is_an_error() -> None:
    with pytest.raises(TypeError, match="object"):
        output.print_json(object())


def test_a_table_is_plain_and_aligned_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["ID", "Subject"], [["CASE-1001", "Roof\x1b[2J"], ["CASE-2", None]])
    assert capsys.readouterr().out == "ID         Subject\nCASE-1001  Roof\\x1b[2J\nCASE-2\n"


def test_names_and_values_need_no_headings(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(None, [["state", "Open"], ["ok", True]])
    output.table(None, [])
    output.table(["ID"], [])
    assert capsys.readouterr().out == "state  Open\nok     yes\nID\n"


def test_a_table_on_a_terminal_shows_markup_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "dumb")
    output.table(["Subject"], [["[bold]not bold[/bold] \x1b[2J"]])
    output.table(None, [["name", "value"]])
    assert "[bold]not bold[/bold] \\x1b[2J" in screen.getvalue()


def test_a_bar_is_only_for_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(output.progress(iter(range(3)), "counting")) == [0, 1, 2]
    with output.progress_total("counting") as tell:
        tell(1, 2)
    assert capsys.readouterr() == ("", "")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert list(output.progress(iter(range(3)), "counting", 3)) == [0, 1, 2]
    with output.progress_total("adding") as tell:
        tell(1, 2)
    assert "counting" in screen.getvalue()


def test_a_time_in_a_table_is_short_and_its_zone_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        summer, winter = datetime(2026, 7, 27, 11, 0, 7, tzinfo=UTC), datetime(2026, 12, 1, 11, 0, tzinfo=UTC)
        output.table(None, [["closed at", summer]])
        output.table(["No", "Closed at"], [[1, summer], [2, None]])
        output.table(["Closed at"], [[summer], [winter]])
        output.table(["Closed at"], [[None]])
    finally:
        monkeypatch.undo()
        time.tzset()
    assert capsys.readouterr().out.splitlines() == [
        "closed at  2026-07-27 07:00 EDT",
        "No  Closed at (EDT)", "1   2026-07-27 07:00", "2",
        "Closed at (EDT/EST)", "2026-07-27 07:00", "2026-12-01 06:00",
        "Closed at", "",
    ]  # fmt: skip
