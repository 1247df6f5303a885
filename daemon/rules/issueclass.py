"""What a customer writes about: one of eight classes, by the words of `support.toml`.

A phrase is a row of words, and words are compared without regard to case and accents. There are no regular expressions, so no text
can make the search slow. Pure, total, linear.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType


class IssueName(StrEnum):
    """What can be the matter, in the order in which it is looked for unless `support.toml` says another."""

    COMPLIMENT_OR_COMPLAINT = "compliment_or_complaint"
    LICENSE_KEY = "license_key"
    BUG = "bug"
    HOSTING_OR_WEBSITE = "hosting_or_website"
    CUSTOMIZATION = "customization"
    INSTALLATION_HELP = "installation_help"
    SUPPORT_ISSUE = "support_issue"
    OTHER = "other"


MOST_SIGNS = 10_000
"""So much of a mail is looked at; what it is about is said before."""
MOST_WORDS = 8
"""The most words of a phrase."""
MOST_GAPS = 2
GAP = 4
"""How many words may stand in the place of `..`."""
SHOWN = 5
"""How many of the found words are shown."""

PHRASE = f'at most {MOST_WORDS} words such as "key", "licence|license", "instal*", with at most {MOST_GAPS} ".." between two of them'
"""What a phrase may be, in the words a mistake is told in."""

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f]|['’](?=[^\W_]))*")
_BREAK = re.compile(r"[.!?](?=\s|$)|;|\n[ \t\r]*\n")
_PIECE = re.compile(r"[^\W_](?:[^\W_]|')*\*?")
_ISSUE_LINE = re.compile(r"^[ \t]*issue(?:[ \t]+class)?[ \t]*:[ \t]*(\S.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One place of a phrase: the words that may stand there, or the beginnings of words; `after_gap` lets words stand before it."""

    words: frozenset[str]
    beginnings: tuple[str, ...] = ()
    after_gap: bool = False

    def fits(self, word: str) -> bool:
        """Whether this word, folded, may stand here."""
        return word in self.words or (bool(self.beginnings) and word.startswith(self.beginnings))


Phrase = tuple[Element, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRule:
    """The words of one class.

    `lines` are whole contents of an `Issue:` line. `words` make the class wherever they stand, `alone` only where no class has any
    of its `words`. What `unless` finds counts for neither.
    """

    name: IssueName
    lines: frozenset[str] = frozenset()
    words: tuple[Phrase, ...] = ()
    alone: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueClass:
    """What a mail is about, and the words of it that say so; `by_line` when an `Issue:` line says it."""

    name: IssueName
    words: tuple[str, ...] = ()
    by_line: bool = False


_WORDS, _ALONE, _UNLESS = range(3)
_Entry = tuple[int, int, Phrase]
"""The number of a rule, which of its lists, and a phrase of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRules:
    """All classes in the order in which they are looked for, indexed by the first word of each phrase."""

    rules: tuple[IssueRule, ...]
    _by_word: Mapping[str, tuple[_Entry, ...]] = field(repr=False, hash=False, compare=False)
    _by_beginning: Mapping[str, tuple[_Entry, ...]] = field(repr=False, hash=False, compare=False)
    _lengths: tuple[int, ...] = field(repr=False, hash=False, compare=False)

    def starting(self, word: str) -> Iterator[_Entry]:
        """Every phrase that can begin with this folded word."""
        yield from self._by_word.get(word, ())
        for length in self._lengths:
            if length > len(word):
                return
            yield from self._by_beginning.get(word[:length], ())


def issue_rules(rules: Sequence[IssueRule]) -> IssueRules:
    """These rules, ready to be asked. Rules of one class belong together, at the place of the first of them."""
    order = dict.fromkeys(rule.name for rule in rules)
    merged = tuple(
        IssueRule(
            name=name,
            lines=frozenset().union(*(rule.lines for rule in rules if rule.name is name)),
            words=tuple(phrase for rule in rules if rule.name is name for phrase in rule.words),
            alone=tuple(phrase for rule in rules if rule.name is name for phrase in rule.alone),
            unless=tuple(phrase for rule in rules if rule.name is name for phrase in rule.unless),
        )
        for name in order
    )
    by_word: dict[str, list[_Entry]] = {}
    by_beginning: dict[str, list[_Entry]] = {}
    for number, rule in enumerate(merged):
        for which, phrases in ((_WORDS, rule.words), (_ALONE, rule.alone), (_UNLESS, rule.unless)):
            for phrase in phrases:
                for word in phrase[0].words:
                    by_word.setdefault(word, []).append((number, which, phrase))
                for beginning in phrase[0].beginnings:
                    by_beginning.setdefault(beginning, []).append((number, which, phrase))
    return IssueRules(
        rules=merged,
        _by_word=MappingProxyType({word: tuple(entries) for word, entries in by_word.items()}),
        _by_beginning=MappingProxyType({word: tuple(entries) for word, entries in by_beginning.items()}),
        _lengths=tuple(sorted({len(beginning) for beginning in by_beginning})),
    )


def phrase(text: str) -> Phrase:
    """A phrase as it is written in `support.toml`. Raises ValueError, whose words say what is wrong with it.

    Words stand side by side within one sentence; `a|b` is either, `instal*` whatever begins so, `..` up to four words between.
    """
    elements: list[Element] = []
    gap = False
    for piece in text.split():
        if piece == "..":
            if gap or not elements:
                raise ValueError('".." does not stand between two words')
            gap = True
            continue
        words: set[str] = set()
        beginnings: list[str] = []
        for choice in piece.split("|"):
            folded = fold(choice.removesuffix("*"))
            if _PIECE.fullmatch(choice) is None or not folded:
                raise ValueError(f"{choice!r} is not one word" if choice else f"{piece!r} has an empty choice")
            if not choice.endswith("*"):
                words.add(folded)
            elif len(folded) < 3:
                raise ValueError(f"{choice!r} begins too many words")
            else:
                beginnings.append(folded)
        elements.append(Element(words=frozenset(words), beginnings=tuple(beginnings), after_gap=gap))
        gap = False
    if gap:
        raise ValueError('".." does not stand between two words')
    if not elements:
        raise ValueError("no word")
    if len(elements) > MOST_WORDS or sum(element.after_gap for element in elements) > MOST_GAPS:
        raise ValueError(f"{len(elements)} words, {sum(element.after_gap for element in elements)} of them behind a gap")
    return tuple(elements)


@lru_cache(maxsize=8192)
def fold(word: str) -> str:
    """A word as it is compared: its first 60 signs without case, accents and curly apostrophes."""
    straight = word[:60].replace("’", "'")
    if straight.isascii():
        return straight.lower()
    apart = unicodedata.normalize("NFKD", straight.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).casefold()


def line_of(text: str) -> str:
    """The content of an `Issue:` line as it is compared: its words, folded."""
    return " ".join(fold(match[0]) for match in _WORD.finditer(text[:200].replace("_", " ")))


def issue_line(text: str) -> str | None:
    """The content of the first line `Issue: …` of a text, or None."""
    found = _ISSUE_LINE.search(text[:MOST_SIGNS])
    return found[1] if found is not None else None


def classify(subject: str, text: str, line: str | None, rules: IssueRules) -> IssueClass:
    """What a mail is about: by the `Issue:` line if it can be read, else by the words of subject and new text together. Never raises.

    The first class of the rules that has a word in them; `other` when none has.
    """
    if line is not None and line.strip():
        wanted = line_of(line)
        named = next((rule.name for rule in rules.rules if wanted in rule.lines or wanted == line_of(rule.name)), None)
        if named is None and wanted == line_of(IssueName.OTHER):
            named = IssueName.OTHER
        if named is not None:
            return IssueClass(name=named, words=(_shown(line),), by_line=True)
        found = _by_words(line, rules)
        if found.name is not IssueName.OTHER:
            return IssueClass(name=found.name, words=found.words, by_line=True)
    return _by_words(f"{subject[:1000]}\n\n{text}", rules)


def _by_words(text: str, rules: IssueRules) -> IssueClass:
    text = text[:MOST_SIGNS]
    matches = list(_WORD.finditer(text))
    words = [fold(match[0]) for match in matches]
    ends = _sentence_ends(text, [match.start() for match in matches])
    phrases = {word: tuple(rules.starting(word)) for word in set(words)}
    hits: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    voided: dict[int, set[int]] = {}
    for at, word in enumerate(words):
        for number, which, wanted in phrases[word]:
            places = _places(wanted, words, at, ends[at])
            if places is None:
                continue
            if which == _UNLESS:
                voided.setdefault(number, set()).update(range(places[0], places[-1] + 1))
            else:
                hits.setdefault((which, number), []).append(places)
    for key in sorted(hits):
        void = voided.get(key[1], set())
        found = [places for places in hits[key] if void.isdisjoint(places)]
        if found:
            shown = dict.fromkeys(_shown(_said(matches, places)) for places in found)
            return IssueClass(name=rules.rules[key[1]].name, words=tuple(shown)[:SHOWN])
    return IssueClass(name=IssueName.OTHER)


def _sentence_ends(text: str, starts: Sequence[int]) -> list[int]:
    """For each word, the number of the first word behind its sentence."""
    breaks = [match.start() for match in _BREAK.finditer(text)]
    ends = [len(starts)] * len(starts)
    nearest, end = len(breaks) - 1, len(starts)
    for at in range(len(starts) - 1, -1, -1):
        if nearest >= 0 and breaks[nearest] > starts[at]:
            end = at + 1
            while nearest >= 0 and breaks[nearest] > starts[at]:
                nearest -= 1
        ends[at] = end
    return ends


def _places(wanted: Phrase, words: Sequence[str], at: int, end: int) -> tuple[int, ...] | None:
    """Where the words of a phrase stand that begins at `at`, whose first word fits; the shortest way, or None."""
    ways: list[tuple[int, ...]] = [(at,)]
    for element in wanted[1:]:
        reach = GAP + 1 if element.after_gap else 1
        further = {}
        for way in ways:
            for place in range(way[-1] + 1, min(way[-1] + 1 + reach, end)):
                if place not in further and element.fits(words[place]):
                    further[place] = (*way, place)
        ways = list(further.values())
    return min(ways, key=lambda way: way[-1]) if ways else None


def _said(matches: Sequence[re.Match[str]], places: tuple[int, ...]) -> str:
    """The words as they stand in the text, with an ellipsis where others stand between."""
    said = matches[places[0]][0]
    for before, place in pairwise(places):
        said += (" " if place == before + 1 else " … ") + matches[place][0]
    return said


def _shown(text: str) -> str:
    return " ".join(text.split())[:80]
