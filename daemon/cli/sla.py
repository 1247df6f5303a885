"""Commands about deadlines: sla deadline."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.output import json_time, print_json, say, table
from daemon.cli.session import load_config
from daemon.errors import ConfigError, Problem, closest

if TYPE_CHECKING:
    from daemon.rules.calendars import Calendar, Day

MOST_DAYS = 3660
"""Business days that can be asked for at once."""

PROGRAM = "supportd sla deadline"


class RuleOption(StrEnum):
    """How a deadline is counted."""

    A = "A"
    B = "B"
    C = "C"


sla = typer.Typer(help="Deadlines, and how they are counted.", no_args_is_help=True)


@sla.callback()
def frame() -> None:
    """Deadlines, and how they are counted."""


@sla.command()
def deadline(
    name: Annotated[str, typer.Option("--calendar", metavar="NAME", help="A [calendars.NAME] of the configuration.")],
    start: Annotated[
        str,
        typer.Option(
            "--from", metavar="TIME", help="An ISO 8601 time; without a zone it is the calendar's. For rules B and C also a date."
        ),
    ],
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=MOST_DAYS, help="How many business days.")] = 1,
    rule: Annotated[
        RuleOption,
        typer.Option(
            "--rule",
            case_sensitive=False,
            help="A: the close of the N-th business day after the one a time belongs to. B: the N-th business day after a date. "
            "C: the close of the N-th business day after a date.",
        ),
    ] = RuleOption.A,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> None:
    """Count a deadline, with every day on the way: counted, or skipped and why."""
    calendar, moment = _asked(name, start, rule)
    try:
        end, walked = _counted(calendar, moment, rule, days)
    except (ValueError, OverflowError) as error:
        raise ConfigError((f"{PROGRAM}: no deadline: {error}",)) from None
    if as_json:
        print_json({"deadline": end, "days": [{"date": day.date, "counted": day.counted, "why": day.why} for day in walked]})
        return
    table(["Date", "Day", "Counted", "Why"], [[day.date, f"{day.date:%a}", day.counted, day.why] for day in walked])
    say(f"\nDeadline: {_shown(end, calendar)}")


def _asked(name: str, start: str, rule: RuleOption) -> tuple[Calendar, date | datetime]:
    """The calendar, and the moment or date. Raises ConfigError with every mistake."""
    from daemon.wiring import calendar_of

    config = load_config()
    problems: list[Problem | str] = []
    moment = _parsed(start)
    if moment is None or (rule is RuleOption.A and not isinstance(moment, datetime)):
        allowed = "an ISO 8601 time, like 2026-11-23T15:05:00Z" + ("" if rule is RuleOption.A else ", or a date, like 2026-11-23")
        problems.append(Problem(file=PROGRAM, key="--from", found=repr(start), allowed=allowed))
    keys = config.calendars.get(name)
    if keys is None:
        names = sorted(config.calendars)
        problems.append(Problem(file=PROGRAM, key="--calendar", found=repr(name), allowed=", ".join(names), hint=closest(name, names)))
    else:
        try:
            calendar = calendar_of(name, keys)
        except ValueError as error:
            problems.append(f"{config.path}: calendars.{name}: {error}")
    if problems or moment is None:
        raise ConfigError(tuple(problems))
    return calendar, moment


def _parsed(text: str) -> date | datetime | None:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _counted(calendar: Calendar, moment: date | datetime, rule: RuleOption, days: int) -> tuple[date | datetime, tuple[Day, ...]]:
    if isinstance(moment, datetime):
        moment = moment if moment.tzinfo is not None else calendar.moment(moment)
        if rule is RuleOption.A:
            return calendar.rule_a(moment, days), calendar.walk_a(moment, days)
        moment = calendar.local(moment).date()
    if rule is RuleOption.B:
        return calendar.rule_b(moment, days), calendar.walk_b(moment, days)
    return calendar.rule_c(moment, days), calendar.walk_c(moment, days)


def _shown(end: date | datetime, calendar: Calendar) -> str:
    """The deadline as the wall clock of the place shows it, and in UTC."""
    if not isinstance(end, datetime):
        return f"{end:%a} {end.isoformat()}"
    wall = calendar.local(end)
    return f"{wall:%a} {wall.date()} {wall:%H:%M %Z} ({json_time(end)})"
