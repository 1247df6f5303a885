"""The table of what was proven: each guarantee, the faults that were made to happen, what was lost, what was doubled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GUARANTEES = {
    "G1": "no mail that was seen is lost, whenever the program is killed",
    "G2": "no mail acts twice",
    "G3": "a power cut loses nothing that was promised",
    "G4": "outages of the mailbox: cut, silent, half-open lines",
    "G5": "outages of the relay: refusals, stalls, cut lines",
    "G6": "no answer is forgotten",
    "G7": "an answer leaves once, but for the moment after the final dot",
    "G8": "a mailbox under another UIDVALIDITY changes nothing",
    "G9": "a mailbox that was wiped or put back takes nothing from the books",
    "G10": "two programs on one mailbox or database do nothing twice",
    "G11": "clocks that jump, summer time, leap days: each promise once",
    "G12": "a full disk loses nothing",
    "G13": "a database that is away or locked loses nothing",
    "G14": "a poisonous mail stops no other",
    "G15": "every mail is accounted for, and tampering is named",
    "G16": "a stop in good order is quick and loses nothing",
    "G17": "an upgrade is made as a whole or not at all",
    "G18": "what a backup put back, nothing is done a second time for",
    "G19": "memory stays bounded",
    "G20": "a web desk never blocks mail",
}
"""In a few words; README tells each at length."""

NOT_APPLICABLE = {"G20": "there is no web desk"}

HOLDS, BROKEN, UNPROVEN, NONE = "holds", "broken", "not proven", "not applicable"

ALLOWED = ("G7", "RFC 1047")
"""A double is allowed to the guarantee that speaks of it, and where the note says that it is that one."""


@dataclass(slots=True)
class Row:
    """One guarantee in the table."""

    guarantee: str
    faults: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    forbidden: int = 0
    """Doubles that nothing allows."""
    failed: int = 0
    """Tests of it that failed."""

    @property
    def verdict(self) -> str:
        """What follows."""
        if self.guarantee in NOT_APPLICABLE:
            return NONE
        if self.lost or self.forbidden or self.failed:
            return BROKEN
        return HOLDS if self.faults else UNPROVEN


def read_records(path: Path) -> list[dict[str, object]]:
    """What the tests wrote."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def summed(records: Iterable[Mapping[str, object]], failed: Mapping[str, int]) -> list[Row]:
    """A row for each guarantee, in order. `failed` counts the failed tests of a guarantee."""
    found = {name: Row(name, failed=failed.get(name, 0)) for name in GUARANTEES}
    for record in records:
        row = found[str(record["guarantee"])]
        lost, doubled, times = (int(str(record[name])) for name in ("lost", "doubled", "times"))
        faults = str(record["faults"])
        row.faults[faults] = row.faults.get(faults, 0) + times
        row.lost += lost
        row.doubled += doubled
        if row.guarantee != ALLOWED[0] and ALLOWED[1] not in str(record["note"]):
            row.forbidden += doubled
    return list(found.values())


def is_good(rows: Sequence[Row]) -> bool:
    """Whether every guarantee that applies holds."""
    return all(row.verdict in (HOLDS, NONE) for row in rows)


def _cells(row: Row) -> tuple[str, ...]:
    faults = "; ".join(f"{name} ({times:,})" for name, times in row.faults.items()) or NOT_APPLICABLE.get(row.guarantee, "none")
    allowed = row.doubled - row.forbidden
    doubled = f"{row.doubled:,}" + (f" ({allowed:,} of the one moment)" if allowed else "")
    return row.guarantee, GUARANTEES[row.guarantee], faults, f"{row.lost:,}", doubled, row.verdict


HEAD = ("", "guarantee", "faults", "lost", "doubled", "verdict")


def markdown(rows: Sequence[Row]) -> str:
    """For README."""
    lines = [HEAD, ("---",) * len(HEAD), *map(_cells, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def plain(rows: Sequence[Row]) -> str:
    """For a terminal: the faults of each below it."""
    lines = []
    for row in rows:
        name, words, _, lost, doubled, verdict = _cells(row)
        lines.append(f"{name:4} {verdict:14} lost {lost:>3}  doubled {doubled:>3}  {words}")
        lines += [f"{'':20}{times:>8,} × {faults}" for faults, times in row.faults.items()]
        lines += [f"{'':20}{row.failed:>8,} tests of it failed"] if row.failed else []
    return "\n".join(lines)
