"""Level one by itself: who asks, with what right, about what, and so which answer. Pure.

What is done is the table's business (`entitlement`); here the facts are put together, and a row becomes actions and mails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from daemon.actions.vocabulary import UNVERIFIED, Action, AddComment, CloseCase, NameAccount, PostFeed, QueueMail, RecordSupport
from daemon.model import CallerFacts, CaseFacts, ContactFacts, Decision, Grade, QueueFacts
from daemon.reasons import Outcome, Reason
from daemon.rules.entitlement import OWN, Caller, Channel, Level, LevelAction, SupportRules, decide_level
from daemon.rules.faqs import once_for
from daemon.rules.hearing import (
    Audience,
    Hearing,
    answer,
    decision,
    description,
    kept_attachments,
    kind_of,
    mails,
    members_of,
)
from daemon.rules.issueclass import IssueClass, IssueName, classify, issue_line
from daemon.rules.newcontact import contact_block
from daemon.rules.planstate import PlanFacts, PlanState, plan_state
from daemon.rules.receipts import full_date, steps

FORWARDED = "forwarded to "
NOBODY_KNOWN = "caller could not be identified"

_THANKS = re.compile(
    r"\b(?:thanks?|thank\s+you|thx|ty|cheers|great|perfect|awesome|merci|danke|gracias|obrigad[oa]|grazie|bedankt)\b", re.IGNORECASE
)
_WANTS = re.compile(
    r"\?|\b(?:but|still|again|need|how|why|when|where|what|can(?:'?t|not)?|could|please|doesn'?t|don'?t|didn'?t|isn'?t|not|help\s+me|someone|"
    r"somebody|anybody|nobody)\b", re.IGNORECASE,
)  # fmt: skip
MOST_THANKS = 200
"""Characters of a mail that only says thank you."""


def only_thanks(text: str) -> bool:
    """Whether a mail says thank you and asks for nothing more.

    >>> only_thanks("Thanks, that helps!"), only_thanks("Thanks, but I still need someone to help me please")
    (True, False)
    """
    return len(text) <= MOST_THANKS and _THANKS.search(text) is not None and _WANTS.search(text) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a row of the table comes to: the queue that gets the case, whether that ends it, who hears what, and a line for a receipt."""

    record: RecordSupport
    queue: QueueFacts | None
    resolution: str | None = None
    letters: tuple[Action, ...] = ()
    said: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Whom the answer goes to. `answers`: it answers the mail in hand."""

    address: str | None
    contact: ContactFacts | None
    name: str = ""
    answers: bool = True
    known: bool = False


def _writer(h: Hearing, *, known: bool) -> Customer:
    """Who wrote the mail in hand."""
    sender = h.situation.sender
    return Customer(address=h.reading.message.author, contact=sender, name=sender.name if sender is not None else "", known=known)


def plan_of(h: Hearing, rules: SupportRules, caller: CallerFacts) -> PlanFacts:
    """What the account has a right to on the day the mail arrived."""
    today = h.rulebook.calendar_of(None).local(h.situation.now).date()
    return plan_state(caller.account, today, rules.plan, caller.order_number)


def level_of(h: Hearing, rules: SupportRules, caller: Caller, plan: PlanFacts | None) -> Level:
    """The row for the mail in hand."""
    text = h.reading.new_text
    issue = classify(h.reading.message.subject, text, issue_line(text), rules.issues)
    return decide_level(Channel.CASE, caller, plan, issue, False, rules.table)


def record_of(level: Level, caller: CallerFacts) -> RecordSupport:
    """The decision, to be kept with the case: by which key the account was found is one of its facts."""
    account = f"{caller.organization.name} by {caller.matched}" if caller.organization is not None else caller.why
    return RecordSupport(
        plan_state=level.plan_state.value, issue_class=level.issue_class.value, rule=level.row, action=level.action.value,
        target=level.target, facts=(*level.facts, ("account", account)),
    )  # fmt: skip


# --- a new ticket --------------------------------------------------------------------------------------------------


def first_mail(h: Hearing, *, known: bool) -> Taken | None:
    """What level one does with a new ticket; None: a person looks at it, since nothing may be answered or nobody set level one up."""
    rules, caller = h.rulebook.support, h.situation.caller
    if rules is None or caller is None or h.silence is not None or h.situation.archive:
        return None
    to = _writer(h, known=h.situation.sender is not None)
    if known:
        plan = plan_of(h, rules, caller)
        return taken(h, level_of(h, rules, Caller.KNOWN, plan), plan, caller, to)
    level = level_of(h, rules, Caller.AMBIGUOUS if caller.ambiguous else Caller.FIRST_CONTACT, None)
    if caller.organization is not None and level.issue_class is not IssueName.COMPLIMENT_OR_COMPLAINT:
        return _unverified(h, level, caller, to)
    return taken(h, level, None, caller, to)


def _unverified(h: Hearing, level: Level, caller: CallerFacts, to: Customer) -> Taken:
    """Somebody names an account and is not on it: level one is asked, the sender hears nothing of the account."""
    return Taken(
        record=record_of(level, caller), queue=h.situation.default_queue,
        letters=(_to_customer(h, "case-received", to, {}), *_verify(h, caller)),
        detail=f"{UNVERIFIED}: {caller.why}",
    )  # fmt: skip


def _verify(h: Hearing, caller: CallerFacts) -> list[Action]:
    organization, message = caller.organization, h.reading.message
    if organization is None:
        return []
    block = contact_block(message.author_name, organization.name, str(message.author))
    orders = [
        {
            "label": f"Order {order.number}",
            "value": ", ".join(filter(None, (order.website, f"version {order.version}" if order.version else ""))),
        }
        for order in caller.account.orders[:5]
    ]
    known = [{"label": "Registered contact", "value": f"{caller.contact.name}, {caller.contact.address}"}] if caller.contact else []
    values = {
        "customer_address": str(message.author), "customer_name": message.author_name, "organization": organization.name,
        "matched": [caller.matched], "fields": [*known, *orders], "contact_block": block, "comment": h.reading.new_text.strip(),
        "steps": [{"command": block, "form": "", "meaning": "it is them: they become a contact, and the case is theirs"},
                  *steps(("status",))],
    }  # fmt: skip
    return mails("verify-sender", members_of(h.situation.default_queue), exclude=(message.author,), values=values)


def taken(h: Hearing, level: Level, plan: PlanFacts | None, caller: CallerFacts, to: Customer) -> Taken:
    """What a row comes to for this customer."""
    queue = h.situation.level_queues.get(level.queue or "") or h.situation.default_queue
    detail = _row(level)
    values: dict[str, object] = {
        "no_plan": level.plan_state is PlanState.NONE,
        "organization": caller.organization.name if caller.organization else "",
    }

    def made(*letters: Action, said: str, resolution: str | None = None) -> Taken:
        return Taken(record=record_of(level, caller), queue=queue, letters=letters, said=said, resolution=resolution, detail=detail)

    name = to.name or str(to.address or "")
    if level.action in (LevelAction.SEND_TEMPLATE, LevelAction.SEND_TEMPLATE_ONCE):
        return made(_to_customer(h, level.template or "", to, values), said=f"{level.template} sent to {name}")
    if level.action is LevelAction.ASK_IDENTIFY:
        return made(_to_customer(h, level.template or "identify-account", to, values), said="asked who they are")
    if level.action is LevelAction.REFUSE_IDENTIFY:
        return made(_to_customer(h, level.template or "purchaser-must-contact", to, values), said=NOBODY_KNOWN, resolution=NOBODY_KNOWN)
    if level.action is LevelAction.FORWARD_MAILBOX:
        address = h.situation.policy.compliments_to
        audience: Audience = ((address, None, ""),) if address is not None else members_of(h.situation.triage_queue)
        where = address.partition("@")[0] if address is not None else "the triage queue"
        told = {"customer_name": name, "customer_address": str(to.address or ""), "description": description(h), **values}
        forwarded = mails("compliment-forward", audience, exclude=(), values=told)
        return made(*forwarded, _to_customer(h, "case-received", to, {}), said=f"{FORWARDED}{where}", resolution=f"{FORWARDED}{where}")
    if level.action is LevelAction.SEND_TO_SALES:
        started = plan.evaluation.started_on if plan is not None and plan.evaluation is not None else None
        told = {
            **values, "evaluating_days": str(plan.evaluating_days) if plan is not None and plan.evaluating_days is not None else "",
            "evaluation_started": full_date(started) if started is not None else "", "customer_name": name,
            "customer_address": str(to.address or ""),
            "website": plan.evaluation.website or "" if plan is not None and plan.evaluation is not None else "",
            "steps": [{"command": "#assign me", "form": "", "meaning": "the case is yours"}, *steps(("comment", "close"))],
        }  # fmt: skip
        handed = mails("sales-handover", members_of(queue), exclude=(), values=told)
        return made(
            *handed, _to_customer(h, "sales-will-contact", to, values), said=f"{plan.why if plan is not None else ''}: sent to sales"
        )
    # a person answers: level two, or whoever the table names
    given = mails(
        "case-assigned", members_of(queue), exclude=(to.address,), values={"steps": list(steps(("comment", "assign", "close", "status")))}
    )
    return made(*given, _to_customer(h, "case-received", to, {}), said=f"given to {queue.name if queue is not None else 'nobody'}")


def _row(level: Level) -> str:
    """The row that decided, in words."""
    return f"level one, row {level.row}: {level.action.value.replace('_', ' ')}, {level.target.removeprefix(OWN)}"


def _to_customer(h: Hearing, template: str, to: Customer, values: Mapping[str, object]) -> QueueMail:
    if to.answers:
        return replace(answer(h, template, to.contact, quote_subject=to.known), values=tuple(values.items()))
    return QueueMail(
        template=template, to=str(to.address), contact_id=to.contact.id if to.contact is not None else None, name=to.name, answer=False,
        counted=False, quote_subject=True, values=tuple(values.items()),
    )  # fmt: skip


# --- a further mail ------------------------------------------------------------------------------------------------


def next_mail(h: Hearing, case: CaseFacts) -> Decision | None:
    """What level one does with a customer's further words on a case it answered; None: they are a comment like any other."""
    rules, caller, support = h.rulebook.support, h.situation.caller, case.support
    if rules is None or support is None or not case.open or h.silence is not None or h.situation.archive or h.role != "customer":
        return None
    if not _proven(h) or _taken_by_somebody(case):
        return None
    text = h.reading.new_text.strip()
    if support.action == LevelAction.ASK_IDENTIFY and case.organization_id is None and caller is not None:
        return None if only_thanks(text) else _identified(h, case, rules, caller)
    # turned away, they opened the case again and have found a key after all; without one, a person reads it
    if (
        support.action == LevelAction.REFUSE_IDENTIFY
        and case.organization_id is None
        and caller is not None
        and caller.organization is not None
    ):
        return _identified(h, case, rules, caller)
    if _persists(support.action, support.plan_state) and text and not only_thanks(text):
        return _insists(h, case, rules, support.issue_class)
    return None


def _proven(h: Hearing) -> bool:
    """Whether more than a comment may come of the words: what names a stranger's case is no proof that the stranger wrote it."""
    return h.trust.key or h.trust.grade in (Grade.VERIFIED, Grade.KEYED)


def _taken_by_somebody(case: CaseFacts) -> bool:
    """Whether a person works on the case already: the customer answers them, not level one. Who noted a call owns it without that."""
    owned = case.owner is not None and case.origin != "phone"
    return owned or case.partner_id is not None or case.acknowledged_at is not None


def _persists(action: str, plan: str) -> bool:
    """Whether a FAQ told them that they have no plan."""
    return action == LevelAction.SEND_TEMPLATE and plan == PlanState.NONE


def _said(h: Hearing) -> AddComment:
    sender = h.situation.sender
    return AddComment(
        text=h.reading.new_text.strip() or "(no words of its own)", public=True, author_id=sender.id if sender is not None else None,
        author_address=h.reading.message.author,
    )  # fmt: skip


def _identified(h: Hearing, case: CaseFacts, rules: SupportRules, caller: CallerFacts) -> Decision:
    """They were asked who they are, and this is what they say."""
    to = _writer(h, known=False)
    actions: list[Action] = [_said(h), *kept_attachments(h)]
    if caller.organization is not None:
        level = level_of(h, rules, Caller.FIRST_CONTACT, None)
        made = _unverified(h, level, caller, to)
        actions.append(NameAccount(organization_id=caller.organization.id, name=caller.organization.name, flag=UNVERIFIED))
    else:
        made = taken(h, level_of(h, rules, Caller.AMBIGUOUS if caller.ambiguous else Caller.STILL_UNKNOWN, None), None, caller, to)
        actions.append(made.record)
    if made.resolution is not None:
        actions.append(CloseCase(text=made.resolution, by_id=None, on_planned_date=None))
    return decision(
        h, kind_of(h), Outcome.ACTED, Reason.COMMENT_ADDED, case=case, matched_by=h.found.matched_by, actions=[*actions, *made.letters],
        detail=made.detail,
    )  # fmt: skip


def _insists(h: Hearing, case: CaseFacts, rules: SupportRules, issue_class: str) -> Decision | None:
    """A FAQ said that there is no plan, and the customer insists: the options that can be bought, once."""
    caller = h.situation.caller
    if caller is None:
        return None
    plan = plan_of(h, rules, caller)
    issue = IssueClass(name=IssueName(issue_class), words=(), by_line=False)
    level = decide_level(Channel.CASE, Caller.KNOWN, plan, issue, True, rules.table)
    if level.action is not LevelAction.SEND_TEMPLATE_ONCE or level.template is None or level.template in case.once:
        return None
    to = _writer(h, known=True)
    letter = replace(_to_customer(h, level.template, to, {"no_plan": True}), once=once_for(level.template, case.id))
    actions: list[Action] = [
        _said(h),
        *kept_attachments(h),
        record_of(level, caller),
        PostFeed(kind="persists", text="persists", author_id=None),
    ]
    return decision(
        h, kind_of(h), Outcome.ACTED, Reason.COMMENT_ADDED, case=case, matched_by=h.found.matched_by, actions=[*actions, letter],
        detail=_row(level),
    )  # fmt: skip
