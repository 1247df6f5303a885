"""How the sender of a mail stands to what it is about: roles, the context its words are judged in, whom they name. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from daemon.model import CaseFacts, CsTicketFacts, Names, Reading, RequestState, Situation
from daemon.parsers import blocks
from daemon.parsers.commands import mentions_in, read_commands
from daemon.parsers.keywords import AGENT, CONFIG_ASSIGNEE, CUSTOMER, OPENER, PARTNER, QA_ASSIGNEE
from daemon.parsers.names import called, folded
from daemon.rules import questions
from daemon.rules.arguments import whom
from daemon.rules.judge import judge
from daemon.rules.judgement import Context, Judgement, Question, Undoable
from daemon.rules.rulebook import Rulebook
from daemon.rules.trust import HOUSE_ROLES, role_on, role_on_ticket, roles_on_ticket

ROLE_WORDS = {
    "customer": CUSTOMER, "partner": PARTNER, "house": AGENT, "opener": OPENER, "assignee": CONFIG_ASSIGNEE, "qa": QA_ASSIGNEE,
}  # fmt: skip
"""The grammar's word for each role on a case and on a CS ticket."""

REPLY_MARK = re.compile(r"(?:re|aw|antw|sv|vs|r|odp)(?:\[\d+\])?\s*:", re.IGNORECASE)
"""How an answer's subject begins."""

UNDO_WITHIN = timedelta(hours=24)


def role_of(case: CaseFacts | None, situation: Situation, reading: Reading, ticket: CsTicketFacts | None = None) -> str | None:
    """customer, partner, house, opener or None: on the case, or without one what the sender is at all.

    On its CS `ticket` it is house, assignee, qa or None.

    Whoever has no part in the work, of whichever organization, opens cases as a customer does.
    """
    sender = situation.sender
    if ticket is not None:
        return role_on_ticket(ticket, sender)
    if case is not None:
        return role_on(case, sender, reading.message.author)
    if sender is None:
        return None
    if sender.organization_kind == "house" and sender.roles & HOUSE_ROLES:
        return "house"
    if sender.organization_kind == "partner" and "partner_agent" in sender.roles:
        return "partner"
    return "customer"


def context_of(
    case: CaseFacts | None, role: str | None, reading: Reading, situation: Situation, rulebook: Rulebook,
    ticket: CsTicketFacts | None = None,
) -> Context:  # fmt: skip
    """What is known besides the words."""
    sender = situation.sender
    calendar = rulebook.calendar_of_person(sender)
    question = situation.question
    reversal = case.reversal if case is not None and ticket is None else None
    is_reply = bool(reading.message.in_reply_to or reading.message.references) or _answers_by_address(case, reading, situation)
    roles = frozenset({ROLE_WORDS[role]}) if role is not None else frozenset[str]()
    asked = None
    if role == "house" and ticket is None and case is not None and case.request is not None and case.request.state == RequestState.TRIAGE:
        asked = Question(kind=RequestState.TRIAGE, asked_sender=True, meant=is_reply)
    if question is not None and questions.can_be_answered(question, case, ticket) and (asked is None or question.meant):
        asked = Question(
            kind=question.kind, asked_sender=sender is not None and question.asked_id == sender.id, meant=question.meant,
            closes=question.kind == questions.CLOSE,
        )  # fmt: skip
    return Context(
        roles=roles if ticket is None else roles_on_ticket(ticket, sender),
        about="cs" if ticket is not None else "case" if case is not None else None,
        today=calendar.local(situation.now).date(),
        is_business_day=calendar.is_business_day,
        is_reply=is_reply,
        open=ticket.open if ticket is not None else case.open if case is not None else True,
        acknowledged=case is not None and case.acknowledged_at is not None,
        planned=case is not None and case.planned_resolution is not None,
        date_order=sender.date_order if sender is not None else None,
        question=asked,
        undoable=Undoable(
            verb=reversal.verb, given_by_sender=sender is not None and reversal.giver_id == sender.id,
            within_day=situation.now - reversal.at <= UNDO_WITHIN,
        ) if reversal is not None else None,
        customer_may_close=rulebook.customer_may_close,
    )  # fmt: skip


def _answers_by_address(case: CaseFacts | None, reading: Reading, situation: Situation) -> bool:
    """Whether a mail that names no other was written to our signed address with the mark of an answer (RFC 5322 section 3.6.5).

    Some clients lose the references of what they answer; a new mail that only names the case's number is no answer.
    """
    addressed = case is not None and any(key.source == "address" and key.case_id == case.id for key in situation.keys)
    return addressed and REPLY_MARK.match(reading.message.subject) is not None


def judge_words(
    case: CaseFacts | None, role: str | None, reading: Reading, situation: Situation, rulebook: Rulebook,
    ticket: CsTicketFacts | None = None,
) -> Judgement:  # fmt: skip
    """What the new words of a mail ask for, and what of it the grammar, the role and the state allow."""
    context = context_of(case, role, reading, situation, rulebook, ticket)
    return judge(reading.new_text, context, rulebook.vocabulary, rulebook.phrasebook)


def names_of(reading: Reading, rulebook: Rulebook) -> Names | None:
    """Whom and what the commands of a mail name, or the mail it passes on, to be looked up before it is decided; None when nobody."""
    read = read_commands(reading.new_text, rulebook.vocabulary)
    people: set[str] = {called(handle) for handle in read.mentions}
    organizations: set[str] = set()
    queues: set[str] = set()
    systems: set[str] = set()
    contracts: set[str] = set()
    cases: set[int] = set()
    shown = reading.forward
    if shown is not None:
        people.update(called(address) for address in (shown.author, *shown.others) if address is not None)
    for command in read.commands:
        if command.verb == "assign":
            name = whom(command.argument)
            people.add(called(name))
            queues.add(folded(name))
            organizations.add(folded(name))
        elif command.verb == "status":
            cases.update(_numbers(command.argument))
        elif command.verb in ("case", "contact"):
            fields = blocks.read_block(command.verb, command.argument).fields
            people.update(called(fields[name]) for name in ("contact", "email") if fields.get(name))
            organizations.update(folded(fields[name]) for name in ("organization", "company", "partner") if fields.get(name))
            systems.update(folded(fields[name]) for name in ("system",) if fields.get(name))
            contracts.update(folded(fields[name]) for name in ("contract",) if fields.get(name))
        people.update(called(handle) for handle in mentions_in(command.argument))
    if not (people or organizations or queues or systems or contracts or cases):
        return None
    return Names(
        people=tuple(sorted(people)), organizations=tuple(sorted(organizations)), queues=tuple(sorted(queues)),
        systems=tuple(sorted(systems)), contracts=tuple(sorted(contracts)), cases=tuple(sorted(cases)),
        with_contracts=shown is not None or any(command.verb in ("case", "contact") for command in read.commands),
    )  # fmt: skip


def _numbers(text: str) -> list[int]:
    digits = "".join(sign if sign.isascii() and sign.isdigit() else " " for sign in text).split()
    return [int(number) for number in digits[:1] if len(number) < 10]
