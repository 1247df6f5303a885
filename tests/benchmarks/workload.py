"""Mails as a support mailbox gets them: the same seed, count and day give the same octets.

The shares are those of `SHARES`, exact in every hundred mails. A reply refers to a ticket that came before it.
"""

from __future__ import annotations

import base64
import binascii
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime
from html import escape
from typing import Literal
from urllib.parse import quote

Kind = Literal["ticket", "reply", "partner", "form", "automatic", "bounce", "attachment"]

SHARES: tuple[tuple[Kind, int], ...] = (
    ("ticket", 55), ("reply", 20), ("partner", 10), ("form", 5), ("automatic", 5), ("bounce", 2), ("attachment", 3),
)  # fmt: skip
"""In a hundred mails."""

SUPPORT = "support@support.example"
FIRST_DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
COMPANIES = 37
"""Customers write from `companyNN.example`."""
PARTNERS = 5
THREADS = 300
"""How far back, in tickets, a reply may reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail. `answered` says whether a plain autoresponder answers it: everything but what programs send."""

    kind: Kind
    message_id: str
    octets: bytes

    @property
    def answered(self) -> bool:
        return self.kind not in ("automatic", "bounce")


@dataclass(frozen=True, slots=True)
class _Tongue:
    charset: str
    encoding: Literal["7bit", "8bit", "quoted-printable", "base64"]
    words: tuple[str, ...]
    weight: int


def _vocabulary(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ENGLISH = _vocabulary(
    """since Monday our heat pump shows fault code and the display stays dark after every restart we tried twice to reset it but
    nothing helps please send somebody or tell us which part to order under warranty thanks the installer says that pressure is too
    low in summer it worked well invoice arrived with wrong amount could you correct it meanwhile tenants complain about noise at
    night kind regards from all of us here"""
)
GERMAN = _vocabulary(
    """seit Montag läuft unsere Anlage nicht mehr das Gerät zeigt eine Störung während der Nacht bitte schicken Sie jemanden der
    Zähler wurde geprüft für die Rechnung fehlt noch der Betrag außerdem möchten wir wissen wann die Prüfung stattfindet vielen Dank
    mit freundlichen Grüßen über Ostern sind wir nicht erreichbar"""
)
FRENCH = _vocabulary(
    """depuis lundi notre chaudière est arrêtée et l'écran reste noir après chaque redémarrage pourriez-vous envoyer quelqu'un dès
    demain la facture déjà payée ne correspond pas à la commande où trouver la pièce nécessaire merci d'avance à bientôt"""
)
POLISH = _vocabulary(
    """od poniedziałku urządzenie nie działa wyświetlacz jest ciemny proszę przysłać kogoś jutro część zamówiliśmy już dwa tygodnie
    temu faktura się nie zgadza dziękuję pozdrawiam serdecznie"""
)
RUSSIAN = _vocabulary(
    """с понедельника установка не работает экран тёмный пожалуйста пришлите мастера завтра деталь заказана две недели назад счёт
    неверный спасибо заранее с уважением"""
)
JAPANESE = _vocabulary(
    "月曜日から 機械が 動きません 画面は 暗いまま です 明日 どなたか 来て ください 部品の 注文と 請求書を 確認 お願いします"
)

TONGUES = (
    _Tongue("us-ascii", "7bit", ENGLISH, 22),
    _Tongue("utf-8", "quoted-printable", ENGLISH, 22),
    _Tongue("utf-8", "base64", ENGLISH, 8),
    _Tongue("utf-8", "8bit", GERMAN, 10),
    _Tongue("iso-8859-1", "quoted-printable", GERMAN, 12),
    _Tongue("windows-1252", "quoted-printable", FRENCH, 10),
    _Tongue("utf-8", "quoted-printable", FRENCH, 5),
    _Tongue("iso-8859-2", "quoted-printable", POLISH, 3),
    _Tongue("koi8-r", "base64", RUSSIAN, 3),
    _Tongue("iso-2022-jp", "7bit", JAPANESE, 3),
    _Tongue("utf-8", "base64", JAPANESE, 2),
)
NAMES = (
    "Ada Bell", "Jörg Äpfel", "Zoë Laurent", "Ivo Novák", "Mika Ōta", "Sam O'Hara", "Łucja Zając", "Petra Klein", "Tom Reed", "Inès Roux",
)  # fmt: skip
KEYWORDS = ("ACKNOWLEDGE", "CLOSE", "PLANNED", "UPDATE", "QUESTION")
FILES = (("image/jpeg", "photo.jpg"), ("application/pdf", "report.pdf"), ("application/zip", "logs.zip"), ("image/png", "Störung.png"))


@dataclass(frozen=True, slots=True)
class _Thread:
    message_id: str
    subject: str
    person: tuple[str, str]
    tongue: _Tongue
    words: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Header lines that describe a body, and the body; lines end in CRLF."""

    fields: bytes
    body: bytes


def mails(count: int, seed: int, first_day: datetime = FIRST_DAY) -> Iterator[Mail]:
    """`count` mails, half a minute apart from `first_day` on by their Date fields."""
    yield from _Writer(seed, count, first_day).write()


def person(number: int) -> tuple[str, str]:
    """Name and address of a customer."""
    return NAMES[number % len(NAMES)], f"person{number:05d}@company{number % COMPANIES:02d}.example"


def people(count: int) -> int:
    """How many different customers write `count` mails."""
    return max(20, count // 4)


def large_mail(seed: int, octets: int, first_day: datetime = FIRST_DAY) -> Mail:
    """A ticket with one attachment, `octets` long as a whole (to within a few hundred)."""
    writer = _Writer(seed, 1, first_day)
    content = writer.random.randbytes(int((octets - 3000) * 76 / 78 * 3 / 4))
    words = _Part(b"Content-Type: text/plain; charset=utf-8\r\n", b"The whole log is attached.\r\n")
    fields = _Part(
        b'Content-Type: application/zip\r\nContent-Disposition: attachment; filename="all.zip"\r\nContent-Transfer-Encoding: base64\r\n',
        _base64(content),
    )
    return writer.mail("attachment", 0, person(1), "the whole log", TONGUES[1], _multipart("mixed", [words, fields], "large"))


class _Writer:
    def __init__(self, seed: int, count: int, first_day: datetime) -> None:
        self.seed = seed
        self.count = count
        self.first_day = first_day
        self.random = random.Random(f"{seed}/{count}")
        self.threads: list[_Thread] = []

    def write(self) -> Iterator[Mail]:
        hundred: list[Kind] = [kind for kind, share in SHARES for _ in range(share)]
        for position in range(self.count):
            if position % 100 == 0:
                self.random.shuffle(hundred)
                if position == 0:  # nothing can be answered before there is a ticket
                    first = hundred.index("ticket")
                    hundred[0], hundred[first] = hundred[first], hundred[0]
            yield self._write(hundred[position % 100], position)

    def _write(self, kind: Kind, position: int) -> Mail:
        if kind in ("ticket", "attachment"):
            return self._ticket(kind, position)
        if kind == "form":
            return self._form(position)
        if kind == "bounce":
            return self._bounce(position)
        return self._reply(kind, position)

    # --- kinds ---------------------------------------------------------------------------------------------------------

    def _ticket(self, kind: Kind, position: int) -> Mail:
        tongue = self._tongue()
        who = person(self.random.randrange(people(self.count)))
        subject = self._subject(tongue)
        shape = self.random.choices(("plain", "alternative", "html"), (45, 40, 15))[0]
        words = self._words(tongue, self._size(600, 6500 if shape == "alternative" else 13000))
        part = self._shaped(words, tongue, shape, position)
        if kind == "attachment":
            part = _multipart("mixed", [part, *self._attachments()], f"m{position}")
        mail = self.mail(kind, position, who, subject, tongue, part)
        self.threads.append(_Thread(mail.message_id, subject, who, tongue, words[:1500]))
        return mail

    def _reply(self, kind: Kind, position: int) -> Mail:
        thread = self.random.choice(self.threads[-THREADS:])
        quoted = "".join(f"> {line}\n" for line in thread.words.splitlines())
        fields = [f"In-Reply-To: {thread.message_id}", f"References: {thread.message_id}"]
        who, prefix, shape = thread.person, "Re: ", "plain"
        if kind == "reply":
            own = self._words(thread.tongue, self._size(200, 4000))
            words = f"{own}\nOn Tue, 3 Mar 2026 at 09:12, Support <{SUPPORT}> wrote:\n{quoted}"
            shape = self.random.choice(("plain", "alternative"))
        elif kind == "partner":
            number = self.random.randrange(PARTNERS)
            who = (f"Agent {number}", f"agent@partner{number}.example")
            keyword = self.random.choice(KEYWORDS)
            words = f"{keyword} {self.random.randrange(10**5)}\n{self._words(thread.tongue, 150)}\n\n{quoted[:700]}"
        else:
            words = self._words(thread.tongue, self._size(200, 1200))
            prefix = self.random.choice(("Automatic reply: ", "Out of office: "))
            fields += ["Auto-Submitted: auto-replied", "Precedence: bulk"]
            shape = self.random.choices(("plain", "html"), (70, 30))[0]
        part = self._shaped(words, thread.tongue, shape, position)
        return self.mail(kind, position, who, prefix + thread.subject, thread.tongue, part, fields)

    def _form(self, position: int) -> Mail:
        name, address = person(self.random.randrange(people(self.count)))
        rows = {
            "Name": name, "E-mail": address, "Telephone": f"+1 555 01{self.random.randrange(100):02d}",
            "System": f"HP-{self.random.randrange(10**6):06d}", "Message": self._words(TONGUES[1], self._size(200, 2500)),
        }  # fmt: skip
        table = "".join(f"<tr><th>{label}</th><td>{escape(value)}</td></tr>\n" for label, value in rows.items())
        page = f'<html><body><h3>A visitor wrote</h3><table border="1">\n{table}</table></body></html>\n'
        part = _text(page, "utf-8", "quoted-printable", "html")
        who = ("Website", "forms@www.example")
        return self.mail("form", position, who, f"Contact form {position}", TONGUES[1], part, [f"Reply-To: {address}"])

    def _bounce(self, position: int) -> Mail:
        _, dead = person(self.random.randrange(people(self.count)))
        notice = f"The mail for <{dead}> could not be delivered.\n\n<{dead}>: host mx.example said: 550 5.1.1 no such mailbox\n"
        report = (
            f"Reporting-MTA: dns; relay.support.example\n\nFinal-Recipient: rfc822; {dead}\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such mailbox\n"
        )
        returned = (
            f"From: Support <{SUPPORT}>\nTo: {dead}\nSubject: Re: your question\nMessage-ID: <{position}.{self.seed}@support.example>\n\n"
        )
        parts = [
            _Part(b"Content-Type: text/plain; charset=us-ascii\r\n", _crlf(notice).encode()),
            _Part(b"Content-Type: message/delivery-status\r\n", _crlf(report).encode()),
            _Part(b"Content-Type: text/rfc822-headers\r\n", _crlf(returned).encode()),
        ]
        whole = _multipart("report; report-type=delivery-status", parts, f"b{position}")
        who = ("Mail Delivery System", "MAILER-DAEMON@relay.support.example")
        return self.mail("bounce", position, who, "Undeliverable: Re: your question", TONGUES[0], whole, ["Auto-Submitted: auto-replied"])

    # --- pieces --------------------------------------------------------------------------------------------------------

    def mail(
        self, kind: Kind, position: int, who: tuple[str, str], subject: str, tongue: _Tongue, part: _Part, fields: list[str] | None = None
    ) -> Mail:
        """The fields every mail has, then the part."""
        message_id = f"<{position:06d}.{self.seed:x}.{self.count}@mail.example>"
        date = format_datetime(self.first_day + timedelta(seconds=30 * position))
        charset = "utf-8" if tongue.charset == "us-ascii" else tongue.charset
        mark = base64.b64encode(self.random.randbytes(96)).decode()
        lines = [
            f"Return-Path: <{who[1]}>",
            f"Delivered-To: {SUPPORT}",
            f"Received: from mx{position % 7}.example (mx{position % 7}.example [192.0.2.{position % 250 + 1}])\r\n"
            f"\tby mx.support.example with ESMTPS id {position:08X}\r\n\tfor <{SUPPORT}>; {date}",
            f"Received: from [198.51.100.{position % 250 + 1}] by mx{position % 7}.example with ESMTPSA; {date}",
            f"DKIM-Signature: v=1; a=rsa-sha256; d={who[1].partition('@')[2]}; s=k1;\r\n"
            f" h=from:to:subject:date; b={mark[:64]}\r\n  {mark[64:]}",
            f"Date: {date}",
            f"From: {_worded(who[0], 'utf-8')} <{who[1]}>",
            f"To: Support <{SUPPORT}>",
            f"Subject: {_worded(subject, charset)}",
            f"Message-ID: {message_id}",
            "MIME-Version: 1.0",
            *(fields or ()),
        ]
        head = "".join(f"{line}\r\n" for line in lines).encode("ascii")
        return Mail(kind=kind, message_id=message_id, octets=head + part.fields + b"\r\n" + part.body)

    def _tongue(self) -> _Tongue:
        return self.random.choices(TONGUES, [tongue.weight for tongue in TONGUES])[0]

    def _size(self, least: int, most: int) -> int:
        """Small ones are common, large ones rare: even on a logarithmic scale."""
        return int(math.exp(self.random.uniform(math.log(least), math.log(most))))

    def _subject(self, tongue: _Tongue) -> str:
        return " ".join(self.random.choices(tongue.words, k=self.random.randint(3, 7)))

    def _words(self, tongue: _Tongue, octets: int) -> str:
        """Lines of words in paragraphs, about so many octets in the tongue's charset."""
        average = sum(len(word.encode(tongue.charset)) + 1 for word in tongue.words) / len(tongue.words)
        words = iter(self.random.choices(tongue.words, k=max(8, int(octets / average))))
        lines: list[str] = []
        line: list[str] = []
        for word in words:
            line.append(word)
            if len(line) == 10:
                lines.append(" ".join(line))
                line = []
                if self.random.random() < 0.2:
                    lines[-1] += "."
                    lines.append("")
        lines.append(" ".join(line))
        return "\n".join(lines).rstrip() + "\n"

    def _shaped(self, words: str, tongue: _Tongue, shape: str, position: int) -> _Part:
        if shape == "plain":
            return _text(words, tongue.charset, tongue.encoding, "plain")
        paragraphs = "".join(
            f'<p style="font-family:sans-serif;margin:0 0 1em 0">{escape(part).replace(chr(10), "<br>" + chr(10))}</p>\n'
            for part in words.strip().split("\n\n")
        )
        page = f'<html><head><style>p{{color:#333}}</style></head><body><div dir="ltr">\n{paragraphs}</div></body></html>\n'
        rich = _text(page, tongue.charset, tongue.encoding, "html")
        if shape == "html":
            return rich
        return _multipart("alternative", [_text(words, tongue.charset, tongue.encoding, "plain"), rich], f"a{position}")

    def _attachments(self) -> list[_Part]:
        total = self._size(100_000, 2_000_000)
        count = self.random.choice((1, 1, 2, 3))
        parts = []
        for _ in range(count):
            content_type, name = self.random.choice(FILES)
            named = f'filename="{name}"' if name.isascii() else f"filename*=utf-8''{quote(name)}"
            fields = f"Content-Type: {content_type}\r\nContent-Disposition: attachment; {named}\r\nContent-Transfer-Encoding: base64\r\n"
            parts.append(_Part(fields.encode("ascii"), _base64(self.random.randbytes(total // count))))
        return parts


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def _worded(text: str, charset: str) -> str:
    return text if text.isascii() else Header(text, charset, maxlinelen=70).encode(linesep="\r\n")


def _base64(octets: bytes) -> bytes:
    signs = binascii.b2a_base64(octets, newline=False)
    return b"".join(signs[at : at + 76] + b"\r\n" for at in range(0, len(signs), 76))


def _text(text: str, charset: str, encoding: str, subtype: str) -> _Part:
    octets = text.encode(charset, "replace")
    if encoding == "quoted-printable":
        body = binascii.b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")
    elif encoding == "base64":
        body = _base64(octets.replace(b"\n", b"\r\n"))
    else:
        body = octets.replace(b"\n", b"\r\n")
    fields = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return _Part(fields.encode("ascii"), body)


def _multipart(subtype: str, parts: list[_Part], mark: str) -> _Part:
    boundary = f"=_part_{mark}_"
    body = b"".join(b"--%b\r\n%b\r\n%b\r\n" % (boundary.encode(), part.fields, part.body) for part in parts)
    return _Part(f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n'.encode(), body + b"--%b--\r\n" % boundary.encode())
