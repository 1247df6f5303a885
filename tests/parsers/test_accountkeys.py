"""The keys by which somebody can be looked up: what a mail says in free text, in labelled lines, in its signature, by its sender."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.model import AddrSpec
from daemon.parsers.accountkeys import (
    KEYS,
    AccountKeys,
    company_key,
    is_free_host,
    license_key,
    name_key,
    order_key,
    phone_key,
    read_keys,
    website_key,
    website_parts,
)
from daemon.parsers.accountwords import LABELS

OURS = ("support.example",)


def keys(text: str, subject: str = "", name: str = "", author: str | None = None, signature: str = "") -> AccountKeys:
    return read_keys(subject, text, name, AddrSpec(author) if author else None, OURS, signature=signature)


# --- order numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Order 9001", ("9001",)),
        ("it is order no. 9001, from May", ("9001",)),
        ("ORDER NUMBER: 9001", ("9001",)),
        ("order #9001.", ("9001",)),
        ("Ord. 123", ("123",)),
        ("invoice no.: #4711", ("4711",)),
        ("orders 9001, 9002 and 9003", ("9001", "9002", "9003")),
        ("my order is 9001", ("9001",)),
        ("ｏｒｄｅｒ　９００１", ("9001",)),
        ("Order: SO-77/2", ("so-77/2",)),
        ("Invoice number = 4711", ("4711",)),
        ("order of 2026-11-23", ()),
        ("order 2026-11-23", ()),
        ("I want to order 12 licenses", ()),
        ("order 12345678901", ()),
        ("order 12.50", ()),
        ("order 9001a", ()),
        ("border 9001", ()),
        ("we ordered 300 of them", ()),
        ("Order: unknown", ()),
    ],
)
def test_order_numbers(text: str, numbers: tuple[str, ...]) -> None:
    assert keys(text).order_numbers == numbers


def test_an_order_number_in_the_subject_is_a_key() -> None:
    assert keys("It is broken.", subject="Order 9001: broken").order_numbers == ("9001",)


# --- license keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Key: abc-1", ("abc-1",)),
        ("License Key:  A1B2 C3D4", ("a1b2c3d4",)),
        ("my key A1B2C-D3E4F-G5H6J does not work", ("a1b2c-d3e4f-g5h6j",)),
        ("{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", ("3f2504e0-4f89-11d3-9a0c-0305e82c3301",)),
        ("A1B2C3D4E5F6G7H8", ("a1b2c3d4e5f6g7h8",)),
        ("a well-known-issue2 of ours", ()),
        ("call 0049-3012-345678", ()),
        ("CASE-1001", ()),
        ("https://shop.example/A1B2C-D3E4F-G5H6J", ()),
        ("Key: none", ()),
    ],
)
def test_license_keys(text: str, found: tuple[str, ...]) -> None:
    assert keys(text).license_keys == found


# --- websites -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("The site is shop.exam", ("shop.exam",)),
        ("see https://www.Shop.example:8443/cart?id=1#top", ("shop.example",)),
        ("(http://shop.example)", ("shop.example",)),
        ("[our shop](https://shop.example/)", ("shop.example",)),
        ("our site,shop.example,is down", ("shop.example",)),
        ("It is shop.example.", ("shop.example",)),
        ("SHOP.EXAMPLE", ("shop.example",)),
        ("Website: shop", ("shop",)),
        ("Website: www.shop.example", ("shop.example",)),
        ("- **Site:** https://shop.example", ("shop.example",)),
        ("Website = shop.example", ("shop.example",)),
        ("https://bücher.example/", ("xn--bcher-kva.example",)),
        ("サイトはshop.exampleです", ("shop.example",)),
        ("write to sam@shop.example", ("shop.example",)),
        ("http://shop.example@evil.example/", ("evil.example",)),
        ("Website: the", ()),
        ("sent by stranger@gmail.example", ()),
        ("sam@yahoo.co.uk and eve@web.de", ()),
        ("https://aka.ms/x https://www.linkedin.com/in/sam https://docs.google.com/d/1", ()),
        ("your page support.example/help and help.support.example", ()),
        ("web.config, error.log and C:\\inetpub\\default.aspx", ()),
        ("version 5.5.2 on 10.0.0.1", ()),
        ("It is broken.Please help", ()),
        ("e.g. this, i.e. that", ()),
    ],
)
def test_websites(text: str, hosts: tuple[str, ...]) -> None:
    assert keys(text).websites == hosts


@pytest.mark.parametrize("host", ["gmail.com", "gmail.example", "yahoo.co.uk", "mail.yahoo.com", "live.com", "t-online.de", "me.com"])
def test_free_providers_are_known_under_every_top_level_domain(host: str) -> None:
    assert is_free_host(host)


@pytest.mark.parametrize("host", ["acme.example", "gmail.acme.example", "notgmail.com", "me.example", "live.example", "localhost"])
def test_a_company_s_own_host_is_no_free_provider(host: str) -> None:
    assert not is_free_host(host)


def test_notes_hold_hosts_and_words_and_no_more_than_asked_for() -> None:
    assert website_parts("Also runs www.Part.example; paid by wire, 2026", 9) == ("also", "runs", "part.example", "paid", "wire")
    assert len(website_parts(" ".join(f"word{number}" for number in range(100)), 5)) == 5


# --- companies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Acme Homes", "ACME  HOMES", "Acme Homes, Inc.", "acme homes inc", "Acme Homes LLC", "Acme-Homes GmbH & Co. KG", "Acme Homes Ltd.",
        "Acme Homes S.A.R.L.", "Acme Homes BV", "Acme Homes B.V.", "Acme Homes S.L.", "Acme Homes AG", "Acme Homes K.K.",
        "Acme Homes S. p. A.",
        "Acme Homes A/S", "Acme Homes Pty Ltd", "Acme Homes S.A. de C.V.", "Acme Homes Sp. z o.o.", "The Acme Homes Company",
        "ＡＣＭＥ　Ｈｏｍｅｓ",
        "株式会社 Acme Homes", "Acme Homes Private Limited", "AcmeHomes",
    ],
)  # fmt: skip
def test_a_company_is_the_same_whatever_its_legal_form_and_punctuation(name: str) -> None:
    assert company_key(name) == "acmehomes"


def test_and_is_and_however_it_is_written() -> None:
    assert company_key("Smith & Sons") == company_key("Smith and Sons") == company_key("SMITH + SONS LTD")


@pytest.mark.parametrize(("one", "other"), [("Acme", "Acme Homes"), ("Plan Z", "Plan"), ("AG", "KG"), ("Solar EU", "Solar")])
def test_other_companies_stay_others(one: str, other: str) -> None:
    assert company_key(one) != company_key(other)


@pytest.mark.parametrize(
    ("text", "name", "author", "found"),
    [
        ("Company: Acme Homes Inc.", "", None, ("acmehomes",)),
        ("It fails.\n\nRegards,\nAnn Lee\nAcme Homes\n+49 30 1234567", "Ann Lee", None, ("acmehomes",)),
        ("It fails.\n\nAnn Lee\nSales Manager\nAcme Homes LLC", "Ann Lee", None, ("acmehomes",)),
        ("It fails.\n\nAnn Lee | Acme Homes LLC | Berlin", "", None, ("acmehomes",)),
        ("It fails.", "", "ann@mail.acmehomes.co.uk", ("acmehomes",)),
        ("It fails.", "", "ann@gmail.com", ()),
        ("It fails.", "", "lou@support.example", ()),
        ("We are a small company.\nPlease help.", "Ann Lee", None, ()),
    ],
)
def test_companies(text: str, name: str, author: str | None, found: tuple[str, ...]) -> None:
    assert keys(text, name=name, author=author).companies == found


def test_a_signature_that_was_cut_off_is_read_too() -> None:
    found = keys("It fails.", name="Ann Lee", signature="Ann Lee\nAcme Homes GmbH\nTel. +49 (0)30 123456789\nwww.acme.example")
    assert (found.companies, found.phones, found.websites) == (("acmehomes",), ("123456789",), ("acme.example",))


# --- names, phones, addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("", "Ann Lee", ("ann lee",)),
        ("", "LEE, Ann", ("ann lee",)),
        ("", "ann@acme.example", ()),
        ("Name: Ann  LEE", "", ("ann lee",)),
        ("Downloaded by: Evan Tester", "Ann Lee", ("evan tester", "ann lee")),
    ],
)
def test_names(text: str, name: str, found: tuple[str, ...]) -> None:
    assert keys(text, name=name).names == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Phone: 030 / 123 45 67-89", ("123456789",)),
        ("Tel: (030) 1234567", ("301234567",)),
        ("call +49 (0)30 123456789 please", ("123456789",)),
        ("call 0049 30 123456789", ("123456789",)),
        ("Phone: ٠٣٠١٢٣٤٥٦٧٨٩", ("123456789",)),
        ("Phone: 112", ()),
        ("the part 123456789 is broken", ()),
    ],
)
def test_phones(text: str, found: tuple[str, ...]) -> None:
    assert keys(text).phones == found


def test_addresses_in_the_text_are_keys_but_neither_ours_nor_the_sender_s() -> None:
    found = keys("Email: Evan@Trial.example, <mailto:eve@gmail.com>, support@support.example, ann@acme.example", author="ann@acme.example")
    assert found.emails == ("evan@trial.example", "eve@gmail.com")


# --- laws -----------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *LABELS,
        ":",
        "\n",
        "Order 9001",
        "www.shop.example",
        "@",
        "://",
        ".",
        "+49 30 123456789",
        "A1B2C-D3E4F-G5H6J",
        "GmbH",
        "Ann Lee",
        "#",
        ", ",
    ]
)
TEXTS = st.text(max_size=200) | st.lists(WORDS | st.text(max_size=5), max_size=40).map("".join)


@given(TEXTS, TEXTS, st.text(max_size=30), TEXTS)
@example("", "Website: \ud800.example\x00", "\ud800", "")
@example("", ". @ :// .", ",", "")
def test_any_text_gives_a_bounded_number_of_keys_without_repeats(subject: str, text: str, name: str, signature: str) -> None:
    found = read_keys(subject, text, name, AddrSpec("ann@acme.example"), OURS, signature=signature)
    for values in astuple(found)[:-1]:
        assert len(values) <= KEYS
        assert len(set(values)) == len(values)
        assert all(0 < len(value) <= 200 for value in values)
    assert all(host != "support.example" and not host.endswith(".support.example") for host in found.websites)
    assert all(len(phone) <= 9 and phone.isdigit() for phone in found.phones)


@given(st.text(max_size=60))
def test_making_a_key_of_a_key_changes_nothing(text: str) -> None:
    for made in (order_key, license_key, name_key):
        assert made(made(text)) == made(text)
    host = website_key(text)
    assert host is None or website_key(host) == host or host.startswith("www.")
    phone = phone_key(text)
    assert phone is None or phone_key(phone) == phone


@pytest.mark.parametrize(
    "piece", ["order ", "a.", "a@", "+1", "1 ", "(", "A1B2C-", "Name:", "x://", "，", "あ.", "-- \n", "Ann Lee\n", "#9001,"]
)
def test_a_long_mail_is_read_as_far_as_it_says_something(piece: str) -> None:
    assert keys(piece * 200_000, subject=piece * 1000, name=piece * 1000, signature=piece * 100_000) is not None


def test_a_key_behind_a_flood_of_others_of_its_kind_is_not_read() -> None:
    assert len(keys(" ".join(f"site{number}.example" for number in range(5000))).websites) == KEYS
