"""Values and their slots."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.values import MOST_SLOTS, Link, Slots, as_block, escaped, fill_html, fill_text, lines, pieces

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=8,
)


@given(plain, plain)
def test_values_of_one_shape_are_seen_alike(one, other):
    first, second = Slots(), Slots()
    seen, also_seen = first.mark(one), second.mark(other)
    assert first.shape != second.shape or seen == also_seen


@given(plain, st.text(min_size=1).filter(str.strip))
def test_other_words_are_of_the_same_shape(value, words):
    first, second = Slots(), Slots()
    first.mark([value, words])
    second.mark([value, words + "more"])
    assert first.shape == second.shape


@given(st.text())
def test_a_value_fills_its_slot_as_it_is(words):
    slots = Slots()
    slot = slots.mark(f"x{words}x")
    assert fill_text(pieces(f"({as_block(str(slot))})"), slots.values) == f"({lines(f'x{words}x')})"


@given(st.text())
def test_escaped_words_hold_no_markup(words):
    assert not set(escaped(words)) & set('<>"')


def test_what_is_empty_is_false_in_a_template():
    assert [Slots().mark(value) for value in ("", None, " \n", [], False)] == ["", "", "", [], False]


def test_a_sign_for_private_use_in_a_value_fills_nothing():
    slots = Slots()
    one, two = str(slots.mark("first")), str(slots.mark("\U000f0000\U00100000"))
    assert fill_text(pieces(f"{two}|{one}"), slots.values) == "\U000f0000\U00100000|first"
    assert fill_html(pieces(f"{two}|{one}"), slots.values) == "\U000f0000\U00100000|first"


def test_too_many_values_are_refused():
    with pytest.raises(ValueError, match="values"):
        Slots().mark(["x"] * (MOST_SLOTS + 1))


def test_a_link_says_what_to_send():
    link = Link(label="Close", address="support+abc@support.example", body="#close it\nnow", subject="Re: x & y")
    assert link.uri == "mailto:support+abc@support.example?subject=Re%3A%20x%20%26%20y&body=%23close%20it%0D%0Anow"
    assert link.words == 'send "#close it now" to support+abc@support.example'
    assert Link(label="Write", address="a@x.example").words == "write to a@x.example"


def test_a_link_is_percent_encoded_so_that_every_client_reads_the_same():
    link = Link(label="x", address="support+abc@support.example", body="#plan 2026-12-01 a+b & c=d?\r\nübrig\rend\ud800")
    assert link.uri_about("Re: [CASE-1] 50% off\nBcc: x") == (
        "mailto:support+abc@support.example?subject=Re%3A%20%5BCASE-1%5D%2050%25%20off%20Bcc%3A%20x"
        "&body=%23plan%202026-12-01%20a%2Bb%20%26%20c%3Dd%3F%0D%0A%C3%BCbrig%0D%0Aend%3F"
    )
    assert unquote(link.uri.partition("body=")[2]) == "#plan 2026-12-01 a+b & c=d?\r\nübrig\r\nend?"
