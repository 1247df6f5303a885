"""Commands that copy the database: backup, restore, resume, move-database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.output import print_json, progress_total, say
from daemon.cli.session import NOT_GOOD, load_config, present_database, wall_clock

if TYPE_CHECKING:
    from daemon.store.backup import Copied
    from daemon.store.database import Database
    from daemon.store.epoch import EpochFile

HELD = """`supportd run` now reads mail and works on what is new, but sends nothing.
Look at `supportd outbox --state held` and `supportd quarantine`, then: supportd resume --after-restore"""

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; a backup that is there is replaced at the end.")],
    as_json: JsonOption = False,
) -> None:
    """Copy the database, while the daemon works, into one file that goes back into either kind of database."""
    from daemon.store.backup import back_up
    from daemon.store.epoch import refuse_moved_away

    with present_database() as database, _told(f"{file} was not written"), progress_total("copying") as tell:
        # every night a copy of what nobody works with any more would take the place of a good one
        refuse_moved_away(database)
        copied = back_up(database, file, _epoch_file(), wall_clock(), tell)
    _report(copied, f"{file}: {copied.rows} rows of {len(copied.tables)} tables, checked.", as_json)


def restore(file: Annotated[Path, typer.Argument(help="What `backup` wrote.")], as_json: JsonOption = False) -> None:
    """Put a backup in the place of the database. Nothing is sent, and no promise looked at, until `resume --after-restore`."""
    from daemon.store.backup import restore as put_back

    config = load_config()
    password = config.database.password
    with _told("nothing was changed"), progress_total("copying") as tell:
        copied = put_back(
            config.database.url, password.reveal() if password is not None else None, file, _epoch_file(), wall_clock(), tell
        )  # fmt: skip
    kept = f"What was there before is kept: {copied.kept}\n" if copied.kept is not None else ""
    made = f" of {copied.made_at:%Y-%m-%d %H:%M} UTC" if copied.made_at is not None else ""
    _report(
        copied,
        f"The backup{made} is in place: {copied.rows} rows of {len(copied.tables)} tables, and its books balance.\n"
        f"{kept}"
        f"What was sent and done after it is unknown here. {HELD}",
        as_json,
    )


def resume(
    after_restore: Annotated[bool, typer.Option("--after-restore", help="Say that the restored database is to be worked with.")] = False,
    after_move: Annotated[
        bool, typer.Option("--after-move", help="Take back a database that was moved away, held like a restored one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Let a restored program send again, and look at its promises; or take back a database that was moved away."""
    from daemon.store.epoch import MAY_BE_SENT, Epochs, is_held, refuse_moved_away
    from daemon.store.schema import Journal, Outbox

    if after_restore == after_move:
        raise typer.BadParameter("say `supportd resume --after-restore`, or `--after-move`", param_hint="--after-restore")
    if after_move:
        _take_back(as_json)
        return
    with present_database() as database:
        refuse_moved_away(database)
        with database.reading():
            held = is_held()
            waiting = Outbox.select().where((Outbox.state == "held") & (Outbox.detail == MAY_BE_SENT)).count()
            others = Outbox.select().where(Outbox.state == "held").count() - waiting
            kept = Journal.select().where((Journal.state == "quarantined") & (Journal.reason == "before-restore")).count()
        if held:
            Epochs(database, _epoch_file()).advance(held=False)
    if as_json:
        print_json({"resumed": held, "held_mails": waiting, "otherwise_held_mails": others, "kept_mails": kept})
        return
    say("It sends again." if held else "It was not held.")
    if waiting:
        say(f"{waiting} mail(s) stay held, as they may have been sent before: supportd outbox --state held, then release N or drop N.")
    if held and others:
        say(f"{others} mail(s) stay held, as they were, for the reasons that `supportd outbox --state held` shows with each.")
    if kept:
        say(f"{kept} mail(s) are kept, as they may have been acted on before: supportd quarantine, then release N.")


def _take_back(as_json: bool) -> None:
    from daemon.store.epoch import Epochs

    with present_database() as database:
        taken = Epochs(database, _epoch_file()).take_back(wall_clock())
    if as_json:
        print_json({"taken_back": taken})
    elif taken:
        say(f"It is worked with again as it was when it was moved; what was done since where it was moved to is unknown here.\n{HELD}")
    else:
        say("It was not moved away.")


def move_database(
    new_url: Annotated[str, typer.Argument(metavar="NEW_URL", help="sqlite:///FILE or postgresql://user@host:port/name, empty.")],
    as_json: JsonOption = False,
) -> None:
    """Copy everything to another database, and prove it there. Stop the daemon first."""
    from daemon.store.backup import move
    from daemon.store.database import for_configuration
    from daemon.store.epoch import EpochFile, refuse_moved_away
    from daemon.wiring import epoch_file_of

    config = load_config()
    new_url = config.located(new_url)
    url = for_configuration(new_url)
    beside = ' and beside it its password, like: password = { file = "db.password" }' if url != new_url else ""
    with present_database() as database, _told("the old database holds as before"), progress_total("copying") as tell:
        refuse_moved_away(database)
        epochs = (EpochFile(epoch_file_of(config, new_url)), EpochFile(epoch_file_of(config)))
        copied = move(database, new_url, *epochs, tell, durable=config.database.durable)
    _report(
        copied,
        f"{copied.rows} rows of {len(copied.tables)} tables are there, each table as it was, and the books balance.\n"
        f'Now write it into {config.path}, under [database]: url = "{url}"{beside}\n'
        "On every host: nothing starts on the old database any more.",
        as_json,
    )


@contextmanager
def opened_to_look(file: Path) -> Iterator[Database]:
    """A backup, for whoever only looks; what is none ends the command."""
    from daemon.store.backup import opened_backup
    from daemon.store.copying import CopyFailed

    try:
        with opened_backup(file) as database:
            yield database
    except CopyFailed as error:
        say(str(error), error=True)
        raise typer.Exit(NOT_GOOD) from None


def _epoch_file() -> EpochFile:
    from daemon.store.epoch import EpochFile
    from daemon.wiring import epoch_file_of

    return EpochFile(epoch_file_of(load_config()))


@contextmanager
def _told(consequence: str) -> Iterator[None]:
    """A copy that failed ends the command, and what follows from it is said."""
    from daemon.store.copying import CopyFailed

    try:
        yield
    except (CopyFailed, OSError) as error:
        said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        say(f"{said}\nNothing is lost: {consequence}.", error=True)
        raise typer.Exit(NOT_GOOD) from None


def _report(copied: Copied, words: str, as_json: bool) -> None:
    if not as_json:
        say(words)
        return
    tables = [{"table": table.table, "rows": table.rows, "digest": table.digest} for table in copied.tables]
    print_json({"rows": copied.rows, "tables": tables, "kept": str(copied.kept) if copied.kept is not None else None})
