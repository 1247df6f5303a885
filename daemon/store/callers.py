"""Whose account a mail or a call is about, for level one: the account that was found, and whom of it mail goes to."""

from __future__ import annotations

from daemon.model import CallerFacts, ContactFacts, OrganizationFacts
from daemon.parsers.accountkeys import AccountKeys
from daemon.store.accountfacts import account_facts
from daemon.store.accounts import Outcome, find_account
from daemon.store.people import contact_of, people_of
from daemon.store.schema import Contact, ContactRole, Evaluation, Order, Organization
from daemon.store.statements import Select


def caller_of(keys: AccountKeys, sender: ContactFacts | None, listed: OrganizationFacts | None) -> CallerFacts:
    """The account these keys name, or that of the sender. `listed` is the customer that lists the sender's domain."""
    if sender is None and listed is not None and listed.kind == "customer":
        return CallerFacts(
            organization=listed, account=account_facts(listed.id), matched=f"domain of {listed.name}", why="the domain is listed"
        )
    found = find_account(keys, sender)
    if found.outcome is Outcome.AMBIGUOUS:
        return CallerFacts(ambiguous=True, why=found.why())
    if found.outcome is Outcome.NONE or found.organization_id is None:
        return CallerFacts(why=found.why())
    row = _ORGANIZATION.first(number=found.organization_id)
    if row is None:
        return CallerFacts(why=found.why())
    organization = OrganizationFacts(id=row[0], name=row[1], kind=row[2], calendar=row[3])
    return CallerFacts(
        organization=organization, contact=_contact(organization.id, keys, sender, found.order_number),
        account=account_facts(organization.id), order_number=found.order_number, matched=f"{found.by} {found.value}", why=found.why(),
    )  # fmt: skip


def _contact(organization_id: int, keys: AccountKeys, sender: ContactFacts | None, order: str | None) -> ContactFacts | None:
    """Whom of the account mail goes to: the sender, whose address was named, who ordered, who tries it, else its first customer."""
    if sender is not None and sender.organization_id == organization_id:
        return sender
    named = (contact_of(address) for address in keys.emails)
    found = next((person for person in named if person is not None and person.organization_id == organization_id), None)
    if found is not None:
        return found
    ordered = [row[0] for row in _ORDERED(number=order)] if order is not None else []
    tried = [row[0] for row in _TRIED(organization=organization_id)]
    customers = [row[0] for row in _CUSTOMERS(organization=organization_id)]
    candidates = [number for number in (*ordered, *tried, *customers) if number is not None]
    people = {person.id: person for person in people_of(candidates)}
    return next((people[number] for number in candidates if number in people), None)


_ORGANIZATION = Select(
    lambda number: Organization.select(Organization.id, Organization.name, Organization.kind, Organization.calendar).where(
        Organization.id == number
    )
)
_ORDERED = Select(lambda number: Order.select(Order.contact).where(Order.number == number))
_TRIED = Select(lambda organization: Evaluation.select(Evaluation.contact).where(Evaluation.organization == organization))
_CUSTOMERS = Select(
    lambda organization: (
        Contact.select(Contact.id)
        .join(ContactRole, on=(ContactRole.contact == Contact.id))
        .where((Contact.organization == organization) & (ContactRole.role == "customer") & Contact.active)
        .order_by(Contact.id)
    )
)
