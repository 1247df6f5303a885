"""`#help`, `#status` and `#list`: verbs that are answered and change nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.parsers.keywords import CONFIG_ASSIGNEE
from daemon.rules.drafts import Draft, Step
from daemon.rules.hearing import ASKING, to_sender
from daemon.rules.judgement import Request
from daemon.rules.lifecycle import case_state
from daemon.rules.receipts import help_rows, open_verbs, steps
from daemon.rules.standing import ROLE_WORDS
from daemon.rules.trust import role_on


def _asks(template: str) -> Step:
    def asked(made: Draft, request: Request) -> None:
        if template == "status" and request.arg is not None:
            _status_of(made, request)
            return
        made.asked_for.append(template)

    return asked


def _status_of(made: Draft, request: Request) -> None:
    """`#status CASE-1001` outside a thread: only of the sender's own cases, and of others not even whether they exist."""
    written = (request.arg or "").removeprefix("CASE-")
    number = int(written) if written.isdecimal() else 0
    if made.case is not None and made.case.id == number:
        made.asked_for.append("status")
        return
    if made.case is not None:
        made.trouble(request, "E-AMBIGUOUS-CASE", choices=(made.case.number, request.arg or ""))
        return
    case = made.asked.cases.get(number)
    role = role_on(case, made.sender, made.h.reading.message.author) if case is not None else None
    if case is None or role is None:
        made.trouble(request, "E-NO-CASE")
        return
    made.about += [case] if case not in made.about else []
    state = case_state(is_open=case.open, acknowledged=case.acknowledged_at is not None, planned=case.planned_date is not None)
    values = {"status_of": case.id, "role": role, "steps": list(steps(open_verbs(ROLE_WORDS[role], state)))}
    made.letters.append(to_sender(made.h, "status", values))


def answer_values(made: Draft, template: str) -> dict[str, object]:
    """What the template of an answer needs: help for the role, or what the reader can do with the case."""
    role = ROLE_WORDS[made.role]
    calendar = made.h.rulebook.calendar_of_person(made.sender)
    if template == "help":
        roles = made.sender.roles if made.sender is not None else frozenset()
        configures = made.role == "customer" and bool(roles & {"configuration_assignee", "qa_assignee"})
        staff = made.role not in ASKING
        return {"verbs": list(help_rows(CONFIG_ASSIGNEE if configures else role, made.verbs)), "columns": staff, "three_steps": staff}
    return {"steps": list(steps(open_verbs(role, made.state))), "timezone": calendar.timezone.key, "role": made.role}


STEPS: Mapping[str, Step] = {"help": _asks("help"), "status": _asks("status"), "list": _asks("ticket-list")}
"""What each verb that only asks does."""
