"""How names are compared: of people, organizations, queues, contracts."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """A name without regard to case, compatibility forms and repeated blanks.

    >>> folded(" ACME   Homes ")
    'acme homes'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.casefold().split())
