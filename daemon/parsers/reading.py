"""The order of the readers, which is meaning.

The mail is opened, read as a message, then asked whether a program wrote it, whether it is a bounce, which of its
words are new, what in it could be a form, and which mail it passes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from daemon.model import Automatic, Bounce, FormMail, Forward, Message, Reading, Trim
from daemon.parsers import automatic, bounce, forwarded, headers, message, quoting
from daemon.parsers.forms.candidates import read_candidates
from daemon.parsers.limits import ReadLimits
from daemon.parsers.parts import Opened, open_octets

T = TypeVar("T")

_UNREADABLE = Automatic(is_automatic=False, is_list=False, may_answer=False, why="reader-failed", own_mark=False)


def read(octets: bytes, limits: ReadLimits, own_addresses: frozenset[str], marker: str) -> Reading:
    """Read a mail. Total: a reader that fails leaves the defect "reader-failed: name" and the rest is still read.

    `own_addresses` are the addresses that are ours, canonical; `marker` is the line of our own mails above which people
    answer. Only MemoryError passes: whoever limits the memory must learn of it.
    """
    failures: list[str] = []

    def guarded(name: str, reader: Callable[[], T], otherwise: T) -> T:
        try:
            return reader()
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - the promise of this door: one broken reader costs its own answer only
            failures.append(f"reader-failed: {name} {type(error).__name__}")
            return otherwise

    opened = guarded("open", lambda: open_octets(octets, limits), _NOTHING)
    told = guarded("message", lambda: message.build(opened, limits), None) or _bare_message(opened)
    machine = guarded("automatic", lambda: automatic.recognise(opened, told, own_addresses), _UNREADABLE)
    returned: Bounce | None = guarded("bounce", lambda: bounce.recognise(opened, told), None)
    whole: tuple[str, tuple[Trim, ...]] = (told.body, ())
    no_tags: tuple[int, ...] = ()
    words, trimmed = guarded("quoting", lambda: quoting.split(told.body, told.html, marker, told.author_name), whole)
    tags = guarded("case-tags", lambda: headers.case_tags(told.subject), no_tags)
    tickets = guarded("cs-tags", lambda: headers.cs_tags(told.subject), no_tags)
    form: FormMail | None = guarded("form", lambda: read_candidates(opened, told, trimmed, limits) if returned is None else None, None)
    shown: Forward | None = guarded(
        "forward",
        lambda: forwarded.read(opened, told, trimmed, limits, own_addresses) if returned is None and not machine.is_automatic else None,
        None,
    )
    if form is None:  # a form's service says that nobody reads its address, and the person who filled it in waits for an answer
        machine = guarded("automatic", lambda: automatic.with_words(machine, words), machine)
    if told.hidden and (told.body.strip() or not words):  # else it was the colour of all words, which then were taken as seen
        trimmed = (Trim(rule="hidden", lines=told.hidden), *trimmed)
    if failures:
        told = replace(told, defects=(*told.defects, *failures))
    return Reading(
        message=told, automatic=machine, bounce=returned, new_text=words, trimmed=trimmed, case_tags=tags, cs_tags=tickets, form=form,
        forward=shown,
    )  # fmt: skip


_NOTHING = Opened(headers=(), parts=(), content_type="text/plain", parameters=(), defects=(), limit=None)


def _bare_message(opened: Opened) -> Message:
    """What is left when the message reader itself failed: nothing but the proof that a mail was there."""
    return Message(
        message_id=None,
        in_reply_to=(),
        references=(),
        subject="",
        base_subject="",
        date=None,
        author=None,
        author_name="",
        author_problem="reader-failed",
        from_text="",
        to_text="",
        cc_text="",
        reply_to_text="",
        recipients=(),
        reply_to=(),
        authentication_results=(),
        body="",
        hidden=0,
        html=None,
        attachments=(),
        defects=opened.defects,
        limit=opened.limit,
        identity=message.identity(None, repr(opened.headers), None, None, "", ""),
    )
