"""The dates of a CS ticket remind, and promise nothing: on the day, at opening time, whoever does the work hears of it once. Pure."""

from __future__ import annotations

from datetime import date

from daemon.actions.vocabulary import QueueMail
from daemon.model import CaseFacts, ContactFacts, CsTicketFacts, Decision, DomainVerdict, Grade, Kind, Match, Trust
from daemon.reasons import Outcome, Reason
from daemon.rules.cstickets import request_values, values_of
from daemon.rules.receipts import full_date, steps

TEMPLATE = "cs-reminder"


def reminder_name(ticket_id: int, contact_id: int, day: date) -> str:
    """The name under which somebody is reminded of a ticket on a day: at most once, whatever happens between."""
    return f"{TEMPLATE}:{ticket_id}:{contact_id}:{day.isoformat()}"


def work_due(ticket: CsTicketFacts, day: date) -> tuple[tuple[ContactFacts, tuple[str, ...]], ...]:
    """Who is to be reminded on this day, and of which dates: the assignee, and of the last look the QA assignee.

    Work that is done reminds nobody, nor does a day on which it was only given to them.
    """
    if not ticket.open or ticket.created_on >= day:
        return ()
    dates = (
        ("Configuration date", ticket.configuration_date, ticket.assignee),
        ("Due date", ticket.due_date, ticket.assignee),
        ("QA due date", ticket.qa_due_date, ticket.qa_assignee or ticket.assignee),
    )
    found: dict[int, tuple[ContactFacts, tuple[str, ...]]] = {}
    for label, on, person in dates:
        if on == day and person is not None:
            found[person.id] = (person, (*found.get(person.id, (person, ()))[1], label))
    return tuple(found.values())


def decide_reminder(case: CaseFacts, ticket: CsTicketFacts, person: ContactFacts, labels: tuple[str, ...], day: date) -> Decision:
    """One mail that says which date it is, and what is outstanding."""
    values = request_values(case) | values_of(ticket) | {
        "day": full_date(day), "fields": [{"label": label, "value": full_date(day)} for label in labels],
        "steps": list(steps(("done", "outstanding", "cleared", "status"))),
    }  # fmt: skip
    letter = QueueMail(
        template=TEMPLATE, to=person.address, contact_id=person.id, name=person.name, answer=False, counted=False, quote_subject=True,
        once=reminder_name(ticket.id, person.id, day), about_ticket=True, values=tuple(values.items()),
    )  # fmt: skip
    return Decision(
        kind=Kind.OWN, outcome=Outcome.ACTED, reason=Reason.WORK_DUE, detail=f"{ticket.number}: {', '.join(labels)}",
        trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.NONE, evidence="our own calendar"),
        match=Match(case_id=case.id, matched_by="ticket", cs_id=ticket.id), contact_id=None, actions=(letter,), gates=(),
    )  # fmt: skip
