"""`answer`: what to say to a caller, while they wait. Changes nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daemon.cli.output import print_json, say, section, table
from daemon.cli.session import NOT_GOOD, looking_house

if TYPE_CHECKING:
    from daemon.model import CallerFacts
    from daemon.rules.entitlement import Level
    from daemon.worker import House


class ChannelOption(StrEnum):
    """How somebody came."""

    PHONE = "phone"
    CASE = "case"


def answer(
    issue: Annotated[str, typer.Option("--issue", metavar="TEXT", help="What it is about, in the caller's words.")],
    channel: Annotated[ChannelOption, typer.Option("--channel", help="A call, or a mail that is a case already.")] = ChannelOption.PHONE,
    website: Annotated[str | None, typer.Option("--website", help="The licensed website, or a part of its name.")] = None,
    order: Annotated[str | None, typer.Option("--order", help="The number of an order.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="A license key.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="An address of the account.")] = None,
    company: Annotated[str | None, typer.Option("--company", help="The company, or the beginning of its name.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The caller's name.")] = None,
    downloaded_by: Annotated[str | None, typer.Option("--downloaded-by", help="Who downloaded the trial.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="A telephone number.")] = None,
    software: Annotated[str | None, typer.Option("--version", help="The version they use, where it isn't that of the order.")] = None,
    persists: Annotated[bool, typer.Option("--persists", help="They insist, although they were told that they have no plan.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> None:
    """What to say to this caller: whose account it is, which row of the table decides, and the words to send. Changes nothing.

    Exit 1 when no account, or more than one, fits the keys.
    """
    said = {
        "Website": website, "Order": order, "Key": key, "Email": email, "Company": company, "Name": name, "Downloaded by": downloaded_by,
        "Phone": phone,
    }  # fmt: skip
    lines = "\n".join(f"{label}: {' '.join(value.split())}" for label, value in said.items() if value)
    if not lines:
        raise typer.BadParameter("say who calls: --website, --order, --key, --email, --company, --name, --downloaded-by or --phone")
    with looking_house() as house:
        found = _answered(house, lines, channel, issue, software, persists=persists)
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found["account"] is None:
        raise typer.Exit(NOT_GOOD)


def _answered(house: House, lines: str, channel: ChannelOption, issue: str, software: str | None, *, persists: bool) -> dict[str, Any]:
    from daemon.parsers.accountkeys import read_keys
    from daemon.rules.entitlement import Caller, Channel, decide_level
    from daemon.rules.issueclass import classify
    from daemon.rules.planstate import plan_state
    from daemon.store.callers import caller_of

    rules = house.rulebook.support
    if rules is None:
        say("There is no level one: support.toml is not there.", error=True)
        raise typer.Exit(NOT_GOOD)
    with house.database.reading():
        caller = caller_of(read_keys("", lines, "", None, house.policy.own_domains), None, None)
    of = classify("", issue, None, rules.issues)
    if caller.organization is None:
        known = Caller.AMBIGUOUS if caller.ambiguous else Caller.FIRST_CONTACT
        level = decide_level(Channel(channel.value), known, None, of, False, rules.table)
    else:
        today = house.rulebook.calendar_of(None).local(house.now()).date()
        plan = plan_state(caller.account, today, rules.plan, caller.order_number)
        if software is not None:
            plan = plan.using(software, rules.plan)
        level = decide_level(Channel(channel.value), Caller.KNOWN, plan, of, persists, rules.table)
    return _document(house, caller, level)


def _document(house: House, caller: CallerFacts, level: Level) -> dict[str, Any]:
    organization, contact = caller.organization, caller.contact
    return {
        "account": organization.name if organization is not None else None, "found_by": caller.matched or None,
        "ambiguous": caller.ambiguous, "contact": contact.handle if contact is not None else None,
        "send_to": contact.address if contact is not None else None, "support": level.as_support(), "level": level.level,
        "template": level.template, "queue": level.queue, "facts": dict(level.facts),
        "orders": [
            {"number": one.number, "ordered_on": one.ordered_on, "website": one.website, "version": one.version, "hosting": one.hosting,
             "priority_support_until": one.priority_support_until}
            for one in caller.account.orders
        ],
        "text": _text(house, level, contact.name if contact is not None else ""),
    }  # fmt: skip


def _text(house: House, level: Level, name: str) -> str | None:
    """The words of the mail that would be sent, if one would."""
    from daemon.actions.replies import DEFAULTS

    template = house.desk.templates.find(level.template) if level.template is not None else None
    if template is None:
        return None
    values = {
        **DEFAULTS, "house_name": house.desk.house_name, "house_address": house.desk.house_address, "recipient_name": name,
        "no_plan": level.plan_state.value == "none", "case_number": "the case", "quote_subject": False,
    }  # fmt: skip
    return house.desk.templates.render(template.name, values).text


def _issue(name: str, facts: dict[str, str]) -> str:
    """The class, and the words that made it."""
    said, words = facts.get("issue_line"), facts.get("issue_words")
    return f"{name}, said so: {said}" if said else f"{name}, by the words: {words}" if words else name


def _print(found: dict[str, Any]) -> None:
    support = found["support"]
    rows = [
        ("account", found["account"] or ("several fit: ask for one more, name none" if found["ambiguous"] else "nobody: ask for a key")),
        ("found by", found["found_by"] or ""), ("send to", found["send_to"] or ""),
        ("plan", found["facts"].get("why", support["plan_state"])), ("issue", _issue(support["issue_class"], found["facts"])),
        ("row", str(support["rule"])), ("do", f"{support['action'].replace('_', ' ')}: {support['target']}"),
        *((f"order {one['number']}", ", ".join(filter(None, (str(one["ordered_on"] or ""), one["website"], one["version"]))))
          for one in found["orders"]),
    ]  # fmt: skip
    table(("", ""), [row for row in rows if row[1]])
    if found["text"]:
        section("What is sent")
        say(found["text"].rstrip())
