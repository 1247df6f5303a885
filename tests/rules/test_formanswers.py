"""Answers under the names of their fields, and what is wrong with them."""

from __future__ import annotations

import pytest

from daemon.model import FormRow
from daemon.rules.formanswers import Answers, read_answers
from tests.rules.formmails import shipped

RULES = shipped()
GOOD = {"Your Email": "mia@dunes.example", "Company Name": "Dune Energy", "New Channel Partner": "Oasis Roofs"}


def answers(*more: tuple[str, str], **_: str) -> Answers:
    rows = dict(GOOD) | dict(more)
    return read_answers([FormRow(label=label, value=value) for label, value in rows.items()], RULES)


def test_good_answers_have_no_problem() -> None:
    found = answers()
    assert (found.problems, found.is_undecided, found.customer_email) == ((), False, "mia@dunes.example")
    assert not found.drift


@pytest.mark.parametrize(
    "value",
    [
        "mia@dunes.example, bob@dunes.example", "mia@dunes.example\nBcc: v@evil.example", "none", "mia@", "mia@dunes@evil.example",
        '"mia@dunes.example"@evil.example', "x" * 5000 + "@dunes.example",
    ],
)  # fmt: skip
def test_not_exactly_one_address_is_for_a_person_to_decide(value: str) -> None:
    found = answers(("Your Email", value))
    assert (found.problems, found.is_undecided, found.customer_email) == (("ambiguous:submitter_email",), True, None)


@pytest.mark.parametrize(
    "value",
    [
        "Mia@Dunes.example",
        "mia@dunes.example <mailto:mia@dunes.example>",
        "mia@dunes.example; mia@dunes.example",
        "Mia Sand <mia@dunes.example>",
    ],
)
def test_one_address_is_found_in_the_words_around_it(value: str) -> None:
    assert answers(("Your Email", value)).customer_email == "mia@dunes.example"


def test_a_domain_in_its_own_letters_is_an_address() -> None:
    found = answers(("Your Email", "mia@dünen.example"))
    assert (found.customer_email, found.canonical["submitter_email"]) == ("mia@xn--dnen-0ra.example", "mia@dünen.example")


def test_the_first_row_of_a_field_wins() -> None:
    rows = [
        FormRow(label=label, value=value)
        for label, value in [*GOOD.items(), ("Phone", "1"), ("Telephone", "2"), ("E-mail", "mia@dunes.example")]
    ]
    found = read_answers(rows, RULES)
    assert (found.canonical["phone"], found.problems) == ("1", ())


def test_a_second_address_that_contradicts_the_first_is_for_a_person_to_decide() -> None:
    found = answers(("E-mail", "mallory@evil.example"))
    assert (found.problems, found.is_undecided, found.customer_email) == (("ambiguous:submitter_email",), True, None)
    assert found.canonical["submitter_email"] == "mia@dunes.example"


def test_what_is_missing_is_named_and_only_some_of_it_decides() -> None:
    found = read_answers([FormRow(label="Your Email", value="mia@dunes.example")], RULES)
    assert (found.problems, found.is_undecided) == (("missing:company", "missing:partner_company"), False)
    assert read_answers([], RULES).is_undecided


def test_too_long_an_answer_is_named_and_asks_a_person() -> None:
    found = answers(("Company Name", "x" * 256))
    assert (found.problems, found.is_undecided) == (("too_long:company",), True)
    assert answers(("Company Name", "x" * 255)).problems == ()


@pytest.mark.parametrize(
    "value", ["Concert\nSunlight Basic", "Concert, Sunlight Basic", "Concert; Sunlight Basic", "• Concert\n• Sunlight Basic"]
)
def test_a_list_is_a_line_each_or_has_signs_between(value: str) -> None:
    assert answers(("Financing options", value)).canonical["financing_options"] == ("Concert", "Sunlight Basic")


def test_a_comma_within_a_line_of_several_separates_nothing() -> None:
    assert answers(("Financing options", "Concert, long\nBasic")).canonical["financing_options"] == ("Concert, long", "Basic")


def test_a_line_is_fit_for_a_header() -> None:
    found = answers(("Company Name", "Dune\r\nBcc: v@evil.example"), ("Financing options", "a\nb"))
    assert "\n" not in found.line("company")
    assert found.line("financing_options") == "a, b"
    assert found.line(None) == found.line("phone") == ""


def test_an_unknown_question_is_drift_and_the_number_of_the_submission_is_none() -> None:
    found = answers(("Favourite colour", "Blue"), ("Submission ID", "No. 7100000000000000001"))
    assert found.drift.unknown == ("Favourite colour",)
    assert found.submission_id == "7100000000000000001"


def test_an_answer_of_files_alone_is_an_answer() -> None:
    row = FormRow(label="Notes", value="", files=("https://f.example/uploads/a.pdf",))
    assert read_answers([row], RULES).canonical["notes"] == "https://f.example/uploads/a.pdf"
