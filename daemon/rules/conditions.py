"""Words that make a command one that isn't meant now: "not yet", "when the part arrives", "by Friday". Nothing is scheduled by mail."""

from __future__ import annotations

import re

from daemon.parsers.calendarwords import DAYS, MONTHS, SHORT_DAYS, fold

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
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`＇", "'"))
_NUMERIC_DATE = re.compile(r"on\s+\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?!\w)")
_REACH = 120


def is_conditional(tail: str) -> bool:
    """Whether what stands behind a verb on its own line begins with a condition, a negation or a later time.

    Only its beginning counts: the same word further on is part of what is told.

    >>> is_conditional("not yet, waiting for the part"), is_conditional("works again, not a fault of yours")
    (True, False)
    """
    text = tail[:_REACH].translate(_APOSTROPHES).casefold()
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
        return _is_day(words[at + 1 : at + 4]) or _NUMERIC_DATE.match(text, found[at].start()) is not None
    return words[at] == "in" and following.isdigit()


def _is_day(words: list[str]) -> bool:
    """Whether the words behind "on" begin with a weekday or with a day and its month."""
    if words and words[0] in ("next", "this", "the", "coming"):
        words = words[1:]
    names = [fold(word) for word in words[:2]]
    if not names:
        return False
    dated = len(names) == 2 and ((names[0] in MONTHS and names[1][0].isdigit()) or (names[0][0].isdigit() and names[1] in MONTHS))
    return names[0] in DAYS or names[0] in SHORT_DAYS or dated
