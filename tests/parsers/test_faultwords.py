"""People have faults; responders name them where they tell whom to call."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers.faultwords import tells_of_a_fault

FAULTS = [
    "The inverter shows error E17.", "All strings are dark since Monday.", "No data since noon.", "The printer doesn't print.",
    "Die Anlage zeigt seit gestern Fehler 17.", "Der Wechselrichter liefert keine Leistung.", "Die Heizung geht seit heute nicht.",
    "L'onduleur ne fonctionne plus.", "El inversor no funciona.", "L'impianto non produce.", "Sem dados desde ontem.",
    "De omvormer werkt niet.", "Falownik nie działa.", "Инвертор не работает.",
]  # fmt: skip
NONE = [
    "", "In case of a fault call 555 0100.", "Bei Störungen wenden Sie sich an Bob.", "I am back on Monday.",
    "En cas de panne, appelez Bob.", "We answer within 2 days.", "Your ticket number is 4711. Subject: Roof-7 shows no data",
    "We have your mail. Your message: the inverter shows error 17. It is down.",
]  # fmt: skip


@pytest.mark.parametrize("words", FAULTS)
def test_who_says_that_something_is_broken_tells_of_a_fault(words: str) -> None:
    assert tells_of_a_fault(words)


@pytest.mark.parametrize("words", NONE)
def test_who_names_a_fault_or_repeats_one_tells_of_none(words: str) -> None:
    assert not tells_of_a_fault(words)


@settings(deadline=None)
@given(st.text(max_size=1500))
def test_any_words_are_read(words: str) -> None:
    tells_of_a_fault(words)
