"""What the ledger says of the mails that should lie in a folder, and forgetting where they lay when the server has gone back.

Every function runs inside a transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.store.schema import Journal
from daemon.store.statements import rows

AT_ONCE = 500
"""Values in one statement."""


def forget_uids(mailbox: str, folder: str, uidvalidity: int, lowest: int) -> int:
    """The server has gone back and will give these UIDs, from `lowest` on, to other mails: their rows lose them; how many.

    The rows stay what they are. Nothing can be put away by such a UID any more, and what was not put away is yet to be looked for.
    """
    where = (Journal.mailbox == mailbox) & (Journal.folder == folder) & (Journal.uidvalidity == uidvalidity) & (Journal.uid >= lowest)
    return int(Journal.update(uid=None).where(where).execute())


def written_down(mailbox: str, folder: str, uidvalidity: int, lowest: int) -> dict[int, tuple[int, datetime, str | None]]:
    """Size, arrival and digest of the mails of this generation, from UID `lowest` on."""
    query = Journal.select(Journal.uid, Journal.size, Journal.internal_date, Journal.sha256).where(
        (Journal.mailbox == mailbox) & (Journal.folder == folder) & (Journal.uidvalidity == uidvalidity) & (Journal.uid >= lowest)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows(query)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A mail that should still lie in the folder: written down, and not put away."""

    id: int
    uidvalidity: int
    uid: int | None
    """None: the server has gone back, and where the mail lies by now nobody knows."""
    sha256: str
    size: int
    internal_date: datetime
    state: str


def not_put_away(mailbox: str, folder: str) -> list[Lying]:
    """The mails that should still lie in the folder, those that lay there under another UIDVALIDITY, too."""
    columns = (Journal.id, Journal.uidvalidity, Journal.uid, Journal.sha256, Journal.size, Journal.internal_date, Journal.state)
    query = Journal.select(*columns).where((Journal.mailbox == mailbox) & (Journal.folder == folder) & ~Journal.tidied)
    names = [column.name for column in columns]
    return [Lying(**dict(zip(names, row, strict=True))) for row in rows(query.order_by(Journal.id))]


def deliveries_of(mailbox: str, folder: str, digests: Sequence[str]) -> list[tuple[int, str, int, int]]:
    """Number, digest, UIDVALIDITY and UID of every delivery of these contents to the folder whose place is known."""
    found: list[tuple[int, str, int, int]] = []
    for start in range(0, len(digests), AT_ONCE):
        query = Journal.select(Journal.id, Journal.sha256, Journal.uidvalidity, Journal.uid).where(
            Journal.sha256.in_(list(digests[start : start + AT_ONCE]))
            & (Journal.mailbox == mailbox) & (Journal.folder == folder) & Journal.uid.is_null(False)
        )  # fmt: skip
        found.extend(rows(query))
    return found


def forget(numbers: Sequence[int]) -> None:
    """The places of these mails name nothing any more. Nothing can be put away there."""
    for start in range(0, len(numbers), AT_ONCE):
        Journal.update(uid=None, tidied=True).where(Journal.id.in_(list(numbers[start : start + AT_ONCE]))).execute()
