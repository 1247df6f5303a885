"""Relate a mail to its case: signed address, then references, then the subject tag of somebody the case knows.

A number alone never joins a stranger to a case.
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.model import CaseFacts, CsTicketFacts, Gate, Reading, Situation
from daemon.rules.trust import role_on, role_on_ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """The case, how it was found, and whether another proof names a different one."""

    case: CaseFacts | None
    matched_by: str | None
    conflict: CaseFacts | None
    gate: Gate
    ticket: CsTicketFacts | None = None
    """The CS ticket of the case, when that is what the mail is about."""


def correlate(reading: Reading, situation: Situation) -> Correlation:
    """Find the case of a mail; total and pure."""
    by_id = {case.id: case for case in situation.cases}
    addressed = [by_id[key.case_id] for key in situation.keys if key.source == "address" and key.case_id in by_id]
    keyed = [by_id[key.case_id] for key in situation.keys if key.source == "references" and key.case_id in by_id]
    referenced = [by_id[number] for number in situation.referenced_case_ids if number in by_id]
    threaded = keyed[:1] or referenced[:1]
    notes = []
    if situation.bad_keys:
        notes.append(f"{situation.bad_keys} reply address(es) or Message-ID(s) with a wrong signature")
    if addressed:
        case = addressed[0]
        other = next((found for found in (*addressed, *threaded) if found.id != case.id), None)
        if other is not None:
            notes.append(f"but the mail also names {other.number}")
        return _found(case, "address", other, f"signed reply address of {case.number}", notes, _ticket_of(case, situation, "address"))
    if threaded:
        case = threaded[0]
        why = f"In-Reply-To or References name a mail of {case.number}"
        return _found(case, "references", None, why, notes, _ticket_of(case, situation, "references"))
    for case in situation.cases:
        ticket = case.cs_ticket
        if ticket is None or ticket.id not in situation.tagged_cs_ids:
            continue
        role = role_on_ticket(ticket, situation.sender)
        if role is not None:
            return _found(case, "subject", None, f"[{ticket.number}] in the subject, from its {role}", notes, ticket)
        notes.append(f"[{ticket.number}] in the subject, but the sender has no part in it")
    for number in situation.tagged_case_ids:
        tagged = by_id.get(number)
        if tagged is None:
            continue
        role = role_on(tagged, situation.sender, reading.message.author)
        if role is not None:
            return _found(tagged, "subject", None, f"[{tagged.number}] in the subject, from its {role}", notes)
        notes.append(f"[{tagged.number}] in the subject, but the sender is nobody it knows")
    return Correlation(
        case=None, matched_by=None, conflict=None, gate=Gate(name="case", verdict="new", detail="; ".join(notes) or "it names no case")
    )


def _ticket_of(case: CaseFacts, situation: Situation, source: str) -> CsTicketFacts | None:
    """The CS ticket that was meant: the first key says whether its case was, or the mail itself that is answered."""
    ticket = case.cs_ticket
    if ticket is None:
        return None
    keyed = next((key for key in situation.keys if key.source == source and key.case_id == case.id), None)
    if keyed is not None:
        return ticket if keyed.cs_id == ticket.id else None
    return ticket if ticket.id in situation.referenced_cs_ids else None


def _found(
    case: CaseFacts, how: str, conflict: CaseFacts | None, why: str, notes: list[str], ticket: CsTicketFacts | None = None
) -> Correlation:  # fmt: skip
    gate = Gate(name="case", verdict=ticket.number if ticket is not None else case.number, detail="; ".join([why, *notes]))
    return Correlation(case=case, matched_by=how, conflict=conflict, gate=gate, ticket=ticket)
