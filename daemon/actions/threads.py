"""Which mail a mail of ours answers or follows (RFC 5322 section 3.6.4)."""

from __future__ import annotations

from daemon.actions.vocabulary import QueueMail
from daemon.model import Message, MessageId
from daemon.store.schema import Interaction
from daemon.store.statements import Select


def thread_of(
    action: QueueMail, message: Message | None, case_id: int | None, cs_id: int | None, opened: bool
) -> tuple[str | None, tuple[str, ...]]:
    """In-Reply-To and References: an answer follows the mail it answers, anything else what it names, or the last mail they had."""
    if action.answer and message is not None and message.message_id is not None:
        return message.message_id, message.references
    if opened or case_id is None:
        return (action.follows, (MessageId(action.follows),)) if action.follows is not None else (None, ())
    found = _LAST_MAILS(case=case_id, address=action.to) if cs_id is None else _LAST_OF_TICKET(ticket=cs_id, address=action.to)
    last = [row[0] for row in found]
    return (last[0], tuple(reversed(last))) if last else (None, ())


_LAST_MAILS = Select(
    lambda case, address: (
        Interaction.select(Interaction.message_id)
        .where(
            (Interaction.case == case)
            & (Interaction.address == address)
            & Interaction.message_id.is_null(False)
            & Interaction.cs_ticket.is_null()
        )
        .order_by(Interaction.id.desc())
        .limit(5)
    )
)
_LAST_OF_TICKET = Select(
    lambda ticket, address: (
        Interaction.select(Interaction.message_id)
        .where((Interaction.cs_ticket == ticket) & (Interaction.address == address) & Interaction.message_id.is_null(False))
        .order_by(Interaction.id.desc())
        .limit(5)
    )
)
