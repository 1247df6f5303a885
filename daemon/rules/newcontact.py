"""`#contact`, and whom a block of labels names: somebody known, or somebody to make under an organization that exists. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from daemon.actions.vocabulary import RegisterContact, SetContact, SettleTriage
from daemon.model import CaseFacts, ContactFacts, OrganizationFacts
from daemon.parsers.addresses import addr_spec
from daemon.parsers.names import called, first_and_last, folded
from daemon.rules.drafts import Draft
from daemon.rules.judgement import Request
from daemon.rules.receipts import Done

ROLES = {"partner agent": "partner_agent", "partner_agent": "partner_agent", "customer": "customer"}
"""Roles that `#contact` may give."""

FORWARDED = "forward"
"""The origin of a case that a house agent forwarded to us: whose it is was guessed, or asked."""

HOMEOWNER_LABELS = ("account", "first name", "last name", "email")
"""What is asked for an unknown homeowner, whose contract is found under the account."""


def contact_block(name: str, company: str, address: str) -> str:
    r"""The block that makes a contact of somebody, filled in, to be sent by one tap. Nobody's words begin a line of it.

    Where a client breaks a long line, a word of a name or a company could: the signs of a command go, and a name's colons.

    >>> contact_block("Ana #close Diaz", "Acme #1\n#close", "ana@acme.example")
    '#contact\nFirst Name: Ana close\nLast Name: Diaz\nCompany: Acme #1 close\nEmail: ana@acme.example'
    """
    first, last = first_and_last(name.replace(":", ""))
    fields = (("First Name", first), ("Last Name", last), ("Company", company), ("Email", address))
    return "\n".join(["#contact", *(f"{label}: {' '.join(_SIGILS.sub('', value).split())}" for label, value in fields)])


_SIGILS = re.compile(r"(?<!\S)[#!/＃！／]+(?=[^\W\d_])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a block names: exactly one of somebody known and somebody to make."""

    known: ContactFacts | None = None
    new: RegisterContact | None = None

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


def person_of(made: Draft, request: Request) -> Person | None:
    """The person a `case` or `contact` block names by `contact` or `email`. None: nobody, or there is trouble."""
    fields = request.fields
    said = [fields[name] for name in ("contact", "email") if fields.get(name)]
    if not said:
        return None
    people = {person.id: person for name in said for person in made.asked.people.get(called(name), ())}
    if len(people) > 1:
        made.trouble(request, "E-AMBIGUOUS-PERSON", said=said[0], choices=tuple(person.address for person in people.values()))
        return None
    if people:
        return Person(known=next(iter(people.values())))
    return _new_person(made, request, said)


def _new_person(made: Draft, request: Request, said: list[str]) -> Person | None:
    """Somebody to make; or whom an earlier `#contact` of this mail makes."""
    fields = request.fields
    address = next((found for name in reversed(said) if (found := addr_spec(called(name))[0]) is not None), None)
    described = bool(fields.get("first_name") and fields.get("last_name"))
    earlier = next((one for one in made.actions if isinstance(one, RegisterContact) and one.address == address), None)
    if earlier is not None and not described:
        return Person(new=earlier)
    if not described:
        labels = HOMEOWNER_LABELS if folded(fields.get("type", "")) == "homeowner" else ()
        made.trouble(request, "E-UNKNOWN-PERSON", said=said[0], choices=labels)
        return None
    if address is None:
        made.trouble(request, "E-TEXT-MISSING", detail="email", choices=("email",))
        return None
    company = fields.get("company") or fields.get("organization") or ""
    organization = made.asked.organizations.get(folded(company))
    if organization is None:
        made.trouble(request, "E-UNKNOWN-ORG", said=company)
        return None
    if made.role != "house" and organization.kind != "customer" and not _own(made, organization):
        made.trouble(request, "E-NOT-ALLOWED", detail=request.verb)
        return None
    if folded(fields.get("role") or "customer") not in ROLES:
        made.trouble(request, "E-ARG-MISSING", detail="role", said=fields["role"], choices=("customer", "partner agent"))
        return None
    new = RegisterContact(
        address=address, first_name=fields["first_name"], last_name=fields["last_name"], organization_id=organization.id,
        role=_role(made, request, organization), phone=fields.get("phone"), extra=request.extra, as_sender=False,
    )  # fmt: skip
    if earlier is not None and earlier != new:
        made.trouble(request, "E-CONFLICT", choices=(f"two different descriptions of {address}",))
        return None
    return Person(new=earlier or new)


def _own(made: Draft, organization: OrganizationFacts) -> bool:
    return made.sender is not None and made.sender.organization_id == organization.id


def _role(made: Draft, request: Request, organization: OrganizationFacts) -> str:
    """The role of a new contact: a partner's agent only by the house, and only under a partner."""
    wanted = ROLES.get(folded(request.fields.get("role", "")), "customer")
    allowed = made.role == "house" and organization.kind == "partner"
    return "partner_agent" if wanted == "partner_agent" and allowed else "customer"


def register(made: Draft, person: Person) -> None:
    """Make somebody new, once."""
    if person.new is not None and person.new not in made.actions:
        made.actions.append(person.new)


def contact(made: Draft, request: Request) -> None:
    """Make a contact; somebody who is known already stays as they are. The case of somebody unknown becomes theirs."""
    person = person_of(made, request)
    if person is None:
        return
    register(made, person)
    theirs = _give_case(made, request, person)
    if person.new is None:
        made.done.append(Done(verb="contact", text=f"{person.name} ({person.address})", case=theirs))
        return
    company = request.fields.get("company") or request.fields.get("organization") or ""
    role = person.new.role.replace("_", " ")
    made.done.append(Done(verb="contact", text=person.name, who=f"{person.address}, {role} of {company}", case=theirs))


def _give_case(made: Draft, request: Request, person: Person) -> str:
    """A house agent who registers whoever wrote the case they answer makes it that person's; the case's number, or "".

    Of another address nothing is known: the case stays with the one it came from. Whose a forwarded mail is, its house agents say.
    """
    case, organization_id = made.case, person.organization_id
    if case is None or made.role != "house" or organization_id is None:
        return ""
    known_id = person.known.id if person.known is not None else None
    named = {addr_spec(called(request.fields[name]))[0] for name in ("contact", "email") if request.fields.get(name)}
    written = case.contact is None and case.contact_address is not None and case.contact_address in {*named, person.address}
    if not written and (case.origin != FORWARDED or (case.contact is not None and case.contact.id == known_id)):
        return ""
    address = case.contact_address if written and case.contact_address is not None else person.address
    if case.origin == FORWARDED and case.type == "triage":
        _settle(made, case, person, address, organization_id)
    else:
        made.actions.append(SetContact(contact_id=known_id, address=address, name=person.name, organization_id=organization_id))
    return case.number


def _settle(made: Draft, case: CaseFacts, person: Person, address: str, organization_id: int) -> None:
    """A forwarded mail that waited to hear whose it is becomes a case of the agent who says so."""
    made.actions.append(
        SettleTriage(
            type="helpdesk" if organization_id in made.asked.entities else "support", subject=case.subject, organization_id=organization_id,
            contact_id=person.known.id if person.known is not None else None, contact_address=address,
            owner_id=made.sender.id if made.sender is not None else None, queue_id=None,
        )
    )  # fmt: skip
