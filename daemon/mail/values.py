"""Values and their slots: what a template may be given, and how it gets into the finished text without being read as markup.

A template is rendered with a sign for private use in the place of each value. Only the rendered skeleton is read as
Markdown and HTML; then the values, escaped, take the places of the signs. So nobody's words are ever markup. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

from daemon.mail.encodedwords import one_line

_FIRST = 0xF0000
"""Supplementary Private Use Area-A: two signs a value, one for its words and one for a link's address."""
_LAST = 0xFFFFD
_BLOCK = 0x10000
"""Added to a slot that has a paragraph of its own: its line breaks are kept."""
MOST_SLOTS = (_LAST - _FIRST) // 2

RESERVED = re.compile("[\U000f0000-\U0010fffd]")
_SLOT = re.compile("([\U000f0000-\U0010fffd])")
_LONE_SLOT = re.compile("[\U000f0000-\U0010fffd]\\Z")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_LINE_BREAK = re.compile("\r\n|\r|\n")
_INDENT = re.compile("^ +|(?<= ) ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-tap mail: HTML offers a `mailto:` (RFC 6068) under `label`, the text part says in words what to send.

    Where the label is itself the first line of what is sent, the words of the label are enough, unless it goes `elsewhere` than an answer
    to the mail it stands in. Without a `subject` it has that of such an answer.
    """

    label: str
    address: str
    body: str = ""
    subject: str = ""
    elsewhere: bool = False

    @property
    def uri(self) -> str:
        """The mailto: URI."""
        return self.uri_about(self.subject)

    def uri_about(self, subject: str) -> str:
        """The mailto: URI of a mail with this subject. Everything but the address is percent-encoded, line breaks as CRLF (section 5)."""
        fields = (("subject", one_line(subject)), ("body", "\r\n".join(_LINE_BREAK.split(self.body))))
        written = "&".join([f"{name}={quote(value, safe='', errors='replace')}" for name, value in fields if value])
        return f"mailto:{quote(self.address, safe='@+', errors='replace')}" + (f"?{written}" if written else "")

    @property
    def words(self) -> str:
        """The same in words."""
        return f'send "{one_line(self.body)}" to {self.address}' if self.body else f"write to {self.address}"

    @property
    def aside(self) -> str:
        """What the text part adds behind the label: nothing, or the words in parentheses."""
        said = self.body and one_line(self.label) == one_line(self.body.partition("\n")[0])
        if self.elsewhere:
            return f" to {self.address}" if said else f" ({self.words})"
        return "" if said else f" ({self.words})"


Value: TypeAlias = "str | bool | int | Link | Sequence[Value] | Mapping[str, Value] | None"
"""Plain data only. Empty text and None are false in a template; numbers count as text."""


def one_tap(command: str, address: str, subject: str = "", *, elsewhere: bool = False) -> Link:
    """The link that sends a command, under the words one would write: its first line."""
    return Link(label=command.partition("\n")[0].strip(), address=address, body=command, subject=subject, elsewhere=elsewhere)


def tappable(value: Value, address: str) -> Value:
    """The same value, where every table with a `command` has the one-tap `link` that sends it to this address, or to its own `address`."""
    if isinstance(value, Mapping):
        made = {key: tappable(item, address) for key, item in value.items()}
        command, own = value.get("command"), value.get("address")
        if not isinstance(command, str) or not command:
            return made
        if isinstance(own, str) and own:
            return made | {"link": one_tap(command, own, str(value.get("subject") or ""), elsewhere=True)}
        return made | {"link": one_tap(command, address)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [tappable(item, address) for item in value]
    return value


class Slots:
    """The values of one rendering in the order of their slots, and the shape that a skeleton is remembered by."""

    __slots__ = ("_shape", "values")

    def __init__(self) -> None:
        self.values: list[str | Link] = []
        self._shape: list[str] = []

    @property
    def shape(self) -> str:
        """Equal for two renderings exactly when a template makes the same skeleton of both."""
        return "".join(self._shape)

    def mark(self, value: object) -> object:
        """The value as the template engine sees it. Raises TypeError on what is not plain, ValueError on too much."""
        if value is None or value == "":
            self._shape.append("0")
            return ""
        if isinstance(value, bool):
            self._shape.append("T" if value else "F")
            return value
        if isinstance(value, (str, int)):
            words = value if type(value) is str else str(value)
            if not words.strip():
                self._shape.append("0")
                return ""
            self._shape.append("1")
            return self._slot(words)
        if isinstance(value, Link):
            self._shape.append("L")
            sign = self._slot(value)
            return f"[{sign}]({chr(ord(sign) + 1)})"
        if isinstance(value, Mapping):
            self._shape.append("{" + ",".join(value) + ":")
            marked = {key: self.mark(item) for key, item in value.items()}
            self._shape.append("}")
            return marked
        if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
            self._shape.append("[")
            items = [self.mark(item) for item in value]
            self._shape.append("]")
            return items
        raise TypeError(f"{type(value).__name__} is no plain value")

    def _slot(self, value: str | Link) -> str:
        if len(self.values) >= MOST_SLOTS:
            raise ValueError(f"more than {MOST_SLOTS} values")
        self.values.append(value)
        return chr(_FIRST + 2 * (len(self.values) - 1))


Pieces: TypeAlias = tuple[str, ...]
"""Text and slots by turns, text first."""


def pieces(skeleton: str) -> Pieces:
    """A skeleton cut at its slots."""
    return tuple(_SLOT.split(skeleton))


def is_slot(text: str) -> bool:
    """Whether a text is one slot and nothing else."""
    return _LONE_SLOT.match(text) is not None


def as_block(inline: str) -> str | None:
    """The slot that keeps its lines, when a paragraph is nothing but one slot."""
    if not is_slot(inline):
        return None
    return inline if ord(inline) > _LAST else chr(ord(inline) + _BLOCK)


def fill_text(skeleton: Pieces, values: Sequence[str | Link]) -> str:
    """The skeleton as plain text. Only a value with a paragraph of its own keeps its line breaks."""
    filled = list(skeleton)
    for at in range(1, len(filled), 2):
        value, is_address, is_block = _value(filled[at], values)
        if isinstance(value, Link):
            filled[at] = value.aside if is_address else one_line(value.label)
        else:
            filled[at] = lines(value) if is_block else one_line(value)
    return "".join(filled)


def fill_html(skeleton: Pieces, values: Sequence[str | Link], answer: str = "") -> str:
    """The skeleton as HTML, every value escaped. `answer`: the subject of what links without a subject of their own send."""
    filled = list(skeleton)
    for at in range(1, len(filled), 2):
        value, is_address, is_block = _value(filled[at], values)
        if isinstance(value, Link):
            filled[at] = escaped(value.uri_about(value.subject or answer) if is_address else one_line(value.label))
        elif is_block:
            filled[at] = _INDENT.sub(_as_wide, escaped(lines(value).expandtabs(4))).replace("\n", "<br>\n")
        else:
            filled[at] = escaped(one_line(value))
    return "".join(filled)


def lines(value: str) -> str:
    """A value with its line breaks, all of them LF, without controls and without empty lines around it."""
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return value if value.isascii() and _CONTROLS.search(value) is None else _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", value))


def _as_wide(spaces: re.Match[str]) -> str:
    """Spaces that HTML doesn't swallow."""
    return "&nbsp;" * len(spaces[0])


def _value(slot: str, values: Sequence[str | Link]) -> tuple[str | Link, bool, bool]:
    """The value of a slot, whether its address is meant, and whether it has a paragraph of its own."""
    number = ord(slot) - _FIRST
    is_block = number >= _BLOCK
    if is_block:
        number -= _BLOCK
    return values[number >> 1], bool(number & 1), is_block


def escaped(text: str) -> str:
    """Plain text as HTML, in an element or an attribute."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
