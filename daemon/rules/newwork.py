"""What an accepted request sets going: the work, the mention of the account manager, the quick reply to the customer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from daemon.actions.vocabulary import Action, AttachToCsTicket, OpenCsTicket, PostFeed, QueueMail
from daemon.model import AddrSpec, ContactFacts, FormFacts, OrganizationFacts, RequestState
from daemon.rules.cstickets import to_customer
from daemon.rules.forms import FormRules, TaskRules
from daemon.rules.hearing import Audience, Hearing, audience_of, mails, members_of
from daemon.rules.intake import NOBODY, Intake, description, filled
from daemon.rules.receipts import full_date, steps

CONFIGURES = "configuration_assignee"
"""The role of those who take turns where the form's file names nobody."""


def case_type(rules: FormRules) -> str:
    """The type of the cases of a form."""
    return rules.case.type if rules.case is not None else "support"


def accepted_state(rules: FormRules) -> RequestState:
    """What a request is once it is a case."""
    return RequestState.IN_CONFIGURATION if rules.task is not None else RequestState.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What an accepted request sets going."""

    actions: tuple[Action, ...]
    letters: tuple[Action, ...]


def begun(
    h: Hearing, rules: FormRules, organization: OrganizationFacts, intake: Intake, answers: tuple[tuple[str, str], ...], *,
    canonical: Mapping[str, object], files: Mapping[str, object], of_case: bool = False,
) -> Begun:  # fmt: skip
    """The work, the mention of the account manager, the quick reply to the customer.

    `files` is what the mails say of the files; `of_case`: they came with earlier mails of the case.
    """
    facts = h.situation.form or NOBODY
    submitter = intake.submitter
    name = submitter.name if submitter is not None else intake.name
    actions: list[Action] = []
    letters: list[Action] = []
    told: dict[str, object] = {
        "form_title": rules.titles[0] if rules.titles else rules.name, "request_title": intake.title,
        "company": intake.company or organization.name, "organization": organization.name, "partner_company": intake.partner_company,
        "submitter_name": name or intake.email, "submitter_email": intake.email,
        "answers": [{"label": label, "value": value} for label, value in answers], **files,
    }  # fmt: skip
    if rules.first_mail is not None:
        to: Audience = ((AddrSpec(intake.email), submitter.id if submitter is not None else None, name),)
        letters.append(to_customer(rules.first_mail, to, told, once=None))
    manager = facts.managers.get(organization.id) if rules.mention == "account_manager" else None
    if manager is not None:
        text = f"@{manager.handle} {told['submitter_name']} of {organization.name}: {intake.title}"
        actions.append(PostFeed(kind="mention", text=text, author_id=None, mentions=(manager.handle,)))
        offered = {"manager_name": manager.name, "internal": True, "steps": list(steps(("internal", "status")))}
        letters += mails("mention", audience_of((manager,)), exclude=(), values=told | offered)
    if rules.task is not None:
        ticket, assignee, qa = _work(h, rules.task, facts, intake, answers, canonical)
        told |= {"unmanned": assignee is None, "qa_assignee_name": qa.name if qa is not None else ""}
        told |= {"ticket_summary": ticket.summary, "due_date": full_date(ticket.due_date), "qa_due_date": full_date(ticket.qa_due_date)}
        told |= {"configuration_date": full_date(ticket.configuration_date)}
        actions += [ticket, AttachToCsTicket(ticket_id=None, of_case=of_case)]
        # a ticket that is nobody's is told to those who can give it to somebody
        readers = audience_of((assignee,)) if assignee is not None else members_of(h.situation.triage_queue or h.situation.default_queue)
        able = ("done", "outstanding", "cleared", "internal", "status") if assignee is not None else ("assign", "status")
        values = told | {"steps": list(steps(able))}
        letters += [about_the_ticket(one) for one in mails("cs-assigned", readers, exclude=(), values=values)]
    return Begun(actions=tuple(actions), letters=tuple(letters))


def about_the_ticket(letter: Action) -> Action:
    """The same mail, about the CS ticket rather than the case."""
    return replace(letter, about_ticket=True) if isinstance(letter, QueueMail) else letter


def _work(
    h: Hearing, task: TaskRules, facts: FormFacts, intake: Intake, answers: tuple[tuple[str, str], ...], canonical: Mapping[str, object]
) -> tuple[OpenCsTicket, ContactFacts | None, ContactFacts | None]:
    """The CS ticket, whose turn it is, and who checks it: the dates are business days of the house from today."""
    house = h.rulebook.calendar_of(None)
    today = house.local(h.situation.now).date()
    able = [person for person in facts.assignees if (person.handle in task.assignees if task.assignees else CONFIGURES in person.roles)]
    assignee = able[0] if able else None
    qa = facts.people.get(task.qa_assignee or "")
    summary = filled(task.summary, canonical) if task.summary is not None else None
    ticket = OpenCsTicket(
        project=task.project, issue_type=task.issue_type, assignee_id=assignee.id if assignee is not None else None,
        qa_assignee_id=qa.id if qa is not None else None, parent=task.parent or "", priority=task.priority or "",
        summary=summary or intake.title, description=description(answers, intake.note), created_on=today,
        due_date=house.rule_b(today, task.due_days or 0), configuration_date=house.rule_b(today, task.configuration_days or 0),
        qa_due_date=house.rule_b(today, task.qa_due_days or 0),
    )  # fmt: skip
    return ticket, assignee, qa
