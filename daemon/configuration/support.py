"""Read `support.toml` and `entitlement.csv` and report every mistake in both at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, ValidationError

from daemon.configuration.keys import Section
from daemon.configuration.mistakes import Source, misread, read_toml
from daemon.errors import ConfigError, Problem, closest
from daemon.rules.entitlement import FACTS, TARGETS, LevelAction, Row, SupportRules, Table, UndecidedError, decision_table
from daemon.rules.issueclass import PHRASE, IssueName, IssueRule, Phrase, issue_rules, line_of, phrase
from daemon.rules.planstate import PlanRules

ClassWord = Literal[
    "compliment_or_complaint", "license_key", "bug", "hosting_or_website", "customization", "installation_help", "support_issue"
]  # fmt: skip
CLASSES: tuple[str, ...] = get_args(ClassWord)
COLUMNS = ("row", "precedence", *FACTS, "action", "target", "level", "setting", "note")
SETTINGS = ("hosting_over_version",)
"""Keys of `support.toml` that a row may depend on."""
ANY = "any"
MOST_LINES = 500

_LISTS = ("words", "alone", "unless")


class IssueKeys(Section):
    """The words of one class."""

    name: ClassWord = Field(description=", ".join(CLASSES))
    lines: tuple[str, ...] = Field((), description="an array of what an Issue: line says")
    words: tuple[str, ...] = Field((), description="an array of phrases")
    alone: tuple[str, ...] = Field((), description="an array of phrases")
    unless: tuple[str, ...] = Field((), description="an array of phrases")


class SupportKeys(Section):
    """The whole file."""

    enabled: bool = Field(True, description="true or false")
    new_customer_days: int = Field(30, ge=0, le=3660, description="a whole number of days from 0 to 3660")
    evaluation_max_days: int = Field(90, ge=0, le=3660, description="a whole number of days from 0 to 3660")
    oldest_supported_version: int = Field(6, ge=0, le=9999, description="a whole number from 0 to 9999")
    hosting_over_version: bool = Field(True, description="true or false")
    issue: tuple[IssueKeys, ...] = Field((), description="sections [[issue]], in double brackets")


def load_support(settings: Path, table: Path) -> SupportRules | None:
    """The rules of level one; None: it is switched off. Raises ConfigError with every mistake of both files."""
    problems: list[Problem | str] = []
    keys: SupportKeys | None = None
    try:
        keys = _keys(settings)
    except ConfigError as error:
        problems.extend(error.problems)
    decided: Table | None = None
    try:
        on = frozenset(name for name in SETTINGS if keys is None or getattr(keys, name))
        decided = load_table(table, on)
    except ConfigError as error:
        problems.extend(error.problems)
    if problems or keys is None or decided is None:
        raise ConfigError(tuple(problems)) from None
    if not keys.enabled:
        return None
    return SupportRules(
        plan=PlanRules(
            new_customer_days=keys.new_customer_days,
            evaluation_max_days=keys.evaluation_max_days,
            oldest_supported_version=keys.oldest_supported_version,
        ),
        issues=issue_rules(tuple(_rule(issue) for issue in keys.issue)),
        table=decided,
    )


# --- support.toml --------------------------------------------------------------------------------------------------


def _keys(path: Path) -> SupportKeys:
    source = read_toml(path)
    problems: list[Problem] = []
    keys = None
    try:
        keys = SupportKeys.model_validate(source.values)
    except ValidationError as error:
        problems.extend(misread(source, error, SupportKeys))
    problems.extend(_bad_phrases(source))
    if problems or keys is None:
        raise ConfigError(tuple(problems)) from None
    return keys


def _bad_phrases(source: Source) -> Iterator[Problem]:
    issues = source.values.get("issue")
    lines: dict[str, str] = {}
    for index, table in enumerate(issues if isinstance(issues, list) else ()):
        if not isinstance(table, dict):
            continue
        for name in _LISTS:
            for place, text in enumerate(table[name] if isinstance(table.get(name), list) else ()):
                try:
                    phrase(str(text))
                except ValueError as error:
                    yield source.problem(("issue", index, name, place), f"{json.dumps(text, default=str)}: {error}", PHRASE)
        for place, text in enumerate(table["lines"] if isinstance(table.get("lines"), list) else ()):
            line = line_of(str(text))
            if not line:
                yield source.problem(("issue", index, "lines", place), json.dumps(text, default=str), "a text with a word in it")
            elif lines.setdefault(line, str(table.get("name"))) != table.get("name"):
                found = f"{json.dumps(text)}, which says {lines[line]} already"
                yield source.problem(("issue", index, "lines", place), found, "each line for one class")


def _rule(keys: IssueKeys) -> IssueRule:
    return IssueRule(
        name=IssueName(keys.name),
        lines=frozenset(map(line_of, keys.lines)),
        words=_phrases(keys.words),
        alone=_phrases(keys.alone),
        unless=_phrases(keys.unless),
    )


def _phrases(texts: Sequence[str]) -> tuple[Phrase, ...]:
    return tuple(map(phrase, texts))


# --- entitlement.csv -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the file: where it is and its cells by column."""

    path: Path
    number: int
    cells: dict[str, str]

    def problem(self, column: str, allowed: str, hint: str | None = None) -> Problem:
        found = json.dumps(self.cells.get(column, ""), ensure_ascii=False)
        return Problem(file=f"{self.path}:{self.number}", key=column, found=found, allowed=allowed, hint=hint)


def load_table(path: Path, settings: frozenset[str] = frozenset(SETTINGS)) -> Table:
    """The decision table of the file; rows that need a setting that is not among `settings` don't hold.

    Raises ConfigError with every mistake: bad cells, else combinations that no row or more than one row decides.
    """
    problems: list[Problem] = []
    rows: list[Row] = []
    first: dict[int, tuple[Row, int]] = {}
    for line in _lines(path):
        row = _row(line, problems)
        if row is None:
            continue
        known, where = first.setdefault(row.number, (row, line.number))
        if (known.precedence, known.action, known.target, known.level) != (row.precedence, row.action, row.target, row.level):
            problems.append(line.problem("row", f"precedence, action, target and level as in line {where}, which is the same row"))
        if not line.cells["setting"] or line.cells["setting"] in settings:
            rows.append(row)
    if problems:
        raise ConfigError(tuple(problems)) from None
    try:
        return decision_table(rows)
    except UndecidedError as error:
        allowed = "every combination of facts decided by exactly one row (of those that fit, the smallest precedence decides)"
        raise ConfigError(
            tuple(Problem(file=str(path), key="(the table)", found=str(flaw), allowed=allowed) for flaw in error.flaws)
        ) from None


def _lines(path: Path) -> Iterator[_Line]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}",)) from None
    except UnicodeDecodeError:
        raise ConfigError((f"{path}: not UTF-8 text",)) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [cell.strip() for cell in next(reader, [])]
        wrong = [*(name for name in COLUMNS if name not in head), *(name for name in head if name not in COLUMNS)]
        if wrong or len(head) != len(COLUMNS):
            found = ", ".join(head) or "nothing"
            raise ConfigError((Problem(file=f"{path}:1", key="(the first line)", found=found, allowed=", ".join(COLUMNS)),))
        for count, cells in enumerate(reader):
            if count >= MOST_LINES:
                raise ConfigError((f"{path}: more than {MOST_LINES} lines",))
            if any(cell.strip() for cell in cells):
                if len(cells) != len(head):
                    found = f"{len(cells)} cells"
                    raise ConfigError((Problem(file=f"{path}:{reader.line_num}", key="(the line)", found=found, allowed=f"{len(head)}"),))
                yield _Line(path=path, number=reader.line_num, cells={name: cell.strip() for name, cell in zip(head, cells, strict=True)})
    except csv.Error as error:
        raise ConfigError((f"{path}:{reader.line_num}: {error}",)) from None


def _row(line: _Line, problems: list[Problem]) -> Row | None:
    before = len(problems)
    number = _number(line, "row", problems)
    precedence = _number(line, "precedence", problems)
    when = tuple(_values(line, column, every, problems) for column, every in FACTS.items())
    cells = line.cells
    action = _action(line, problems)
    level = cells["level"]
    if level not in ("1", "2", "-"):
        problems.append(line.problem("level", '1, 2 or "-"'))
    if cells["setting"] and cells["setting"] not in SETTINGS:
        problems.append(line.problem("setting", f"empty, or {' or '.join(SETTINGS)}", closest(cells["setting"], SETTINGS)))
    if len(problems) > before or action is None:
        return None
    return Row(
        number=number, precedence=precedence, when=when, action=action, target=cells["target"],
        level=None if level == "-" else int(level), note=cells["note"],
    )  # fmt: skip


def _number(line: _Line, column: str, problems: list[Problem]) -> int:
    text = line.cells[column]
    if text.isascii() and text.isdigit() and len(text) <= 4 and int(text) > 0:
        return int(text)
    problems.append(line.problem(column, "a whole number from 1 to 9999"))
    return 0


def _values(line: _Line, column: str, every: Sequence[str], problems: list[Problem]) -> frozenset[str]:
    """What a cell allows: `any`, values with `|` between them, or with `!` before them every other value."""
    text = line.cells[column]
    if text.casefold() == ANY:
        return frozenset(every)
    excepted = text.startswith("!")
    values = [value.strip() for value in text.removeprefix("!").split("|")]
    wrong = next((value for value in values if value not in every), None)
    if wrong is not None:
        allowed = f'"any", or of {", ".join(every)} one, or some with "|" between, or with "!" before all others'
        problems.append(line.problem(column, allowed, closest(wrong, every)))
        return frozenset()
    found = frozenset(every) - frozenset(values) if excepted else frozenset(values)
    if not found:
        problems.append(line.problem(column, "a value that is left over"))
    return found


def _action(line: _Line, problems: list[Problem]) -> LevelAction | None:
    text, target = line.cells["action"], line.cells["target"]
    if text not in tuple(LevelAction):
        problems.append(line.problem("action", ", ".join(LevelAction), closest(text, tuple(LevelAction))))
        return None
    action = LevelAction(text)
    start = TARGETS.get(action)
    if start is not None and (not target.startswith(start) or target == start.strip()):
        problems.append(line.problem("target", f'"{start}…" for {action.value}'))
    elif start is None and (not target or target.startswith(tuple(TARGETS.values()))):
        wanted = "a mailbox" if action is LevelAction.FORWARD_MAILBOX else "the title of a mail"
        problems.append(line.problem("target", f"{wanted} for {action.value}"))
    return action
