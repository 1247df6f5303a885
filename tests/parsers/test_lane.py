"""The lane of a mail: cheap, total, the same for the mails of one sender."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.lane import HEAD, lane_of


@pytest.mark.parametrize(
    ("octets", "lane"),
    [
        (b"From: Ann <ann@acme.example>\r\nTo: x\r\n\r\nHi", "ann@acme.example"),
        (b"From: ANN@Acme.Example\n\nHi", "ann@acme.example"),
        (b"fRoM :\tann@acme.example\n\n", "ann@acme.example"),
        (b"To: x@y.example\r\nFrom: ann@acme.example\r\n\r\n", "ann@acme.example"),
        (b'From: "pat@partner.example" <ann@acme.example>\n\n', "ann@acme.example"),
        (b"From: ann@acme.example, bob@acme.example\n\n", "bob@acme.example"),
        (b"From: ann@acme.example\nFrom: bob@acme.example\n\n", "ann@acme.example"),
        (b"From: ann@acme.example", "ann@acme.example"),
        (b"From:ann@acme.example\r\n\r\n", "ann@acme.example"),
        # no From in the header block
        (b"", ""),
        (b"\r\n\r\nFrom: ann@acme.example", ""),
        (b"To: x@y.example\n\nFrom: ann@acme.example\n", ""),
        (b"X-From: ann@acme.example\n\n", ""),
        (b"X: " + b"x" * HEAD + b"\nFrom: ann@acme.example\n\n", ""),
    ],
)
def test_the_lane_is_the_address_of_the_from_field(octets: bytes, lane: str) -> None:
    assert lane_of(octets) == lane


def test_a_from_without_an_address_has_a_lane_of_its_own() -> None:
    one, other = lane_of(b"From: Undisclosed\n\n"), lane_of(b"From: Somebody\n\n")
    assert len(one) == len(other) == 32
    assert one != other
    assert one == lane_of(b"Subject: another mail\nFrom: Undisclosed\n\nwith other words")


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: b"From: " + rest))
def test_a_lane_is_text_that_any_database_takes(octets: bytes) -> None:
    lane = lane_of(octets)
    lane.encode("utf-8")
    assert "\x00" not in lane
    assert len(lane) <= 64 + 1 + 255


@given(st.from_regex(rb"[a-z]{1,10}@[a-z]{1,10}\.example", fullmatch=True), st.binary(max_size=200))
def test_the_words_of_a_mail_do_not_change_its_lane(address: bytes, body: bytes) -> None:
    assert lane_of(b"From: " + address + b"\r\n\r\n" + body) == address.decode()
