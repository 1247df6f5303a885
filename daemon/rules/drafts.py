"""A decision in the making: what the verbs of a mail do to it, one after the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from daemon.actions.vocabulary import Action, QueueMail
from daemon.model import Asked, CaseFacts, ClockFacts, ContactFacts, CsTicketFacts, OutstandingFacts
from daemon.rules.hearing import Audience, Hearing, own_addresses
from daemon.rules.judgement import Finding, Judgement, Request
from daemon.rules.lifecycle import State, case_state
from daemon.rules.receipts import Done
from daemon.rules.refusals import Trouble
from daemon.rules.sla import ClockEvent

NOBODY = Asked(people={}, organizations={}, queues={}, systems={}, contracts={}, contracts_of={}, agents={}, cases={})


@dataclass(slots=True, kw_only=True)
class Draft:
    """A decision in the making: the case as it will be, what is done, who hears, what the receipt says."""

    h: Hearing
    case: CaseFacts | None
    role: str
    sender: ContactFacts | None
    judgement: Judgement
    verbs: Mapping[str, Step]
    """What each verb does."""
    actions: list[Action] = field(default_factory=list)
    letters: list[Action] = field(default_factory=list)
    events: list[ClockEvent] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    """Templates that answer a question of the sender (help, status, list) instead of a receipt."""
    receipt: str | None = "confirmation"
    receipt_values: dict[str, object] = field(default_factory=dict)
    deferred: list[Request] = field(default_factory=list)
    """What isn't done yet: the sender is asked about it first."""
    anyway: list[Action] = field(default_factory=list)
    """What holds although something is wrong and nothing of the mail is done."""
    about: list[CaseFacts] = field(default_factory=list)
    """Cases a mail without one asks about; when it is one, the mail relates to it."""
    acknowledged: bool = False
    planned_date: date | None = None
    open: bool = True
    cycle: int = 1
    partner_id: int | None = None
    partner_calendar: str | None = None
    running: list[ClockFacts] | None = None
    """The clocks that run after this mail; None: as before it."""
    ticket: CsTicketFacts | None = None
    """The CS ticket of the case, when the mail is about that."""
    ticket_open: bool = True
    outstanding: tuple[OutstandingFacts, ...] = ()
    """What is outstanding on the ticket after this mail, and what was."""
    settled: bool = False
    """A form's request that waited for a person is taken in."""

    @property
    def asked(self) -> Asked:
        """What was found for the names in the mail."""
        return self.h.situation.asked or NOBODY

    @property
    def state(self) -> State:
        """Where the case will be."""
        if self.case is None:
            return State.NOTHING
        if self.ticket is not None:
            return State.CS_OPEN if self.ticket_open else State.CS_DONE
        return case_state(is_open=self.open, acknowledged=self.acknowledged, planned=self.planned_date is not None)

    def mail(self, template: str, audience: Audience, *, exclude_author: bool = True, values: Mapping[str, object] | None = None) -> None:
        """One mail to each reader, who gets a template at most once."""
        had = {letter.to for letter in self.letters if isinstance(letter, QueueMail) and letter.template == template}
        excluded = {*had, *(own_addresses(self.h) if exclude_author else ())}
        self.letters.extend(
            QueueMail(
                template=template, to=address, contact_id=contact_id, name=name, answer=False, counted=False, quote_subject=True,
                values=tuple((values or {}).items()),
            )
            for address, contact_id, name in dict.fromkeys(audience)
            if address not in excluded
        )  # fmt: skip

    def trouble(self, request: Request, name: str, *, said: str = "", choices: tuple[str, ...] = (), detail: str = "") -> None:
        """Something of a request can't be done; then nothing of the mail is."""
        written = next((c for c in self.judgement.commands if c.line == request.line), None)
        finding = Finding(
            name=name, detail=detail, verb=request.verb, line=request.line, quoted=written.written[:80] if written is not None else ""
        )
        argument = written.argument if written is not None else ""
        self.troubles.append(Trouble(finding=finding, argument=argument, said=said, choices=choices))


Step = Callable[[Draft, Request], None]
"""What a verb does to a draft."""


def draft_of(
    h: Hearing, case: CaseFacts | None, role: str, judgement: Judgement, verbs: Mapping[str, Step] = MappingProxyType({})
) -> Draft:
    """A draft that starts from the case as it stands."""
    made = Draft(h=h, case=case, role=role, sender=h.situation.sender, judgement=judgement, verbs=verbs)
    if case is not None:
        made.acknowledged = case.acknowledged_at is not None
        made.planned_date, made.open, made.cycle = case.planned_date, case.open, case.cycle
        made.partner_id, made.partner_calendar = case.partner_id, case.partner_calendar
    ticket = h.found.ticket
    if ticket is not None:
        made.ticket, made.ticket_open, made.outstanding = ticket, ticket.open, ticket.outstanding
    return made


def author_of(made: Draft) -> dict[str, object]:
    """Who did it, as the others know them: our own people by the name of our house."""
    sender = made.sender
    if sender is None:
        return {"author_name": str(made.h.reading.message.author or ""), "author_organization": ""}
    house = sender.organization_kind == "house"
    return {"author_name": sender.name, "author_organization": made.h.situation.policy.house_name if house else sender.organization}
