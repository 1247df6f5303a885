"""The part of a case's view that is about its work: what level one decided, what a form asked for, its CS tickets."""

from __future__ import annotations

from typing import Any

from daemon.cli.output import say, section, table


def print_casework(view: dict[str, Any]) -> None:
    """Lines for people; what a case doesn't have is left out. `view` is that of `store.views.case_view`."""
    support = view["support"]
    if support is not None:
        section("Level one")
        decided = f"{support['action'].replace('_', ' ')} {support['target']}"
        table(None, [["plan", support["plan_state"]], ["issue", support["issue_class"]], ["row", support["rule"]], ["decided", decided]])
    account = view["account"]
    if account is not None and (account["orders"] or account["evaluations"]):
        section("Account")
        rows = [
            ["order", one["number"], one["ordered_on"], one["website"], one["version"], "hosting" if one["hosting"] else "",
             one["priority_support_until"]]
            for one in account["orders"]
        ]  # fmt: skip
        rows += [["evaluation", one["key"], one["started_on"], one["website"], "", "", ""] for one in account["evaluations"]]
        table(["", "Number", "Since", "Website", "Version", "Hosting", "Priority until"], rows)
    request = view["request"]
    if request is not None:
        section("Request")
        table(None, [[name.replace("_", " "), value] for name, value in request.items() if value not in (None, "")])
    for ticket in view["cs_tickets"]:
        _print_ticket(ticket)


def _print_ticket(ticket: dict[str, Any]) -> None:
    section(f"{ticket['number']}  {ticket['summary']}", ticket["status"])
    fields = (
        "project", "issue_type", "assignee", "qa_assignee", "parent", "priority", "configuration_date", "due_date", "qa_due_date",
        "closed_at", "closed_by",
    )  # fmt: skip
    table(None, [[name.replace("_", " "), ticket[name]] for name in fields if ticket[name] not in (None, "")])
    for item in ticket["outstanding"]:
        say(f"  [{' ' if item['cleared_at'] is None else 'x'}] {item['number']}: {item['text']}")
    if ticket["attachments"]:
        say(f"  files: {', '.join(ticket['attachments'])}")
