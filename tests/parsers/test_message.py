"""Octets to a message: parts, text, attachments, limits; and the whole door is total."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import Message
from daemon.parsers import read
from daemon.parsers.limits import ReadLimits
from daemon.parsers.message import build
from daemon.parsers.parts import Opened, open_octets

HOSTILE = sorted((Path(__file__).parent.parent / "hostile").glob("*.eml"))
LIMITS = ReadLimits()
OWN = frozenset({"support@desk.example"})

PLAIN = b"""\
From: "Pat Smith" <pat@partner.example>\r
To: Support <support@desk.example>, b@b.example\r
Cc: c@c.example\r
Reply-To: r@partner.example\r
Delivered-To: inbox@desk.example\r
Subject: Re: [CASE-1001]\r
 =?utf-8?q?T=C3=BCr?= klemmt\r
Date: Fri, 6 Nov 2026 09:15:00 +0100\r
Message-ID: <m1@partner.example>\r
In-Reply-To: <m0@desk.example>\r
References: <m00@desk.example> <m0@desk.example>\r
Authentication-Results: mx.desk.example; dmarc=pass header.from=partner.example\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=C3=BC=C3=9Fe,\r
Pat\r
"""

MIXED = b"""\
From: pat@partner.example
Content-Type: multipart/mixed; boundary="o"

preamble
--o
Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain

plain words
--i
Content-Type: multipart/related; boundary="r"

--r
Content-Type: text/html; charset=iso-8859-1

<p>rich w\xf6rds</p>
--r
Content-Type: image/png
Content-ID: <pic@x>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--r--
--i--
--o
Content-Type: text/plain; name="log.txt"
Content-Disposition: attachment

not the body
--o
Content-Type: message/rfc822

Subject: inner
Content-Type: multipart/mixed; boundary="z"

--z

#close
--z--
--o--
epilogue
"""


def message(octets: bytes, limits: ReadLimits = LIMITS) -> Message:
    return build(open_octets(octets, limits), limits)


def opened(octets: bytes) -> Opened:
    return open_octets(octets, LIMITS)


def test_the_fields_of_a_plain_mail_are_read() -> None:
    mail = message(PLAIN)
    assert mail.author == "pat@partner.example"
    assert mail.author_name == "Pat Smith"
    assert mail.subject == "Re: [CASE-1001] Tür klemmt"
    assert mail.base_subject == "Tür klemmt"
    assert mail.message_id == "<m1@partner.example>"
    assert mail.in_reply_to == ("<m0@desk.example>",)
    assert mail.references == ("<m00@desk.example>", "<m0@desk.example>")
    assert mail.recipients == ("support@desk.example", "b@b.example", "c@c.example", "inbox@desk.example")
    assert mail.reply_to == ("r@partner.example",)
    assert mail.date is not None
    assert mail.date.isoformat() == "2026-11-06T08:15:00+00:00"
    assert mail.authentication_results[0].authserv_id == "mx.desk.example"
    assert mail.body == "Grüße,\nPat\n"
    assert (mail.html, mail.attachments, mail.defects, mail.limit) == (None, (), (), None)


def test_leaves_come_in_the_order_of_the_document() -> None:
    leaves = [(part.content_type, part.depth, part.parent_type) for part in opened(MIXED).parts]
    assert leaves == [
        ("text/plain", 2, "multipart/alternative"),
        ("text/html", 3, "multipart/related"),
        ("image/png", 3, "multipart/related"),
        ("text/plain", 1, "multipart/mixed"),
        ("message/rfc822", 1, "multipart/mixed"),
    ]


def test_text_html_and_attachments_are_told_apart() -> None:
    mail = message(MIXED)
    assert mail.body == "plain words"
    assert mail.html == "<p>rich wörds</p>"
    assert [(a.name, a.content_type, a.inline) for a in mail.attachments] == [
        ("image.png", "image/png", True),
        ("log.txt", "text/plain", False),
        ("inner.eml", "message/rfc822", False),
    ]
    assert mail.attachments[0].content == b"\x89PNG\r\n\x1a\n"


def mixed(*parts: bytes) -> Message:
    return message(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + b"\n--b\n".join(parts) + b"\n--b--\n")


PICTURE = b"Content-Type: image/png\n\nxx"


def test_a_text_goes_on_behind_a_picture_put_into_it() -> None:
    mail = mixed(b"\nbefore", PICTURE, b"\nbehind", b"\nfooter of a list")
    assert mail.body == "before\nbehind"
    assert [a.content_type for a in mail.attachments] == ["image/png", "text/plain"]


def test_html_goes_on_behind_a_file_put_into_it() -> None:
    html = b"Content-Type: text/html\n\n"
    mail = mixed(html + b"<p>before</p>", PICTURE, html + b"<p>behind</p>")
    assert mail.body.split() == ["before", "behind"]
    assert [a.content_type for a in mail.attachments] == ["image/png"]


def test_a_footer_below_html_is_not_the_text_and_is_not_lost() -> None:
    mail = mixed(b"Content-Type: text/html\n\n<p>words</p>", b"\nfooter of a list")
    assert mail.body.strip() == "words"
    assert [a.content for a in mail.attachments] == [b"footer of a list"]


def test_of_a_mime_field_that_stands_twice_the_last_one_counts() -> None:
    assert message(b"Content-Type: text/html\nContent-Type: text/plain\n\n<b>").body == "<b>"


def test_the_text_of_an_attached_mail_is_no_text_of_the_mail() -> None:
    mail = message(b"Content-Type: message/rfc822\n\nSubject: x\n\n#close\n")
    assert mail.body == ""
    assert mail.attachments[0].content == b"Subject: x\n\n#close\n"


def test_html_alone_is_read_as_text() -> None:
    mail = message(b"Content-Type: text/html\n\n<p>one</p><p>two</p>")
    assert mail.body.split() == ["one", "two"]


def test_an_empty_plain_part_gives_way_to_the_html() -> None:
    mail = message(b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n<p>one</p>\n--b--\n")
    assert mail.body.strip() == "one"


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("nested_400", "mime_depth"),
        ("parts_600", "mime_parts"),
        ("fields_1500", "header_count"),
        ("boundary_too_long", "boundary"),
    ],
)
def test_a_crossed_limit_is_named_and_nothing_is_read_behind_it(name: str, limit: str) -> None:
    octets = next(path for path in HOSTILE if path.stem == name).read_bytes()
    mail = message(octets)
    assert (mail.limit, mail.body, mail.attachments) == (limit, "", ())
    assert mail.author == "mallory@evil.example"


def test_a_header_block_without_end_is_a_crossed_limit() -> None:
    assert message(b"From: a@a.example\nX: " + b"x\n y" * 200_000).limit == "header_block"


def test_twenty_levels_are_read_and_the_twenty_first_is_not() -> None:
    def nested(levels: int) -> bytes:
        opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels))
        return b"From: a@a.example\n" + opening + b"\nwords\n"

    assert message(nested(20)).body == "words\n"
    assert message(nested(21)).limit == "mime_depth"


def test_a_long_line_is_cut_and_its_rest_never_begins_a_line() -> None:
    mail = message(b"From: a@a.example\n\n> " + b"x" * 1998 + b"#close\nend\n")
    assert mail.body == "> " + "x" * 1998 + "\nend\n"
    assert "body-cut" in mail.defects


def test_a_long_body_is_cut() -> None:
    mail = message(b"\n" + b"line\n" * 6000)
    assert mail.body.count("\n") == 4999
    assert "body-cut" in mail.defects


def test_attachments_beyond_the_limits_stay_in_the_octets_only() -> None:
    limits = ReadLimits(attachments=2, attachment_size=10)
    part = b"--b\nContent-Disposition: attachment; filename=x\n\n"
    mail = message(b"Content-Type: multipart/mixed; boundary=b\n\n" + part + b"0123456789a\n" + (part + b"x\n") * 3 + b"--b--\n", limits)
    assert [a.size for a in mail.attachments] == [1, 1]
    assert set(mail.defects) == {"attachment-too-large", "attachments-cut"}


def test_two_deliveries_of_one_mail_have_one_identity() -> None:
    other_way = b"Received: from elsewhere\r\nX-Spam: no\r\n" + PLAIN.replace(b"inbox@", b"alias@").replace(b"Pat\r\n", b"Pat \r\n\r\n")
    assert message(PLAIN).identity == message(other_way).identity
    assert message(PLAIN).identity != message(PLAIN.replace(b"m1@", b"m2@")).identity
    assert message(PLAIN).identity != message(PLAIN.replace(b"=9Fe", b"=9Fen")).identity
    assert message(PLAIN).identity != message(PLAIN.replace(b"pat@partner", b"sam@partner")).identity


def test_the_first_part_with_a_broken_boundary_is_still_read() -> None:
    for path in HOSTILE:
        octets = path.read_bytes()
        if path.stem.startswith(("boundary_", "types_", "bare_", "charset_")) and b"The text is here." in octets:
            assert "The text is here." in message(octets).body, path.stem


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.stem)
def test_a_hostile_mail_ends_in_a_reading(path: Path) -> None:
    reading = read(path.read_bytes(), LIMITS, OWN)
    assert not [defect for defect in reading.message.defects if defect.startswith("reader-failed")]


GIANTS = {
    "addresses": b"From: a@a.example\nCc: " + b"Somebody <somebody@somewhere.example>,\n " * 20_000 + b"\n\nx",
    "recipients in many fields": b"From: a@a.example\n" + (b"Cc: " + b"s@s.example, " * 1200 + b"\n") * 15 + b"\nx",
    "encoded words": (b"Subject: " + b"=?utf-8?q?a?= " * 1100 + b"\n") * 15 + b"\nx",
    "delimiter look-alikes": b'Content-Type: multipart/mixed; boundary="-"\n\n---\n' + b"---x\n" * 50_000,
    "boundaries never found": b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\nContent-Type: multipart/mixed; boundary=q\n\nx\n" * 450
    + b"x" * 2_000_000,
    "padding": b"Content-Transfer-Encoding: base64\n\n" + b"QQ==" * 500_000,
    "one line": b"\n" + b"x" * 4_000_000,
    "line ends": b"\n" * 4_000_000,
    "folds": b"Subject: x" + b"\n " * 2_000_000,
    "brackets": b"Subject: " + b"[re: " * 3000 + b"\n\nx",
    "quotes": b"\n" + b"> " * 1_000_000,
    "html": b"Content-Type: text/html\n\n" + b"<div><!--" * 200_000,
    "openings of embedded files": b"\n" + b"begin 644 x\n=ybegin name=y\nbegin-base64 644 z\n" * 10_000,
    "embedded file": b"\nbegin 644 x\n" + b"#0V%T\n" * 100_000,
    "stream of empty files": b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22\1\0" + b"\2\2\x90\6\0\0\0\0\0\0\0" * 200_000,
}


@pytest.mark.parametrize("name", GIANTS)
def test_a_giant_mail_ends_in_a_reading_within_bounded_memory(name: str) -> None:
    tracemalloc.start()
    try:
        reading = read(GIANTS[name], LIMITS, OWN)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not [defect for defect in reading.message.defects if defect.startswith("reader-failed")]
    assert peak < 64 * 1024 * 1024


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_end_in_a_reading(octets: bytes) -> None:
    check(octets)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([PLAIN, MIXED]), st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 20), st.binary(max_size=12)), max_size=8))
def test_a_mutated_mail_ends_in_a_reading(mail: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for position, length, patch in cuts:
        mail = mail[:position] + patch + mail[position + length :]
    check(mail)


BOUNDARY_LINES = [
    b"--a",
    b"--ab",
    b"--a--",
    b"",
    b"x",
    b" f",
    b"Content-Type: multipart/mixed; boundary=a",
    b"Content-Type: multipart/x; boundary=ab",
    b"Content-Type: message/rfc822",
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(BOUNDARY_LINES), max_size=25))
def test_any_order_of_boundaries_ends_in_leaves(lines: list[bytes]) -> None:
    octets = b"Content-Type: multipart/mixed; boundary=a\n\n" + b"\n".join(lines)
    found = open_octets(octets, ReadLimits(mime_depth=5, mime_parts=10))
    assert len(found.parts) <= 10
    assert all(part.content in octets for part in found.parts)


def test_a_reader_that_fails_costs_its_own_answer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("daemon.parsers.quoting.split", broken)
    monkeypatch.setattr("daemon.parsers.bounce.recognise", broken)
    reading = read(PLAIN, LIMITS, OWN)
    assert reading.message.defects == ("reader-failed: bounce ZeroDivisionError", "reader-failed: quoting ZeroDivisionError")
    assert (reading.new_text, reading.bounce, reading.case_tags) == (reading.message.body, None, (1001,))


def test_a_mail_whose_message_reader_fails_still_ends_in_a_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.parsers.message.build", lambda *_: 1 / 0)
    reading = read(PLAIN, LIMITS, OWN)
    assert reading.message.author is None
    assert "reader-failed: message ZeroDivisionError" in reading.message.defects


def check(octets: bytes) -> None:
    reading = read(octets, LIMITS, OWN)
    assert not [defect for defect in reading.message.defects if defect.startswith("reader-failed")]
    for text in (reading.message.subject, reading.message.body, reading.message.from_text, reading.new_text):
        assert "\x00" not in text
        text.encode("utf-8")
