"""Find the account that somebody asks about, by the keys of a mail or of a telephone note, and the facts of an account.

An account is an organization. Several accounts over one key are nobody's: whoever asks is asked again, and hears no name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from daemon.model import ContactFacts
from daemon.parsers.accountkeys import PART, AccountKeys, order_key
from daemon.store import accountindex
from daemon.store.accountfacts import account_facts
from daemon.store.schema import AccountKey, Contact, ContactEmail, Organization, WebsiteTail
from daemon.store.statements import Select


class By(StrEnum):
    """What an account was found by."""

    SENDER = "sender"
    ORDER = "order number"
    LICENSE = "license key"
    WEBSITE = "website"
    EMAIL = "e-mail address"
    PHONE = "phone"
    COMPANY = "company"
    WEBSITE_PART = "part of a website"
    NAME = "name"


TRUST: tuple[tuple[By, ...], ...] = (
    (By.SENDER,), (By.ORDER, By.LICENSE), (By.WEBSITE,), (By.EMAIL,), (By.PHONE,), (By.COMPANY,), (By.WEBSITE_PART,), (By.NAME,),
)  # fmt: skip
"""The best key first; those beside each other are as good as each other."""


class Outcome(StrEnum):
    """What a look-up came to."""

    FOUND = "found"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A key that fits an account. `value` is the key as it was compared."""

    by: By
    value: str
    organization_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The account somebody asks about, or that it can't be told. Of several accounts none is in here."""

    outcome: Outcome
    organization_id: int | None = None
    organization: str | None = None
    by: By | None = None
    """The best key that fits anything; set when several accounts fit, too."""
    value: str | None = None
    order_number: str | None = None
    """The order that was named and belongs to the account."""
    unverified: bool = False
    """The sender is not on the account: nothing about it is told until level one has confirmed them."""
    contradicted: tuple[Hit, ...] = ()
    """Keys, not as good, that fit one other account. For the house alone."""

    @property
    def by_name_alone(self) -> bool:
        """Only a person's name says so; that discloses nothing to anybody."""
        return self.by is By.NAME

    def why(self) -> str:
        """One line for `explain`."""
        if self.outcome is Outcome.NONE:
            return "no key fits an account"
        if self.outcome is Outcome.AMBIGUOUS:
            return f"several accounts fit the {self.by} {self.value}"
        also = ", ".join(f"{hit.by} {hit.value}" for hit in self.contradicted)
        return (
            f"{self.organization} by {self.by} {self.value}"
            + ("; the sender is not on the account" if self.unverified else "")
            + (f"; of another account: {also}" if also else "")
        )


NOBODY = Found(outcome=Outcome.NONE)

_LAST = "\U0010ffff"


def find_account(keys: AccountKeys, sender_contact: ContactFacts | None) -> Found:
    """The account that these keys name.

    `sender_contact` is the contact of the sender where the sender is who they claim to be, else None; somebody of a partner or
    of the house asks for others, so that they themselves are no key. The best key with any hit decides: one account over all its
    hits is found, several are ambiguous. A key is followed to two accounts at most: that is as good as all.
    """
    sender = sender_contact if sender_contact is not None and sender_contact.organization_kind == "customer" else None
    hits: list[Hit] = []
    if sender is not None:
        hits.append(Hit(by=By.SENDER, value=sender.address, organization_id=sender.organization_id))
    hits += _exact(keys)
    hits += _by_email(keys.emails)
    if not _any(hits, By.COMPANY):
        hits += _beginnings(keys.companies)
    exact = {hit.value for hit in hits if hit.by is By.WEBSITE}
    hits += _parts(website for website in keys.websites if website not in exact)
    return _decided(hits, sender_contact)


# --- hits -------------------------------------------------------------------------------------------------------------

_KINDS = {
    accountindex.ORDER: By.ORDER, accountindex.LICENSE: By.LICENSE, accountindex.WEBSITE: By.WEBSITE, accountindex.DOMAIN: By.COMPANY,
    accountindex.PHONE: By.PHONE, accountindex.COMPANY: By.COMPANY, accountindex.NAME: By.NAME,
}  # fmt: skip


def _exact(keys: AccountKeys) -> list[Hit]:
    """Every hit of a key that is equal, in one statement."""
    asked = [
        *((accountindex.ORDER, value) for value in keys.order_numbers),
        *((accountindex.LICENSE, value) for value in keys.license_keys),
        *((accountindex.WEBSITE, value) for value in keys.websites),
        *((accountindex.PHONE, value) for value in keys.phones),
        *((accountindex.COMPANY, value) for value in keys.companies),
        *((accountindex.NAME, value) for value in keys.names),
        *([(accountindex.DOMAIN, keys.sender_domain)] if keys.sender_domain is not None else []),
    ]
    hits: list[Hit] = []
    for kind, value in dict.fromkeys(asked):
        hits += [Hit(by=_KINDS[kind], value=value, organization_id=row[0]) for row in _EXACT(kind=kind, value=value)]
    return hits


_EXACT = Select(
    lambda kind, value: (
        AccountKey.select(AccountKey.organization_id).where((AccountKey.kind == kind) & (AccountKey.value == value)).limit(2)
    )
)


def _by_email(addresses: Sequence[str]) -> list[Hit]:
    return [Hit(by=By.EMAIL, value=row[1], organization_id=row[0]) for row in (_EMAILS(addresses=list(addresses)) if addresses else ())]


_EMAILS = Select(
    lambda addresses: (
        Contact.select(Contact.organization, ContactEmail.address)
        .join(ContactEmail, on=(ContactEmail.contact == Contact.id))
        .join(Organization, on=(Contact.organization == Organization.id))
        .where(ContactEmail.address.in_(addresses) & (Organization.kind == "customer") & Contact.active)
    )
)


def _beginnings(companies: Iterable[str]) -> list[Hit]:
    """Companies whose name begins with one that was said."""
    return [
        Hit(by=By.COMPANY, value=company, organization_id=row[0])
        for company in companies
        if len(company) >= PART
        for row in _COMPANIES(first=company, last=company + _LAST)
    ]


_COMPANIES = Select(
    lambda first, last: (
        AccountKey.select(AccountKey.organization_id)
        .where((AccountKey.kind == accountindex.COMPANY) & (AccountKey.value >= first) & (AccountKey.value < last))
        .limit(2)
    )
)


def _parts(websites: Iterable[str]) -> list[Hit]:
    """Accounts one of whose websites has this in it."""
    hits: list[Hit] = []
    for website in websites:
        if len(website) < PART:
            continue
        within = {"first": website, "last": website + _LAST}
        one = _TAIL.first(**within)
        # DISTINCT would have PostgreSQL read the whole range of a common word
        another = _TAIL_OF_ANOTHER.first(**within, one=one[0]) if one is not None else None
        hits += [Hit(by=By.WEBSITE_PART, value=website, organization_id=row[0]) for row in (one, another) if row is not None]
    return hits


_TAIL = Select(
    lambda first, last: (
        WebsiteTail.select(WebsiteTail.organization_id).where((WebsiteTail.tail >= first) & (WebsiteTail.tail < last)).limit(1)
    )
)
_TAIL_OF_ANOTHER = Select(
    lambda first, last, one: (
        WebsiteTail.select(WebsiteTail.organization_id)
        .where((WebsiteTail.tail >= first) & (WebsiteTail.tail < last) & (WebsiteTail.organization_id != one))
        .limit(1)
    )
)


# --- the decision -----------------------------------------------------------------------------------------------------


def _any(hits: Iterable[Hit], by: By) -> bool:
    return any(hit.by is by for hit in hits)


def _decided(hits: Sequence[Hit], sender: ContactFacts | None) -> Found:
    for level in TRUST:
        best = [hit for hit in hits if hit.by in level]
        if not best:
            continue
        accounts = {hit.organization_id for hit in best}
        first = min(best, key=lambda hit: level.index(hit.by))
        if len(accounts) > 1:
            return Found(outcome=Outcome.AMBIGUOUS, by=first.by, value=first.value)
        account = first.organization_id
        fitting: dict[tuple[By, str], set[int]] = {}
        for hit in hits:
            fitting.setdefault((hit.by, hit.value), set()).add(hit.organization_id)
        only_other = (hit for hit in hits if len(fitting[hit.by, hit.value]) == 1 and hit.organization_id != account)
        contradicted = dict.fromkeys(hit for hit in only_other if hit.by is not By.NAME)
        named = next((hit.value for hit in hits if hit.by is By.ORDER and hit.organization_id == account), None)
        return Found(
            outcome=Outcome.FOUND, organization_id=account, organization=_name_of(account), by=first.by, value=first.value,
            order_number=_number_of(account, named) if named is not None else None,
            unverified=sender is None or sender.organization_id != account, contradicted=tuple(contradicted),
        )  # fmt: skip
    return NOBODY


def _name_of(organization_id: int) -> str | None:
    row = _NAME.first(organization=organization_id)
    return row[0] if row is not None else None


_NAME = Select(lambda organization: Organization.select(Organization.name).where(Organization.id == organization))


def _number_of(organization_id: int, key: str) -> str | None:
    """The number of an order as the directory writes it."""
    return next((order.number for order in account_facts(organization_id).orders if order_key(order.number) == key), None)
