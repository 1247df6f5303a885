"""The state of a support plan, the version and priority support: each rule at its edges."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.model import AccountFacts, EvaluationFacts, OrderFacts
from daemon.rules.planstate import PlanFacts, PlanRules, PlanState, Version, plan_state, version_of

TODAY = date(2026, 11, 23)
RULES = PlanRules()


def before(days: int) -> date:
    return TODAY - timedelta(days=days)


def ordered(days: int | None, number: str = "9001", **facts: Any) -> OrderFacts:
    return OrderFacts(number=number, ordered_on=before(days) if days is not None else None, **facts)


def evaluating(days: int | None, key: str = "eval-1") -> EvaluationFacts:
    return EvaluationFacts(key=key, started_on=before(days) if days is not None else None)


def found(*things: OrderFacts | EvaluationFacts, named: str | None = None, rules: PlanRules = RULES) -> PlanFacts:
    account = AccountFacts(
        orders=tuple(thing for thing in things if isinstance(thing, OrderFacts)),
        evaluations=tuple(thing for thing in things if isinstance(thing, EvaluationFacts)),
    )
    return plan_state(account, TODAY, rules, named)


@pytest.mark.parametrize(
    ("days", "state"),
    [(0, PlanState.ORDERED), (30, PlanState.ORDERED), (31, PlanState.NONE), (4000, PlanState.NONE), (-2, PlanState.ORDERED)],
)
def test_day_30_is_within_the_last_30_days_and_day_31_is_not(days: int, state: PlanState) -> None:
    assert found(ordered(days)).plan_state is state


@pytest.mark.parametrize(("days", "state"), [(0, PlanState.EVALUATING), (90, PlanState.EVALUATING), (91, PlanState.EVALUATING_TOO_LONG)])
def test_an_evaluation_holds_90_days(days: int, state: PlanState) -> None:
    assert found(evaluating(days)).plan_state is state


def test_the_days_are_said_with_what_they_are_measured_by() -> None:
    assert found(EvaluationFacts(key="eval-1", started_on=date(2026, 6, 1))).why == "evaluating for 175 days (> 90)"
    assert found(evaluating(1)).why == "evaluating for 1 day (<= 90)"
    assert found(ordered(30)).why == "ordered 30 days ago (<= 30)"
    assert found(ordered(317)).why == "ordered 317 days ago (> 30)"
    assert found(ordered(317, hosting=True)).why == "hosting with order 9001"
    assert found().why == "no dated order, no evaluation, no hosting"


def test_days_are_configured() -> None:
    rules = PlanRules(new_customer_days=60, evaluation_max_days=14, oldest_supported_version=8)
    assert found(ordered(60), rules=rules).plan_state is PlanState.ORDERED
    assert found(evaluating(15), rules=rules).plan_state is PlanState.EVALUATING_TOO_LONG
    assert found(ordered(1, version="7.9"), rules=rules).version is Version.OLD


def test_the_newest_of_several_orders_decides_the_days() -> None:
    assert found(ordered(900, "1"), ordered(20, "2"), ordered(400, "3")).plan_state is PlanState.ORDERED


def test_who_ordered_long_ago_and_tries_anew_is_a_customer_without_a_plan() -> None:
    assert found(ordered(900), evaluating(5)).plan_state is PlanState.NONE


def test_of_several_evaluations_the_newest_counts() -> None:
    plan = found(evaluating(400, "eval-1"), evaluating(10, "eval-2"))
    assert (plan.plan_state, plan.evaluating_days, plan.evaluation) == (PlanState.EVALUATING, 10, evaluating(10, "eval-2"))


def test_hosting_is_a_plan_whichever_order_it_belongs_to() -> None:
    plan = found(ordered(900, "1", hosting=True), ordered(400, "2"))
    assert (plan.plan_state, plan.hosting_order, plan.order) == (PlanState.HOSTING, ordered(900, "1", hosting=True), ordered(400, "2"))


def test_a_new_customer_with_hosting_is_a_new_customer() -> None:
    assert found(ordered(3, hosting=True)).plan_state is PlanState.ORDERED


def test_of_what_has_no_date_nothing_can_be_told() -> None:
    assert found().plan_state is PlanState.UNKNOWN
    assert found(ordered(None)).plan_state is PlanState.UNKNOWN
    assert found(evaluating(None)).plan_state is PlanState.UNKNOWN
    assert found(ordered(None, "1"), ordered(50, "2")).plan_state is PlanState.NONE
    assert found(ordered(None, hosting=True)).plan_state is PlanState.HOSTING


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("5.5", Version.OLD), ("5", Version.OLD), ("v5.0.3", Version.OLD), ("4.9 Pro", Version.OLD), ("6", Version.SUPPORTED),
        ("6.0", Version.SUPPORTED), ("7", Version.SUPPORTED), ("10.2", Version.SUPPORTED), ("Gold R12", Version.SUPPORTED),
        ("", Version.SUPPORTED), (None, Version.SUPPORTED), ("latest", Version.SUPPORTED), ("9" * 5000, Version.SUPPORTED),
        ("٥", Version.SUPPORTED),
    ],
)  # fmt: skip
def test_the_first_number_of_a_version_decides_and_an_unknown_one_is_looked_after(text: str | None, version: Version) -> None:
    assert version_of(text, RULES) is version


def test_the_version_is_that_of_the_named_order_else_of_the_newest() -> None:
    old, new = ordered(900, "1-A", version="5.5"), ordered(400, "2", version="7")
    assert found(old, new).version is Version.SUPPORTED
    assert found(old, new, named=" 1-a ").version is Version.OLD
    assert found(old, new, named="1-A").version_order == old
    assert found(old, new, named="1-A").plan_state is PlanState.NONE
    assert found(old, new, named="3").version_order == new
    assert found(ordered(400, "2", version="5"), ordered(900, "1"), named="1").version is Version.SUPPORTED


def test_priority_support_holds_through_its_last_day() -> None:
    assert found(ordered(900, priority_support_until=TODAY)).priority_support
    assert not found(ordered(900, priority_support_until=before(1))).priority_support
    assert not found(ordered(900)).priority_support
    long = ordered(800, "2", priority_support_until=before(-50))
    assert found(ordered(900, "1", priority_support_until=TODAY), long).priority_order == long


def test_every_fact_that_was_used_is_told() -> None:
    plan = found(ordered(317, version="7", hosting=True, priority_support_until=TODAY))
    assert plan.facts() == (
        ("why", "hosting with order 9001"), ("order", "9001"), ("ordered_on", "2026-01-10"), ("hosting_order", "9001"),
        ("version_order", "9001"), ("version_ordered", "7"), ("priority_order", "9001"), ("priority_support_until", "2026-11-23"),
    )  # fmt: skip
    assert found(evaluating(175)).facts() == (
        ("why", "evaluating for 175 days (> 90)"), ("evaluation", "eval-1"), ("started_on", "2026-06-01")
    )  # fmt: skip


DATES = st.none() | st.dates()
ORDERS = st.builds(
    OrderFacts, number=st.text(max_size=4), ordered_on=DATES, version=st.none() | st.text(max_size=9), hosting=st.booleans(),
    priority_support_until=DATES,
)  # fmt: skip
EVALUATIONS = st.builds(EvaluationFacts, key=st.text(max_size=4), started_on=DATES)


@given(st.lists(ORDERS, max_size=4), st.lists(EVALUATIONS, max_size=3), st.dates(), st.none() | st.text(max_size=4))
def test_every_account_has_one_state_in_whatever_order_its_papers_lie(
    orders: list[OrderFacts], evaluations: list[EvaluationFacts], today: date, named: str | None
) -> None:
    plan = plan_state(AccountFacts(orders=tuple(orders), evaluations=tuple(evaluations)), today, RULES, named)
    assert dict(plan.facts())["why"] == plan.why
    other = plan_state(AccountFacts(orders=tuple(orders[::-1]), evaluations=tuple(evaluations[::-1])), today, RULES, named)
    assert (plan.plan_state, plan.priority_support, plan.ordered_days) == (other.plan_state, other.priority_support, other.ordered_days)
    if any(order.ordered_on == today for order in orders):
        assert plan.plan_state is PlanState.ORDERED
    if orders:
        assert plan.plan_state not in (PlanState.EVALUATING, PlanState.EVALUATING_TOO_LONG)
