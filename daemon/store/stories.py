"""What the logs of cases tell of forms' requests and of the work on them: each row as it must be by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.model import RequestState
from daemon.store.audit_promises import facts_of
from daemon.store.requests import ACCEPTED
from daemon.store.schema import ContactEmail, Event, Journal
from daemon.store.statements import rows

COMPLETION = ":request:"
"""In the name under which the mail about a completed request is sent once."""

UNKNOWN = object()
"""Stands for a value that the log can't know."""

AMENDED = ("content_hash", "title", "submitter_email", "company", "partner_company", "answers", "canonical", "problems")
SUBMITTED = ("form", "form_id", "submission_id", "state", "forwarded_by_id", *AMENDED)
OPENED = {
    "project": "project", "issue_type": "issue_type", "assignee": "assignee_id", "qa_assignee": "qa_assignee_id", "parent": "parent",
    "priority": "priority", "summary": "summary", "description": "description", "created_on": "created_on", "due_date": "due_date",
    "configuration_date": "configuration_date", "qa_due_date": "qa_due_date",
}  # fmt: skip
"""Columns of a CS ticket and what the log calls them."""

Facts = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Story:
    """What the log of a case tells of its request and its work: each row as it must be by now."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    items: dict[int, dict[str, Any]] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    """How many actions each cause has had so far."""
    files: set[str] = field(default_factory=set)
    """Mails whose files are on the ticket."""
    every_file: bool = False
    """All files that the case had at some moment are on the ticket."""
    worked: set[str] = field(default_factory=set)
    """Mails about the CS ticket."""
    letters: dict[str, bool] = field(default_factory=dict)
    """By effect key of a mail of ours: is it about the CS ticket?"""
    early: list[str] = field(default_factory=list)
    """Effect keys of mails that said the work was complete when it was not."""


class Telling:
    """Follows the logs of all cases with a request; `stories` are what they tell, by case."""

    def __init__(self) -> None:
        self.arrivals = {f"mail:{number}": at for number, at in rows(Journal.select(Journal.id, Journal.internal_date))}
        self.people: dict[str, int] = dict(rows(ContactEmail.select(ContactEmail.address, ContactEmail.contact)))
        self.made: set[tuple[str, Any]] = set()
        self.stories: dict[int, Story] = {}
        concerned = Event.select(Event.case).where(Event.verb.in_(["submit-request", "open-cs-ticket"]) & Event.case.is_null(False))
        query = Event.select(Event.case, Event.cause, Event.verb, Event.payload).where(Event.case.in_(concerned))
        for case_id, cause, verb, payload in rows(query.order_by(Event.case, Event.sequence)):
            self._follow(self.stories.setdefault(case_id, Story()), cause, verb, facts_of(payload))

    def _follow(self, story: Story, cause: str, verb: str, facts: Facts) -> None:
        position = story.positions.get(cause, 0)
        story.positions[cause] = position + 1
        if verb == "register-contact":
            self.made.add((cause, facts.get("address")))
        elif verb == "queue-mail":
            _letter(story, cause, position, facts)
        elif verb in ("submit-request", "amend-request", "move-request"):
            self._of_request(story, cause, verb, facts)
        else:
            self._of_work(story, cause, verb, facts)

    def _submitter(self, cause: str, facts: Facts) -> Any:
        """Whose request it is by this entry: a contact named, or the one that was made with it."""
        if facts.get("submitter_id") is None and (cause, facts.get("submitter_email")) in self.made:
            return self.people.get(str(facts.get("submitter_email")), UNKNOWN)
        return facts.get("submitter_id")

    def _of_request(self, story: Story, cause: str, verb: str, facts: Facts) -> None:
        at = self.arrivals.get(cause, UNKNOWN)
        if verb == "submit-request":
            story.requests.append(
                {name: facts.get(name) for name in SUBMITTED}
                | {"submitter": self._submitter(cause, facts), "received_at": at, "accepted_at": None, "completed_at": None, "cause": cause}
            )
        if not story.requests:
            return
        request = story.requests[-1]
        if verb == "amend-request":
            request |= {name: facts.get(name) for name in AMENDED}
            return
        if verb == "move-request":
            request["state"] = facts.get("state")
            submitter = self._submitter(cause, facts)
            request["submitter"] = submitter if submitter is not None else request["submitter"]
        if request["state"] in ACCEPTED and request["accepted_at"] is None:
            request["accepted_at"] = at
        if request["state"] == RequestState.COMPLETED and request["completed_at"] is None:
            request["completed_at"] = at

    def _of_work(self, story: Story, cause: str, verb: str, facts: Facts) -> None:
        at = self.arrivals.get(cause, UNKNOWN)
        ticket = story.tickets[-1] if story.tickets else {}
        match verb:
            case "open-cs-ticket":
                opened = {column: facts.get(name) for column, name in OPENED.items()}
                story.tickets.append(opened | {"created_at": at, "closed_at": None, "closed_by_id": None})
            case "attach-to-cs-ticket":
                story.files.update({*story.positions} if facts.get("of_case") else {cause})
                story.every_file |= bool(facts.get("of_case"))
            case "describe-cs-ticket":
                ticket["description"] = facts.get("description")
            case "close-cs-ticket":
                ticket |= {"closed_at": at, "closed_by_id": facts.get("by_id")}
            case "reopen-cs-ticket":
                ticket |= {"closed_at": None, "closed_by_id": None}
            case "assign-cs-ticket":
                ticket["assignee"] = facts.get("assignee_id")
            case "add-outstanding":
                for number, text in _pairs(facts.get("items")):
                    story.items[number] = {
                        "text": text, "created_at": at, "created_by_id": facts.get("by_id"), "cleared_at": None, "cleared_by_id": None,
                        "cause": cause,
                    }  # fmt: skip
            case "clear-outstanding":
                for number in facts.get("numbers") or ():
                    if number in story.items and story.items[number]["cleared_at"] is None:
                        story.items[number] |= {"cleared_at": at, "cleared_by_id": facts.get("by_id")}
            case _:
                return
        if verb not in ("open-cs-ticket", "attach-to-cs-ticket"):
            story.worked.add(cause)


def _pairs(items: Any) -> list[tuple[int, str]]:
    return [(item[0], item[1]) for item in items or () if isinstance(item, list) and len(item) == 2]


def _letter(story: Story, cause: str, position: int, facts: Facts) -> None:
    once = facts.get("once")
    key = once or f"{cause}:{position}:{facts.get('to')}"
    story.letters[key] = bool(facts.get("about_ticket"))
    if once is not None and COMPLETION in once:
        done = bool(story.tickets) and story.tickets[-1]["closed_at"] is not None
        if not done or any(item["cleared_at"] is None for item in story.items.values()):
            story.early.append(once)
