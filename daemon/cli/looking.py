"""Commands that look: cases, case, contact, mail, explain, outbox, quarantine, audit. All but a few verbs change nothing."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from daemon.cli.casework import print_casework
from daemon.cli.explanation import deleted, print_explanation
from daemon.cli.output import escape, print_json, progress_total, say, section, table
from daemon.cli.session import (
    NOT_GOOD,
    database_as_it_is,
    load_config,
    looking_house,
    opened_database,
    parse_time,
    wall_clock,
    writing,
)
from daemon.moments import local_minute

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]
MOST = 2**31 - 1
"""The largest number that a row can have."""

LimitOption = Annotated[int | None, typer.Option("--limit", min=1, max=MOST, help="At most so many rows.")]

CURE = "`supportd audit FILE` says whether a backup has them, too: find the last that has not, and who wrote into the database since."

TABLE_ROWS = 50
"""Rows a table shows unless told; scripts (--json) get all."""


def cases(
    state: Annotated[str, typer.Option(help="open, closed or all")] = "open",
    partner: Annotated[str | None, typer.Option(help="Only cases of this partner organization.")] = None,
    search: Annotated[str | None, typer.Option(help="Only cases with all these words in subject or description.")] = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List cases, newest Last Update first."""
    from daemon.store import views

    if state not in ("open", "closed", "all"):
        raise typer.BadParameter(f"{state!r} is none of open, closed, all", param_hint="--state")
    with opened_database() as database, database.reading():
        most = limit or (None if as_json else TABLE_ROWS)
        rows = views.list_cases(state=state, partner=partner, search=search, limit=most)
        total = views.count_cases(state) if not as_json and len(rows) == most and not (partner or search) else len(rows)
    if as_json:
        print_json(rows)
        return
    table(
        ["ID", "Entity", "System", "Subject", "Created at", "Last Update", "State"],
        [
            [r["number"], r["entity"] or r["organization"], r["system"], r["subject"], r["created_at"], r["last_update"], r["state"]]
            for r in rows
        ],
    )
    if total > len(rows):
        say(f"{len(rows)} of {total} cases; --limit N shows more.")


def case(number: Annotated[str, typer.Argument(help="1001 or CASE-1001")], as_json: JsonOption = False) -> None:
    """Show one case whole: fields, promises, reviews, feed, comments, interactions with Name and Relates to."""
    from daemon.store import views

    wanted = case_number(number)
    with opened_database() as database, database.reading():
        view = views.case_view(wanted, load_config().house.address)
    if view is None:
        say(f"There is no case CASE-{wanted}. `supportd cases --state all` lists those there are.", error=True)
        raise typer.Exit(NOT_GOOD)
    if as_json:
        print_json(view)
        return
    section(f"{view['number']}  {view['subject']}", view["state"])
    fields = (
        "type", "organization", "contact", "contact_address", "entity", "system", "partner", "owner", "queue", "origin", "created_at",
        "last_update", "contract", "acknowledged_at", "acknowledged_by", "planned_resolution", "planned_resolution_date", "closed_at",
        "closed_by", "closed_on_planned_date", "resolution",
    )  # fmt: skip
    table(None, [[name.replace("_", " "), view[name]] for name in fields if view[name] not in (None, "")])
    if view["plan_count"] > 1:
        say(f"planned {view['plan_count']} times; the first date promised was {view['first_planned_resolution_date']}")
    if (question := view["question"]) is not None:
        until = f", until {local_minute(question['expires_at'])}" if question["expires_at"] is not None else ""
        say(f"? {question['asked']} is asked ({question['kind']}){until}")
    for flag in view["flags"]:
        say(f"! {flag}")
    section("Description")
    say(view["description"])
    print_casework(view)
    _print_promises(view)
    if view["comments"]:
        section("Comments")
        for comment in view["comments"]:
            say(f"{local_minute(comment['at'])}  {comment['author']}{'' if comment['public'] else '  (house only)'}")
            say(indented(comment["body"]))
    if view["feed"]:
        section("Feed")
        for item in view["feed"]:
            say(f"{local_minute(item['at'])}  {item['kind']}  {item['author'] or ''}")
            say(indented(item["body"]))
    if view["attachments"]:
        section("Attachments")
        files = view["attachments"]
        rows = [
            [a["name"], a["content_type"], a["size"], f"deleted {local_minute(at)}" if (at := a["raw_deleted_at"]) else ""] for a in files
        ]
        table(["Name", "Type", "Size", ""], rows)
    section("Emails")
    table(
        ["", "At", "From / To", "Name", "Subject", "Template", "State", "Mail"],
        [
            ["→" if i["direction"] == "in" else "←", i["at"], i["from"] if i["direction"] == "in" else i["to"], i["name"], i["subject"],
             i["template"], i["state"], i["journal"]]
            for i in view["interactions"]
        ],
    )  # fmt: skip


def _print_promises(view: dict[str, Any]) -> None:
    if view["clocks"]:
        section("Promises")
        table(
            ["Cycle", "Kind", "Started", "Deadline", "State", "Since"],
            [[c["cycle"], c["kind"], c["started_at"], c["deadline_at"], *_end_of(c)] for c in view["clocks"]],
        )
    if view["tasks"]:
        section("Tasks")
        for task in view["tasks"]:
            say(f"{local_minute(task['at'])}  {task['subject']}  {task['status']}")
            say(indented(task["comments"]))


def _end_of(clock: dict[str, Any]) -> tuple[str, datetime | None]:
    """What became of a promise, and when."""
    ends = (("met", clock["met_at"]), ("breached", clock["breached_at"]), ("cancelled", clock["cancelled_at"]))
    return next((end for end in ends if end[1] is not None), ("running", None))


def contact(who: Annotated[str, typer.Argument(help="A handle or an address.")], as_json: JsonOption = False) -> None:
    """Show a contact: names, addresses, organization, roles, what else is known, cases and mails."""
    from daemon.actions.interactions import PERMANENT_BOUNCES
    from daemon.cli.session import wall_clock
    from daemon.store import loops, people

    with opened_database() as database, database.reading():
        view = people.contact_view(who)
        held = loops.unmailed(wall_clock(), PERMANENT_BOUNCES, view["emails"]) if view is not None else []
        mails = people.contact_mails(view["handle"], TABLE_ROWS) if view is not None and not as_json else []
    if view is None:
        say(f"Nobody here is called {who}.", error=True)
        raise typer.Exit(NOT_GOOD)
    if as_json:
        print_json(view | {"unmailed": [{"address": one.address, "until": one.until, "reason": one.reason} for one in held]})
        return
    section(f"@{view['handle']}  {view['first_name']} {view['last_name']}", view["organization"])
    fields = {name: view[name] for name in ("phone", "language")} | view["extra"]
    lists = {name: ", ".join(view[name]) for name in ("emails", "roles", "cases")}
    table(None, [[name, value] for name, value in (lists | fields).items() if value])
    for one in held:
        say(f"Nothing is mailed to {one.address}: {one.reason}. `supportd lift {one.address}` ends that.")
    if mails:
        section("Emails")
        table(
            ["", "At", "From / To", "Subject", "Template", "Relates to"],
            [
                ["→" if one["direction"] == "in" else "←", one["at"], one["address"], one["subject"], one["template"], one["relates_to"]]
                for one in mails
            ],
        )  # fmt: skip


def case_number(text: str) -> int:
    """1001 of "1001", "CASE-1001" or "case-1001"."""
    bare = text.strip().upper().removeprefix("CASE-")
    if not bare.isdecimal() or len(bare) > 9:
        raise typer.BadParameter(f"{text!r} is no case number; write 1001 or CASE-1001")
    return int(bare)


def indented(text: str) -> str:
    """Words below their heading."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def mail(
    outcome: Annotated[str | None, typer.Option(help="acted, ignored, quarantined, vanished or 'in progress'")] = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the journal: one row a received mail with its outcome and reason, newest first."""
    from daemon.store import views

    known = ("acted", "ignored", "quarantined", "vanished", views.IN_PROGRESS)
    if outcome is not None and outcome not in known:
        raise typer.BadParameter(f"{outcome!r} is none of {', '.join(known)}", param_hint="--outcome")
    with opened_database() as database, database.reading():
        rows = views.list_mails(outcome=outcome, limit=limit or (None if as_json else TABLE_ROWS))
    if as_json:
        print_json([{key: value for key, value in row.items() if key != "detail"} for row in rows])
        return
    _mail_table(rows)


def _mail_table(rows: list[dict[str, Any]]) -> None:
    table(
        ["No", "Received", "From", "Subject", "Kind", "Outcome", "Reason", "Trust", "Case"],
        [
            [r["number"], r["received_at"], r["from"], r["subject"], r["kind"], r["outcome"], r["reason"], r["trust"], r["case"]]
            for r in rows
        ],
    )  # fmt: skip


def explain(
    what: Annotated[list[str], typer.Argument(help="Files, - for standard input, a Message-ID, or a journal number.")],
    now: Annotated[str | None, typer.Option("--now", help="Judge a file as a mail arriving at this ISO time.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line, in the order given.")] = False,
) -> None:
    """Say what would be done (a file) or was done (a Message-ID, a number) with this mail, and why. Changes nothing."""
    status = 0
    with looking_house(now=parse_time(now) if now else None) as house:
        for name in what:
            answer = _explained(house, name)
            if answer is None:
                say(f"{name}: there is no such file, and no mail with this Message-ID or number.", error=True)
                status = NOT_GOOD
            elif as_json:
                print_json(answer, one_line=True)
            else:
                _print_explained(house, name, answer)
    if status:
        raise typer.Exit(status)


def _print_explained(house: Any, name: str, answer: dict[str, Any]) -> None:
    from daemon.store.names import names_in

    with house.database.reading():
        names = names_in(answer["actions"] or ())
    print_explanation(name, answer, names, house.now())


def _explained(house: Any, name: str) -> dict[str, Any] | None:
    from daemon import worker
    from daemon.explaining import explained, unread, without_octets
    from daemon.reader import ReadFailure
    from daemon.record import record_of
    from daemon.store import journal, views

    path = Path(name)
    if name == "-" or path.is_file():
        octets = sys.stdin.buffer.read() if name == "-" else path.read_bytes()
        result = worker.explain(house, octets, hashlib.sha256(octets).hexdigest(), house.now())
        if isinstance(result, ReadFailure):
            return unread(result)
        reading, _, decision = result
        return explained(reading, record_of(decision, decision.match.case_id if decision.match else None))
    with house.database.reading():
        row = views.find_mail(name)
        if row is None:
            return None
        octets = journal.octets(row["sha256"]) if row["sha256"] and row["raw_deleted_at"] is None else b""
        left = views.outbox_of(f"mail:{row['number']}")
        files = views.files_of(row["number"])
    done = {
        "journal": row["number"], "received_at": row["internal_date"], "left": left,
        "raw_deleted_at": row["raw_deleted_at"], "raw_retention_days": row["raw_retention_days"],
    }  # fmt: skip
    if row["raw_deleted_at"] is not None:
        facts = {"message_id": row["message_id"], "subject": row["subject"], "from": row["author"], "attachments": files, "defects": []}
        return {**without_octets(facts, json.loads(row["record"]) if row["record"] else _undecided(row)), **done}
    again = house.reader.submit(octets).result()
    if row["record"] is None:
        if isinstance(again, ReadFailure):
            return unread(again) | done
        record = _undecided(row)
        return explained(again, record) | done
    if isinstance(again, ReadFailure):
        return {**unread(again), **json.loads(row["record"]), **done}
    return {**explained(again, json.loads(row["record"])), **done}


def _undecided(row: dict[str, Any]) -> dict[str, Any]:
    """The record of a mail that was never decided: it waits, or was quarantined before."""
    return {
        "kind": None, "outcome": "in progress" if row["state"] == "received" else row["state"], "reason": row["reason"],
        "detail": row["detail"] or "", "trust": None, "case": None, "gates": [], "actions": [], "mails": [],
    }  # fmt: skip


def audit(
    backup: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A backup, to be proved instead of the database.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove the books. Exit 1 and the name of each wrong thing when they don't balance."""
    from daemon.cli.backups import opened_to_look
    from daemon.health import applies_since
    from daemon.store import audit as books_of
    from daemon.store.audit_mails import IN_PROGRESS_MOST

    with database_as_it_is() if backup is None else opened_to_look(backup) as database:
        now, since = wall_clock(), None
        if backup is None:
            with database.reading():
                since = applies_since(load_config(), database, now)
        with database.snapshot(), progress_total("checking octets") as tell:
            books = books_of.audit(tell, now if since is not None and now - since > IN_PROGRESS_MOST else None)
    good = not books.problems
    if as_json:
        print_json(
            {
                "ok": good,
                "received": books.received,
                "acted": books.acted,
                "ignored": books.ignored,
                "quarantined": books.quarantined,
                "vanished": books.vanished,
                "in_progress": books.in_progress,
                "problems": list(books.problems),
                "perhaps_sent_twice": books.perhaps_twice,
            }  # fmt: skip
        )
    else:
        say(
            f"received {books.received} = acted {books.acted} + ignored {books.ignored} + quarantined {books.quarantined}"
            f" + vanished {books.vanished} + in progress {books.in_progress}"
        )
        if books.perhaps_twice:
            say(f"{books.perhaps_twice} mail(s) perhaps sent twice: of the first try no answer is known.")
        for problem in books.problems:
            say(f"WRONG  {problem}")
        say("The books balance." if good else f"{len(books.problems)} wrong thing(s). {CURE}")
    if not good:
        raise typer.Exit(NOT_GOOD)


# --- outbox and quarantine -----------------------------------------------------------------------------------------

outbox = typer.Typer(help="Outgoing mails and their state.", invoke_without_command=True, no_args_is_help=False)
quarantine = typer.Typer(help="Mails kept for a human.", invoke_without_command=True, no_args_is_help=False)


OUTBOX_STATES = ("queued", "sent", "failed", "held", "unknown", "dropped")


@outbox.callback()
def outbox_list(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="queued, sent, failed, held, unknown or dropped")] = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List outgoing mails, newest first."""
    if context.invoked_subcommand is not None:
        return
    from daemon.store import views

    if state is not None and state not in OUTBOX_STATES:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(OUTBOX_STATES)}", param_hint="--state")
    with opened_database() as database, database.reading():
        rows = views.list_outbox(state=state, limit=limit or (None if as_json else TABLE_ROWS))
    if as_json:
        print_json(rows)
        return
    table(
        ["No", "State", "To", "Subject", "Template", "Case", "Attempts", "Next attempt", "Sent", "Detail"],
        [
            [r["number"], r["state"], r["to"], r["subject"], r["template"], r["case"], r["attempts"], r["next_attempt_at"], r["sent_at"],
             r["detail"]]
            for r in rows
        ],
    )  # fmt: skip


NumberArgument = Annotated[int, typer.Argument(help="The number in the listing.", min=1, max=MOST)]
NumbersArgument = Annotated[list[int], typer.Argument(metavar="N…", help="Numbers in the listing.", min=1, max=MOST)]


def _refused(numbers: list[int], done: Callable[[int], bool]) -> dict[int, str]:
    """Do it to each; the state of those to which it could not be done. Inside a transaction."""
    from daemon.store import views

    left = {}
    for number in numbers:
        if not done(number):
            found = views.list_outbox(numbers=[number])
            state = f"it is {found[0]['state']}" if found else "there is none of this number"
            left[number] = state + (f" ({found[0]['detail']})" if found and found[0]["detail"] else "")
    return left


def _tell_verb(numbers: list[int], refused: dict[int, str], good: str, bad: str) -> None:
    """Say what became of each; exit 1 when it could not be done to all."""
    for number in numbers:
        if number not in refused:
            say(f"Outgoing mail {number} {good}.")
    for number, state in refused.items():
        say(f"Outgoing mail {number} {bad}: {state}.", error=True)
    if refused:
        raise typer.Exit(NOT_GOOD)


@outbox.command("retry")
def outbox_retry(numbers: NumbersArgument) -> None:
    """Send failed or unknown mails again."""
    from daemon.cli.session import wall_clock
    from daemon.store import outbox as store

    with opened_database() as database, database.transaction():
        now = wall_clock()
        refused = _refused(numbers, lambda number: store.retry(number, now))
    _tell_verb(numbers, refused, "will be sent again", "can't be sent again")


@outbox.command("release")
def outbox_release(numbers: NumbersArgument) -> None:
    """Let held mails go; one whose template failed is composed again."""
    from daemon.actions.replies import compose_again
    from daemon.store import outbox as store

    with looking_house() as house, house.database.transaction():
        now = house.now()
        refused = _refused(numbers, lambda number: store.release(number, now) or compose_again(number, now, house.desk))
    _tell_verb(numbers, refused, "is released", "can't be released")


@outbox.command("drop")
def outbox_drop(numbers: NumbersArgument, why: Annotated[str, typer.Option("--why", help="Kept with each mail.")]) -> None:
    """Decide against mails that have not been sent."""
    from daemon.store import outbox as store

    with opened_database() as database, database.transaction():
        refused = _refused(numbers, lambda number: store.drop(number, why))
    _tell_verb(numbers, refused, "is dropped", "can't be dropped")


@quarantine.callback()
def quarantine_list(context: typer.Context, limit: LimitOption = None, as_json: JsonOption = False) -> None:
    """List mails kept for a human, newest first."""
    if context.invoked_subcommand is not None:
        return
    from daemon.store import views

    with opened_database() as database, database.reading():
        rows = views.list_mails(outcome="quarantined", limit=limit or (None if as_json else TABLE_ROWS))
    if as_json:
        print_json([{key: value for key, value in row.items() if key != "detail"} for row in rows])
        return
    _mail_table(rows)


@quarantine.command("show")
def quarantine_show(number: NumberArgument) -> None:
    """Say why a mail is kept, and show its beginning; control characters are made visible."""
    from daemon.reasons import Reason
    from daemon.store import journal, views

    with opened_database() as database, database.reading():
        rows = views.list_mails(outcome="quarantined", limit=1, numbers=[number])
        row = views.find_mail(str(number))
        octets = journal.octets(row["sha256"]) if rows and row and row["sha256"] and row["raw_deleted_at"] is None else b""
    if not rows:
        say(f"Mail {number} is not in quarantine. {deleted(row)}".rstrip(), error=True)
        raise typer.Exit(NOT_GOOD)
    _mail_table(rows)
    why = Reason(rows[0]["reason"]).sentence if rows[0]["reason"] else "it is not written down."
    say(f"Why: {why}" + (f" ({rows[0]['detail']})" if rows[0]["detail"] else ""))
    section("The mail")
    for line in octets[:4000].decode("utf-8", "replace").splitlines():
        say(escape(line))


def _quarantine_again(number: int, *, released: bool) -> None:
    from daemon.store import journal, views

    with opened_database() as database, database.transaction():
        row = views.find_mail(str(number))
        done = journal.reopen(number, released=released)
    if not done:
        say(f"Mail {number} is not in quarantine, or only its head is kept. {deleted(row)}".rstrip(), error=True)
        raise typer.Exit(NOT_GOOD)
    say(f"Mail {number} will be {'treated as a plain ticket' if released else 'tried again'} in the next round.")


@quarantine.command("retry")
def quarantine_retry(number: NumberArgument) -> None:
    """Try a mail again."""
    _quarantine_again(number, released=False)


@quarantine.command("release")
def quarantine_release(
    what: Annotated[str, typer.Argument(metavar="N", help="The number in the listing, or an address: all it has held.")],
) -> None:
    """Treat a mail as a plain ticket, or all that a sender has held for opening too many cases."""
    from daemon.store import senders

    if what.isascii() and what.isdigit():
        # a number longer than this is none of ours, and int() is not asked to read it
        number = int(what) if len(what) <= len(str(MOST)) else 0
        if not 0 < number <= MOST:
            raise typer.BadParameter(f"{what} is not in the range 1 to {MOST}.", param_hint="N")
        _quarantine_again(number, released=True)
        return
    with opened_database() as database, database.transaction():
        count = senders.release(what.strip().lower() if "@" in what else what)
    if not count:
        say(f"No mail of {escape(what)} is held for opening too many cases.", error=True)
        raise typer.Exit(NOT_GOOD)
    say(f"{count} {'mail' if count == 1 else 'mails'} of {escape(what)} will be treated as plain tickets in the next round.")


@quarantine.command("export")
def quarantine_export(
    number: NumberArgument, to: Annotated[Path | None, typer.Option("--to", help="File to write; standard output unless told.")] = None
) -> None:
    """Write the verbatim mail (.eml). On a terminal its controls are written out."""
    from daemon.store import journal, views

    with opened_database() as database, database.reading():
        row = views.find_mail(str(number))
        kept = row is not None and row["sha256"] and row["state"] == "quarantined" and row["raw_deleted_at"] is None
        octets = journal.octets(row["sha256"]) if row is not None and kept else None
    if octets is None:
        say(f"Mail {number} is not in quarantine. {deleted(row)}".rstrip(), error=True)
        raise typer.Exit(NOT_GOOD)
    if to is not None:
        with writing(to):
            to.write_bytes(octets)
    elif sys.stdout.isatty():
        say(octets.decode("utf-8", "replace").replace("\r\n", "\n"))
        say("Controls are written out here; --to FILE writes the octets.", error=True)
    else:
        sys.stdout.buffer.write(octets)
