"""A file that takes up room on the disk of an SQLite database, to be given up when there is no other: what is in hand is finished then."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a system call says on a disk that takes nothing more. It passes when somebody makes room."""


class Reserve:
    """`octets` of room at `path`; 0 keeps none. Any thread may ask."""

    def __init__(self, path: Path, octets: int) -> None:
        self.path = path
        self.octets = octets

    def keep(self, free: int) -> bool:
        """Set the room aside, if `free` octets and as much again stay free; whether there is a reserve then.

        One of another size, from before a change of the configuration, is given up.
        """
        there = self.path.stat().st_size if self.path.exists() else 0
        if there == self.octets:
            return there > 0
        if there:
            self.give_up()
        if self.octets == 0:
            return False
        if shutil.disk_usage(self.path.parent).free < free + self.octets:
            return False
        new = self.path.with_name(self.path.name + ".new")
        try:
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, self.octets)
            finally:
                os.close(handle)
            new.rename(self.path)
        except OSError:
            new.unlink(missing_ok=True)
            return False
        return True

    def give_up(self) -> bool:
        """Let what waits have the room; whether there was any."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True
