"""Who hears of a case, and the words every decision is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.actions.vocabulary import KeepAttachments, KeepNote, QueueMail
from daemon.model import Attachment, CaseFacts, ContactFacts, DomainVerdict, Grade, Kind, Trust
from daemon.reasons import Outcome, Reason
from daemon.rules.correlate import correlate
from daemon.rules.hearing import (
    Hearing,
    answer,
    asking_side,
    audience_of,
    customers_side,
    decision,
    description,
    kept_attachments,
    kind_of,
    mails,
    note,
    openers_side,
    own_addresses,
    owner_of,
    partners_side,
)
from daemon.rules.rulebook import plain_rulebook
from daemon.rules.standing import judge_words
from tests.rules.facts import (
    ANN,
    BOB,
    LIST,
    NORA,
    OWEN,
    PAT,
    RIVAL,
    STRANGER,
    TRIAGE,
    case,
    on_case,
    reading,
    situation,
    strangers_case,
)

BOOK = plain_rulebook()


def heard(sender: ContactFacts | None = ANN, about: CaseFacts | None = None, grade: Grade = Grade.VERIFIED, **changes: Any) -> Hearing:
    """A mail of the sender's, about a case or none."""
    mail = reading(sender.address if sender is not None else STRANGER, **changes)
    known = on_case(sender, about) if about is not None else situation(sender)
    trust = Trust(grade=grade, key=False, sender=True, domain=DomainVerdict.PASS, evidence="")
    judgement = judge_words(about, "customer", mail, known, BOOK)
    return Hearing(
        reading=mail, situation=known, found=correlate(mail, known), trust=trust, silence=None, rulebook=BOOK, role="customer",
        judgement=judgement,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("about", "owner", "partner", "customer"),
    [
        (case(), [NORA, OWEN], [PAT, BOB], [ANN.address]),
        (case(owner=OWEN, queue=None), [OWEN], [PAT, BOB], [ANN.address]),
        (case(partner_id=None, partner_agents=()), [NORA, OWEN], [NORA, OWEN], [ANN.address]),
        (case(owner=OWEN, queue=None, partner_id=None, partner_agents=()), [OWEN], [OWEN], [ANN.address]),
        (case(partner_agents=()), [NORA, OWEN], [NORA, OWEN], [ANN.address]),
        (case(partner_agents=(), queue=None), [], [OWEN], [ANN.address]),
        (strangers_case(), [NORA, OWEN], [NORA, OWEN], [STRANGER]),
        (case(contact=None, contact_address=None), [NORA, OWEN], [PAT, BOB], []),
        (case(queue=None), [], [PAT, BOB], [ANN.address]),
    ],
)
def test_each_side_of_a_case_is_who_it_is(
    about: CaseFacts, owner: list[ContactFacts], partner: list[ContactFacts], customer: list[str]
) -> None:
    assert [address for address, *_ in owner_of(about)] == [person.address for person in owner]
    assert [address for address, *_ in partners_side(about, TRIAGE)] == [person.address for person in partner]
    assert [address for address, *_ in customers_side(about)] == customer


def test_a_partner_that_opened_a_case_hears_what_is_done_on_it_unless_it_does_the_work() -> None:
    opened = case(opening_partner_id=4, opening_agents=(RIVAL,))
    assert [address for address, *_ in asking_side(opened)] == [ANN.address, RIVAL.address]
    assert openers_side(case(opening_partner_id=2, opening_agents=(PAT, BOB))) == ()
    assert openers_side(case()) == ()


def test_mails_go_to_each_reader_once_but_not_to_those_who_are_left_out() -> None:
    made = mails("case-comment", audience_of((PAT, BOB)), exclude=(BOB.address, None), values={"comment": "x"})
    assert [
        (letter.to, letter.contact_id, letter.name, letter.answer, letter.values) for letter in made if isinstance(letter, QueueMail)
    ] == [(PAT.address, PAT.id, "Pat", False, (("comment", "x"),))]


@pytest.mark.parametrize(
    ("h", "kind"),
    [
        (heard(), Kind.TICKET),
        (heard(about=case()), Kind.REPLY),
        (heard(text="#close\n"), Kind.COMMAND),
        (heard(about=case(), text="#close not yet\n"), Kind.COMMAND),
        (heard(automatic=LIST), Kind.LIST),
    ],
)
def test_a_mail_is_called_what_it_is(h: Hearing, kind: Kind) -> None:
    assert kind_of(h) is kind


def test_nobody_gets_their_own_words_back_from_whichever_address() -> None:
    h = heard()
    elsewhere = replace(h, reading=reading("ann@home.example"))
    assert own_addresses(elsewhere) == ("ann@home.example", ANN.address)
    assert own_addresses(heard(None)) == (STRANGER, None)


def test_an_answer_is_counted_and_held_when_the_day_is_used_up() -> None:
    h = heard()
    assert (answer(h, "case-received", ANN, quote_subject=True).held, answer(h, "case-received", ANN, quote_subject=True).counted) == (
        None,
        True,
    )
    often = replace(h, situation=replace(h.situation, answers_today=10))
    held = answer(often, "case-received", ANN, quote_subject=True).held
    assert held is not None
    assert held.startswith("answers_per_contact_day")
    with pytest.raises(ValueError, match="never answered"):
        answer(replace(h, reading=reading(None)), "case-received", None, quote_subject=False)


def test_the_words_and_the_files_of_a_mail_are_kept_whole() -> None:
    file = Attachment(name="a.txt", content_type="text/plain", size=1, sha256="0" * 64, inline=False, content=b"a")
    h = heard(text="Please", body="Please look.\n-- \nAnn\n", attachments=(file,))
    assert description(h) == "Please look.\n-- \nAnn"
    assert kept_attachments(h) == [KeepAttachments(count=1)]
    assert (description(heard(body=" \n")), kept_attachments(heard())) == ("(no words)", [])


def test_a_note_says_why_and_is_no_comment() -> None:
    made = note(heard(about=case(), text="Let me in\n"), case(), Reason.NOTE_UNTRUSTED, "nobody knows them")
    assert made.actions == (KeepNote(text="Let me in", why="nobody knows them", author_address=ANN.address),)
    assert (made.outcome, made.match is not None) == (Outcome.ACTED, True)


@pytest.mark.parametrize(("grade", "name"), [(Grade.VERIFIED, ANN.id), (Grade.CLAIMED, ANN.id), (Grade.FORGED, None)])
def test_the_name_of_a_mail_is_whoever_is_not_forged(grade: Grade, name: int | None) -> None:
    assert decision(heard(grade=grade), Kind.TICKET, Outcome.ACTED, Reason.CASE_OPENED).contact_id == name


def test_explain_hears_what_was_read_and_only_what_ran_as_granted() -> None:
    h = heard(text="#help\n")
    read = decision(h, Kind.COMMAND, Outcome.ACTED, Reason.TRIAGE_UNKNOWN_SENDER).heard
    assert read is not None
    assert (read.commands, read.granted) == ((("help", "", 1),), ())
    ran = decision(h, Kind.COMMAND, Outcome.ACTED, Reason.COMMANDS_RUN, judgement=h.judgement).heard
    assert ran is not None
    assert ran.granted == ({"verb": "help"},)
