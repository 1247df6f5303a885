"""Labels and words of the blocks that describe a case, a contact or a call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.blocks import LABELS, case_type, missing, read_block


def test_labels_stand_in_any_order_and_case_above_the_words() -> None:
    block = read_block("case", "PARTNER: Miller Solar\ntype: Reseller\nContact : ann.lee@acme.example\nInverter offline.\nSince: Saturday")
    assert dict(block.fields) == {"partner": "Miller Solar", "type": "Reseller", "contact": "ann.lee@acme.example"}
    assert block.text == "Inverter offline.\nSince: Saturday"
    assert case_type(block) == "reseller"


def test_what_else_is_known_of_a_person_is_kept() -> None:
    block = read_block("case", "First Name: Joe\nLast Name: Hill\nCompany: Acme Homes\nEmail: joe@acme.example\nUnit: IT\nA question.")
    assert block.extra == (("Unit", "IT"),)
    assert block.names_new_person
    assert block.text == "A question."
    assert missing("case", block) == ()


def test_an_unknown_label_begins_the_words_where_nobody_is_described() -> None:
    block = read_block("case", "type: support\nError: no route to host\nHelp.")
    assert (dict(block.fields), block.extra, block.text) == ({"type": "support"}, (), "Error: no route to host\nHelp.")


def test_a_blank_line_ends_the_labels_unless_another_one_follows() -> None:
    assert read_block("case", "type: support\n\ncontact: ann\n\nNote: broken").fields == {"type": "support", "contact": "ann"}
    assert read_block("case", "type: support\n\nNote: broken").text == "Note: broken"


def test_the_first_value_of_a_label_holds() -> None:
    assert read_block("case", "contact: ann\ncontact: bob\nx").fields["contact"] == "ann"


@pytest.mark.parametrize("line", ["https://acme.example is down", "It fails: see the log", "10:30 it broke", ":x", ""])
def test_a_line_of_words_is_no_label(line: str) -> None:
    assert read_block("case", line).text == line
    assert not read_block("case", line).fields


def test_an_address_that_a_mail_program_linked_is_cleaned() -> None:
    assert read_block("contact", "Email: joe@acme.example<mailto:joe@acme.example>").fields["email"] == "joe@acme.example"


@pytest.mark.parametrize(
    ("verb", "argument", "lacking"),
    [
        ("contact", "First Name: Joe", ("last name", "company", "email")),
        ("contact", "First Name: Joe\nLast Name: Hill\nCompany:\nEmail: j@a.example", ("company",)),
        ("case", "type: installer\norg: HW Solar\nCommission missing", ("contact",)),
        ("case", "type: installer\ncontact: hector@hwsolar.example\nCommission missing", ()),
        ("case", "type: installer\norg: HW Solar\nFirst Name: Hector\nLast Name: Wu\nEmail: h@hwsolar.example\nx", ()),
        ("case", "type: homeowner\nPanel leak", ("contact",)),
        ("case", "type: homeowner\ncontract: HC-100\nPanel leak", ()),
        ("case", "type: homeowner\ncontact: new@home.example\nAccount: Acme Homes\nFirst Name: N\nLast Name: O\nleak", ()),
        ("case", "type: reseller\npartner: Miller Solar\nx", ("contact",)),
        ("case", "Customer asks.", ()),
    ],
)
def test_what_is_missing(verb: str, argument: str, lacking: tuple[str, ...]) -> None:
    assert missing(verb, read_block(verb, argument)) == lacking


def test_a_call_is_read() -> None:
    block = read_block("call", "Website: shop.example\nOrder number: 9001\nIssue: key\nPersists: yes\nWants a key.")
    assert dict(block.fields) == {"website": "shop.example", "order": "9001", "issue": "key", "persists": "yes"}
    assert block.text == "Wants a key."


@given(st.sampled_from(sorted(LABELS)), st.text())
def test_any_block_can_be_read(verb: str, argument: str) -> None:
    block = read_block(verb, argument)
    missing(verb, block)
    assert len(block.text) <= len(argument)
