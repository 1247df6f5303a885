"""Mails from files instead of a server: `ingest`, and `run --once --stage apply` without any server."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conversations.world import TUESDAY, PymapInbox, World, mail


@pytest.fixture
def offline(make_world: Callable[..., World], database_url: str) -> World:
    """A world whose mailbox and relay are not there."""
    gone = PymapInbox()
    gone.close()
    made = make_world(gone, database_url, smtp_port=1)
    made.folder.joinpath("mails").mkdir()
    return made


def test_eml_mbox_maildir_and_standard_input_are_read_and_decided_without_a_server(offline: World) -> None:
    folder = offline.folder / "mails"
    (folder / "one.eml").write_bytes(mail("ann", "Roof-7 shows no data."))
    box = mailbox.mbox(folder / "two.mbox")
    box.add(mail("sam", "Order 9001.", subject="Order"))
    box.add(mail("dana", "Out of a box.", subject="Box"))
    box.close()
    maildir = mailbox.Maildir(folder / "three", create=True)
    maildir.add(mail("hank", "The roof leaks.", subject="Leak"))
    told = offline.cli("ingest", str(folder))
    assert "4 mail" in told
    assert "1 mail" in offline.cli("ingest", "-", octets=mail("olga", "On a pipe.", subject="Pipe"))
    assert {m["outcome"] for m in offline.mails()} == {"in progress"}
    offline.cli("run", "--once", "--stage", "apply")
    rows = offline.mails()
    assert {m["outcome"] for m in rows} == {"acted"}
    assert {case["contact"] for case in offline.cases()} == {"ann", "sam", "dana", "hank", "olga"}
    assert {row["state"] for row in offline.outbox()} == {"queued"}
    (boxed,) = [case for case in offline.cases() if case["contact"] == "dana"]
    assert offline.case(int(boxed["number"][5:]))["description"] == "Out of a box."
    offline.assert_good_books()


def test_the_same_file_twice_is_a_copy(offline: World) -> None:
    file = offline.folder / "mails" / "one.eml"
    file.write_bytes(mail("ann", "Roof-7 shows no data."))
    offline.cli("ingest", str(file), str(file))
    offline.cli("run", "--once", "--stage", "apply")
    assert [(m["outcome"], m["kind"]) for m in offline.mails()] == [("acted", "ticket"), ("ignored", "copy")]


def test_an_archive_is_filed_on_cases_and_nobody_ever_hears(offline: World) -> None:
    file = offline.folder / "mails" / "old.eml"
    file.write_bytes(mail("ann", "Roof-7 shows no data.", message_id="<old@acme.example>"))
    answer = offline.folder / "mails" / "older.eml"
    answer.write_bytes(mail("ann", "And more.", headers={"In-Reply-To": "<old@acme.example>"}))
    offline.later(days=300)
    offline.cli("ingest", "--archive", str(file), str(answer))
    offline.cli("run", "--once", "--stage", "apply")
    assert [m["reason"] for m in offline.mails()] == ["case-opened-unanswered", "comment-added"]
    assert offline.outbox() == []
    # it is filed at its own time
    assert offline.case(1001)["created_at"] == TUESDAY.replace(hour=14, minute=59)
    offline.assert_good_books()


def test_a_file_that_is_not_there_is_told_and_nothing_is_taken(offline: World) -> None:
    file = offline.folder / "mails" / "one.eml"
    file.write_bytes(mail("ann", "Roof-7 shows no data."))
    offline.cli("ingest", str(file), str(Path("nowhere.eml")), status=1)
    assert offline.mails() == []


def test_a_round_with_its_servers_away_ends_with_try_again(offline: World) -> None:
    file = offline.folder / "mails" / "one.eml"
    file.write_bytes(mail("ann", "Roof-7 shows no data."))
    offline.cli("ingest", str(file))
    offline.cli("run", "--once", status=75)
    assert [m["outcome"] for m in offline.mails()] == ["acted"]


def test_a_round_over_the_real_command_line_is_the_same_round(world: World) -> None:
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.cli("run", "--once")
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))
    assert world.inbox.mails() == []
    world.assert_good_books()
