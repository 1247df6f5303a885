"""What the steps of a case's life leave in the database."""

from __future__ import annotations

import json
from datetime import date, timedelta

from daemon.actions.lifecycle import (
    acknowledge,
    assign_owner,
    assign_partner,
    close_case,
    log_review,
    post_feed,
    reopen_case,
    set_plan,
    take_back,
)
from daemon.actions.vocabulary import (
    Acknowledge,
    AssignOwner,
    AssignPartner,
    CloseCase,
    LogReview,
    PostFeed,
    ReopenCase,
    SetPlan,
    TakeBack,
)
from daemon.store.database import Database
from daemon.store.schema import Case, FeedItem, Reversal, SlaClock, Task
from tests.actions.desk import AT, CLOCK, a_case
from tests.rules.facts import LEVEL_ONE, NORA, OWEN, PAT

LATER = AT + timedelta(hours=1)
LAST = AT + timedelta(hours=2)


def feed() -> list[tuple[str, str, int | None, bool]]:
    return [(row.kind, row.body, row.author_id, row.public) for row in FeedItem.select().order_by(FeedItem.id)]


def test_the_first_acknowledgement_is_kept(database: Database) -> None:
    with database.transaction():
        number = a_case()
        acknowledge(number, Acknowledge(by_id=PAT.id), at=LATER, cause="mail:1")
        acknowledge(number, Acknowledge(by_id=NORA.id), at=LAST, cause="mail:2")
        case = Case.get_by_id(number)
        assert (case.acknowledged_at, case.acknowledged_by_id, case.last_update) == (LATER, PAT.id, LATER)
        assert feed() == [("state", "acknowledged", PAT.id, True)]


def test_a_plan_is_replaced_and_counted_while_its_first_date_stays(database: Database) -> None:
    with database.transaction():
        number = a_case(acknowledged_at=AT, acknowledged_by_id=PAT.id)
        set_plan(number, SetPlan(text="Look", date=date(2026, 12, 1)), by_id=None, at=LATER, cause="mail:1")
        set_plan(number, SetPlan(text="Replace", date=date(2026, 12, 4)), by_id=None, at=LAST, cause="mail:2")
        case = Case.get_by_id(number)
        assert (case.planned_resolution, case.planned_resolution_date) == ("Replace", date(2026, 12, 4))
        assert (case.first_planned_resolution_date, case.plan_count, case.last_update) == (date(2026, 12, 1), 2, LAST)


def test_closing_and_opening_again_begins_a_new_cycle_without_the_old_promises(database: Database) -> None:
    with database.transaction():
        number = a_case(
            acknowledged_at=AT, acknowledged_by_id=PAT.id, planned_resolution="Look", planned_resolution_date=date(2026, 12, 1),
            first_planned_resolution_date=date(2026, 12, 1), plan_count=1,
        )  # fmt: skip
        close_case(number, CloseCase(text="Done", by_id=PAT.id, on_planned_date=True), at=LATER, cause="mail:1")
        closed = Case.get_by_id(number)
        assert (closed.closed_at, closed.closed_by_id, closed.resolution, closed.closed_on_planned_date) == (LATER, PAT.id, "Done", True)
        reopen_case(number, ReopenCase(by_id=7, acknowledged_by_id=None), at=LAST, cause="mail:2")
        case = Case.get_by_id(number)
        assert (case.closed_at, case.closed_by_id, case.resolution, case.closed_on_planned_date) == (None, None, None, None)
        assert (case.acknowledged_at, case.planned_resolution, case.planned_resolution_date, case.plan_count) == (None, None, None, 0)
        assert (case.first_planned_resolution_date, case.sla_cycle, case.last_update) == (None, 2, LAST)
        assert [row[:3] for row in feed()] == [("state", "closed: Done", PAT.id), ("state", "reopened", 7)]


def test_who_reopens_as_staff_owns_it_at_once(database: Database) -> None:
    with database.transaction():
        number = a_case(closed_at=AT, resolution="Done")
        reopen_case(number, ReopenCase(by_id=PAT.id, acknowledged_by_id=PAT.id), at=LATER, cause="mail:1")
        assert (Case.get_by_id(number).acknowledged_at, Case.get_by_id(number).acknowledged_by_id) == (LATER, PAT.id)


def test_an_owner_is_a_person_or_a_queue(database: Database) -> None:
    with database.transaction():
        number = a_case()
        assign_owner(number, AssignOwner(owner_id=OWEN.id, queue_id=None, name="Owen"), by_id=None, at=LATER, cause="mail:1")
        assert (Case.get_by_id(number).owner_id, Case.get_by_id(number).queue_id) == (OWEN.id, None)
        assign_owner(number, AssignOwner(owner_id=None, queue_id=LEVEL_ONE.id, name="level-one"), by_id=None, at=LAST, cause="mail:2")
        assert (Case.get_by_id(number).owner_id, Case.get_by_id(number).queue_id) == (None, LEVEL_ONE.id)
        assert [row[1] for row in feed()] == ["given to Owen", "given to level-one"]


def test_a_new_partner_is_assigned_when_it_is_done_not_when_the_mail_came(database: Database) -> None:
    with database.transaction():
        number = a_case(acknowledged_at=AT, acknowledged_by_id=PAT.id)
        assign_partner(
            number, AssignPartner(partner_id=4, name="Other Solar"), by_id=None, at=LATER, clock=CLOCK + timedelta(days=1), cause="mail:1"
        )
        case = Case.get_by_id(number)
        assert (case.partner_id, case.assigned_at, case.sla_cycle) == (4, CLOCK + timedelta(days=1), 2)
        assert (case.acknowledged_at, case.last_update) == (None, LATER)


def test_each_review_is_a_completed_task_for_nobody(database: Database) -> None:
    with database.transaction():
        number = a_case()
        log_review(number, LogReview(text="Waiting", by_id=NORA.id), at=LATER, cause="mail:1")
        log_review(number, LogReview(text="Fine", by_id=OWEN.id), at=LAST, cause="mail:2")
        tasks = [
            (row.subject, row.status, row.comments, row.name_id, row.due_date, row.owner_id, row.at)
            for row in Task.select().order_by(Task.id)
        ]
        assert tasks == [
            ("Case Review", "Completed", "Waiting", None, None, NORA.id, LATER),
            ("Case Review", "Completed", "Fine", None, None, OWEN.id, LAST),
        ]  # fmt: skip
        assert feed() == [("review", "Waiting", NORA.id, False), ("review", "Fine", OWEN.id, False)]
        assert Case.get_by_id(number).last_update == AT


def test_a_post_is_for_the_house_and_names_whom_it_mentions(database: Database) -> None:
    with database.transaction():
        number = a_case()
        post_feed(number, PostFeed(kind="mention", text="@owen call", author_id=NORA.id, mentions=("owen",)), at=LATER, cause="mail:1")
        (row,) = FeedItem.select()
        assert (row.kind, row.public, json.loads(row.mentions)) == ("mention", False, ["owen"])
        assert Case.get_by_id(number).last_update == AT


def test_what_is_taken_back_is_as_it_was_and_what_was_started_is_cancelled(database: Database) -> None:
    with database.transaction():
        number = a_case(closed_at=LATER, closed_by_id=PAT.id, resolution="Done", acknowledged_at=AT, acknowledged_by_id=PAT.id, sla_cycle=1)
        clock = {"case": number, "cycle": 1, "calendar": "house", "started_at": AT}
        old = SlaClock.insert(**clock, kind="acknowledge", deadline_at=LAST, met_at=LATER).execute()
        new = SlaClock.insert(**clock, kind="plan", deadline_at=LAST, look_at=LATER).execute()
        reversal = Reversal.insert(case=number, giver=PAT.id, verb="close", at=LATER, before="{}", cause="mail:1").execute()
        before = {
            "case": {"closed_at": None, "closed_by_id": None, "resolution": None, "acknowledged_at": None, "acknowledged_by_id": None,
                     "planned_resolution_date": "2026-12-01", "planned_resolution": "Look", "sla_cycle": 1},
            "clocks": {str(old): {"met_at": None, "breached_at": None, "cancelled_at": None, "look_at": AT.isoformat()}},
        }  # fmt: skip
        take_back(number, TakeBack(reversal_id=reversal, verb="close", before=json.dumps(before)), by_id=None, at=LAST, cause="mail:2")
        case = Case.get_by_id(number)
        assert (case.closed_at, case.resolution, case.acknowledged_at, case.planned_resolution_date) == (
            None,
            None,
            None,
            date(2026, 12, 1),
        )
        assert case.last_update == LAST
        kept, cancelled = SlaClock.get_by_id(old), SlaClock.get_by_id(new)
        assert (kept.met_at, kept.cancelled_at, kept.look_at, kept.deadline_at) == (None, None, AT, LAST)
        assert (cancelled.cancelled_at, cancelled.met_at, cancelled.look_at) == (LAST, None, None)
        assert Reversal.get_by_id(reversal).undone_at == LAST
        assert feed()[-1][:2] == ("state", "close taken back")
