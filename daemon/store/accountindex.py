"""The index that accounts are looked up by: every key of an organization as it is compared, and every part of its websites.

It is made of the directory alone, of nothing else, and made anew for each organization that an import touches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from daemon.parsers.accountkeys import PART, company_key, license_key, name_key, order_key, phone_key, website_key, website_parts
from daemon.store.schema import AccountKey, Contact, Evaluation, Order, Organization, OrganizationDomain, WebsiteTail, database
from daemon.store.statements import load, rows

ORDER, LICENSE, WEBSITE, COMPANY, NAME, PHONE = "order", "license", "website", "company", "name", "phone"
DOMAIN = "domain"
NOTE = "note"
"""Kinds of keys. A domain is one that the organization lists as its own; a note's word is looked for as a part only."""

NOTE_WORDS = 24
"""Of one order's notes, that a part of a website is looked for in."""
BATCH = 2000
"""Organizations of one statement, rows of one word of progress."""

Key = tuple[str, str, int]


def index_accounts(organizations: Collection[int] | None = None, tell: Callable[[int], None] = lambda _rows: None) -> None:
    """Make the index of these organizations anew, of all when None. Inside a transaction. `tell` hears of rows as they are done."""
    if organizations is None:
        WebsiteTail.delete().execute()
        AccountKey.delete().execute()
        _write(_keys(None), tell)
        _fill_tails(None)
        return
    wanted = sorted(organizations)
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        _forget(batch)
        _write(_keys(batch), tell)
        _fill_tails(batch)


def index_contact(contact_id: int) -> None:
    """Add the keys of a contact that has just come into being. Inside a transaction."""
    query = _contacts(None).where(Contact.id == contact_id)
    _write((key for row in rows(query) for key in _contact_keys(row)), lambda _rows: None)


# --- the keys of an organization --------------------------------------------------------------------------------------


def _keys(batch: list[int] | None) -> Iterator[Key]:
    """Of customers every key; of partners those of their orders and evaluations; of the house none."""
    of = _among(batch)
    for organization_id, name in rows(Organization.select(Organization.id, Organization.name).where(*of(Organization.id, "customer"))):
        yield COMPANY, company_key(name), organization_id
    query = OrganizationDomain.select(OrganizationDomain.domain, OrganizationDomain.organization).join(Organization)
    for domain, organization_id in rows(query.where(*of(OrganizationDomain.organization, "customer"))):
        yield DOMAIN, domain, organization_id
    for row in rows(_contacts(batch)):
        yield from _contact_keys(row)
    orders = Order.select(Order.organization, Order.number, Order.license_key, Order.website, Order.notes).join(Organization)
    for organization_id, number, key, website, notes in rows(orders.where(*of(Order.organization, "customer", "partner"))):
        yield ORDER, order_key(number), organization_id
        yield LICENSE, license_key(key or ""), organization_id
        yield from _website_keys(website, organization_id)
        for part in website_parts(notes, NOTE_WORDS) if notes else ():
            yield NOTE, part, organization_id
    trials = Evaluation.select(Evaluation.organization, Evaluation.downloaded_by, Evaluation.website).join(Organization)
    for organization_id, person, website in rows(trials.where(*of(Evaluation.organization, "customer", "partner"))):
        yield NAME, name_key(person or ""), organization_id
        yield from _website_keys(website, organization_id)


def _contacts(batch: list[int] | None) -> Any:
    of = _among(batch)
    query = Contact.select(Contact.organization, Contact.first_name, Contact.last_name, Contact.phone).join(Organization)
    return query.where(*of(Contact.organization, "customer"))


def _contact_keys(row: tuple[Any, ...]) -> Iterator[Key]:
    organization_id, first, last, phone = row
    yield NAME, name_key(f"{first} {last}"), organization_id
    yield PHONE, phone_key(phone or "") or "", organization_id


def _website_keys(cell: str | None, organization_id: int) -> Iterator[Key]:
    """The hosts of a cell that may hold several; what is no host is looked for as a part only."""
    for word in (cell or "").replace(",", " ").replace(";", " ").split()[:NOTE_WORDS]:
        host = website_key(word)
        if host is not None:
            yield WEBSITE, host, organization_id
        elif word.isascii() and len(word) >= PART:
            yield NOTE, word.lower()[:200], organization_id


def _among(batch: list[int] | None) -> Callable[..., list[Any]]:
    def conditions(column: Any, *kinds: str) -> list[Any]:
        return [Organization.kind.in_(kinds), *([column.in_(batch)] if batch is not None else [])]

    return conditions


# --- the tables -------------------------------------------------------------------------------------------------------


def _write(keys: Iterable[Key], tell: Callable[[int], None]) -> None:
    def counted() -> Iterator[Key]:
        for number, key in enumerate(keys, 1):
            if key[1]:
                yield key
            if not number % BATCH:
                tell(BATCH)

    load(AccountKey, ("kind", "value", "organization_id"), counted(), conflict="ignore")


def _fill_tails(batch: list[int] | None) -> None:
    """Every tail of at least PART characters of every website: whatever is part of one begins a tail of it.

    The database makes them itself, in order, so that the index grows at its end.
    """
    only, values = _only(batch)
    database.execute_sql(
        f"""INSERT INTO website_tail (tail, organization_id)
        WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
        SELECT DISTINCT substr(k.value, place.n) AS tail, k.organization_id FROM account_key k
        JOIN place ON place.n <= length(k.value) - {PART - 1}
        WHERE k.kind IN ('{WEBSITE}', '{NOTE}'){only} ORDER BY 1, 2""",  # noqa: S608 - of constants alone
        values,
    )


def _forget(batch: list[int]) -> None:
    only, values = _only(batch)
    database.execute_sql(
        f"""DELETE FROM website_tail WHERE (tail, organization_id) IN (
        WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
        SELECT substr(k.value, place.n), k.organization_id FROM account_key k
        JOIN place ON place.n <= length(k.value) - {PART - 1}
        WHERE k.kind IN ('{WEBSITE}', '{NOTE}'){only})""",  # noqa: S608 - of constants alone
        values,
    )
    AccountKey.delete().where(AccountKey.organization_id.in_(batch)).execute()


def _only(batch: list[int] | None) -> tuple[str, list[int]]:
    if batch is None:
        return "", []
    return f" AND k.organization_id IN ({', '.join([database.obj.param] * len(batch))})", batch


# --- the proof --------------------------------------------------------------------------------------------------------


def differences() -> Iterator[str]:
    """Where the index is not what the directory makes of it. Inside a transaction."""
    organizations = [number for (number,) in rows(Organization.select(Organization.id).order_by(Organization.id))]
    there = 0
    for start in range(0, len(organizations), BATCH):
        batch = organizations[start : start + BATCH]
        wanted = {key for key in _keys(batch) if key[1]}
        query = AccountKey.select(AccountKey.kind, AccountKey.value, AccountKey.organization_id)
        found = set(rows(query.where(AccountKey.organization_id.in_(batch))))
        there += len(found)
        for kind, value, number in sorted(wanted ^ found):
            lacks = "it is missing" if (kind, value, number) in wanted else "nothing of that organization makes it"
            yield f"account key {kind} {value!r} of organization {number}: {lacks}"
    if there != AccountKey.select().count():
        yield "account key: some are of no organization"
    made = f"""SELECT * FROM (WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
        SELECT substr(k.value, place.n) AS tail, k.organization_id FROM account_key k
        JOIN place ON place.n <= length(k.value) - {PART - 1} WHERE k.kind IN ('{WEBSITE}', '{NOTE}')) AS made"""  # noqa: S608 - of constants alone
    kept = "SELECT tail, organization_id FROM website_tail"
    for first, second, lacks in ((made, kept, "it is missing"), (kept, made, "no website has it")):
        for tail, number in database.execute_sql(f"{first} EXCEPT {second} ORDER BY 1, 2").fetchall():
            yield f"website tail {tail!r} of organization {number}: {lacks}"
