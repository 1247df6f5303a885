"""Forms that come in, and what is known of them: Mia of Dune Energy asks for Oasis Roofs; Nora does the work, Owen checks and manages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from daemon.model import (
    CaseFacts,
    ContactFacts,
    CsTicketFacts,
    Decision,
    FormFacts,
    KeyFacts,
    MessageId,
    OrganizationFacts,
    OutstandingFacts,
    Reading,
    RequestFacts,
    RequestState,
)
from daemon.rules.decide import decide
from daemon.rules.intake import answers_of, content_hash
from tests.rules import facts
from tests.rules.formmails import ROWS, form_of, mail, question_table, reading_of, shipped

PASSED = "Authentication-Results: mx.support.example; dmarc=pass header.from=jotform.com\n"
SHIPPED = shipped()
BOOK = replace(facts.RULEBOOK, forms=(SHIPPED,))
TITLE = "A New Channel Partner Request for Oasis Roofs"

DUNES = OrganizationFacts(id=3, name="Dune Energy", kind="customer")
MIA = facts.person(20, "mia", "mia@dunes.example", "Dune Energy", "customer", 3, "customer")
IVAN = facts.person(21, "ivan", "ivan@support.example", "House", "house", 1, "configuration_assignee")
CHERISH = facts.person(22, "cherish", "qa@support.example", "House", "house", 1, "qa_assignee")


def octets(rows: Any = ROWS, fields: str = PASSED) -> bytes:
    """The form service's mail."""
    return mail(question_table(rows), fields=fields)


def form_mail(rows: Any = ROWS, fields: str = PASSED) -> Reading:
    """The same, read."""
    return reading_of(octets(rows, fields))


def known(**changes: Any) -> FormFacts:
    """Everybody is known."""
    found: dict[str, Any] = {
        "organization": DUNES, "submitter": MIA, "managers": {3: facts.OWEN}, "assignees": (IVAN,), "people": {"cherish": CHERISH},
    }  # fmt: skip
    return FormFacts(**found | changes)


def request(state: str = RequestState.IN_CONFIGURATION, rows: Any = ROWS, **changes: Any) -> RequestFacts:
    """The request that the mail became."""
    form = form_of(octets(rows), SHIPPED)
    assert form is not None
    return replace(
        RequestFacts(
            id=1, form=SHIPPED.name, state=state, case_id=1001, submission_id=form.submission_id, content_hash=content_hash(form),
            title=TITLE, submitter=MIA, submitter_email=MIA.address, company="Dune Energy", partner_company="Oasis Roofs",
            answers=answers_of(form), canonical={"submitter_name": "Mia Sand"},
        ),
        **changes,
    )  # fmt: skip


def ticket(*outstanding: tuple[int, str, bool], **changes: Any) -> CsTicketFacts:
    """The work; outstanding items are (number, text, open)."""
    today = facts.NOW.date()
    made = CsTicketFacts(
        id=7, case_id=1001, summary=TITLE, description="", open=True, assignee=IVAN, qa_assignee=CHERISH, created_on=today,
        due_date=today + timedelta(days=4), configuration_date=today + timedelta(days=2), qa_due_date=today + timedelta(days=4),
        outstanding=tuple(OutstandingFacts(number=number, text=text, open=is_open) for number, text, is_open in outstanding),
    )  # fmt: skip
    return replace(made, **changes)


def of_form(asked: RequestFacts | None = None, work: CsTicketFacts | None = None, **changes: Any) -> CaseFacts:
    """The case of the request."""
    return facts.case(
        **{
            "type": "channel_partner", "subject": TITLE, "contact": MIA, "contact_address": MIA.address, "partner_id": None,
            "partner": None, "partner_agents": (), "request": asked or request(), "cs_ticket": work,
            "manager": facts.OWEN, "organization": "Dune Energy",
        } | changes
    )  # fmt: skip


def taken(reading: Reading, form: FormFacts, **changes: Any) -> Decision:
    """What becomes of a form's mail."""
    return decide(reading, facts.situation(None, **{"form": form, "systems": ()} | changes), None, BOOK)


def reply(sender: ContactFacts, text: str) -> Reading:
    """An answer to a mail of ours."""
    return facts.reading(sender.address, text, in_reply_to=(MessageId("<asked@support.example>"),))


def answered(text: str, about: CaseFacts, sender: ContactFacts = facts.NORA, **changes: Any) -> Decision:
    """What follows when an agent answers the mail about a request that waits."""
    return decide(reply(sender, text), facts.on_case(sender, about, **changes), None, BOOK)


def worked(text: str, about: CaseFacts, sender: ContactFacts = IVAN) -> Decision:
    """What follows when somebody answers the mail about the work."""
    key = KeyFacts(kind="reply", case_id=about.id, contact=sender, address_digest=None, source="address", cs_id=7)
    return decide(reply(sender, text), facts.on_case(sender, about, keys=(key,), referenced_cs_ids=(7,)), None, BOOK)
