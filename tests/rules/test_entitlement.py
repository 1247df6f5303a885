"""The decision table: the shipped one against every case of its expansion, and what is wrong with others."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config import data_dir
from daemon.configuration.support import load_support, load_table
from daemon.rules.entitlement import (
    FACTS,
    Caller,
    Channel,
    LevelAction,
    Row,
    SupportRules,
    UndecidedError,
    decide_level,
    decision_table,
)
from daemon.rules.issueclass import IssueClass, IssueName
from daemon.rules.planstate import PlanFacts, PlanState, Version

CALLERS = {
    "yes": Caller.KNOWN, "no (first contact)": Caller.FIRST_CONTACT, "no (asked, still unknown)": Caller.STILL_UNKNOWN,
    "ambiguous (2+ accounts match)": Caller.AMBIGUOUS,
}  # fmt: skip


@cache
def shipped() -> SupportRules:
    return load_support(data_dir("config") / "support.toml", data_dir("config") / "entitlement.csv")


@cache
def expansion() -> tuple[dict[str, str], ...]:
    with (Path(__file__).parent.parent / "examples/entitlement_expanded.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def row(number: int, precedence: int, action: LevelAction = LevelAction.TRIAGE, target: str = "queue: x", **facts: str) -> Row:
    when = tuple(frozenset(facts[name].split("|")) if name in facts else frozenset(every) for name, every in FACTS.items())
    return Row(number=number, precedence=precedence, when=when, action=action, target=target)


def test_the_expansion_has_816_cases_and_uses_every_row() -> None:
    assert len(expansion()) == 816
    assert {int(case["csv_row"]) for case in expansion()} == {line.number for line in shipped().table.rows} == set(range(1, 39))


def test_every_case_of_the_expansion_is_decided_by_its_row() -> None:
    wrong = []
    for case in expansion():
        plan = PlanFacts(
            plan_state=PlanState(case["plan_state"]), version=Version(case["version"]), priority_support=case["priority_support"] == "yes"
        )
        issue = IssueClass(name=IssueName(case["issue_class"]))
        level = decide_level(
            Channel(case["channel"]), CALLERS[case["caller_known"]], plan, issue, case["persists"] == "yes", shipped().table
        )
        wanted = (int(case["csv_row"]), case["action"], case["template_or_target"])
        if (level.row, level.action.value, level.target) != wanted:
            wrong.append((case, level))
        assert level.as_support() == {
            "plan_state": case["plan_state"], "issue_class": case["issue_class"], "rule": wanted[0], "action": wanted[1],
            "target": wanted[2],
        }  # fmt: skip
    assert not wrong


def test_every_combination_is_decided_and_no_row_is_idle() -> None:
    combinations = list(product(*FACTS.values()))
    assert len(combinations) == 3072
    assert {shipped().table.row(combination).number for combination in combinations} == set(range(1, 39))
    assert shipped().table.idle() == ()


def test_who_is_not_known_is_asked_whatever_the_account_says() -> None:
    issue = IssueClass(name=IssueName.BUG)
    for state in (None, *(PlanFacts(plan_state=state, priority_support=True) for state in PlanState)):
        level = decide_level(Channel.CASE, Caller.FIRST_CONTACT, state, issue, False, shipped().table)
        assert (level.row, level.action, level.template, level.queue) == (2, LevelAction.ASK_IDENTIFY, "identify-account", None)
        assert decide_level(Channel.CASE, Caller.AMBIGUOUS, state, issue, True, shipped().table).row == 4
        assert decide_level(Channel.PHONE, Caller.STILL_UNKNOWN, state, issue, True, shipped().table).template == "purchaser-must-contact"


def test_a_complaint_comes_before_everything() -> None:
    for channel, caller in product(Channel, Caller):
        issue = IssueClass(name=IssueName.COMPLIMENT_OR_COMPLAINT)
        level = decide_level(channel, caller, None, issue, False, shipped().table)
        assert (level.row, level.action, level.level) == (1, LevelAction.FORWARD_MAILBOX, None)


def test_the_decision_names_every_fact_it_was_made_by() -> None:
    plan = PlanFacts(plan_state=PlanState.NONE, why="ordered 317 days ago (> 30)")
    issue = IssueClass(name=IssueName.INSTALLATION_HELP, words=("installing", "install"))
    level = decide_level(Channel.CASE, Caller.KNOWN, plan, issue, False, shipped().table)
    assert (level.row, level.template) == (32, "FAQ-available support resources")
    assert level.facts == (
        ("channel", "case"), ("caller", "known"), ("plan_state", "none"), ("version", "6.x+"), ("priority_support", "no"),
        ("issue_class", "installation_help"), ("persists", "no"), ("issue_words", "installing, install"),
        ("why", "ordered 317 days ago (> 30)"),
    )  # fmt: skip


def test_without_hosting_over_version_an_old_version_comes_before_hosting() -> None:
    plan = PlanFacts(plan_state=PlanState.HOSTING, version=Version.OLD)
    issue = IssueClass(name=IssueName.HOSTING_OR_WEBSITE)
    other = load_table(data_dir("config") / "entitlement.csv", frozenset())
    assert decide_level(Channel.CASE, Caller.KNOWN, plan, issue, False, shipped().table).row == 14
    assert decide_level(Channel.CASE, Caller.KNOWN, plan, issue, False, other).row == 15


def test_a_bug_of_a_customer_without_a_plan_goes_to_level_two_again_and_again_by_mail_and_not_by_phone() -> None:
    plan, issue = PlanFacts(plan_state=PlanState.NONE), IssueClass(name=IssueName.BUG)
    rows = {
        (channel, persists): decide_level(channel, Caller.KNOWN, plan, issue, persists, shipped().table).row
        for channel, persists in product(Channel, (False, True))
    }
    assert rows == {(Channel.CASE, False): 31, (Channel.CASE, True): 31, (Channel.PHONE, False): 30, (Channel.PHONE, True): 37}


# --- tables that decide too little or too much ---------------------------------------------------------------------


def flaws(*rows: Row) -> list[str]:
    with pytest.raises(UndecidedError) as caught:
        decision_table(rows)
    return [str(flaw) for flaw in caught.value.flaws]


def test_one_row_can_be_a_whole_table() -> None:
    table = decision_table([row(1, 1)])
    assert {table.row(combination).number for combination in product(*FACTS.values())} == {1}


def test_what_no_row_decides_is_named() -> None:
    assert flaws(row(1, 1, channel="case"), row(2, 1, channel="phone", persists="no")) == [
        "no row decides channel phone, persists yes (768 combinations)"
    ]
    assert flaws() == ["no row decides everything (3072 combinations)"]


def test_what_two_rows_of_one_precedence_decide_is_named_with_both() -> None:
    found = flaws(row(1, 2), row(4, 1, issue_class="bug", channel="case"), row(7, 1, issue_class="bug|other", version="<=5.x"))
    assert found == ["rows 4 and 7 both decide channel case, version <=5.x, issue_class bug (96 combinations)"]


def test_rows_that_come_after_a_smaller_precedence_may_overlap() -> None:
    table = decision_table([row(1, 1, channel="case"), row(2, 1, channel="phone"), row(3, 2, channel="case"), row(4, 2, channel="case")])
    assert table.idle() == (3, 4)


def test_lines_of_one_number_are_one_row() -> None:
    table = decision_table([row(1, 1, channel="case"), row(1, 1, persists="yes"), row(2, 2)])
    assert {table.row(combination).number for combination in product(*FACTS.values())} == {1, 2}


def test_the_shipped_table_needs_each_of_its_rows() -> None:
    every = list(product(*FACTS.values()))
    whole = [shipped().table.row(combination).number for combination in every]
    for number in range(1, 39):
        try:
            less = decision_table([line for line in shipped().table.rows if line.number != number])
        except UndecidedError as error:
            assert [flaw.rows for flaw in error.flaws] == [()], number
        else:
            assert [less.row(combination).number for combination in every] != whole, number


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_table_is_refused_or_decides_every_combination_by_a_row_that_fits(data: st.DataObject) -> None:
    values = [st.sets(st.sampled_from(every), min_size=1).map(frozenset) for every in FACTS.values()]
    drawn = data.draw(st.lists(st.tuples(st.integers(1, 3), st.tuples(*values)), max_size=4))
    rows = [replace(row(number, precedence), when=when) for number, (precedence, when) in enumerate(drawn, 1)]
    rows += [row(9, 9)] if data.draw(st.booleans()) else []
    try:
        table = decision_table(rows)
    except UndecidedError as error:
        assert error.flaws
        return
    for combination in product(*FACTS.values()):
        fitting = [line for line in rows if all(value in allowed for value, allowed in zip(combination, line.when, strict=True))]
        least = min(line.precedence for line in fitting)
        assert [line for line in fitting if line.precedence == least] == [table.row(combination)]
