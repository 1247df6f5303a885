"""Japanese as Windows writes it comes back; any octets end in a text or are refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers import japanese
from daemon.parsers.charsets import decode

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


PIECES = st.sampled_from(
    [b"\x1b$B", b"\x1b(B", b"\x1b(I", b"\x1b$(D", b"\x1b$(Q", b"\x1b", b"0!", b"\x8e", b"\x8f\xb0\xa1", b"\xa4\xa2", b"a"]
)


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_any_octets_are_text_or_refused(octets: bytes) -> None:
    for reader in (japanese.iso_2022_jp, japanese.euc_jp):
        with contextlib.suppress(UnicodeError):
            reader(octets).encode("utf-8")
    decode(octets, "iso-2022-jp").encode("utf-8")
