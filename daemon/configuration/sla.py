"""Read `sla.toml` and report every mistake in it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from daemon.configuration.keys import Section
from daemon.configuration.mistakes import Source, misread, read_toml
from daemon.errors import ConfigError, Problem
from daemon.rules.sla import ClockEvent, Recipient, SlaRule, Told

StartWord = Literal["assigned", "reopened", "acknowledged", "planned"]
EndWord = Literal["acknowledged", "planned", "closed"]
RecipientWord = Literal["partner_agents", "owner"]

START_WORDS = '"assigned", "reopened", "acknowledged" or "planned"'
END_WORDS = '"acknowledged", "planned" or "closed"'
TOLD = '{ template = "…", to = ["partner_agents", "owner"] }'
"""What is allowed, in the words a mistake is told in."""

HOURS_OF_A_YEAR = 366 * 24


def _some(words: tuple[str, ...]) -> tuple[str, ...]:
    # unlike a least length, this is asked only when every word is right
    if not words:
        raise ValueError
    return words


class ToldKeys(Section):
    """A mail about a clock."""

    template: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="the name of a template")
    to: Annotated[tuple[RecipientWord, ...], AfterValidator(_some)] = Field(description='an array of "partner_agents" and "owner"')


class RuleKeys(Section):
    """One promise."""

    kind: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="a short name in small letters, another one for each rule")
    label: str = Field("", max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$", description="one line of at most 80 signs, for the mails")
    starts: Annotated[tuple[StartWord, ...], AfterValidator(_some)] = Field(description=f"an array of {START_WORDS}")
    met_by: EndWord = Field(description=END_WORDS)
    rule: Literal["A", "C"] = Field(description='"A" (after the event) or "C" (after the planned date)')
    days: int = Field(1, ge=1, le=366, description="a whole number from 1 to 366")
    warn_before_hours: int = Field(4, ge=1, le=HOURS_OF_A_YEAR, description=f"a whole number from 1 to {HOURS_OF_A_YEAR}")
    warning: ToldKeys | None = Field(None, description=TOLD)
    breach: ToldKeys | None = Field(None, description=TOLD)
    reminder: ToldKeys | None = Field(None, description=TOLD)


class SlaKeys(Section):
    """The whole file."""

    rule: tuple[RuleKeys, ...] = Field((), description="sections [[rule]], in double brackets")


def load_sla(path: Path) -> tuple[SlaRule, ...]:
    """The rules of the file, in its order. Raises ConfigError with every mistake."""
    source = read_toml(path)
    problems: list[Problem] = []
    keys = None
    try:
        keys = SlaKeys.model_validate(source.values)
    except ValidationError as error:
        problems.extend(misread(source, error, SlaKeys))
    problems.extend(_contradictions(source))
    if problems or keys is None:
        raise ConfigError(tuple(problems)) from None
    return tuple(_rule(rule) for rule in keys.rule)


def _contradictions(source: Source) -> Iterator[Problem]:
    """The mistakes that take two keys to make."""
    rules = source.values.get("rule")
    kinds: set[str] = set()
    for index, table in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(table, dict):
            continue
        kind, starts, met_by = table.get("kind"), table.get("starts"), table.get("met_by")
        if isinstance(kind, str):
            if kind in kinds:
                yield source.problem(("rule", index, "kind"), f"{json.dumps(kind)} a second time", "a different name for each rule")
            kinds.add(kind)
        if isinstance(starts, list) and met_by in starts:
            yield source.problem(
                ("rule", index, "met_by"), f"{json.dumps(met_by)}, which starts it too", "another event than those in starts"
            )
        if table.get("rule") == "C" and isinstance(starts, list) and starts != ["planned"]:
            yield source.problem(
                ("rule", index, "starts"), json.dumps(starts), '["planned"] with rule "C": before there is no planned date'
            )
        if table.get("rule") == "A" and "reminder" in table:
            yield source.problem(("rule", index, "reminder"), "a table", 'nothing with rule "A": it has no planned date to remind of')


def _rule(keys: RuleKeys) -> SlaRule:
    return SlaRule(
        kind=keys.kind,
        label=" ".join(keys.label.split()),
        starts=frozenset(ClockEvent(word) for word in keys.starts),
        met_by=ClockEvent(keys.met_by),
        rule=keys.rule,
        days=keys.days,
        warn_before=timedelta(hours=keys.warn_before_hours),
        warning=_told(keys.warning),
        breach=_told(keys.breach),
        reminder=_told(keys.reminder),
    )


def _told(keys: ToldKeys | None) -> Told | None:
    return Told(template=keys.template, to=tuple(Recipient(word) for word in keys.to)) if keys is not None else None
