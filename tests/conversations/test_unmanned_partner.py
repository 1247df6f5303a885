"""A partner without anybody who gets our mails: its owner, or the default queue, hears what comes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.conversations.databases import on_sqlite
from tests.conversations.world import World, copy_directory, mail


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def without_agents(world: World, folder: Path) -> None:
    """Bob leaves Miller Solar, which has nobody else."""
    changed = copy_directory(folder)
    contacts = changed / "contacts.csv"
    contacts.write_text(contacts.read_text(encoding="utf-8").replace("Miller Solar,partner_agent", "Miller Solar,"), encoding="utf-8")
    world.import_directory(changed)


def test_a_ticket_for_it_and_what_the_customer_adds_reach_the_queue_that_owns_it(world: World, tmp_path: Path) -> None:
    without_agents(world, tmp_path / "less")
    received, assigned = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("lou", "case-assigned"))
    assert "is now with Miller Solar, where nobody gets our mails" in words(assigned.text)
    assert "#assign" not in words(received.text)
    case = world.case(1001)
    assert (case["partner"], case["queue"], [clock["kind"] for clock in case["clocks"]]) == ("Miller Solar", "level-one", ["acknowledge"])
    world.talk(mail("ann", "Still dark.", answers=received), ("lou", "case-comment"))
    # a wrong command of the customer is no reason to lose the words
    world.talk(mail("ann", "#plan tomorrow please hurry", answers=received), ("lou", "case-comment"), ("ann", "error"))
    # the house acts in its place, and hears when the customer opens it again
    closed, _ = world.talk(mail("lou", "#close New fuse.", answers=assigned), ("lou", "confirmation"), ("ann", "case-closed"))
    assert "closed" in closed.text
    world.talk(mail("ann", "#reopen Dark again.", answers=received), ("ann", "case-received-again"), ("lou", "case-reopened"))
    world.assert_good_books()


@on_sqlite
def test_what_would_warn_it_warns_whoever_owns_the_case(world: World, tmp_path: Path) -> None:
    without_agents(world, tmp_path / "less")
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("lou", "case-assigned"))
    world.clock = world.case(1001)["clocks"][0]["deadline_at"] - timedelta(hours=1)
    world.run()
    (warned,) = world.expect(("lou", "sla-warning"))
    assert "You hear this in the place of Miller Solar, where nobody gets our mails." in words(warned.text)
    assert "#acknowledge" in warned.html
    world.later(hours=2)
    world.run()
    (late,) = world.expect(("lou", "sla-breach"))
    assert "The partner was told as well" not in words(late.text)
    world.assert_good_books()


@on_sqlite
def test_a_case_given_to_it_is_told_to_its_owner_and_the_giver_hears_why(world: World, tmp_path: Path) -> None:
    without_agents(world, tmp_path / "less")
    world.talk(mail("sam", "How do I install it?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))
    done, assigned = world.talk(
        mail("cara", "#assign Miller Solar", subject="[CASE-1001]"), ("cara", "confirmation"), ("lou", "case-assigned")
    )
    assert "given to Miller Solar, where nobody gets our mails" in words(done.text)
    assert "is now with Miller Solar, where nobody gets our mails" in words(assigned.text)
    # of a case of one's own there is nobody else to tell
    world.talk(mail("lou", "#assign Berlin Sonne GmbH", subject="[CASE-1001]"), ("lou", "confirmation"), ("eva", "case-assigned"))
    world.talk(mail("lou", "#assign me", subject="[CASE-1001]"), ("lou", "confirmation"))
    world.talk(mail("lou", "#assign Miller Solar", subject="[CASE-1001]"), ("lou", "confirmation"))
    world.talk(mail("sam", "Hello?", subject="[CASE-1001]"), ("lou", "case-comment"))
    world.assert_good_books()


@on_sqlite
def test_whoever_opens_a_case_for_it_sees_that_nobody_was_told(world: World, tmp_path: Path) -> None:
    without_agents(world, tmp_path / "less")
    block = "#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: Miller Solar\nThe inverter is offline."
    created, _ = world.talk(mail("cara", block, subject="Inverter offline"), ("cara", "case-created"), ("ann", "case-received"))
    assert "Miller Solar (where nobody gets our mails)" in words(created.text)
    world.talk(mail("ann", "It is still offline.", subject="[CASE-1001]"), ("cara", "case-comment"))
    world.assert_good_books()
