"""Which words a mail says, small enough to be kept beside it, so that a later one can be held against it. Pure.

A program that answers every mail says the same again and again, but for a number, a date, a name. A person who writes ten mails says
ten things. Kept are the least of the checksums of the words (a bottom-k sketch, Broder 1997): what two of them have in common is what
the texts have in common, exactly for short texts and nearly for long ones, and no text can be read back from it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice

WORDS_KEPT = 32
WORDS_READ = 5000
COMMON = 0.75
"""Two mails say the same when so much of the words of both together is in each."""

_DIGITS = 6
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[^\W\d_]+")


def wording(text: str, files: Iterable[str] = ()) -> str:
    """What to keep of a text and of the digests of the files beside it. Whatever holds a digit is no word: it is what changes.

    >>> says_the_same(wording("Your ticket #4711 was received."), wording("Your ticket #12 was received at 9:31"))
    True
    """
    sums = {zlib.crc32(word.encode("utf-8", "replace")) & 0xFFFFFF for word in _words(text)}
    sums |= {zlib.crc32(file.encode()) & 0xFFFFFF for file in files}
    return "".join(f"{value:0{_DIGITS}x}" for value in sorted(sums)[:WORDS_KEPT])


def says_the_same(one: str, other: str) -> bool:
    """Whether two mails, as `wording` keeps them, say the same; two that say nothing do."""
    first, second = _sums(one), _sums(other)
    together = set(sorted(first | second)[:WORDS_KEPT])
    return len(together & first & second) >= COMMON * len(together)


def _words(text: str) -> Iterator[str]:
    for found in {found[0] for found in islice(_WORD.finditer(text), WORDS_READ)}:
        word = found.casefold()
        if word.isalpha():
            yield word
        elif not word.isascii():
            yield from _LETTERS.findall(word)  # a script that puts no spaces between its words


def _sums(kept: str) -> set[str]:
    return {kept[start : start + _DIGITS] for start in range(0, len(kept), _DIGITS)}
