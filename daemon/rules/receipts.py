"""The words of receipts: what was done, what to look out for, what comes next, how to take it back, and what can be done now.

Pure: decided facts in, values of the templates `confirmation` and `help` out, as plain strings, lists and tables. A table with a
`command` becomes a one-tap link when the mail is written. To explain a new verb, add its row. What is said of errors: `refusals`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

from daemon.parsers.keywords import AGENT, ANYONE, ASKED, BY_VERB, CS, CUSTOMER, GIVER, KEYWORDS, NONE, OPENER, PARTNER
from daemon.rules import judge
from daemon.rules.judgement import IMPLIED_ACKNOWLEDGE, Context, Finding, Judgement, Question, Request
from daemon.rules.lifecycle import State

QUOTED = 80
"""Signs of an offending line that are shown (the mail itself is never sent back)."""
KEPT = 300
"""Signs of somebody's words that are repeated."""

Row: TypeAlias = "dict[str, str]"

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


# --- dates ---------------------------------------------------------------------------------------------------------


def full_date(day: date) -> str:
    """A date that nobody can misread.

    >>> full_date(date(2026, 12, 4))
    'Friday 4 December 2026'
    """
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def full_moment(at: datetime, zone: ZoneInfo) -> str:
    """A time on the reader's wall clock, with the zone: "Friday 4 December 2026, 17:00 (America/New_York)". `at` knows its zone."""
    local = at.astimezone(zone)
    return f"{full_date(local.date())}, {local:%H:%M} ({zone.key})"


def short_moment(at: datetime, zone: ZoneInfo) -> str:
    """A time in a list, on the reader's wall clock: "2026-12-04 17:00"."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def ticket_state(*, is_open: bool) -> str:
    """The state of a ticket as its readers know it."""
    return "Ticket Open" if is_open else "Ticket Closed"


# --- verbs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verb:
    """How a verb is explained: what follows it, what it means, what is said of it when it was done, and how to take it back."""

    form: str
    meaning: str
    done: str = ""
    undo: str = ""


VERBS: Mapping[str, Verb] = MappingProxyType({
    "acknowledge": Verb("", "you have seen the case, and it is yours now", "acknowledged",
        "Not yours after all? Send #undo within 24 hours."),
    "plan": Verb("Friday, what you will do", "the day you plan to solve it, and how", 'planned resolution: "{text}"',
        "Wrong date? Send #plan again."),
    "comment": Verb("your words", "your words go to the other side; a plain reply does the same",
        "your words were added and sent to {who}"),
    "internal": Verb("your words", "a note that the customer does not see", "note added; the customer does not see it"),
    "close": Verb("what was done", "it is solved", 'closed: "{text}"', "Not solved after all? Send #reopen."),
    "reopen": Verb("what is wrong", "it is not solved after all", "reopened", "Opened by mistake? Send #close."),
    "assign": Verb("me", "a new owner: me, an address, a handle or a queue", "given to {who}", "Wrong owner? Send #assign again."),
    "review": Verb("your words", "logs a review, at most 1000 characters", "review logged, {count} characters"),
    "faq": Verb("its title", "sends the customer that FAQ", "sent to {who}: {text}"),
    "mention": Verb("@handle your words", "a word to somebody, unseen by the customer", "mailed to {who}; the customer does not see it"),
    "done": Verb("", "the configuration is complete", "done"),
    "outstanding": Verb("what is missing", "what is still missing, one item a line", "outstanding {number}: {text}",
        "Wrong item? Send #cleared and its number."),
    "cleared": Verb("1", "that item is settled; #cleared all settles them all", "cleared {number}: {text}"),
    "help": Verb("", "all you can send"),
    "status": Verb("", "everything about the case; in a new mail, with its number behind it"),
    "list": Verb("", "your tickets, the latest change first"),
    "case": Verb("", "a new case: lines like Contact: and Type:, then the words"),
    "contact": Verb("", "a new contact: lines First Name:, Last Name:, Company:, Email:", "new contact: {text}, {who}"),
    "call": Verb("", "a phone note: who called, Issue:, then the words", "phone note: {text}"),
    "confirm": Verb("", "yes to a question of ours", "confirmed: {text}"),
    "decline": Verb("", "no to a question of ours", "declined: {text}; nothing is made"),
    "undo": Verb("", "takes back your last acknowledge, plan, close or reopen, within 24 hours", "taken back: {text}"),
    "end": Verb("", "ends the words of a command; what follows is a plain reply"),
})  # fmt: skip
"""Every verb of KEYWORDS."""

_HERE = {"confirm": "yes, please go ahead", "decline": "no, nothing is made", "status": "everything about the case"}
"""The meaning of a verb in a mail that says itself what it is about."""
_SHOWN = {"comment": "update"}
"""The word of a verb that people know best, where it isn't the verb itself."""
_FOOTER = (
    "confirm", "decline", "acknowledge", "plan", "done", "outstanding", "cleared", "comment", "close", "reopen", "review", "case", "list",
    "status", "help",
)  # fmt: skip
"""What a mail offers, in this order; the rest is in the help."""
_ACKNOWLEDGED = frozenset((State.ACKNOWLEDGED, State.PLANNED, State.CLOSED))
_ABOUT = {State.NOTHING: None, State.CS_OPEN: CS, State.CS_DONE: CS}


def open_verbs(role: str, state: State, *, question: bool = False) -> tuple[str, ...]:
    """The verbs a mail offers a reader: what this role may do in this state and hasn't done. State.NOTHING: no case is concerned.

    `question`: this reader was asked something and hasn't answered.

    >>> open_verbs("partner", State.PLANNED)
    ('plan', 'comment', 'close', 'status', 'help')
    """
    context = Context(
        roles=frozenset((role,)), about=_ABOUT.get(state, "case"), today=date.min, is_business_day=lambda _: True, is_reply=True,
        open=state not in (State.CLOSED, State.CS_DONE), acknowledged=state in _ACKNOWLEDGED, planned=state is State.PLANNED,
        question=Question(kind="", asked_sender=True) if question else None,
    )  # fmt: skip
    might = set(judge.open_verbs(context))
    if state is not State.NOTHING:
        might -= {keyword.verb for keyword in KEYWORDS if NONE in keyword.on}
    if state in _ACKNOWLEDGED:  # again: it would do no harm, and no good
        might.discard("acknowledge")
    return tuple(verb for verb in _FOOTER if verb in might)


def steps(verbs: Iterable[str]) -> tuple[Row, ...]:
    """The verbs as the templates' `steps`: the `command`, the `form` of what follows it, and its `meaning`."""
    return tuple(_row(verb, _HERE.get(verb, VERBS[verb].meaning)) for verb in verbs)


def help_rows(role: str, answered: Container[str]) -> tuple[Row, ...]:
    """Every verb of `answered` that this role may ever use, as the template `help` takes them; rows like those of `steps`."""
    theirs = [keyword.verb for keyword in KEYWORDS if keyword.who & _also(role) and keyword.receipt and keyword.verb in answered]
    return tuple(_row(verb, VERBS[verb].meaning) for verb in theirs)


def _row(verb: str, meaning: str) -> Row:
    return {"command": _to_complete(verb), "form": VERBS[verb].form, "meaning": meaning}


def _also(role: str) -> set[str]:
    """The names under which KEYWORDS knows somebody of this role."""
    names = {role, ANYONE}
    if role in (CUSTOMER, PARTNER, OPENER, AGENT):
        names.add(GIVER)
    if role in (PARTNER, OPENER, AGENT):
        names.add(ASKED)
    return names


def shown(verb: str) -> str:
    """A verb as people write it.

    >>> shown("close"), shown("comment")
    ('#close', '#update')
    """
    return f"#{_SHOWN.get(verb, verb)}"


def _to_complete(verb: str) -> str:
    needs = BY_VERB[verb].needs_text or BY_VERB[verb].needs_argument
    return f"{shown(verb)} " if needs else shown(verb)


# --- what was done -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One thing that was done. `who`: to whom words or the case went, as people are named. `number`: of an outstanding item.

    `text`: the words kept; of `undo` the verb taken back, of `contact` the name, of `confirm` and `decline` what was asked about
    ("": closing).
    `implied`: nobody asked for it, but what was asked for needs it.
    """

    verb: str
    text: str = ""
    day: date | None = None
    who: str = ""
    number: int | None = None
    implied: bool = False
    case: str = ""
    """The number of the case that is this contact's now."""


def done_lines(done: Iterable[Done]) -> tuple[str, ...]:
    """One line for each thing that was done, two for a plan; a date in full."""
    return tuple(line for one in done for line in _done(one))


def _done(one: Done) -> tuple[str, ...]:
    if one.implied:
        return (WARNINGS[IMPLIED_ACKNOWLEDGE],)
    words = VERBS[one.verb].done
    if one.verb == "comment" and not one.who:
        words = "your words were added"
    elif one.verb == "contact" and not one.who:
        words = "{text} is known already"
    elif one.verb == "close" and not one.text:
        words = "closed"
    elif one.verb == "decline" and not one.text:
        words = "declined: the case stays open"
    elif one.number is None:
        words = words.replace(" {number}", "")
    line = words.format(text=shortened(one.text, KEPT), who=one.who, number=one.number, count=len(one.text))
    line += f"; {one.case} is theirs now" if one.case else ""
    return (line, f"planned resolution date: {full_date(one.day)}") if one.day is not None else (line,)


def done_of(judgement: Judgement, *, told: str = "") -> tuple[Done, ...]:
    """What a judgement's requests do, in the mail's order, the plain comment last. `told`: who hears the public words.

    Whom `assign`, `mention` and `contact` mean, and the numbers of items, are known once they were looked up: put them in.
    """
    made: list[Done] = []
    for request in judgement.requests:
        if any(warning.name == IMPLIED_ACKNOWLEDGE and warning.line == request.line for warning in judgement.warnings):
            made.append(Done(verb="acknowledge", implied=True))
        who = told if request.verb == "comment" else request.arg or ""
        texts = request.items or (request.text or request.arg or "",)
        made += [Done(verb=request.verb, text=text, day=request.date, who=who) for text in texts]
    return (*made, Done(verb="comment", text=judgement.comment, who=told)) if judgement.comment else tuple(made)


_NEXT = MappingProxyType({
    "acknowledge": "reply #acknowledge by {by}.",
    "plan": "send #plan with a date and what you will do, by {by}.",
    "close": "close it on {day} if you can, at the latest {by}.",
    "done": "reply #done when it is complete, by {by}.",
    "confirm": "answer #confirm or #decline by {by}. Without an answer nothing is made.",
})  # fmt: skip


_NEXT_OF_OTHERS = MappingProxyType({
    "acknowledge": "it is to be acknowledged by {by}.",
    "plan": "it is to be planned by {by}.",
    "close": "it is to be closed on {day}, at the latest {by}.",
})  # fmt: skip


def next_line(step: str, by: str, *, day: date | None = None, theirs: bool = False) -> str:
    """What comes next and by when; `by` is from `full_moment` or `full_date`, in the reader's zone. "" for a step without a promise.

    `day`: the planned day, where the mail has not just named it. `theirs`: it is not the reader's promise, but a partner's.
    """
    words = (_NEXT_OF_OTHERS if theirs and step in _NEXT_OF_OTHERS else _NEXT).get(step, "")
    return words.format(by=by, day=full_date(day) if day is not None else "that day")


def undo_line(verbs: Sequence[str]) -> str:
    """How to take back what was done: of the last verb that can be."""
    return next((VERBS[verb].undo for verb in reversed(verbs) if VERBS[verb].undo), "")


# --- warnings ------------------------------------------------------------------------------------------------------

WARNINGS: Mapping[str, str] = MappingProxyType({
    "W-ALREADY-ACKNOWLEDGED": "It had been acknowledged before{at}; the first time is kept.",
    "W-IMPLIED-ACKNOWLEDGE": "acknowledged (you had not yet done so)",
    "W-DATE-NOT-BUSINESS-DAY": "{day} is not a business day{why}.",
    "W-NEAR-MISS": "{quoted} was read as text. If you meant {shown}, send it in a mail of its own.",
})  # fmt: skip
"""Every W-code. An implied acknowledgement is told among what was done."""


def warning_lines(
    warnings: Iterable[Finding],
    requests: Iterable[Request] = (),
    *,
    acknowledged: str = "",
    closed: Callable[[date], str | None] | None = None,
) -> tuple[str, ...]:
    """One sentence for each warning that is not told among what was done.

    `acknowledged`: when the case had been acknowledged, in words. `closed`: why a day is no business day, as a calendar says it.
    """
    days = {request.line: request.date for request in requests}
    made = []
    for warning in warnings:
        if warning.name == IMPLIED_ACKNOWLEDGE:
            continue
        day = days.get(warning.line)
        why = closed(day) if closed is not None and day is not None else None
        facts = {
            "at": f" on {acknowledged}" if acknowledged else "", "day": full_date(day) if day is not None else "That date",
            "why": f" ({why})" if why else "", "quoted": f'"{shortened(warning.quoted, QUOTED)}"',
            "shown": shown(warning.verb) if warning.verb else "",
        }  # fmt: skip
        made.append(WARNINGS[warning.name].format_map(facts))
    return tuple(made)


def shortened(text: str, most: int) -> str:
    r"""A text on one line, at most so many signs.

    >>> shortened("one\n  two three", 10)
    'one two t…'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
