"""What each verb takes, read into a request, or the errors that say what is wrong with it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from daemon.parsers import blocks, dates
from daemon.parsers.commands import Command, is_polite, mentions_in
from daemon.parsers.keywords import BLOCK, BY_VERB, NOTHING
from daemon.rules.judgement import ARG_MISSING, NO_ACCOUNT, NOT_BUSINESS_DAY, TEXT_MISSING, TOO_LONG, Context, Finding, Request

_LONGEST_LINE = 80
_MAILTO = re.compile(r"<mailto:[^<>\s]{1,320}>", re.IGNORECASE)
_CASE_NUMBER = re.compile(r"\[?(?P<number>(?:(?:CASE|CS)-)?\d{1,18})\]?[.!]?", re.IGNORECASE | re.ASCII)
_ITEM_NUMBERS = re.compile(r"#?\d{1,6}(?:(?:\s?[,;&]\s?|\s(?:and\s)?)#?\d{1,6}){0,200}[.!]?", re.IGNORECASE | re.ASCII)
_ITEM_MARK = re.compile(r"(?:[*•-]|\d{1,3}[.)])\s+")
_NAMES_PEOPLE = frozenset(("comment", "internal", "review", "mention"))
_LONG = 5000

Reading = tuple[Request | None, tuple[Finding, ...]]
"""A request with its warnings, or None and the errors."""


def read(command: Command, context: Context) -> Reading:
    """Read what a command takes. Roles and states are not asked here."""
    keyword = BY_VERB[command.verb]
    if keyword.needs_text and not command.argument and command.verb != "plan":
        return None, (finding(TEXT_MISSING, command),)
    if keyword.needs_argument and not command.argument:
        return None, (finding(ARG_MISSING, command),)
    return _plan(command, context) if command.verb == "plan" else _READERS.get(command.verb, _plain)(command)


def finding(name: str, command: Command, detail: str = "") -> Finding:
    """A finding about this command's line."""
    return Finding(name=name, detail=detail, verb=command.verb, line=command.line, quoted=quoted(command.written))


def quoted(line: str) -> str:
    """A line as a receipt quotes it."""
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


def length(text: str) -> int:
    """Characters as a person counts them: a letter and its accent are one."""
    return len(unicodedata.normalize("NFC", text)) if len(text) <= _LONG else len(text)


def _plain(command: Command) -> Reading:
    keyword = BY_VERB[command.verb]
    if keyword.limit is not None and length(command.argument) > keyword.limit:
        return None, (finding(TOO_LONG, command, str(length(command.argument))),)
    named = mentions_in(command.argument) if command.verb in _NAMES_PEOPLE else ()
    if command.verb == "mention" and not named:
        return None, (finding(ARG_MISSING, command),)
    takes = keyword.kind != NOTHING and bool(command.argument)
    return Request(
        verb=command.verb,
        line=command.line,
        text=command.argument if takes and keyword.kind == BLOCK else None,
        arg=command.argument if takes and keyword.kind != BLOCK else None,
        mentions=named,
    ), ()


def _plan(command: Command, context: Context) -> Reading:
    found = dates.read_plan(command.argument, context.today, context.date_order, context.is_business_day)
    if isinstance(found, dates.DateProblem):
        first = found.rest.partition("\n")[0]
        forms = tuple(quoted(f"#{command.verb} {day.isoformat()} {first}".rstrip()) for day in found.readings)
        problem = finding(found.code, command)
        return None, (
            Finding(
                name=problem.name, verb=problem.verb, line=problem.line, quoted=problem.quoted, readings=found.readings,
                forms=forms if found.code == dates.AMBIGUOUS else (),
            ),
        )  # fmt: skip
    if not found.rest:
        return None, (finding(TEXT_MISSING, command),)
    warnings = () if context.is_business_day(found.date) else (finding(NOT_BUSINESS_DAY, command),)
    return Request(verb=command.verb, line=command.line, date=found.date, text=found.rest), warnings


def whom(argument: str) -> str:
    """Whom `assign` names, without what mail programs and sentences put around it."""
    return _MAILTO.sub("", argument).strip(" \t,;").removesuffix(".")


def _assign(command: Command) -> Reading:
    name = whom(command.argument)
    if not name:
        return None, (finding(ARG_MISSING, command),)
    return Request(verb=command.verb, line=command.line, arg=name), ()


def _status(command: Command) -> Reading:
    found = _CASE_NUMBER.fullmatch(command.argument)
    if found is not None:
        return Request(verb=command.verb, line=command.line, arg=found["number"].upper()), ()
    if command.argument and not is_polite(command.argument):
        return None, (finding(ARG_MISSING, command),)
    return Request(verb=command.verb, line=command.line), ()


def _outstanding(command: Command) -> Reading:
    lines = (line.strip() for line in command.argument.split("\n"))
    items = tuple(_ITEM_MARK.sub("", line, count=1) if _ITEM_MARK.match(line) else line for line in lines if line)
    return Request(verb=command.verb, line=command.line, text=command.argument, items=items), ()


def _cleared(command: Command) -> Reading:
    which = command.argument
    if which.casefold().strip(" .!") == "all":
        return Request(verb=command.verb, line=command.line, arg="all"), ()
    if _ITEM_NUMBERS.fullmatch(which) is None:
        return None, (finding(ARG_MISSING, command),)
    numbers = tuple(dict.fromkeys(str(int(number)) for number in re.findall(r"\d+", which, re.ASCII)))
    return Request(verb=command.verb, line=command.line, arg=which.rstrip(".!"), items=numbers), ()


def _block(command: Command) -> Reading:
    block = blocks.read_block(command.verb, command.argument)
    errors = [finding(TEXT_MISSING, command, label) for label in blocks.missing(command.verb, block)] if command.verb != "call" else []
    if command.verb == "case" and blocks.case_type(block) not in (blocks.CASE_TYPES | {""}):
        errors.append(finding(ARG_MISSING, command, "type"))
    if command.verb == "call" and not any(block.fields.get(key) for key in blocks.CALL_KEYS):
        errors.append(finding(NO_ACCOUNT, command))
    if errors:
        return None, tuple(errors)
    return Request(verb=command.verb, line=command.line, text=block.text or None, fields=block.fields, extra=block.extra), ()


_READERS: Mapping[str, Callable[[Command], Reading]] = MappingProxyType(
    {
        "assign": _assign,
        "status": _status,
        "outstanding": _outstanding,
        "cleared": _cleared,
        "case": _block,
        "contact": _block,
        "call": _block,
    }
)
"""Verbs that take more than a text or a word, beside `plan`."""
