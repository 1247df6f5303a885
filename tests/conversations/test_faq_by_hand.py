"""An agent sends a FAQ with a tap: it is suggested in the mail that brings the case, and goes only when somebody sends it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import opened
from tests.conversations.world import Out, World, address_of, mail

KEY = "FAQ-How to request a key"
PAID = "FAQ-what are my priority support options"


def taps(out: Out) -> dict[str, str]:
    """What the one-tap links of a mail send, by their first line."""
    links = [urlsplit(unescape(href)) for href in re.findall(r'href="(mailto:[^"]+)"', out.html)]
    bodies = [parse_qs(link.query).get("body", [""])[0].replace("\r\n", "\n") for link in links]
    return {body.partition("\n")[0]: body for body in bodies}


def given_to_lou(world: World, words: str = "Our license key is lost. How do I request another one?", who: str = "sam") -> Out:
    """A customer's case that Cara opened and gave to level one; Lou's mail about it."""
    written = f"#case\nContact: {address_of(who)}\n{words}"
    (created,) = world.talk(mail("cara", written, subject="License"), ("cara", "case-created"))
    _, assigned = world.talk(mail("cara", "#assign level-one", answers=created), ("cara", "confirmation"), ("lou", "case-assigned"))
    return assigned


def test_a_tap_on_what_is_suggested_sends_the_faq_in_the_case(world: World) -> None:
    assigned = given_to_lou(world)
    command = taps(assigned)["#faq How to request a key"]
    assert "#faq How to request a key: sends the customer that FAQ" in assigned.text
    before = world.case(1001)["state"]
    done, sent = world.talk(mail("lou", command, answers=assigned), ("lou", "confirmation"), ("sam", KEY))
    assert f"sent to Sam Shop: {KEY}" in done.text
    assert sent.subject == "Re: License [CASE-1001]"
    assert sent.message["Auto-Submitted"] == "auto-generated"
    assert "Hello Sam Shop," in sent.text
    assert "1. Go to our website" in sent.text
    case = world.case(1001)
    assert case["state"] == before
    assert [entry["body"] for entry in case["feed"]][-1] == f"{KEY} sent to Sam Shop"
    assert case["interactions"][-1]["template"] == KEY
    # the customer goes on in the same thread
    (heard,) = world.talk(mail("sam", "Thank you, I have it.", answers=sent), ("lou", "case-comment"))
    assert "Thank you, I have it." in heard.text
    world.assert_good_books()


@on_sqlite
def test_a_title_is_found_however_it_is_written(world: World) -> None:
    assigned = given_to_lou(world)
    for written, title in (
        ("#faq FAQ-HOW TO REQUEST A KEY", KEY), ("#faq: development resources.", "FAQ-Development resources"),
        ("#faq support for versions 5.x and older", "FAQ-Support for versions 5x and older."),
    ):  # fmt: skip
        world.talk(mail("lou", written, answers=assigned), ("lou", "confirmation"), ("sam", title))


@on_sqlite
def test_a_title_that_is_no_faq_is_told_the_nearest_first_and_nothing_is_sent(world: World) -> None:
    assigned = given_to_lou(world)
    (error,) = world.talk(mail("lou", "#faq How to request the keys", answers=assigned), ("lou", "error"))
    assert world.last_mail()["reason"] == "commands-refused"
    assert "no FAQ is called How to request the keys" in " ".join(error.text.split())
    offered = [body for body in taps(error) if body.startswith("#faq")]
    assert offered[0] == "#faq How to request a key"
    assert len(offered) == 8
    (error,) = world.talk(mail("lou", "#faq", answers=assigned), ("lou", "error"))
    assert "#faq needs the title" in " ".join(error.text.split())


@on_sqlite
def test_the_priority_options_go_once_for_a_case(world: World) -> None:
    assigned = given_to_lou(world)
    world.talk(mail("lou", "#faq What are my priority support options", answers=assigned), ("lou", "confirmation"), ("sam", PAID))
    (error,) = world.talk(mail("lou", "#faq What are my priority support options", answers=assigned), ("lou", "error"))
    assert "goes only once" in " ".join(error.text.split())
    world.talk(mail("lou", "#faq How to request a key", answers=assigned), ("lou", "confirmation"), ("sam", KEY))
    world.talk(mail("lou", "#faq How to request a key", answers=assigned), ("lou", "confirmation"), ("sam", KEY))
    world.assert_good_books()


@on_sqlite
def test_only_the_house_sends_a_faq_and_only_the_house_is_given_suggestions(world: World) -> None:
    assigned = opened(world)
    assert "What may fit" not in assigned.text
    (error,) = world.talk(mail("bob", "#faq How to request a key", answers=assigned), ("bob", "error"))
    assert "only our own agents can use #faq" in error.text


@on_sqlite
def test_how_an_old_case_was_solved_is_offered_as_an_answer_to_make_ones_own(world: World) -> None:
    assigned = given_to_lou(world, "The export to the warehouse stops at the letter Z.")
    world.talk(
        mail("lou", "#close Told Sam to raise the timeout of the export to 90 seconds.", answers=assigned),
        ("lou", "confirmation"), ("sam", "case-closed"),
    )  # fmt: skip
    again = given_to_lou(world, "Our export to the warehouse stops.", "olga")
    assert "how CASE-1001 was solved (License)" in " ".join(again.text.split())
    # another customer's name is nothing for this one
    assert taps(again)["#update"] == "#update\nTold […] to raise the timeout of the export to 90 seconds."
    answer = "#update\nPlease raise the timeout of the export to 90 seconds."
    _, heard = world.talk(mail("lou", answer, answers=again), ("lou", "confirmation"), ("olga", "case-comment"))
    assert "raise the timeout" in heard.text


@on_sqlite
def test_the_house_sees_in_the_status_what_the_account_ordered_and_the_customer_does_not(world: World) -> None:
    assigned = given_to_lou(world)
    (status,) = world.talk(mail("lou", "#status", answers=assigned), ("lou", "status"))
    assert "Order 9001: Saturday 10 January 2026, shop.example, version 7" in " ".join(status.text.split())
    world.talk(mail("lou", "#faq How to request a key", answers=assigned), ("lou", "confirmation"), ("sam", KEY))
    (theirs,) = world.talk(mail("sam", "#status", subject="[CASE-1001]"), ("sam", "status"))
    assert "Order 9001" not in theirs.text
