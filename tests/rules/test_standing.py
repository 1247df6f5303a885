"""Roles, and whom the commands of a mail name."""

from __future__ import annotations

import pytest

from daemon.model import ContactFacts
from daemon.rules.rulebook import plain_rulebook
from daemon.rules.standing import names_of, role_of
from tests.rules.facts import ANN, CLERK, NORA, PAT, QUIET, RIVAL, case, on_case, reading, situation

BOOK = plain_rulebook()


@pytest.mark.parametrize(
    ("sender", "without", "on_a_case"),
    [(ANN, "customer", "customer"), (PAT, "partner", "partner"), (NORA, "house", "house"), (RIVAL, "partner", None),
     (CLERK, "customer", None), (QUIET, "customer", None)],
)  # fmt: skip
def test_a_role_on_a_case_is_not_a_role_at_large(sender: ContactFacts, without: str | None, on_a_case: str | None) -> None:
    mail = reading(sender.address)
    assert role_of(None, situation(sender), mail) == without
    assert role_of(case(), on_case(sender), mail) == on_a_case


def test_names_are_those_of_the_commands_folded() -> None:
    found = names_of(reading(text="#assign Back-Office\n"), BOOK)
    assert found is not None
    assert (found.people, found.queues) == (("back-office",), ("back-office",))
    block = "#case\ncontact: Ann@Acme.example\npartner: Miller  Solar\ncontract: HC-1\nLeak\n"
    asked = names_of(reading(text=block), BOOK)
    assert asked is not None
    assert asked.people == ("ann@acme.example",)
    assert asked.organizations == ("miller solar",)
    assert (asked.contracts, asked.with_contracts) == (("hc-1",), True)


def test_a_mail_that_names_nobody_asks_for_nothing() -> None:
    assert names_of(reading(text="Thank you.\n"), BOOK) is None


def test_a_mention_and_a_number_are_names_too() -> None:
    found = names_of(reading(text="@marta can you call?\n#status CASE-1007\n"), BOOK)
    assert found is not None
    assert ("marta" in found.people, found.cases) == (True, (1007,))


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("#assign @Marta.\n", ("marta",)),
        ("#assign bob@miller.example<mailto:bob@miller.example>\n", ("bob@miller.example",)),
        ("#assign Priya  Nair\n", ("priya nair",)),
        ("#case\ncontact: Ann Lee <Ann@ACME.example>\nLeak\n", ("ann@acme.example",)),
        ("#contact\nFirst Name: Ann\nEmail: ann@Bücher.example\n", ("ann@xn--bcher-kva.example",)),
    ],
)
def test_somebody_is_looked_up_however_they_are_written(text: str, people: tuple[str, ...]) -> None:
    found = names_of(reading(text=text), BOOK)
    assert found is not None
    assert found.people == people


@pytest.mark.parametrize("line", ["contract: HC-1", "system: Roof-7"])
def test_a_contract_or_a_system_alone_is_looked_up(line: str) -> None:
    found = names_of(reading(text=f"#case\n{line}\nLeak\n"), BOOK)
    assert found is not None
    assert found.contracts or found.systems
