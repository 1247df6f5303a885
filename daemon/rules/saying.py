"""Words on a case: comments for the other side, posts for the house, mentions, reviews. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.actions.vocabulary import AddComment, LogReview, PostFeed
from daemon.model import ContactFacts
from daemon.parsers.names import called
from daemon.rules.drafts import Draft, Step, author_of
from daemon.rules.hearing import audience_of, customers_side, is_asking, openers_side, partners_side
from daemon.rules.judgement import Request
from daemon.rules.receipts import Done, steps


def plain_words(made: Draft) -> None:
    """The words beside the commands of a mail: a comment, or a post for the house when they begin with an `@handle`."""
    judgement = made.judgement
    if not judgement.comment.strip() or judgement.is_greeting:
        return
    if judgement.is_internal_post:
        internal_post(made, judgement.comment, judgement.mentions)
    else:
        say(made, judgement.comment, judgement.mentions)


def say(made: Draft, text: str, mentions: tuple[str, ...], *, mailed: bool = True) -> None:
    """A public comment: to the other side, and to whoever is mentioned."""
    if made.case is None:
        return
    made.actions.append(
        AddComment(
            text=text, public=True, author_id=made.sender.id if made.sender else None, author_address=made.h.reading.message.author
        )
    )  # fmt: skip
    if mailed:
        asking = is_asking(made.case, made.role, made.sender)
        audience = partners_side(made.case, made.h.situation.default_queue) if asking else customers_side(made.case)
        made.mail("case-comment", audience, values={"comment": text})
        if not asking:
            made.mail("case-comment", openers_side(made.case), values={"comment": text, "to_customer": True})
    if made.role != "customer":
        mention(made, text, mentions, internal=False)


def internal_post(made: Draft, text: str, mentions: tuple[str, ...]) -> None:
    """Words for the house and those they name."""
    people = mention(made, text, mentions, internal=True)
    author_id = made.sender.id if made.sender else None
    made.actions.append(PostFeed(kind="mention", text=text, author_id=author_id, mentions=tuple(person.handle for person in people)))


def mention(made: Draft, text: str, mentions: tuple[str, ...], *, internal: bool) -> list[ContactFacts]:
    """A mail to those a text names by `@`: see `may_hear`; nobody else ever sees a case this way."""
    people = [person for name in mentions for person in made.asked.people.get(called(name), ())[:1]]
    heard = [person for person in people if may_hear(made, person)]
    values = {**author_of(made), "comment": text, "internal": internal, "steps": list(steps(("internal", "status")))}
    made.mail("mention", audience_of(tuple(heard)), values=values)
    return heard


def may_hear(made: Draft, person: ContactFacts) -> bool:
    """Whether somebody may read of the case because a text names them: the house, the assigned partner, and the one that opened it."""
    opened_by = made.case.opening_partner_id if made.case is not None else None
    return person.organization_kind == "house" or person.organization_id in (made.partner_id, opened_by)


def _comment(made: Draft, request: Request) -> None:
    if request.text:
        say(made, request.text, request.mentions)
        other = customers_side(made.case) if made.case is not None and not is_asking(made.case, made.role, made.sender) else ()
        made.done.append(Done(verb="comment", text=request.text, who=other[0][2] or other[0][0] if other else ""))


def _internal(made: Draft, request: Request) -> None:
    if not request.text or made.case is None:
        return
    made.actions.append(
        AddComment(
            text=request.text, public=False, author_id=made.sender.id if made.sender else None,
            author_address=made.h.reading.message.author,
        )
    )  # fmt: skip
    mention(made, request.text, request.mentions, internal=True)
    made.done.append(Done(verb="internal", text=request.text))


def _review(made: Draft, request: Request) -> None:
    if request.text:
        made.actions.append(LogReview(text=request.text, by_id=made.sender.id if made.sender else None))
        mention(made, request.text, request.mentions, internal=True)
        made.done.append(Done(verb="review", text=request.text))


def _post(made: Draft, request: Request) -> None:
    people = {name: made.asked.people.get(called(name), ())[:1] for name in request.mentions}
    unknown = [name for name, found in people.items() if not any(may_hear(made, person) for person in found)]
    if unknown:
        made.trouble(request, "E-UNKNOWN-PERSON", said=unknown[0])
        return
    internal_post(made, request.text or "", request.mentions)
    made.done.append(
        Done(verb="mention", text=request.text or "", who=", ".join(person.name for found in people.values() for person in found))
    )


STEPS: Mapping[str, Step] = {"comment": _comment, "internal": _internal, "mention": _post, "review": _review}
"""What each verb that says something does."""
