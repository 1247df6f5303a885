"""When a digest is due, and what it says: at opening time, only to somebody who owes something. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from daemon.actions.vocabulary import QueueMail
from daemon.model import (
    ContactFacts,
    Decision,
    DomainVerdict,
    Grade,
    Kind,
    Trust,
)
from daemon.reasons import Outcome, Reason
from daemon.rules.calendars import Calendar
from daemon.rules.receipts import full_date, full_moment, steps

STEP = {(False, False): "to acknowledge", (True, False): "to plan", (True, True): "to close", (False, True): "to close"}
"""What is owed on a case that is (acknowledged, planned)."""


EXPECTED = {(False, False): "acknowledge", (True, False): "plan", (True, True): "close", (False, True): "close"}
"""The verb that settles it."""

OFFERED = 10
"""Cases that are offered with a link, the next deadline first; the rest have their turn tomorrow, or `#list`."""


def _step(verb: str, number: int, subject: str) -> dict[str, object]:
    """What settles one case: it goes to that case, not to the digest."""
    (row,) = steps((verb,))
    words = {"command": "#assign me", "form": ""} if verb == "assign" else {"command": row["command"], "form": row["form"]}
    return {**words, "meaning": f"CASE-{number} {subject}", "of_case": number}


def digest_day(now: datetime, calendar: Calendar) -> date | None:
    """The day whose digest is due now: a business day between opening and close; None outside."""
    today = calendar.local(now).date()
    if not calendar.is_business_day(today) or not calendar.opening_time(today) <= now < calendar.close_of(today):
        return None
    return today


def decide_digest(
    reader: ContactFacts, queue: str | None, cases: Sequence[tuple[int, str, bool, bool, datetime | None]],
    quarantined: Sequence[tuple[int, str, str, str]], day: date, calendar: Calendar,
) -> Decision:  # fmt: skip
    """One mail with what this reader owes, the next deadline first. `cases` are (number, subject, acknowledged, planned, deadline)."""
    values: dict[str, object] = {
        "day": full_date(day), "queue": queue or "",
        "cases": [
            {
                "number": f"CASE-{number}", "subject": subject, "state": STEP[acknowledged, planned],
                "deadline": _owed(STEP[acknowledged, planned], deadline, day, calendar),
            }
            for number, subject, acknowledged, planned, deadline in cases
        ],
        "quarantined": [
            {"number": str(number), "sender": sender, "subject": subject, "reason": why} for number, sender, subject, why in quarantined
        ],
        "steps": [
            _step("assign" if queue is not None else EXPECTED[acknowledged, planned], number, subject)
            for number, subject, acknowledged, planned, _ in cases[:OFFERED]
        ],
    }  # fmt: skip
    mail = QueueMail(
        template="digest", to=reader.address, contact_id=reader.id, name=reader.name, answer=False, counted=False, quote_subject=True,
        values=tuple(values.items()),
    )  # fmt: skip
    return Decision(
        kind=Kind.OWN, outcome=Outcome.ACTED, reason=Reason.DIGEST_DUE, detail=f"{len(cases)} cases",
        trust=Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.NONE, evidence="our own calendar"),
        match=None, contact_id=None, actions=(mail,), gates=(),
    )  # fmt: skip


def _owed(step: str, deadline: datetime | None, day: date, calendar: Calendar) -> str:
    if deadline is None:
        return ""
    missed = deadline < calendar.opening_time(day)
    return f"{step}{', overdue since' if missed else ' by'} {full_moment(deadline, calendar.timezone)}"
