"""Commands that are wrong, and commands of people who prove too little: nothing is done, and who is told what (scenario SC-16)."""

from __future__ import annotations

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import MONDAY, acknowledged, opened, planned, standing
from tests.conversations.world import World, mail

pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def monday(world: World) -> None:
    world.clock = MONDAY


def words(text: str) -> str:
    """A text as one line."""
    return " ".join(text.split())


# --- wrong commands of a partner who is believed -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#close not yet, waiting for the part", "commands are carried out at once, never later"),
        ("#clsoe fixed", "I don't know #clsoe. Did you mean #close? #close fixed"),
        ("#ack\n#plan 2026-02-30 x", "there is no such day as 2026-02-30"),
        ("#plan 12/01/2025 ship", "Please send one of #plan 2025-12-01 ship #plan 2025-01-12 ship (in the past)"),
        ("#plan we will look into it", "I can't find a date"),
        ("#plan 2025-11-10 x", "Monday 10 November 2025 is in the past"),
        ("#review fine", "only our own agents can use #review"),
        ("#reopen", "the case is open, so there is nothing to reopen"),
        ("#close fixed\n#reopen", "#close and #reopen contradict each other"),
        ("#assign nobody@nowhere.example", "nobody here is known as nobody@nowhere.example"),
        ("#undo\n#close now", "#undo and #close contradict each other"),
    ],
)
def test_an_error_changes_nothing_and_says_what_to_send(world: World, text: str, said: str) -> None:
    done = planned(world)
    before = standing(world)
    world.later(hours=1)
    (error,) = world.talk(mail("bob", text, answers=done), ("bob", "error"))
    lines = words(error.text).removeprefix("--- reply above this line --- ")
    assert lines.startswith("Nothing was changed in [CASE-1001] Inverter offline at Acme.")
    assert said in lines
    assert "Your mail is kept with the case, but nobody was mailed about it." in lines
    assert error.message["Auto-Submitted"] == "auto-replied"
    assert error.subject == "Re: Inverter offline at Acme [CASE-1001]"
    assert standing(world) == before
    entry = world.last_mail()
    assert (entry["kind"], entry["outcome"], entry["reason"], entry["trust"]) == ("command", "acted", "commands-refused", "verified")
    world.assert_good_books()


def test_one_error_and_the_good_command_beside_it_is_not_done(world: World) -> None:
    assigned = opened(world)
    before = standing(world)
    world.talk(mail("bob", "#ack\n#plan 2026-02-30 x", answers=assigned), ("bob", "error"))
    assert standing(world) == before
    assert before["acknowledged"] is False


def test_a_customers_words_are_passed_on_although_their_command_is_wrong(world: World) -> None:
    done = planned(world)
    (news,) = world.talk(mail("bob", "Part arrived.", answers=done), ("ann", "case-comment"))
    error, told = world.talk(mail("ann", "#ack\nPlease hurry.", answers=news), ("ann", "error"), ("bob", "case-comment"))
    assert "Your words were added to the case all the same." in words(error.text)
    assert "Please hurry." in told.text
    assert [c["author"] for c in world.case(1001)["comments"]] == ["bob", "ann"]


def test_a_quoted_command_is_none(world: World) -> None:
    done = planned(world)
    quoted = "\n".join(f"> {line}" for line in ("Reply with", "#close", "when it is solved"))
    world.talk(mail("bob", f"will check\n\nOn Mon, 17 Nov 2025, Example Support wrote:\n{quoted}", answers=done), ("ann", "case-comment"))
    assert [c["body"] for c in world.case(1001)["comments"]] == ["will check"]
    assert world.last_mail()["kind"] == "reply"
    assert world.case(1001)["state"] == "Open"


def test_after_three_errors_in_an_hour_there_is_silence_and_a_note(world: World) -> None:
    done = planned(world)
    for _ in range(3):
        world.later(minutes=5)
        world.talk(mail("bob", "#close not yet", answers=done), ("bob", "error"))
    for _ in range(2):
        world.later(minutes=5)
        world.talk(mail("bob", "#close not yet", answers=done))
    posts = [item["body"] for item in world.case(1001)["feed"] if item["kind"] == "post"]
    assert posts == ["more wrong commands from this sender; no further error was mailed"] * 2
    # what is right still runs, and after the hour an error is told again
    world.talk(mail("bob", "#update Part arrived.", answers=done), ("ann", "case-comment"), ("bob", "confirmation"))
    world.later(hours=1, minutes=1)
    world.talk(mail("bob", "#close not yet", answers=done), ("bob", "error"))
    world.assert_good_books()


# --- people who are not believed -----------------------------------------------------------------------------------


def test_a_forged_command_is_quarantined_and_nobody_is_told(world: World) -> None:
    done = planned(world)
    before = standing(world)
    world.talk(mail("bob", "#close", answers=done, results="fail"))
    entry = world.last_mail()
    assert (entry["kind"], entry["outcome"], entry["reason"], entry["trust"]) == ("command", "quarantined", "command-forged", "forged")
    assert standing(world) == before
    world.assert_good_books()


def test_a_forged_word_is_a_note_for_the_house(world: World) -> None:
    done = planned(world)
    before = standing(world)
    world.talk(mail("bob", "All is well now.", answers=done, results="fail"))
    (kept,) = [item for item in world.case(1001)["feed"] if item["kind"] == "note"]
    assert (kept["public"], "All is well now." in kept["body"]) == (False, True)
    assert standing(world) == before


def test_a_stranger_with_a_number_learns_nothing_of_the_case(world: World) -> None:
    planned(world)
    before = standing(world)
    (told,) = world.talk(
        mail("mallory@else.example", "#close", subject="Re: Inverter offline at Acme [CASE-1001]"),
        ("mallory@else.example", "unknown-sender"),
    )
    assert "Inverter" not in told.text + told.subject
    assert "Acme" not in told.text + told.subject
    assert standing(world) == before
    assert (world.case(1002)["type"], world.case(1002)["queue"]) == ("triage", "triage")
    assert (world.last_mail()["kind"], world.last_mail()["reason"]) == ("command", "triage-unknown-sender")
    # once a day
    world.later(hours=1)
    world.talk(mail("mallory@else.example", "#close now", subject="[CASE-1001]"))
    world.later(hours=24)
    world.talk(mail("mallory@else.example", "#close today", subject="[CASE-1001]"), ("mallory@else.example", "unknown-sender"))
    world.assert_good_books()


@pytest.mark.parametrize("authserv_id", ["mx.support.example", ""])
def test_a_key_that_was_forwarded_to_another_partner_opens_nothing(world: World, authserv_id: str) -> None:
    done = planned(world)
    world.configure(authserv_id=authserv_id)
    before = standing(world)
    world.talk(mail("eva", "#close", answers=done))
    entry = world.last_mail()
    assert (entry["kind"], entry["reason"], entry["trust"], entry["case"]) == ("command", "command-not-proven", "untrusted", "CASE-1001")
    (kept,) = [item for item in world.case(1001)["feed"] if item["kind"] == "note"]
    assert "#close" in kept["body"]
    assert standing(world) == before
    world.assert_good_books()


@pytest.mark.parametrize("results", ["none", None])
def test_a_command_that_nothing_proves_is_a_note_and_told_to_the_registered_address_once_a_day(world: World, results: str | None) -> None:
    done = planned(world)
    before = standing(world)
    (told,) = world.talk(mail("bob", "#close", answers=done, results=results), ("bob", "command-not-run"))
    assert "A mail in your name gave us a command" in words(told.text)
    entry = world.last_mail()
    assert (entry["kind"], entry["reason"], entry["trust"]) == ("command", "command-not-proven", "claimed")
    world.later(hours=2)
    world.talk(mail("bob", "#close it", answers=done, results=results))
    assert len([item for item in world.case(1001)["feed"] if item["kind"] == "note"]) == 2
    world.later(hours=23)
    world.talk(mail("bob", "#close it now", answers=done, results=results), ("bob", "command-not-run"))
    assert standing(world) == before
    world.assert_good_books()


def test_without_a_word_of_our_server_the_key_proves_enough(world: World) -> None:
    done = acknowledged(world)
    world.configure(authserv_id="")
    before = standing(world)
    (planned_now,) = world.talk(mail("bob", "#plan 2025-11-21 Replace it", answers=done, results=None), ("bob", "confirmation"))
    assert world.last_mail()["trust"] == "keyed"
    assert "Wrong date? Send #plan again." in planned_now.text
    # without the key the same From proves nothing: on the case, and where there is none
    changed = standing(world)
    assert changed != before
    world.talk(mail("bob", "#close", subject="[CASE-1001]", results=None), ("bob", "command-not-run"))
    assert world.last_mail()["trust"] == "claimed"
    world.talk(mail("bob", "#list", subject="my tickets", results=None))
    assert (world.case(1002)["type"], world.case(1002)["flags"]) == (
        "triage", ["not verified: a command, and nothing proves who sent it"],
    )  # fmt: skip
    assert standing(world) == changed
    world.assert_good_books()


def test_a_new_case_by_command_needs_proof(world: World) -> None:
    world.talk(
        mail("cara", "#case\ntype: reseller\ncontact: ann.lee@acme.example\nLeak\n", subject="Leak", results="none"),
        ("cara", "command-not-run"),
    )
    assert (world.last_mail()["kind"], world.last_mail()["reason"]) == ("command", "command-not-proven")
    assert [case["type"] for case in world.cases()] == ["triage"]


def test_only_a_verified_sender_hears_that_a_mail_names_two_cases(world: World) -> None:
    first = acknowledged(world)
    world.later(minutes=1)
    second, _, _ = world.talk(
        mail("cara", "#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: Miller Solar\nLoud fan.\n", subject="Loud fan"),
        ("bob", "case-assigned"), ("cara", "case-created"), ("ann", "case-received"),
    )  # fmt: skip
    before = [standing(world, 1001), standing(world, 1002)]
    (error,) = world.talk(mail("bob", "#close", answers=second, to=first.reply_to), ("bob", "error"))
    assert "Your mail is about more than one case (CASE-1001 and CASE-1002)" in words(error.text)
    assert world.last_mail()["case"] == "CASE-1001"
    world.talk(mail("bob", "#close", answers=second, to=first.reply_to, results="none"))
    world.configure(authserv_id="")
    world.talk(mail("bob", "#close", answers=second, to=first.reply_to, results=None))
    world.talk(mail("bob", "Is it loud?", answers=second, to=first.reply_to))
    notes = [item["body"] for item in world.case(1001)["feed"] if item["kind"] == "note"]
    assert len(notes) == 4
    assert all("the mail also names CASE-1002" in body for body in notes)
    assert [standing(world, 1001), standing(world, 1002)] == before
    world.assert_good_books()


def test_an_error_and_a_notice_are_counted_at_the_registered_address(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("directory")
    (folder / "contacts.csv").write_text(
        "handle,first_name,last_name,email,organization,roles\n"
        "bob,Bob,Miller,bob@miller.example robert@miller.example,Miller Solar,partner_agent\n"
    )
    world.import_directory(folder)
    done = planned(world)
    for _ in range(3):
        world.talk(mail("robert@miller.example", "#close not yet", answers=done), ("bob", "error"))
    world.talk(mail("robert@miller.example", "#close not yet", answers=done))
    world.talk(mail("robert@miller.example", "#close", answers=done, results="none"), ("bob", "command-not-run"))
    world.talk(mail("robert@miller.example", "#close", answers=done, results="none"))


def test_somebody_of_the_case_with_anothers_key_hears_why_nothing_happened(world: World) -> None:
    done = planned(world)
    before = standing(world)
    world.talk(mail("ann", "#close", answers=done), ("ann", "command-not-run"))
    assert (world.last_mail()["reason"], world.last_mail()["trust"]) == ("command-not-proven", "untrusted")
    world.talk(mail("ann", "#close it", answers=done))
    assert standing(world) == before


def test_a_stranger_with_a_key_learns_nothing(world: World) -> None:
    done = planned(world)
    before = standing(world)
    world.talk(mail("mallory@else.example", "#close", answers=done))
    assert (world.last_mail()["reason"], world.last_mail()["trust"]) == ("command-not-proven", "untrusted")
    assert standing(world) == before
    world.assert_good_books()
