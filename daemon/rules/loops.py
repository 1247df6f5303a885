"""When two programs seem to be talking to each other: what a mail causes is held back, and the house is told once. Pure.

The daily rates of one address are in `robots`; here is the rest: how often about a case and to a domain, mails that come again
and again with one subject, threads without end, and the breaker for everything at once. Only what a mail causes can loop: what
the clock causes is never held here. A mail whose commands were carried out is a person's and may stand deep in its thread.

A robot says the same again and again, whatever number its subject has; who orders ten things in ten minutes does not, and hears
of each as far as the rates of `robots` go: ten a day for whoever is known and proved, three for anybody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from daemon.actions.vocabulary import Action, HoldMail, QueueMail
from daemon.model import (
    EVERYBODY,
    PERSONS_WORDS,
    ContactFacts,
    Decision,
    EarlierMail,
    Gate,
    Grade,
    Kind,
    LoopFacts,
    LoopQuestion,
    Reading,
    Situation,
)
from daemon.parsers.wording import says_the_same, wording
from daemon.reasons import Reason
from daemon.rules.hearing import audience_of, mails

BREAKER_HOLD = timedelta(hours=1)
PERSONS_WEIGH = 5
"""A person gives several commands, or orders several things, in a row by one subject: so many times as many are a pattern all the same."""

HELD_NOTICE = "mail-held"

_PERSONAL = (Kind.TICKET, Kind.REPLY, Kind.COMMAND, Kind.LIST)
_PREFIX = re.compile(r"\s*(?:(?:re|fw|fwd|aw|wg|sv|vs|antw|rv|tr|res|odp|ynt|r|i)\s*:|\[[^\]]{0,100}\])", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[^\]]{0,100}\]")
_CHANGING = re.compile(r"[\d\s]+")


def pattern_of(subject: str) -> str:
    """A subject without what a responder changes each time: digits, `Re:` and its like, whatever is in brackets, spaces.

    >>> pattern_of("Re: [CASE-1001] AW: Ticket #4711 received")
    'ticket#received'
    """
    rest = subject[:1000]
    while (found := _PREFIX.match(rest)) is not None:
        rest = rest[found.end() :]
    return _CHANGING.sub("", _BRACKETED.sub("", rest)).lower()


def words_of(reading: Reading) -> str:
    """Which words and files a mail brings, without what it quotes."""
    return wording(reading.new_text, (file.sha256 for file in reading.message.attachments))


def loop_question(decision: Decision, reading: Reading, situation: Situation) -> LoopQuestion | None:
    """What must be known before the mails of this decision are queued; None when nothing would be sent or nothing is watched."""
    limits = situation.policy.loops
    letters = _to_send(decision)
    if not letters or not limits.any:
        return None
    counted = any(letter.counted for letter in letters)
    author = reading.message.author if limits.pattern and decision.kind in _PERSONAL else None
    case_id = decision.match.case_id if decision.match is not None else None
    # those that may be held now are asked for too, though what goes to them may be held by a rate already
    people = {reading.message.author, situation.sender.address if situation.sender is not None else None}
    asked = {letter.to for letter in letters} | people | {EVERYBODY, _thread_of(decision)}
    return LoopQuestion(
        addresses=tuple(sorted(one for one in asked if one is not None)),
        author=author, case_id=case_id if counted and (limits.case_hour or limits.case_day) else None,
        domain=author.rpartition("@")[2] if author and limits.domain_day and counted and situation.sender is None else None,
        references=reading.message.references if limits.depth and len(reading.message.references) >= limits.depth else (),
        limits=limits, now=situation.now, clock=situation.clock or situation.now,
    )  # fmt: skip


def restrain(decision: Decision, reading: Reading, situation: Situation, facts: LoopFacts) -> Decision:
    """The decision with every mail held that a guard stops, and, where one begins to hold, the hold and the notice of it."""
    begun = _begun(decision, reading, situation, facts)
    holds = dict(facts.holds) | {hold.address: hold.reason for hold in begun}
    rates = _rates(situation, facts)
    deep = _too_deep(decision, reading, situation, facts)
    actions: list[Action] = []
    stopped: dict[str, None] = {}
    for action in decision.actions:
        if isinstance(action, QueueMail) and action.held is None:
            why = holds.get(action.to) or (rates if action.counted else None)
            if why is None and (action.answer or action.template in PERSONS_WORDS):
                why = deep
            if why is None and action.template not in PERSONS_WORDS:
                why = holds.get(EVERYBODY)
            action = replace(action, held=why)
            if why is not None:
                stopped[why] = None
        actions.append(action)
    if stopped:
        gate = Gate(name="loops", verdict="held", detail="; ".join(stopped))
        decision = replace(decision, gates=(*decision.gates, gate))
    if not begun:
        return replace(decision, actions=tuple(actions))
    told = _told(situation, {hold.address for hold in begun})
    for hold in begun:
        held_to = "" if hold.address == EVERYBODY else hold.address
        actions += [hold, *mails(HELD_NOTICE, audience_of(told), exclude=(), values={"held_to": held_to, "reason": hold.reason})]
    return replace(decision, actions=tuple(actions))


def _to_send(decision: Decision) -> list[QueueMail]:
    return [action for action in decision.actions if isinstance(action, QueueMail) and action.held is None]


def _thread_of(decision: Decision) -> str | None:
    """Under which name the house is told of a thread that is too deep, once for each case; a single mail is none."""
    return f"CASE-{decision.match.case_id}" if decision.match is not None else None


def _told(situation: Situation, held: set[str]) -> tuple[ContactFacts, ...]:
    """Who hears that mail is held back: the triage queue, or the default one."""
    queues = (situation.triage_queue, situation.default_queue)
    members = next((queue.members for queue in queues if queue is not None and queue.members), ())
    return tuple(person for person in members if person.address not in held)


def _begun(decision: Decision, reading: Reading, situation: Situation, facts: LoopFacts) -> list[HoldMail]:
    """The holds that begin with this mail."""
    clock, limits = situation.clock or situation.now, situation.policy.loops
    author, sender = reading.message.author, situation.sender
    found: list[HoldMail] = []

    def begin(address: str, span: timedelta, reason: str) -> None:
        if address not in facts.holds:
            found.append(HoldMail(address=address, until=clock + span, reason=reason))

    pattern = _pattern(decision, reading, situation, facts)
    if pattern is not None and author is not None:
        begin(author, limits.hold, pattern)
        # receipts go to the registered address; whoever only claims to be somebody can't silence them there
        if sender is not None and sender.address != author and decision.trust.grade in (Grade.VERIFIED, Grade.KEYED):
            begin(sender.address, limits.hold, pattern)
    deep = _too_deep(decision, reading, situation, facts)
    thread = _thread_of(decision)
    if deep is not None and thread is not None:
        begin(thread, limits.hold, deep)
    most = limits.breaker + limits.breaker_per_mail * facts.received_hour
    automatic = facts.automatic_hour + sum(letter.template not in PERSONS_WORDS for letter in _to_send(decision))
    if limits.breaker and automatic > most:
        begin(EVERYBODY, BREAKER_HOLD, f"breaker: more than {most} automatic mails in an hour")
    return found


def _ran(decision: Decision) -> bool:
    return decision.reason is Reason.COMMANDS_RUN


def _pattern(decision: Decision, reading: Reading, situation: Situation, facts: LoopFacts) -> str | None:
    most, minutes = situation.policy.loops.pattern, situation.policy.loops.pattern_span // timedelta(minutes=1)
    if not most or decision.kind not in _PERSONAL:
        return None
    wanted = pattern_of(reading.message.subject)
    earlier = [mail for mail in facts.earlier if pattern_of(mail.subject) == wanted]
    if len(earlier) + 1 >= PERSONS_WEIGH * most:
        return f"loop_pattern: {len(earlier) + 1} mails with one subject in {minutes} minutes"
    words = words_of(reading)
    alike = sum(not mail.ran and _says_the_same(words, mail) for mail in earlier) + (not _ran(decision))
    if alike < most:
        return None
    return f"loop_pattern: {alike} mails with one subject and the same words in {minutes} minutes"


def _says_the_same(words: str, earlier: EarlierMail) -> bool:
    return earlier.wording is None or says_the_same(words, earlier.wording)


def _too_deep(decision: Decision, reading: Reading, situation: Situation, facts: LoopFacts) -> str | None:
    limits = situation.policy.loops
    if _ran(decision):
        return None
    if limits.depth and facts.own_references >= limits.depth:
        return f"loop_depth: the mail names {facts.own_references} of ours in References"
    if limits.subject and len(reading.message.subject) > limits.subject:
        return f"loop_subject: the subject has more than {limits.subject} signs"
    return None


def _rates(situation: Situation, facts: LoopFacts) -> str | None:
    """The rate that stops one more answer to a mail that ran no command."""
    limits = situation.policy.loops
    asked: tuple[tuple[str, int, int, Callable[[int], str]], ...] = (
        ("answers_per_case_hour", limits.case_hour, facts.case_hour, "{} about one case in an hour".format),
        ("answers_per_case_day", limits.case_day, facts.case_day, "{} about one case in 24 hours".format),
        ("answers_per_domain_day", limits.domain_day, facts.domain_day, "{} to one domain in 24 hours".format),
    )
    return next((f"{name}: {words(most)}" for name, most, count, words in asked if most and count >= most), None)
