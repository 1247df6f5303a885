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


WINDOWS = "①㈱髙橋 と 纊ー亜"
"""Rows 13 and 92 (of NEC and IBM) among those of the standard."""


def _as_jis(text: str) -> bytes:
    """The pairs of JIS X 0208 that Shift_JIS folds."""
    pairs = bytearray()
    for sign in text:
        octets = {"髙": b"\xee\xe0", "纊": b"\xed\x40"}.get(sign) or sign.encode("cp932")  # of NEC's copy of IBM's rows
        lead, trail = octets[0] - (0x81 if octets[0] < 0xE0 else 0xC1), octets[1] - (1 if octets[1] > 0x7F else 0)
        row, cell = 2 * lead + (trail >= 0x9E), trail - (0x9E if trail >= 0x9E else 0x40)
        pairs += bytes((row + 0x21, cell + 0x21))
    return bytes(pairs)


@pytest.mark.parametrize("declared", ["iso-2022-jp", "iso-2022-jp-ms", "cp50221", None])
def test_windows_writes_more_than_iso_2022_jp_has(declared: str | None) -> None:
    words = WINDOWS.replace(" ", "")
    octets = b"ok \x1b$B" + _as_jis(words) + b"\x1b(I" + b"6E" + b"\x1b(B\r\n\x1b$B" + _as_jis("終") + b"\x1b(B."
    assert decode(octets, declared) == f"ok {words}ｶﾅ\r\n終."


def test_windows_writes_more_than_euc_jp_has() -> None:
    octets = b" ".join(bytes(octet | 0x80 for octet in _as_jis(word)) for word in WINDOWS.split(" "))
    assert decode(octets + b"\x8e\xb6", "euc-jp") == WINDOWS + "ｶ"


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
