"""Who is really speaking: the proofs K, F, D and the grade they make."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.model import AddrSpec, AuthenticationResults, CaseFacts, ContactFacts, DomainVerdict, Grade, KeyFacts, Trust
from daemon.rules.trust import domain_verdict, role_on, weigh
from tests.rules import facts
from tests.rules.facts import ANN, AUTHSERV, BOB, NORA, PAT, POLICY, RIVAL, STRANGER, case, dmarc, key, message, results

NOBODY_BELIEVED = replace(POLICY, authserv_id=None)
BORDER = replace(POLICY, authserv_position="border")


def verdict(*fields: AuthenticationResults, author: str | None = "ann@acme.example", policy: Any = POLICY) -> DomainVerdict:
    said, evidence = domain_verdict(message(author, authentication_results=fields), policy)
    assert evidence
    return said


# --- D: the domain --------------------------------------------------------------------------------------------------

PASS = ("dmarc", "pass", {"header.from": "acme.example"})
FAIL = ("dmarc", "fail", {"header.from": "acme.example"})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([dmarc("pass", "acme.example")], "pass"),
        ([dmarc("fail", "acme.example")], "fail"),
        ([dmarc("pass", "acme.example", authserv_id="MX.Support.Example")], "pass"),
        ([dmarc("pass", "Acme.Example")], "pass"),
        ([results(("dmarc", "pass", {}))], "pass"),
        ([], "none"),
        ([results()], "none"),
        ([dmarc("none", "acme.example")], "none"),
        ([dmarc("temperror", "acme.example")], "none"),
        ([dmarc("permerror", "acme.example")], "none"),
        ([dmarc("bestguesspass", "acme.example")], "none"),
        ([dmarc("policy", "acme.example")], "none"),
        # a verdict forged under the real one: only the topmost field is looked at
        ([dmarc("fail", "acme.example"), dmarc("pass", "acme.example")], "fail"),
        ([dmarc("none", "acme.example"), dmarc("pass", "acme.example")], "none"),
        ([results(), dmarc("pass", "acme.example")], "none"),
        ([dmarc("fail", "acme.example"), dmarc("pass", "acme.example", received_above=2)], "fail"),
        # somebody else's field, or one with no name at all
        ([dmarc("pass", "acme.example", authserv_id=f"{AUTHSERV}.evil.example")], "none"),
        ([dmarc("pass", "acme.example", authserv_id=f"x{AUTHSERV}")], "none"),
        ([dmarc("pass", "acme.example", authserv_id="support.example")], "none"),
        ([dmarc("pass", "acme.example", authserv_id="mx.support.ex\u0430mple")], "none"),
        ([dmarc("pass", "acme.example", authserv_id=None)], "none"),
        ([dmarc("pass", "acme.example", authserv_id="other.example"), dmarc("fail", "acme.example")], "fail"),
        # aligned for another domain
        ([dmarc("pass", "evil.example")], "none"),
        ([dmarc("pass", "mail.acme.example")], "none"),
        ([dmarc("pass", "acme.example.evil.example")], "none"),
        ([dmarc("fail", "evil.example")], "none"),
        # the provider did not stamp this mail: what stands below a Received came with it
        ([dmarc("pass", "acme.example", received_above=1)], "none"),
        ([dmarc("pass", "acme.example", received_above=5)], "none"),
    ],
)
def test_dmarc_of_our_provider_at_its_place_says(fields: list[AuthenticationResults], said: str) -> None:
    assert verdict(*fields) == said


@pytest.mark.parametrize(("above", "said"), [(0, "none"), (1, "pass"), (2, "none")], ids=["above all", "between border and next", "below"])
def test_a_provider_that_stamps_below_its_border_is_believed_only_there(above: int, said: str) -> None:
    assert verdict(dmarc("pass", "acme.example", received_above=above), policy=BORDER) == said


def test_at_the_border_a_field_that_stands_above_all_is_not_ours() -> None:
    fields = (dmarc("pass", "acme.example", received_above=0), dmarc("fail", "acme.example", received_above=1))
    assert verdict(*fields, policy=BORDER) == "fail"
    assert verdict(fields[0], policy=BORDER) == "none"


@pytest.mark.parametrize("above", ["fail", "none", "temperror"])
def test_a_provider_that_stamps_above_all_after_all_is_not_outvoted_at_the_border(above: str) -> None:
    forged = dmarc("pass", "acme.example", received_above=1)
    assert verdict(dmarc(above, "acme.example"), forged, policy=BORDER) == ("fail" if above == "fail" else "none")
    assert verdict(dmarc("pass", "acme.example"), forged, policy=BORDER) == "pass"
    aligned = results(("dkim", "pass", {"header.d": "acme.example"}), received_above=1)
    assert verdict(results(("dkim", "fail", {"header.d": "acme.example"})), aligned, policy=BORDER) == "none"


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ([("dkim", "pass", {"header.d": "acme.example"})], "pass"),
        ([("dkim", "pass", {"header.i": "@acme.example"})], "pass"),
        ([("dkim", "pass", {"header.i": "ann@acme.example"})], "pass"),
        ([("spf", "pass", {"smtp.mailfrom": "bounces@acme.example"})], "pass"),
        ([("spf", "pass", {"smtp.mailfrom": "acme.example"})], "pass"),
        ([("dkim", "fail", {"header.d": "acme.example"}), ("spf", "pass", {"smtp.mailfrom": "acme.example"})], "pass"),
        ([("dmarc", "none", {"header.from": "acme.example"}), ("dkim", "pass", {"header.d": "acme.example"})], "pass"),
        # unaligned
        ([("spf", "pass", {"smtp.mailfrom": "x@evil.example"}), ("dkim", "pass", {"header.d": "evil.example"})], "none"),
        ([("dkim", "pass", {"header.d": "mail.acme.example"})], "none"),
        ([("dkim", "pass", {"header.d": "example"})], "none"),
        ([("dkim", "pass", {})], "none"),
        ([("spf", "pass", {"smtp.helo": "acme.example"})], "none"),
        ([("dkim", "pass", {"header.d": "evil.example", "header.i": "@acme.example"})], "none"),
        ([("dkim", "neutral", {"header.d": "acme.example"})], "none"),
        ([("spf", "bestguesspass", {"smtp.mailfrom": "acme.example"})], "none"),
        ([("arc", "pass", {"header.d": "acme.example"}), ("auth", "pass", {"smtp.auth": "ann@acme.example"})], "none"),
        # a result that names two domains speaks for neither
        ([("dmarc", "pass", (("header.from", "acme.example"), ("header.from", "evil.example")))], "none"),
        ([("dkim", "pass", (("header.d", "acme.example"), ("header.d", "evil.example")))], "none"),
        ([("spf", "pass", (("smtp.mailfrom", "a@acme.example"), ("smtp.mailfrom", "x@evil.example")))], "none"),
        # a provider that repeats a sender's words unquoted: what he wrote between its results doesn't count against them
        ([PASS, FAIL], "fail"),
        ([("dmarc", "pass", {}), FAIL], "fail"),
        ([PASS, ("dmarc", "temperror", {"header.from": "acme.example"})], "none"),
        # where DMARC said something, SPF and DKIM alone don't overrule it
        ([FAIL, ("dkim", "pass", {"header.d": "acme.example"})], "fail"),
        ([("dmarc", "temperror", {}), ("dkim", "pass", {"header.d": "acme.example"})], "none"),
        ([("dmarc", "pass", {"header.from": "evil.example"}), ("dkim", "pass", {"header.d": "acme.example"})], "none"),
    ],
)
def test_without_dmarc_only_an_aligned_pass_counts(methods: list[Any], said: str) -> None:
    assert verdict(results(*methods)) == said


def test_nobody_is_believed_where_no_provider_is_configured() -> None:
    assert verdict(dmarc("pass", "acme.example"), policy=NOBODY_BELIEVED) == "silent"
    assert verdict(dmarc("fail", "acme.example"), policy=NOBODY_BELIEVED) == "silent"
    assert verdict(policy=NOBODY_BELIEVED) == "silent"


def test_without_a_single_sender_there_is_no_domain_to_speak_of() -> None:
    assert verdict(dmarc("pass", "acme.example"), author=None) == "none"


# --- roles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (ANN, "customer"),
        (facts.AMY, None),
        (PAT, "partner"),
        (BOB, "partner"),
        (facts.CLERK, None),
        (RIVAL, None),
        (NORA, "house"),
        (facts.QUIET, None),
    ],
    ids=lambda value: value.handle if isinstance(value, ContactFacts) else str(value),
)
def test_what_somebody_is_on_a_case(who: ContactFacts, role: str | None) -> None:
    assert role_on(case(), who, who.address) == role


def test_an_unknown_address_has_no_role_but_on_its_own_case() -> None:
    assert role_on(case(), None, STRANGER) is None
    assert role_on(case(), None, ANN.address) is None, "the case knows a contact, not an address"
    assert role_on(facts.strangers_case(), None, STRANGER) == "customer"
    assert role_on(facts.strangers_case(), None, AddrSpec("other@evil.example")) is None
    assert role_on(facts.strangers_case(contact_address=None), None, None) is None


def test_a_stranger_who_became_a_contact_is_still_the_customer_of_his_case() -> None:
    assert role_on(facts.strangers_case(), replace(ANN, id=99), STRANGER) == "customer"


def test_an_agent_of_the_house_whose_case_it_is_keeps_the_more_powerful_role() -> None:
    assert role_on(case(contact=NORA), NORA, NORA.address) == "house"


def test_the_agents_of_the_partner_that_opened_a_case_have_a_part_in_it() -> None:
    opened = case(opening_partner_id=RIVAL.organization_id, opening_agents=(RIVAL,))
    assert role_on(opened, RIVAL, RIVAL.address) == "opener"
    assert role_on(opened, PAT, PAT.address) == "partner"
    assert role_on(replace(opened, partner_id=RIVAL.organization_id), RIVAL, RIVAL.address) == "partner"
    assert role_on(opened, replace(RIVAL, roles=frozenset()), RIVAL.address) is None


def test_partners_agents_lose_their_role_with_the_case() -> None:
    assert role_on(case(partner_id=4), PAT, PAT.address) is None
    assert role_on(case(partner_id=None), PAT, PAT.address) is None


# --- the grade ------------------------------------------------------------------------------------------------------


def weighed(
    says: str | None, *keys: KeyFacts, sender: ContactFacts | None = ANN, author: str | None = ANN.address, about: CaseFacts | None = None,
    digest: str | None = None, policy: Any = POLICY,
) -> Trust:  # fmt: skip
    return weigh(message(author, domain_says=says), policy, sender, about or case(), keys, digest)


@pytest.mark.parametrize(
    ("says", "signed", "believing", "grade"),
    [
        ("pass", False, True, Grade.VERIFIED),
        ("pass", True, True, Grade.VERIFIED),
        (None, False, True, Grade.CLAIMED),
        (None, True, True, Grade.CLAIMED),
        ("none", True, True, Grade.CLAIMED),
        ("fail", False, True, Grade.FORGED),
        ("fail", True, True, Grade.FORGED),
        ("pass", True, False, Grade.KEYED),
        ("fail", True, False, Grade.KEYED),
        (None, True, False, Grade.KEYED),
        (None, False, False, Grade.CLAIMED),
    ],
)
def test_the_proofs_make_a_grade(says: str | None, signed: bool, believing: bool, grade: Grade) -> None:
    trust = weighed(says, *([key()] if signed else []), policy=POLICY if believing else NOBODY_BELIEVED)
    assert (trust.grade, trust.key, trust.sender) == (grade, signed, True)
    assert trust.evidence.startswith("From ann@acme.example; ")


@pytest.mark.parametrize("believing", [True, False])
@pytest.mark.parametrize("signed", [True, False])
def test_without_a_single_sender_nobody_is_believed(signed: bool, believing: bool) -> None:
    policy = POLICY if believing else NOBODY_BELIEVED
    trust = weighed(None, *([key()] if signed else []), author=None, sender=None, policy=policy)
    assert (trust.grade, trust.sender) == (Grade.UNTRUSTED, False)
    assert "two From fields" in trust.evidence


@pytest.mark.parametrize(
    ("made_for", "sender", "fits"),
    [
        (ANN, ANN, True),
        (PAT, PAT, True),
        (PAT, BOB, True),  # a colleague of the same role
        (NORA, facts.OWEN, True),
        (ANN, PAT, False),  # another role
        (PAT, ANN, False),
        (NORA, PAT, False),
        (PAT, NORA, False),
        (ANN, facts.AMY, False),  # a colleague who is not of the case
        (PAT, RIVAL, False),
        (PAT, facts.CLERK, False),
        (PAT, None, False),  # forwarded to a stranger
        (RIVAL, RIVAL, True),  # its own person, whatever the role; the role is asked elsewhere
        (RIVAL, None, False),
    ],
    ids=lambda value: value.handle if isinstance(value, ContactFacts) else str(value),
)
def test_a_key_speaks_for_its_person_and_for_others_of_the_same_role(
    made_for: ContactFacts, sender: ContactFacts | None, fits: bool
) -> None:
    author = sender.address if sender else STRANGER
    for policy, good in ((POLICY, Grade.VERIFIED), (NOBODY_BELIEVED, Grade.KEYED)):
        trust = weighed("pass", key(contact=made_for), sender=sender, author=author, policy=policy)
        assert (trust.sender, trust.grade) == (fits, good if fits else Grade.UNTRUSTED)
        assert ("made for somebody else" in trust.evidence) is not fits


def test_one_of_two_keys_that_fits_is_enough() -> None:
    assert weighed("pass", key(contact=PAT), key(contact=ANN)).sender


def test_a_key_of_another_case_proves_nothing_here() -> None:
    trust = weighed("pass", key(1002, contact=PAT), policy=NOBODY_BELIEVED)
    assert (trust.key, trust.sender, trust.grade) == (False, True, Grade.CLAIMED)


def test_a_key_made_for_an_address_fits_that_address() -> None:
    own = facts.strangers_case()
    signed = key(contact=None, digest="d1ge57ed")
    for digest, grade in (("d1ge57ed", Grade.KEYED), ("07he7", Grade.UNTRUSTED), (None, Grade.UNTRUSTED)):
        trust = weighed(None, signed, sender=None, author=STRANGER, about=own, digest=digest, policy=NOBODY_BELIEVED)
        assert trust.grade == grade


def test_a_key_made_for_a_contact_who_is_gone_fits_nobody() -> None:
    gone = key(contact=None, digest=None)
    assert weighed(None, gone, policy=NOBODY_BELIEVED, digest="d1ge57ed").grade is Grade.UNTRUSTED
    assert weighed(None, gone, policy=NOBODY_BELIEVED).grade is Grade.UNTRUSTED


def test_without_a_case_the_key_of_one_is_no_proof() -> None:
    trust = weigh(message(), NOBODY_BELIEVED, ANN, None, (key(),), None)
    assert (trust.key, trust.grade) == (False, Grade.CLAIMED)


@pytest.mark.parametrize(("who", "grade"), [(ANN, Grade.KEYED), (BOB, Grade.UNTRUSTED), (None, Grade.UNTRUSTED)])
def test_without_a_case_the_key_of_a_mail_without_one_proves_whom_it_was_made_for(who: ContactFacts | None, grade: Grade) -> None:
    trust = weigh(message(), NOBODY_BELIEVED, who, None, (key(None),), None)
    assert (trust.key, trust.grade) == (True, grade)
    assert "signed key for no case" in trust.evidence


def test_a_key_without_a_case_says_nothing_about_one() -> None:
    trust = weigh(message(), NOBODY_BELIEVED, ANN, case(), (key(None),), None)
    assert (trust.key, trust.grade) == (False, Grade.CLAIMED)


@given(
    st.sampled_from(["pass", "fail", "none", "temperror", None]),
    st.lists(st.builds(key, st.sampled_from([1001, 1002]), st.sampled_from([None, ANN, PAT, RIVAL]), digest=st.sampled_from([None, "d"]))),
    st.sampled_from([None, ANN, PAT, RIVAL, NORA]),
    st.sampled_from([None, "d"]),
    st.sampled_from([POLICY, NOBODY_BELIEVED, BORDER]),
)
def test_nobody_is_verified_without_a_pass_nor_keyed_without_a_key(
    says: str | None, keys: list[KeyFacts], sender: ContactFacts | None, digest: str | None, policy: Any
) -> None:
    author = sender.address if sender else STRANGER
    trust = weigh(message(author, domain_says=says), policy, sender, case(), keys, digest)
    assert trust.grade is not Grade.VERIFIED or (trust.sender and trust.domain is DomainVerdict.PASS)
    assert trust.grade is not Grade.KEYED or (trust.sender and trust.key and trust.domain is DomainVerdict.SILENT)
    assert (trust.grade is Grade.FORGED) == (trust.domain is DomainVerdict.FAIL)
    assert trust == weigh(message(author, domain_says=says), policy, sender, case(), keys, digest)


@pytest.mark.parametrize(("says", "grade"), [("pass", "untrusted"), ("none", "untrusted"), ("fail", "forged")])
def test_who_writes_to_an_address_that_was_changed_is_not_believed(says: str, grade: str) -> None:
    about = message(PAT.address, domain_says=says)
    trust = weigh(about, POLICY, PAT, case(), (key(PAT),), None, wrong_address=True)
    assert (trust.grade, trust.sender) == (grade, False)
    assert "wrong signature" in trust.evidence
