"""Whom a day reminds of a CS ticket, and what the mail is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from daemon.actions.vocabulary import QueueMail
from daemon.model import CsTicketFacts
from daemon.rules.reminders import decide_reminder, reminder_name, work_due
from tests.rules import facts

TODAY = date(2026, 11, 25)
DUE = TODAY + timedelta(days=2)
TICKET = CsTicketFacts(
    id=7, case_id=1001, summary="A New Channel Partner Request for HW Solar", description="", open=True, assignee=facts.NORA,
    qa_assignee=facts.OWEN, created_on=TODAY - timedelta(days=2), due_date=DUE, configuration_date=TODAY, qa_due_date=DUE,
)  # fmt: skip


def said(ticket: CsTicketFacts, day: date) -> dict[str, tuple[str, ...]]:
    return {person.handle: labels for person, labels in work_due(ticket, day)}


def test_the_assignee_hears_of_two_dates_and_who_checks_of_the_last() -> None:
    assert said(TICKET, TODAY) == {"nora": ("Configuration date",)}
    assert said(TICKET, DUE) == {"nora": ("Due date",), "owen": ("QA due date",)}
    assert said(TICKET, TODAY + timedelta(days=1)) == {}


def test_several_dates_of_one_person_are_one_mail() -> None:
    alone = replace(TICKET, qa_assignee=None, configuration_date=DUE)
    assert said(alone, DUE) == {"nora": ("Configuration date", "Due date", "QA due date")}


def test_work_that_is_done_or_nobody_s_or_given_today_reminds_nobody() -> None:
    for ticket in (
        replace(TICKET, open=False), replace(TICKET, assignee=None, qa_assignee=None), replace(TICKET, created_on=TODAY),
    ):  # fmt: skip
        assert said(ticket, TODAY) == {}


def test_the_mail_is_about_the_ticket_and_is_queued_once_a_day() -> None:
    made = decide_reminder(facts.case(partner_id=None, partner_agents=()), TICKET, facts.NORA, ("Configuration date",), TODAY)
    (letter,) = made.actions
    assert isinstance(letter, QueueMail)
    assert (letter.to, letter.about_ticket, letter.once) == (facts.NORA.address, True, reminder_name(7, facts.NORA.id, TODAY))
    assert made.match is not None
    assert made.match.cs_id == 7
