"""Mails that are gone from a folder, many at once: nothing is to be done about them here, so people are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

MISSED = 0.2
"""Of the mails that should lie in a folder; more missing at once is told."""

MISSED_FEW = 3
"""Fewer missing are a person who tidies up."""


@dataclass(frozen=True, slots=True)
class Loss:
    """So many of so many mails are gone from this folder."""

    folder: str
    count: int
    of: int
    written_down: bool
    """Whether they were written down before, so that nothing of them is lost; else nobody here ever saw them."""

    @classmethod
    def if_many(cls, folder: str, count: int, of: int, *, written_down: bool) -> Self | None:
        """The loss, if it is one that people must hear of."""
        return cls(folder, count, of, written_down) if count >= MISSED_FEW and count > MISSED * of else None

    def __str__(self) -> str:
        what = "that should lie" if self.written_down else "that the server had announced"
        lost = "what was written down of them stays" if self.written_down else "they were never read here"
        return f"{self.count} of {self.of} mails {what} in {self.folder} were gone at once; {lost}"
