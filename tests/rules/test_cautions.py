"""What people are told beside what is done; what a mail is granted stays the same."""

from __future__ import annotations

from dataclasses import replace

from daemon.actions.vocabulary import AddComment, KeepNote, OpenCase, QueueMail
from daemon.model import AddrSpec
from daemon.reasons import Reason
from tests.rules import facts
from tests.rules.facts import ANN, BOB, PAT, case, judged, mails, of_type, on_case, reading, situation

COPIES = tuple(AddrSpec(f"friend{number}@else.example") for number in range(30))
TWO = replace(facts.POLICY, mails_per_reply=2)


def test_a_sender_who_looks_like_one_of_ours_is_told_to_whoever_gets_the_case() -> None:
    decision = judged(reading("pat@supp0rt.example"), situation(None))
    assert decision.reason is Reason.CASE_OPENED
    (note,) = of_type(decision, KeepNote)
    assert note.why == "the sender's domain supp0rt.example looks like support.example, and is another"
    told = [dict(action.values).get("warnings") for action in of_type(decision, QueueMail) if action.template == "case-assigned"]
    assert told
    assert all(words == ["Caution: " + note.why + "."] for words in told)


def test_on_a_case_it_stands_above_the_words_that_are_kept() -> None:
    mail = reading("pat@xmiller.example", "#close")
    decision = judged(mail, on_case(None, case(partner_agents=(replace(PAT, address=AddrSpec("pat@miller.example")),))))
    (note,) = of_type(decision, KeepNote)
    assert note.why.endswith("; the sender's domain xmiller.example looks like miller.example, and is another")
    assert "#close" in note.text


def test_a_known_sender_is_told_of_by_nobody() -> None:
    assert of_type(judged(reading(), situation()), KeepNote) == []


def test_a_mail_with_very_many_copies_is_noted_and_none_of_them_is_mailed() -> None:
    ours = AddrSpec("support+abc@support.example")
    decision = judged(reading(message=facts.message(recipients=(facts.SUPPORT, ours, *COPIES))), on_case())
    assert of_type(decision, AddComment)
    (note,) = of_type(decision, KeepNote)
    assert note.why.startswith("the mail was sent to 30 others, too: friend0@else.example, ")
    assert note.why.endswith(" and 27 more")
    assert not {to for _, to in mails(decision)} & set(COPIES)
    few = judged(reading(message=facts.message(recipients=(facts.SUPPORT, *COPIES[:20]))), on_case())
    assert of_type(few, KeepNote) == []


def test_the_mails_beyond_a_limit_are_held_and_the_owner_is_told() -> None:
    agents = tuple(replace(BOB, id=100 + number, address=AddrSpec(f"agent{number}@miller.example")) for number in range(5))
    about = case(partner_agents=agents)
    decision = judged(reading(), on_case(ANN, about, policy=TWO))
    comments = [action for action in of_type(decision, QueueMail) if action.template == "case-comment"]
    assert [action.held for action in comments] == [None, None, *["mails_per_reply: 2 for one mail"] * 3]
    (note,) = of_type(decision, KeepNote)
    assert note.why == "mails_per_reply: 3 mails of this are held, 2 went"
    assert ("mention", facts.NORA.address) in mails(decision)


def test_an_answer_to_the_sender_is_never_one_too_many() -> None:
    decision = judged(reading(), situation(policy=replace(facts.POLICY, mails_per_reply=1)))
    assert of_type(decision, OpenCase)
    assert [action.held for action in of_type(decision, QueueMail) if action.answer] == [None]
