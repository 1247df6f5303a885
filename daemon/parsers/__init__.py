"""Octets to a `Reading`: everything that a mail says by itself. Pure and total; `reading` is the order of the readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.parsers.limits import ReadLimits
from daemon.parsers.marker import ANSWER_MARKER

if TYPE_CHECKING:
    from daemon.model import Reading

__all__ = ["ANSWER_MARKER", "ReadLimits", "read"]


def read(octets: bytes, limits: ReadLimits, own_addresses: frozenset[str], marker: str = ANSWER_MARKER) -> Reading:
    """Read a mail; total, see `reading.read`.

    The readers and their libraries are loaded with the first mail, so that a process that reads in a child
    (`daemon.reader`) doesn't carry them.
    """
    from daemon.parsers import reading

    return reading.read(octets, limits, own_addresses, marker)
