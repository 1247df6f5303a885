"""Read the CSV files of a directory: what each may hold, and every mistake in them with line, column and cure.

Nothing here knows the database; references between rows are resolved in `directory.py`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from daemon.errors import closest
from daemon.parsers.addresses import addr_spec, canonical_domain
from daemon.parsers.names import folded

ROLES = ("customer", "partner_agent", "agent", "level_one", "level_two", "account_manager", "configuration_assignee", "qa_assignee")
KINDS = ("house", "partner", "customer")
DATE_ORDERS = ("MDY", "DMY")
STATUSES = ("Active", "Pending Cancellation", "Cancelled")

CELL_SIGNS = 64 * 1024
ROWS_TOLD = 1000
"""Lines from one word of progress to the next."""

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing wrong in a file, and how to mend it. Line 1 is the header row; `column` is empty when the row is meant."""

    file: str
    line: int
    column: str
    what: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        column = f"{self.column}: " if self.column else ""
        return f"{place}: {column}{self.what}; {self.cure}"


class BadCellError(ValueError):
    """A cell that can't be read: what is wrong with it, and the cure."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one file may hold: its key column, and how each column is read."""

    file: str
    key: str
    columns: dict[str, Reader]
    required: tuple[str, ...] = ()
    """Columns that a new row needs beside its key."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row. It has the columns of its file only; an empty cell is None, or an empty tuple in a column of words.

    A directory has hundreds of thousands of them: the names of the columns are shared.
    """

    line: int
    key: str
    columns: dict[str, int]
    cells: tuple[Any, ...]
    readable: bool = True
    """Every cell could be read. If not, there is the key alone."""

    def get(self, column: str) -> Any:
        """What stands in a column; None where the file has no such column."""
        place = self.columns.get(column)
        return self.cells[place] if place is not None else None


@dataclass(slots=True, kw_only=True)
class SheetRows:
    """The rows of one file by folded key."""

    sheet: Sheet
    rows: dict[str, SheetRow] = field(default_factory=dict)


def guess(word: str, words: Sequence[str]) -> str:
    """What was probably meant, to put behind what was found; or nothing."""
    meant = closest(word, words)
    return f" (did you mean {meant!r}?)" if meant is not None else ""


# --- cells ---------------------------------------------------------------------------------------------------------


def _text(cell: str) -> str | None:
    return cell or None


def _one_of(words: Sequence[str]) -> Reader:
    by_folded = {word.casefold(): word for word in words}

    def read(cell: str) -> str | None:
        if not cell:
            return None
        if cell.casefold() not in by_folded:
            raise BadCellError(f"{cell!r} is not known{guess(cell, words)}", "use one of " + ", ".join(words))
        return by_folded[cell.casefold()]

    return read


def _words_of(words: Sequence[str]) -> Reader:
    one = _one_of(words)
    return lambda cell: tuple(dict.fromkeys(one(word) for word in cell.split()))


def _words(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell.split()))


def _handle(cell: str) -> str | None:
    if cell and _HANDLE.match(cell) is None:
        cure = "use letters, digits, dot, dash and underscore, at most 64, beginning with a letter or digit"
        raise BadCellError(f"{cell!r} is no handle", cure)
    return cell or None


def _addresses(cell: str) -> tuple[str, ...]:
    found = []
    for word in cell.split():
        address, problem = addr_spec(word)
        if address is None:
            raise BadCellError(f"{word!r} is no address ({problem})", "write addresses like ann@acme.example, separated by blanks")
        found.append(address)
    return tuple(dict.fromkeys(found))


def _domains(cell: str) -> tuple[str, ...]:
    found = []
    for word in cell.split():
        domain = canonical_domain(word.removeprefix("@"))
        if domain is None or "." not in domain:
            raise BadCellError(f"{word!r} is no mail domain", "write domains like acme.example, separated by blanks")
        found.append(domain)
    return tuple(dict.fromkeys(found))


@lru_cache(4096)
def _day(cell: str) -> date | None:
    if not cell:
        return None
    try:
        if _DAY.match(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise BadCellError(f"{cell!r} is no date", "write dates as YYYY-MM-DD")


def _yes_no(cell: str) -> bool:
    if cell.casefold() not in {"", "yes", "no"}:
        raise BadCellError(f"{cell!r} is neither yes nor no", "write yes or no")
    return cell.casefold() == "yes"


SHEETS: tuple[Sheet, ...] = (
    Sheet(
        file="organizations.csv",
        key="name",
        columns={
            "name": _text,
            "kind": _one_of(KINDS),
            "account_manager": _handle,
            "parent": _text,
            "calendar": _text,
            "date_order": _one_of(DATE_ORDERS),
            "domains": _domains,
        },  # fmt: skip
        required=("kind",),
    ),
    Sheet(
        file="contacts.csv",
        key="handle",
        columns={
            "handle": _handle,
            "first_name": _text,
            "last_name": _text,
            "email": _addresses,
            "organization": _text,
            "roles": _words_of(ROLES),
            "phone": _text,
            "language": _text,
        },  # fmt: skip
        required=("organization",),
    ),
    Sheet(file="systems.csv", key="name", columns={"name": _text, "entity": _text, "partner": _text}, required=("entity",)),
    Sheet(
        file="contracts.csv",
        key="number",
        columns={"number": _text, "organization": _text, "contact": _handle, "status": _one_of(STATUSES)},
        required=("organization", "status"),
    ),
    Sheet(
        file="orders.csv",
        key="number",
        columns={
            "number": _text,
            "organization": _text,
            "contact": _handle,
            "website": _text,
            "license_key": _text,
            "version": _text,
            "ordered_on": _day,
            "hosting": _yes_no,
            "priority_support_until": _day,
            "notes": _text,
        },  # fmt: skip
        required=("organization",),
    ),
    Sheet(
        file="evaluations.csv",
        key="key",
        columns={
            "key": _text,
            "organization": _text,
            "contact": _handle,
            "downloaded_by": _text,
            "started_on": _day,
            "website": _text,
        },  # fmt: skip
        required=("organization",),
    ),
    Sheet(file="queues.csv", key="name", columns={"name": _text, "members": _words, "default": _yes_no, "triage": _yes_no}),
)
"""The files of a directory, in the order in which they refer to each other."""


# --- files ---------------------------------------------------------------------------------------------------------


def read_folder(
    folder: Path, mistakes: list[Mistake], tell: Callable[[int, int], None] = lambda _done, _total: None
) -> dict[str, SheetRows]:
    """Every file of the directory that is there, by file name; what is wrong is added to `mistakes`.

    `tell` hears how many of how many octets are read.
    """
    known = [sheet.file for sheet in SHEETS]
    for path in sorted(folder.glob("*.csv")):
        if path.name not in known:
            cure = f"name it one of {', '.join(known)}, or move it away"
            mistakes.append(Mistake(file=path.name, line=0, column="", what=f"an unknown file{guess(path.name, known)}", cure=cure))
    there = [sheet for sheet in SHEETS if (folder / sheet.file).is_file()]
    sizes = [(folder / sheet.file).stat().st_size for sheet in there]
    found = {}
    for place, sheet in enumerate(there):

        def part(share: float, before: int = sum(sizes[:place]), size: int = sizes[place]) -> None:
            tell(before + int(share * size), sum(sizes))

        found[sheet.file] = _read_sheet(folder / sheet.file, sheet, mistakes, part)
    return found


def _read_sheet(path: Path, sheet: Sheet, mistakes: list[Mistake], tell: Callable[[float], None]) -> SheetRows:
    found = SheetRows(sheet=sheet)

    def wrong(line: int, column: str, what: str, cure: str) -> None:
        mistakes.append(Mistake(file=sheet.file, line=line, column=column, what=what, cure=cure))

    octets = path.read_bytes()
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong(octets[: error.start].count(b"\n") + 1, "", f"octet 0x{octets[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return found
    ends = octets.count(b"\n") + 1
    del octets
    records = _records(text, wrong)
    header = next(records, None)
    names = [name.strip() for name in header[1]] if header is not None else []
    if not _good_header(names, sheet, wrong):
        return found
    reading = _Reading(sheet, names)
    for line, cells in records:
        if not line % ROWS_TOLD:
            tell(line / ends)
        if len(cells) != len(names):
            cure = "put text that holds a comma between double quotes" if len(cells) > len(names) else "write a comma for each empty cell"
            wrong(line, "", f"{len(cells)} cells, but the header row has {len(names)}", cure)
            continue
        _read_row(line, cells, reading, found, wrong)
    return found


class _Reading:
    """How the columns of one file are read, in their order."""

    def __init__(self, sheet: Sheet, names: list[str]) -> None:
        self.columns = {name: place for place, name in enumerate(names)}
        self.readers = [sheet.columns[name] for name in names]
        self.empty = tuple(reader("") for reader in self.readers)
        self.key_alone = {sheet.key: 0}
        self.key = self.columns[sheet.key]
        self.names = names


def _records(text: str, wrong: Callable[[int, str, str, str], None]) -> Iterator[tuple[int, list[str]]]:
    """(line where it begins, cells) of each record that isn't empty."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            wrong(line, "", f"not CSV: {error}", "close the double quotes, and write a double quote inside text twice")
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _good_header(names: list[str], sheet: Sheet, wrong: Callable[[int, str, str, str], None]) -> bool:
    allowed = list(sheet.columns)
    good = True
    for name in dict.fromkeys(names):
        if name not in sheet.columns:
            wrong(1, name, f"an unknown column{guess(name, allowed)}", "use " + ", ".join(allowed))
            good = False
        elif names.count(name) > 1:
            wrong(1, name, "the column stands there twice", "keep one")
            good = False
    if sheet.key not in names:
        wrong(1, sheet.key, "the key column is missing", "begin the file with a row of column names: " + ", ".join(allowed))
        good = False
    return good


def _read_row(
    line: int, cells: list[str], reading: _Reading, found: SheetRows, wrong: Callable[[int, str, str, str], None]
) -> None:  # fmt: skip
    sheet = found.sheet
    values: list[Any] = list(reading.empty)
    good, unknown = True, False
    for place, cell in enumerate(cells):
        stripped = cell.strip()
        if not stripped:
            continue
        column = reading.names[place]
        try:
            if len(stripped) > CELL_SIGNS:
                raise BadCellError(f"{len(stripped)} signs", f"use at most {CELL_SIGNS}")
            if not stripped.isprintable():
                stripped = stripped.replace("\r\n", "\n")
                if _CONTROL.search(stripped) or ("\n" in stripped and column != "notes"):
                    raise BadCellError("a control character or line end", "take it out")
            values[place] = reading.readers[place](stripped)
        except BadCellError as error:
            wrong(line, column, error.what, error.cure)
            good = False
            values[place] = None
            unknown = unknown or place == reading.key
    key = values[reading.key]
    if unknown:
        return
    if key is None:
        wrong(line, sheet.key, "the key is empty", "every row needs one")
        return
    earlier = found.rows.get(folded(key))
    if earlier is not None:
        wrong(line, sheet.key, f"{key!r} stands in line {earlier.line} already", "keep one of the two")
    elif good:
        found.rows[folded(key)] = SheetRow(line, key, reading.columns, tuple(values))
    else:
        # kept by its key alone, so that what refers to it isn't called unknown, too
        found.rows[folded(key)] = SheetRow(line, key, reading.key_alone, (key,), readable=False)
