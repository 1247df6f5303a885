"""Whether two mails say the same: numbers, dates and the order of words are nothing, other words are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.wording import COMMON, WORDS_KEPT, says_the_same, wording


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "", True),
        ("", "Thank you", False),
        ("Your ticket #4711 was received on 23.11.2026.", "Your ticket #4712 was received on 24.11.2026.", True),
        ("Dear Ann, we read your mail Order 1001 soon", "Dear Ann, we read your mail Order 1002 soon", True),
        ("Bitte liefern Sie an Herrn Weiß", "BITTE LIEFERN SIE AN HERRN WEISS", True),
        ("Please deliver five panels to Main Street", "Please deliver two inverters to Hill Road", False),
        ("订单1001已收到", "订单1002已收到", True),
        ("订单1001已收到", "请问何时发货", False),
        ("Заявка 17 принята", "Заявка 18 принята", True),
    ],
)
def test_words_are_held_against_words(one: str, other: str, same: bool) -> None:
    assert says_the_same(wording(one), wording(other)) is same


def test_files_are_words_too() -> None:
    assert not says_the_same(wording("", ["a" * 64]), wording("", ["b" * 64]))
    assert says_the_same(wording("", ["a" * 64]), wording("", ["a" * 64]))


@given(st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=6), max_size=300), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters_and_what_is_kept_is_small(words: list[str], dice: object) -> None:
    shuffled = [*words, *words]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    kept = wording(" ".join(words))
    assert kept == wording(" 17, ".join(shuffled))
    assert len(kept) <= 6 * WORDS_KEPT
    assert says_the_same(kept, kept)


@given(*[st.sets(st.text(alphabet="abcdefgh", min_size=1, max_size=4), max_size=WORDS_KEPT // 2)] * 2)
def test_of_short_texts_the_common_part_is_exact(one: set[str], other: set[str]) -> None:
    both = one | other
    assert says_the_same(wording(" ".join(one)), wording(" ".join(other))) == (len(one & other) >= COMMON * len(both))


@given(st.text(), st.text())
def test_any_text_has_its_words(one: str, other: str) -> None:
    assert says_the_same(wording(one), wording(other)) == says_the_same(wording(other), wording(one))
