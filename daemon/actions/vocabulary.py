"""The closed union of actions: plain data, no effects.

A reading requests, a decision grants, `apply` does. Actions carry no case: they mean the decision's case, or the one
that `OpenCase` of the same decision opened.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterContact:
    """Make a contact under an existing organization."""

    address: str
    first_name: str
    last_name: str
    organization_id: int
    role: str = "customer"
    phone: str | None = None
    extra: tuple[tuple[str, str], ...] = ()
    as_sender: bool = True
    """The contact is who wrote the mail; otherwise only whom the case is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Open a case. Owner is exactly one of contact and queue; None for both means the default queue is not set up."""

    type: str
    subject: str
    description: str
    origin: str
    organization_id: int | None
    contact_id: int | None
    """None with `contact_address` set: a stranger, or the contact that RegisterContact of this decision makes."""
    contact_address: str | None
    system_id: int | None
    partner_id: int | None
    owner_id: int | None
    queue_id: int | None
    flags: tuple[str, ...] = ()
    contract_id: int | None = None
    contract_status: str | None = None
    """How the contract stood when this was decided; the log keeps it, as the directory may change later."""
    opening_partner_id: int | None = None
    """The partner whose agent opens it for somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContact:
    """The case of somebody unknown is this person's. `contact_id` None: whom RegisterContact of this decision makes."""

    contact_id: int | None
    address: str
    name: str
    organization_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddComment:
    """Append a comment. Not public: only the house sees it. `moves` says whether Last Update moves."""

    text: str
    public: bool
    author_id: int | None
    author_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepNote:
    """Keep words of somebody who isn't believed as a note that only the house sees, with the reason written on it."""

    text: str
    why: str
    author_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAttachments:
    """Put the mail's attachments on the case."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkBounced:
    """Mark an outgoing mail as bounced."""

    outbox_id: int
    address: str
    status: str | None
    permanent: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldMail:
    """Hold back the mails to an address until then ("*": to everybody, but for a person's words), so that a loop ends."""

    address: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRefusal:
    """Note on the case that the relay refused a mail of ours for good, or that its template failed (`unwritten`)."""

    outbox_id: int
    address: str
    reason: str
    unwritten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMail:
    """Queue one mail to one person. `answer` marks an automatic answer to the sender (Auto-Submitted: auto-replied)."""

    template: str
    to: str
    contact_id: int | None
    name: str
    answer: bool
    counted: bool
    """Counts against the daily rate of automatic answers to one address (interface section 7)."""
    quote_subject: bool
    """Whether the case's or mail's subject may be repeated: only to people we know (threat T24)."""
    held: str | None = None
    """The limit's name when a limit stops it: the row is written, visible and releasable, but not sent."""
    once: str | None = None
    """A name under which it is sent at most once, whatever causes it."""
    follows: str | None = None
    """The Message-ID of the mail of ours whose thread it continues, where no case and no mail that came tells."""
    values: tuple[tuple[str, object], ...] = field(default=(), hash=False)
    """Further variables of the template, plain data."""
    about_ticket: bool = False
    """It is about the case's CS ticket: an answer to it is too, and its subject begins with the ticket's number."""
    confirms: bool = False
    """It asks for a confirmation: whoever writes to its Reply-To has read it."""


# --- the life of a case --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody has seen the case and owns it; the time is the mail's arrival. `implied`: by a plan or a closing, which says it all."""

    by_id: int | None
    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlan:
    """Planned resolution and its date; the first date ever promised in this cycle stays."""

    text: str
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase:
    """Close with the resolution. `on_planned_date`: closed no later than the promised day, None without a promise."""

    text: str
    by_id: int | None
    on_planned_date: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenCase:
    """Open again: a new cycle, acknowledgement and plan cleared. `acknowledged_by_id`: by partner or house, so it is owned at once."""

    by_id: int | None
    acknowledged_by_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignOwner:
    """Give the case to a person or to a queue: exactly one of them."""

    owner_id: int | None
    queue_id: int | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignPartner:
    """Give the case to a partner: a new cycle of promises."""

    partner_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReview:
    """A completed Case Review task with these words."""

    text: str
    by_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFeed:
    """An entry of the feed for the house (and those it mentions)."""

    kind: str
    text: str
    author_id: int | None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StartClock:
    """Start a promise. `met_at` is set when the same mail fulfilled it."""

    kind: str
    cycle: int
    calendar: str
    started_at: datetime
    deadline_at: datetime
    met_at: datetime | None
    look_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndClock:
    """A promise ended: met, breached or cancelled, at this time."""

    clock_id: int
    kind: str
    end: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkClock:
    """A notice of a promise went out: warning, reminder or breach. `look_at` is when it needs the next look."""

    clock_id: int
    kind: str
    concern: str | None
    at: datetime
    look_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskQuestion:
    """Wait for `#confirm` or `#decline` of this person. `payload` is what `confirm` does, as JSON.

    Its `address` and `partner_id`, where it has them, are looked up again when the answer comes.
    """

    kind: str
    payload: str
    asked_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuestion:
    """The question is answered: confirm, decline, expired or void."""

    question_id: int
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberReversal:
    """What `#undo` would take back: the case's fields and clocks before this mail, as JSON."""

    verb: str
    giver_id: int
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """Put the fields and clocks back as they were before a command."""

    reversal_id: int
    verb: str
    before: str


# --- level one -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSupport:
    """What level one decided: the row of the table, what is done by it, and the facts it was decided by."""

    plan_state: str
    issue_class: str
    rule: int
    action: str
    target: str
    facts: tuple[tuple[str, str], ...] = ()


UNVERIFIED = "unverified_sender"
"""The flag of a case whose account was only named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAccount:
    """The case is about the account of this organization, by words alone: nobody of it has confirmed that."""

    organization_id: int
    name: str
    flag: str


# --- what a form asks for ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRequest:
    """Write down what a form asks for, under its submission id, or under the digest of its content where it has none."""

    form: str
    form_id: str | None
    submission_id: str | None
    content_hash: str
    title: str
    state: str
    submitter_id: int | None
    """None with the address set: whom RegisterContact of this decision makes, or nobody yet."""
    submitter_email: str
    company: str
    partner_company: str
    answers: tuple[tuple[str, str], ...]
    """Every row of the form, as (label, value)."""
    canonical: str
    """What was understood of them, as JSON."""
    forwarded_by_id: int | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRequest:
    """The same submission came with other answers."""

    request_id: int
    content_hash: str
    title: str
    submitter_email: str
    company: str
    partner_company: str
    answers: tuple[tuple[str, str], ...]
    canonical: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """The request is in another state; `request_id` None: the one this decision submits. A submitter or organization that became known."""

    request_id: int | None
    state: str
    submitter_id: int | None = None
    submitter_email: str | None = None
    """Whom RegisterContact of this decision makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleTriage:
    """A case of type triage becomes what it is, under its number."""

    type: str
    subject: str
    organization_id: int
    contact_id: int | None
    contact_address: str
    owner_id: int | None
    queue_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCsTicket:
    """Open the CS ticket of the case: the work that the request needs."""

    project: str
    issue_type: str
    assignee_id: int | None
    qa_assignee_id: int | None
    parent: str
    priority: str
    summary: str
    description: str
    created_on: date
    """The house's date, from which the three others are counted."""
    due_date: date
    configuration_date: date
    qa_due_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeCsTicket:
    """Replace the description of a CS ticket; its summary stays."""

    ticket_id: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachToCsTicket:
    """Put the mail's files on the CS ticket; `ticket_id` None: the one this decision opens. `of_case`: those of all its case's mails."""

    ticket_id: int | None
    of_case: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCsTicket:
    """The work is Done."""

    ticket_id: int
    by_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenCsTicket:
    """The work is not Done after all."""

    ticket_id: int
    by_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignCsTicket:
    """Give the CS ticket to somebody else."""

    ticket_id: int
    assignee_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOutstanding:
    """What is still missing, as (number, words)."""

    ticket_id: int
    items: tuple[tuple[int, str], ...]
    by_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearOutstanding:
    """These items are missing no longer."""

    ticket_id: int
    numbers: tuple[int, ...]
    by_id: int | None


Action = (
    RegisterContact
    | OpenCase
    | SetContact
    | AddComment
    | KeepNote
    | KeepAttachments
    | MarkBounced
    | HoldMail
    | ReportRefusal
    | QueueMail
    | Acknowledge
    | SetPlan
    | CloseCase
    | ReopenCase
    | AssignOwner
    | AssignPartner
    | LogReview
    | PostFeed
    | StartClock
    | EndClock
    | MarkClock
    | AskQuestion
    | AnswerQuestion
    | RememberReversal
    | TakeBack
    | RecordSupport
    | NameAccount
    | SubmitRequest
    | AmendRequest
    | MoveRequest
    | SettleTriage
    | OpenCsTicket
    | DescribeCsTicket
    | AttachToCsTicket
    | CloseCsTicket
    | ReopenCsTicket
    | AssignCsTicket
    | AddOutstanding
    | ClearOutstanding
)

VERBS: dict[type, str] = {
    RegisterContact: "register-contact",
    OpenCase: "open-case",
    SetContact: "set-contact",
    AddComment: "add-comment",
    KeepNote: "keep-note",
    KeepAttachments: "keep-attachments",
    MarkBounced: "mark-bounced",
    HoldMail: "hold-mail",
    ReportRefusal: "report-refusal",
    QueueMail: "queue-mail",
    Acknowledge: "set-acknowledged",
    SetPlan: "set-plan",
    CloseCase: "close-case",
    ReopenCase: "reopen-case",
    AssignOwner: "assign-owner",
    AssignPartner: "assign-partner",
    LogReview: "log-review",
    PostFeed: "post-feed",
    StartClock: "start-clock",
    EndClock: "end-clock",
    MarkClock: "mark-clock",
    AskQuestion: "ask-question",
    AnswerQuestion: "answer-question",
    RememberReversal: "remember-reversal",
    TakeBack: "take-back",
    RecordSupport: "record-support",
    NameAccount: "name-account",
    SubmitRequest: "submit-request",
    AmendRequest: "amend-request",
    MoveRequest: "move-request",
    SettleTriage: "settle-triage",
    OpenCsTicket: "open-cs-ticket",
    DescribeCsTicket: "describe-cs-ticket",
    AttachToCsTicket: "attach-to-cs-ticket",
    CloseCsTicket: "close-cs-ticket",
    ReopenCsTicket: "reopen-cs-ticket",
    AssignCsTicket: "assign-cs-ticket",
    AddOutstanding: "add-outstanding",
    ClearOutstanding: "clear-outstanding",
}
"""The name of each action in `explain` and in the log of a case; none is the name of a verb that people send."""


def verb(action: Action) -> str:
    """The action's name for people and scripts."""
    return VERBS[type(action)]


UNLOGGED = frozenset({"values", "before", "payload"})
"""Fields that only carry data to where it is kept."""

DIGESTED = ("text", "description", "answers", "canonical")
"""Long words; those that are no text as their JSON, which is how they are kept."""


def payload(action: Action) -> str:
    """The action as JSON, for the log of a case; long words are named by their digest, which `audit` compares."""
    facts = {name: getattr(action, name) for name in type(action).__dataclass_fields__ if name not in UNLOGGED}
    for name in DIGESTED:
        if name in facts:
            words = facts[name] if isinstance(facts[name], str) else json.dumps(facts[name], ensure_ascii=False)
            facts[name] = {"sha256": hashlib.sha256(words.encode()).hexdigest(), "length": len(words)}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no form in the log")
