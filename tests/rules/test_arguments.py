"""What each verb takes."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.parsers.commands import read_commands
from daemon.parsers.keywords import KEYWORDS
from daemon.rules.arguments import Reading, length, quoted, read
from daemon.rules.judgement import Context

CONTEXT = Context(
    roles=frozenset({"agent"}), about="case", today=date(2026, 11, 23), is_business_day=lambda day: day.weekday() < 5, is_reply=True
)


def reading(text: str) -> Reading:
    (command,) = read_commands(text).commands
    return read(command, CONTEXT)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("#ack", {"verb": "acknowledge"}),
        ("#ack will call", {"verb": "acknowledge", "text": "will call"}),
        ("#plan Friday ship it", {"verb": "plan", "date": "2026-11-27", "text": "ship it"}),
        ("#assign joe@acme.example<mailto:joe@acme.example>", {"verb": "assign", "arg": "joe@acme.example"}),
        ("#assign back-office.", {"verb": "assign", "arg": "back-office"}),
        ("#status", {"verb": "status"}),
        ("#status please", {"verb": "status"}),
        ("#status [case-1001].", {"verb": "status", "arg": "CASE-1001"}),
        ("#cleared 1, 3.", {"verb": "cleared", "arg": "1, 3"}),
        ("#help", {"verb": "help"}),
    ],
)
def test_an_argument_is_read(text: str, facts: dict[str, str]) -> None:
    request, warnings = reading(text)
    assert request is not None
    assert request.facts() == facts
    assert warnings == ()


def test_a_day_that_is_no_business_day_is_taken_and_told() -> None:
    request, warnings = reading("#plan 2026-11-28 ship it")
    assert request is not None
    assert [warning.code for warning in warnings] == ["W-DATE-NOT-BUSINESS-DAY"]


@pytest.mark.parametrize("row", [row for row in KEYWORDS if row.needs_text or row.needs_argument], ids=lambda row: row.verb)
def test_what_a_verb_needs_is_asked_for(row: object) -> None:
    keyword = next(keyword for keyword in KEYWORDS if keyword is row)
    request, errors = reading(f"#{keyword.verb}")
    wanted = "E-DATE-MISSING" if keyword.verb == "plan" else "E-TEXT-MISSING" if keyword.needs_text else "E-ARG-MISSING"
    assert (request, [error.code for error in errors]) == (None, [wanted])


def test_a_letter_and_its_accent_are_one_character() -> None:
    assert length("e\u0301") == length("é") == 1
    assert length("x" * 100_000) == 100_000


def test_a_short_line_is_quoted_whole_and_a_long_one_cut() -> None:
    assert quoted("#close") == "#close"
    assert quoted("x" * 80) == "x" * 80
    assert quoted("x" * 81) == "x" * 79 + "…"
