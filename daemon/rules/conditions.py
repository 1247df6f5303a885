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
_NAMED = frozenset(("the", "this", "my", "our"))
_OBJECTS = frozenset(("case", "ticket", "issue", "one"))
"""What a verb may name before the condition ("the case once the part arrives")."""
_SET_PHRASES = re.compile(r"once\s+(?:and\s+for\s+all\b|(?:more|again)\s*(?:[.,;:!?)–—-]|$))|after\s+all\s*(?:[.,;:!?)–—-]|$)")
"""Words of the list that make no condition here: "once and for all", "once more" and "after all" where the phrase ends with them."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_REACH = 120


def is_conditional(tail: str) -> bool:
    """Whether what stands behind a verb on its own line begins with a condition, a negation or a later time.

    Only its beginning counts: the same word further on is part of what is told.

    >>> is_conditional("not yet, waiting for the part"), is_conditional("works again, not a fault of yours")
    (True, False)
    """
    text = tail[:_REACH].replace("’", "'").casefold()
    found = list(_WORD.finditer(text))
    words = [match[0] for match in found]
    at = 0
    while at < len(words):
        if words[at] in _NAMED and at + 1 < len(words) and words[at + 1] in _OBJECTS:
            at += 2
        elif words[at] in _FILLERS:
            at += 1
        else:
            break
    if at == len(words):
        return False
    if words[at] in _WORDS:
        return _SET_PHRASES.match(text, found[at].start()) is None
    following = words[at + 1] if at + 1 < len(words) else ""
    if words[at] == "on":
        return fold(following) in DAYS or following in SHORT_DAYS
    return words[at] == "in" and following.isdigit()
