"""Signed reply addresses and Message-IDs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.mail.addresses import BadKey, Key, Signer, token_digest
from daemon.parsers.addresses import addr_spec

HOUSE = "support@support.example"
SIGNER = Signer(b"k" * 32, "support+{token}@support.example", HOUSE)
OTHER = Signer(b"o" * 32, "support+{token}@support.example", HOUSE)

case_ids = st.none() | st.integers(1, 2**32 - 1)
contact_ids = st.none() | st.integers(0, 2**32 - 1)


@given(case_ids, contact_ids, st.text(), st.sampled_from(["reply", "bounce"]))
def test_a_reply_address_reads_back_in_any_case_of_letters(case_id, contact_id, address, kind):
    written = SIGNER.reply_address(case_id, contact_id, address, kind)
    digest = token_digest(address) if contact_id is None else None
    expected = Key(kind=kind, case_id=case_id, contact_id=contact_id, address_digest=digest)
    assert SIGNER.read_address(written) == expected
    assert SIGNER.read_address(written.upper()) == expected
    assert addr_spec(written) == (written, None)
    assert len(written.partition("@")[0]) <= 64


@given(st.text(max_size=100), case_ids, contact_ids, st.text())
def test_a_message_id_reads_back_and_is_the_same_for_the_same_effect(effect, case_id, contact_id, address):
    written = SIGNER.message_id(effect, case_id, contact_id, address)
    assert written == SIGNER.message_id(effect, case_id, contact_id, address)
    assert len(written) <= 120
    key = SIGNER.read_message_id(written.upper())
    assert isinstance(key, Key)
    assert (key.kind, key.case_id, key.contact_id) == ("message", case_id, contact_id)


def test_another_effect_has_another_message_id():
    assert len({SIGNER.message_id(effect, 1, 2, "a@b.example") for effect in ("1/0", "1/1", "2/0")}) == 3


@given(st.integers(0, 30), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_one_changed_sign_of_an_address_is_a_bad_key(position, sign):
    address = SIGNER.reply_address(1001, 7, "ann@acme.example")
    at = len("support+") + position
    changed = address[:at] + sign + address[at + 1 :]
    assert SIGNER.read_address(changed) == (BadKey() if changed != address else SIGNER.read_address(address))


@given(st.integers(0, 30), st.integers(1, 14))
def test_an_address_that_lost_signs_or_got_more_is_a_bad_key(position, count):
    address = SIGNER.reply_address(1001, 7, "ann@acme.example")
    at = len("support+") + position
    assert SIGNER.read_address(address[:at] + "a" * count + address[at:]) == BadKey()
    at = len("support+") + min(position, 31 - count)
    assert SIGNER.read_address(address[:at] + address[at + count :]) == BadKey()


@pytest.mark.parametrize(
    ("pattern", "address", "ours"),
    [
        ("support+{token}@support.example", "support+hello@support.example", True),
        ("support+{token}@support.example", "SUPPORT+x@Support.example", True),
        ("support+{token}@support.example", "support@support.example", False),
        ("support+{token}@support.example", "supporter@support.example", False),
        ("support+{token}@support.example", "support+x@other.example", False),
        ("support-{token}@support.example", "support-x@support.example", True),
        ("{token}@support.example", "cara@support.example", False),
        ("{token}@support.example", "support+x@support.example", True),
        ("s{token}@support.example", "sam@support.example", False),
        (None, "support+x@support.example", True),
        (None, "cara+x@support.example", False),
    ],
)
def test_our_address_with_any_tag_is_ours_and_nobody_elses_is(pattern, address, ours):
    assert Signer(b"k" * 32, pattern, HOUSE).is_tagged(address) is ours


@given(st.integers(1, 49), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_one_changed_sign_of_a_message_id_is_never_a_key(position, sign):
    message_id = SIGNER.message_id("1/0", 1001, 7, "ann@acme.example")
    changed = message_id[:position] + sign + message_id[position + 1 :]
    if changed != message_id:
        assert not isinstance(SIGNER.read_message_id(changed), Key)


def test_what_another_installation_signed_is_a_bad_key_under_our_name_and_nothing_under_its_own():
    assert SIGNER.read_address(OTHER.reply_address(1, 1, "")) == BadKey()
    assert SIGNER.read_message_id(OTHER.message_id("1", 1, 1, "")) == BadKey()
    elsewhere = Signer(b"o" * 32, "desk+{token}@desk.example", "desk@desk.example")
    assert SIGNER.read_address(elsewhere.reply_address(1, 1, "")) is None
    assert SIGNER.read_message_id(elsewhere.message_id("1", 1, 1, "")) is None


def test_a_message_id_of_an_earlier_domain_of_the_house_still_holds():
    before = Signer(b"k" * 32, None, "help@old.example")
    assert isinstance(SIGNER.read_message_id(before.message_id("1", 1001, 1, "")), Key)


@given(st.text())
def test_anything_else_is_not_ours_or_bad(text):
    assert not isinstance(SIGNER.read_address(text), Key)
    assert not isinstance(SIGNER.read_message_id(text), Key)
    assert not isinstance(SIGNER.read_address(f"support+{text}@support.example"), Key)
    assert not isinstance(SIGNER.read_message_id(f"<{text}@support.example>"), Key)


def test_an_address_signature_is_worth_nothing_in_a_message_id():
    token = SIGNER.reply_address(1, 1, "").removeprefix("support+").partition("@")[0]
    assert SIGNER.read_message_id(f"<{token[:15]}.{'a' * 16}.{token[15:]}@support.example>") == BadKey()


def test_without_a_pattern_the_house_address_is_used_and_nothing_is_read():
    plain = Signer(b"k" * 32, None, HOUSE)
    assert plain.reply_address(1001, 7, "ann@acme.example") == HOUSE
    assert plain.read_address(SIGNER.reply_address(1001, 7, "ann@acme.example")) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "support@support.example",
        "support+{token}",
        "{token}{token}@support.example",
        "a" * 34 + "{token}@support.example",
        "a b{token}@x.example",
    ],
)
def test_a_pattern_that_makes_no_address_is_a_mistake_of_the_configuration(pattern):
    with pytest.raises(ConfigError, match=r"trust\.reply_address"):
        Signer(b"k" * 32, pattern, HOUSE)


def test_the_token_may_stand_anywhere_in_the_local_part_and_a_domain_is_written_in_ascii():
    signer = Signer(b"k" * 32, "Reply.{token}.case@Bücher.example", "hilfe@Bücher.example")
    address = signer.reply_address(1001, None, "ann@acme.example")
    assert re.fullmatch(r"reply\.[a-z2-7]{31}\.case@xn--bcher-kva\.example", address)
    assert isinstance(signer.read_address(address), Key)
    assert signer.message_id("1", 1, 1, "").endswith("@xn--bcher-kva.example>")


def test_the_instance_mark_is_stable_and_its_own():
    assert SIGNER.instance_mark() == Signer(b"k" * 32, None, "a@b.example").instance_mark() != OTHER.instance_mark()


def test_the_digest_of_an_address_ignores_the_case_of_letters():
    assert token_digest("Ann@Acme.example") == token_digest("ann@acme.example")
