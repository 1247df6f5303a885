"""Three exceptions: try again (later, once a person has mended something, or because it took too long), park it, mend the configuration.

What is expected of mail and people is a value with a named reason (`reasons.py`), never an exception. An exception that is
none of these is taken as temporary until the limit of attempts.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass


class Failure(Exception):  # noqa: N818 - these are the field's words
    """Something failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__ or "")


class Temporary(Failure):
    """It may work later: a server or the database is away."""


class DatabaseAway(Temporary):
    """The database is away, locked or full."""


class Denied(DatabaseAway):
    """It stays so until a person mends it: a daemon at work tries again meanwhile, a command or a start ends."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


class OthersAtWork(Temporary):
    """Another program must be stopped first; nothing is wrong with the database."""


class TooSlow(DatabaseAway):
    """One statement of the database took longer than a statement may."""


class Permanent(Failure):
    """It will never work as it is: park it for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file of the installation: where it is, what was found, what is allowed, and how to mend it.

    >>> str(Problem(file="supportd.toml", key="smtp.tls", found="'ssl'", allowed="implicit, starttls or none", hint="implicit"))
    "supportd.toml: smtp.tls: found 'ssl'; allowed: implicit, starttls or none; did you mean 'implicit'?"
    """

    file: str
    key: str
    found: str
    allowed: str
    hint: str | None = None
    """What was probably meant."""

    def __str__(self) -> str:
        guess = f"; did you mean {self.hint!r}?" if self.hint else ""
        return f"{self.file}: {self.key}: found {self.found}; allowed: {self.allowed}{guess}"


class ConfigError(Failure):
    """The configuration can't be used."""

    def __init__(self, problems: tuple[Problem | str, ...] = ()) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems) or None)


class Outdated(ConfigError):  # noqa: N818 - as above
    """The database is of another version than this program has brought it to: whatever it does by its own idea may be wrong."""


def closest(word: str, words: Sequence[str]) -> str | None:
    """The word that was probably meant, without regard to case.

    >>> closest("adress", ["name", "address"])
    'address'
    """
    by_folded = {known.casefold(): known for known in words}
    found = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None
