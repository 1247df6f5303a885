"""A reading survives the pipe, and nonsense on the pipe is refused."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers import read, wire
from daemon.parsers.limits import ReadLimits

MAIL = b"""\
From: pat@partner.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= [CASE-7]
Date: Fri, 6 Nov 2026 09:15:00 +0100
Message-ID: <m1@partner.example>
Authentication-Results: mx.desk.example; dmarc=pass header.from=partner.example
Content-Type: multipart/mixed; boundary=b

--b

words
--b
Content-Disposition: attachment; filename=a.bin

\x00\xff
--b
Content-Disposition: attachment; filename=b.bin

--b--
"""


def test_a_reading_comes_back_equal() -> None:
    reading = read(MAIL, ReadLimits(), frozenset())
    assert len(reading.message.attachments) == 2
    assert wire.decode(wire.encode(reading)) == reading


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_every_reading_comes_back_equal(octets: bytes) -> None:
    reading = read(octets, ReadLimits(), frozenset())
    assert wire.decode(wire.encode(reading)) == reading


@given(st.lists(st.binary(max_size=20), max_size=5), st.integers(1, 7))
def test_bundles_are_taken_off_whatever_the_pieces(frames: list[bytes], step: int) -> None:
    octets = b"".join(wire.pack(frames)) * 2
    assert wire.receive(io.BytesIO(octets)) == frames
    buffer, taken = bytearray(), []
    for start in range(0, len(octets), step):
        buffer += octets[start : start + step]
        while (bundle := wire.take(buffer)) is not None:
            taken.append(bundle)
    assert taken == [frames, frames]


def test_a_stream_that_ends_inside_a_bundle_has_ended() -> None:
    octets = b"".join(wire.pack([b"abc", b"de"]))
    assert all(wire.receive(io.BytesIO(octets[:cut])) is None for cut in range(len(octets)))


@pytest.mark.parametrize("octets", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xff\xff\xff\xff"])
def test_a_bundle_that_is_too_large_is_refused_before_it_comes(octets: bytes) -> None:
    with pytest.raises(ValueError, match="too"):
        wire.take(bytearray(octets))


def test_nonsense_is_refused() -> None:
    frames = wire.encode(read(MAIL, ReadLimits(), frozenset()))
    tree = json.loads(frames[0])
    wrong: list[list[bytes]] = [
        [],
        [b""],
        [b"{}"],
        [b"[" * 100_000],
        [b"\xff"],
        frames[:-1],
        [*frames, b"more"],
        [json.dumps([*tree, 1]).encode(), *frames[1:]],
        [json.dumps(tree[:-1]).encode(), *frames[1:]],
        [json.dumps([None, *tree[1:]]).encode(), *frames[1:]],
        [json.dumps([*tree[:-1], ["7"]]).encode(), *frames[1:]],
        [json.dumps([*tree[:-1], [True]]).encode(), *frames[1:]],
    ]
    for nonsense in wrong:
        with pytest.raises(ValueError):  # noqa: PT011 - each kind of nonsense has its own words
            wire.decode(nonsense)
