"""Commands that work: run and ingest."""

from __future__ import annotations

import mailbox as mailboxes
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daemon.cli.output import progress, say
from daemon.cli.session import NOT_GOOD, clock, load_config, opened_house

if TYPE_CHECKING:
    from daemon.store.journal import Delivery

CHUNK_OCTETS = 8 * 1024 * 1024
CHUNK_MAILS = 200
"""Mails written down in one transaction."""


def run(
    once: Annotated[bool, typer.Option("--once", help="One full round, then exit.")] = False,
    stage: Annotated[list[str] | None, typer.Option("--stage", help="Only this stage (repeatable): fetch, apply, send, tick.")] = None,
) -> None:
    """The daemon, in the foreground: fetch, apply, send, tick. SIGTERM ends it, SIGHUP reloads."""
    from daemon import log
    from daemon.service import STAGES, open_house, run_once
    from daemon.serving import run_forever

    unknown = [name for name in stage or () if name not in STAGES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(STAGES)}", param_hint="--stage")
    stages = tuple(name for name in STAGES if not stage or name in stage)
    log.setup()
    if not once:
        if not run_forever(load_config, clock(), stages):
            # a thread that still waits for a server must not keep the process: the interpreter's own end would wait for it
            sys.stderr.flush()
            os._exit(0)
        return
    config = load_config()
    moment = clock()()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with open_house(config, lambda: moment, stopping=stop.is_set) as house:
        run_once(config, house, stages)


def ingest(
    sources: Annotated[
        list[str], typer.Argument(help="Mail files, mbox files, Maildir or other folders, or - for one mail on standard input.")
    ],
    archive: Annotated[bool, typer.Option("--archive", help="File them on cases without ever answering.")] = False,
) -> None:
    """Put mails into the journal as if fetched; `run --once --stage apply` then works on them without any server."""
    from daemon import worker
    from daemon.store.epoch import refuse_moved_away

    bad = [name for name in sources if name != "-" and not Path(name).exists()]
    if bad:
        say("\n".join(f"{name}: there is no such file or folder" for name in bad), error=True)
        raise typer.Exit(NOT_GOOD)
    databases = [name for name in sources if name != "-" and _is_database(Path(name))]
    if databases:
        say("\n".join(f"{name}: this is an SQLite database, and no mail" for name in databases), error=True)
        raise typer.Exit(NOT_GOOD)
    count = 0
    with opened_house() as house:
        refuse_moved_away(house.database)
        now = house.now()
        chunk: list[Delivery] = []
        size = 0
        for octets, arrival in progress(_mails(sources), "ingesting"):
            chunk.append(_delivery(octets, arrival, now, archive, house.limits.message_size))
            size += len(octets)
            if size >= CHUNK_OCTETS or len(chunk) >= CHUNK_MAILS:
                count += worker.ingest(house, chunk)
                chunk, size = [], 0
        count += worker.ingest(house, chunk)
    say(f"{count} mail(s) are in the journal.")


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def failpoints() -> None:
    """List the places where a test may kill the program (SUPPORTD_FAILPOINT=name or name:n), one a line."""
    from daemon.failpoints import POINTS

    for name in POINTS:
        say(name)


def _delivery(octets: bytes, arrival: datetime | None, now: datetime, archive: bool, message_size: int) -> Delivery:
    from daemon.parsers.lane import HEAD, lane_of
    from daemon.store.journal import Delivery

    if archive:
        arrival = arrival or _date_of(octets)
    too_large = len(octets) > message_size
    return Delivery(
        uid=None, octets=octets[:HEAD] if too_large else octets, size=len(octets), internal_date=min(arrival or now, now),
        lane=lane_of(octets), too_large=too_large, archive=archive,
    )  # fmt: skip


def _date_of(octets: bytes) -> datetime | None:
    """The Date field of an archived mail, for its place in time; never used for a live one."""
    from daemon.parsers.limits import ReadLimits
    from daemon.parsers.parts import open_octets

    opened = open_octets(octets[: 256 * 1024], ReadLimits())
    for value in opened.values("date"):
        try:
            moment = parsedate_to_datetime(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _mails(sources: list[str]) -> Iterator[tuple[bytes, datetime | None]]:
    """Every mail of the sources, with its arrival where the source tells it."""
    for name in sources:
        if name == "-":
            yield _without_postmark(sys.stdin.buffer.read()), None
            continue
        yield from _mails_at(Path(name))


def _mails_at(path: Path) -> Iterator[tuple[bytes, datetime | None]]:
    if path.is_dir():
        if (path / "cur").is_dir() and (path / "new").is_dir():
            folder = mailboxes.Maildir(path, create=False)
            for key in sorted(folder.keys()):
                yield folder.get_bytes(key), datetime.fromtimestamp(folder.get_message(key).get_date(), UTC)
            return
        for inner in sorted(path.iterdir()):
            if not inner.name.startswith(".") and (inner.is_dir() or inner.suffix.lower() in (".eml", ".mbox", ".msg", "")):
                yield from _mails_at(inner)
        return
    with path.open("rb") as file:
        is_mbox = file.read(5) == POSTMARK and path.suffix.lower() != ".eml"
    if not is_mbox:
        yield _without_postmark(path.read_bytes()), None
        return
    with closing(mailboxes.mbox(path, create=False)) as box:
        for number in sorted(box.keys()):
            yield _QUOTED_FROM.sub(rb"\1", box.get_bytes(number)), _mbox_date(box.get_message(number).get_from())


SQLITE = b"SQLite format 3\0"
"""How the file of an SQLite database begins."""

POSTMARK = b"From "
"""How the line begins that an mbox puts before each of its mails."""

_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
"""A line of a mail that looked like one, as an mbox keeps it: one ">" more than it had (mboxrd)."""


def _without_postmark(octets: bytes) -> bytes:
    """One mail: a line of an mbox that was left above its header, by whoever saved or piped it, is no part of it."""
    return octets.partition(b"\n")[2] if octets.startswith(POSTMARK) else octets


def _mbox_date(line: str) -> datetime | None:
    """The time on an mbox separator: `address Www Mmm dd hh:mm:ss yyyy`."""
    try:
        return datetime.strptime(" ".join(line.split()[-5:]), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
