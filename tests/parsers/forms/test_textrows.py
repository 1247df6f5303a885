"""Rows of questions and answers in plain text, shape by shape."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import FormRow
from daemon.parsers.forms.textrows import has_line, read_colon, read_line, read_padded

LABELS = ("Name", "Email", "Notes", "Financing options to enable")


def knows(label: str) -> bool:
    return label.casefold().rstrip("?") in {known.casefold() for known in LABELS}


def padded(text: str) -> list[tuple[str, str]]:
    return pairs(read_padded(text, knows, [label.casefold() for label in LABELS]))


def pairs(rows: Sequence[FormRow]) -> list[tuple[str, str]]:
    return [(row.label, row.value) for row in rows]


def test_padded_labels_end_at_column_25_and_longer_ones_have_no_gap() -> None:
    text = (
        "\nName                     Mia\nFinancing options to enableConcert\n"
        "Other question           yes\nEmail                    mia@dunes.example\n"
    )
    assert padded(text) == [
        ("Name", "Mia"), ("Financing options to enable", "Concert"), ("Other question", "yes"), ("Email", "mia@dunes.example"),
    ]  # fmt: skip


def test_a_sentence_with_a_blank_at_column_25_is_no_row() -> None:
    text = (
        "Name                     Mia\nNotes                    First\nPlease do this before the next year begins\n\nlast words\n"
        "Email                    x\n\nfooter\n"
    )
    assert padded(text)[1] == ("Notes", "First\nPlease do this before the next year begins\n\nlast words")
    assert padded(text)[2] == ("Email", "x")


def test_lines_with_a_colon_begin_at_the_first_known_label_and_end_with_the_last() -> None:
    text = "Submission For: Form\nSubmitted at 11/23/26 10:04 AM\n\nName: Mia\nColour: blue\nNotes: one\ntwo\nEmail: x\n\nFooter: words\n"
    assert pairs(read_colon(text, knows)) == [("Name", "Mia"), ("Colour", "blue"), ("Notes", "one\ntwo"), ("Email", "x")]


def test_a_link_or_a_time_is_no_label() -> None:
    text = "Name: Mia\nEmail: x\nNotes: see\nhttps://x.example/a\nat 10:30 sharp\n"
    assert pairs(read_colon(text, knows))[-1] == ("Notes", "see\nhttps://x.example/a\nat 10:30 sharp")


def test_one_answer_beside_its_label_is_not_enough_for_lines_with_a_colon() -> None:
    assert read_colon("Name:\nMia\nEmail:\nx\n", knows) == ()


def test_a_label_above_its_answer() -> None:
    text = (
        "Logo\n\nTitle\n\nName\nMia\n\n* Email *\n\nmia@dunes.example\n\nUnknown thing\nyes\n\nNotes:\none\ntwo\n\n"
        "You can edit this\nand that\n"
    )
    assert pairs(read_line(text, knows)) == [
        ("Name", "Mia"),
        ("Email", "mia@dunes.example"),
        ("Unknown thing", "yes"),
        ("Notes", "one\ntwo"),
    ]


def test_a_label_ends_the_answer_above_it_without_a_blank_line() -> None:
    assert pairs(read_line("Name\nMia\nEmail\nx\n", knows)) == [("Name", "Mia"), ("Email", "x")]


def test_a_line_is_found_by_its_words() -> None:
    assert has_line("Hello\n\n* Channel Form *\n", lambda label: label == "Channel Form") == "Channel Form"
    assert has_line("About the Channel Form", lambda label: label == "Channel Form") is None


@settings(deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab:*-> \n\xa0：é"), max_size=200),
    st.lists(st.sampled_from(["Name: x", "Email", "Notes                    y", ""]), max_size=8),
)
def test_no_text_breaks_a_reader(noise: str, lines: list[str]) -> None:
    text = "\n".join([noise, *lines, noise])
    for rows in (read_padded(text, knows, LABELS), read_colon(text, knows), read_line(text, knows)):
        assert all(row.label for row in rows)
