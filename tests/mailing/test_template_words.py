"""The words of the shipped mails: literal receipts, one-tap commands, tables, and nothing to be ashamed of when values are empty."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from selectolax.lexbor import LexborHTMLParser

from daemon.mail.plaintext import WIDTH
from daemon.mail.rendering import Rendered, Templates
from daemon.mail.values import Link, one_tap, tappable
from daemon.parsers import ANSWER_MARKER
from daemon.parsers.commands import read_commands
from daemon.parsers.keywords import BY_VERB
from daemon.rules.judge import judge
from daemon.rules.judgement import Context
from daemon.rules.lifecycle import State
from daemon.rules.receipts import done_lines, done_of, full_moment, help_rows, next_line, open_verbs, steps, undo_line, warning_lines
from daemon.rules.refusals import Reader, error_lines, troubles

TEMPLATES = Templates.load((Path(__file__).parents[2] / "templates",))
ADDRESS = "support+abc@support.example"
SIGNATURE = "\n\n-- \nExample Support\nsupport@support.example\n"
HOUSE = {"house_name": "Example Support", "house_address": "support@support.example"}
CASE = {"case_number": "CASE-1001", "case_subject": "Inverter offline at Acme"}
MONDAY = date(2026, 11, 23)

CONFIRMATION = """\
Done for [CASE-1001] Inverter offline at Acme:
 - acknowledged (you had not yet done so)
 - planned resolution: "Replace the gateway"
 - planned resolution date: Friday 4 December 2026
Next: close it on that day if you can, at the latest Monday 7 December 2026, 17:00 (America/New_York).
Wrong date? Send #plan again. What you can do now: #plan  #update  #close  #status  #help"""
ERROR = """\
Nothing was changed in [CASE-1001] Inverter offline at Acme.
 - "#plan 12/01/2026 ship": I cannot tell which day 12/01/2026 is. Please send one of
     #plan 2026-12-01 ship
     #plan 2026-01-12 ship     (in the past)
Your mail is kept with the case, but nobody was mailed about it."""


def context(**known: object) -> Context:
    facts: dict[str, object] = {
        "roles": frozenset({"partner"}), "about": "case", "today": MONDAY, "is_reply": True,
        "is_business_day": lambda day: day.weekday() < 5,
    }  # fmt: skip
    return Context(**(facts | known))  # type: ignore[arg-type]


def rendered(name: str, **values: object) -> Rendered:
    tapped = tappable(values, ADDRESS)  # type: ignore[arg-type]
    assert isinstance(tapped, dict)
    return TEMPLATES.render(name, TEMPLATES.sample_values(name) | HOUSE | tapped)


def links(page: str) -> list[tuple[str, str, str]]:
    """Label, address and body of every link."""
    found = []
    for link in LexborHTMLParser(page).css("a"):
        parts = urlsplit(link.attributes["href"] or "")
        assert parts.scheme == "mailto"
        found.append((link.text(), parts.path, parse_qs(parts.query)["body"][0]))
    return found


def visible(page: str) -> list[str]:
    body = LexborHTMLParser(page).body
    assert body is not None
    return [word for word in body.text(separator="").split() if word != "--"]


# --- the literal receipts ------------------------------------------------------------------------------------------


def test_the_confirmation_is_word_for_word_what_was_promised():
    judgement = judge("#plan next Friday Replace the gateway", context())
    mail = rendered(
        "confirmation",
        **CASE,
        done=done_lines(done_of(judgement)),
        warnings=warning_lines(judgement.warnings, judgement.requests),
        next=next_line("close", full_moment(datetime(2026, 12, 7, 22, tzinfo=UTC), ZoneInfo("America/New_York"))),
        undo=undo_line([request.verb for request in judgement.requests]),
        steps=steps(open_verbs("partner", State.PLANNED)),
    )
    assert mail.text == f"{ANSWER_MARKER}\n\n{CONFIRMATION}{SIGNATURE}"
    assert mail.subject == "Re: Inverter offline at Acme"
    assert links(mail.html) == [
        (label, ADDRESS, body)
        for label, body in (("#plan", "#plan "), ("#update", "#update "), ("#close", "#close"), ("#status", "#status"), ("#help", "#help"))
    ]


def test_the_error_is_word_for_word_what_was_promised():
    judgement = judge("#plan 12/01/2026 ship", context(acknowledged=True))
    errors = error_lines(troubles(judgement.errors, judgement.commands), Reader(role="partner", today=MONDAY, example=date(2026, 11, 24)))
    mail = rendered("error", **CASE, errors=errors, published=False, steps=())
    assert mail.text == f"{ANSWER_MARKER}\n\n{ERROR}{SIGNATURE}"
    assert [body for _, _, body in links(mail.html)] == ["#plan 2026-12-01 ship", "#plan 2026-01-12 ship"]


def test_an_error_offers_the_help_and_says_what_became_of_a_customer_s_words():
    mail = rendered("error", **CASE, errors=(), published=True, steps=steps(["help"]))
    assert mail.text.startswith(f"{ANSWER_MARKER}\n\nNothing was changed in [CASE-1001] Inverter offline at Acme.\n")
    assert "Your words were added to the case all the same.\nWhat you can do now: #help\n" in mail.text
    mail = rendered("error", case_number="", case_subject="", errors=(), published=False, steps=())
    assert "Nothing was changed.\nYour mail is kept, but nobody was mailed about it.\n" in mail.text
    assert mail.subject == "Nothing was changed"


def test_the_review_s_template_is_a_form_to_fill_in():
    judgement = judge("#review", context(roles=frozenset({"agent"})))
    errors = error_lines(troubles(judgement.errors, judgement.commands), Reader(role="agent", today=MONDAY, example=date(2026, 11, 24)))
    mail = rendered("error", **CASE, errors=errors, published=False, steps=())
    assert "     #review\n     Current Status:\n     Pending Action Items:\n     Pending Action Owner:\nYour mail" in mail.text
    ((label, _, body),) = links(mail.html)
    assert label == "#review"
    assert body == "#review\r\nCurrent Status: \r\nPending Action Items: \r\nPending Action Owner:"
    (command,) = read_commands(body).commands
    assert command.verb == "review"


def test_warnings_stand_between_what_was_done_and_what_comes_next():
    mail = rendered("confirmation", **CASE, done=["closed"], warnings=["One.", "Two."], next="rest.", undo="", steps=())
    assert ":\n - closed\nPlease note: One.\nPlease note: Two.\nNext: rest.\n" in mail.text


# --- one tap -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEMPLATES.names)
def test_every_one_tap_link_sends_a_command_that_the_text_part_says_too(name):
    mail = TEMPLATES.render(name, TEMPLATES.sample_values(name))
    for label, address, body in links(mail.html):
        assert address == ADDRESS
        (command,) = read_commands(body).commands
        assert label == body.partition("\r\n")[0].strip()
        assert label in mail.text
        assert command.verb


ASKING = (
    "case-assigned", "case-closed", "case-created", "case-reopened", "closed-hint", "confirmation", "cs-assigned", "cs-changed",
    "cs-done-but-outstanding", "cs-done-confirmation", "cs-outstanding-notice", "error", "help", "hint-acknowledge", "triage",
    "mention", "planned-today-reminder", "question-contract", "sla-breach", "sla-warning", "status", "ticket-list",
)  # fmt: skip


@pytest.mark.parametrize("name", ASKING)
def test_a_mail_that_asks_for_something_offers_it_in_one_tap(name):
    assert links(TEMPLATES.render(name, TEMPLATES.sample_values(name)).html)


def test_a_link_under_other_words_says_in_the_text_part_what_to_send():
    assert Link(label="Close it", address=ADDRESS, body="#close").aside == f' (send "#close" to {ADDRESS})'
    assert Link(label="Write", address=ADDRESS).aside == f" (write to {ADDRESS})"
    assert one_tap("#plan ", ADDRESS).aside == ""
    assert one_tap("#review\nStatus: ", ADDRESS).label == "#review"


def test_tables_with_a_command_get_their_link_however_deep_they_lie():
    made = tappable({"errors": [{"words": "x", "forms": ({"command": "#close", "note": ""},)}], "steps": []}, ADDRESS)
    assert made == {
        "errors": [{"words": "x", "forms": [{"command": "#close", "note": "", "link": one_tap("#close", ADDRESS)}]}],
        "steps": [],
    }


# --- tables --------------------------------------------------------------------------------------------------------

COLUMNS = ["ID", "Entity", "System", "Subject", "Created at", "Last Update", "State"]


def ticket(number: int, **other: str) -> dict[str, str]:
    return {
        "number": f"CASE-{number}", "entity": "Acme Homes", "system": "Roof-7", "subject": "No data", "created_at": "2026-12-01 10:00",
        "last_update": "2026-12-03 18:10", "state": "Ticket Open",
    } | other  # fmt: skip


def test_a_list_has_its_seven_columns_in_both_parts_and_keeps_the_order_of_its_rows():
    mail = rendered("ticket-list", tickets=[ticket(1007), ticket(1001, system="", state="Ticket Closed")])
    assert [cell.text() for cell in LexborHTMLParser(mail.html).css("th")] == COLUMNS
    first, second = (row.css("td") for row in LexborHTMLParser(mail.html).css(".words table tbody tr"))
    assert [cell.text() for cell in first] == list(ticket(1007).values())
    assert [cell.attributes["data-label"] for cell in first] == COLUMNS
    assert [cell.text() for cell in second][2] == ""
    places = [mail.text.index(word) for word in (*COLUMNS, "CASE-1007", "CASE-1001")]
    assert places == sorted(places)


@pytest.mark.parametrize("subject", ["x", "word " * 60, "x" * 500, "| a | b |\n|---|", "", "<b>"])
def test_a_list_is_never_wider_than_72_signs(subject):
    mail = rendered("ticket-list", tickets=[ticket(1001, subject=subject, entity="Hill & Sons Property Management of the West, Ltd.")])
    assert max(map(len, mail.text.split("\n"))) <= WIDTH
    assert re.sub(r"\s", "", subject) in re.sub(r"\s", "", mail.text)
    assert len(LexborHTMLParser(mail.html).css("td[data-label]")) == 7


def test_a_small_table_has_one_line_a_row(tmp_path):
    front = '+++\nsubject = "S"\ndescription = "D"\nvariables = []\n+++\n'
    (tmp_path / "mine.md").write_text(f"{front}| A | Bee |\n|---|---|\n| one | 2 |\n| | three |\n", encoding="utf-8")
    mail = Templates.load((Path(__file__).parents[2] / "templates", tmp_path)).render("mine", HOUSE)
    assert mail.text.startswith("A    Bee\none  2\n     three\n\n-- \n")


@pytest.mark.parametrize("name", ["cs-assigned", "triage"])
def test_an_answer_of_several_lines_keeps_them_in_both_parts(name):
    answers = [{"label": "Financing options", "value": "Concert\nSunlight Basic"}, {"label": "Notes", "value": ""}]
    mail = rendered(name, answers=answers)
    assert "Financing options  Concert\n                   Sunlight Basic\nNotes\n" in mail.text
    cells = [cell.html for cell in LexborHTMLParser(mail.html).css("td[data-label]")]
    assert "Concert<br>\nSunlight Basic" in cells[1]
    long = rendered(name, answers=[*answers, {"label": "Why?", "value": f"{'word ' * 30}\n\nThe end."}])
    assert "\nWhy?               word word" in long.text
    assert f"word\n{' ' * 19}The end.\n" in long.text
    link = rendered(name, answers=[*answers, {"label": "Why?", "value": f"see\nhttps://forms.example/{'x' * 40}"}])
    assert f"\nWhy?\n  see\n  https://forms.example/{'x' * 40}\n" in link.text
    assert max(map(len, (long.text + link.text).split("\n"))) <= WIDTH


def test_no_tickets_are_said_in_words():
    mail = rendered("ticket-list", tickets=[], steps=())
    assert "There are no tickets in your care at the moment." in mail.text
    assert mail.subject == "You have no tickets"


# --- each mail -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEMPLATES.names)
def test_without_any_value_a_mail_still_reads_well(name):
    found = TEMPLATES.find(name)
    assert found is not None
    empty = {
        variable: ([] if isinstance(value, list) else "" if isinstance(value, str) else False) for variable, value in found.sample.items()
    }
    mail = TEMPLATES.render(name, TEMPLATES.sample_values(name) | empty)
    said = [word for word in mail.text.split() if not re.fullmatch(r"--?|\d\.", word)]
    assert said == [word for word in visible(mail.html) if word != "-"]
    assert not re.search(r"\n\n\n|None|False|\{|\(\)", mail.text)
    assert "What you can do now" not in mail.text
    assert "one of these" not in mail.text


@pytest.mark.parametrize("name", TEMPLATES.names)
def test_the_case_number_can_stand_at_the_end_of_every_subject(name):
    subject = TEMPLATES.render(name, TEMPLATES.sample_values(name)).subject
    assert subject
    assert "CASE-" not in subject
    assert subject[-1] not in ".:,"


def test_the_assignment_says_by_when_and_how():
    mail = TEMPLATES.render("case-assigned", TEMPLATES.sample_values("case-assigned") | {"suggestions": []})
    assert "acknowledge it by Tuesday 17 November 2026, 17:00 (America/New_York)." in " ".join(mail.text.split())
    assert [label for label, _, _ in links(mail.html)] == ["#acknowledge", "#plan", "#close"]
    mail = rendered("case-assigned", deadline="", steps=())
    assert "by " not in mail.text.partition("From:")[0]


@pytest.mark.parametrize("kind", ["acknowledge", "plan", "close"])
@pytest.mark.parametrize("name", ["sla-warning", "sla-breach"])
def test_a_promise_s_mail_names_the_step_and_the_deadline(name, kind):
    which = {f"to_{step}": step == kind for step in ("acknowledge", "plan", "close")}
    mail = rendered(name, **which, planned_date="Thursday 19 November 2026")
    said = {"acknowledge": "acknowledged", "plan": "plan", "close": "clos"}[kind]
    assert said in mail.text.partition("\n- ")[0]
    assert "Friday 27 November 2026, 17:00 (America/New_York)" in " ".join(mail.text.split())
    assert ("Thursday 19 November 2026" in " ".join(mail.text.split())) == (kind == "close")


@pytest.mark.parametrize("kind", ["acknowledge", "plan", "close"])
@pytest.mark.parametrize("name", ["sla-warning", "sla-breach", "sla-breach-taken-back"])
def test_a_promise_of_an_installation_s_own_is_called_by_its_label(name, kind):
    which = {f"to_{step}": step == kind for step in ("acknowledge", "plan", "close")}
    mail = rendered(name, **which, promise="a date for the first visit")
    assert ", a date for the first visit: " in mail.subject
    words = " ".join(mail.text.split())
    assert ": a date for the first visit." in words
    assert "Friday 27 November 2026, 17:00 (America/New_York)" in words
    if name != "sla-breach-taken-back":
        met_by = {"acknowledge": "is acknowledged", "plan": "has a plan", "close": "is closed"}[kind]
        assert f"It counts as done when the case {met_by}." in words


def test_the_help_of_each_reader_is_their_own():
    for role in ("customer", "partner", "agent", "config_assignee", "nobody"):
        mail = rendered("help", verbs=help_rows(role, BY_VERB), three_steps=role == "partner", columns=role == "partner")
        assert ("#plan" in mail.text) == (role in ("partner", "agent"))
        assert ("#review" in mail.text) == (role == "agent")
        assert ("three steps" in mail.text) == (role == "partner")
        assert len(links(mail.html)) == len(help_rows(role, BY_VERB))


def test_a_stranger_who_asks_for_access_gets_none_of_their_words_back():
    assert set(TEMPLATES.find("access-request").variables) == {"case_number", "house_address", "house_name"}


def test_comments_in_the_view_keep_their_lines():
    mail = TEMPLATES.render("status", TEMPLATES.sample_values("status"))
    assert "Part arrived, technician booked for tomorrow.\n\nCould you leave the gate open?" in mail.text
    assert mail.text.index("Bob Miller") < mail.text.index("Ann Lee")
