"""Whole messages as octets, read back by the standard library and by our own reader."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.mail.addresses import Signer
from daemon.mail.compose import BadRecipient, Envelope, compose, subject_line
from daemon.mail.encodedwords import one_line
from daemon.parsers import ReadLimits, read

SIGNER = Signer(b"k" * 32, "support+{token}@support.example", "support@support.example")
LONG = "<AM0PR04MB" + "A1b2C3" * 20 + "@AM0PR04MB1234.eurprd04.prod.outlook.example>"

LETTER = Envelope(
    house_name="Example Support",
    house_address="support@support.example",
    to_name="Ann Lee",
    to_address="ann.lee@acme.example",
    subject="Re: Inverter offline",
    case_number="CASE-1001",
    date=datetime(2026, 11, 16, 15, 0, tzinfo=UTC),
    message_id=SIGNER.message_id("1/0", 1001, 7, "ann.lee@acme.example"),
    in_reply_to="<in@acme.example>",
    references=("<first@acme.example>", "<second@acme.example>"),
    reply_to=SIGNER.reply_address(1001, 7, "ann.lee@acme.example"),
    auto_submitted="auto-replied",
    template="case-received",
    instance=SIGNER.instance_mark(),
)
NAMES = [
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To", "Auto-Submitted", "X-Auto-Response-Suppress",
    "X-Supportd-Instance", "X-Supportd-Template", "MIME-Version", "Content-Type",
]  # fmt: skip

anything = st.text(max_size=300) | st.lists(
    st.sampled_from(
        [
            "\r\n",
            "\n",
            "\r",
            "\0",
            "Bcc: victim@x.example",
            "=?utf-8?q?=0D=0ABcc=3A?=",
            "\u2028",
            "\x85",
            "ü",
            " ",
            ".",
            "From ",
            "--",
            "<b@x>",
            ",",
            '"',
            "\\",
        ]
    ),
    max_size=40,
).map("".join)


def composed(letter: Envelope, text: str = "Hello\n", html: str = "<p>Hello</p>\n") -> bytes:
    octets = compose(letter, text, html)
    assert isinstance(octets, bytes)
    return octets


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(octets: bytes, kind: str) -> str:
    part = parsed(octets).get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def on_the_wire(octets: bytes) -> None:
    """What every mail promises."""
    assert octets.isascii()
    assert b"\0" not in octets
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert b"\r\n.\r\n" not in octets


def test_the_fields_are_those_of_the_contract():
    octets = composed(LETTER)
    on_the_wire(octets)
    message = parsed(octets)
    assert message.keys() == NAMES
    assert message.defects == []
    assert message["From"] == "Example Support <support@support.example>"
    assert message["To"] == "Ann Lee <ann.lee@acme.example>"
    assert message["Subject"] == "Re: Inverter offline [CASE-1001]"
    assert message["Date"].datetime == LETTER.date
    assert message["Message-ID"] == LETTER.message_id
    assert message["In-Reply-To"] == "<in@acme.example>"
    assert message["References"] == "<first@acme.example> <second@acme.example> <in@acme.example>"
    assert message["Reply-To"] == LETTER.reply_to
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Supportd-Instance"] == SIGNER.instance_mark()
    assert message["X-Supportd-Template"] == "case-received"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_what_does_not_apply_is_left_out():
    message = parsed(composed(replace(LETTER, in_reply_to=None, references=(), auto_submitted=None)))
    assert message.keys() == [name for name in NAMES if name not in ("In-Reply-To", "References", "Auto-Submitted")]


def test_the_same_letter_is_the_same_octets():
    assert composed(LETTER, "a", "b") == composed(LETTER, "a", "b")


@given(anything, anything, anything, anything, anything)
@example("x\r\nBcc: a@b.example", "x\r\nBcc: a@b.example", "x\r\nBcc: a@b.example", "\r\n.\r\nMAIL FROM:<a@b.example>\r\n", "\n.\n")
def test_no_value_changes_the_set_of_fields_and_the_words_come_back(subject, name, template, text, html):
    letter = replace(LETTER, subject=subject, to_name=name, house_name=name, template=template)
    octets = composed(letter, text, html)
    on_the_wire(octets)
    old = email.message_from_bytes(octets, policy=email.policy.compat32)
    assert old.keys() == NAMES
    assert old.defects == []
    message = parsed(octets)
    assert message.keys() == NAMES
    for field, address in (("From", "support@support.example"), ("To", "ann.lee@acme.example")):
        shown, spec = parseaddr(old[field])
        assert (str(make_header(decode_header(shown))) if shown else "", spec) == (one_line(name)[:100].strip(), address)
    for part, words in (("plain", text), ("html", html)):
        wanted = re.sub(
            "[\ud800-\udfff]", "\ufffd", re.sub("[\x00-\x08\x0b-\x1f\x7f]", " ", words.replace("\r\n", "\n").replace("\r", "\n"))
        )
        assert body(octets, part) == (wanted if wanted.endswith("\n") else wanted + "\n")


@given(anything, anything)
def test_our_own_reader_sees_what_was_meant(subject, name):
    letter = replace(LETTER, subject=subject, house_name=name)
    message = read(composed(letter), ReadLimits(), frozenset()).message
    assert " ".join(message.subject.split()) == " ".join(subject_line(subject, "CASE-1001").split())
    assert message.author == "support@support.example"
    assert message.message_id == LETTER.message_id
    assert message.references == ("<first@acme.example>", "<second@acme.example>", "<in@acme.example>")
    assert message.recipients == ("ann.lee@acme.example",)
    assert message.body == "Hello\n"
    assert not message.defects


def test_our_own_reader_knows_it_for_ours_and_finds_the_case():
    reading = read(composed(LETTER), ReadLimits(), frozenset({"support@support.example"}))
    assert reading.automatic.is_automatic
    assert reading.automatic.own_mark
    assert not reading.automatic.may_answer
    assert reading.case_tags == (1001,)


@pytest.mark.parametrize("length", [64, 78, 200, 900, 985, 986, 995, 997])
def test_long_message_ids_stand_whole_in_one_line(length):
    one = "<" + "x" * (length - 12) + "@a.example>"
    octets = composed(replace(LETTER, in_reply_to=one, references=(LONG, LONG.replace("1b2", "9z9"))))
    on_the_wire(octets)
    head = octets.partition(b"\r\n\r\n")[0].decode()
    assert head.count(one) == 2
    assert LONG in head
    assert "=?" not in head
    assert parsed(octets)["References"].split() == [LONG, LONG.replace("1b2", "9z9"), one]


@pytest.mark.parametrize(
    "bad", ["<a b@x.example>", "<a@x.example>\r\nBcc: v@x.example", "no brackets", "<ü@x.example>", "<" + "x" * 997 + ">", "", "<>"]
)
def test_an_id_that_cannot_be_written_is_left_out(bad):
    message = parsed(composed(replace(LETTER, in_reply_to=bad, references=("<first@acme.example>", bad))))
    assert "In-Reply-To" not in message
    assert message["References"] == "<first@acme.example>"


def test_a_long_thread_keeps_its_first_id_and_its_last_ones():
    ids = tuple(f"<{number}@acme.example>" for number in range(200))
    written = parsed(composed(replace(LETTER, references=ids, in_reply_to=ids[-1])))["References"].split()
    assert len(written) == 20
    assert written[0] == ids[0]
    assert written[1:] == list(ids[-19:])


@pytest.mark.parametrize(
    "address",
    [
        "", "ann", "ann@", "@acme.example", "ann lee@acme.example", "ann@acme.example, victim@x.example", '"ann"@acme.example',
        "ann@acme.example\r\nRCPT TO:<v@x.example>", "<ann@acme.example>", "ann@acme.example>", "a" * 65 + "@acme.example",
        "jörg@acme.example", "ann@acme.example\0", "-", "ann@[192.0.2.1]", "=?utf-8?q?ann?=@acme.example", "ann@acme.example (x)",
    ],
)  # fmt: skip
def test_a_recipient_that_is_no_strict_address_is_a_named_failure(address):
    refused = compose(replace(LETTER, to_address=address), "a", "b")
    assert isinstance(refused, BadRecipient)
    assert refused.address == address
    assert refused.problem


def test_a_domain_is_written_in_ascii():
    assert b"<ann@xn--bcher-kva.example>" in composed(replace(LETTER, to_address="ann@Bücher.example"))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Inverter offline", "Inverter offline [CASE-1001]"),
        ("Re: Inverter offline [CASE-1001]", "Re: Inverter offline [CASE-1001]"),
        ("[case-1001] Re: x [ CASE-1001 ] y", "Re: x y [CASE-1001]"),
        ("Re: [CASE-1001] RE: re:Inverter", "Re: Inverter [CASE-1001]"),
        ("[CASE-10011] x", "[CASE-10011] x [CASE-1001]"),
        ("", "[CASE-1001]"),
        ("a\r\nBcc: b", "a Bcc: b [CASE-1001]"),
        ("Reinstall", "Reinstall [CASE-1001]"),
    ],
)
def test_the_subject_ends_in_the_number_of_the_case_once(subject, expected):
    assert subject_line(subject, "CASE-1001") == expected


@given(anything)
def test_a_subject_is_short_and_ends_in_its_number(subject):
    line = subject_line(subject * 3, "CASE-1001")
    assert len(line) <= 200
    assert line.endswith("[CASE-1001]")
    assert subject_line(line, "CASE-1001") == line


def test_a_subject_without_a_case_has_no_number():
    assert subject_line("[CS-1] A task", None) == "[CS-1] A task"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain words\n", "7bit"),
        ("x" * 998 + "\n", "7bit"),
        ("x" * 999 + "\n", "quoted-printable"),
        ("Grüße aus München, wo die Sonne scheint\n", "quoted-printable"),
        (".\nQUIT\n", "quoted-printable"),
        ("Hello\n.\nQUIT\n", "quoted-printable"),
        (".signature\n..\n", "7bit"),
        ("日本語の本文です。\n" * 10, "base64"),
    ],
)
def test_the_encoding_suits_the_words(text, encoding):
    octets = composed(LETTER, text)
    on_the_wire(octets)
    part = parsed(octets).get_body(("plain",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == encoding
    assert body(octets, "plain") == text


def test_the_boundary_is_never_a_line_of_the_words():
    boundary = parsed(composed(LETTER)).get_boundary()
    octets = composed(LETTER, f"--{boundary}\nwords\n--{boundary}--\n")
    assert parsed(octets).get_boundary() != boundary
    assert body(octets, "plain") == f"--{boundary}\nwords\n--{boundary}--\n"
