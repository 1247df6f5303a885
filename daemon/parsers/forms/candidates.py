"""Everything in a mail that could be a form, read before anybody knows which forms there are. Pure, total, linear.

The mail itself is read, then each message attached to it. Most mails are no forms: they pay for a few cheap questions only.
"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.model import FormMail, FormMessage, ForwardedInline, Message, Trim
from daemon.parsers import automatic, htmltext, message
from daemon.parsers.forms import forwarded, tables
from daemon.parsers.forms.tables import Document
from daemon.parsers.limits import ReadLimits
from daemon.parsers.parts import Opened, attached_messages, open_octets

MAX_ATTACHED = 5
"""Attached messages that are opened, on all levels together."""
MAX_HTML = 400_000
"""Characters of a document that is looked at for tables: no form is as large as a newspaper."""
_FEW_LINES = 4

_ENDINGS = frozenset(("signature", "phone", "html-signature"))
_BULK = frozenset(("bulk", "list", "junk"))
_MARKS = frozenset(("list-unsubscribe", "list-id", "precedence", "auto-submitted"))


def read_candidates(opened: Opened, told: Message, trimmed: tuple[Trim, ...], limits: ReadLimits) -> FormMail | None:
    """What could be a form in the mail; None when its body is all there is.

    `trimmed` says which rules of quoting spoke: a mail without a copied header was not forwarded in place.
    """
    outer = _message(0, opened, told, limits, forwards=any(trim.rule not in _ENDINGS for trim in trimmed))
    attached = tuple(_attached(opened, limits))
    if not attached and not (outer.tables or outer.inline or outer.auto_submitted or outer.bulk or outer.text):
        return None
    return FormMail(messages=(outer, *attached))


def _message(depth: int, opened: Opened, told: Message, limits: ReadLimits, *, forwards: bool) -> FormMessage:
    document = Document()
    text = told.body if depth else ""
    if told.html is not None:
        if len(told.html) <= MAX_HTML and tables.may_have_rows(told.html):
            tree = htmltext.parsed(told.html, limits.html_size, limits.html_depth)
            document = tables.read_document(tree) if tree is not None else document
        if _says_little(told.body) and any(part.content_type == "text/plain" and (part.text or "").strip() for part in opened.parts):
            text = htmltext.html_to_text(told.html, limits.html_size, limits.html_depth)
    inline: ForwardedInline | None = forwarded.read_inline(text or told.body) if forwards else None
    marks = [(name, value) for name, value in opened.headers if name in _MARKS]
    return FormMessage(
        depth=depth,
        tables=document.tables,
        text=text,
        titles=document.titles,
        links=document.links,
        subject=told.subject,
        author=told.author,
        reply_to=told.reply_to,
        auto_submitted=any(name == "auto-submitted" and automatic.bare(value) not in ("no", "") for name, value in marks),
        bulk=any(name.startswith("list-") or (name == "precedence" and automatic.bare(value) in _BULK) for name, value in marks),
        inline=inline,
        attachments=told.attachments if depth else (),
    )


def _says_little(body: str) -> bool:
    """Whether the text of a mail with HTML only says that there is HTML."""
    return len(body) < 500 and sum(1 for line in body.split("\n") if line.strip()) < _FEW_LINES


def _attached(opened: Opened, limits: ReadLimits) -> Iterator[FormMessage]:
    """The messages attached to the mail, the nearer ones first, each behind the one it is attached to."""
    waiting = [(1, part) for part in attached_messages(opened)]
    count = 0
    while waiting and count < MAX_ATTACHED:
        depth, part = waiting.pop(0)
        count += 1
        inner = open_octets(part.content, limits)
        if not inner.headers:
            continue
        yield _message(depth, inner, message.build(inner, limits), limits, forwards=True)
        waiting[:0] = [(depth + 1, deeper) for deeper in attached_messages(inner)]
