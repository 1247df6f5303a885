"""The command workers: who works on the database, and what each has in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.output import json_time, print_json, say, table
from daemon.cli.session import load_config, opened_database

if TYPE_CHECKING:
    from daemon.store.workers import Seen


def workers(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> None:
    """Show who works on a PostgreSQL database: which worker reads which mailbox, and what each has in hand."""
    from daemon.store.workers import seen

    is_sqlite = load_config().database.url.startswith("sqlite:")
    with opened_database() as database, database.reading():
        found = seen(database)
    if as_json:
        print_json([_row(one) for one in found])
    elif found:
        table(
            ["Host", "Process", "State", "Stages", "Reads", "Mails in hand", "Answers in hand"],
            [[one.host, one.process, one.state, " ".join(one.stages), " ".join(one.mailboxes), one.mails, one.answers] for one in found],
        )
    elif is_sqlite:
        say("On SQLite one process works at a time; who it is is not written down.")
    else:
        say("Nobody works on this database.")


def _row(one: Seen) -> dict[str, object]:
    return {
        "host": one.host, "process": one.process, "state": one.state, "stages": one.stages, "started_at": json_time(one.started_at),
        "mailboxes": one.mailboxes, "mails": one.mails, "answers": one.answers,
    }  # fmt: skip
