"""Commands of a believed sender become actions, mails and one receipt. Pure; `judge` has said what the words ask for.

To add a verb: its row in `parsers.keywords`, its words in `receipts`, and its function in STEPS here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from daemon.actions.vocabulary import (
    Acknowledge,
    Action,
    AddComment,
    AssignOwner,
    AssignPartner,
    CloseCase,
    LogReview,
    PostFeed,
    QueueMail,
    RememberReversal,
    ReopenCase,
    SetPlan,
    TakeBack,
)
from daemon.model import Asked, CaseFacts, ClockFacts, ContactFacts, Decision, Kind
from daemon.parsers.keywords import CONFIG_ASSIGNEE
from daemon.parsers.names import called, folded
from daemon.reasons import Outcome, Reason
from daemon.rules import promises
from daemon.rules.hearing import (
    Audience,
    Hearing,
    audience_of,
    customers_side,
    decision,
    kept_attachments,
    own_addresses,
    owner_of,
    partners_side,
)
from daemon.rules.judgement import IMPLIED_ACKNOWLEDGE, Finding, Judgement, Request
from daemon.rules.lifecycle import State, case_state
from daemon.rules.receipts import (
    Done,
    done_lines,
    full_moment,
    help_rows,
    next_line,
    open_verbs,
    steps,
    undo_line,
    warning_lines,
)
from daemon.rules.refusals import Reader, Trouble, error_lines, troubles
from daemon.rules.robots import limited
from daemon.rules.sla import ClockEvent
from daemon.rules.standing import ROLE_WORDS
from daemon.rules.trust import role_on

ERRORS_PER_HOUR = 3
"""Error receipts to one sender; then silence, and a note to the owner."""

NOBODY = Asked(people={}, organizations={}, queues={}, systems={}, contracts={}, contracts_of={}, agents={}, cases={})

REVERSIBLE = {"acknowledge": Acknowledge, "plan": SetPlan, "close": CloseCase, "reopen": ReopenCase}
"""What `#undo` can take back: the verb, and the action without which it changed nothing."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """A decision in the making: the case as it will be, what is done, who hears, what the receipt says."""

    h: Hearing
    case: CaseFacts | None
    role: str
    sender: ContactFacts | None
    judgement: Judgement
    verbs: Mapping[str, Step]
    """What each verb does."""
    actions: list[Action] = field(default_factory=list)
    letters: list[Action] = field(default_factory=list)
    events: list[ClockEvent] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    """Templates that answer a question of the sender (help, status, list) instead of a receipt."""
    receipt: str | None = "confirmation"
    receipt_values: dict[str, object] = field(default_factory=dict)
    about: list[CaseFacts] = field(default_factory=list)
    """Cases a mail without one asks about; when it is one, the mail relates to it."""
    acknowledged: bool = False
    planned_date: date | None = None
    open: bool = True
    cycle: int = 1
    partner_id: int | None = None
    partner_calendar: str | None = None
    running: list[ClockFacts] | None = None
    """The clocks that run after this mail; None: as before it."""

    @property
    def asked(self) -> Asked:
        """What was found for the names in the mail."""
        return self.h.situation.asked or NOBODY

    @property
    def state(self) -> State:
        """Where the case will be."""
        if self.case is None:
            return State.NOTHING
        return case_state(is_open=self.open, acknowledged=self.acknowledged, planned=self.planned_date is not None)

    def mail(self, template: str, audience: Audience, *, exclude_author: bool = True, values: Mapping[str, object] | None = None) -> None:
        """One mail to each reader, who gets a template at most once."""
        had = {letter.to for letter in self.letters if isinstance(letter, QueueMail) and letter.template == template}
        excluded = {*had, *(own_addresses(self.h) if exclude_author else ())}
        self.letters.extend(
            QueueMail(
                template=template, to=address, contact_id=contact_id, name=name, answer=False, counted=False, quote_subject=True,
                values=tuple((values or {}).items()),
            )
            for address, contact_id, name in dict.fromkeys(audience)
            if address not in excluded
        )  # fmt: skip

    def trouble(self, request: Request, name: str, *, said: str = "", choices: tuple[str, ...] = (), detail: str = "") -> None:
        """Something of a request can't be done; then nothing of the mail is."""
        written = next((c for c in self.judgement.commands if c.line == request.line), None)
        finding = Finding(
            name=name, detail=detail, verb=request.verb, line=request.line, quoted=written.written[:80] if written is not None else ""
        )
        argument = written.argument if written is not None else ""
        self.troubles.append(Trouble(finding=finding, argument=argument, said=said, choices=choices))


Step = Callable[[Draft, Request], None]
"""What a verb does to a draft."""


def draft_of(
    h: Hearing, case: CaseFacts | None, role: str, judgement: Judgement, verbs: Mapping[str, Step] = MappingProxyType({})
) -> Draft:
    """A draft that starts from the case as it stands."""
    made = Draft(h=h, case=case, role=role, sender=h.situation.sender, judgement=judgement, verbs=verbs)
    if case is not None:
        made.acknowledged = case.acknowledged_at is not None
        made.planned_date, made.open, made.cycle = case.planned_date, case.open, case.cycle
        made.partner_id, made.partner_calendar = case.partner_id, case.partner_calendar
    return made


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
        return refuse(h, case, role, judgement, tuple(made.troubles), matched_by)
    if case is not None:
        _plain_words(made)
        _remember(made)
        made.actions += promises.settle(made)
        made.letters = _with_offers(made, case)
    made.actions += kept_attachments(h)
    actions = made.actions if h.situation.archive else [*made.actions, *_receipt(made), *made.letters]
    if case is None and len(made.about) == 1:
        case, matched_by = made.about[0], "argument"
    return decision(
        h, Kind.COMMAND, Outcome.ACTED if actions else Outcome.IGNORED, Reason.COMMANDS_RUN, case=case, matched_by=matched_by,
        actions=actions, detail=", ".join(request.verb for request in judgement.requests), judgement=judgement,
    )  # fmt: skip


# --- errors --------------------------------------------------------------------------------------------------------


def refuse(
    h: Hearing, case: CaseFacts | None, role: str, judgement: Judgement, wrong: tuple[Trouble, ...], matched_by: str | None
) -> Decision:  # fmt: skip
    """Nothing of the mail is done; the sender is told what is wrong. A customer's words are kept as a comment all the same."""
    actions: list[Action] = []
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
            for address, contact_id, name in partners_side(case)
            if address not in own_addresses(h)
        ]  # fmt: skip
    actions += kept_attachments(h)
    often = h.situation.errors_this_hour >= ERRORS_PER_HOUR
    if not h.situation.archive:
        calendar = h.rulebook.calendar_of_person(sender)
        today = calendar.local(h.situation.now).date()
        reader = Reader(role=ROLE_WORDS[role], today=today, example=calendar.next_day(today))
        state = (
            case_state(is_open=case.open, acknowledged=case.acknowledged_at is not None, planned=case.planned_date is not None)
            if case
            else State.NOTHING
        )
        values = {
            "errors": [dict(line) for line in error_lines(wrong, reader)], "published": published,
            "steps": list(steps(open_verbs(ROLE_WORDS[role], state))) if case is not None else [],
        }  # fmt: skip
        held = f"errors to one sender: {ERRORS_PER_HOUR} in an hour" if often else limited(h.situation)
        actions.append(replace(_to_sender(h, "error", values), held=held))
    if often and case is not None:
        actions.append(PostFeed(kind="post", text="more wrong commands from this sender; no further error was mailed", author_id=None))
    codes = ", ".join(trouble.finding.code for trouble in wrong)
    told = replace(judgement, errors=tuple(trouble.finding for trouble in wrong), requests=())
    return decision(
        h, Kind.COMMAND, Outcome.ACTED if actions else Outcome.IGNORED, Reason.COMMANDS_REFUSED, case=case, matched_by=matched_by,
        actions=actions, detail=codes, judgement=told,
    )  # fmt: skip


def _to_sender(h: Hearing, template: str, values: Mapping[str, object]) -> QueueMail:
    sender, author = h.situation.sender, h.reading.message.author
    if author is None:
        raise ValueError("a mail without a sender is never answered")
    # a receipt goes to the registered address, so that a forged command is noticed
    return QueueMail(
        template=template, to=sender.address if sender is not None else author, contact_id=sender.id if sender is not None else None,
        name=sender.name if sender is not None else "", answer=True, counted=template == "error", quote_subject=True,
        values=tuple(values.items()),
    )  # fmt: skip


# --- the receipt ---------------------------------------------------------------------------------------------------


def _receipt(made: Draft) -> list[Action]:
    h = made.h
    answers: list[Action] = []
    if made.done and made.receipt is not None:
        calendar = h.rulebook.calendar_of_person(made.sender)
        clock = promises.next_promise(made)
        by = full_moment(clock.deadline_at, calendar.timezone) if clock is not None else ""
        planned = any(one.verb == "plan" for one in made.done)
        day = None if planned else made.planned_date
        acknowledged_at = made.case.acknowledged_at if made.case is not None else None
        values: dict[str, object] = {
            "done": list(done_lines(made.done)),
            "warnings": list(
                warning_lines(
                    made.judgement.warnings, made.judgement.requests, closed=calendar.closed,
                    acknowledged=full_moment(acknowledged_at, calendar.timezone) if acknowledged_at is not None else "",
                )
            ),
            "next": next_line(clock.kind, by, day=day) if clock is not None and made.role != "customer" else "",
            "undo": undo_line([one.verb for one in made.done if not one.implied]),
            "steps": list(steps(open_verbs(ROLE_WORDS[made.role], made.state))),
        }  # fmt: skip
        answers.append(_to_sender(h, made.receipt, values | made.receipt_values))
    answers.extend(_to_sender(h, template, _answer_values(made, template)) for template in dict.fromkeys(made.asked_for))
    return answers


PROMISED = {"case-assigned": "acknowledge", "case-reopened": "acknowledge", "case-acknowledged-notice": "plan"}
"""Mails that say by when a promise is due."""

OFFERING = frozenset({*PROMISED, "case-closed", "case-received-again", "case-undone"})
"""Mails that say how a case stands now, and so what their reader can do with it."""


def _with_offers(made: Draft, case: CaseFacts) -> list[Action]:
    """The mails of a draft; to those that offer something, what their reader can do as the case will be, and by when."""
    customers = {address for address, _, _ in customers_side(case)}
    partners = {person.address for person in (*case.partner_agents, *made.asked.agents.get(made.partner_id or 0, ()))}
    due = {clock.kind: clock.deadline_at.isoformat() for clock in promises.still_running(made)}
    letters: list[Action] = []
    for letter in made.letters:
        if isinstance(letter, QueueMail) and letter.template in OFFERING:
            role = "customer" if letter.to in customers else "partner" if letter.to in partners else "house"
            values = dict(letter.values) | {"steps": list(steps(open_verbs(ROLE_WORDS[role], made.state)))}
            deadline = due.get(PROMISED.get(letter.template, ""))
            if deadline is not None and (role == "partner" or letter.template == "case-acknowledged-notice"):
                values["deadline_at"] = deadline
            letter = replace(letter, values=tuple(values.items()))
        letters.append(letter)
    return letters


def _answer_values(made: Draft, template: str) -> dict[str, object]:
    role = ROLE_WORDS[made.role]
    calendar = made.h.rulebook.calendar_of_person(made.sender)
    if template == "help":
        roles = made.sender.roles if made.sender is not None else frozenset()
        configures = made.role == "customer" and bool(roles & {"configuration_assignee", "qa_assignee"})
        staff = made.role != "customer"
        return {"verbs": list(help_rows(CONFIG_ASSIGNEE if configures else role, made.verbs)), "columns": staff, "three_steps": staff}
    return {"steps": list(steps(open_verbs(role, made.state))), "timezone": calendar.timezone.key, "role": made.role}


# --- plain words beside commands -----------------------------------------------------------------------------------


def _plain_words(made: Draft) -> None:
    judgement = made.judgement
    if not judgement.comment.strip() or judgement.is_greeting:
        return
    if judgement.is_internal_post:
        internal_post(made, judgement.comment, judgement.mentions)
    else:
        _say(made, judgement.comment, judgement.mentions)


def _say(made: Draft, text: str, mentions: tuple[str, ...], *, mailed: bool = True) -> None:
    """A public comment: to the other side, and to whoever is mentioned."""
    if made.case is None:
        return
    made.actions.append(
        AddComment(
            text=text, public=True, author_id=made.sender.id if made.sender else None, author_address=made.h.reading.message.author
        )
    )  # fmt: skip
    if mailed:
        audience = customers_side(made.case) if made.role != "customer" else partners_side(made.case)
        made.mail("case-comment", audience, values={"comment": text})
    if made.role != "customer":
        mention(made, text, mentions, internal=False)


def internal_post(made: Draft, text: str, mentions: tuple[str, ...]) -> None:
    """Words for the house and those they name."""
    people = mention(made, text, mentions, internal=True)
    author_id = made.sender.id if made.sender else None
    made.actions.append(PostFeed(kind="mention", text=text, author_id=author_id, mentions=tuple(person.handle for person in people)))


def mention(made: Draft, text: str, mentions: tuple[str, ...], *, internal: bool) -> list[ContactFacts]:
    """A mail to those a text names by `@`: of the house and of the assigned partner, nobody else ever sees a case this way."""
    people = [person for name in mentions for person in made.asked.people.get(called(name), ())[:1]]
    heard = [person for person in people if _may_hear(made, person)]
    values = {**author_of(made), "comment": text, "internal": internal, "steps": list(steps(("internal", "status")))}
    made.mail("mention", audience_of(tuple(heard)), values=values)
    return heard


def _may_hear(made: Draft, person: ContactFacts) -> bool:
    return person.organization_kind == "house" or person.organization_id == made.partner_id


# --- verbs ---------------------------------------------------------------------------------------------------------


def _acknowledge(made: Draft, request: Request) -> None:
    acknowledge_now(made, implied=False)
    if request.text:
        _say(made, request.text, request.mentions)


def acknowledge_now(made: Draft, *, implied: bool) -> None:
    """Acknowledge unless it is; a person who owns the case is told."""
    if made.acknowledged or made.case is None:
        if not implied:
            made.done.append(Done(verb="acknowledge"))
        return
    made.actions.append(Acknowledge(by_id=made.sender.id if made.sender else None, implied=implied))
    made.events.append(ClockEvent.ACKNOWLEDGED)
    made.acknowledged = True
    made.done.append(Done(verb="acknowledge", implied=implied))
    if made.case.owner is not None:
        made.mail("case-acknowledged-notice", audience_of((made.case.owner,)), values=author_of(made))


def author_of(made: Draft) -> dict[str, object]:
    """Who did it, as the others know them: our own people by the name of our house."""
    sender = made.sender
    if sender is None:
        return {"author_name": str(made.h.reading.message.author or ""), "author_organization": ""}
    house = sender.organization_kind == "house"
    return {"author_name": sender.name, "author_organization": made.h.situation.policy.house_name if house else sender.organization}


def _plan(made: Draft, request: Request) -> None:
    if request.date is None or request.text is None:
        return
    implied = any(w.name == IMPLIED_ACKNOWLEDGE and w.line == request.line for w in made.judgement.warnings)
    if implied or not made.acknowledged:
        acknowledge_now(made, implied=True)
    made.actions.append(SetPlan(text=request.text, date=request.date))
    made.events.append(ClockEvent.PLANNED)
    made.planned_date = request.date
    made.done.append(Done(verb="plan", text=request.text, day=request.date))


def _comment(made: Draft, request: Request) -> None:
    if request.text:
        _say(made, request.text, request.mentions)
        other = customers_side(made.case) if made.case is not None and made.role != "customer" else ()
        made.done.append(Done(verb="comment", text=request.text, who=other[0][2] or other[0][0] if other else ""))


def _internal(made: Draft, request: Request) -> None:
    if not request.text or made.case is None:
        return
    made.actions.append(
        AddComment(
            text=request.text, public=False, author_id=made.sender.id if made.sender else None,
            author_address=made.h.reading.message.author,
        )
    )  # fmt: skip
    mention(made, request.text, request.mentions, internal=True)
    made.done.append(Done(verb="internal", text=request.text))


NO_WORDS = "(closed by e-mail without text)"
BY_CUSTOMER = "Confirmed by customer: "


def _close(made: Draft, request: Request) -> None:
    if made.case is None:
        return
    said = request.text or ""
    resolution = (BY_CUSTOMER if made.role == "customer" else "") + (said or NO_WORDS)
    calendar = made.h.rulebook.calendar_of(made.partner_calendar)
    on_time = calendar.local(made.h.situation.now).date() <= made.planned_date if made.planned_date is not None else None
    sender_id = made.sender.id if made.sender else None
    if not made.acknowledged:
        # closed implies acknowledged, whoever closes; no event of its own, closing settles whatever runs
        made.actions.append(Acknowledge(by_id=sender_id, implied=True))
        made.acknowledged = True
        if made.role != "customer":
            made.done.append(Done(verb="acknowledge", implied=True))
    made.actions.append(CloseCase(text=resolution, by_id=sender_id, on_planned_date=on_time))
    if said:
        _say(made, said, (), mailed=False)
    made.events.append(ClockEvent.CLOSED)
    made.open = False
    made.done.append(Done(verb="close", text=said))
    values = {**author_of(made), "resolution": said}
    if made.role != "customer":
        made.mail("case-closed", customers_side(made.case), values={**values, "to_customer": True})
    if made.role != "partner":
        made.mail("case-closed", audience_of(made.case.partner_agents), values={**values, "to_customer": False})
    if made.case.owner is not None:
        made.mail("case-closed", audience_of((made.case.owner,)), values={**values, "to_customer": False})


def _reopen(made: Draft, request: Request) -> None:
    if made.case is None:
        return
    by_staff = made.role != "customer"
    sender_id = made.sender.id if made.sender else None
    made.actions.append(ReopenCase(by_id=sender_id, acknowledged_by_id=sender_id if by_staff else None))
    made.events += [ClockEvent.REOPENED, *([ClockEvent.ACKNOWLEDGED] if by_staff else [])]
    made.open, made.acknowledged, made.planned_date, made.cycle = True, by_staff, None, made.cycle + 1
    if request.text:
        _say(made, request.text, (), mailed=False)
    values = {**author_of(made), "comment": request.text or ""}
    side = audience_of(made.case.partner_agents) if made.partner_id is not None else owner_of(made.case)
    made.mail("case-reopened", side, values=values)
    if made.role == "customer":
        made.receipt = "case-received-again"
    else:
        made.mail("case-received-again", customers_side(made.case))
    made.done.append(Done(verb="reopen", text=request.text or ""))


def _assign(made: Draft, request: Request) -> None:
    name = (request.arg or "").strip()
    key = folded(name)
    if made.case is None:
        return
    if key in ("me", "@me") and made.sender is not None:
        _give_to_person(made, made.sender, request)
        return
    queue = made.asked.queues.get(key)
    partner = made.asked.organizations.get(key)
    people = made.asked.people.get(called(name), ())
    if made.role == "partner":
        people = tuple(person for person in people if person.organization_id == made.partner_id)
        queue = partner = None
    if len(people) > 1:
        made.trouble(request, "E-AMBIGUOUS-PERSON", said=name, choices=tuple(person.address for person in people))
    elif people:
        _give_to_person(made, people[0], request)
    elif queue is not None:
        made.actions.append(AssignOwner(owner_id=None, queue_id=queue.id, name=queue.name))
        made.done.append(Done(verb="assign", who=queue.name))
        made.mail("case-assigned", audience_of(queue.members), exclude_author=False, values={"partner": "", "queue": queue.name})
    elif partner is not None and partner.kind == "partner":
        _give_to_partner(made, partner.id, partner.name, partner.calendar, request)
    else:
        made.trouble(request, "E-UNKNOWN-PERSON", said=name)


def _give_to_person(made: Draft, person: ContactFacts, request: Request) -> None:
    if made.role == "house" and person.organization_kind == "partner" and person.organization_id != made.partner_id:
        _give_to_partner(made, person.organization_id, person.organization, person.calendar, request)
        return
    if person.organization_kind == "customer":
        made.trouble(request, "E-UNKNOWN-PERSON", said=request.arg or person.handle)
        return
    made.actions.append(AssignOwner(owner_id=person.id, queue_id=None, name=person.name))
    made.done.append(Done(verb="assign", who=person.name))
    made.mail("case-assigned", audience_of((person,)), values={"partner": "", "queue": ""})


def _give_to_partner(made: Draft, partner_id: int, name: str, calendar: str | None, request: Request) -> None:
    if not made.open:
        made.trouble(request, "E-STATE", detail="already-closed")
        return
    if made.partner_id == partner_id:
        made.done.append(Done(verb="assign", who=name))
        return
    owner = made.case.owner if made.case is not None else None
    if owner is not None and owner.organization_kind == "partner" and made.sender is not None:
        # whoever worked for the partner before has nothing more to do with it
        made.actions.append(AssignOwner(owner_id=made.sender.id, queue_id=None, name=made.sender.name))
    made.actions.append(AssignPartner(partner_id=partner_id, name=name))
    made.events.append(ClockEvent.ASSIGNED)
    made.partner_id, made.partner_calendar = partner_id, calendar
    made.cycle, made.acknowledged, made.planned_date = made.cycle + 1, False, None
    made.done.append(Done(verb="assign", who=name))
    made.mail("case-assigned", audience_of(made.asked.agents.get(partner_id, ())))


def _review(made: Draft, request: Request) -> None:
    if request.text:
        made.actions.append(LogReview(text=request.text, by_id=made.sender.id if made.sender else None))
        mention(made, request.text, request.mentions, internal=True)
        made.done.append(Done(verb="review", text=request.text))


def _post(made: Draft, request: Request) -> None:
    people = {name: made.asked.people.get(called(name), ())[:1] for name in request.mentions}
    unknown = [name for name, found in people.items() if not any(_may_hear(made, person) for person in found)]
    if unknown:
        made.trouble(request, "E-UNKNOWN-PERSON", said=unknown[0])
        return
    internal_post(made, request.text or "", request.mentions)
    made.done.append(
        Done(verb="mention", text=request.text or "", who=", ".join(person.name for found in people.values() for person in found))
    )


def _undo(made: Draft, request: Request) -> None:
    case = made.case
    if case is None or case.reversal is None:
        made.trouble(request, "E-STATE", detail="nothing-to-undo")
        return
    back = case.reversal
    before = json.loads(back.before)["case"]
    made.actions.append(TakeBack(reversal_id=back.id, verb=back.verb, before=back.before))
    made.open, made.acknowledged = before["closed_at"] is None, before["acknowledged_at"] is not None
    planned = before["planned_resolution_date"]
    made.planned_date = date.fromisoformat(planned) if planned else None
    made.running = _running_again(case, json.loads(back.before)["clocks"])
    made.done.append(Done(verb="undo", text=back.verb))
    values = {**author_of(made), "undone": back.verb}
    made.mail("case-undone", _told_of(made, case, back.verb, acknowledged_before=made.acknowledged), values=values)


def _running_again(case: CaseFacts, before: Mapping[str, Mapping[str, object]]) -> list[ClockFacts]:
    """The clocks that ran before a step, with the deadlines they had."""
    ends = ("met_at", "breached_at", "cancelled_at")
    ran = {number for number, clock in before.items() if not any(clock[end] for end in ends)}
    return [replace(clock, met_at=None, breached_at=None, cancelled_at=None) for clock in case.clocks if str(clock.id) in ran]


def _told_of(made: Draft, case: CaseFacts, verb: str, *, acknowledged_before: bool) -> Audience:
    """Who had been told of a step, beside the sender: they are told that it was taken back."""
    owner = audience_of((case.owner,)) if case.owner is not None else ()
    if verb == "close":
        return (*customers_side(case), *(audience_of(case.partner_agents) if made.role != "partner" else ()), *owner)
    if verb == "reopen":
        return (*customers_side(case), *partners_side(case))
    return owner if verb == "acknowledge" or not acknowledged_before else ()


def _remember(made: Draft) -> None:
    """Keep how things stood, for the last reversible verb of the mail."""
    done = {type(action) for action in made.actions}
    verbs = [request.verb for request in made.judgement.requests if REVERSIBLE.get(request.verb) in done]
    if not verbs or made.case is None or made.sender is None:
        return
    case = made.case
    before = {
        "case": {
            "acknowledged_at": case.acknowledged_at, "acknowledged_by_id": case.acknowledged_by_id,
            "planned_resolution": case.planned_resolution, "planned_resolution_date": case.planned_date,
            "first_planned_resolution_date": case.first_planned_date, "plan_count": case.plan_count, "closed_at": case.closed_at,
            "closed_by_id": case.closed_by_id, "resolution": case.resolution, "closed_on_planned_date": case.closed_on_planned_date,
            "sla_cycle": case.cycle,
        },
        "clocks": {
            str(clock.id): {
                "met_at": clock.met_at, "breached_at": clock.breached_at, "cancelled_at": clock.cancelled_at,
                "look_at": made.h.situation.now if clock.running else None,
            }
            for clock in case.clocks
        },
    }  # fmt: skip
    kept = json.dumps(before, default=lambda moment: moment.isoformat())
    made.actions.insert(0, RememberReversal(verb=verbs[-1], giver_id=made.sender.id, before=kept))


def _asks(template: str) -> Step:
    def asked(made: Draft, request: Request) -> None:
        if template == "status" and request.arg is not None:
            _status_of(made, request)
            return
        made.asked_for.append(template)

    return asked


def _status_of(made: Draft, request: Request) -> None:
    """`#status CASE-1001` outside a thread: only of the sender's own cases, and of others not even whether they exist."""
    written = (request.arg or "").removeprefix("CASE-")
    number = int(written) if written.isdecimal() else 0
    if made.case is not None and made.case.id == number:
        made.asked_for.append("status")
        return
    if made.case is not None:
        made.trouble(request, "E-AMBIGUOUS-CASE", choices=(made.case.number, request.arg or ""))
        return
    case = made.asked.cases.get(number)
    role = role_on(case, made.sender, made.h.reading.message.author) if case is not None else None
    if case is None or role is None:
        made.trouble(request, "E-NO-CASE")
        return
    made.about += [case] if case not in made.about else []
    state = case_state(is_open=case.open, acknowledged=case.acknowledged_at is not None, planned=case.planned_date is not None)
    values = {"status_of": case.id, "role": role, "steps": list(steps(open_verbs(ROLE_WORDS[role], state)))}
    made.letters.append(_to_sender(made.h, "status", values))


STEPS: Mapping[str, Step] = {
    "acknowledge": _acknowledge,
    "plan": _plan,
    "comment": _comment,
    "internal": _internal,
    "close": _close,
    "reopen": _reopen,
    "assign": _assign,
    "review": _review,
    "mention": _post,
    "undo": _undo,
    "help": _asks("help"),
    "status": _asks("status"),
    "list": _asks("ticket-list"),
}
"""What each verb about a case does; `newcase.STEPS` are those that make something new."""
