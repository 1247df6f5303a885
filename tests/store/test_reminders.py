"""Which tickets have a date today of which somebody has not heard."""

from __future__ import annotations

from datetime import date, timedelta

from daemon.actions.vocabulary import CloseCsTicket, OpenCsTicket, QueueMail
from daemon.model import ContactFacts
from daemon.rules.reminders import TEMPLATE, reminder_name
from daemon.store.reminders import cases_with_work_due, was_queued
from tests.rules import facts
from tests.store.life import NOON, Life

TODAY = date(2026, 11, 25)
DUE = TODAY + timedelta(days=2)


def ticket_of(life: Life, created_on: date = TODAY - timedelta(days=2)) -> int:
    """The case of a ticket that Nora does and Owen looks at."""
    case = life.opened()
    opened = OpenCsTicket(
        project="P", issue_type="Task", assignee_id=facts.NORA.id, qa_assignee_id=facts.OWEN.id,
        parent="", priority="High", summary="S", description="D", created_on=created_on, due_date=DUE, configuration_date=TODAY,
        qa_due_date=DUE,
    )  # fmt: skip
    life.do(opened, case=case)
    return case


def due(life: Life, day: date) -> tuple[int, ...]:
    with life.database.reading():
        return cases_with_work_due(day, reminder_name)


def reminded(life: Life, case: int, person: ContactFacts, day: date) -> None:
    mail = QueueMail(
        template=TEMPLATE, to=person.address, contact_id=person.id, name="", answer=False, counted=False, quote_subject=True,
        once=reminder_name(1, person.id, day),
    )  # fmt: skip
    life.do(mail, case=case)


def test_a_ticket_is_due_on_its_dates_and_on_no_other_day(life: Life) -> None:
    case = ticket_of(life)
    assert {day: due(life, day) for day in (TODAY, TODAY + timedelta(days=1), DUE)} == {
        TODAY: (case,),
        TODAY + timedelta(days=1): (),
        DUE: (case,),
    }


def test_it_is_due_until_everybody_concerned_has_heard(life: Life) -> None:
    case = ticket_of(life)
    reminded(life, case, facts.NORA, TODAY)
    assert due(life, TODAY) == ()
    reminded(life, case, facts.NORA, DUE)
    assert due(life, DUE) == (case,)
    reminded(life, case, facts.OWEN, DUE)
    assert due(life, DUE) == ()
    with life.database.reading():
        assert was_queued(reminder_name(1, facts.OWEN.id, DUE))
        assert not was_queued(reminder_name(1, facts.OWEN.id, TODAY))


def test_done_or_opened_today_it_is_not_due(life: Life) -> None:
    done = ticket_of(life)
    life.do(CloseCsTicket(ticket_id=1, by_id=None), case=done, at=NOON)
    ticket_of(life, created_on=TODAY)
    assert due(life, TODAY) == ()
