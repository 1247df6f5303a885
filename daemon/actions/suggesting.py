"""What a mail to one of our own suggests for a case: FAQs and past resolutions, each with the one-tap command that sends it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from daemon.mail.rendering import Templates
from daemon.model import FAQ
from daemon.store.schema import Case
from daemon.store.statements import Select
from daemon.store.suggestions import Faq, Suggestion, keep_faqs, suggest

MOST_WORDS = 1000
"""Characters of a resolution that are put into an answer."""
_SIGIL = re.compile(r"^[ \t]*[#!/＃！／]+[ \t]*", re.MULTILINE)


def fitting(case_id: int, templates: Templates) -> list[dict[str, str]]:
    """What fits the words of a case best, as the template's `suggestions`; the index of FAQs follows the templates."""
    keep_faqs(_indexed(templates))
    subject, description, organization_id, contact_id = _WORDS(case=case_id)[0]
    # whoever only named an account hears nothing of it, in old words neither
    return [_row(one) for one in suggest(subject, description, organization_id=organization_id if contact_id is not None else None)]


_WORDS = Select(lambda case: Case.select(Case.subject, Case.description, Case.organization, Case.contact).where(Case.id == case))


@lru_cache(maxsize=4)
def _indexed(templates: Templates) -> tuple[Faq, ...]:
    return tuple(Faq.of(template) for template in templates.faqs)


def _row(one: Suggestion) -> dict[str, Any]:
    """A FAQ is sent by its title; the words of a resolution are put into the answer, to be made fit before they go."""
    # words of an old case are never commands for this one
    words = _SIGIL.sub("", one.words.strip())[:MOST_WORDS]
    command = f"#faq {one.title.removeprefix(FAQ)}" if one.case_number is None else f"#update\n{words}"
    return {"command": command, "title": one.title, "number": one.case_number or "", "excerpt": one.excerpt}
