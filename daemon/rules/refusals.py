"""The words of errors: for every E-code what is wrong, the offending line, and the right form to send, filled in with the reader's data.

Pure; the values of the template `error`. To word a new code, or a code's new detail, add its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

from daemon.parsers import blocks, dates
from daemon.parsers.commands import Command
from daemon.parsers.keywords import AGENT, ASKED, BY_VERB, CONFIG_ASSIGNEE, CUSTOMER, GIVER, OPENER, PARTNER, QA_ASSIGNEE
from daemon.rules import judge
from daemon.rules.judgement import CONFLICT, TEXT_MISSING, Finding
from daemon.rules.receipts import KEPT, QUOTED, VERBS, full_date, shortened, shown

Form: TypeAlias = "dict[str, str | list[str]]"
"""What to send instead: `command` in full, its further lines as `more`, a `note` on it."""


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
_REVIEW = "#review\nCurrent Status: \nPending Action Items: \nPending Action Owner:"
_MISSING = _Wrong("still needed: {missing}. Please send", ("#{verb}\n{labels}\n{text}",))
_PLAN = ("#plan {example} {text_or_example}",)

ERRORS: Mapping[str, _Wrong] = MappingProxyType({
    "E-UNKNOWN-VERB": _Wrong("I don't know #{said}. Did you mean {shown}?", ("{given}",)),
    "E-NOT-ALLOWED": _Wrong("{allowed}."),
    "E-NO-CASE": _Wrong(
        "I can't tell which case of yours this is about: your mail names none, or none that is yours to see. "
        "Please reply to a mail of ours about it."
    ),
    "E-AMBIGUOUS-CASE": _Wrong("your mail is about more than one case ({choices}). Please reply to a mail of ours about the one you mean."),
    "E-STATE": _Wrong("that can't be done as things stand."),
    "E-STATE:unanswered": _Wrong("#{verb} is a word nobody answers here yet."),
    "E-STATE:already-closed": _Wrong("the case is closed already. To go on with it, open it again first:", ("#reopen",)),
    "E-STATE:not-closed": _Wrong("the case is open, so there is nothing to reopen.", ("#update {text}     (to add your words)",)),
    "E-STATE:already-done": _Wrong("it is done already."),
    "E-STATE:not-done": _Wrong("it is not done yet, so there is nothing to reopen."),
    "E-STATE:nothing-to-undo": _Wrong("there is nothing of yours to take back."),
    "E-STATE:too-late": _Wrong("that is more than 24 hours ago and can't be taken back any more."),
    "E-STATE:no-customer": _Wrong("the case has no customer who could be mailed."),
    "E-STATE:sent-before": _Wrong("the customer had it in this case before; it goes only once. A plain reply goes to the customer, too."),
    "E-STATE:form-gone": _Wrong("the file of this form is there no more, so I don't know what becomes of it. Please do it by hand."),
    "E-CONFLICT": _Wrong("{choices} contradict each other. Please send only one of them."),
    "E-CONDITIONAL": _Wrong("commands are carried out at once, never later. Please tell it now, or send the command when it is time:",
        ("#update {text}", "{shown}     (when it is time)")),
    "E-TEXT-MISSING": _Wrong("{shown} needs words behind it:", ("{shown} {form}",)),
    "E-TEXT-MISSING/review": _Wrong("#review needs its words. Please fill in, or write your own:", (_REVIEW,)),
    "E-TEXT-MISSING/plan": _Wrong("#plan needs a date and what you will do:", ("#plan {text_or_day} what you will do",)),
    "E-TEXT-MISSING/case": _MISSING,
    "E-TEXT-MISSING/contact": _MISSING,
    "E-TEXT-MISSING:contact": _Wrong("contact: {kind}. Please send", ("#{verb}\nContact: \n{text}",)),
    "E-ARG-MISSING": _Wrong("{shown} needs to know more:", ("{shown} {form}",)),
    "E-ARG-MISSING/assign": _Wrong("#assign needs to know to whom: me, an address, a handle or a queue.", ("#assign me",)),
    "E-ARG-MISSING/faq": _Wrong("#faq needs the title of a FAQ behind it, as in", ("#faq How to request a key",)),
    "E-ARG-MISSING:faq": _Wrong("no FAQ is called {said}. There are", ("#faq {choice}",)),
    "E-ARG-MISSING:type": _Wrong("there is no such type of case. Please use one of: {types}."),
    "E-ARG-MISSING:role": _Wrong("{said} is no role that can be given by mail. Please use one of: {choices}."),
    "E-ARG-MISSING:item": _Wrong("nothing outstanding has that number. Please send, for example", ("#cleared {choice}", "#cleared all")),
    "E-ARG-MISSING:nothing-outstanding": _Wrong("nothing is outstanding."),
    "E-ARG-MISSING:system": _Wrong("no system is called {said}. Please check how it is spelled, or leave the line out."),
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
    "E-UNKNOWN-PERSON/assign": _Wrong("nobody here is known as {said}.{did_you_mean}{whom}", ("#assign {choice}",)),
    "E-AMBIGUOUS-PERSON/assign": _Wrong("{said} could be more than one person. Please send one of", ("#assign {choice}",)),
    "E-AMBIGUOUS-PERSON": _Wrong("{said} could be more than one person: {choices}. Please send the address."),
    "E-UNKNOWN-ORG": _Wrong("no organization is called {said}. The Company should already exist; please check how it is spelled."
        "{did_you_mean}"),
    "E-NO-CONTRACT": _Wrong("a homeowner's case needs a contract, and {no_contract}.{contracts}",
        ("#{verb}\nContract: {contract}\n{text_without_contract}",)),
    "E-NO-QUESTION": _Wrong("no question of ours waits for your answer."),
    "E-NO-QUESTION:several": _Wrong("several questions of ours wait for your answer. Please reply to the mail that asks the one you mean."),
    "E-NO-QUESTION:unread": _Wrong("this mail does not show that you have read our question. Please reply to the mail that asks."),
    "E-NO-ACCOUNT:several": _Wrong("this fits several accounts. Please ask the caller for one more of these:",
        ("#call\nOrder: \nLicense Key: \nWebsite: \nEmail: \nCompany: \nName: \nPhone: \n{text}",)),
    "E-NO-ACCOUNT": _Wrong("no account was found for this. Please ask the caller for one of these:",
        ("#call\nOrder: \nLicense Key: \nWebsite: \nEmail: \nCompany: \nName: \nPhone: \n{text}",)),
})  # fmt: skip
"""Every E-code; with a detail (`:`) or for one verb (`/`) where there is more to say."""

_LABELS = ("First Name", "Last Name", "Company", "Email")
_LABELLED = frozenset(("case", "contact"))
_ACTIVE = "(Active)"
_WHO = {
    CUSTOMER: "the customer", PARTNER: "the partner", OPENER: "the partner",
    CONFIG_ASSIGNEE: "those who configure", QA_ASSIGNEE: "those who configure",
    AGENT: "our own agents", ASKED: "whoever was asked", GIVER: "whoever gave the command",
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
    return tuple(map(shown, others[0])) if others else (f"two different {shown(verb)}",)


def error_lines(errors: Iterable[Trouble], reader: Reader) -> tuple[dict[str, str | list[Form]], ...]:
    """The templates' `errors`: `words` that quote the offending line and say what is wrong, `forms` of what to send instead."""
    return tuple(_error(error, reader) for error in errors)


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
        else:
            filled = [command.format_map(facts | one).strip() for one in _each(command, trouble)]
            forms += [_form(one, note.rstrip(")")) for one in filled if one not in ("", "#update")]
    if reader.role == CUSTOMER:  # their words are with the case already
        forms = [form for form in forms if not str(form["command"]).startswith("#update ")]
    return {"words": words, "forms": forms}


def _each(form: str, trouble: Trouble) -> list[dict[str, str]]:
    """The facts of a form that is made once for each choice; of any other form, no more facts once."""
    if "{choice}" in form:
        return [{"choice": choice} for choice in trouble.choices]
    if "{contract}" in form:
        return [{"contract": choice.partition(" ")[0]} for choice in trouble.choices if choice.endswith(_ACTIVE)]
    return [{}]


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
    text = text if len(text) <= KEPT else "(your words)"
    given = finding.forms[0] if finding.forms and not finding.forms[0].endswith("…") else shown(verb) if verb else ""
    labels = tuple(label.title() for label in trouble.choices) or _LABELS
    limit = (BY_VERB[verb].limit if verb in BY_VERB else None) or 1000
    count = int(detail) if detail.isdecimal() else len(text)
    return {
        "verb": verb, "shown": shown(verb) if verb else "that", "said": said, "given": given,
        "text": _without(labels, text) if verb in _LABELLED else text,
        "text_or_example": text or "what you will do", "text_or_day": text or reader.example.isoformat(),
        "text_without_contract": _without(("Contract",), text),
        "form": VERBS[verb].form if verb in VERBS else "",
        "example": reader.example.isoformat(), "day": full_date(finding.readings[0]) if finding.readings else said,
        "allowed": _allowed(verb, reader.role), "count": str(count), "limit": str(limit), "over": str(max(count - limit, 1)),
        "kind": _kind(text), "types": ", ".join(sorted(blocks.CASE_TYPES)),
        "choices": _listed(trouble.choices) or "these commands", "missing": _listed(labels),
        "labels": "\n".join(f"{label}: {said if label == 'Email' and '@' in said else ''}" for label in labels),
        "no_contract": _no_contract(trouble),
        "contracts": f" There are: {', '.join(trouble.choices)}." if trouble.choices else "",
        "whom": "" if trouble.choices else " Please send #assign with me, an address, a handle or a queue.",
        "did_you_mean": f" Did you mean {_listed(trouble.choices, 'or')}?" if trouble.choices else "",
    }  # fmt: skip


def _without(labels: Sequence[str], text: str) -> str:
    """A text without the lines of these labels, which the form has already."""
    there = {label.casefold() for label in labels}
    return "\n".join(line for line in text.split("\n") if ":" not in line or line.partition(":")[0].strip().casefold() not in there)


def _kind(argument: str) -> str:
    """Why the case that somebody wanted needs its contact."""
    kind = blocks.case_type(blocks.read_block("case", argument)).replace("_", " ")
    if kind == "installer":
        return "an installer case under an account needs its installer contact"
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind} case needs its contact" if kind else "this case needs its contact"


def _no_contract(trouble: Trouble) -> str:
    """Why no contract was taken."""
    if trouble.said:
        return f"{trouble.said} is none of theirs"
    active = sum(choice.endswith(_ACTIVE) for choice in trouble.choices)
    return "several are active; please add a line Contract:" if active > 1 else "none is active here"


def _allowed(verb: str, role: str) -> str:
    """Who may use a verb, to somebody who may not."""
    keyword = BY_VERB.get(verb)
    if keyword is None or role in keyword.who:
        return f"{shown(verb) if verb else 'that'} can't be used here"
    who = tuple(dict.fromkeys(words for name, words in _WHO.items() if name in keyword.who))
    return f"only {_listed(who)} can use {shown(verb)}" if who else f"{shown(verb)} can't be used here"


def _listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
