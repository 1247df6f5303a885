"""The reply keywords: one table of verbs, and the vocabulary that is made of it. To add a keyword, add a row.

Imports nothing of the house. How a mail is searched for them is `commands`; what is granted is `rules/judge`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

BLOCK = "T"
"""Takes the rest of its line and the lines below it."""
LINE = "L"
"""Takes the rest of its line."""
NOTHING = "N"
"""Takes nothing; what stands behind it is plain text."""

CUSTOMER = "customer"
PARTNER = "partner"
OPENER = "opener"
"""An agent of the partner that opened the case for somebody, where another works on it."""
AGENT = "agent"
CONFIG_ASSIGNEE = "config_assignee"
QA_ASSIGNEE = "qa_assignee"
ASKED = "the one asked"
GIVER = "the giver"
ANYONE = "anyone"

_C, _P, _A, _O = frozenset((CUSTOMER,)), frozenset((PARTNER,)), frozenset((AGENT,)), frozenset((OPENER,))
_X = frozenset((CONFIG_ASSIGNEE, QA_ASSIGNEE))

CASE = "case"
CS = "cs"
QUESTION = "question"
ANY = "any"
NONE = "none"

_ON_CASE = frozenset((CASE,))
_ON_CS = frozenset((CS,))
_ON_BOTH = frozenset((CASE, CS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """One verb: how people write it, what it takes, on what it works and for whom.

    `on` names what the mail must be about ("case", "cs"), a pending "question", or needs nothing ("any": works beside
    anything; "none": concerns no case that exists). `who` are roles on that object, or "the one asked", "the giver",
    "anyone". Of the words, `misspellings` are executed although wrong: only where a mistake does no harm.
    """

    verb: str
    aliases: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    kind: str
    on: frozenset[str]
    who: frozenset[str]
    who_on_cs: frozenset[str] | None = None
    """The roles on a CS ticket, where they differ."""
    needs_text: bool = False
    needs_argument: bool = False
    once: bool = False
    """Two of them in one mail with different arguments contradict each other."""
    conditional: bool = False
    """Text that begins with a condition or a negation ("not yet", "when it ships") is refused: nothing is scheduled."""
    limit: int | None = None
    """The most characters its text may have."""
    default: str = ""
    """The text that is kept when none was written."""
    receipt: str = ""
    """The wording key of its line in the confirmation, or the template that answers it instead."""


KEYWORDS: tuple[Keyword, ...] = (
    Keyword(
        verb="acknowledge", aliases=("ack", "acknowledged", "accept", "accepted", "take"),
        misspellings=("acknowlege", "acknowleged", "acknowlegde", "aknowledge", "acknoledge"),
        kind=BLOCK, on=_ON_CASE, who=_P | _A, conditional=True, receipt="done-acknowledge",
    ),
    Keyword(
        verb="plan", aliases=("planned", "eta"), kind=BLOCK, on=_ON_CASE, who=_P | _A, needs_text=True, once=True, receipt="done-plan",
    ),
    Keyword(
        verb="comment", aliases=("update", "reply"), kind=BLOCK, on=_ON_BOTH, who=_C | _P | _O | _A | _X, needs_text=True,
        receipt="done-comment",
    ),
    Keyword(
        verb="internal", aliases=("note", "private"), kind=BLOCK, on=_ON_BOTH, who=_P | _O | _A | _X, needs_text=True,
        receipt="done-internal",
    ),
    Keyword(
        verb="close", aliases=("closed", "resolve", "resolved", "fixed"), kind=BLOCK, on=_ON_CASE, who=_C | _P | _O | _A, once=True,
        conditional=True, default="(closed by e-mail without text)", receipt="done-close",
    ),
    Keyword(
        verb="reopen", aliases=("re-open", "reopened"), kind=BLOCK, on=_ON_BOTH, who=_C | _P | _O | _A, who_on_cs=_A, once=True,
        conditional=True, receipt="done-reopen",
    ),
    Keyword(
        verb="assign", aliases=("owner", "reassign", "queue"), kind=LINE, on=_ON_BOTH, who=_P | _A, who_on_cs=_A,
        needs_argument=True, once=True, receipt="done-assign",
    ),
    Keyword(
        verb="review", aliases=("log-review", "logreview"), kind=BLOCK, on=_ON_CASE, who=_A, needs_text=True, limit=1000,
        receipt="done-review",
    ),
    Keyword(verb="faq", kind=LINE, on=_ON_CASE, who=_A, needs_argument=True, receipt="done-faq"),
    Keyword(verb="mention", kind=BLOCK, on=_ON_BOTH, who=_P | _O | _A | _X, needs_text=True, receipt="done-mention"),
    Keyword(
        verb="done", aliases=("complete", "completed", "finished"), kind=BLOCK, on=_ON_CS, who=_X | _A, once=True, conditional=True,
        receipt="cs-done-confirmation",
    ),
    Keyword(
        verb="outstanding", aliases=("blocked",), kind=BLOCK, on=_ON_CS, who=_X | _A, needs_text=True, receipt="done-outstanding",
    ),
    Keyword(verb="cleared", aliases=("clear",), kind=LINE, on=_ON_CS, who=_X | _A, needs_argument=True, receipt="done-cleared"),
    Keyword(verb="help", aliases=("commands",), kind=NOTHING, on=frozenset((ANY,)), who=frozenset((ANYONE,)), receipt="help"),
    Keyword(verb="status", aliases=("info",), kind=LINE, on=_ON_BOTH, who=_C | _P | _O | _A | _X, receipt="status"),
    Keyword(verb="list", aliases=("tickets",), kind=NOTHING, on=frozenset((NONE,)), who=_P | _O | _A, receipt="ticket-list"),
    Keyword(verb="case", aliases=("new",), kind=BLOCK, on=frozenset((NONE,)), who=_P | _O | _A, once=True, receipt="case-created"),
    Keyword(verb="contact", kind=BLOCK, on=frozenset((ANY,)), who=_P | _O | _A, receipt="done-contact"),
    Keyword(verb="call", aliases=("phone",), kind=BLOCK, on=frozenset((NONE,)), who=_A, once=True, receipt="done-call"),
    Keyword(
        verb="confirm", aliases=("yes",), kind=NOTHING, on=frozenset((QUESTION,)), who=frozenset((ASKED,)), conditional=True,
        receipt="done-confirm",
    ),
    Keyword(
        verb="decline", aliases=("no",), kind=NOTHING, on=frozenset((QUESTION,)), who=frozenset((ASKED,)), conditional=True,
        receipt="done-decline",
    ),
    Keyword(verb="undo", kind=NOTHING, on=_ON_CASE, who=frozenset((GIVER,)), conditional=True, receipt="done-undo"),
    Keyword(verb="end", kind=NOTHING, on=frozenset((ANY,)), who=frozenset((ANYONE,))),
)  # fmt: skip
"""Every keyword there is, in the order help lists them. `end` only ends the text of the verb above it."""

BY_VERB: Mapping[str, Keyword] = MappingProxyType({keyword.verb: keyword for keyword in KEYWORDS})

_WORD = re.compile(r"[^\W\d_]{1,40}(?:-[^\W\d_]{1,40}){0,3}")
_DASHES = str.maketrans({"‐": "-", "‑": "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All words that mean a verb. `words` maps each of them, folded, to its verb."""

    words: Mapping[str, str]
    _by_length: Mapping[int, tuple[str, ...]] = field(repr=False)

    def verb(self, word: str) -> str | None:
        """The verb a written word means, in any case and width; None for a word that means none.

        >>> vocabulary({}).verb("ACK")
        'acknowledge'
        """
        return self.words.get(fold(word))

    def nearest(self, word: str) -> str | None:
        """The verb a wrongly written word was probably meant for, or None.

        Within two Damerau-Levenshtein steps, one for words under six letters; a word under four letters is never near anything.
        """
        written = fold(word)
        length = len(written)
        if length < 4 or length > 40:
            return None
        limit = 2 if length >= 6 else 1
        best: str | None = None
        for size in range(length - limit, length + limit + 1):
            for known in self._by_length.get(size, ()):
                steps = distance(written, known, limit)
                if steps <= limit and (best is None or steps < limit):
                    best, limit = self.words[known], steps
        return best


def vocabulary(extra: Mapping[str, Sequence[str]]) -> Vocabulary:
    """The built-in words and an installation's synonyms, `extra` mapping a verb to more words for it.

    Raises ValueError naming every synonym that can't be: an unknown verb, not a word, or a word that means another verb.
    """
    words: dict[str, str] = {}
    for keyword in KEYWORDS:
        for word in (keyword.verb, *keyword.aliases, *keyword.misspellings):
            words[word] = keyword.verb
    wrong: list[str] = []
    for verb, synonyms in extra.items():
        if verb not in BY_VERB:
            wrong.append(f"{verb}: there is no such verb")
            continue
        for synonym in synonyms:
            word = fold(synonym.strip().lstrip("#!/"))
            if _WORD.fullmatch(word) is None:
                wrong.append(f"{verb}: {synonym!r} is not one word of letters")
            elif words.get(word, verb) != verb:
                wrong.append(f"{verb}: {synonym!r} means {words[word]} already")
            else:
                words[word] = verb
    if wrong:
        raise ValueError("; ".join(wrong))
    by_length: dict[int, list[str]] = {}
    for word in words:
        by_length.setdefault(len(word), []).append(word)
    return Vocabulary(
        words=MappingProxyType(words), _by_length=MappingProxyType({length: tuple(some) for length, some in by_length.items()})
    )


def fold(word: str) -> str:
    """A word as it is compared: NFKC, case-folded, plain hyphens. `word` is short."""
    return unicodedata.normalize("NFKC", word[:100]).casefold().translate(_DASHES)


def distance(one: str, other: str, limit: int) -> int:
    """How many letters must be put in, left out, changed or swapped with their neighbour; `limit` + 1 when more than `limit`.

    >>> distance("clsoe", "close", 2), distance("cloze", "close", 2), distance("help", "close", 2)
    (1, 1, 3)
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, sign in enumerate(other, 1):
            steps = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != sign))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == sign:
                steps = min(steps, before[j - 2] + 1)
            row.append(steps)
        if min(row) > limit and min(above) > limit:
            return limit + 1
        before, above = above, row
    return min(above[-1], limit + 1)


VOCABULARY = vocabulary({})
"""The words of an installation that adds none."""
