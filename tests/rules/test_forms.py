"""How labels, titles and senders of a form's file are compared with those of a mail."""

from __future__ import annotations

import re

import pytest

from daemon.rules.forms import CustomerFields, FieldRules, FormRules, folded_label

RULES = FormRules(
    name="request",
    action="request",
    titles=("Channel  Partner Form",),
    senders=("noreply@forms.example", "noreply+*@forms.example"),
    customer=CustomerFields(email="email"),
    fields=(
        FieldRules(name="email", qid="4", labels=("Your e-mail",)),
        FieldRules(name="phone", labels=("Phone",), patterns=(re.compile("^(tele)?phone", re.IGNORECASE),)),
        FieldRules(name="name", labels=("Phone", "Phoner"), patterns=(re.compile("name$"),)),
    ),
)


@pytest.mark.parametrize("label", ["Your E-Mail", " your\xa0e-mail * ", "YOUR E-MAIL:", "Your e-mail ?", "Ｙour e-mail：", "* Your e-mail"])
def test_a_label_is_known_however_it_is_written(label: str) -> None:
    found = RULES.field_of(label)
    assert found is not None
    assert found.name == "email"


def test_the_number_of_the_question_wins_over_its_words() -> None:
    found = RULES.field_of("Phone", "4")
    assert found is not None
    assert found.name == "email"


def test_exact_words_win_over_a_pattern_and_the_first_field_over_the_next() -> None:
    assert [found.name for label in ("Phone", "Phoner", "Telephone (home)", "Nickname") if (found := RULES.field_of(label))] == [
        "phone", "name", "phone", "name",
    ]  # fmt: skip
    assert RULES.field_of("Colour") is None
    assert RULES.field_of("") is None


def test_a_row_with_the_number_of_the_submission_is_known_and_no_field() -> None:
    assert RULES.knows("Submission ID:")
    assert RULES.is_submission_label("submission id")
    assert RULES.field_of("Submission ID") is None


@pytest.mark.parametrize(
    ("address", "is_sender"),
    [
        ("noreply@forms.example", True), ("noreply+a1b2@forms.example", True), ("noreply@forms.example.evil.example", False),
        ("xnoreply@forms.example", False), ("noreply+a@evil.example", False), (None, False),
    ],
)  # fmt: skip
def test_a_sender_is_compared_whole(address: str | None, is_sender: bool) -> None:
    assert RULES.is_sender(address) is is_sender


def test_a_title_is_compared_like_a_label() -> None:
    assert RULES.is_title("channel partner form:")
    assert not RULES.is_title("Channel Partner Form 2")


def test_the_longest_label_comes_first() -> None:
    assert RULES.known_labels == ("submission id", "your e-mail", "phoner", "phone")


def test_a_field_is_found_by_its_name() -> None:
    assert RULES.field("phone") is RULES.fields[1]
    assert RULES.field("other") is None


def test_folding_twice_changes_nothing() -> None:
    for label in ("A *:", "?*", "É: ", "straße", "＊必須"):
        assert folded_label(folded_label(label)) == folded_label(label)
