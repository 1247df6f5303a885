"""How names are compared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.names import folded


def test_case_blanks_and_compatibility_forms_do_not_matter() -> None:
    assert folded(" Miller\tSOLAR ") == folded("miller solar") == folded("ｍｉｌｌｅｒ solar")
    assert folded("Straße") == folded("STRASSE")


@given(st.text(max_size=50))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)
