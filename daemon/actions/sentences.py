"""Every action as a sentence, for people: what `explain` and the demo say was done, or would be. To word a new action, add its row.

An action comes as it is recorded (`record`, `vocabulary.payload`): plain data that may have been written years ago. So a fact that is
missing is left out, and a verb that nobody knows here is told as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from daemon.moments import local_minute
from daemon.store.names import MEANT, Names

Recorded = Mapping[str, Any]
"""An action under its `verb`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How it is told: of which case, with which names, as something that was done or that would be."""

    done: bool
    case: str | None
    """Its number; None: the decision would open one, or is about none."""
    names: Names = field(default_factory=dict)

    @property
    def was(self) -> str:
        """The verb that makes each sentence one of the past, or of what might be."""
        return "was" if self.done else "would be"

    @property
    def were(self) -> str:
        """The same for several."""
        return "were" if self.done else "would be"

    @property
    def it(self) -> str:
        """The case."""
        return self.case or "the new case"

    def name(self, action: Recorded, of: str) -> str:
        """What a field of an action means, by its name; by its number where there is none, "" where it means nothing."""
        number = action.get(of)
        return "" if number is None else self.names.get((MEANT[of], number), f"{MEANT[of]} {number}")

    def by(self, action: Recorded, of: str = "by_id") -> str:
        """Who did it, behind "by"; "" where nobody is known."""
        name = self.name(action, of)
        return f" by {name}" if name else ""


def sentence(action: Recorded, telling: Telling) -> str:
    """What an action does."""
    words = SENTENCES.get(action["verb"])
    return words(action, telling) if words is not None else _as_it_stands(action)


def sentences(actions: Iterable[Recorded], telling: Telling, verbs: Iterable[str]) -> Iterator[str]:
    """One for each action of these verbs, in their order."""
    wanted = frozenset(verbs)
    return (sentence(action, telling) for action in actions if action["verb"] in wanted)


def _as_it_stands(action: Recorded) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in action.items() if name != "verb" and value not in (None, "", [], {}))
    return f"{action['verb']}: {facts}" if facts else str(action["verb"])


def _at(action: Recorded, of: str) -> str:
    """A recorded time; "" where there is none."""
    written = action.get(of)
    return local_minute(datetime.fromisoformat(written)) if written else ""


def _plain(word: object) -> str:
    """A word of the program, as people write it."""
    return str(word or "").replace("_", " ")


def _of(whole: str) -> str:
    return f" of {whole}" if whole else ""


def _listed(parts: Iterable[str], before: str = "") -> str:
    """The parts there are, in one row."""
    there = ", ".join(part for part in parts if part)
    return before + there if there else ""


def _place(t: Telling, a: Recorded) -> str:
    """Who has a case: a person, or a queue."""
    if owner := t.name(a, "owner_id"):
        return f"owned by {owner}"
    queue = t.name(a, "queue_id")
    return f"in the queue {queue}" if queue else ""


def _cs(a: Recorded) -> str:
    return f"CS-{a['ticket_id']}" if a.get("ticket_id") else "the CS ticket"


# --- people and cases ----------------------------------------------------------------------------------------------


def _register_contact(a: Recorded, t: Telling) -> str:
    name = f"{a.get('first_name', '')} {a.get('last_name', '')}".strip()
    who = f"{name} <{a.get('address')}>" if name else a.get("address")
    return f"{who} {t.was} made a contact{_of(t.name(a, 'organization_id'))}, role {_plain(a.get('role'))}."


def _open_case(a: Recorded, t: Telling) -> str:
    who = t.name(a, "contact_id") or a.get("contact_address") or ""
    organization = t.name(a, "organization_id")
    whose = f"{who}{_of(organization)}" if who else organization
    system, partner, opener, contract = (t.name(a, of) for of in ("system_id", "partner_id", "opening_partner_id", "contract_id"))
    status = f" ({a['contract_status']})" if a.get("contract_status") else ""
    more = _listed((
        f"type {_plain(a.get('type'))}", f"for {whose}" if whose else "", f"system {system}" if system else "",
        f"contract {contract}{status}" if contract else "", f"opened by the partner {opener}" if opener else "",
        f"looked after by {partner}" if partner else "", _place(t, a),
    ))  # fmt: skip
    flags = "; ".join(a.get("flags") or ())
    return f"{t.case or 'A new case'} {t.was} opened: {more}." + (f" It {t.was} flagged: {flags}." if flags else "")


def _set_contact(a: Recorded, t: Telling) -> str:
    return f"{_first(t.it)} {t.was} made the case of {a.get('name') or a.get('address')}{_of(t.name(a, 'organization_id'))}."


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]


def _add_comment(a: Recorded, t: Telling) -> str:
    return f"A comment {t.was} added to {t.it}" + ("." if a.get("public") else " that only the house sees.")


def _keep_note(a: Recorded, t: Telling) -> str:
    return f"The words {t.were} kept on {t.it} as a note that only the house sees" + (f": {a['why']}." if a.get("why") else ".")


def _keep_attachments(a: Recorded, t: Telling) -> str:
    one = a.get("count") == 1
    return f"{a.get('count')} attachment{'' if one else 's'} {t.was if one else t.were} kept with {t.it if t.case else 'the case'}."


def _mark_bounced(a: Recorded, t: Telling) -> str:
    why = " ".join(word for word in (a.get("status"), a.get("reason")) if word)
    return f"Our mail {_outgoing(a, t)} {t.was} marked as bounced" + (f": {why}." if why else ".")


def _outgoing(a: Recorded, t: Telling) -> str:
    return f"{t.name(a, 'outbox_id')} to {a.get('address')}"


def _report_refusal(a: Recorded, t: Telling) -> str:
    what = "could not be written, because its template failed" if a.get("unwritten") else "was refused for good"
    return f"It {t.was} noted on {t.it} that our mail {_outgoing(a, t)} {what}: {a.get('reason')}."


def _hold_mail(a: Recorded, t: Telling) -> str:
    address = a.get("address")
    what = "to everybody" if address == "*" else f"in the thread of {address}" if "@" not in str(address) else f"to {address}"
    return f"Automatic mail {what} {t.was} held back until {_at(a, 'until')}: {a.get('reason')}."


def _queue_mail(a: Recorded, t: Telling) -> str:
    who = f"{a['name']} <{a.get('to')}>" if a.get("name") else a.get("to")
    held = f", but held back: {a['held']}" if a.get("held") else ""
    return f"A mail {t.was} written to {who}, template {a.get('template')}{held}."


# --- the life of a case --------------------------------------------------------------------------------------------


def _acknowledge(a: Recorded, t: Telling) -> str:
    return f"{_first(t.it)} {t.was} acknowledged{t.by(a)}" + (", as a plan or a closing implies." if a.get("implied") else ".")


def _set_plan(a: Recorded, t: Telling) -> str:
    return f"{_first(t.it)} {t.was} planned for {a.get('date')}, with the words of the mail."


def _close_case(a: Recorded, t: Telling) -> str:
    kept = a.get("on_planned_date")
    promise = "" if kept is None else ", on the planned day or before" if kept else ", after the planned day"
    return f"{_first(t.it)} {t.was} closed{t.by(a)}{promise}."


def _reopen_case(a: Recorded, t: Telling) -> str:
    owned = t.name(a, "acknowledged_by_id")
    return f"{_first(t.it)} {t.was} opened again{t.by(a)}" + (f", and acknowledged by {owned} at once." if owned else ".")


def _assign_owner(a: Recorded, t: Telling) -> str:
    return f"{_first(t.it)} {t.was} given to {'the queue ' if a.get('queue_id') else ''}{a.get('name')}."


def _assign_partner(a: Recorded, t: Telling) -> str:
    return f"{_first(t.it)} {t.was} given to the partner {a.get('name')}."


def _log_review(a: Recorded, t: Telling) -> str:
    return f"A review of {t.it} {t.was} logged{t.by(a)}."


def _post_feed(a: Recorded, t: Telling) -> str:
    named = _listed((f"@{handle}" for handle in a.get("mentions") or ()), " that names ")
    return f"An entry ({a.get('kind')}){named} {t.was} written into the feed of {t.it}, for the house."


def _start_clock(a: Recorded, t: Telling) -> str:
    met = ", and was met by this mail" if a.get("met_at") and t.done else ", and met by this mail" if a.get("met_at") else ""
    return f"A promise {t.was} started: {_promise(a)} {t.it} by {_at(a, 'deadline_at')}{met}."


def _promise(a: Recorded) -> str:
    """A kind of promise as what is to be done with a case."""
    return f"to {a['kind']}" if a.get("kind") in ("acknowledge", "plan", "close") else f'"{_plain(a.get("kind"))}" for'


def _end_clock(a: Recorded, t: Telling) -> str:
    return f"The promise {_promise(a)} {t.it} {t.was} {a.get('end')} at {_at(a, 'at')}."


def _mark_clock(a: Recorded, t: Telling) -> str:
    what = f"A {a['concern']} of the promise" if a.get("concern") else "The promise"
    then = f", to be looked at again at {_at(a, 'look_at')}" if a.get("look_at") else ""
    return f"{what} {_promise(a)} {t.it} {t.was} noted{then}."


_QUESTIONS = {"close": "to close {case}", "contract": "to open a case on a contract that is not active"}
_ANSWERS = {
    "confirm": "answered with yes", "decline": "answered with no", "expired": "ended without an answer",
    "void": "ended, as it means nothing any more",
}  # fmt: skip


def _ask_question(a: Recorded, t: Telling) -> str:
    kind = a.get("kind", "")
    about = _QUESTIONS.get(kind, _plain(kind)).format(case=t.case or "the case")
    return f"{_first(t.name(a, 'asked_id'))} {t.was} asked whether {about}; the answer is awaited until {_at(a, 'expires_at')}."


def _answer_question(a: Recorded, t: Telling) -> str:
    return f"The question of ours that waited {t.was} {_ANSWERS.get(a.get('answer', ''), a.get('answer'))}."


def _remember_reversal(a: Recorded, t: Telling) -> str:
    return f"The state of {t.it} before this {t.was} remembered, so that #{a.get('of')} can be undone{t.by(a, 'giver_id')}."


def _take_back(a: Recorded, t: Telling) -> str:
    return f"#{a.get('of')} {t.was} taken back: {t.it} {'is' if t.done else t.was} as before it."


# --- level one -----------------------------------------------------------------------------------------------------


def _record_support(a: Recorded, t: Telling) -> str:
    row = f"row {a.get('rule')} of its table (plan {_plain(a.get('plan_state'))}, issue {_plain(a.get('issue_class'))})"
    target = str(a.get("target") or "").removeprefix("own: ").replace("queue: ", "queue ")
    facts = "; ".join(f"{_plain(name)}: {value}" for name, value in a.get("facts") or () if name not in ("plan_state", "issue_class"))
    decided = f"{_plain(a.get('action'))}{f' ({target})' if target else ''}"
    return f"Level one {'took' if t.done else 'would take'} {row}: {decided}." + (
        f" It {'went' if t.done else 'would go'} by {facts}." if facts else ""
    )


def _name_account(a: Recorded, t: Telling) -> str:
    by = f"by words alone (flag {a.get('flag')})"
    return f"{_first(t.it)} {t.was} taken to be about the account of {a.get('name')}, {by}."


# --- what a form asks for ------------------------------------------------------------------------------------------


def _submit_request(a: Recorded, t: Telling) -> str:
    about = f"about {a['partner_company']}" if a.get("partner_company") else ""
    whom = _listed((f"from {a['company']}" if a.get("company") else "", about))
    problems = _listed(a.get("problems") or (), " To be decided by a person: ")
    return (
        f'The request "{a.get("title")}" {t.was} written down: form {a.get("form")}, {f"{whom}, " if whom else ""}'
        f"state {_plain(a.get('state'))}.{f'{problems}.' if problems else ''}"
    )


def _amend_request(a: Recorded, t: Telling) -> str:
    return f'The request "{a.get("title")}" {t.was} brought up to date with the new answers.'


def _move_request(a: Recorded, t: Telling) -> str:
    return f"The request of {t.it} {t.was} set to {_plain(a.get('state'))}."


def _settle_triage(a: Recorded, t: Telling) -> str:
    who = t.name(a, "contact_id") or a.get("contact_address") or ""
    facts = _listed((f"for {who}{_of(t.name(a, 'organization_id'))}", _place(t, a)))
    return f"{_first(t.it)} {t.was} taken out of triage: type {_plain(a.get('type'))}, {facts}."


def _open_cs_ticket(a: Recorded, t: Telling) -> str:
    assignee, checker = t.name(a, "assignee_id"), t.name(a, "qa_assignee_id")
    facts = _listed((
        f"for {assignee}" if assignee else "", f"configuration by {a.get('configuration_date')}", f"due {a.get('due_date')}",
        f"to be checked{f' by {checker}' if checker else ''} on {a.get('qa_due_date')}",
    ))  # fmt: skip
    return f"A CS ticket {t.was} opened in {a.get('project')}: {facts}."


def _describe_cs_ticket(a: Recorded, t: Telling) -> str:
    return f"The description of {_cs(a)} {t.was} replaced."


def _attach_to_cs_ticket(a: Recorded, t: Telling) -> str:
    whose = "all mails of the case" if a.get("of_case") else "this mail"
    return f"The files of {whose}, if there are any, {t.were} put on {_cs(a)}."


def _close_cs_ticket(a: Recorded, t: Telling) -> str:
    return f"{_first(_cs(a))} {t.was} set to Done{t.by(a)}."


def _reopen_cs_ticket(a: Recorded, t: Telling) -> str:
    return f"{_first(_cs(a))} {t.was} opened again{t.by(a)}."


def _assign_cs_ticket(a: Recorded, t: Telling) -> str:
    return f"{_first(_cs(a))} {t.was} given to {a.get('name')}."


def _add_outstanding(a: Recorded, t: Telling) -> str:
    items = "; ".join(f"{number}: {text}" for number, text in a.get("items") or ())
    return f"It {t.was} noted{t.by(a)} what is outstanding on {_cs(a)}{f': {items}' if items else ''}."


def _clear_outstanding(a: Recorded, t: Telling) -> str:
    numbers = _listed(map(str, a.get("numbers") or ()), " ")
    return f"The outstanding items{numbers} of {_cs(a)} {t.were} cleared{t.by(a)}."


SENTENCES: Mapping[str, Callable[[Recorded, Telling], str]] = MappingProxyType({
    "register-contact": _register_contact,
    "open-case": _open_case,
    "set-contact": _set_contact,
    "add-comment": _add_comment,
    "keep-note": _keep_note,
    "keep-attachments": _keep_attachments,
    "mark-bounced": _mark_bounced,
    "hold-mail": _hold_mail,
    "report-refusal": _report_refusal,
    "queue-mail": _queue_mail,
    "set-acknowledged": _acknowledge,
    "set-plan": _set_plan,
    "close-case": _close_case,
    "reopen-case": _reopen_case,
    "assign-owner": _assign_owner,
    "assign-partner": _assign_partner,
    "log-review": _log_review,
    "post-feed": _post_feed,
    "start-clock": _start_clock,
    "end-clock": _end_clock,
    "mark-clock": _mark_clock,
    "ask-question": _ask_question,
    "answer-question": _answer_question,
    "remember-reversal": _remember_reversal,
    "take-back": _take_back,
    "record-support": _record_support,
    "name-account": _name_account,
    "submit-request": _submit_request,
    "amend-request": _amend_request,
    "move-request": _move_request,
    "settle-triage": _settle_triage,
    "open-cs-ticket": _open_cs_ticket,
    "describe-cs-ticket": _describe_cs_ticket,
    "attach-to-cs-ticket": _attach_to_cs_ticket,
    "close-cs-ticket": _close_cs_ticket,
    "reopen-cs-ticket": _reopen_cs_ticket,
    "assign-cs-ticket": _assign_cs_ticket,
    "add-outstanding": _add_outstanding,
    "clear-outstanding": _clear_outstanding,
})  # fmt: skip
"""The sentence of each verb of the vocabulary."""
