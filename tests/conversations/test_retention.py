"""Raw mail grows old: its octets go, what was decided and its digest stay, and nothing goes that somebody still needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon.retention import LOOK_AGAIN
from daemon.store.audit_raw import deleted, kept
from daemon.store.backup import back_up, restore
from daemon.store.schema import Attachment, Journal, Octets, Outbox
from tests.conversations.databases import on_sqlite
from tests.conversations.world import World, mail

pytestmark = pytest.mark.parametrize("inbox", ["pymap"], indirect=True)
"""The server of the mailbox has no part in it."""

DAYS = 400
PLAN = ("plan.pdf", "application/pdf", b"%PDF-1.4 a plan of the roof")
ANN = mail("ann", "Roof-7 shows no data.", message_id="<roof@acme.example>", files=[PLAN])
ROBOT = mail("robot@else.example", "beep", headers={"Auto-Submitted": "auto-generated"})


def grown_old(world: World) -> None:
    """CASE-1001 of Ann's is closed, a robot was ignored; five days later CASE-1002 of Sam's, with the same plan, is opened and stays."""
    _, assigned = world.talk(ANN, ("ann", "case-received"), ("bob", "case-assigned"))
    world.talk(mail("bob", "#close It was the fuse.", answers=assigned), ("bob", "confirmation"), ("ann", "case-closed"))
    world.talk(ROBOT)
    world.later(days=5)
    world.talk(mail("sam", "Order 9001.", subject="Order", files=[PLAN]), ("sam", "case-received"), ("lou", "case-assigned"))


def whole(world: World) -> tuple[list[int], list[int], int]:
    """The numbers of the received mails and of those of ours whose octets are there, and how many octets are kept."""
    with world.house.database.reading():
        there = {row[0] for row in Octets.select(Octets.sha256).tuples()}
        mails = [row[0] for row in Journal.select(Journal.id, Journal.sha256).order_by(Journal.id).tuples() if row[1] in there]
        ours = [row[0] for row in Outbox.select(Outbox.id).where(Outbox.octets.is_null(False)).order_by(Outbox.id).tuples()]
    return mails, ours, len(there)


def told(text: str) -> list[str]:
    """What the log said of it."""
    return [line.partition(" raw-deleted ")[2] for line in text.splitlines() if " raw-deleted " in line]


CHANGES = (
    # what somebody does to the data, and what the audit says
    ("UPDATE journal SET raw_deleted_at = NULL, raw_retention_days = NULL WHERE id = 1", "mail 1: its octets are not kept"),
    ("UPDATE journal SET raw_deleted_at = NULL WHERE id = 1", "mail 1: nobody knows when, or after how many days, its octets were deleted"),
    ("UPDATE journal SET raw_retention_days = 0 WHERE id = 1", "mail 1: its octets were deleted on 2027-01-06, before it was 0 days old"),
    ("UPDATE journal SET raw_deleted_at = '2026-01-05 10:00:00' WHERE id = 1", "deleted on 2026-01-05, before it was 400 days old"),
    ("UPDATE journal SET state = 'quarantined' WHERE id = 1", "mail 1: its octets were deleted, but nobody is done with it"),
    ("UPDATE journal SET raw_deleted_at = '2027-01-06 17:00:00', raw_retention_days = 1 WHERE id = 4", "mail 4: its octets were to be"),
    ("DELETE FROM octets WHERE sha256 = (SELECT sha256 FROM journal WHERE id = 4)", "mail 4: its octets are not kept"),
    ("DELETE FROM octets WHERE sha256 = (SELECT sha256 FROM attachment LIMIT 1)", "attachment 'plan.pdf': its octets are not kept"),
    ("UPDATE outbox SET raw_deleted_at = '2026-01-05 10:00:00' WHERE id = 1", "outbox 1: its octets were deleted on 2026-01-05, before"),
    ("UPDATE outbox SET state = 'failed' WHERE id = 1", "outbox 1: its octets were deleted, but it is to be sent"),
    ("UPDATE outbox SET sha256 = NULL WHERE id = 1", "outbox 1: its octets were deleted without a trace of what they were"),
    ("UPDATE outbox SET octets = CAST('x' AS {octets}) WHERE id = 1", "outbox 1: its octets were to be deleted, and are there"),
)


def named(world: World) -> list[str]:
    """Which of the changes is not named by what it means; that a row was changed at all, the seals tell."""
    database, silent = world.house.database, []
    for change, said in CHANGES:
        with database.transaction() as transaction:
            database.peewee.execute_sql(change.replace("{octets}", "BLOB" if database.is_sqlite else "BYTEA"))
            problems = [*deleted(), *kept(lambda _done, _total: None)]
            if not any(said in problem for problem in problems):
                silent.append(f"{change}: {problems}")
            transaction.give_up()
    return silent


def test_what_is_old_and_done_with_goes_and_its_digest_and_its_facts_stay(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    grown_old(world)
    assert whole(world) == ([1, 2, 3, 4], [1, 2, 3, 4, 5, 6], 5)
    world.later(days=DAYS - 5, hours=-1)
    world.run()
    assert told(capfd.readouterr().err) == []
    world.later(hours=2)
    world.run()
    assert told(capfd.readouterr().err) == ["count=3 outgoing=4"]
    mails, ours, _ = whole(world)
    assert mails == [4]
    assert not {1, 2, 3, 4} & set(ours)
    with world.house.database.reading():
        # Sam's mail, and the plan, which came with it, too
        assert {row[0] for row in Octets.select(Octets.sha256).tuples()} == {
            row[0]
            for row in (*Attachment.select(Attachment.sha256).tuples(), *Journal.select(Journal.sha256).where(Journal.id == 4).tuples())
        }
        ours_gone = Outbox.get_by_id(1)
        assert ours_gone.size > 1000
        assert len(ours_gone.sha256) == 64
    assert [row["raw_deleted_at"] is None for row in world.mails()] == [False, False, False, True]
    world.assert_good_books()
    assert named(world) == []
    # the same mail again is known by its digest, and is whole until it is old itself
    world.talk(ANN)
    again = world.last_mail()
    assert (again["kind"], again["outcome"]) == ("copy", "ignored")
    assert 5 in whole(world)[0]
    world.assert_good_books()
    # when the last case is closed, the plan goes, too
    world.later(days=DAYS + 5)
    world.run()
    assert len(told(capfd.readouterr().err)) == 1
    assert whole(world)[0] == [4]
    assigned = next(out for out in world.all_out() if (out.to, out.template) == ("lou", "case-assigned"))
    world.deliver(mail("lou", "#close Sent.", answers=assigned))
    world.later(hours=2)
    world.run()
    assert whole(world)[0] == [6]
    world.assert_good_books()


@on_sqlite
def test_whoever_asks_for_a_raw_mail_is_told_when_it_went_and_why(world: World) -> None:
    grown_old(world)
    world.later(days=DAYS)
    day = world.clock.date().isoformat()
    world.run()
    said = f"The raw mail was deleted on {day}, after {DAYS} days (limits.raw_retention_days)"
    explained = world.cli("explain", "1")
    assert said in explained
    assert "It was decided: A new case was opened for this mail." in explained
    assert "kind ticket · outcome acted" in explained
    answer, other = map(json.loads, world.cli("explain", "roof@acme.example", "4", "--json").splitlines())
    assert other["raw_deleted_at"] is None
    assert (answer["raw_deleted_at"][:10], answer["raw_retention_days"], answer["failed"]) == (day, DAYS, None)
    assert (answer["kind"], answer["case"]["number"], answer["mail"]["subject"]) == ("ticket", "CASE-1001", "No data since noon")
    assert [file["name"] for file in answer["mail"]["attachments"]] == ["plan.pdf"]
    assert answer["mail"]["body"] is None
    world.cli("quarantine", "export", "1", status=1)
    rows = {row["number"]: row["raw_deleted_at"] for row in json.loads(world.cli("mail", "--json"))}
    assert [rows[number] is None for number in (1, 2, 3, 4)] == [False, False, False, True]
    case = json.loads(world.cli("case", "1001", "--json"))
    assert [file["raw_deleted_at"][:10] for file in case["attachments"]] == [day]
    assert json.loads(world.cli("audit", "--json"))["ok"]
    assert f"raw mail is deleted after {DAYS} days" in world.cli("check")


@on_sqlite
def test_a_mail_kept_for_a_person_or_with_an_open_case_stays_and_so_does_everything_where_it_is_switched_off(world: World) -> None:
    world.configure(limits={"raw_retention_days": 1, "message_size": 4000})
    world.deliver(mail("ann", "It is long." * 1000))
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.later(days=500)
    world.run()
    assert [row["outcome"] for row in world.mails()] == ["quarantined", "acted"]
    assert whole(world)[0] == [1, 2]
    world.configure(limits={"raw_retention_days": 0})
    world.deliver(ROBOT)
    world.run()
    world.later(days=5000)
    world.run()
    assert whole(world)[0] == [1, 2, 3]
    assert [row["raw_deleted_at"] for row in world.outbox() if row["raw_deleted_at"]] == []


@on_sqlite
def test_many_old_mails_go_a_few_a_round_and_those_that_stay_are_not_in_their_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.retention.AT_ONCE", 2)
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    for number in range(5):
        world.deliver(mail("robot@else.example", f"beep {number}", headers={"Auto-Submitted": "auto-generated"}))
    world.run()
    world.later(days=DAYS)
    left = []
    for _ in range(4):
        world.run()
        left.append(whole(world)[0])
    assert left == [[1, 4, 5, 6], [1, 6], [1], [1]]
    world.assert_good_books()


@on_sqlite
def test_a_mail_whose_server_gives_it_an_old_date_is_as_new_as_it_is_to_us(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.deliver(ROBOT, world.clock.replace(year=1971))
    world.run()
    world.later(seconds=LOOK_AGAIN.total_seconds())
    world.run()
    world.later(days=DAYS, hours=-1, minutes=-30)
    world.run()
    assert whole(world)[0] == [1]
    # it is old now, but a look at all there is was the last for an hour
    world.later(minutes=35)
    world.run()
    assert whole(world)[0] == [1]
    world.later(minutes=25)
    world.run()
    assert whole(world)[0] == []
    assert told(capfd.readouterr().err) == ["count=1 outgoing=0"]
    world.assert_good_books()
    early = "UPDATE journal SET recorded_at = '2026-12-01 10:00:00' WHERE id = 1"
    with world.house.database.transaction() as transaction:
        world.house.database.peewee.execute_sql(early)
        assert any("mail 1: its octets were deleted on 2027-01-06, before it was 400 days old" in problem for problem in deleted())
        transaction.give_up()


@on_sqlite
def test_after_a_restore_nothing_goes_before_a_person_resumes(world: World, tmp_path: Path) -> None:
    world.deliver(ROBOT)
    world.run()
    world.later(days=DAYS - 1)
    world.run()
    epochs = world.house.epochs.file
    back_up(world.house.database, tmp_path / "backup.db", epochs, world.clock)
    world.later(days=1)
    world.run()
    assert whole(world)[0] == []
    back_up(world.house.database, tmp_path / "without.db", epochs, world.clock)
    for backup, there in (("backup.db", [1]), ("without.db", [])):
        world.close()
        restore(world.config.database.url, None, tmp_path / backup, epochs, world.clock)
        world.run()
        assert whole(world)[0] == there
        world.assert_good_books()
        world.house.epochs.advance(held=False)
        world.run()
        assert whole(world)[0] == []
