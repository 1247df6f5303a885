"""What the mailbox does to us: old mail, large mail, mail that is gone, new UIDs, and where finished mails go (K1 to K3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.chaos.counts import count
from tests.chaos.record import saw
from tests.conversations.world import Inbox, World, mail


def test_first_contact_with_an_old_inbox_opens_cases_and_mails_nobody(world: World) -> None:
    world.deliver(mail("ann", "From last week."), at=world.clock - timedelta(days=8))
    world.deliver(mail("sam", "From today.", subject="Order"))
    world.run()
    world.expect(("sam", "case-received"), ("lou", "case-assigned"))
    assert [(m["reason"], m["case"]) for m in world.mails()] == [("case-opened-unanswered", "CASE-1001"), ("case-opened", "CASE-1002")]
    assert world.case(1001)["created_at"] == world.clock - timedelta(days=8)
    world.assert_good_books()


def test_an_old_mail_in_a_known_inbox_opens_a_case_that_is_not_answered(world: World) -> None:
    world.talk(mail("sam", "Today.", subject="Order"), ("sam", "case-received"), ("lou", "case-assigned"))
    # a mail that was stuck somewhere: the partner hears of it, the sender is not answered a week late
    world.deliver(mail("ann", "From last week."), at=world.clock - timedelta(days=8))
    world.run()
    world.expect(("bob", "case-assigned"))
    assert world.last_mail()["reason"] == "case-opened-unanswered"


def test_a_mail_over_the_size_limit_is_quarantined_and_stays_on_the_server(world: World) -> None:
    world.configure(limits={"message_size": 100_000})
    world.deliver(mail("ann", "See the film.", files=[("film.bin", "application/octet-stream", b"x" * 200_000)]))
    world.deliver(mail("sam", "Small.", subject="Order"))
    world.run()
    world.expect(("sam", "case-received"), ("lou", "case-assigned"))
    large = world.mails()[0]
    assert (large["outcome"], large["reason"], large["case"]) == ("quarantined", "limit-crossed", None)
    assert len(world.inbox.mails()) == 1
    kept = world.cli("quarantine", "export", str(large["number"]))
    assert "ann.lee@acme.example" in kept
    assert 60_000 < len(kept) <= 65_536
    # later rounds leave it alone
    world.run()
    assert len(world.mails()) == 2
    assert world.assert_good_books().quarantined == 1


def test_a_mail_that_crosses_a_limit_of_reading_can_be_released_as_a_plain_ticket(world: World) -> None:
    world.configure(limits={"mime_parts": 3})
    files = [(f"{number}.txt", "text/plain", b"words") for number in range(5)]
    world.talk(mail("ann", "Roof-7 shows no data.", files=files))
    row = world.last_mail()
    assert (row["outcome"], row["reason"]) == ("quarantined", "limit-crossed")
    assert len(world.inbox.mails("Quarantine")) == 1
    world.cli("quarantine", "retry", str(row["number"]))
    world.run()
    assert world.last_mail()["outcome"] == "quarantined"
    world.cli("quarantine", "release", str(row["number"]))
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))
    assert world.last_mail()["outcome"] == "acted"
    world.assert_good_books()


def test_a_new_uidvalidity_makes_copies_and_nothing_else(world: World) -> None:
    world.configure(after='"keep"')
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.deliver(mail("sam", "Order 9001.", subject="Order"))
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"), ("sam", "case-received"), ("lou", "case-assigned"))
    before = {m["uidvalidity"] for m in world.mails()}
    world.inbox.renew()
    world.configure()
    world.deliver(mail("ann", "A new one.", subject="New"))
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))
    rows = world.mails()
    assert [(m["outcome"], m["kind"]) for m in rows] == [
        ("acted", "ticket"), ("acted", "ticket"), ("ignored", "copy"), ("ignored", "copy"), ("acted", "ticket"),
    ]  # fmt: skip
    assert {m["uidvalidity"] for m in rows[2:]}.isdisjoint(before)
    world.assert_good_books()


@pytest.mark.chaos
def test_mails_that_vanish_before_we_see_them_are_counted(world: World) -> None:
    world.talk(mail("sam", "Order 9001.", subject="Order"), ("sam", "case-received"), ("lou", "case-assigned"))
    world.deliver(mail("ann", "You won't read this."))
    world.deliver(mail("ann", "Nor this."))
    world.inbox.lose()
    world.deliver(mail("ann", "But this.", subject="Roof"))
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))
    assert [m["outcome"] for m in world.mails()] == ["acted", "acted", "vanished", "vanished"] or [
        m["outcome"] for m in world.mails()
    ].count("vanished") == 2
    assert world.assert_good_books().vanished == 2
    found = count(world, 4)
    saw("G9", "mails taken away before they were seen", times=2, lost=found.lost, doubled=found.doubled)


def test_finished_mails_go_where_the_configuration_says(world: World) -> None:
    world.configure(after='{ acted = "Done", ignored = "Trash of robots", quarantined = "Look" }')
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.deliver(mail("news@robot.example", "Backup done.", headers={"Auto-Submitted": "auto-generated"}))
    world.run()
    assert world.inbox.mails() == []
    assert len(world.inbox.mails("Done")) == 1
    assert len(world.inbox.mails("Trash of robots")) == 1


def test_mails_may_stay_where_they_are(world: World) -> None:
    world.configure(after='"keep"')
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    for _ in range(3):
        world.run()
    world.expect()
    assert len(world.inbox.mails()) == 1
    assert len(world.mails()) == 1


def test_a_mail_another_client_has_read_is_new_to_us_all_the_same(world: World) -> None:
    world.talk(mail("sam", "Order 9001.", subject="Order"), ("sam", "case-received"), ("lou", "case-assigned"))
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.inbox.mark_seen()
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))


def test_a_server_without_move_copies_and_expunges_only_what_is_ours(
    make_world: Callable[..., World], inbox: Inbox, without_move: None
) -> None:
    world = make_world(inbox)
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    assert world.inbox.mails() == []
    assert len(world.inbox.mails("Processed")) == 1


@pytest.mark.dovecot
def test_a_server_without_move_and_uidplus_is_only_marked(make_dovecot, make_world: Callable[..., World], monkeypatch) -> None:
    from tests.conversations.world import DovecotInbox, trust_authority

    server = make_dovecot(capability="IMAP4rev1 IDLE")
    trust_authority(server, monkeypatch.setenv)
    world = make_world(DovecotInbox(server))
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.run()
    assert len(world.inbox.mails()) == 1
    assert len(world.mails()) == 1


def test_a_backlog_above_the_limit_pauses_fetching_and_loses_nothing(world: World) -> None:
    world.configure(limits={"max_backlog": 2})
    for number in range(5):
        world.deliver(mail("sam", f"No. {number}", subject=f"Thing {number}"))
    world.run()
    assert [m["outcome"] for m in world.mails()] == ["acted"] * 5
    assert world.inbox.mails() == []
    assert world.assert_good_books().vanished == 0


def test_fetching_alone_pauses_at_the_limit_and_goes_on_when_there_is_room(world: World) -> None:
    world.configure(limits={"max_backlog": 2})
    for number in range(3):
        world.deliver(mail("sam", f"No. {number}", subject=f"Thing {number}"))
    world.cli("run", "--once", "--stage", "fetch")
    world.cli("run", "--once", "--stage", "fetch")
    assert [m["outcome"] for m in world.mails()] == ["in progress"] * 2
    assert len(world.inbox.mails()) == 3
    world.run()
    assert [m["outcome"] for m in world.mails()] == ["acted"] * 3
