"""Regular expressions of an installation: only those that no text can make slow.

They are searched in what strangers write, so a pattern that can match the same text in many ways is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_SIGNS = 200
MOST_REPEATS = 2
"""Open-ended repeats; a beginning that is not `^` counts as one. The cost of a search grows with the length to this power."""
MOST_CHOICES = 12
"""Optional pieces and groups of alternatives."""
FEW = 4
"""A repeat of at most so many more than its least is a choice; of more, open-ended."""
OPEN = 1 << 16
"""The most of an open repeat."""

ALLOWED = (
    f"a regular expression of at most {MOST_SIGNS} signs, {MOST_REPEATS} open repeats (an unanchored beginning is one) "
    "and no repeat within a repeat"
)
"""What is allowed, in the words a mistake is told in."""

_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_GROUP = re.compile(r"\((?:\?(?:P<\w+>|[:=!]|<[=!]))?")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


@dataclass(slots=True)
class _Group:
    """What stands between two parentheses, as far as it was read."""

    varies: bool = False
    """It can match texts of different lengths, or one text in more than one way."""


def safe_pattern(text: str) -> re.Pattern[str]:
    """The pattern, without regard to case. Raises ValueError, whose words say what is wrong with it."""
    if len(text) > MOST_SIGNS:
        raise ValueError(f"more than {MOST_SIGNS} signs")
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from None
    _measure(text)
    if pattern.search("") is not None:
        raise ValueError("it fits an empty text, so it fits too much")
    return pattern


def _measure(text: str) -> None:
    """Walk over the pattern once and refuse what could make a search slow."""
    groups = [_Group()]
    closed: _Group | None = None
    """The group that ended just before, if the last piece was one."""
    repeats, choices = 0 if text.startswith("^") else 1, 0
    at = 0
    while at < len(text):
        at, sign, low, high = _piece(text, at)
        if sign == "(":
            groups.append(_Group())
        elif sign == ")":
            closed = groups.pop()
            groups[-1].varies |= closed.varies
            continue
        elif sign == "|":
            choices += not groups[-1].varies
            groups[-1].varies = True
        elif sign == "*":
            if closed is not None and closed.varies and high > 1:
                raise ValueError("a repeat within a repeat: some texts would take it forever")
            groups[-1].varies |= low != high
            repeats += high - low > FEW
            choices += 0 < high - low <= FEW
        closed = None
    if repeats > MOST_REPEATS:
        raise ValueError(f"{repeats} open repeats such as .* (a beginning without ^ is one), more than {MOST_REPEATS}")
    if choices > MOST_CHOICES:
        raise ValueError(f"{choices} optional pieces, more than {MOST_CHOICES}")


def _piece(text: str, at: int) -> tuple[int, str, int, int]:
    """The next piece from `at`: where it ends, its sign (`*` for every repeat, `a` for anything plain), least and most of a repeat."""
    sign = text[at]
    if sign == "\\":
        if text[at + 1].isdigit() and text[at + 1] != "0":
            raise ValueError("a reference back to a group")
        return at + 2, "a", 0, 0
    if sign == "[" and (found := _CLASS.match(text, at)) is not None:
        return found.end(), "a", 0, 0
    if sign == "(":
        found = _GROUP.match(text, at)
        if found is None or (text[found.end() - 1] == "(" and text[found.end()] == "?"):
            raise ValueError("a group with flags, a condition, a reference or a remark")
        return found.end(), "(", 0, 0
    counted = _COUNT.match(text, at)
    if counted is not None and (counted[1] or counted[3]):
        low = int(counted[1] or 0)
        high = (int(counted[3]) if counted[3] else OPEN) if counted[2] else low
        return _lazy(text, counted.end()), "*", low, high
    simple: dict[str, tuple[int, int]] = {"*": (0, OPEN), "+": (1, OPEN), "?": (0, 1)}
    if sign in simple:
        return _lazy(text, at + 1), "*", *simple[sign]
    return at + 1, sign if sign in "|)" else "a", 0, 0


def _lazy(text: str, at: int) -> int:
    """Behind the sign that makes a repeat lazy or possessive."""
    return at + 1 if at < len(text) and text[at] in "?+" else at
