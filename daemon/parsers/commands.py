"""The commands in the new words of a mail: which lines are commands, what they take, and what is left as the comment.

Only a line that begins with a command sign and a verb is a command; a verb inside a sentence is text. Nothing is granted here.
Pure, total, linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from daemon.parsers.keywords import BLOCK, BY_VERB, LINE, VOCABULARY, Vocabulary

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_EDGE = " \t\r\f\v\xa0\u3000" + _INVISIBLE
_LETTERS = r"[^\W\d_][^\W\d_\u0300-\u036f]{0,39}"
_VERB = rf"{_LETTERS}(?:[-‐‑]{_LETTERS}){{0,3}}"
_COMMAND = re.compile(
    rf"(?:[*•-][ \t\xa0]{{1,20}})?[#!/＃！／﹟﹗]"
    rf"(?:(?P<verb>{_VERB})(?=$|[\s:,–—：，-]|[.!．！。…]{{1,20}}(?:\s|$))(?P<rest>.*)|[ \t\xa0]{{1,20}}(?P<apart>{_VERB})$)",
    re.DOTALL,
)
_TAIL = re.compile(r"(?:[\s:,–—：，-]|[.!．！。…]{1,20}(?=\s|$))*")
_STARTS = frozenset("#!/＃！／﹟﹗*•-")
_MENTION = re.compile(r"(?<![\w.+@-])@([a-z0-9](?:[a-z0-9._-]{0,63})(?:@[a-z0-9][a-z0-9.-]{0,252})?)", re.IGNORECASE | re.ASCII)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|moin|servus|liebe[rs]?|"
    r"sehr geehrte[rs]?|bonjour|bonsoir|salut|hola|buenos d[ií]as|buenas(?: tardes)?|ol[áa]|bom dia|boa tarde|ciao|buongiorno|salve|"
    r"goedemorgen|goedemiddag|dag|beste)(?P<rest>[\s,!.:;–-].{0,60}|)",
    re.IGNORECASE | re.DOTALL,
)
_POLITE = frozenset(("please", "pls", "thanks", "thx", "thank", "you", "many", "ty", "cheers", "bitte", "danke", "merci", "gracias"))
_MOST_GUESSES = 50
"""How many different unknown words of one mail are compared with the vocabulary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command as written. `line` counts from 1 in the new text, `written` is that line, trimmed.

    `argument` is what the verb takes: trimmed, at most one blank line in a row. `tail` is the part of it on the verb's own line.
    """

    verb: str
    argument: str
    tail: str
    line: int
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """An unknown word that looks like a verb: `suggestion` is the verb, `rest` what follows on its line."""

    word: str
    suggestion: str
    rest: str
    line: int
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What the new text says. `unknown` are misspelled commands at the top of it, `near_misses` look-alikes further down."""

    commands: tuple[Command, ...]
    comment: str
    unknown: tuple[Guess, ...]
    near_misses: tuple[Guess, ...]
    mentions: tuple[str, ...]
    """The handles and addresses named by `@` in the comment, lower case, each once."""
    begins_with_mention: bool
    is_greeting: bool
    """The comment is nothing but a salutation: there is nothing to tell anybody."""


def read_commands(new_text: str, vocabulary: Vocabulary = VOCABULARY) -> Commands:
    """Read the commands of a text without quotations and signature. Never raises; nothing outside the vocabulary is ever a command."""
    reader = _Reader(vocabulary)
    for number, line in enumerate(new_text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        reader.take(line, number)
    reader.end()
    comment = "\n".join(reader.comment).strip()
    return Commands(
        commands=tuple(reader.commands),
        comment=comment,
        unknown=tuple(reader.unknown),
        near_misses=tuple(reader.near_misses),
        mentions=mentions_in(comment),
        begins_with_mention=_MENTION.match(comment) is not None,
        is_greeting=bool(comment) and all(is_greeting(line) for line in comment.split("\n") if line.strip()),
    )


def mentions_in(text: str) -> tuple[str, ...]:
    """The handles and addresses behind an `@`, lower case, in order, each once. The `@` inside an address names nobody.

    >>> mentions_in("@Marta, ask joe@acme.example and @cara.ruiz@support.example.")
    ('marta', 'cara.ruiz@support.example')
    """
    if "@" not in text:
        return ()
    return tuple(dict.fromkeys(found.lower().rstrip("._-") for found in _MENTION.findall(text)))


def is_greeting(line: str) -> bool:
    """Whether a line only says hello ("Hi team,", "Hello Cara").

    >>> is_greeting("Hi team,"), is_greeting("Hello, the gateway is broken")
    (True, False)
    """
    text = line.strip(_EDGE)
    found = _GREETING.fullmatch(text) if len(text) <= 80 else None
    if found is None:
        return False
    words = found["rest"].strip(" \t,!.:;–-").split()
    return len(words) <= 1 or (len(words) <= 4 and text[-1] in ",!:–-" and "," not in found["rest"].strip()[:-1])


def is_polite(text: str) -> bool:
    """Whether words say nothing but please and thank you."""
    return len(text) <= 40 and all(word.strip(".,!") in _POLITE for word in text.casefold().split())


class _Reader:
    """Goes over the lines once; text lines belong to the block that is open, else to the comment."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.commands: list[Command] = []
        self.comment: list[str] = []
        self.unknown: list[Guess] = []
        self.near_misses: list[Guess] = []
        self.guessed: dict[str, str | None] = {}
        self.block: Command | None = None
        self.block_lines: list[str] = []
        self.seen_text = False

    def take(self, line: str, number: int) -> None:
        text = line.strip(_EDGE)
        found = _COMMAND.match(text) if text[:1] in _STARTS and text else None
        if found is None or not self.is_command(found, text, number):
            self.text(line, text)

    def is_command(self, found: re.Match[str], text: str, number: int) -> bool:
        """Record the command this line is, or the misspelled one; False when the line is text."""
        word, rest = (found["verb"], _after_verb(found["rest"])) if found["verb"] is not None else (found["apart"], "")
        verb = self.vocabulary.verb(word)
        if verb is None:
            return found["verb"] is not None and self.guess(Guess(word=word, suggestion="", rest=rest, line=number, written=text))
        if verb == "end":
            if rest:  # "#end of the month" is text
                return False
            self.end()
            return True
        self.end()
        keyword = BY_VERB[verb]
        command = Command(verb=verb, argument=rest, tail=rest, line=number, written=text)
        if keyword.kind == BLOCK:
            self.block = command
            self.block_lines = [rest]
        elif keyword.kind == LINE:
            self.commands.append(command)
        else:
            self.commands.append(command)
            if rest and not is_polite(rest):
                self.text(rest, rest)
        return True

    def guess(self, guess: Guess) -> bool:
        """Whether an unknown word is a misspelled command at the top. Further down it only looks like one and stays text."""
        word = guess.word.casefold()
        if word not in self.guessed:
            if len(self.guessed) >= _MOST_GUESSES:
                return False
            self.guessed[word] = self.vocabulary.nearest(word)
        suggestion = self.guessed[word]
        if suggestion is None or suggestion == "end":
            return False
        meant = Guess(word=word, suggestion=suggestion, rest=guess.rest, line=guess.line, written=guess.written)
        if self.seen_text:
            self.near_misses.append(meant)
            return False
        self.end()
        self.unknown.append(meant)
        return True

    def text(self, line: str, text: str) -> None:
        if not self.seen_text and text and not is_greeting(text):
            self.seen_text = True
        (self.comment if self.block is None else self.block_lines).append(line)

    def end(self) -> None:
        """Close the block that is open."""
        if self.block is not None:
            block = self.block
            argument = _argument(self.block_lines)
            self.commands.append(Command(verb=block.verb, argument=argument, tail=block.tail, line=block.line, written=block.written))
            self.block = None
            self.block_lines = []


def _after_verb(rest: str) -> str:
    found = _TAIL.match(rest)
    return rest[found.end() :].strip() if found is not None else rest


def _argument(lines: Iterable[str]) -> str:
    kept: list[str] = []
    for line in lines:
        line = line.rstrip()
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
