"""Register a contact under an existing organization."""

from __future__ import annotations

import json
import re
import unicodedata

from daemon.actions.vocabulary import RegisterContact
from daemon.store.accountindex import index_contact
from daemon.store.schema import Contact, ContactEmail, ContactRole
from daemon.store.statements import rows


def register_contact(action: RegisterContact) -> int:
    """Make the contact; its id. Raises IntegrityError when the address is taken by now."""
    contact_id: int = Contact.insert(
        handle=free_handle(action.first_name, action.address), first_name=action.first_name, last_name=action.last_name,
        organization=action.organization_id, phone=action.phone, extra=json.dumps(dict(action.extra), ensure_ascii=False),
    ).execute()  # fmt: skip
    ContactEmail.insert(address=action.address, contact=contact_id, position=0).execute()
    ContactRole.insert(contact=contact_id, role=action.role).execute()
    index_contact(contact_id)
    return contact_id


def free_handle(first_name: str, address: str) -> str:
    """A handle nobody has, made of the first name, or where that has no plain letters, of the local part: [a-z0-9._-]+."""
    stem = _plain(first_name) or _plain(address.partition("@")[0]) or "contact"
    taken = {row[0] for row in rows(Contact.select(Contact.handle).where(Contact.handle.startswith(stem)))}
    if stem not in taken:
        return stem
    suffix = 2
    while f"{stem}-{suffix}" in taken:
        suffix += 1
    return f"{stem}-{suffix}"


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "-", folded).strip("-.")[:40]
