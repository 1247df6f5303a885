"""A form comes in: is it believed, was it here before, and what is made of it. Pure.

Believed and clear: one decision makes contact, case, work and mails. Doubtful: a case in the triage queue asks a person; see `triage`.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.actions.vocabulary import (
    Action,
    AddComment,
    AmendRequest,
    AttachToCsTicket,
    DescribeCsTicket,
    KeepAttachments,
    KeepNote,
    MoveRequest,
    OpenCase,
    QueueMail,
    ReopenCase,
    SubmitRequest,
)
from daemon.model import CaseFacts, Decision, Kind, Match, RequestFacts, RequestState
from daemon.reasons import Outcome, Reason
from daemon.rules.cstickets import request_values, values_of
from daemon.rules.formreading import IGNORE, NOTIFICATION, QUARANTINE, FormReading
from daemon.rules.hearing import Hearing, audience_of, decision, mails, members_of, owner_of
from daemon.rules.intake import (
    DOUBTS,
    NOBODY,
    Intake,
    answers_of,
    canonical,
    changed_name,
    content_hash,
    description,
    files_of,
    registered,
    told_files,
    undecided,
    understood,
)
from daemon.rules.newcontact import contact_block
from daemon.rules.newwork import about_the_ticket, accepted_state, begun, case_type
from daemon.rules.receipts import steps

# --- the gate ------------------------------------------------------------------------------------------------------


def take_form(h: Hearing) -> Decision | None:
    """What becomes of a form's mail; None: the mail is none."""
    form = h.form
    if form is None:
        return None
    if form.action == QUARANTINE:
        return decision(h, Kind.FORM, Outcome.QUARANTINED, Reason.FORM_FORGED, detail=form.rules.name)
    if form.action == IGNORE:
        kind = Kind.LIST if h.reading.automatic.is_list else Kind.AUTOMATIC
        return decision(h, kind, Outcome.IGNORED, Reason.FORM_WITHOUT_REQUEST, detail=", ".join((form.kind, *form.problems)))
    believed = form.action == form.rules.action
    existing = (h.situation.form or NOBODY).existing
    if form.kind == NOTIFICATION and existing is not None and existing.case_id is not None:
        return _again(h, form, existing)
    intake = understood(form, h.situation.form or NOBODY)
    if believed and not intake.problems:
        return _accept(h, form, intake)
    return _ask(h, form, intake)


# --- taking it in --------------------------------------------------------------------------------------------------


def _submitted(h: Hearing, form: FormReading, intake: Intake, state: str) -> SubmitRequest:
    sender = h.situation.sender
    return SubmitRequest(
        form=form.rules.name, form_id=form.form_id, submission_id=form.submission_id, content_hash=content_hash(form), title=intake.title,
        state=state, submitter_id=intake.submitter.id if intake.submitter is not None else None, submitter_email=intake.email,
        company=intake.company, partner_company=intake.partner_company, answers=answers_of(form),
        canonical=canonical(h.reading, form),
        forwarded_by_id=sender.id if form.forwarded_by is not None and sender is not None else None, problems=intake.problems,
    )  # fmt: skip


def _kept(h: Hearing) -> list[Action]:
    """What keeps the files of the mail, if it has any."""
    files = files_of(h.reading)
    return [KeepAttachments(count=len(files))] if files else []


def _accept(h: Hearing, form: FormReading, intake: Intake) -> Decision:
    """Believed and clear: contact, case, work and mails in one decision."""
    rules, organization, submitter = form.rules, intake.organization, intake.submitter
    if organization is None:
        raise ValueError("a request without problems has an organization")
    forwarder = h.situation.sender if form.forwarded_by is not None else None
    queue = h.situation.default_queue
    actions: list[Action] = [] if submitter is not None else [registered(intake, organization, as_sender=True)]
    actions += [
        OpenCase(
            type=case_type(rules), subject=intake.title, description=description(answers_of(form), intake.note), origin="form",
            organization_id=organization.id, contact_id=submitter.id if submitter is not None else None, contact_address=intake.email,
            system_id=None, partner_id=None, owner_id=forwarder.id if forwarder is not None else None,
            queue_id=queue.id if queue is not None and forwarder is None else None, flags=intake.flags,
        ),
        _submitted(h, form, intake, accepted_state(rules)),
    ]  # fmt: skip
    if forwarder is not None and form.comment:
        actions.append(AddComment(text=form.comment, public=False, author_id=forwarder.id, author_address=h.reading.message.author))
    actions += _kept(h)
    started = begun(h, rules, organization, intake, answers_of(form), canonical=form.canonical, files=told_files(h.reading, form))
    actions += started.actions
    letters = [] if h.situation.archive else [*started.letters, *_changed(h, form)]
    made = decision(
        h, Kind.FORM, Outcome.ACTED, Reason.FORM_ACCEPTED, actions=[*actions, *letters], detail="; ".join((rules.name, *intake.flags))
    )
    return replace(made, contact_id=submitter.id if submitter is not None else None)


# --- the same submission again -------------------------------------------------------------------------------------


def _related(h: Hearing, existing: RequestFacts, outcome: Outcome, reason: Reason, actions: list[Action], detail: str = "") -> Decision:
    """A further mail of a request that is known: related to its customer and its case."""
    made = decision(h, Kind.FORM, outcome, reason, actions=actions, detail=detail or existing.title)
    submitter = existing.submitter
    match = Match(case_id=existing.case_id, matched_by="submission") if existing.case_id is not None else None
    return replace(made, match=match, contact_id=submitter.id if submitter is not None else None)


def changes(before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str, str], ...]:
    """What is different: (question, old answer, new answer), in the new order, then what is gone; "" where there is none.

    >>> changes((("Partner", "HW Solar"), ("Phone", "1")), (("Partner", "HW Solar West"),))
    (('Partner', 'HW Solar', 'HW Solar West'), ('Phone', '1', ''))
    """
    old, new = dict(reversed(before)), dict(reversed(after))
    labels = dict.fromkeys([*(label for label, _ in after), *(label for label, _ in before)])
    return tuple((label, old.get(label, ""), new.get(label, "")) for label in labels if old.get(label, "") != new.get(label, ""))


def _again(h: Hearing, form: FormReading, existing: RequestFacts) -> Decision:
    """A submission that is known: the same once more, or edited; an edit that nothing proves changes nothing."""
    if existing.content_hash == content_hash(form):
        return _related(h, existing, Outcome.IGNORED, Reason.FORM_REPEATED, [])
    waits = existing.state == RequestState.TRIAGE
    if existing.state == RequestState.REJECTED and not form.proven:
        return _related(h, existing, Outcome.IGNORED, Reason.FORM_REPEATED, [], "it was declined")
    if existing.state == RequestState.REJECTED or (waits and (form.proven or not DOUBTED.isdisjoint(existing.problems))):
        return _ask_again(h, form, existing)
    doubts = undecided(form)
    return _unproven(h, form, existing, doubts) if doubts else _edited(h, form, existing)


DOUBTED = frozenset(DOUBTS.values())


def _difference(form: FormReading, existing: RequestFacts) -> tuple[list[dict[str, str]], str]:
    """What an edit changes: as the mails say it, and as a note says it."""
    different = changes(existing.answers, answers_of(form))
    lines = [f"{label}: {before or '(nothing)'} -> {after or '(nothing)'}" for label, before, after in different]
    return [{"label": label, "before": before, "after": after} for label, before, after in different], "\n".join(lines)


def _unproven(h: Hearing, form: FormReading, existing: RequestFacts, doubts: tuple[str, ...]) -> Decision:
    """Kept as a note for the house, with the reason; whoever does the work is told, and decides."""
    table, lines = _difference(form, existing)
    note = KeepNote(text=f"An edit of the form that was not taken over.\n{lines}", why="; ".join(doubts),
                    author_address=h.reading.message.author)  # fmt: skip
    letters = _tell_of_change(h, existing, {"changes": table, "problems": list(doubts)})
    made = _related(h, existing, Outcome.ACTED, Reason.FORM_NOT_VERIFIED, [note, *_kept(h), *letters])
    return _about_work(made, _case_of(h, existing))


def _case_of(h: Hearing, existing: RequestFacts) -> CaseFacts | None:
    return next((case for case in h.situation.cases if case.id == existing.case_id), None)


def _tell_of_change(h: Hearing, existing: RequestFacts, values: dict[str, object]) -> list[Action]:
    """To whoever does the work, or owns the case: what an edit says."""
    case = _case_of(h, existing)
    if case is None or h.situation.archive:
        return []
    ticket = case.cs_ticket
    told = request_values(case) | values
    if ticket is None or ticket.assignee is None:
        return mails("cs-changed", owner_of(case), exclude=(), values=told)
    offered = {"steps": list(steps(("outstanding", "internal", "status")))}
    letters = mails("cs-changed", audience_of((ticket.assignee,)), exclude=(), values=told | values_of(ticket) | offered)
    return [about_the_ticket(one) for one in letters]


def _edited(h: Hearing, form: FormReading, existing: RequestFacts) -> Decision:
    """The submission was edited: its request and its work say so; the customer hears nothing a second time."""
    intake = understood(form, h.situation.form or NOBODY)
    case = _case_of(h, existing)
    table, lines = _difference(form, existing)
    actions: list[Action] = [
        AmendRequest(
            request_id=existing.id, content_hash=content_hash(form), title=existing.title,
            submitter_email=existing.submitter_email or intake.email, company=intake.company, partner_company=intake.partner_company,
            answers=answers_of(form), canonical=canonical(h.reading, form), problems=(),
        ),
        AddComment(text=f"The form was edited.\n{lines}", public=False, author_id=None, author_address=h.reading.message.author),
        *_kept(h),
    ]  # fmt: skip
    ticket = case.cs_ticket if case is not None else None
    if ticket is not None:
        actions += [
            DescribeCsTicket(ticket_id=ticket.id, description=description(answers_of(form), intake.note)),
            AttachToCsTicket(ticket_id=ticket.id),
        ]
    letters = _tell_of_change(h, existing, {"changes": table, **told_files(h.reading, form)})
    made = _related(
        h, existing, Outcome.ACTED, Reason.FORM_EDITED, [*actions, *letters, *([] if h.situation.archive else _changed(h, form))],
        ", ".join(change["label"] for change in table),
    )  # fmt: skip
    return _about_work(made, case)


def _about_work(made: Decision, case: CaseFacts | None) -> Decision:
    """The same, about the CS ticket of the case, if it has one."""
    ticket = case.cs_ticket if case is not None else None
    return replace(made, match=replace(made.match, cs_id=ticket.id)) if made.match is not None and ticket is not None else made


def _ask_again(h: Hearing, form: FormReading, existing: RequestFacts) -> Decision:
    """Edited while a person decides, or after one declined it: it waits as it is now, and they are asked once more."""
    intake = understood(form, h.situation.form or NOBODY)
    declined = existing.state == RequestState.REJECTED
    said = ("it was declined, and has been edited since",) if declined else ("it has been edited since you were asked",)
    _, lines = _difference(form, existing)
    actions: list[Action] = [
        AmendRequest(
            request_id=existing.id, content_hash=content_hash(form), title=intake.title, submitter_email=intake.email,
            company=intake.company, partner_company=intake.partner_company, answers=answers_of(form),
            canonical=canonical(h.reading, form), problems=intake.problems,
        ),
        AddComment(text=f"The form was edited.\n{lines}", public=False, author_id=None, author_address=h.reading.message.author)
        if form.proven
        else KeepNote(text=f"The form was edited.\n{lines}", why="; ".join(undecided(form)), author_address=h.reading.message.author),
        *_kept(h),
    ]  # fmt: skip
    if declined:
        case = _case_of(h, existing)
        actions += [ReopenCase(by_id=None, acknowledged_by_id=None)] if case is not None and not case.open else []
        actions.append(MoveRequest(request_id=existing.id, state=RequestState.TRIAGE))
    letters = [] if h.situation.archive else _triage_mails(h, form, replace(intake, problems=(*intake.problems, *said)))
    return _related(h, existing, Outcome.ACTED, Reason.FORM_EDITED, [*actions, *letters], "; ".join((*intake.problems, *said)))


# --- a person decides ----------------------------------------------------------------------------------------------


def _ask(h: Hearing, form: FormReading, intake: Intake) -> Decision:
    """A case of type triage in the triage queue, whose members are asked; the customer hears nothing yet."""
    queue = h.situation.triage_queue
    actions: list[Action] = [
        OpenCase(
            type="triage", subject=intake.title, origin="form",
            description=description(answers_of(form)) or h.reading.message.body.strip() or "(no words)",
            organization_id=None, contact_id=None, contact_address=None, system_id=None, partner_id=None, owner_id=None,
            queue_id=queue.id if queue is not None else None, flags=intake.problems,
        )
    ]  # fmt: skip
    if form.kind == NOTIFICATION:
        actions.append(_submitted(h, form, intake, RequestState.TRIAGE))
    if form.comment:
        sender = h.situation.sender
        by_id = sender.id if sender is not None and h.trust.sender else None
        actions.append(AddComment(text=form.comment, public=False, author_id=by_id, author_address=h.reading.message.author))
    actions += _kept(h)
    letters = [] if h.situation.archive else [*_triage_mails(h, form, intake), *_changed(h, form)]
    made = decision(h, Kind.FORM, Outcome.ACTED, Reason.FORM_NEEDS_PERSON, actions=[*actions, *letters], detail="; ".join(intake.problems))
    believed = form.action == form.rules.action
    return replace(made, contact_id=intake.submitter.id if intake.submitter is not None and believed else None)


def _triage_mails(h: Hearing, form: FormReading, intake: Intake) -> list[Action]:
    clear = intake.submitter is not None or (intake.organization is not None and intake.email)
    able = ("contact", "confirm", "decline") if clear else ("contact", "decline")
    values = {
        "form_title": form.form_title or form.rules.name, "request_title": intake.title, "company": intake.company,
        "partner_company": intake.partner_company, "submitter_name": intake.name, "submitter_email": intake.email,
        "answers": [{"label": label, "value": value} for label, value in answers_of(form)], "problems": list(intake.problems),
        "contact_block": contact_block(intake.name, intake.company, intake.email), **told_files(h.reading, form),
        "steps": list(steps(able if form.kind == NOTIFICATION else ())),
    }  # fmt: skip
    return mails("triage", members_of(h.situation.triage_queue), exclude=(), values=values)


# --- the form has changed ------------------------------------------------------------------------------------------


def _changed(h: Hearing, form: FormReading) -> list[Action]:
    """The owner of the form's file hears once what is different: the request was taken in all the same."""
    facts = h.situation.form or NOBODY
    name = changed_name(form) if form.drift else ""
    if not name or name in facts.told:
        return []
    owner = facts.people.get(form.rules.owner or "")
    queue = h.situation.triage_queue
    audience = audience_of((owner,)) if owner is not None else audience_of(queue.members[:1]) if queue is not None else ()
    labels = {field.name: field.labels[0] if field.labels else field.name for field in form.rules.fields}
    values = {
        "form_title": form.form_title or form.rules.name, "form_file": f"forms/{form.rules.name}.toml",
        "unknown_questions": list(form.drift.unknown), "missing_questions": [labels.get(name, name) for name in form.drift.missing],
        "renamed_questions": [{"before": labels.get(field, field), "after": label} for field, label in form.drift.renamed],
    }  # fmt: skip
    letters = mails("form-changed", audience, exclude=(), values=values)
    return [replace(letter, once=name) if isinstance(letter, QueueMail) else letter for letter in letters]
