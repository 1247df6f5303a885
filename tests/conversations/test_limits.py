"""What crosses a limit on the way, files of a case or mails that one mail causes: nothing is lost, and people are told."""

from __future__ import annotations

from pathlib import Path

from tests.conversations.world import World, copy_directory, mail

FILES = tuple((f"{name}.bin", "application/octet-stream", name.encode() * 500) for name in ("first", "other", "third"))


def test_files_beyond_what_a_case_may_hold_stay_in_their_mail_and_a_note_says_so(world: World) -> None:
    world.configure(limits={"case_files": 6000})
    received, _ = world.talk(mail("ann", "Roof-7 is dark.", files=FILES[:2]), ("ann", "case-received"), ("bob", "case-assigned"))
    assert [file["name"] for file in world.case(1001)["attachments"]] == ["first.bin", "other.bin"]
    # what is there already takes no room
    (told,) = world.talk(mail("ann", "And these.", answers=received, files=(FILES[0], FILES[2])), ("bob", "case-comment"))
    assert [file["name"] for file in world.case(1001)["attachments"]] == ["first.bin", "other.bin", "first.bin"]
    assert "third.bin" not in told.text
    (note,) = [item["body"] for item in world.case(1001)["feed"] if item["kind"] == "email"]
    assert note == "case_files: the files of a case are at most 6000 octets, so of mail 2 these are only in the mail itself: third.bin"
    world.assert_good_books()


def test_mails_beyond_what_one_mail_may_cause_are_held_and_the_owner_is_told(world: World, tmp_path: Path) -> None:
    people = copy_directory(tmp_path / "people")
    with (people / "contacts.csv").open("a", encoding="utf-8") as file:
        for number in range(3):
            file.write(f"bill{number},Bill,No{number},bill{number}@miller.example,Miller Solar,partner_agent,,\n")
    world.import_directory(people)
    agents = ("bob", *(f"bill{number}@miller.example" for number in range(3)))
    received, *_ = world.talk(mail("ann", "Roof-7 is dark."), ("ann", "case-received"), *((agent, "case-assigned") for agent in agents))
    world.configure(limits={"mails_per_reply": 2})
    octets = mail("ann", "It still is.", answers=received)
    *_, told = world.talk(octets, *((agent, "case-comment") for agent in agents[:2]), ("lou", "mention"))
    assert "2 mails of this are held, 2 went" in told.text
    held = [row for row in world.outbox() if row["state"] == "held"]
    assert {(row["template"], row["detail"]) for row in held} == {("case-comment", "mails_per_reply: 2 for one mail")}
    assert len(held) == 2
    (note,) = [item for item in world.case(1001)["feed"] if item["kind"] == "note"]
    assert note["body"].startswith("[mails_per_reply: 2 mails of this are held, 2 went]")
    world.cli("outbox", "release", str(held[0]["number"]))
    world.run()
    assert [out.template for out in world.out()] == ["case-comment"]
    world.assert_good_books()
