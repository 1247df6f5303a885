"""Who gets a case by `#assign`: oneself, a colleague, a queue, a partner; and who may give it to whom."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import MONDAY, opened, standing
from tests.conversations.world import TUESDAY, World, copy_directory, mail


def words(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def supports_case(world: World) -> None:
    """A case of Sam's in the queue level-one, without a partner."""
    world.talk(mail("sam", "How do I install it?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))


@on_sqlite
def test_an_agent_takes_a_case_and_gives_it_on(world: World) -> None:
    supports_case(world)
    (done,) = world.talk(mail("lou", "#assign me", subject="[CASE-1001]"), ("lou", "confirmation"))
    assert "given to Lou Okafor" in done.text
    assert (world.case(1001)["owner"], world.case(1001)["queue"]) == ("lou", None)
    _, assigned = world.talk(
        mail("lou", "#assign cara.ruiz@support.example", answers=done), ("lou", "confirmation"), ("cara", "case-assigned")
    )
    assert "is now yours" in assigned.text
    assert "#close" in assigned.html
    assert world.case(1001)["owner"] == "cara"
    for written, who in (("@marta", "marta"), ("Priya Nair", "priya"), ("ivan.", "ivan"), ("Cara.Ruiz@Support.example", "cara")):
        world.talk(mail("lou", f"#assign {written}", subject="[CASE-1001]"), ("lou", "confirmation"), (who, "case-assigned"))
        assert world.case(1001)["owner"] == who
    # without a partner there are no promises, however often it changes hands
    assert world.case(1001)["clocks"] == []
    world.assert_good_books()


@on_sqlite
def test_the_address_of_an_outlook_link_is_the_address(world: World) -> None:
    supports_case(world)
    link = "cara.ruiz@support.example<mailto:cara.ruiz@support.example>"
    world.talk(mail("lou", f"#assign {link}", subject="[CASE-1001]"), ("lou", "confirmation"), ("cara", "case-assigned"))


@on_sqlite
def test_every_member_of_a_queue_hears_of_its_case(world: World) -> None:
    supports_case(world)
    _, assigned = world.talk(mail("lou", "#queue Level-Two", subject="[CASE-1001]"), ("lou", "confirmation"), ("cara", "case-assigned"))
    assert "queue level-two" in assigned.text
    assert (world.case(1001)["owner"], world.case(1001)["queue"]) == (None, "level-two")


@pytest.mark.parametrize("written", ["Berlin Sonne GmbH", "eva", "eva@berlinsonne.example"])
@on_sqlite
def test_another_partner_starts_a_new_cycle_by_its_own_calendar(world: World, written: str) -> None:
    world.clock = MONDAY
    opened(world)
    world.clock = datetime(2025, 11, 18, 1, 0, tzinfo=UTC)
    # 20:00 in New York is 02:00 in Berlin: for Berlin the day has just begun
    done, assigned = world.talk(
        mail("cara", f"#assign {written}", subject="[CASE-1001]"), ("cara", "confirmation"), ("eva", "case-assigned")
    )
    assert "given to Berlin Sonne GmbH" in done.text
    assert "Wednesday 19 November 2025, 17:00 (Europe/Berlin)" in words(assigned.text)
    assert "#acknowledge" in assigned.html
    case = world.case(1001)
    assert (case["partner"], case["sla_cycle"], case["acknowledged"], case["owner"]) == ("Berlin Sonne GmbH", 2, False, "cara")
    assert [(c["cycle"], c["kind"], c["cancelled_at"] is not None) for c in case["clocks"]] == [
        (1, "acknowledge", True), (2, "acknowledge", False),
    ]  # fmt: skip
    assert case["next_deadline"] == datetime(2025, 11, 19, 16, 0, tzinfo=UTC)
    # bob has nothing more to do with it
    world.talk(mail("bob", "#ack", subject="[CASE-1001]"), ("bob", "error"))
    assert world.case(1001)["acknowledged"] is False
    world.talk(mail("eva", "#ack", answers=assigned), ("eva", "confirmation"), ("cara", "case-acknowledged-notice"))
    world.assert_good_books()


def test_a_case_without_a_partner_gets_its_first_one(world: World) -> None:
    supports_case(world)
    world.later(hours=1)
    _, assigned = world.talk(mail("lou", "#assign Miller Solar", subject="[CASE-1001]"), ("lou", "confirmation"), ("bob", "case-assigned"))
    assert "Wednesday 3 December 2025, 17:00 (America/New_York)" in words(assigned.text)
    case = world.case(1001)
    assert (case["partner"], case["queue"]) == ("Miller Solar", "level-one")
    assert [(c["kind"], c["deadline_at"]) for c in case["clocks"]] == [("acknowledge", datetime(2025, 12, 3, 22, 0, tzinfo=UTC))]
    world.talk(mail("bob", "#close Installed it.", answers=assigned), ("bob", "confirmation"), ("sam", "case-closed"))
    world.assert_good_books()


@on_sqlite
def test_the_clock_of_a_new_partner_starts_when_it_is_assigned_not_when_the_mail_came(world: World) -> None:
    supports_case(world)
    world.clock = datetime(2025, 12, 3, 15, 0, tzinfo=UTC)
    world.deliver(mail("lou", "#assign Miller Solar", subject="[CASE-1001]"), at=TUESDAY)
    world.run()
    world.expect(("lou", "confirmation"), ("bob", "case-assigned"))
    assert [(c["started_at"], c["deadline_at"]) for c in world.case(1001)["clocks"]] == [
        (world.clock, datetime(2025, 12, 4, 22, 0, tzinfo=UTC))
    ]


@on_sqlite
def test_a_partner_gives_a_case_only_to_its_own_people(world: World, tmp_path: Path) -> None:
    folder = copy_directory(tmp_path / "more")
    with (folder / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write("beth,Beth,Miller,beth@miller.example,Miller Solar,partner_agent,,\n")
    world.import_directory(folder)
    world.talk(
        mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"), ("beth@miller.example", "case-assigned")
    )
    before = standing(world)
    for whom in ("cara", "eva", "level-two", "back-office", "Berlin Sonne GmbH"):
        world.later(hours=2)
        (told,) = world.talk(mail("bob", f"#assign {whom}", subject="[CASE-1001]"), ("bob", "error"))
        assert f"nobody here is known as {whom}" in words(told.text)
    assert standing(world) == before
    world.later(hours=2)
    world.talk(mail("bob", "#assign beth", subject="[CASE-1001]"), ("bob", "confirmation"), ("beth@miller.example", "case-assigned"))
    assert world.case(1001)["owner"] == "beth"
    world.talk(mail("bob", "#assign me", subject="[CASE-1001]"), ("bob", "confirmation"))
    case = world.case(1001)
    assert (case["owner"], case["sla_cycle"], case["clocks"]) == ("bob", 1, before["clocks"])
    # given to another partner, it is no longer bob's in any way
    world.talk(mail("cara", "#assign Berlin Sonne GmbH", subject="[CASE-1001]"), ("cara", "confirmation"), ("eva", "case-assigned"))
    assert (world.case(1001)["partner"], world.case(1001)["owner"]) == ("Berlin Sonne GmbH", "cara")
    world.assert_good_books()


@on_sqlite
def test_an_unknown_or_ambiguous_name_gives_the_case_to_nobody(world: World, tmp_path: Path) -> None:
    folder = copy_directory(tmp_path / "more")
    with (folder / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write("cara2,Cara,Ruiz,cara2@support.example,House,agent,,\n")
    world.import_directory(folder)
    supports_case(world)
    before = standing(world)
    (told,) = world.talk(mail("lou", "#assign zoe", subject="[CASE-1001]"), ("lou", "error"))
    assert "nobody here is known as zoe" in told.text
    (told,) = world.talk(mail("lou", "#assign Cara Ruiz", subject="[CASE-1001]"), ("lou", "error"))
    assert "Please send one of #assign cara.ruiz@support.example #assign cara2@support.example" in words(told.text)
    (told,) = world.talk(mail("lou", "#assign dana", subject="[CASE-1001]"), ("lou", "error"))
    assert "nobody here is known as dana" in told.text
    assert standing(world) == before
    world.assert_good_books()


@on_sqlite
def test_a_closed_case_gets_no_new_partner(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.talk(mail("bob", "#close done", subject="[CASE-1001]"), ("bob", "confirmation"), ("ann", "case-closed"))
    (told,) = world.talk(mail("cara", "#assign Berlin Sonne GmbH", subject="[CASE-1001]"), ("cara", "error"))
    assert "the case is closed already" in told.text
    # a new owner is no work for anybody: that can be
    world.talk(mail("cara", "#assign me", subject="[CASE-1001]"), ("cara", "confirmation"))
    assert (world.case(1001)["partner"], world.case(1001)["owner"], world.case(1001)["state"]) == ("Miller Solar", "cara", "Closed")
    world.assert_good_books()


@on_sqlite
def test_a_customer_gives_a_case_to_nobody(world: World) -> None:
    received, _ = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    before = {name: value for name, value in standing(world).items() if name != "comments"}
    _, told = world.talk(mail("ann", "#assign cara", answers=received), ("bob", "case-comment"), ("ann", "error"))
    assert "only the partner and our own agents can use #assign" in words(told.text)
    assert {name: value for name, value in standing(world).items() if name != "comments"} == before
