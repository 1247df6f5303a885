"""`#faq`: one of our own sends the customer a FAQ by its title. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from daemon.actions.vocabulary import PostFeed, QueueMail
from daemon.model import FAQ, PRIORITY_OPTIONS
from daemon.parsers.names import title_key
from daemon.rules.drafts import Draft, Step
from daemon.rules.hearing import customers_side
from daemon.rules.judgement import Request
from daemon.rules.receipts import Done


def once_for(title: str, case_id: int) -> str | None:
    """The name under which a FAQ is sent at most once for a case; None for one that may be sent again."""
    return f"priority-options:{case_id}" if title == PRIORITY_OPTIONS else None


def short(title: str) -> str:
    """A title as it is written behind `#faq`.

    >>> short("FAQ-How to request a key")
    'How to request a key'
    """
    return title.removeprefix(FAQ)


def _faq(made: Draft, request: Request) -> None:
    if made.case is None:
        return
    titles = {title_key(title): title for title in made.h.rulebook.faqs}
    wanted = title_key(request.arg or "")
    title = titles.get(wanted)
    if title is None:
        near = difflib.get_close_matches(wanted, list(titles), len(titles), 0.0)
        made.trouble(request, "E-ARG-MISSING", detail="faq", said=request.arg or "", choices=tuple(short(titles[key]) for key in near))
        return
    once = once_for(title, made.case.id)
    customers = customers_side(made.case)
    if not customers:
        made.trouble(request, "E-STATE", detail="no-customer")
        return
    if once is not None and (title in made.case.once or any(isinstance(one, QueueMail) and one.once == once for one in made.letters)):
        made.trouble(request, "E-STATE", detail="sent-before")
        return
    (address, contact_id, name), *_ = customers
    made.letters.append(
        QueueMail(
            template=title, to=address, contact_id=contact_id, name=name, answer=False, counted=False, quote_subject=True, once=once
        )
    )  # fmt: skip
    made.actions.append(
        PostFeed(kind="post", text=f"{title} sent to {name or address}", author_id=made.sender.id if made.sender is not None else None)
    )
    made.done.append(Done(verb="faq", text=title, who=name or address))


STEPS: Mapping[str, Step] = {"faq": _faq}
"""What the verb does."""
