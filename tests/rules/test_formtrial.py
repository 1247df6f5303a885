"""Every form is tried on a mail: by which marks it is one, which field each question fills, what is missing and what is new."""

from __future__ import annotations

from dataclasses import replace

from daemon.model import DomainVerdict
from daemon.rules.formreading import FormSender
from daemon.rules.formtrial import Trial, explain_trial, try_forms
from tests.rules.formmails import OWN, ROWS, mail, plain_table, question_table, reading_of, shipped

RULES = shipped()
OTHER = replace(RULES, name="other", titles=("Other Form",), form_ids=(), subjects=())
SENDER = FormSender(domain=DomainVerdict.PASS, house_agent=False, own_addresses=OWN)


def tried(octets: bytes) -> tuple[Trial, ...]:
    return try_forms(reading_of(octets), (OTHER, RULES), SENDER)


def test_of_several_forms_the_one_with_the_strongest_marks_is_chosen() -> None:
    other, own = tried(mail(question_table(ROWS)))
    assert (own.chosen, other.chosen) == (True, False)
    assert other.reading is not None
    assert other.marks == ("sender noreply@jotform.com",)
    assert own.marks == (
        'title "Channel Partner Form"', 'subject "A New Channel Partner Request for Oasis Roofs"', "sender noreply@jotform.com",
    )  # fmt: skip


def test_a_title_in_the_subject_and_a_number_in_a_link_are_marks() -> None:
    link = '<a href="https://eu.jotform.com/submissions/220683651272354">all</a>'
    _, own = tried(mail(plain_table(ROWS) + link, subject="Re: Channel Partner Form [#41]"))
    assert own.marks == ("form id 220683651272354", 'title in the subject "Channel Partner Form [#41]"', "sender noreply@jotform.com")


def test_each_row_has_its_field_and_what_is_missing_is_named() -> None:
    rows = (*ROWS[:2], *ROWS[3:], ("Roof type", "flat"))
    _, own = tried(mail(question_table(rows)))
    assert own.reading is not None
    assert [own.field_of(row) for row in own.reading.fields] == ["submitter_name", "submitter_email", "partner_company", "notes", None]
    assert (own.missing, own.unknown) == (("company",), ("Roof type",))
    assert "phone" in own.unanswered


def test_a_trial_is_plain_data_whether_the_mail_is_the_form_or_not() -> None:
    told = explain_trial(tried(mail(question_table(ROWS)))[1])
    assert told["reading"]["fields"][1] == {
        "label": "Your Email", "qid": "4", "field": "submitter_email", "value": "mia@dunes.example"
    }  # fmt: skip
    assert told["reading"]["canonical"]["company"] == "Dune Energy"
    nothing = explain_trial(tried(mail("Hello", sender="ann@acme.example", subject="Hello"))[1])
    assert (nothing["recognised"], nothing["chosen"], nothing["marks"], nothing["reading"]) == (False, False, [], None)
    assert (nothing["missing"], nothing["unknown"], nothing["renamed"]) == ([], [], [])
