"""Builders of everything the rules look at: a good mail of a known customer unless a test says otherwise.

The world: Acme Homes (customer) has one system, Roof-7, which Miller Solar (partner) looks after; Ann works at Acme, Pat
and Bob at Miller, Nora and Owen at the house, which keeps two queues.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from daemon.actions.vocabulary import Action, QueueMail
from daemon.config import data_dir
from daemon.configuration.sla import load_sla
from daemon.model import (
    AddrSpec,
    Asked,
    AuthenticationResults,
    Automatic,
    Bounce,
    BouncedRecipient,
    CaseFacts,
    ClockFacts,
    ContactFacts,
    ContractFacts,
    Decision,
    KeyFacts,
    Message,
    MessageId,
    MethodResult,
    OrganizationFacts,
    OutgoingFacts,
    Policy,
    QuestionFacts,
    QueueFacts,
    Reading,
    Situation,
    SystemFacts,
)
from daemon.rules.decide import decide
from daemon.rules.rulebook import Rulebook, plain_rulebook

NOW = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
SUPPORT = AddrSpec("support@support.example")
AUTHSERV = "mx.support.example"

POLICY = Policy(
    house_address=SUPPORT,
    house_name="Example Support",
    own_addresses=frozenset({SUPPORT, AddrSpec("help@support.example")}),
    authserv_id=AUTHSERV,
    authserv_position="top",
    auto_answer_max_age_days=7,
    max_attempts=3,
    answers_per_stranger_day=3,
    answers_per_contact_day=10,
)


def person(number: int, handle: str, address: str, organization: str, kind: str, organization_id: int, *roles: str) -> ContactFacts:
    return ContactFacts(
        id=number, handle=handle, name=handle.capitalize(), address=AddrSpec(address), organization_id=organization_id,
        organization=organization, organization_kind=kind, roles=frozenset(roles),
    )  # fmt: skip


NORA = person(1, "nora", "nora@support.example", "House", "house", 1, "agent", "level_one")
OWEN = person(2, "owen", "owen@support.example", "House", "house", 1, "agent")
QUIET = person(3, "quiet", "quiet@support.example", "House", "house", 1)
PAT = person(4, "pat", "pat@miller.example", "Miller Solar", "partner", 2, "partner_agent")
BOB = person(5, "bob", "bob@miller.example", "Miller Solar", "partner", 2, "partner_agent")
CLERK = person(6, "clerk", "clerk@miller.example", "Miller Solar", "partner", 2)
ANN = person(7, "ann", "ann@acme.example", "Acme Homes", "customer", 3, "customer")
AMY = person(8, "amy", "amy@acme.example", "Acme Homes", "customer", 3, "customer")
RIVAL = person(9, "rival", "rival@other.example", "Other Solar", "partner", 4, "partner_agent")
STRANGER = AddrSpec("mallory@evil.example")

LEVEL_ONE = QueueFacts(id=1, name="level-one", members=(NORA, OWEN))
TRIAGE = QueueFacts(id=2, name="triage", members=(OWEN,))
ROOF_7 = SystemFacts(id=1, name="Roof-7", entity_id=3, partner_id=2, partner="Miller Solar", partner_agents=(PAT, BOB))
ACME = OrganizationFacts(id=3, name="Acme Homes", kind="customer")


def case(number: int = 1001, **changes: Any) -> CaseFacts:
    """A helpdesk case of Ann's, looked after by Miller Solar, in the queue level-one."""
    facts = CaseFacts(
        id=number, type="helpdesk", subject="No data", open=True, organization_id=3, contact=ANN, contact_address=ANN.address, partner_id=2,
        partner="Miller Solar", partner_agents=(PAT, BOB), owner=None, queue=LEVEL_ONE,
    )  # fmt: skip
    return replace(facts, **changes)


def strangers_case(number: int = 1001, **changes: Any) -> CaseFacts:
    """A case of somebody without a contact, with no partner."""
    return case(
        number, **{"contact": None, "contact_address": STRANGER, "partner_id": None, "partner": None, "partner_agents": ()} | changes
    )


def key(case_id: int | None = 1001, contact: ContactFacts | None = ANN, source: str = "address", digest: str | None = None) -> KeyFacts:
    return KeyFacts(kind="reply", case_id=case_id, contact=contact, address_digest=digest, source=source)


def results(
    *methods: tuple[str, str, dict[str, str] | tuple[tuple[str, str], ...]], authserv_id: str | None = AUTHSERV, received_above: int = 0
) -> AuthenticationResults:
    """One Authentication-Results field; each method is (name, result, properties), in pairs where one stands twice."""
    return AuthenticationResults(
        authserv_id=authserv_id,
        received_above=received_above,
        results=tuple(
            MethodResult(method=name, result=result, properties=tuple(rest.items() if isinstance(rest, dict) else rest))
            for name, result, rest in methods
        ),
    )


def dmarc(result: str, domain: str, **place: Any) -> AuthenticationResults:
    return results(("dmarc", result, {"header.from": domain}), **place)


def message(author: str | None = ANN.address, *, domain_says: str | None = "pass", **changes: Any) -> Message:
    """A mail from `author` to support; `domain_says` is what our provider's DMARC says of the author's domain, None nothing."""
    stamped = () if domain_says is None or author is None else (dmarc(domain_says, author.rpartition("@")[2]),)
    facts = Message(
        message_id=MessageId("<m1@client.example>"), in_reply_to=(), references=(), subject="No data since noon",
        base_subject="No data since noon", date=NOW, author=AddrSpec(author) if author is not None else None, author_name="",
        author_problem=None if author is not None else "two From fields", from_text=author or "?", to_text=SUPPORT, cc_text="",
        reply_to_text="", recipients=(SUPPORT,), reply_to=(), authentication_results=stamped, body="Please look.\n", hidden=0, html=None,
        attachments=(), defects=(), limit=None, identity="0" * 64,
    )  # fmt: skip
    return replace(facts, **changes)


PERSONAL = Automatic(is_automatic=False, is_list=False, may_answer=True, why="a person wrote it", own_mark=False)
ROBOT = Automatic(is_automatic=True, is_list=False, may_answer=False, why="Auto-Submitted: auto-replied", own_mark=False)
LIST = Automatic(is_automatic=False, is_list=True, may_answer=False, why="List-Id", own_mark=False)
SILENT = Automatic(is_automatic=False, is_list=False, may_answer=False, why="X-Auto-Response-Suppress", own_mark=False)
OURS = Automatic(is_automatic=True, is_list=False, may_answer=False, why="X-Supportd-Instance", own_mark=True)


def reading(author: str | None = ANN.address, text: str = "Please look.\n", **changes: Any) -> Reading:
    """A reading of `message(author)`; fields of the message can be given here too."""
    own = {"automatic", "bounce", "trimmed", "case_tags"}
    mail = changes.pop("message", None) or message(author, **{name: value for name, value in changes.items() if name not in own})
    facts = Reading(message=mail, automatic=PERSONAL, bounce=None, new_text=text, trimmed=(), case_tags=())
    return replace(facts, **{name: value for name, value in changes.items() if name in own})


def bounce(*recipients: tuple[str, str | None, bool, str]) -> Bounce:
    """A delivery status notification; each recipient is (address, status, permanent, reason)."""
    return Bounce(
        recipients=tuple(BouncedRecipient(address=a, status=s, permanent=p, reason=r) for a, s, p, r in recipients), original_message_ids=()
    )


def outgoing(**changes: Any) -> OutgoingFacts:
    facts = OutgoingFacts(outbox_id=5, recipient=ANN.address, template="case-received", subject="No data", case_id=1001, already=False)
    return replace(facts, **changes)


def situation(sender: ContactFacts | None = ANN, **changes: Any) -> Situation:
    """What is known when Ann writes for the first time; `cases` names also what a key, reference or tag is about."""
    known = sender is not None and sender.organization_id == 3
    facts = Situation(
        now=NOW, recorded_at=NOW, policy=POLICY, archive=False, released=False, copy_of=None, copy_by=None, sender=sender,
        sender_organization=None, keys=(), bad_keys=0, referenced_case_ids=(), tagged_case_ids=(), cases=(),
        systems=(ROOF_7,) if known else (), default_queue=LEVEL_ONE, triage_queue=TRIAGE, bounced=None, answers_today=0,
        unknown_sender_told_today=False,
    )  # fmt: skip
    return replace(facts, **changes)


def on_case(sender: ContactFacts | None = ANN, about: CaseFacts | None = None, **changes: Any) -> Situation:
    """The same for an answer to a mail of ours about `about`, found by its Message-ID."""
    about = about or case()
    return situation(sender, **{"cases": (about,), "referenced_case_ids": (about.id,)} | changes)


def question(asked: ContactFacts = NORA, **changes: Any) -> QuestionFacts:
    """Nora wanted a homeowner's case on a contract that is cancelled, and is asked whether she means it."""
    payload = {
        "open": {
            "type": "homeowner", "subject": "Panel leak", "description": "It drips.", "origin": "email", "organization_id": 3,
            "contact_id": ANN.id, "contact_address": ANN.address, "system_id": None, "partner_id": None, "owner_id": asked.id,
            "queue_id": None, "flags": [], "contract_id": 5, "contract_status": "Cancelled",
        },
        "register": None, "name": ANN.name, "partner": None, "status": "Cancelled", "contract": "HC-101", "address": None,
        "partner_id": None,
    }  # fmt: skip
    facts = QuestionFacts(
        id=9, kind="contract", payload=json.dumps(payload), asked_id=asked.id, case_id=None, expires_at=NOW + timedelta(days=7), meant=True
    )
    return replace(facts, **changes)


def asked(**found: Any) -> Asked:
    """What was found for the names in a mail: nothing but this."""
    nothing: dict[str, Any] = {
        "people": {}, "organizations": {}, "queues": {}, "systems": {}, "contracts": {}, "contracts_of": {}, "agents": {}, "cases": {},
    }  # fmt: skip
    return Asked(**nothing | found)


def contract(number: str = "HC-100", status: str = "Active", contact: ContactFacts | None = ANN) -> ContractFacts:
    """A contract of Acme Homes, Ann's own unless it names nobody."""
    return ContractFacts(
        id=int(number[3:]), number=number, organization_id=3, contact_id=contact.id if contact is not None else None, status=status
    )


RULEBOOK = replace(plain_rulebook(), sla=load_sla(data_dir("config") / "sla.toml"))
"""The rules as they are shipped."""

TO_ACKNOWLEDGE = ClockFacts(id=1, kind="acknowledge", cycle=1, calendar="house", started_at=NOW, deadline_at=NOW + timedelta(days=1))
OPEN = case(clocks=(TO_ACKNOWLEDGE,), owner=OWEN, queue=None)
"""Owen's case, which Miller Solar has to acknowledge."""


def said(sender: ContactFacts, text: str, about: CaseFacts = OPEN, rulebook: Rulebook = RULEBOOK, **changes: Any) -> Decision:
    """What follows when somebody answers a mail of ours about a case."""
    return decide(reading(sender.address, text), on_case(sender, about, **changes), None, rulebook)


def of_type(decision: Decision, wanted: type[Action]) -> list[Any]:
    return [action for action in decision.actions if isinstance(action, wanted)]


def mails(decision: Decision) -> list[tuple[str, str]]:
    """(template, address) of every mail."""
    return [(action.template, action.to) for action in of_type(decision, QueueMail)]


def answers(decision: Decision) -> list[QueueMail]:
    return [action for action in of_type(decision, QueueMail) if action.answer]


def judged(mail: Reading, known: Situation) -> Decision:
    return decide(mail, known, DIGEST if mail.message.author == STRANGER else None)


DIGEST = "d1ge57ed"
"""How a key names the stranger."""
