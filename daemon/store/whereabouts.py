"""What the ledger says of the mails that should lie in a folder, and forgetting where they lay when the server has gone back.

Every function runs inside a transaction of the caller.
"""

from __future__ import annotations

from datetime import datetime

from daemon.store.schema import Journal
from daemon.store.statements import rows


def forget_uids(mailbox: str, folder: str, uidvalidity: int, lowest: int) -> int:
    """The server has gone back and will give these UIDs, from `lowest` on, to other mails: their rows lose them; how many.

    The rows stay what they are. Nothing can be put away by such a UID any more.
    """
    where = (Journal.mailbox == mailbox) & (Journal.folder == folder) & (Journal.uidvalidity == uidvalidity) & (Journal.uid >= lowest)
    return int(Journal.update(uid=None, tidied=True).where(where).execute())


def written_down(mailbox: str, folder: str, uidvalidity: int, lowest: int) -> dict[int, tuple[int, datetime, str | None]]:
    """Size, arrival and digest of the mails of this generation, from UID `lowest` on."""
    query = Journal.select(Journal.uid, Journal.size, Journal.internal_date, Journal.sha256).where(
        (Journal.mailbox == mailbox) & (Journal.folder == folder) & (Journal.uidvalidity == uidvalidity) & (Journal.uid >= lowest)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows(query)}


def not_put_away(mailbox: str, folder: str, uidvalidity: int) -> set[int]:
    """The UIDs of this generation that should still lie in the folder: written down, and not put away."""
    query = Journal.select(Journal.uid).where(
        (Journal.mailbox == mailbox) & (Journal.folder == folder) & (Journal.uidvalidity == uidvalidity) & ~Journal.tidied
    )
    return {row[0] for row in rows(query)}
