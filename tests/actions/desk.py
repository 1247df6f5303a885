"""A desk and a database with the people of `tests.rules.facts` in it, so that decisions of the rules can be carried out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from daemon.actions.apply import Applied, apply
from daemon.actions.replies import Desk
from daemon.mail.addresses import Signer
from daemon.mail.rendering import Templates
from daemon.model import Decision, Message
from daemon.store.accountindex import index_accounts
from daemon.store.database import Database
from daemon.store.schema import (
    TABLES,
    Case,
    Contact,
    ContactEmail,
    ContactRole,
    Event,
    Journal,
    Organization,
    Outbox,
    Queue,
    QueueMember,
    Row,
    System,
)
from tests.rules import facts

SHIPPED = Path(__file__).resolve().parents[2] / "templates"
AT = facts.NOW
CLOCK = datetime(2026, 11, 23, 15, 6, tzinfo=UTC)


def made_desk(*templates: Path) -> Desk:
    return Desk(
        signer=Signer(b"k" * 32, "support+{token}@support.example", facts.SUPPORT), templates=Templates.load((SHIPPED, *templates)),
        house_name="Example Support", house_address=facts.SUPPORT, timezone=ZoneInfo("America/New_York"),
    )  # fmt: skip


TABLE_NAMES = ", ".join(model._meta.table_name for model in TABLES)  # noqa: SLF001 - peewee offers it under this name only

PEOPLE = (facts.NORA, facts.OWEN, facts.QUIET, facts.PAT, facts.BOB, facts.CLERK, facts.ANN, facts.AMY, facts.RIVAL)


def settle(database: Database) -> None:
    """Put the directory of `facts` into a fresh database; everybody gets the id they have there."""
    with database.transaction():
        for number, (name, kind) in enumerate(
            (("House", "house"), ("Miller Solar", "partner"), ("Acme Homes", "customer"), ("Other Solar", "partner")), 1
        ):
            assert Organization.insert(name=name, name_key=name.lower(), kind=kind).execute() == number
        for person in PEOPLE:
            made = Contact.insert(handle=person.handle, first_name=person.name, organization=person.organization_id).execute()
            assert made == person.id
            ContactEmail.insert(address=person.address, contact=made).execute()
            for role in sorted(person.roles):
                ContactRole.insert(contact=made, role=role).execute()
        System.insert(name="Roof-7", entity=3, partner=2).execute()
        for queue, flags in ((facts.LEVEL_ONE, {"is_default": True}), (facts.TRIAGE, {"is_triage": True})):
            assert Queue.insert(name=queue.name, **flags).execute() == queue.id
            for member in queue.members:
                QueueMember.insert(queue=queue.id, contact=member.id).execute()
        index_accounts()


def journalled(**values: Any) -> int:
    """A received mail to carry decisions out for."""
    row = {"mailbox": "ingest", "folder": "", "internal_date": AT, "recorded_at": AT, "state": "received"}
    return int(Journal.insert(**row | values).execute())


def a_case(**values: Any) -> int:
    """A case of Ann's with Miller Solar, as if it had been opened long ago."""
    row = {
        "type": "helpdesk", "subject": "No data", "description": "", "origin": "email", "organization": 3, "contact": facts.ANN.id,
        "contact_address": facts.ANN.address, "system": 1, "partner": 2, "queue": 1, "created_at": AT, "last_update": AT,
    }  # fmt: skip
    return int(Case.insert(**row | values).execute())


def carried_out(decision: Decision, desk: Desk, mail: Message | None = None, *, number: int | None = None) -> Applied:
    """Apply a decision for a new mail, or for the mail with this number; in the caller's transaction."""
    number = journalled() if number is None else number
    return apply(
        decision, message=mail or facts.message(), journal_id=number, cause=f"mail:{number}", at=AT, clock=CLOCK, desk=desk
    )  # fmt: skip


def counts(*models: type[Row]) -> list[int]:
    return [model.select().count() for model in models]


def events(case_id: int | None) -> list[tuple[int, str]]:
    where = Event.case.is_null() if case_id is None else Event.case == case_id
    return [(row.sequence, row.verb) for row in Event.select().where(where).order_by(Event.sequence)]


def outbox() -> list[Outbox]:
    return list(Outbox.select().order_by(Outbox.id))
