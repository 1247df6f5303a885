"""Alarms: each is told once when it begins, once a day while it lasts, once when it has ended, by each path on its own.

Pure: times are values, and what is remembered between two looks is a value, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from daemon.log import redact

Phase = Literal["begins", "lasts", "ended"]

CALM = timedelta(minutes=5)
"""How long all must be well again before an alarm counts as ended: what comes and goes is one alarm, not many."""

FORGOTTEN = timedelta(days=1)
"""After which an end that could not be told is not told any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vital:
    """One thing that is looked at, and how it is: weight 0 is good, 1 unwise, 2 bad. What it was told of secrets it does not keep."""

    name: str
    weight: int
    detail: str
    mend: str = ""
    alarm: bool = False
    """Whether people are told when it is not good."""
    patience: timedelta = timedelta()
    """How long it must not be good before they are."""

    def __post_init__(self) -> None:
        # here, so that no way on from here tells one: the log, a mail, a command, the file, a person who asks
        object.__setattr__(self, "detail", redact(self.detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a path told last, and when."""

    phase: Phase
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A vital that was not good, since when, and what has been told of it by which path."""

    name: str
    since: datetime
    weight: int
    detail: str
    mend: str
    patience: timedelta = timedelta()
    good_since: datetime | None = None
    told: Mapping[str, Told] = field(default_factory=dict)

    def ended(self, now: datetime) -> bool:
        """Whether it is over."""
        return self.good_since is not None and now - self.good_since >= CALM

    def due(self, path: str, now: datetime, repeat: timedelta) -> Phase | None:
        """What this path has to tell now."""
        told = self.told.get(path)
        if self.ended(now):
            return "ended" if told is not None and told.phase != "ended" else None
        if told is None:
            return "begins" if self.good_since is None and now - self.since >= self.patience else None
        return "lasts" if self.good_since is None and now - told.at >= repeat else None

    def has_told(self, path: str, phase: Phase, now: datetime) -> Alarm:
        """The same, once the path has told it."""
        return replace(self, told={**self.told, path: Told(phase=phase, at=now)})


def looked(alarms: Mapping[str, Alarm], vitals: Iterable[Vital], now: datetime, *, whole: bool) -> dict[str, Alarm]:
    """The alarms after a look. `whole`: everything was looked at, so that what is not among the vitals is no more."""
    after: dict[str, Alarm] = {}
    seen = {vital.name: vital for vital in vitals}
    for name, vital in seen.items():
        known = alarms.get(name)
        if vital.weight and vital.alarm:
            # a path that has not told the end goes on with what it told
            told = {path: last for path, last in known.told.items() if last.phase != "ended"} if known is not None else {}
            since = known.since if known is not None and len(told) == len(known.told) else now
            after[name] = Alarm(
                name=name, since=since, weight=vital.weight, detail=vital.detail, mend=vital.mend, patience=vital.patience, told=told
            )
        elif known is not None:
            after[name] = _good(known, now)
    for name, known in alarms.items():
        if name not in seen:
            after[name] = _good(known, now) if whole else known
    return {name: alarm for name, alarm in after.items() if not _is_past(alarm, now)}


def _good(alarm: Alarm, now: datetime) -> Alarm:
    return alarm if alarm.good_since is not None else replace(alarm, good_since=now)


def _is_past(alarm: Alarm, now: datetime) -> bool:
    if alarm.good_since is None:
        return False
    if not alarm.told:
        return True
    return alarm.ended(now) and (all(told.phase == "ended" for told in alarm.told.values()) or now - alarm.good_since > FORGOTTEN)


# --- as they are kept ------------------------------------------------------------------------------------------------


def as_json(alarm: Alarm) -> dict[str, Any]:
    """What the file keeps of an alarm."""
    return {
        "name": alarm.name, "since": alarm.since.isoformat(), "weight": alarm.weight, "detail": alarm.detail, "mend": alarm.mend,
        "patience": alarm.patience.total_seconds(), "good_since": alarm.good_since.isoformat() if alarm.good_since is not None else None,
        "told": {path: [told.phase, told.at.isoformat()] for path, told in alarm.told.items()},
    }  # fmt: skip


def of_json(kept: Mapping[str, Any]) -> Alarm:
    """The alarm that was kept. Raises ValueError, KeyError or TypeError when it is none."""
    good = kept["good_since"]
    return Alarm(
        name=str(kept["name"]), since=datetime.fromisoformat(kept["since"]), weight=int(kept["weight"]), detail=str(kept["detail"]),
        mend=str(kept["mend"]), patience=timedelta(seconds=float(kept["patience"])),
        good_since=datetime.fromisoformat(good) if good is not None else None,
        told={path: Told(phase=phase, at=datetime.fromisoformat(at)) for path, (phase, at) in kept["told"].items()},
    )  # fmt: skip
