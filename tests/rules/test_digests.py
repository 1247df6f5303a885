"""When a digest is due and what it says."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from daemon.actions.vocabulary import QueueMail
from daemon.rules.digests import decide_digest, digest_day
from daemon.rules.rulebook import plain_rulebook
from tests.rules.facts import PAT, mails, of_type

CALENDAR = plain_rulebook().calendar_of(None)
MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 23, 8, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), MONDAY),
        (datetime(2026, 11, 23, 16, 59, tzinfo=UTC), MONDAY),
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), None),
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), None),
    ],
)
def test_it_is_due_while_the_day_is_open(now: datetime, day: date | None) -> None:
    assert digest_day(now, CALENDAR) == day


def test_what_was_missed_is_owed_all_the_same() -> None:
    late = [(1001, "No data", True, False, datetime(2026, 11, 20, 17, 0, tzinfo=UTC))]
    (letter,) = of_type(decide_digest(PAT, None, late, (), MONDAY, CALENDAR), QueueMail)
    values = dict(letter.values)
    assert values["cases"][0]["deadline"] == "to plan, overdue since Friday 20 November 2026, 17:00 (UTC)"


def test_it_names_what_is_owed_and_by_when() -> None:
    owed = [(1001, "No data", False, False, datetime(2026, 11, 24, 17, 0, tzinfo=UTC)), (1002, "Leak", True, False, None)]
    decision = decide_digest(PAT, None, owed, (), MONDAY, CALENDAR)
    assert mails(decision) == [("digest", PAT.address)]
    (letter,) = of_type(decision, QueueMail)
    values = dict(letter.values)
    assert [case["number"] for case in values["cases"]] == ["CASE-1001", "CASE-1002"]
    assert values["cases"][0]["deadline"] == "to acknowledge by Tuesday 24 November 2026, 17:00 (UTC)"
