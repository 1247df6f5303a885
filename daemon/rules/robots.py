"""Whom never to answer, and how often anybody (RFC 3834; the never-answer rules).

What the mail itself shows was read by `parsers.automatic`; here the rest is asked: forged, too old, not to us, too often.
"""

from __future__ import annotations

from datetime import timedelta

from daemon.model import Grade, Reading, Situation, Trust


def never_answer(reading: Reading, situation: Situation, trust: Trust) -> str | None:
    """Why no automatic answer may go to the sender of this mail, or None when one may."""
    message, policy = reading.message, situation.policy
    if situation.archive:
        return "filed without answering"
    if trust.grade is Grade.FORGED:
        return "the sender's domain says it is forged"
    if not reading.automatic.may_answer:
        return reading.automatic.why
    if message.author is None:
        return f"no single sender: {message.author_problem}"
    if message.author in policy.own_addresses:
        return "the sender's address is ours"
    if situation.from_own_tag or situation.reply_to_own_tag:
        return f"{'From' if situation.from_own_tag else 'Reply-To'} is a reply address of ours"
    if situation.recorded_at - situation.now > timedelta(days=policy.auto_answer_max_age_days):
        return f"older than {policy.auto_answer_max_age_days} days when first seen"
    if not policy.answer_bcc and not situation.keys and not policy.own_addresses.intersection(message.recipients):
        return "our address is in neither To nor Cc"
    return None


def limited(situation: Situation, trust: Trust) -> str | None:
    """The rate that stops one more automatic answer to this address today, or None. A limit of 0 is off.

    A registered address that nothing proves has the rate of a stranger: somebody else may have written there.
    """
    known = situation.sender is not None and trust.grade in (Grade.VERIFIED, Grade.KEYED)
    limit = situation.policy.answers_per_contact_day if known else situation.policy.answers_per_stranger_day
    if limit and situation.answers_today >= limit:
        return f"answers_per_{'contact' if known else 'stranger'}_day: {limit} in 24 hours"
    return None
