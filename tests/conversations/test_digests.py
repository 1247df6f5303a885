"""At opening time whoever owes something hears what, the next deadline first; a tap settles it on its own case."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

from tests.conversations.scenes import MONDAY, NEW_CASE
from tests.conversations.world import Out, World, mail

TUESDAY_OPENING = datetime(2025, 11, 18, 14, 0, tzinfo=UTC)
"""09:00 in New York."""


def taps(out: Out) -> list[tuple[str, str, str]]:
    """(recipient, subject, body) of every one-tap link, in order."""
    found = []
    for uri in re.findall(r'href="(mailto:[^"]+)"', out.html):
        parts = urlsplit(uri.replace("&amp;", "&"))
        fields = parse_qs(parts.query)
        found.append((unquote(parts.path), fields.get("subject", [""])[0], fields.get("body", [""])[0]))
    return found


def two_cases(world: World) -> None:
    world.configure(digests=True)
    world.clock = MONDAY
    for subject in ("Inverter offline", "Roof leaks"):
        world.talk(
            mail("cara", NEW_CASE.format("Miller Solar"), subject=subject),
            ("bob", "case-assigned"), ("cara", "case-created"), ("ann", "case-received"),
        )  # fmt: skip
        world.later(minutes=1)


def test_a_partners_agent_hears_at_opening_what_is_owed_and_settles_it_with_a_tap(world: World) -> None:
    two_cases(world)
    world.clock = TUESDAY_OPENING
    (told,) = world.talk(mail("sam", "x", headers={"Auto-Submitted": "auto-replied"}), ("bob", "digest"))
    assert told.text.index("CASE-1001") < told.text.index("CASE-1002")
    assert "to acknowledge by Tuesday 18 November 2026".replace("2026", "2025") in " ".join(told.text.split())
    (first, subject, body), (second, _, _) = taps(told)
    assert (subject, body) == ("Re: Inverter offline [CASE-1001]", "#acknowledge")
    assert first != second
    assert first in told.text
    world.later(minutes=5)
    answered = mail("bob", body, subject=subject, to=first)
    world.talk(answered, ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    assert (world.case(1001)["acknowledged"], world.case(1002)["acknowledged"]) == (True, False)
    world.later(hours=1)
    world.run()
    assert world.out() == []


def test_who_owes_nothing_hears_nothing(world: World) -> None:
    world.configure(digests=True)
    world.clock = TUESDAY_OPENING
    world.run()
    assert world.out() == []
