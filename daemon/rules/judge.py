"""What of a mail's commands is granted: to whom, on what, in which state. One error, and nothing of the mail is executed.

Pure. Who the sender is and how far they are believed was settled before; persons, organizations and contracts are looked up after.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.parsers import phrases
from daemon.parsers.commands import Command, Commands, Guess, read_commands
from daemon.parsers.keywords import (
    AGENT,
    ANY,
    ANYONE,
    ASKED,
    BY_VERB,
    CONFIG_ASSIGNEE,
    CS,
    CUSTOMER,
    GIVER,
    KEYWORDS,
    NONE,
    OPENER,
    PARTNER,
    QA_ASSIGNEE,
    QUESTION,
    VOCABULARY,
    Vocabulary,
)
from daemon.parsers.phrases import PHRASEBOOK, Phrasebook
from daemon.rules import arguments, lifecycle
from daemon.rules.arguments import finding, quoted
from daemon.rules.conditions import is_conditional
from daemon.rules.judgement import (
    ALREADY_ACKNOWLEDGED,
    CONDITIONAL,
    CONFLICT,
    IMPLIED_ACKNOWLEDGE,
    NEAR_MISS,
    NO_CASE,
    NO_QUESTION,
    NOT_ALLOWED,
    NOT_IN_STATE,
    UNKNOWN_VERB,
    Context,
    Finding,
    Judgement,
    Request,
)
from daemon.rules.lifecycle import Event, State

_STAFF = frozenset((PARTNER, AGENT))
_CONFIGURERS = frozenset((CONFIG_ASSIGNEE, QA_ASSIGNEE, AGENT))
_EVENTS = frozenset(Event)
_ACKNOWLEDGED = frozenset((State.ACKNOWLEDGED, State.PLANNED))
CONTRADICTIONS: tuple[tuple[str, str], ...] = (
    ("close", "reopen"),
    ("done", "outstanding"),
    ("done", "reopen"),
    ("confirm", "decline"),
    ("undo", "acknowledge"),
    ("undo", "plan"),
    ("undo", "close"),
    ("undo", "reopen"),
    ("undo", "confirm"),
    ("confirm", "close"),
    ("decline", "close"),
)
"""Verbs that can't stand in one mail. Two of the same verb with different arguments can't either, where its row says `once`."""


def judge(text: str, context: Context, vocabulary: Vocabulary = VOCABULARY, phrasebook: Phrasebook = PHRASEBOOK) -> Judgement:
    """Judge the new words of a mail, already without quotations and signature. Total and pure, linear in the text.

    All or nothing: `requests` is empty when there is any error. Requests keep the mail's order.
    """
    read = read_commands(text, vocabulary)
    if not read.commands and not read.unknown:
        step = natural_step(text, context, phrasebook)
        if step is not None:
            implied = _implied(context, (step,))
            warning = Finding(name=IMPLIED_ACKNOWLEDGE, verb=step, line=1)
            return _judgement(
                read, context, text, requests=(Request(verb=step, line=1),), warnings=(warning,) if implied else (), natural=True
            )
    unknown = [_unknown(guess) for guess in read.unknown]
    requests, errors, warnings = _weigh(read.commands, context)
    errors = (*(e for e in errors if e.name == CONFLICT), *sorted((*unknown, *(e for e in errors if e.name != CONFLICT)), key=_line))
    near = tuple(_near_miss(guess) for guess in read.near_misses)
    if errors:
        return _judgement(read, context, text, errors=errors, warnings=near)
    return _judgement(read, context, text, requests=requests, warnings=tuple(sorted((*near, *warnings), key=_line)))


def natural_step(text: str, context: Context, phrasebook: Phrasebook) -> str | None:
    """The verb a whole mail means by one listed phrase, where role and state allow just that step; None: it is a comment."""
    if not context.is_reply:
        return None
    steps = phrases.match(text, phrasebook)
    return next((verb for step, verb in _natural_steps(context) if step in steps), None)


def _natural_steps(context: Context) -> tuple[tuple[str, str], ...]:
    """The phrases' steps that are open to this sender now, and the verbs they stand for; an answer to a question goes first."""
    found: list[tuple[str, str]] = []
    if context.question is not None and context.question.asked_sender and context.question.meant:
        found += [(phrases.CONFIRM, "confirm"), (phrases.DECLINE, "decline")]
    if context.about is None:
        return tuple(found)
    if context.about == CS:
        if context.open and context.roles & _CONFIGURERS:
            found.append((phrases.DONE, "done"))
        return tuple(found)
    if not context.open:
        if context.roles & (_STAFF | {CUSTOMER, OPENER}):
            found.append((phrases.REOPEN, "reopen"))
        return tuple(found)
    if context.roles & _STAFF:
        if context.state == State.OPEN:
            found.append((phrases.ACKNOWLEDGE, "acknowledge"))
        found.append((phrases.CLOSE, "close"))
        if context.planned:
            found.append((phrases.DONE, "close"))
    return tuple(found)


def open_verbs(context: Context) -> tuple[str, ...]:
    """The verbs this sender could send now, in the order of the table: the last line of each receipt, and help."""
    found: list[str] = []
    idle = {"end", "acknowledge"} if context.state in _ACKNOWLEDGED else {"end"}
    for keyword in KEYWORDS:
        command = Command(verb=keyword.verb, argument="", tail="", line=1, written=f"#{keyword.verb}")
        if keyword.verb not in idle and _denied(command, context) is None and _not_in_state(command, context.state, context) is None:
            found.append(keyword.verb)
    return tuple(found)


# --- from commands to requests -------------------------------------------------------------------------------------


def _weigh(commands: tuple[Command, ...], context: Context) -> tuple[tuple[Request, ...], tuple[Finding, ...], tuple[Finding, ...]]:
    """The requests of these commands, their errors, and their warnings."""
    different = {(command.verb, command.argument): command for command in reversed(commands)}
    denied: list[Finding] = []
    granted: dict[object, tuple[Command, arguments.Reading]] = {}
    for command in sorted(different.values(), key=_line_of):
        refusal = _denied(command, context)
        if refusal is not None:
            denied.append(refusal)
            continue
        reading = arguments.read(command, context)
        granted.setdefault(_meaning(reading[0]) if reading[0] is not None else command, (command, reading))
    conflicts, contradicting = _conflicts([command for command, _ in granted.values()])
    requests: list[Request] = []
    warnings: list[Finding] = []
    errors: list[Finding] = [*conflicts, *denied]
    state = context.state
    for command, (request, findings) in granted.values():
        contradicts = command.verb in contradicting
        refusal = _conditional(command) or _not_in_state(command, context.state if contradicts else state, context)
        if refusal is not None:
            errors.append(refusal)
            continue
        state = state if contradicts else _after(command, state, context)
        if request is None:
            errors += findings
            continue
        requests.append(request)
        warnings += findings
    warnings += _acknowledgement(requests, context)
    return tuple(requests), tuple(errors), tuple(warnings)


def _meaning(request: Request) -> tuple[object, ...]:
    """What makes two requests the same, however they were written."""
    fields = tuple(sorted(request.fields.items()))
    return request.verb, request.date, request.text, request.arg, request.items, fields, request.extra


def _denied(command: Command, context: Context) -> Finding | None:
    """Why this sender may not give this command here: the role, or what the mail is about."""
    keyword = BY_VERB[command.verb]
    who = keyword.who if context.about != CS or keyword.who_on_cs is None else keyword.who_on_cs
    if ASKED in who:
        if context.question is None:
            return finding(NO_QUESTION, command)
        if not context.question.asked_sender:
            return finding(NOT_ALLOWED, command, command.verb)
        # whoever was asked may have lost the right to do it since
        return _denied(replace(command, verb="close"), context) if _means(command.verb, context) == "close" else None
    if GIVER in who:
        who = frozenset((CUSTOMER, PARTNER, OPENER, AGENT))
        if context.undoable is not None and not context.undoable.given_by_sender:
            return finding(NOT_ALLOWED, command, command.verb)
    if ANYONE not in who and not who & context.roles:
        return finding(NOT_ALLOWED, command, command.verb)
    if command.verb == "close" and context.is_customer_only and not context.customer_may_close:
        return finding(NOT_ALLOWED, command, command.verb)
    if keyword.on & {ANY, NONE, QUESTION}:
        return None
    if context.about is None:
        return None if command.verb == "status" and command.argument else finding(NO_CASE, command)
    return None if context.about in keyword.on else finding(NOT_ALLOWED, command, command.verb)


def _conditional(command: Command) -> Finding | None:
    if BY_VERB[command.verb].conditional and is_conditional(command.tail):
        return finding(CONDITIONAL, command, command.verb)
    return None


def _not_in_state(command: Command, state: State, context: Context) -> Finding | None:
    if command.verb == "undo":
        if context.undoable is None:
            return finding(NOT_IN_STATE, command, "nothing-to-undo")
        return None if context.undoable.within_day else finding(NOT_IN_STATE, command, "too-late")
    if command.verb not in _EVENTS or state == State.NOTHING:
        return None
    detail = lifecycle.refusal(state, Event(command.verb))
    return finding(NOT_IN_STATE, command, detail) if detail else None


def _after(command: Command, state: State, context: Context) -> State:
    """The state in which the commands below are judged. Staff who reopen have acknowledged at once."""
    verb = _means(command.verb, context)
    if verb not in _EVENTS or verb == "undo" or not lifecycle.allows(state, Event(verb)):
        return state
    to = lifecycle.step(state, Event(verb)).to
    if verb == "reopen" and to == State.OPEN and context.roles & _STAFF:
        return State.ACKNOWLEDGED
    return to or state


def _means(verb: str, context: Context) -> str:
    """The step that a verb is: a yes to whether to close the case is that closing."""
    return "close" if verb == "confirm" and context.question is not None and context.question.closes else verb


def _conflicts(commands: list[Command]) -> tuple[list[Finding], frozenset[str]]:
    """The contradictions between commands, and the verbs that have a part in one."""
    by_verb: dict[str, list[Command]] = {}
    for command in commands:
        by_verb.setdefault(command.verb, []).append(command)
    found: list[Finding] = []
    verbs: set[str] = set()
    for verb, same in by_verb.items():
        if BY_VERB[verb].once and len(same) > 1:
            found.append(finding(CONFLICT, same[1]))
            verbs.add(verb)
    for one, other in CONTRADICTIONS:
        if one in by_verb and other in by_verb:
            found.append(finding(CONFLICT, max(by_verb[one][0], by_verb[other][0], key=_line_of)))
            verbs |= {one, other}
    return found, frozenset(verbs)


def _implied(context: Context, verbs: tuple[str, ...]) -> bool:
    """Whether these steps acknowledge the case without a word about it."""
    steps = {_means(verb, context) for verb in verbs}
    return context.state == State.OPEN and "acknowledge" not in steps and not {"plan", "close"}.isdisjoint(steps)


def _acknowledgement(requests: list[Request], context: Context) -> list[Finding]:
    verbs = tuple(request.verb for request in requests)
    if _implied(context, verbs):
        first = next(request for request in requests if _means(request.verb, context) in ("plan", "close"))
        return [Finding(name=IMPLIED_ACKNOWLEDGE, verb=first.verb, line=first.line)]
    again = next((request for request in requests if request.verb == "acknowledge"), None)
    if again is not None and context.state in _ACKNOWLEDGED:
        return [Finding(name=ALREADY_ACKNOWLEDGED, verb=again.verb, line=again.line)]
    return []


# --- the words of a judgement --------------------------------------------------------------------------------------


def _unknown(guess: Guess) -> Finding:
    return Finding(
        name=UNKNOWN_VERB, detail=f"{guess.word}->{guess.suggestion}", verb=guess.suggestion, line=guess.line, quoted=quoted(guess.written),
        forms=(quoted(f"#{guess.suggestion} {guess.rest}".rstrip()),),
    )  # fmt: skip


def _near_miss(guess: Guess) -> Finding:
    return Finding(
        name=NEAR_MISS, detail=f"{guess.word}->{guess.suggestion}", verb=guess.suggestion, line=guess.line, quoted=quoted(guess.written)
    )


def _line(found: Finding) -> int:
    return found.line


def _line_of(command: Command) -> int:
    return command.line


def _judgement(
    read: Commands, context: Context, text: str, *, requests: tuple[Request, ...] = (), errors: tuple[Finding, ...] = (),
    warnings: tuple[Finding, ...] = (), natural: bool = False,
) -> Judgement:  # fmt: skip
    return Judgement(
        requests=requests,
        comment="" if natural else read.comment,
        errors=errors,
        warnings=warnings,
        natural=natural,
        commands=read.commands,
        is_command=bool(natural or read.commands or read.unknown),
        mentions=() if natural else read.mentions,
        is_internal_post=read.begins_with_mention and bool(context.roles) and not context.is_customer_only,
        is_greeting=read.is_greeting and not natural,
        kept=text.strip() if errors and context.is_customer_only else "",
    )
