"""How many cases a sender opened lately, and who has mails held for having opened too many. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import peewee as pw

from daemon.model import HeldFacts, OpenedFacts
from daemon.reasons import Outcome, Reason
from daemon.store.journal import reopen
from daemon.store.schema import Case, HeldSender, Journal
from daemon.store.statements import Select, rows

SENDER_SIGNS = 255
"""Of a From field that is no address, this much names its sender."""


def opened_lately(author: str | None, at: datetime) -> tuple[OpenedFacts, OpenedFacts]:
    """What the mails of `author` (None: of nobody who can be named) opened in the hour and the day before `at`: (cases, triage cases)."""
    times: dict[str, Any] = {"hour": at - timedelta(hours=1), "day": at - timedelta(days=1), "at": at}
    found = _OPENED(author=author, **times) if author is not None else _OPENED_BY_NOBODY(**times)
    return _sum(row for row in found if row[0] != "triage"), _sum(row for row in found if row[0] == "triage")


def _sum(counts: Iterable[tuple[Any, ...]]) -> OpenedFacts:
    hours, days = 0, 0
    for _, hour, day in counts:
        hours += int(hour)
        days += int(day)
    return OpenedFacts(hour=hours, day=days)


def _opened(where: Any, hour: Any, day: Any, at: Any) -> Any:
    in_hour = pw.Case(None, [(Case.created_at > hour, 1)], 0)
    within = (Case.created_at > day) & (Case.created_at <= at) & (Case.origin == "email")
    return Case.select(Case.type, pw.fn.SUM(in_hour), pw.fn.COUNT(Case.id)).where(where & within).group_by(Case.type)


_OPENED = Select(lambda author, hour, day, at: _opened(Case.contact_address == author, hour, day, at))
_OPENED_BY_NOBODY = Select(lambda hour, day, at: _opened(Case.contact_address.is_null(), hour, day, at))


def named(sender: str) -> str:
    """The name of a sender: the address, or of what is none the beginning, on one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in sender[:SENDER_SIGNS]).split())


def note_held(sender: str, day: date) -> None:
    """One more mail of this sender is held."""
    name = named(sender)
    HeldSender.insert(sender=name, day=day.isoformat(), held=0, told=0).on_conflict_ignore().execute()
    HeldSender.update(held=HeldSender.held + 1).where((HeldSender.sender == name) & (HeldSender.day == day.isoformat())).execute()


def untold(today: date, most: int) -> list[int]:
    """Whose held mails have at least doubled since they were told, or are more than was told of a day that is over."""
    more = HeldSender.held > HeldSender.told
    due = (HeldSender.held >= HeldSender.told * 2) | (HeldSender.day < today.isoformat())
    return [row[0] for row in rows(HeldSender.select(HeldSender.id).where(more & due).order_by(HeldSender.id).limit(most))]


def tell(number: int) -> HeldFacts | None:
    """Mark all held mails of this row as told; what they are, None when another worker has told them by now."""
    where = (HeldSender.id == number) & (HeldSender.held > HeldSender.told)
    if not HeldSender.update(told=HeldSender.held).where(where).execute():
        return None
    query = HeldSender.select(HeldSender.sender, HeldSender.day, HeldSender.held, HeldSender.case).where(HeldSender.id == number)
    (row,) = rows(query)
    return HeldFacts(id=number, sender=row[0], day=date.fromisoformat(str(row[1])), count=row[2], case_id=row[3])


def told_on(number: int, case_id: int) -> None:
    """This case is where it was told."""
    HeldSender.update(case=case_id).where(HeldSender.id == number).execute()


def release(sender: str) -> int:
    """Send every held mail of a sender through again; how many."""
    held = (Journal.state == Outcome.QUARANTINED.value) & (Journal.reason == Reason.SENDER_FLOOD.value)
    found = rows(Journal.select(Journal.id, Journal.author).where(held).order_by(Journal.id))
    numbers = [number for number, author in found if named(author or "") == named(sender)]
    return sum(reopen(number, released=True) for number in numbers)
