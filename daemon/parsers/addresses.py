"""Addresses: the identity reader, which refuses whatever can be read in two ways, and the tolerant one for recipients.

Identity is the From field alone. `strict_author` reads it by a grammar of its own, smaller than RFC 5322's, because
general address parsers can be made to answer with a victim's address (CVE-2023-27043 and its kin).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from daemon.model import AddrSpec
from daemon.parsers.limits import IDENTITY_OCTETS
from daemon.parsers.words import decode_words, one_line

_LOCAL_OCTETS = 64
_DOMAIN_OCTETS = 253

_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_ENCODED_WORD = re.compile(r"=\?[^?\s@<>\"\\]{1,60}\?[bBqQ]\?[^?\s@<>\"\\]*\?=")
_ATOM = re.compile(r"[^\x00-\x20\x7f()<>@,;:\\\"\[\]]+")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x20-\x7e])*)"')
_SPACE = re.compile(r"[ \t]*")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ESCAPE = re.compile(r"\\(.)")

_FOUND = re.compile(r"[^\s<>()\[\]\",;:\\@]{1,64}@[^\s<>()\[\]\",;:\\@]{1,255}")


def strict_author(from_headers: tuple[str, ...], most: int = IDENTITY_OCTETS) -> tuple[AddrSpec | None, str, str | None]:
    """Tell (address, name, problem) of the From fields; the problem is set exactly when the address is None.

    Exactly one field of at most `most` octets with exactly one mailbox: an address alone, or a display name (atoms, quoted strings, encoded
    words) and an address in angle brackets. The address is a dot-atom at a DNS name; comments, groups, routes, quoted
    local parts and encoded words in the address are refused, and nothing may be left over. The domain comes out in its
    ASCII form (IDNA 2008, RFC 5891), all in lower case. Problems: "no-from", "several-from-fields", "too-long",
    "control-character", "comment", "group", "several-mailboxes", "no-address", "quoted-local-part",
    "encoded-word-in-address", "bad-local-part", "bad-domain", "left-over".
    """
    if not from_headers:
        return None, "", "no-from"
    shown = _shown_name(from_headers[0][:most])
    if len(from_headers) > 1:
        return None, shown, "several-from-fields"
    field = from_headers[0].strip(" \t")
    if len(field.encode("utf-8", "replace")) > most:
        return None, shown, "too-long"
    if _CONTROL.search(field):
        return None, shown, "control-character"
    name, spec, problem = _mailbox(field)
    if problem is not None:
        return None, shown, problem
    address, problem = addr_spec(spec)
    return address, _unquoted(name), problem


def addr_spec(text: str) -> tuple[AddrSpec | None, str | None]:
    """The canonical form of a strict addr-spec, or None and the problem."""
    if text.startswith('"'):
        return None, "quoted-local-part"
    if "=?" in text:
        return None, "encoded-word-in-address"
    if "(" in text or ")" in text:
        return None, "comment"
    local, at, domain = text.rpartition("@")
    if not at:
        return None, "no-address"
    if '"' in local:
        return None, "quoted-local-part"
    if len(local) > _LOCAL_OCTETS or not local.isascii() or _DOT_ATOM.match(local) is None:
        return None, "bad-local-part"
    ascii_domain = canonical_domain(domain)
    if ascii_domain is None:
        return None, "bad-domain"
    return AddrSpec(f"{local.lower()}@{ascii_domain}"), None


def canonical_domain(domain: str) -> str | None:
    """The DNS name in ASCII and lower case, or None when it is none (RFC 1123 section 2.1, RFC 5891 section 5).

    >>> canonical_domain("Bücher.example")
    'xn--bcher-kva.example'
    """
    labels = domain.split(".")
    result = []
    for label in labels:
        if not label.isascii():
            converted = _a_label(label)
            if converted is None:
                return None
            label = converted
        label = label.lower()
        if _LABEL.match(label) is None:
            return None
        result.append(label)
    name = ".".join(result)
    return None if result[-1].isdigit() or len(name) > _DOMAIN_OCTETS else name


def _a_label(label: str) -> str | None:
    """Punycode of a label of letters, digits and marks.

    A label that compatibility mapping would change is refused: two programs could disagree on what it means.
    """
    lower = unicodedata.normalize("NFC", label[:64].lower())
    if len(label) > 63 or unicodedata.normalize("NFKC", lower) != lower:
        return None
    for sign in lower:
        if sign != "-" and unicodedata.category(sign) not in ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd"):
            return None
    if lower[0] == "-" or lower[-1] == "-" or unicodedata.category(lower[0]).startswith("M"):
        return None
    return "xn--" + lower.encode("punycode").decode("ascii")


def _mailbox(field: str) -> tuple[str, str, str | None]:
    """(display name as written, what stands as addr-spec, problem) of a field that is one mailbox."""
    if "<" not in field and ">" not in field:
        if '"' in field:
            return "", "", "quoted-local-part" if "@" in field else "no-address"
        if "(" in field or ")" in field:
            return "", "", "comment"
        return "", field, _shape_problem(field)
    position = 0
    while position < len(field) and field[position] != "<":
        match = _ENCODED_WORD.match(field, position) or _QUOTED.match(field, position) or _ATOM.match(field, position)
        if match is None:
            sign = field[position]
            return "", "", {"(": "comment", ")": "comment", ":": "group", ";": "group", ",": "several-mailboxes"}.get(sign, "left-over")
        position = match.end()
        space = _SPACE.match(field, position)
        assert space is not None
        position = space.end()
    close = field.find(">", position)
    if close < 0:
        return "", "", "no-address"
    name, spec, rest = field[:position], field[position + 1 : close], field[close + 1 :].strip(" \t")
    if rest:
        return "", "", "several-mailboxes" if rest[0] in ",;" or "@" in rest else "comment" if rest[0] == "(" else "left-over"
    return name, spec.strip(" \t"), _shape_problem(spec.strip(" \t"))


def _shape_problem(spec: str) -> str | None:
    if not spec or "@" not in spec:
        return "no-address"
    if spec.startswith('"') or "=?" in spec:
        return None  # named by addr_spec
    if ":" in spec or ";" in spec:
        return "group"
    if "," in spec:
        return "several-mailboxes"
    if spec.count("@") > 1:
        return "several-mailboxes"
    return None


def _shown_name(field: str) -> str:
    """What a person would read as the name, for a mail whose author can't be told."""
    return _unquoted(field.partition("<")[0] if "<" in field or "@" not in field else "")


def _unquoted(name: str) -> str:
    """A display name as people read it: quoted strings without their quotes, encoded words decoded."""
    if '"' in name:
        name = _ESCAPE.sub(r"\1", name.replace('\\"', "\x00").replace('"', "").replace("\x00", '"'))
    return decode_words(name).strip(" \t")


def tolerant_addresses(values: Iterable[str], limit: int) -> tuple[AddrSpec, ...]:
    """The addresses in To, Cc, Delivered-To and the like, canonical, in order, without repeats, at most `limit`.

    Never raises. Addresses inside quoted strings, comments and encoded words don't count; a domain that is no DNS name
    is kept in lower case as it stands. Never for identity.
    """
    found: dict[AddrSpec, None] = {}
    looked_at = 0
    for value in values:
        text = _without_strings(value)
        for match in _FOUND.finditer(text):
            looked_at += 1
            if looked_at > limit:
                return tuple(found)
            local, _, domain = match[0].rpartition("@")
            if "=?" in local:
                continue
            domain = domain.strip(".'")
            local = local.strip("'")
            if local and domain:
                found[AddrSpec(f"{local.lower()}@{canonical_domain(domain) or domain.lower()}")] = None
    return tuple(found)


def _without_strings(value: str) -> str:
    """The field with quoted strings and comments blanked, unless a quoted string is a local part (then unquoted)."""
    value = one_line(value)
    if '"' not in value and "(" not in value:
        return value
    out: list[str] = []
    position, depth, start = 0, 0, 0
    length = len(value)
    while position < length:
        sign = value[position]
        if depth:
            if sign == "\\":
                position += 1
            elif sign == "(":
                depth += 1
            elif sign == ")":
                depth -= 1
                start = position + 1
        elif sign == "(":
            out.append(value[start:position] + " ")
            depth = 1
        elif sign == '"':
            quoted = _QUOTED.match(value, position)
            if quoted is not None:
                out.append(value[start:position])
                local = value.startswith("@", quoted.end())
                out.append(_ESCAPE.sub(r"\1", quoted[1]) if local else " ")
                position = start = quoted.end()
                continue
        position += 1
    if not depth:
        out.append(value[start:])
    return "".join(out)
