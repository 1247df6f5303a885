"""Words that make a command one that isn't meant now: "not yet", "when the part arrives", "by Friday". Nothing is scheduled by mail."""

from __future__ import annotations

import re

from daemon.parsers.calendarwords import DAYS, SHORT_DAYS, fold

_WORDS = frozenset(
    ("not", "don't", "dont", "never", "if", "when", "once", "after", "until", "unless", "later", "tomorrow", "next", "wait",
     "pending", "soon", "by")
)  # fmt: skip
_FILLERS = frozenset(("please", "pls", "only", "it", "this", "but", "just", "do", "even", "maybe"))
"""Words that may stand between the verb and the condition ("only when", "do not")."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_REACH = 120


def is_conditional(tail: str) -> bool:
    """Whether what stands behind a verb on its own line begins with a condition, a negation or a later time.

    >>> is_conditional("not yet, waiting for the part"), is_conditional("works again, not a fault of yours")
    (True, False)
    """
    words = _WORD.findall(tail[:_REACH].replace("’", "'").casefold())
    at = 0
    while at < len(words) and words[at] in _FILLERS:
        at += 1
    if at == len(words):
        return False
    if words[at] in _WORDS:
        return True
    following = words[at + 1] if at + 1 < len(words) else ""
    if words[at] == "on":
        return fold(following) in DAYS or following in SHORT_DAYS
    return words[at] == "in" and following.isdigit()
