"""Which of the mails that should lie in a folder are gone, and whether so many that people must hear of it.

A mail that lay under a UID is looked for by it. One whose place was lost, because the server gave the folder another UIDVALIDITY or went
back, is looked for by its octets: it has come again, or is gone. What a broken line kept us from noting is no loss: such mails lie where
we put them away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from daemon.errors import Failure
from daemon.losses import Loss
from daemon.mail.imap import Watch
from daemon.store import whereabouts
from daemon.store.database import Database
from daemon.store.whereabouts import Lying

NEWEST = 1000
"""UIDs of a folder of finished mails, beside as many as are looked for: what was put away just now is among the newest."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The mails that should lie in a folder, as the ledger says before it is looked through."""

    here: Sequence[Lying]
    """Under a UID of the folder as it is now."""
    displaced: Sequence[Lying]
    """Whose place was lost."""

    @classmethod
    def of(cls, lying: Sequence[Lying], uidvalidity: int) -> Expected:
        """Told apart, where the folder has this UIDVALIDITY now."""
        here: list[Lying] = []
        displaced: list[Lying] = []
        for mail in lying:
            (here if mail.uidvalidity == uidvalidity and mail.uid is not None else displaced).append(mail)
        return cls(here, displaced)


def find_loss(
    database: Database, watch: Watch, expected: Expected, present: Collection[int], places: Mapping[str, str] | None
) -> Loss | None:  # fmt: skip
    """The loss that people must hear of, when everything of the folder has been written down. `places` are the folders by outcome."""
    folder = watch.account.folder
    gone = [mail for mail in expected.here if mail.uid not in present]
    loss = Loss.if_many(folder, len(gone), len(expected.here), written_down=True)
    if loss is not None:
        count = len(gone) - _put_away(watch, gone, places)
        loss = Loss.if_many(folder, count, len(expected.here), written_down=True)
    if not expected.displaced:
        return loss
    gone = _not_come_again(database, watch, expected.displaced, present)
    # what the server lists but does not hand out may be one of them
    count = max(0, len(gone) - len(watch.unreadable))
    count -= _put_away(watch, gone, places) if count else 0
    return Loss.if_many(folder, count, len(expected.displaced), written_down=True, anew=True) or loss


def _not_come_again(database: Database, watch: Watch, displaced: Sequence[Lying], present: Collection[int]) -> list[Lying]:
    """Those whose octets neither lie in the folder as it is now nor came again to it after them."""
    digests = sorted({mail.sha256 for mail in displaced})
    with database.reading():
        deliveries = whereabouts.deliveries_of(watch.account.name, watch.account.folder, digests)
    lies_here: set[str] = set()
    latest: dict[str, int] = {}
    for number, digest, uidvalidity, uid in deliveries:
        latest[digest] = max(number, latest.get(digest, 0))
        if uidvalidity == watch.uidvalidity and uid in present:
            lies_here.add(digest)
    return [mail for mail in displaced if mail.sha256 not in lies_here and latest.get(mail.sha256, 0) <= mail.id]


def _put_away(watch: Watch, gone: Sequence[Lying], places: Mapping[str, str] | None) -> int:
    """How many of them lie where finished mails are put away: we moved them, and the line broke before that was noted."""
    by_folder: dict[str, list[Lying]] = {}
    for mail in gone:
        folder = (places or {}).get(mail.state)
        if folder is not None:
            by_folder.setdefault(folder, []).append(mail)
    return sum(_lie_in(watch, folder, mails) for folder, mails in by_folder.items())


def _lie_in(watch: Watch, folder: str, mails: Sequence[Lying]) -> int:
    """How many of these mails, by size and arrival, lie among the newest of another folder; none in one that can't be asked."""
    try:
        if not watch.has_folder(folder):
            return 0
        with Watch(replace(watch.account, folder=folder)) as other:
            newest = other.uids(max(1, other.uidnext() - len(mails) - NEWEST))
            there = Counter((size, arrived) for size, arrived in other.sizes(newest).values())
    except Failure:
        return 0
    return (there & Counter((mail.size, mail.internal_date) for mail in mails)).total()
