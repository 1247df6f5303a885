"""`#call`: a note after a phone call. Who called is looked up, the table of level one decides, and the caller gets the answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.actions.vocabulary import CloseCase, OpenCase
from daemon.model import CallerFacts
from daemon.parsers.keywords import AGENT
from daemon.rules.drafts import Draft, Step
from daemon.rules.entitlement import Caller, Channel, Level, SupportRules, decide_level
from daemon.rules.issueclass import classify, issue_line
from daemon.rules.judgement import Request
from daemon.rules.levelone import Customer, plan_of, taken
from daemon.rules.lifecycle import State
from daemon.rules.planstate import PlanFacts
from daemon.rules.receipts import Done, open_verbs, steps

SUBJECT = "Phone call"
YES = frozenset({"yes", "y", "true", "1"})


def _call(made: Draft, request: Request) -> None:
    h, rules, caller = made.h, made.h.rulebook.support, made.h.situation.caller
    if rules is None or caller is None:
        made.trouble(request, "E-STATE", detail="unanswered")
        return
    organization, contact = caller.organization, caller.contact
    if organization is None:
        made.trouble(request, "E-NO-ACCOUNT", detail="several" if caller.ambiguous else "")
        return
    if contact is None:
        made.trouble(request, "E-UNKNOWN-PERSON", said=organization.name)
        return
    plan, level = decided(made, request, rules, caller)
    to = Customer(address=contact.address, contact=contact, name=contact.name, answers=False, known=True)
    comes_to = taken(h, level, plan, caller, to)
    sender = made.sender
    by_queue = level.queue is not None and comes_to.queue is not None
    said = request.text or ""
    made.actions += [
        OpenCase(
            type="support", subject=request.fields.get("issue") or SUBJECT, description=said or "(no words)", origin="phone",
            organization_id=organization.id, contact_id=contact.id, contact_address=contact.address, system_id=None, partner_id=None,
            owner_id=sender.id if sender is not None and not by_queue else None,
            queue_id=comes_to.queue.id if by_queue and comes_to.queue is not None else None,
        ),
        comes_to.record,
    ]  # fmt: skip
    if comes_to.resolution is not None:
        made.actions.append(CloseCase(text=comes_to.resolution, by_id=sender.id if sender is not None else None, on_planned_date=None))
    made.letters += comes_to.letters
    state = State.CLOSED if comes_to.resolution is not None else State.OPEN
    made.receipt_values |= {"steps": list(steps(open_verbs(AGENT, state)))}
    made.done.append(Done(verb="call", text=comes_to.said or comes_to.detail))


def decided(made: Draft, request: Request, rules: SupportRules, caller: CallerFacts) -> tuple[PlanFacts, Level]:
    """The row for a note: its `Issue:`, `Version:` and `Persists:` lines go before what the account says."""
    plan = plan_of(made.h, rules, caller)
    if request.fields.get("version"):
        plan = plan.using(request.fields["version"], rules.plan)
    issue = classify("", request.text or "", request.fields.get("issue") or issue_line(request.text or ""), rules.issues)
    persists = request.fields.get("persists", "").strip().casefold().rstrip(".!") in YES
    return plan, decide_level(Channel.PHONE, Caller.KNOWN, plan, issue, persists, rules.table)


STEPS: Mapping[str, Step] = {"call": _call}
"""What the verb does."""
