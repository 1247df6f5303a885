"""The words of errors: the offending line, what is wrong, and what to send instead."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.commands import read_commands
from daemon.parsers.keywords import BY_VERB
from daemon.rules.judge import judge
from daemon.rules.judgement import Context, Finding, Question
from daemon.rules.refusals import ERRORS, Reader, Trouble, error_lines, troubles

MONDAY = date(2026, 11, 23)
READER = Reader(role="partner", today=MONDAY, example=date(2026, 11, 24))
CODES = (
    "E-UNKNOWN-VERB", "E-NOT-ALLOWED", "E-NO-CASE", "E-AMBIGUOUS-CASE", "E-STATE", "E-CONFLICT", "E-CONDITIONAL", "E-TEXT-MISSING",
    "E-ARG-MISSING", "E-TOO-LONG", "E-DATE-MISSING", "E-DATE-INVALID", "E-DATE-AMBIGUOUS", "E-DATE-PAST", "E-DATE-FAR", "E-UNKNOWN-PERSON",
    "E-AMBIGUOUS-PERSON", "E-UNKNOWN-ORG", "E-NO-CONTRACT", "E-NO-QUESTION", "E-NO-ACCOUNT",
)  # fmt: skip


def told(text: str, role: str = "partner", **known: object) -> tuple[tuple[str, tuple[tuple[object, object], ...]], ...]:
    """What a mail with these words is told: each sentence with its forms and their notes."""
    facts: dict[str, object] = {
        "roles": frozenset({role}), "about": "case", "today": MONDAY, "is_business_day": lambda day: day.weekday() < 5, "is_reply": True,
        "acknowledged": True,
    }  # fmt: skip
    judgement = judge(text, Context(**(facts | known)))  # type: ignore[arg-type]
    assert judgement.errors
    reader = Reader(role=role, today=MONDAY, example=date(2026, 11, 24))
    lines = error_lines(troubles(judgement.errors, judgement.commands), reader)
    return tuple((str(line["words"]), tuple((form["command"], form["note"]) for form in line["forms"])) for line in lines)  # type: ignore[index]


def test_both_readings_of_a_date_are_offered_and_the_past_one_is_marked():
    assert told("#plan 12/01/2026 ship") == (
        (
            '"#plan 12/01/2026 ship": I cannot tell which day 12/01/2026 is. Please send one of',
            (("#plan 2026-12-01 ship", ""), ("#plan 2026-01-12 ship", "in the past")),
        ),
    )


def test_a_form_holds_all_the_words_of_the_plan():
    ((_, forms),) = told("#plan 12/01/2026 Replace the gateway,\nthen re-pair the sensors.")
    assert forms[0][0] == "#plan 2026-12-01 Replace the gateway,\nthen re-pair the sensors."
    ((_, forms),) = told("#plan 12/01/2026 " + "very long " * 100)
    assert forms[0][0] == "#plan 2026-12-01 (your words)"


@pytest.mark.parametrize(
    ("text", "words", "forms"),
    [
        ("#clsoe fixed", '"#clsoe fixed": I don\'t know #clsoe. Did you mean #close?', ["#close fixed"]),
        (
            "#close not yet, waiting for the part",
            '"#close not yet, waiting for the part": commands are carried out at once, never later. Please tell it now, '
            "or send the command when it is time:",
            ["#update not yet, waiting for the part", "#close"],
        ),
        (
            "#plan 2026-02-30 x",
            '"#plan 2026-02-30 x": there is no such day as 2026-02-30. Please send, for example',
            ["#plan 2026-11-24 x"],
        ),
        (
            "#plan we will look into it",
            '"#plan we will look into it": I can\'t find a date. Please put it first, for example',
            ["#plan 2026-11-24 we will look into it"],
        ),
        (
            "#plan 2026-11-20 ship the part",
            '"#plan 2026-11-20 ship the part": Friday 20 November 2026 is in the past. Please send a day to come, for example',
            ["#plan 2026-11-24 ship the part"],
        ),
        (
            "#plan 2031-11-20 ship",
            '"#plan 2031-11-20 ship": Thursday 20 November 2031 is more than a year ahead. Please send a nearer day, for example',
            ["#plan 2026-11-24 ship"],
        ),
        (
            "#plan Friday",
            '"#plan Friday": #plan needs a date and what you will do:',
            ["#plan Friday what you will do"],
        ),
        ("#review all fine", '"#review all fine": only our own agents can use #review.', []),
        ("#update", '"#update": #update needs words behind it:', ["#update your words"]),
        ("#assign", '"#assign": #assign needs to know to whom: me, an address, a handle or a queue.', ["#assign me"]),
        ("#reopen", '"#reopen": the case is open, so there is nothing to reopen.', []),
        ("#undo", '"#undo": there is nothing of yours to take back.', []),
        ("#confirm", '"#confirm": no question of ours waits for your answer.', []),
    ],
)  # fmt: skip
def test_an_error_quotes_the_line_and_says_what_to_send(text, words, forms):
    ((said, offered),) = told(text)
    assert said == words
    assert [command for command, _ in offered] == forms


def test_an_empty_review_gets_its_template():
    ((_, forms),) = told("#review", role="agent")
    assert forms == (("#review\nCurrent Status: \nPending Action Items: \nPending Action Owner:", ""),)


def test_a_text_that_is_too_long_gets_its_count():
    ((words, forms),) = told("#review " + "é" * 1001, role="agent")
    assert words.endswith('…": these are 1001 characters, and at most 1000 can be kept. Please shorten it by 1.')
    assert len(words.partition('": ')[0]) == 81
    assert forms == ()


def test_commands_that_contradict_each_other_are_named():
    assert told("#close fixed\n#reopen")[0][0].endswith("#close and #reopen contradict each other. Please send only one of them.")
    assert told("#plan Friday a\n#plan Monday b")[0][0].endswith("two different #plan contradict each other. Please send only one of them.")


def test_all_missing_labels_are_one_sentence_and_one_form():
    ((words, forms),) = told("#contact\nFirst Name: Joe\nDepartment: IT", role="agent")
    assert words == '"#contact": still needed: Last Name, Company and Email. Please send'
    assert forms == (("#contact\nLast Name: \nCompany: \nEmail: \nFirst Name: Joe\nDepartment: IT", ""),)


def test_an_installer_s_case_needs_its_contact():
    ((words, forms),) = told("#case\ntype: installer\norg: HW Solar\nCommission missing", role="agent", about=None)
    assert words == '"#case": contact: an installer case under an account needs its installer contact. Please send'
    assert forms == (("#case\nContact: \ntype: installer\norg: HW Solar\nCommission missing", ""),)
    ((words, _),) = told("#case\ntype: homeowner\nPanel leak", role="agent", about=None)
    assert words == '"#case": contact: a homeowner case needs its contact. Please send'


def test_each_person_or_contract_that_may_be_meant_is_a_form_of_its_own():
    finding = Finding(name="E-AMBIGUOUS-PERSON", verb="assign", line=1, quoted="#assign Cara Ruiz")
    (line,) = error_lines([Trouble(finding=finding, said="Cara Ruiz", choices=("cara@x.example", "cara2@x.example"))], READER)
    assert line["words"] == '"#assign Cara Ruiz": Cara Ruiz could be more than one person. Please send one of'
    assert [form["command"] for form in line["forms"]] == ["#assign cara@x.example", "#assign cara2@x.example"]
    finding = Finding(name="E-NO-CONTRACT", verb="case", line=1, quoted="#case")
    choices = ("HC-1 (Active)", "HC-2 (Cancelled)", "HC-3 (Active)")
    (line,) = error_lines([Trouble(finding=finding, argument="Contract: HC-9\nPanel leak", said="HC-9", choices=choices)], READER)
    assert [form["command"] for form in line["forms"]] == [f"#case\nContract: HC-{number}\nPanel leak" for number in (1, 3)]


def test_a_customer_is_not_asked_to_send_words_again_that_are_with_the_case_already():
    (line,) = told("#close not yet", role="customer")
    assert [command for command, _ in line[1]] == ["#close"]


def test_what_was_said_of_a_missing_label_is_not_said_twice():
    finding = Finding(name="E-TEXT-MISSING", verb="contact", line=1, quoted="#contact")
    (line,) = error_lines([Trouble(finding=finding, argument="First Name: Joe\nEmail: joe at acme", choices=("email",))], READER)
    assert [form["command"] for form in line["forms"]] == ["#contact\nEmail: \nFirst Name: Joe"]


def test_a_person_who_is_not_known_can_be_added_in_one_go():
    finding = Finding(name="E-UNKNOWN-PERSON", verb="case", line=1, quoted="#case")
    argument = "Contact: joe@acme.example\nDo sandboxes work?"
    (line,) = error_lines([Trouble(finding=finding, argument=argument, said="joe@acme.example")], READER)
    assert line["words"] == '"#case": joe@acme.example is not known. Add First Name, Last Name, Company and Email.'
    assert line["forms"] == [
        {
            "command": f"#case\nFirst Name: \nLast Name: \nCompany: \nEmail: joe@acme.example\n{argument}",
            "more": [
                "First Name: ",
                "Last Name: ",
                "Company: ",
                "Email: joe@acme.example",
                "Contact: joe@acme.example",
                "Do sandboxes work?",
            ],
            "note": "",
        }
    ]
    labels = ("Account", "First Name", "Last Name", "Email")
    (line,) = error_lines([Trouble(finding=finding, said="new@home.example", choices=labels)], READER)
    assert line["words"] == '"#case": new@home.example is not known. Add Account, First Name, Last Name and Email.'
    other = Finding(name="E-UNKNOWN-PERSON", verb="assign", quoted="#assign mart")
    (line,) = error_lines([Trouble(finding=other, said="mart", choices=("marta",))], READER)
    assert line["words"] == '"#assign mart": nobody here is known as mart. Did you mean marta?'


def test_an_organization_must_exist_and_a_homeowner_needs_a_contract():
    (org, contract) = error_lines(
        [
            Trouble(finding=Finding(name="E-UNKNOWN-ORG", verb="case", quoted="#case"), said="Nowhere Inc"),
            Trouble(finding=Finding(name="E-NO-CONTRACT", verb="case"), choices=("HC-1 (Cancelled)", "HC-2 (Cancelled)")),
        ],
        READER,
    )
    assert "no organization is called Nowhere Inc. The Company should already exist" in str(org["words"])
    assert (
        contract["words"] == "A homeowner's case needs a contract, and none is active here. There are: HC-1 (Cancelled), HC-2 (Cancelled)."
    )


def test_who_may_is_told_to_who_may_not():
    assert told("#ack", role="customer")[0][0] == '"#ack": only the partner and our own agents can use #acknowledge.'
    assert told("#list", role="customer")[0][0] == '"#list": only the partner and our own agents can use #list.'
    assert told("#done")[0][0] == '"#done": only those who configure and our own agents can use #done.'
    question = Question(kind="contract", asked_sender=False)
    assert told("#confirm", question=question)[0][0] == '"#confirm": only whoever was asked can use #confirm.'
    assert told("#done", role="agent")[0][0] == '"#done": #done can\'t be used here.'


def test_every_code_has_words():
    assert {re.split("[:/]", key)[0] for key in ERRORS} == set(CODES)
    for code in CODES:
        for verb in ("", *BY_VERB):
            finding = Finding(name=code, verb=verb, quoted=f"#{verb or 'x'} y", readings=(MONDAY, MONDAY - timedelta(days=1)))
            (line,) = error_lines([Trouble(finding=finding, argument="y", said="it")], READER)
            assert re.fullmatch(r'"#[a-z]+ y": .+[^ ]', str(line["words"]))
            assert "{" not in "".join([str(line["words"]), *(str(form["command"]) for form in line["forms"])])  # type: ignore[index]


def test_what_is_offered_is_a_command_that_is_read_back():
    for key in ERRORS:
        name, _, verb = key.partition("/")
        name, _, detail = name.partition(":")
        finding = Finding(name=name, detail=detail, verb=verb or "case", quoted="#x", readings=(MONDAY,))
        (line,) = error_lines([Trouble(finding=finding, argument="words", said="it")], READER)
        for form in line["forms"]:
            assert isinstance(form, dict)
            assert read_commands(str(form["command"])).commands, form


@given(st.text(max_size=200), st.sampled_from(CODES), st.sampled_from(("", *BY_VERB)), st.text(max_size=20))
def test_hostile_words_are_only_quoted(text, code, verb, detail):
    finding = Finding(name=code, detail=detail, verb=verb, quoted=text)
    (line,) = error_lines([Trouble(finding=finding, argument=text, said=text)], READER)
    assert line["words"]


def test_the_mail_itself_is_never_sent_back():
    secret = "x" * 79 + "SECRET"
    finding = Finding(name="E-STATE", detail="already-closed", verb="close", quoted=secret)
    (line,) = error_lines([Trouble(finding=finding, argument=secret)], READER)
    assert "SECRET" not in str(line)
