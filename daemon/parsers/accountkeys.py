"""Who is asking: the keys in a mail by which an account can be looked up, each in the form in which it is compared.

Total and linear; a mail gives a bounded number of keys. Whether a key fits an account is `store/accounts`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from daemon.model import AddrSpec
from daemon.parsers.accountwords import (
    BETWEEN_FORMS,
    COMPANY,
    EMAIL,
    FILE_ENDINGS,
    FORMS_IN_LINES,
    FREE_HOSTS,
    FREE_NAMES,
    LABELS,
    LEGAL_FORMS,
    LEGAL_SIGNS,
    LICENSE,
    NAME,
    NOT_COMPANIES,
    ORDER,
    PHONE,
    VENDORS,
    WEBSITE,
)
from daemon.parsers.addresses import addr_spec, canonical_domain
from daemon.parsers.names import folded

KEYS = 10
"""Of one kind, that are read from one mail."""
PART = 4
"""Characters from which a part of a website, or the beginning of a company's name, is a key."""
_SIGNS = 20_000
_KEY_SIGNS = 200
_LABEL_SIGNS = 32
_TAIL_LINES = 12
_NAME_LINES = 3

_TOKENS = re.compile(r"[^\s<>()\[\]{}\"'`|,;“”„‘’«»、，；（）]+")
_ORDER = re.compile(
    r"(?<![^\W_])(?:orders?|ord|invoices?)(?![^\W_])[ \t]{0,3}(?:(?:no\.?|nos\.?|nr\.?|num\.?|numbers?|id|#|№|:|is|\.)[ \t]{0,3}){0,4}"
    r"(\d{3,10})(?![\d]|[-/.,:]\d|[^\W\d_])",
    re.IGNORECASE,
)
_MORE_ORDERS = re.compile(r"[ \t]{0,3}(?:,|/|&|and|und|et|y|or)[ \t]{0,3}#?[ \t]?(\d{3,10})(?![\d]|[-/.,:]\d|[^\W\d_])", re.IGNORECASE)
_LICENSE_GROUPS = re.compile(r"[A-Z0-9]{4,12}(?:-[A-Z0-9]{4,12}){2,9}\Z", re.IGNORECASE)
_LICENSE_WORD = re.compile(r"[A-Z0-9]{16,64}\Z")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f-]+\Z")
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)[ \t]?[1-9](?:[ \t().\-/\u00a0]{0,3}\d){6,14}(?!\d)")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ASCII_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_LIST_SIGNS = " \t>*_•-–\u00a0"
_END_SIGNS = ".:!?*_~…。！？"
_NOTHING = frozenset({"", "-", "--", "n/a", "na", "none", "no", "unknown", "?", "tbd", "not sure"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKeys:
    """The keys of one mail, each kind in the order of the mail, without repeats, as they are compared."""

    order_numbers: tuple[str, ...] = ()
    license_keys: tuple[str, ...] = ()
    websites: tuple[str, ...] = ()
    """Hosts in ASCII without `www.`; of a `Website:` line also a part of one ("shop")."""
    companies: tuple[str, ...] = ()
    """Without legal form, punctuation and blanks."""
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    """The last nine digits."""
    emails: tuple[AddrSpec, ...] = ()
    """Addresses in the text; the sender's own isn't one of them."""
    sender_domain: str | None = None
    """The domain of the sender's address, where it is a company's own."""


@dataclass(slots=True)
class _Found:
    author: str | None
    own: tuple[str, ...]
    keys: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, kind: str, value: str | None) -> None:
        if value and len(value) <= _KEY_SIGNS:
            of_kind = self.keys.setdefault(kind, {})
            if len(of_kind) < KEYS:
                of_kind[value] = None

    def ours(self, host: str) -> bool:
        return _within(host, self.own)

    def of(self, kind: str) -> tuple[str, ...]:
        return tuple(self.keys.get(kind, ()))


def read_keys(
    subject: str, text: str, display_name: str = "", author: AddrSpec | None = None, own_domains: Collection[str] = (), *,
    signature: str = "",
) -> AccountKeys:  # fmt: skip
    """The keys in a mail: its subject, its new text, the signature below it, its sender.

    Lines `Website:`, `Order:`, `Key:`, `Company:`, `Name:`, `Downloaded by:`, `Phone:` and `Email:` say what they hold; the rest is
    told by its shape. Hosts and addresses under `own_domains` are ours and are left out.
    """
    own = tuple(host for domain in own_domains if (host := canonical_domain(domain.strip(".")[:_KEY_SIGNS] or "-")) is not None)
    found = _Found(author, own)
    subject, body = _clean(subject[:_SIGNS]), _clean(text[:_SIGNS])
    below = _clean(signature[:_SIGNS])
    lines = [*body.splitlines(), *below.splitlines()]
    for line in lines:
        _read_label(line, found)
    for part in (subject, body, below):
        _read_orders(part, found)
        _read_tokens(part, found)
        for phone in _PHONE.finditer(part):
            found.add(PHONE, phone_key(phone[0]))
    if display_name and "@" not in display_name:
        found.add(NAME, name_key(display_name[:_KEY_SIGNS]))
    _read_signature(lines, display_name, found)
    domain = _company_domain(author, found)
    if domain is not None:
        found.add(COMPANY, company_key(_registered_label(domain)))
    return AccountKeys(
        order_numbers=found.of(ORDER), license_keys=found.of(LICENSE), websites=found.of(WEBSITE), companies=found.of(COMPANY),
        names=found.of(NAME), phones=found.of(PHONE), emails=tuple(map(AddrSpec, found.of(EMAIL))), sender_domain=domain,
    )  # fmt: skip


# --- the form in which keys are compared ----------------------------------------------------------------------------


def order_key(number: str) -> str:
    """An order number without case, blanks and a leading `#`."""
    return license_key(number).lstrip("#")


def license_key(key: str) -> str:
    """A license key without case and blanks."""
    return folded(folded(key).replace(" ", ""))


def website_key(website: str) -> str | None:
    """The host of a URL or of a bare host name, in ASCII, without `www.`; None when there is none.

    >>> website_key("https://WWW.Shop.example:8080/cart?x=1"), website_key("bücher.example")
    ('shop.example', 'xn--bcher-kva.example')
    """
    scheme, slashes, rest = website.strip().partition("://")
    authority = rest if slashes and scheme.isalnum() else website.strip()
    for sign in "/?#\\":
        authority = authority.partition(sign)[0]
    host = authority.rpartition("@")[2].partition(":")[0].replace("。", ".").strip(".")
    name = canonical_domain(host.lower()) if "." in host and len(host) <= _KEY_SIGNS else None
    if name is None:
        return None
    last = name.rpartition(".")[2]
    bare = name.removeprefix("www.")
    return bare if "." in bare and len(last) > 1 and (last.isalpha() or last.startswith("xn--")) else None


def company_key(name: str) -> str:
    """A company's name without case, legal form, punctuation and blanks; a name that is only a legal form stays.

    >>> company_key("Acme Homes, Inc."), company_key("ACME & Söhne GmbH & Co. KG"), company_key("Kaffee-Haus S.L.")
    ('acmehomes', 'acmeandsöhne', 'kaffeehaus')
    """
    text = name[:_KEY_SIGNS]
    for sign in LEGAL_SIGNS:
        text = text.replace(sign, " ")
    words = _words(text)
    kept = list(words)
    while len(kept) > 1 and (kept[-1] in LEGAL_FORMS or (len(kept) < len(words) and kept[-1] in BETWEEN_FORMS)):
        kept.pop()
    if len(kept) > 1 and kept[0] == "the":
        kept.pop(0)
    return "".join(kept)


def _words(text: str) -> list[str]:
    """The words of a name: "S.L." and "A/S" are one word, other punctuation parts two, `&` is "and"."""
    folded_text = folded(text).replace("sp. z o.o.", "spzoo").replace("&", " and ").replace("+", " and ").replace("'", "").replace("’", "")
    words = []
    for word in folded_text.split():
        pieces = [word] if word.isalnum() else "".join(sign if _is_of_a_word(sign) else " " for sign in word).split()
        words += ["".join(pieces)] if len(pieces) > 1 and all(len(piece) == 1 for piece in pieces) else pieces
    return _spelled_out(words)


def _is_of_a_word(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign)[0] == "M"


def _spelled_out(words: list[str]) -> list[str]:
    """Single letters one behind the other are an abbreviation: "s p a" of "S. p. A."."""
    joined: list[str] = []
    run = ""
    for word in [*words, ""]:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            joined += [run] if run in LEGAL_FORMS else list(run)
        run = ""
        if word:
            joined.append(word)
    return joined


def name_key(name: str) -> str:
    """A person's full name: folded, first name first, without punctuation.

    >>> name_key("LEE,  Ann"), name_key("Ann Lee")
    ('ann lee', 'ann lee')
    """
    last, comma, first = name[:_KEY_SIGNS].partition(",")
    turned = f"{first} {last}" if comma and first.strip() and "," not in first else name[:_KEY_SIGNS]
    name = folded(turned)
    return folded(name.translate({ord(sign): " " for sign in set(name) if sign != "-" and not _is_of_a_word(sign)}))


def phone_key(phone: str) -> str | None:
    """The last nine digits of a number of at least seven; None for fewer.

    >>> phone_key("+49 (0)30 123 45 67-89"), phone_key("030 123456789"), phone_key("112")
    ('123456789', '123456789', None)
    """
    digits = "".join(str(unicodedata.digit(sign)) for sign in phone[:_KEY_SIGNS] if sign.isdigit())
    return digits[-9:] if len(digits) >= 7 else None


def website_parts(notes: str, limit: int) -> tuple[str, ...]:
    """What an order's notes hold that a part of a website can be found in: hosts and words of at least four characters, at most `limit`."""
    found: dict[str, None] = {}
    for token in _TOKENS.finditer(_clean(notes[:_SIGNS])):
        if len(found) >= limit:
            break
        word = token[0].strip(_END_SIGNS)
        part = website_key(word) or word.lower()
        if len(part) >= PART and len(part) <= _KEY_SIGNS and part.isascii() and any(sign.isalpha() for sign in part):
            found[part] = None
    return tuple(found)


def is_free_host(host: str) -> bool:
    """Whether anybody can have an address there, so that the host says nothing of who it is."""
    return "." in host and (_registered_label(host) in FREE_NAMES or _within(host, FREE_HOSTS))


# --- reading --------------------------------------------------------------------------------------------------------


def _clean(text: str) -> str:
    """Compatibility forms made plain ("ｏｒｄｅｒ　９００１"), what can't be seen taken out."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)[: 2 * _SIGNS]
    return plain.translate({ord(sign): None for sign in set(plain) if unicodedata.category(sign) in ("Cf", "Cs")})


def _read_label(line: str, found: _Found) -> None:
    label, colon, value = line.strip(_LIST_SIGNS).partition(":")
    if not colon:
        label, colon, value = line.strip(_LIST_SIGNS).partition("=")
    kind = LABELS.get(folded(label).strip("*_ .?")) if len(label) <= _LABEL_SIGNS else None
    value = value.strip(_LIST_SIGNS).strip()
    if kind is None or folded(value) in _NOTHING or len(value) > _KEY_SIGNS:
        return
    if kind == ORDER and any(sign.isdigit() for sign in value) and len(value) <= 40:
        found.add(ORDER, order_key(value.strip(_END_SIGNS)))
    elif kind == LICENSE and len(value) >= 3:
        found.add(LICENSE, license_key(value.strip("'\"<>")))
    elif kind == WEBSITE:
        _add_website_line(value, found)
    elif kind == COMPANY:
        found.add(COMPANY, company_key(value))
    elif kind == NAME and "@" not in value:
        found.add(NAME, name_key(value))
    elif kind == PHONE:
        found.add(PHONE, phone_key(value))


def _add_website_line(value: str, found: _Found) -> None:
    """The host of a `Website:` line, or the part of one that a single word is. Whoever says so means it: a vendor's counts."""
    for token in _TOKENS.finditer(value):
        host = website_key(token[0].strip(_END_SIGNS))
        if host is not None:
            if not found.ours(host):
                found.add(WEBSITE, host)
            return
    part = value.strip(_END_SIGNS).lower().removeprefix("www.")
    if len(part) >= PART and part.isascii() and not any(sign.isspace() for sign in part) and "@" not in part:
        found.add(WEBSITE, part)


def _read_orders(text: str, found: _Found) -> None:
    for first in _ORDER.finditer(text):
        match: re.Match[str] | None = first
        for _ in range(KEYS):
            if match is None:
                break
            found.add(ORDER, match[1])
            match = _MORE_ORDERS.match(text, match.end())


def _read_tokens(text: str, found: _Found) -> None:
    """Hosts, addresses and license keys, told by their shape."""
    for match in _TOKENS.finditer(text):
        token = match[0].strip(_END_SIGNS)
        if "://" in token:
            _add_host(website_key(token[token.index("://") - min(token.index("://"), 5) :].lstrip(":*_.")), found)
        elif "@" in token:
            _add_address(token, found)
        elif "." in token:
            _add_host(_bare_host(token), found)
        elif _LICENSE_GROUPS.match(token) or _LICENSE_WORD.match(token):
            digits = sum(sign.isdigit() for sign in token)
            if digits and digits < len(token.replace("-", "")) and (token == token.upper() or _HEXADECIMAL.match(token)):
                found.add(LICENSE, license_key(token))


def _bare_host(token: str) -> str | None:
    """The host that a word with a dot is, unless it is a file's name or the end of one sentence and the begin of the next."""
    authority = token.partition("/")[0].partition(":")[0]
    if _CJK.search(authority):
        inside = _ASCII_HOST.search(authority)
        authority = inside[0].strip("-") if inside is not None else authority
    last = authority.rpartition(".")[2]
    if last.lower() in FILE_ENDINGS or (last[:1].isupper() and authority != authority.upper() and not authority[:1].isupper()):
        return None
    return website_key(authority)


def _add_host(host: str | None, found: _Found) -> None:
    if host is not None and not found.ours(host) and not is_free_host(host) and not _within(host, VENDORS):
        found.add(WEBSITE, host)


def _add_address(token: str, found: _Found) -> None:
    word = token[7:] if token[:7].lower() == "mailto:" else token.rpartition(":")[2]
    address, _ = addr_spec(word.partition("?")[0].strip(_END_SIGNS))
    if address is None or found.ours(address.rpartition("@")[2]):
        return
    if address != found.author:
        found.add(EMAIL, address)
    _add_host(website_key(address.rpartition("@")[2]), found)


def _read_signature(lines: list[str], display_name: str, found: _Found) -> None:
    """The company in the last lines: one with a legal form, and the one right below the sender's name."""
    tail = [stripped for line in lines[-4 * _TAIL_LINES :] if (stripped := line.strip(_LIST_SIGNS).strip())][-_TAIL_LINES:]
    name = name_key(display_name) if "@" not in display_name else ""
    below = _NAME_LINES
    for line in tail:
        if name and name_key(line) == name:
            below = 0
            continue
        below += 1
        if len(line) > 60 or ":" in line or "@" in line or "/" in line.replace("A/S", ""):
            continue
        for piece in re.split(r"[|•·]", line):
            words = _words(piece)
            if not words or len(words) > 7 or NOT_COMPANIES & set(words):
                continue
            told = len(words) > 1 and (words[-1] in FORMS_IN_LINES or any(sign in piece for sign in LEGAL_SIGNS))
            if told or (below <= _NAME_LINES and piece[:1].isupper() and not any(sign.isdigit() for sign in piece)):
                found.add(COMPANY, company_key(piece))


def _company_domain(author: str | None, found: _Found) -> str | None:
    domain = (author or "").rpartition("@")[2]
    if "." not in domain or found.ours(domain) or is_free_host(domain) or _within(domain, VENDORS):
        return None
    return domain


def _registered_label(domain: str) -> str:
    """The label that somebody registered: "acme" of mail.acme.co.uk."""
    labels = domain.split(".")
    second_level = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in {"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne"}
    return labels[-3] if second_level else labels[-2]


def _within(host: str, domains: Iterable[str]) -> bool:
    """Whether the host is one of these or below one of them."""
    if isinstance(domains, frozenset):
        labels = host.split(".")
        return any(".".join(labels[start:]) in domains for start in range(len(labels) - 1))
    return any(host == domain or host.endswith("." + domain) for domain in domains)
