"""Every mail of tests/mail/bounce is read as stands beside it; and the laws of `recognise` on any text."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import Bounce
from daemon.parsers import ReadLimits, bounce, message
from daemon.parsers.parts import open_octets

MAILS = Path(__file__).parent.parent / "mail" / "bounce"
DAEMON = (
    b"From: Mail Delivery System <mailer-daemon@a.example>\nTo: support@support.example\nSubject: Undeliverable mail\nReturn-Path: <>\n"
)


def read(octets: bytes) -> Bounce | None:
    opened = open_octets(octets, ReadLimits())
    return bounce.recognise(opened, message.build(opened, ReadLimits()))


@pytest.mark.parametrize("name", sorted(path.stem for path in MAILS.glob("*.eml")))
def test_a_mail_is_read(name: str) -> None:
    expected = tomllib.loads((MAILS / f"{name}.toml").read_text("utf-8"))
    told = read((MAILS / f"{name}.eml").read_bytes())
    if not expected["bounce"]:
        assert told is None
        return
    assert told is not None
    found = [{"address": r.address, "status": r.status or "", "permanent": r.permanent, "reason": r.reason} for r in told.recipients]
    assert found == expected["recipients"]
    assert list(told.original_message_ids) == expected["original_message_ids"]


@settings(deadline=None)
@given(st.text(max_size=400))
def test_no_report_is_too_strange(text: str) -> None:
    told = read(DAEMON + b"Content-Type: text/plain; charset=utf-8\n\n" + text.encode("utf-8", "replace"))
    assert told is None or told.recipients


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_status_block_is_too_strange(text: str) -> None:
    body = b'Content-Type: multipart/report; boundary="b"\n\n--b\nContent-Type: message/delivery-status\n\n'
    told = read(DAEMON + body + b"Final-Recipient: " + text.encode("utf-8", "replace") + b"\n--b--\n")
    assert told is None or told.recipients


@settings(deadline=None)
@given(st.text(max_size=300))
def test_what_a_person_writes_is_never_a_bounce(text: str) -> None:
    octets = "From: Ann Lee <ann@acme.example>\nTo: support@support.example\nSubject: Undeliverable: mail returned\n\n"
    octets += "550 joe@acme.example: user unknown\n"
    assert read((octets + text).encode("utf-8", "replace")) is None


@pytest.mark.parametrize(
    "unit",
    [
        b"<a@b.example>:\n",
        b"a@b.example... User unknown\n",
        b"550 ",
        b"Received: x\n",
        b"\n\nFinal-Recipient: rfc822; a@b.example",
        b"@",
        b"<" * 99,
        b"your message ",
        b">>> DATA ",
        b"\n Message-ID: x\n",
        b"Final-Recipient: rfc822; a@b.example\n",
    ],
)
def test_a_megabyte_of_anything_is_read(unit: bytes) -> None:
    told = read(DAEMON + b"\n" + unit * (1_000_000 // len(unit)))
    assert told is None or len(told.recipients) <= 200


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Modtageren findes ikke.", "userunknown"),
        ("Innboksen er full.", "mailboxfull"),
        ("utilizator inexistent", "userunknown"),
        ("a postafiók megtelt", "mailboxfull"),
        ("korisnik ne postoji", "userunknown"),
        ("няма такъв потребител", "userunknown"),
        ("kotak surat penuh", "mailboxfull"),
        ("Het postvak van de geadresseerde is vol.", "mailboxfull"),
        ("Podany adres e-mail nie został znaleziony.", "userunknown"),
        ("Почтовый ящик получателя переполнен.", "mailboxfull"),
        ("A caixa de correio do destinatário está cheia.", "mailboxfull"),
        ("E-postadressen du angav hittades inte.", "userunknown"),
        ("Alıcının posta kutusu dolu.", "mailboxfull"),
        ("la boîte aux lettres du destinataire est pleine", "mailboxfull"),
    ],
)
def test_servers_speak_many_languages(said: str, reason: str) -> None:
    told = read(DAEMON + f"Content-Type: text/plain; charset=utf-8\n\n<joe@acme.example>: {said}\n".encode())
    assert told is not None
    assert [(recipient.address, recipient.permanent, recipient.reason) for recipient in told.recipients] == [
        ("joe@acme.example", True, reason)
    ]
