"""The carriers of a judgement."""

from __future__ import annotations

from datetime import date

import pytest

from daemon.rules.judgement import Context, Finding, Request
from daemon.rules.lifecycle import State


def test_a_code_has_its_detail_behind_a_colon() -> None:
    assert Finding(name="E-STATE", detail="already-closed").code == "E-STATE:already-closed"
    assert Finding(name="E-CONFLICT").code == "E-CONFLICT"


def test_a_request_prints_only_what_was_given() -> None:
    assert Request(verb="acknowledge", line=1).facts() == {"verb": "acknowledge"}
    assert Request(verb="plan", line=1, date=date(2026, 12, 1), text="x").facts() == {"verb": "plan", "date": "2026-12-01", "text": "x"}


@pytest.mark.parametrize(("roles", "only"), [(("customer",), True), (("customer", "agent"), False), ((), False)])
def test_a_customer_with_another_role_is_more_than_a_customer(roles: tuple[str, ...], only: bool) -> None:
    known = Context(roles=frozenset(roles), about="case", today=date(2026, 11, 23), is_business_day=lambda _day: True, is_reply=True)
    assert known.is_customer_only is only
    assert known.state is State.OPEN
