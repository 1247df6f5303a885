"""What level one is asked in the tests of the rules: Acme Homes has an old order and no plan, and the shipped table decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from daemon.config import data_dir
from daemon.configuration.support import load_support
from daemon.model import AccountFacts, CallerFacts, ContactFacts, Decision, OrderFacts
from daemon.rules.decide import decide
from tests.rules import facts

BOOK = replace(facts.RULEBOOK, support=load_support(data_dir("config") / "support.toml", data_dir("config") / "entitlement.csv"))
ORDER = OrderFacts(number="9001", ordered_on=date(2026, 1, 10), website="shop.acme.example", version="7")
ACCOUNT = AccountFacts(orders=(ORDER,))
ACME = CallerFacts(organization=facts.ACME, contact=facts.ANN, account=ACCOUNT, matched="order number 9001", why="Acme Homes by 9001")
NOBODY = CallerFacts(why="no key fits an account")
SEVERAL = CallerFacts(ambiguous=True, why="several accounts fit the company acme")
KEY = "FAQ-How to request a key"


def asks(text: str, sender: ContactFacts | None = facts.ANN, caller: CallerFacts = ACME, **changes: Any) -> Decision:
    """A mail that opens a case, of a customer or of a stranger."""
    author = sender.address if sender is not None else facts.STRANGER
    known = facts.situation(sender, **{"caller": caller, "systems": ()} | changes)
    return decide(facts.reading(author, text, subject="A question"), known, None, BOOK)
