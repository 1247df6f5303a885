"""`#case`, `#confirm` and `#decline`: what makes a case by mail. Pure.

The rules of each type of case: a homeowner's needs a contract, an installer's a contact; a contract that is not active is asked about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

from daemon.actions.vocabulary import AnswerQuestion, AskQuestion, OpenCase, PostFeed, RegisterContact
from daemon.model import AddrSpec, ContractFacts, OrganizationFacts, SystemFacts
from daemon.parsers import blocks
from daemon.parsers.headers import untagged
from daemon.parsers.names import folded
from daemon.rules import promises
from daemon.rules.drafts import Draft, Step, author_of
from daemon.rules.forwarding import Guess, guess_of
from daemon.rules.hearing import UNMANNED, Audience, audience_of
from daemon.rules.judgement import Request
from daemon.rules.lifecycle import State
from daemon.rules.newcontact import FORWARDED, Person, contact, person_of, register
from daemon.rules.questions import CONFIRMED, CONTRACT, DECLINED, QUESTION_DAYS, answered
from daemon.rules.receipts import Done, full_moment, open_verbs, steps
from daemon.rules.standing import ROLE_WORDS

ACTIVE = "Active"


def case(made: Draft, request: Request) -> None:
    """Open a case for somebody, or ask about the contract first."""
    person = person_of(made, request)
    forwarded = _forwarded(made, request)
    if person is None and forwarded is not None and forwarded.known is not None:
        person = Person(known=forwarded.known)
    organization = _organization(made, request)
    system = _system(made, request)
    partner, agents = _partner(made, request, system)
    kind = blocks.case_type(blocks.Block(fields=request.fields, extra=request.extra, text=request.text or ""))
    if made.troubles:
        return
    contract: ContractFacts | None = None
    if kind == "homeowner":
        contract = _contract(made, request, person, organization)
        if contract is None:
            return
        holder = made.asked.holders.get(contract.contact_id or 0)
        person = person or (Person(known=holder) if holder is not None else None)
    concerned = [
        organization.id if organization is not None else None, person.organization_id if person is not None else None,
        contract.organization_id if contract is not None else None, system.entity_id if system is not None else None,
    ]  # fmt: skip
    organization_id = next((number for number in concerned if number is not None), None)
    if not kind:
        kind = "helpdesk" if system is not None or organization_id in made.asked.entities else "support"
    sender, queue = made.sender, made.h.situation.default_queue
    by_house = made.role == "house"
    shown = forwarded.forward.text if forwarded is not None else ""
    opened = OpenCase(
        type=kind, subject=_subject(made, request), description=request.text or shown or "(no words)",
        origin="email" if forwarded is None else FORWARDED, organization_id=organization_id,
        contact_id=person.known.id if person is not None and person.known is not None else None,
        contact_address=person.address if person is not None else forwarded.address if forwarded is not None else None,
        system_id=system.id if system is not None else None, partner_id=partner.id if partner is not None else None,
        owner_id=sender.id if by_house and sender is not None else None, queue_id=queue.id if not by_house and queue is not None else None,
        contract_id=contract.id if contract is not None else None, contract_status=contract.status if contract is not None else None,
        opening_partner_id=sender.organization_id if not by_house and sender is not None else None,
    )  # fmt: skip
    if contract is not None and contract.status != ACTIVE:
        _ask_about(made, opened, person, partner, contract)
        return
    open_now(made, opened, person, person.name if person is not None else "", partner, agents)


def _forwarded(made: Draft, request: Request) -> Guess | None:
    """Whose the mail below the block is, where an agent of the house forwards one, names nobody, and there is no doubt."""
    guess = guess_of(made.h) if not (request.fields.get("contact") or request.fields.get("email")) else None
    return guess if guess is not None and not guess.doubts else None


def _subject(made: Draft, request: Request) -> str:
    """The `Subject:` line, else the mail's own subject; of an answer without the marks of answering and the number of its case."""
    message = made.h.reading.message
    own = untagged(message.base_subject) if message.in_reply_to or made.h.reading.forward is not None else ""
    return request.fields.get("subject") or own or message.subject or "(no subject)"


def _organization(made: Draft, request: Request) -> OrganizationFacts | None:
    name = request.fields.get("organization") or request.fields.get("company") or ""
    if not name:
        return None
    found = made.asked.organizations.get(folded(name))
    if found is None and not made.troubles:
        made.trouble(request, "E-UNKNOWN-ORG", said=name)
    return found


def _system(made: Draft, request: Request) -> SystemFacts | None:
    name = request.fields.get("system") or ""
    if not name:
        return None
    found = made.asked.systems.get(folded(name))
    if found is None:
        made.trouble(request, "E-ARG-MISSING", detail="system", said=name)
    return found


def _partner(made: Draft, request: Request, system: SystemFacts | None) -> tuple[OrganizationFacts | None, Audience]:
    """The partner a house agent names, or who looks after the system; and its agents. A partner's own case is for the house to resolve."""
    name = request.fields.get("partner") or ""
    if made.role != "house":
        return None, ()
    if name:
        found = made.asked.organizations.get(folded(name))
        if found is None or found.kind != "partner":
            made.trouble(request, "E-UNKNOWN-ORG", said=name)
            return None, ()
        return found, audience_of(made.asked.agents.get(found.id, ()))
    if system is None or system.partner_id is None:
        return None, ()
    calendar = next((agent.calendar for agent in system.partner_agents), None)
    partner = OrganizationFacts(id=system.partner_id, name=system.partner or "", kind="partner", calendar=calendar)
    return partner, audience_of(system.partner_agents)


def _contract(made: Draft, request: Request, person: Person | None, organization: OrganizationFacts | None) -> ContractFacts | None:
    """The contract of a homeowner's case: the one named, or the only active one of theirs. None: there is trouble."""
    named = request.fields.get("contract") or ""
    theirs = _contracts(made, person, organization)
    active = [contract for contract in theirs if contract.status == ACTIVE]
    if named:
        found = next((contract for contract in theirs if folded(contract.number) == folded(named)), None)
    else:
        found = active[0] if len(active) == 1 else None
    if found is None:
        choices = tuple(f"{contract.number} ({contract.status})" for contract in (active or theirs))
        made.trouble(request, "E-NO-CONTRACT", said=named, choices=choices)
    return found


def _contracts(made: Draft, person: Person | None, organization: OrganizationFacts | None) -> tuple[ContractFacts, ...]:
    """The contracts of a person; of somebody new those of their organization that name nobody; of nobody all that were found."""
    asked = made.asked
    if person is not None and person.known is not None:
        return asked.contracts_of.get(person.known.id, ())
    if person is not None:
        return asked.contracts_at.get(person.organization_id or 0, ())
    return tuple(contract for contract in asked.contracts.values() if organization is None or contract.organization_id == organization.id)


def open_now(
    made: Draft, opened: OpenCase, person: Person | None, contact_name: str, partner: OrganizationFacts | None, agents: Audience
) -> None:  # fmt: skip
    """The case, its clocks, and who hears of it; `agents` are the partner's."""
    if person is not None:
        register(made, person)
    made.actions.append(opened)
    at = made.h.situation.clock or made.h.situation.now
    if opened.partner_id is not None:
        made.actions += promises.begin(partner.calendar if partner is not None else None, at, made.h.rulebook)
        made.mail("case-assigned", agents, values=promises.first_deadline(made.actions) | _offer("partner"))
        if opened.contact_address is not None:
            made.mail("case-received", ((AddrSpec(opened.contact_address), opened.contact_id, contact_name),), values=author_of(made))
    elif opened.queue_id is not None and made.h.situation.default_queue is not None:
        made.mail("case-assigned", audience_of(made.h.situation.default_queue.members), values=_offer("house"))
    made.receipt = "case-created"
    made.receipt_values |= {"fields": _fields(opened, contact_name, partner, agents)}
    # a partner's case is for the house to resolve: its own steps are those of somebody who waits
    made.receipt_values |= _offer("house" if made.role == "house" else "opener")
    made.done.append(Done(verb="comment", text=opened.subject))


def _offer(role: str) -> dict[str, object]:
    """What somebody of this role can do with a case that was just opened."""
    return {"steps": list(steps(open_verbs(ROLE_WORDS[role], State.OPEN)))}


def _fields(opened: OpenCase, contact_name: str, partner: OrganizationFacts | None, agents: Audience) -> list[dict[str, str]]:
    rows = [
        ("Type", opened.type.replace("_", " ")),
        ("Contact", ", ".join(part for part in (contact_name, opened.contact_address or "") if part)),
        ("Partner", f"{partner.name}{'' if agents else f' ({UNMANNED})'}" if partner is not None else ""),
    ]  # fmt: skip
    return [{"label": label, "value": value} for label, value in rows if value]


# --- questions -----------------------------------------------------------------------------------------------------


def _ask_about(made: Draft, opened: OpenCase, person: Person | None, partner: OrganizationFacts | None, contract: ContractFacts) -> None:
    sender = made.sender
    if sender is None:
        return
    calendar = made.h.rulebook.calendar_of_person(sender)
    expires = calendar.rule_a(made.h.situation.now, QUESTION_DAYS)
    new = person.new if person is not None else None
    name = person.name if person is not None else ""
    payload = {
        "open": asdict(opened), "register": asdict(new) if new is not None else None, "name": name,
        "partner": asdict(partner) if partner is not None else None, "status": contract.status, "contract": contract.number,
        "address": new.address if new is not None else None, "partner_id": opened.partner_id,
    }  # fmt: skip
    kept = json.dumps(payload, ensure_ascii=False)
    made.actions.append(AskQuestion(kind=CONTRACT, payload=kept, asked_id=sender.id, expires_at=expires))
    theirs = _contracts(made, person, None)
    made.receipt = "question-contract"
    made.receipt_values |= {
        "contract": contract.number, "contract_status": contract.status, "customer_name": name,
        "active_contracts": [one.number for one in theirs if one.status == ACTIVE], "deadline": full_moment(expires, calendar.timezone),
        "steps": list(steps(("confirm", "decline"))),
    }  # fmt: skip
    made.done.append(Done(verb="comment", text=opened.subject))


def confirm(made: Draft, request: Request) -> None:
    """Yes: what was asked about is done now, by the directory as it is now."""
    question = answered(made, request, CONTRACT)
    if question is None:
        return
    kept = json.loads(question.payload)
    made.actions.append(AnswerQuestion(question_id=question.id, answer=CONFIRMED))
    opened = OpenCase(**{**kept["open"], "flags": tuple(kept["open"]["flags"])})
    new = kept["register"]
    person: Person | None = None
    if question.known is not None:
        # somebody made them since it was asked
        person = Person(known=question.known)
        opened = replace(opened, contact_id=question.known.id, contact_address=question.known.address)
    elif new is not None:
        person = Person(new=RegisterContact(**{**new, "extra": tuple(map(tuple, new["extra"]))}))
    partner = OrganizationFacts(**kept["partner"]) if kept["partner"] is not None else None
    open_now(made, opened, person, kept["name"], partner, audience_of(question.agents))
    sender = made.sender
    text = f"created on a {kept['status']} contract, confirmed by {sender.name if sender is not None else ''}"
    made.actions.append(PostFeed(kind="question", text=text, author_id=sender.id if sender is not None else None))


def decline(made: Draft, request: Request) -> None:
    """No: nothing is made."""
    question = answered(made, request, CONTRACT)
    if question is None:
        return
    made.actions.append(AnswerQuestion(question_id=question.id, answer=DECLINED))
    made.done.append(Done(verb="decline", text=f"contract {json.loads(question.payload)['contract']}"))


STEPS: Mapping[str, Step] = {"case": case, "contact": contact, "confirm": confirm, "decline": decline}
"""What each verb that makes something new does."""
