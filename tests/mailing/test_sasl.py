"""How a token is shown: the octets that the mechanisms ask for, and what a server may say against it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.sasl import bearer_mechanism, bearer_response, refusal_text


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["PLAIN", "XOAUTH2", "OAUTHBEARER"], "XOAUTH2"),
        (["oauthbearer", "plain"], "OAUTHBEARER"),
        (["xoauth2"], "XOAUTH2"),
        (["PLAIN", "LOGIN"], None),
        ([], None),
    ],
)
def test_xoauth2_is_chosen_before_oauthbearer_and_nothing_else(offered: list[str], chosen: str | None) -> None:
    assert bearer_mechanism(offered) == chosen


def test_xoauth2_shows_user_and_token() -> None:
    shown = bearer_response("XOAUTH2", username="a@b.example", token="t0k3n", host="h", port=993)
    assert shown == b"user=a@b.example\x01auth=Bearer t0k3n\x01\x01"


@given(name=st.text(st.characters(exclude_characters="\x00\x01", exclude_categories=["Cs"]), min_size=1))
def test_a_user_name_can_not_break_out_of_its_place(name: str) -> None:
    header, *rest = bearer_response("OAUTHBEARER", username=name, token="t", host="h", port=1).decode().split("\x01")
    assert header.count(",") == 2
    assert header.removeprefix("n,a=").removesuffix(",").replace("=2C", ",").replace("=3D", "=") == name
    assert rest == ["host=h", "port=1", "auth=Bearer t", "", ""]


@given(challenge=st.binary())
def test_whatever_a_server_says_is_one_short_line(challenge: bytes) -> None:
    assert refusal_text(challenge).isprintable()


@pytest.mark.parametrize(
    ("challenge", "status"),
    [(b'{"status":"invalid_token"}', "invalid_token"), (b'{"status":401}', "401"), (b'{"status":{}}', ""), (b"[" * 9999, ""), (b"[]", "")],
)
def test_the_status_is_told(challenge: bytes, status: str) -> None:
    assert refusal_text(challenge) == status
