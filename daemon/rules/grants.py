"""Commands of a believed sender become actions, mails and one receipt. Pure; `judge` has said what the words ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from daemon.actions.vocabulary import Action, AddComment, PostFeed, QueueMail
from daemon.model import CaseFacts, Decision, Kind
from daemon.reasons import Outcome, Reason
from daemon.rules import cstickets, promises
from daemon.rules.drafts import Draft, Step, draft_of
from daemon.rules.hearing import (
    ASKING,
    Hearing,
    customers_side,
    decision,
    kept_attachments,
    openers_side,
    own_addresses,
    partners_side,
    to_sender,
)
from daemon.rules.judgement import ALREADY_ACKNOWLEDGED, IMPLIED_ACKNOWLEDGE, Judgement
from daemon.rules.lookups import answer_values
from daemon.rules.progress import remember
from daemon.rules.questions import ASKS_TO_CLOSE
from daemon.rules.receipts import done_lines, full_moment, next_line, open_verbs, steps, undo_line, warning_lines
from daemon.rules.refusals import Reader, Trouble, error_lines, troubles
from daemon.rules.robots import limited
from daemon.rules.saying import plain_words
from daemon.rules.standing import ROLE_WORDS


def grant(
    h: Hearing, case: CaseFacts | None, role: str, judgement: Judgement, matched_by: str | None, verbs: Mapping[str, Step]
) -> Decision:  # fmt: skip
    """Carry out every request of a mail, or none; one receipt. `verbs` is what each verb does."""
    if judgement.errors:
        return refuse(h, case, role, judgement, troubles(judgement.errors, judgement.commands), matched_by)
    made = draft_of(h, case, role, judgement, verbs)
    for request in judgement.requests:
        step = verbs.get(request.verb)
        if step is None:  # a word people may write, that nothing answers yet
            made.trouble(request, "E-STATE", detail="unanswered")
        else:
            step(made, request)
    if made.troubles:
        return refuse(h, case, role, judgement, tuple(made.troubles), matched_by, made.anyway)
    if case is not None:
        cstickets.settle(made)
        plain_words(made)
        remember(made)
        made.actions += promises.settle(made)
        made.letters = _with_offers(made, case)
    made.actions += kept_attachments(h)
    letters = [] if h.situation.archive else cstickets.about_ticket(h, [*_receipt(made), *made.letters])
    actions = [*made.actions, *letters]
    if case is None and len(made.about) == 1:
        case, matched_by = made.about[0], "argument"
    return decision(
        h, Kind.COMMAND, Outcome.ACTED if actions else Outcome.IGNORED, Reason.COMMANDS_RUN, case=case, matched_by=matched_by,
        actions=actions, detail=", ".join(request.verb for request in judgement.requests), judgement=_without_deferred(made),
    )  # fmt: skip


def _without_deferred(made: Draft) -> Judgement:
    """What was carried out: a step that the sender is asked about first was not, nor what it implies."""
    waits = {request.line for request in made.deferred}
    return replace(
        made.judgement, requests=tuple(request for request in made.judgement.requests if request not in made.deferred),
        warnings=tuple(one for one in made.judgement.warnings if one.name != IMPLIED_ACKNOWLEDGE or one.line not in waits),
    )  # fmt: skip


# --- errors --------------------------------------------------------------------------------------------------------


def refuse(
    h: Hearing, case: CaseFacts | None, role: str, judgement: Judgement, wrong: tuple[Trouble, ...], matched_by: str | None,
    anyway: Sequence[Action] = (),
) -> Decision:  # fmt: skip
    """Nothing of the mail is done but `anyway`; the sender is told what is wrong. A customer's words are kept as a comment all the same."""
    actions: list[Action] = [*anyway]
    published = False
    sender = h.situation.sender
    if case is not None and role == "customer" and h.reading.new_text.strip():
        published = True
        text = h.reading.new_text.strip()
        actions.append(AddComment(text=text, public=True, author_id=sender.id if sender else None, author_address=h.reading.message.author))
        actions += [
            QueueMail(
                template="case-comment", to=address, contact_id=contact_id, name=name, answer=False, counted=False, quote_subject=True
            )
            for address, contact_id, name in partners_side(case, h.situation.default_queue)
            if address not in own_addresses(h)
        ]  # fmt: skip
    actions += kept_attachments(h)
    most = h.situation.policy.errors_per_sender_hour
    often = bool(most) and h.situation.errors_this_hour >= most
    if not h.situation.archive:
        calendar = h.rulebook.calendar_of_person(sender)
        today = calendar.local(h.situation.now).date()
        reader = Reader(role=ROLE_WORDS[role], today=today, example=calendar.next_day(today))
        state = draft_of(h, case, role, judgement).state
        values = {
            "errors": [dict(line) for line in error_lines(wrong, reader)], "published": published,
            "steps": list(steps(open_verbs(ROLE_WORDS[role], state))),
        }  # fmt: skip
        held = f"errors_per_sender_hour: {most} in an hour" if often else limited(h.situation, h.trust)
        actions += cstickets.about_ticket(h, [replace(to_sender(h, "error", values), held=held)])
    if often and case is not None:
        actions.append(PostFeed(kind="post", text="more wrong commands from this sender; no further error was mailed", author_id=None))
    codes = ", ".join(trouble.finding.code for trouble in wrong)
    told = replace(judgement, errors=tuple(trouble.finding for trouble in wrong), requests=())
    return decision(
        h, Kind.COMMAND, Outcome.ACTED if actions else Outcome.IGNORED, Reason.COMMANDS_REFUSED, case=case, matched_by=matched_by,
        actions=actions, detail=codes, judgement=told,
    )  # fmt: skip


# --- the receipt ---------------------------------------------------------------------------------------------------


def _receipt(made: Draft) -> list[Action]:
    h = made.h
    answers: list[Action] = []
    if (made.done or made.deferred) and made.receipt is not None:
        calendar = h.rulebook.calendar_of_person(made.sender)
        clock = promises.next_promise(made) if made.ticket is None else None
        by = full_moment(clock.deadline_at, calendar.timezone) if clock is not None else ""
        planned = any(one.verb == "plan" for one in made.done)
        kept = {warning.verb for warning in made.judgement.warnings if warning.name == ALREADY_ACKNOWLEDGED}
        day = None if planned else made.planned_date
        acknowledged_at = made.case.acknowledged_at if made.case is not None else None
        waits = made.role in ASKING
        values: dict[str, object] = {
            "done": list(done_lines(made.done)),
            "warnings": list(
                warning_lines(
                    made.judgement.warnings, made.judgement.requests, closed=calendar.closed,
                    acknowledged=full_moment(acknowledged_at, calendar.timezone) if acknowledged_at is not None else "",
                )
            ),
            "next": next_line(clock.kind, by, day=day, theirs=made.role != "partner") if clock is not None and not waits else "",
            "undo": undo_line([one.verb for one in made.done if not one.implied and one.verb not in kept]),
            "steps": list(steps(open_verbs(ROLE_WORDS[made.role], made.state))),
        }  # fmt: skip
        receipt = to_sender(h, made.receipt, values | made.receipt_values)
        answers.append(replace(receipt, confirms=made.receipt == ASKS_TO_CLOSE))
    answers.extend(to_sender(h, template, answer_values(made, template)) for template in dict.fromkeys(made.asked_for))
    return answers


PROMISED = {"case-assigned": "acknowledge", "case-reopened": "acknowledge", "case-acknowledged-notice": "plan"}
"""Mails that say by when a promise is due."""

OFFERING = frozenset({*PROMISED, "case-closed", "case-received-again", "case-undone"})
"""Mails that say how a case stands now, and so what their reader can do with it."""


def _with_offers(made: Draft, case: CaseFacts) -> list[Action]:
    """The mails of a draft; to those that offer something, what their reader can do as the case will be, and by when."""
    customers = {address for address, _, _ in customers_side(case)}
    partners = {person.address for person in (*case.partner_agents, *made.asked.agents.get(made.partner_id or 0, ()))}
    openers = {address for address, _, _ in openers_side(case)} - partners
    due = {clock.kind: clock.deadline_at.isoformat() for clock in promises.still_running(made)}
    letters: list[Action] = []
    for letter in made.letters:
        if isinstance(letter, QueueMail) and letter.template in OFFERING:
            role = "customer" if letter.to in customers else "partner" if letter.to in partners else "house"
            role = "opener" if role == "house" and letter.to in openers else role
            values = dict(letter.values) | {"steps": list(steps(open_verbs(ROLE_WORDS[role], made.state)))}
            deadline = due.get(PROMISED.get(letter.template, ""))
            if deadline is not None and (role == "partner" or letter.template == "case-acknowledged-notice"):
                values["deadline_at"] = deadline
            letter = replace(letter, values=tuple(values.items()))
        letters.append(letter)
    return letters
