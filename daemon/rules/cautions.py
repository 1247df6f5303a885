"""What a person is told beside what is done: a sender who looks like somebody else, a mail with very many copies, an answer to very many.

Pure. Nothing of it changes what a mail is granted; the mails of one answer beyond a limit are held until somebody lets them go.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.actions.vocabulary import Action, KeepNote, OpenCase, QueueMail
from daemon.model import Decision
from daemon.reasons import Outcome
from daemon.rules.hearing import Hearing, mails, owner_of
from daemon.rules.lookalike import lookalike

SHOWN = 3
"""Addresses that are named; of more it is said how many."""


def cautioned(h: Hearing, made: Decision) -> Decision:
    """The decision with what people have to know of it."""
    opens = any(isinstance(action, OpenCase) for action in made.actions)
    if made.outcome is not Outcome.ACTED or (made.match is None and not opens):
        return made
    return _bounded(h, _of_many_copies(h, _of_a_lookalike(h, made)))


def _of_a_lookalike(h: Hearing, made: Decision) -> Decision:
    situation, message = h.situation, h.reading.message
    if situation.sender is not None or situation.sender_organization is not None:
        return made
    policy = situation.policy
    known = {*policy.own_domains, *(address.rpartition("@")[2] for address in policy.own_addresses)}
    for case in situation.cases:
        people = (*case.partner_agents, *case.opening_agents, *([case.contact] if case.contact is not None else []))
        known |= {person.address.rpartition("@")[2] for person in people}
    why = lookalike(message.author or message.from_text, known)
    if why is None:
        return made
    caution = f"Caution: {why}."
    actions = tuple(
        replace(action, values=(*action.values, ("warnings", [caution])))
        if isinstance(action, QueueMail) and action.template == "case-assigned"
        else action
        for action in made.actions
    )
    return _noted(replace(made, actions=actions), why, "Nothing was believed of it for that. Look at the address, not at the name.")


def _of_many_copies(h: Hearing, made: Decision) -> Decision:
    policy = h.situation.policy
    others = [address for address in h.reading.message.recipients if not _is_ours(address, policy.own_addresses)]
    if len(others) <= policy.mails_per_reply or h.form is not None:
        return made
    shown = f"{', '.join(others[:SHOWN])} and {len(others) - SHOWN} more"
    why = f"the mail was sent to {len(others)} others, too: {shown}"
    return _noted(made, why, "None of them hears of the case. Name whom it concerns with #mention, somebody new with #contact.")


def _is_ours(address: str, own: frozenset[str]) -> bool:
    local, _, domain = address.rpartition("@")
    return address in own or f"{local.partition('+')[0]}@{domain}" in own


def _bounded(h: Hearing, made: Decision) -> Decision:
    most = h.situation.policy.mails_per_reply
    actions: list[Action] = []
    count = held = 0
    for action in made.actions:
        if isinstance(action, QueueMail) and not action.answer and action.held is None:
            count += 1
            if count > most:
                held += 1
                action = replace(action, held=f"mails_per_reply: {most} for one mail")
        actions.append(action)
    if not held:
        return made
    why = f"mails_per_reply: {held} mails of this are held, {most} went"
    text = "They wait in the outbox: supportd outbox --state held; release or drop each."
    case = next((one for one in h.situation.cases if made.match is not None and one.id == made.match.case_id), None)
    words = {"comment": f"{why}. {text}", "internal": True, "author_name": h.situation.policy.house_name}
    told = mails("mention", owner_of(case)[:most], exclude=(), values=words) if case is not None else []
    return _noted(replace(made, actions=(*actions, *told)), why, text)


def _noted(made: Decision, why: str, text: str) -> Decision:
    """The decision with a note for the house; where it keeps one already, this stands above its words."""
    kept = next((action for action in made.actions if isinstance(action, KeepNote)), None)
    if kept is not None:
        said = replace(kept, why=f"{kept.why}; {why}" if kept.why else why)
        return replace(made, actions=tuple(said if action is kept else action for action in made.actions))
    return replace(made, actions=(*made.actions, KeepNote(text=text, why=why, author_address=None)))
