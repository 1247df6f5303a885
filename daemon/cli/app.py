"""The frame of the command line: `supportd [--config FILE] COMMAND`, its exit statuses and its one table of commands.

A command is a function (or a typer app) in a room of this folder and one line in COMMANDS. What is heavy is imported inside
the functions, so that help is instant.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.output import say
from daemon.errors import ConfigError, Denied, OthersAtWork, Temporary

GOOD = 0
NOT_GOOD = 1
MISUSED = 2
TRY_AGAIN = 75
CUT_OFF = 128 + 13
"""Exit statuses: good; the thing asked about is not; usage or configuration; a server or the database is away (sysexits.h);
the reader of what we write has gone, as a shell says it of whom SIGPIPE ended."""

COMMANDS: tuple[tuple[str, str, str], ...] = (
    # command, room, attribute
    ("run", "running", "run"),
    ("demo", "demo", "demo"),
    ("ingest", "running", "ingest"),
    ("explain", "looking", "explain"),
    ("cases", "looking", "cases"),
    ("case", "looking", "case"),
    ("contact", "looking", "contact"),
    ("mail", "looking", "mail"),
    ("outbox", "looking", "outbox"),
    ("lift", "lifting", "lift"),
    ("quarantine", "looking", "quarantine"),
    ("audit", "looking", "audit"),
    ("workers", "workers", "workers"),
    ("report", "report", "report"),
    ("sla", "sla", "sla"),
    ("form", "forms", "form"),
    ("answer", "answer", "answer"),
    ("backup", "backups", "backup"),
    ("restore", "backups", "restore"),
    ("resume", "backups", "resume"),
    ("move-database", "backups", "move_database"),
    ("import", "directory", "import_directory"),
    ("init", "setup", "init"),
    ("check", "setup", "check"),
    ("check-auth", "authentication", "check_auth"),
    ("oauth", "oauth", "oauth"),
    ("health", "health", "health"),
    ("templates", "setup", "templates"),
    ("failpoints", "running", "failpoints"),
)

HIDDEN = frozenset({"failpoints"})
"""Commands for the program's own tests, not shown in help."""


def application() -> typer.Typer:
    """The program with all its commands."""
    app = typer.Typer(
        name="supportd", help="An email-driven support automation daemon.", no_args_is_help=True, add_completion=False,
        pretty_exceptions_enable=False, callback=_frame, context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    for name, room, attribute in COMMANDS:
        if find_spec(f"daemon.cli.{room}") is None:
            continue
        command = getattr(import_module(f"daemon.cli.{room}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name, hidden=name in HIDDEN)(command)
    return app


def main() -> None:
    """Run the command of `sys.argv` and exit; the one place where an error becomes an exit status."""
    try:
        _run()
    except ConfigError as error:
        say("\n".join(str(problem) for problem in error.problems) or str(error), error=True)
        sys.exit(MISUSED)
    except Denied as error:
        say(f"{error}\nTo mend it: {error.cure}.", error=True)
        sys.exit(MISUSED)
    except OthersAtWork as error:
        say(str(error), error=True)
        sys.exit(TRY_AGAIN)
    except Temporary as error:
        say(f"{error}\nThis may pass: try again later.", error=True)
        sys.exit(TRY_AGAIN)
    except BrokenPipeError:
        # whoever read us (head, less) has seen enough; nothing of what is still held back may complain at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CUT_OFF)
    except Exception:  # noqa: BLE001 - a bug: its traceback is shown, but never a secret with it
        import traceback

        from daemon import log

        say(log.redact(traceback.format_exc()), error=True)
        sys.exit(NOT_GOOD)


def _run() -> None:
    """Run the command; what it wrote has left when this ends. Raises BrokenPipeError when nobody wants to read it."""
    stdout = sys.stdout
    try:
        application()(prog_name="supportd")
    except SystemExit:
        # typer takes a broken pipe for a failure, and hides it behind a stream of its own
        if sys.stdout is not stdout:
            sys.stdout = stdout
            raise BrokenPipeError from None
        stdout.flush()
        raise


def _version(wanted: bool) -> None:
    if wanted:
        try:
            say(f"supportd {version('supportd')}")
        except PackageNotFoundError:
            say("supportd (not installed)")
        raise typer.Exit


def _frame(
    config: Annotated[
        Path | None,
        typer.Option(help="The configuration. Unless told: $SUPPORTD_CONFIG, ./supportd.toml, /etc/supportd/supportd.toml."),
    ] = None,
    _: Annotated[bool, typer.Option("--version", help="Say the version.", is_eager=True, callback=_version)] = False,
) -> None:
    from daemon.cli.session import Session

    Session.config_file = config
