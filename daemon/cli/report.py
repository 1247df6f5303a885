"""The command report: how promises were kept, by partner and month."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from daemon.cli.output import print_json, say, table
from daemon.cli.session import NOT_GOOD, load_config, opened_database, wall_clock

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def report(
    partner: Annotated[str | None, typer.Option(help="Only promises of this partner organization.")] = None,
    month: Annotated[str | None, typer.Option(help="Only promises that began in this month, like 2026-11.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> None:
    """Show by partner and month what was acknowledged, planned and closed in time, against the first promise and the last."""
    from daemon.errors import closest
    from daemon.store import report as store
    from daemon.wiring import timezone_of, zones_of

    if month is not None and (MONTH.fullmatch(month) is None or month.startswith("0000")):
        raise typer.BadParameter(f"{month!r} is no month; write it like 2026-11", param_hint="--month")
    config = load_config()
    zones, house = zones_of(config), timezone_of(config)
    with opened_database() as database, database.reading():
        names = store.partner_names()
        rows = store.report(partner=partner, month=month, now=wall_clock(), zone_of=lambda calendar: zones.get(calendar or "", house))
    if partner is not None and partner.casefold() not in map(str.casefold, names):
        guess = closest(partner, names)
        meant = f"; did you mean {guess!r}?" if guess else "."
        say(f"There is no partner organization {partner!r}{meant}", error=True)
        raise typer.Exit(NOT_GOOD)
    if as_json:
        print_json(rows)
    elif rows:
        _print(rows)
    else:
        say("No promises were made.")


def _print(rows: list[dict[str, Any]]) -> None:
    table(
        ["Partner", "Month", "Promise", "Made", "In time", "Late", "Running", "Kept"],
        [[row["partner"], row["month"], *line] for row in rows for line in _lines(row)],
    )
    say("\nMade are promises that were not taken back; Kept is what was in time of those that have an end. By the first and by the")
    say("last date: cases, closed no later than the day that was planned first and last.")


def _lines(row: dict[str, Any]) -> list[list[object]]:
    """A line a kind of promise that was made, and below closing one for each promised date."""
    close = row["close"]
    counted = {
        "acknowledge": row["acknowledge"], "plan": row["plan"], "close": close, "  by the first date": close["first_promise"],
        "  by the last date": close["last_promise"], **row["others"],
    }  # fmt: skip
    return [line for line in (_line(words, counts) for words, counts in counted.items()) if line[1]]


def _line(kind: str, counts: dict[str, Any]) -> list[object]:
    ended = counts["in_time"] + counts["late"]
    kept = f"{100 * counts['in_time'] // ended}%" if ended else ""
    return [kind, ended + counts["running"], counts["in_time"], counts["late"], counts["running"], kept]
