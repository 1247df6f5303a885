"""What a customer has a right to: the state of their support plan, the version they use, whether they pay for priority support."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from daemon.model import AccountFacts, EvaluationFacts, OrderFacts


class PlanState(StrEnum):
    """Why somebody has an active plan, or has none."""

    ORDERED = "ordered<=30d"
    EVALUATING = "evaluating<=max"
    HOSTING = "hosting"
    EVALUATING_TOO_LONG = "evaluating>max"
    NONE = "none"
    UNKNOWN = "unknown"


class Version(StrEnum):
    """Whether a version is still looked after; one that nobody knows is."""

    OLD = "<=5.x"
    SUPPORTED = "6.x+"


_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRules:
    """How long things hold. Days are calendar days of the house; the last one still counts."""

    new_customer_days: int = 30
    evaluation_max_days: int = 90
    oldest_supported_version: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What was found of an account on a day, and what it was found by."""

    plan_state: PlanState = PlanState.UNKNOWN
    why: str = "no account"
    """The plan state in words, e.g. "evaluating for 175 days (> 90)"."""
    version: Version = Version.SUPPORTED
    priority_support: bool = False
    order: OrderFacts | None = None
    """The newest order."""
    version_order: OrderFacts | None = None
    """The order whose version counts: the one that was named, else the newest."""
    ordered_days: int | None = None
    """Days since the newest order."""
    evaluation: EvaluationFacts | None = None
    evaluating_days: int | None = None
    """Days since the newest evaluation began, where nothing was ordered."""
    hosting_order: OrderFacts | None = None
    priority_order: OrderFacts | None = None
    """The order whose priority support lasts longest, if it still lasts."""
    version_said: str = ""
    """The version that the caller names; it goes before that of any order."""

    def using(self, text: str, rules: PlanRules) -> PlanFacts:
        """The same of somebody who says which version they use."""
        return replace(self, version=version_of(text, rules), version_order=None, version_said=" ".join(text.split()))

    def facts(self) -> tuple[tuple[str, str], ...]:
        """All that was used, by name, for `explain`."""
        found: list[tuple[str, str]] = [("why", self.why)]
        if self.order is not None:
            found.append(("order", self.order.number))
        if self.order is not None and self.order.ordered_on is not None:
            found.append(("ordered_on", self.order.ordered_on.isoformat()))
        if self.evaluation is not None and self.evaluation.started_on is not None:
            found += [("evaluation", self.evaluation.key), ("started_on", self.evaluation.started_on.isoformat())]
        if self.hosting_order is not None:
            found.append(("hosting_order", self.hosting_order.number))
        if self.version_order is not None:
            found += [("version_order", self.version_order.number), ("version_ordered", self.version_order.version or "unknown")]
        if self.version_said:
            found.append(("version_said", self.version_said))
        if self.priority_order is not None and self.priority_order.priority_support_until is not None:
            found += [
                ("priority_order", self.priority_order.number),
                ("priority_support_until", self.priority_order.priority_support_until.isoformat()),
            ]
        return tuple(found)


def plan_state(account: AccountFacts, today: date, rules: PlanRules, named_order: str | None = None) -> PlanFacts:
    """What the account has a right to on `today`, a day in the house's zone. `named_order` is the number of the order a mail names.

    In this order: an order of the last `new_customer_days`; an evaluation where nothing was ordered; hosting; an older order. An
    order without a date says nothing of its age: with nothing else known, the state is unknown and a person looks.
    """
    newest = _newest_order(account.orders)
    hosting = next((order for order in account.orders if order.hosting), None)
    named = next((order for order in account.orders if named_order is not None and _same(order.number, named_order)), None)
    priority = max(
        (order for order in account.orders if order.priority_support_until is not None and order.priority_support_until >= today),
        key=lambda order: order.priority_support_until or today,
        default=None,
    )
    evaluation = _newest_evaluation(account.evaluations) if not account.orders else None
    ordered_days = _days(newest.ordered_on if newest is not None else None, today)
    evaluating_days = _days(evaluation.started_on if evaluation is not None else None, today)
    state, why = _state(ordered_days, evaluating_days, hosting, rules)
    counted = named or newest
    return PlanFacts(
        plan_state=state, why=why, version=version_of(counted.version if counted is not None else None, rules),
        priority_support=priority is not None, order=newest, version_order=counted, ordered_days=ordered_days,
        evaluation=evaluation, evaluating_days=evaluating_days, hosting_order=hosting, priority_order=priority,
    )  # fmt: skip


def version_of(text: str | None, rules: PlanRules) -> Version:
    """Whether a version, as an order says it ("5.5", "v7", "Gold R12"), is still looked after: its first number decides.

    >>> version_of("5.5", PlanRules()).value, version_of("v7", PlanRules()).value, version_of(None, PlanRules()).value
    ('<=5.x', '6.x+', '6.x+')
    """
    found = _NUMBER.search(text or "")
    # a number of so many digits is no version below any; int() would refuse one of thousands
    old = found is not None and len(found[0]) <= 9 and int(found[0]) < rules.oldest_supported_version
    return Version.OLD if old else Version.SUPPORTED


def _state(ordered_days: int | None, evaluating_days: int | None, hosting: OrderFacts | None, rules: PlanRules) -> tuple[PlanState, str]:
    if ordered_days is not None and ordered_days <= rules.new_customer_days:
        return PlanState.ORDERED, f"ordered {_counted(ordered_days)} ago (<= {rules.new_customer_days})"
    if evaluating_days is not None and evaluating_days <= rules.evaluation_max_days:
        return PlanState.EVALUATING, f"evaluating for {_counted(evaluating_days)} (<= {rules.evaluation_max_days})"
    if evaluating_days is not None:
        return PlanState.EVALUATING_TOO_LONG, f"evaluating for {_counted(evaluating_days)} (> {rules.evaluation_max_days})"
    if hosting is not None:
        return PlanState.HOSTING, f"hosting with order {hosting.number}"
    if ordered_days is not None:
        return PlanState.NONE, f"ordered {_counted(ordered_days)} ago (> {rules.new_customer_days})"
    return PlanState.UNKNOWN, "no dated order, no evaluation, no hosting"


def _counted(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _days(since: date | None, today: date) -> int | None:
    """Calendar days; a day to come counts as today."""
    return max(0, (today - since).days) if since is not None else None


def _newest_order(orders: Sequence[OrderFacts]) -> OrderFacts | None:
    return max(orders, key=lambda order: (order.ordered_on is not None, order.ordered_on or date.min, order.number), default=None)


def _newest_evaluation(evaluations: Sequence[EvaluationFacts]) -> EvaluationFacts | None:
    return max(evaluations, key=lambda one: (one.started_on is not None, one.started_on or date.min, one.key), default=None)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
