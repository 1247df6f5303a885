"""What else a `#case` block may name: a system, a subject, somebody by a name; and where it may stand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.conversations.databases import on_sqlite
from tests.conversations.world import World, copy_directory, mail


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


@on_sqlite
def test_a_system_brings_its_entity_its_partner_and_that_partners_calendar(world: World, tmp_path: Path) -> None:
    folder = copy_directory(tmp_path / "more")
    with (folder / "systems.csv").open("a", encoding="utf-8") as file:
        file.write("Dach-Süd,Shop Co,Berlin Sonne GmbH\n")
    world.import_directory(folder)
    world.clock = datetime(2025, 11, 18, 1, 0, tzinfo=UTC)
    _, assigned = world.talk(
        mail("cara", "#case\nSystem: DACH-SÜD\nThe fuse is out.", subject="Fuse"), ("cara", "case-created"), ("eva", "case-assigned")
    )
    assert "Wednesday 19 November 2025, 17:00 (Europe/Berlin)" in words(assigned.text)
    case = world.case(1001)
    assert (case["type"], case["organization"], case["system"], case["entity"], case["partner"], case["owner"]) == (
        "helpdesk", "Shop Co", "Dach-Süd", "Shop Co", "Berlin Sonne GmbH", "cara",
    )  # fmt: skip
    assert [clock["deadline_at"] for clock in case["clocks"]] == [datetime(2025, 11, 19, 16, 0, tzinfo=UTC)]
    world.assert_good_books()


@on_sqlite
def test_a_system_nobody_knows_is_told(world: World) -> None:
    (told,) = world.talk(mail("cara", "#case\nSystem: Roof-8\ncontact: ann\nThe fuse is out."), ("cara", "error"))
    assert "no system is called Roof-8" in words(told.text)
    assert world.cases() == []


@on_sqlite
def test_a_partners_case_stays_with_the_house_whatever_it_names(world: World) -> None:
    block = "#case\nsystem: Roof-7\npartner: Miller Solar\ncontact: Ann Lee\nsubject: A fuse\nIt is out."
    world.talk(mail("bob", block, subject="Please"), ("bob", "case-created"), ("lou", "case-assigned"))
    case = world.case(1001)
    assert (case["partner"], case["queue"], case["contact"], case["subject"], case["type"]) == (
        None, "level-one", "ann", "A fuse", "helpdesk",
    )  # fmt: skip
    assert case["clocks"] == []
    world.assert_good_books()


@on_sqlite
def test_somebody_known_by_their_address_is_not_made_again(world: World) -> None:
    block = "#case\nContact: Annie\nFirst Name: Annie\nLast Name: Lee\nCompany: Acme Homes\nEmail: ANN.Lee@acme.example\nIt hums."
    world.talk(mail("cara", block, subject="Humming"), ("cara", "case-created"))
    assert world.case(1001)["contact"] == "ann"
    (told,) = world.talk(mail("cara", "#case\ncontact: hank\nemail: ann.lee@acme.example\nIt hums.", subject="?"), ("cara", "error"))
    assert "hank@home.example and ann.lee@acme.example" in words(told.text)


@on_sqlite
def test_the_opener_stands_in_the_feed_and_the_contact_on_the_case(world: World) -> None:
    world.talk(mail("cara", "#case\ncontact: Sam Shop <sam@shop.example>\nWants a manual.", subject="Manual"), ("cara", "case-created"))
    case = world.case(1001)
    assert case["contact"] == "sam"
    assert [(item["kind"], item["author"]) for item in case["feed"]] == [("created", "cara")]
    assert case["type"] == "support"


@on_sqlite
def test_a_case_from_within_the_thread_of_another_is_a_case_of_its_own(world: World) -> None:
    received, _ = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    (told,) = world.talk(mail("ann", "And Hank's panel leaks.", answers=received), ("bob", "case-comment"))
    before = world.case(1001)
    world.later(hours=1)
    block = "#case\ncontact: hank\nHank's panel leaks."
    created, _ = world.talk(mail("bob", block, answers=told), ("bob", "case-created"), ("lou", "case-assigned"))
    assert created.subject.endswith("[CASE-1002]")
    assert (world.case(1002)["contact"], world.case(1002)["subject"]) == ("hank", "No data since noon")
    assert world.case(1001) == before
    assert world.last_mail()["case"] == "CASE-1002"
    (told,) = world.talk(mail("bob", f"#ack\n{block}", answers=told), ("bob", "error"))
    assert "#case and #acknowledge contradict each other" in words(told.text)
    assert world.case(1001)["acknowledged"] is False
    world.assert_good_books()


def test_after_three_errors_in_an_hour_the_next_ones_wait_in_the_outbox(world: World) -> None:
    for number in range(5):
        world.deliver(mail("bob", f"#case\ncontact: nobody-{number}\nHelp.", subject=f"try {number}"))
        world.run()
    assert [(one.to, one.template) for one in world.out()] == [("bob", "error")] * 3
    assert [(row["state"], row["detail"]) for row in world.outbox()][3:] == [("held", "errors_per_sender_hour: 3 in an hour")] * 2
    world.later(hours=1, minutes=1)
    world.talk(mail("bob", "#case\ncontact: nobody\nHelp.", subject="once more"), ("bob", "error"))
    assert world.cases() == []
    world.assert_good_books()
