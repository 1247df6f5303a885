"""Whose mail is held for having opened too many cases, and whose never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from daemon.actions.vocabulary import KeepNote, OpenCase
from daemon.model import Decision, HeldFacts, OpenedFacts
from daemon.reasons import Outcome, Reason
from daemon.rules.decide import decide
from daemon.rules.floods import decide_held
from tests.rules.facts import ANN, NORA, POLICY, TRIAGE, case, key, on_case, reading, situation

BOUNDED = replace(POLICY, cases_per_sender_hour=3, cases_per_sender_day=5)
MANY = OpenedFacts(hour=3, day=3)


def _decided(sender=ANN, *, says: str | None = "pass", **changes: object) -> Decision:
    return decide(reading(sender.address, domain_says=says), situation(sender, **{"policy": BOUNDED, "opened": MANY} | changes))


def test_the_mail_that_would_open_one_too_many_is_held_and_says_which_limit() -> None:
    made = _decided()
    assert (made.outcome, made.reason, made.actions) == (Outcome.QUARANTINED, Reason.SENDER_FLOOD, ())
    assert made.detail == "cases_per_sender_hour: 3 in an hour"
    assert _decided(opened=OpenedFacts(hour=0, day=5)).detail == "cases_per_sender_day: 5 in 24 hours"


def test_below_the_limit_and_without_one_a_case_is_opened() -> None:
    assert _decided(opened=OpenedFacts(hour=2, day=4)).outcome is Outcome.ACTED
    assert _decided(policy=replace(BOUNDED, cases_per_sender_hour=0)).outcome is Outcome.ACTED


def test_what_opens_no_case_is_never_held() -> None:
    known = on_case(ANN, case(), keys=(key(),), policy=BOUNDED, opened=MANY)
    assert decide(reading(ANN.address), known).reason is Reason.COMMENT_ADDED


def test_what_is_forged_is_counted_apart() -> None:
    assert _decided(says="fail").reason is Reason.TRIAGE_FORGED
    assert _decided(says="fail", opened=OpenedFacts(), opened_triage=MANY).reason is Reason.SENDER_FLOOD
    assert _decided(opened=OpenedFacts(), opened_triage=MANY).outcome is Outcome.ACTED


def test_one_of_our_own_a_released_mail_and_the_archive_are_never_held() -> None:
    assert _decided(NORA).outcome is Outcome.ACTED
    assert _decided(released=True).outcome is Outcome.ACTED
    assert _decided(archive=True).outcome is Outcome.ACTED


HELD = HeldFacts(id=1, sender="ann@acme.example", day=date(2026, 11, 23), count=12, case_id=None)


def test_the_case_says_how_many_are_held_and_how_to_let_them_through() -> None:
    (opened,) = decide_held(HELD, None, TRIAGE).actions
    assert isinstance(opened, OpenCase)
    assert opened.subject == "12 more mails of 2026-11-23 held: ann@acme.example"
    assert "supportd quarantine release -- ann@acme.example" in opened.description
    assert (opened.contact_address, opened.queue_id) == (None, TRIAGE.id)


def test_a_name_that_a_shell_would_run_is_quoted() -> None:
    (opened,) = decide_held(replace(HELD, sender="`reboot`@evil.example"), None, TRIAGE).actions
    assert isinstance(opened, OpenCase)
    assert "release -- '`reboot`@evil.example'" in opened.description


def test_while_the_case_is_open_more_is_a_note_on_it_and_then_a_new_case() -> None:
    assert isinstance(decide_held(HELD, case(), TRIAGE).actions[0], KeepNote)
    assert isinstance(decide_held(HELD, case(open=False), TRIAGE).actions[0], OpenCase)
