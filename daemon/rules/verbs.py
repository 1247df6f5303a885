"""Every verb of the grammar that somebody answers, and what it does. Pure.

To add a verb: its row in `parsers.keywords`, its words in `receipts`, and its function in the STEPS of its room.
"""

from __future__ import annotations

from collections.abc import Mapping

from daemon.actions.vocabulary import MoveRequest
from daemon.model import RequestState
from daemon.rules import assigning, cstickets, lookups, newcase, newcontact, progress, saying, triage
from daemon.rules.drafts import Draft, Step
from daemon.rules.judgement import Request


def _of_form(of_form: Step, otherwise: Step) -> Step:
    """A verb that answers a form's request which waits, and means something else anywhere else."""

    def step(made: Draft, request: Request) -> None:
        (of_form if triage.waits(made.case) and not made.settled else otherwise)(made, request)

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
    **progress.STEPS, **saying.STEPS, **assigning.STEPS, **lookups.STEPS, **newcase.STEPS, "contact": _contact, "reopen": _reopen,
    "confirm": _of_form(triage.confirm, newcase.confirm), "decline": _of_form(triage.decline, newcase.decline),
}  # fmt: skip
"""What each verb does. A word of the grammar that isn't here is refused by its name."""

ON_TICKET: Mapping[str, Step] = {**VERBS, **cstickets.STEPS}
"""What they do in a mail about a CS ticket."""
