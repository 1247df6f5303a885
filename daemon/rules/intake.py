"""What a form says, as a request: whom and what it names, whose it is, what a person must decide. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from daemon.actions.vocabulary import RegisterContact
from daemon.model import (
    Attachment,
    ContactFacts,
    DomainVerdict,
    FormFacts,
    FormNames,
    OrganizationFacts,
    Policy,
    Reading,
    RequestFacts,
    Situation,
    Trust,
)
from daemon.parsers.names import first_and_last, folded
from daemon.rules.formreading import FormReading, FormSender, recognise
from daemon.rules.forms import FormRules
from daemon.rules.rulebook import Rulebook
from daemon.rules.trust import HOUSE_ROLES

NOBODY = FormFacts()


# --- what the store is asked for -----------------------------------------------------------------------------------


def answers_of(form: FormReading) -> tuple[tuple[str, str], ...]:
    """The rows as (question, answer); an upload without words is shown as its link."""
    return tuple((row.label, row.value or "\n".join(row.files)) for row in form.fields)


def files_of(reading: Reading) -> tuple[Attachment, ...]:
    """The files of a form's mail, and those of the messages attached to it, each content once: a form may be forwarded as a file."""
    found = {attachment.sha256: attachment for attachment in reversed(reading.message.attachments)}
    inner = [attachment for one in (reading.form.messages if reading.form is not None else ()) for attachment in one.attachments]
    new = [attachment for attachment in inner if attachment.sha256 not in found]
    return (*reading.message.attachments, *{attachment.sha256: attachment for attachment in new}.values())


def told_files(reading: Reading, form: FormReading) -> dict[str, object]:
    """What the mails about a form say of its files: the names of those that came with it, and the links to those that did not."""
    return {"attachments": [one.name for one in files_of(reading) if not one.inline], "links": list(form.files)}


def canonical(reading: Reading, form: FormReading) -> str:
    """The answers by field as they are kept, JSON; with whom they are from and the form's files, for whoever takes it up later."""
    return json.dumps(dict(form.canonical) | {NAME: form.customer_name, FILES: told_files(reading, form)}, ensure_ascii=False)


NAME, FILES = "submitter_name", "its files"
"""What is kept beside the answers. No field can be called like the second."""


def kept_files(asked: RequestFacts) -> Mapping[str, object]:
    """What `told_files` said when the form came."""
    found = asked.canonical.get(FILES)
    return found if isinstance(found, dict) else {}


def kept_name(asked: RequestFacts) -> str:
    """The name in the form."""
    return str(asked.canonical.get(NAME) or "")


def content_hash(form: FormReading) -> str:
    """What tells two mails of one submission apart: sha256 hex over the questions and answers."""
    return hashlib.sha256(json.dumps(answers_of(form), ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def names_of_form(reading: Reading, policy: Policy, rulebook: Rulebook) -> FormNames | None:
    """Whom and what the form in a mail names, to be looked up before it is decided; None: there is none."""
    if not rulebook.forms:
        return None
    anybody = FormSender(domain=DomainVerdict.NONE, house_agent=False, own_addresses=policy.own_addresses)
    form = recognise(reading, rulebook.forms, anybody)
    if form is None:
        return None
    return FormNames(
        form=form.rules.name, submission_id=form.submission_id, content_hash=content_hash(form), company=folded(form.company),
        email=form.customer_email or "", once=(changed_name(form),) if form.drift else (),
    )  # fmt: skip


def staff_of(rulebook: Rulebook) -> tuple[str, ...]:
    """The handles that the files of forms name."""
    found: dict[str, None] = {}
    for rules in rulebook.forms:
        if rules.task is not None:
            found.update(dict.fromkeys(rules.task.assignees))
            found[rules.task.qa_assignee or ""] = None
        found[rules.owner or ""] = None
    found.pop("", None)
    return tuple(found)


def form_sender(situation: Situation, trust: Trust) -> FormSender:
    """What of the proofs a form's reading asks for."""
    sender = situation.sender
    agent = sender is not None and sender.organization_kind == "house" and bool(sender.roles & HOUSE_ROLES) and trust.sender
    return FormSender(domain=trust.domain, house_agent=agent, own_addresses=situation.policy.own_addresses)


def changed_name(form: FormReading) -> str:
    """The name under which the owner of the form's file hears of these changes once."""
    drift = form.drift
    said = json.dumps([sorted(drift.unknown), sorted(map(list, drift.renamed)), sorted(drift.gone)], ensure_ascii=False)
    return f"form-changed:{form.rules.name}:{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}"


# --- whose it is ---------------------------------------------------------------------------------------------------

DOUBTS: Mapping[str, str] = MappingProxyType({
    "auth:none": "the mail server proves nothing of its sender",
    "auth:fail": "the mail server says that its sender is forged",
    "sender_not_listed": "it comes from nobody this form's mails come from",
    "forwarder_not_of_the_house": "it was forwarded by somebody who is no agent of the house",
    "no_known_labels": "no question of the form was found in it",
})  # fmt: skip
"""Problems that make a person decide, in their words."""

KINDS: Mapping[str, str] = MappingProxyType({
    "ambiguous": "more than one answer could be meant: {field}", "missing": "not in the form: {field}", "too_long": "too long: {field}",
})  # fmt: skip


def undecided(form: FormReading) -> tuple[str, ...]:
    """Why a request of this mail waits for a person, in words; empty: it need not."""
    if form.action == form.rules.action:
        return ()
    decisive = {field.name for field in form.rules.fields if field.decisive}
    words: list[str] = []
    for problem in form.problems:
        kind, _, field = problem.partition(":")
        if problem in DOUBTS:
            words.append(DOUBTS[problem])
        elif kind in KINDS and (field in decisive or kind == "too_long"):
            words.append(KINDS[kind].format(field=field.replace("_", " ")))
    return tuple(words) or ("it needs a person",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was made out of a form: who asks for which organization; `problems` are what a person must decide, in words."""

    organization: OrganizationFacts | None
    submitter: ContactFacts | None
    email: str
    name: str
    company: str
    partner_company: str
    title: str
    flags: tuple[str, ...] = ()
    note: str = ""
    """What the work must be told first."""
    problems: tuple[str, ...] = ()


NAMES = 255
"""Characters of a company's name that are kept; longer ones are a problem, and shown whole in the answers."""


def understood(form: FormReading, facts: FormFacts) -> Intake:
    """Organization and customer of a request: the company the form names, else that of the known customer (domain 1.3)."""
    submitter, organization = facts.submitter, facts.organization
    problems = list(undecided(form))
    flags: list[str] = []
    note = ""
    if form.company and organization is None:
        problems.append(f'unknown organization "{form.company[:NAMES]}"')
    elif submitter is None and organization is not None and organization.kind == "house":
        # whoever fills in a form could say so: nobody becomes one of our own people by that alone
        problems.append(f'"{organization.name}" is our own house, and nobody of it has this address')
    elif not form.company and submitter is not None:
        organization = OrganizationFacts(id=submitter.organization_id, name=submitter.organization, kind=submitter.organization_kind)
        note = f"({question_for(form.rules)} was not in the form; taken from the contact)"
        flags.append("company taken from the contact")
    elif not form.company:
        problems.append("no company in the form, and nobody with this address is known")
    elif submitter is not None and organization is not None and submitter.organization_id != organization.id:
        flags.append(f"company_mismatch: {submitter.name} belongs to {submitter.organization}")
    if form.customer_email is None and not problems:
        problems.append("no e-mail address of the customer")
    return Intake(
        organization=organization, submitter=submitter, email=form.customer_email or "", name=form.customer_name[:NAMES],
        company=form.company[:NAMES], partner_company=form.new_organization[:NAMES], title=title_of(form), flags=tuple(flags), note=note,
        problems=tuple(problems),
    )  # fmt: skip


def question_for(rules: FormRules) -> str:
    """What people call the question for the company: its first label, with a capital letter for each word."""
    field = rules.field(rules.customer.company) if rules.customer.company is not None else None
    return field.labels[0].title() if field is not None and field.labels else "The company"


def title_of(form: FormReading) -> str:
    """The subject of the case: the file's pattern filled in, else the subject of the form's mail."""
    made = filled(form.rules.case.subject, form.canonical) if form.rules.case is not None else None
    return made or form.subject or form.form_title or form.rules.name


def filled(pattern: str, canonical: Mapping[str, object]) -> str | None:
    """A pattern with the fields it names in braces; None when one of them is missing."""
    values = {name: " ".join(value.split())[:NAMES] for name, value in canonical.items() if isinstance(value, str) and value.strip()}
    try:
        return pattern.format_map(values)
    except (KeyError, ValueError, IndexError):
        return None


def description(answers: tuple[tuple[str, str], ...], note: str = "") -> str:
    r"""The answers as text: `label: value` in the form's order, further lines of a value indented.

    >>> description((("Notes", "one\ntwo"), ("Phone", "1")))
    'Notes: one\n    two\nPhone: 1'
    """
    lines = [note] if note else []
    lines += [f"{label}: {value}".replace("\n", "\n    ") for label, value in answers]
    return "\n".join(lines)


def registered(intake: Intake, organization: OrganizationFacts, *, as_sender: bool) -> RegisterContact:
    """The customer, made under the organization that submits: first and last name split at the last blank."""
    first, last = first_and_last(intake.name)
    return RegisterContact(address=intake.email, first_name=first, last_name=last, organization_id=organization.id, as_sender=as_sender)
