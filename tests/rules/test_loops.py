"""What stops two programs that talk to each other; and that it leaves people alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.actions.vocabulary import HoldMail, QueueMail
from daemon.model import AddrSpec, Attachment, Decision, EarlierMail, LoopFacts, LoopLimits, MessageId
from daemon.parsers.wording import wording
from daemon.reasons import Reason
from daemon.rules.loops import loop_question, pattern_of, restrain
from tests.rules import facts

LIMITS = LoopLimits(case_hour=5, case_day=20, domain_day=30, pattern=4, depth=10, subject=300, breaker=60)
POLICY = replace(facts.POLICY, loops=LIMITS)


def restrained(known: LoopFacts, sender: Any = facts.ANN, cases: tuple[Any, ...] = (), ran: bool = False, **mail: Any) -> Decision:
    reading = facts.reading(**({} if sender is not None else {"author": facts.STRANGER}), **mail)
    situation = facts.situation(sender, policy=POLICY, cases=cases)
    made = facts.judged(reading, situation)
    return restrain(replace(made, reason=Reason.COMMANDS_RUN) if ran else made, reading, situation, known)


def held(decision: Decision) -> dict[str, str | None]:
    return {action.template: action.held for action in decision.actions if isinstance(action, QueueMail)}


def holds(decision: Decision) -> list[str]:
    return [action.address for action in decision.actions if isinstance(action, HoldMail)]


@pytest.mark.parametrize(
    "subject",
    ["Ticket 1 received", "Re: Ticket #2 received", "AW: [CASE-1001] Re: Ticket 33 received", "[Desk 9] ticket  received [CS-4]"],
)
def test_a_responder_s_subjects_are_one(subject: str) -> None:
    assert pattern_of(subject.replace("#", "")) == "ticketreceived"


@given(st.text(max_size=60), st.integers(0, 10**9), st.sampled_from(["", "Re: ", "FWD:", "[CASE-1] ", "re: [x] Aw: "]))
def test_neither_digits_nor_prefixes_nor_brackets_change_a_pattern(words: str, number: int, prefix: str) -> None:
    plain = words.replace("[", "").replace("]", "").replace(":", "")
    assert pattern_of(f"{prefix}{plain}{number}") == pattern_of(plain)


def test_a_plain_mail_is_answered_and_nothing_begins() -> None:
    made = restrained(LoopFacts(earlier=(EarlierMail(subject="Invoice"),) * 9))
    assert set(held(made).values()) == {None}
    assert holds(made) == []


def test_the_fourth_mail_with_one_subject_in_ten_minutes_begins_a_hold_and_the_house_is_told() -> None:
    earlier = tuple(EarlierMail(subject=f"Re: [CASE-{n}] No data since noon {n}") for n in range(3))
    assert holds(restrained(LoopFacts(earlier=earlier[:2]))) == []
    made = restrained(LoopFacts(earlier=earlier))
    assert holds(made) == [facts.ANN.address]
    assert held(made)["case-received"] == "loop_pattern: 4 mails with one subject and the same words in 10 minutes"
    assert held(made)["case-assigned"] is None
    assert held(made)["mail-held"] is None


ORDERS = (
    "Please deliver five panels to Main Street, the Millers wait for them.",
    "One inverter for the Brown family. Their old one burned out on Sunday.",
    "Could you quote cables, 40 metres, for the barn in Ohio?",
    "Cancel what we said of the roof hooks: the customer has some.",
)


def ordered(*words: str | None) -> tuple[EarlierMail, ...]:
    return tuple(
        EarlierMail(subject=f"Order {number}", wording=wording(said) if said is not None else None)
        for number, said in enumerate(words, start=1001)
    )


def test_whoever_orders_different_things_hears_of_each() -> None:
    made = restrained(LoopFacts(earlier=ordered(*ORDERS[:3])), subject="Order 1004", text=ORDERS[3])
    assert (holds(made), held(made)["case-received"]) == ([], None)


@pytest.mark.parametrize(
    ("earlier", "why"),
    [
        (ordered(*[ORDERS[3].replace("40", "70")] * 3), "4 mails with one subject and the same words in 10 minutes"),
        (ordered(None, None, None), "4 mails with one subject and the same words in 10 minutes"),
        (ordered(*ORDERS[:3], *(f"{word} thing" for word in "abcdefghijklmnop")), "20 mails with one subject in 10 minutes"),
    ],
    ids=["the same words", "words that are not known", "twenty mails"],
)
def test_whoever_says_the_same_or_far_too_much_does_not(earlier: tuple[EarlierMail, ...], why: str) -> None:
    made = restrained(LoopFacts(earlier=earlier), subject="Order 1004", text=ORDERS[3])
    assert (holds(made), held(made)["case-received"]) == ([facts.ANN.address], f"loop_pattern: {why}")


def test_photographs_without_a_word_are_different_mails_and_one_file_again_and_again_is_not() -> None:
    def photo(digest: str) -> Attachment:
        return Attachment(name="IMG.jpg", content_type="image/jpeg", size=9, sha256=digest * 64, inline=True, content=b"")

    def after(*digests: str) -> list[str]:
        earlier = tuple(EarlierMail(subject="Roof", wording=wording("", (digest * 64,))) for digest in digests)
        return holds(restrained(LoopFacts(earlier=earlier), subject="Roof", text="", attachments=(photo("d"),)))

    assert after("a", "b", "c") == []
    assert after("d", "d", "d") == [facts.ANN.address]


def test_while_a_hold_lasts_nobody_is_told_again() -> None:
    made = restrained(
        LoopFacts(holds={facts.ANN.address: "loop_pattern: before"}, earlier=(EarlierMail(subject="No data since noon"),) * 9)
    )
    assert holds(made) == []
    assert held(made)["case-received"] == "loop_pattern: before"
    assert "mail-held" not in held(made)


def test_whether_the_sender_is_held_is_asked_though_a_rate_holds_what_goes_there() -> None:
    reading, situation = facts.reading(), facts.situation(policy=POLICY, answers_today=10)
    made = facts.judged(reading, situation)
    assert held(made) == {"case-received": "answers_per_contact_day: 10 in 24 hours", "case-assigned": None}
    asked = loop_question(made, reading, situation)
    assert asked is not None
    assert facts.ANN.address in asked.addresses


def test_somebody_who_gives_commands_in_a_row_is_no_loop_until_it_is_many() -> None:
    assert holds(restrained(LoopFacts(earlier=(EarlierMail(subject="No data since noon", ran=True),) * 18), ran=True)) == []
    assert holds(restrained(LoopFacts(earlier=(EarlierMail(subject="No data since noon", ran=True),) * 19), ran=True)) == [
        facts.ANN.address
    ]


@pytest.mark.parametrize(
    ("known", "mail", "why"),
    [
        (LoopFacts(own_references=10), {}, "loop_depth: the mail names 10 of ours in References"),
        (LoopFacts(own_references=9), {}, None),
        (LoopFacts(), {"subject": "Re: " * 100}, "loop_subject: the subject has more than 300 signs"),
        (LoopFacts(), {"subject": "x" * 300}, None),
        (LoopFacts(case_hour=5), {}, "answers_per_case_hour: 5 about one case in an hour"),
        (LoopFacts(case_hour=4, case_day=20), {}, "answers_per_case_day: 20 about one case in 24 hours"),
        (LoopFacts(domain_day=30), {}, "answers_per_domain_day: 30 to one domain in 24 hours"),
    ],
)
def test_a_limit_holds_the_answer_and_no_notice_of_a_new_case(known: LoopFacts, mail: dict[str, Any], why: str | None) -> None:
    made = held(restrained(known, **mail))
    assert (made["case-received"], made["case-assigned"]) == (why, None)


def test_a_deep_thread_whose_commands_were_carried_out_goes_on() -> None:
    assert set(held(restrained(LoopFacts(own_references=30), ran=True)).values()) == {None}


def test_the_breaker_opens_beyond_sixty_and_three_for_each_mail_received() -> None:
    assert holds(restrained(LoopFacts(automatic_hour=87, received_hour=10))) == []
    made = restrained(LoopFacts(automatic_hour=88, received_hour=10))
    assert holds(made) == ["*"]
    why = "breaker: more than 90 automatic mails in an hour"
    assert held(made) == {"case-received": why, "case-assigned": why, "mail-held": None}


def test_a_person_s_words_go_on_while_the_breaker_is_open_and_an_answer_does_not() -> None:
    known = LoopFacts(holds={"*": "breaker: open"})
    case = facts.case()
    reading, situation = facts.reading(), facts.situation(policy=POLICY, cases=(case,), keys=(facts.key(),))
    made = restrain(facts.judged(reading, situation), reading, situation, known)
    assert held(made) == {"case-comment": None}
    assert set(held(restrained(known)).values()) == {"breaker: open"}


def test_with_every_limit_off_nothing_is_asked() -> None:
    reading, situation = facts.reading(), facts.situation()
    assert situation.policy.loops.any is False
    assert loop_question(facts.judged(reading, situation), reading, situation) is None


def test_what_sends_nothing_asks_nothing() -> None:
    reading, situation = facts.reading(automatic=facts.ROBOT), facts.situation(policy=POLICY)
    assert loop_question(facts.judged(reading, situation), reading, situation) is None


def test_only_what_a_limit_needs_is_asked() -> None:
    references = tuple(MessageId(f"<{n}@x.example>") for n in range(9))
    reading, situation = facts.reading(references=references), facts.situation(policy=POLICY)
    asked = loop_question(facts.judged(reading, situation), reading, situation)
    assert asked is not None
    assert (asked.author, asked.case_id, asked.domain, asked.references) == (facts.ANN.address, None, None, ())
    assert {AddrSpec("*"), facts.ANN.address} <= set(asked.addresses)
