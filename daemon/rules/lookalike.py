"""Sender addresses that look like somebody else's: letters of two scripts in one label, or a domain that is nearly a known one. Pure.

Nothing is granted or refused by this, identity is compared in ASCII alone; it only tells a person where eyes can be deceived
(Unicode Technical Standard 39, sections 4 and 5.1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ADDRESS = re.compile(r"([^\s<>()\[\]\",;:\\@]{1,64})@([^\s<>()\[\]\",;:\\@]{1,255})")
_LIKE_LATIN = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "FULLWIDTH", "MATHEMATICAL"})
"""The first word of the names of letters that are mistaken for Latin ones."""
_TWINS = str.maketrans(
    "аеорсухіјѕԁһԛԝкмтвнгпбαοενρικτυχωηօոսցհ01|",
    "aeopcyxijsdhqwkmtbhrn6aoevpiktuxwnonugholl",
)  # fmt: skip
"""The Latin letter that each is mistaken for."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
LEAST = 6
"""Signs of a name from which on one wrong sign is a likeness: of shorter ones too many differ by one."""


def lookalike(shown: str, known: Iterable[str]) -> str | None:
    """Why the address in a From field, `shown` decoded, may be taken for another one; None: no reason to think so.

    `known` are domains in their ASCII form. A known domain, and what is below it, is like none.
    """
    found = _ADDRESS.findall(shown)
    if not found:
        return None
    local, written = found[-1]
    domain = _readable(written.rstrip(".").lower())
    for label in (local, *domain.split(".")):
        scripts = _scripts(label)
        if scripts & _LIKE_LATIN and len(scripts) > 1:
            return f"the sender's address mixes letters of different scripts: {' and '.join(sorted(scripts)).lower()}"
    domains = {_readable(one) for one in known}
    if any(domain == one or domain.endswith(f".{one}") for one in domains):
        return None
    like = next((one for one in sorted(domains) if _is_like(domain, one)), None)
    return f"the sender's domain {written} looks like {like}, and is another" if like is not None else None


def _readable(domain: str) -> str:
    """A domain as people see it: A-labels as the letters they stand for (RFC 5891)."""
    return ".".join(_letters(label) for label in domain.split("."))


def _letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def _scripts(label: str) -> set[str]:
    return {unicodedata.name(sign, "?").split(" ")[0] for sign in label if sign.isalpha()}


def _skeleton(domain: str) -> str:
    """What a hasty eye sees."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", domain) if not unicodedata.combining(sign)).lower().translate(_TWINS)
    for pair, single in _PAIRS:
        plain = plain.replace(pair, single)
    return plain


def _is_like(domain: str, known: str) -> bool:
    seen, wanted = _skeleton(domain), _skeleton(known)
    if seen == wanted or seen.startswith(f"{wanted}.") or (seen.endswith(wanted) and seen[-len(wanted) - 1] != "."):
        return True
    name, _, rest = seen.partition(".")
    wanted_name, _, wanted_rest = wanted.partition(".")
    return rest == wanted_rest and len(wanted_name) >= LEAST and _one_wrong(name, wanted_name)


def _one_wrong(one: str, other: str) -> bool:
    """Whether one sign more, less or changed, or two that changed places, make the one of the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[start:], other[start:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or (left[:2] == right[1::-1] and left[2:] == right[2:])
