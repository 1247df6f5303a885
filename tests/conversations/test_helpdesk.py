"""Open and update: a customer writes, the partner answers, the customer answers (scenario SC-09, steps 1 to 3)."""

from __future__ import annotations

from datetime import timedelta

from tests.conversations.world import TUESDAY, World, mail


def test_a_customer_opens_a_case_and_talks_with_the_partner(world: World) -> None:
    # IN ann: the only system of her entity is meant, and its partner hears of it
    received, assigned = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    assert received.subject == "Re: No data since noon [CASE-1001]"
    assert received.message["Auto-Submitted"] == "auto-replied"
    assert assigned.message["Auto-Submitted"] == "auto-generated"
    assert assigned.subject == "No data since noon [CASE-1001]"
    assert "Roof-7 shows no data." in assigned.text
    assert "Roof-7" in assigned.html
    assert received.reply_to.startswith("support+")
    case = world.case(1001)
    assert (case["type"], case["state"], case["entity"], case["system"], case["partner"]) == (
        "helpdesk", "Open", "Acme Homes", "Roof-7", "Miller Solar",
    )  # fmt: skip
    assert (case["contact"], case["queue"], case["owner"], case["origin"]) == ("ann", "level-one", None, "email")
    assert case["created_at"] == case["last_update"] == TUESDAY
    assert [(i["direction"], i["name"], i["template"], i["state"]) for i in case["interactions"]] == [
        ("in", "ann", None, "acted"), ("out", "ann", "case-received", "sent"), ("out", "bob", "case-assigned", "sent"),
    ]  # fmt: skip

    # IN bob, a reply: ann hears it; bob does not, but is told once that this was no acknowledgement
    world.later(hours=1)
    question = "Please restart the logger and tell me the colour of the lamp."
    asked, _ = world.talk(mail("bob", question, answers=assigned), ("ann", "case-comment"), ("bob", "hint-acknowledge"))
    assert question in asked.text
    assert received.message_id in asked.references
    case = world.case(1001)
    assert case["comments"] == [{"at": TUESDAY + timedelta(hours=1), "author": "bob", "public": True, "body": question}]
    assert (case["state"], case["last_update"], case["acknowledged"]) == ("Open", TUESDAY + timedelta(hours=1), False)

    # IN ann, a reply: bob hears it
    world.later(hours=1)
    (told,) = world.talk(mail("ann", "Lamp is green now.", answers=asked), ("bob", "case-comment"))
    assert "Lamp is green now." in told.text
    assert "Ann Lee" in told.text
    case = world.case(1001)
    assert [(c["author"], c["body"]) for c in case["comments"]] == [("bob", question), ("ann", "Lamp is green now.")]
    assert case["last_update"] == TUESDAY + timedelta(hours=2)
    assert [m["trust"] for m in world.mails()] == ["verified"] * 3
    assert [m["kind"] for m in world.mails()] == ["ticket", "reply", "reply"]
    assert world.inbox.mails() == []
    assert len(world.inbox.mails("Processed")) == 3
    books = world.assert_good_books()
    assert (books.received, books.acted) == (3, 3)


def test_the_quoted_mail_below_a_reply_is_not_repeated(world: World) -> None:
    _, assigned = world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    quoted = "\n".join(f"> {line}" for line in assigned.text.splitlines())
    world.talk(
        mail("bob", f"Will look.\n\nOn Tue, 1 Dec 2026 at 10:00, Example Support wrote:\n{quoted}", answers=assigned),
        ("ann", "case-comment"), ("bob", "hint-acknowledge"),
    )  # fmt: skip
    assert [c["body"] for c in world.case(1001)["comments"]] == ["Will look."]


def test_a_customer_without_a_system_gets_a_support_case_in_the_default_queue(world: World) -> None:
    world.talk(mail("sam", "How do I install it?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))
    case = world.case(1001)
    assert (case["type"], case["organization"], case["contact"], case["queue"], case["partner"]) == (
        "support", "Shop Co", "sam", "level-one", None,
    )  # fmt: skip


def test_a_comment_of_the_customer_goes_to_the_owner_when_no_partner_is_assigned(world: World) -> None:
    received, _ = world.talk(mail("sam", "How?", subject="Installing"), ("sam", "case-received"), ("lou", "case-assigned"))
    world.talk(mail("sam", "I still need help.", answers=received), ("lou", "case-comment"))


def test_a_house_agent_comments_on_any_case_by_its_number(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    (told,) = world.talk(mail("cara", "We look into it.", subject="about [CASE-1001]"), ("ann", "case-comment"))
    assert "We look into it." in told.text
    assert world.last_mail()["reason"] == "comment-added"
    assert world.case(1001)["comments"][0]["author"] == "cara"


def test_a_text_of_the_house_that_begins_with_a_handle_stays_in_the_house(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.talk(mail("cara", "@marta can you call her?", subject="[CASE-1001]"), ("marta", "mention"))
    assert world.case(1001)["comments"] == []
    (post,) = [item for item in world.case(1001)["feed"] if item["kind"] == "mention"]
    assert (post["author"], post["public"], post["body"]) == ("cara", False, "@marta can you call her?")
    assert world.case(1001)["last_update"] == TUESDAY


def test_an_agent_of_another_partner_is_nobody_on_the_case(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"))
    world.later(hours=1)
    # a number alone joins nobody: eva's mail is a case of her own
    world.talk(mail("eva", "Let me see.", subject="[CASE-1001]"), ("eva", "case-received"), ("lou", "case-assigned"))
    assert world.case(1001)["comments"] == []
    assert world.last_mail()["case"] == "CASE-1002"


def test_attachments_are_kept_once_and_named_to_the_other_side(world: World) -> None:
    photo = ("roof.jpg", "image/jpeg", b"\xff\xd8\xff\xe0 a roof")
    received, assigned = world.talk(mail("ann", "See the photo.", files=[photo]), ("ann", "case-received"), ("bob", "case-assigned"))
    assert "roof.jpg" in assigned.text
    (again,) = world.talk(mail("ann", "Once more.", answers=received, files=[photo]), ("bob", "case-comment"))
    assert "roof.jpg" in again.text
    files = world.case(1001)["attachments"]
    assert [(f["name"], f["content_type"], f["size"]) for f in files] == [("roof.jpg", "image/jpeg", len(photo[2]))] * 2
    assert len({f["sha256"] for f in files}) == 1
    assert world.assert_good_books().acted == 2
