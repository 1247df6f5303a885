"""`#case`, `#contact`, `#confirm` and `#decline`: what makes something new by mail. Pure.

The rules of each type of case: a homeowner's needs a contract, an installer's a contact; a contract that is not active is asked about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from daemon.actions.vocabulary import AnswerQuestion, AskQuestion, OpenCase, PostFeed, RegisterContact
from daemon.model import AddrSpec, ContactFacts, ContractFacts, OrganizationFacts
from daemon.parsers import blocks
from daemon.parsers.addresses import addr_spec
from daemon.parsers.names import called, folded
from daemon.rules import promises
from daemon.rules.grants import Draft, Step
from daemon.rules.hearing import Audience, audience_of
from daemon.rules.judgement import Request
from daemon.rules.lifecycle import State
from daemon.rules.receipts import Done, full_moment, open_verbs, steps
from daemon.rules.standing import ROLE_WORDS

QUESTION_DAYS = 5
"""Business days a question waits for its answer."""

ROLES = {"partner agent": "partner_agent", "partner_agent": "partner_agent", "customer": "customer"}
"""Roles that `#contact` may give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """Whom a block names: somebody known, or somebody to make."""

    known: ContactFacts | None
    new: RegisterContact | None

    @property
    def address(self) -> str:
        """Where they read."""
        return self.known.address if self.known is not None else self.new.address if self.new is not None else ""

    @property
    def name(self) -> str:
        """What they are called."""
        if self.known is not None:
            return self.known.name
        return f"{self.new.first_name} {self.new.last_name}".strip() if self.new is not None else ""

    @property
    def organization_id(self) -> int | None:
        """Under which organization."""
        return self.known.organization_id if self.known is not None else self.new.organization_id if self.new is not None else None


def _person(made: Draft, request: Request) -> _Person | None:
    """The person a `case` or `contact` block names. None: nobody, or there is trouble."""
    fields = request.fields
    wanted = fields.get("contact") or fields.get("email") or ""
    if not wanted:
        return None
    people = made.asked.people.get(called(wanted), ())
    if len(people) > 1:
        made.trouble(request, "E-AMBIGUOUS-PERSON", said=wanted, choices=tuple(person.address for person in people))
        return None
    if people:
        return _Person(known=people[0], new=None)
    address = addr_spec(fields.get("email") or wanted)[0]
    company = fields.get("company") or fields.get("organization") or ""
    if not (fields.get("first_name") and fields.get("last_name") and company and address):
        made.trouble(request, "E-UNKNOWN-PERSON", said=wanted, choices=_lacking(request, company, address))
        return None
    organization = made.asked.organizations.get(folded(company))
    if organization is None:
        made.trouble(request, "E-UNKNOWN-ORG", said=company)
        return None
    role = _role(made, request, organization)
    new = RegisterContact(
        address=address, first_name=fields["first_name"], last_name=fields["last_name"], organization_id=organization.id, role=role,
        phone=fields.get("phone"), extra=request.extra, as_sender=False,
    )  # fmt: skip
    return _Person(known=None, new=new)


def _lacking(request: Request, company: str, address: str | None) -> tuple[str, ...]:
    """The lines that are still needed to make somebody. The email is asked for again where only `contact` had it."""
    homeowner = blocks.case_type(blocks.Block(fields=request.fields, extra=(), text="")) == "homeowner"
    names = (("First Name", request.fields.get("first_name")), ("Last Name", request.fields.get("last_name")))
    account = ("Account" if homeowner else "Company", company)
    email = ("Email", address if request.fields.get("email") else None)
    return tuple(label for label, value in ((account, *names, email) if homeowner else (*names, account, email)) if not value)


def _role(made: Draft, request: Request, organization: OrganizationFacts) -> str:
    """The role of a new contact: a partner's agent only by the house, and only under a partner."""
    wanted = ROLES.get(folded(request.fields.get("role", "")), "customer")
    allowed = made.role == "house" and organization.kind == "partner"
    return "partner_agent" if wanted == "partner_agent" and allowed else "customer"


def contact(made: Draft, request: Request) -> None:
    """Make a contact."""
    person = _person(made, request)
    if person is None:
        if not made.troubles:
            made.trouble(request, "E-TEXT-MISSING", detail="email")
        return
    if person.new is not None:
        made.actions.append(person.new)
    made.done.append(Done(verb="contact", text=person.name, who=person.address))


# --- cases ---------------------------------------------------------------------------------------------------------


def case(made: Draft, request: Request) -> None:
    """Open a case for somebody, or ask about the contract first."""
    fields, asked = request.fields, made.asked
    block = blocks.Block(fields=fields, extra=request.extra, text=request.text or "")
    person = _person(made, request)
    if made.troubles:
        return
    kind = blocks.case_type(block)
    if person is None and kind == "homeowner":
        person = _homeowner(made, request)
    organization = _organization(made, request)
    if made.troubles:
        return
    organization_id = organization.id if organization is not None else person.organization_id if person is not None else None
    system = asked.systems.get(folded(fields["system"])) if fields.get("system") else None
    if not kind:
        kind = "helpdesk" if system is not None or organization_id in asked.entities else "support"
    partner = _partner(made, request)
    if made.troubles:
        return
    contract: ContractFacts | None = None
    if kind == "homeowner":
        contract = _contract(made, request, person)
        if contract is None:
            return
    sender = made.sender
    by_house = made.role == "house"
    queue = made.h.situation.default_queue
    if partner is None and system is not None and by_house and system.partner_id is not None:
        calendar = next((agent.calendar for agent in system.partner_agents), None)
        partner = OrganizationFacts(id=system.partner_id, name=system.partner or "", kind="partner", calendar=calendar)
    opened = OpenCase(
        type=kind, subject=fields.get("subject") or made.h.reading.message.subject or "(no subject)",
        description=request.text or "(no words)",
        origin="email", organization_id=organization_id,
        contact_id=person.known.id if person is not None and person.known is not None else None,
        contact_address=person.address if person is not None else None, system_id=system.id if system is not None else None,
        partner_id=partner.id if partner is not None else None, owner_id=sender.id if by_house and sender is not None else None,
        queue_id=queue.id if not by_house and queue is not None else None, contract_id=contract.id if contract is not None else None,
        contract_status=contract.status if contract is not None else None,
    )  # fmt: skip
    if contract is not None and contract.status != "Active":
        _ask_about(made, opened, person, partner, contract)
        return
    agents = audience_of(made.asked.agents.get(opened.partner_id or 0, system.partner_agents if system is not None else ()))
    open_now(made, opened, person.new if person else None, person.name if person else "", partner, agents)


def _homeowner(made: Draft, request: Request) -> _Person | None:
    """Whom the contract of a case names, where the case names nobody."""
    contract = made.asked.contracts.get(folded(request.fields.get("contract") or ""))
    holder = made.asked.holders.get(contract.contact_id) if contract is not None and contract.contact_id is not None else None
    return _Person(known=holder, new=None) if holder is not None else None


def _organization(made: Draft, request: Request) -> OrganizationFacts | None:
    name = request.fields.get("organization") or request.fields.get("company") or ""
    if not name:
        return None
    found = made.asked.organizations.get(folded(name))
    if found is None:
        made.trouble(request, "E-UNKNOWN-ORG", said=name)
    return found


def _partner(made: Draft, request: Request) -> OrganizationFacts | None:
    """The partner a house agent names; a partner's own case is for the house to resolve."""
    name = request.fields.get("partner") or ""
    if not name or made.role != "house":
        return None
    found = made.asked.organizations.get(folded(name))
    if found is None or found.kind != "partner":
        made.trouble(request, "E-UNKNOWN-ORG", said=name)
        return None
    return found


def _contract(made: Draft, request: Request, person: _Person | None) -> ContractFacts | None:
    """The contract of a homeowner's case: the one named, or the only active one."""
    theirs: tuple[ContractFacts, ...] = ()
    if person is not None and person.known is not None:
        theirs = made.asked.contracts_of.get(person.known.id, ())
    elif person is not None:
        theirs = made.asked.contracts_at.get(person.organization_id or 0, ())
    named = request.fields.get("contract") or ""
    active = [contract for contract in theirs if contract.status == "Active"]
    if named:
        found = next((contract for contract in theirs if folded(contract.number) == folded(named)), None)
        if found is None:
            made.trouble(request, "E-NO-CONTRACT", said=named, choices=tuple(contract.number for contract in active))
        return found
    if len(active) == 1:
        return active[0]
    made.trouble(request, "E-NO-CONTRACT", choices=tuple(contract.number for contract in active or theirs))
    return None


def open_now(
    made: Draft, opened: OpenCase, new: RegisterContact | None, contact_name: str, partner: OrganizationFacts | None, agents: Audience
) -> None:  # fmt: skip
    """The case, its clocks, and who hears of it; `agents` are the partner's."""
    if new is not None:
        made.actions.append(new)
    made.actions.append(opened)
    at = made.h.situation.clock or made.h.situation.now
    if opened.partner_id is not None:
        made.actions += promises.begin(partner.calendar if partner is not None else None, at, made.h.rulebook)
        made.mail("case-assigned", agents, values=promises.first_deadline(made.actions) | _offer("partner"))
        if opened.contact_address is not None:
            made.mail("case-received", ((AddrSpec(opened.contact_address), opened.contact_id, contact_name),))
    elif opened.queue_id is not None and made.h.situation.default_queue is not None:
        made.mail("case-assigned", audience_of(made.h.situation.default_queue.members), values=_offer("house"))
    made.receipt = "case-created"
    made.receipt_values |= {"fields": _fields(opened, contact_name, partner)}
    # a partner's case is for the house to resolve: then nothing is offered to whoever opened it
    made.receipt_values |= _offer("house") if made.role == "house" else {"steps": []}
    made.done.append(Done(verb="comment", text=opened.subject))


def _offer(role: str) -> dict[str, object]:
    """What somebody of this role can do with a case that was just opened."""
    return {"steps": list(steps(open_verbs(ROLE_WORDS[role], State.OPEN)))}


def _fields(opened: OpenCase, contact_name: str, partner: OrganizationFacts | None) -> list[dict[str, str]]:
    rows = [
        ("Type", opened.type.replace("_", " ")),
        ("Contact", " ".join(part for part in (contact_name, opened.contact_address or "") if part)),
        ("Partner", partner.name if partner is not None else ""),
    ]  # fmt: skip
    return [{"label": label, "value": value} for label, value in rows if value]


# --- questions -----------------------------------------------------------------------------------------------------


def _ask_about(made: Draft, opened: OpenCase, person: _Person | None, partner: OrganizationFacts | None, contract: ContractFacts) -> None:
    sender = made.sender
    if sender is None:
        return
    calendar = made.h.rulebook.calendar_of_person(sender)
    expires: datetime = calendar.rule_a(made.h.situation.now, QUESTION_DAYS)
    payload = {
        "open": asdict(opened), "register": asdict(person.new) if person is not None and person.new is not None else None,
        "name": person.name if person is not None else "", "partner": asdict(partner) if partner is not None else None,
        "status": contract.status, "contract": contract.number,
        "agents": [[a.address, a.id, a.name] for a in made.asked.agents.get(opened.partner_id or 0, ())],
    }  # fmt: skip
    made.actions.append(
        AskQuestion(kind="contract", payload=json.dumps(payload, ensure_ascii=False), asked_id=sender.id, expires_at=expires)
    )
    theirs = made.asked.contracts_of.get(person.known.id, ()) if person is not None and person.known is not None else ()
    made.receipt = "question-contract"
    made.receipt_values |= {
        "contract": contract.number, "contract_status": contract.status, "customer_name": person.name if person is not None else "",
        "active_contracts": [c.number for c in theirs if c.status == "Active"], "deadline": full_moment(expires, calendar.timezone),
        "steps": list(steps(("confirm", "decline"))),
    }  # fmt: skip
    made.done.append(Done(verb="comment", text=opened.subject))


def confirm(made: Draft, request: Request) -> None:
    """Yes: what was asked about is done now."""
    question = made.h.situation.question
    if question is None:
        made.trouble(request, "E-NO-QUESTION")
        return
    kept = json.loads(question.payload)
    made.actions.append(AnswerQuestion(question_id=question.id, answer="confirm"))
    opened = OpenCase(**{**kept["open"], "flags": tuple(kept["open"]["flags"])})
    new = kept["register"]
    register = RegisterContact(**{**new, "extra": tuple(map(tuple, new["extra"]))}) if new is not None else None
    partner = OrganizationFacts(**kept["partner"]) if kept["partner"] is not None else None
    agents = tuple((AddrSpec(address), number, name) for address, number, name in kept["agents"])
    open_now(made, opened, register, kept["name"], partner, agents)
    name = made.sender.name if made.sender is not None else ""
    status = kept["status"]
    made.actions.append(
        PostFeed(
            kind="question", text=f"created on a {status} contract, confirmed by {name}", author_id=made.sender.id if made.sender else None
        )
    )  # fmt: skip


def decline(made: Draft, request: Request) -> None:
    """No: nothing is made."""
    question = made.h.situation.question
    if question is None:
        made.trouble(request, "E-NO-QUESTION")
        return
    kept = json.loads(question.payload)
    made.actions.append(AnswerQuestion(question_id=question.id, answer="decline"))
    made.done.append(Done(verb="decline", text=f"contract {kept.get('contract', '')}"))


STEPS: Mapping[str, Step] = {"case": case, "contact": contact, "confirm": confirm, "decline": decline}
"""What each verb that makes something new does."""
