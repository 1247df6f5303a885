"""Mails that no person wrote, mails that come twice: at most one set of effects, never an answer (scenario SC-17)."""

from __future__ import annotations

import pytest

from tests.conversations.fixtures import gate_database_url as database_url
from tests.conversations.world import PEOPLE, World, bounce, mail

__all__ = ["database_url"]


def _case_of_ann(world: World) -> tuple:
    return tuple(world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned")))


def _nothing_but(world: World, reason: str, kind: str) -> dict:
    """The last mail was ignored for this reason, and nothing left."""
    row = world.last_mail()
    assert (row["outcome"], row["reason"], row["kind"]) == ("ignored", reason, kind)
    return row


def test_an_out_of_office_note_changes_nothing_and_is_filed_on_its_case(world: World) -> None:
    _, assigned = _case_of_ann(world)
    before = world.case(1001)
    world.later(hours=1)
    world.talk(mail("bob", "I am away. #close", answers=assigned, headers={"Auto-Submitted": "auto-replied"}))
    row = _nothing_but(world, "automatic-on-case", "automatic")
    assert row["case"] == "CASE-1001"
    after = world.case(1001)
    assert after["interactions"][-1]["direction"] == "in"
    assert after["interactions"][-1]["state"] == "ignored"
    assert (after["comments"], after["acknowledged"], after["last_update"]) == ([], False, before["last_update"])
    assert world.inbox.mails() == []
    assert len(world.inbox.mails("Ignored")) == 1
    world.assert_good_books()


def test_a_robot_that_belongs_to_no_case_opens_none(world: World) -> None:
    world.talk(mail("news@robot.example", "Your backup is done.", headers={"Auto-Submitted": "auto-generated"}))
    assert _nothing_but(world, "automatic-without-case", "automatic")["case"] is None
    assert world.cases() == []


def test_a_list_mail_from_a_person_opens_a_case_that_is_not_answered(world: World) -> None:
    world.talk(mail("ann", "Roof-7 again.", headers={"List-Id": "<owners.acme.example>"}), ("bob", "case-assigned"))
    row = world.last_mail()
    assert (row["outcome"], row["kind"], row["reason"]) == ("acted", "list", "case-opened-unanswered")


def test_a_mail_that_asks_for_no_answer_opens_a_case_that_is_not_answered(world: World) -> None:
    world.talk(mail("sam", "Order 9001.", headers={"X-Auto-Response-Suppress": "OOF, AutoReply"}), ("lou", "case-assigned"))
    assert world.last_mail()["reason"] == "case-opened-unanswered"


def test_our_own_mail_that_comes_back_is_ignored(world: World) -> None:
    received, _ = _case_of_ann(world)
    world.talk(received.octets)
    _nothing_but(world, "own-mail", "own")
    world.talk(mail("support@support.example", "From us.", subject="hi"))
    _nothing_but(world, "own-mail", "own")
    world.talk(mail("help@support.example", "From our alias.", subject="hi"))
    _nothing_but(world, "own-mail", "own")


def test_the_mark_of_another_instance_is_not_answered_either(world: World) -> None:
    world.talk(mail("desk@other.example", "We have received your mail.", headers={"X-Supportd-Instance": "another"}))
    _nothing_but(world, "own-mail", "own")


def test_the_same_mail_under_two_uids_has_one_set_of_effects(world: World) -> None:
    octets = mail("ann", "Roof-7 shows no data.")
    world.deliver(octets)
    world.deliver(octets)
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"))
    assert [(m["outcome"], m["kind"]) for m in world.mails()] == [("acted", "ticket"), ("ignored", "copy")]
    # and once more later
    world.later(hours=2)
    world.talk(octets)
    _nothing_but(world, "copy-of-mail", "copy")
    assert len(world.cases()) == 1
    books = world.assert_good_books()
    assert (books.acted, books.ignored) == (1, 2)


def test_the_same_mail_by_way_of_an_alias_is_a_copy(world: World) -> None:
    octets = mail("ann", "Roof-7 shows no data.")
    world.talk(octets, ("ann", "case-received"), ("bob", "case-assigned"))
    by_alias = (
        b"Received: from list.example by mx.support.example; Tue, 02 Dec 2025 14:59:40 +0000\r\nDelivered-To: help@support.example\r\n"
    )
    world.talk(by_alias + octets)
    _nothing_but(world, "copy-of-mail", "copy")


@pytest.mark.parametrize(("results", "grade"), [("pass", "untrusted"), ("fail", "forged")])
def test_the_same_mail_to_two_of_our_addresses_is_a_copy_also_of_somebody_who_is_not_believed(
    world: World, results: str, grade: str
) -> None:
    _, assigned = _case_of_ann(world)
    both = {"Cc": "support@support.example"}
    octets = mail("eva", "I see it as well.", answers=assigned, headers=both, results=results)
    for alias in ("support+key", "support", "help"):
        world.deliver(f"Delivered-To: {alias}@support.example\r\n".encode() + octets)
    world.run()
    decided = [(row["outcome"], row["reason"], row["trust"]) for row in world.mails()[1:]]
    assert decided == [("acted", f"note-{grade}", grade), *[("ignored", "copy-of-mail", grade)] * 2]
    assert len([item for item in world.case(1001)["feed"] if item["kind"] == "note"]) == 1
    world.assert_good_books()


def test_a_true_mail_that_was_forged_before_is_no_copy_and_its_own_copies_are(world: World) -> None:
    true = mail("ann", "Roof-7 shows no data.")
    forged = true.replace(b"dmarc=pass", b"dmarc=fail")
    world.talk(forged)
    world.talk(true, ("ann", "case-received"), ("bob", "case-assigned"))
    for again in (true, forged):
        world.talk(b"Delivered-To: help@support.example\r\n" + again)
        assert "mail 2" in _nothing_but(world, "copy-of-mail", "copy")["detail"]
    assert len(world.cases()) == 2
    world.assert_good_books()


def test_a_message_id_alone_makes_no_copy(world: World) -> None:
    """T48: whoever sends the Message-ID first can't suppress the mail it belongs to."""
    world.talk(
        mail("mallory@else.example", "first!", message_id="<1@acme.example>", subject="hm"),
        ("mallory@else.example", "case-received"), ("lou", "case-assigned"),
    )  # fmt: skip
    world.talk(mail("ann", "Roof-7 shows no data.", message_id="<1@acme.example>"), ("ann", "case-received"), ("bob", "case-assigned"))


# --- bounces -------------------------------------------------------------------------------------------------------


def test_a_bounce_marks_the_mail_and_the_owner_is_told(world: World) -> None:
    received, _ = _case_of_ann(world)
    (notice,) = world.talk(bounce(received), ("lou", "bounce-notice"))
    assert PEOPLE["ann"] in notice.text
    assert "5.1.1" in notice.text
    row = world.last_mail()
    assert (row["outcome"], row["kind"], row["reason"], row["case"]) == ("acted", "bounce", "bounce-recorded", "CASE-1001")
    states = {i["template"]: i["state"] for i in world.case(1001)["interactions"] if i["direction"] == "out"}
    assert states == {"case-received": "bounced", "case-assigned": "sent", "bounce-notice": "sent"}
    assert world.case(1001)["state"] == "Open"
    # the other server says it once more
    world.talk(bounce(received, diagnostic="550 5.1.1 said again"))
    _nothing_but(world, "bounce-repeated", "bounce")
    world.assert_good_books()


def test_a_bounce_that_comes_to_the_plain_address_is_known_by_the_returned_message_id(world: World) -> None:
    received, _ = _case_of_ann(world)
    world.talk(bounce(received, to="support@support.example"), ("lou", "bounce-notice"))


def test_a_delayed_mail_is_no_bounce(world: World) -> None:
    received, _ = _case_of_ann(world)
    world.talk(bounce(received, status="4.4.1", diagnostic="451 4.4.1 try later"))
    _nothing_but(world, "bounce-delayed", "bounce")
    states = {i["template"]: i["state"] for i in world.case(1001)["interactions"] if i["direction"] == "out"}
    assert states["case-received"] == "sent"


def test_a_bounce_of_a_mail_we_never_sent_is_ignored(world: World) -> None:
    """T27."""
    received, _ = _case_of_ann(world)
    unknown = bounce(received, to="support@support.example").replace(received.message_id.encode(), b"<no.such.mail@support.example>")
    world.talk(unknown)
    _nothing_but(world, "bounce-of-unknown-mail", "bounce")
    assert len(world.cases()) == 1


def test_a_bounce_of_a_notice_about_a_bounce_is_told_to_nobody(world: World) -> None:
    received, _ = _case_of_ann(world)
    (notice,) = world.talk(bounce(received), ("lou", "bounce-notice"))
    world.talk(bounce(notice))
    assert world.last_mail()["reason"] == "bounce-recorded"


def test_an_address_that_bounced_twice_is_not_mailed_again(world: World) -> None:
    received, _ = _case_of_ann(world)
    world.talk(bounce(received), ("lou", "bounce-notice"))
    second, _ = world.talk(mail("ann", "Another.", subject="Invoice"), ("ann", "case-received"), ("bob", "case-assigned"))
    world.talk(bounce(second), ("lou", "bounce-notice"))
    world.talk(mail("ann", "A third.", subject="Roof"), ("bob", "case-assigned"))
    (held,) = [row for row in world.outbox() if row["state"] == "held"]
    assert (held["to"], held["template"]) == (PEOPLE["ann"], "case-received")
    assert held["detail"].startswith("suppressed address")
    # a person knows better, and lets it go
    world.cli("outbox", "release", str(held["number"]))
    world.run()
    world.expect(("ann", "case-received"))


# --- rates ---------------------------------------------------------------------------------------------------------


def test_a_stranger_is_answered_three_times_a_day_and_the_rest_is_held(world: World) -> None:
    stranger = "stranger@gmail.example"
    for number in range(3):
        world.talk(mail(stranger, f"No. {number}", subject=f"Thing {number}"), (stranger, "case-received"), ("lou", "case-assigned"))
    world.talk(mail(stranger, "No. 4", subject="Thing four"), ("lou", "case-assigned"))
    (held,) = [row for row in world.outbox() if row["state"] == "held"]
    assert held["template"] == "case-received"
    assert "answers_per_stranger_day" in held["detail"]
    assert len(world.cases()) == 4
    world.later(hours=25)
    world.talk(mail(stranger, "No. 5", subject="Thing five"), (stranger, "case-received"), ("lou", "case-assigned"))
    world.assert_good_books()


@pytest.mark.parametrize("limit", [1, 0])
def test_the_rates_are_configured_and_nought_is_none(world: World, limit: int) -> None:
    world.configure(limits={"answers_per_contact_day": limit, "answers_per_stranger_day": 1})
    world.talk(mail("sam", "One.", subject="One"), ("sam", "case-received"), ("lou", "case-assigned"))
    answer = [] if limit else [("sam", "case-received")]
    world.talk(mail("sam", "Two.", subject="Two"), *answer, ("lou", "case-assigned"))
