"""The words of receipts: what was done, what comes next, how to take it back, what can be done now."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.commands import read_commands
from daemon.parsers.keywords import BY_VERB, KEYWORDS
from daemon.rules.judge import judge
from daemon.rules.judgement import Context, Finding, Request
from daemon.rules.lifecycle import State
from daemon.rules.receipts import (
    KEPT,
    VERBS,
    WARNINGS,
    Done,
    done_lines,
    done_of,
    full_date,
    full_moment,
    help_rows,
    next_line,
    open_verbs,
    short_moment,
    shortened,
    shown,
    steps,
    ticket_state,
    undo_line,
    warning_lines,
)

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 11, 23)
FRIDAY = date(2026, 12, 4)
ROLES = ("customer", "partner", "agent", "config_assignee", "qa_assignee")


def partner(**known: object) -> Context:
    facts: dict[str, object] = {
        "roles": frozenset({"partner"}), "about": "case", "today": MONDAY, "is_reply": True,
        "is_business_day": lambda day: day.weekday() < 5,
    }  # fmt: skip
    return Context(**(facts | known))  # type: ignore[arg-type]


def test_a_date_is_written_in_full():
    assert full_date(FRIDAY) == "Friday 4 December 2026"


def test_a_time_is_that_of_the_reader_s_wall_clock():
    at = datetime(2026, 12, 7, 22, tzinfo=UTC)
    assert full_moment(at, NEW_YORK) == "Monday 7 December 2026, 17:00 (America/New_York)"
    assert full_moment(at, ZoneInfo("Asia/Tokyo")) == "Tuesday 8 December 2026, 07:00 (Asia/Tokyo)"
    assert short_moment(at, NEW_YORK) == "2026-12-07 17:00"


def test_the_literal_confirmation_is_made_of_these_words():
    judgement = judge("#plan next Friday Replace the gateway", partner())
    assert done_lines(done_of(judgement)) == (
        "acknowledged (you had not yet done so)",
        'planned resolution: "Replace the gateway"',
        "planned resolution date: Friday 4 December 2026",
    )
    assert warning_lines(judgement.warnings, judgement.requests) == ()
    by = full_moment(datetime(2026, 12, 7, 22, tzinfo=UTC), NEW_YORK)
    assert next_line("close", by) == "close it on that day if you can, at the latest Monday 7 December 2026, 17:00 (America/New_York)."
    assert undo_line(["plan"]) == "Wrong date? Send #plan again."
    assert [shown(verb) for verb in open_verbs("partner", State.PLANNED)] == ["#plan", "#update", "#close", "#status", "#help"]


def test_the_plain_comment_is_told_last_and_who_hears_it():
    judgement = judge("Part arrived.\n\n#close Replaced the gateway\n#end\nThank you, Ann!", partner(acknowledged=True, planned=True))
    assert done_lines(done_of(judgement, told="Ann Lee")) == (
        'closed: "Replaced the gateway"',
        "your words were added and sent to Ann Lee",
    )


def test_a_natural_step_is_told_like_a_command():
    assert done_lines(done_of(judge("Acknowledged", partner()))) == ("acknowledged",)
    assert done_lines(done_of(judge("Closed", partner(acknowledged=True)))) == ("closed",)
    assert done_lines(done_of(judge("Closed", partner()))) == ("acknowledged (you had not yet done so)", "closed")


def test_each_outstanding_item_has_its_line():
    judgement = judge("#outstanding\nLogo missing\nLender code", partner(about="cs", roles=frozenset({"config_assignee"})))
    assert done_lines(done_of(judgement)) == ("outstanding: Logo missing", "outstanding: Lender code")
    assert done_lines([Done(verb="outstanding", text="Logo missing", number=1)]) == ("outstanding 1: Logo missing",)


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (Done(verb="assign", who="back-office"), "given to back-office"),
        (Done(verb="review", text="x" * 999), "review logged, 999 characters"),
        (Done(verb="contact", text="Ana Lima", who="ana@x.example"), "new contact: Ana Lima, ana@x.example"),
        (Done(verb="undo", text="close"), "taken back: close"),
        (Done(verb="mention", who="Marta Silva"), "mailed to Marta Silva; the customer does not see it"),
        (Done(verb="comment"), "your words were added"),
        (Done(verb="close", text="one\ntwo {three}"), 'closed: "one two {three}"'),
    ],
)
def test_what_was_done_is_one_line(done, line):
    assert done_lines([done]) == (line,)


@given(st.text())
def test_whatever_the_words_are_a_line_stays_one_line(text):
    (line,) = done_lines([Done(verb="internal", text=text)])
    assert "\n" not in line
    (line,) = done_lines([Done(verb="close", text=text or "x")])
    assert len(line.splitlines()) == 1
    assert len(shortened(text, KEPT)) <= KEPT


def test_every_verb_is_explained_and_every_confirmed_one_has_its_line():
    assert set(VERBS) == set(BY_VERB)
    assert {keyword.verb for keyword in KEYWORDS if keyword.receipt.startswith("done-") and not VERBS[keyword.verb].done} == set()


def test_every_warning_has_words():
    assert set(WARNINGS) == {"W-ALREADY-ACKNOWLEDGED", "W-IMPLIED-ACKNOWLEDGE", "W-DATE-NOT-BUSINESS-DAY", "W-NEAR-MISS"}
    near = Finding(name="W-NEAR-MISS", detail="cloze->close", verb="close", line=2, quoted="#cloze")
    again = Finding(name="W-ALREADY-ACKNOWLEDGED", verb="acknowledge", line=1)
    closed_day = Finding(name="W-DATE-NOT-BUSINESS-DAY", verb="plan", line=3)
    requests = (Request(verb="plan", line=3, date=date(2026, 12, 25), text="ship"),)
    assert warning_lines(
        (again, near, closed_day),
        requests,
        acknowledged="Monday 16 November 2026, 14:10 (America/New_York)",
        closed=lambda _: "Christmas Day",
    ) == (
        "It had been acknowledged before on Monday 16 November 2026, 14:10 (America/New_York); the first time is kept.",
        '"#cloze" was read as text. If you meant #close, send it in a mail of its own.',
        "Friday 25 December 2026 is not a business day (Christmas Day).",
    )
    assert warning_lines((again, closed_day)) == (
        "It had been acknowledged before; the first time is kept.",
        "That date is not a business day.",
    )


@pytest.mark.parametrize("step", ["acknowledge", "plan", "close", "done", "confirm"])
def test_what_comes_next_says_by_when(step):
    assert "Friday 4 December 2026" in next_line(step, full_date(FRIDAY))


def test_the_planned_day_is_named_where_it_was_not():
    assert next_line("close", "Monday", day=FRIDAY) == "close it on Friday 4 December 2026 if you can, at the latest Monday."
    assert next_line("reopen", "Monday") == ""


def test_somebody_else_s_promise_is_told_as_theirs():
    assert next_line("acknowledge", "Monday", theirs=True) == "it is to be acknowledged by Monday."
    assert next_line("close", "Monday", day=FRIDAY, theirs=True) == "it is to be closed on Friday 4 December 2026, at the latest Monday."
    assert next_line("confirm", "Monday", theirs=True) == next_line("confirm", "Monday")


def test_the_last_step_is_the_one_to_take_back():
    assert undo_line(["plan", "close"]) == "Not solved after all? Send #reopen."
    assert undo_line(["close", "comment"]) == "Not solved after all? Send #reopen."
    assert undo_line(["comment"]) == ""


@pytest.mark.parametrize(
    ("role", "state", "verbs"),
    [
        ("customer", State.OPEN, ("comment", "close", "status", "help")),
        ("customer", State.CLOSED, ("comment", "reopen", "status", "help")),
        ("partner", State.OPEN, ("acknowledge", "plan", "comment", "close", "status", "help")),
        ("partner", State.ACKNOWLEDGED, ("plan", "comment", "close", "status", "help")),
        ("partner", State.CLOSED, ("comment", "reopen", "status", "help")),
        ("partner", State.NOTHING, ("case", "list", "help")),
        ("agent", State.PLANNED, ("plan", "comment", "close", "review", "status", "help")),
        ("config_assignee", State.CS_OPEN, ("done", "outstanding", "cleared", "comment", "status", "help")),
        ("config_assignee", State.CS_DONE, ("outstanding", "cleared", "comment", "status", "help")),
        ("nobody", State.OPEN, ("help",)),
    ],
)
def test_a_mail_offers_what_this_reader_can_do_now(role, state, verbs):
    assert open_verbs(role, state) == verbs


def test_a_question_is_offered_to_whom_it_was_put():
    assert open_verbs("agent", State.NOTHING, question=True)[:2] == ("confirm", "decline")
    assert "confirm" not in open_verbs("agent", State.OPEN)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", [state for state in State if state is not State.AS_BEFORE])
def test_what_is_offered_is_a_command_that_is_read_back(role, state):
    for verb, row in zip(open_verbs(role, state), steps(open_verbs(role, state)), strict=True):
        (command,) = read_commands(row["command"]).commands
        assert command.verb == verb
        (command,) = read_commands(f"{row['command']} {row['form']}").commands
        assert command.verb == verb
        assert row["meaning"]


def test_a_reader_is_only_told_of_verbs_that_are_theirs():
    told = {role: [read_commands(row["command"]).commands[0].verb for row in help_rows(role, BY_VERB)] for role in ROLES}
    assert told["customer"] == ["comment", "close", "reopen", "help", "status", "undo"]
    assert {"acknowledge", "plan", "list", "case", "contact"} <= set(told["partner"])
    assert not {"review", "done", "call"} & set(told["partner"])
    assert {"review", "call", "done"} <= set(told["agent"])
    assert {"done", "outstanding", "cleared"} <= set(told["config_assignee"])
    assert [read_commands(row["command"]).commands[0].verb for row in help_rows("nobody", BY_VERB)] == ["help"]


def test_a_state_is_said_as_people_know_it():
    assert (ticket_state(is_open=True), ticket_state(is_open=False)) == ("Ticket Open", "Ticket Closed")
