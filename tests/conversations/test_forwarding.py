"""One of our agents forwards a customer's mail: it is the customer's case, or the agent is asked whose it is."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage

from tests.conversations.world import World, mail

OUTLOOK = """\
Can you take this? The gateway again, I think.

________________________________
Von: {author}
Gesendet: Dienstag, 2. Dezember 2025 14:12
An: Cara Ruiz <cara.ruiz@support.example>
Betreff: AW: Kein Strom

Seit heute Mittag kommt nichts mehr an.
"""
HANK = "#contact\nFirst Name: Hank\nLast Name: Homeowner\nCompany: Acme Homes\nEmail: hank@home.example"


def test_a_forward_is_the_case_of_whoever_wrote_it_and_the_agent_says_whose_it_is(world: World) -> None:
    shown = OUTLOOK.format(author="Ann Lee <ann.lee@acme.example>")
    (told,) = world.talk(mail("cara", shown, subject="WG: AW: Kein Strom"), ("cara", "case-created"))
    case = world.case(1001)
    assert (case["contact"], case["owner"], case["type"], case["origin"]) == ("ann", "cara", "helpdesk", "forward")
    assert (case["subject"], case["description"]) == ("Kein Strom", "Seit heute Mittag kommt nichts mehr an.")
    assert [(one["author"], one["public"], one["body"]) for one in case["comments"]] == [
        ("cara", False, "Can you take this? The gateway again, I think.")
    ]
    assert "Ann Lee, ann.lee@acme.example of Acme Homes" in told.text
    # she was mistaken: it is Hank's
    world.talk(mail("cara", HANK, answers=told), ("cara", "confirmation"))
    assert world.case(1001)["contact"] == "hank"
    _, heard = world.talk(mail("cara", "#update We are on it.", answers=told), ("cara", "confirmation"), ("hank", "case-comment"))
    assert "We are on it." in heard.text
    # Outlook shows the name alone
    (question,) = world.talk(mail("cara", OUTLOOK.format(author="Ann Lee"), subject="WG: Kein Strom"), ("cara", "forward-question"))
    case = world.case(1002)
    assert (case["type"], case["queue"], case["contact"], case["owner"]) == ("triage", "triage", None, None)
    assert "no address of its author stands in it" in question.text
    world.talk(mail("cara", HANK, answers=question), ("cara", "confirmation"))
    case = world.case(1002)
    assert (case["type"], case["queue"], case["contact"], case["owner"]) == ("helpdesk", None, "hank", "cara")
    # the files of an attached mail are the case's
    world.talk(attached(), ("lou", "case-created"))
    case = world.case(1003)
    assert (case["contact"], case["description"]) == ("sam", "It shows a white page.")
    assert "white.png" in [one["name"] for one in case["attachments"]]
    world.assert_good_books()


def attached() -> bytes:
    """A mail of Lou's with a mail of Sam's attached, which has a picture."""
    inner = EmailMessage(policy=policy.SMTP)
    inner["From"], inner["To"], inner["Subject"] = "Sam Shop <sam@shop.example>", "lou@support.example", "My site is broken"
    inner["Message-ID"] = "<broken@shop.example>"
    inner.set_content("It shows a white page.\n")
    inner.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="white.png")
    outer = EmailMessage(policy=policy.SMTP)
    outer["Authentication-Results"] = "mx.support.example; dmarc=pass header.from=support.example"
    outer["From"], outer["To"], outer["Subject"] = "lou@support.example", "support@support.example", "My site is broken"
    outer["Message-ID"] = "<passed.on@support.example>"
    outer.set_content("See attached.\n")
    outer.add_attachment(inner)
    return outer.as_bytes()
