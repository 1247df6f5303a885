"""The work on a CS ticket, by mail: `#done`, `#outstanding`, `#cleared`, and the gate before the customer hears the end. Pure.

The customer hears that the work is complete once, when the ticket is Done and nothing is outstanding on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from daemon.actions.vocabulary import (
    Action,
    AddComment,
    AddOutstanding,
    AssignCsTicket,
    ClearOutstanding,
    CloseCase,
    CloseCsTicket,
    MoveRequest,
    QueueMail,
    ReopenCsTicket,
)
from daemon.model import AddrSpec, CaseFacts, ContactFacts, CsTicketFacts, OutstandingFacts, RequestState
from daemon.parsers.names import called, folded
from daemon.rules.drafts import Draft, Step
from daemon.rules.hearing import Audience, Hearing, audience_of, customers_side, owner_of
from daemon.rules.intake import kept_name
from daemon.rules.judgement import Request
from daemon.rules.receipts import Done, full_date
from daemon.rules.sla import ClockEvent


def values_of(ticket: CsTicketFacts, outstanding: tuple[OutstandingFacts, ...] | None = None) -> dict[str, object]:
    """What the templates about a CS ticket are told."""
    items = ticket.outstanding if outstanding is None else outstanding
    return {
        "ticket_number": ticket.number, "ticket_summary": ticket.summary, "due_date": full_date(ticket.due_date),
        "configuration_date": full_date(ticket.configuration_date), "qa_due_date": full_date(ticket.qa_due_date),
        "outstanding": [{"number": item.number, "text": item.text} for item in items if item.open],
        "assignee_name": ticket.assignee.name if ticket.assignee is not None else "",
    }  # fmt: skip


# --- the verbs -----------------------------------------------------------------------------------------------------


def _done(made: Draft, request: Request) -> None:
    ticket = made.ticket
    if ticket is None:
        return
    made.actions.append(CloseCsTicket(ticket_id=ticket.id, by_id=made.sender.id if made.sender else None))
    made.ticket_open = False
    made.done.append(Done(verb="done"))
    _note(made, request.text)


def _note(made: Draft, text: str | None) -> None:
    """Words behind a verb of a CS ticket stay in the house."""
    if text:
        author = made.h.reading.message.author
        made.actions.append(AddComment(text=text, public=False, author_id=made.sender.id if made.sender else None, author_address=author))


def _outstanding(made: Draft, request: Request) -> None:
    ticket = made.ticket
    if ticket is None:
        return
    texts = request.items or ((request.text,) if request.text else ())
    first = max((item.number for item in made.outstanding), default=0) + 1
    items = tuple(enumerate(texts, first))
    made.actions.append(AddOutstanding(ticket_id=ticket.id, items=items, by_id=made.sender.id if made.sender else None))
    made.outstanding = (*made.outstanding, *(OutstandingFacts(number=number, text=text, open=True) for number, text in items))
    made.done += [Done(verb="outstanding", text=text, number=number) for number, text in items]


def _cleared(made: Draft, request: Request) -> None:
    ticket = made.ticket
    if ticket is None:
        return
    waiting = {item.number: item for item in made.outstanding if item.open}
    known = {item.number for item in made.outstanding}
    numbers = tuple(sorted(waiting)) if (request.arg or "").strip().casefold() == "all" else _numbers(request.arg or "")
    strange = [number for number in numbers if number not in known]
    if strange or not numbers:
        detail = "item" if waiting else "nothing-outstanding"
        made.trouble(request, "E-ARG-MISSING", detail=detail, said=request.arg or "", choices=tuple(map(str, waiting)))
        return
    cleared = tuple(number for number in numbers if number in waiting)
    if cleared:
        by_id = made.sender.id if made.sender else None
        made.actions.append(ClearOutstanding(ticket_id=ticket.id, numbers=cleared, by_id=by_id))
    made.outstanding = tuple(replace(item, open=item.open and item.number not in cleared) for item in made.outstanding)
    texts = {item.number: item.text for item in made.outstanding}
    made.done += [Done(verb="cleared", text=texts[number], number=number) for number in numbers]


def _numbers(argument: str) -> tuple[int, ...]:
    digits = "".join(sign if sign.isascii() and sign.isdigit() else " " for sign in argument).split()
    return tuple(dict.fromkeys(int(number) for number in digits if len(number) < 7))


def _reopen(made: Draft, request: Request) -> None:
    ticket, case = made.ticket, made.case
    if ticket is None or case is None:
        return
    made.actions.append(ReopenCsTicket(ticket_id=ticket.id, by_id=made.sender.id if made.sender else None))
    made.ticket_open = True
    if case.request is not None:
        state = RequestState.REOPENED if case.request.completed else RequestState.IN_CONFIGURATION
        made.actions.append(MoveRequest(request_id=case.request.id, state=state))
    _note(made, request.text)
    made.done.append(Done(verb="reopen", text=request.text or ""))
    if ticket.assignee is not None:
        _to_assignee(made, ticket.assignee)


def _assign(made: Draft, request: Request) -> None:
    ticket = made.ticket
    if ticket is None:
        return
    name = (request.arg or "").strip()
    if folded(name) in ("me", "@me") and made.sender is not None:
        people: tuple[ContactFacts, ...] = (made.sender,)
    else:
        people = tuple(person for person in made.asked.people.get(called(name), ()) if person.organization_kind == "house")
    if len(people) > 1:
        made.trouble(request, "E-AMBIGUOUS-PERSON", said=name, choices=tuple(person.address for person in people))
        return
    if not people:
        made.trouble(request, "E-UNKNOWN-PERSON", said=name)
        return
    made.actions.append(AssignCsTicket(ticket_id=ticket.id, assignee_id=people[0].id, name=people[0].name))
    made.ticket = replace(ticket, assignee=people[0])
    made.done.append(Done(verb="assign", who=people[0].name))
    _to_assignee(made, people[0])


def _to_assignee(made: Draft, assignee: ContactFacts) -> None:
    case, ticket = made.case, made.ticket
    if case is None or ticket is None:
        return
    values = values_of(ticket, made.outstanding) | request_values(case) | {"assignee_name": assignee.name}
    made.mail("cs-assigned", audience_of((assignee,)), values=values)


STEPS: Mapping[str, Step] = {"done": _done, "outstanding": _outstanding, "cleared": _cleared, "reopen": _reopen, "assign": _assign}
"""What each verb does that means something of its own on a CS ticket; words and questions are those of the case."""


# --- the gate ------------------------------------------------------------------------------------------------------


def settle(made: Draft) -> None:
    """After the verbs of a mail: is the request complete now, and who hears of it. The customer hears at most once."""
    ticket, case = made.ticket, made.case
    if ticket is None or case is None:
        return
    waiting = tuple(item for item in made.outstanding if item.open)
    done_now = any(isinstance(action, CloseCsTicket) for action in made.actions)
    changed = done_now or any(isinstance(action, (AddOutstanding, ClearOutstanding)) for action in made.actions)
    values = values_of(ticket, made.outstanding) | request_values(case)
    made.receipt_values |= values | {"sent_to": "", "completion_mail": "", "sent_before": False}
    if made.ticket_open or not changed:
        return
    if waiting:
        if case.request is not None and not case.request.completed and case.request.state != RequestState.DONE_WITH_OUTSTANDING:
            made.actions.append(MoveRequest(request_id=case.request.id, state=RequestState.DONE_WITH_OUTSTANDING))
        if done_now:
            made.receipt = "cs-done-but-outstanding"
            manager = audience_of((case.manager,)) if case.manager is not None else ()
            made.mail("cs-outstanding-notice", (*manager, *owner_of(case)), values=values)
        return
    if done_now:
        made.receipt = "cs-done-confirmation"
    _complete(made, case)


def _complete(made: Draft, case: CaseFacts) -> None:
    """Done, and nothing is outstanding: the customer hears it, unless they have before."""
    asked = case.request
    if asked is None:
        return
    rules = made.h.rulebook.form(asked.form)
    if asked.state != RequestState.COMPLETED:
        made.actions.append(MoveRequest(request_id=asked.id, state=RequestState.COMPLETED))
    template = rules.completion_mail if rules is not None else None
    if template is None:
        return
    made.receipt_values["completion_mail"] = template
    if asked.completed:
        made.receipt_values["sent_before"] = True
        return
    to = customer_of(case)
    if to:
        made.receipt_values["sent_to"] = to[0][2] or to[0][0]
        # the receipt of the last #cleared is the common one, which says it as what comes next
        made.receipt_values["next"] = f"nothing is left to do. I have sent {template} to {made.receipt_values['sent_to']}."
        made.letters.append(to_customer(template, to, request_values(case), once=f"{template}:request:{asked.id}"))
    if rules is not None and rules.close_case_on_completion and made.open:
        made.actions.append(CloseCase(text=f"{made.ticket.number} is Done" if made.ticket else "Done", by_id=None, on_planned_date=None))
        made.events.append(ClockEvent.CLOSED)
        made.open = False


def about_ticket(h: Hearing, letters: list[Action]) -> list[Action]:
    """The mails of a decision about a CS ticket: an answer to one of them is about it, too, but for those about the case."""
    ticket, case = h.found.ticket, h.found.case
    if ticket is None or case is None:
        return letters
    customers = {address for address, _, _ in (*customers_side(case), *customer_of(case))}
    return [
        replace(one, about_ticket=one.template not in OF_THE_CASE and one.to not in customers) if isinstance(one, QueueMail) else one
        for one in letters
    ]


OF_THE_CASE = frozenset({"cs-outstanding-notice", "case-closed", "case-comment"})
"""Mails that a CS ticket causes and that are about its case."""


def customer_of(case: CaseFacts) -> Audience:
    """Whom the form's request is answered: the address the form gave, under the name of its contact."""
    asked = case.request
    if asked is None or asked.submitter is None:
        return customers_side(case)
    address = AddrSpec(asked.submitter_email) if asked.submitter_email else asked.submitter.address
    return ((address, asked.submitter.id, asked.submitter.name),)


def to_customer(template: str, to: Audience, values: Mapping[str, object], *, once: str | None) -> QueueMail:
    """One quick reply to the customer of a form, who did not mail us: nobody's answer."""
    address, contact_id, name = to[0]
    return QueueMail(
        template=template, to=address, contact_id=contact_id, name=name, answer=False, counted=False, quote_subject=True, once=once,
        values=tuple(values.items()),
    )  # fmt: skip


def request_values(case: CaseFacts) -> dict[str, object]:
    """What the templates about a form's request are told."""
    asked = case.request
    if asked is None:
        return {}
    return {
        "request_title": asked.title, "company": asked.company, "partner_company": asked.partner_company,
        "submitter_name": asked.submitter.name if asked.submitter is not None else kept_name(asked),
        "submitter_email": asked.submitter_email, "answers": [{"label": label, "value": value} for label, value in asked.answers],
    }  # fmt: skip
