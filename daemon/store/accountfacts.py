"""What is known of an account: its orders and its trials."""

from __future__ import annotations

from datetime import date

from daemon.model import AccountFacts, EvaluationFacts, OrderFacts
from daemon.store.schema import Evaluation, Order
from daemon.store.statements import Select


def account_facts(organization_id: int) -> AccountFacts:
    """What an account has ordered and tried, the newest first; what has no date comes last."""
    orders = [
        OrderFacts(number=row[0], ordered_on=row[1], version=row[2], hosting=bool(row[3]), priority_support_until=row[4], website=row[5])
        for row in _ORDERS(organization=organization_id)
    ]
    trials = [EvaluationFacts(key=row[0], started_on=row[1], downloaded_by=row[2], website=row[3]) for row in _TRIALS(org=organization_id)]
    orders.sort(key=lambda order: (order.ordered_on is not None, order.ordered_on or date.min), reverse=True)
    trials.sort(key=lambda trial: (trial.started_on is not None, trial.started_on or date.min), reverse=True)
    return AccountFacts(orders=tuple(orders), evaluations=tuple(trials))


_ORDERS = Select(
    lambda organization: (
        Order.select(Order.number, Order.ordered_on, Order.version, Order.hosting, Order.priority_support_until, Order.website)
        .where(Order.organization == organization)
        .order_by(Order.id.desc())
    )
)
_TRIALS = Select(
    lambda org: (
        Evaluation.select(Evaluation.key, Evaluation.started_on, Evaluation.downloaded_by, Evaluation.website)
        .where(Evaluation.organization == org)
        .order_by(Evaluation.id.desc())
    )
)
