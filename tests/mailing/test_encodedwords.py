"""Header text as ASCII, read back by the standard library."""

from __future__ import annotations

from email.header import decode_header, make_header

from hypothesis import example, given
from hypothesis import strategies as st

from daemon.mail.encodedwords import one_line, phrase, unstructured
from daemon.parsers.words import decode_words

lines = st.text(max_size=200).map(one_line).map(lambda text: " ".join(text.split()))


def unfolded(value: str) -> str:
    return value.replace("\r\n", "")


@given(lines)
@example("Re: =?utf-8?q?Hello=0D=0ABcc=3A_victim?=")
@example("Größe " * 30 + "[CASE-1001]")
@example("word " * 30 + "ü" + " word" * 30)
def test_a_subject_reads_back_and_no_line_is_too_long(text):
    written = unstructured(text, len("Subject: "))
    assert written.isascii()
    assert decode_words(unfolded(written)) == text
    assert all(len(line) <= 78 or " " not in line.strip() for line in ("Subject: " + written).split("\r\n"))
    assert all(len(word) <= 75 for word in written.split() if word.startswith("=?"))


@given(lines)
@example("日本語の件名" * 20)
def test_the_standard_library_reads_the_same(text):
    written = unfolded(unstructured(text, 9))
    assert " ".join(str(make_header(decode_header(written))).split()) == text


def test_the_case_number_stays_readable_at_the_end():
    assert unstructured("Größe [CASE-1001]", 9).endswith(" [CASE-1001]")


@given(lines)
@example('Miller, "Bob" \\')
def test_a_display_name_holds_nothing_that_ends_it(text):
    written = unfolded(phrase(text))
    if written.startswith('"'):
        inner = written[1:-1]
        assert inner.replace("\\\\", "").replace('\\"', "").count('"') == 0
    else:
        assert not set(written) & set('<>()[]:;@,."\\') or not text


@given(st.text())
def test_one_line_is_one_line_without_controls(text):
    made = one_line(text)
    assert not any(
        ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in "\u2028\u2029\u202e" or "\ud800" <= sign <= "\udfff" for sign in made
    )
    assert one_line(made) == made
