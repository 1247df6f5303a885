"""The gates and grants that turn a reading into a decision. **The heart of the house.**

Gates are tried in the order of GATES; the first that speaks wins. Whatever no gate stops is a person's mail: a comment
on its case, or a new case. Nothing here has an effect, so `explain` shows exactly what `apply` will do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from daemon.actions.vocabulary import Action, AddComment, MarkBounced, QueueMail
from daemon.model import (
    DISBELIEVED,
    CaseFacts,
    Decision,
    Gate,
    Grade,
    Kind,
    Reading,
    Situation,
)
from daemon.parsers.keywords import BY_VERB, CASE
from daemon.reasons import Outcome, Reason
from daemon.rules import floods, levelone
from daemon.rules.cautions import cautioned
from daemon.rules.correlate import correlate
from daemon.rules.cstickets import about_ticket
from daemon.rules.drafts import draft_of
from daemon.rules.formreading import explain_form, recognise
from daemon.rules.forwarding import explain_forward, open_forwarded
from daemon.rules.grants import grant, refuse
from daemon.rules.hearing import (
    ASKING,
    Hearing,
    answer,
    audience_of,
    customers_side,
    decision,
    is_asking,
    kept_attachments,
    kind_of,
    mails,
    note,
    openers_side,
    own_addresses,
    owner_of,
    partners_side,
)
from daemon.rules.intake import form_sender
from daemon.rules.judgement import Finding, Judgement
from daemon.rules.receipts import shown, steps
from daemon.rules.refusals import Trouble
from daemon.rules.requests import take_form
from daemon.rules.robots import never_answer
from daemon.rules.rulebook import Rulebook, plain_rulebook
from daemon.rules.saying import internal_post, mention
from daemon.rules.standing import judge_words, role_of
from daemon.rules.tickets import open_ticket, triage
from daemon.rules.trust import weigh
from daemon.rules.undelivered import notice_of
from daemon.rules.verbs import ON_TICKET, VERBS


def decide(
    reading: Reading, situation: Situation, author_digest: str | None = None, rulebook: Rulebook | None = None
) -> Decision:  # fmt: skip
    """Grant or refuse what a mail asks for.

    Total: every reading gets a decision, every decision one reason. Pure: the same arguments give the same decision.
    `author_digest` is how keys name an author without a contact; without a `rulebook` nothing is promised.
    """
    book = rulebook or plain_rulebook()
    found = correlate(reading, situation)
    wrong = situation.wrong_address and found.case is not None
    trust = weigh(reading.message, situation.policy, situation.sender, found.case, situation.keys, author_digest, found.ticket, wrong)
    silence = never_answer(reading, situation, trust)
    gates: list[Gate] = [
        found.gate,
        Gate(name="trust", verdict=trust.grade.value, detail=trust.evidence),
        Gate(name="answer", verdict="no" if silence else "yes", detail=silence or "an automatic answer is allowed"),
    ]
    role = role_of(found.case, situation, reading, found.ticket)
    form = recognise(reading, book.forms, form_sender(situation, trust)) if book.forms and not situation.released else None
    robot = reading.automatic.is_automatic or reading.automatic.is_list or reading.bounce is not None
    searched = not (robot or form is not None or situation.released)
    judgement = judge_words(found.case, role, reading, situation, book, found.ticket) if searched else None
    hearing = Hearing(
        reading=reading, situation=situation, found=found, trust=trust, silence=silence, rulebook=book, role=role, judgement=judgement,
        form=form,
    )  # fmt: skip
    for name, gate in GATES:
        stopped = _within_bounds(hearing, gate(hearing))
        gates.append(Gate(name=name, verdict="passed" if stopped is None else "stopped", detail=stopped.detail if stopped else ""))
        if stopped is not None:
            return _explained(stopped, gates, hearing)
    return _explained(_person(hearing), gates, hearing)


def _explained(made: Decision, gates: list[Gate], h: Hearing) -> Decision:
    known = made.reason in (Reason.FORM_REPEATED, Reason.FORM_EDITED)
    return replace(cautioned(h, made), gates=tuple(gates), form=explain_form(h.form, known_submission=known), forward=explain_forward(h))


# --- gates: what is not a person's mail ----------------------------------------------------------------------------


def _quarantine_over_limit(h: Hearing) -> Decision | None:
    limit = h.reading.message.limit
    if limit is None or h.situation.released:
        return None
    return decision(h, kind_of(h), Outcome.QUARANTINED, Reason.LIMIT_CROSSED, detail=limit)


def _ignore_own(h: Hearing) -> Decision | None:
    message = h.reading.message
    ours = message.author is not None and message.author in h.situation.policy.own_addresses
    ours = ours or h.situation.from_own_tag
    if not (ours or h.reading.automatic.own_mark or h.situation.own_message_id) or h.reading.bounce is not None:
        return None
    marked = "it carries the mark of this program or another instance of it"
    why = "From is our own address" if ours else marked if h.reading.automatic.own_mark else "its Message-ID is one that we signed"
    return decision(h, Kind.OWN, Outcome.IGNORED, Reason.OWN_MAIL, detail=why)


def _ignore_copy(h: Hearing) -> Decision | None:
    if h.situation.copy_of is None or not (h.situation.copy_believed or h.trust.grade in DISBELIEVED):
        return None
    how = "the same octets as" if h.situation.copy_by == "content" else "the same mail as"
    return decision(h, Kind.COPY, Outcome.IGNORED, Reason.COPY_OF_MAIL, detail=f"{how} mail {h.situation.copy_of}")


def _record_bounce(h: Hearing) -> Decision | None:
    bounce, outgoing = h.reading.bounce, h.situation.bounced
    if bounce is None:
        return None
    if outgoing is None:
        return decision(h, Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_OF_UNKNOWN_MAIL)
    case = next((case for case in h.situation.cases if case.id == outgoing.case_id), None)
    failed = next((r for r in bounce.recipients if r.address.lower() == outgoing.recipient), None) or next(iter(bounce.recipients), None)
    permanent = failed.permanent if failed else True
    if not permanent:
        return decision(
            h, Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_DELAYED, case=case, matched_by="bounce", detail=failed.reason if failed else ""
        )
    if outgoing.already:
        return decision(h, Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_REPEATED, case=case, matched_by="bounce")
    actions: list[Action] = [
        MarkBounced(
            outbox_id=outgoing.outbox_id,
            address=outgoing.recipient,
            status=failed.status if failed else None,
            permanent=permanent,
            reason=failed.reason if failed else "",
        )  # fmt: skip
    ]
    if case is not None and not h.situation.archive:
        actions += mails(notice_of(outgoing.template), owner_of(case), exclude=(outgoing.recipient,))
    return decision(
        h, Kind.BOUNCE, Outcome.ACTED, Reason.BOUNCE_RECORDED, case=case, matched_by="bounce", actions=actions,
        detail=f"{outgoing.template} to {outgoing.recipient}: {failed.status or ''} {failed.reason}".strip() if failed else "",
    )  # fmt: skip


def _ignore_automatic(h: Hearing) -> Decision | None:
    if not h.reading.automatic.is_automatic or h.situation.released:  # whoever released it wants a ticket; it isn't answered all the same
        return None
    reason = Reason.AUTOMATIC_ON_CASE if h.found.case else Reason.AUTOMATIC_WITHOUT_CASE
    return decision(
        h, Kind.AUTOMATIC, Outcome.IGNORED, reason, case=h.found.case, matched_by=h.found.matched_by, detail=h.reading.automatic.why
    )


def _set_apart_forged(h: Hearing) -> Decision | None:
    if h.trust.grade is not Grade.FORGED:
        return None
    if h.judgement is not None and h.judgement.is_command:
        return decision(h, Kind.COMMAND, Outcome.QUARANTINED, Reason.COMMAND_FORGED, case=h.found.case, matched_by=h.found.matched_by)
    if h.found.case is not None:
        return note(h, h.found.case, Reason.NOTE_FORGED, "not verified: the sender's domain says this mail is forged")
    return triage(h, Reason.TRIAGE_FORGED, "not verified: the sender's domain says this mail is forged", answered=False)


GATES: tuple[tuple[str, Callable[[Hearing], Decision | None]], ...] = (
    ("limits", _quarantine_over_limit),
    ("own", _ignore_own),
    ("copy", _ignore_copy),
    ("bounce", _record_bounce),
    ("form", take_form),
    ("automatic", _ignore_automatic),
    ("forged", _set_apart_forged),
)
"""The gates in the order they are tried."""


# --- grants: a person's mail ---------------------------------------------------------------------------------------


def _within_bounds(h: Hearing, made: Decision | None) -> Decision | None:
    """What was decided, or the mail held because its sender opens too many cases."""
    return (floods.hold_back(h, made) or made) if made is not None else None


def _person(h: Hearing) -> Decision:
    granted = _granted(h)
    return _within_bounds(h, granted) or granted


def _granted(h: Hearing) -> Decision:
    case = h.found.case
    asks = h.judgement is not None and h.judgement.is_command
    if case is None:
        return _command_without_case(h) if asks else _ticket(h)
    if h.found.conflict is not None:
        return _ambiguous(h, case) if asks else note(h, case, Reason.NOTE_AMBIGUOUS, f"the mail also names {h.found.conflict.number}")
    believed = h.trust.grade in (Grade.VERIFIED, Grade.KEYED)
    if h.role is None or not h.trust.sender:
        reason = Reason.COMMAND_NOT_PROVEN if asks else Reason.NOTE_UNTRUSTED
        kept = note(h, case, reason, "the sender is nobody this case knows, or not the one its key was made for")
        # somebody of the case with another's key hears of it; whoever has no part in it learns nothing
        return replace(kept, kind=Kind.COMMAND, actions=(*kept.actions, *_notice(h))) if asks and h.role is not None else kept
    if asks and not believed:
        return _not_proven(h, case)
    if not believed and h.role != "customer":
        return note(h, case, Reason.NOTE_UNTRUSTED, f"the sender claims to be of the {h.role} and proves it by nothing")
    if asks and h.judgement is not None:
        if _concerns_no_case(h):
            return _beside_the_case(h, case, h.role, h.judgement)
        return grant(h, case, h.role, h.judgement, h.found.matched_by, VERBS if h.found.ticket is None else ON_TICKET)
    return levelone.next_mail(h, case) or _comment(h, case, h.role)


def _concerns_no_case(h: Hearing) -> bool:
    """Whether the commands make a case, or answer a question about one to be made, so that the thread they stand in doesn't matter."""
    question = h.situation.question
    verbs = {request.verb for request in h.judgement.requests} if h.judgement is not None else set()
    return bool(verbs & {"case", "call"}) or (
        not verbs.isdisjoint(("confirm", "decline")) and question is not None and question.case_id is None
    )


def _beside_the_case(h: Hearing, case: CaseFacts, role: str, judgement: Judgement) -> Decision:
    """A new case from within the thread of another: a mail changes one case, so nothing may be asked of this one."""
    others = [request for request in judgement.requests if CASE in BY_VERB[request.verb].on]
    if not others:
        return grant(h, None, role_of(None, h.situation, h.reading) or role, judgement, None, VERBS)
    made = next(request.verb for request in judgement.requests if request not in others)
    finding = Finding(name="E-CONFLICT", verb=others[0].verb, line=others[0].line)
    return refuse(h, case, role, judgement, (Trouble(finding=finding, choices=(shown(made), shown(others[0].verb))),), h.found.matched_by)


def _ticket(h: Hearing) -> Decision:
    if h.situation.tagged_case_ids and h.situation.sender is None:
        why = "an unknown address names " + ", ".join(f"CASE-{number}" for number in h.situation.tagged_case_ids)
        return triage(h, Reason.TRIAGE_UNKNOWN_SENDER, why, answered=not h.situation.unknown_sender_told_today)
    return open_forwarded(h) or open_ticket(h)


def _command_without_case(h: Hearing) -> Decision:
    """A command in a mail that is about no case: `#case`, `#list` and the like, of somebody who is believed."""
    if h.situation.sender is None and _asks_for_help(h):
        return _general_help(h)
    if h.situation.sender is None or h.role is None or h.judgement is None:
        why = "an unknown address sends a command"
        return triage(h, Reason.TRIAGE_UNKNOWN_SENDER, why, answered=not h.situation.unknown_sender_told_today)
    if h.trust.grade not in (Grade.VERIFIED, Grade.KEYED):
        return triage(h, Reason.COMMAND_NOT_PROVEN, NOT_PROVEN, answered=False, told=_notice(h))
    return grant(h, None, h.role, h.judgement, None, VERBS)


def _asks_for_help(h: Hearing) -> bool:
    """Whether a mail that is believed asks for the help and says nothing else."""
    judgement = h.judgement
    if judgement is None or h.trust.grade is not Grade.VERIFIED or h.situation.tagged_case_ids:
        return False
    alone = not judgement.errors and all(request.verb == "help" for request in judgement.requests)
    return alone and (judgement.is_greeting or not judgement.comment.strip())


def _general_help(h: Hearing) -> Decision:
    """How mails work, to somebody unknown: once a day, and nothing about what others can do."""
    if h.silence is not None or "help" in h.situation.told:
        return decision(h, Kind.COMMAND, Outcome.IGNORED, Reason.HELP_GIVEN, judgement=h.judgement)
    general = replace(answer(h, "help", None, quote_subject=False), counted=False)
    return decision(h, Kind.COMMAND, Outcome.ACTED, Reason.COMMANDS_RUN, actions=[general], detail="help", judgement=h.judgement)


NOT_PROVEN = "not verified: a command, and nothing proves who sent it"


def _not_proven(h: Hearing, case: CaseFacts) -> Decision:
    """The words are kept for the house; the registered contact hears of it, at most once a day."""
    kept = note(h, case, Reason.COMMAND_NOT_PROVEN, NOT_PROVEN)
    return replace(kept, kind=Kind.COMMAND, actions=(*kept.actions, *_notice(h)))


def _notice(h: Hearing) -> list[Action]:
    """The one notice a day to the registered address: a mail in your name carried a command that was not run."""
    sender = h.situation.sender
    if sender is None or h.silence is not None or "command-not-run" in h.situation.told:
        return []
    return about_ticket(h, mails("command-not-run", audience_of((sender,)), exclude=()))


def _ambiguous(h: Hearing, case: CaseFacts) -> Decision:
    """Two cases are named: nothing runs; only a verified sender is told so."""
    other = h.found.conflict
    kept = note(h, case, Reason.NOTE_AMBIGUOUS, f"the mail also names {other.number if other is not None else 'another case'}")
    if h.trust.grade is not Grade.VERIFIED or h.judgement is None or h.role is None:
        return replace(kept, kind=Kind.COMMAND)
    wrong = Trouble(finding=Finding(name="E-AMBIGUOUS-CASE"), choices=(case.number, other.number if other is not None else ""))
    refused = refuse(h, None, h.role, h.judgement, (wrong,), None)
    return replace(kept, kind=Kind.COMMAND, actions=(*kept.actions, *refused.actions), heard=refused.heard)


def _comment(h: Hearing, case: CaseFacts, role: str) -> Decision:
    """Plain words on a case: to the other side, or to the house alone when they begin with an `@handle`."""
    message, sender, judgement = h.reading.message, h.situation.sender, h.judgement
    text = h.reading.new_text.strip()
    internal = role != "customer" and (judgement.is_internal_post if judgement is not None else text.startswith("@"))
    made = draft_of(h, case, role, judgement) if judgement is not None else None
    actions: list[Action] = []
    letters: list[Action] = []
    if internal and made is not None and judgement is not None:
        internal_post(made, text, judgement.mentions)
        actions, letters = made.actions, made.letters
    else:
        actions.append(
            AddComment(
                text=text or "(no words of its own)", public=not internal, author_id=sender.id if sender else None,
                author_address=message.author,
            )
        )  # fmt: skip
        if not internal:
            asking = is_asking(case, role, sender)
            heard = partners_side(case, h.situation.default_queue) if asking else customers_side(case)
            letters += mails("case-comment", heard, exclude=own_addresses(h))
            if not asking:
                letters += mails("case-comment", openers_side(case), exclude=own_addresses(h), values={"to_customer": True})
        if made is not None and role != "customer" and judgement is not None:
            mention(made, text, judgement.mentions, internal=internal)
            letters += made.letters
    letters += _hints(h, case, role) if not internal else []
    actions += kept_attachments(h)
    reason = Reason.INTERNAL_COMMENT_ADDED if internal else Reason.COMMENT_ADDED
    return decision(
        h, kind_of(h), Outcome.ACTED, reason, case=case, matched_by=h.found.matched_by,
        actions=[*actions, *([] if h.situation.archive else letters)], detail=f"from its {role}",
    )  # fmt: skip


def _hints(h: Hearing, case: CaseFacts, role: str) -> list[Action]:
    """What is said once: to a partner who answers without acknowledging, to a customer (or who opened it) who writes on a closed case."""
    if h.silence is not None or h.reading.message.author is None:
        return []
    if role == "partner" and case.open and case.acknowledged_at is None and h.rulebook.sla:
        name = f"hint-acknowledge:{case.id}:{case.cycle}"
        clock = next((clock for clock in case.clocks if clock.running and clock.kind == "acknowledge"), None)
        values: tuple[tuple[str, object], ...] = (
            ("deadline_at", clock.deadline_at.isoformat() if clock is not None else ""),
            ("steps", list(steps(("acknowledge", "plan", "close")))),
        )
        return [_hint(h, "hint-acknowledge", name, values)] if name not in case.once else []
    if role in ASKING and not case.open and case.closed_at is not None:
        name = f"closed-hint:{case.id}:{case.closed_at.isoformat()}"
        return [_hint(h, "closed-hint", name, (("steps", list(steps(("reopen",)))),))] if name not in case.once else []
    return []


def _hint(h: Hearing, template: str, name: str, values: tuple[tuple[str, object], ...]) -> QueueMail:
    known = h.situation.sender
    return replace(answer(h, template, known, quote_subject=known is not None), once=name, values=values)
