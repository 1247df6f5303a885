"""A time as a terminal shows it."""

from __future__ import annotations

from datetime import datetime


def local_minute(moment: datetime) -> str:
    """In the machine's own zone, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def zoned(moment: datetime) -> str:
    """The same with the name of the zone, for whoever reads it elsewhere."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %Z")
