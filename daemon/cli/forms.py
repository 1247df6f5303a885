"""Commands about forms: form try, form show."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daemon.cli.output import print_json, say, section, table
from daemon.cli.session import NOT_GOOD, load_config, looking_house, parse_time

if TYPE_CHECKING:
    from daemon.worker import House

ANSWER_SIGNS = 200
"""Of an answer shown in a table; --json has all of it."""

UNTOLD = frozenset({"verb", "content_hash"})
"""Keys of an action that are not shown beside it."""

form = typer.Typer(help="Forms, and what they read from a mail.", no_args_is_help=True)


@form.callback()
def frame() -> None:
    """Forms, and what they read from a mail."""


@form.command("try")
def form_try(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Mails as files (.eml), or - for one on standard input.")],
    now: Annotated[str | None, typer.Option("--now", help="Judge them as mails arriving at this ISO time.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line, in the order given.")] = False,
) -> None:
    """Show what each configured form would read from a mail: by which marks, field by field, what is missing, what would be done.

    Changes nothing. Exit 1 when a mail is none of the forms.
    """
    good = True
    with looking_house(now=parse_time(now) if now else None) as house:
        if not house.rulebook.forms:
            say("No form is switched on: see forms/ beside the configuration.", error=True)
        for name in files:
            octets = _octets(name)
            if octets is None:
                say(f"{name}: there is no such file.", error=True)
                good = False
                continue
            answer = _tried(house, name, octets)
            good = good and any(one["chosen"] and one["recognised"] for one in answer["forms"])
            if as_json:
                print_json(answer, one_line=True)
            else:
                _print_tried(answer)
    if not good:
        raise typer.Exit(NOT_GOOD)


@form.command("show")
def form_show(name: Annotated[str, typer.Argument(help="A form's name: warranty-claim of warranty-claim.toml.")]) -> None:
    """Write a form's file as it holds, yours or the shipped one: what to start from when you change it."""
    from daemon.configuration.forms import form_files
    from daemon.errors import closest

    files = form_files(load_config().forms_dirs())
    if name not in files:
        meant = closest(name, list(files))
        guess = f" Did you mean {meant!r}?" if meant else ""
        say(f"There is no form {name!r}.{guess} There are: {', '.join(files)}.", error=True)
        raise typer.Exit(NOT_GOOD)
    say(files[name].read_text("utf-8").rstrip("\n"))


def _octets(name: str) -> bytes | None:
    if name == "-":
        return sys.stdin.buffer.read()
    path = Path(name)
    return path.read_bytes() if path.is_file() else None


def _tried(house: House, name: str, octets: bytes) -> dict[str, Any]:
    from daemon import worker
    from daemon.reader import ReadFailure
    from daemon.record import record_of
    from daemon.rules.formtrial import explain_trial, try_forms
    from daemon.rules.intake import form_sender

    result = worker.explain(house, octets, hashlib.sha256(octets).hexdigest(), house.now())
    if isinstance(result, ReadFailure):
        return {"file": name, "failed": f"{result.cause}: {result.detail}", "mail": None, "forms": [], "decision": None}
    reading, situation, decision = result
    record = record_of(decision, decision.match.case_id if decision.match else None)
    return {
        "file": name,
        "failed": None,
        "mail": {"from": reading.message.from_text, "subject": reading.message.subject, "message_id": reading.message.message_id},
        "forms": [explain_trial(trial) for trial in try_forms(reading, house.rulebook.forms, form_sender(situation, decision.trust))],
        "decision": {key: record[key] for key in ("outcome", "kind", "reason", "detail", "actions", "mails")},
    }


def _print_tried(answer: dict[str, Any]) -> None:
    section(answer["file"])
    if answer["failed"]:
        say(f"It can't be read: {answer['failed']}")
        return
    table(None, [[key, answer["mail"][key]] for key in ("from", "subject") if answer["mail"][key]])
    for one in answer["forms"]:
        _print_form(one)
    if not any(one["chosen"] and one["recognised"] for one in answer["forms"]):
        say("\nIt is none of the forms.")
    _print_decision(answer["decision"])


def _print_form(one: dict[str, Any]) -> None:
    from daemon.rules.formreading import TRIAGE

    marks = ", ".join(one["marks"]) or "nothing"
    found = one["reading"]
    if not one["recognised"]:
        why = "it has no mark of it" if not one["marks"] else f"it has {marks}, but no table of questions and not two known labels"
        section(f"{one['form']}: not recognised, {why}")
        return
    section(f"{one['form']}: recognised by {marks}" + ("" if one["chosen"] else "  (another form fits better)"))
    about = (
        ("shape", found["template"]), ("what it is", found["kind"]), ("action", found["action"]), ("submission", found["submission_id"]),
        ("organization in the subject", found["org_in_subject"]), ("forwarded by", found["forwarded_by"]),
    )  # fmt: skip
    table(None, [[name, value] for name, value in about if value])
    say("")
    table(["Question", "Id", "Field", "Answer"], [[r["label"], r["qid"], r["field"] or "?", _short(r["value"])] for r in found["fields"]])
    say("")
    lines = (
        ("missing", one["missing"], "required, and not answered"),
        ("unknown", one["unknown"], "no field has such a question: kept with the request, and the form's owner is told"),
        ("renamed", [f"{r['field']}: {r['label']}" for r in one["renamed"]], "known by its id, in other words"),
        ("problem", found["problems"], "a person decides" if found["action"] == TRIAGE else "noted"),
        ("file", found["files"], "a link, never fetched"),
        ("attachment", one["attachments"], "goes to the ticket"),
    )
    for name, values, meaning in lines:
        for value in values:
            say(f"  {name:<11}{value}  ({meaning})")
    if one["unanswered"]:
        say(f"  not in this mail, and needn't be: {', '.join(one['unanswered'])}")


def _print_decision(decided: dict[str, Any]) -> None:
    from daemon.reasons import Reason

    section("What would be done")
    say(f"  {decided['outcome']}, {decided['kind']}: {Reason(decided['reason']).sentence}" + _aside(decided["detail"]))
    for action in decided["actions"]:
        if action["verb"] != "queue-mail":
            shown = (f"{key} {_short(str(value))}" for key, value in action.items() if key not in UNTOLD and _tells(value))
            say(f"  {action['verb']}  {', '.join(shown)}")
    for mail in decided["mails"]:
        say(f"  mail {mail['template']} to {mail['to']}" + _aside(mail.get("held")))


def _tells(value: object) -> bool:
    """Whether a value of an action means something to people: digests and row numbers don't."""
    return value not in (None, "", []) and not isinstance(value, (dict, int))


def _aside(text: str | None) -> str:
    return f" ({text.splitlines()[-1]})" if text else ""


def _short(text: str) -> str:
    """An answer in one line."""
    line = " | ".join(text.splitlines())
    return line if len(line) <= ANSWER_SIGNS else line[: ANSWER_SIGNS - 1] + "…"
