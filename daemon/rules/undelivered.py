"""What follows when a mail of ours can't be delivered, or not even be written. Pure."""

from __future__ import annotations

from daemon.actions.vocabulary import ReportRefusal
from daemon.model import FAQ, CaseFacts, Decision, DomainVerdict, Grade, Kind, Match, OutgoingFacts, Trust
from daemon.reasons import Outcome, Reason
from daemon.rules.hearing import mails, owner_of


def decide_refusal(outgoing: OutgoingFacts, case: CaseFacts | None) -> Decision:
    """What follows when the relay refuses a mail of ours for good, or its template fails: the case's owner is told once.

    The refused address is told nothing, and nobody is told of a notice.
    """
    audience = owner_of(case) if case is not None and outgoing.template not in (BOUNCE_NOTICE, FAQ_BOUNCED) else ()
    evidence = "our own template failed" if outgoing.unwritten else "our own relay said so"
    notice = BOUNCE_NOTICE if outgoing.unwritten else notice_of(outgoing.template)
    return Decision(
        kind=Kind.BOUNCE, outcome=Outcome.ACTED, reason=Reason.REFUSAL_TOLD,
        detail=f"{outgoing.template} to {outgoing.recipient}: {outgoing.detail}",
        trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.NONE, evidence=evidence),
        match=Match(case_id=case.id, matched_by="outbox") if case is not None else None, contact_id=None,
        actions=(ReportRefusal(outbox_id=outgoing.outbox_id, address=outgoing.recipient, reason=outgoing.detail,
                               unwritten=outgoing.unwritten),
                 *mails(notice, audience, exclude=(outgoing.recipient,))),
        gates=(),
    )  # fmt: skip


BOUNCE_NOTICE = "bounce-notice"
FAQ_BOUNCED = "faq-bounced"


def notice_of(template: str) -> str:
    """How the owner of a case hears that a mail did not arrive: of a FAQ the customer has no answer at all."""
    return FAQ_BOUNCED if template.startswith(FAQ) else BOUNCE_NOTICE
