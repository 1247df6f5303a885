"""What `explain` prints for people: the reason in words, what led there, and what was done, or would be, in sentences."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from daemon.cli.output import say, section, table
from daemon.moments import local_minute

if TYPE_CHECKING:
    from daemon.store.names import Names

Answer = Mapping[str, Any]
"""The answer of `explain`: what `--json` prints."""

WIDEST, NARROWEST = 100, 40
LABEL = 10
"""Of the column before what is said."""


def print_explanation(name: str, answer: Answer, names: Names, now: datetime) -> None:
    """The whole answer. `name` is what was asked for, `names` are those that its actions mean, `now` is when a file is judged to come."""
    done = "journal" in answer
    section(f"mail {answer['journal']}" if done else "standard input" if name == "-" else name)
    if answer["failed"]:
        say(f"It can't be read: {answer['failed']}")
        return
    mail = answer["mail"]
    table(None, [[key, mail[key]] for key in ("from", "to", "subject", "date", "message_id") if mail[key]])
    _print_headline(answer, None if done else now)
    if answer["gates"] or answer["trust"]:
        section("Why")
        for label, words in (*_why(answer), *_forward(answer.get("forward"))):
            _print(words, label)
    _print_words(answer)
    _print_commands(answer, now.date(), done=done)
    _print_actions(answer, names, done=done)
    _print_mails(answer, done=done)


def _print(words: str, label: str = "", *, margin: int = 2) -> None:
    """A paragraph, beside its label if it has one, in lines that fit."""
    width = max(min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns), NARROWEST)
    first = " " * margin + (f"{label:<{LABEL}} " if label else "")
    rest = " " * (len(first) if label else margin + 2)
    say(textwrap.fill(words, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False))


# --- the decision --------------------------------------------------------------------------------------------------


def _print_headline(answer: Answer, at: datetime | None) -> None:
    """The reason in words, then as scripts read it. `at`: nothing is done, this is when the mail would have come."""
    from daemon.reasons import Reason

    said = Reason(answer["reason"]).sentence if answer["reason"] else ""
    say("")
    if not said:
        say("Nothing is decided yet.")
    elif at is None:
        _print(f"It was decided: {said}", margin=0)
    else:
        _print(f'It would be decided, had it come at {local_minute(at)}: "{said}"', margin=0)
    if answer["detail"]:
        before = DETAILS.get(answer["reason"], "")
        _print(before + answer["detail"].splitlines()[-1])
    words = (("reason", answer["reason"]), ("kind", answer["kind"]), ("outcome", answer["outcome"]))
    say("  " + " · ".join(f"{label} {word}" for label, word in words if word))


DETAILS: Mapping[str, str] = MappingProxyType({
    "commands-run": "commands: ",
    "commands-refused": "what is wrong: ",
    "form-accepted": "form: ",
    "form-forged": "form: ",
    "automatic-on-case": "shown by ",
    "automatic-without-case": "shown by ",
    "bounce-recorded": "our mail: ",
    "limit-crossed": "limit: ",
    "sender-flood": "limit: ",
})  # fmt: skip
"""What stands before a detail of a reason that is a mere name."""

GRADES: Mapping[str, str] = MappingProxyType({
    "verified": "the mail does come from the address in its From",
    "keyed": "it carries a key that we signed for whoever is in its From, so it is believed to be theirs",
    "claimed": "it may come from the address in its From, but nothing proves that",
    "untrusted": "nobody is believed to have sent it, whatever its From says",
    "forged": "it does not come from the address in its From",
})  # fmt: skip
"""How far the sender is believed, in words."""

PROOFS: Mapping[str, tuple[str, Mapping[Any, str]]] = MappingProxyType({
    "K": ("signed key", MappingProxyType({
        True: "it names an address or a mail that we signed for this case",
        False: "it names no address and no mail that we signed for this case",
    })),
    "F": ("strict From", MappingProxyType({
        True: "exactly one address stands there, and can be read in one way only",
        False: "there is not exactly one address, or it can be read in several ways",
    })),
    "D": ("domain verdict", MappingProxyType({
        "pass": "our mail provider says that the domain in From did send it",
        "fail": "our mail provider says that the domain in From did not send it",
        "none": "our mail provider says nothing decisive about the domain in From",
        "silent": "no mail provider is configured whose word counts",
    })),
})  # fmt: skip
"""The proofs that make the grade, and what each says."""

NOT_THEIRS = "the address is not that of the person for whom the key was made"
CHANGED = "whatever stands there, the mail is sent to a signed address of ours that somebody changed"
"""Why a From that can be read proves nothing: with a signed key, and without one."""

GATE_WORDS: Mapping[str, str] = MappingProxyType({
    "limits": "over a limit",
    "own": "our own",
    "copy": "a copy",
    "bounce": "a bounce",
    "form": "a form",
    "automatic": "automatic",
    "forged": "forged",
})  # fmt: skip
"""What a mail is that a gate stops."""

MATCHED: Mapping[str, str] = MappingProxyType({
    "bounce": "a mail of ours about it came back",
    "submission": "it is the case of this submission of the form",
})  # fmt: skip
"""How a case was found by something else than what is looked at for every mail."""


def _why(answer: Answer) -> Iterator[tuple[str, str]]:
    """What the decision rests on, each with its label."""
    passed: list[str] = []
    for gate in answer["gates"]:
        name, verdict, detail = gate["name"], gate["verdict"], gate["detail"]
        if name == "case":
            yield "case", _case(answer["case"], verdict, detail)
        elif name == "trust":
            yield from _sender(answer, verdict, detail)
        elif name == "answer":
            yield "answer", _silence(answer, verdict, detail)
        elif verdict == "passed" and not detail and name in GATE_WORDS:
            passed.append(GATE_WORDS[name])
        elif verdict == "stopped" and name in GATE_WORDS:
            yield name, f"it is {GATE_WORDS[name]}{f': {detail}' if detail else ''}"
        elif name == "loops":
            yield name, f"mails are held back, as two programs may be talking to each other: {detail}"
        else:
            yield name, f"{verdict}{f': {detail}' if detail else ''}"
    if passed:
        yield "passed", f"it is none of these: {', '.join(passed)}"


def _case(case: Mapping[str, str] | None, verdict: str, detail: str) -> str:
    if case is not None and case["matched_by"] in MATCHED:
        return f"{case['number']}: {MATCHED[case['matched_by']]}"
    if verdict == "new":
        return f"none: {detail}"
    of = f" of {case['number']}" if case is not None and case["number"] != verdict else ""
    return f"{verdict}{of}, known by: {detail}"


def _sender(answer: Answer, grade: str, evidence: str) -> Iterator[tuple[str, str]]:
    """How far the sender is believed, and what each of the three proofs says."""
    yield "sender", f"{grade}: {GRADES.get(grade, evidence)}"
    proofs = answer["trust"]["proofs"]
    for letter, value in proofs.items():
        name, meaning = PROOFS[letter]
        said = meaning.get(value, "")
        if letter == "F" and not value and answer["from"]:
            said = NOT_THEIRS if proofs["K"] else CHANGED
        yield f"  {letter} {_YES_OR_NO.get(value, value)}", f"{name}: {said}"
    yield "  shown by", evidence


_YES_OR_NO = {True: "yes", False: "no"}


def _silence(answer: Answer, verdict: str, detail: str) -> str:
    if verdict == "yes":
        return "the sender may be sent an automatic answer"
    signs = f"the mail's own signs forbid it ({detail})" if detail == (answer["automatic"] or {}).get("why") else detail
    return f"the sender gets no automatic answer: {signs}"


def _forward(forward: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Whose a mail that was passed on is taken to be."""
    if not forward:
        return
    who = ", ".join(part for part in (forward["name"], forward["from"]) if part) or "nobody"
    if forward["sure"]:
        yield "forward", f"guessed: it is taken for the mail of {who} ({forward['evidence']})"
    elif forward["counts"]:
        yield "forward", f"unsure whose it is, {who} ({forward['evidence']}): {forward['why']}"
    else:
        yield "forward", f"of {who} ({forward['evidence']}), but that doesn't count: {forward['why']}"


# --- what it says --------------------------------------------------------------------------------------------------


def _print_words(answer: Answer) -> None:
    taken = ", ".join(f"{trim['rule']} {trim['lines']}" for trim in answer["trimmed"])
    section("New words" + (f"  (lines left out: {taken})" if taken else ""))
    for line in (deleted(answer) or answer["new_text"].strip() or "(none)").splitlines():
        say(f"    {line}")
    for defect in answer["mail"]["defects"]:
        say(f"  defect: {defect}")


def deleted(answer: Answer | None) -> str:
    """That there is no raw mail any more, and why; nothing of one that is there."""
    if answer is None or answer.get("raw_deleted_at") is None:
        return ""
    after = f"after {answer['raw_retention_days']} days (limits.raw_retention_days)"
    return f"The raw mail was deleted on {answer['raw_deleted_at']:%Y-%m-%d}, {after}; what was decided, and its digest, are kept."


def _print_commands(answer: Answer, today: date, *, done: bool) -> None:
    """The commands that were read, whether they ran, and what is wrong with them."""
    from daemon.rules.receipts import shortened, shown

    steps = _steps(answer)
    read = [(command["line"], command["verb"], command["argument"]) for command in answer["commands"]]
    if not read and answer["natural"]:
        read = [(1, step["verb"], "") for step in steps]
    if not (read or answer["errors"] or answer["warnings"]):
        return
    section("Commands", "read in plain words" if answer["natural"] else None)
    ran = {step["verb"] for step in steps}
    asks = any(action["verb"] == "ask-question" for action in answer["actions"])
    yes, no = ("carried out", "not carried out") if done else ("would be carried out", "would not be carried out")
    findings = _findings(answer, today)
    for line, verb, argument in read:
        words = f' "{shortened(argument, 60)}"' if argument.strip() else ""
        came = yes if verb in ran else f"{no} yet, the sender is asked first" if asks else no
        _print(": ".join((f"line {line}", shown(verb) + words, came, *findings.pop(line, ()))))
    for line, others in findings.items():
        for found in others:
            _print(f"line {line}: {found}")


def _steps(answer: Answer) -> list[Mapping[str, Any]]:
    """The person's requests that were granted: they stand among the actions under their own verbs."""
    from daemon.parsers.keywords import BY_VERB

    return [action for action in answer["actions"] if action["verb"] in BY_VERB]


LOOKED_UP: Mapping[str, str] = MappingProxyType({
    "E-UNKNOWN-PERSON": "somebody it names is not known here",
    "E-AMBIGUOUS-PERSON": "somebody it names could be more than one person",
    "E-UNKNOWN-ORG": "no organization is called as it says",
    "E-AMBIGUOUS-CASE": "the mail is about more than one case",
    "E-NO-CONTRACT": "the case needs a contract, and none could be taken",
    "E-ARG-MISSING": "it needs to know more, or names what is not there",
})  # fmt: skip
"""Errors that the sender is told with what was looked up, of which a record keeps the code alone."""


def _findings(answer: Answer, today: date) -> dict[int, list[str]]:
    """What is wrong or doubtful in the commands, by line, in the words in which the sender is told."""
    from daemon.rules.judgement import TEXT_MISSING, Finding
    from daemon.rules.receipts import QUOTED, WARNINGS, shortened, warning_lines
    from daemon.rules.refusals import ERRORS, Reader, Trouble, error_lines

    by_line = {command["line"]: command for command in answer["commands"]}
    lines = answer["new_text"].splitlines()
    reader = Reader(role="", today=today, example=today)
    told: dict[int, list[str]] = {}
    for found in (*answer["errors"], *answer["warnings"]):
        number = found["line"]
        name, _, detail = found["code"].partition(":")
        command = by_line.get(number) or {"verb": detail.partition("->")[2], "argument": ""}
        quoted = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        finding = Finding(name=name, detail=detail, verb=command["verb"], line=number, quoted=quoted)
        words: Iterable[str] = ()
        if name in LOOKED_UP:
            words = (LOOKED_UP[name],)
        elif name in ERRORS:
            missing = (detail,) if name == TEXT_MISSING and detail else ()
            trouble = Trouble(finding=finding, argument=command["argument"], choices=missing)
            words = (str(one["words"]) for one in error_lines((trouble,), reader))
        elif name in WARNINGS:
            words = warning_lines((finding,))
        said = " ".join(words).rstrip(":")
        if not said.endswith("."):  # it leads to forms to send instead, which only the sender needs
            said = said.partition(" Please ")[0]
        if said:
            if number in by_line:  # the line is shown already
                said = said.removeprefix(f'"{shortened(quoted, QUOTED)}": ')
            told.setdefault(number, []).append(f"{said} ({found['code']})")
    return told


# --- what came of it -----------------------------------------------------------------------------------------------


def _print_actions(answer: Answer, names: Names, *, done: bool) -> None:
    """Every action in a sentence; mails and what the sender asked for are told elsewhere."""
    from daemon.actions.sentences import Telling, sentence
    from daemon.actions.vocabulary import VERBS, QueueMail
    from daemon.parsers.keywords import BY_VERB

    section("What was done" if done else "What would be done")
    case = answer["case"]
    telling = Telling(done=done, case=case["number"] if case else None, names=names)
    told = [sentence(action, telling) for action in answer["actions"] if action["verb"] not in (*BY_VERB, VERBS[QueueMail])]
    for words in told or [_nothing(answer, done=done)]:
        _print(words)


def _nothing(answer: Answer, *, done: bool) -> str:
    if answer["mails"]:
        return "Nothing but the mails below."
    if answer["outcome"] == "quarantined":
        return f"Nothing: it {'lies' if done else 'would lie'} in quarantine for a person to decide (supportd quarantine)."
    if answer["outcome"] == "in progress":
        return "Nothing yet: it waits for its turn."
    return "Nothing is done: it is kept, and changes nothing." if done else "Nothing: it would be kept, and change nothing."


def _print_mails(answer: Answer, *, done: bool) -> None:
    """To whom a mail goes, of which template, and what became of it."""
    from daemon.actions.vocabulary import VERBS, QueueMail

    letters = [action for action in answer["actions"] if action["verb"] == VERBS[QueueMail]]
    called = {letter["to"]: f"{letter['name']} <{letter['to']}>" for letter in letters if letter.get("name")}
    left = answer.get("left") or ()
    if not (left or answer["mails"]):
        return
    section("Mails, and what became of them" if done else "Mails that would be sent")
    for out in left or answer["mails"]:
        became = f": {out['state']}" if "state" in out else ": held back" if out.get("held") else ""
        why = out.get("detail") or out.get("held")
        _print(f"{out['template']} to {called.get(out['to'], out['to'])}{became}" + (f" ({why})" if why else ""))
