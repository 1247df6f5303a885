"""Commands to set up: init, check, templates."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.output import print_json, say, section, table
from daemon.cli.session import NOT_GOOD, clock, load_config, writing
from daemon.errors import ConfigError, closest

if TYPE_CHECKING:
    from daemon.mail.rendering import Templates

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]

KEY_OCTETS = 32


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write; it is made if it isn't there.")]) -> None:
    """Write an annotated configuration, mail templates, empty directory files and a fresh key to start from.

    Nothing that is there already is touched.
    """
    from daemon.config import data_dir
    from daemon.store.sheets import SHEETS

    sheets = {folder / "directory" / sheet.file: ",".join(sheet.columns) + "\n" for sheet in SHEETS}
    configuration, key, templates = folder / "supportd.toml", folder / "reply.key", folder / "templates"
    there = [path for path in (configuration, key, templates, *sheets) if path.exists()]
    if there:
        say("\n".join(f"{path} is there already" for path in there), error=True)
        say("Nothing was written. Name another folder, or move these away.", error=True)
        raise typer.Exit(NOT_GOOD)
    with writing(folder):
        (folder / "directory").mkdir(parents=True, exist_ok=True)
        configuration.write_bytes((data_dir("config") / "supportd.toml").read_bytes())
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(KEY_OCTETS) + "\n")
        shutil.copytree(data_dir("templates"), templates)
        for path, header in sheets.items():
            path.write_text(header, "utf-8")
    say(
        f"{configuration}  the configuration: put in your addresses and servers, delete what you don't use\n"
        f"{key}  signs reply addresses: keep it, and keep it secret\n"
        f"{templates}/  mail texts: change what you like; what you delete comes from the program\n"
        f"{folder / 'directory'}/  your organizations, contacts and queues as CSV\n"
        "\n"
        "What they hold are examples. When you have put in your own:\n"
        f"  supportd --config {configuration} import {folder / 'directory'}\n"
        f"  supportd --config {configuration} check --online\n"
        f"  supportd --config {configuration} run"
    )


def check(
    online: Annotated[bool, typer.Option("--online", help="Also log in to every mailbox and to the SMTP server.")] = False,
    alarm: Annotated[bool, typer.Option("--alarm", help="Also send a test by each way that alarms take.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove that the installation would work, and say how it does: each line says what, the verdict, and how to mend it."""
    from daemon.checkup import check_installation
    from daemon.checkup_daemon import told_by_test
    from daemon.verdict import BAD

    config, now = load_config(), clock()()
    verdicts = [*check_installation(config, online=online, now=now), *(told_by_test(config, now) if alarm else ())]
    if as_json:
        print_json([{"what": v.what, "verdict": v.verdict, "detail": v.detail, "mend": v.mend} for v in verdicts])
    else:
        table(["What", "Verdict", "Found", "How to mend"], [[v.what, v.verdict, v.detail, v.mend] for v in verdicts])
    if any(verdict.verdict == BAD for verdict in verdicts):
        raise typer.Exit(NOT_GOOD)


templates = typer.Typer(help="Mail templates, rendered with sample data.", invoke_without_command=True, no_args_is_help=False)


@templates.callback()
def templates_list(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the templates."""
    if context.invoked_subcommand is not None:
        return
    found = _templates()
    rows = [template for name in found.names if (template := found.find(name)) is not None]
    if as_json:
        print_json([{"name": t.name, "title": t.title, "subject": t.subject, "description": t.description} for t in rows])
        return
    table(
        ["Name", "Subject (with sample data)", "What for"],
        [[t.name, found.render(t.name, found.sample_values(t.name)).subject, t.description] for t in rows],
    )


@templates.command("show")
def templates_show(
    name: Annotated[str, typer.Argument(help="A name of the list.")],
    html: Annotated[bool, typer.Option("--html", help="The HTML part alone, as it is sent.")] = False,
) -> None:
    """Render a template with sample data: subject, text and HTML."""
    found = _templates()
    if found.find(name) is None:
        meant = closest(name, found.names)
        guess = f" Did you mean {meant!r}?" if meant else ""
        say(f"There is no template {name!r}.{guess} `supportd templates` lists those there are.", error=True)
        raise typer.Exit(NOT_GOOD)
    rendered = found.render(name, found.sample_values(name))
    if html:
        say(rendered.html)
        return
    say(f"Subject: {rendered.subject}")
    section("Text")
    say(rendered.text)
    section("HTML")
    say(rendered.html)


def _templates() -> Templates:
    """The installation's templates, or without a configuration the shipped ones."""
    from daemon.cli.session import Session
    from daemon.config import data_dir
    from daemon.mail.rendering import Templates

    try:
        dirs = load_config().templates_dirs()
    except ConfigError:
        if Session.config_file is not None:
            raise
        dirs = (data_dir("templates"),)
    return Templates.load(dirs)
