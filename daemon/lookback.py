"""After a restore: find in a mailbox what the lost life of the database had in hand, so that nothing of it is done again.

What lies in a folder where finished mails are put away was finished. Where finished mails stay in the inbox, a mail that the ledger
does not know may have been finished or not: it is kept for a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from daemon.mail.imap import Fetched, Watch
from daemon.parsers.lane import lane_of
from daemon.reader import Reader, ReadFailure
from daemon.reasons import Outcome
from daemon.store import epoch, journal
from daemon.store.database import Database
from daemon.store.journal import Delivery, Known

EARLIER = timedelta(days=2)
"""A mail may have arrived that long before the last one the ledger knows, and have been finished after it."""

AT_ONCE = 100
OCTETS_AT_ONCE = 8 << 20


def look_back(
    database: Database, reader: Reader, watch: Watch, places: dict[str, str] | None, message_size: int
) -> Iterator[list[Known]]:  # fmt: skip
    """Mails that the ledger does not know and that are not to be acted on, a batch at a time, to be written down.

    `places` are the folders by outcome, None when finished mails stay. Raises Temporary when the line or the server fails; may be
    repeated.
    """
    with database.reading():
        row = epoch.installation()
        last = journal.last_recorded()
    since = last - EARLIER if last is not None else None
    put_away = places is not None and bool({"MOVE", "UIDPLUS"} & set(watch.capabilities()))
    if places is not None and put_away:
        for folder in sorted(set(places.values()) - {watch.account.folder}):
            if watch.has_folder(folder):
                with Watch(replace(watch.account, folder=folder)) as finished:
                    yield from _unknown(database, reader, finished, Outcome.IGNORED, since, None, message_size)
    else:
        yield from _unknown(database, reader, watch, Outcome.QUARANTINED, since, row.restored_at, message_size)


def _unknown(
    database: Database, reader: Reader, watch: Watch, outcome: Outcome, since: datetime | None, until: datetime | None, message_size: int
) -> Iterator[list[Known]]:  # fmt: skip
    """The unknown mails of one folder that arrived between `since` and `until` (None: whenever)."""
    watch.uidnext()
    uids = watch.uids()
    with database.reading():
        recorded = journal.recorded_uids(watch.account.name, watch.account.folder, watch.uidvalidity, min(uids, default=1))
    arrived = watch.sizes([uid for uid in uids if uid not in recorded])
    wanted = [uid for uid, (_, at) in sorted(arrived.items()) if (since is None or at >= since) and (until is None or at <= until)]
    for batch in watch.batches(wanted, AT_ONCE, OCTETS_AT_ONCE):
        mails = [(mail, mail.octets) for mail in watch.fetch(batch, message_size) if mail.octets is not None]
        digests = [hashlib.sha256(octets).hexdigest() for _, octets in mails]
        with database.reading():
            known = journal.known_digests(digests)
        new = [(mail, octets) for (mail, octets), digest in zip(mails, digests, strict=True) if digest not in known]
        if new:
            yield _read(reader, watch, new, outcome)


def _read(reader: Reader, watch: Watch, mails: Sequence[tuple[Fetched, bytes]], outcome: Outcome) -> list[Known]:
    """What the ledger keeps of them: who wrote, and by what the same mail is known when it comes again."""
    readings = [reader.submit(octets) for _, octets in mails]
    found = []
    for (mail, octets), future in zip(mails, readings, strict=True):
        reading = future.result()
        message = None if isinstance(reading, ReadFailure) else reading.message
        found.append(
            Known(
                mailbox=watch.account.name,
                folder=watch.account.folder,
                uidvalidity=watch.uidvalidity,
                outcome=outcome,
                delivery=Delivery(
                    uid=mail.uid,
                    octets=octets,
                    size=mail.size,
                    internal_date=mail.internal_date,
                    lane=lane_of(octets),
                    too_large=mail.too_large,
                ),
                author=(message.author or message.from_text)[:1000] if message is not None else None,
                message_id=message.message_id if message is not None else None,
                subject=message.subject[:1000] if message is not None else None,
                identity=message.identity if message is not None else None,
            )  # fmt: skip
        )
    return found
