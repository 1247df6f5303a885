"""Addresses that deceive the eye are told; those that merely are others are not."""

from __future__ import annotations

import pytest

from daemon.rules.lookalike import lookalike

KNOWN = ("miller.example", "acme.example", "support.example", "xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("Bob <bob@mill\u0435r.example>", "mixes letters of different scripts: cyrillic and latin"),
        ("bob@xn--millr-jve.example", "mixes letters of different scripts: cyrillic and latin"),
        ("b\u043eb@miller.example", "mixes letters of different scripts: cyrillic and latin"),
        ("bob@\u0430\u0441\u043c\u0435.example", "looks like acme.example"),
        ("bob@xmiller.example", "looks like miller.example"),
        ("bob@miller.example.evil.example", "looks like miller.example"),
        ("bob@mi1ler.example", "looks like miller.example"),
        ("bob@rniller.example", "looks like miller.example"),
        ("bob@mliler.example", "looks like miller.example"),
        ("bob@miler.example", "looks like miller.example"),
        ("bob@millerr.example", "looks like miller.example"),
        ("bob@bucher.example", "looks like b\u00fccher.example"),
        ("Bob Miller <bob@supp0rt.example>", "the sender's domain supp0rt.example looks like support.example, and is another"),
    ],
)
def test_an_address_that_deceives_the_eye_is_told(shown: str, told: str) -> None:
    assert told in (lookalike(shown, KNOWN) or "nothing")


@pytest.mark.parametrize(
    "shown",
    [
        "", "nobody", "bob@miller.example", "Bob <bob@mail.Miller.example>", "ann@acne.example", "joe@gmail.example", "bob@evil.example",
        "\u0418\u0432\u0430\u043d <ivan@\u043f\u0440\u0438\u043c\u0435\u0440.example>", "ann@b\u00fccher.example",
        "ann@xn--bcher-kva.example",
        "bob@xn--.example", "bob@xn--\u0000.example",
    ],
)  # fmt: skip
def test_an_address_that_is_merely_another_is_not(shown: str) -> None:
    assert lookalike(shown, KNOWN) is None
