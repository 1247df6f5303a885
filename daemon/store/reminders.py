"""Which CS tickets have a date today that somebody has not been reminded of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from daemon.store.schema import CsTicket, Outbox
from daemon.store.statements import Select


def cases_with_work_due(day: date, name: Callable[[int, int, date], str]) -> tuple[int, ...]:
    """The cases of the tickets that aren't Done, have a date on this day, and of which not everybody concerned was reminded.

    `name` says under which name somebody is reminded of a ticket on a day.
    """
    names: dict[str, int] = {}
    for ticket_id, case_id, assignee_id, qa_assignee_id, configuration_date, due_date, qa_due_date in _DUE(day=day.isoformat()):
        concerned = {assignee_id} if day in (configuration_date, due_date) else set()
        concerned |= {qa_assignee_id or assignee_id} if day == qa_due_date else set()
        names |= {name(ticket_id, person_id, day): case_id for person_id in sorted(concerned - {None})}
    told = {row[0] for row in _TOLD(names=sorted(names))} if names else set()
    return tuple(dict.fromkeys(case_id for one, case_id in names.items() if one not in told))


def was_queued(name: str) -> bool:
    """Whether the mail of this name was queued."""
    return bool(_TOLD(names=[name]))


_DUE = Select(
    lambda day: CsTicket.select(
        CsTicket.id, CsTicket.case, CsTicket.assignee, CsTicket.qa_assignee, CsTicket.configuration_date, CsTicket.due_date,
        CsTicket.qa_due_date,
    )
    .where(
        CsTicket.closed_at.is_null()
        & (CsTicket.created_on < day)
        & ((CsTicket.configuration_date == day) | (CsTicket.due_date == day) | (CsTicket.qa_due_date == day))
    )
    .order_by(CsTicket.id)
)  # fmt: skip
_TOLD = Select(lambda names: Outbox.select(Outbox.effect_key).where(Outbox.effect_key.in_(names)))
