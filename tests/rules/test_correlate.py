"""Which case a mail is about: the signed address, then the references, then the number in the subject."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.model import ContactFacts
from daemon.rules.correlate import Correlation, correlate
from tests.rules import facts

ONE, TWO = facts.case(1001), facts.case(1002)
BOTH = (ONE, TWO)


def found(**known: object) -> Correlation:
    sender = known.pop("sender", facts.ANN)
    return correlate(facts.reading(), facts.situation(sender, **{"cases": BOTH} | known))  # type: ignore[arg-type]


def test_a_mail_that_names_no_case_is_a_new_one() -> None:
    new = correlate(facts.reading(), facts.situation())
    assert (new.case, new.matched_by, new.conflict) == (None, None, None)
    assert (new.gate.name, new.gate.verdict, new.gate.detail) == ("case", "new", "it names no case")


@pytest.mark.parametrize(
    ("known", "number", "how"),
    [
        ({"keys": (facts.key(1002),), "tagged_case_ids": (1001,)}, 1002, "address"),
        ({"keys": (facts.key(1002),), "referenced_case_ids": (1002,)}, 1002, "address"),
        ({"keys": (facts.key(1002, source="references"),), "tagged_case_ids": (1001,)}, 1002, "references"),
        ({"referenced_case_ids": (1002,), "tagged_case_ids": (1001,)}, 1002, "references"),
        ({"keys": (facts.key(1002, source="references"),), "referenced_case_ids": (1001,)}, 1002, "references"),
        ({"referenced_case_ids": (1002, 1001)}, 1002, "references"),
        ({"tagged_case_ids": (1002, 1001)}, 1002, "subject"),
    ],
    ids=[
        "address over number",
        "address and thread",
        "key over number",
        "thread over number",
        "key over thread",
        "nearest",
        "first number",
    ],
)
def test_the_strongest_name_wins(known: dict[str, object], number: int, how: str) -> None:
    correlation = found(**known)
    assert correlation.case is not None
    assert (correlation.case.id, correlation.matched_by, correlation.gate.verdict) == (number, how, f"CASE-{number}")


@pytest.mark.parametrize(
    "known",
    [
        {"keys": (facts.key(1001),), "referenced_case_ids": (1002,)},
        {"keys": (facts.key(1001), facts.key(1002, source="references"))},
        {"keys": (facts.key(1001), facts.key(1002))},
    ],
    ids=["thread", "signed Message-ID", "two addresses"],
)
def test_a_signed_address_and_another_case_are_a_conflict_on_the_case_of_the_address(known: dict[str, object]) -> None:
    correlation = found(**known)
    assert (correlation.case, correlation.conflict) == (ONE, TWO)
    assert "but the mail also names CASE-1002" in correlation.gate.detail


def test_a_number_in_the_subject_never_contradicts_a_key_or_a_thread() -> None:
    assert found(keys=(facts.key(1001),), tagged_case_ids=(1002,)).conflict is None
    assert found(referenced_case_ids=(1001,), tagged_case_ids=(1002,)).conflict is None


@pytest.mark.parametrize(
    "sender", [None, facts.AMY, facts.RIVAL, facts.CLERK, facts.QUIET], ids=lambda who: who.handle if who else "nobody"
)
def test_a_number_alone_never_joins_somebody_the_case_does_not_know(sender: ContactFacts | None) -> None:
    author = sender.address if sender else facts.STRANGER
    correlation = correlate(facts.reading(author), facts.situation(sender, cases=BOTH, tagged_case_ids=(1001, 1002)))
    assert correlation.case is None
    assert "[CASE-1001] in the subject, but the sender is nobody it knows" in correlation.gate.detail


@pytest.mark.parametrize(
    ("sender", "role"), [(facts.ANN, "customer"), (facts.PAT, "partner"), (facts.NORA, "house")], ids=["customer", "partner", "house"]
)
def test_a_number_joins_whom_the_case_knows(sender: ContactFacts, role: str) -> None:
    correlation = correlate(facts.reading(sender.address), facts.situation(sender, cases=(ONE,), tagged_case_ids=(1001,)))
    assert correlation.case == ONE
    assert f"from its {role}" in correlation.gate.detail


def test_a_stranger_may_name_his_own_case_by_its_number() -> None:
    own = facts.strangers_case()
    correlation = correlate(facts.reading(facts.STRANGER), facts.situation(None, cases=(own,), tagged_case_ids=(1001,)))
    assert (correlation.case, correlation.matched_by) == (own, "subject")


def test_the_first_number_that_knows_the_sender_is_taken() -> None:
    other = facts.case(1002, contact=facts.AMY, contact_address=facts.AMY.address)
    correlation = correlate(facts.reading(), facts.situation(cases=(ONE, other), tagged_case_ids=(1002, 1001)))
    assert correlation.case == ONE
    assert "[CASE-1002]" in correlation.gate.detail


def test_a_wrong_signature_names_nothing_and_is_told_in_the_gate() -> None:
    correlation = found(bad_keys=2)
    assert correlation.case is None
    assert correlation.gate.detail == "2 reply address(es) or Message-ID(s) with a wrong signature"
    assert "wrong signature" in found(bad_keys=1, referenced_case_ids=(1001,)).gate.detail


def test_a_name_of_a_case_that_is_gone_is_no_name() -> None:
    assert correlate(
        facts.reading(), facts.situation(keys=(facts.key(77),), referenced_case_ids=(78,), tagged_case_ids=(79,))
    ).case is None  # fmt: skip


@given(
    st.lists(st.builds(facts.key, st.sampled_from([1001, 1002, 1003]), source=st.sampled_from(["address", "references"])), max_size=3),
    st.lists(st.sampled_from([1001, 1002, 1003]), max_size=3),
    st.lists(st.sampled_from([1001, 1002, 1003]), max_size=3),
    st.sampled_from([None, facts.ANN, facts.PAT, facts.RIVAL]),
)
def test_a_found_case_was_named_by_how_it_was_found(keys: list, thread: list, tags: list, sender: ContactFacts | None) -> None:  # type: ignore[type-arg]
    correlation = correlate(
        facts.reading(sender.address if sender else facts.STRANGER),
        facts.situation(sender, cases=BOTH, keys=tuple(keys), referenced_case_ids=tuple(thread), tagged_case_ids=tuple(tags)),
    )
    named = {
        "address": [one.case_id for one in keys if one.source == "address"],
        "references": [*(one.case_id for one in keys if one.source == "references"), *thread],
        "subject": tags,
        None: [None],
    }
    assert (correlation.case.id if correlation.case else None) in named[correlation.matched_by]
    assert correlation.conflict is None or (correlation.matched_by == "address" and correlation.conflict != correlation.case)
