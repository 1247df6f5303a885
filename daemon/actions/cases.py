"""Open a case, add words to it, keep files on it, write its log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from daemon.actions.vocabulary import UNVERIFIED, AddComment, KeepNote, OpenCase, ReportRefusal, SetContact
from daemon.model import Message
from daemon.store.journal import keep_octets
from daemon.store.schema import Attachment, Case, CaseComment, Event, FeedItem
from daemon.store.statements import Select, insert, update


def open_case(
    action: OpenCase, *, contact_id: int | None, author_id: int | None = None, at: datetime, clock: datetime, cause: str
) -> int:  # fmt: skip
    """Open a case; its id. `at` is the mail's arrival, `clock` this transaction's time (when a partner is assigned).

    `author_id` is who opened it; without one it was whoever wrote from the case's address.
    """
    row = {
        "type": action.type, "subject": action.subject, "description": action.description, "origin": action.origin,
        "contract": action.contract_id,
        "organization": action.organization_id, "contact": contact_id, "contact_address": action.contact_address,
        "system": action.system_id, "partner": action.partner_id, "owner": action.owner_id, "queue": action.queue_id,
        "opening_partner": action.opening_partner_id,
        "assigned_at": clock if action.partner_id is not None else None, "created_at": at, "last_update": at,
        "flags": json.dumps(action.flags),
    }  # fmt: skip
    (case_id,) = insert(Case, [row])
    body = _OPENED_BY.get(action.origin, "opened by mail") + "".join(f"; {flag}" for flag in action.flags)
    address = action.contact_address if author_id is None else None
    add_feed(case_id, "created", body, author_id=author_id, author_address=address, public=False, at=at, cause=cause)
    return case_id


_OPENED_BY = {"form": "opened by a form", "forward": "opened by a forwarded mail"}
"""What the feed says of a case's origin."""


def set_contact(case_id: int, action: SetContact, *, contact_id: int, by_id: int | None, at: datetime, cause: str) -> None:
    """The case of somebody unknown belongs to a contact from now on, and to the contact's organization."""
    flags = [flag for flag in json.loads(_FLAGS(case=case_id)[0][0]) if flag != UNVERIFIED]
    changes = {
        "contact": contact_id, "contact_address": action.address, "organization": action.organization_id, "last_update": at,
        "flags": json.dumps(flags, ensure_ascii=False),
    }  # fmt: skip
    update(Case, changes, {"id": case_id})
    body = f"contact: {action.name} ({action.address})"
    add_feed(case_id, "state", body, author_id=by_id, author_address=None, public=True, at=at, cause=cause)


_FLAGS = Select(lambda case: Case.select(Case.flags).where(Case.id == case))


def add_comment(case_id: int, action: AddComment, *, at: datetime, cause: str) -> None:
    """Append words. A public comment moves Last Update, an internal one doesn't."""
    row = {
        "case": case_id, "at": at, "author": action.author_id, "author_address": action.author_address, "public": action.public,
        "body": action.text, "cause": cause,
    }  # fmt: skip
    insert(CaseComment, [row], ids=False)
    if action.public:
        update(Case, {"last_update": at}, {"id": case_id})


def keep_note(case_id: int, action: KeepNote, *, at: datetime, cause: str) -> None:
    """Keep words of somebody who isn't believed: in the feed, for the house only, with the reason above them."""
    body = f"[{action.why}]\n{action.text}"
    add_feed(case_id, "note", body, author_id=None, author_address=action.author_address, public=False, at=at, cause=cause)


def report_refusal(case_id: int, action: ReportRefusal, *, at: datetime, cause: str) -> None:
    """Say in the feed that a mail of ours could not be sent."""
    why = "could not be written, a plain one went instead" if action.unwritten else "was refused"
    body = f"a mail to {action.address} {why}: {action.reason}"
    add_feed(case_id, "email", body, author_id=None, author_address=None, public=False, at=at, cause=cause)


def add_feed(
    case_id: int, kind: str, body: str, *, author_id: int | None, author_address: str | None, public: bool, at: datetime, cause: str,
    mentions: Sequence[str] = (),
) -> None:  # fmt: skip
    """One entry of the case feed, with the handles it mentions."""
    row = {
        "case": case_id, "at": at, "kind": kind, "author": author_id, "author_address": author_address, "public": public, "body": body,
        "cause": cause, "mentions": json.dumps(list(mentions)),
    }  # fmt: skip
    insert(FeedItem, [row], ids=False)


def files_that_fit(case_id: int, message: Message, most: int) -> tuple[Message, tuple[str, ...]]:
    """The mail with the files for which the case has room, and the names of the others: all files of a case are at most `most` octets.

    A content that the case has already takes no room.
    """
    stored = dict(_STORED(case=case_id))
    fitting, left = [], []
    room = most - sum(stored.values())
    for attachment in message.attachments:
        size = 0 if attachment.sha256 in stored else attachment.size
        if size > room:
            left.append(attachment.name)
            continue
        room -= size
        stored[attachment.sha256] = attachment.size
        fitting.append(attachment)
    return (message if not left else replace(message, attachments=tuple(fitting))), tuple(left)


_STORED = Select(lambda case: Attachment.select(Attachment.sha256, Attachment.size).where(Attachment.case == case).distinct())

NAMED = 10
"""Files that a note names; of more it says how many they are."""


def note_files_left(case_id: int, journal_id: int, names: Sequence[str], most: int, *, at: datetime, cause: str) -> None:
    """Say in the feed which files are only in the mail itself, because the case has no room for them."""
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    body = f"case_files: the files of a case are at most {most} octets, so of mail {journal_id} these are only in the mail itself: {shown}"
    add_feed(case_id, "email", body, author_id=None, author_address=None, public=False, at=at, cause=cause)


def keep_attachments(case_id: int | None, journal_id: int, message: Message) -> None:
    """Keep the files of a mail, each content once by digest."""
    if not message.attachments:
        return
    keep_octets({attachment.sha256: attachment.content for attachment in message.attachments}.items())
    insert(
        Attachment,
        [
            {
                "journal": journal_id, "case": case_id, "name": attachment.name, "content_type": attachment.content_type,
                "size": attachment.size, "sha256": attachment.sha256, "inline": attachment.inline,
            }
            for attachment in message.attachments
        ],
        ids=False,
    )  # fmt: skip


def chained(previous: str, sequence: int, cause: str, verb: str, payload: str) -> str:
    """The hash of an event behind the one with hash `previous` ("" for the first); sha256 hex."""
    return hashlib.sha256(f"{previous}\n{sequence}\n{cause}\n{verb}\n{payload}".encode()).hexdigest()


def log_events(case_id: int | None, events: Sequence[tuple[str, str]], *, fresh: bool, at: datetime, cause: str) -> None:
    """Append (verb, payload) pairs to the case's log and move its head. `fresh`: the case was opened just now.

    What happens to no case (a bounce of a mail about none) is a chain of its own for its cause.
    """
    length, head = 0, ""
    if case_id is not None and not fresh:
        length, head = _LOG_HEAD(case=case_id)[0]
    rows = []
    for verb, payload in events:
        length += 1
        head = chained(head, length, cause, verb, payload)
        rows.append({"case": case_id, "sequence": length, "at": at, "cause": cause, "verb": verb, "payload": payload, "hash": head})
    insert(Event, rows, ids=False)
    if rows and case_id is not None:
        update(Case, {"log_length": length, "log_hash": head}, {"id": case_id})


_LOG_HEAD = Select(lambda case: Case.select(Case.log_length, Case.log_hash).where(Case.id == case))
