"""Whole mails that are one phrase."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.phrases import CONTRADICTING, PHRASEBOOK, PHRASES, STEPS, contradicted, match, phrasebook


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("Acknowledged", "acknowledge"), ("ACK.", "acknowledge"), ("On it, thanks 👍", "acknowledge"), ("I’m on it!", "acknowledge"),
        ("Hi team,\n\nwe are on it\n\nMany thanks", "acknowledge"), ("Closed", "close"), ("Please close, thanks all", "close"),
        ("“Resolved”", "close"),
        ("Done - thanks", "done"), ("Done. Thank you so much!", "done"), ("All done ✅", "done"), ("d\u200bone", "done"), ("Done :)",
        "done"),
        ("Reopen please", "reopen"), ("Please reopen, thanks", "reopen"), ("re‑open", "reopen"), ("ＲＥＯＰＥＮ", "reopen"),
        ("Yes", "confirm"), ("yes please", "confirm"), ("No, thanks", "decline"), ("cancel", "decline"),
    ],
)  # fmt: skip
def test_a_whole_mail_is_a_step(text: str, step: str) -> None:
    assert match(text, PHRASEBOOK) == {step}


@pytest.mark.parametrize(
    "text",
    ["", "thanks", "ok", "noted", "Received", "👍", "Acknowledged?", "Done？", "Done ❓", "Done 👎", "Closed ❌", "Not done",
     "Done, but the app still fails",
     "Done\n\nThe gateway was replaced", "please", "hi", "hello there", "I will be done", "closed the valve", "Hi Bob, done",
     "Erledigt", "done " * 100],
)  # fmt: skip
def test_anything_else_is_text(text: str) -> None:
    assert match(text, PHRASEBOOK) == frozenset()


@pytest.mark.parametrize(
    ("language", "text", "steps"),
    [("de", "Hallo, erledigt, danke", {"done"}), ("de-AT", "Geschlossen", {"close"}), ("fr", "Pris en charge, merci !", {"acknowledge"}),
     ("es", "Resuelto", {"close"}), ("pt", "Confirmado", {"acknowledge", "confirm"}), ("nl", "Klaar, bedankt", {"done"}), ("it",
     "risolto", {"close"})],
)  # fmt: skip
def test_a_language_counts_where_it_is_spoken(language: str, text: str, steps: set[str]) -> None:
    assert match(text, phrasebook((language,))) == steps
    assert match(text, PHRASEBOOK) == frozenset()
    assert match("Done", phrasebook((language,))) == {"done"}


def test_an_installation_adds_phrases() -> None:
    assert match("Roger that!", phrasebook((), {"acknowledge": ["Roger that"]})) == {"acknowledge"}


@pytest.mark.parametrize("extra", [{"shut": ["x"]}, {"close": ["!!"]}])
def test_a_wrong_addition_is_told(extra: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match=r"shut|close"):
        phrasebook((), extra)


def test_an_unknown_language_adds_nothing() -> None:
    assert phrasebook(("xx", "")).steps == PHRASEBOOK.steps


@pytest.mark.parametrize("language", PHRASES)
def test_every_listed_phrase_is_found_again(language: str) -> None:
    book = phrasebook((language,))
    for step, listed in PHRASES[language].items():
        assert step in STEPS
        for phrase in listed.split("|"):
            assert step in match(phrase, book)
            assert step in match(f"Hello,\n{phrase.upper()}!\nThanks", book)
            assert not match(f"not {phrase} yet", book)


def test_no_shipped_phrase_of_any_two_languages_means_steps_that_contradict() -> None:
    for meant in phrasebook(tuple(PHRASES)).steps.values():
        assert not any(set(pair) <= meant for pair in CONTRADICTING)


def test_a_phrase_can_contradict_what_it_means_already() -> None:
    assert contradicted("close", "On it!", PHRASEBOOK) == "acknowledge"
    assert contradicted("reopen", "On it!", PHRASEBOOK) is None
    assert contradicted("close", "All good now", PHRASEBOOK) is None


@pytest.mark.parametrize("text", ["I´m on it", "I`m on it", "I’m on it", "We‘re on it"])
def test_any_apostrophe_of_a_keyboard_is_one(text: str) -> None:
    assert match(text, PHRASEBOOK) == {"acknowledge"}


@pytest.mark.parametrize(
    ("language", "text", "step"),
    [
        ("de", "Uebernommen", "acknowledge"), ("de", "Geloest, danke", "close"), ("de", "Schliessen", "close"), ("fr", "Resolu", "close"),
        ("fr", "Termine, merci", "done"), ("pt", "Concluido", "done"), ("pt", "Nao, obrigado", "decline"),
        ("de", "Erledigt, danke schoen", "done"),
    ],
)  # fmt: skip
def test_a_keyboard_without_a_language_s_letters_will_do(language: str, text: str, step: str) -> None:
    assert match(text, phrasebook((language,))) == {step}


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    assert match(text, PHRASEBOOK) <= set(STEPS)


@given(st.text(min_size=1), st.sampled_from(sorted(PHRASEBOOK.steps)))
def test_a_question_mark_anywhere_is_no_step(text: str, phrase: str) -> None:
    assert match(f"{phrase} {text}?", PHRASEBOOK) == frozenset()
