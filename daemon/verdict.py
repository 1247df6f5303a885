"""What a check-up says of one thing."""

from __future__ import annotations

from dataclasses import dataclass

GOOD = "good"
UNWISE = "unwise"
BAD = "BAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was looked at, how it is (good, unwise, BAD), what was found, and how to mend it."""

    what: str
    verdict: str
    detail: str = ""
    mend: str = ""
