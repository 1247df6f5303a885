"""A partner opens a case for somebody, the house resolves it: what the partner can say, ask and hear of its own case (5.3 #15)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import standing
from tests.conversations.world import Out, World, copy_directory, mail

BLOCK = "#case\nFirst Name: Joe\nLast Name: Hill\nCompany: Acme Homes\nEmail: joe@acme.example\nDoes IOLITE support sandboxes?"
JOE = "joe@acme.example"


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def commands(out: Out) -> list[str]:
    """What a mail offers."""
    return [verb for verb in ("#acknowledge", "#plan", "#update", "#close", "#reopen", "#status", "#help") if verb in out.html]


def opened(world: World) -> Out:
    """Bob of Miller Solar opens a case for Joe; what he gets."""
    created, _ = world.talk(mail("bob", BLOCK, subject="Licence question"), ("bob", "case-created"), ("lou", "case-assigned"))
    return created


def test_its_words_are_comments_for_the_house_and_the_answer_reaches_both(world: World) -> None:
    created = opened(world)
    assert commands(created) == ["#update", "#close", "#status", "#help"]
    world.later(hours=1)
    (told,) = world.talk(mail("bob", "It is version 9.1, by the way.", answers=created), ("lou", "case-comment"))
    assert "Bob Miller" in told.text
    assert world.last_mail()["reason"] == "comment-added"
    case = world.case(1001)
    assert [(c["author"], c["public"], c["body"]) for c in case["comments"]] == [("bob", True, "It is version 9.1, by the way.")]
    assert case["last_update"] == world.clock
    assert [item for item in case["feed"] if item["kind"] == "note"] == []
    # the customer and the partner that asked for them hear the house
    _, answered = world.talk(mail("lou", "Yes, since version 9.", answers=told), (JOE, "case-comment"), ("bob", "case-comment"))
    assert "go to those who look after it" in words(answered.text)
    # and the house hears what the customer says
    world.talk(mail(JOE, "Thank you, that helps.", subject="[CASE-1001]"), ("lou", "case-comment"))
    world.assert_good_books()


@on_sqlite
def test_it_sees_the_case_in_its_list_and_its_status(world: World) -> None:
    created = opened(world)
    world.talk(mail("lou", "#internal Ask sales first.", subject="[CASE-1001]"), ("lou", "confirmation"))
    (listed,) = world.talk(mail("bob", "#list", subject="my tickets"), ("bob", "ticket-list"))
    assert "CASE-1001" in listed.text
    (told,) = world.talk(mail("bob", "#status", answers=created), ("bob", "status"))
    assert "Joe Hill" in told.text
    assert "Ask sales" not in told.text
    (told,) = world.talk(mail("bob", "#status CASE-1001", subject="how is it"), ("bob", "status"))
    assert "Licence question" in told.text
    # another partner learns not even that it exists
    (listed,) = world.talk(mail("eva", "#list", subject="my tickets"), ("eva", "ticket-list"))
    assert "CASE-1001" not in listed.text
    world.talk(mail("eva", "#status CASE-1001", subject="how is it"), ("eva", "error"))
    # in the thread of the case it is the partner it is anywhere
    world.talk(mail("bob", "#list", answers=created), ("bob", "ticket-list"))
    world.assert_good_books()


@on_sqlite
def test_its_colleagues_have_the_same_part_in_it(world: World, tmp_path: Path) -> None:
    folder = copy_directory(tmp_path / "more")
    with (folder / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write("beth,Beth,Miller,beth@miller.example,Miller Solar,partner_agent,,\n")
        file.write("clerk,Cleo,Miller,cleo@miller.example,Miller Solar,,,\n")
    world.import_directory(folder)
    created = opened(world)
    world.talk(mail("beth@miller.example", "Any news?", answers=created), ("lou", "case-comment"))
    world.talk(
        mail("lou", "Tomorrow.", subject="[CASE-1001]"),
        (JOE, "case-comment"),
        ("bob", "case-comment"),
        ("beth@miller.example", "case-comment"),
    )
    # somebody of the partner who is no agent of it is nobody here
    world.talk(mail("cleo@miller.example", "Any news?", answers=created))
    assert world.last_mail()["reason"] == "note-untrusted"
    # and a claim is not believed
    world.talk(mail("bob", "Any news?", subject="[CASE-1001]", results=None))
    assert world.last_mail()["reason"] == "note-untrusted"
    world.assert_good_books()


@on_sqlite
def test_the_work_is_not_its_own_but_it_can_say_that_the_question_is_settled(world: World) -> None:
    created = opened(world)
    before = standing(world)
    for command in ("#ack", "#plan tomorrow We look", "#assign me", "#review Fine."):
        world.later(hours=2)
        (told,) = world.talk(mail("bob", command, answers=created), ("bob", "error"))
        assert "can use" in told.text
        assert standing(world) == before
    # no plain word of it acknowledges or closes either
    world.talk(mail("bob", "On it", answers=created), ("lou", "case-comment"))
    world.talk(mail("lou", "#assign me", subject="[CASE-1001]"), ("lou", "confirmation"))
    done, _, told = world.talk(
        mail("bob", "#close Found it in the manual.", answers=created),
        ("bob", "confirmation"),
        (JOE, "case-closed"),
        ("lou", "case-closed"),
    )
    assert 'closed: "Found it in the manual."' in words(done.text)
    assert "acknowledged (you had not" not in words(done.text)
    assert "Bob Miller" in told.text
    case = world.case(1001)
    assert (case["state"], case["closed_by"], case["resolution"]) == ("Closed", "bob", "Found it in the manual.")
    assert commands(done) == ["#update", "#reopen", "#status", "#help"]
    # it is not the partner's work, so nobody has acknowledged it when it opens again
    _, _, told = world.talk(
        mail("bob", "#reopen It is another manual.", answers=done), ("bob", "confirmation"), (JOE, "case-received-again"),
        ("lou", "case-reopened"),
    )  # fmt: skip
    assert "It is another manual." in told.text
    case = world.case(1001)
    assert (case["state"], case["acknowledged"], case["sla_cycle"], case["clocks"]) == ("Open", False, 2, [])
    world.talk(mail("bob", "#undo", answers=done), ("bob", "confirmation"), (JOE, "case-undone"), ("lou", "case-undone"))
    assert world.case(1001)["state"] == "Closed"
    world.assert_good_books()


@on_sqlite
def test_it_hears_that_the_house_closed_it_and_is_told_once_how_to_go_on(world: World) -> None:
    created = opened(world)
    _, _, closed = world.talk(
        mail("lou", "#close Answered by phone.", subject="[CASE-1001]"),
        ("lou", "confirmation"),
        (JOE, "case-closed"),
        ("bob", "case-closed"),
    )
    assert commands(closed) == ["#update", "#reopen", "#status", "#help"]
    world.talk(mail("bob", "Thank you!", answers=closed), ("lou", "case-comment"), ("bob", "closed-hint"))
    world.talk(mail("bob", "Really.", answers=created), ("lou", "case-comment"))
    again, _, _ = world.talk(
        mail("lou", "#reopen One more thing.", subject="[CASE-1001]"), ("lou", "confirmation"), (JOE, "case-received-again"),
        ("bob", "case-received-again"),
    )  # fmt: skip
    assert "reopened" in again.text
    world.assert_good_books()


@on_sqlite
def test_its_signed_address_proves_it_where_the_provider_says_nothing(world: World) -> None:
    created = opened(world)
    world.configure(authserv_id=None)
    world.talk(mail("bob", "Any news?", answers=created, results=None), ("lou", "case-comment"))
    assert (world.last_mail()["trust"], world.last_mail()["reason"]) == ("keyed", "comment-added")
    # the same address in the hands of another partner is worth nothing
    world.talk(mail("eva", "Any news?", answers=created, results=None))
    assert world.last_mail()["reason"] == "note-untrusted"
    world.assert_good_books()


@on_sqlite
def test_words_for_the_house_alone_and_mentions_work_as_for_any_partner(world: World) -> None:
    created = opened(world)
    world.talk(mail("bob", "#internal Joe is a difficult customer.", answers=created), ("bob", "confirmation"))
    world.talk(mail("bob", "@lou can you call me?", answers=created), ("lou", "mention"))
    case = world.case(1001)
    assert [(c["public"], c["body"]) for c in case["comments"]] == [(False, "Joe is a difficult customer.")]
    world.talk(mail("lou", "@bob which version is it?", subject="[CASE-1001]"), ("bob", "mention"))
    world.assert_good_books()


@on_sqlite
def test_given_to_another_partner_it_stays_visible_to_whoever_opened_it(world: World) -> None:
    created = opened(world)
    world.talk(mail("lou", "#assign Berlin Sonne GmbH", subject="[CASE-1001]"), ("lou", "confirmation"), ("eva", "case-assigned"))
    world.talk(mail("bob", "It is urgent.", answers=created), ("eva", "case-comment"))
    world.talk(
        mail("eva", "We are looking.", subject="[CASE-1001]"), (JOE, "case-comment"), ("bob", "case-comment"), ("eva", "hint-acknowledge")
    )
    world.talk(mail("bob", "#ack", answers=created), ("bob", "error"))
    # and given to its own partner, the work is its own
    world.talk(mail("lou", "#assign Miller Solar", subject="[CASE-1001]"), ("lou", "confirmation"), ("bob", "case-assigned"))
    world.talk(mail("bob", "#ack", answers=created), ("bob", "confirmation"))
    assert world.case(1001)["acknowledged_by"] == "bob"
    world.talk(mail("lou", "Good.", subject="[CASE-1001]"), (JOE, "case-comment"))
    world.assert_good_books()


@on_sqlite
def test_a_new_case_or_contact_from_within_its_thread_is_one_of_a_partner(world: World) -> None:
    created = opened(world)
    world.talk(
        mail("bob", "#case\nContact: joe@acme.example\nAnother thing.", answers=created), ("bob", "case-created"), ("lou", "case-assigned")
    )
    assert world.case(1002)["partner"] is None
    eve = "#contact\nFirst Name: Eve\nLast Name: Doe\nCompany: House\nEmail: eve@else.example\n"
    world.talk(mail("bob", eve, answers=created), ("bob", "error"))
    world.assert_good_books()


@on_sqlite
def test_a_case_from_before_this_was_kept_is_its_openers_too(world: World) -> None:
    created = opened(world)
    path = world.house.database.path
    world.close()
    _step_back(path)
    world.talk(mail("bob", "It is version 9.1.", answers=created), ("lou", "case-comment"))
    world.assert_good_books()


def _step_back(path: Any) -> None:
    """The database as an earlier version left it: without the column, and without the step that made it."""
    with sqlite3.connect(path) as database:
        database.execute("DROP INDEX support_case_opening_partner_id")
        database.execute("ALTER TABLE support_case DROP COLUMN opening_partner_id")
        database.execute("DELETE FROM schema_migration WHERE name = '0004_opening_partner'")
    database.close()
