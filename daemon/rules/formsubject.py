"""What the subject of a mail tells of a form: whether the mail forwards something, whether it names the form. Pure."""

from __future__ import annotations

import re

from daemon.model import ForwardedInline

_FORWARD_WORDS = frozenset((
    "fw", "fwd", "wg", "tr", "rv", "vb", "vl", "i", "enc", "pd", "ilt", "trs", "fs", "doorst", "videresend", "转发", "轉寄", "转寄",
))  # fmt: skip
_FIRST_PREFIX = re.compile(r"\s*([^\W\d]{1,12})\s{0,8}(?:\[[^\[\]]{0,80}\]|\(\d{1,4}\)|\*\d{1,4})?\s{0,8}[:：]")
_REPLY_WORDS = frozenset(("re", "aw", "antw", "antwort", "sv", "vs", "vá", "ref", "rif", "r", "res", "odp", "ynt", "回复", "回覆", "返信"))


def is_forward(subject: str, inline: ForwardedInline, *, replies: bool) -> bool:
    """Whether the copied header is that of a forwarded mail and not of a quoted one. `replies`: the mail names one it replies to.

    The first prefix of the subject decides; without one a line that says so, or that the mail replies to nothing.
    """
    found = _FIRST_PREFIX.match(subject[:200])
    word = found[1].lower() if found is not None else ""
    if word in _FORWARD_WORDS:
        return True
    return word not in _REPLY_WORDS and (inline.marked or not replies)


def titled(subject: str, title: str) -> bool:
    """Whether the subject names the form: its title stands there between signs or edges, and not in a sentence.

    >>> titled("Channel Partner Form [#41]", "Channel Partner Form"), titled("About the Channel Partner Form", "Channel Partner Form")
    (True, False)
    """
    text, wanted = subject.casefold(), title.strip().casefold()
    start = text.find(wanted) if wanted else -1
    if start < 0:
        return False
    before, after = text[:start].rstrip(), text[start + len(wanted) :].lstrip()
    return (not before or not before[-1].isalnum()) and (not after or not after[0].isalnum())
