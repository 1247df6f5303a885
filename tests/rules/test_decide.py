"""Every gate and every grant: what is asked, what comes out, who hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.actions.vocabulary import (
    AddComment,
    KeepAttachments,
    KeepNote,
    MarkBounced,
    OpenCase,
    PostFeed,
    QueueMail,
    RegisterContact,
)
from daemon.model import (
    AddrSpec,
    Attachment,
    ClockFacts,
    ContactFacts,
    Decision,
    Grade,
    Kind,
    Match,
    QueueFacts,
    Reading,
    Situation,
    SystemFacts,
)
from daemon.reasons import OF_FORWARDS, Outcome, Reason
from daemon.rules.clocks import decide_clock
from daemon.rules.decide import GATES, decide
from daemon.rules.questions import decide_expiry
from daemon.rules.rulebook import plain_rulebook
from daemon.rules.undelivered import decide_refusal
from tests.rules import facts
from tests.rules.facts import (
    AMY,
    ANN,
    BOB,
    LEVEL_ONE,
    NORA,
    OWEN,
    PAT,
    RIVAL,
    STRANGER,
    answers,
    case,
    judged,
    key,
    mails,
    of_type,
    on_case,
    reading,
    situation,
    strangers_case,
)

SILENT_PROVIDER = replace(facts.POLICY, authserv_id=None)
FILE = Attachment(name="photo.jpg", content_type="image/jpeg", size=3, sha256="0" * 64, inline=False, content=b"jpg")


def opened(decision: Decision) -> OpenCase:
    (action,) = of_type(decision, OpenCase)
    return action  # type: ignore[no-any-return]


# --- gates ----------------------------------------------------------------------------------------------------------

OVER = {"limit": "mime_depth"}
OURS = {"automatic": facts.OURS}
ROBOT = {"automatic": facts.ROBOT}
FORGED = {"domain_says": "fail"}
RUNNING = ClockFacts(id=1, kind="acknowledge", cycle=1, calendar="house", started_at=facts.NOW, deadline_at=facts.NOW + timedelta(days=1))
BOUNCE = {"bounce": facts.bounce(("ann@acme.example", "5.1.1", True, "no such user")), "automatic": facts.ROBOT}
COPY = {"copy_of": 3, "copy_by": "content"}


def test_the_gates_are_tried_in_this_order() -> None:
    assert [name for name, _ in GATES] == ["limits", "own", "copy", "bounce", "form", "automatic", "forged"]


@pytest.mark.parametrize(
    ("mail", "known", "gate", "kind", "outcome", "reason"),
    [
        (OVER, {}, "limits", Kind.TICKET, Outcome.QUARANTINED, Reason.LIMIT_CROSSED),
        (OVER | OURS | ROBOT | FORGED, COPY, "limits", Kind.TICKET, Outcome.QUARANTINED, Reason.LIMIT_CROSSED),
        (OURS, {}, "own", Kind.OWN, Outcome.IGNORED, Reason.OWN_MAIL),
        ({"author": facts.SUPPORT}, COPY, "own", Kind.OWN, Outcome.IGNORED, Reason.OWN_MAIL),
        ({"author": "help@support.example"}, {}, "own", Kind.OWN, Outcome.IGNORED, Reason.OWN_MAIL),
        ({}, COPY, "copy", Kind.COPY, Outcome.IGNORED, Reason.COPY_OF_MAIL),
        (BOUNCE | FORGED, COPY, "copy", Kind.COPY, Outcome.IGNORED, Reason.COPY_OF_MAIL),
        (BOUNCE, {}, "bounce", Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_OF_UNKNOWN_MAIL),
        (BOUNCE | OURS, {}, "bounce", Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_OF_UNKNOWN_MAIL),
        (BOUNCE | FORGED, {}, "bounce", Kind.BOUNCE, Outcome.IGNORED, Reason.BOUNCE_OF_UNKNOWN_MAIL),
        (ROBOT, {}, "automatic", Kind.AUTOMATIC, Outcome.IGNORED, Reason.AUTOMATIC_WITHOUT_CASE),
        (ROBOT | FORGED, {}, "automatic", Kind.AUTOMATIC, Outcome.IGNORED, Reason.AUTOMATIC_WITHOUT_CASE),
        (FORGED, {}, "forged", Kind.TICKET, Outcome.ACTED, Reason.TRIAGE_FORGED),
    ],
)  # fmt: skip
def test_the_first_gate_that_speaks_wins(
    mail: dict[str, Any], known: dict[str, Any], gate: str, kind: Kind, outcome: Outcome, reason: Reason
) -> None:
    decision = judged(reading(**mail), situation(**known))
    assert (decision.kind, decision.outcome, decision.reason) == (kind, outcome, reason)
    asked = [(step.name, step.verdict) for step in decision.gates]
    passed = [(name, "passed") for name, _ in GATES[: [name for name, _ in GATES].index(gate)]]
    assert asked[3:] == [*passed, (gate, "stopped")]
    assert decision.gates[-1].detail == decision.detail


def test_every_decision_tells_the_case_the_trust_and_whether_it_may_be_answered() -> None:
    gates = judged(reading(), situation()).gates
    assert [step.name for step in gates] == ["case", "trust", "answer", *(name for name, _ in GATES)]
    assert {step.verdict for step in gates[3:]} == {"passed"}
    assert [step.verdict for step in gates[:3]] == ["new", "verified", "yes"]
    assert judged(reading(**ROBOT), situation()).gates[2].detail == "Auto-Submitted: auto-replied"


def test_a_limit_is_named_and_a_released_mail_is_let_by() -> None:
    assert judged(reading(**OVER), situation()).detail == "mime_depth"
    assert judged(reading(**OVER), situation(released=True)).reason is Reason.CASE_OPENED


@pytest.mark.parametrize(("how", "words"), [("content", "the same octets as mail 3"), ("identity", "the same mail as mail 3")])
def test_a_copy_says_of_which_mail(how: str, words: str) -> None:
    assert judged(reading(), situation(copy_of=3, copy_by=how)).detail == words


def test_of_a_mail_that_was_not_believed_only_one_that_is_not_either_is_a_copy() -> None:
    doubtful = {"copy_of": 3, "copy_by": "identity", "copy_believed": False}
    assert judged(reading(), situation(**doubtful)).reason is Reason.CASE_OPENED
    assert judged(reading(**FORGED), situation(**doubtful)).reason is Reason.COPY_OF_MAIL


def test_own_mail_says_by_what_it_is_known() -> None:
    assert "our own address" in judged(reading(facts.SUPPORT), situation(None)).detail
    assert "mark of this program" in judged(reading(**OURS), situation()).detail


def test_an_automatic_mail_is_filed_on_its_case_and_changes_nothing() -> None:
    decision = judged(reading(text="I am away. #close\n", **ROBOT), on_case())
    assert (decision.reason, decision.match) == (Reason.AUTOMATIC_ON_CASE, Match(case_id=1001, matched_by="references"))
    assert decision.actions == ()


# --- bounces --------------------------------------------------------------------------------------------------------


def returned(*recipients: tuple[str, str | None, bool, str], about: dict[str, Any] | None = None, **known: Any) -> Decision:
    mail = reading("mailer-daemon@mx.example", bounce=facts.bounce(*recipients), automatic=facts.ROBOT)
    return judged(mail, situation(None, **{"cases": (case(),), "bounced": facts.outgoing(**(about or {}))} | known))


GONE = ("ann@acme.example", "5.1.1", True, "no such user")


def test_a_mail_that_came_back_is_marked_and_its_owner_told() -> None:
    decision = returned(GONE)
    assert (decision.kind, decision.outcome, decision.reason) == (Kind.BOUNCE, Outcome.ACTED, Reason.BOUNCE_RECORDED)
    assert decision.match == Match(case_id=1001, matched_by="bounce")
    assert of_type(decision, MarkBounced) == [
        MarkBounced(outbox_id=5, address="ann@acme.example", status="5.1.1", permanent=True, reason="no such user")
    ]
    assert mails(decision) == [("bounce-notice", NORA.address), ("bounce-notice", OWEN.address)]
    assert answers(decision) == []
    assert decision.detail == "case-received to ann@acme.example: 5.1.1 no such user"


def test_of_several_recipients_the_one_we_wrote_to_counts() -> None:
    decision = returned(("other@acme.example", "4.4.1", False, "slow"), ("Ann@Acme.Example", "5.2.2", True, "full"))
    assert of_type(decision, MarkBounced)[0].status == "5.2.2"
    assert returned(("other@acme.example", "5.1.1", True, "gone")).reason is Reason.BOUNCE_RECORDED


def test_a_bounce_without_recipients_still_says_that_the_mail_came_back() -> None:
    (mark,) = of_type(returned(), MarkBounced)
    assert (mark.address, mark.status, mark.permanent, mark.reason) == ("ann@acme.example", None, True, "")


@pytest.mark.parametrize(
    ("recipients", "about", "reason"),
    [
        ([("ann@acme.example", "4.4.1", False, "try later")], {}, Reason.BOUNCE_DELAYED),
        ([("ann@acme.example", "4.4.1", False, "try later")], {"already": True}, Reason.BOUNCE_DELAYED),
        ([GONE], {"already": True}, Reason.BOUNCE_REPEATED),
    ],
)
def test_a_delay_and_a_repetition_change_nothing(recipients: list[Any], about: dict[str, Any], reason: Reason) -> None:
    decision = returned(*recipients, about=about)
    assert (decision.outcome, decision.reason, decision.actions) == (Outcome.IGNORED, reason, ())
    assert decision.match == Match(case_id=1001, matched_by="bounce")


def test_a_bounce_about_no_case_is_marked_and_told_nobody() -> None:
    decision = returned(GONE, about={"case_id": None})
    assert decision.match is None
    assert len(decision.actions) == 1


def test_the_address_that_bounced_is_not_told_of_it() -> None:
    alone = case(queue=None, owner=NORA)
    assert mails(returned(GONE, about={"recipient": NORA.address}, cases=(alone,))) == []


def test_an_archived_bounce_tells_nobody() -> None:
    assert mails(returned(GONE, archive=True)) == []


# --- a new case -----------------------------------------------------------------------------------------------------


def test_a_mail_of_a_known_customer_opens_a_case_for_the_partner_of_the_system() -> None:
    decision = judged(reading(), situation())
    assert (decision.kind, decision.outcome, decision.reason) == (Kind.TICKET, Outcome.ACTED, Reason.CASE_OPENED)
    assert (decision.match, decision.contact_id) == (None, ANN.id)
    assert opened(decision) == OpenCase(
        type="helpdesk", subject="No data since noon", description="Please look.", origin="email", organization_id=3, contact_id=ANN.id,
        contact_address=ANN.address, system_id=1, partner_id=2, owner_id=None, queue_id=LEVEL_ONE.id,
    )  # fmt: skip
    assert mails(decision) == [("case-received", ANN.address), ("case-assigned", PAT.address), ("case-assigned", BOB.address)]
    assert "only one of the entity" in decision.detail


def test_a_stranger_gets_a_case_of_type_support_and_one_answer() -> None:
    decision = judged(reading(STRANGER), situation(None))
    case_ = opened(decision)
    assert (case_.type, case_.contact_id, case_.organization_id, case_.contact_address) == ("support", None, None, STRANGER)
    assert mails(decision) == [("case-received", STRANGER), ("case-assigned", NORA.address), ("case-assigned", OWEN.address)]
    assert decision.contact_id is None


def test_without_a_partner_the_queue_is_told() -> None:
    alone = replace(facts.ROOF_7, partner_id=None, partner=None, partner_agents=())
    decision = judged(reading(), situation(systems=(alone,)))
    assert (opened(decision).system_id, opened(decision).partner_id) == (1, None)
    assert mails(decision)[1:] == [("case-assigned", NORA.address), ("case-assigned", OWEN.address)]


def test_without_any_queue_the_case_is_opened_all_the_same() -> None:
    decision = judged(reading(STRANGER), situation(None, default_queue=None))
    assert opened(decision).queue_id is None
    assert mails(decision) == [("case-received", STRANGER)]


def test_a_member_of_the_queue_who_writes_is_not_told_of_his_own_case() -> None:
    assert ("case-assigned", NORA.address) not in mails(judged(reading(NORA.address), situation(NORA)))
    elsewhere = judged(reading("nora.home@else.example"), situation(NORA))
    assert ("case-assigned", NORA.address) not in mails(elsewhere), "not at the primary address either"
    assert ("case-assigned", OWEN.address) in mails(elsewhere)


ROOF_8 = SystemFacts(id=2, name="Roof-8", entity_id=3, partner_id=4, partner="Other Solar", partner_agents=(RIVAL,))
CPP = SystemFacts(id=3, name="c++ (old)", entity_id=3, partner_id=None, partner=None, partner_agents=())


@pytest.mark.parametrize(
    ("subject", "text", "systems", "chosen"),
    [
        ("No data", "Please look.", (facts.ROOF_7,), 1),
        ("No data", "roof-8 is dark", (facts.ROOF_7, ROOF_8), 2),
        ("ROOF-8 dark", "Please look.", (facts.ROOF_7, ROOF_8), 2),
        ("No data", "Please look.", (facts.ROOF_7, ROOF_8), None),
        ("Roof-7", "and Roof-8", (facts.ROOF_7, ROOF_8), None),
        ("Roof-77", "xRoof-7", (facts.ROOF_7, ROOF_8), None),
        ("No data", "on Roof-8.", (facts.ROOF_7, ROOF_8), 2),
        ("No data", "the c++ (old) one", (facts.ROOF_7, CPP), 3),
        ("No data", "Roof-8 is another's", (facts.ROOF_7,), 1),
        ("No data", "Please look.", (), None),
    ],
    ids=[
        "the only one", "named in the text", "named in the subject", "several, none named", "two named", "inside another word",
        "before a full stop", "a name of signs", "another's name", "no system",
    ],
)  # fmt: skip
def test_the_system_is_the_one_named_or_the_only_one(subject: str, text: str, systems: tuple[SystemFacts, ...], chosen: int | None) -> None:
    decision = judged(reading(text=text, subject=subject), situation(systems=systems))
    assert opened(decision).system_id == chosen
    assert opened(decision).type == ("helpdesk" if systems else "support")


def test_a_case_has_a_subject_and_words_in_any_event() -> None:
    decision = judged(reading(text="  \n", subject="", body=" \n"), situation())
    assert (opened(decision).subject, opened(decision).description) == ("(no subject)", "(no words)")
    assert opened(judged(reading(text=" ", body="> quoted only\n"), situation())).description == "> quoted only"


def test_files_are_kept_on_the_case() -> None:
    assert of_type(judged(reading(attachments=(FILE, FILE)), situation()), KeepAttachments) == [KeepAttachments(count=2)]
    assert of_type(judged(reading(), situation()), KeepAttachments) == []


# --- contacts that are made by themselves ---------------------------------------------------------------------------

NEW = AddrSpec("new@acme.example")


@pytest.mark.parametrize(
    ("says", "policy", "kind", "made"),
    [
        ("pass", facts.POLICY, "customer", True),
        (None, SILENT_PROVIDER, "customer", True),
        (None, facts.POLICY, "customer", False),
        ("none", facts.POLICY, "customer", False),
        ("pass", facts.POLICY, "partner", False),
        ("pass", facts.POLICY, "house", False),
        ("pass", facts.POLICY, None, False),
    ],
    ids=["pass", "silent", "nothing said", "none", "a partner's domain", "our own domain", "a domain nobody lists"],
)  # fmt: skip
def test_a_contact_is_made_only_under_a_customer_that_lists_a_believed_domain(
    says: str | None, policy: Any, kind: str | None, made: bool
) -> None:
    listed = replace(facts.ACME, kind=kind) if kind else None
    mail = reading(NEW, domain_says=says, author_name="Nina van der Berg")
    decision = judged(mail, situation(None, policy=policy, sender_organization=listed))
    expected = [RegisterContact(address=NEW, first_name="Nina van der", last_name="Berg", organization_id=3)] if made else []
    assert of_type(decision, RegisterContact) == expected
    assert (opened(decision).organization_id, opened(decision).contact_id) == (3 if made else None, None)
    assert decision.actions[0] == expected[0] if made else True


def test_no_contact_is_made_for_a_forger_nor_on_a_case_nor_for_a_robot() -> None:
    known = {"sender_organization": facts.ACME}
    for mail, about in (
        (reading(NEW, **FORGED), situation(None, **known)),
        (reading(NEW), on_case(None, **known)),
        (reading(NEW, **ROBOT), situation(None, **known)),
        (reading(NEW, case_tags=(1001,)), situation(None, tagged_case_ids=(1001,), cases=(case(),), **known)),
    ):
        assert of_type(judged(mail, about), RegisterContact) == []


def test_a_new_contact_of_an_entity_opens_a_helpdesk_case() -> None:
    decision = judged(reading(NEW), situation(None, sender_organization=facts.ACME, systems=(facts.ROOF_7,)))
    assert (opened(decision).type, opened(decision).system_id) == ("helpdesk", 1)
    unproven = judged(reading(NEW, domain_says=None), situation(None, sender_organization=facts.ACME, systems=(facts.ROOF_7,)))
    assert (opened(unproven).type, opened(unproven).system_id) == ("support", None)


@pytest.mark.parametrize(
    ("shown", "first", "last"),
    [("Ann Lee", "Ann", "Lee"), ("Ann", "Ann", ""), ("  Ann   B  Lee ", "Ann B", "Lee"), ("", "", ""), ("ann@x.example", "", ""),
     ("x" * 101, "", "")],
)  # fmt: skip
def test_a_name_is_split_at_its_last_blank(shown: str, first: str, last: str) -> None:
    decision = judged(reading(NEW, author_name=shown), situation(None, sender_organization=facts.ACME))
    (made,) = of_type(decision, RegisterContact)
    assert (made.first_name, made.last_name) == (first, last)


# --- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "policy", "sender", "quoted"),
    [
        ("pass", facts.POLICY, ANN, True),
        (None, facts.POLICY, ANN, False),
        (None, SILENT_PROVIDER, ANN, False),
        ("pass", facts.POLICY, None, False),
        (None, SILENT_PROVIDER, None, False),
    ],
    ids=["verified contact", "claimed contact", "claimed, silent provider", "verified stranger", "stranger"],
)  # fmt: skip
def test_a_subject_is_repeated_only_to_a_contact_who_proved_who_he_is(
    says: str | None, policy: Any, sender: ContactFacts | None, quoted: bool
) -> None:
    author = sender.address if sender else STRANGER
    (answer,) = answers(judged(reading(author, domain_says=says), situation(sender, policy=policy)))
    assert (answer.quote_subject, answer.counted, answer.to) == (quoted, True, author)
    assert answer.name == (sender.name if sender else ""), "a stranger's own words are no name"


@pytest.mark.parametrize(
    ("mail", "known"),
    [
        ({"automatic": facts.LIST}, {}),
        ({"automatic": facts.SILENT}, {}),
        ({"author": None}, {}),
        ({"recipients": ()}, {}),
        ({"recipients": (AddrSpec("list@lists.example"),)}, {}),
        ({}, {"recorded_at": facts.NOW + timedelta(days=8)}),
    ],
    ids=["list", "asked not to", "no single sender", "in Bcc", "to somebody else", "old"],
)
def test_a_mail_that_may_not_be_answered_opens_a_case_in_silence(mail: dict[str, Any], known: dict[str, Any]) -> None:
    sender = ANN if mail.get("author", ANN.address) else None
    decision = judged(reading(**mail), situation(sender, **known))
    assert decision.reason is Reason.CASE_OPENED_UNANSWERED
    assert answers(decision) == []
    assert of_type(decision, OpenCase)
    assert mails(decision), "those who work on it are told"


def test_list_mail_has_its_own_kind() -> None:
    assert judged(reading(automatic=facts.LIST), situation()).kind is Kind.LIST


def test_archived_mail_is_filed_and_nobody_is_mailed() -> None:
    decision = judged(reading(), situation(archive=True))
    assert (decision.reason, mails(decision)) == (Reason.CASE_OPENED_UNANSWERED, [])
    assert mails(judged(reading(), on_case(archive=True))) == []
    assert mails(judged(reading(STRANGER), situation(None, archive=True, tagged_case_ids=(1001,), cases=(case(),)))) == []


def test_an_answer_over_the_rate_is_written_and_held() -> None:
    (answer,) = answers(judged(reading(STRANGER), situation(None, answers_today=3)))
    assert answer.held == "answers_per_stranger_day: 3 in 24 hours"
    assert {mail.held for mail in of_type(judged(reading(), situation(answers_today=10)), QueueMail) if not mail.answer} == {None}


# --- comments and who hears them ------------------------------------------------------------------------------------

OPENED: dict[str, Any] = {"opening_partner_id": 4, "opening_agents": (RIVAL,)}
"""Rival's partner opened it for Ann."""

CONVERSATION = [
    # who writes, on which case, who hears
    (ANN, case(), [PAT, BOB]),
    (ANN, case(partner_id=None, partner=None, partner_agents=()), [NORA, OWEN]),
    (ANN, case(partner_id=None, partner=None, partner_agents=(), queue=None, owner=OWEN), [OWEN]),
    (ANN, case(partner_id=None, partner=None, partner_agents=(), queue=None), [NORA, OWEN]),
    (ANN, case(partner_agents=()), [NORA, OWEN]),
    (ANN, case(partner_agents=(), queue=None, owner=OWEN), [OWEN]),
    (RIVAL, case(**OPENED), [PAT, BOB]),
    (RIVAL, case(**OPENED, partner_id=None, partner=None, partner_agents=()), [NORA, OWEN]),
    (NORA, case(**OPENED), [ANN, RIVAL]),
    (PAT, case(**OPENED), [ANN, RIVAL]),
    (ANN, case(**OPENED), [PAT, BOB]),
    (NORA, case(opening_partner_id=2, opening_agents=(PAT, BOB)), [ANN]),
    (PAT, case(), [ANN]),
    (BOB, case(), [ANN]),
    (NORA, case(), [ANN]),
    (OWEN, case(contact=AMY, contact_address=AMY.address), [AMY]),
    (NORA, case(contact=NORA, contact_address=NORA.address, partner_id=None, partner=None, partner_agents=()), [OWEN]),
    (PAT, case(contact=None, contact_address=None), []),
]


@pytest.mark.parametrize(("writer", "about", "hears"), CONVERSATION)
def test_a_public_comment_is_heard_by_the_other_side(writer: ContactFacts, about: Any, hears: list[ContactFacts]) -> None:
    decision = judged(reading(writer.address, "Looking into it.\n"), on_case(writer, about))
    assert (decision.kind, decision.reason) == (Kind.REPLY, Reason.COMMENT_ADDED)
    assert (decision.match, decision.contact_id) == (Match(case_id=1001, matched_by="references"), writer.id)
    assert of_type(decision, AddComment) == [
        AddComment(text="Looking into it.", public=True, author_id=writer.id, author_address=writer.address)
    ]
    assert mails(decision) == [("case-comment", person.address) for person in hears]
    assert answers(decision) == []


@pytest.mark.parametrize(("writer", "about", "hears"), CONVERSATION)
def test_nobody_gets_his_own_words_back_at_another_address(writer: ContactFacts, about: Any, hears: list[ContactFacts]) -> None:
    decision = judged(reading("second@else.example"), on_case(writer, about))
    assert mails(decision) == [("case-comment", person.address) for person in hears]


def test_a_house_comment_reaches_a_stranger_at_his_address() -> None:
    decision = judged(reading(NORA.address), on_case(NORA, strangers_case()))
    (mail,) = of_type(decision, QueueMail)
    assert (mail.to, mail.contact_id, mail.name) == (STRANGER, None, "")


def test_a_stranger_comments_on_his_own_case() -> None:
    decision = judged(reading(STRANGER), on_case(None, strangers_case()))
    assert (decision.reason, mails(decision)) == (
        Reason.COMMENT_ADDED,
        [("case-comment", NORA.address), ("case-comment", OWEN.address)],
    )


@pytest.mark.parametrize("writer", [PAT, NORA], ids=lambda who: who.handle)
def test_words_after_an_at_sign_are_for_the_house_only(writer: ContactFacts) -> None:
    decision = judged(reading(writer.address, "@nora please call them\n"), on_case(writer))
    assert decision.reason is Reason.INTERNAL_COMMENT_ADDED
    assert of_type(decision, AddComment) == []
    assert [(post.kind, post.text) for post in of_type(decision, PostFeed)] == [("mention", "@nora please call them")]
    assert mails(decision) == []


def test_an_at_sign_of_a_customer_means_nothing() -> None:
    assert judged(reading(text="@nora please\n"), on_case()).reason is Reason.COMMENT_ADDED


def test_a_comment_without_words_says_so_and_keeps_its_files() -> None:
    decision = judged(reading(text="\n", attachments=(FILE,)), on_case())
    assert of_type(decision, AddComment)[0].text == "(no words of its own)"
    assert of_type(decision, KeepAttachments) == [KeepAttachments(count=1)]


def test_a_claimed_customer_may_comment_on_his_case() -> None:
    decision = judged(reading(domain_says=None), on_case())
    assert (decision.trust.grade, decision.reason) == (Grade.CLAIMED, Reason.COMMENT_ADDED)


# --- notes: words of somebody who isn't believed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mail", "known", "why"),
    [
        (reading(AMY.address), on_case(AMY), "nobody this case knows"),
        (reading(RIVAL.address), on_case(RIVAL), "nobody this case knows"),
        (reading(STRANGER), on_case(None), "nobody this case knows"),
        (reading(STRANGER), situation(None, cases=(case(),), keys=(key(contact=PAT),)), "not the one its key was made for"),
        (reading("no-reply@service.example"), situation(None, cases=(case(),), keys=(key(),)), "not the one its key was made for"),
        (reading(ANN.address), situation(ANN, cases=(case(),), keys=(key(contact=PAT),)), "not the one its key was made for"),
        (reading(None), on_case(None), "nobody this case knows"),
        (reading(PAT.address, domain_says=None), on_case(PAT), "claims to be of the partner"),
        (reading(NORA.address, domain_says=None), on_case(NORA), "claims to be of the house"),
        (reading(), situation(cases=(case(), case(1002)), keys=(key(),), referenced_case_ids=(1002,)), "also names CASE-1002"),
    ],
    ids=[
        "a colleague", "another partner", "a stranger on a thread", "a forwarded key", "a service that writes to a key",
        "a key of another role", "two authors", "a partner unproven", "the house unproven", "two cases",
    ],
)  # fmt: skip
def test_words_of_somebody_not_believed_are_a_note_that_is_mailed_to_nobody(mail: Reading, known: Situation, why: str) -> None:
    decision = judged(mail, known)
    two_cases = Reason.NOTE_AMBIGUOUS if "also names" in why else Reason.NOTE_UNTRUSTED
    assert (decision.outcome, decision.reason) == (Outcome.ACTED, two_cases)
    (note,) = of_type(decision, KeepNote)
    assert (note.text, note.author_address) == ("Please look.", mail.message.author)
    assert why in note.why
    assert mails(decision) == []
    assert decision.match is not None
    assert decision.match.case_id == 1001


def test_a_partner_with_his_key_is_believed_where_the_provider_is_silent() -> None:
    known = situation(PAT, cases=(case(),), keys=(key(contact=PAT),), policy=SILENT_PROVIDER)
    decision = judged(reading(PAT.address, domain_says="fail"), known)
    assert (decision.trust.grade, decision.reason) == (Grade.KEYED, Reason.COMMENT_ADDED)


def test_a_forged_answer_is_a_note_and_names_nobody() -> None:
    decision = judged(reading(PAT.address, **FORGED), situation(PAT, cases=(case(),), keys=(key(contact=PAT),)))
    assert (decision.reason, decision.contact_id, mails(decision)) == (Reason.NOTE_FORGED, None, [])
    assert "forged" in of_type(decision, KeepNote)[0].why


def test_a_forged_new_mail_goes_to_triage_unanswered() -> None:
    decision = judged(reading(**FORGED), situation())
    case_ = opened(decision)
    assert (case_.type, case_.queue_id, case_.contact_id, case_.organization_id) == ("triage", facts.TRIAGE.id, None, None)
    assert case_.flags == ("not verified: the sender's domain says this mail is forged",)
    assert (decision.contact_id, mails(decision)) == (None, [])


# --- a number in the subject, from a stranger -----------------------------------------------------------------------


def named(author: AddrSpec = STRANGER, **known: Any) -> Decision:
    mail = reading(author, subject="Re: [CASE-1001] hello", case_tags=(1001,))
    return judged(mail, situation(None, **{"cases": (case(),), "tagged_case_ids": (1001,)} | known))


def test_an_unknown_address_that_names_a_case_is_kept_in_triage_and_told_once_a_day() -> None:
    decision = named()
    assert decision.reason is Reason.TRIAGE_UNKNOWN_SENDER
    assert (opened(decision).type, opened(decision).queue_id, opened(decision).contact_address) == ("triage", 2, STRANGER)
    assert decision.match is None
    (answer,) = answers(decision)
    assert (answer.template, answer.to, answer.quote_subject, answer.counted) == ("unknown-sender", STRANGER, False, True)
    assert mails(named(unknown_sender_told_today=True)) == []
    assert named(unknown_sender_told_today=True).reason is Reason.TRIAGE_UNKNOWN_SENDER


def test_the_answer_to_an_unknown_address_keeps_the_rates_and_the_refusals() -> None:
    assert answers(named(answers_today=3))[0].held == "answers_per_stranger_day: 3 in 24 hours"
    assert mails(named(archive=True)) == []


def test_a_known_sender_who_names_a_case_of_others_opens_his_own() -> None:
    decision = judged(reading(AMY.address, case_tags=(1001,)), situation(AMY, cases=(case(),), tagged_case_ids=(1001,)))
    assert decision.reason is Reason.CASE_OPENED
    assert decision.match is None


def test_a_number_that_is_no_case_is_no_name() -> None:
    assert judged(reading(STRANGER, case_tags=(9999,)), situation(None)).reason is Reason.CASE_OPENED


# --- laws -----------------------------------------------------------------------------------------------------------

PEOPLE = st.sampled_from([None, ANN, AMY, PAT, BOB, RIVAL, NORA, OWEN])
CASES = (case(1001), strangers_case(1002), case(1003, partner_id=None, partner=None, partner_agents=(), queue=None, owner=NORA))
IDS = st.sampled_from([1001, 1002, 1003, 4711])


@st.composite
def readings(draw: st.DrawFn, sender: ContactFacts | None) -> Reading:
    second = draw(st.booleans())
    address = sender.address if sender else draw(st.sampled_from([STRANGER, AddrSpec("new@acme.example"), facts.SUPPORT, None]))
    return reading(
        "second@else.example" if sender and second else address,
        draw(st.sampled_from(["", "  \n", "Please look at Roof-7.\n", "@nora call\n"])),
        domain_says=draw(st.sampled_from(["pass", "fail", "none", None])),
        subject=draw(st.sampled_from(["", "No data", "Re: [CASE-1001] Roof-8"])),
        recipients=draw(st.sampled_from([(), (facts.SUPPORT,), (AddrSpec("list@lists.example"),)])),
        attachments=draw(st.sampled_from([(), (FILE,)])),
        limit=draw(st.sampled_from([None, None, None, "mime_parts"])),
        automatic=draw(st.sampled_from([facts.PERSONAL, facts.PERSONAL, facts.ROBOT, facts.LIST, facts.SILENT, facts.OURS])),
        bounce=draw(st.sampled_from([None, None, facts.bounce(GONE), facts.bounce(), facts.bounce(("x@y.example", "4.0.0", False, ""))])),
        case_tags=draw(st.lists(IDS, max_size=2).map(tuple)),
    )


@st.composite
def situations(draw: st.DrawFn, sender: ContactFacts | None, mail: Reading) -> Situation:
    keys = st.builds(key, IDS, PEOPLE, st.sampled_from(["address", "references"]), st.sampled_from([None, facts.DIGEST]))
    queue = st.sampled_from([None, LEVEL_ONE, QueueFacts(id=9, name="empty", members=())])
    return situation(
        sender,
        recorded_at=facts.NOW + draw(st.sampled_from([timedelta(0), timedelta(days=30)])),
        policy=draw(st.sampled_from([facts.POLICY, SILENT_PROVIDER])),
        archive=draw(st.booleans()),
        released=draw(st.booleans()),
        copy_of=draw(st.sampled_from([None, None, None, 1])),
        copy_by="content",
        sender_organization=draw(st.sampled_from([None, facts.ACME])) if sender is None else None,
        keys=tuple(draw(st.lists(keys, max_size=2))),
        bad_keys=draw(st.integers(0, 1)),
        referenced_case_ids=tuple(draw(st.lists(IDS, max_size=2))),
        tagged_case_ids=tuple(tag for tag in mail.case_tags if tag != 4711),
        cases=CASES,
        systems=draw(st.sampled_from([(), (facts.ROOF_7,), (facts.ROOF_7, ROOF_8)])),
        default_queue=draw(queue),
        triage_queue=draw(queue),
        bounced=draw(st.sampled_from([None, facts.outgoing(), facts.outgoing(already=True), facts.outgoing(case_id=None)])),
        answers_today=draw(st.integers(0, 12)),
        unknown_sender_told_today=draw(st.booleans()),
    )


@st.composite
def hearings(draw: st.DrawFn) -> tuple[Reading, Situation]:
    sender = draw(PEOPLE)
    mail = draw(readings(sender))
    return mail, draw(situations(sender if mail.message.author else None, mail))


@given(hearings())
def test_every_mail_has_one_decision_that_keeps_the_laws(hearing: tuple[Reading, Situation]) -> None:
    mail, known = hearing
    decision = judged(mail, known)
    assert decision == judged(mail, known), "the same arguments give the same decision"
    letters = of_type(decision, QueueMail)
    author = mail.message.author
    sender = known.sender

    assert decision.outcome in (Outcome.ACTED, Outcome.IGNORED, Outcome.QUARANTINED)
    assert (decision.actions == ()) is (decision.outcome is not Outcome.ACTED)
    assert decision.gates[-1].verdict in ("stopped", "passed")

    # at most one case: the one it was matched to, or one that is opened
    opening = of_type(decision, OpenCase)
    assert len(opening) + (decision.match is not None) <= 1
    for action in opening:
        assert not (action.owner_id and action.queue_id)
    if of_type(decision, AddComment) or of_type(decision, KeepNote):
        assert decision.match is not None
    assert decision.match is None or decision.match.case_id in {about.id for about in CASES}

    # nobody gets his own words back, and nobody is mailed twice
    assert all(letter.to not in (author, sender.address if sender else None) for letter in letters if letter.template == "case-comment")
    assert len({letter.to for letter in letters}) == len(letters)

    # answers: at most one, to the author alone, and never where none is allowed
    replies = answers(decision)
    assert len(replies) <= 1
    assert all(letter.to == author for letter in replies)
    forbidden = (
        not mail.automatic.may_answer or decision.trust.grade is Grade.FORGED or known.archive or author is None
        or author in known.policy.own_addresses or mail.bounce is not None
    )  # fmt: skip
    assert not (replies and forbidden)
    if known.archive:
        assert letters == []

    # who isn't believed changes nothing but notes, and a forger is no Name
    if decision.trust.grade is Grade.UNTRUSTED and decision.match is not None:
        assert of_type(decision, AddComment) == []
    if decision.trust.grade is Grade.FORGED:
        assert decision.contact_id is None
        assert of_type(decision, AddComment) == of_type(decision, RegisterContact) == []
        assert mail.bounce is not None or letters == []


class TestEveryReason:
    """The reasons of `decide` and `decide_refusal`, each with a mail that has it."""

    NOT_OF_RULES: ClassVar = {
        Reason.PARSER_FAILED, Reason.UNEXPECTED_ERROR, Reason.VANISHED, Reason.DIGEST_DUE, Reason.WORK_DUE, Reason.BEFORE_RESTORE,
    }  # fmt: skip
    """Of the stages, of the time of day and of a database put back: there is no reading to decide."""
    OF_FORMS: ClassVar = {reason for reason in Reason if reason.name.startswith("FORM_") or "FLOOD" in reason.name}
    """conversations/test_channel_partner.py has a mail for each, and test_floods.py for floods."""

    def test_is_reached(self) -> None:
        tagged = {"cases": (case(),), "tagged_case_ids": (1001,)}
        decisions = [
            judged(reading(), situation()),
            judged(reading(recipients=()), situation()),
            judged(reading(), on_case()),
            judged(reading(PAT.address, "@nora\n"), on_case(PAT)),
            judged(reading(AMY.address), on_case(AMY)),
            judged(reading(), situation(cases=(case(), case(1002)), keys=(key(),), referenced_case_ids=(1002,))),
            judged(reading(**FORGED), on_case()),
            judged(reading(**FORGED), situation()),
            judged(reading(STRANGER), situation(None, **tagged)),
            decide_refusal(facts.outgoing(), case()),
            returned(GONE),
            judged(reading(), situation(**COPY)),
            judged(reading(**OURS), situation()),
            judged(reading(**ROBOT), on_case()),
            judged(reading(**ROBOT), situation()),
            returned(GONE, bounced=None),
            returned(("ann@acme.example", "4.0.0", False, "")),
            returned(GONE, about={"already": True}),
            judged(reading(**OVER), situation()),
            judged(reading(PAT.address, "#acknowledge\n"), on_case(PAT)),
            judged(reading(PAT.address, "#close not yet\n"), on_case(PAT)),
            judged(reading(PAT.address, "#close\n", domain_says="none"), on_case(PAT)),
            judged(reading(text="#close\n", **FORGED), on_case()),
            decide_clock(case(), RUNNING, facts.NOW, plain_rulebook()),
            decide_expiry(facts.question(), PAT),
            judged(reading(STRANGER, "#help\n"), situation(None, told=frozenset({"help"}))),
        ]
        assert {decision.reason for decision in decisions} == set(Reason) - self.NOT_OF_RULES - self.OF_FORMS - OF_FORWARDS


def test_the_digest_of_the_author_is_how_a_strangers_key_knows_him() -> None:
    own = strangers_case()
    known = situation(None, cases=(own,), keys=(key(contact=None, digest="d"),))
    assert decide(reading(STRANGER), known, "d").reason is Reason.COMMENT_ADDED
    assert decide(reading(STRANGER), known, "x").reason is Reason.NOTE_UNTRUSTED
    assert decide(reading(STRANGER), known).reason is Reason.NOTE_UNTRUSTED
