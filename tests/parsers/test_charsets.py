"""The charset ladder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.charsets import clean, decode, is_known, of_html


@pytest.mark.parametrize(
    ("text", "codec", "declared"),
    [
        ("Grüße", "utf-8", "utf-8"),
        ("Grüße", "utf-8", "UTF8"),
        ("Grüße", "utf-8", "us-ascii"),
        ("Grüße", "utf-8", None),
        ("Grüße", "utf-8", "x-unknown"),
        ("Grüße", "latin-1", "iso-8859-1"),
        ("Grüße", "latin-1", None),
        ("Grüße", "latin-1", "utf-8"),
        ("“quoted” – €", "cp1252", "iso-8859-1"),
        ("镕和", "gb18030", "gb2312"),
        ("①髙", "cp932", "shift_jis"),
        ("똠방각하", "cp949", "ks_c_5601-1987"),
        ("İstanbul – €", "cp1254", "iso-8859-9"),
        ("привет", "koi8-r", "KOI8-R"),
        ("привет", "cp1251", "windows-1251"),
        ("日本語", "iso2022_jp", "iso-2022-jp"),
        ("日本語", "iso2022_jp", None),
        ("日本語", "euc_jp", "euc-jp"),
        ("か゚①", "iso2022_jp_2004", "iso-2022-jp-2004"),
        ("日本の鷗①", "iso2022_jp_2004", "iso-2022-jp"),
        ("Її є ґанок, привіт", "koi8-u", "koi8-r"),
        ("╔═╗ рамка ╚═╝", "koi8-r", "koi8-r"),
        ("Grüße", "utf-16-be", "utf-16"),
        ("Grüße", "utf-16-le", "utf-16"),
        ("日本\nGrüße", "utf-16-be", "ISO-10646-UCS-2"),
        ("Grüße", "utf-16", "utf-16"),
        ("Grüße", "utf-16", None),
        ("Grüße", "utf-8-sig", "iso-8859-1"),
        ("Grüße", "utf-7", "utf-7"),
    ],
)
def test_text_comes_back(text: str, codec: str, declared: str | None) -> None:
    assert decode(text.encode(codec), declared) == text


@pytest.mark.parametrize(
    "name", ["rot13", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "base64", "hex", "zlib", "undefined"]
)
def test_a_codec_that_is_no_charset_is_not_used(name: str) -> None:
    assert not is_known(name)
    assert decode(b"abc =41 \\x41 xn--a", name) == "abc =41 \\x41 xn--a"


def test_one_broken_octet_does_not_spoil_the_rest() -> None:
    assert decode("Grüße aus München".encode() + b"\xff", "utf-8") == "Grüße aus München\ufffd"


def test_what_the_rest_of_the_mail_is_in_counts_where_nothing_is_declared() -> None:
    assert decode("Überspannung".encode("cp850"), None, "ibm850") == "Überspannung"
    assert decode("Überspannung".encode(), None, "ibm850") == "Überspannung"
    assert decode("Überspannung".encode("latin-1"), "iso-8859-1", "ibm850") == "Überspannung"
    assert decode(b"\xdcber", None, "utf-16") == "Über"


def test_html_may_name_its_charset_itself() -> None:
    assert of_html(b'<html><head><META http-equiv="Content-Type" content="text/html; charset=gb2312">') == "gb2312"
    assert of_html(b"<meta charset='koi8-r'>") == "koi8-r"
    assert of_html(b"<p>charset=koi8-r</p>" + b"<meta " * 1000) is None


def test_nul_is_removed_and_lone_surrogates_are_replaced() -> None:
    assert decode(b"a\x00b", "utf-8") == "ab"
    assert decode(b"a+2AA-b", "utf-7") == "a\ufffdb"
    assert clean("a\x00\ud800ö") == "a\ufffdö"


LABELS = st.sampled_from(
    ["utf-8", "utf-7", "utf-16", "utf-16le", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "gb2312", "big5", "cp932", "?"]
)


@given(st.binary(max_size=80), st.one_of(st.none(), LABELS, st.text(max_size=12)))
def test_decoding_never_raises_and_is_always_storable(octets: bytes, charset: str | None) -> None:
    text = decode(octets, charset)
    assert "\x00" not in text
    text.encode("utf-8")
