"""The table of verbs and the vocabulary made of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.keywords import ANYONE, BLOCK, KEYWORDS, LINE, NOTHING, VOCABULARY, distance, fold, vocabulary

HARMFUL = ("close", "done", "reopen")
WORDS = st.text("abcdefg", max_size=8)


def test_no_word_means_two_verbs() -> None:
    words = [word for keyword in KEYWORDS for word in (keyword.verb, *keyword.aliases, *keyword.misspellings)]
    assert len(words) == len(set(words)) == len(VOCABULARY.words)


def test_every_word_is_one_a_command_line_can_hold() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", word) for word in VOCABULARY.words)


@pytest.mark.parametrize("keyword", KEYWORDS, ids=lambda keyword: keyword.verb)
def test_a_row_is_consistent(keyword: object) -> None:
    row = next(row for row in KEYWORDS if row is keyword)
    assert row.kind in (BLOCK, LINE, NOTHING)
    assert row.on
    assert row.who
    assert not (row.needs_text and row.kind != BLOCK)
    assert not (row.needs_argument and row.kind != LINE)
    assert row.verb == "end" or row.receipt
    assert ANYONE not in row.who or row.who == {ANYONE}


def test_no_misspelling_of_a_harmful_verb_is_listed() -> None:
    assert not [row.misspellings for row in KEYWORDS if row.verb in HARMFUL and row.misspellings]


@pytest.mark.parametrize(("word", "verb"), [("ACK", "acknowledge"), ("Re-Open", "reopen"), ("ｃｌｏｓｅ", "close"), ("ETA", "plan")])
def test_a_word_is_known_in_any_case_and_width(word: str, verb: str) -> None:
    assert VOCABULARY.verb(word) == verb


@pytest.mark.parametrize(
    ("word", "verb"),
    [("clsoe", "close"), ("cloze", "close"), ("coment", "comment"), ("acknowldege", "acknowledge"), ("outstnding", "outstanding"),
     ("palns", None),
     ("pln", None), ("akc", None), ("closeout", None), ("hello", None), ("important", None), ("сlose", "close"), ("reopne", "reopen")],
)  # fmt: skip
def test_a_wrong_word_is_near_a_verb_or_it_is_not(word: str, verb: str | None) -> None:
    assert VOCABULARY.nearest(word) == verb


@given(WORDS, WORDS)
def test_distance_is_symmetric_and_zero_only_for_equal_words(one: str, other: str) -> None:
    assert distance(one, other, 20) == distance(other, one, 20)
    assert (distance(one, other, 20) == 0) == (one == other)


@given(WORDS, WORDS, st.integers(0, 3))
def test_a_limit_only_cuts_the_distance_off(one: str, other: str, limit: int) -> None:
    assert distance(one, other, limit) == min(distance(one, other, 20), limit + 1)


def test_a_synonym_is_a_word_for_its_verb() -> None:
    words = vocabulary({"close": ["Erledigt", "#fermé"], "acknowledge": ["bestätigt"]})
    assert words.verb("ERLEDIGT") == "close"
    assert words.verb("fermé") == "close"
    assert words.verb("Bestätigt") == "acknowledge"
    assert VOCABULARY.verb("erledigt") is None


def test_all_wrong_synonyms_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"shut: there is no such verb; close: 'two words' .*; close: 'done' means done already"):
        vocabulary({"shut": ["x"], "close": ["two words", "done", "closed"]})


@given(st.text(max_size=60))
def test_any_word_can_be_asked_about(word: str) -> None:
    assert VOCABULARY.verb(word) in {None, *(row.verb for row in KEYWORDS)}
    assert VOCABULARY.nearest(word) in {None, *(row.verb for row in KEYWORDS)}
    assert fold(fold(word)) == fold(word) or not word.isascii()
