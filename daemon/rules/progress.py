"""The steps of a case: acknowledge, plan, close, reopen, and what takes the last of them back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from daemon.actions.vocabulary import Acknowledge, AnswerQuestion, CloseCase, PostFeed, RememberReversal, ReopenCase, SetPlan, TakeBack
from daemon.model import CaseFacts, ClockFacts
from daemon.rules.drafts import Draft, Step, author_of
from daemon.rules.hearing import ASKING, Audience, asking_side, audience_of, customers_side, openers_side, partners_side
from daemon.rules.judgement import IMPLIED_ACKNOWLEDGE, Request
from daemon.rules.questions import CLOSE, CONFIRMED, DECLINED, answered, ask_to_close, to_close
from daemon.rules.receipts import Done
from daemon.rules.saying import say
from daemon.rules.sla import ClockEvent

REVERSIBLE = {"acknowledge": Acknowledge, "plan": SetPlan, "close": CloseCase, "reopen": ReopenCase}
"""What `#undo` can take back: the verb, and the action without which it changed nothing."""


def _acknowledge(made: Draft, request: Request) -> None:
    acknowledge_now(made, implied=False)
    if request.text:
        say(made, request.text, request.mentions)


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


NO_WORDS = "(closed by e-mail without text)"
BY_CUSTOMER = "Confirmed by customer: "


def _close(made: Draft, request: Request) -> None:
    if not ask_to_close(made, request):
        close_now(made, request.text or "")


def confirm_close(made: Draft, request: Request) -> None:
    """Yes: the case is closed with the words that were asked about, now, by whoever says so."""
    found = to_close(made, request)
    if found is not None:
        question, said = found
        made.actions.append(AnswerQuestion(question_id=question.id, answer=CONFIRMED))
        close_now(made, said)


def decline_close(made: Draft, request: Request) -> None:
    """No: the case stays as it is."""
    question = answered(made, request, CLOSE)
    if question is None:
        return
    made.actions += [
        AnswerQuestion(question_id=question.id, answer=DECLINED),
        PostFeed(kind="question", text="the case is not to be closed", author_id=made.sender.id if made.sender is not None else None),
    ]
    made.done.append(Done(verb="decline"))


def close_now(made: Draft, said: str) -> None:
    """Close the case with these words, and tell whom it concerns."""
    if made.case is None:
        return
    resolution = (BY_CUSTOMER if made.role == "customer" else "") + (said or NO_WORDS)
    calendar = made.h.rulebook.calendar_of(made.partner_calendar)
    on_time = calendar.local(made.h.situation.now).date() <= made.planned_date if made.planned_date is not None else None
    sender_id = made.sender.id if made.sender else None
    if not made.acknowledged:
        # closed implies acknowledged, whoever closes; no event of its own, closing settles whatever runs
        made.actions.append(Acknowledge(by_id=sender_id, implied=True))
        made.acknowledged = True
        if made.role not in ASKING:
            made.done.append(Done(verb="acknowledge", implied=True))
    made.actions.append(CloseCase(text=resolution, by_id=sender_id, on_planned_date=on_time))
    if said:
        say(made, said, (), mailed=False)
    made.events.append(ClockEvent.CLOSED)
    made.open = False
    made.done.append(Done(verb="close", text=said))
    values = {**author_of(made), "resolution": said}
    if made.role != "customer":
        made.mail("case-closed", customers_side(made.case), values={**values, "to_customer": True})
    if made.role != "opener":
        made.mail("case-closed", openers_side(made.case), values={**values, "to_customer": True})
    if made.role != "partner":
        made.mail("case-closed", audience_of(made.case.partner_agents), values={**values, "to_customer": False})
    if made.case.owner is not None:
        made.mail("case-closed", audience_of((made.case.owner,)), values={**values, "to_customer": False})


def _reopen(made: Draft, request: Request) -> None:
    if made.case is None:
        return
    by_staff = made.role not in ASKING
    sender_id = made.sender.id if made.sender else None
    made.actions.append(ReopenCase(by_id=sender_id, acknowledged_by_id=sender_id if by_staff else None))
    made.events += [ClockEvent.REOPENED, *([ClockEvent.ACKNOWLEDGED] if by_staff else [])]
    made.open, made.acknowledged, made.planned_date, made.cycle = True, by_staff, None, made.cycle + 1
    if request.text:
        say(made, request.text, (), mailed=False)
    values = {**author_of(made), "comment": request.text or ""}
    made.mail("case-reopened", partners_side(made.case, made.h.situation.default_queue), values=values)
    if made.role == "customer":
        made.receipt = "case-received-again"
    else:
        made.mail("case-received-again", customers_side(made.case))
    if made.role != "opener":
        made.mail("case-received-again", openers_side(made.case))
    made.done.append(Done(verb="reopen", text=request.text or ""))


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
        return (*asking_side(case), *(audience_of(case.partner_agents) if made.role != "partner" else ()), *owner)
    if verb == "reopen":
        return (*asking_side(case), *partners_side(case, made.h.situation.default_queue))
    return owner if verb == "acknowledge" or not acknowledged_before else ()


def remember(made: Draft) -> None:
    """Keep how things stood, for the last reversible verb of the mail."""
    done = {type(action) for action in made.actions}
    # a yes to whether to close it is that closing
    asked = ("close" if request.verb == "confirm" else request.verb for request in made.judgement.requests)
    verbs = [verb for verb in asked if REVERSIBLE.get(verb) in done]
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


STEPS: Mapping[str, Step] = {"acknowledge": _acknowledge, "plan": _plan, "close": _close, "reopen": _reopen, "undo": _undo}
"""What each verb that moves a case does."""
