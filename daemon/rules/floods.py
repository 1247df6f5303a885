"""A sender who opens too many cases: what more of them comes is held, and one case says so. Pure.

Counted are cases, never mails: whoever answers on a case, or gives commands that are granted, is not slowed. What goes to the
triage queue is counted apart, so that mails forged in somebody's name don't use up what they may open themselves.
"""

from __future__ import annotations

import shlex

from daemon.actions.vocabulary import Action, KeepNote, OpenCase
from daemon.model import CaseFacts, Decision, DomainVerdict, Grade, HeldFacts, Kind, Match, QueueFacts, Trust
from daemon.reasons import Outcome, Reason
from daemon.rules.hearing import Hearing, decision, kind_of
from daemon.rules.trust import HOUSE_ROLES

TRIAGE = "triage"


def hold_back(h: Hearing, made: Decision) -> Decision | None:
    """The mail held instead, when `made` opens one case more than its sender may; None: it may be done."""
    opened = next((action for action in made.actions if isinstance(action, OpenCase)), None)
    asked_for = h.form is not None or made.reason is Reason.COMMANDS_RUN
    if opened is None or asked_for or h.situation.released or h.situation.archive or _is_house(h):
        return None
    before = h.situation.opened_triage if opened.type == TRIAGE else h.situation.opened
    policy = h.situation.policy
    for key, limit, count, span in (
        ("cases_per_sender_hour", policy.cases_per_sender_hour, before.hour, "an hour"),
        ("cases_per_sender_day", policy.cases_per_sender_day, before.day, "24 hours"),
    ):
        if limit and count >= limit:
            return decision(h, kind_of(h), Outcome.QUARANTINED, Reason.SENDER_FLOOD, detail=f"{key}: {limit} in {span}")
    return None


def _is_house(h: Hearing) -> bool:
    sender = h.situation.sender
    believed = h.trust.sender and h.trust.grade in (Grade.VERIFIED, Grade.KEYED)
    return believed and sender is not None and sender.organization_kind == "house" and bool(sender.roles & HOUSE_ROLES)


def decide_held(held: HeldFacts, case: CaseFacts | None, triage: QueueFacts | None) -> Decision:
    """One case a sender and day that tells how many mails are held; while it is open, a note on it when there are twice as many."""
    what = "mail" if held.count == 1 else "mails"
    said = f"{held.count} more {what} of {held.day.isoformat()} held: {held.sender or 'without a sender'}"
    cure = f"They lie in quarantine. To let them all through: supportd quarantine release -- {shlex.quote(held.sender)}"
    step: Action
    if case is not None and case.open:
        step = KeepNote(text=cure, why=said, author_address=None)
        match = Match(case_id=case.id, matched_by="sender")
    else:
        step = OpenCase(
            type=TRIAGE, subject=said, description=f"{said}.\n{cure}", origin="email", organization_id=None, contact_id=None,
            contact_address=None, system_id=None, partner_id=None, owner_id=None, queue_id=triage.id if triage is not None else None,
            flags=("a sender opened too many cases",),
        )  # fmt: skip
        match = None
    return Decision(
        kind=Kind.OWN, outcome=Outcome.ACTED, reason=Reason.FLOOD_TOLD, detail=said,
        trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.NONE, evidence="our own journal"),
        match=match, contact_id=None, actions=(step,), gates=(),
    )  # fmt: skip
