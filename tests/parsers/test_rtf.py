"""Outlook's rich text: what was compressed comes back, its words are read, any octets end in a reading."""

from __future__ import annotations

import base64
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import Message
from daemon.parsers import ANSWER_MARKER, ReadLimits, read, rtf

PRESET = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
PLAIN = rb"{\rtf1\ansi\ansicpg1252\fromtext\deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fnil\fcharset204 Arial;}{\f2\fnil\fcharset128 Gothic;}}"
HTML = rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\colortbl\red0\green0\blue0;}"


def longest(whole: bytes, position: int) -> tuple[int, int]:
    """How much of what follows stands already before, and where."""
    before = max(0, position - 4000)
    for length in range(min(17, len(whole) - position), 1, -1):
        start = whole.rfind(whole[position : position + length], before, position)
        if start >= 0:
            return length, start
    return 0, 0


def compressed(text: bytes) -> bytes:
    """LZFu as its writers do: the longest piece of 2 to 17 octets among the last 4095, else the octet itself."""
    done = bytearray(PRESET)
    end = len(PRESET) + len(text)
    whole = PRESET + text
    runs = bytearray()
    while True:
        flags, run = 0, b""
        for bit in range(8):
            position = len(done)
            if position == end:
                run += pack(">H", position % 4096 << 4)
                runs += bytes((flags | 1 << bit,)) + run
                return pack("<II4sI", len(runs) + 12, len(text), b"LZFu", 0) + runs
            length, start = longest(whole, position)
            if length:
                flags |= 1 << bit
                run += pack(">H", (start % 4096) << 4 | length - 2)
                done += whole[start : start + length]
            else:
                run += whole[position : position + 1]
                done += whole[position : position + 1]
        runs += bytes((flags,)) + run


def as_mail(rich: bytes, words: bytes = b"") -> Message:
    """A mail whose text is in `winmail.dat` alone, where `words` are not."""
    property_ = pack("<IHHII", 1, 0x102, 0x1009, 1, len(rich)) + rich + b"\0" * (-len(rich) % 4)
    stream = b"\x78\x9f\x3e\x22\x01\x00" + pack("<BII", 1, 0x69003, len(property_)) + property_ + b"\0\0"
    octets = (
        b"From: Ann Lee <ann@acme.example>\nSubject: Roof\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
        + words
        + b"\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(stream)
        + b"--b--\n"
    )
    return read(octets, ReadLimits(), frozenset(), ANSWER_MARKER).message


@settings(deadline=None)
@given(st.text("ab{}\\ é", max_size=300).map(str.encode) | st.binary(max_size=300))
def test_what_was_compressed_comes_back(text: bytes) -> None:
    assert rtf.decompressed(compressed(text)) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"\pard\f0 The roof leaks.\par" + b"\r\n" + rb"Gr\'fc\'dfe \u8364?}", "The roof leaks.\nGrüße €"),
        (rb"\tab\emdash  {\b bold}\line\{x\}}", "\t— bold\n{x}"),
        (rb"\f1 \'cf\'f0\'e8\'e2\'e5\'f2 {\f2 \'93\'fa\'96\'7b\'8c\'ea} \f0 ok}", "Привет 日本語 ok"),
        (rb"\uc2 \u-10179 ??\u-8704 ??{\*\generator Writer;}!{\pict 00ff}}", "😀!"),
        (rb"\uc0 \u1055\u1088  end", "Пр end"),
    ],
)  # fmt: skip
def test_the_words_are_read(source: bytes, text: str) -> None:
    assert rtf.read(compressed(PLAIN + source)) == rtf.RichText(text=text, html="")


def test_html_that_was_made_rich_text_is_html_again() -> None:
    source = (
        rb"{\*\htmltag64 <p class=\'22x\'22>}\htmlrtf {\htmlrtf0 The roof is \htmlrtf\b\htmlrtf0{\*\htmltag84 <b>}wet \u8211?"
        rb"{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 5\htmlrtf\b0\htmlrtf0{\*\htmltag92 </b>}{\*\mhtmltag84 <i>}."
        rb"\htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}}"
    )
    assert rtf.read(compressed(HTML + source)).html == '<p class="x">The roof is <b>wet –&lt;5</b>.</p>'


def test_a_mail_without_other_words_has_those_of_its_rich_text() -> None:
    assert as_mail(compressed(PLAIN + rb"\pard The roof leaks.\par}")).body.strip() == "The roof leaks."
    assert as_mail(compressed(HTML + rb"{\*\htmltag64 <p>}The roof leaks.}")).body.strip() == "The roof leaks."


def test_plain_words_come_before_rich_text() -> None:
    assert as_mail(compressed(PLAIN + rb"\pard Other.\par}"), b"The roof leaks.").body.strip() == "The roof leaks."


PIECES = st.sampled_from(
    [b"{", b"}", b"\\par", b"\\u-10179 ", b"\\'e4", b"\\'zz", b"\\f1 ", b"\\fcharset128", b"\\fonttbl", b"\\*", b"\\htmlrtf ",
     b"\\htmltag", b"\\uc9"]
)  # fmt: skip


@settings(deadline=None)
@given(
    st.binary(max_size=80),
    st.sampled_from([b"LZFu", b"MELA", b"none"]),
    st.lists(PIECES | st.binary(max_size=5), max_size=30).map(b"".join),
)
def test_any_octets_end_in_a_reading(octets: bytes, kind: bytes, source: bytes) -> None:
    for content in (octets, b"{\\rtf1\\fromhtml1" + source, b"{\\rtf1" + source):
        told = rtf.read(pack("<II4sI", 100, 1000, kind, 0) + content)
        (told.text + told.html).encode("utf-8")
    assert len(rtf.decompressed(pack("<II4sI", 0, 2**32 - 1, b"LZFu", 0) + octets)) <= 17 * 8 * 80
