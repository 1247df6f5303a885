"""Commands that aren't meant now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.conditions import is_conditional


@pytest.mark.parametrize(
    "tail",
    ["not yet", "Don’t", "don't do it", "never", "if it works", "when the part arrives", "once paid", "after lunch", "until Monday",
     "unless he calls",
     "later", "tomorrow", "next week", "wait", "pending parts", "soon", "on Friday", "on sat", "on next Friday", "on this Monday",
     "on Dec 1", "on 1st December", "on 2026-12-01",
     "on 1.12.2026", "don´t",
     "don`t", "by noon", "only when paid",
     "it after the visit",
     "please not yet", "do not", "in 2 days",
     "the case once the part arrives", "this ticket when paid", "this one, please, after lunch",
     "once the part arrives", "once more parts arrive", "once again they call", "once and only once he agrees",
     "after all parts arrived"],
)  # fmt: skip
def test_a_condition(tail: str) -> None:
    assert is_conditional(tail)


@pytest.mark.parametrize(
    "tail",
    ["", "fixed", "works again, not your fault", "Replaced it after the storm", "on site visit done",
     "on 2 sites the fuse was replaced", "on the roof",
     "on", "on 24/7 duty", "on next visit", "nothing left",
     "notified the customer", "please",
     "it went offline once more", "Fixed it once and for all", "once and for all", "once more", "Once again, the same fault",
     "after all: it works", "It works after all", "the case is settled, once paid it goes out", "the next inverter",
     "the technician came when nobody was there", "we could not find a fault", "replaced by a new one",
     "in the end it was the fuse", "wiring mended", "nextgen inverter fitted", "the next inverter was fitted"],
)  # fmt: skip
def test_no_condition(tail: str) -> None:
    assert not is_conditional(tail)


@given(st.text())
def test_any_text_can_be_asked(tail: str) -> None:
    is_conditional(tail)
