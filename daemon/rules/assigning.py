"""`#assign`: to oneself, a colleague, a queue, a partner; and who may give a case to whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.actions.vocabulary import AssignOwner, AssignPartner
from daemon.model import ContactFacts
from daemon.parsers.names import called, folded
from daemon.rules.drafts import Draft, Step
from daemon.rules.hearing import UNMANNED, audience_of, members_of, owner_of
from daemon.rules.judgement import Request
from daemon.rules.receipts import Done
from daemon.rules.sla import ClockEvent


def _assign(made: Draft, request: Request) -> None:
    name = (request.arg or "").strip()
    key = folded(name)
    if made.case is None:
        return
    if key in ("me", "@me") and made.sender is not None:
        _give_to_person(made, made.sender, request)
        return
    queue = made.asked.queues.get(key)
    partner = made.asked.organizations.get(key)
    people = made.asked.people.get(called(name), ())
    if made.role == "partner":
        people = tuple(person for person in people if person.organization_id == made.partner_id)
        queue = partner = None
    if len(people) > 1:
        made.trouble(request, "E-AMBIGUOUS-PERSON", said=name, choices=tuple(person.address for person in people))
    elif people:
        _give_to_person(made, people[0], request)
    elif queue is not None:
        made.actions.append(AssignOwner(owner_id=None, queue_id=queue.id, name=queue.name))
        made.done.append(Done(verb="assign", who=queue.name))
        made.mail("case-assigned", audience_of(queue.members), exclude_author=False, values={"partner": "", "queue": queue.name})
    elif partner is not None and partner.kind == "partner":
        _give_to_partner(made, partner.id, partner.name, partner.calendar, request)
    else:
        made.trouble(request, "E-UNKNOWN-PERSON", said=name)


def _give_to_person(made: Draft, person: ContactFacts, request: Request) -> None:
    if made.role == "house" and person.organization_kind == "partner" and person.organization_id != made.partner_id:
        _give_to_partner(made, person.organization_id, person.organization, person.calendar, request)
        return
    if person.organization_kind == "customer":
        made.trouble(request, "E-UNKNOWN-PERSON", said=request.arg or person.handle)
        return
    made.actions.append(AssignOwner(owner_id=person.id, queue_id=None, name=person.name))
    made.done.append(Done(verb="assign", who=person.name))
    made.mail("case-assigned", audience_of((person,)), values={"partner": "", "queue": ""})


def _give_to_partner(made: Draft, partner_id: int, name: str, calendar: str | None, request: Request) -> None:
    if not made.open:
        made.trouble(request, "E-STATE", detail="already-closed")
        return
    if made.partner_id == partner_id:
        made.done.append(Done(verb="assign", who=name))
        return
    owner = made.case.owner if made.case is not None else None
    if owner is not None and owner.organization_kind == "partner" and made.sender is not None:
        # whoever worked for the partner before has nothing more to do with it
        made.actions.append(AssignOwner(owner_id=made.sender.id, queue_id=None, name=made.sender.name))
    made.actions.append(AssignPartner(partner_id=partner_id, name=name))
    made.events.append(ClockEvent.ASSIGNED)
    made.partner_id, made.partner_calendar = partner_id, calendar
    made.cycle, made.acknowledged, made.planned_date = made.cycle + 1, False, None
    agents = audience_of(made.asked.agents.get(partner_id, ()))
    made.done.append(Done(verb="assign", who=name if agents else f"{name}, {UNMANNED}"))
    in_their_place = (owner_of(made.case) if made.case is not None else ()) or members_of(made.h.situation.default_queue)
    made.mail("case-assigned", agents or in_their_place, values={"partner": name, "unmanned": not agents})


STEPS: Mapping[str, Step] = {"assign": _assign}
"""What each verb that gives a case to somebody does."""
