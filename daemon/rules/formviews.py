"""The ways to look at a mail that may be a form: as it is, as what it forwards in place, as a message attached to it. Pure.

Which one is looked at decides who is believed: what a listed sender wrote is read as it is, a forwarded form by its forwarder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from daemon.model import AddrSpec, Attachment, FormMessage, FormTable, Reading
from daemon.rules.forms import FormRules
from daemon.rules.formsubject import is_forward


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One way to look at the mail: as it is, as what it forwards in place, as a message attached to it."""

    tables: tuple[FormTable, ...]
    text: str
    titles: tuple[str, ...]
    links: tuple[str, ...]
    subject: str
    author: AddrSpec | None
    reply_to: tuple[AddrSpec, ...]
    auto_submitted: bool
    bulk: bool
    forwarded: bool
    attachments: tuple[Attachment, ...]


def views_of(reading: Reading, rules: FormRules) -> Iterator[View]:
    """The innermost message first; but what a listed sender wrote is read as it is, whatever somebody put into an answer."""
    message = reading.message
    outer, *attached = reading.form.messages if reading.form is not None else (_bare(reading),)
    direct = _view(outer, outer.text or message.body, message.attachments, forwarded=False)
    if rules.is_sender(message.author):
        yield direct
        return
    if reading.case_tags or reading.cs_tags:
        return
    for inner in sorted(attached, key=lambda found: -found.depth):
        if inner.inline is not None and not rules.is_sender(inner.author):
            yield _inline(inner, inner.attachments)
        yield _view(inner, inner.text, inner.attachments, forwarded=True)
    replies = bool(message.in_reply_to or message.references)
    if outer.inline is not None and is_forward(message.subject, outer.inline, replies=replies):
        yield _inline(outer, message.attachments)
    elif not replies:
        # a reply may quote a form; nobody fills one in by replying
        yield direct


def _bare(reading: Reading) -> FormMessage:
    message = reading.message
    return FormMessage(
        depth=0, tables=(), text="", titles=(), links=(), subject=message.subject, author=message.author, reply_to=message.reply_to,
        auto_submitted=False, bulk=False,
    )  # fmt: skip


def _view(found: FormMessage, text: str, attachments: tuple[Attachment, ...], *, forwarded: bool) -> View:
    return View(
        tables=found.tables, text=text, titles=found.titles, links=found.links, subject=found.subject, author=found.author,
        reply_to=found.reply_to, auto_submitted=found.auto_submitted, bulk=found.bulk, forwarded=forwarded, attachments=attachments,
    )  # fmt: skip


def _inline(found: FormMessage, attachments: tuple[Attachment, ...]) -> View:
    inline = found.inline
    assert inline is not None
    return View(
        tables=found.tables, text=inline.text, titles=found.titles, links=found.links, subject=inline.subject or found.subject,
        author=inline.author, reply_to=inline.reply_to, auto_submitted=found.auto_submitted, bulk=found.bulk, forwarded=True,
        attachments=attachments,
    )  # fmt: skip
