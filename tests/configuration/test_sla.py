"""sla.toml: what is shipped, and every mistake at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from daemon.config import data_dir, load_config
from daemon.configuration.sla import load_sla
from daemon.errors import ConfigError, Problem
from daemon.rules.sla import ClockEvent, Recipient, SlaRule, Told
from daemon.wiring import calendars_of, sla_rules_of

MINIMAL = '[house]\naddress = "support@support.example"\n'
RULE = '[[rule]]\nkind = "answer"\nstarts = ["assigned"]\nmet_by = "acknowledged"\nrule = "A"\n'


def read(folder: Path, text: str) -> tuple[SlaRule, ...]:
    path = folder / "sla.toml"
    path.write_text(text, "utf-8")
    return load_sla(path)


def problems(folder: Path, text: str) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return {problem.key: problem for problem in caught.value.problems if isinstance(problem, Problem)}


def test_the_shipped_rules_are_the_three_promises_to_customers() -> None:
    rules = load_sla(data_dir("config") / "sla.toml")
    assert [(rule.kind, sorted(rule.starts), rule.met_by, rule.rule, rule.days) for rule in rules] == [
        ("acknowledge", ["assigned", "reopened"], "acknowledged", "A", 1),
        ("plan", ["acknowledged"], "planned", "A", 1),
        ("close", ["planned"], "closed", "C", 1),
    ]
    assert {rule.warn_before for rule in rules} == {timedelta(hours=4)}
    assert [rule.reminder is not None for rule in rules] == [False, False, True]


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    assert read(tmp_path, RULE) == (
        SlaRule(
            kind="answer", starts=frozenset({ClockEvent.ASSIGNED}), met_by=ClockEvent.ACKNOWLEDGED, rule="A", days=1,
            warn_before=timedelta(hours=4), warning=None, breach=None, reminder=None,
        ),
    )  # fmt: skip


def test_a_mail_has_a_template_and_recipients(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, RULE + 'breach = { template = "late", to = ["owner"] }\n')
    assert rule.breach == Told(template="late", to=(Recipient.OWNER,))


def test_the_promise_more_that_the_shipped_file_shows_holds_when_its_marks_are_taken_away(tmp_path: Path) -> None:
    shipped = (data_dir("config") / "sla.toml").read_text(encoding="utf-8")
    head, example = shipped.split("# [[rule]]")
    *rules, own = read(tmp_path, f"{head}[[rule]]{example.replace(chr(10) + '# ', chr(10))}")
    assert [rule.kind for rule in rules] == ["acknowledge", "plan", "close"]
    assert (own.kind, own.label, own.met_by, own.days) == ("first-visit", "a date for the first visit", ClockEvent.PLANNED, 3)


def test_a_label_is_one_line(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, RULE + 'label = " a  visit "\n')
    assert rule.label == "a visit"
    assert set(problems(tmp_path, RULE + 'label = "one\\ntwo"\n')) == {"rule[0].label"}
    assert set(problems(tmp_path, RULE + f'label = "{"a" * 81}"\n')) == {"rule[0].label"}


def test_no_rules_are_no_promises(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing is promised\n") == ()


def test_every_mistake_is_told_at_once_with_its_line_and_a_guess(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        RULE.replace('"acknowledged"', '"acknowleged"')
        + 'days = 0\nwarn_before = 4\nbreach = { template = "sla-breach", to = ["ownr"] }\nwarning = { templat = "x", to = ["owner"] }\n',
    )
    assert set(found) == {
        "rule[0].met_by", "rule[0].days", "rule[0].warn_before", "rule[0].breach.to[0]",
        "rule[0].warning.template", "rule[0].warning.templat",
    }  # fmt: skip
    assert found["rule[0].met_by"].hint == "acknowledged"
    assert found["rule[0].met_by"].file == f"{tmp_path / 'sla.toml'}:4"
    assert found["rule[0].warn_before"].hint == "warn_before_hours"
    assert found["rule[0].warning.templat"].hint == "template"
    assert found["rule[0].breach.to[0]"].found == '"ownr"'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (RULE + RULE, "rule[1].kind"),
        (RULE.replace('["assigned"]', '["acknowledged"]'), "rule[0].met_by"),
        (RULE.replace('"A"', '"C"'), "rule[0].starts"),
        (RULE + 'reminder = { template = "planned-today-reminder", to = ["owner"] }\n', "rule[0].reminder"),
        (RULE.replace('"answer"', '"An answer"'), "rule[0].kind"),
        (RULE.replace('"A"', '"B"'), "rule[0].rule"),
        (RULE.replace('["assigned"]', "[]"), "rule[0].starts"),
        (RULE.replace('["assigned"]', '["closed"]'), "rule[0].starts[0]"),
        ('rule = "A"\n', "rule"),
        ('[rule]\nkind = "answer"\n', "rule"),
        ("rule = [1]\n", "rule[0]"),
        ('[[rules]]\nkind = "answer"\n', "rules"),
        ("[[rule\n", "(the file)"),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, text: str, key: str) -> None:
    assert list(problems(tmp_path, text)) == [key]


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sla\.toml"):
        load_sla(tmp_path / "sla.toml")


def test_the_installations_own_file_holds_instead_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "supportd.toml").write_text(MINIMAL)
    config = load_config(tmp_path / "supportd.toml")
    assert sla_rules_of(config) == load_sla(data_dir("config") / "sla.toml")
    (tmp_path / "sla.toml").write_text(RULE)
    assert [rule.kind for rule in sla_rules_of(config)] == ["answer"]


def test_every_calendar_that_can_not_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "supportd.toml").write_text(
        MINIMAL + '[calendars.house]\nhours = {}\n[calendars.berlin]\ncountry = "DE"\nsubdivision = "TX"\n[calendars.good]\n'
    )
    with pytest.raises(ConfigError) as caught:
        calendars_of(load_config(tmp_path / "supportd.toml"))
    assert [str(problem).split(": ")[1] for problem in caught.value.problems] == ["calendars.house", "calendars.berlin"]


def test_a_calendar_is_as_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "supportd.toml").write_text(
        MINIMAL + '[calendars.house]\ntimezone = "America/New_York"\ncountry = "US"\nhours = { mon = "10:00-12:00" }\n'
        'extra_holidays = ["2026-11-23"]\nremoved_holidays = ["2026-05-25"]\n'
    )
    house = calendars_of(load_config(tmp_path / "supportd.toml"))["house"]
    assert (house.name, house.timezone.key, house.hours) == ("house", "America/New_York", ((600, 720), *[None] * 6))
    assert [house.is_business_day(day) for day in (*house.extra, *house.removed)] == [False, True]
