"""Mails that are gone from a folder, many at once: nothing is to be done about them here, so people are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

MISSED = 0.2
"""Of the mails that should lie in a folder; more missing at once is told."""

MISSED_FEW = 3
"""Fewer missing are a person who tidies up: in a folder where a mail lies for seconds until it is put away, one is soon a fifth of all.
Where the folder itself was made anew nobody tidied up, and one is enough."""


@dataclass(frozen=True, slots=True)
class Loss:
    """So many of so many mails are gone from this folder."""

    folder: str
    count: int
    of: int
    written_down: bool
    """Whether they were written down before, so that nothing of them is lost; else nobody here ever saw them."""
    anew: bool = False
    """Whether the folder was made anew, or put back from a copy: its UIDs name other mails than before, or none."""

    @classmethod
    def if_many(cls, folder: str, count: int, of: int, *, written_down: bool, anew: bool = False) -> Self | None:
        """The loss, if it is one that people must hear of."""
        least = 1 if anew else MISSED_FEW
        return cls(folder, count, of, written_down, anew) if count >= least and count > MISSED * of else None

    @classmethod
    def of_emptied(cls, folder: str) -> Self:
        """The folder is empty and gives out its UIDs anew: it was wiped, even if no mail is known that lay there."""
        return cls(folder, 0, 0, written_down=False, anew=True)

    def __str__(self) -> str:
        if not self.of:
            return f"{self.folder} was made anew and is empty; what came there since the last look was never read here"
        what = "that should lie" if self.written_down else "that the server had announced"
        lost = "what was written down of them stays" if self.written_down else "they were never read here"
        why = ", which was made anew or put back from a copy" if self.anew else ""
        return f"{self.count} of {self.of} mails {what} in {self.folder} were gone at once{why}; {lost}"
