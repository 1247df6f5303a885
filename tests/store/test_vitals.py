"""What waits in the queues is counted, and since when."""

from __future__ import annotations

from datetime import timedelta

from daemon.store.schema import Outbox
from daemon.store.vitals import Backlog, backlog
from tests.store.life import NOON, Life


def test_queues_tell_what_waits_longest_and_whether_others_leave(life: Life) -> None:
    with life.database.reading():
        assert backlog(NOON) == Backlog(mails=0, oldest_mail=None, outgoing=0, oldest_outgoing=None, last_sent=None, held=0, quarantined=0)
    for number, state in enumerate(("sent", "queued", "unknown", "sent", "held")):
        at = NOON + timedelta(minutes=number)
        with life.database.transaction():
            Outbox.create(
                state="queued", cause="mail:1", effect_key=f"k{number}", forward_path="a@b.example", reverse_path="", template="t",
                message_id=f"<{number}@x>", subject="s", octets=b"x", created_at=at, next_attempt_at=at,
            )  # fmt: skip
            if state == "sent":
                Outbox.update(state=state, sent_at=at).where(Outbox.id == number + 1).execute()
            else:
                Outbox.update(state=state).where(Outbox.id == number + 1).execute()
    with life.database.reading():
        found = backlog(NOON)
    assert (found.outgoing, found.held) == (2, 1)
    assert found.oldest_outgoing == NOON + timedelta(minutes=1)
    assert found.last_sent == NOON + timedelta(minutes=3)
