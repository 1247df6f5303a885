"""Cases that live through promises, made by the real actions: decisions as the rules give them, without the rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from daemon.actions.apply import apply
from daemon.actions.replies import Desk
from daemon.actions.vocabulary import (
    Acknowledge,
    Action,
    AnswerQuestion,
    AskQuestion,
    AssignPartner,
    CloseCase,
    EndClock,
    LogReview,
    MarkClock,
    OpenCase,
    PostFeed,
    ReopenCase,
    SetPlan,
    StartClock,
)
from daemon.model import Decision, DomainVerdict, Grade, Kind, Match, Trust
from daemon.reasons import Outcome, Reason
from daemon.store.audit import audit
from daemon.store.database import Database, open_database
from daemon.store.schema import SlaClock
from tests.actions.desk import journalled
from tests.rules import facts

MILLER, OTHER = 2, 4
"""The partner organizations of `tests.rules.facts`."""

NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""A Monday, noon in New York."""

BELIEVED = Trust(grade=Grade.VERIFIED, key=False, sender=True, domain=DomainVerdict.PASS, evidence="dmarc=pass")


def opening(partner_id: int | None = MILLER, **changes: Any) -> OpenCase:
    """A case of Ann's."""
    values: dict[str, Any] = {
        "type": "helpdesk", "subject": "No data", "description": "Please look.", "origin": "email", "organization_id": 3,
        "contact_id": facts.ANN.id, "contact_address": facts.ANN.address, "system_id": None, "partner_id": partner_id, "owner_id": None,
        "queue_id": facts.LEVEL_ONE.id,
    }  # fmt: skip
    return OpenCase(**values | changes)


def promise(kind: str, at: datetime, *, days: int = 1, cycle: int = 1, met: bool = False) -> StartClock:
    """A promise that is due so many days later."""
    due = at + timedelta(days=days)
    return StartClock(
        kind=kind, cycle=cycle, calendar="house", started_at=at, deadline_at=due, met_at=at if met else None, look_at=None if met else due
    )


class Life:
    """Carries out actions, each call one mail of its own."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self.database = database
        self.desk = desk

    def do(self, *actions: Action, case: int | None = None, at: datetime = NOON) -> int:
        """One mail that arrives at `at` and does all of this; the number of its case."""
        decision = Decision(
            kind=Kind.COMMAND, outcome=Outcome.ACTED, reason=Reason.COMMENT_ADDED, detail="", trust=BELIEVED,
            match=Match(case_id=case, matched_by="address") if case is not None else None, contact_id=facts.ANN.id, actions=actions,
            gates=(),
        )  # fmt: skip
        with self.database.transaction():
            number = journalled(state="acted", reason="comment-added", internal_date=at)
            done = apply(
                decision, message=facts.message(), journal_id=number, cause=f"mail:{number}", at=at, clock=at, desk=self.desk
            )  # fmt: skip
        return done.case_id or 0

    def clock(self, case: int, kind: str) -> int:
        """The newest clock of a kind."""
        with self.database.reading():
            query = SlaClock.select(SlaClock.id).where((SlaClock.case == case) & (SlaClock.kind == kind))
            return int(query.order_by(SlaClock.id.desc()).scalar())

    def end(self, case: int, kind: str, end: str, at: datetime) -> EndClock:
        """The newest clock of a kind ends."""
        return EndClock(clock_id=self.clock(case, kind), kind=kind, end=end, at=at)

    # --- the steps of a life ---------------------------------------------------------------------------------------

    def opened(self, at: datetime = NOON, partner_id: int = MILLER, **changes: Any) -> int:
        return self.do(opening(partner_id, **changes), promise("acknowledge", at), at=at)

    def acknowledged(self, case: int, at: datetime) -> None:
        self.do(
            Acknowledge(by_id=facts.PAT.id), self.end(case, "acknowledge", "met", at), promise("plan", at), case=case, at=at
        )  # fmt: skip

    def planned(self, case: int, day: date, at: datetime) -> None:
        self.do(SetPlan(text="Replace it", date=day), self.end(case, "plan", "met", at), promise("close", at, days=9), case=case, at=at)

    def planned_again(self, case: int, day: date, at: datetime) -> None:
        cancelled = self.end(case, "close", "cancelled", at)
        self.do(SetPlan(text="Replace it later", date=day), cancelled, promise("close", at, days=9), case=case, at=at)

    def closed(self, case: int, at: datetime, *, on_date: bool | None, end: str = "met", ended_at: datetime | None = None) -> None:
        close = CloseCase(text="Replaced.", by_id=facts.PAT.id, on_planned_date=on_date)
        self.do(close, self.end(case, "close", end, ended_at or at), case=case, at=at)

    def reviewed(self, case: int, words: str, at: datetime = NOON) -> None:
        self.do(LogReview(text=words, by_id=facts.NORA.id), case=case, at=at)

    def reopened(self, case: int, at: datetime) -> None:
        self.do(ReopenCase(by_id=facts.ANN.id, acknowledged_by_id=None), promise("acknowledge", at, cycle=2), case=case, at=at)

    def given_to(self, case: int, partner_id: int, at: datetime, *ends: EndClock) -> None:
        self.do(AssignPartner(partner_id=partner_id, name="x"), *ends, promise("acknowledge", at, cycle=2), case=case, at=at)


# --- a few lives together -----------------------------------------------------------------------------------------

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def lived(life: Life) -> Life:
    """CASE-1001 acknowledged, planned, reviewed and posted on; CASE-1002 breached and closed late; CASE-1003 reopened; a question."""
    first = life.opened()
    life.acknowledged(first, NOON + HOUR)
    life.planned(first, date(2026, 11, 27), NOON + 2 * HOUR)
    life.reviewed(first, "Slow.")
    life.do(PostFeed(kind="mention", text="@nora look", author_id=facts.PAT.id, mentions=("nora",)), case=first)
    second = life.opened()
    life.acknowledged(second, NOON + HOUR)
    life.planned(second, date(2026, 11, 27), NOON + 2 * HOUR)
    late = MarkClock(clock_id=life.clock(second, "close"), kind="close", concern="breach", at=NOON + 2 * HOUR + 9 * DAY, look_at=None)
    life.do(late, case=second, at=NOON + 10 * DAY)
    life.closed(second, NOON + 11 * DAY, on_date=False, end="breached", ended_at=NOON + 2 * HOUR + 9 * DAY)
    third = life.opened()
    life.acknowledged(third, NOON + HOUR)
    life.planned(third, date(2026, 11, 27), NOON + 2 * HOUR)
    life.closed(third, NOON + 3 * HOUR, on_date=True)
    life.reopened(third, NOON + 4 * HOUR)
    life.given_to(third, OTHER, NOON + 5 * HOUR, life.end(third, "acknowledge", "cancelled", NOON + 5 * HOUR))
    life.do(AskQuestion(kind="close", payload="{}", asked_id=facts.PAT.id, expires_at=NOON + DAY), case=first)
    life.do(AnswerQuestion(question_id=1, answer="decline"), case=first)
    return life


def problems(life: Life) -> list[str]:
    with life.database.reading():
        return list(audit().problems)


def again(url: str) -> Database:
    """A database that is there, opened anew."""
    opened = open_database(url)
    opened.connect()
    return opened
