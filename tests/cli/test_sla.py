"""The command sla deadline: its answer, its explanation, its mistakes; and what check says of calendars."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from daemon.cli import app
from daemon.config import data_dir

EXAMPLES = json.loads((Path(__file__).parent.parent / "examples" / "sla_examples.json").read_text("utf-8"))
HOUSE = '[house]\naddress = "support@support.example"\n[calendars.house]\ntimezone = "America/New_York"\ncountry = "US"\n'

Run = Callable[..., tuple[int, str, str]]


def calendars() -> str:
    """The calendars of the examples, as sections of a configuration."""
    lines = []
    for name, made in EXAMPLES["calendars"].items():
        hours = ", ".join(f'{weekday.lower()} = "{"-".join(ends)}"' for weekday, ends in made["hours"].items())
        lines += [f'[calendars."{name}"]', f'timezone = "{made["tz"]}"', f'country = "{made["country"]}"', f"hours = {{ {hours} }}"]
        lines += [f'subdivision = "{made["subdiv"]}"'] if made["subdiv"] else []
        lines += [f"{key} = {json.dumps(made[key])}" for key in ("extra_holidays", "removed_holidays")]
    return "\n".join(lines)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process with a configuration: exit status, output, complaints."""
    path = tmp_path / "supportd.toml"
    path.write_text(HOUSE)

    def run(*arguments: str, configuration: str | None = None) -> tuple[int, str, str]:
        if configuration is not None:
            path.write_text(configuration)
        monkeypatch.setattr(sys, "argv", ["supportd", "--config", str(path), *arguments])
        try:
            app.main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        return (status, *capsys.readouterr())

    return run


def examples(rule: str) -> Any:
    chosen = [example for example in EXAMPLES["examples"] if example["rule"] == rule]
    return pytest.mark.parametrize("example", chosen, ids=[example["id"] for example in chosen])


def answered(run: Run, calendar: str, start: str, *options: str) -> dict[str, Any]:
    status, output, complaints = run(
        "sla", "deadline", "--calendar", calendar, "--from", start, "--json", *options,
        configuration='[house]\naddress = "support@support.example"\ncalendar = "house-us"\n' + calendars(),
    )  # fmt: skip
    assert (status, complaints) == (0, "")
    answer: dict[str, Any] = json.loads(output)
    return answer


@examples("A")
@pytest.mark.parametrize("form", ["start_local", "start_utc"])
def test_rule_a_is_answered_as_in_the_example(run: Run, example: dict[str, str], form: str) -> None:
    answer = answered(run, example["calendar"], example[form])
    assert answer["deadline"] == example["deadline_utc"]
    assert [day["date"] for day in answer["days"] if day["counted"]] == [example["deadline_local"][:10]]


@examples("B")
def test_rule_b_is_answered_as_in_the_example(run: Run, example: dict[str, str]) -> None:
    for days, key in ((2, "configuration_date"), (3, "due_date"), (3, "qa_due_date")):
        for start in (example["created_local"], example["created_local"][:10]):
            answer = answered(run, example["calendar"], start, "--rule", "B", "--days", str(days))
            assert answer["deadline"] == example[key]
            assert sum(day["counted"] for day in answer["days"]) == days


@examples("C")
def test_rule_c_is_answered_as_in_the_example(run: Run, example: dict[str, str]) -> None:
    assert answered(run, example["calendar"], example["planned_resolution_date"], "--rule", "C")["deadline"] == example["deadline_utc"]


def test_json_explains_every_day(run: Run) -> None:
    assert answered(run, "house-us", "2026-11-25T15:00:00Z") == {
        "deadline": "2026-11-27T22:00:00Z",
        "days": [
            {"date": "2026-11-25", "counted": False, "why": "the day it belongs to"},
            {"date": "2026-11-26", "counted": False, "why": "Thanksgiving Day"},
            {"date": "2026-11-27", "counted": True, "why": "counted"},
        ],
    }


def test_people_read_a_line_for_each_day_and_the_deadline_on_the_wall(run: Run) -> None:
    status, output, _ = run("sla", "deadline", "--calendar", "house", "--from", "2026-11-25T15:00:00Z", "--days", "2")
    assert status == 0
    assert [line.split(maxsplit=3) for line in output.splitlines()[1:4]] == [
        ["2026-11-25", "Wed", "no", "the day it belongs to"],
        ["2026-11-26", "Thu", "no", "Thanksgiving Day"],
        ["2026-11-27", "Fri", "yes", "counted"],
    ]
    assert output.splitlines()[-1] == "Deadline: Mon 2026-11-30 17:00 EST (2026-11-30T22:00:00Z)"


def test_rule_b_ends_in_a_date(run: Run) -> None:
    _, output, _ = run("sla", "deadline", "--calendar", "house", "--from", "2026-11-25", "--rule", "B", "--days", "3")
    assert output.splitlines()[-1] == "Deadline: Tue 2026-12-01"


def test_a_time_without_a_zone_is_that_of_the_calendar(run: Run) -> None:
    assert answered(run, "partner-jp", "2026-11-16T18:00") == answered(run, "partner-jp", "2026-11-16T18:00+09:00")


def test_rules_b_and_c_count_from_the_local_date_of_a_time(run: Run) -> None:
    late = datetime.fromisoformat("2026-11-16T20:00-05:00").isoformat()
    assert answered(run, "partner-de", late, "--rule", "B")["deadline"] == "2026-11-18"
    assert answered(run, "house-us", late, "--rule", "B")["deadline"] == "2026-11-17"
    assert answered(run, "house-us", late, "--rule", "C")["deadline"] == "2026-11-17T22:00:00Z"


def test_every_mistake_of_usage_is_told_at_once_with_a_guess(run: Run) -> None:
    status, output, complaints = run("sla", "deadline", "--calendar", "huose", "--from", "tomorrow", "--json")
    assert (status, output) == (2, "")
    assert "found 'huose'; allowed: house; did you mean 'house'?" in complaints
    assert "found 'tomorrow'" in complaints


def test_rule_a_counts_from_a_time_not_from_a_date(run: Run) -> None:
    status, _, complaints = run("sla", "deadline", "--calendar", "house", "--from", "2026-11-16")
    assert status == 2
    assert "an ISO 8601 time" in complaints


@pytest.mark.parametrize("options", [("--days", "0"), ("--days", "100000"), ("--rule", "D")])
def test_what_can_not_be_counted_is_a_mistake_of_usage(run: Run, options: tuple[str, str]) -> None:
    assert run("sla", "deadline", "--calendar", "house", "--from", "2026-11-16T10:00Z", *options)[0] == 2


@pytest.mark.parametrize("start", ["9999-12-31T23:59Z", "9999-12-31T23:59-11:00", "0001-01-01T00:00+14:00"])
def test_a_deadline_beyond_the_end_of_time_is_told(run: Run, start: str) -> None:
    status, output, complaints = run("sla", "deadline", "--calendar", "house", "--from", start, "--days", "3660")
    assert (status, output) == (2, "")
    assert "no deadline" in complaints


def test_a_calendar_without_working_time_is_told_never_walked(run: Run) -> None:
    configuration = HOUSE + "hours = {}\n"
    status, _, complaints = run("sla", "deadline", "--calendar", "house", "--from", "2026-11-16T10:00Z", configuration=configuration)
    assert status == 2
    assert "calendars.house: no weekday has opening hours" in complaints


# --- check ---------------------------------------------------------------------------------------------------------


def verdicts(run: Run, configuration: str) -> tuple[int, dict[str, dict[str, str]]]:
    status, output, _ = run("check", "--json", configuration=configuration)
    return status, {verdict["what"]: verdict for verdict in json.loads(output)}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("hours = {}\n", "no weekday has opening hours"),
        ('subdivision = "ENG"\n', "the subdivision 'ENG' of US"),
    ],
)
def test_a_calendar_that_can_not_be_made_is_bad(run: Run, more: str, words: str) -> None:
    status, found = verdicts(run, HOUSE + more)
    assert status == 1
    assert found["calendars.house"]["verdict"] == "BAD"
    assert words in found["calendars.house"]["detail"]
    assert found["calendars.house"]["mend"]


def test_a_country_without_known_holidays_is_bad(run: Run) -> None:
    _, found = verdicts(run, HOUSE.replace('"US"', '"ZZ"'))
    assert (found["calendars.house"]["verdict"], "'ZZ'" in found["calendars.house"]["detail"]) == ("BAD", True)


def test_the_rules_are_read_and_their_mistakes_told(run: Run, tmp_path: Path) -> None:
    _, found = verdicts(run, HOUSE)
    assert (found["sla.toml"]["verdict"], found["calendars.house"]["verdict"]) == ("good", "good")
    (tmp_path / "sla.toml").write_text('[[rule]]\nkind = "x"\n')
    status, found = verdicts(run, HOUSE)
    assert (status, found["sla.toml"]["verdict"]) == (1, "BAD")


def test_check_names_the_promises_a_house_s_own_by_its_label(run: Run, tmp_path: Path) -> None:
    _, found = verdicts(run, HOUSE)
    assert found["sla.toml"]["detail"].startswith("3 rules: acknowledge, plan, close; from ")
    head, example = (data_dir("config") / "sla.toml").read_text("utf-8").split("# [[rule]]")
    (tmp_path / "sla.toml").write_text(f"{head}[[rule]]{example.replace(chr(10) + '# ', chr(10))}")
    status, found = verdicts(run, HOUSE)
    assert (status, found["sla.toml"]["verdict"]) == (0, "good")
    assert found["sla.toml"]["detail"].startswith("4 rules: acknowledge, plan, close, first-visit (a date for the first visit); from ")


def test_a_rule_that_mails_what_is_no_template_is_bad(run: Run, tmp_path: Path) -> None:
    shipped = (data_dir("config") / "sla.toml").read_text("utf-8")
    (tmp_path / "sla.toml").write_text(shipped.replace('"sla-breach"', '"sla-braech"'))
    status, found = verdicts(run, HOUSE)
    assert (status, found["sla.toml"]["verdict"]) == (1, "BAD")
    assert "sla-braech" in found["sla.toml"]["detail"]
    assert "'sla-breach'" in found["sla.toml"]["mend"]
