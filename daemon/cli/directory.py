"""The command that loads the directory: import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.output import print_json, progress_total, say, table
from daemon.cli.session import NOT_GOOD, load_config, made_database


def import_directory(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The folder with the CSV files.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> None:
    """Load organizations, contacts, systems, contracts, orders, evaluations and queues from CSV files.

    Keys are matched, changed rows updated, nothing deleted. With one bad row nothing is loaded, and every bad row is told.
    """
    from daemon.store.directory import import_folder
    from daemon.store.sheets import SHEETS

    if not any((folder / sheet.file).is_file() for sheet in SHEETS):
        say(f"{folder}: none of {', '.join(sheet.file for sheet in SHEETS)} is there", error=True)
        raise typer.Exit(NOT_GOOD)
    config = load_config()
    with progress_total("importing") as tell, made_database() as database, database.transaction():
        report = import_folder(folder, own_addresses=config.own_addresses(), calendars=config.calendars, tell=tell)
    if as_json:
        print_json(report)
    else:
        for mistake in report.mistakes:
            say(str(mistake), error=True)
        if report.mistakes:
            say(f"{len(report.mistakes)} mistake(s); nothing was loaded.", error=True)
        else:
            rows = [[file.file, file.rows, file.new, file.changed, file.rows - file.new - file.changed] for file in report.files]
            table(["File", "Rows", "New", "Changed", "Unchanged"], rows)
        for note in report.notes:
            say(f"Note: {note}", error=True)
    if report.mistakes:
        raise typer.Exit(NOT_GOOD)
