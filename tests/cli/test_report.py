"""The command report: the same numbers for scripts and for people, and what it says of a partner or a month that isn't there."""

from __future__ import annotations

import re

import pytest

from tests.cli.desk import Installation, letter


def counted(promised: int = 0, in_time: int = 0, running: int = 0) -> dict[str, int]:
    return {"promised": promised, "in_time": in_time, "late": 0, "running": running, "cancelled": 0}


@pytest.fixture
def kept(installation: Installation) -> Installation:
    """A case that Miller Solar acknowledged and planned, and one that waits."""
    installation.take(letter(), letter(subject="Noise", number="2"))
    answer = next(row for row in installation.json("outbox") if row["to"] == "pat@miller.example" and row["case"] == "CASE-1001")
    thread = [("In-Reply-To", answer["message_id"])]
    installation.take(letter("Pat <pat@miller.example>", "Re", "#plan +5 days Replace the gateway\n", "pat", headers=thread))
    return installation


def test_an_installation_without_promises_says_so(installation: Installation) -> None:
    assert installation.json("report") == []
    assert installation.run("report").stdout == "No promises were made.\n"


def test_scripts_get_a_row_a_partner_and_month(kept: Installation) -> None:
    (row,) = kept.json("report")
    assert list(row) == ["partner", "month", "acknowledge", "plan", "close", "others"]
    assert row["partner"] == "Miller Solar"
    assert re.fullmatch(r"\d{4}-\d\d", row["month"])
    assert row["acknowledge"] == counted(2, in_time=1, running=1)
    assert row["plan"] == counted(1, in_time=1)
    dates = {"in_time": 0, "late": 0, "running": 1}
    assert row["close"] == counted(1, running=1) | {"first_promise": dates, "last_promise": dates, "closed_on_planned_date": 0}
    assert row["others"] == {}


def test_people_read_a_line_a_promise(kept: Installation) -> None:
    heading, *lines = kept.run("report").stdout.splitlines()
    assert heading.split() == ["Partner", "Month", "Promise", "Made", "In", "time", "Late", "Running", "Kept"]
    month = kept.json("report")[0]["month"]
    assert [line.split() for line in lines[:5]] == [
        ["Miller", "Solar", month, "acknowledge", "2", "1", "0", "1", "100%"],
        ["Miller", "Solar", month, "plan", "1", "1", "0", "0", "100%"],
        ["Miller", "Solar", month, "close", "1", "0", "0", "1"],
        ["Miller", "Solar", month, "by", "the", "first", "date", "1", "0", "0", "1"],
        ["Miller", "Solar", month, "by", "the", "last", "date", "1", "0", "0", "1"],
    ]


def test_a_month_and_a_partner_are_chosen(kept: Installation) -> None:
    rows = kept.json("report")
    assert kept.json("report", "--month", rows[0]["month"], "--partner", "miller solar") == rows
    assert kept.json("report", "--month", "1999-01") == []


def test_a_partner_that_is_not_there_is_told_with_a_guess(kept: Installation) -> None:
    done = kept.run("report", "--partner", "Miler Solar", "--json", status=1)
    assert done.stdout == ""
    assert "did you mean 'Miller Solar'?" in done.stderr
    assert "Acme Homes" not in kept.run("report", "--partner", "Acme Homes", status=1).stdout


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "november", "2026-11-01", "0000-01"])
def test_what_is_no_month_is_a_mistake_of_usage(installation: Installation, month: str) -> None:
    assert "2026-11" in installation.run("report", "--month", month, status=2).stderr


def test_the_view_of_a_case_shows_its_promises_and_its_plan(kept: Installation) -> None:
    shown = kept.run("case", "1001").stdout
    assert re.search(r"^1 +acknowledge .* met ", shown, re.MULTILINE)
    assert re.search(r"^1 +close .* running$", shown, re.MULTILINE)
    assert re.search(r"^planned resolution +Replace the gateway$", shown, re.MULTILINE)
    assert re.search(r"^acknowledged by +pat$", shown, re.MULTILINE)
    assert kept.json("audit")["ok"] is True
