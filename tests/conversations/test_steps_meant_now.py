"""Steps that are meant now, those that are meant later, and words that only look like it."""

from __future__ import annotations

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.scenes import acknowledged, standing
from tests.conversations.world import World, mail


@pytest.mark.parametrize(
    "words",
    ["not yet, waiting for the part", "once the part arrives", "the case once the part arrives", "this ticket after the visit",
     "by Friday", "when Ann agrees"],
)  # fmt: skip
@on_sqlite
def test_a_step_for_later_is_refused_in_words(world: World, words: str) -> None:
    done = acknowledged(world)
    before = standing(world)
    (told,) = world.talk(mail("bob", f"#close {words}", answers=done), ("bob", "error"))
    assert "commands are carried out at once, never later" in " ".join(told.text.split())
    assert standing(world) == before


@on_sqlite
def test_the_same_words_within_a_sentence_are_part_of_what_is_told(world: World) -> None:
    done = acknowledged(world)
    closed, _, _ = world.talk(
        mail("bob", "#close Fixed it once and for all", answers=done),
        ("bob", "confirmation"),
        ("ann", "case-closed"),
        ("cara", "case-closed"),
    )
    assert world.case(1001)["resolution"] == "Fixed it once and for all"
    world.talk(
        mail("ann", "#reopen it went offline once more", subject="[CASE-1001]"), ("ann", "case-received-again"), ("bob", "case-reopened")
    )
    assert world.case(1001)["state"] == "Open"
    world.talk(
        mail("bob", "#close once and for all: new fuse", answers=closed), ("bob", "confirmation"), ("ann", "case-closed"),
        ("cara", "case-closed"),
    )  # fmt: skip
    assert world.case(1001)["resolution"] == "once and for all: new fuse"
    world.assert_good_books()
