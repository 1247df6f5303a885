"""A form's request waits for a person, who answers by mail: `#contact`, `#confirm`, `#decline`. Pure.

The case in the triage queue becomes the real one under the same number, and everything begins as if the form had been clear.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.actions.vocabulary import CloseCase, MoveRequest, SettleTriage
from daemon.model import CaseFacts, ContactFacts, OrganizationFacts, RequestFacts, RequestState
from daemon.rules.drafts import Draft
from daemon.rules.intake import NOBODY, Intake, kept_files, kept_name, registered
from daemon.rules.judgement import Request
from daemon.rules.newcontact import Person, person_of, register
from daemon.rules.newwork import accepted_state, begun, case_type
from daemon.rules.receipts import Done


def waits(case: CaseFacts | None) -> bool:
    """Whether a form's request on this case waits for `#contact`, `#confirm` or `#decline`."""
    return case is not None and case.request is not None and case.request.state == RequestState.TRIAGE


def settle_for(made: Draft, request: Request) -> None:
    """`#contact` in the thread of a request that waits: this is who asks, and it is taken in under their organization."""
    case, person = made.case, person_of(made, request)
    if case is None or case.request is None or person is None:
        return
    organization = _organization_of(made, person)
    if organization is None:
        made.trouble(request, "E-UNKNOWN-ORG")
        return
    _settle(made, request, case.request, organization, person, person.address)


def confirm(made: Draft, request: Request) -> None:
    """`#confirm` to a request that waits: taken in for whom and what the form names, as far as they are known."""
    case = made.case
    asked = case.request if case is not None else None
    if case is None or asked is None:
        return
    facts = made.h.situation.form or NOBODY
    if facts.submitter is not None:
        person = Person(known=facts.submitter)
        organization = facts.organization if asked.company and facts.organization is not None else _organization_of(made, person)
    elif facts.organization is not None and asked.submitter_email:
        intake = _intake_of(asked, facts.organization, None)
        person, organization = Person(new=registered(intake, facts.organization, as_sender=False)), facts.organization
    else:
        made.trouble(request, "E-UNKNOWN-PERSON", detail="form", said=asked.submitter_email or kept_name(asked) or asked.company)
        return
    if organization is not None:
        # a known contact is answered where the form says, whichever of their addresses that is
        _settle(made, request, asked, organization, person, asked.submitter_email)


def decline(made: Draft, _request: Request) -> None:
    """`#decline` to a request that waits: nothing is made of it, and the customer hears nothing."""
    case = made.case
    if case is None or case.request is None:
        return
    made.actions += [
        MoveRequest(request_id=case.request.id, state=RequestState.REJECTED),
        CloseCase(text="the request was declined", by_id=made.sender.id if made.sender is not None else None, on_planned_date=None),
    ]
    made.open = False
    made.done.append(Done(verb="decline", text=case.request.title))


def _organization_of(made: Draft, person: Person) -> OrganizationFacts | None:
    if person.known is not None:
        known = person.known
        return OrganizationFacts(id=known.organization_id, name=known.organization, kind=known.organization_kind)
    new = person.new
    return next((one for one in made.asked.organizations.values() if new is not None and one.id == new.organization_id), None)


def _intake_of(asked: RequestFacts, organization: OrganizationFacts, submitter: ContactFacts | None) -> Intake:
    return Intake(
        organization=organization, submitter=submitter, email=asked.submitter_email, name=kept_name(asked),
        company=asked.company, partner_company=asked.partner_company, title=asked.title,
    )  # fmt: skip


def _settle(
    made: Draft, request: Request, asked: RequestFacts, organization: OrganizationFacts, person: Person, email: str
) -> None:  # fmt: skip
    """The case in the triage queue becomes the real one, and everything begins as if the form had been clear."""
    h = made.h
    rules = h.rulebook.form(asked.form)
    if rules is None:
        made.trouble(request, "E-STATE", detail="form-gone")
        return
    register(made, person)
    queue = h.situation.default_queue
    intake = replace(_intake_of(asked, organization, person.known), email=email, name=person.name)
    forwarder = asked.forwarder.id if asked.forwarder is not None and asked.forwarder.organization_kind == "house" else None
    made.actions += [
        SettleTriage(
            type=case_type(rules), subject=asked.title, organization_id=organization.id,
            contact_id=person.known.id if person.known is not None else None, contact_address=intake.email, owner_id=forwarder,
            queue_id=queue.id if queue is not None and forwarder is None else None,
        ),
        MoveRequest(
            request_id=asked.id, state=accepted_state(rules), submitter_id=person.known.id if person.known is not None else None,
            submitter_email=intake.email,
        ),
    ]  # fmt: skip
    started = begun(h, rules, organization, intake, asked.answers, canonical=asked.canonical, files=kept_files(asked), of_case=True)
    made.actions += started.actions
    made.letters += started.letters
    made.settled = True
    made.done.append(Done(verb="confirm", text=f"{asked.title}, for {person.name or person.address} of {organization.name}"))
