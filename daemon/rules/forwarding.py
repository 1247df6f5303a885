"""A mail that one of our agents passes on: it becomes the case of whoever wrote it, or the agent is asked whose it is. Pure.

Who stands in a forward is a claim of the one who forwards. So it counts from a believed agent of the house alone, makes nobody a
contact, and nothing is answered to an address that only stands there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from daemon.actions.vocabulary import Action, AddComment, KeepAttachments, OpenCase, PostFeed
from daemon.model import AddrSpec, ContactFacts, Decision, Forward, Grade
from daemon.parsers.headers import base_subject, untagged
from daemon.parsers.keywords import AGENT
from daemon.parsers.names import called
from daemon.reasons import Outcome, Reason
from daemon.rules.hearing import Hearing, decision, description, kind_of, to_sender
from daemon.rules.intake import files_of
from daemon.rules.lifecycle import State
from daemon.rules.newcontact import FORWARDED, contact_block
from daemon.rules.receipts import open_verbs, steps

DOUBTS: Mapping[str, str] = MappingProxyType({
    "no-header": "nothing in it shows who wrote the mail",
    "no-address": "no address of its author stands in it",
    "several-addresses": "more than one address stands as its author",
    "several-mails": "more than one mail could be meant",
    "by-a-program": "a program wrote it",
    "of-the-house": "its author is of our own house",
})  # fmt: skip
"""What makes a forward unsure, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Whose the forwarded mail is taken to be. `doubts` are in words; empty: it is sure enough to go on without asking."""

    forward: Forward
    known: ContactFacts | None
    doubts: tuple[str, ...]

    @property
    def address(self) -> AddrSpec | None:
        """Where they read: a contact at the registered address."""
        return self.known.address if self.known is not None else self.forward.author

    @property
    def name(self) -> str:
        """What they are called, "" where nobody says so."""
        return self.known.name if self.known is not None else self.forward.author_name

    @property
    def shown(self) -> str:
        """Them, in words."""
        return ", ".join(part for part in (self.name, self.address or "") if part)


def guess_of(h: Hearing) -> Guess | None:
    """Whose a mail passed on by a believed agent of the house is taken to be; None: it is no such mail, and stays its sender's."""
    forward = h.reading.forward
    if forward is None or _why_not(h):
        return None
    ours = _is_ours(h, forward.author)
    doubts = (*forward.doubts, *(("of-the-house",) if ours else ()))
    return Guess(forward=forward, known=_known(h, forward.author), doubts=tuple(DOUBTS[doubt] for doubt in doubts))


def _why_not(h: Hearing) -> str:
    """Why a forward stays its sender's; "" when it does not."""
    if h.found.case is not None:
        return f"the mail is about {h.found.case.number}"
    if h.form is not None:
        return "it is a form"
    if h.situation.released or h.reading.automatic.is_list:
        return "it is treated as a plain ticket"
    if h.role != "house":
        return "no agent of the house forwarded it: it stays the sender's own mail"
    if h.trust.grade not in (Grade.VERIFIED, Grade.KEYED):
        return f"nothing proves that an agent of the house forwarded it ({h.trust.grade.value})"
    return ""


def _known(h: Hearing, address: AddrSpec | None) -> ContactFacts | None:
    found = h.situation.asked.people.get(called(address), ()) if address is not None and h.situation.asked is not None else ()
    return found[0] if len(found) == 1 else None


def _is_ours(h: Hearing, address: AddrSpec | None) -> bool:
    if address is None:
        return False
    policy, person = h.situation.policy, _known(h, address)
    listed = address in policy.own_addresses or address.rpartition("@")[2] in policy.own_domains
    return listed or (person is not None and person.organization_kind == "house")


def explain_forward(h: Hearing) -> dict[str, object] | None:
    """The `forward` object of `explain`: the mail that was passed on, whose it is taken to be and on what evidence."""
    forward = h.reading.forward
    if forward is None:
        return None
    guess = guess_of(h)
    return {
        "evidence": forward.evidence, "from": forward.author, "name": forward.author_name, "to": forward.to_text,
        "subject": forward.subject, "date": forward.date, "files": list(forward.files), "others": list(forward.others),
        "counts": guess is not None, "sure": guess is not None and not guess.doubts,
        "contact": guess.known.handle if guess is not None and guess.known is not None else None,
        "why": "; ".join(guess.doubts) if guess is not None else _why_not(h),
    }  # fmt: skip


# --- a new ticket --------------------------------------------------------------------------------------------------


def open_forwarded(h: Hearing) -> Decision | None:
    """A case of the one who wrote the forwarded mail, owned by the agent who passed it on; or a question to that agent."""
    guess = guess_of(h)
    if guess is None:
        return None
    return _ask(h, guess) if guess.doubts else _open(h, guess)


def subject_of(h: Hearing) -> str:
    """The subject without marks of forwarding and answering, and without our numbers; the agent may have changed it."""
    forward = h.reading.forward
    inner = base_subject(forward.subject) if forward is not None else ""
    return untagged(h.reading.message.base_subject) or untagged(inner) or "(no subject)"


def _open(h: Hearing, guess: Guess) -> Decision:
    known, sender = guess.known, h.situation.sender
    entities = h.situation.asked.entities if h.situation.asked is not None else frozenset[int]()
    helpdesk = known is not None and known.organization_id in entities
    taken = f"taken for the case of {guess.shown}: {_evidence(guess.forward)}"
    actions: list[Action] = [
        OpenCase(
            type="helpdesk" if helpdesk else "support", subject=subject_of(h), description=guess.forward.text or "(no words)",
            origin=FORWARDED, organization_id=known.organization_id if known is not None else None,
            contact_id=known.id if known is not None else None, contact_address=guess.address, system_id=None, partner_id=None,
            owner_id=sender.id if sender is not None else None, queue_id=None,
        ),
        PostFeed(kind="post", text=taken, author_id=None),
        *_kept(h),
    ]  # fmt: skip
    if h.silence is None:
        actions.append(to_sender(h, "case-created", _told(guess)))
    return decision(h, kind_of(h), Outcome.ACTED, Reason.FORWARD_OPENED, actions=actions, detail=taken)


def _ask(h: Hearing, guess: Guess) -> Decision:
    queue = h.situation.triage_queue
    why = "; ".join(guess.doubts)
    actions: list[Action] = [
        OpenCase(
            type="triage", subject=subject_of(h), description=guess.forward.text or description(h), origin=FORWARDED,
            organization_id=None, contact_id=None, contact_address=None, system_id=None, partner_id=None, owner_id=None,
            queue_id=queue.id if queue is not None else None, flags=(f"whose it is can't be told: {why}",),
        ),
        *_kept(h),
    ]  # fmt: skip
    if h.silence is None:
        actions.append(to_sender(h, "forward-question", _asked(h, guess)))
    return decision(h, kind_of(h), Outcome.ACTED, Reason.FORWARD_UNSURE, actions=actions, detail=why)


def _kept(h: Hearing) -> list[Action]:
    """The agent's own words, for the house only, and the files: also those of an attached message."""
    words, sender = h.reading.new_text.strip(), h.situation.sender
    kept: list[Action] = []
    if words:
        author = sender.id if sender is not None else None
        kept.append(AddComment(text=words, public=False, author_id=author, author_address=h.reading.message.author))
    files = files_of(h.reading)
    return [*kept, KeepAttachments(count=len(files))] if files else kept


# --- what the agent is told ----------------------------------------------------------------------------------------

_EVIDENCE = MappingProxyType({
    "attached message": "the sender of the attached message", "forward line": "the sender in the header of the forwarded mail",
    "copied header": "the sender in the copied header",
})  # fmt: skip


def _evidence(forward: Forward) -> str:
    return _EVIDENCE.get(forward.evidence, forward.evidence)


OTHERWISE = """\
{who} has not been mailed. If the case is somebody else's, answer with #contact and, each on a line of its own, First Name, Last Name, \
Company and Email: then it is theirs."""


def _told(guess: Guess) -> dict[str, object]:
    known = guess.known
    place = f" of {known.organization}" if known is not None else " (nobody we know)"
    rows = (("Contact", f"{guess.shown}{place}"), ("Because it is", _evidence(guess.forward)), ("Sent", guess.forward.date))
    block = contact_block(guess.name, "", guess.address or "") if known is None else contact_block("", "", "")
    meaning = "whose case it is, if this is wrong" if known is not None else "makes them a contact, or says whose case it is"
    return {
        "fields": [{"label": label, "value": value} for label, value in rows if value],
        "warnings": [OTHERWISE.format(who=guess.name or guess.address)],
        "steps": [
            {"command": block, "form": "with the lines below it filled in", "meaning": meaning}, *steps(open_verbs(AGENT, State.OPEN)),
        ],
    }  # fmt: skip


def _asked(h: Hearing, guess: Guess) -> dict[str, object]:
    """Everybody who could be meant, each with the lines that say so; our own people never are."""
    forward = guess.forward
    blocks: list[tuple[str, str]] = []
    for address in dict.fromkeys((forward.author, *forward.others)):
        if address is None or _is_ours(h, address):
            continue
        person = _known(h, address)
        if person is not None:
            blocks.append((contact_block(person.name, person.organization, address), f"it is {person.name}, {address}"))
        else:
            name = forward.author_name if address == forward.author else ""
            blocks.append((contact_block(name, "", address), f"it is {address}, whom nobody knows yet: add name and company"))
    unknown = contact_block(forward.author_name if forward.author is None else "", "", "")
    blocks.append((unknown, "it is somebody else: add the lines that are missing"))
    return {
        "problems": list(guess.doubts), "contact_block": blocks[0][0],
        "steps": [{"command": block, "form": "", "meaning": meaning} for block, meaning in blocks[:6]] + list(steps(("close", "status"))),
    }  # fmt: skip
