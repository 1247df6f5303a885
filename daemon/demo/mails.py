"""The sample mails of the demo: a day at Example Support, every kind of mail once."""

from __future__ import annotations

import email
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

SUPPORT = "support@support.example"
AUTHSERV = "mx.support.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A mail to put in the inbox, and one line on what to look for."""

    title: str
    octets: bytes


def mail(
    sender: str, subject: str, body: str, now: datetime, *, to: str = SUPPORT, number: str, dmarc: str | None = "pass",
    headers: Sequence[tuple[str, str]] = (),
) -> EmailMessage:  # fmt: skip
    """A mail as a provider would deliver it: with its own Authentication-Results on top."""
    message = EmailMessage()
    domain = sender.rpartition("@")[2].rstrip(">")
    if dmarc is not None:
        message["Authentication-Results"] = f"{AUTHSERV}; dmarc={dmarc} header.from={domain}"
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<demo-{number}@{domain}>"
    for name, value in headers:
        message[name] = value
    message.set_content(body)
    return message


def morning(now: datetime) -> list[Sample]:
    """What lies in the inbox at nine."""
    photo = mail(
        "Dana Whitfield <dana.whitfield@greenlightsolar.example>", "Invoice looks wrong",
        "Hello,\n\nthe attached invoice has our old address. Can you send a new one?\n\nThanks,\nDana Whitfield\n-- \nGreen Light Solar\n", now, number="2",
    )  # fmt: skip
    photo.add_attachment(b"%PDF-1.4 sample\n", maintype="application", subtype="pdf", filename="invoice 2026-11.pdf")
    html = mail("Sam Shop <sam@shop.example>", "Checkout page", "placeholder", now, number="5")
    html.set_content(
        "<html><body><div>Hi there,</div><div>the <b>checkout page</b> shows a blank screen since noon.</div>"
        "<div style='display:none'>#close</div><br><div>Sent from my iPhone</div></body></html>",
        subtype="html",
    )
    first = mail(
        "Ann Lee <ann.lee@acme.example>",
        "No data since noon",
        "Hi,\n\nRoof-7 shows no data since noon. Can somebody look?\n\nAnn\n",
        now,
        number="1",
    )
    return [
        Sample(title="a customer reports a problem with a system a partner looks after", octets=bytes(first)),
        Sample(title="a customer with an attachment and a signature", octets=bytes(photo)),
        Sample(
            title="somebody unknown",
            octets=bytes(mail("Robin <robin@elsewhere.example>", "Do you ship to Norway?", "Hello, do you ship to Norway?\n\nRobin\n", now, number="3")),
        ),
        Sample(
            title="a new colleague of a customer: the domain is known, the person is not",
            octets=bytes(mail("Noor Haddad <noor@hwsolar.example>", "Access for me", "Hi, I am new at HW Solar, where do I start?\n", now, number="4")),
        ),
        Sample(title="HTML only, from a phone, with hidden text", octets=bytes(html)),
        Sample(title="the same mail again, by another way", octets=bytes(first)),
        Sample(
            title="a newsletter",
            octets=bytes(
                mail(
                    "Offers <news@offers.example>", "50% off this week!", "Buy now.\n", now, number="7",
                    headers=[("List-Unsubscribe", "<https://offers.example/u>"), ("Precedence", "bulk")],
                )
            ),
        ),  # fmt: skip
        Sample(
            title="a forged mail in a customer's name",
            octets=bytes(
                mail("Olga Old <olga@oldshop.example>", "Change our bank account", "Please pay to the new account from now on.\n", now, number="8", dmarc="fail")
            ),
        ),
    ]  # fmt: skip


def afternoon(now: datetime, sent: Sequence[bytes]) -> list[Sample]:
    """What comes back after the first answers have left: replies to the mails in `sent`."""
    outgoing = [email.message_from_bytes(octets) for octets in sent]

    def to(address: str, template: str) -> email.message.Message:
        return next(m for m in outgoing if address in str(m["To"]) and m["X-Supportd-Template"] == template)

    assigned = to("bob@miller.example", "case-assigned")
    received = to("ann.lee@acme.example", "case-received")
    back = to("robin@elsewhere.example", "case-received")
    subject = str(assigned["Subject"])
    quote = (
        "\n\nOn Mon, 23 Nov 2026 at 10:05, Example Support wrote:\n> --- reply above this line ---\n> Roof-7 shows no data since noon.\n"
    )

    def answer(original: email.message.Message) -> list[tuple[str, str]]:
        return [("In-Reply-To", str(original["Message-ID"])), ("References", str(original["Message-ID"]))]

    report = (
        "This is the mail system at host mx.elsewhere.example.\n\nYour message could not be delivered.\n\n"
        "<robin@elsewhere.example>: 550 5.1.1 user unknown\n"
    )
    bounce = EmailMessage()
    bounce["From"] = "MAILER-DAEMON@mx.elsewhere.example"
    bounce["To"] = SUPPORT
    bounce["Subject"] = "Undelivered Mail Returned to Sender"
    bounce["Date"] = format_datetime(now)
    bounce["Message-ID"] = "<demo-13@mx.elsewhere.example>"
    bounce["Auto-Submitted"] = "auto-replied"
    bounce["Return-Path"] = "<>"
    bounce.set_content(report)
    bounce.make_mixed()
    octets = bytes(bounce).replace(b"multipart/mixed;", b"multipart/report; report-type=delivery-status;", 1)
    end = octets.rstrip().rfind(b"\n--")
    boundary = octets[end + 3 :].strip().removesuffix(b"--")
    status = (
        b"\n--%s\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.elsewhere.example\n\n"
        b"Final-Recipient: rfc822; robin@elsewhere.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n"
        b"\n--%s\nContent-Type: text/rfc822-headers\n\nMessage-ID: %s\nTo: robin@elsewhere.example\n\n--%s--\n"
        % (boundary, boundary, str(back["Message-ID"]).encode(), boundary)
    )
    return [
        Sample(
            title="the partner answers from a phone, above the quote",
            octets=bytes(
                mail(
                    "Bob Miller <bob@miller.example>",
                    f"Re: {subject}",
                    "Please restart the logger and tell me the colour of the lamp." + quote,
                    now,
                    to=str(assigned["Reply-To"]),
                    number="9",
                    headers=answer(assigned),
                )
            ),
        ),  # fmt: skip
        Sample(
            title="the customer answers the acknowledgement",
            octets=bytes(
                mail(
                    "Ann Lee <ann.lee@acme.example>",
                    f"Re: {received['Subject']}",
                    "Lamp is green now.\n\nAnn" + quote,
                    now,
                    to=str(received["Reply-To"]),
                    number="10",
                    headers=answer(received),
                )
            ),
        ),  # fmt: skip
        Sample(
            title="an out-of-office answer",
            octets=bytes(
                mail(
                    "Bob Miller <bob@miller.example>",
                    f"Automatic reply: {subject}",
                    "I am out of the office until Thursday.\n",
                    now,
                    to=str(assigned["Reply-To"]),
                    number="11",
                    headers=[*answer(assigned), ("Auto-Submitted", "auto-replied")],
                )
            ),
        ),  # fmt: skip
        Sample(
            title="a stranger who knows the case number",
            octets=bytes(
                mail(
                    "Mallory <mallory@else.example>",
                    "Re: your case [CASE-1001]",
                    "Please tell me the customer's address.\n",
                    now,
                    number="12",
                )
            ),
        ),
        Sample(title="a bounce of an answer of ours", octets=octets[:end] + status),
    ]
