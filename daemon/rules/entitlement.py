"""The decision table of level one: who asks, with what right, about what, and so what is done.

The table is data (`entitlement.csv`). It is spread out over every combination of facts when it is read, so a combination that no row
or more than one row decides is found before any mail is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from types import MappingProxyType

from daemon.rules.issueclass import IssueClass, IssueName, IssueRules
from daemon.rules.planstate import PlanFacts, PlanRules, PlanState, Version


class Channel(StrEnum):
    """How somebody came: a note on a phone call, or a mail, which is a case already."""

    PHONE = "phone"
    CASE = "case"


class Caller(StrEnum):
    """Whether we know whose account it is."""

    KNOWN = "known"
    FIRST_CONTACT = "first_contact"
    STILL_UNKNOWN = "still_unknown"
    """Asked once, and not known by the answer."""
    AMBIGUOUS = "ambiguous"
    """What was said fits several accounts."""


class LevelAction(StrEnum):
    """What level one does."""

    SEND_TEMPLATE = "send_template"
    SEND_TEMPLATE_ONCE = "send_template_once"
    """At most one for each case; what comes afterwards is left to a person."""
    TRANSFER_LEVEL_TWO = "transfer_level_two"
    SEND_TO_SALES = "send_to_sales"
    TRIAGE = "triage"
    """A person looks."""
    ASK_IDENTIFY = "ask_identify"
    REFUSE_IDENTIFY = "refuse_identify"
    FORWARD_MAILBOX = "forward_mailbox"


YES, NO = "yes", "no"

FACTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "channel": tuple(Channel),
        "caller": tuple(Caller),
        "plan_state": tuple(PlanState),
        "version": tuple(Version),
        "priority_support": (YES, NO),
        "issue_class": tuple(IssueName),
        "persists": (YES, NO),
    }
)
"""The facts that decide, as the columns of the table are called, and what each can be."""

Combination = tuple[str, ...]
"""One value of each fact, in the order of FACTS."""

QUEUE = "queue: "
OWN = "own: "
TARGETS: Mapping[LevelAction, str] = MappingProxyType(
    {
        LevelAction.TRANSFER_LEVEL_TWO: QUEUE, LevelAction.SEND_TO_SALES: QUEUE, LevelAction.TRIAGE: QUEUE,
        LevelAction.ASK_IDENTIFY: OWN, LevelAction.REFUSE_IDENTIFY: OWN,
    }
)  # fmt: skip
"""How the target of an action begins; of the others it is the title of a FAQ, or a mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: where `when` holds, and no row of a smaller precedence does, `action` is done with `target`.

    `when` has a set of values for each of FACTS, in their order. Lines of the same number are one row.
    """

    number: int
    precedence: int
    when: tuple[frozenset[str], ...]
    action: LevelAction
    target: str
    level: int | None = None
    note: str = ""

    @property
    def queue(self) -> str | None:
        """The queue that gets the case, if the row names one."""
        return self.target.removeprefix(QUEUE) if self.target.startswith(QUEUE) else None

    @property
    def template(self) -> str | None:
        """The title or the name of the mail that is sent, if the row names one."""
        if self.action in (LevelAction.SEND_TEMPLATE, LevelAction.SEND_TEMPLATE_ONCE):
            return self.target
        return self.target.removeprefix(OWN) if self.target.startswith(OWN) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Combinations that the table decides not at all, or by two rows of the same precedence."""

    rows: tuple[int, ...]
    combinations: tuple[str, ...]
    """Each line sums up many: "channel case, caller known, …"."""
    count: int

    def __str__(self) -> str:
        lines = "; ".join(self.combinations)
        if not self.rows:
            return f"no row decides {lines} ({self.count} combinations)"
        return f"rows {' and '.join(map(str, self.rows))} both decide {lines} ({self.count} combinations)"


class UndecidedError(ValueError):
    """A table that does not decide every combination exactly once."""

    def __init__(self, flaws: tuple[Flaw, ...]) -> None:
        self.flaws = flaws
        super().__init__("; ".join(map(str, flaws)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that decides every combination exactly once."""

    rows: tuple[Row, ...]
    _decided: Mapping[Combination, Row] = field(repr=False, hash=False, compare=False)

    def row(self, combination: Combination) -> Row:
        """The row that decides it. Raises KeyError for what is no combination."""
        return self._decided[combination]

    def idle(self) -> tuple[int, ...]:
        """Rows that others always come before, so they never decide anything."""
        busy = {row.number for row in self._decided.values()}
        return tuple(sorted({row.number for row in self.rows} - busy))


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportRules:
    """All of level one: how long plans hold, what makes an issue class, the decision table."""

    plan: PlanRules
    issues: IssueRules
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What level one does, the row that says so, and every fact it was decided by, by name."""

    row: int
    action: LevelAction
    target: str
    level: int | None
    plan_state: PlanState
    issue_class: IssueName
    template: str | None
    queue: str | None
    facts: tuple[tuple[str, str], ...]

    def as_support(self) -> dict[str, object]:
        """The decision as `case --json` shows it under `support`."""
        return {
            "plan_state": self.plan_state.value, "issue_class": self.issue_class.value, "rule": self.row,
            "action": self.action.value, "target": self.target,
        }  # fmt: skip


def decision_table(rows: Sequence[Row]) -> Table:
    """The table of these rows. Raises UndecidedError with everything that is not decided exactly once."""
    decided: dict[Combination, Row] = {}
    twice: dict[tuple[int, int], list[Combination]] = {}
    for row in sorted(rows, key=lambda row: (row.precedence, row.number)):
        for combination in product(*row.when):
            other = decided.setdefault(combination, row)
            if other.number != row.number and other.precedence == row.precedence:
                twice.setdefault((other.number, row.number), []).append(combination)
    missing = [combination for combination in product(*FACTS.values()) if combination not in decided]
    flaws = [_flaw(pair, combinations) for pair, combinations in twice.items()]
    if missing:
        flaws.append(_flaw((), missing))
    if flaws:
        raise UndecidedError(tuple(flaws))
    return Table(rows=tuple(rows), _decided=MappingProxyType(decided))


def decide_level(channel: Channel, caller: Caller, plan: PlanFacts | None, issue: IssueClass, persists: bool, table: Table) -> Level:
    """What level one does. `plan` is None where no account is known.

    `persists` says that the customer insists after a FAQ said that they have no plan (domain section 4.2).
    """
    found = plan or PlanFacts()
    combination: Combination = (
        channel, caller, found.plan_state, found.version, YES if found.priority_support else NO, issue.name, YES if persists else NO,
    )  # fmt: skip
    row = table.row(combination)
    facts = [(name, str(value)) for name, value in zip(FACTS, combination, strict=True)]
    if issue.words:
        facts.append(("issue_line" if issue.by_line else "issue_words", ", ".join(issue.words)))
    if plan is not None:
        facts += plan.facts()
    return Level(
        row=row.number, action=row.action, target=row.target, level=row.level, plan_state=found.plan_state, issue_class=issue.name,
        template=row.template, queue=row.queue, facts=tuple(facts),
    )  # fmt: skip


SHOWN = 4
"""How many lines of combinations a flaw names."""


def _flaw(rows: tuple[int, ...], combinations: Sequence[Combination]) -> Flaw:
    boxes = list(_summed_up(combinations))
    shown = [_box(box) for box in boxes[:SHOWN]]
    return Flaw(rows=rows, combinations=(*shown, *(("…",) if len(boxes) > SHOWN else ())), count=len(combinations))


def _summed_up(combinations: Sequence[Combination]) -> Iterator[tuple[frozenset[str], ...]]:
    """The combinations as few boxes: those that differ in one fact only are put together, fact by fact."""
    boxes: list[tuple[frozenset[str], ...]] = [tuple(frozenset((value,)) for value in combination) for combination in combinations]
    for place in range(len(FACTS)):
        together: dict[tuple[frozenset[str], ...], set[str]] = {}
        for box in boxes:
            together.setdefault((*box[:place], *box[place + 1 :]), set()).update(box[place])
        boxes = [(*rest[:place], frozenset(values), *rest[place:]) for rest, values in together.items()]
    yield from boxes


def _box(box: tuple[frozenset[str], ...]) -> str:
    said = []
    for (name, every), values in zip(FACTS.items(), box, strict=True):
        if len(values) < len(every):
            said.append(f"{name} {' | '.join(value for value in every if value in values)}")
    return ", ".join(said) or "everything"
