"""The work on a CS ticket by mail: who may do what, what is refused, what the customer hears, and that they hear it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config import data_dir
from tests.conversations.databases import on_sqlite
from tests.conversations.forms import MONDAY, TITLE, form, submitted, taken_in
from tests.conversations.world import Out, World, bounce, copy_directory, mail

pytestmark = on_sqlite


def ticket(world: World, number: int = 1001) -> dict[str, object]:
    (found,) = world.case(number)["cs_tickets"]
    return dict(found)


def completed(world: World) -> tuple[Out, Out, Out]:
    """The work is done and the customer knows: the first quick reply, the work, the receipt."""
    first, _, work = taken_in(world)
    receipt, _ = world.talk(mail("ivan", "Done", answers=work), ("ivan", "cs-done-confirmation"), ("dana", "New Channel Req 2"))
    return first, work, receipt


# --- done, and again -----------------------------------------------------------------------------------------------


def test_done_is_done_once(world: World) -> None:
    _, work, _ = completed(world)
    (error,) = world.talk(mail("ivan", "#done", answers=work), ("ivan", "error"))
    assert "done already" in error.text
    assert error.subject.startswith("[CS-1] ")
    world.assert_good_books()


def test_a_plain_done_on_a_ticket_that_is_done_runs_nothing(world: World) -> None:
    _, work, _ = completed(world)
    world.deliver(mail("ivan", "Done", answers=work))
    world.run()
    assert "New Channel Req 2" not in [out.template for out in world.out()]
    assert world.last_mail()["kind"] == "reply"


def test_reopened_by_the_house_and_done_again_the_customer_hears_nothing_twice(world: World) -> None:
    _, work, receipt = completed(world)
    (refused,) = world.talk(mail("ivan", "#reopen", answers=work), ("ivan", "error"))
    assert "Nothing was changed" in refused.text
    cara = mail("cara", "#reopen The lender code is wrong", subject="[CS-1] please look again")
    _, again = world.talk(cara, ("cara", "confirmation"), ("ivan", "cs-assigned"))
    assert (ticket(world)["status"], world.case(1001)["request"]["state"]) == ("Open", "reopened")
    (receipt,) = world.talk(mail("ivan", "Done", answers=again), ("ivan", "cs-done-confirmation"))
    assert "The customer was told when it was done before" in " ".join(receipt.text.split())
    assert world.case(1001)["request"]["state"] == "completed"
    sent = [row["template"] for row in world.outbox() if row["template"].startswith("New Channel")]
    assert sent == ["New Channel Req 1", "New Channel Req 2"]
    world.assert_good_books()


def test_outstanding_on_a_ticket_that_is_done_keeps_what_the_customer_knows(world: World) -> None:
    _, work, _ = completed(world)
    world.talk(mail("ivan", "#outstanding The logo came late", answers=work), ("ivan", "confirmation"))
    assert world.case(1001)["request"]["state"] == "completed"
    world.talk(mail("ivan", "#cleared 1", answers=work), ("ivan", "confirmation"))
    assert ticket(world)["status"] == "Done"
    world.assert_good_books()


@pytest.mark.parametrize(
    "words", ["#done if the logo is there", "#done when she calls", "#done\n#outstanding Logo missing", "#cleared 7", "#cleared"]
)
def test_what_is_refused_changes_nothing(world: World, words: str) -> None:
    _, _, work = taken_in(world)
    before = world.case(1001)["cs_tickets"]
    (error,) = world.talk(mail("ivan", words, answers=work), ("ivan", "error"))
    assert "Nothing was changed" in error.text
    assert world.case(1001)["cs_tickets"] == before


def test_what_is_outstanding_is_numbered_on(world: World) -> None:
    _, _, work = taken_in(world)
    world.talk(mail("ivan", "#outstanding\nLogo\nLender code", answers=work), ("ivan", "confirmation"))
    world.talk(mail("cherish", "#cleared 1\n#outstanding\nPrice list", subject=f"[CS-1] {TITLE}"), ("cherish", "confirmation"))
    found = world.case(1001)["cs_tickets"][0]["outstanding"]
    assert [(item["number"], item["cleared_at"] is None) for item in found] == [(1, False), (2, True), (3, True)]
    (error,) = world.talk(mail("ivan", "#cleared 1,9", answers=work), ("ivan", "error"))
    for said in ("#cleared 2", "#cleared all"):
        assert said in error.text


# --- who may -------------------------------------------------------------------------------------------------------


def test_the_house_gives_the_work_to_somebody_else_and_the_assignee_may_not(world: World) -> None:
    _, _, work = taken_in(world)
    world.talk(mail("ivan", "#assign priya", answers=work), ("ivan", "error"))
    _, given = world.talk(
        mail("cara", "#assign priya", subject=f"[CS-1] {TITLE}"), ("cara", "confirmation"), ("priya", "cs-assigned")
    )  # fmt: skip
    assert ticket(world)["assignee"] == "priya"
    world.talk(mail("priya", "Done", answers=given), ("priya", "cs-done-confirmation"), ("dana", "New Channel Req 2"))
    assert ticket(world)["closed_by"] == "priya"


def test_the_number_of_a_ticket_in_the_subject_is_enough_for_those_who_work_on_it_only(world: World) -> None:
    taken_in(world)
    for who in ("dana", "bob"):
        world.deliver(mail(who, "#done", subject=f"[CS-1] {TITLE}"))
        world.run()
        assert "New Channel Req 2" not in [out.template for out in world.out()]
    assert ticket(world)["status"] == "Open"
    world.talk(mail("ivan", "#done", subject=f"[CS-1] {TITLE}"), ("ivan", "cs-done-confirmation"), ("dana", "New Channel Req 2"))


@pytest.mark.parametrize("who", ["mallory@else.example", "bob", "dana"])
def test_the_address_of_a_ticket_that_was_passed_on_opens_nothing(world: World, who: str) -> None:
    _, _, work = taken_in(world)
    world.deliver(mail(who, "#done", answers=work))
    world.run()
    assert world.out() == []
    assert ticket(world)["status"] == "Open"
    note = world.case(1001)["comments"][-1] if world.case(1001)["comments"] else world.case(1001)["feed"][-1]
    assert note["public"] is False


def test_nothing_of_a_case_is_undone_in_the_thread_of_its_ticket(world: World) -> None:
    _, work, _ = completed(world)
    (error,) = world.talk(mail("ivan", "#undo", answers=work), ("ivan", "error"))
    assert ticket(world)["status"] == "Done"
    assert "Nothing was changed" in error.text


# --- asking --------------------------------------------------------------------------------------------------------


def test_status_shows_the_ticket_with_its_dates_and_what_is_outstanding(world: World) -> None:
    _, _, work = taken_in(world)
    world.talk(mail("ivan", "#outstanding Logo missing", answers=work), ("ivan", "confirmation"))
    (told,) = world.talk(mail("ivan", "#status", answers=work), ("ivan", "status"))
    for said in ("CS-1", "Open", "@ivan", "Wednesday 26 November 2025", "Friday 28 November 2025", "Logo missing", "@cherish"):
        assert said in told.text, said
    assert "#done" in told.text


def test_a_customer_s_status_says_nothing_of_the_work(world: World) -> None:
    first, _, _ = taken_in(world)
    (told,) = world.talk(mail("dana", "#status", answers=first), ("dana", "status"))
    for unsaid in ("CS-1", "ivan", "Configuration Date"):
        assert unsaid not in told.text


def test_help_in_the_thread_of_a_ticket_names_its_verbs(world: World) -> None:
    _, _, work = taken_in(world)
    (told,) = world.talk(mail("ivan", "#help", answers=work), ("ivan", "help"))
    for said in ("#done", "#outstanding", "#cleared"):
        assert said in told.text


# --- files ---------------------------------------------------------------------------------------------------------


def test_all_files_of_the_customer_are_on_the_ticket_and_pictures_of_letters_are_not(world: World) -> None:
    first, _, work = taken_in(world, form("pdf-and-upload-attached"))
    before = list(world.case(1001)["cs_tickets"][0]["attachments"])
    assert len(before) == 2
    for name in before:
        assert name in work.text
    world.talk(mail("dana", "The logo, too.", answers=first, files=[("logo.svg", "image/svg+xml", b"<svg/>")]), ("lou", "case-comment"))
    assert world.case(1001)["cs_tickets"][0]["attachments"] == [*before, "logo.svg"]
    world.assert_good_books()


# --- who does it ---------------------------------------------------------------------------------------------------


def people(world: World, folder: Path, *rows: str) -> None:
    """Change the directory: the rows of contacts."""
    place = copy_directory(folder)
    with (place / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write("".join(f"{row}\n" for row in rows))
    world.import_directory(place)


def test_those_who_configure_take_turns(world: World, tmp_path: Path) -> None:
    people(world, tmp_path / "more", "yuri,Yuri,Orlov,yuri@support.example,House,configuration_assignee,,")
    world.clock = MONDAY
    turns = []
    for number in range(4):
        world.deliver(submitted(partner=f"Partner {number}", submission=f"710000000000000000{number}").as_bytes())
        world.run()
        turns += [out.to for out in world.out() if out.template == "cs-assigned"]
    assert turns in (["ivan", "yuri@support.example"] * 2, ["yuri@support.example", "ivan"] * 2)


def test_those_a_file_names_take_turns_whatever_their_role(world: World) -> None:
    write_form(world, 'assignees = ["priya", "lou"]')
    world.clock = MONDAY
    turns = []
    for number in range(3):
        world.deliver(submitted(partner=f"Partner {number}", submission=f"710000000000000000{number}").as_bytes())
        world.run()
        turns += [out.to for out in world.out() if out.template == "cs-assigned"]
    assert turns == ["lou", "priya", "lou"]


def write_form(world: World, line: str, name: str = "new-channel-partner") -> None:
    """The shipped form's file, with one more line in [task]."""
    shipped = data_dir("config") / "forms" / "new-channel-partner.toml"
    text = shipped.read_text("utf-8").replace('priority = "High"\n', f'priority = "High"\n{line}\n')
    world.close()
    place = world.folder / "forms"
    place.mkdir(exist_ok=True)
    (place / f"{name}.toml").write_text(text, encoding="utf-8")


def test_work_that_is_nobody_s_is_given_by_those_who_decide_in_doubt(world: World) -> None:
    write_form(world, 'assignees = ["gone"]')
    world.clock = MONDAY
    _, _, told = world.talk(
        form("default-2021"), ("dana", "New Channel Req 1"), ("marta", "mention"), ("priya", "cs-assigned")
    )  # fmt: skip
    assert "nobody's yet" in told.text
    assert ticket(world)["assignee"] is None
    world.talk(mail("priya", "#assign ivan", answers=told), ("priya", "confirmation"), ("ivan", "cs-assigned"))
    assert ticket(world)["assignee"] == "ivan"


def test_the_case_closes_with_the_work_where_the_form_says_so(world: World) -> None:
    write_form(world, "")
    path = world.folder / "forms" / "new-channel-partner.toml"
    path.write_text("close_case_on_completion = true\n" + path.read_text("utf-8"), encoding="utf-8")
    completed(world)
    assert world.case(1001)["state"] == "Closed"
    world.assert_good_books()


def test_a_form_without_work_is_accepted_and_that_is_all(world: World) -> None:
    place = world.folder / "forms"
    world.close()
    place.mkdir(exist_ok=True)
    (place / "warranty-claim.toml").write_text(
        'titles = ["Warranty Claim"]\nsenders = ["forms@claims.example"]\nfirst_mail = "case-received"\n'
        '[customer]\nemail = "email"\nname = "name"\ncompany = "company"\n[case]\nsubject = "Claim of {name}"\n'
        '[fields.name]\nlabels = ["your name"]\n[fields.email]\ntype = "email"\nlabels = ["your email"]\nrequired = true\n'
        'decisive = true\n[fields.company]\nlabels = ["company name"]\n[fields.what]\nlabels = ["new channel partner"]\n',
        encoding="utf-8",
    )
    octets = submitted(sender="forms@claims.example", title="Warranty Claim", submission=None, link="https://claims.example/c").as_bytes()
    world.clock = MONDAY
    world.talk(octets, ("dana", "case-received"))
    case = world.case(1001)
    assert (case["type"], case["subject"], case["request"]["state"], case["cs_tickets"]) == (
        "support", "Claim of Dana Whitfield", "accepted", [],
    )  # fmt: skip
    world.assert_good_books()


def test_a_quick_reply_that_comes_back_is_told_to_the_owner_and_the_work_goes_on(world: World) -> None:
    first, _, _ = taken_in(world)
    world.talk(bounce(first), ("lou", "bounce-notice"))
    states = {one["template"]: one["state"] for one in world.case(1001)["interactions"]}
    assert states["New Channel Req 1"] == "bounced"
    assert world.case(1001)["request"]["state"] == "in_configuration"


def test_an_archived_form_is_filed_and_mails_nobody(world: World, tmp_path: Path) -> None:
    (tmp_path / "form.eml").write_bytes(form("default-2021"))
    world.cli("ingest", "--archive", str(tmp_path / "form.eml"))
    world.run()
    world.expect()
    assert world.case(1001)["request"]["state"] == "in_configuration"
    world.assert_good_books()
