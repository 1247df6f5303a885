"""What is granted to whom in which state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers import quoting
from daemon.parsers.keywords import KEYWORDS, vocabulary
from daemon.parsers.marker import ANSWER_MARKER
from daemon.parsers.phrases import phrasebook
from daemon.rules.judge import judge, open_verbs
from daemon.rules.judgement import Context, Judgement, Question, Undoable
from daemon.rules.lifecycle import State

EXAMPLES = [
    example
    for name in ("reply_examples.json", "reply_cases.json")
    for example in json.loads((Path(__file__).parent.parent / "examples" / name).read_text(encoding="utf-8"))["examples"]
]
HOLIDAYS = (date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1))
STATES = ("new", "acknowledged", "planned", "closed")


def context(role: str = "partner", state: str = "planned", about: str | None = "case", **more: Any) -> Context:
    """The sender's roles, separated by blanks, and the state as the examples spell it."""
    return Context(
        **{
            "roles": frozenset(role.split()), "about": about, "today": date(2026, 11, 23), "is_reply": True,
            "is_business_day": lambda day: day.weekday() < 5 and day not in HOLIDAYS,
            "open": state not in ("closed", "done"), "acknowledged": state in ("acknowledged", "planned"), "planned": state == "planned",
        } | more
    )  # fmt: skip


def told(judgement: Judgement) -> dict[str, Any]:
    return {
        "actions": [request.facts() for request in judgement.requests],
        "comment": judgement.comment,
        "errors": [finding.code for finding in judgement.errors],
        "warnings": [finding.code for finding in judgement.warnings],
        "natural": judgement.natural,
    }


def errors(text: str, known: Context) -> list[str]:
    judgement = judge(text, known)
    assert not (judgement.errors and judgement.requests)
    return [finding.code for finding in judgement.errors]


def requests(text: str, known: Context) -> list[str]:
    judgement = judge(text, known)
    assert not judgement.errors
    return [request.verb for request in judgement.requests]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['id']} {example['title']}")
def test_an_example_is_judged_as_it_says(example: dict[str, Any]) -> None:
    given = example["context"]
    words, _ = quoting.split(example["raw"], None, ANSWER_MARKER, given["sender_name"])
    known = context(
        given["role"], given["state"], given.get("object", "case"), today=date.fromisoformat(given["today"]),
        date_order=given.get("date_order"), is_reply=given.get("is_reply", True),
    )  # fmt: skip
    assert told(judge(words, known)) == example["expect"]


# --- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "about", "state", "line", "code"),
    [
        ("customer", "case", "new", "#plan Friday x", "E-NOT-ALLOWED:plan"),
        ("customer", "case", "new", "#internal x", "E-NOT-ALLOWED:internal"),
        ("customer", "case", "new", "#list", "E-NOT-ALLOWED:list"),
        ("customer", "case", "new", "#case\nx", "E-NOT-ALLOWED:case"),
        ("partner", "case", "new", "#call\nEmail: a@b.example", "E-NOT-ALLOWED:call"),
        ("partner", "case", "planned", "#done", "E-NOT-ALLOWED:done"),
        ("agent", "case", "planned", "#done", "E-NOT-ALLOWED:done"),
        ("agent", "cs", "open", "#close", "E-NOT-ALLOWED:close"),
        ("config_assignee", "cs", "done", "#reopen", "E-NOT-ALLOWED:reopen"),
        ("config_assignee", "cs", "open", "#assign me", "E-NOT-ALLOWED:assign"),
        ("qa_assignee", "case", "planned", "#close", "E-NOT-ALLOWED:close"),
        ("", "case", "planned", "#close", "E-NOT-ALLOWED:close"),
        ("", None, "new", "#status CASE-1001", "E-NOT-ALLOWED:status"),
    ],
)
def test_it_is_not_for_everybody(role: str, about: str | None, state: str, line: str, code: str) -> None:
    assert errors(line, context(role, state, about)) == [code]


@pytest.mark.parametrize(
    ("role", "about", "state", "line", "verb"),
    [
        ("customer", "case", "planned", "#close works", "close"),
        ("customer", "case", "closed", "#reopen", "reopen"),
        ("customer", "case", "closed", "#comment thanks", "comment"),
        ("partner", "case", "closed", "#assign me", "assign"),
        ("agent", "case", "closed", "#review all fine", "review"),
        ("agent", "cs", "done", "#reopen", "reopen"),
        ("qa_assignee", "cs", "open", "#finished", "done"),
        ("config_assignee", "cs", "done", "#outstanding Logo", "outstanding"),
        ("config_assignee", "cs", "done", "#cleared all", "cleared"),
        ("customer agent", "case", "new", "#ack", "acknowledge"),
        ("", None, "new", "#help", "help"),
        ("customer", None, "new", "#status case-1001", "status"),
        ("partner", None, "new", "#list", "list"),
        ("agent", None, "new", "#contact\nFirst Name: A\nLast Name: B\nCompany: C\nEmail: a@c.example", "contact"),
    ],
)
def test_it_is_granted(role: str, about: str | None, state: str, line: str, verb: str) -> None:
    assert requests(line, context(role, state, about)) == [verb]


@pytest.mark.parametrize("line", ["#close", "#comment x", "#status", "#undo", "#assign me"])
def test_without_a_case_there_is_nothing_to_do_it_on(line: str) -> None:
    assert errors(line, context("partner agent", about=None)) == ["E-NO-CASE"]


def test_a_house_may_keep_closing_from_its_customers() -> None:
    assert errors("#close works", context("customer", customer_may_close=False)) == ["E-NOT-ALLOWED:close"]
    assert requests("#close works", context("customer partner", customer_may_close=False)) == ["close"]


# --- in which state ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "line", "code"),
    [
        ("closed", "#ack", "E-STATE:already-closed"),
        ("closed", "#plan Friday x", "E-STATE:already-closed"),
        ("closed", "#plan", "E-STATE:already-closed"),
        ("new", "#reopen", "E-STATE:not-closed"),
    ],
)
def test_a_case_has_its_life(state: str, line: str, code: str) -> None:
    assert errors(line, context("partner", state)) == [code]


@pytest.mark.parametrize(("state", "line", "code"), [("done", "#done", "E-STATE:already-done"), ("open", "#reopen", "E-STATE:not-done")])
def test_a_cs_ticket_has_its_life(state: str, line: str, code: str) -> None:
    assert errors(line, context("agent", state, "cs")) == [code]


def test_later_commands_are_judged_in_the_state_the_earlier_leave() -> None:
    assert requests("#reopen It broke again\n#plan Friday replace it", context("partner", "closed")) == ["reopen", "plan"]
    assert requests("#plan Friday replace it\n#close replaced", context("partner", "new")) == ["plan", "close"]
    assert errors("#close replaced\n#plan Friday replace it", context("partner", "planned")) == ["E-STATE:already-closed"]


def test_acknowledging_again_is_harmless_and_told() -> None:
    judgement = judge("#ack", context("partner", "planned"))
    assert told(judgement) | {"comment": ""} == {
        "actions": [{"verb": "acknowledge"}], "comment": "", "errors": [], "warnings": ["W-ALREADY-ACKNOWLEDGED"], "natural": False
    }  # fmt: skip


@pytest.mark.parametrize("text", ["#close fixed", "Closed", "#plan Friday x"])
def test_an_implied_acknowledgement_is_told(text: str) -> None:
    assert [finding.code for finding in judge(text, context("partner", "new")).warnings] == ["W-IMPLIED-ACKNOWLEDGE"]


@pytest.mark.parametrize("text", ["#ack\n#plan Friday x", "#plan Friday x\n#ack"])
def test_who_acknowledges_in_the_same_mail_is_not_told(text: str) -> None:
    assert not judge(text, context("partner", "new")).warnings


# --- all or nothing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("#clsoe fixed", ["E-UNKNOWN-VERB:clsoe->close"]),
        ("#ack\n#plan 2026-02-30 x", ["E-DATE-INVALID"]),
        ("#plan Friday x\n#plan 2026-11-30 x", ["E-CONFLICT"]),
        ("#close\n#close fixed", ["E-CONFLICT"]),
        ("#assign me\n#queue back-office", ["E-CONFLICT"]),
        ("#close later\n#status", ["E-CONDITIONAL:close"]),
        ("#ack after lunch", ["E-CONDITIONAL:acknowledge"]),
        ("#plan Friday", ["E-TEXT-MISSING"]),
        ("#comment", ["E-TEXT-MISSING"]),
        ("#assign", ["E-ARG-MISSING"]),
        ("#mention somebody", ["E-ARG-MISSING"]),
        ("#info The customer called", ["E-ARG-MISSING"]),
        ("#confirm", ["E-NO-QUESTION"]),
        ("#review x\n#list\n#plan then", ["E-NOT-ALLOWED:review", "E-DATE-MISSING"]),
        ("#plna x\n#close when paid", ["E-UNKNOWN-VERB:plna->plan", "E-CONDITIONAL:close"]),
    ],
)
def test_one_error_and_nothing_is_done(text: str, codes: list[str]) -> None:
    assert errors(text, context("partner")) == codes


def test_exact_repeats_collapse() -> None:
    assert requests("#close\n#close", context()) == ["close"]
    assert requests("#plan Friday x\n#plan 2026-11-27 x", context()) == ["plan"]
    assert requests("#comment a\n#comment b\n#comment a", context()) == ["comment", "comment"]


def test_a_text_below_the_verb_may_begin_like_a_condition() -> None:
    assert requests("#close\nAfter the reset the data came back.", context()) == ["close"]


def test_a_customers_words_are_kept_in_spite_of_an_error() -> None:
    text = "#acknowledge I had the same trouble yesterday\n"
    assert judge(text, context("customer")).kept == text.strip()
    assert judge("#close now", context("customer")).kept == ""
    assert judge("#review x", context("partner")).kept == ""


def test_an_error_says_what_to_send_instead() -> None:
    (ambiguous,) = judge("#plan 12/01/2026 ship\nthe part", context()).errors
    assert ambiguous.forms == ("#plan 2026-12-01 ship", "#plan 2026-01-12 ship")
    assert ambiguous.readings == (date(2026, 12, 1), date(2026, 1, 12))
    (unknown,) = judge("Hi,\n#clsoe fixed", context()).errors
    assert (unknown.line, unknown.quoted, unknown.forms) == (2, "#clsoe fixed", ("#close fixed",))


def test_a_quoted_line_has_at_most_eighty_characters() -> None:
    (finding,) = judge("#close when " + "x" * 500, context()).errors
    assert len(finding.quoted) == 80


@pytest.mark.parametrize(("count", "codes"), [(1000, []), (1001, ["E-TOO-LONG:1001"])])
def test_a_review_has_at_most_a_thousand_characters_as_people_count(count: int, codes: list[str]) -> None:
    assert errors("#review " + "e\u0301" * count, context("agent")) == codes


# --- questions, undo, natural replies ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verb"), [("#confirm", "confirm"), ("#yes", "confirm"), ("Yes please", "confirm"), ("No thanks", "decline")]
)
def test_the_one_asked_answers_a_question(text: str, verb: str) -> None:
    assert requests(text, context("agent", question=Question(kind="contract", asked_sender=True))) == [verb]


def test_nobody_else_answers_it() -> None:
    known = context("agent", question=Question(kind="contract", asked_sender=False))
    assert errors("#confirm", known) == ["E-NOT-ALLOWED:confirm"]
    assert not judge("Yes", known).natural


def test_a_question_is_not_answered_with_a_condition_or_both_ways() -> None:
    known = context("agent", question=Question(kind="contract", asked_sender=True))
    assert errors("#confirm if she agrees", known) == ["E-CONDITIONAL:confirm"]
    assert errors("#confirm\n#decline", known) == ["E-CONFLICT"]


@pytest.mark.parametrize(
    ("undoable", "codes"),
    [
        (None, ["E-STATE:nothing-to-undo"]),
        (Undoable(verb="close", given_by_sender=True, within_day=True), []),
        (Undoable(verb="close", given_by_sender=True, within_day=False), ["E-STATE:too-late"]),
        (Undoable(verb="close", given_by_sender=False, within_day=True), ["E-NOT-ALLOWED:undo"]),
    ],
)
def test_undo_is_for_who_gave_the_command_and_for_a_day(undoable: Undoable | None, codes: list[str]) -> None:
    assert errors("#undo", context("customer", "closed", undoable=undoable)) == codes


@pytest.mark.parametrize(
    ("role", "state", "about", "text", "verb"),
    [
        ("partner", "new", "case", "Acknowledged", "acknowledge"),
        ("agent", "planned", "case", "resolved", "close"),
        ("partner", "planned", "case", "all done", "close"),
        ("qa_assignee", "open", "cs", "finished", "done"),
        ("partner", "closed", "case", "please reopen", "reopen"),
    ],
)
def test_a_phrase_is_a_step_where_it_can_be(role: str, state: str, about: str, text: str, verb: str) -> None:
    judgement = judge(text, context(role, state, about))
    assert ([request.verb for request in judgement.requests], judgement.natural, judgement.comment) == ([verb], True, "")


@pytest.mark.parametrize(
    ("role", "state", "about", "text"),
    [
        ("customer", "new", "case", "Acknowledged"),
        ("customer", "planned", "case", "Closed"),
        ("partner", "planned", "case", "Acknowledged"),
        ("partner", "acknowledged", "case", "Done"),
        ("partner", "closed", "case", "Closed"),
        ("partner", "planned", "case", "reopen"),
        ("partner", "open", "cs", "Done"),
        ("config_assignee", "open", "cs", "Closed"),
        ("config_assignee", "planned", "case", "Done"),
        ("", "closed", "case", "reopen"),
    ],
)
def test_elsewhere_it_is_a_comment(role: str, state: str, about: str, text: str) -> None:
    judgement = judge(text, context(role, state, about))
    assert (judgement.requests, judgement.natural, judgement.comment, judgement.is_command) == ((), False, text, False)


def test_words_of_an_installation_and_a_language_count() -> None:
    assert [r.verb for r in judge("#zu alles gut", context(), vocabulary({"close": ["zu"]})).requests] == ["close"]
    assert judge("Erledigt, danke", context(), phrasebook=phrasebook(("de",))).natural


# --- what the requests carry ---------------------------------------------------------------------------------------


def test_lines_of_outstanding_are_items() -> None:
    (request,) = judge("#outstanding\n- Logo missing\n\n2. Lender code", context("agent", "open", "cs")).requests
    assert request.items == ("Logo missing", "Lender code")


@pytest.mark.parametrize(("arg", "items"), [("1", ("1",)), ("1,3", ("1", "3")), ("#1 and 3", ("1", "3")), ("all", ()), ("All!", ())])
def test_cleared_takes_numbers_or_all(arg: str, items: tuple[str, ...]) -> None:
    (request,) = judge(f"#cleared {arg}", context("agent", "open", "cs")).requests
    assert request.items == items


@pytest.mark.parametrize("arg", ["soon", "the logo", "1 logo"])
def test_cleared_takes_nothing_else(arg: str) -> None:
    assert errors(f"#cleared {arg}", context("agent", "open", "cs")) == ["E-ARG-MISSING"]


def test_a_case_is_asked_for_with_its_labels() -> None:
    (request,) = judge("#case\ntype: reseller\ncontact: ann.lee@acme.example\nOffline.", context("agent", about=None)).requests
    assert dict(request.fields) == {"type": "reseller", "contact": "ann.lee@acme.example"}
    assert request.facts() == {"verb": "case", "text": "Offline."}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("#case\ntype: installer\norg: HW Solar\nCommission missing", ["E-TEXT-MISSING:contact"]),
        ("#case\ntype: strange\nx", ["E-ARG-MISSING:type"]),
        ("#contact\nFirst Name: Joe\nCompany: A", ["E-TEXT-MISSING:last name", "E-TEXT-MISSING:email"]),
        ("#call\nhe rang", ["E-NO-ACCOUNT"]),
        ("#case\ntype: support\na\n#case\ntype: support\nb", ["E-CONFLICT"]),
    ],
)
def test_a_block_says_what_it_lacks(text: str, codes: list[str]) -> None:
    assert errors(text, context("agent", about=None)) == codes


def test_a_review_names_people() -> None:
    (request,) = judge("#review Pending Action Owner: @hector", context("agent")).requests
    assert request.mentions == ("hector",)


def test_a_plain_text_of_the_staff_that_begins_with_a_handle_is_internal() -> None:
    judgement = judge("@marta can you call the installer?", context("agent"))
    assert (judgement.is_internal_post, judgement.mentions) == (True, ("marta",))
    assert not judge("Installer called. @marta fyi", context("agent")).is_internal_post
    assert not judge("@marta please help", context("customer")).is_internal_post


def test_the_open_verbs_are_those_that_would_be_granted() -> None:
    assert {"plan", "comment", "close", "status", "help"} <= set(open_verbs(context("partner")))
    assert not {"acknowledge", "reopen", "review", "undo", "confirm", "done"} & set(open_verbs(context("partner")))
    assert open_verbs(context("customer", "closed")) == ("comment", "reopen", "help", "status")
    assert open_verbs(context("", about=None)) == ("help",)


def test_the_state_is_that_of_what_the_mail_is_about() -> None:
    assert context(about=None).state is State.NOTHING
    assert context(state="done", about="cs").state is State.CS_DONE
    assert context(state="acknowledged").state is State.ACKNOWLEDGED


# --- laws ----------------------------------------------------------------------------------------------------------

ROLES = st.frozensets(st.sampled_from(("customer", "partner", "agent", "config_assignee", "qa_assignee")))
CONTEXTS = st.builds(
    lambda roles, about, state, asked, reply: replace(
        context("", state, about), roles=roles, is_reply=reply, question=None if asked is None else Question(kind="q", asked_sender=asked)
    ),
    ROLES, st.sampled_from(("case", "cs", None)), st.sampled_from((*STATES, "open", "done")),
    st.sampled_from((None, True, False)), st.booleans(),
)  # fmt: skip
WORDS = [word for keyword in KEYWORDS for word in (keyword.verb, *keyword.aliases)]
LINES = st.one_of(
    st.builds(lambda sign, word, rest: f"{sign}{word}{rest}", st.sampled_from("#!/"), st.sampled_from(WORDS),
              st.sampled_from(("", " fixed", " Friday replace it", " not yet", " @cara", " 2026-02-30 x", " all", ": type: homeowner"))),
    st.sampled_from(("", "Hi team,", "All is well.", "Done", "#cloze", "#end", "Contact: ann", "we saw it @marta")),
)  # fmt: skip
MAILS = st.lists(LINES, max_size=8).map("\n".join)


@given(st.one_of(st.text(), MAILS), CONTEXTS)
def test_any_text_is_judged_and_an_error_leaves_no_request(text: str, known: Context) -> None:
    judgement = judge(text, known)
    assert not (judgement.errors and judgement.requests)
    assert all(finding.code.startswith("E-") for finding in judgement.errors)
    assert all(finding.code.startswith("W-") for finding in judgement.warnings)
    assert judge(text, known) == judgement


@given(st.lists(LINES, max_size=5), CONTEXTS)
def test_saying_a_mail_twice_grants_nothing_more(lines: list[str], known: Context) -> None:
    text = "\n".join((*lines, "#end"))
    once, twice = judge(text, known), judge(f"{text}\n{text}", known)
    if not once.natural and not once.errors and not twice.errors:
        assert [request.facts() for request in twice.requests] == [request.facts() for request in once.requests]


@given(st.lists(LINES, max_size=8), CONTEXTS)
def test_a_quoted_mail_commands_nothing(lines: list[str], known: Context) -> None:
    quoted = "Thank you.\n\n" + "\n".join(f"> {line}" for line in lines)
    words, _ = quoting.split(quoted, None, ANSWER_MARKER, "Bob Miller")
    judgement = judge(words, known)
    assert (judgement.requests, judgement.errors, judgement.commands) == ((), (), ())


@given(st.sampled_from(WORDS), st.sampled_from("#!/"), st.sampled_from(("You can reply ", "a", "see ", "> ")), CONTEXTS)
def test_a_verb_inside_a_sentence_commands_nothing(word: str, sign: str, before: str, known: Context) -> None:
    judgement = judge(f"{before}{sign}{word} when you are done", known)
    assert (judgement.requests, judgement.errors, judgement.commands) == ((), (), ())


@given(MAILS, CONTEXTS)
def test_a_signature_changes_nothing(text: str, known: Context) -> None:
    plain, _ = quoting.split(text + "\nThat is all.", None, ANSWER_MARKER, "Bob Miller")
    signed, _ = quoting.split(text + "\nThat is all.\n-- \nBob Miller\n#close deals faster", None, ANSWER_MARKER, "Bob Miller")
    assert told(judge(signed, known)) == told(judge(plain, known))


@given(MAILS, CONTEXTS)
def test_who_has_no_role_is_granted_nothing_but_help(text: str, known: Context) -> None:
    judgement = judge(text, replace(known, roles=frozenset(), question=None))
    assert {request.verb for request in judgement.requests} <= {"help"}
