"""Who is really speaking: the proofs K, F and D, and the grade they make (interface section 3).

K: the mail carries a signed key of ours for this case; where it is about none, one of a mail of ours that was about none
either (a question before a case is made, an error). F: exactly one strictly read From address, and where there is a key,
that of the person it was made for or of somebody of the same role on the case. D: what our own provider's
Authentication-Results field says of the From domain (RFC 8601).
"""

from __future__ import annotations

from collections.abc import Sequence

from daemon.model import (
    AddrSpec,
    AuthenticationResults,
    CaseFacts,
    ContactFacts,
    CsTicketFacts,
    DomainVerdict,
    Grade,
    KeyFacts,
    Message,
    MethodResult,
    Policy,
    Trust,
)
from daemon.parsers.keywords import AGENT, CONFIG_ASSIGNEE, QA_ASSIGNEE


def domain_verdict(message: Message, policy: Policy) -> tuple[DomainVerdict, str]:
    """D, and the evidence in words. Only the topmost field of our provider at its own place is believed."""
    if policy.authserv_id is None:
        return DomainVerdict.SILENT, "no authserv_id is configured, so nobody's results are believed"
    believed = _believed(message.authentication_results, policy.authserv_id, policy.authserv_position)
    if not believed:
        return DomainVerdict.NONE, f"no Authentication-Results of {policy.authserv_id} at its place"
    if message.author is None:
        return DomainVerdict.NONE, "there is no single From address to compare with"
    domain = message.author.rpartition("@")[2]
    told = [_told(field.results, domain) for field in believed]
    worst = next(
        (one for one in told if one[0] is DomainVerdict.FAIL), next((one for one in told if one[0] is DomainVerdict.NONE), told[0])
    )
    return worst[0], f"{policy.authserv_id} says {worst[1]}"


def _told(results: Sequence[MethodResult], domain: str) -> tuple[DomainVerdict, str]:
    """What the results of one field say of a domain."""
    dmarc = [result for result in results if result.method == "dmarc"]
    said = {result.result for result in dmarc if _domains(result, "header.from") <= {domain}}
    # a provider that repeats a sender's words unquoted lets him write results between its own, but never takes its own back
    if "fail" in said:
        return DomainVerdict.FAIL, f"dmarc=fail for {domain}"
    if said == {"pass"}:
        return DomainVerdict.PASS, f"dmarc=pass for {domain}"
    if all(result.result == "none" for result in dmarc):
        for result in results:
            if _aligned_domains(result) == {domain}:
                return DomainVerdict.PASS, f"{result.method}=pass, aligned with {domain}"
    return DomainVerdict.NONE, f"nothing decisive of {domain}"


def _believed(fields: Sequence[AuthenticationResults], authserv_id: str, position: str) -> list[AuthenticationResults]:
    """Our provider's topmost field at its place; none: it stamped nothing.

    Below the border's Received a sender may write what he likes, if in truth our provider stamps above it. So its field that stands above
    all is believed there as well, and nothing has passed that has not passed in both.
    """
    ours = [field for field in fields if field.authserv_id is not None and field.authserv_id.lower() == authserv_id.lower()]
    top = [field for field in ours if field.received_above == 0][:1]
    if position != "border":
        return top
    border = [field for field in ours if field.received_above == 1][:1]
    return [*top, *border] if border else []


def _domains(result: MethodResult, name: str) -> frozenset[str]:
    """The domains that a property names; more than one where it stands more than once and says different things."""
    return frozenset(value.lower().rpartition("@")[2] for key, value in result.properties if key == name)


def _aligned_domains(result: MethodResult) -> frozenset[str]:
    """The domains that a passing dkim or spf result speaks for; only exact equality with From counts as aligned."""
    if result.result != "pass":
        return frozenset()
    if result.method == "dkim":
        return _domains(result, "header.d") or _domains(result, "header.i")
    return _domains(result, "smtp.mailfrom") if result.method == "spf" else frozenset()


HOUSE_ROLES = frozenset({"agent", "level_one", "level_two", "account_manager"})
"""Roles of the house that may speak on any case."""


def role_on(case: CaseFacts, sender: ContactFacts | None, author: AddrSpec | None) -> str | None:
    """What this person is on this case: customer, partner, house, opener, or None; of several roles the most powerful (domain 2.5).

    An opener is an agent of the partner that opened the case for somebody, where another works on it.
    """
    if sender is None:
        return "customer" if author is not None and case.contact is None and author == case.contact_address else None
    if sender.organization_kind == "house" and sender.roles & HOUSE_ROLES:
        return "house"
    if case.contact is not None and sender.id == case.contact.id:
        return "customer"
    if case.contact is None and author is not None and author == case.contact_address:
        return "customer"
    if case.partner_id is not None and sender.organization_id == case.partner_id and "partner_agent" in sender.roles:
        return "partner"
    if case.opening_partner_id is not None and sender.organization_id == case.opening_partner_id and "partner_agent" in sender.roles:
        return "opener"
    return None


def roles_on_ticket(ticket: CsTicketFacts, sender: ContactFacts | None) -> frozenset[str]:
    """What somebody is on a CS ticket, in the grammar's words; only the house works on one."""
    if sender is None or sender.organization_kind != "house":
        return frozenset()
    found: set[str] = set()
    if sender.roles & HOUSE_ROLES:
        found.add(AGENT)
    if "configuration_assignee" in sender.roles or (ticket.assignee is not None and ticket.assignee.id == sender.id):
        found.add(CONFIG_ASSIGNEE)
    if "qa_assignee" in sender.roles or (ticket.qa_assignee is not None and ticket.qa_assignee.id == sender.id):
        found.add(QA_ASSIGNEE)
    return frozenset(found)


def role_on_ticket(ticket: CsTicketFacts, sender: ContactFacts | None) -> str | None:
    """The one word for it: house, assignee, qa, or None."""
    roles = roles_on_ticket(ticket, sender)
    return next((word for word, role in (("house", AGENT), ("assignee", CONFIG_ASSIGNEE), ("qa", QA_ASSIGNEE)) if role in roles), None)


def weigh(
    message: Message, policy: Policy, sender: ContactFacts | None, case: CaseFacts | None, keys: Sequence[KeyFacts], digest: str | None,
    ticket: CsTicketFacts | None = None, wrong_address: bool = False,
) -> Trust:  # fmt: skip
    """Put the proofs together. `digest` is the address digest of the author, as keys without a contact carry it.

    `ticket` is the CS ticket of the case when the mail is about that: then only a key made for it counts, and roles are those on it.
    `wrong_address`: the mail is sent to an address that somebody changed, so nobody is believed to be who he says, whatever else it holds.
    """
    verdict, evidence = domain_verdict(message, policy)
    about = (case.id if case is not None else None, ticket.id if ticket is not None else None)
    mine = [key for key in keys if (key.case_id, key.cs_id) == about]
    has_key = bool(mine)
    said = message.author is not None
    words = [f"From {message.author}" if said else f"no strict From ({message.author_problem})"]
    if has_key:
        fits = any(_made_for(key, sender, digest, case, message.author, ticket) for key in mine)
        number = ticket.number if ticket is not None else case.number if case is not None else "no case"
        words.append(f"signed key for {number}" + ("" if fits else " made for somebody else"))
        said = said and fits
    if wrong_address:
        words.append("a signed address with a wrong signature")
        said = False
    words.append(evidence)
    if verdict is DomainVerdict.FAIL:
        grade = Grade.FORGED
    elif not said:
        grade = Grade.UNTRUSTED
    elif verdict is DomainVerdict.PASS:
        grade = Grade.VERIFIED
    elif verdict is DomainVerdict.SILENT and has_key:
        grade = Grade.KEYED
    else:
        grade = Grade.CLAIMED
    return Trust(grade=grade, key=has_key, sender=said, domain=verdict, evidence="; ".join(words))


def _made_for(
    key: KeyFacts, sender: ContactFacts | None, digest: str | None, case: CaseFacts | None, author: AddrSpec | None,
    ticket: CsTicketFacts | None,
) -> bool:  # fmt: skip
    if key.contact is None:
        return digest is not None and key.address_digest == digest
    if sender is not None and sender.id == key.contact.id:
        return True
    if ticket is not None:
        return bool(roles_on_ticket(ticket, sender) & roles_on_ticket(ticket, key.contact))
    role = role_on(case, sender, author) if case is not None else None
    return case is not None and role is not None and role == role_on(case, key.contact, key.contact.address)
