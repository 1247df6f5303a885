"""Every mail of tests/mail/forms is read as stands beside it; and what noise may do to a form: nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import DomainVerdict
from daemon.parsers import wire
from daemon.rules.formreading import FormReading, FormSender, explain_form, recognise
from daemon.rules.forms import FormRules
from tests.rules.formmails import CANONICAL, OWN, ROOT, ROWS, form_of, mail, plain_table, question_table, reading_of, shipped

MAILS = ROOT / "tests" / "mail" / "forms"
RULES = shipped()
SENDER = FormSender(domain=DomainVerdict.PASS, house_agent=False, own_addresses=OWN)


def expected_of(name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads((MAILS / f"{name}.json").read_text("utf-8"))
    return found


def read_file(name: str) -> FormReading | None:
    octets = (MAILS / f"{name}.eml").read_bytes()
    expected = expected_of(name)
    domain = DomainVerdict(expected["auth"] if expected is not None else "pass")
    author = reading_of(octets).message.author or ""
    return form_of(octets, RULES, domain=domain, house_agent=author.endswith("@support.example"))


@pytest.mark.parametrize("name", sorted(path.stem for path in MAILS.glob("*.eml")))
def test_a_mail_is_read_as_stands_beside_it(name: str) -> None:
    expected = expected_of(name)
    found = read_file(name)
    if expected is None:
        assert found is None
        return
    assert found is not None
    told = explain_form(found, known_submission=expected["action"] == "update_existing_request")
    assert told is not None
    told |= {
        "reply_to": found.reply_to,
        "attachments": [{"filename": attachment.name, "content_type": attachment.content_type} for attachment in found.attachments],
    }
    unchecked = {"form_id"} if expected.get("form_id") is None else set()
    asked = (set(told) & set(expected)) - unchecked
    assert {key: told[key] for key in asked} == {key: expected[key] for key in asked}


def test_what_crosses_the_pipe_is_read_alike() -> None:
    for path in sorted(MAILS.glob("*.eml")):
        reading = reading_of(path.read_bytes())
        assert wire.decode(wire.encode(reading)) == reading, path.name


def test_every_key_is_there_when_it_is_explained() -> None:
    assert explain_form(None) is None
    assert list(explain_form(read_file("default-2021")) or ()) == [
        "kind", "action", "template", "form_title", "form_id", "submission_id", "org_in_subject", "forwarded_by", "fields", "files",
        "canonical", "problems",
    ]  # fmt: skip


# --- noise -----------------------------------------------------------------------------------------------------------

NOISY_LABELS = st.sampled_from(
    ["{}", "{}:", "{} *", "{} * :", "&nbsp;{}&nbsp;", "<b>{}</b>", "<span>{}</span> <span>*</span>", "{}<!-- x -->", "{}\n "]
)
CASES = st.sampled_from([str, str.upper, str.lower, str.title])
MARKUP = st.sampled_from([
    ("", ""), ("<span>", "</span>"), ("\n   <p class=MsoNormal><span>", "<o:p></o:p></span></p>\n"), ("<div><div>", "</div></div>"),
    ("<font><b>", "</b></font>"), ("<!-- a -->", "<!-- b -->"), ("<script>x()</script>", "<style>p{}</style>"),
])  # fmt: skip
PREFIXES = st.sampled_from(["", "m_7528236957803100486", "m_-12", "x_"])
ENCODINGS = st.sampled_from([
    ("utf-8", "8bit"), ("utf-8", "base64"), ("utf-8", "quoted-printable"), ("iso-8859-1", "quoted-printable"), ("windows-1252", "base64"),
    ("iso-2022-jp", "base64"), ("us-ascii", "7bit"),
])  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    order=st.permutations(ROWS), noise=st.lists(NOISY_LABELS, min_size=5, max_size=5), case=CASES, markup=MARKUP, prefix=PREFIXES,
    encoding=ENCODINGS,
)  # fmt: skip
def test_noise_takes_nothing_from_a_question_table_and_adds_nothing(
    order: list[tuple[str, str]], noise: list[str], case: Any, markup: tuple[str, str], prefix: str, encoding: tuple[str, str]
) -> None:
    rows = [(shape.format(case(label)), value) for shape, (label, value) in zip(noise, order, strict=True)]
    body = question_table(rows, prefix=prefix, before=markup[0], after=markup[1])
    found = form_of(mail(body, charset=encoding[0], encoding=encoding[1]), RULES)
    assert found is not None
    assert dict(found.canonical) == CANONICAL
    assert [row.label.lower() for row in found.fields] == [label.lower() for label, _ in order]
    assert (found.kind, found.action, found.problems) == ("notification", "new_channel_partner", ())
    assert found.submission_id == "7100000000000000001"


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(ROWS[:4]), noise=st.lists(NOISY_LABELS, min_size=4, max_size=4), case=CASES, encoding=ENCODINGS)
def test_noise_takes_nothing_from_a_plain_table(
    order: list[tuple[str, str]], noise: list[str], case: Any, encoding: tuple[str, str]
) -> None:
    rows = [(shape.format(case(label)), value) for shape, (label, value) in zip(noise, order, strict=True)]
    found = form_of(mail(plain_table(rows), charset=encoding[0], encoding=encoding[1]), RULES)
    assert found is not None
    assert dict(found.canonical) == {name: value for name, value in CANONICAL.items() if name != "notes"}


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(ROWS[:4]),
    shape=st.sampled_from(["{}: {}\n", "{} : {}\n", "* {}: {}\n", "*{}:* {}\n", "{}：{}\n", "{}: {}\n\n"]),
    case=CASES,
)
def test_lines_with_a_colon_are_read_however_they_are_written(order: list[tuple[str, str]], shape: str, case: Any) -> None:
    body = "A new entry\n\n" + "".join(shape.format(case(label), value) for label, value in order) + "\nSent by a robot\n"
    found = form_of(mail(body, kind="plain"), RULES)
    assert found is not None
    assert (found.template, dict(found.canonical)) == ("label-colon", {name: value for name, value in CANONICAL.items() if name != "notes"})


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=60), min_size=3, max_size=3
    )
)
def test_an_answer_is_never_read_as_anything_else(values: list[str]) -> None:
    rows = [("Your Email", "mia@dunes.example"), ("Company Name", values[0]), ("New Channel Partner", values[1]), ("Notes", values[2])]
    found = form_of(mail(question_table(rows)), RULES)
    assert found is not None
    assert found.customer_email == "mia@dunes.example"
    assert [row.value for row in found.fields] == [" ".join(value.split()) for _, value in rows]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([
    "<table>", "</table>", "<table id=emailFieldsTable>", "<tr>", "</tr>", "<td>", "<td id=question_4>", "<td colspan=2>", "</td>", "<th>",
    "Your Email", "Company Name", "mia@dunes.example", "Your Name: x", "<br>", "<p>", "\n\n", "<h3>Channel Partner Form</h3>", "<a href=https://x/uploads/1>",
    "<img src=//x>", "---------- Forwarded message ---------\n", "From: a@b.example\nDate: x\nSubject: y\nTo: z\n", "\x00", "|",
]), max_size=40))  # fmt: skip
def test_no_mark_up_breaks_the_reader(pieces: list[str]) -> None:
    for kind in ("html", "plain"):
        reading = reading_of(mail("".join(pieces), kind=kind, subject="Fwd: A New Channel Partner Request for X"))
        assert not any("reader-failed" in defect for defect in reading.message.defects)
        form_of(mail("".join(pieces), kind=kind, subject="Fwd: A New Channel Partner Request for X"), RULES)


# --- marks, trust, drift ------------------------------------------------------------------------------------------------


def test_rows_without_a_mark_of_the_form_are_no_form() -> None:
    assert form_of(mail(plain_table(ROWS), sender="ann@acme.example", subject="My data"), RULES) is None


def test_one_known_label_is_not_enough_outside_of_a_question_table() -> None:
    assert form_of(mail(plain_table(ROWS[:1]), sender="ann@acme.example"), RULES) is None


def test_the_file_decides_whether_a_silent_provider_is_enough() -> None:
    octets = mail(question_table(ROWS))
    for domain in (DomainVerdict.NONE, DomainVerdict.SILENT):
        strict = form_of(octets, RULES, domain=domain)
        assert strict is not None
        assert (strict.action, strict.problems) == ("triage", ("auth:none",))
        mild = form_of(octets, relaxed(), domain=domain)
        assert mild is not None
        assert mild.action == "new_channel_partner"
    failed = form_of(octets, relaxed(), domain=DomainVerdict.FAIL)
    assert failed is not None
    assert failed.action == "quarantine"


def relaxed() -> FormRules:
    return replace(RULES, require_dmarc=False)


def test_a_question_that_was_renamed_keeps_its_field_by_its_number() -> None:
    fields = tuple(replace(field, qid="5") if field.name == "company" else field for field in RULES.fields)
    rows = [*ROWS[:2], ("Who are you with?", "Dune Energy"), *ROWS[3:], ("Favourite colour", "Blue")]
    found = form_of(mail(question_table(rows)), replace(RULES, fields=fields))
    assert found is not None
    assert found.company == "Dune Energy"
    assert (found.drift.renamed, found.drift.unknown) == ((("company", "Who are you with?"),), ("Favourite colour",))


def test_of_two_forms_the_one_with_the_stronger_marks_is_read() -> None:
    other = replace(RULES, name="survey", action="survey", titles=("Survey",), form_ids=("1",), subjects=(re.compile("^Survey"),))
    reading = reading_of(mail(question_table(ROWS)))
    for forms in ([RULES, other], [other, RULES]):
        found = recognise(reading, forms, SENDER)
        assert found is not None
        assert found.rules.name == RULES.name


def test_what_is_fit_for_a_header_is_one_line() -> None:
    rows = [*ROWS[:3], ("New Channel Partner", "Oasis\nBcc: victim@evil.example")]
    found = form_of(mail(question_table(rows)), RULES)
    assert found is not None
    assert found.new_organization == "Oasis Bcc: victim@evil.example"


def test_the_forwarders_words_are_kept_apart_from_the_form() -> None:
    found = read_file("forwarded-gmail-prefixed-ids")
    assert found is not None
    assert found.comment == "Can you pick this one up? Thanks, Priya"
    assert found.customer_email == "dana.whitfield@greenlightsolar.example"


def test_the_mails_and_what_stands_beside_them_are_complete() -> None:
    assert {path.stem for path in MAILS.glob("*.eml")} == {path.stem for path in MAILS.glob("*.json")}


def test_the_signature_of_whoever_forwards_answers_nothing() -> None:
    signature = plain_table([("Phone", "555 0100"), ("Email", "priya.n@support.example")])
    header = "<p>From: Form &lt;noreply@jotform.com&gt;<br>Sent: today<br>To: priya<br>Subject: A New Channel Partner Request for X</p>"
    body = f"<p>Yours</p>{signature}{header}{plain_table([*ROWS, ('Phone', '555 0199')])}"
    found = form_of(mail(body, sender="priya.n@support.example", subject="FW: new"), RULES, house_agent=True)
    assert found is not None
    assert (found.canonical["phone"], found.customer_email) == ("555 0199", "mia@dunes.example")


def test_sections_in_tables_of_their_own_are_one_form() -> None:
    found = form_of(mail(plain_table(ROWS[:1]) + plain_table(ROWS[1:4]) + "<p>More</p>" + plain_table(ROWS[4:])), RULES)
    assert found is not None
    assert [row.label for row in found.fields] == [label for label, _ in ROWS]


def test_a_reply_address_that_is_none_of_the_form_is_named() -> None:
    for value, problems in (
        ("mia@dunes.example", ["reply_to_differs_from_field"]),
        ("eve@evil.example, mia@dunes.example", ["ambiguous:submitter_email"]),
    ):
        rows = [ROWS[0], ("Your Email", value), *ROWS[2:]]
        found = form_of(mail(question_table(rows), fields="Reply-To: eve@evil.example\n"), RULES)
        assert found is not None
        assert list(found.problems) == problems
