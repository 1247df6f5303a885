"""How names are compared: of people, organizations, queues, contracts, FAQs."""

from __future__ import annotations

import re
import unicodedata

from daemon.parsers.addresses import addr_spec

_IN_BRACKETS = re.compile(r"[^<>]{0,200}<([^<>\s]{1,320})>\Z")


def folded(text: str) -> str:
    """A name without regard to case, compatibility forms and repeated blanks.

    >>> folded(" ACME   Homes ")
    'acme homes'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.casefold().split())


def called(text: str) -> str:
    """What somebody is looked up by: their canonical address, else the folded handle or name, without its `@`.

    >>> called("Ann Lee <Ann.Lee@ACME.example>"), called("@Cara"), called("Ann  Lee")
    ('ann.lee@acme.example', 'cara', 'ann lee')
    """
    bare = text.strip()
    found = _IN_BRACKETS.match(bare)
    if found is not None and "@" in found[1]:
        bare = found[1]
    return addr_spec(bare)[0] or folded(bare.removeprefix("@"))


def first_and_last(name: str) -> tuple[str, str]:
    """A person's name split at its last blank; a single word is the first name.

    >>> first_and_last("Ana  Maria Diaz"), first_and_last("Ana")
    (('Ana Maria', 'Diaz'), ('Ana', ''))
    """
    first, _, last = " ".join(name.split()).rpartition(" ")
    return (first, last) if first else (last, "")


_FAQ_MARK = re.compile(r"faq(?:\s*[-:\u2010-\u2015]\s*|\s+)")
_VERSION = re.compile(r"(?<=\d)\.(?=x\b)")


def title_key(title: str) -> str:
    """The title of a FAQ or quick reply as it is looked up: in any case, with or without `FAQ-`, a full stop, the point of 5.x.

    >>> title_key("FAQ-Support for versions 5x and older."), title_key("support for versions 5.x and older")
    ('support for versions 5x and older', 'support for versions 5x and older')
    """
    words = folded(title)
    found = _FAQ_MARK.match(words)
    return _VERSION.sub("", words if found is None else words[found.end() :]).rstrip(" .")
