"""What `explain` prints for people: the words around a decision, for a mail that was done and for one that would be."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.explanation import DETAILS, GATE_WORDS, GRADES, LOOKED_UP, PROOFS, print_explanation
from daemon.model import DomainVerdict, Grade
from daemon.reasons import Reason
from daemon.rules.decide import GATES
from daemon.rules.judgement import IMPLIED_ACKNOWLEDGE
from daemon.rules.receipts import WARNINGS, shown
from daemon.rules.refusals import ERRORS
from tests.cli.desk import Installation, letter
from tests.rules import facts

FOLDER = Path(__file__).parent / "explained"
NOW = "2026-11-23T15:05:00Z"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are those of the machine; here it stands in Greenwich, and its terminal is as wide as can be used."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "100")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def explained(desk: Installation, *arguments: str, octets: bytes | None = None) -> str:
    return desk.run("explain", *arguments, octets=octets).stdout


@pytest.mark.parametrize("mail", sorted(FOLDER.glob("*.eml")), ids=lambda mail: mail.stem)
def test_a_mail_is_explained_as_the_text_beside_it_says(day: Installation, mail: Path) -> None:
    shown = explained(day, "-", "--now", NOW, octets=mail.read_bytes())
    assert shown.lstrip("\n") == mail.with_suffix(".txt").read_text("utf-8")


def test_the_reason_comes_in_words_before_its_name(day: Installation) -> None:
    shown = explained(day, "6")
    said = f"It was decided: {Reason.TRIAGE_FORGED.sentence}"
    assert said in flat(shown)
    assert flat(shown).index(said) < flat(shown).index("reason triage-forged · kind ticket · outcome acted")
    would = flat(explained(day, "-", "--now", NOW, octets=letter(number="y")))
    assert f'It would be decided, had it come at 2026-11-23 15:05: "{Reason.CASE_OPENED.sentence}"' in would


def test_gates_that_passed_are_one_line_and_the_one_that_stopped_it_has_its_own(day: Installation) -> None:
    shown = explained(day, "6")
    assert "  passed     it is none of these: over a limit, our own, a copy, a bounce, a form, automatic\n" in shown
    assert "  forged     it is forged: not verified: the sender's domain says this mail is forged\n" in shown
    assert "  answer     the sender gets no automatic answer: the sender's domain says it is forged\n" in shown
    robot = explained(day, "4")
    assert "the mail's own signs forbid it (auto-submitted: auto-replied)" in flat(robot)
    assert "  passed     it is none of these: over a limit, our own, a copy, a bounce, a form\n" in robot


def test_the_three_proofs_are_told_in_words(day: Installation) -> None:
    shown = explained(day, "6")
    assert "  sender     forged: it does not come from the address in its From\n" in shown
    for line in (
        "K no     signed key: it names no address and no mail that we signed for this case",
        "F yes    strict From: exactly one address stands there, and can be read in one way only",
        "D fail   domain verdict: our mail provider says that the domain in From did not send it",
    ):
        assert f"    {line}\n" in shown


def test_a_from_that_proves_nothing_says_why(commented: Installation) -> None:
    assert "F no     strict From: the address is not that of the person for whom the key was made" in explained(commented, "9")
    two = letter(number="two").replace(b"From: Ann Lee <ann@acme.example>", b"From: ann@acme.example, eve@else.example")
    told = explained(commented, "-", octets=two)
    assert "F no     strict From: there is not exactly one address, or it can be read in several ways" in told
    assert "sender     untrusted: nobody is believed to have sent it, whatever its From says" in told


def test_actions_are_sentences_with_names_and_short_times(day: Installation) -> None:
    shown = explained(day, "1")
    done = flat(shown.partition("What was done")[2])
    assert "CASE-1001 was opened: type helpdesk, for Ann Lee of Acme Homes, system Roof-7, looked after by Miller Solar" in done
    assert "in the queue level-one." in done
    assert "1 attachment was kept with CASE-1001." in done
    assert re.search(r"A promise was started: to acknowledge CASE-1001 by \d{4}-\d\d-\d\d \d\d:\d\d\. ", done)
    assert not re.search(r"_id\b", done)
    would = flat(explained(day, "-", octets=letter(number="y")).partition("What would be done")[2])
    assert "A new case would be opened: type helpdesk, for Ann Lee of Acme Homes" in would
    assert " was " not in would


def test_mails_say_to_whom_of_which_template_and_what_became_of_them(day: Installation) -> None:
    done = explained(day, "1").partition("Mails, and what became of them\n")[2]
    assert done.splitlines() == [
        "  case-received to Ann Lee <ann@acme.example>: queued",
        "  case-assigned to Pat Miller <pat@miller.example>: queued",
    ]
    would = explained(day, "-", octets=letter(number="y")).partition("Mails that would be sent\n")[2]
    assert would.splitlines() == ["  case-received to Ann Lee <ann@acme.example>", "  case-assigned to Pat Miller <pat@miller.example>"]
    assert "Mails" not in explained(day, "4")


def test_where_nothing_is_done_it_says_what_becomes_of_the_mail(day: Installation) -> None:
    assert "Nothing is done: it is kept, and changes nothing." in explained(day, "4")
    assert "Nothing: it lies in quarantine for a person to decide (supportd quarantine)." in explained(day, "7")
    day.run("ingest", day.write("late.eml", letter(number="late")))
    waiting = explained(day, "8")
    assert "It was decided" not in waiting
    assert "Nothing is decided yet." in waiting
    assert "Nothing yet: it waits for its turn." in waiting


def test_commands_say_whether_they_ran_and_what_is_wrong_with_them(day: Installation) -> None:
    def told(body: str) -> str:
        answer = next(row for row in day.json("outbox") if row["to"] == "pat@miller.example" and row["case"] == "CASE-1002")
        mail = letter("Pat <pat@miller.example>", "Re", body, "pat", headers=[("In-Reply-To", answer["message_id"])])
        return flat(explained(day, "-", "--now", NOW, octets=mail).partition("Commands")[2])

    good = told("#plan 2026-11-26 We replace it.\n")
    assert 'line 1: #plan "2026-11-26 We replace it.": would be carried out' in good
    assert "CASE-1002 would be planned for 2026-11-26, with the words of the mail." in good
    assert "CASE-1002 would be acknowledged by Pat Miller, as a plan or a closing implies." in good
    assert "so that #plan can be undone by Pat Miller" in good
    bad = told("#plan soon\n#reopen\n")
    assert 'line 1: #plan "soon": would not be carried out: I can\'t find a date.' in bad
    assert "line 2: #reopen: would not be carried out: the case is open, so there is nothing to reopen. (E-STATE:not-closed)" in bad
    assert "Nothing but the mails below." in bad
    looked_up = told("#assign nobody\n")
    assert 'line 1: #assign "nobody": would not be carried out: somebody it names is not known here (E-UNKNOWN-PERSON)' in looked_up
    wrong = told("#clsoe Done\n")
    assert 'line 1: "#clsoe Done": I don\'t know #clsoe. Did you mean #close? (E-UNKNOWN-VERB:clsoe->close)' in wrong
    natural = told("Acknowledged\n")
    assert natural.startswith(" read in plain words line 1: #acknowledge: would be carried out")


def test_every_word_that_a_decision_can_have_is_told() -> None:
    assert set(GATE_WORDS) == {name for name, _ in GATES}
    assert set(GRADES) == {grade.value for grade in Grade}
    assert set(PROOFS["D"][1]) == {verdict.value for verdict in DomainVerdict}
    assert set(PROOFS["K"][1]) == set(PROOFS["F"][1]) == {True, False}
    assert set(DETAILS) <= {reason.value for reason in Reason}
    assert set(LOOKED_UP) <= set(ERRORS)


@pytest.mark.parametrize("code", [*ERRORS, *WARNINGS])
def test_every_code_is_told_in_words_that_leave_nothing_open(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, verb = code.partition("/")
    code += {"E-NOT-ALLOWED": ":plan", "E-UNKNOWN-VERB": ":clsoe->close", "W-NEAR-MISS": ":clsoe->close"}.get(code, "")
    words = f"#{verb or 'plan'} 2026-31-31 We do it."
    answer: dict[str, Any] = {
        "mail": {"from": "Pat", "to": "", "subject": "", "date": None, "message_id": "", "defects": []}, "failed": None, "case": None,
        "kind": "command", "outcome": "acted", "reason": "commands-refused", "detail": code, "gates": [], "trust": None, "mails": [],
        "new_text": words, "trimmed": [], "natural": False, "actions": [], "warnings": [], "errors": [{"code": code, "line": 1}],
        "commands": [{"verb": verb or "plan", "argument": "2026-31-31 We do it.", "line": 1}],
    }  # fmt: skip
    print_explanation("x.eml", answer, {}, facts.NOW)
    told = flat(capsys.readouterr().out.partition("Commands")[2].partition("What would be done")[0])
    assert told.startswith(f" line 1: {shown(verb or 'plan')} ")
    if code != IMPLIED_ACKNOWLEDGE:  # an action tells it
        found = re.search(rf"would not be carried out: (.+) \({re.escape(code)}\)", told)
        assert found is not None, told
        assert not re.search(r"[{}]|None|\(\)| \.|these commands\)|as  ", found[1]), found[1]


def test_no_line_of_it_is_wider_than_a_terminal(commented: Installation) -> None:
    for number in range(1, 10):
        head, _, rest = explained(commented, str(number)).partition("It was decided")
        assert head
        assert max(map(len, rest.splitlines())) <= 100
