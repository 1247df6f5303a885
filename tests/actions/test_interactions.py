"""Mails related to contacts and cases; addresses that bounce."""

from __future__ import annotations

from datetime import timedelta

import peewee as pw
import pytest

from daemon.actions.interactions import mark_bounced, record_incoming, undeliverable
from daemon.actions.replies import Desk
from daemon.actions.vocabulary import MarkBounced
from daemon.store.database import Database
from daemon.store.schema import Interaction, Outbox, Undeliverable
from tests.actions.desk import AT, a_case, carried_out, journalled, outbox
from tests.rules import facts

GONE = MarkBounced(outbox_id=1, address="ann@acme.example", status="5.1.1", permanent=True, reason="no such user")


def test_a_mail_is_recorded_once_by_whoever_is_first(database: Database) -> None:
    with database.transaction():
        number, case = journalled(), a_case()
        record_incoming(journal_id=number, at=AT, message_id="<1@x>", address="ann@acme.example", contact_id=7, case_id=case)
        (row,) = Interaction.select()
        assert (row.direction, row.journal_id, row.message_id, row.address, row.contact_id, row.case_id, row.at) == (
            "in", number, "<1@x>", "ann@acme.example", 7, case, AT
        )  # fmt: skip
    with pytest.raises(pw.IntegrityError), database.transaction():
        record_incoming(journal_id=number, at=AT, message_id=None, address=None, contact_id=None, case_id=None)


def test_a_bounce_is_written_on_the_mail_and_counted_for_its_address(database: Database, desk: Desk) -> None:
    with database.transaction():
        carried_out(facts.judged(facts.reading(), facts.situation()), desk)
        number = outbox()[0].id
        mark_bounced(MarkBounced(outbox_id=number, address="ann@acme.example", status=None, permanent=False, reason=""), at=AT)
        assert Outbox.get_by_id(number).detail == "bounced"
        assert Undeliverable.select().count() == 0, "only what is for good counts"
        mark_bounced(MarkBounced(outbox_id=number, address="ann@acme.example", status="5.1.1", permanent=True, reason="gone"), at=AT)
        marked = Outbox.get_by_id(number)
        assert (marked.bounced_at, marked.told, marked.detail) == (AT, True, "bounced: 5.1.1 gone")
        assert not undeliverable("ann@acme.example")
        later = AT + timedelta(days=1)
        mark_bounced(GONE, at=later)
        row = Undeliverable.get_by_id("ann@acme.example")
        assert (row.bounces, row.last_at) == (2, later)
        assert undeliverable("ann@acme.example")
        assert not undeliverable("amy@acme.example")
