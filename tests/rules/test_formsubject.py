"""Forwarded or quoted, and whether a subject names the form."""

from __future__ import annotations

import pytest

from daemon.model import ForwardedInline
from daemon.rules.formsubject import is_forward, titled


def inline(*, marked: bool) -> ForwardedInline:
    return ForwardedInline(marked=marked, subject="", author=None, reply_to=(), comment="", text="")


@pytest.mark.parametrize("subject", ["Fwd: x", "FW: Re: x", "WG: x", "TR : x", "RV: x", "转发：x"])
def test_the_first_prefix_says_that_a_mail_is_forwarded(subject: str) -> None:
    assert is_forward(subject, inline(marked=False), replies=True)


@pytest.mark.parametrize("subject", ["Re: Fwd: x", "AW: x", "Re[2]: x", "SV: x"])
def test_or_that_it_is_a_reply(subject: str) -> None:
    assert not is_forward(subject, inline(marked=True), replies=True)


def test_without_a_prefix_the_words_of_the_program_decide() -> None:
    assert is_forward("new partner", inline(marked=True), replies=True)
    assert is_forward("new partner", inline(marked=False), replies=False)
    assert not is_forward("new partner", inline(marked=False), replies=True)


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("Channel Partner Form", True), ("New submission: channel partner form", True), ("Channel Partner Form - Mia", True),
        ("Channel Partner Forms", False), ("Question on the Channel Partner Form", False), ("", False),
    ],
)  # fmt: skip
def test_a_title_stands_between_signs(subject: str, names: bool) -> None:
    assert titled(subject, "Channel Partner Form") is names
    assert not titled(subject, "")
