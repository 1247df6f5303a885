"""Every verb of the grammar that somebody answers, and what it does. Pure.

To add a verb: its row in `parsers.keywords`, its words in `receipts`, and its function in the STEPS of its room.
"""

from __future__ import annotations

from collections.abc import Mapping

from daemon.actions.vocabulary import MoveRequest
from daemon.model import RequestState
from daemon.rules import assigning, cstickets, faqs, lookups, newcall, newcase, newcontact, progress, questions, saying, triage
from daemon.rules.drafts import Draft, Step
from daemon.rules.judgement import Request


def _answer(of_form: Step, of_closing: Step, otherwise: Step) -> Step:
    """A verb that answers what waits: whether to close the case, a form's request, or anything else we asked.

    Where both of a case wait, the mail that is answered tells which is meant, and else it is the request.
    """

    def step(made: Draft, request: Request) -> None:
        question = made.h.situation.question
        closing = question is not None and question.kind == questions.CLOSE
        if triage.waits(made.case) and not made.settled and not (closing and question is not None and question.meant):
            of_form(made, request)
        else:
            (of_closing if closing else otherwise)(made, request)

    return step


def _contact(made: Draft, request: Request) -> None:
    newcontact.contact(made, request)
    if triage.waits(made.case) and not made.settled and not made.troubles:
        triage.settle_for(made, request)


def _reopen(made: Draft, request: Request) -> None:
    """A request that was declined waits again once the house opens its case again."""
    progress.STEPS["reopen"](made, request)
    asked = made.case.request if made.case is not None else None
    if asked is not None and asked.state == RequestState.REJECTED and made.role == "house":
        made.actions.append(MoveRequest(request_id=asked.id, state=RequestState.TRIAGE))


VERBS: Mapping[str, Step] = {
    **progress.STEPS, **saying.STEPS, **assigning.STEPS, **lookups.STEPS, **newcase.STEPS, **newcall.STEPS, **faqs.STEPS,
    "contact": _contact, "reopen": _reopen,
    "confirm": _answer(triage.confirm, progress.confirm_close, newcase.confirm),
    "decline": _answer(triage.decline, progress.decline_close, newcase.decline),
}  # fmt: skip
"""What each verb does. A word of the grammar that isn't here is refused by its name."""

ON_TICKET: Mapping[str, Step] = {**VERBS, **cstickets.STEPS}
"""What they do in a mail about a CS ticket."""
