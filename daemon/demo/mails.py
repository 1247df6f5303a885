"""The sample mails: a day at Example Support, every kind of mail once.

A sample is octets as a provider would deliver them, with the provider's own Authentication-Results on top. The replies of
the afternoon answer mails that were really sent: their addresses, Message-IDs and subjects are taken from those.
"""

from __future__ import annotations

import email
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, parsedate_to_datetime

SUPPORT = "support@support.example"
ALIAS = "help@support.example"
AUTHSERV = "mx.support.example"

_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\ntrailer<</Root 1 0 R>>\n"
)


_FORM = (
    "<h3>Channel Partner Form</h3><table>"
    "<tr><td>Your Name</td><td>Dana Whitfield</td></tr>"
    "<tr><td>Your Email</td><td>dana.whitfield@greenlightsolar.example</td></tr>"
    "<tr><td>Company Name</td><td>Green Light Solar</td></tr>"
    "<tr><td>New Channel Partner</td><td>HW Solar</td></tr>"
    "<tr><td>Financing options</td><td>Concert<br>Sunlight Basic</td></tr>"
    "</table>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A mail to put in the inbox, when it arrives, and what to look for."""

    title: str
    arrived: datetime
    note: str = ""
    octets: bytes = field(repr=False)


def mail(
    sender: str, subject: str, body: str | Message, at: datetime, *, number: int, to: str = SUPPORT, dmarc: str | None = "pass",
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:  # fmt: skip
    """A mail as a provider would deliver it. `dmarc` is the provider's verdict on the From domain, None for no verdict."""
    message = body if isinstance(body, Message) else _text(body)
    domain = sender.rpartition("@")[2].rstrip(">")
    if dmarc is not None:
        message["Authentication-Results"] = f"{AUTHSERV}; dmarc={dmarc} header.from={domain}"
    for name, value in headers:
        message[name] = value
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<demo-{number}@{domain}>"
    return message.as_bytes()


def _text(body: str, subtype: str = "plain") -> MIMEText:
    return MIMEText(body, subtype, "us-ascii" if body.isascii() else "utf-8")


def morning(now: datetime) -> list[Sample]:
    """What lies in the inbox when the day begins: it came during the last hour."""
    times = [now - timedelta(minutes=minutes) for minutes in (52, 47, 41, 36, 30, 29, 21, 14, 9)]
    invoice = MIMEMultipart()
    invoice.attach(
        _text(
            "Hello,\n\nthe attached invoice still has our old address. Can you send a new one?\n\nThanks,\nDana Whitfield\n"
            "-- \nGreen Light Solar\n1 Example Road, Springfield\n"
        )
    )
    pdf = MIMEBase("application", "pdf", name="invoice 2026-11.pdf")
    pdf.set_payload(_PDF.decode())
    pdf["Content-Disposition"] = 'attachment; filename="invoice 2026-11.pdf"'
    invoice.attach(pdf)
    page = _text(
        '<html><body><div dir="auto">Hi there,</div><div dir="auto">the <b>checkout page</b> shows a blank screen since noon.</div>'
        '<div style="display:none">#close</div><div dir="auto"><br></div><div dir="auto">Sent from my iPhone</div></body></html>\n',
        "html",
    )

    def checkout(delivered_to: str) -> bytes:
        page_again = email.message_from_bytes(page.as_bytes())
        return mail(
            "Sam Shop <sam@shop.example>", "Checkout page", page_again, times[4], number=5, to=f"{SUPPORT}, {ALIAS}",
            headers=[("Delivered-To", delivered_to)],
        )  # fmt: skip

    samples = [
        (
            "A customer reports a problem with a system that a partner looks after",
            "",
            mail(
                "Ann Lee <ann.lee@acme.example>", "No data since noon",
                "Hi,\n\nRoof-7 shows no data since noon. Can somebody look?\n\nAnn\n", times[0], number=1,
            ),
        ),
        (
            "A customer writes with an attachment and a signature",
            "",
            mail("Dana Whitfield <dana.whitfield@greenlightsolar.example>", "Invoice looks wrong", invoice, times[1], number=2),
        ),
        (
            "Somebody nobody knows",
            "The answer to a stranger repeats nothing of the mail: it can't be used to send somebody spam.",
            mail("Robin <robin@elsewhere.example>", "Shipping to Norway?", "Hello, do you ship to Norway?\n\nRobin\n", times[2], number=3),
        ),
        (
            "A new colleague of a customer: the domain is known, the person is not",
            "",
            mail(
                "Noor Haddad <noor@hwsolar.example>", "Access for me", "Hi, I am new at HW Solar, where do I start?\n", times[3], number=4,
            ),
        ),
        (
            "HTML only, from a phone, with a command hidden in it",
            "Its HTML also says #close, hidden from the eye. What nobody can see is not read.",
            checkout(SUPPORT),
        ),
        ("The same mail once more, through our other address", "", checkout(ALIAS)),
        (
            "A newsletter",
            "A person may have to see it, a robot must not answer it.",
            mail(
                "Offers <news@offers.example>", "50% off this week!", "Buy now.\n", times[6], number=7,
                headers=[("List-Unsubscribe", "<https://offers.example/u>"), ("Precedence", "bulk")],
            ),
        ),
        (
            "A forged mail in a customer's name",
            "Olga is in the directory; her provider says this mail is not hers.",
            mail(
                "Olga Old <olga@oldshop.example>", "Our new bank account", "Please pay to the new account from now on.\n\nOlga\n", times[7],
                number=8, dmarc="fail",
            ),
        ),
        (
            "A form: a customer asks for a new channel partner",
            "Who asks is read from the form, never from the sender. Ivan gets the table and the dates.",
            mail("Forms <noreply@jotform.com>", "A New Channel Partner Request for HW Solar", _text(_FORM, "html"), times[8], number=9),
        ),
    ]  # fmt: skip
    return [Sample(title=title, note=note, arrived=at, octets=octets) for at, (title, note, octets) in zip(times, samples, strict=True)]


def afternoon(now: datetime, sent: Sequence[bytes]) -> list[Sample]:
    """What comes back once the first answers have left: replies to the mails in `sent`, which are octets as the relay got them."""
    outgoing = [email.message_from_bytes(octets) for octets in sent]

    def found(address: str, template: str) -> Message:
        return next(m for m in outgoing if address in str(m["To"]) and m["X-Supportd-Template"] == template)

    assigned = found("bob@miller.example", "case-assigned")
    received = found("ann.lee@acme.example", "case-received")
    returned = found("robin@elsewhere.example", "identify-account")
    task = found("ivan@support.example", "cs-assigned")
    number = str(received["Subject"]).rpartition("[")[2].rstrip("]")
    samples = [
        (
            "The partner answers from a phone, above the quoted mail",
            "Only the new words reach the customer.",
            _reply("Bob Miller <bob@miller.example>", assigned, "Please restart the logger and tell me the colour of the lamp.\n\n"
                   "Sent from my phone", now, number=10),
        ),
        (
            "The customer answers our acknowledgement",
            "",
            _reply("Ann Lee <ann.lee@acme.example>", received, "Done, and the lamp is green now.\n\nAnn", now, number=11),
        ),
        (
            "An out-of-office answer",
            "No robot is answered, and the partner's absence is no comment.",
            mail(
                "Bob Miller <bob@miller.example>", f"Automatic reply: {assigned['Subject']}", "I am out of the office until Thursday.\n",
                now, number=12, to=str(assigned["Reply-To"]), headers=[*_thread(assigned), ("Auto-Submitted", "auto-replied")],
            ),
        ),
        (
            "A stranger who has got hold of a case number",
            f"The answer says nothing about {number}, not even whether it exists.",
            mail(
                "Mallory <mallory@else.example>", f"Your case [{number}]", "Please tell me the customer's address.\n", now, number=13,
            ),
        ),
        (
            "A bounce: an answer of ours did not arrive",
            "The queue that owns the case is told. After a second one nothing more is sent to that address.",
            _bounce(returned, "robin@elsewhere.example", now),
        ),
        (
            "The new channel partner is configured",
            "Nothing is outstanding, so the customer hears the end of it, once.",
            _reply("Ivan Petrov <ivan@support.example>", task, "Done - thanks", now, number=15),
        ),
    ]  # fmt: skip
    return [Sample(title=title, note=note, arrived=now, octets=octets) for title, note, octets in samples]


def _reply(sender: str, original: Message, words: str, at: datetime, *, number: int) -> bytes:
    """What a mail program makes of a reply: to Reply-To, in the thread, above the quoted original."""
    written = parsedate_to_datetime(str(original["Date"]))
    quoted = "\n".join(f"> {line}".rstrip() for line in _plain(original).splitlines())
    house = email.utils.parseaddr(str(original["From"]))[0]
    return mail(
        sender, f"Re: {original['Subject']}", f"{words}\n\nOn {written:%a, %d %b %Y at %H:%M}, {house} wrote:\n{quoted}\n", at,
        number=number, to=str(original["Reply-To"]), headers=_thread(original),
    )  # fmt: skip


def _thread(original: Message) -> list[tuple[str, str]]:
    return [("In-Reply-To", str(original["Message-ID"])), ("References", str(original["Message-ID"]))]


def _plain(message: Message) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    content = part.get_payload(decode=True)
    return content.decode(part.get_content_charset("utf-8")) if isinstance(content, bytes) else ""


def _bounce(returned: Message, recipient: str, at: datetime) -> bytes:
    """A delivery status notification as a mail server writes it (RFC 3464)."""
    host = f"mx.{recipient.rpartition('@')[2]}"
    said = "550 5.1.1 No such user here"
    report = MIMEMultipart("report", report_type="delivery-status")
    report.attach(_text(f"This is the mail system at {host}.\n\nYour message could not be delivered.\n\n<{recipient}>: {said}\n"))
    status = MIMEBase("message", "delivery-status")
    for fields in (
        {"Reporting-MTA": f"dns; {host}"},
        {"Final-Recipient": f"rfc822; {recipient}", "Action": "failed", "Status": "5.1.1", "Diagnostic-Code": f"smtp; {said}"},
    ):
        block = Message()
        for name, value in fields.items():
            block[name] = value
        status.attach(block)
    report.attach(status)
    head = "".join(f"{name}: {returned[name]}\n" for name in ("From", "To", "Subject", "Message-ID"))
    report.attach(MIMEText(head, "rfc822-headers", "us-ascii"))
    return mail(
        f"Mail Delivery System <MAILER-DAEMON@{host}>", "Undelivered Mail Returned to Sender", report, at, number=14, dmarc=None,
        headers=[("Return-Path", "<>"), ("Auto-Submitted", "auto-replied")],
    )  # fmt: skip
