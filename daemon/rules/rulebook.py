"""What an installation has configured, as the rules need it: calendars, promises, forms, words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.model import CaseFacts, ContactFacts
from daemon.parsers.keywords import VOCABULARY, Vocabulary
from daemon.parsers.phrases import PHRASEBOOK, Phrasebook
from daemon.rules.calendars import Calendar, calendar
from daemon.rules.entitlement import SupportRules
from daemon.rules.forms import FormRules
from daemon.rules.sla import SlaRule

NINE_TO_FIVE: Mapping[str, str] = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Calendars by name, of which `house` is ours; the promises; the forms; the vocabulary and the phrases of replies."""

    calendars: Mapping[str, Calendar]
    house: str
    sla: tuple[SlaRule, ...] = ()
    forms: tuple[FormRules, ...] = ()
    vocabulary: Vocabulary = field(default=VOCABULARY, repr=False)
    phrasebook: Phrasebook = field(default=PHRASEBOOK, repr=False)
    support: SupportRules | None = None
    """What level one goes by; None: there is no level one."""
    faqs: tuple[str, ...] = ()
    """The titles of the FAQs that can be sent."""
    customer_may_close: bool = True
    confirm_close: bool = False
    """Whoever closes a case is asked first whether they mean it."""

    def level_queues(self) -> tuple[str, ...] | None:
        """The queues that the table of level one names; None: there is no level one."""
        if self.support is None:
            return None
        return tuple(dict.fromkeys(row.queue for row in self.support.table.rows if row.queue is not None))

    def form(self, name: str) -> FormRules | None:
        """The form of this name, unless its file is gone."""
        return next((rules for rules in self.forms if rules.name == name), None)

    def calendar_of(self, name: str | None) -> Calendar:
        """This calendar if it is configured, else the house's."""
        return self.calendars.get(name or self.house) or self.calendars[self.house]

    def calendar_of_person(self, person: ContactFacts | None) -> Calendar:
        """Where a person reads: the calendar of their organization, else the house's."""
        return self.calendar_of(person.calendar if person is not None else None)

    def calendar_of_case(self, case: CaseFacts) -> Calendar:
        """What the promises of a case are counted in: the partner's calendar, else the house's."""
        return self.calendar_of(case.partner_calendar)


def plain_rulebook() -> Rulebook:
    """Where nothing is configured: nine to five in UTC, no holidays, no promises."""
    return Rulebook(calendars={"house": calendar("house", timezone="UTC", hours=NINE_TO_FIVE)}, house="house")
