"""The few words that go where a template fails: whatever the values are, a mail of a bounded size that says where things are."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mail.plainmail import TOLD, WORDS, without_template

VALUES = {"case_number": "CASE-1001", "recipient_name": "Ann Lee", "house_name": "Example Support", "house_address": "support@x.example"}
WANTED = ("comment", "case_subject", "planned_date")


def test_an_answer_says_that_the_mail_has_come_and_where_it_is() -> None:
    made = without_template(VALUES | {"quote_subject": True, "case_subject": "No data"}, WANTED, answer=True)
    assert made.subject == "No data"
    assert "Hello Ann Lee,\n\nWe have received your mail, and it is with us as CASE-1001.\n" in made.text
    assert made.text.endswith("\n-- \nExample Support\nsupport@x.example\n")


def test_news_says_what_the_template_would_have_shown_and_nothing_else() -> None:
    values = VALUES | {"comment": "Done <b>so</b>.\nBye", "planned_date": "Friday", "description": "secret", "case_subject": "x"}
    made = without_template(values, WANTED, answer=False)
    assert made.subject == "There is news about CASE-1001"
    assert "Done <b>so</b>.\nBye" in made.text
    assert "Planned for: Friday" in made.text
    assert "secret" not in made.text
    assert "<p>Done &lt;b&gt;so&lt;/b&gt;.<br>Bye</p>" in made.html


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from([*TOLD, *VALUES, "case_subject", "quote_subject"]), st.one_of(st.text(), st.integers(), st.none())))
def test_whatever_the_values_are_there_is_a_mail(values: dict[str, Any]) -> None:
    for answer in (True, False):
        made = without_template(values, tuple(TOLD), answer=answer)
        assert made.subject == " ".join(made.subject.split())
        assert len(made.text) < (len(TOLD) + 5) * WORDS
