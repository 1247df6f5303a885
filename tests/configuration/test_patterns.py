"""Regular expressions of an installation: what could be slow is refused, whatever it looks like."""

from __future__ import annotations

import pytest

from daemon.configuration.patterns import safe_pattern


@pytest.mark.parametrize(
    "text",
    [
        "serial", "^serial (number|no\\.?)$", "^A New Channel Partner Request for (.+)$", "^claim (.+) of (.+)$", "serial.*number",
        r"^[^\]x]+ \(.*\)$", "[]a]+b", "^e-?mail( address)?$", r"^(?:your )?name\b", "^x{3}y{2,4}$", "^(?P<org>.+) wants",
        r"^a\{2\}(b)c*?$",
        "^{literal}$", r"^\d{6,12}$", "(abc){3}d",
    ],
)  # fmt: skip
def test_a_plain_pattern_is_taken_without_regard_to_case(text: str) -> None:
    assert safe_pattern(text).flags & 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("^(a+)+$", "repeat within a repeat"),
        ("^(a|a)*$", "repeat within a repeat"),
        ("^((a*)b)+$", "repeat within a repeat"),
        ("^(a?){30}a$", "repeat within a repeat"),
        ("^((ab?)){2,}$", "repeat within a repeat"),
        ("^(?:a{1,9})*$", "repeat within a repeat"),
        ("^.*a.*b.*c$", "3 open repeats"),
        (".*a.*b", "3 open repeats"),
        ("^x{1,50}x{1,50}x{1,50}$", "3 open repeats"),
        ("^" + "a?" * 13 + "b$", "13 optional pieces"),
        ("^(a)\\1$", "reference back"),
        ("(?x) a", "flags"),
        ("(?P<a>x)(?P=a)", "a group with"),
        ("(?(1)a|b)", "group"),
        ("^a" * 101, "more than 200 signs"),
        ("(", "unterminated"),
        ("a{99999999999}", "too large"),
        ("^$|a", "empty text"),
        ("x?", "empty text"),
        ("", "empty text"),
    ],
)
def test_a_pattern_that_could_be_slow_or_fits_everything_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        safe_pattern(text)
