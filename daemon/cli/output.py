"""What commands write: tables for people, JSON for scripts. What came by mail can't move the reader's cursor.

Standard output carries the answer and nothing else; progress and complaints go to standard error. rich is used on a
terminal only.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import PurePath
from typing import Any, TypeVar

from daemon.moments import local_minute, zoned

T = TypeVar("T")

# C0 and C1 controls (ESC and CSI among them), what reorders or hides text, lone surrogates
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u00ad\u180e\ufeff\ufff9-\ufffb\ud800-\udfff]")


def escape(text: str) -> str:
    r"""The text with every control, bidirectional and invisible character written out.

    >>> escape("a\x1b[2Jb\u202ec")
    'a\\x1b[2Jb\\u202ec'
    """
    return _UNSAFE.sub(_written_out, text)


def print_json(value: object, *, one_line: bool = False) -> None:
    """One JSON document on standard output. Times are UTC with Z, dates YYYY-MM-DD, absent is null."""
    text = json.dumps(value, ensure_ascii=False, default=_plain, indent=None if one_line else 2)
    print(_UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text))  # noqa: T201


def json_time(moment: datetime) -> str:
    """A time as JSON carries it.

    >>> json_time(datetime(2026, 7, 27, 9, 0, tzinfo=UTC))
    '2026-07-27T09:00:00Z'
    """
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def say(text: str, *, error: bool = False) -> None:
    """Lines for people; each is made safe, line ends stay."""
    print("\n".join(escape(line) for line in text.split("\n")), file=sys.stderr if error else sys.stdout)


def section(title: str, extra: object = None) -> None:
    """A heading, with an empty line before it."""
    text = escape(title) + (f"  {escape(str(extra))}" if extra is not None else "")
    say(f"\n{text}")


def table(columns: Sequence[str] | None, rows: Iterable[Sequence[object]]) -> None:
    """Rows under their headings; without headings, names and values. Times are of the machine's zone, which is named."""
    values = [list(row) for row in rows]
    if columns is not None:
        columns = [f"{heading}{_zone(row[index] for row in values)}" for index, heading in enumerate(columns)]
    cells = [[_cell(value) if columns is not None or not isinstance(value, datetime) else zoned(value) for value in row] for row in values]
    if sys.stdout.isatty():
        _rich_table(columns, cells)
        return
    lines = [list(columns), *cells] if columns is not None else cells
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)] if lines else []
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())  # noqa: T201


def progress(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """The items, with a bar on standard error while they go by, if that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _bar() as bar:
        yield from bar.track(items, total=total, description=escape(label))


@contextmanager
def progress_total(label: str) -> Iterator[Callable[[int, int], None]]:
    """A function to tell (done, total) to; a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with _bar() as bar:
        task = bar.add_task(escape(label), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True)


def _rich_table(columns: Sequence[str] | None, rows: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD if columns is not None else None, show_header=columns is not None, pad_edge=False)
    for heading in columns if columns is not None else (rows[0] if rows else ()):
        drawn.add_column(Text(heading), overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def _zone(values: Iterable[object]) -> str:
    """The zone of the times in a column, as its heading tells it: two where the clock was set between them."""
    names = dict.fromkeys(value.astimezone().strftime("%Z") for value in values if isinstance(value, datetime))
    return f" ({'/'.join(names)})" if names else ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return local_minute(value)
    return escape(str(value))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return json_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


def _written_out(found: re.Match[str]) -> str:
    number = ord(found[0])
    return "    " if number == 0x09 else f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
