"""Carry out a decision: storage first, mails last, one event each. Never commits; the caller's transaction does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from daemon.actions.cases import (
    add_comment,
    files_that_fit,
    keep_attachments,
    keep_note,
    log_events,
    note_files_left,
    open_case,
    report_refusal,
    set_contact,
)
from daemon.actions.contacts import register_contact
from daemon.actions.interactions import hold_mail, mark_bounced, record_incoming
from daemon.actions.levelone import name_account, record_support
from daemon.actions.lifecycle import (
    acknowledge,
    assign_owner,
    assign_partner,
    close_case,
    log_review,
    post_feed,
    reopen_case,
    set_plan,
    take_back,
)
from daemon.actions.promises import answer_question, ask_question, end_clock, mark_clock, remember_reversal, start_clock
from daemon.actions.replies import Desk, Letter, queue_mails
from daemon.actions.requests import (
    add_outstanding,
    amend_request,
    assign_cs_ticket,
    attach_to_cs_ticket,
    clear_outstanding,
    close_cs_ticket,
    describe_cs_ticket,
    move_request,
    open_cs_ticket,
    reopen_cs_ticket,
    settle_triage,
    submit_request,
)
from daemon.actions.vocabulary import (
    Acknowledge,
    AddComment,
    AddOutstanding,
    AmendRequest,
    AnswerQuestion,
    AskQuestion,
    AssignCsTicket,
    AssignOwner,
    AssignPartner,
    AttachToCsTicket,
    ClearOutstanding,
    CloseCase,
    CloseCsTicket,
    DescribeCsTicket,
    EndClock,
    HoldMail,
    KeepAttachments,
    KeepNote,
    LogReview,
    MarkBounced,
    MarkClock,
    MoveRequest,
    NameAccount,
    OpenCase,
    OpenCsTicket,
    PostFeed,
    QueueMail,
    RecordSupport,
    RegisterContact,
    RememberReversal,
    ReopenCase,
    ReopenCsTicket,
    ReportRefusal,
    SetContact,
    SetPlan,
    SettleTriage,
    StartClock,
    SubmitRequest,
    TakeBack,
    payload,
    verb,
)
from daemon.failpoints import failpoint
from daemon.model import Decision, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of it: the case (and its CS ticket) and the contact of the mail, and how many mails were queued."""

    case_id: int | None
    cs_id: int | None
    contact_id: int | None
    mails: int


def apply(  # noqa: C901 - one line an action
    decision: Decision, *, message: Message | None, journal_id: int | None, cause: str, at: datetime, clock: datetime, desk: Desk
) -> Applied:
    """Do what the decision grants. `at` is the arrival of the mail that caused it, `clock` the time of this transaction.

    Raises IntegrityError when another worker did it first; then the caller rolls back.
    """
    failpoint("t3_begin")
    case_id = decision.match.case_id if decision.match else None
    cs_id = decision.match.cs_id if decision.match else None
    about_ticket = cs_id is not None
    contact_id = decision.contact_id
    request_id: int | None = None
    attached: list[tuple[int, bool]] = []
    made: dict[str, int] = {}
    opened = False
    letters: list[Letter] = []
    events: list[tuple[str, str]] = []
    for position, action in enumerate(decision.actions):
        match action:
            case RegisterContact():
                made[action.address] = register_contact(action)
                if action.as_sender:
                    contact_id = made[action.address]
            case OpenCase():
                whose = action.contact_id or made.get(action.contact_address or "")
                case_id = open_case(action, contact_id=whose, author_id=contact_id, at=at, clock=clock, cause=cause)
                opened = True
                failpoint("t3_after_case")
            case SetContact():
                theirs = action.contact_id or made[action.address]
                set_contact(_case(case_id), action, contact_id=theirs, by_id=contact_id, at=at, cause=cause)
            case AddComment():
                add_comment(_case(case_id), action, at=at, cause=cause)
            case KeepNote():
                keep_note(_case(case_id), action, at=at, cause=cause)
            case KeepAttachments():
                # kept below, for mails without a case too
                if case_id is not None and message is not None and journal_id is not None:
                    message, left = files_that_fit(case_id, message, desk.case_files)
                    if left:
                        note_files_left(case_id, journal_id, left, desk.case_files, at=at, cause=cause)
                        action = replace(action, count=len(message.attachments))
            case MarkBounced():
                mark_bounced(action, at=at)
            case HoldMail():
                hold_mail(action, at=clock)
            case ReportRefusal():
                if case_id is not None:
                    report_refusal(case_id, action, at=at, cause=cause)
            case QueueMail():
                # a contact that this very decision made had no number yet when it was decided
                to = action.contact_id or made.get(action.to)
                letters.append(Letter(action=replace(action, contact_id=to), position=position))
            case MarkClock():
                mark_clock(_case(case_id), action, at=at, cause=cause)
            case EndClock():
                end_clock(action)
            case StartClock():
                start_clock(_case(case_id), action)
            case AskQuestion():
                ask_question(case_id, action, at=at, cause=cause)
            case AnswerQuestion():
                answer_question(action, at=at)
            case RememberReversal():
                remember_reversal(_case(case_id), action, at=at, cause=cause)
            case AssignPartner():
                assign_partner(_case(case_id), action, by_id=contact_id, at=at, clock=clock, cause=cause)
            case RecordSupport():
                record_support(_case(case_id), action, at=at, cause=cause)
            case NameAccount():
                name_account(_case(case_id), action, at=at, cause=cause)
            case SubmitRequest():
                submitter = action.submitter_id or made.get(action.submitter_email)
                request_id = submit_request(case_id, action, submitter_id=submitter, at=at, cause=cause)
            case AmendRequest():
                amend_request(action)
            case MoveRequest():
                submitter = action.submitter_id or made.get(action.submitter_email or "")
                number = action.request_id or request_id
                if number is None:
                    raise ValueError("the decision moves a request but has none")
                move_request(_case(case_id), number, action, submitter_id=submitter, at=at, cause=cause)
            case SettleTriage():
                whose = action.contact_id or made.get(action.contact_address)
                settle_triage(_case(case_id), action, contact_id=whose, by_id=contact_id, at=at, cause=cause)
            case OpenCsTicket():
                cs_id = open_cs_ticket(_case(case_id), action, at=at, cause=cause)
            case AttachToCsTicket():
                attached.append((_ticket(action.ticket_id or cs_id), action.of_case))  # once the files are kept
            case DescribeCsTicket() | CloseCsTicket() | ReopenCsTicket() | AssignCsTicket() | AddOutstanding() | ClearOutstanding():
                _work(_case(case_id), action, by_id=contact_id, at=at, cause=cause)
            case Acknowledge() | SetPlan() | CloseCase() | ReopenCase() | AssignOwner() | LogReview() | PostFeed() | TakeBack():
                _live(_case(case_id), action, by_id=contact_id, at=at, cause=cause)
            case _:
                assert_never(action)
        events.append((verb(action), payload(action)))
    if journal_id is not None and message is not None:
        keep_attachments(case_id, journal_id, message)
        for ticket_id, of_case in attached:
            attach_to_cs_ticket(ticket_id, journal_id, case_id=case_id if of_case else None)
        record_incoming(
            journal_id=journal_id, at=at, message_id=message.message_id, address=message.author or message.from_text[:255] or None,
            contact_id=contact_id, case_id=case_id, cs_id=cs_id if about_ticket else None,
        )  # fmt: skip
    failpoint("t3_after_interaction")
    log_events(case_id, events, fresh=opened, at=clock, cause=cause)
    queue_mails(
        letters, decision=decision, message=message, case_id=case_id, cs_id=cs_id, opened=opened, cause=cause, at=at, clock=clock, desk=desk
    )
    failpoint("t3_after_outbox")
    return Applied(case_id=case_id, cs_id=cs_id if about_ticket else None, contact_id=contact_id, mails=len(letters))


Step = Acknowledge | SetPlan | CloseCase | ReopenCase | AssignOwner | LogReview | PostFeed | TakeBack


def _live(case_id: int, action: Step, *, by_id: int | None, at: datetime, cause: str) -> None:
    """A step in the life of a case; `by_id` took it."""
    match action:
        case Acknowledge():
            acknowledge(case_id, action, at=at, cause=cause)
        case SetPlan():
            set_plan(case_id, action, by_id=by_id, at=at, cause=cause)
        case CloseCase():
            close_case(case_id, action, at=at, cause=cause)
        case ReopenCase():
            reopen_case(case_id, action, at=at, cause=cause)
        case AssignOwner():
            assign_owner(case_id, action, by_id=by_id, at=at, cause=cause)
        case LogReview():
            log_review(case_id, action, at=at, cause=cause)
        case PostFeed():
            post_feed(case_id, action, at=at, cause=cause)
        case TakeBack():
            take_back(case_id, action, by_id=by_id, at=at, cause=cause)
        case _:
            assert_never(action)


Work = DescribeCsTicket | CloseCsTicket | ReopenCsTicket | AssignCsTicket | AddOutstanding | ClearOutstanding


def _work(case_id: int, action: Work, *, by_id: int | None, at: datetime, cause: str) -> None:
    """A step of the work on a CS ticket."""
    match action:
        case DescribeCsTicket():
            describe_cs_ticket(action)
        case CloseCsTicket():
            close_cs_ticket(case_id, action, at=at, cause=cause)
        case ReopenCsTicket():
            reopen_cs_ticket(case_id, action, at=at, cause=cause)
        case AssignCsTicket():
            assign_cs_ticket(case_id, action, by_id=by_id, at=at, cause=cause)
        case AddOutstanding():
            add_outstanding(case_id, action, at=at, cause=cause)
        case ClearOutstanding():
            clear_outstanding(case_id, action, at=at, cause=cause)
        case _:
            assert_never(action)


def _ticket(ticket_id: int | None) -> int:
    if ticket_id is None:
        raise ValueError("the decision has files for a CS ticket but no ticket")
    return ticket_id


def _case(case_id: int | None) -> int:
    if case_id is None:
        raise ValueError("the decision has an action for a case but no case")
    return case_id
