"""health: how the installation does, for people and for monitors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.output import print_json, say, table
from daemon.cli.session import clock, load_config

if TYPE_CHECKING:
    from daemon.alarms import Vital

WORDS = ("OK", "WARNING", "CRITICAL")
"""By weight, as monitors of the Nagios kind say it; the weight is the exit status, too."""


def health(as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False) -> None:
    """How the daemon and its queues, mailboxes, tokens and disk do, also when it is dead. Exit status 0 well, 1 warning, 2 critical."""
    from daemon.alarms import Vital
    from daemon.errors import ConfigError, Denied, Failure
    from daemon.health import vitals_of
    from daemon.store.database import without_password
    from daemon.wiring import existing_database_of, obstacle_to_making_of, what_is_lost

    now = clock()()
    try:
        config = load_config()
    except ConfigError as error:
        mend = "`supportd check` names each mistake; a daemon that runs goes on with the configuration it has"
        _tell([Vital(name="configuration", weight=2, detail="; ".join(str(one) for one in error.problems), mend=mend)], now, as_json)
        return
    database = None
    away: Failure = Denied(f"there is none yet at {without_password(config.database.url)}", "the first `supportd run` makes it")
    try:
        # whoever only looks makes and changes nothing: the daemon at work may be of an older version
        database = existing_database_of(config)
        if database is None:
            away = what_is_lost(config) or obstacle_to_making_of(config) or away
    except Failure as error:
        away = error
    try:
        vitals = vitals_of(config, database, now, away)
    finally:
        if database is not None:
            database.close()
    _tell(vitals, now, as_json)


def _tell(vitals: list[Vital], now: datetime, as_json: bool) -> None:
    worst = max(vital.weight for vital in vitals)
    if as_json:
        rows = [{"what": v.name, "status": WORDS[v.weight].lower(), "detail": v.detail, "mend": v.mend} for v in vitals]
        print_json({"status": WORDS[worst].lower(), "at": now, "vitals": rows})
    else:
        bad = [f"{vital.name}: {vital.detail}" for vital in vitals if vital.weight == worst and worst]
        say(f"SUPPORTD {WORDS[worst]}" + (" - " + "; ".join(bad) if bad else ""))
        table(["What", "Status", "Found", "How to mend"], [[v.name, WORDS[v.weight], v.detail, v.mend] for v in vitals])
    if worst:
        raise typer.Exit(worst)
