"""The nouns: messages, readings, facts, situations, decisions.

Every carrier is frozen. A message is what the octets say; a reading is what can be told from the message alone;
a situation is what the database knows about it; a decision is what is granted, and why.
Imports nothing of the house but the reasons and the vocabulary of actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType

from daemon.actions.vocabulary import Action
from daemon.reasons import Outcome, Reason

AddrSpec = NewType("AddrSpec", str)
"""A canonical address, `local@domain`, lower case, the domain in its ASCII (IDNA) form (RFC 5322 section 3.4.1)."""

MessageId = NewType("MessageId", str)
"""A canonical Message-ID with its angle brackets, at most 998 octets (RFC 5322 section 3.6.4)."""


class Kind(StrEnum):
    """What sort of mail it is (`mail --json`)."""

    TICKET = "ticket"
    REPLY = "reply"
    COMMAND = "command"
    FORM = "form"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    LIST = "list"
    COPY = "copy"
    OWN = "own"


FAQ = "FAQ-"
"""Begins the title of every FAQ."""

PRIORITY_OPTIONS = f"{FAQ}what are my priority support options"
"""The FAQ after which there is nothing more level one can do: it goes at most once for a case, whoever sends it."""


# --- what the octets say -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the body. `name` is a label for people, never a path; `sha256` names the content."""

    name: str
    content_type: str
    size: int
    sha256: str
    inline: bool
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodResult:
    """One result of an Authentication-Results field, e.g. dmarc=pass with {"header.from": "a.example"} (RFC 8601 2.2)."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationResults:
    """One Authentication-Results field, top first. `received_above` counts the Received fields that stand above it."""

    authserv_id: str | None
    received_above: int
    results: tuple[MethodResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail after the door: nothing behind this sees a raw header. All text is free of NUL and lone surrogates.

    `author` is the From address read strictly (exactly one field, exactly one mailbox, dot-atom at a DNS name, nothing
    left over); None when it can't be, and then `author_problem` says why. The `*_text` fields are decoded for people.
    """

    message_id: MessageId | None
    in_reply_to: tuple[MessageId, ...]
    references: tuple[MessageId, ...]
    subject: str
    base_subject: str
    date: datetime | None
    author: AddrSpec | None
    author_name: str
    author_problem: str | None
    from_text: str
    to_text: str
    cc_text: str
    reply_to_text: str
    recipients: tuple[AddrSpec, ...]
    reply_to: tuple[AddrSpec, ...]
    authentication_results: tuple[AuthenticationResults, ...]
    body: str
    hidden: int
    """Lines of the HTML that its reader is never shown: they are not in `body`. Asked only where HTML is all there is."""
    html: str | None
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]
    limit: str | None
    """The limit of `[limits]` this mail crossed so that it can't be read ("mime_depth"), or None."""
    identity: str
    """sha256 hex over author (or From text), Message-ID, Date and the white-space-folded text: equal for alias deliveries."""


# --- what can be told from the message alone -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Automatic:
    """Is a program speaking, and may a program answer (RFC 3834; `spec` c-1)? `why` names the first rule that spoke.

    `is_list` marks list or bulk mail that a person may have written: it opens a case but is not answered.
    """

    is_automatic: bool
    is_list: bool
    may_answer: bool
    why: str
    own_mark: bool
    """Carries X-Supportd-Instance: written by this program or another instance of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncedRecipient:
    """One recipient of a delivery status notification (RFC 3464 section 2.3)."""

    address: str
    status: str | None
    permanent: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A delivery status notification: for whom, and the Message-IDs found in the returned message."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_ids: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """Lines taken off the body by one rule: `lines` counts them."""

    rule: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """A question and its answer. `label` without its colon or star; `value` in lines; `qid` the number the form service gave it.

    `files` are the links of uploads and pictures in the answer. None is ever fetched.
    """

    label: str
    value: str
    qid: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTable:
    """Rows of one shape. `template` is its word (`2021`, `2013`, `2010`, `generic-table`, `label-row-value-row`).

    `within` is the table and the row of it in whose answer this one stands, None at the top.
    """

    template: str
    rows: tuple[FormRow, ...]
    within: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedInline:
    """The header that a mail program copied above the mail it forwards in place, the words above it and the text below it.

    `marked` says that a line of the program named it a forward; a bare copied header may also stand above a quotation.
    """

    marked: bool
    subject: str
    author: AddrSpec | None
    reply_to: tuple[AddrSpec, ...]
    comment: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormMessage:
    """What one message shows of a form. `depth` 0 is the mail itself, above that a message attached to the one before it.

    `text` is what the shapes of plain text are read from; empty for the mail itself when that is its body. `attachments` are
    those of an attached message. `links` are the links outside of all answers.
    """

    depth: int
    tables: tuple[FormTable, ...]
    text: str
    titles: tuple[str, ...]
    links: tuple[str, ...]
    subject: str
    author: AddrSpec | None
    reply_to: tuple[AddrSpec, ...]
    auto_submitted: bool
    bulk: bool
    inline: ForwardedInline | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormMail:
    """Everything in a mail that could be a form, before anybody knows which forms there are: the mail, then those attached to it."""

    messages: tuple[FormMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A mail that was passed on to us, as the one who did it shows it: a claim of theirs, and proof of nothing.

    `evidence` is how it is shown: "attached message", "forward line" (a mail program's line names it), "copied header" (the fields
    alone, or below "Original Message"), "subject" (only that says so). `author` is None when no single address stands there; `others`
    are further addresses that could be meant. `doubts` are codes of what makes it unsure: "no-header", "no-address",
    "several-addresses", "several-mails", "by-a-program". `text` are the words that were passed on, `files` the names of its attachments.
    """

    evidence: str
    author: AddrSpec | None = None
    author_name: str = ""
    to_text: str = ""
    subject: str = ""
    date: str = ""
    text: str = ""
    files: tuple[str, ...] = ()
    others: tuple[AddrSpec, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that can be said of a mail without knowing anybody."""

    message: Message
    automatic: Automatic
    bounce: Bounce | None
    new_text: str
    trimmed: tuple[Trim, ...]
    case_tags: tuple[int, ...]
    """Case numbers written in the subject as [CASE-n], in order of appearance."""
    form: FormMail | None = None
    """What could be a form; None when nothing but the body could."""
    cs_tags: tuple[int, ...] = ()
    """CS ticket numbers written in the subject as [CS-n], in order of appearance."""
    forward: Forward | None = None
    """The mail that this one passes on; whether it counts depends on who did it."""


# --- what the database knows ---------------------------------------------------------------------------------------


class Grade(StrEnum):
    """How far the sender is believed (interface section 3)."""

    VERIFIED = "verified"
    KEYED = "keyed"
    CLAIMED = "claimed"
    FORGED = "forged"
    UNTRUSTED = "untrusted"


DISBELIEVED = (Grade.FORGED.value, Grade.UNTRUSTED.value)
"""Grades of a mail whose sender surely or probably is another one: a later one that is believed is never taken for a copy of it."""


class DomainVerdict(StrEnum):
    """What our own provider says of the From domain (RFC 8601)."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NONE = "none"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The proofs a mail carries: K signed key, F strict sender, D domain verdict; and the grade they make."""

    grade: Grade
    key: bool
    sender: bool
    domain: DomainVerdict
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """A person of the directory. `address` is the primary one, where mail to them goes."""

    id: int
    handle: str
    name: str
    address: AddrSpec
    organization_id: int
    organization: str
    organization_kind: str
    roles: frozenset[str]
    language: str | None = None
    calendar: str | None = None
    """The calendar of the organization."""
    date_order: str | None = None
    """How the organization writes 12/01/2026: MDY, DMY, or nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFacts:
    """An organization of the directory; `kind` is house, partner or customer."""

    id: int
    name: str
    kind: str
    calendar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFacts:
    """A homeowner's contract; `contact_id` None: it covers the whole organization."""

    id: int
    number: str
    organization_id: int
    contact_id: int | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """A system of an entity, with the partner who looks after it and that partner's agents."""

    id: int
    name: str
    entity_id: int
    partner_id: int | None
    partner: str | None
    partner_agents: tuple[ContactFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """A purchase and the support rights it gives."""

    number: str
    ordered_on: date | None = None
    version: str | None = None
    hosting: bool = False
    priority_support_until: date | None = None
    """The last day of paid priority support."""
    website: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFacts:
    """A trial."""

    key: str
    started_on: date | None = None
    downloaded_by: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What a customer organization has ordered and tried."""

    orders: tuple[OrderFacts, ...] = ()
    evaluations: tuple[EvaluationFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFacts:
    """Whose account a mail or a call is about, as far as it can be told. Of several accounts none is in here."""

    organization: OrganizationFacts | None = None
    contact: ContactFacts | None = None
    """Whom of the account mail goes to: the sender, or whom the words name."""
    account: AccountFacts = field(default_factory=AccountFacts)
    ambiguous: bool = False
    """What was said fits several accounts."""
    order_number: str | None = None
    """The order of the account that was named."""
    matched: str = ""
    """The key that fits, in words."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportFacts:
    """What level one decided last on a case, in the words of the decision table."""

    plan_state: str
    issue_class: str
    rule: int
    action: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """A queue and its members."""

    id: int
    name: str
    members: tuple[ContactFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """A clock as it is stored. `calendar` is the name of the calendar its deadline was counted in."""

    id: int
    kind: str
    cycle: int
    calendar: str
    started_at: datetime
    deadline_at: datetime
    met_at: datetime | None = None
    breached_at: datetime | None = None
    warned_at: datetime | None = None
    reminded_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Neither met nor breached nor cancelled."""
        return self.met_at is None and self.breached_at is None and self.cancelled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalFacts:
    """The last acknowledge, plan, close or reopen of a case that nobody took back: who gave it, and how things stood before."""

    id: int
    verb: str
    giver_id: int
    at: datetime
    before: str
    """JSON: the fields of the case and the ends of its clocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFacts:
    """A question of ours that waits for `#confirm` or `#decline`."""

    id: int
    kind: str
    payload: str
    asked_id: int
    case_id: int | None
    expires_at: datetime
    meant: bool = False
    """The mail answers the very mail that asked: of ours in its thread that is the nearest, errors aside."""
    named: bool = False
    """The thread of the mail holds the one that asked."""
    alone: bool = True
    """No other question of ours waits for this person."""
    known: ContactFacts | None = None
    """Whoever has the payload's `address` by now."""
    agents: tuple[ContactFacts, ...] = ()
    """The agents of the payload's `partner_id`, as they are now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutstandingFacts:
    """Something that is missing on a CS ticket, numbered for people."""

    number: int
    text: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CsTicketFacts:
    """The CS ticket of a case: the work that a form's request needs."""

    id: int
    case_id: int
    summary: str
    description: str
    open: bool
    assignee: ContactFacts | None
    qa_assignee: ContactFacts | None
    created_on: date
    due_date: date
    configuration_date: date
    qa_due_date: date
    outstanding: tuple[OutstandingFacts, ...] = ()

    @property
    def number(self) -> str:
        """The ticket's number as people write it."""
        return f"CS-{self.id}"


class RequestState(StrEnum):
    """Where a form's request is (domain 5.2)."""

    TRIAGE = "triage"
    """A person must decide; any agent of the house may."""
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    """It is a case, and needs no work of its own."""
    IN_CONFIGURATION = "in_configuration"
    """It is a case with a CS ticket."""
    DONE_WITH_OUTSTANDING = "done_with_outstanding"
    COMPLETED = "completed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What a form asked for, as it is stored. `form` is the name of the form's file."""

    id: int
    form: str
    state: str
    case_id: int | None
    submission_id: str | None
    content_hash: str
    title: str
    submitter: ContactFacts | None
    submitter_email: str
    company: str
    partner_company: str
    answers: tuple[tuple[str, str], ...]
    canonical: Mapping[str, object] = field(hash=False)
    problems: tuple[str, ...] = ()
    forwarder: ContactFacts | None = None
    """Who forwarded the form's mail to us."""
    completed: bool = False
    """It was completed once, so the last quick reply has gone out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormNames:
    """Whom and what a form names, to be looked up: the same submission, its company (folded), its customer's address."""

    form: str
    submission_id: str | None
    content_hash: str
    company: str
    email: str
    once: tuple[str, ...] = ()
    """Names of mails about the form's file that are sent at most once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFacts:
    """What is known of whom and what a form names, and of who does the work it asks for."""

    existing: RequestFacts | None = None
    """The same submission, received before."""
    organization: OrganizationFacts | None = None
    """The organization that has the form's company name."""
    submitter: ContactFacts | None = None
    """The contact with the form's e-mail address."""
    managers: Mapping[int, ContactFacts] = field(default_factory=dict)
    """The account manager by organization, of those concerned."""
    assignees: tuple[ContactFacts, ...] = ()
    """Who can be given the work, whose turn it is first."""
    people: Mapping[str, ContactFacts] = field(default_factory=dict)
    """The people that the form's file names, by handle."""
    told: frozenset[str] = frozenset()
    """Names of the mails about the form's file that are sent at most once and were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """A case as it stands inside this transaction."""

    id: int
    type: str
    subject: str
    open: bool
    organization_id: int | None
    contact: ContactFacts | None
    contact_address: AddrSpec | None
    """Whom the case speaks with: the contact's primary address, or the stranger's own."""
    partner_id: int | None
    partner: str | None
    partner_agents: tuple[ContactFacts, ...]
    owner: ContactFacts | None
    queue: QueueFacts | None
    origin: str = "email"
    organization: str | None = None
    system: str | None = None
    partner_calendar: str | None = None
    cycle: int = 1
    assigned_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by_id: int | None = None
    planned_resolution: str | None = None
    planned_date: date | None = None
    first_planned_date: date | None = None
    plan_count: int = 0
    closed_at: datetime | None = None
    closed_by_id: int | None = None
    resolution: str | None = None
    closed_on_planned_date: bool | None = None
    clocks: tuple[ClockFacts, ...] = ()
    reversal: ReversalFacts | None = None
    once: frozenset[str] = frozenset()
    """Names of the mails about this case that are sent at most once and were, and their templates."""
    opening_partner_id: int | None = None
    """The partner that opened it for somebody; the house resolves it, or gives it to a partner."""
    opening_agents: tuple[ContactFacts, ...] = ()
    request: RequestFacts | None = None
    """The form's request that opened it."""
    support: SupportFacts | None = None
    cs_ticket: CsTicketFacts | None = None
    manager: ContactFacts | None = None
    """The account manager of the organization; known only of a case with a request."""

    @property
    def number(self) -> str:
        """The case number as people write it.

        >>> CaseFacts.number.fget.__doc__ is not None
        True
        """
        return f"CASE-{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """A signed reply address or Message-ID of ours that the mail carries, its signature already checked.

    `address` is set instead of `contact` when it was made for somebody without a contact.
    """

    kind: str
    case_id: int | None
    """None: it was a mail about no case, such as a question before one is made."""
    contact: ContactFacts | None
    address_digest: str | None
    source: str
    """"address" or "references"."""
    cs_id: int | None = None
    """The CS ticket it was made for; then `case_id` is the case of that ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Whom and what the commands of a mail name, folded, to be looked up."""

    people: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()
    with_contracts: bool = False
    """The contracts of the people are asked for, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was found for the names in a mail's commands, by the folded name. Nothing found: no entry."""

    people: Mapping[str, tuple[ContactFacts, ...]]
    organizations: Mapping[str, OrganizationFacts]
    queues: Mapping[str, QueueFacts]
    systems: Mapping[str, SystemFacts]
    contracts: Mapping[str, ContractFacts]
    contracts_of: Mapping[int, tuple[ContractFacts, ...]]
    """By contact: the contracts that name them, and those of their organization that name nobody."""
    agents: Mapping[int, tuple[ContactFacts, ...]]
    """By organization: the agents of each partner that was found."""
    cases: Mapping[int, CaseFacts]
    """Cases named by an argument (`#status CASE-1001`)."""
    holders: Mapping[int, ContactFacts] = field(default_factory=dict)
    """By contact: whom the contracts that were found name."""
    contracts_at: Mapping[int, tuple[ContractFacts, ...]] = field(default_factory=dict)
    """By organization that was found: its contracts that name nobody."""
    entities: frozenset[int] = frozenset()
    """Those of the organizations concerned that have a system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFacts:
    """How many cases the mails of a sender opened in the hour and in the day before this one."""

    hour: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFacts:
    """Mails of a sender and day that are held, and the case that told of them before."""

    id: int
    sender: str
    day: date
    count: int
    case_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFacts:
    """A mail of ours that a bounce names."""

    outbox_id: int
    recipient: AddrSpec
    template: str
    subject: str
    case_id: int | None
    already: bool
    """It is marked as bounced already."""
    detail: str = ""
    """What the relay said when it refused it, or how its template failed."""
    unwritten: bool = False
    """Its template failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLimits:
    """How much is too much to be people talking; 0 is off everywhere. The keys of `[limits]` that they come from say what each is."""

    case_hour: int = 0
    case_day: int = 0
    domain_day: int = 0
    pattern: int = 0
    pattern_span: timedelta = timedelta(minutes=10)
    hold: timedelta = timedelta(hours=24)
    """How long mail to an address is held once its mails are a pattern."""
    depth: int = 0
    subject: int = 0
    breaker: int = 0
    breaker_per_mail: int = 3
    """So many mails an hour the breaker lets each received one cause, beside what it lets through anyway."""

    @property
    def any(self) -> bool:
        """Whether there is anything to watch."""
        return any((self.case_hour, self.case_day, self.domain_day, self.pattern, self.depth, self.subject, self.breaker))


EVERYBODY = "*"
"""Stands for an address where mail to everybody is held back."""

PERSONS_WORDS = ("case-comment", "mention")
"""Templates that carry what somebody wrote to somebody: the breaker neither counts nor holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopQuestion:
    """What must be known before mails that a mail causes are queued. `now` is the arrival of that mail, `clock` the time of this round."""

    addresses: tuple[str, ...]
    """To whom they go, and what else may be held back."""
    author: str | None
    """None: the pattern of their mails is not asked for."""
    case_id: int | None
    """None: no answer about a case that is there already is among them."""
    domain: str | None
    """None: the limit of a domain is off, or the sender is known."""
    references: tuple[MessageId, ...]
    limits: LoopLimits
    now: datetime
    clock: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierMail:
    """A mail that came from this address a short time ago."""

    subject: str
    ran: bool = False
    """Whether its commands were carried out."""
    wording: str | None = None
    """Which words it said, as `parsers.wording` keeps them; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopFacts:
    """What is stored of that. Counts are of mails that were not held back."""

    holds: Mapping[str, str] = field(default_factory=dict)
    """By address, EVERYBODY or case number: why mail is held back there now."""
    earlier: tuple[EarlierMail, ...] = ()
    """Mails of the author in the time of the pattern."""
    own_references: int = 0
    """How many mails of ours References names."""
    case_hour: int = 0
    case_day: int = 0
    domain_day: int = 0
    automatic_hour: int = 0
    """Mails that mails caused in the last hour, at most; without those that carry a person's words."""
    received_hour: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What of the configuration the rules need, as plain values."""

    house_address: AddrSpec
    house_name: str
    own_addresses: frozenset[AddrSpec]
    authserv_id: str | None
    authserv_position: str
    auto_answer_max_age_days: int
    max_attempts: int
    answers_per_stranger_day: int
    answers_per_contact_day: int
    cases_per_sender_hour: int = 0
    """What one sender's mails may open; more are held. 0: no limit."""
    cases_per_sender_day: int = 0
    compliments_to: AddrSpec | None = None
    """Where compliments and complaints go; None: to the triage queue."""
    own_domains: frozenset[str] = frozenset()
    """Mail domains of the house: whoever writes from one is never made a customer by it."""
    loops: LoopLimits = LoopLimits()
    errors_per_sender_hour: int = 3
    """Error receipts to one sender; 0: as many as there are mistakes."""
    mails_per_reply: int = 20
    """Mails that one mail may cause beside the answer to its sender; what is more is held."""
    answer_bcc: bool = False
    """Whether a mail that names us nowhere is answered all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known when a reading is decided. `now` is the arrival time of the mail."""

    now: datetime
    recorded_at: datetime
    policy: Policy
    archive: bool
    """Filed without ever answering: `ingest --archive`, or the backlog found at first contact with an old inbox."""
    released: bool
    """A person released it from quarantine: treat as a plain ticket."""
    copy_of: int | None
    copy_by: str | None
    """"content" (same octets) or "identity" (same mail by another way)."""
    sender: ContactFacts | None
    sender_organization: OrganizationFacts | None
    """The organization that lists the From domain, when there is one and the sender is no contact."""
    keys: tuple[KeyFacts, ...]
    bad_keys: int
    referenced_case_ids: tuple[int, ...]
    """Cases of the mails named in In-Reply-To and References, nearest first, without repeats."""
    tagged_case_ids: tuple[int, ...]
    """The case numbers of the subject that exist."""
    cases: tuple[CaseFacts, ...]
    """The facts of every case named by a key, a reference or a tag."""
    systems: tuple[SystemFacts, ...]
    """The systems of the sender's organization."""
    default_queue: QueueFacts | None
    triage_queue: QueueFacts | None
    bounced: OutgoingFacts | None
    answers_today: int
    """Automatic answers written to this address in the last 24 hours."""
    unknown_sender_told_today: bool
    clock: datetime | None = None
    """The time of this round; None: the arrival."""
    question: QuestionFacts | None = None
    """The open question that the sender can answer with this mail: the one its thread holds, else of its case, else the newest."""
    waiting: tuple[QuestionFacts, ...] = ()
    """Every open question of ours to the sender, the newest first."""
    opened: OpenedFacts = OpenedFacts()
    """Cases that mails of this author opened; those in the triage queue are `opened_triage`."""
    opened_triage: OpenedFacts = OpenedFacts()
    referenced_cs_ids: tuple[int, ...] = ()
    """CS tickets of the mails named in In-Reply-To and References, nearest first."""
    tagged_cs_ids: tuple[int, ...] = ()
    """The numbers of the subject's [CS-n] that exist."""
    caller: CallerFacts | None = None
    """Whose account the mail asks about; None: that was not looked for."""
    level_queues: Mapping[str, QueueFacts] = field(default_factory=dict)
    """The queues that the table of level one names, by name."""
    form: FormFacts | None = None
    """What is known of whom and what the mail's form names; None: no form was read in it, and no case of it waits for a person."""
    asked: Asked | None = None
    """Whom and what the mail's commands name, looked up; None when it names nobody."""
    errors_this_hour: int = 0
    """Error receipts written to this address in the last hour."""
    told: frozenset[str] = frozenset()
    """Templates this address was sent in the last 24 hours."""
    own_message_id: bool = False
    """The mail's own Message-ID is signed by us: it is one that we wrote, whatever its other fields say."""
    from_own_tag: bool = False
    """From is a reply address of ours, signed or made to look so: nobody writes from one."""
    reply_to_own_tag: bool = False
    wrong_address: bool = False
    """A recipient looks like a signed address of ours, and its signature is wrong."""
    copy_believed: bool = True
    """Whether `copy_of` makes a copy of a mail that is believed, too: the other one was believed, or its octets are the same."""


# --- what is granted -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One step of the way to a decision, for `explain`: what was asked, what came out, on what evidence."""

    name: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The case a mail is about and how it was found: address, references, subject or new."""

    case_id: int
    matched_by: str
    cs_id: int | None = None
    """The mail is about this CS ticket of the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was read in the words of a mail, for `explain`: commands as (verb, argument, line), findings as (code, line)."""

    commands: tuple[tuple[str, str, int], ...]
    natural: bool
    comment: str
    errors: tuple[tuple[str, int], ...]
    warnings: tuple[tuple[str, int], ...]
    granted: tuple[Mapping[str, str], ...] = field(hash=False)
    """The requests that were carried out, under their verbs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is granted, with exactly one named reason, and the whole chain that led there.

    A decision concerns at most one case; `actions` mean that one. `contact_id` is the Name of the interaction.
    """

    kind: Kind
    outcome: Outcome
    reason: Reason
    detail: str
    trust: Trust
    match: Match | None
    contact_id: int | None
    actions: tuple[Action, ...]
    gates: tuple[Gate, ...]
    heard: Heard | None = None
    form: Mapping[str, object] | None = field(default=None, hash=False)
    """What was read of a form, for `explain`."""
    forward: Mapping[str, object] | None = field(default=None, hash=False)
    """What was read of a mail that was passed on, and what was made of it, for `explain`."""
