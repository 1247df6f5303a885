"""`lift`: which addresses nothing is mailed to, and mailing one of them again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from daemon.cli.output import print_json, say, table
from daemon.cli.session import NOT_GOOD, opened_database


def lift(
    address: Annotated[str | None, typer.Argument(help='The address to mail again; "*" for everybody. Without it: list them.')] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> None:
    """Mail an address again that bounced for good or looked like a loop; without an address, list all of them.

    Mails that were held meanwhile stay held: release those that are still wanted. Exit 1 when nothing was held back.
    """
    from daemon.actions.interactions import PERMANENT_BOUNCES
    from daemon.cli.session import wall_clock
    from daemon.store import loops

    with opened_database() as database, database.transaction():
        found = loops.unmailed(wall_clock(), PERMANENT_BOUNCES)
        lifted = address is not None and loops.lift(address.strip() if address.startswith("CASE-") else address.strip().lower())
    if address is None:
        if as_json:
            print_json([asdict(one) for one in found])
        else:
            table(["Address", "Since", "Until", "Why"], [[one.address, one.since, one.until, one.reason] for one in found])
        return
    if as_json:
        print_json({"address": address, "lifted": lifted})
    elif lifted:
        say(f"{address} is mailed again. What was held stays held: see `supportd outbox --state held`.")
    else:
        say(f"Nothing is held back from {address}.", error=True)
    if not lifted:
        raise typer.Exit(NOT_GOOD)
