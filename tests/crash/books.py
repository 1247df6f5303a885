"""What must hold whatever happened: the model that every crash is held against."""

from __future__ import annotations

from collections import Counter

from tests.conversations.world import World


def assert_every_mail_once(world: World, delivered: int) -> None:
    """Every delivered mail is final, exactly once, and away from the inbox; the books balance."""
    books = world.assert_good_books()
    others = [(m["number"], m["outcome"], m["reason"], m["detail"]) for m in world.mails() if m["outcome"] != "acted"]
    assert (books.received, books.acted, books.in_progress) == (delivered, delivered, 0), others
    places = [(m["uidvalidity"], m["uid"]) for m in world.mails()]
    assert len(set(places)) == delivered
    assert world.inbox.mails() == []


def assert_each_answer_once(world: World, repeats: int) -> None:
    """Every row of the outbox reached the relay, at most `repeats` of them a second time: same Message-ID, same octets."""
    rows = world.outbox()
    others = [(row["number"], row["state"], row["detail"], row["next_attempt_at"]) for row in rows if row["state"] != "sent"]
    assert others == []
    out = world.all_out()
    assert {one.message_id for one in out} == {row["message_id"] for row in rows}
    assert len({one.octets for one in out}) == len(rows)
    counts = Counter(one.message_id for one in out)
    assert sum(counts.values()) - len(rows) <= repeats, [(name, count) for name, count in counts.items() if count > 1]
