"""The words of receipts: what was done, what comes next, how to take it back, or why nothing was changed and what to send instead.

Pure: decided facts in, values of the templates `confirmation`, `error` and `help` out, as plain strings, lists and tables. A table
with a `command` becomes a one-tap link when the mail is written. To add a verb or a code, add its row here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

from daemon.parsers import blocks, dates
from daemon.parsers.commands import Command
from daemon.parsers.keywords import AGENT, ANYONE, ASKED, BY_VERB, CONFIG_ASSIGNEE, CS, CUSTOMER, GIVER, KEYWORDS, PARTNER, QA_ASSIGNEE
from daemon.rules import judge
from daemon.rules.judgement import CONFLICT, IMPLIED_ACKNOWLEDGE, NEAR_MISS, TEXT_MISSING, Context, Finding, Judgement, Question, Request
from daemon.rules.lifecycle import State

QUOTED = 80
"""Signs of an offending line that are shown (the mail itself is never sent back)."""
FILLED_IN = 300
"""A text that is longer is not repeated in the right form."""

Form: TypeAlias = "dict[str, str | list[str]]"
"""What to send instead: `command` in full, its further lines as `more`, a `note` on it."""
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
class _Verb:
    """How a verb is explained: what follows it, what it means, what is said of it when it was done, and how to take it back."""

    form: str
    meaning: str
    done: str = ""
    undo: str = ""


_VERBS: Mapping[str, _Verb] = MappingProxyType({
    "acknowledge": _Verb("", "you have seen the case, and it is yours now", "acknowledged",
        "Not yours after all? Send #undo within 24 hours."),
    "plan": _Verb("Friday what you will do", "the day you plan to solve it, and how", 'planned resolution: "{text}"',
        "Wrong date? Send #plan again."),
    "comment": _Verb("your words", "your words go to the other side; a plain reply does the same", "your words were added and sent to {who}"),
    "internal": _Verb("your words", "a note that the customer does not see", "note added; the customer does not see it"),
    "close": _Verb("what was done", "it is solved", 'closed: "{text}"', "Not solved after all? Send #reopen."),
    "reopen": _Verb("what is wrong", "it is not solved after all", "reopened", "Opened by mistake? Send #close."),
    "assign": _Verb("me", "a new owner: me, an address, a handle or a queue", "given to {who}", "Wrong owner? Send #assign again."),
    "review": _Verb("your words", "logs a review, at most 1000 characters", "review logged, {count} characters"),
    "mention": _Verb("@handle your words", "a word to somebody, unseen by the customer", "mailed to {who}; the customer does not see it"),
    "done": _Verb("", "the configuration is complete", "done"),
    "outstanding": _Verb("what is missing", "what is still missing, one item a line", "outstanding {number}: {text}",
        "Wrong item? Send #cleared and its number."),
    "cleared": _Verb("1", "that item is settled; #cleared all settles them all", "cleared {number}: {text}"),
    "help": _Verb("", "this list"),
    "status": _Verb("", "everything about the case; in a new mail, with its number behind it"),
    "list": _Verb("", "your tickets, the latest change first"),
    "case": _Verb("", "a new case: lines like Contact: and Type:, then the words"),
    "contact": _Verb("", "a new contact: lines First Name:, Last Name:, Company:, Email:", "new contact: {text}, {who}"),
    "call": _Verb("", "a phone note: who called, Issue:, then the words", "phone note: {text}"),
    "confirm": _Verb("", "yes to a question of ours", "confirmed: {text}"),
    "decline": _Verb("", "no to a question of ours", "declined: {text}"),
    "undo": _Verb("", "takes back your last acknowledge, plan, close or reopen, within 24 hours", "taken back: {text}"),
    "end": _Verb("", "ends the words of a command; what follows is a plain reply"),
})  # fmt: skip
"""Every verb of KEYWORDS."""

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
    might = judge.open_verbs(context)
    # acknowledging again does no harm and is of no use
    return tuple(verb for verb in _FOOTER if verb in might and not (verb == "acknowledge" and state in _ACKNOWLEDGED))


def steps(verbs: Iterable[str]) -> tuple[Row, ...]:
    """The verbs as the templates' `steps`: each `command`, to be completed where it needs words, with its `meaning`."""
    return tuple({"command": _to_complete(verb), "meaning": _VERBS[verb].meaning} for verb in verbs)


def help_rows(role: str) -> tuple[Row, ...]:
    """Every verb this role may ever use: `command`, the `verb` as it is written, the `form` of what follows, and its `meaning`."""
    mine = (keyword for keyword in KEYWORDS if keyword.who & _also(role))
    return tuple(
        {"command": _to_complete(k.verb), "verb": _shown(k.verb), "form": _VERBS[k.verb].form, "meaning": _VERBS[k.verb].meaning}
        for k in mine
    )


def _also(role: str) -> set[str]:
    """The names under which KEYWORDS knows somebody of this role."""
    names = {role, ANYONE}
    if role in (CUSTOMER, PARTNER, AGENT):
        names.add(GIVER)
    if role in (PARTNER, AGENT):
        names.add(ASKED)
    return names


def _shown(verb: str) -> str:
    return f"#{_SHOWN.get(verb, verb)}"


def _to_complete(verb: str) -> str:
    needs = BY_VERB[verb].needs_text or BY_VERB[verb].needs_argument
    return f"{_shown(verb)} " if needs else _shown(verb)


# --- what was done -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One thing that was done. `who`: to whom words or the case went, as people are named. `number`: of an outstanding item.

    `text`: the words kept; of `undo` the verb taken back, of `contact` the name, of `confirm` and `decline` what was asked.
    `implied`: nobody asked for it, but what was asked for needs it.
    """

    verb: str
    text: str = ""
    day: date | None = None
    who: str = ""
    number: int | None = None
    implied: bool = False


def done_lines(done: Iterable[Done]) -> tuple[str, ...]:
    """One line for each thing that was done, two for a plan; a date in full."""
    return tuple(line for one in done for line in _done(one))


def _done(one: Done) -> tuple[str, ...]:
    if one.implied:
        return (WARNINGS[IMPLIED_ACKNOWLEDGE],)
    words = _VERBS[one.verb].done
    if one.verb == "comment" and not one.who:
        words = "your words were added"
    elif one.verb == "close" and not one.text:
        words = "closed"
    elif one.number is None:
        words = words.replace(" {number}", "")
    line = words.format(text=shortened(one.text, FILLED_IN), who=one.who, number=one.number, count=len(one.text))
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


def next_line(step: str, by: str, *, day: date | None = None) -> str:
    """What comes next and by when; `by` is from `full_moment` or `full_date`, in the reader's zone. "" for a step without a promise.

    `day`: the planned day, where the mail has not just named it.
    """
    return _NEXT[step].format(by=by, day=full_date(day) if day is not None else "that day") if step in _NEXT else ""


def undo_line(verbs: Sequence[str]) -> str:
    """How to take back what was done: of the last verb that can be."""
    return next((_VERBS[verb].undo for verb in reversed(verbs) if _VERBS[verb].undo), "")


# --- what was wrong ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error with what is needed to word it: what its command took, and what a look-up said.

    `said`: the person, organization or date that is wrong, if it isn't the detail of the code. `choices`: the persons, contracts,
    cases or commands to choose from, or the labels that are missing.
    """

    finding: Finding
    argument: str = ""
    said: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads it: their role, their day, and a day that would do in a form that needs one."""

    role: str
    today: date
    example: date


@dataclass(frozen=True, slots=True)
class _Wrong:
    """How a code is worded, and the right forms."""

    words: str
    forms: tuple[str, ...] = ()


_NOTE = "     ("
"""Before what is said of a form and is not part of it."""
_REVIEW = "#review\nCurrent Status: \nPending Action Items: \nPending Action Owner: "
_MISSING = _Wrong("{missing} missing. Please send", ("#{verb}\n{labels}\n{text}",))
_PLAN = ("#plan {example} {text_or_example}",)

ERRORS: Mapping[str, _Wrong] = MappingProxyType({
    "E-UNKNOWN-VERB": _Wrong("I don't know #{said}. Did you mean {shown}?", ("{given}",)),
    "E-NOT-ALLOWED": _Wrong("{allowed}."),
    "E-NO-CASE": _Wrong("your mail does not say which case it is about. Please reply to a mail of ours about the case."),
    "E-AMBIGUOUS-CASE": _Wrong("your mail is about more than one case ({choices}). Please reply to a mail of ours about the one you mean."),
    "E-STATE": _Wrong("that can't be done as things stand."),
    "E-STATE:already-closed": _Wrong("the case is closed already. To go on with it, open it again first:", ("#reopen",)),
    "E-STATE:not-closed": _Wrong("the case is open, so there is nothing to reopen. To add something:", ("#update {text}",)),
    "E-STATE:already-done": _Wrong("it is done already."),
    "E-STATE:not-done": _Wrong("it is not done yet, so there is nothing to reopen."),
    "E-STATE:nothing-to-undo": _Wrong("there is nothing of yours to take back."),
    "E-STATE:too-late": _Wrong("that is more than 24 hours ago and can't be taken back any more."),
    "E-CONFLICT": _Wrong("{choices} contradict each other. Please send only one of them."),
    "E-CONDITIONAL": _Wrong("commands are carried out at once, never later. Please tell it now, or send the command when it is time:",
        ("#update {text}", "{shown}     (when it is time)")),
    "E-TEXT-MISSING": _Wrong("{shown} needs words behind it:", ("{shown} {form}",)),
    "E-TEXT-MISSING/review": _Wrong("#review needs its words. Please fill in, or write your own:", (_REVIEW,)),
    "E-TEXT-MISSING/plan": _Wrong("#plan needs a date and what you will do:", _PLAN),
    "E-TEXT-MISSING/case": _MISSING,
    "E-TEXT-MISSING/contact": _MISSING,
    "E-TEXT-MISSING:contact": _Wrong("contact: {kind} case needs its contact. Please send", ("#{verb}\nContact: \n{text}",)),
    "E-ARG-MISSING": _Wrong("{shown} needs to know more:", ("{shown} {form}",)),
    "E-ARG-MISSING/assign": _Wrong("#assign needs to know to whom: me, an address, a handle or a queue.", ("#assign me",)),
    "E-ARG-MISSING:type": _Wrong("there is no such type of case. Please use one of: {types}."),
    "E-ARG-MISSING/mention": _Wrong("#mention needs to know to whom: write @ and a handle or an address.", ("#mention @{text}",)),
    "E-ARG-MISSING/status": _Wrong("#status needs the number of a case, or nothing.", ("#status",)),
    "E-ARG-MISSING/cleared": _Wrong("#cleared needs to know which items:", ("#cleared 1", "#cleared 1,3", "#cleared all")),
    "E-TOO-LONG": _Wrong("these are {count} characters, and at most {limit} can be kept. Please shorten it by {over}."),
    "E-DATE-MISSING": _Wrong("I can't find a date. Please put it first, for example", _PLAN),
    "E-DATE-INVALID": _Wrong("there is no such day as {said}. Please send, for example", _PLAN),
    "E-DATE-AMBIGUOUS": _Wrong("I cannot tell which day {said} is. Please send one of", ("{readings}",)),
    "E-DATE-PAST": _Wrong("{day} is in the past. Please send a day to come, for example", _PLAN),
    "E-DATE-FAR": _Wrong("{day} is more than a year ahead. Please send a nearer day, for example", _PLAN),
    "E-UNKNOWN-PERSON": _Wrong("nobody here is known as {said}.{did_you_mean}"),
    "E-UNKNOWN-PERSON/case": _Wrong("{said} is not known. Add {missing}.", ("#{verb}\n{labels}\n{text}",)),
    "E-AMBIGUOUS-PERSON": _Wrong("{said} could be more than one person: {choices}. Please send the address."),
    "E-UNKNOWN-ORG": _Wrong("no organization is called {said}. The Company should already exist; please check how it is spelled."
        "{did_you_mean}"),
    "E-NO-CONTRACT": _Wrong("a homeowner's case needs a contract, and none is active here.{contracts}"),
    "E-NO-QUESTION": _Wrong("no question of ours waits for your answer."),
    "E-NO-ACCOUNT": _Wrong("no account was found for this. Please ask the caller for one of these:",
        ("#call\nOrder: \nLicense Key: \nWebsite: \nEmail: \nCompany: \n{text}",)),
})  # fmt: skip
"""Every E-code; with a detail (`:`) or for one verb (`/`) where there is more to say."""

WARNINGS: Mapping[str, str] = MappingProxyType({
    "W-ALREADY-ACKNOWLEDGED": "It had been acknowledged before{at}; the first time is kept.",
    "W-IMPLIED-ACKNOWLEDGE": "acknowledged (you had not yet done so)",
    "W-DATE-NOT-BUSINESS-DAY": "{day} is not a business day{why}.",
    "W-NEAR-MISS": "{quoted} was read as text. If you meant {shown}, send it in a mail of its own.",
})  # fmt: skip
"""Every W-code. An implied acknowledgement is told among what was done."""

_LABELS = ("First Name", "Last Name", "Company", "Email")
_WHO = {
    CUSTOMER: "the customer", PARTNER: "the partner", AGENT: "our own agents", CONFIG_ASSIGNEE: "those who configure",
    QA_ASSIGNEE: "those who configure", ASKED: "whoever was asked", GIVER: "whoever gave the command",
}  # fmt: skip
_WRITTEN_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}")


def troubles(errors: Iterable[Finding], commands: Sequence[Command]) -> tuple[Trouble, ...]:
    """The errors of a judgement beside what their commands took; labels that are missing in one command are one trouble."""
    by_line = {command.line: command for command in commands}
    made: list[Trouble] = []
    for error in errors:
        command = by_line.get(error.line)
        argument = command.argument if command is not None else ""
        if error.name == TEXT_MISSING and error.detail and made and made[-1].finding.line == error.line:
            made[-1] = replace(made[-1], finding=replace(error, detail=""), choices=(*made[-1].choices, error.detail))
            continue
        choices = _contradicting(error.verb, commands) if error.name == CONFLICT else ()
        made.append(Trouble(finding=error, argument=argument, choices=(error.detail,) if error.name == TEXT_MISSING else choices))
    return tuple(made)


def _contradicting(verb: str, commands: Sequence[Command]) -> tuple[str, ...]:
    there = {command.verb for command in commands}
    others = [pair for pair in judge.CONTRADICTIONS if verb in pair and there.issuperset(pair)]
    return tuple(map(_shown, others[0])) if others else (f"two different {_shown(verb)}",)


def error_lines(errors: Iterable[Trouble], reader: Reader) -> tuple[dict[str, str | list[Form]], ...]:
    """The templates' `errors`: `words` that quote the offending line and say what is wrong, `forms` of what to send instead."""
    return tuple(_error(error, reader) for error in errors)


def warning_lines(
    warnings: Iterable[Finding], requests: Iterable[Request] = (), *, acknowledged: str = "", closed: Callable[[date], str | None] | None = None
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
        made.append(WARNINGS[warning.name].format(
            at=f" on {acknowledged}" if acknowledged else "", day=full_date(day) if day is not None else "That date",
            why=f" ({why})" if why else "", quoted=f'"{shortened(warning.quoted, QUOTED)}"', shown=_shown(warning.verb) if warning.verb else "",
        ))  # fmt: skip
    return tuple(made)


def shortened(text: str, most: int) -> str:
    """A text on one line, at most so many signs.

    >>> shortened("one\\n  two three", 10)
    'one two t…'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _error(trouble: Trouble, reader: Reader) -> dict[str, str | list[Form]]:
    finding = trouble.finding
    specific = ERRORS.get(finding.code) if finding.detail else None
    wrong = specific or ERRORS.get(f"{finding.name}/{finding.verb}") or ERRORS[finding.name]
    facts = _facts(trouble, reader)
    words = wrong.words.format_map(facts)
    words = f'"{shortened(finding.quoted, QUOTED)}": {words}' if finding.quoted else words[:1].upper() + words[1:]
    forms: list[Form] = []
    for form in wrong.forms:
        command, _, note = form.partition(_NOTE)
        if command == "{readings}":
            forms += [
                _form(f"#plan {day.isoformat()} {facts['text_or_example']}", "in the past" if day < reader.today else "")
                for day in finding.readings
            ]
        elif (filled := command.format_map(facts).strip()) != "#update":
            forms.append(_form(filled, note.rstrip(")")))
    return {"words": words, "forms": forms}


def _form(command: str, note: str) -> Form:
    command = command.strip("\n")
    return {"command": command, "more": [line for line in command.split("\n")[1:] if line.strip()], "note": note}


def _facts(trouble: Trouble, reader: Reader) -> dict[str, str]:
    """Everything the table may name."""
    finding, verb, detail = trouble.finding, trouble.finding.verb, trouble.finding.detail
    said = trouble.said or detail.partition("->")[0]
    text = trouble.argument
    if finding.name.startswith("E-DATE"):
        found = _WRITTEN_DATE.search(finding.quoted)
        said = trouble.said or (found[0] if found is not None else "that")
        read = dates.read_plan(text, reader.today, None, lambda _: True)
        text = read.rest or ("" if finding.name != dates.MISSING else text)
    text = text if len(text) <= FILLED_IN else "(your words)"
    given = finding.forms[0] if finding.forms and not finding.forms[0].endswith("…") else _shown(verb) if verb else ""
    labels = tuple(label.title() for label in trouble.choices) or _LABELS
    limit = (BY_VERB[verb].limit if verb in BY_VERB else None) or 1000
    count = int(detail) if detail.isdecimal() else len(text)
    return {
        "verb": verb, "shown": _shown(verb) if verb else "that", "said": said, "given": given, "text": text,
        "text_or_example": text or "what you will do", "form": _VERBS[verb].form if verb in _VERBS else "",
        "example": reader.example.isoformat(), "day": full_date(finding.readings[0]) if finding.readings else said,
        "allowed": _allowed(verb, reader.role), "count": str(count), "limit": str(limit), "over": str(max(count - limit, 1)),
        "kind": _kind(text), "types": ", ".join(sorted(blocks.CASE_TYPES)),
        "choices": _listed(trouble.choices) or "these commands", "missing": _listed(labels),
        "labels": "\n".join(f"{label}: {said if label == 'Email' and '@' in said else ''}" for label in labels),
        "contracts": f" There are: {', '.join(trouble.choices)}." if trouble.choices else "",
        "did_you_mean": f" Did you mean {_listed(trouble.choices, 'or')}?" if trouble.choices else "",
    }  # fmt: skip


def _kind(argument: str) -> str:
    """The kind of case that somebody wanted, in words that go before "case needs its contact"."""
    kind = blocks.case_type(blocks.read_block("case", argument)).replace("_", " ")
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}" if kind else "this"


def _allowed(verb: str, role: str) -> str:
    """Who may use a verb, to somebody who may not."""
    keyword = BY_VERB.get(verb)
    if keyword is None or role in keyword.who:
        return f"{_shown(verb) if verb else 'that'} can't be used here"
    who = tuple(dict.fromkeys(_WHO[name] for name in (CUSTOMER, PARTNER, CONFIG_ASSIGNEE, QA_ASSIGNEE, AGENT, ASKED, GIVER) if name in keyword.who))
    return f"only {_listed(who)} can use {_shown(verb)}" if who else f"{_shown(verb)} can't be used here"


def _listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
