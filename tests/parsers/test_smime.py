"""Opaque signatures: any octets end in a reading. What becomes of whole mails stands in tests/mail/content."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers import ReadLimits
from daemon.parsers.parts import open_octets
from daemon.parsers.smime import signed_content

CONTENT = Path(__file__).parent.parent / "mail" / "content"


def signature(name: str) -> bytes:
    return open_octets((CONTENT / f"{name}.eml").read_bytes(), ReadLimits()).parts[0].content


PLAIN, STREAMED = signature("signed_opaque"), signature("signed_opaque_streamed")


def test_both_forms_hold_the_same_content() -> None:
    assert signed_content(PLAIN) == signed_content(STREAMED)


def test_what_was_encrypted_is_not_read() -> None:
    enveloped = PLAIN.replace(b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", 1)
    assert signed_content(enveloped) is None


@given(st.sampled_from([PLAIN, STREAMED]), st.lists(st.tuples(st.integers(0, 90), st.binary(min_size=1, max_size=3)), max_size=4))
def test_a_mutated_signature_ends_in_a_reading(octets: bytes, patches: list[tuple[int, bytes]]) -> None:
    for position, patch in patches:
        octets = octets[:position] + patch + octets[position + len(patch) :]
    content = signed_content(octets)
    assert content is None or content in octets or len(content) < len(octets)


@given(st.integers(0, 1000))
def test_a_cut_signature_ends_in_a_reading(length: int) -> None:
    content = signed_content(STREAMED[:length])
    assert content is None or content in STREAMED
