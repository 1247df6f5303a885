"""Which mails may have had their final dot: what a process that was killed leaves of it, so that the dead can be asked.

An outbox row is claimed by a COMMIT before its conversation begins. Another one just before the dot would cost each mail a sync, so
that moment is written to a page of a file, without any: what a process wrote stays when it is killed. A host that lost its power may
have lost the page as well, so a page is believed only in the boot it was written in; and only when nobody holds its lock, because a
process that stands still may send its dot yet. In all other cases nobody knows, and every mail that was in hand may have had it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

PAGE = 4096
"""Octets. It is written as a whole, at one place: a process is killed before that or after it."""


class Dots:
    """The page of one process beside the file `beside`. It belongs to the thread that sends; `left_by` may be asked by any."""

    def __init__(self, beside: Path, owner: int) -> None:
        self._beside = beside
        self._owner = owner
        self._handle: int | None = None
        self._given: set[int] = set()

    @property
    def given(self) -> Collection[int]:
        """Mails of this process that may have had their dot, and whose end is not written down."""
        return frozenset(self._given)

    def begin(self) -> None:
        """To be called before anything is claimed. Where the page can't be written, nobody will know. Removes those of the dead."""
        if self._handle is not None or _boot() is None:
            return
        try:
            self._remove_those_of_the_dead()
            self._handle = os.open(self._path(self._owner), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._let_go(keep=False)
        self._write()

    def give(self, number: int) -> None:
        """The last thing before the final dot of this mail."""
        self._given.add(number)
        self._write()

    def end(self, numbers: Iterable[int]) -> None:
        """What became of these is written down."""
        before = len(self._given)
        self._given.difference_update(numbers)
        if len(self._given) != before:
            self._write()

    def left_by(self, owner: int) -> Collection[int] | None:
        """The mails of a process that died whose dot may have left; None: nobody knows."""
        try:
            handle = os.open(self._path(owner), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            page = os.pread(handle, PAGE + 1, 0)
            boot, *numbers = page.decode("ascii").split()
            return frozenset(map(int, numbers)) if len(page) == PAGE and boot == _boot() else None
        except (OSError, ValueError):
            return None
        finally:
            os.close(handle)

    def close(self) -> None:
        """The process sends no more. Where the end of a mail could not be written down, the page stays for whoever does it."""
        self._let_go(keep=bool(self._given))

    def _path(self, owner: int | str) -> Path:
        return self._beside.with_name(f"{self._beside.name.removesuffix('.epoch')}.dots-{owner}")

    def _remove_those_of_the_dead(self) -> None:
        pages = self._path("").name
        for path in self._beside.parent.iterdir():
            if path.name.startswith(pages) and _is_left(path):
                path.unlink(missing_ok=True)

    def _write(self) -> None:
        if self._handle is None:
            return
        page = " ".join([_boot() or "?", *map(str, sorted(self._given))])
        # of more than have room: a word that is no number, which is not believed
        page = page if len(page) <= PAGE else "? ?"
        try:
            whole = os.pwrite(self._handle, page.ljust(PAGE).encode("ascii"), 0) == PAGE
        except OSError:
            whole = False
        if not whole:
            self._let_go(keep=False)

    def _let_go(self, *, keep: bool) -> None:
        if self._handle is None:
            return
        try:
            if not keep:
                self._path(self._owner).unlink(missing_ok=True)
        except OSError:
            pass  # nothing can be written there any more, not by a later process either
        os.close(self._handle)
        self._handle = None


@cache
def _boot() -> str | None:
    """The name of the time since the host started; None: the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None


def _is_left(path: Path) -> bool:
    """Whether the process is no more whose page this is."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
