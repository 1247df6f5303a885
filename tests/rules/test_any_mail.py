"""Whatever structure a mail has and whoever sends it: it is read, no reader fails, and it gets one decision with its reason."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers import ReadLimits, read
from daemon.reasons import Outcome
from daemon.rules.decide import decide
from tests.rules.facts import ANN, NORA, PAT, RULEBOOK, SUPPORT, case, key, on_case, situation

TYPES = st.sampled_from([
    "text/plain", "text/html", "text/plain; charset=utf-16", "text/plain; charset=nonsense", "message/rfc822", "message/delivery-status",
    "application/octet-stream; name*0*=utf-8''%F0; name*1=x", "text/calendar", "multipart/mixed", "x", "",
])  # fmt: skip
ENCODINGS = st.sampled_from(["", "7bit", "base64", "quoted-printable", "x-uuencode", "nonsense"])
WORDS = st.one_of(
    st.sampled_from([
        b"#close done", b"#plan 12/01 fix it\n#ack", b"Please look.\n\n-- \nAnn", b"> old\nnew", b"<p>hi <!-- <table><tr><td>", b"=3D=\n=Z",
        b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1", b"\xff\xfe\x00\xd8", b"",
    ]),
    st.binary(max_size=60),
)  # fmt: skip
LEAVES = st.builds(
    lambda kind, encoding, words: (
        f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n".encode() + words
    ), TYPES, ENCODINGS, WORDS,
)  # fmt: skip


def _multipart(subtype: str, boundary: str, parts: list[bytes], closed: bool) -> bytes:
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n\n'.encode()
    line = f"\n--{boundary}".encode()
    return head + b"".join(line + b"\n" + part for part in parts) + (line + b"--\n" if closed else b"")


TREES = st.recursive(
    LEAVES,
    lambda parts: st.builds(
        _multipart, st.sampled_from(["mixed", "alternative", "related", "report", "digest"]), st.sampled_from(["a", "b", "ab", "-"]),
        st.lists(parts, max_size=3), st.booleans(),
    ),
    max_leaves=6,
)  # fmt: skip
HEADERS = st.lists(
    st.sampled_from([
        f"From: {ANN.address}", f'From: "Pat" <{PAT.address}>', "From: a@b.example, c@d.example", "From:", f"To: {SUPPORT}",
        "Subject: =?utf-8?B?8J+Y?= [CASE-1001]", "Subject: Re: Fwd: x", "Auto-Submitted: auto-replied", "List-Id: <x>", "Message-ID: <",
        "References: <a@b> <c@d>", "Date: Mon, 99 Foo 2026 99:99:99 +9999", "Authentication-Results: x; dmarc=(", "no field at all",
    ]), max_size=8,
)  # fmt: skip
KNOWN = (situation(None), situation(ANN), situation(NORA), on_case(PAT, case(), keys=(key(contact=PAT),)))


@settings(max_examples=60, deadline=None)
@given(HEADERS, TREES, st.sampled_from(KNOWN))
def test_any_structure_is_read_and_decided(headers: list[str], tree: bytes, known) -> None:
    reading = read("".join(f"{line}\n" for line in headers).encode() + tree, ReadLimits(mime_depth=4, mime_parts=8), frozenset({SUPPORT}))
    assert not [defect for defect in reading.message.defects if defect.startswith("reader-failed")]
    made = decide(reading, known, "digest", RULEBOOK)
    assert made.reason
    assert (reading.message.limit is None) or made.outcome is not Outcome.ACTED
