"""A case stands where its log leads to; whatever was changed behind the program's back is named."""

from __future__ import annotations

import pytest

from tests.store.life import Life, problems

CASE = "UPDATE support_case SET "
TAMPERED: list[tuple[str, str]] = [
    # a case stands where its log leads to
    (CASE + "closed_at = '2026-12-01 00:00:00' WHERE id = 1001", "CASE-1001: it is not open or closed by its log"),
    (CASE + "acknowledged_at = created_at WHERE id = 1003", "CASE-1003: it is not acknowledged by its log"),
    (CASE + "planned_resolution_date = '2026-12-24' WHERE id = 1001", "CASE-1001: it is not planned for that date by its log"),
    (CASE + "first_planned_resolution_date = '2026-11-26' WHERE id = 1001", "CASE-1001: it is not first planned for that date by its log"),
    (CASE + "plan_count = 7 WHERE id = 1001", "CASE-1001: it is not planned that often by its log"),
    (CASE + "sla_cycle = 9 WHERE id = 1001", "CASE-1001: it is not in that cycle by its log"),
    (CASE + "partner_id = 4 WHERE id = 1001", "CASE-1001: it is not with that partner by its log"),
    (CASE + "support = '{}' WHERE id = 1001", "CASE-1001: what level one decided is not what was logged"),
    ("UPDATE event SET verb = 'reopen-case' WHERE case_id = 1001 AND verb = 'set-plan'", "(reopen-case) was no step it could take"),
]


@pytest.mark.parametrize(("statement", "named"), TAMPERED, ids=[statement for statement, _ in TAMPERED])
def test_a_case_that_stands_elsewhere_than_its_log_leads_is_named(copied: Life, statement: str, named: str) -> None:
    assert copied.database.peewee.execute_sql(statement).rowcount != 0
    found = problems(copied)
    assert [problem for problem in found if named in problem], found
